# SPDX-License-Identifier: EUPL-1.2
"""Planted faults in the rules about counts: which records may stand behind one, that no whole
stands beside its parts, and that writers of one organisation take turns. Each is found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from tests.conftest import World
from tests.overview.conftest import Connections
from tests.overview.town import MONDAY, WEEK, Cell, Given, Plan, Rule, Seen, Town, build

pytestmark = pytest.mark.anyio

CUBE = "hub.cube_of(text,text,text[])"
THREE = tuple(Rule(n, kind="COUNT") for n in (1, 2, 3))
COUNTS = (Given(1, 12), Given(2, 2), Given(3, 9))
SEEN = Plan((*THREE, Rule(1, precision="WIJK")), (Seen(1, 10),), counts=COUNTS)
"""The audience sees ten records of the organisation whose count makes the number large."""

BEHIND: list[tuple[str, str, Plan]] = [
    ("f.owner = v.owner and f.wijk = v.wijk", "f.owner = v.owner and f.wijk <> v.wijk", SEEN),
    (
        "f.category = any (m.categories)\n      and f.on_day",
        "f.category = m.categories[2]\n      and f.on_day",
        SEEN,
    ),
    ("f.on_day >= d.from_day - case", "f.on_day > d.until_day - case", SEEN),
    (
        "(v.provider, v.kind, v.wijk) = (f.owner, f.kind, f.wijk) and (v.category is null or",
        "(v.provider, v.kind, v.wijk) = (f.owner, f.kind, f.wijk) and (",
        SEEN,
    ),
    (
        "and f.recorded_on between v.covers_from and v.covers_until\n  ), behind",
        "and f.recorded_on between v.covers_from and v.covers_until - 1\n  ), behind",
        replace(SEEN, rules=(*THREE, Rule(1, precision="WIJK", valid_until=2))),
    ),
    (
        "(w.owner, w.record, w.receiver) = (t.owner, t.record, t.audience)",
        "(w.owner, w.record, w.receiver) = (t.owner, t.record, t.owner)",
        SEEN,
    ),
    (
        "w.profile, t.audience)\n            and h.precision <> 'COUNT'",
        "w.profile, t.audience)\n            and h.precision = 'EXACT'",
        replace(SEEN, signals=(Seen(1, 10, cap="WIJK"),)),
    ),
]


async def number(connections: Connections, plan: Plan) -> Cell:
    town = await build(*connections, plan)
    await town.publish()
    return (await town.published())[0, 0, 0]


@pytest.mark.parametrize(("right", "wrong", "plan"), BEHIND, ids=[wrong for _, wrong, _ in BEHIND])
async def test_overlooking_what_stands_behind_a_count_is_found(
    connections: Connections, right: str, wrong: str, plan: Plan
) -> None:
    assert (await number(connections, plan)).value is None
    async with connections.with_function(CUBE, right, wrong):
        assert (await number(connections, plan)).value == 23


# ── A whole beside its parts ─────────────────────────────────────────────────────────────────────

INSERT = (
    'insert into hub.counts (id, dataset, wijk, measure, period, "group", count)'
    " values (gen_random_uuid(), 'counts', $1, 'm0', $2, $3, 4)"
)


@asynccontextmanager
async def without(connections: Connections, trigger: str) -> AsyncIterator[None]:
    """Within, counts are written without one of their triggers."""
    await connections.owner.execute(f"alter table hub.counts disable trigger {trigger}")
    yield
    await connections.owner.execute(f"alter table hub.counts enable trigger {trigger}")


async def a_town(connections: Connections) -> Town:
    """A town in which a count can be given by group, and one was given of the whole."""
    town = await build(*connections, Plan(THREE, breakdown="GROUP"))
    await town.give(Given(1, 4))
    return town


async def add_a_part(town: Town) -> None:
    async with town.acting(1) as app:
        await app.execute(INSERT, town.wijken[0], WEEK, "g0")


async def change_into_a_part(town: Town) -> None:
    """Of two wijken's wholes, one becomes a part; then it moves to the other."""
    async with town.acting(1) as app:
        await app.execute(INSERT, town.wijken[1], WEEK, "g0")
    async with town.acting(1) as app:
        statement = 'update hub.counts set wijk = $1, version = 2 where "group" is not null'
        await app.execute(statement, town.wijken[0])


@pytest.mark.parametrize(
    ("trigger", "write"),
    [("unmixed_insert", add_a_part), ("unmixed_update", change_into_a_part)],
)
async def test_a_whole_beside_its_parts_is_found(
    connections: Connections, trigger: str, write: Callable[[Town], Awaitable[None]]
) -> None:
    with pytest.raises(asyncpg.ExclusionViolationError):
        await write(await a_town(connections))
    async with without(connections, trigger):
        await write(await a_town(connections))


async def a_part_while_a_whole_is_written(connections: Connections, world: World) -> None:
    """One writer of an organisation begins a whole; another of its writers gives a part."""
    town = await build(*connections, Plan(THREE, breakdown="GROUP"))
    await town.today(MONDAY)
    async with town.acting(1) as app:
        await app.execute("insert into hub.datasets (dataset, kind) values ('counts', 'COUNT')")
        await app.execute(
            INSERT, town.wijken[0], WEEK, "g1"
        )  # makes the slice, which is written once
        await app.execute("delete from hub.counts")
    async with world.connect("app") as other, town.acting(1) as app:
        beside = Town(connections.owner, other)
        beside.gemeente, beside.organisations = town.gemeente, town.organisations
        await app.execute(INSERT, town.wijken[0], WEEK, None)
        async with beside.acting(1) as second:
            await second.execute("set local lock_timeout = '100ms'")
            await second.execute(INSERT, town.wijken[0], WEEK, "g0")


async def test_writers_that_do_not_take_turns_are_found(
    connections: Connections, world: World
) -> None:
    with pytest.raises(asyncpg.LockNotAvailableError):
        await a_part_while_a_whole_is_written(connections, world)
    async with without(connections, "in_turn"):
        await a_part_while_a_whole_is_written(connections, world)
