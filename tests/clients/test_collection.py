# SPDX-License-Identifier: EUPL-1.2
"""The collection for API clients: every operation of the contract is in it, and does something."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import World

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/collection"
EXAMPLES: dict[str, Any] = json.loads((FOLDER / "examples.json").read_text("utf-8"))
WHOLE = {name: one for name, one in EXAMPLES.items() if "<" not in json.dumps(one)}
"""Those that need no id of an earlier answer."""


def test_every_operation_of_the_contract_is_in_it() -> None:
    operations = {path.stem for path in (ROOT / "tests/contract/operations").glob("*.graphql")}
    assert set(EXAMPLES) == operations


def test_it_is_what_its_maker_makes() -> None:
    maker = [sys.executable, FOLDER / "make.py"]
    made = subprocess.run(maker, capture_output=True, text=True, check=True).stdout
    assert made == (FOLDER / "wijkhub.json").read_text("utf-8"), "run: docs/collection/make.py"


@pytest.mark.anyio
@pytest.mark.parametrize("name", [name for name, one in WHOLE.items() if "upload" not in one])
async def test_an_example_is_carried_out(name: str, world: World) -> None:
    query = (ROOT / f"tests/contract/operations/{name}.graphql").read_text("utf-8")
    example = WHOLE[name]
    answer = await world.partner(example["as"]).ask(query, example["variables"])
    (value,) = answer.values()
    assert value is not None
    if isinstance(value, dict):
        assert value.get("errors", []) == []
