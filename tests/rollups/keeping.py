# SPDX-License-Identifier: EUPL-1.2
"""What the tests of rollups ask: whether what is kept is what there is, and whether a total is what
one can page through.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg

from sql.statements import statements
from tests.conftest import World
from tests.isolation.play import identify

GEMEENTE = "GM0637"

TOTALS = """query($filter: SignalFilter) {
  wijken { signals(first: 100, filter: $filter) {
    total nodes { id owner { id } } pageInfo { hasNextPage } } }
  mySlice { signals(first: 100, filter: $filter) { total nodes { id } pageInfo { hasNextPage } } }
}"""

COUNTED = """
select k.id as wijk, s.owner, s.agreement, s.hidden, count(*)::int as records
from hub.wijken k
cross join lateral hub.{table}_newest(k.id, $1::uuid, $2::text[], null, null, null, null,
  $3::boolean, null, null, null, null) s
where k.gemeente = hub.gemeente()
group by k.id, s.owner, s.agreement, s.hidden"""
"""What one door gives, record by record, for the filters that totals know."""


async def wrong(world: World) -> list[Any]:
    """Where what is kept of anybody is not what there is, as the doctor asks it."""
    async with world.owner() as owner, owner.inspection() as session:
        return await session.fetch("rollups_wrong_anywhere")


async def fold(world: World, slices: int = 1000) -> bool:
    """Folds the changes of some slices, as the hub does each minute; whether there may be more."""
    [row] = await world.database.call("fold_rollups", GEMEENTE, slices)
    more: bool = row["more"]
    return more


async def page_through(world: World, token: str, wanted: dict[str, Any]) -> int:
    """Compares each total that a partner gets with what it can page through; gives their sum."""
    found = await world.partner(token).ask(TOTALS, {"filter": wanted})
    pages = [*(wijk["signals"] for wijk in found["wijken"]), found["mySlice"]["signals"]]
    for page in pages:
        assert not page["pageInfo"]["hasNextPage"], "a test has too many records to tell"
        assert page["total"] == len(page["nodes"]), (token, wanted)
    return sum(page["total"] for page in pages)


async def compare_tallies(
    connection: asyncpg.Connection[asyncpg.Record], asker: Any, table: str = "signals"
) -> int:
    """Compares what is added up for an asker with what counting gives, by wijk, owner, agreement
    and what that hides: what the read ledger gets. How many such groups of others there are.
    """
    others = 0
    async with connection.transaction():
        await identify(connection, GEMEENTE, asker)
        wijken = [row["id"] for row in await connection.fetch("select id from hub.wijken")]
        for owner, categories, closed in (
            (None, None, None),
            (None, None, True),
            (None, ["NOISE"], None),
            (None, ["NOISE", "LITTER"], False),
            (asker, None, None),
        ):
            counted = await connection.fetch(COUNTED.format(table=table), owner, categories, closed)
            rest = (None, None, None, None)
            added = await connection.fetch(
                statements()[f"{table}_total"].text,
                *(wijken, owner, categories, *rest, closed, None),
            )
            assert _tally(added, "key") == _tally(counted, "wijk")
            others += sum(row["agreement"] is not None for row in counted)
    return others


def _tally(rows: list[Any], wijk: str) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if row["records"]:
            key = (row[wijk], row["owner"], row["agreement"], *row["hidden"])
            assert key not in found, "a group is there twice"
            found[key] = row["records"]
    return found
