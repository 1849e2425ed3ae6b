# SPDX-License-Identifier: EUPL-1.2
"""What an answer leaves behind: the rows of one that nothing needs any more are gone at once, and
do not wait for the garbage collector, who would stop everybody to find those of many.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiodataloader import DataLoader
from asyncpg import Record

import resolvers.loaders
from sql.session import Session
from tests.conftest import World
from tests.golden.test_golden import GOLDEN, OPERATIONS

pytestmark = pytest.mark.anyio

HELD = (Record, DataLoader, Session)
OVERVIEW = ("0c_overview", "wijkregisseur", {"week": "2026-W47"})


@contextmanager
def collected() -> Iterator[Counter[str]]:
    """What is garbage at the end of the block, by type: of what an operation holds."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.update(type(each).__name__ for each in gc.garbage if isinstance(each, HELD))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def left_by(
    world: World, operation: str, partner: str, variables: dict[str, Any]
) -> Counter[str]:
    query = (OPERATIONS / f"{operation}.graphql").read_text("utf-8")
    with collected() as found:
        await world.partner(partner).answer(query, variables)
    return found


@pytest.mark.parametrize(
    ("operation", "partner", "variables"), GOLDEN, ids=[f"{o}.{p}" for o, p, _ in GOLDEN]
)
async def test_an_answer_leaves_nothing_to_the_collector(
    golden: World, operation: str, partner: str, variables: dict[str, Any]
) -> None:
    assert await left_by(golden, operation, partner, variables) == {}


async def test_a_loader_that_holds_itself_is_found(
    golden: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def circular(fetch: Any) -> DataLoader[Any, Any]:
        loader: Any = DataLoader(fetch)
        loader.itself = loader
        return loader  # type: ignore[no-any-return]

    monkeypatch.setattr(resolvers.loaders, "DataLoader", circular)
    assert (await left_by(golden, *OVERVIEW))["Record"] > 0
