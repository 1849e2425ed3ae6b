# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities: versions that stay, agreements that fall under them, and
reads that point to both.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.audit.looking import LOOK, officer, report, share
from tests.conftest import World
from tests.partner import Partner

pytestmark = pytest.mark.anyio

REGISTER = """mutation($in: ProcessingActivityInput!) { registerProcessingActivity(input: $in) {
  activity { code version from name purpose legalBasis categories retention recipients measures
    agreements { title } } errors { path code } } }"""
ASSIGN = """mutation($in: AssignActivityInput!) { assignProcessingActivity(input: $in) {
  activity { code version agreements { title } } errors { path code } } }"""
LIST = """query($every: Boolean!) { processingActivities(everyVersion: $every) {
  code version name agreements { title } } }"""
READERS = """{ mySlice { readers(since: "2026-11-01") { nodes { processingActivity } } } }"""
GIVEN = {
    "idempotencyKey": "toezicht-1",
    "code": "toezicht",
    "name": "Toezicht op straat",
    "purpose": "samen kijken",
    "legalBasis": "verzonnen, voor een test",
    "categories": ["meldingen"],
    "retention": "P1Y",
    "recipients": ["gemeente"],
    "measures": ["rollen"],
}


async def register(who: Partner, **more: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await who.ask(REGISTER, {"in": {**GIVEN, **more}}))[
        "registerProcessingActivity"
    ]
    return payload


async def assign(who: Partner, agreement: str, code: str = "toezicht") -> dict[str, Any]:
    given = {"agreement": agreement, "code": code}
    payload: dict[str, Any] = (await who.ask(ASSIGN, {"in": given}))["assignProcessingActivity"]
    return payload


def codes(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(".".join(error["path"]), error["code"]) for error in payload["errors"]]


async def test_an_activity_has_versions_that_stay(world: World) -> None:
    fg = await officer(world, "buurtwerk")
    made = await register(fg)
    assert made["errors"] == []
    assert made["activity"] == {
        **{name: value for name, value in GIVEN.items() if name != "idempotencyKey"},
        "version": 1,
        "from": "2026-11-23",
        "agreements": [],
    }
    assert await register(fg) == made
    again = {"idempotencyKey": "toezicht-2", "name": "Anders"}
    assert codes(await register(fg, **again)) == [("input.version", "CONFLICT")]
    assert codes(await register(fg, **again, version=2)) == [("input.version", "CONFLICT")]
    assert (await register(fg, **again, version=1))["activity"]["version"] == 2
    newest = (await fg.ask(LIST, {"every": False}))["processingActivities"]
    every = (await fg.ask(LIST, {"every": True}))["processingActivities"]
    assert [(one["version"], one["name"]) for one in newest] == [(2, "Anders")]
    assert [one["version"] for one in every] == [2, 1]
    async with world.connect("app") as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("update hub.processing_activities set name = 'x'")


async def test_a_read_points_to_the_activity_of_the_reader_by_its_version_then(
    world: World,
) -> None:
    agreement, _ = await share(world)
    await report(world, 1)
    fg = await officer(world, "buurtwerk")

    async def told() -> set[str]:
        await world.partner("buurtwerk").ask(LOOK)
        nodes = (await world.partner("corporatie-a").ask(READERS))["mySlice"]["readers"]["nodes"]
        return {one["processingActivity"].rpartition(":")[2] for one in nodes} | {
            one["processingActivity"].split(":")[2] for one in nodes
        }

    assert await told() == {"agreement", "1"}
    await register(fg)
    assigned = await assign(fg, agreement)
    assert assigned["activity"]["agreements"] == [{"title": "Proefconvenant"}]
    assert await told() == {"agreement", "activity", "1"}
    await register(fg, idempotencyKey="toezicht-2", version=1)
    assert await told() == {"agreement", "activity", "1", "2"}
    # a version that begins later does not hold yet
    later = {"idempotencyKey": "toezicht-3", "version": 2, "from": "2027-01-01"}
    assert (await register(fg, **later))["errors"] == []
    assert await told() == {"agreement", "activity", "1", "2"}


async def test_the_register_is_one_organisations_and_changed_by_those_who_look_after_it(
    world: World,
) -> None:
    agreement, _ = await share(world)
    for token in ("buurtwerk", "wijkregisseur"):
        who = world.partner(token)
        assert codes(await register(who)) == [("", "ROLE_REQUIRED")]
        assert codes(await assign(who, agreement)) == [("", "ROLE_REQUIRED")]
    assert (await register(await officer(world, "buurtwerk", "ADMINISTRATOR")))["errors"] == []
    assert (await register(await officer(world, "gemeente"), name="Van ons"))["errors"] == []
    own = (await world.partner("buurtwerk").ask(LIST, {"every": True}))["processingActivities"]
    assert [one["name"] for one in own] == ["Toezicht op straat"]
    # the municipality is no party to it: for her there is no such agreement
    refused = codes(await assign(await officer(world, "gemeente"), agreement))
    assert refused == [("input.agreement", "NOT_FOUND")]
    assert codes(await assign(await officer(world, "buurtwerk"), agreement, "niets")) == [
        ("input.code", "NOT_FOUND")
    ]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code": "Met Hoofdletters"}, ("input.code", "BAD_VALUE")),
        ({"retention": "een jaar"}, ("input.retention", "BAD_VALUE")),
        ({"retention": "P"}, ("input.retention", "BAD_VALUE")),
        ({"name": ""}, ("input.name", "MISSING_FIELD")),
        ({"measures": ["x"] * 51}, ("input.measures", "BAD_ARGUMENT")),
        ({"idempotencyKey": "kort"}, ("input.idempotencyKey", "BAD_IDEMPOTENCY_KEY")),
    ],
)
async def test_what_cannot_be_registered_is_refused_with_its_place(
    world: World, wrong: dict[str, Any], error: tuple[str, str]
) -> None:
    fg = await officer(world, "buurtwerk")
    assert codes(await register(fg, **wrong)) == [error]
    assert (await fg.ask(LIST, {"every": True}))["processingActivities"] == []
