# SPDX-License-Identifier: EUPL-1.2
"""Writers of the same organisation, wijk and category, at the same time: none waits for another,
and at every moment what is kept is what there is.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest

from sql.statements import statements
from tests.conftest import World
from tests.isolation.play import identify
from tests.rollups.keeping import GEMEENTE, fold, wrong

pytestmark = pytest.mark.anyio

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

INSERT = """
insert into hub.signals (id, dataset, wijk, category, seen_at)
select gen_random_uuid(), 'straatcontacten', w.wijk, c, hub.now()
from unnest($1::uuid[]) w(wijk) cross join unnest(array['NOISE', 'LITTER']) c"""
SOME = (
    "(select id from hub.signals where mod(('x' || left(md5(id::text), 4))::bit(16)::int, 5) = $1)"
)
CHANGES = (
    f"update hub.signals set closed_on = hub.today(), version = version + 1 where id in {SOME}",
    f"update hub.signals set category = 'NOISE', version = version + 1 where id in {SOME}",
    f"delete from hub.signals where id in {SOME}",
)
ROUNDS = 12


async def places(world: World) -> tuple[UUID, list[UUID]]:
    """An organisation, and the wijken where it works."""
    async with world.connect("superuser") as root:
        owner = await root.fetchval("select id from hub.organisations where slug = 'buurtwerk'")
        rows = await root.fetch(
            "select wijk from hub.organisation_wijken where organisation = $1 order by 1", owner
        )
    return owner, [row["wijk"] for row in rows]


@asynccontextmanager
async def writers(world: World, count: int) -> AsyncIterator[list[Connection]]:
    """Connections of the role that serves. Who waits for another's lock fails at once."""
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(world.connect("app")) for _ in range(count)]
        for connection in found:
            await connection.execute("set lock_timeout = '2s'")
        yield found


async def counted(world: World) -> int:
    async with world.connect("superuser") as root:
        count: int = await root.fetchval("select count(*) from hub.signals")
        return count


async def added_up(world: World, owner: UUID) -> int:
    async with world.connect("app") as app, app.transaction():
        await identify(app, GEMEENTE, owner)
        query = "select coalesce(sum(records), 0) from hub.own_totals('signals', null, null, null)"
        return int(await app.fetchval(query))


async def test_who_writes_waits_for_nobody_who_writes_the_same(world: World) -> None:
    owner, wijken = await places(world)
    async with writers(world, 3) as (first, second, third):
        # the first records of a slice make it known to the agreements: there writers do wait
        async with first.transaction():
            await identify(first, GEMEENTE, owner)
            await first.execute(INSERT, wijken)
        for connection in (first, second):  # both hold what they wrote
            await connection.execute("begin")
            await identify(connection, GEMEENTE, owner)
            await connection.execute(INSERT, wijken)
        await fold(world)  # nor does who folds wait for them
        async with third.transaction():
            await identify(third, GEMEENTE, owner)
            await third.execute(INSERT, wijken)
        await fold(world)
        assert await wrong(world) == []
        assert await added_up(world, owner) == await counted(world) == 4 * len(wijken)
        await first.execute("rollback")
        await second.execute("commit")
    assert await wrong(world) == []
    assert await added_up(world, owner) == await counted(world) == 6 * len(wijken)
    assert not await fold(world)
    assert await wrong(world) == []


async def test_one_folds_at_a_time_and_the_other_goes_on(world: World) -> None:
    owner, wijken = await places(world)
    async with writers(world, 2) as (first, second):
        async with first.transaction():
            await identify(first, GEMEENTE, owner)
            await first.execute(INSERT, wijken)
        await first.execute("begin")
        assert await first.fetchval("select hub.fold_rollups($1, 1)", GEMEENTE)
        assert not await second.fetchval("select hub.fold_rollups($1, 1000)", GEMEENTE)
        assert await wrong(world) == []
        await first.execute("rollback")
    assert await wrong(world) == []


async def test_many_that_write_fold_and_make_anew_at_once_never_disagree(world: World) -> None:
    owner, wijken = await places(world)
    looks = 0

    async def write(connection: Connection, seed: int) -> None:
        chance = random.Random(seed)
        for number in range(ROUNDS):
            some = chance.sample(wijken, 4)
            transaction = connection.transaction()
            await transaction.start()
            await identify(connection, GEMEENTE, owner)
            await connection.execute(INSERT, some)
            # each changes its own fifth, so that they meet in the rollups alone
            await connection.execute(chance.choice(CHANGES), seed % 5)
            await (transaction.rollback() if number % 5 == 4 else transaction.commit())

    async def look(until: asyncio.Event) -> None:
        nonlocal looks
        while not until.is_set():
            await fold(world, 5)
            async with world.owner() as hands, hands.administration() as session:
                await session.fetch("rollups_rebuild", GEMEENTE, owner)
            assert await wrong(world) == []
            looks += 1

    over = asyncio.Event()
    looking = asyncio.create_task(look(over))
    # one writer per fifth: rows that two change are theirs to wait for, with rollups or without
    async with writers(world, 5) as connections:
        await asyncio.gather(*(write(one, seed) for seed, one in enumerate(connections)))
    over.set()
    await looking
    assert looks > 0
    assert await wrong(world) == []
    assert await added_up(world, owner) == await counted(world) > 0


async def test_a_reader_sees_one_moment_while_another_folds(world: World) -> None:
    owner, wijken = await places(world)
    async with writers(world, 2) as (writer, reader):
        async with writer.transaction():
            await identify(writer, GEMEENTE, owner)
            await writer.execute(INSERT, wijken)
        transaction = reader.transaction(isolation="repeatable_read")
        await transaction.start()
        await identify(reader, GEMEENTE, owner)
        given = (wijken, None, None, None, None, None, None, None, None)
        query = statements()["signals_total"].text
        before = await reader.fetch(query, *given)
        async with writer.transaction():
            await identify(writer, GEMEENTE, owner)
            await writer.execute(INSERT, wijken)
        while await fold(world, 3):
            pass
        assert await reader.fetch(query, *given) == before
        assert sum(row["records"] for row in before) == 2 * len(wijken)
        await transaction.rollback()
    assert await added_up(world, owner) == 4 * len(wijken)
