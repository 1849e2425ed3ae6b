# SPDX-License-Identifier: EUPL-1.2
"""An empty database with all migrations, for proofs that make their own worlds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from sql.migrate import migrate
from tests.conftest import Cluster
from tests.isolation.play import Connection


@dataclass(frozen=True, slots=True)
class Bench:
    """A database of a module's own, with a connection for each role that the proofs act as."""

    runner: asyncio.Runner
    superuser: Connection
    owner: Connection
    app: Connection


@pytest.fixture(scope="module")
def bench(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """An empty, migrated database of the module's own."""
    with a_bench(cluster, "isolation_" + request.module.__name__.rpartition(".")[2]) as made:
        yield made


@contextmanager
def a_bench(cluster: Cluster, name: str) -> Iterator[Bench]:
    """An empty, migrated database; a runner, because a property runs its examples one after the other."""  # noqa: E501
    with asyncio.Runner() as runner:
        root = runner.run(asyncpg.connect(cluster.addresses.superuser))
        runner.run(root.execute(f"create database {name} owner hub_owner"))
        runner.run(migrate(cluster.dsn("owner", name)))
        roles = ("superuser", "owner", "app")
        connections = [runner.run(asyncpg.connect(cluster.dsn(role, name))) for role in roles]
        try:
            yield Bench(runner, *connections)
        finally:
            for connection in connections:
                runner.run(connection.close())
            runner.run(root.execute(f"drop database {name} with (force)"))
            runner.run(root.close())
