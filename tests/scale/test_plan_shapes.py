# SPDX-License-Identifier: EUPL-1.2
"""Every statement finds what it reads by an index, under row-level security, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from hub.database import Addresses
from sql.statements import statements
from tests.agreement.test_statements import role_of
from tests.scale.arguments import ELSEWHERE
from tests.scale.conftest import SHAPES
from tests.scale.plans import Seen, look
from tests.scale.world import DENSE, MIDDLING, SPARSE

pytestmark = pytest.mark.anyio

OF_A_WIJK = "signals_wijk_seen_on_id_idx"
OF_A_SLICE = "signals_gemeente_slice_seen_on_id_idx"


@pytest.fixture(scope="module")
async def seen(shapes: Addresses) -> Seen:
    """Every statement, looked at once."""
    return await look(shapes, SHAPES, lambda _: None, small=True)


async def test_every_statement_of_the_serving_role_is_looked_at(seen: Seen) -> None:
    served = {
        name
        for name, statement in statements().items()
        if role_of(statement) == "app" and not name.startswith("catalog_")
    }
    assert served - seen.statements == set(ELSEWHERE)


async def test_no_statement_reads_more_than_it_needs(seen: Seen) -> None:
    assert seen.unexpected() == []


async def test_where_all_of_a_wijk_is_shared_its_index_is_walked(shapes: Addresses) -> None:
    found = await look(shapes, SHAPES, lambda _: None, small=True, only={"signals_total"})
    assert OF_A_WIJK in found.indexes["signals_total", DENSE]
    assert OF_A_SLICE not in found.indexes["signals_total", DENSE]


@pytest.mark.parametrize("asker", [MIDDLING, SPARSE])
async def test_where_some_is_shared_reading_starts_at_the_grants(
    shapes: Addresses, asker: str
) -> None:
    found = await look(shapes, SHAPES, lambda _: None, small=True, only={"signals_total"})
    assert OF_A_SLICE in found.indexes["signals_total", asker]
    assert OF_A_WIJK not in found.indexes["signals_total", asker]


@asynccontextmanager
async def planted(addresses: Addresses, fault: str, mended: str) -> AsyncIterator[None]:
    """A fault in the database, for a while."""
    root = await asyncpg.connect(addresses.superuser)
    try:
        await root.execute(fault)
        yield
    finally:
        await root.execute(mended)
        await root.close()


DROPPED = {
    OF_A_SLICE: ("signals_newest", "hub.signals (gemeente, slice, seen_on desc, id desc)"),
    "signals_gemeente_owner_wijk_seen_on_id_idx": (
        "signals_newest",
        "hub.signals (gemeente, owner, wijk, seen_on desc, id desc)",
    ),
    "feed_items_slice": ("feed_of_wijken", "hub.feed_items (gemeente, slice, xid, seq)"),
}


@pytest.mark.parametrize("index", DROPPED)
async def test_an_index_that_is_gone_is_found(shapes: Addresses, index: str) -> None:
    statement, definition = DROPPED[index]
    fault, mended = f"drop index hub.{index}", f"create index {index} on {definition}"
    async with planted(shapes, fault, mended):
        found = await look(shapes, SHAPES, lambda _: None, small=True, only={statement})
    assert any(line.startswith(f"{statement} ") for line in found.unexpected())
