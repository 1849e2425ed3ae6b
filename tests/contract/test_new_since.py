# SPDX-License-Identifier: EUPL-1.2
"""How much is new for somebody since the last visit: counted through the door of the feed."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.feed import MOST_NEW
from tests.conftest import World
from tests.contract.agreeing import decide, propose, rule
from tests.contract.test_ledger import lines, share

pytestmark = pytest.mark.anyio

NEW = """query($cursor: String) { wijk(code: "WK063711") {
  overview(week: "2026-W47") { newSince(cursor: $cursor) } } }"""
FEED = """{ wijk(code: "WK063711") { feed(first: 1) { nodes { cursor } } } }"""


async def new_since(world: World, token: str, cursor: str | None) -> Any:
    data = await world.partner(token).ask(NEW, {"cursor": cursor})
    return data["wijk"]["overview"]["newSince"]


async def first_cursor(world: World, token: str) -> str:
    [first] = (await world.partner(token).ask(FEED))["wijk"]["feed"]["nodes"]
    cursor: str = first["cursor"]
    return cursor


async def test_what_came_after_a_cursor_is_counted_for_who_sees_it(world: World) -> None:
    await share(world, 3)
    cursor = await first_cursor(world, "buurtwerk")  # after the beginning of the agreement
    assert await new_since(world, "buurtwerk", cursor) == 3
    assert await new_since(world, "handhaving", cursor) == 0


async def test_without_a_cursor_nothing_is_counted(world: World) -> None:
    await share(world, 1)
    for none in (None, ""):
        assert await new_since(world, "buurtwerk", none) is None
    assert await lines(world) == []


async def test_more_than_a_hundred_are_a_hundred(world: World) -> None:
    await share(world, MOST_NEW + 2)
    cursor = await first_cursor(world, "corporatie-a")
    assert await new_since(world, "corporatie-a", cursor) == MOST_NEW


@pytest.mark.parametrize(
    "cursor", ["niets", "MXwtfDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMA"]
)
async def test_a_cursor_that_the_hub_never_gave_is_refused(world: World, cursor: str) -> None:
    body = await world.partner("buurtwerk").answer(NEW, {"cursor": cursor})
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_CURSOR"]


async def test_counting_what_others_did_leaves_the_line_that_reading_it_would(
    world: World,
) -> None:
    await share(world, 2)
    cursor = await first_cursor(world, "buurtwerk")
    assert await lines(world) == []
    await new_since(world, "buurtwerk", cursor)
    assert await lines(world) == [2]


async def test_what_is_no_longer_shared_is_no_longer_counted(world: World) -> None:
    await share(world, 2)
    cursor = await first_cursor(world, "buurtwerk")
    rules = [await rule(world, "corporatie-a", "buurtwerk", precision="COUNT")]
    other = await propose(world, "corporatie-a", rules, idempotencyKey="alleen-aantallen")
    await decide(world, "buurtwerk", "accept", other)
    agreements = "{ agreements { nodes { id version rules { precision } } } }"
    nodes = (await world.partner("buurtwerk").ask(agreements))["agreements"]["nodes"]
    [shown] = [one for one in nodes if one["rules"][0]["precision"] == "EXACT"]
    await decide(world, "buurtwerk", "revoke", (shown["id"], shown["version"]))
    assert await new_since(world, "buurtwerk", cursor) == 1  # the end of the agreement
