# SPDX-License-Identifier: EUPL-1.2
"""A throw-away PostgreSQL for the session, a database per test, and partners who speak through the
public API.

The cluster is the hub's own embedded one. The template holds every migration and the scene of the
demo (wijken, partners, tokens), and each test works in a copy of it.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from hub.app import create_app
from hub.database import Addresses, EmbeddedPostgres
from hub.demo.scene import set_scene
from hub.settings import Settings
from sql.ids import IdSource
from sql.migrate import migrate
from sql.reference import LOOKED_AT_SECONDS
from sql.session import Database
from tests.partner import Partner

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TEMPLATE = "hub_template"
ROOM = 4 << 30
"""Bytes that a cluster of the tests may take in memory."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server, and the tokens of the scene in its template."""

    addresses: Addresses
    tokens: dict[str, str]

    def dsn(self, role: str, database: str) -> str:
        """The address of a database for a role: owner, app or superuser."""
        address: str = getattr(self.addresses, role)
        return address.replace("/hub?", f"/{database}?")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test run's own, with a template that tests copy."""
    with a_cluster() as made:
        yield made


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """A running PostgreSQL in a temporary folder, gone at the end."""
    with (
        tempfile.TemporaryDirectory(
            prefix="hub-", dir=_in_memory(), ignore_cleanup_errors=True
        ) as folder,
        asyncio.Runner() as runner,
    ):
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "data", durable=False)
        addresses = runner.run(server.start())
        try:
            yield Cluster(addresses, runner.run(_make_template(addresses)))
        finally:
            runner.run(server.stop())


def _in_memory() -> str | None:
    """A folder in memory, if there is one with room: a copy of the template has 1,300 files, and
    takes 0.04 s there where a disk takes up to 0.3 s.
    """
    shared = Path("/dev/shm")  # noqa: S108 -- a folder of the run's own is made in it
    roomy = shared.is_dir() and shutil.disk_usage(shared).free > ROOM
    return str(shared) if roomy else None


async def _make_template(addresses: Addresses) -> dict[str, str]:
    root = await asyncpg.connect(addresses.superuser)
    await root.execute(f"create database {TEMPLATE} owner hub_owner")
    await root.close()
    owner_dsn = addresses.owner.replace("/hub?", f"/{TEMPLATE}?")
    await migrate(owner_dsn)
    owner = await Database.open(owner_dsn, size=1)
    try:
        async with owner.administration() as session:
            await session.fetch("clock_set", NOW, None)
        return await set_scene(owner, IdSource(), NOW.date())
    finally:
        await owner.close()


_numbers = itertools.count(1)


@dataclass(slots=True)
class Clock:
    """The hub's seconds, which a test can be ahead of."""

    ahead: float = 0.0

    def __call__(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() + self.ahead


@dataclass(frozen=True, slots=True)
class World:
    """A database of a test's own, the hub over it, and ways to speak as somebody."""

    cluster: Cluster
    name: str
    app: Starlette
    database: Database
    clock: Clock = field(default_factory=Clock)

    def dsn(self, role: str) -> str:
        """The address of this world's database for a role: owner, app or superuser."""
        return self.cluster.dsn(role, self.name)

    def partner(self, token_name: str) -> Partner:
        """A partner of the scene, speaking through HTTP."""
        return Partner(self.app, self.cluster.tokens[token_name])

    @asynccontextmanager
    async def connect(self, role: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A plain connection as a role, for looking behind the hub."""
        connection = await asyncpg.connect(self.dsn(role))
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def migration(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A connection of the owner's in a transaction as a migration's."""
        async with self.connect("owner") as owner, as_migration(owner):
            yield owner

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Database]:
        """The hub's sessions as the owner of the database, for administration."""
        database = await Database.open(self.dsn("owner"), size=1)
        try:
            yield database
        finally:
            await database.close()

    def wait_a_second(self) -> None:
        """After it the hub sees what has changed of wijken, buurten and organisations."""
        self.clock.ahead += LOOKED_AT_SECONDS

    async def set_now(self, now: datetime) -> None:
        """Freezes the hub's clock at `now`."""
        async with self.owner() as owner, owner.administration() as session:
            await session.fetch("clock_set", now, None)


@asynccontextmanager
async def as_migration(owner: asyncpg.Connection[asyncpg.Record]) -> AsyncIterator[None]:
    """A transaction as a migration's: what the owner is lent for it is taken back at its end. Roles
    are the cluster's, so what stays lent is there for every later test.
    """
    async with owner.transaction():
        await owner.execute(files("sql").joinpath("before_migration.sql").read_text("utf-8"))
        yield
        await owner.execute(files("sql").joinpath("after_migration.sql").read_text("utf-8"))


@asynccontextmanager
async def a_world(cluster: Cluster) -> AsyncIterator[World]:
    """A fresh copy of the template, with the hub over it; dropped at the end."""
    name = f"test_{next(_numbers)}"
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(
            f"create database {name} template {TEMPLATE} owner hub_owner strategy file_copy"
        )
        clock = Clock()
        database = await Database.open(cluster.dsn("app", name), size=4, clock=clock)
        try:
            yield World(cluster, name, create_app(Settings(), database), database, clock)
        finally:
            await database.close()
            await root.execute(f"drop database {name} with (force)")
    finally:
        await root.close()


@pytest.fixture
async def world(cluster: Cluster, anyio_backend: str) -> AsyncIterator[World]:
    """The scene of the demo before anyone delivered, in a database of the test's own."""
    async with a_world(cluster) as made:
        yield made


__all__ = ["NOW", "Cluster", "World", "a_cluster", "a_world", "httpx"]
