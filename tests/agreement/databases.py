# SPDX-License-Identifier: EUPL-1.2
"""Databases beside the worlds of tests: empty ones, to be migrated by the test itself."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from unittest.mock import patch

import asyncpg

import sql.migrate
from sql.migrate import migrate, migrations
from tests.conftest import Cluster

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class EmptyDatabase:
    """A database of the test's own in which nothing was done yet."""

    cluster: Cluster
    name: str

    def dsn(self, role: str) -> str:
        """Its address for a role: owner, app or superuser."""
        return self.cluster.dsn(role, self.name)

    async def execute(self, statements: str, role: str = "owner") -> None:
        """Runs statements as a role."""
        connection = await asyncpg.connect(self.dsn(role))
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    async def migrate_before(self, name: str) -> None:
        """Carries out the migrations that came before the one of this name."""
        known = migrations()
        before = [each.name for each in known].index(name)
        with (
            patch.object(sql.migrate, "migrations", lambda: known[:before]),
            patch.object(sql.migrate, "make_functions"),  # of statements that are of later
        ):
            await migrate(self.dsn("owner"))


@asynccontextmanager
async def an_empty_database(cluster: Cluster) -> AsyncIterator[EmptyDatabase]:
    """A new database of hub_owner's, dropped at the end."""
    name = f"empty_{next(_numbers)}"
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(f"create database {name} owner hub_owner strategy file_copy")
        try:
            yield EmptyDatabase(cluster, name)
        finally:
            await root.execute(f"drop database {name} with (force)")
    finally:
        await root.close()
