# SPDX-License-Identifier: EUPL-1.2
"""Versions of an agreement: the old one stays until the new one is accepted and begins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.daily import run_daily
from schema.ids import decode_as
from tests.conftest import World
from tests.contract.agreeing import (
    Proposal,
    agree,
    decide,
    organisation,
    propose,
    rule,
    try_to_propose,
)
from tests.isolation.play import as_asker

pytestmark = pytest.mark.anyio

WHOLE = """query($id: ID!) { node(id: $id) { ... on Agreement {
  version state title from until endsIn rules { precision includesPast receiver { name } }
  parties { name } acceptedBy { name } waitingFor { name }
  proposedVersion { version state waitingFor { name } rules { precision } }
  versions { version state title } } } }"""
REPORT = """mutation($in: ReportSignalInput!) { reportSignal(input: $in) {
  signal { id } errors { code } } }"""
SIGNALS = """{ wijk(code: "WK063711") { signals { total nodes {
  id precision agreement { version title } } } } }"""
FEED = """query($after: String) { wijk(code: "WK063711") { feed(after: $after) {
  nodes { change headline agreement { title } } pageInfo { endCursor } } } }"""
LISTED = """query($on: Date) { agreements(activeOn: $on) { total nodes { version title } } }"""

A, B, C, D = "corporatie-a", "buurtwerk", "corporatie-b", "handhaving"
OLD = {"title": "Oud", "from": "2026-11-01", "until": "2027-10-31"}
NEW = {"title": "Nieuw", "from": "2026-12-01", "until": "2028-10-31"}


async def day(world: World, month: int, day_: int, year: int = 2026) -> None:
    """Lets it be this day, with the day's work done."""
    await world.set_now(datetime(year, month, day_, 12, tzinfo=UTC))
    await run_daily(world.database, ["GM0637"])


async def whole(world: World, token: str, agreement: Proposal) -> dict[str, Any]:
    """The agreement by its id as a party reads it."""
    answer = await world.partner(token).ask(WHOLE, {"id": agreement[0]})
    found: dict[str, Any] = answer["node"]
    return found


async def report(world: World, token: str, key: str = "melding-een") -> str:
    """The id of a signal of today."""
    given = {
        "idempotencyKey": key,
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-22T21:00:00+01:00",
    }
    done = (await world.partner(token).ask(REPORT, {"in": given}))["reportSignal"]
    assert done["errors"] == []
    id_: str = done["signal"]["id"]
    return id_


async def seen(world: World, token: str) -> list[dict[str, Any]]:
    """The signals of Oosterheem as a partner sees them."""
    found: list[dict[str, Any]] = (await world.partner(token).ask(SIGNALS))["wijk"]["signals"][
        "nodes"
    ]
    return found


async def old_and_new(
    world: World, *, accept: bool = True, **more: Any
) -> tuple[Proposal, Proposal]:
    """An agreement in force between A and B at BUURT, and its next version at WIJK."""
    old = await agree(world, [await rule(world, A, B)], A, B, **OLD)
    given = {**NEW, "idempotencyKey": "de-tweede-versie", "replaces": old[0], **more}
    new = await propose(world, A, [await rule(world, A, B, precision="WIJK")], **given)
    if accept:
        await decide(world, B, "accept", new)
    return old, new


def names(organisations: list[dict[str, str]]) -> list[str]:
    return [each["name"].split(" (")[0] for each in organisations]


async def test_the_old_version_stays_in_force_until_the_new_one_begins(world: World) -> None:
    await report(world, A, "voor-het-begin")
    old, new = await old_and_new(world, accept=False)
    assert new == (old[0], 2)
    of_old = await whole(world, B, old)
    assert (of_old["version"], of_old["state"], of_old["title"]) == (1, "IN_FORCE", "Oud")
    assert of_old["proposedVersion"] == {
        "version": 2,
        "state": "PROPOSED",
        "waitingFor": [{"name": "Buurtwerk"}],
        "rules": [{"precision": "WIJK"}],
    }
    accepted = (await decide(world, B, "accept", new))["agreement"]
    assert (accepted["version"], accepted["state"], accepted["from"]) == (
        2,
        "ACCEPTED",
        NEW["from"],
    )
    await day(world, 11, 30)
    [signal] = await seen(world, B)
    assert (signal["precision"], signal["agreement"]) == ("BUURT", {"version": 1, "title": "Oud"})
    await day(world, 12, 1)
    assert await seen(world, B) == []  # of before the first day of the new version
    await report(world, A, "melding-erna")
    [signal] = await seen(world, B)
    assert (signal["precision"], signal["agreement"]) == ("WIJK", {"version": 2, "title": "Nieuw"})
    of_new = await whole(world, A, old)
    assert (of_new["version"], of_new["state"]) == (2, "IN_FORCE")
    assert of_new["versions"] == [
        {"version": 2, "state": "IN_FORCE", "title": "Nieuw"},
        {"version": 1, "state": "REPLACED", "title": "Oud"},
    ]
    assert of_new["proposedVersion"] is None


async def test_a_version_whose_first_day_is_past_begins_when_the_last_party_accepts(
    world: World,
) -> None:
    await report(world, A)
    old, new = await old_and_new(world, accept=False, **{"from": "2026-11-01"})
    assert [one["precision"] for one in await seen(world, B)] == ["BUURT"]
    assert (await decide(world, B, "accept", new))["agreement"]["state"] == "IN_FORCE"
    assert [one["precision"] for one in await seen(world, B)] == ["WIJK"]
    assert (await whole(world, B, old))["versions"][1]["state"] == "REPLACED"


async def test_a_version_that_is_rejected_leaves_the_old_one_as_it_was(world: World) -> None:
    await report(world, A)
    old, new = await old_and_new(world, accept=False)
    before = await seen(world, B)
    assert (await decide(world, B, "reject", new))["agreement"]["state"] == "REJECTED"
    await day(world, 12, 2)
    assert await seen(world, B) == before
    assert (await whole(world, B, old))["state"] == "IN_FORCE"
    again = await try_to_propose(
        world,
        B,
        [await rule(world, A, B)],
        replaces=old[0],
        idempotencyKey="de-derde-versie",
    )
    assert again["agreement"]["version"] == 3


async def test_a_version_that_is_revoked_before_it_begins_leaves_the_old_one_as_it_was(
    world: World,
) -> None:
    await report(world, A)
    old, new = await old_and_new(world)
    await decide(world, B, "revoke", new)
    await day(world, 12, 2)
    assert [one["precision"] for one in await seen(world, B)] == ["BUURT"]
    assert (await whole(world, B, old))["version"] == 1


async def test_revoking_what_is_in_force_ends_it_and_says_that_the_next_version_stands(
    world: World,
) -> None:
    await report(world, A)
    old, new = await old_and_new(world)
    done = await decide(world, B, "revoke", old)
    assert [(one["code"], "2026-12-01" in one["message"]) for one in done["warnings"]] == [
        ("NEXT_VERSION_STANDS", True)
    ]
    assert (done["agreement"]["version"], done["agreement"]["state"]) == (1, "REVOKED")
    assert await seen(world, B) == []
    assert (await decide(world, A, "revoke", new))["warnings"] == []
    await day(world, 12, 2)
    assert await seen(world, B) == []


async def test_what_replaced_it_does_not_come_back_when_the_new_version_ends(world: World) -> None:
    await report(world, A)
    old, new = await old_and_new(world, **{"from": "2026-11-01"})
    await decide(world, A, "revoke", new)
    assert await seen(world, B) == []
    assert [one["state"] for one in (await whole(world, B, old))["versions"]] == [
        "REVOKED",
        "REPLACED",
    ]
    late = await decide(world, B, "revoke", old)
    assert [one["code"] for one in late["errors"]] == ["ALREADY_DECIDED"]


async def test_one_proposal_is_open_at_a_time_and_none_while_a_version_waits(world: World) -> None:
    old, new = await old_and_new(world, accept=False)
    more = {"replaces": old[0], "idempotencyKey": "nog-een-versie"}
    for code in ("PROPOSAL_OPEN", "VERSION_WAITS"):
        refused = await try_to_propose(world, B, [await rule(world, A, B)], **more)
        assert [(one["path"], one["code"]) for one in refused["errors"]] == [
            (["input", "replaces"], code)
        ]
        await decide(world, B, "accept", new)
    assert [one["version"] for one in (await whole(world, A, old))["versions"]] == [2, 1]


async def test_a_proposal_that_not_everybody_accepts_in_90_days_lapses_and_makes_room(
    world: World,
) -> None:
    old, new = await old_and_new(world, accept=False)
    asked = (
        "query($id: ID!) { node(id: $id) { ... on Agreement { proposedVersion { decideBy } } } }"
    )
    found = await world.partner(B).ask(asked, {"id": old[0]})
    assert found["node"]["proposedVersion"] == {"decideBy": "2027-02-21"}
    more = {"replaces": old[0], "idempotencyKey": "nog-een-versie"}
    await day(world, 2, 21, 2027)
    refused = await try_to_propose(world, B, [await rule(world, A, B)], **more)
    assert [one["code"] for one in refused["errors"]] == ["PROPOSAL_OPEN"]
    await day(world, 2, 22, 2027)
    assert (await whole(world, B, old))["versions"][0]["state"] == "LAPSED"
    for token, how in ((B, "accept"), (B, "reject"), (A, "revoke")):
        late = await decide(world, token, how, new)
        assert [one["code"] for one in late["errors"]] == ["PROPOSAL_LAPSED"]
    assert (await whole(world, B, old))["state"] == "IN_FORCE"
    third = await propose(world, B, [await rule(world, A, B)], **more)
    assert third == (old[0], 3)


async def test_what_every_party_accepted_in_time_does_not_lapse(world: World) -> None:
    old, _ = await old_and_new(world, **{"from": "2027-06-01"})
    await day(world, 3, 30, 2027)
    states = [one["state"] for one in (await whole(world, A, old))["versions"]]
    assert states == ["ACCEPTED", "IN_FORCE"]


async def test_who_proposed_takes_it_back_with_revoke_and_reject_says_so(world: World) -> None:
    old, new = await old_and_new(world, accept=False)
    refused = await decide(world, A, "reject", new)
    assert [one["code"] for one in refused["errors"]] == ["ALREADY_DECIDED"]
    assert "revokeAgreement" in refused["errors"][0]["hint"]
    assert (await decide(world, A, "revoke", new))["agreement"]["state"] == "REVOKED"
    more = {"replaces": old[0], "idempotencyKey": "nog-een-versie"}
    assert await propose(world, B, [await rule(world, A, B)], **more) == (old[0], 3)


async def test_only_a_party_of_what_stands_proposes_its_next_version(world: World) -> None:
    old = await agree(world, [await rule(world, A, B), await rule(world, A, C)], A, B, C, **OLD)
    new = await agree(
        world,
        [await rule(world, A, B)],
        A,
        B,
        **{**NEW, "from": "2026-11-01", "idempotencyKey": "zonder-c", "replaces": old[0]},
    )
    more = {"replaces": old[0], "idempotencyKey": "een-derde-versie"}
    left_out = await try_to_propose(world, C, [await rule(world, A, C)], **more)
    stranger = await try_to_propose(world, D, [await rule(world, D, B)], **more)
    assert [one["code"] for one in left_out["errors"]] == ["NOTHING_TO_REPLACE"]
    assert [one["code"] for one in stranger["errors"]] == ["NOT_FOUND"]
    never = await propose(world, C, [await rule(world, C, B)], idempotencyKey="nooit-aangenomen")
    early = await try_to_propose(
        world, C, [await rule(world, C, B)], replaces=never[0], idempotencyKey="te-vroeg-erbij"
    )
    assert [one["code"] for one in early["errors"]] == ["NOTHING_TO_REPLACE"]
    assert (await whole(world, A, old))["version"] == new[1] == 2


async def test_each_version_is_read_by_its_own_parties(world: World) -> None:
    old = await agree(world, [await rule(world, A, B), await rule(world, A, C)], A, B, C, **OLD)
    given = {"from": "2026-11-01", "idempotencyKey": "met-d-zonder-c", "replaces": old[0]}
    rules = [await rule(world, A, B), await rule(world, A, D)]
    new = await propose(world, A, rules, **{**NEW, **given})
    for token, versions in ((A, [2, 1]), (B, [2, 1]), (C, [1]), (D, [2])):
        found = await whole(world, token, old)
        assert [one["version"] for one in found["versions"]] == versions
    unread = await decide(world, C, "accept", new)
    assert [one["code"] for one in unread["errors"]] == ["UNKNOWN_VERSION"]
    of_new = await whole(world, D, old)
    assert names(of_new["parties"]) == ["Buurtwerk", "Corporatie A", "Team Handhaving"]
    assert (names(of_new["acceptedBy"]), names(of_new["waitingFor"])) == (
        ["Corporatie A"],
        ["Buurtwerk", "Team Handhaving"],
    )
    assert names((await whole(world, C, old))["acceptedBy"]) == [
        "Buurtwerk",
        "Corporatie A",
        "Corporatie B",
    ]
    await report(world, A)
    assert len(await seen(world, C)) == 1
    for token in (B, D):
        await decide(world, token, "accept", new)
    assert await seen(world, C) == []
    left_out = await whole(world, C, old)
    assert (left_out["version"], left_out["state"]) == (1, "REPLACED")
    assert left_out["proposedVersion"] is None
    async with world.connect("app") as by_hand:
        for token, versions in ((A, [1, 2]), (C, [1]), (D, [2])):
            me = decode_as("Organisation", await organisation(world, token))
            async with as_asker(by_hand, "GM0637", me):
                rows = await by_hand.fetch(
                    "select version from hub.agreements join hub.agreement_decisions d"
                    " using (gemeente, version) where d.agreement = id group by 1 order by 1"
                )
                assert [row["version"] for row in rows] == versions
                replaced = await by_hand.fetch("select version from hub.replaced_versions")
                assert [row["version"] for row in replaced] == ([1] if 1 in versions else [])


async def test_the_agreements_of_a_day_are_the_versions_in_force_then(world: World) -> None:
    await old_and_new(world)
    await day(world, 12, 5)
    partner = world.partner(B)
    found = {
        on: (await partner.ask(LISTED, {"on": on}))["agreements"]
        for on in (None, "2026-10-31", "2026-11-23", "2026-11-30", "2026-12-01", "2028-11-01")
    }
    assert {on: [one["title"] for one in page["nodes"]] for on, page in found.items()} == {
        None: ["Nieuw"],
        "2026-10-31": [],
        "2026-11-23": ["Oud"],
        "2026-11-30": ["Oud"],
        "2026-12-01": ["Nieuw"],
        "2028-11-01": [],
    }
    assert all(page["total"] == len(page["nodes"]) for page in found.values())


async def test_what_was_not_accepted_yet_on_a_past_day_was_not_in_force_then(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)], **OLD)
    await day(world, 12, 5)
    await decide(world, B, "accept", agreement)
    partner = world.partner(B)
    for on, total in (("2026-11-23", 0), ("2026-12-04", 0), ("2026-12-05", 1), ("2026-12-06", 1)):
        assert (await partner.ask(LISTED, {"on": on}))["agreements"]["total"] == total


async def test_a_retry_of_a_next_version_gives_that_version(world: World) -> None:
    old, new = await old_and_new(world)
    more = {**NEW, "replaces": old[0], "idempotencyKey": "de-tweede-versie"}
    again = await propose(world, A, [await rule(world, A, B, precision="WIJK")], **more)
    assert again == new


async def test_a_renewal_that_forgets_the_past_says_so_with_the_cure(world: World) -> None:
    old = await agree(world, [await rule(world, A, B)], A, B, **OLD)
    more = {**NEW, "until": "2027-11-30", "replaces": old[0], "idempotencyKey": "zonder-verleden"}
    forgetful = await try_to_propose(world, A, [await rule(world, A, B)], **more)
    [warning] = forgetful["warnings"]
    assert (warning["code"], warning["path"]) == (
        "PAST_NOT_INCLUDED",
        ["input", "rules", "0", "includesPast"],
    )
    assert "includesPast" in warning["hint"]
    await decide(world, A, "revoke", (old[0], 2))
    more["idempotencyKey"] = "met-verleden"
    whole_past = await try_to_propose(
        world, A, [await rule(world, A, B, includesPast=True)], **more
    )
    assert (whole_past["errors"], whole_past["warnings"]) == ([], [])
    assert whole_past["agreement"]["version"] == 3


async def changes(world: World, token: str) -> list[str]:
    nodes = (await world.partner(token).ask(FEED))["wijk"]["feed"]["nodes"]
    return [node["change"] for node in nodes if node["change"].startswith("AGREEMENT_")]


@pytest.mark.parametrize(
    ("next_rule", "told"),
    [
        ({"precision": "BUURT", "includesPast": True}, []),
        ({"precision": "EXACT", "includesPast": True}, []),
        ({"precision": "BUURT"}, ["AGREEMENT_ENDED"]),
        ({"precision": "WIJK", "includesPast": True}, ["AGREEMENT_ENDED"]),
        ({"category": "NOISE", "includesPast": True}, ["AGREEMENT_ENDED"]),
        ({"keepDays": 30, "includesPast": True}, ["AGREEMENT_ENDED"]),
        ({"precision": "COUNT", "includesPast": True}, ["AGREEMENT_ENDED"]),
    ],
)
async def test_that_it_ended_is_told_where_the_new_version_does_not_go_on_showing_the_same(
    world: World, next_rule: dict[str, Any], told: list[str]
) -> None:
    old = await agree(world, [await rule(world, A, B)], A, B, **OLD)
    await agree(
        world,
        [await rule(world, A, B, **next_rule)],
        A,
        B,
        **{**NEW, "idempotencyKey": "de-tweede-versie", "replaces": old[0]},
    )
    begun = [] if next_rule.get("precision") == "COUNT" else ["AGREEMENT_STARTED"]
    assert await changes(world, B) == ["AGREEMENT_STARTED"]
    await day(world, 12, 1)
    assert await changes(world, B) == ["AGREEMENT_STARTED", *told, *begun]
    await decide(world, A, "revoke", (old[0], 2))
    over = ["AGREEMENT_ENDED"] if begun else []
    assert await changes(world, B) == ["AGREEMENT_STARTED", *told, *begun, *over]


async def test_a_renewal_on_the_day_after_the_end_is_no_end(world: World) -> None:
    old = await agree(world, [await rule(world, A, B)], A, B, **{**OLD, "until": "2026-11-30"})
    rules = [await rule(world, A, B, includesPast=True)]
    more = {**NEW, "replaces": old[0], "idempotencyKey": "verlengd-erna"}
    await agree(world, rules, A, B, **more)
    await report(world, A)
    await day(world, 12, 1)
    assert await changes(world, B) == ["AGREEMENT_STARTED", "AGREEMENT_STARTED"]
    assert [one["agreement"]["version"] for one in await seen(world, B)] == [2]
    states = [one["state"] for one in (await whole(world, A, old))["versions"]]
    assert states == ["IN_FORCE", "ENDED"]


async def test_the_ledger_names_the_version_by_which_was_read(world: World) -> None:
    await report(world, A)
    await old_and_new(world)
    await seen(world, B)
    readers = """{ mySlice { readers(since: "2026-11-01") {
      nodes { version agreement { title } on } } } }"""
    [read] = (await world.partner(A).ask(readers))["mySlice"]["readers"]["nodes"]
    assert read == {"version": 1, "agreement": {"title": "Oud"}, "on": "2026-11-23"}


OPERATION = Path(__file__).parent / "operations" / "7c_accept.graphql"


async def test_a_party_accepts_the_version_that_it_read_as_the_contract_says(world: World) -> None:
    _, new = await old_and_new(world, accept=False)
    given = {"id": new[0], "version": new[1], "reason": None, "signedBy": "directeur"}
    answer = await world.partner(B).ask(OPERATION.read_text("utf-8"), {"in": given})
    done = answer["acceptAgreement"]
    assert done["errors"] == []
    assert done["agreement"] == {
        "id": new[0],
        "version": 2,
        "state": "ACCEPTED",
        "acceptedBy": [{"name": "Buurtwerk"}, {"name": "Corporatie A (verzonnen)"}],
        "waitingFor": [],
        "from": NEW["from"],
        "until": NEW["until"],
    }
