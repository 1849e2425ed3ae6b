# SPDX-License-Identifier: EUPL-1.2
"""Fills a database with the world: signals, nine tenths of it, in bulk; the other kinds by the
hub's own push. Indexes that no constraint needs are made at the end. `verify` shows that the rows
are those of real pushes.

Can be stopped at any moment: a gemeente's week is one transaction, and the keys of its pushes say
that it is there, so a second run goes on where the first one was.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import asyncpg

from hub.daily import run_daily, seal_logs
from hub.database import Addresses
from resolvers.numbers.publishing import publish_due
from resolvers.writes.push import push as hub_push
from schema.contributions import BY_KIND
from sql.ids import IdSource
from sql.migrate import migrate
from sql.session import Database
from tests.scale.bulk import push_signals
from tests.scale.scene import context_of, principal_of, set_scene
from tests.scale.world import NOW, PARTNERS, Gemeente, Push, Size

Report = Callable[[str], None]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LONG = 3600.0
"""Seconds that a statement may take here."""

NOT_OF_THE_HUB = """
create schema if not exists scale;
create table if not exists scale.indexes (definition text primary key);
"""

PUT_ASIDE = """
with plain as (
  select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
  from pg_index i
  where i.indrelid = any (
      array(select ('hub.' || k.table_name)::regclass from hub.contribution_kinds k)
      || array['hub.feed_items', 'hub.history', 'hub.receipt_rows']::regclass[])
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid)),
kept as (insert into scale.indexes select definition from plain)
select name from plain
"""

WEEKS_DONE = """
select count(*) from hub.receipts where gemeente = $1 and owner = $2 and dataset = $3
"""

OF_CONSTRAINTS = """
select i.indexrelid::regclass::text as name
from pg_index i join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid
where i.indrelid::regclass::text like 'hub.%' and pg_relation_size(i.indexrelid) > 1000000
order by pg_relation_size(i.indexrelid)
"""

PACKED = " with (fillfactor = 100)"
"""How indexes are made here: as dense as they can be."""


async def fill(addresses: Addresses, size: Size, report: Report) -> None:
    """Fills the database, or goes on filling it; its clock stands still at NOW afterwards."""
    await migrate(addresses.owner)
    root = await asyncpg.connect(addresses.superuser)
    pools = await _Pools.open(addresses)
    try:
        await _prepare(root)
        progress = Progress(size.records, report)
        for gemeente in size.all():
            await _live(root, pools, gemeente, progress)
            progress.told(gemeente)
        await _settle(root, pools, size, report)
    finally:
        await pools.close()
        await root.close()


def of_database(address: str, name: str) -> str:
    """The address of another database of the same server."""
    return re.sub(r"@/[^?]*\?", f"@/{name}?", address)


@dataclass(frozen=True)
class _Pools:
    """The ways in: as the owner, as who serves, as a superuser, and as one for whom neither
    triggers nor foreign keys are.
    """

    owner: Database
    app: Database
    root: Database
    bulk: Database

    @classmethod
    async def open(cls, addresses: Addresses) -> _Pools:
        superuser = addresses.superuser
        ways = (
            addresses.owner, addresses.app, superuser,
            superuser + "&session_replication_role=replica",
        )  # fmt: skip
        return cls(*[await Database.open(way, size=1, command_timeout=LONG) for way in ways])

    async def close(self) -> None:
        for pool in (self.bulk, self.root, self.app, self.owner):
            await pool.close()


@dataclass
class Progress:
    """Tells who waits how far it is: at most once in some seconds."""

    records: int
    report: Report
    every: float = 5.0
    done: int = 0
    fresh: int = 0
    _began: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    def came(self, rows: int) -> None:
        """So many rows were brought in just now."""
        self.fresh += rows

    def told(self, gemeente: Gemeente) -> None:
        """A gemeente is whole."""
        self.done += gemeente.records
        now = time.monotonic()
        if now - self._told >= self.every or self.done >= self.records:
            self._told = now
            rate = self.fresh / (now - self._began)
            left = (self.records - self.done) / rate / 60 if rate else 0
            self.report(
                f"{gemeente.code}: {self.done:,} of {self.records:,} records,"
                f" {rate:,.0f} per second, {left:.0f} min left"
            )


async def _prepare(root: Connection) -> None:
    await root.execute(NOT_OF_THE_HUB)
    async with root.transaction():
        for row in await root.fetch(PUT_ASIDE):
            await root.execute(f"drop index {row['name']}")


async def _weeks_done(root: Connection, gemeente: Gemeente) -> int:
    """How many weeks of a gemeente are there."""
    first = PARTNERS[0]
    weeks: int = await root.fetchval(
        WEEKS_DONE, gemeente.code, gemeente.organisation(first.name), first.delivers[0].dataset
    )
    return weeks


async def _live(root: Connection, pools: _Pools, gemeente: Gemeente, progress: Progress) -> None:
    """A gemeente's weeks: its scene, and then week after week of deliveries."""
    ids, done = IdSource(), await _weeks_done(root, gemeente)
    for week in range(max(done - 1, 0), gemeente.size.weeks):
        async with pools.owner.administration() as session:
            await session.fetch("clock_set", gemeente.moment(week), None)
        if week == 0:
            await set_scene(pools.owner, pools.app, ids, gemeente)
        if week >= done:
            progress.came(await _deliver(pools, ids, gemeente, week))
        await pools.app.call("daily_cut_feed", gemeente.code)


async def _deliver(pools: _Pools, ids: IdSource, gemeente: Gemeente, week: int) -> int:
    """What comes in in a week, and how many rows that were. Signals come last: they say that the
    week is there.
    """
    pushes = [push for push in gemeente.pushes(week) if push.rows]
    for push in pushes:
        if push.kind != "SIGNAL":
            await deliver(pools.root, ids, gemeente, push)
    signals = [push for push in pushes if push.kind == "SIGNAL"]
    async with pools.bulk.administration() as session:
        await push_signals(await session._begun(), ids, gemeente, gemeente.moment(week), signals)
    return sum(len(push.rows) for push in pushes)


async def deliver(pool: Database, ids: IdSource, gemeente: Gemeente, push: Push) -> None:
    """A delivery as the hub carries it out, once."""
    principal = principal_of(gemeente, push.partner)
    async with pool.session(principal, read_only=False) as session:
        context = context_of(session, principal, ids)
        given = {"dataset": push.dataset, "idempotency_key": push.key}
        receipt = await hub_push(context, BY_KIND[push.kind].kind, given, push.rows)
    if [each["outcome"] for each in receipt["summary"]] != ["CREATED"]:
        raise RuntimeError(f"{push.key}: {receipt}")


async def _settle(root: Connection, pools: _Pools, size: Size, report: Report) -> None:
    """What comes after: indexes, what the daily work does, and statistics as after a night's
    rest.
    """
    await root.execute("set maintenance_work_mem = '1GB'")
    for row in await root.fetch("select definition from scale.indexes order by definition"):
        definition = row["definition"]
        with timed(report, definition.split(" USING ")[0].lower()):
            async with root.transaction():
                await root.execute(_packed(definition))
                if " USING btree " in definition:
                    name = definition.split(" ON ")[0].split()[-1]
                    await root.execute(f"alter index hub.{name} reset (fillfactor)")
                await root.execute("delete from scale.indexes where definition = $1", definition)
    with timed(report, "packing the indexes of constraints"):
        for [name] in await root.fetch(OF_CONSTRAINTS):
            await root.execute(f"alter index {name} set (fillfactor = 100)")
            await root.execute(f"reindex index {name}")
            await root.execute(f"alter index {name} reset (fillfactor)")
    await root.execute("drop schema scale cascade")
    # The bulk went past the triggers that keep them.
    with timed(report, "rollups"):
        for row in await root.fetch("select gemeente, id from hub.organisations order by 1, 2"):
            async with pools.owner.administration() as session:
                await session.fetch("rollups_rebuild", row["gemeente"], row["id"])
    async with pools.owner.administration() as session:
        await session.fetch("clock_set", NOW, None)
    gemeenten = [gemeente.code for gemeente in size.all()]
    with timed(report, "daily work"):
        await run_daily(pools.app, gemeenten)
        await seal_logs(pools.app, gemeenten)
    with timed(report, "vacuum"):
        await root.execute("vacuum (analyze, freeze)")
    with timed(report, "publishing"):
        for code in gemeenten[: size.published]:
            await publish_due(pools.owner, gemeente=code)
    await root.execute("analyze hub.editions, hub.edition_cells, hub.edition_parts")
    await root.execute("checkpoint")


def _packed(definition: str) -> str:
    """The definition of an index, to be made without room for more."""
    if " USING btree " not in definition:
        return definition
    head, where, condition = definition.partition(" WHERE ")
    return head + PACKED + where + condition


@contextmanager
def timed(report: Report, what: str) -> Iterator[None]:
    """Tells what was done, and how long it took."""
    began = time.monotonic()
    yield
    report(f"{what}: {time.monotonic() - began:.1f} s")
