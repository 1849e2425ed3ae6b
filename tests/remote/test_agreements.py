# SPDX-License-Identifier: EUPL-1.2
"""`hub agreement`: two parties agree, read what they agreed, and one ends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schema.ids import encode
from tests.remote.conftest import Command, said

pytestmark = pytest.mark.anyio

DRAFT: dict[str, Any] = {
    "title": "Proefconvenant",
    "purpose": "samen kijken",
    "legalBasis": "verzonnen, voor een test",
    "from": "2026-11-01",
    "until": "2027-10-31",
    "contact": "loket",
    "rules": [
        {
            "provider": "Buurtwerk",
            "receiver": "Corporatie A (verzonnen)",
            "wijken": ["WK063711"],
            "kind": "SIGNAL",
            "precision": "BUURT",
        }
    ],
}


async def proposed(hub: Command, folder: Path) -> str:
    file = folder / "convenant.json"
    file.write_text(json.dumps(DRAFT), encoding="utf-8")
    made = json.loads(said(await hub("buurtwerk", "agreement", "propose", file, "--json")))
    return str(made["id"])


async def test_an_agreement_is_proposed_read_accepted_and_revoked(
    hub: Command, tmp_path: Path
) -> None:
    id_ = await proposed(hub, tmp_path)
    text = said(await hub("corporatie-a", "agreement", "show", id_))
    assert "PROPOSED" in text
    assert "Buurtwerk shows Corporatie A (verzonnen): SIGNAL (every category), BUURT" in text
    accepted = await hub("corporatie-a", "agreement", "accept", id_, answer="y\n")
    assert "IN_FORCE" in said(accepted)
    listed = json.loads(said(await hub("buurtwerk", "agreement", "list", "--json")))
    assert [(each["id"], each["state"]) for each in listed] == [(id_, "IN_FORCE")]
    ended = await hub("buurtwerk", "agreement", "revoke", id_, "--yes", "--reason", "klaar")
    assert "REVOKED" in said(ended)


async def test_who_does_not_confirm_decides_nothing(hub: Command, tmp_path: Path) -> None:
    id_ = await proposed(hub, tmp_path)
    assert (await hub("corporatie-a", "agreement", "accept", id_, answer="n\n")).exit_code == 1
    assert "PROPOSED" in said(await hub("corporatie-a", "agreement", "show", id_))


async def test_who_is_no_party_is_told_what_an_absent_agreement_tells(
    hub: Command, tmp_path: Path
) -> None:
    id_ = await proposed(hub, tmp_path)
    other = encode("Agreement", uuid4())
    refused = await hub("corporatie-b", "agreement", "show", id_)
    absent = await hub("corporatie-b", "agreement", "show", other)
    assert refused.exit_code == absent.exit_code == 1
    assert refused.stderr.replace(id_, "ID") == absent.stderr.replace(other, "ID")


async def test_what_is_wrong_with_a_proposal_is_named_by_its_place(
    hub: Command, tmp_path: Path
) -> None:
    file = tmp_path / "convenant.json"
    file.write_text(json.dumps({**DRAFT, "until": "2026-01-01"}), encoding="utf-8")
    result = await hub("buurtwerk", "agreement", "propose", file)
    assert result.exit_code == 1
    assert "input.until" in result.stderr


async def test_what_is_wrong_with_the_whole_has_no_place_before_it(
    hub: Command, tmp_path: Path
) -> None:
    id_ = await proposed(hub, tmp_path)
    said(await hub("corporatie-a", "agreement", "reject", id_, "--yes"))
    again = await hub("corporatie-a", "agreement", "reject", id_, "--yes")
    assert again.exit_code == 1
    assert again.stderr.startswith("Error: Over deze versie is al besloten.")


@pytest.mark.parametrize("text", ["{", "[]"])
async def test_a_file_that_is_no_object_of_json_is_named(
    hub: Command, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "convenant.json"
    file.write_text(text, encoding="utf-8")
    result = await hub("buurtwerk", "agreement", "propose", file)
    assert result.exit_code == 1
    assert str(file) in result.stderr


async def test_a_text_of_a_party_cannot_look_like_a_line_of_the_command(
    hub: Command, tmp_path: Path
) -> None:
    file = tmp_path / "convenant.json"
    trick = "proef\n  - Corporatie A shows: \u202eniets"
    file.write_text(json.dumps({**DRAFT, "purpose": trick}), encoding="utf-8")
    made = json.loads(said(await hub("buurtwerk", "agreement", "propose", file, "--json")))
    text = said(await hub("corporatie-a", "agreement", "show", str(made["id"])))
    assert "  purpose      proef - Corporatie A shows: niets\n" in text


async def test_a_next_version_is_proposed_shown_and_decided_on_by_its_number(
    hub: Command, tmp_path: Path
) -> None:
    id_ = await proposed(hub, tmp_path)
    said(await hub("corporatie-a", "agreement", "accept", id_, "--yes"))
    file = tmp_path / "tweede.json"
    file.write_text(json.dumps({**DRAFT, "title": "Tweede", "from": "2026-12-01"}), "utf-8")
    options = ("--replaces", id_, "--publish")
    made = await hub("buurtwerk", "agreement", "propose", file, *options)
    assert "version 2" in said(made)
    assert "includesPast" in made.stderr  # the warning, with its cure
    current = said(await hub("corporatie-a", "agreement", "show", id_))
    assert "Proefconvenant  [IN_FORCE, version 1]" in current
    assert "version 2 [PROPOSED], from 2026-12-01; waiting for Corporatie A" in current
    second = said(await hub("corporatie-a", "agreement", "show", id_, "--version", "2"))
    assert "Tweede  [PROPOSED, version 2]" in second
    # what is accepted is the open proposal, what is revoked is what is in force
    signed = ("--signed-by", "directeur", "--document", "https://archief.example/2")
    accepted = said(await hub("corporatie-a", "agreement", "accept", id_, "--yes", *signed))
    assert "Tweede  [ACCEPTED, version 2]" in accepted
    assert "directeur; https://archief.example/2" in accepted
    listed = said(await hub("buurtwerk", "agreement", "versions", id_)).splitlines()
    assert [line.split()[:2] for line in listed[::2]] == [["2", "ACCEPTED"], ["1", "IN_FORCE"]]
    ended = await hub("buurtwerk", "agreement", "revoke", id_, "--yes")
    assert "Proefconvenant  [REVOKED, version 1]" in said(ended)
    assert "[NEXT_VERSION_STANDS]" in ended.stderr
    absent = await hub("buurtwerk", "agreement", "show", id_, "--version", "3")
    assert absent.exit_code == 1


async def test_what_was_published_is_listed_in_plain_words(hub: Command, tmp_path: Path) -> None:
    file = tmp_path / "convenant.json"
    file.write_text(json.dumps({**DRAFT, "publish": True}), encoding="utf-8")
    made = json.loads(said(await hub("buurtwerk", "agreement", "propose", file, "--json")))
    assert said(await hub("corporatie-b", "agreement", "published")) == ""
    said(await hub("corporatie-a", "agreement", "accept", str(made["id"]), "--yes"))
    told = said(await hub("corporatie-b", "agreement", "published"))
    assert told.startswith("Proefconvenant (Buurtwerk, Corporatie A (verzonnen))\n")
    [listed] = json.loads(said(await hub("corporatie-b", "agreement", "published", "--json")))
    assert "id" not in listed
    assert listed["publicText"].splitlines()[0] in told
