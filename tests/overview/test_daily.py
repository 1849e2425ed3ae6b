# SPDX-License-Identifier: EUPL-1.2
"""The daily work: at the start and at each new day, by any number of workers."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from hub.daily import OwnersWork, daily_loop, publish_if_due, run_daily, wait_a_minute
from hub.retaining import run_retention
from resolvers.numbers.publishing import publish_due
from sql.session import Database
from tests.conftest import World
from tests.overview.conftest import Connections
from tests.overview.town import TODAY, Plan, Rule, Town, build
from tests.waits import Steps

pytestmark = pytest.mark.anyio

PLAN = Plan(tuple(Rule(n, valid_from=-7) for n in (1, 2, 3)))


async def weeks(town: Town) -> list[str]:
    """The weeks of which the municipality has numbers."""
    async with town.acting(0) as app:
        rows = await app.fetch("select distinct period from hub.editions order by 1")
    return [row["period"] for row in rows]


async def feeds_cut(connections: Connections, town: Town) -> int:
    query = "select count(*) from hub.feed_batches where gemeente = $1"
    count: int = await connections.owner.fetchval(query, town.gemeente)
    return count


def owner_of(world: World) -> OwnersWork:
    """The owner publishes what is due, and takes away what is past its term."""

    async def publish() -> int:
        async with world.owner() as owner:
            return sum(each.cells for each in await publish_due(owner))

    async def retain() -> None:
        async with world.owner() as owner:
            await run_retention(owner)

    return OwnersWork(publish, retain)


async def test_numbers_are_published_and_the_feed_is_cut_once(
    connections: Connections, world: World
) -> None:
    town = await build(*connections, PLAN)
    for _ in range(2):
        await run_daily(world.database, [town.gemeente])
        assert await publish_if_due(world.database, owner_of(world)) == 0
        assert await weeks(town) == ["2026-W46", "2026-W47"]
        assert await feeds_cut(connections, town) == 1


async def test_a_hub_without_the_owners_address_says_what_is_due_until_it_is_published(
    connections: Connections, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    town = await build(*connections, PLAN)
    told: list[int] = []

    async def somebody_publishes() -> None:
        assert await weeks(town) == []
        await owner_of(world).publish()

    async def same_day() -> None:
        pass

    days = Steps(somebody_publishes, same_day)
    with caplog.at_level(logging.WARNING, "hub.daily"):
        await daily_loop(world.database, asyncio.Event(), days, told.append)
    assert told == [2, 0]
    assert [record.getMessage() for record in caplog.records] == ["daily.numbers_due"]


async def test_the_work_is_done_at_the_start_and_again_when_the_day_changes(
    connections: Connections, world: World
) -> None:
    town = await build(*connections, PLAN)
    seen: list[tuple[int, int]] = []

    async def look() -> None:
        seen.append((len(await weeks(town)), await feeds_cut(connections, town)))

    async def a_week_later() -> None:
        await look()
        await town.today(TODAY + timedelta(days=7))

    async def same_day() -> None:
        await look()

    days = Steps(same_day, a_week_later, look)
    await daily_loop(world.database, asyncio.Event(), days, owner=owner_of(world))
    assert seen == [(2, 1), (2, 1), (3, 2)]


async def test_workers_beside_each_other_do_the_work_once(
    connections: Connections, world: World
) -> None:
    town = await build(*connections, PLAN)
    await asyncio.gather(*(run_daily(world.database, [town.gemeente]) for _ in range(4)))
    await asyncio.gather(*(owner_of(world).publish() for _ in range(4)))
    assert len(await weeks(town)) == 2
    assert await feeds_cut(connections, town) == 1
    assert set((await town.published()).values()) == {(0, "NONE", (1, 2, 3))}


async def test_a_database_that_is_away_is_asked_again(
    connections: Connections, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    town = await build(*connections, PLAN)
    database = await Database.open(world.dsn("app"), size=1, acquire_timeout=0.2)
    taken = database._pool.acquire()
    await taken.__aenter__()

    async def comes_back() -> None:
        assert await weeks(town) == []
        await taken.__aexit__(None, None, None)

    with caplog.at_level(logging.WARNING, "hub.daily"):
        await daily_loop(database, asyncio.Event(), Steps(comes_back), owner=owner_of(world))
    await database.close()
    assert len(await weeks(town)) == 2
    assert [record.getMessage() for record in caplog.records] == ["daily.database_away"]


async def test_a_fault_is_logged_without_its_message_and_ends_nothing(
    connections: Connections, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    town = await build(*connections, PLAN)
    refused = "revoke execute on function hub.forget_dry_runs(text) from hub_app"
    await connections.acting_as("hub_recorder", refused)

    async def mended() -> None:
        granted = refused.replace("revoke", "grant").replace("from", "to")
        await connections.acting_as("hub_recorder", granted)

    with caplog.at_level(logging.ERROR, "hub.daily"):
        days = Steps(mended)
        await daily_loop(world.database, asyncio.Event(), days, owner=owner_of(world))
    assert len(await weeks(town)) == 2
    [record] = caplog.records
    assert record.getMessage() == "daily.failed"
    assert "permission denied" not in str(record.__dict__)


async def test_waiting_ends_at_once_when_the_hub_stops() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(wait_a_minute(stop))
    stop.set()
    await waiting
