# SPDX-License-Identifier: EUPL-1.2
"""A world for checks that store nothing, shared by the examples of a property."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Cluster, World, a_world


@pytest.fixture(scope="session")
async def shared(cluster: Cluster, anyio_backend: str) -> AsyncIterator[World]:
    """The scene, in one database for all examples."""
    async with a_world(cluster) as made:
        yield made
