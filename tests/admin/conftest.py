# SPDX-License-Identifier: EUPL-1.2
"""A world in which partners have agreed, delivered, read and published, made once for a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Cluster, World, a_world
from tests.golden.town import OOSTERHEEM, live

READ = "query($wijk: String!) { wijk(code: $wijk) { signals(first: 50) { nodes { id } } } }"


@pytest.fixture(scope="module")
async def lived(cluster: Cluster, anyio_backend: str) -> AsyncIterator[World]:
    """Two weeks of the demo's partners: agreements, deliveries, feed, editions, a read ledger. Who
    changes it puts it back.
    """
    async with a_world(cluster) as made:
        await live(made)
        await made.partner("buurtwerk").ask(READ, {"wijk": OOSTERHEEM})
        yield made
