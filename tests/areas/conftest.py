# SPDX-License-Identifier: EUPL-1.2
"""A database with every migration and no area in it, on the cluster of the test run."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from sql.migrate import migrate
from sql.session import Database
from tests.conftest import Cluster

TEMPLATE = "areas_template"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """An empty hub: its administration, and a plain connection of the owner to look with."""

    database: Database
    connection: asyncpg.Connection[asyncpg.Record]

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds."""
        return [dict(row) for row in await self.connection.fetch(query, *args)]


@pytest.fixture(scope="session")
async def areas_template(cluster: Cluster, anyio_backend: str) -> str:
    root = await asyncpg.connect(cluster.addresses.superuser)
    # tests/kwb borrows this fixture: in one process it is made twice
    known = await root.fetchval("select true from pg_database where datname = $1", TEMPLATE)
    if not known:
        await root.execute(f"create database {TEMPLATE} owner hub_owner")
    await root.close()
    await migrate(cluster.dsn("owner", TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def ground(
    cluster: Cluster, areas_template: str, anyio_backend: str
) -> AsyncIterator[Ground]:
    name = f"areas_{next(_numbers)}"
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(f"create database {name} template {areas_template} owner hub_owner")
        database = await Database.open(cluster.dsn("owner", name), size=2)
        look = await asyncpg.connect(cluster.dsn("owner", name))
        try:
            yield Ground(database, look)
        finally:
            await look.close()
            await database.close()
            await root.execute(f"drop database {name} with (force)")
    finally:
        await root.close()
