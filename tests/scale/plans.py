# SPDX-License-Identifier: EUPL-1.2
"""Looks at the plan of every statement of the serving role, as it is carried out under row-level
security, and at those within the functions that it calls.

The statements are run by hub_app in a transaction that is undone, for partners who may see
everything, some, or almost nothing. auto_explain tells what was carried out, at every depth: the
doors' own statements, policies, triggers.

What is asked of a plan. A table that grows with records or partners is never read from end to end,
and its index never walked without a condition; and no step throws away most of what it read: of
what it looked at, it keeps a tenth at least, or it looked at few.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Container, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import asyncpg

from hub.database import Addresses
from resolvers.writes.push import push
from schema.contributions import BY_KIND
from sql.ids import IdSource
from sql.session import Database, Session
from tests.scale.arguments import Arguments, arguments_of, known_to
from tests.scale.fill import Report
from tests.scale.scene import context_of, principal_of
from tests.scale.world import DENSE, MIDDLING, SPARSE, Gemeente, Push, Size

WATCHING = {
    "session_preload_libraries": "auto_explain",
    "role": "hub_app",
    "plan_cache_mode": "force_generic_plan",
    "client_min_messages": "notice",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_level": "notice",
    "auto_explain.log_format": "json",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_buffers": "off",
}
"""A superuser's session that acts as the serving role, and is told every plan. Each plan is one for
any values: a plan that is good for some of them alone would pass for good.
"""

BY_INDEX = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""In a small database it is as quick to read a table whole. With these an index is used for all
that an index serves, as in a large one.
"""

SMALL = {
    "clock": "one row",
    "lock_secret": "one row",
    "reference_version": "one row",
    "contribution_fields": "some ten per kind",
    "contribution_kinds": "one per kind",
    "demo": "one row",
    "divisions": "one per gemeente and year",
    "epochs": "one per restored backup",
    "feed_batches": "one per gemeente and day",
    "gemeenten": "342 in the country",
    "holidays": "some per gemeente and year",
    "measures": "some per gemeente",
    "migrations": "one per migration",
    "noted_reads": "what was read within a second: it is written into the ledger by then",
    "retention_defaults": "one per kind and state",
    "retention_rules": "some per gemeente",
}
"""Tables that may be read whole, and why that stays cheap."""

EXPECTED = {
    ("row_totals_of_receipts", "receipt_rows"): "one receipt; which rows have errors no index says",
    ("try_agreement", "grants"): "those of one agreement, once per proposal",
    ("counts_insert", "grants"): "those of one gemeente, once per slice that is new",
}
"""What reads more than it keeps, and of what that is a part."""

FEW = {True: 200, False: 5_000}
"""Rows that a step may look at whatever it keeps of them, in a small database and in a full one: to
read some thousand rows in order is as quick as to look each of them up.
"""

KEEPS = 0.1
"""The share of the rows that a step looked at that it must keep."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a step of a plan."""

    statement: str
    asker: str
    table: str
    what: str

    def __str__(self) -> str:
        return f"{self.statement} for {self.asker}: hub.{self.table}: {self.what}"


@dataclass
class Seen:
    """What was looked at: faults, which statements were run, which indexes were used by which."""

    small: bool
    faults: set[Fault] = field(default_factory=set)
    statements: set[str] = field(default_factory=set)
    plans: int = 0
    indexes: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """By statement and asker."""
    refused: dict[str, str] = field(default_factory=dict)

    def plan(self, statement: str, asker: str, plan: Mapping[str, Any]) -> None:
        """Judges a plan that was carried out."""
        self.plans += 1
        self.statements.add(statement)
        for step in steps(plan):
            if "Index Name" in step and step.get("Actual Loops"):
                self.indexes.setdefault((statement, asker), set()).add(step["Index Name"])
            wrong = judged(step, few=FEW[self.small])
            self.faults |= {Fault(statement, asker, *each) for each in wrong}

    def unexpected(self) -> list[str]:
        """The faults that nobody gave a reason for, and the statements that were refused."""
        found = [str(each) for each in self.faults if (each.statement, each.table) not in EXPECTED]
        return sorted(found) + [f"{name}: {why}" for name, why in self.refused.items()]


def steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A plan's steps, from the top."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from steps(inner)


def judged(step: Mapping[str, Any], few: int) -> Iterator[tuple[str, str]]:
    """The table that a step reads, and what is wrong with how it does."""
    if step["Node Type"] == "Sort" and step.get("Actual Loops"):
        read, kept = step["Plans"][0]["Actual Rows"], step["Actual Rows"]
        if read > few and kept < KEEPS * read:
            yield "(sort)", f"{read:.0f} rows are sorted to keep {kept:.0f}"
    table = step.get("Relation Name")
    if table is None or table in SMALL or table.startswith("pg_"):
        return
    kind = step["Node Type"]
    kept, loops = step.get("Actual Rows", 0), step.get("Actual Loops", 0)
    gone = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    if kind == "Seq Scan" and (few == FEW[True] or gone + kept > few):
        yield table, "is read from end to end"
    elif kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in step:
        yield table, f"{step['Index Name']} is walked without a condition"
    if loops and gone + kept > few and kept < KEEPS * (gone + kept):
        yield table, f"of {gone + kept:.0f} rows {kept:.0f} are kept ({step.get('Filter')})"


async def look(
    addresses: Addresses,
    size: Size,
    report: Report,
    *,
    small: bool = False,
    only: Container[str] | None = None,
) -> Seen:
    """Runs every statement, or `only` some, for three partners of the first gemeente, and tells
    what was seen. In a `small` database a table is read whole only where no index would do.
    """
    seen = Seen(small)
    gemeente = Gemeente(size, 0)
    root = await asyncpg.connect(addresses.superuser)
    wanted = WATCHING | (BY_INDEX if small else {})
    settings = "".join(f"&{name}={quote(value)}" for name, value in wanted.items())
    pool = await Database.open(addresses.superuser + settings, size=1, command_timeout=600)
    try:
        for partner in (DENSE, MIDDLING, SPARSE):
            known = await known_to(root, gemeente, partner)
            async with _watched(pool, gemeente, partner, seen) as session:
                for statement, several in arguments_of(known).items():
                    for arguments in several if only is None or statement in only else ():
                        await _run(session, statement, arguments, seen)
            report(f"{partner}: {seen.plans} plans")
        for each in _one_push_of_each_kind(gemeente) if only is None else ():
            async with _watched(pool, gemeente, each.partner, seen) as session:
                await _push(session, gemeente, each)
    finally:
        await pool.close()
        await root.close()
    return seen


_CHANGED: dict[str, dict[str, Any]] = {
    "ACTIVITY": {"facility": "plein"},
    "COUNT": {"count": 61},
}
_ANOTHER: dict[str, dict[str, Any]] = {"COUNT": {"measure": "zorg"}}
"""What makes a row of these kinds one that is changed, or one that can stand beside the others."""


class _Undo(Exception):
    """Leaves a transaction without a trace."""


@asynccontextmanager
async def _watched(
    pool: Database, gemeente: Gemeente, partner: str, seen: Seen
) -> AsyncIterator[Session]:
    """A session whose plans are told to `seen`; what is done in it is undone."""
    try:
        async with pool.session(principal_of(gemeente, partner), read_only=False) as session:
            connection = await session._begun()
            running = ["begin"]

            def told(_: object, message: Any) -> None:
                head, _, text = message.message.partition("plan:\n")
                if head.startswith("duration:"):
                    seen.plan(running[0], partner, json.loads(text)["Plan"])

            fetch = session.fetch

            async def fetch_named(statement: str, *arguments: object) -> Any:
                running[0] = statement
                return await fetch(statement, *arguments)

            session.fetch = fetch_named  # type: ignore[method-assign]
            connection.add_log_listener(told)
            try:
                yield session
                raise _Undo
            finally:
                connection.remove_log_listener(told)
    except _Undo:
        pass


async def _run(session: Session, statement: str, arguments: Arguments, seen: Seen) -> None:
    seen.statements.add(statement)
    try:
        async with session.savepoint() as point:
            await session.fetch(statement, *arguments)
            point.undo()
    except Exception as error:
        seen.refused[statement] = f"{type(error).__name__}: {error}"


def _one_push_of_each_kind(gemeente: Gemeente) -> Iterator[Push]:
    """Of each kind a delivery with rows that are new, changed, and as they were."""
    kinds = set()
    for each in gemeente.pushes(gemeente.size.weeks - 1):
        if each.kind not in kinds and each.rows:
            kinds.add(each.kind)
            rows = [dict(row) for row in each.rows[:30]]
            for number, row in enumerate(rows):
                if number % 3 == 0:
                    row |= {"external_id": f"nieuw-{number}"} | _ANOTHER.get(each.kind, {})
                elif number % 3 == 1:
                    row |= _CHANGED.get(each.kind, {"buurt": None})
            yield Push(each.partner, each.dataset, each.kind, each.key + "/anew", rows)


async def _push(session: Session, gemeente: Gemeente, each: Push) -> None:
    context = context_of(session, principal_of(gemeente, each.partner), IdSource())
    given = {"dataset": each.dataset, "idempotency_key": each.key, "max_rejected": 30}
    receipt = await push(context, BY_KIND[each.kind].kind, given, each.rows)
    await session.fetch("undo_lines", receipt["id"])
