# SPDX-License-Identifier: EUPL-1.2
"""Databases in which a small country is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from hub.database import Addresses
from tests.conftest import Cluster
from tests.scale.fill import fill, of_database
from tests.scale.world import Size

SHAPES = Size.of(12_000, 3, weeks=4, published=0)
"""Enough that a step which reads a wijk to find a slice is seen to."""


@asynccontextmanager
async def a_database(cluster: Cluster, name: str) -> AsyncIterator[Addresses]:
    """An empty database of the cluster; dropped at the end."""
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(f"create database {name} owner hub_owner")
        addresses = cluster.addresses
        yield replace(
            addresses,
            owner=of_database(addresses.owner, name),
            app=of_database(addresses.app, name),
            superuser=of_database(addresses.superuser, name),
        )
    finally:
        await root.execute(f"drop database if exists {name} with (force)")
        await root.close()


@pytest.fixture(scope="module")
async def shapes(cluster: Cluster, anyio_backend: str) -> AsyncIterator[Addresses]:
    """A filled database, whose plans are looked at; its tests leave it as it is."""
    async with a_database(cluster, "scale_shapes") as addresses:
        await fill(addresses, SHAPES, lambda _: None)
        yield addresses
