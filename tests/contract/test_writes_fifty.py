# SPDX-License-Identifier: EUPL-1.2
"""Fifty deliveries at the same moment: of many partners, several to one dataset, with the same rows
in other orders. All are carried out, each once, and who waits for a record holds none after it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.app import create_app
from hub.settings import Settings
from sql.session import Database
from sql.statements import statements
from tests.conftest import World
from tests.contract.test_locks import id_of
from tests.contract.writing import push, row
from tests.isolation.play import as_asker

pytestmark = pytest.mark.anyio

PARTNERS = ("wijkregisseur", "buurtwerk", "corporatie-a", "corporatie-b", "school-a")
DATASETS = ("een", "twee", "drie", "vier", "vijf")
AT_ONCE = 2
"""Deliveries of each partner to each dataset."""
ROWS = 20
CONNECTIONS = 40
"""The database of the tests has fifty, others' included."""
CATEGORY = {"school-a": "ABSENTEEISM"}
GEMEENTE = "GM0637"
LOCK = statements()["signals_lock"].text


@asynccontextmanager
async def roomy(world: World) -> AsyncIterator[World]:
    """The hub over the same database, with a place for each delivery and a connection for most."""
    settings = Settings()
    places = len(PARTNERS) * len(DATASETS) * AT_ONCE
    limits = replace(
        settings.limits,
        concurrency=places,
        organisation_concurrency=places,
        organisation_waiting=places,
        rate_burst=10**9,
    )
    database = await Database.open(world.dsn("app"), size=CONNECTIONS, acquire_timeout=60)
    try:
        yield replace(world, app=create_app(replace(settings, limits=limits), database))
    finally:
        await database.close()


def rows_of(partner: str, chance: random.Random, summary: str) -> list[dict[str, Any]]:
    """The same rows each time, in an order of chance."""
    category = CATEGORY.get(partner, "LITTER")
    rows = [row(f"s-{n}", category=category, summary=summary) for n in range(ROWS)]
    return chance.sample(rows, ROWS)


async def test_fifty_deliveries_at_once_are_carried_out_without_a_deadlock(world: World) -> None:
    chance = random.Random(1)
    async with roomy(world) as busy:
        work = [
            push(busy.partner(name), rows_of(name, chance, f"versie {number}"), dataset)
            for name in PARTNERS
            for dataset in DATASETS
            for number in range(AT_ONCE)
        ]
        receipts = await asyncio.gather(*chance.sample(work, len(work)))
    assert len(receipts) == 50
    assert [receipt["errors"] for receipt in receipts] == [[]] * 50
    created = sum(
        line["rows"]
        for receipt in receipts
        for line in receipt["summary"]
        if line["outcome"] == "CREATED"
    )
    async with world.connect("superuser") as root:
        kept = await root.fetchval("select count(*) from hub.signals")
    assert created == kept == len(PARTNERS) * len(DATASETS) * ROWS


HOLDER = "select from hub.signals where external_id = 'a' for update"
NEXT = "select external_id from hub.signals where external_id = 'b' for update skip locked"
WAITING = (
    "select count(*) from pg_locks where locktype in ('transactionid', 'tuple') and not granted"
)


async def free_while_another_waits(world: World, lock: str) -> list[str]:
    """Which of the rows `b` nobody holds, while a delivery waits for `a`, which another holds."""
    partner = world.partner("corporatie-a")
    await push(partner, [row("a"), row("b")])
    asker = await id_of(world, "corporatie-a")
    async with (
        world.connect("superuser") as watcher,
        world.connect("app") as second,
        world.connect("superuser") as first,
        first.transaction(),
    ):
        await first.execute(HOLDER)
        async with as_asker(second, GEMEENTE, asker):
            waits = asyncio.create_task(second.fetch(lock, "meldingen", ["b", "a"]))
            while not await watcher.fetchval(WAITING):  # noqa: ASYNC110
                await asyncio.sleep(0)
            async with watcher.transaction():
                free = [name for (name,) in await watcher.fetch(NEXT)]
            await first.execute("commit; begin")
            assert len(await waits) == 2
    return free


async def test_who_waits_for_a_record_holds_none_after_it(world: World) -> None:
    assert await free_while_another_waits(world, LOCK) == ["b"]


async def test_records_that_are_held_in_another_order_are_found(world: World) -> None:
    fault = LOCK.replace("order by s.external_id", "order by s.external_id desc")
    assert fault != LOCK
    assert await free_while_another_waits(world, fault) == []
