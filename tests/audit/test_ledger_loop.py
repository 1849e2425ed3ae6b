# SPDX-License-Identifier: EUPL-1.2
"""The ledger's lines are written while the hub serves, and no fault ends that."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hub.daily import ledger_loop, wait_a_second
from sql.session import Database
from tests.conftest import World
from tests.contract.test_ledger import LOOK, share
from tests.waits import Steps

pytestmark = pytest.mark.anyio

REFUSED = """set role hub_recorder;
  revoke execute on function hub.fold_reads(text, int) from hub_app; reset role"""


async def written(world: World) -> tuple[int, int]:
    """How many lines there are, and how many reads that have none yet."""
    async with world.connect("superuser") as root:
        lines = await root.fetchval("select count(*) from hub.read_ledger")
        return lines, await root.fetchval("select count(*) from hub.noted_reads")


async def look(world: World) -> None:
    await world.partner("buurtwerk").ask(LOOK)


async def test_what_is_read_between_two_looks_is_written_at_the_next(world: World) -> None:
    await share(world, 2)
    await look(world)
    assert await written(world) == (0, 1)

    async def again() -> None:
        assert await written(world) == (1, 0)
        await look(world)
        await look(world)

    await ledger_loop(world.database, asyncio.Event(), Steps(again))
    assert await written(world) == (3, 0)


async def test_a_database_that_is_away_is_asked_again(world: World) -> None:
    await share(world, 1)
    await look(world)
    database = await Database.open(world.dsn("app"), size=1, acquire_timeout=0.2)
    taken = database._pool.acquire()
    await taken.__aenter__()

    async def comes_back() -> None:
        assert await written(world) == (0, 1)
        await taken.__aexit__(None, None, None)

    await ledger_loop(database, asyncio.Event(), Steps(comes_back))
    await database.close()
    assert await written(world) == (1, 0)


async def test_a_fault_is_logged_without_its_message_and_ends_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await share(world, 1)
    await look(world)
    async with world.connect("superuser") as root:
        await root.execute(REFUSED)

    async def mended() -> None:
        async with world.connect("superuser") as root:
            await root.execute(REFUSED.replace("revoke", "grant").replace("from", "to"))

    with caplog.at_level(logging.ERROR, "hub.daily"):
        await ledger_loop(world.database, asyncio.Event(), Steps(mended))
    assert await written(world) == (1, 0)
    [record] = caplog.records
    assert record.getMessage() == "ledger.failed"
    assert "permission denied" not in str(record.__dict__)


async def test_waiting_ends_at_once_when_the_hub_stops() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(wait_a_second(stop))
    stop.set()
    await waiting
