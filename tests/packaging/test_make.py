# SPDX-License-Identifier: EUPL-1.2
"""What `make` does before anything is installed: it finds a Python, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A Python as the Makefile sees one: it tells its version, whether that will do, and has venv or
# has it not. What it makes fails, so that no test installs anything.
STAND_IN = """#!/bin/sh
case "$*" in
  *"print("*) echo {version} ;;
  *"version_info <"*) exit {too_old} ;;
  *ensurepip*) exit {without_venv} ;;
  *"-m venv"*) echo "made with $0"; exit 1 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a space in its path and without an environment."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder)
    return folder


def stand_in(
    folder: Path, name: str, version: str, *, too_old: bool = False, without_venv: bool = False
) -> None:
    """Puts a program that answers as such a Python would into the folder."""
    program = folder / name
    text = STAND_IN.format(version=version, too_old=int(too_old), without_venv=int(without_venv))
    program.write_text(text)
    program.chmod(0o755)


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make there as if somebody typed it: nothing of a make around this test is passed on."""
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True
    )


def test_make_alone_lists_the_commands(checkout: Path) -> None:
    done = make(checkout)
    assert done.returncode == 0
    for command in ("demo", "test", "check", "bench", "prove", "lock", "wheel", "clean"):
        assert f"make {command}" in done.stdout
    assert not (checkout / ".venv").exists()


def test_without_venv_the_package_to_install_is_named(checkout: Path) -> None:
    stand_in(checkout, "python-bare", "3.12", without_venv=True)
    done = make(checkout, "demo", "PYTHON=./python-bare")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert "python3.12-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_named_with_what_is_needed(checkout: Path) -> None:
    stand_in(checkout, "python-old", "3.9", too_old=True)
    done = make(checkout, "demo", "PYTHON=./python-old")
    assert done.returncode != 0
    assert "Python 3.9 is too old: the hub needs 3.11 or newer" in done.stderr


def test_without_any_python_it_says_so(checkout: Path) -> None:
    done = make(checkout, "demo", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "No Python found" in done.stderr


def test_a_python_that_cannot_be_used_is_passed_over_for_one_that_can(checkout: Path) -> None:
    stand_in(checkout, "python-old", "3.9", too_old=True)
    stand_in(checkout, "python-bare", "3.13", without_venv=True)
    stand_in(checkout, "python-good", "3.11")
    pythons = "no-such-python ./python-old ./python-bare ./python-good"
    done = make(checkout, "demo", f"PYTHON={pythons}")
    assert "made with ./python-good" in done.stdout


def test_a_failed_environment_leaves_nothing_half_made(checkout: Path) -> None:
    stand_in(checkout, "python-good", "3.11")
    done = make(checkout, "demo", "PYTHON=./python-good")
    assert done.returncode != 0
    assert not (checkout / ".venv").exists()
