# SPDX-License-Identifier: EUPL-1.2
"""What is filled in bulk is what pushes would have made, and what is not is found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from hub.database import Addresses
from tests.conftest import Cluster
from tests.scale.conftest import a_database
from tests.scale.fill import fill
from tests.scale.verify import broken_rules, verify
from tests.scale.world import Size

pytestmark = pytest.mark.anyio

SIZE = Size.of(3_000, 2, weeks=3, published=0)


class Stopped(Exception):
    """Somebody stopped the command."""


@pytest.fixture(scope="module")
async def filled(cluster: Cluster, anyio_backend: str) -> AsyncIterator[Addresses]:
    """A small country, filled in two goes."""

    def stop(_: str) -> None:
        raise Stopped

    async with a_database(cluster, "scale_filled") as addresses:
        with pytest.raises(Stopped):
            await fill(addresses, SIZE, stop)
        await fill(addresses, SIZE, lambda _: None)
        yield addresses


async def test_a_fill_that_was_stopped_goes_on_and_equals_pushes(filled: Addresses) -> None:
    assert await verify(filled, SIZE, [0, 1], lambda _: None) == []


FAULTS = {
    "delete from hub.history where ctid = (select min(ctid) from hub.history)": "history",
    "delete from hub.feed_items where ctid = (select min(ctid) from hub.feed_items where record is not null)": "feed",  # noqa: E501 -- a statement stands as it is
    "delete from hub.receipt_rows where ctid = (select min(ctid) from hub.receipt_rows)": "receipt",
    "delete from hub.slices where ctid = (select min(ctid) from hub.slices)": "slice",
    "update hub.signals set buurt = hub.new_id() where ctid = (select min(ctid) from hub.signals)": "buurt",  # noqa: E501 -- a statement stands as it is
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_row_that_is_missing_or_wrong_is_found(filled: Addresses, fault: str) -> None:
    root = await asyncpg.connect(
        filled.superuser, server_settings={"session_replication_role": "replica"}
    )
    try:
        transaction = root.transaction()
        await transaction.start()
        await root.execute(fault)
        found = await broken_rules(root, lambda _: None)
        await transaction.rollback()
    finally:
        await root.close()
    assert any(FAULTS[fault] in line for line in found)
