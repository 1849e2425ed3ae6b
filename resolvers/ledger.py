# SPDX-License-Identifier: EUPL-1.2
"""The read ledger with its times, the question after a data breach, and the audit log: for those
who look after an organisation, about that organisation alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from resolvers.context import Context
from resolvers.paging import page_of, page_size, read_cursor, write_cursor
from sql.errors import Refusal
from sql.session import Row


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reads are asked for: `by_us` what the asker's own people read of others, else what
    others read of the asker; `other` is the organisation on the other side.
    """

    by_us: bool
    since: datetime
    until: datetime | None = None
    other: UUID | None = None
    login: str | None = None


async def check(context: Context, wanted: Wanted) -> None:
    """Refuses (ROLE_REQUIRED) who is no privacy officer; (BAD_ARGUMENT) an end before the start,
    and a log-in of another organisation: the ledger tells none, so there would be nothing to find;
    and (UNKNOWN_LOGIN) a name that never was one of the asker's own.
    """
    context.require_role("PRIVACY_OFFICER")
    if wanted.until is not None and wanted.until <= wanted.since:
        raise Refusal("BAD_ARGUMENT", name="until", why="BEFORE_START")
    if wanted.login is None:
        return
    if not wanted.by_us:
        raise Refusal("BAD_ARGUMENT", name="login", why="NOT_OF_OTHERS")
    if not await context.session.fetchval("login_known", wanted.login):
        raise Refusal("UNKNOWN_LOGIN", login=wanted.login)


async def page_of_ledger(
    context: Context,
    wanted: Wanted,
    agreement: UUID | None,
    kind: str | None,
    first: int,
    after: str | None,
) -> dict[str, Any]:
    """A page of the lines of the ledger, newest first; refuses what `check` refuses."""
    await check(context, wanted)
    size = page_size(first)
    at, line = read_cursor(after, datetime.fromisoformat, UUID) if after else (None, None)
    rows = await context.session.fetch(
        "ledger_lines",
        wanted.by_us,
        wanted.since,
        wanted.until,
        wanted.other,
        agreement,
        kind,
        wanted.login,
        at,
        line,
        size + 1,
    )
    return page_of(rows, size, after, lambda row: write_cursor(row["at"], row["id"]))


async def page_of_breach(
    context: Context, statement: str, wanted: Wanted, first: int, after: str | None
) -> dict[str, Any]:
    """A page of what a breach is about: `breach_reads` (by organisation, agreement and operation)
    or `breach_records`, of what passed `check`.
    """
    size = page_size(first)
    (entry,) = read_cursor(after, UUID) if after else (None,)
    rows = await context.session.fetch(
        statement,
        wanted.by_us,
        wanted.since,
        wanted.until,
        wanted.other,
        wanted.login,
        entry,
        size + 1,
    )
    return page_of(rows, size, after, lambda row: write_cursor(row["entry"]))


async def page_of_audit(
    context: Context, since: datetime, until: datetime | None, first: int, after: str | None
) -> dict[str, Any]:
    """A page of the audit log of the asker's organisation, newest first.

    Refuses (ROLE_REQUIRED) who is neither its privacy officer nor its administrator.
    """
    context.require_role("PRIVACY_OFFICER", "ADMINISTRATOR")
    size = page_size(first)
    at, entry = read_cursor(after, datetime.fromisoformat, UUID) if after else (None, None)
    rows = await context.session.fetch("audit_entries", since, until, at, entry, size + 1)
    return page_of(rows, size, after, lambda row: write_cursor(row["at"], row["id"]))


def activity_of(row: Row, organisation: UUID) -> str:
    """What a line points to: the version of the activity in the register of the organisation that
    read, or the agreement where it named none.
    """
    if row["activity"] is not None:
        return f"urn:wijkhub:activity:{organisation}:{row['activity']}:{row['activity_version']}"
    return f"urn:wijkhub:agreement:{row['agreement']}:{row['version']}"
