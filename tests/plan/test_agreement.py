# SPDX-License-Identifier: EUPL-1.2
"""The plan and the reference executor answer the same bytes, whatever is asked."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Cluster
from tests.isolation.covered import Covered
from tests.plan.compared import asked, whole
from tests.plan.scene import Both, both_executors

pytestmark = pytest.mark.anyio

# Each is asked again with other choices when it has some: more than 1,000 operations in all.
SIZE = int(os.environ.get("PLAN_OPERATIONS", "700"))


@pytest.fixture(scope="module")
async def both(cluster: Cluster, anyio_backend: str) -> AsyncIterator[Both]:
    """The two executors over one populated world."""
    async with both_executors(cluster) as made:
        yield made


async def test_operations_made_from_the_schema_are_answered_alike(both: Both) -> None:
    counts = whole(await asked(both, range(SIZE), Covered()))
    assert counts["operations in both executors"] > 1.4 * SIZE
