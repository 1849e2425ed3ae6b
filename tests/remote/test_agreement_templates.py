# SPDX-License-Identifier: EUPL-1.2
"""`hub agreement template`: what there is, and a draft that can be proposed as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.remote.conftest import Command, said

pytestmark = pytest.mark.anyio

TEMPLATE = ("agreement", "template")


async def test_the_templates_are_listed_with_what_they_are_for(hub: Command) -> None:
    text = said(await hub("buurtwerk", *TEMPLATE))
    for code in ("basis-wijk", "jeugdoverlast", "alleen-aantallen"):
        assert code in text
    assert "per buurt" in text
    listed = json.loads(said(await hub("buurtwerk", *TEMPLATE, "--json")))
    assert all(each["rules"] for each in listed)


async def test_a_draft_is_written_and_proposed_as_it_is(hub: Command, tmp_path: Path) -> None:
    file = tmp_path / "convenant.json"
    about = ("--partner", "Corporatie A (verzonnen)", "--wijk", "WK063711", "--output", file)
    told = said(await hub("buurtwerk", *TEMPLATE, "jeugdoverlast", *about))
    assert "2 rules" in told
    draft = json.loads(file.read_text("utf-8"))
    assert draft["rules"][0]["provider"] == "Buurtwerk"
    made = said(await hub("buurtwerk", "agreement", "propose", file))
    assert "PROPOSED" in made
    assert "Buurtwerk shows Corporatie A (verzonnen): SIGNAL YOUTH_NUISANCE, BUURT" in made


async def test_a_draft_with_the_police_says_what_they_weighed(hub: Command, tmp_path: Path) -> None:
    file = tmp_path / "convenant.json"
    about = ("--partner", "Politie, wijkagenten", "--wijk", "WK063711")
    said(await hub("buurtwerk", *TEMPLATE, "jeugdoverlast", *about, "--output", file))
    draft = json.loads(file.read_text("utf-8"))
    made = said(await hub("buurtwerk", "agreement", "propose", file))
    for name in ("interest", "partnership", "conditions"):
        assert draft[name] in made


async def test_a_draft_needs_to_be_told_with_whom_and_about_what(hub: Command) -> None:
    lacking = await hub("buurtwerk", *TEMPLATE, "basis-wijk", "--wijk", "WK063711")
    assert lacking.exit_code == 2
    wrong = await hub(
        "buurtwerk", *TEMPLATE, "geen", "--wijk", "WK063711", "--partner", "Wijkzorgteam"
    )
    assert wrong.exit_code == 1
    assert "UNKNOWN_TEMPLATE" in wrong.stderr and "basis-wijk" in wrong.stderr
