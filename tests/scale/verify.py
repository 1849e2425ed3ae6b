# SPDX-License-Identifier: EUPL-1.2
"""Shows that a filled database holds what pushes would have made.

Of a sample of gemeenten every delivery is pushed again, by the hub's own push as the serving role,
into a second, empty database; then all rows of the gemeente in all tables are compared. Ids that
are random are replaced by what they are ids of. Of the whole, the rules that the fill went past
(foreign keys, one line of history and one item of the feed per record) are asked of every row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub.daily import fold_rollups, run_daily, seal_logs
from hub.database import Addresses
from resolvers.numbers.publishing import publish_due
from sql.ids import IdSource
from sql.migrate import migrate
from sql.session import Database
from tests.scale.fill import Connection, Report, deliver, of_database, timed
from tests.scale.scene import set_scene
from tests.scale.world import NOW, Gemeente, Size

PUSHED = "scale_pushed"
"""The name of the second database; it is made, and dropped afterwards."""

RANDOM = {
    "audit_log": ("id", "xid"),
    "feed_items": ("id", "reduced_id", "xid", "seq"),
    "feed_batches": ("from_xid", "until_xid"),
    "grants": ("shows",),
    "agreements": ("proposed_in",),
    "seals": ("until_xid", "until_entry", "root"),
    "sealed_entries": ("place", "entry", "digest", "salt", "person_salt"),
}
"""Columns that are random, or say in which transaction something happened, or in no order."""

BESIDES = {
    "feed_items": "jsonb_build_object('batch', (select b.number from hub.feed_batches b"
    " where b.gemeente = t.gemeente and t.xid >= b.from_xid and t.xid < b.until_xid))",
    "grants": "jsonb_build_object('shows', array(select unnest(t.shows) order by 1))",
}
"""What is compared in their place."""

NOT_OF_DELIVERIES = frozenset({"tokens"})

TABLES = """
select c.relname from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'gemeente'
where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p') order by c.relname
"""

FOREIGN_KEYS = """
select c.conname::text as name, c.conrelid::regclass::text as of, c.confrelid::regclass::text as to,
  (select array_agg(quote_ident(a.attname) order by k.place) from unnest(c.conkey) with ordinality k(column_, place)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.column_) as columns,
  (select array_agg(quote_ident(a.attname) order by k.place) from unnest(c.confkey) with ordinality k(column_, place)
    join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.column_) as others
from pg_constraint c where c.contype = 'f' and c.connamespace = 'hub'::regnamespace
order by 2, 1
"""  # noqa: E501 -- a query stands as it is

PER_RECORD = """
select 'hub.{table}: a record without its line in the history' as what, count(*) from hub.{table} s
where not exists (select from hub.history h
  where (h.gemeente, h.owner, h.record, h.version) = (s.gemeente, s.owner, s.id, 1) and h.change = 'CREATED')
union all
select 'hub.{table}: a record without its item in the feed', count(*) from hub.{table} s
where not exists (select from hub.feed_items f
  where f.gemeente = s.gemeente and f.record = s.id and f.owner = s.owner and f.slice = s.slice)
union all
select 'hub.{table}: a record without its row in a receipt', count(*) from hub.{table} s
where not exists (select from hub.receipt_rows r
  where (r.gemeente, r.owner, r.record) = (s.gemeente, s.owner, s.id) and r.outcome = 'CREATED')
union all
select 'hub.{table}: a record of a slice that is not known', count(*) from hub.{table} s
where not exists (select from hub.slices l where (l.gemeente, l.owner, l.id) = (s.gemeente, s.owner, s.slice))
"""  # noqa: E501 -- a query stands as it is

AS_MANY = """
select 'hub.history: a line about no record',
  (select count(*) from hub.history) - {records} as count
union all
select 'hub.receipt_rows: a row about no record',
  (select count(*) from hub.receipt_rows) - {records}
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows that are there in one of the databases alone: of which table, how many, an example."""

    table: str
    filled: int
    pushed: int
    example: str

    def __str__(self) -> str:
        return (
            f"{self.table}: {self.filled} rows in the filled database alone,"
            f" {self.pushed} in the pushed one: {self.example[:500]}"
        )


async def verify(
    addresses: Addresses, size: Size, sample: Sequence[int], report: Report
) -> list[str]:
    """What is not as pushes would have made it; nothing when all is."""
    root = await asyncpg.connect(addresses.superuser, command_timeout=None)
    try:
        faults = await broken_rules(root, report)
        await root.execute(f"drop database if exists {PUSHED} with (force)")
        await root.execute(f"create database {PUSHED} owner hub_owner")
        try:
            for gemeente in size.all():
                if gemeente.number in sample:
                    with timed(report, f"{gemeente.code}: pushed and compared"):
                        await _push_all(addresses, gemeente)
                        faults += map(str, await _compare(addresses, root, gemeente))
        finally:
            await root.execute(f"drop database if exists {PUSHED} with (force)")
    finally:
        await root.close()
    return faults


def _other(address: str) -> str:
    return of_database(address, PUSHED)


async def _push_all(addresses: Addresses, gemeente: Gemeente) -> None:
    """The gemeente's life in the second database, through the hub's own push."""
    await migrate(_other(addresses.owner))
    owner = await Database.open(_other(addresses.owner), size=1, command_timeout=3600)
    app = await Database.open(_other(addresses.app), size=2, command_timeout=600)
    ids = IdSource()
    try:
        for week in range(gemeente.size.weeks):
            async with owner.administration() as session:
                await session.fetch("clock_set", gemeente.moment(week), None)
            if week == 0:
                await set_scene(owner, app, ids, gemeente)
            for push in gemeente.pushes(week):
                if push.rows:
                    await deliver(app, ids, gemeente, push)
            await app.call("daily_cut_feed", gemeente.code)
        async with owner.administration() as session:
            await session.fetch("clock_set", NOW, None)
        await run_daily(app, [gemeente.code])
        await fold_rollups(app, [gemeente.code])
        await seal_logs(app, [gemeente.code])
        if gemeente.number < gemeente.size.published:
            await publish_due(owner, gemeente=gemeente.code)
    finally:
        await app.close()
        await owner.close()


async def _compare(
    addresses: Addresses, filled: Connection, gemeente: Gemeente
) -> list[Difference]:
    pushed = await asyncpg.connect(_other(addresses.superuser))
    try:
        names = [await _names(one, gemeente.code) for one in (filled, pushed)]
        found = []
        for [table] in await pushed.fetch(TABLES):
            if table not in NOT_OF_DELIVERIES:
                ours, theirs = [
                    await _rows(one, table, gemeente.code, known)
                    for one, known in zip((filled, pushed), names, strict=True)
                ]
                if ours != theirs:
                    alone, missing = ours - theirs, theirs - ours
                    example = next(iter([*alone, *missing]))
                    found.append(Difference(table, alone.total(), missing.total(), example))
        return found
    finally:
        await pushed.close()


async def _names(connection: Connection, code: str) -> dict[str, str]:
    """What every id that is random is the id of."""
    kinds = await connection.fetch("select table_name from hub.contribution_kinds")
    questions = [*_NAMES, *(_NAMES_OF_RECORDS.format(table=table) for [table] in kinds)]
    return {id_: name for each in questions for id_, name in await connection.fetch(each, code)}


_NAMES = (
    """
    select r.id::text, format('receipt of %s in %s on %s', r.owner, r.dataset, r.at)
    from hub.receipts r where r.gemeente = $1
    """,
    "select a.id::text, 'agreement ' || a.title from hub.agreements a where a.gemeente = $1",
)
_NAMES_OF_RECORDS = """
select s.id::text, format('record of %s in %s: %s', s.owner, s.dataset, s.external_id)
from hub.{table} s where s.gemeente = $1
"""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


async def _rows(
    connection: Connection, table: str, code: str, names: Mapping[str, str]
) -> Counter[str]:
    """The rows of a gemeente without what is random, each as a text."""
    hidden = list(RANDOM.get(table, ()))
    besides = BESIDES.get(table, "'{}'")
    rows = await connection.fetch(
        f"select (to_jsonb(t) - $2::text[] || {besides})::text"
        f" from hub.{table} t where t.gemeente = $1",
        code,
        hidden,
    )
    return Counter(_ID.sub(lambda found: names.get(found[0], found[0]), text) for [text] in rows)


async def broken_rules(root: Connection, report: Report) -> list[str]:
    """Which rules do not hold of some row, in the whole database."""
    faults = []
    kinds = [table for [table] in await root.fetch("select table_name from hub.contribution_kinds")]
    checks = [PER_RECORD.format(table=table) for table in kinds]
    records = " - ".join(f"(select count(*) from hub.{table})" for table in kinds)
    checks.append(AS_MANY.format(records=records))
    checks += [_foreign_key(row) for row in await root.fetch(FOREIGN_KEYS)]
    with timed(report, "rules of every row"):
        for check in checks:
            for what, count in await root.fetch(check):
                if count:
                    faults.append(f"{what}: {count}")
    return faults


def _foreign_key(row: Any) -> str:
    pairs = zip(row["columns"], row["others"], strict=True)
    same = " and ".join(f"t.{other} = s.{column}" for column, other in pairs)
    whole = " and ".join(f"s.{column} is not null" for column in row["columns"])
    return (
        f"select '{row['of']}: {row['name']}', count(*) from {row['of']} s"
        f" where {whole} and not exists (select from {row['to']} t where {same})"
    )
