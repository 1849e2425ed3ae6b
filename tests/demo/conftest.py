# SPDX-License-Identifier: EUPL-1.2
"""The demo's world as `hub demo` makes it, in a database of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from starlette.applications import Starlette

from hub.app import create_app
from hub.demo.prepare import prepare
from hub.settings import Settings
from sql.migrate import migrate
from sql.session import Database
from tests.conftest import Cluster
from tests.partner import Partner

TODAY = date(2026, 11, 23)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """An installation of the hub: its app, its database as both roles, and its data folder."""

    app: Starlette
    database: Database
    owner: Database
    owner_dsn: str
    data: Path

    async def start(self, today: date | None = TODAY) -> tuple[dict[str, str], date]:
        """What `hub demo` does before it serves."""
        told: list[str] = []
        return await prepare(
            self.app, self.database, self.owner, self.data, today=today, report=told.append
        )

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """What is in the database, whoever's it is."""
        connection = await asyncpg.connect(self.owner_dsn.replace("hub_owner", "postgres"))
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


@asynccontextmanager
async def an_empty_place(cluster: Cluster, data: Path) -> AsyncIterator[Place]:
    """A migrated database with nothing in it."""
    name = f"demo_{next(_numbers)}"
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(f"create database {name} owner hub_owner")
        owner_dsn = cluster.dsn("owner", name)
        await migrate(owner_dsn)
        owner = await Database.open(owner_dsn, size=2)
        database = await Database.open(cluster.dsn("app", name), size=4)
        try:
            app = create_app(Settings(), database)
            yield Place(app, database, owner, owner_dsn, data)
        finally:
            await database.close()
            await owner.close()
            await root.execute(f"drop database {name} with (force)")
    finally:
        await root.close()


@pytest.fixture
async def empty_place(cluster: Cluster, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Place]:
    async with an_empty_place(cluster, tmp_path / "data") as place:
        yield place


@dataclass(frozen=True, slots=True)
class Demo:
    """The world that was made, for the tests of this module together."""

    place: Place
    tokens: dict[str, str]
    day: date

    def partner(self, name: str) -> Partner:
        """A partner of the demo, speaking through HTTP."""
        return Partner(self.place.app, self.tokens[name])


@pytest.fixture(scope="module")
async def demo(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Demo]:
    async with an_empty_place(cluster, tmp_path_factory.mktemp("demo") / "data") as place:
        tokens, day = await place.start()
        yield Demo(place, tokens, day)
