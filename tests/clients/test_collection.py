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
from tests.partner import Partner

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/collection"
EXAMPLES: dict[str, Any] = json.loads((FOLDER / "examples.json").read_text("utf-8"))
WHOLE = {name: one for name, one in EXAMPLES.items() if "<" not in json.dumps(one)}
"""Those that need no id of an earlier answer."""
COLLECTION: dict[str, Any] = json.loads((FOLDER / "wijkhub.json").read_text("utf-8"))
QUERIES = {item["name"]: item["request"]["body"].get("graphql") for item in COLLECTION["item"]}


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
    made = QUERIES[name]
    answer = await world.partner(WHOLE[name]["as"]).ask(
        made["query"], json.loads(made["variables"])
    )
    (value,) = answer.values()
    assert value is not None
    if isinstance(value, dict):
        assert value.get("errors", []) == []


@pytest.mark.anyio
async def test_the_token_of_a_new_partner_is_asked_for(world: World) -> None:
    made = QUERIES["7b_onboard"]
    answer = await world.partner("beheer").ask(made["query"], json.loads(made["variables"]))
    newcomer = Partner(world.app, answer["onboardPartner"]["token"])
    me = (await newcomer.ask("{ me { organisation { id } } }"))["me"]
    assert me["organisation"]["id"] == answer["onboardPartner"]["organisation"]["id"]
