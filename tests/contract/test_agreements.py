# SPDX-License-Identifier: EUPL-1.2
"""Agreements: proposed by one party, in force when all have accepted, ended by any of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.daily import run_daily
from tests.conftest import World
from tests.contract.agreeing import (
    decide,
    organisation,
    propose,
    rule,
    try_to_propose,
)

pytestmark = pytest.mark.anyio

STATES = "{ agreements { total nodes { id state } } }"


async def state_for(world: World, token: str) -> list[str]:
    page = (await world.partner(token).ask(STATES))["agreements"]
    return [node["state"] for node in page["nodes"]]


async def test_it_is_in_force_when_every_party_has_accepted(world: World) -> None:
    rules = [
        await rule(world, "corporatie-a", "buurtwerk"),
        await rule(world, "corporatie-b", "buurtwerk"),
    ]
    agreement = await propose(world, "corporatie-a", rules)
    first = (await decide(world, "corporatie-b", "accept", agreement))["agreement"]
    assert first["state"] == "PROPOSED"
    assert first["waitingFor"] == [{"name": "Buurtwerk"}]
    assert (await decide(world, "buurtwerk", "accept", agreement))["agreement"][
        "state"
    ] == "IN_FORCE"


async def test_it_starts_and_ends_by_the_hubs_day_without_anyone_acting(world: World) -> None:
    rules = [await rule(world, "corporatie-a", "buurtwerk")]
    term = {"from": "2026-11-25", "until": "2026-11-26"}
    agreement = await propose(world, "corporatie-a", rules, **term)
    await decide(world, "buurtwerk", "accept", agreement)
    assert await state_for(world, "buurtwerk") == ["ACCEPTED"]
    for day, state in ((25, "IN_FORCE"), (26, "IN_FORCE"), (27, "ENDED")):
        await world.set_now(datetime(2026, 11, day, 12, tzinfo=UTC))
        assert await state_for(world, "buurtwerk") == [state]


async def test_who_is_no_party_sees_nothing_of_it_and_cannot_decide(world: World) -> None:
    agreement = await propose(
        world, "corporatie-a", [await rule(world, "corporatie-a", "buurtwerk")]
    )
    assert await state_for(world, "handhaving") == []
    refused = await decide(world, "handhaving", "accept", agreement)
    unknown = await decide(world, "handhaving", "accept", (await organisation(world, "raad"), 1))
    assert [error["code"] for error in refused["errors"]] == ["NOT_FOUND"]
    assert [error["code"] for error in unknown["errors"]] == ["BAD_ID"]
    node = await world.partner("handhaving").ask(
        "query($id: ID!) { node(id: $id) { id } }", {"id": agreement[0]}
    )
    assert node == {"node": None}


async def test_a_party_decides_once_and_a_rejected_proposal_stays_so(world: World) -> None:
    agreement = await propose(
        world, "corporatie-a", [await rule(world, "corporatie-a", "buurtwerk")]
    )
    again = await decide(world, "corporatie-a", "accept", agreement)
    assert [error["code"] for error in again["errors"]] == ["ALREADY_DECIDED"]
    assert (await decide(world, "buurtwerk", "reject", agreement))["agreement"][
        "state"
    ] == "REJECTED"
    late = await decide(world, "buurtwerk", "accept", agreement)
    assert [error["code"] for error in late["errors"]] == ["ALREADY_DECIDED"]


async def test_a_version_that_cannot_have_been_read_is_told_so(world: World) -> None:
    id_, _ = await propose(world, "corporatie-a", [await rule(world, "corporatie-a", "buurtwerk")])
    refused = await decide(world, "buurtwerk", "accept", (id_, 2))
    [error] = refused["errors"]
    assert (error["code"], error["path"]) == ("UNKNOWN_VERSION", ["input", "version"])
    assert error["message"].startswith("Er is geen versie 2 van dit convenant die u kunt lezen.")


@pytest.mark.parametrize("token", ["buurtwerk", "wijkagent"])
@pytest.mark.parametrize("field", ["reason", "signedBy"])
async def test_a_decision_names_no_bsn(world: World, token: str, field: str) -> None:
    agreement = await propose(world, "corporatie-a", [await rule(world, "corporatie-a", token)])
    refused = await decide(world, token, "accept", agreement, **{field: "bsn 111222333"})
    assert [(error["path"], error["code"]) for error in refused["errors"]] == [
        (["input", field], "PERSONAL_DATA")
    ]
    assert await state_for(world, token) == ["PROPOSED"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until": "2026-10-31"}, "BAD_TERM"),
        ({"until": "2036-10-31"}, "BAD_TERM"),
        ({"idempotencyKey": "kort"}, "BAD_IDEMPOTENCY_KEY"),
        ({"rules": []}, "BAD_RULE"),
        ({"title": " "}, "MISSING_FIELD"),
        ({"purpose": "x" * 2001}, "TEXT_TOO_LONG"),
        ({"contact": "bel 111222333 voor meer"}, "PERSONAL_DATA"),
    ],
)
async def test_a_proposal_that_cannot_be_is_refused(
    world: World, more: dict[str, Any], code: str
) -> None:
    rules = [await rule(world, "corporatie-a", "buurtwerk")]
    payload = await try_to_propose(world, "corporatie-a", more.pop("rules", rules), **more)
    assert [error["code"] for error in payload["errors"]] == [code]
    assert payload["agreement"] is None
    assert await state_for(world, "corporatie-a") == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"fields": ["internalNote"]}, "BAD_RULE"),
        ({"fields": ["nothing"]}, "BAD_RULE"),
        ({"fields": ["summary", "summary"]}, "BAD_RULE"),
        ({"keepDays": 0}, "BAD_RULE"),
        ({"minCell": 4}, "BAD_RULE"),
        ({"alone": True}, "BAD_RULE"),
        ({"wijken": []}, "BAD_RULE"),
        ({"wijken": ["WK063711", "WK063711"]}, "BAD_RULE"),
        ({"wijken": ["WK063700"]}, "CODE_OF_ANOTHER_YEAR"),
        ({"wijken": ["WK999999"]}, "UNKNOWN_WIJK"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_by_its_place(
    world: World, more: dict[str, Any], code: str
) -> None:
    rules = [
        await rule(world, "corporatie-a", "buurtwerk"),
        await rule(world, "corporatie-a", "buurtwerk", **more),
    ]
    payload = await try_to_propose(world, "corporatie-a", rules)
    [error] = payload["errors"]
    [field] = more
    assert (error["code"], error["path"]) == (code, ["input", "rules", "1", field])
    assert code != "BAD_RULE" or f"'{field}'" in error["message"]


async def test_an_agreement_without_rules_or_with_oneself_is_told_what_it_must_be(
    world: World,
) -> None:
    oneself = await rule(world, "corporatie-a", "corporatie-a")
    for rules, path, said in (
        ([], ["input", "rules"], "minstens één regel"),
        ([oneself], ["input", "rules", "0", "receiver"], "verschillende organisaties"),
    ):
        [error] = (await try_to_propose(world, "corporatie-a", rules))["errors"]
        assert (error["code"], error["path"]) == ("BAD_RULE", path)
        assert said in error["message"]


async def test_one_cannot_make_an_agreement_between_others(world: World) -> None:
    payload = await try_to_propose(
        world, "corporatie-a", [await rule(world, "buurtwerk", "handhaving")]
    )
    assert [error["code"] for error in payload["errors"]] == ["NOT_A_PARTY"]


async def test_the_same_key_proposes_once(world: World) -> None:
    rules = [await rule(world, "corporatie-a", "buurtwerk")]
    first = await propose(world, "corporatie-a", rules)
    assert await propose(world, "corporatie-a", rules) == first
    other = await try_to_propose(world, "corporatie-a", rules, title="Iets anders")
    assert [error["code"] for error in other["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await state_for(world, "corporatie-a") == ["PROPOSED"]


FEED = """query($after: String) { wijk(code: "WK063711") { feed(after: $after) {
  nodes { change headline by { name } agreement { title } recordId record { id } }
  pageInfo { endCursor } } } }"""


async def what_is_new(world: World, token: str, after: str | None) -> tuple[list[Any], str | None]:
    feed = (await world.partner(token).ask(FEED, {"after": after}))["wijk"]["feed"]
    return feed["nodes"], feed["pageInfo"]["endCursor"]


async def test_a_receiver_is_told_when_an_agreement_begins_and_ends(world: World) -> None:
    rules = [await rule(world, "corporatie-a", "buurtwerk")]
    agreement = await propose(world, "corporatie-a", rules)
    _, cursor = await what_is_new(world, "buurtwerk", None)
    await decide(world, "buurtwerk", "accept", agreement)
    [begun], cursor = await what_is_new(world, "buurtwerk", cursor)
    assert begun["change"] == "AGREEMENT_STARTED"
    assert begun["headline"] == "Convenant begonnen: Proefconvenant"
    assert begun["by"] == {"name": "Corporatie A (verzonnen)"}
    await decide(world, "corporatie-a", "revoke", agreement)
    [ended], _ = await what_is_new(world, "buurtwerk", cursor)
    assert ended["change"] == "AGREEMENT_ENDED"
    assert ended["agreement"] == {"title": "Proefconvenant"}
    assert (ended["recordId"], ended["record"]) == (None, None)
    for other in ("corporatie-a", "handhaving"):
        assert await what_is_new(world, other, None) == ([], None)


async def test_a_term_that_begins_or_ends_is_told_once_on_its_day(world: World) -> None:
    rules = [await rule(world, "corporatie-a", "buurtwerk")]
    term = {"from": "2026-11-25", "until": "2026-11-26"}
    agreement = await propose(world, "corporatie-a", rules, **term)
    await decide(world, "buurtwerk", "accept", agreement)
    told = []
    for day in range(24, 29):
        await world.set_now(datetime(2026, 11, day, 1, tzinfo=UTC))
        await run_daily(world.database, ["GM0637"])
        await run_daily(world.database, ["GM0637"])
        nodes, _ = await what_is_new(world, "buurtwerk", None)
        told.append([node["change"] for node in nodes])
    begun, both = ["AGREEMENT_STARTED"], ["AGREEMENT_STARTED", "AGREEMENT_ENDED"]
    assert told == [[], begun, begun, both, both]
