# SPDX-License-Identifier: EUPL-1.2
"""Of a record that is gone the feed tells who could see it, and nobody who came later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import World
from tests.contract.agreeing import agree, decide, propose, rule
from tests.contract.test_agreement_versions import A, B, C, day, report
from tests.contract.test_locks import decides, id_of, meanwhile, waiting
from tests.contract.test_never_share import mark, push

pytestmark = pytest.mark.anyio

CHANGE = """mutation($in: UpdateSignalInput!) { updateSignal(input: $in) {
  signal { id } errors { code } } }"""
WITHDRAW = """mutation($in: WithdrawInput!) { withdraw(input: $in) { id errors { code } } }"""
FEED = """{ wijk(code: "WK063711") { feed(first: 100) { nodes { change recordId } } } }"""
EVERYTHING = {"precision": "EXACT", "includesPast": True}


async def withdraw(world: World, id_: str) -> None:
    given = {"id": id_, "version": 1, "reason": "vergissing"}
    done = (await world.partner(A).ask(WITHDRAW, {"in": given}))["withdraw"]
    assert done["errors"] == []


async def move(world: World, id_: str) -> None:
    """It is of another category, which is not shared."""
    given = {"id": id_, "version": 1, "category": "SAFETY"}
    done = (await world.partner(A).ask(CHANGE, {"in": given}))["updateSignal"]
    assert done["errors"] == []


async def keep(world: World, id_: str) -> None:
    """Its dataset is never shared."""
    assert (await mark(world, "hub", True))["errors"] == []


async def told(world: World, token: str) -> list[tuple[str, str]]:
    """What happened to which record, as the feed says."""
    answer = await world.partner(token).ask(FEED)
    items = answer["wijk"]["feed"]["nodes"]
    return [(item["change"], item["recordId"]) for item in items if item["recordId"]]


DEPARTURES: dict[str, Callable[[World, str], Awaitable[None]]] = {
    "withdrawn": withdraw,
    "of another category": move,
    "never shared": keep,
}


@pytest.mark.parametrize("precision", ["EXACT", "WIJK"])
@pytest.mark.parametrize("departure", DEPARTURES)
async def test_who_comes_later_hears_nothing_of_what_has_left(
    world: World, departure: str, precision: str
) -> None:
    """Also on the day itself, and with an agreement about the past."""
    await DEPARTURES[departure](world, await report(world, A))
    rules = [await rule(world, A, B, category="NOISE", includesPast=True, precision=precision)]
    await agree(world, rules, A, B)
    assert await told(world, B) == []
    await day(world, 11, 24)
    assert await told(world, B) == []


@pytest.mark.parametrize("departure", DEPARTURES)
async def test_who_saw_it_hears_that_it_is_gone_and_what_happened_before(
    world: World, departure: str
) -> None:
    await agree(world, [await rule(world, A, B, category="NOISE", **EVERYTHING)], A, B)
    id_ = await report(world, A)
    await DEPARTURES[departure](world, id_)
    assert await told(world, B) == [("CREATED", id_), ("WITHDRAWN", id_)]


async def test_who_was_only_told_a_number_hears_nothing_of_what_has_left(world: World) -> None:
    await agree(world, [await rule(world, A, B, precision="COUNT")], A, B)
    await withdraw(world, await report(world, A))
    more = [await rule(world, A, B, **EVERYTHING)]
    await agree(world, more, A, B, idempotencyKey="tweede-convenant")
    assert await told(world, B) == []


async def test_who_saw_it_hears_that_it_is_gone_under_the_next_agreement(world: World) -> None:
    first = await agree(world, [await rule(world, A, B, **EVERYTHING)], A, B)
    id_ = await report(world, A)
    await withdraw(world, id_)
    await decide(world, A, "revoke", first)
    assert await told(world, B) == []
    rules = [await rule(world, A, B, **EVERYTHING), await rule(world, A, C, **EVERYTHING)]
    await agree(world, rules, A, B, C, idempotencyKey="tweede-convenant")
    assert await told(world, B) == [("CREATED", id_), ("WITHDRAWN", id_)]
    assert await told(world, C) == []


async def test_what_comes_back_is_told_from_then_on(world: World) -> None:
    await push(world, "nieuw", 1)
    await mark(world, "nieuw", True)
    await agree(world, [await rule(world, A, B, **EVERYTHING)], A, B)
    await mark(world, "nieuw", False, pastToo=True)
    assert [change for change, _ in await told(world, B)] == ["UPDATED"]


async def test_what_is_still_there_is_told_from_its_beginning(world: World) -> None:
    id_ = await report(world, A)
    await agree(world, [await rule(world, A, B, **EVERYTHING)], A, B)
    assert await told(world, B) == [("CREATED", id_)]


async def gone(by_hand: Any) -> None:
    await by_hand.execute("delete from hub.signals")


async def test_who_begins_to_see_it_while_it_goes_hears_that_it_is_gone(world: World) -> None:
    """It could be read between the decision and the commit by which it goes."""
    agreement = await propose(world, A, [await rule(world, A, B, **EVERYTHING)])
    id_ = await report(world, A)
    async with meanwhile(world, A) as by_hand:
        await gone(by_hand)
        assert (await decide(world, B, "accept", agreement))["errors"] == []
        assert await told(world, B) == [("CREATED", id_)]
    assert await told(world, B) == [("CREATED", id_), ("WITHDRAWN", id_)]


async def test_who_is_not_looked_for_again_would_never_hear_of_it(world: World) -> None:
    """The fault that the test before looks for."""
    async with world.connect("owner") as owner:
        await owner.execute("alter table hub.feed_items disable trigger who_saw_last")
    agreement = await propose(world, A, [await rule(world, A, B, **EVERYTHING)])
    await report(world, A)
    async with meanwhile(world, A) as by_hand:
        await gone(by_hand)
        await decide(world, B, "accept", agreement)
    assert await told(world, B) == []


async def test_a_commit_by_which_a_record_goes_waits_for_a_decision(world: World) -> None:
    """Else both could look before the other is there."""
    agreement = await propose(world, A, [await rule(world, A, B, **EVERYTHING)])
    id_ = await report(world, A)
    async with meanwhile(world, B) as by_hand:
        await decides(by_hand, agreement, "ACCEPT")
        going = await waiting(world, withdraw(world, id_))
    await going
    assert await told(world, B) == [("CREATED", id_), ("WITHDRAWN", id_)]


async def test_who_could_see_it_is_known_to_nobody_who_asks(world: World) -> None:
    await agree(world, [await rule(world, A, B, **EVERYTHING)], A, B)
    await withdraw(world, await report(world, A))
    async with world.connect("superuser") as behind:
        seen_by = await behind.fetchval(
            "select seen_by from hub.feed_items where change = 'WITHDRAWN'"
        )
        readers = await behind.fetch(
            "select r from unnest(array['hub_app', 'hub_door', 'hub_recorder']) r"
            " where has_column_privilege(r, 'hub.feed_items', 'seen_by', 'select')"
        )
    assert seen_by == [await id_of(world, B)]
    assert [row["r"] for row in readers] == ["hub_door", "hub_recorder"]
