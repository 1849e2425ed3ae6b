# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""After a run of retention there is left exactly what a model of the terms says, which knows nothing of SQL; and whatever of the
functions that delete is loosened, a row too many goes, or one too few, and the model finds it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.isolation.conftest import Bench
from tests.isolation.play import Connection, named

TODAY = date(2026, 11, 23)
OWNERS = (named("retention", "owner", 0), named("retention", "owner", 1))
WIJK = named("retention", "wijk")
COUNTABLE = date(2026, 5, 25) - timedelta(days=91)
"""Numbers of the 26 weeks before this one, and of quarters that end in them, may still be published."""

Terms: TypeAlias = dict[tuple[str, str], int]
TERMS: Terms = {
    ("SIGNAL", "OPEN"): 300, ("SIGNAL", "CLOSED"): 400, ("SIGNAL", "CANCELLED"): 310, ("SIGNAL", "EXACT"): 100,
    ("POLICE_NOTICE", "OPEN"): 90, ("POLICE_NOTICE", "CLOSED"): 60, ("POLICE_NOTICE", "EXACT"): 30,
    ("HOUSING_PROJECT", "OPEN"): 500, ("HOUSING_PROJECT", "CLOSED"): 510, ("HOUSING_PROJECT", "CANCELLED"): 365,
    ("HOUSING_PROJECT", "EXACT"): 200, ("RECEIPT", "ALL"): 365, ("HISTORY", "TEXT"): 365, ("HISTORY", "ALL"): 1826,
    ("TOMBSTONE", "TEXT"): 365, ("TOMBSTONE", "ALL"): 1826, ("FEED", "ALL"): 1096, ("LEDGER", "ALL"): 1826,
    ("DELIVERY", "ALL"): 1826,
}  # fmt: skip
"""What the controller of the tests' gemeente set, and the defaults of the rest."""
SET = {key: days for key, days in TERMS.items() if key[0] in ("SIGNAL", "POLICE_NOTICE", "HOUSING_PROJECT")
       and key != ("HOUSING_PROJECT", "CANCELLED") and key != ("POLICE_NOTICE", "EXACT")
       and key != ("POLICE_NOTICE", "OPEN")}  # fmt: skip
EDGES = sorted({0, 260, *(days + more for days in TERMS.values() for more in (-1, 0, 1))})


# -- the model


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its days as so many days ago, and what it holds."""

    kind: str
    id: UUID
    owner: UUID
    recorded: int
    day: int
    changed: int
    closed: int | None
    status: str | None
    content: str | None

    @property
    def state(self) -> str:
        if self.status == "CANCELLED":
            return "CANCELLED"
        return "CLOSED" if self.status == "DONE" or self.closed is not None else "OPEN"

    @property
    def age(self) -> int:
        """For how many days its state's term has run."""
        if self.state == "OPEN":
            return min(self.recorded, self.day)
        return self.changed if self.closed is None else self.closed

    def goes(self, terms: Terms) -> bool:
        may_count = self.kind == "SIGNAL" and TODAY - timedelta(days=self.day) >= COUNTABLE
        return self.age >= terms[self.kind, self.state] and not may_count

    def left(self, terms: Terms) -> Record | None:
        """What is left of it; its content is a word, and None or 'vervallen' once it is less exact."""
        if self.goes(terms):
            return None
        if min(self.recorded, self.day) >= terms[self.kind, "EXACT"]:
            empty = "vervallen" if self.kind == "HOUSING_PROJECT" else None
            return Record(*(getattr(self, name) for name in self.__slots__[:-1]), content=empty)
        return self

    def changes(self, terms: Terms) -> bool:
        return self.left(terms) != self


@dataclass(frozen=True, slots=True)
class Log:
    """A row of what the hub remembers, so many days old."""

    table: str
    owner: UUID
    id: UUID
    age: int
    record: UUID | None = None
    held: bool = False
    """A receipt that an undo points to which stays; of other tables it means nothing."""


@dataclass(slots=True)
class Rows:
    """A gemeente's rows."""

    records: list[Record] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)


def expected(rows: Rows, terms: Terms) -> dict[str, Any]:
    """What is left, by table, as `found` reads it."""
    records = {each.id: each for each in rows.records}
    left: dict[str, Any] = {
        "records": {
            (each.kind, each.owner, each.id): after.content
            for each in rows.records
            if (after := each.left(terms)) is not None
        },
        "stones": {(each.owner, each.id) for each in rows.records if each.goes(terms)},
    }
    for table, kind in (
        ("tombstones", "TOMBSTONE"), ("read_ledger", "LEDGER"), ("deliveries", "DELIVERY"), ("receipts", "RECEIPT"),
    ):  # fmt: skip
        left[table] = {
            (log.owner, log.id): table == "tombstones" and log.age >= terms["TOMBSTONE", "TEXT"]
            for log in rows.logs
            if log.table == table and (log.age < terms[kind, "ALL"] or log.held)
        }
    left["history"] = {
        (log.owner, log.id): log.age >= terms["HISTORY", "TEXT"]
        or (log.record in records and records[log.record].changes(terms))
        for log in rows.logs
        if log.table == "history" and log.age < terms["HISTORY", "ALL"]
    }
    youngest: dict[tuple[UUID, UUID | None], int] = {}
    for log in rows.logs:
        if log.table == "feed_items":
            # what goes or becomes less exact today is told of today
            told = log.record in records and records[log.record].changes(terms)
            age = 0 if told else log.age
            key = (log.owner, log.record)
            youngest[key] = min(age, youngest.get(key, age))
    left["feed_items"] = {
        (log.owner, log.id): youngest[log.owner, log.record] >= terms["FEED", "ALL"]
        for log in rows.logs
        if log.table == "feed_items"
    }
    return left


# -- the same in the database


async def put(connection: Connection, gemeente: str, rows: Rows) -> None:
    """The rows, as if they had been recorded on their days."""
    await connection.execute("set local session_replication_role = replica")
    await connection.execute(
        "insert into hub.wijken (gemeente, id) values ($1, $2)", gemeente, WIJK
    )
    for n, owner in enumerate(OWNERS):
        who = (gemeente, owner)
        await connection.execute(
            "insert into hub.organisations (gemeente, id, slug, name, kind) values ($1, $2, $3, $3, 'WELFARE')",
            *who,
            f"o-{n}",
        )
        await connection.execute(
            "insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from) values ($1, $2, $3, '2020-01-01')",
            *who,
            WIJK,
        )
        await connection.execute(
            "insert into hub.datasets (gemeente, owner, dataset, kind) values ($1, $2, 'd', 'SIGNAL')",
            *who,
        )
    for each in rows.records:
        days = [TODAY - timedelta(days=each.recorded), TODAY - timedelta(days=each.day),
                None if each.closed is None else TODAY - timedelta(days=each.closed)]  # fmt: skip
        changed = datetime.combine(
            TODAY - timedelta(days=each.changed), datetime.min.time(), UTC
        ) + timedelta(hours=11)
        base = (gemeente, each.owner, each.id, WIJK, days[0], changed, days[2], "NOISE")
        columns = "gemeente, owner, id, wijk, recorded_on, changed_at, closed_on, category, dataset, external_id"
        common = "$1, $2, $3, $4, $5, $6, $7, $8, 'd', $3::uuid::text"
        if each.kind == "SIGNAL":
            minute = 17 if each.content else 0
            seen = datetime.combine(days[1] or TODAY, datetime.min.time(), UTC) + timedelta(
                hours=11, minutes=minute
            )
            zone = await connection.fetchval(
                "select ($1::date + time '12:00') at time zone 'Europe/Amsterdam' + make_interval(mins => $2)", days[1], minute)  # fmt: skip
            await connection.execute(
                f"insert into hub.signals ({columns}, seen_at, status, summary, lon, lat) values ({common}, $9, $10, $11, $12, $12)",
                *base, zone or seen, each.status, each.content, 4.5 if each.content else None)  # fmt: skip
        elif each.kind == "POLICE_NOTICE":
            await connection.execute(
                f"insert into hub.police_notices ({columns}, noticed_on, day_part) values ({common}, $9, $10)",
                *base, days[1], each.content and "NIGHT")  # fmt: skip
        else:
            await connection.execute(
                f"insert into hub.housing_projects ({columns}, starts_on, status, title, work, homes) values ({common}, $9, $10, $11, 'LETTING', 3)",
                *base, days[1], each.status, each.content)  # fmt: skip
    for log in rows.logs:
        day = TODAY - timedelta(days=log.age)
        at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=11)
        who = (gemeente, log.owner, log.id)
        if log.table == "tombstones":
            await connection.execute(
                "insert into hub.tombstones (gemeente, owner, kind, id, dataset, external_id, withdrawn_on, reason)"
                " values ($1, $2, 'SIGNAL', $3, 'd', 'x', $4, 'woorden')", *who, day)  # fmt: skip
        elif log.table == "read_ledger":
            await connection.execute(
                "insert into hub.read_ledger (gemeente, owner, id, reader, actor, at, on_day, told_on, agreement, version, purpose, kind, records, fields, operation)"
                " values ($1, $2, $3, $2, 'x', $5, $4, $4, $3, 1, 'x', 'SIGNAL', 1, '{}', 'x')", *who, day, at)  # fmt: skip
        elif log.table == "deliveries":
            await connection.execute(
                "insert into hub.deliveries (gemeente, owner, dataset, wijk, on_day) values ($1, $2, 'd', $3, $4)", *who, day)  # fmt: skip
        elif log.table == "receipts":
            await connection.execute(
                "insert into hub.receipts (gemeente, owner, id, dataset, kind, mode, dry_run, at, summary)"
                " values ($1, $2, $3, 'd', 'SIGNAL', 'UPSERT', false, $4, '[]')", *who, at)  # fmt: skip
            if log.held:  # by a younger undo, which stays
                await connection.execute(
                    "insert into hub.receipts (gemeente, owner, id, dataset, kind, mode, dry_run, at, summary, undoes)"
                    " values ($1, $2, $3, 'd', 'SIGNAL', 'UNDO', false, hub.now(), '[]', $4)",
                    gemeente, log.owner, named("undo of", log.id), log.id)  # fmt: skip
        elif log.table == "history":
            content = json.dumps({"summary": "woorden", "title": "woorden", "day_part": "NIGHT"})
            await connection.execute(
                "insert into hub.history (gemeente, owner, kind, record, version, at, actor, change, after)"
                " values ($1, $2, 'SIGNAL', $3, -1, $4, 'x', 'CREATED', $5)", gemeente, log.owner, log.record, at, content)  # fmt: skip
        else:
            await connection.execute(
                "insert into hub.feed_items (gemeente, owner, wijk, id, slice, kind, category, change, record, recorded_on, on_day)"
                " values ($1, $2, $5, $3, $3, 'SIGNAL', 'NOISE', 'CREATED', $6, $4, $4)", *who, day, WIJK, log.record)  # fmt: skip
    await connection.execute("set local session_replication_role = origin")


async def found(connection: Connection, gemeente: str, rows: Rows) -> dict[str, Any]:
    """What there is, by table, of what was put; a record's content, and of a log whether its text is gone."""
    left: dict[str, Any] = {"records": {}}
    for kind, query in (
        ("SIGNAL", "select owner, id, case when num_nonnulls(summary, lon, lat) = 3 and extract(minute from seen_at) = 17 then summary"
         " when num_nonnulls(summary, lon, lat) = 0 and extract(minute from seen_at) = 0 then null else 'half' end as content from hub.signals"),
        ("POLICE_NOTICE", "select owner, id, case when day_part is not null then 'woorden' end as content from hub.police_notices"),
        ("HOUSING_PROJECT", "select owner, id, title as content from hub.housing_projects"),
    ):  # fmt: skip
        for row in await connection.fetch(f"{query} where gemeente = $1", gemeente):
            left["records"][kind, row["owner"], row["id"]] = row["content"]
    of_records = {each.id for each in rows.records}
    stones = await connection.fetch(
        "select owner, id, reason = 'vervallen' as bare, dataset || external_id as source from hub.tombstones where gemeente = $1",
        gemeente,
    )
    left["stones"] = {
        (row["owner"], row["id"])
        for row in stones
        if row["id"] in of_records and row["bare"] and row["source"] == f"d{row['id']}"
    }
    left["tombstones"] = {
        (row["owner"], row["id"]): row["bare"] for row in stones if row["id"] not in of_records
    }
    undos = [named("undo of", log.id) for log in rows.logs]
    for table, key in (("read_ledger", "id"), ("deliveries", "wijk"), ("receipts", "id")):
        left[table] = {
            (row["owner"], row["id"]): False
            for row in await connection.fetch(
                f"select owner, {key} as id from hub.{table} where gemeente = $1 and {key} <> all ($2)",
                gemeente,
                undos,
            )
        }
    by_record = {(log.owner, log.record): log.id for log in rows.logs if log.table == "history"}
    left["history"] = {
        (row["owner"], by_record[row["owner"], row["record"]]): row["bare"]
        for row in await connection.fetch(
            "select owner, record, after is null or not after ?& array['summary', 'title', 'day_part'] as bare from hub.history"
            " where gemeente = $1 and version = -1", gemeente)
    }  # fmt: skip
    put_items = [log.id for log in rows.logs if log.table == "feed_items"]
    left["feed_items"] = {
        (row["owner"], row["id"]): row["bare"]
        for row in await connection.fetch(
            "select owner, id, change = 'GONE' and num_nonnulls(record, slice, kind, category, recorded_on) = 0 as bare from hub.feed_items"
            " where gemeente = $1 and id = any ($2)", gemeente, put_items)
    }  # fmt: skip
    return left


UNTOUCHED: Terms = dict.fromkeys(TERMS, 100_000)


async def check(connection: Connection, rows: Rows, batch: int) -> None:
    """Runs retention over the rows in one of two gemeenten that hold the same, and compares both with the model."""
    await connection.execute(
        "insert into hub.clock (frozen_at) values ('2026-11-23 09:30Z')"
        " on conflict (only_row) do update set frozen_at = excluded.frozen_at"
    )
    await connection.execute("insert into hub.gemeenten values ('GM7001', 'x'), ('GM7002', 'y')")
    for (kind, state), days in SET.items():
        await connection.execute(
            "insert into hub.retention_rules (gemeente, kind, state, days) values ('GM7001', $1, $2, $3)", kind, state, days)  # fmt: skip
    for gemeente in ("GM7001", "GM7002"):
        await put(connection, gemeente, rows)
    terms = await connection.fetch(
        "select kind, state, due from hub.retention_due('GM7001', 0)",
    )
    owners = {each.owner for each in rows.records}  # records go of one owner at a time
    most = (len(rows.records) + 2 * len(rows.logs)) // batch + len(owners) + 2
    taken = dict.fromkeys(((each["kind"], each["state"]) for each in terms), 0)
    for kind, state in taken:
        for _ in range(most):
            done = await connection.fetchval(
                "select hub.retain('GM7001', $1, $2, $3)", kind, state, batch
            )
            if not done:
                break
            assert done <= batch
            taken[kind, state] += done
        else:
            raise AssertionError(f"{kind} {state} never ends")
    assert await found(connection, "GM7001", rows) == expected(rows, TERMS)
    assert await found(connection, "GM7002", rows) == expected(rows, UNTOUCHED)
    for each in terms:
        if each["state"] in (
            "OPEN",
            "CLOSED",
            "CANCELLED",
        ):  # what was said to be due went, and no other
            assert taken[each["kind"], each["state"]] == each["due"]


# -- any world


@st.composite
def worlds(draw: st.DrawFn) -> Rows:
    age = st.sampled_from(EDGES)
    rows = Rows()
    for n in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(("SIGNAL", "POLICE_NOTICE", "HOUSING_PROJECT")))
        rows.records.append(a_record(kind, n, draw(age), draw(age), draw(age), draw(st.none() | age),
                                     draw(st.sampled_from(("NEW", "DONE", "CANCELLED"))), n % 2))  # fmt: skip
    for n in range(draw(st.integers(0, 12))):
        table = draw(st.sampled_from(LOGS))
        record = draw(st.sampled_from([named("gone", n % 3), *(each.id for each in rows.records)]))
        owner = next((each.owner for each in rows.records if each.id == record), OWNERS[n % 2])
        if table == "history" and any(
            log.table == "history" and log.record == record for log in rows.logs
        ):
            continue  # fmt: skip
        rows.logs.append(Log(table, owner, named("log", n), draw(age), record, table == "receipts" and draw(st.booleans())))  # fmt: skip
    return rows


LOGS = ("tombstones", "read_ledger", "deliveries", "receipts", "history", "feed_items")


def a_record(
    kind: str, n: int, recorded: int, day: int, changed: int, closed: int | None, status: str, owner: int
) -> Record:  # fmt: skip
    of_kind = {"SIGNAL": status, "POLICE_NOTICE": None,
               "HOUSING_PROJECT": "PLANNED" if status == "NEW" else status}[kind]  # fmt: skip
    return Record(kind, named("record", kind, n), OWNERS[owner], recorded, day, changed, closed, of_kind, "woorden")  # fmt: skip


@given(rows=worlds(), batch=st.sampled_from((1, 3, 1000)))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_what_is_left_after_a_run_is_what_the_terms_say(
    bench: Bench, rows: Rows, batch: int
) -> None:
    bench.runner.run(_in_a_transaction(bench, rows, batch))


async def _in_a_transaction(bench: Bench, rows: Rows, batch: int, mutant: str = "select 1") -> None:
    transaction = bench.superuser.transaction()
    await transaction.start()
    try:
        await bench.superuser.execute(mutant)
        await check(bench.superuser, rows, batch)
    finally:
        await transaction.rollback()


# -- mutants


def edges() -> Rows:
    """Each kind and state a day before, at and after its term; each log the same; of two owners."""
    rows, numbers = Rows(), itertools.count()
    for kind in ("SIGNAL", "POLICE_NOTICE", "HOUSING_PROJECT"):
        for state, more in itertools.product(("OPEN", "CLOSED", "CANCELLED", "EXACT"), (-1, 0, 1)):
            if (kind, state) not in TERMS:
                continue
            age = TERMS[kind, state] + more
            status = {"OPEN": "NEW", "EXACT": "NEW", "CLOSED": "DONE"}.get(state, state)
            for recorded, day, changed, closed in (
                (age, age, age, None), (age, 700, 5, None), (700, age, 5, None), (700, 700, age, None), (700, 700, 3, age),
            ):  # fmt: skip
                n = next(numbers)
                rows.records.append(
                    a_record(kind, n, recorded, day, changed, closed, status, n % 2)
                )
    for day in (272, 273, 274):  # the first day of a number to come, and the days beside it
        rows.records.append(a_record("SIGNAL", next(numbers), 700, day, 700, None, "DONE", 0))
    for table, term in zip(LOGS, (1826, 1826, 1826, 365, 1826, 1096), strict=True):
        for age in (term - 1, term, term + 1, 364, 365, 366):
            n = next(numbers)
            log = Log(table, OWNERS[n % 2], named("log", n), age, named("gone", n))
            rows.logs.append(log)
            if table == "receipts":
                rows.logs.append(Log(table, log.owner, named("log", n, 2), age, None, held=True))
            if table == "feed_items":  # one record, an old item and a young one
                rows.logs.append(Log(table, log.owner, named("log", n, 2), 5000, log.record))
    for each in rows.records[::4]:
        n = next(numbers)
        rows.logs.append(Log("history", each.owner, named("log", n), 10, each.id))
        rows.logs.append(Log("feed_items", each.owner, named("log", n, 2), 1500, each.id))
    return rows


# Function, what stands in it, what stands there instead.
MUTANTS = [
    ("past_term", "s.gemeente = $1 and", ""),
    ("past_term", "<= (select hub.today()) - $2", "<= (select hub.today()) - $2 + 1"),
    ("past_term", "<= (select hub.today()) - $2", "< (select hub.today()) - $2"),
    ("past_term", " and %s', x.table_name", " or %s', x.table_name"),
    ("retention_scope", "greatest(s.recorded_on, s.%I)", "least(s.recorded_on, s.%I)"),
    ("retention_scope", "of_state in ('OPEN', 'EXACT')", "of_state = 'OPEN'"),
    ("retention_scope", "coalesce(s.closed_on, (s.changed_at", "coalesce((s.changed_at"),
    ("retention_scope", "when s.status = ''CANCELLED'' then ''CANCELLED'' ", ""),
    ("retention_scope", "when s.status = ''DONE'' or s.closed_on is not null", "when s.closed_on is not null"),
    ("retention_scope", "when s.status = ''DONE'' or s.closed_on is not null", "when s.status = ''DONE''"),
    ("retention_scope", "format(' and s.%I < (select hub.first_countable_day())', k.day_column)", "''"),
    ("retention_scope", "s.%I < (select hub.first_countable_day())", "s.%I <= (select hub.first_countable_day()) - 2"),
    ("first_countable_day", "- 91", "- 90"),
    ("first_countable_day", "- 91", "- 92"),
    ("retention_scope", "s.record is not null and not exists (select from hub.feed_items y", "s.record is not null and false and not exists (select from hub.feed_items y"),
    ("retention_scope", "and y.on_day > (select hub.today()) - $2)", "and false)"),
    ("retention_scope", "and y.on_day > (select hub.today()) - $2)", "and y.on_day >= (select hub.today()) - $2)"),
    ("retention_scope", "not exists (select from hub.receipts u", "true or not exists (select from hub.receipts u"),
    ("retain", "where s.gemeente = $1 and (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id, s.dataset", "where s.gemeente = $1 and s.owner = d.owner returning s.owner, s.id, s.dataset"),
    ("retain", "where s.gemeente = $1 and (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id, s.dataset", "where (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id, s.dataset"),
    ("retain", "where s.gemeente = $1 and (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id)", "where (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id)"),
    ("retain", "where s.gemeente = $1 and (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id)", "where s.gemeente = $1 and s.owner = d.owner returning s.owner, s.id)"),
    ("retain", "update hub.history x set before = null, after = null where x.gemeente = $1", "update hub.history x set before = null, after = null where true"),
    ("retain", "update hub.tombstones x set reason = ''vervallen'' where x.gemeente = $1", "update hub.tombstones x set reason = ''vervallen'' where true"),
    ("retain", "for_owner = false where x.gemeente = $1", "for_owner = false where true"),
    ("retain", "delete from hub.%I x where x.gemeente = $1", "delete from hub.%I x where true"),
    ("retain", "perform hub.erase_content(", "perform hub.erase_content('GM7002', owners, records, null), hub.erase_content("),
    ("retain", "perform hub.erase_content(in_gemeente, owners, records,", "perform hub.erase_content(in_gemeente, '{}', records,"),
    ("retain", "g.dataset, g.external_id, ''vervallen'' from gone g", "null, null, ''vervallen'' from gone g"),
    ("erase_content", "where h.gemeente = in_gemeente and", "where"),
    ("erase_content", "(h.owner, h.record) = (u.owner, u.record)", "h.owner = u.owner"),
    ("retention_terms", "(in_gemeente, n.kind, n.state)", "('GM7002', n.kind, n.state)"),
    ("retention_terms", "coalesce(r.days, d.days, o.days)", "coalesce(d.days, r.days, o.days)"),
]  # fmt: skip


async def _killed(bench: Bench, name: str, old: str, new: str) -> bool:
    body = await bench.superuser.fetchval(
        "select pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'hub'::regnamespace and p.proname = $1",
        name,
    )
    assert old.replace("''", "''") in body or old.replace("''", "'") in body, (
        f"{old!r} does not stand in hub.{name}"
    )
    mutated = body.replace(old, new)
    if mutated == body:
        mutated = body.replace(old.replace("''", "'"), new.replace("''", "'"))
    try:
        await _in_a_transaction(bench, edges(), 1000, mutated)
    except AssertionError:
        return True
    except asyncpg.PostgresSyntaxError:
        raise  # says nothing about the mutant
    except asyncpg.PostgresError:
        return True
    return False


def test_the_edges_are_as_the_model_says(bench: Bench) -> None:
    bench.runner.run(_in_a_transaction(bench, edges(), 7))


def _names() -> Iterator[str]:
    return (f"{name}: {old} -> {new or 'nothing'}" for name, old, new in MUTANTS)


@pytest.mark.parametrize(("name", "old", "new"), MUTANTS, ids=_names())
def test_a_function_that_takes_away_too_much_or_too_little_is_found(
    bench: Bench, name: str, old: str, new: str
) -> None:
    assert bench.runner.run(_killed(bench, name, old, new))
