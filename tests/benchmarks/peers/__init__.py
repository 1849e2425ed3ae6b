# SPDX-License-Identifier: EUPL-1.2
"""Two servers of others, PostGraphile and Mercurius, over the hub's own database.

They are installed once per lock file, into a build folder, without running anybody's set-up code.
The node that runs them comes along as a package: PostGraphile needs a newer one than most machines
have. A machine without npm measures without them, and says so.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "peers"
NAMES = ("postgraphile", "mercurius")
SHOWN = ("postgraphile", "grafast", "mercurius", "graphql-jit", "fastify", "graphql", "pg")
_SOURCES = ("hub.mjs", "mercurius.mjs", "package-lock.json", "package.json", "postgraphile.mjs",
            "schema.graphql")  # fmt: skip
_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
_PATIENCE = 900  # seconds, for some 500 MB


class NoPeers(Exception):
    """Why the peers cannot run here, in words."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The installed peers: the folder, the program that runs them, and what versions they have."""

    folder: Path
    node: Path
    versions: dict[str, str]

    def command(self, name: str) -> list[str]:
        """What starts the peer of this name."""
        return [str(self.node), str(self.folder / f"{name}.mjs")]


def install(build: Path = BUILD) -> Peers:
    """The peers, installed when the lock file has changed since. Raises NoPeers with the reason."""
    machine = _MACHINES.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        raise NoPeers(f"no node is packaged for {platform.system()} on {platform.machine()}")
    build.mkdir(parents=True, exist_ok=True)
    for name in _SOURCES:
        shutil.copyfile(HERE / name, build / name)
    lock = sha256((build / "package-lock.json").read_bytes()).hexdigest()
    done = build / "installed"
    if not (done.exists() and done.read_text() == lock):
        _run_npm(build)
        done.write_text(lock)
    node = build / "node_modules" / f"node-linux-{machine}" / "bin" / "node"
    return Peers(build, node, _versions(build, node))


def _run_npm(build: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoPeers("npm is not installed")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=build, check=True, capture_output=True, timeout=_PATIENCE)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise NoPeers(f"npm could not install them: {said[0] if said else 'no reason'}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPeers(f"npm could not install them: {error}") from error


def _versions(build: Path, node: Path) -> dict[str, str]:
    try:
        found = subprocess.run([node, "--version"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoPeers(f"node does not run here: {error}") from error
    packages = json.loads((build / "package-lock.json").read_text())["packages"]
    shown = {name: packages[f"node_modules/{name}"]["version"] for name in SHOWN}
    return {"node": found.stdout.strip().removeprefix("v"), **shown}
