# SPDX-License-Identifier: EUPL-1.2
"""How long reading takes on a filled database: one's own records beside what others share, the
first page beside the last, for who may see everything, some, almost nothing.

Each is the hub's own statement as the serving role, in a transaction with its identity, in turns
(A, B, …, B, A); of each the time under which a tenth of the rounds stayed, which says what it costs
where others use the machine too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub.database import Addresses
from sql.session import Database
from tests.benchmarks.client import there_and_back
from tests.scale.scene import principal_of
from tests.scale.world import DENSE, MIDDLING, SPARSE, Gemeente, Size

ROUNDS = 60
PAGES = (("5 of 12 wijken", 12, 5), ("20 of one", 1, 20), ("100 of one", 1, 100))

BYTES = """
select c.relname, c.reltuples::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid) from pg_class c
where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' and c.reltuples > 0
order by pg_total_relation_size(c.oid) desc limit 12
"""


@dataclass(frozen=True, slots=True)
class Read:
    """One statement with its arguments, by a name."""

    name: str
    statement: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A read: how many rows it gave, and its milliseconds in a good round."""

    asker: str
    pages: str
    name: str
    rows: int
    milliseconds: float


async def measure(addresses: Addresses, size: Size, rounds: int = ROUNDS) -> list[Measured]:
    """Every read, for three partners of the first gemeente."""
    gemeente = Gemeente(size, 0)
    app = await Database.open(addresses.app, size=1, command_timeout=600)
    found: list[Measured] = []
    try:
        for asker in (DENSE, MIDDLING, SPARSE):
            for pages, wijken, n in PAGES:
                reads = [one async for one in _reads(app, gemeente, asker, wijken, n)]
                found += await _in_turns(app, gemeente, asker, pages, reads, rounds)
    finally:
        await app.close()
    return found


async def _reads(app: Database, gemeente: Gemeente, asker: str, wijken: int, n: int) -> Any:
    """One's own and all that one sees of wijken, and of these the first and the last full page."""
    ids = [wijk.id for wijk in gemeente.wijken[:wijken]]
    own = gemeente.organisation(asker)
    for name, owner in (("own", own), ("all", None)):
        filters = (ids, owner, *[None] * 7)
        yield Read(name, "signals_newest", (*filters, None, None, n))
        if wijken == 1:
            async with app.session(principal_of(gemeente, asker)) as session:
                rows = await session.fetch("signals_newest", *filters, None, None, None)
            if len(rows) > 2 * n:
                last = rows[-n - 1]
                after = (last["day"], last["id"])
                yield Read(f"{name}, last page", "signals_newest", (*filters, *after, n))


async def _in_turns(
    app: Database, gemeente: Gemeente, asker: str, pages: str, reads: list[Read], rounds: int
) -> list[Measured]:
    spent: dict[str, list[float]] = {read.name: [] for read in reads}
    rows: dict[str, int] = {}
    for order in there_and_back(rounds, reads):
        for read in order:
            async with app.session(principal_of(gemeente, asker)) as session:
                began = time.perf_counter()
                rows[read.name] = len(await session.fetch(read.statement, *read.arguments))
                spent[read.name].append(time.perf_counter() - began)
    return [
        Measured(asker, pages, name, rows[name], sorted(times)[len(times) // 10] * 1000)
        for name, times in spent.items()
    ]


def table(measured: list[Measured]) -> Iterator[str]:
    """The numbers, a line per read, each beside one's own first page."""
    own = {(one.asker, one.pages): one.milliseconds for one in measured if one.name == "own"}
    yield f"{'asker':<10} {'pages':<16} {'read':<16} {'rows':>5} {'ms':>7} {'× own':>6}"
    for one in measured:
        ratio = one.milliseconds / own[one.asker, one.pages]
        yield (
            f"{one.asker:<10} {one.pages:<16} {one.name:<16} {one.rows:>5}"
            f" {one.milliseconds:>7.2f} {ratio:>6.2f}"
        )


async def bytes_of(addresses: Addresses) -> list[str]:
    """What the database and its largest tables take."""
    root = await asyncpg.connect(addresses.superuser)
    try:
        whole = await root.fetchval("select pg_database_size('hub')")
        rows = await root.fetch(BYTES)
    finally:
        await root.close()
    return [f"{whole / 1e9:.2f} GB"] + [
        f"{name:<24} {rows:>12,} rows {table / rows:>6.0f} + {indexes / rows:>4.0f} bytes per row"
        for name, rows, table, indexes in rows
    ]
