# SPDX-License-Identifier: EUPL-1.2
"""The wheel: everything that the hub needs is in it, and it runs far from any checkout.

It is built and installed without a network. The environment it goes into is new; what the hub
depends on is lent to it by path. Such a path makes modules importable and nothing more: the
editable install of this checkout, which a `.pth` file does, has no effect there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import threading
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("hub", "schema", "resolvers", "sql")
DEMO_SECONDS = 120

pytestmark = pytest.mark.slow


def python(folder: Path) -> str:
    """The Python of an environment."""
    return str(folder / "bin" / "python")


def elsewhere(**more: str) -> dict[str, str]:
    """This process's environment without what could lead back to the checkout or to a database."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "DATABASE_URL", "VIRTUAL_ENV"}
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("HUB_")}
    return kept | more


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as `make wheel` does."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--quiet"]
    subprocess.run(
        [*build, "--no-build-isolation", "--wheel-dir", str(folder), "."], cwd=ROOT, check=True
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment outside the checkout with the wheel in it."""
    folder = tmp_path_factory.mktemp("clean") / "environment"
    venv.create(folder, symlinks=True)
    scheme = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", python(folder), "install", "--quiet"]
    # Ignoring what is installed: this checkout's editable install is among what is lent.
    subprocess.run(
        [*install, "--no-index", "--no-deps", "--ignore-installed", str(wheel)],
        cwd=folder,
        env=elsewhere(),
        check=True,
    )
    return folder


def test_the_wheel_has_every_file_of_the_four_folders(wheel: Path) -> None:
    here = {
        path.relative_to(ROOT).as_posix()
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert there == here
    assert any(name.endswith(".sql") for name in there)


def test_the_wheel_has_the_page_for_developers_and_is_small(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("page.js.gz", "page.css.gz", "graphql.worker.js.gz", "NOTICE.txt"):
        assert f"hub/pages/graphiql/built/{name}" in names
    assert not any("node_modules" in name for name in names)
    assert wheel.stat().st_size < 3_500_000


def test_the_wheel_carries_its_licence_and_the_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (licence,) = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
    assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    (entries,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
    assert "hub = hub.cli:main" in archive.read(entries).decode()


@pytest.mark.parametrize("floor", FLOORS)
def test_installed_code_comes_from_the_wheel_and_not_from_the_checkout(
    installed: Path, floor: str
) -> None:
    done = subprocess.run(
        [python(installed), "-c", f"import {floor}; print({floor}.__file__)"],
        cwd=installed,
        env=elsewhere(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(installed)


@pytest.mark.parametrize(
    "command", [["bin/hub"], ["bin/python", "-m", "hub"]], ids=["hub", "-m hub"]
)
def test_the_command_explains_itself(installed: Path, command: list[str]) -> None:
    done = subprocess.run(
        [str(installed / command[0]), *command[1:], "--help"],
        cwd=installed,
        env=elsewhere(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for name in ("demo", "serve", "migrate"):
        assert name in done.stdout


def address(process: subprocess.Popen[str]) -> str:
    """Where the hub serves, as soon as it says so; fails when it ends or takes too long."""
    assert process.stdout is not None
    printed = []
    too_long = threading.Timer(DEMO_SECONDS, process.kill)
    too_long.start()
    try:
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"http://[\w.:\[\]]+:\d+", line):
                return found[0]
    finally:
        too_long.cancel()
    pytest.fail("the demo gave no address:\n" + "".join(printed))


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "bin" / "hub"), "demo", "--port", "0", "--data", str(tmp_path / "d")]
    with subprocess.Popen(
        command,
        cwd=installed,
        env=elsewhere(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            where = address(process)
            for path in ("/ready", "/graphiql", "/graphiql/page.js"):
                assert httpx.get(where + path, timeout=10).status_code == 200
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_workers_run_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """They are new interpreters, started by the command and without a checkout to find."""
    command = [str(installed / "bin" / "hub"), "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path / "d")],
        cwd=tmp_path,
        env=elsewhere(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            where = address(process)
            assert httpx.get(f"{where}/ready", timeout=10).status_code == 200
            assert httpx.get(f"{where}/graphiql", timeout=10).status_code == 404
        finally:
            process.terminate()
            process.communicate(timeout=30)
    assert process.returncode == 0
