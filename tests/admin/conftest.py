# SPDX-License-Identifier: EUPL-1.2
"""A world in which partners have agreed, delivered, read and published, made once; tests work in
copies of it.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from hub.app import create_app
from hub.settings import Settings
from sql.session import Database
from tests.conftest import Clock, Cluster, World, a_world
from tests.golden.town import OOSTERHEEM, live
from tests.ledger import WRITE

READ = "query($wijk: String!) { wijk(code: $wijk) { signals(first: 50) { nodes { id } } } }"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def still(cluster: Cluster, anyio_backend: str) -> AsyncIterator[str]:
    """The name of a database that nobody is connected to, so that it can be copied: two weeks of
    the demo's partners, with agreements, deliveries, feed, editions and a read ledger,
    of which the last lines have yet to be written.
    """
    async with a_world(cluster) as made:
        await live(made)
        await made.partner("buurtwerk").ask(READ, {"wijk": OOSTERHEEM})
        async with made.connect("superuser") as root:
            await root.execute(WRITE)
        await made.partner("buurtwerk").ask(READ, {"wijk": OOSTERHEEM})
        await made.database.close()
        yield made.name


@asynccontextmanager
async def a_copy(cluster: Cluster, still: str) -> AsyncIterator[World]:
    """That world in a database of one's own, with the hub over it; dropped at the end."""
    name = f"lived_{next(_numbers)}"
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(f"create database {name} template {still} owner hub_owner")
        clock = Clock()
        database = await Database.open(cluster.dsn("app", name), size=2, clock=clock)
        try:
            yield World(cluster, name, create_app(Settings(), database), database, clock)
        finally:
            await database.close()
            await root.execute(f"drop database {name} with (force)")
    finally:
        await root.close()


@pytest.fixture(scope="module")
async def lived(cluster: Cluster, still: str, anyio_backend: str) -> AsyncIterator[World]:
    """A copy for a module: its tests only read, or write what no other looks at."""
    async with a_copy(cluster, still) as made:
        yield made


@pytest.fixture
async def town(cluster: Cluster, still: str, anyio_backend: str) -> AsyncIterator[World]:
    """A copy for one test."""
    async with a_copy(cluster, still) as made:
        yield made
