# SPDX-License-Identifier: EUPL-1.2
"""How long what was recorded is kept, as the database's owner: the terms, what is past them, and
taking that away in batches.

The database decides what is past its term (sql/migrations/0038_retention.sql). Each batch is a
transaction of its own, so a run can stop anywhere and be done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from resolvers.partners import check_gemeente
from sql.session import Database, Record, Session

BATCH = 1000
"""How many rows go in one transaction."""


@dataclass(frozen=True, slots=True)
class Due:
    """One term, how many rows are past it, and the day from which the oldest of them counts."""

    kind: str
    state: str
    days: int
    due: int
    oldest: date | None


@dataclass(frozen=True, slots=True)
class Taken:
    """How many rows a run took away for one term."""

    kind: str
    state: str
    rows: int


async def terms_of(session: Session, gemeente: str) -> list[Record]:
    """The terms of a gemeente: kind, state, days, is_own (it set that one itself)."""
    await check_gemeente(session, gemeente)
    return await session.fetch("retention_terms", gemeente)


async def set_term(session: Session, gemeente: str, kind: str, state: str, days: int) -> None:
    """Sets how long a gemeente keeps a kind in a state.

    Refuses what is no term (UNKNOWN_RETENTION), and one shorter than the hub's work needs, or by
    which receipts would stay longer than the history that an undo of them needs
    (RETENTION_NOT_ALLOWED).
    """
    await check_gemeente(session, gemeente)
    await session.fetch("retention_set", gemeente, kind, state, days)


async def what_is_due(session: Session, gemeente: str) -> list[Due]:
    """Every term of a gemeente, with what is past it today."""
    await check_gemeente(session, gemeente)
    return [Due(**row) for row in await session.fetch("retention_due", gemeente, 0)]


async def take_away(
    owner: Database,
    gemeente: str,
    *,
    batch: int = BATCH,
    tell: Callable[[Taken], None] = lambda _: None,
) -> list[Taken]:
    """Takes away all that is past its term in a gemeente; `tell` hears of each batch."""
    taken = []
    async with owner.administration() as session:
        terms = await what_is_due(session, gemeente)
    for term in terms:
        rows = 0
        # what becomes due by what went before it in this run (a receipt that an undo held) is
        # found as well
        while done := await _step(owner, gemeente, term, batch):
            rows += done
            tell(Taken(term.kind, term.state, done))
        if rows:
            taken.append(Taken(term.kind, term.state, rows))
    return taken


async def _step(owner: Database, gemeente: str, term: Due, batch: int) -> int:
    async with owner.administration() as session:
        done: int = await session.fetchval("retention_step", gemeente, term.kind, term.state, batch)
    return done
