# SPDX-License-Identifier: EUPL-1.2
"""What tests of agreement start from."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.agreement.databases import EmptyDatabase, an_empty_database
from tests.conftest import Cluster


@pytest.fixture
async def empty(cluster: Cluster, anyio_backend: str) -> AsyncIterator[EmptyDatabase]:
    """A database in which nothing was done yet."""
    async with an_empty_database(cluster) as made:
        yield made
