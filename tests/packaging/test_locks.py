# SPDX-License-Identifier: EUPL-1.2
"""The lock files: exact, hashed, and good on any machine, whatever registry it uses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;]+)((?: ;[^\\]*)?) \\$")


def pins(lock: Path) -> set[tuple[str, str, str]]:
    """Every (name, version, marker) that a lock file pins."""
    found = (PIN.match(line) for line in lock.read_text().splitlines())
    return {(match[1], match[2], match[3].strip()) for match in found if match}


def names(lock: Path) -> set[str]:
    """The names that a lock file pins."""
    return {name for name, _, _ in pins(lock)}


@pytest.mark.parametrize("lock", [PRODUCT, DEVELOPMENT], ids=lambda lock: lock.name)
def test_every_requirement_is_exact_and_hashed(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text())
    assert blocks
    for block in blocks:
        assert PIN.match(block.splitlines()[0]), block
        assert "--hash=sha256:" in block, block


@pytest.mark.parametrize("lock", [PRODUCT, DEVELOPMENT], ids=lambda lock: lock.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    for option in ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", " @ "):
        assert option not in text


@pytest.mark.parametrize("lock", [PRODUCT, DEVELOPMENT], ids=lambda lock: lock.name)
def test_no_foreign_package_takes_the_name_of_a_floor(lock: Path) -> None:
    assert names(lock).isdisjoint({"hub", "schema", "resolvers", "sql"})


def test_development_adds_to_the_product_and_changes_nothing_of_it() -> None:
    assert pins(PRODUCT) < pins(DEVELOPMENT)


def test_what_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()

    def asked(requirements: list[str]) -> set[str]:
        return {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements}

    assert asked(project["dependencies"]) <= names(PRODUCT)
    assert asked([requirement for extra in extras for requirement in extra]) <= names(DEVELOPMENT)
