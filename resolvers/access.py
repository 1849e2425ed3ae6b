# SPDX-License-Identifier: EUPL-1.2
"""Who may see what of whom as of a day, as a table: the rules in force, each with what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sql.errors import Refusal
from sql.session import Record, Session

MOST_CELLS = 2000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rules: of one provider, for one receiver, of one kind; None is any."""

    provider: UUID | None = None
    receiver: UUID | None = None
    kind: str | None = None


async def access_matrix(
    session: Session, gemeente: str, day: date | None, wanted: Wanted
) -> list[Record]:
    """The rules in force in a gemeente on a day (today, unless one is given), in a fixed order.

    Refuses a table of more rows than can be read (MATRIX_TOO_LARGE).
    """
    if day is None:
        day = await session.fetchval("hub_today")
    given = (wanted.provider, wanted.receiver, wanted.kind)
    rows = await session.fetch("access_matrix", gemeente, day, *given, MOST_CELLS + 1)
    if len(rows) > MOST_CELLS:
        raise Refusal("MATRIX_TOO_LARGE", limit=MOST_CELLS)
    return rows
