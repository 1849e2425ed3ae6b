# SPDX-License-Identifier: EUPL-1.2
"""The image and its compose file, as far as that goes without an engine.

They build from files that exist and are sent to the engine, their steps are those by which this
repository's tests install the wheel, and compose reads the file where docker's plugin is at hand.
"""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PASSWORDS = ("POSTGRES_PASSWORD", "HUB_OWNER_PASSWORD", "HUB_APP_PASSWORD")


def instructions() -> list[str]:
    """The Dockerfile's instructions, one a line, comments left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1] != "#"]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def copied() -> list[str]:
    """What the Dockerfile copies from the checkout."""
    copies = [line.split()[1:-1] for line in instructions() if line.startswith("COPY ")]
    return [name for names in copies if not names[0].startswith("--from") for name in names]


def compose(**passwords: str) -> subprocess.CompletedProcess[str]:
    """Runs `docker compose config` with these passwords only; skips where that is not installed."""
    try:
        subprocess.run(["docker", "compose", "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("docker's compose plugin is not installed")
    environment = {k: v for k, v in os.environ.items() if k not in PASSWORDS} | passwords
    command = ["docker", "compose", "config"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_what_the_image_copies_exists_and_is_sent_to_the_engine() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    assert copied()
    for name in copied():
        assert (ROOT / name).exists(), name
        assert any(fnmatch.fnmatch(name, pattern) for pattern in kept), name


def test_the_image_has_each_folder_of_the_wheel() -> None:
    assert {"hub", "schema", "resolvers", "sql"} <= set(copied())


def test_the_image_installs_the_lock_with_its_hashes_and_then_the_wheel_alone() -> None:
    installs = [step for step in instructions() if "pip install" in step]
    assert "--require-hashes" in installs[0]
    assert "requirements.lock" in installs[0]
    assert "--no-deps" in installs[-1]
    assert "--no-index" in installs[-1]


def test_the_image_does_not_run_as_root() -> None:
    users = [step.split()[1] for step in instructions() if step.startswith("USER ")]
    assert users
    assert users[-1] not in {"0", "root"}


def test_the_image_asks_the_hub_itself_whether_it_is_ready() -> None:
    (check,) = [step for step in instructions() if step.startswith("HEALTHCHECK")]
    assert "/ready" in check


def test_files_that_compose_mounts_exist() -> None:
    mounted = re.findall(r"^ +- (\./[^:\s]+):", (ROOT / "docker-compose.yml").read_text(), re.M)
    assert mounted
    for name in mounted:
        assert (ROOT / name).is_file(), name


def test_compose_has_no_password_of_its_own() -> None:
    variables = re.findall(r"\$\{(\w+)([^}]*)\}", (ROOT / "docker-compose.yml").read_text())
    assert {name for name, _ in variables} == set(PASSWORDS)
    assert all(rest.startswith(":?") for _, rest in variables)


def test_compose_reads_its_file() -> None:
    done = compose(**dict.fromkeys(PASSWORDS, "only-for-this-test"))
    assert done.returncode == 0, done.stderr


def test_compose_refuses_to_start_without_passwords() -> None:
    done = compose()
    assert done.returncode != 0
    assert "PASSWORD" in done.stderr
