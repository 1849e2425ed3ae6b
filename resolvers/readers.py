# SPDX-License-Identifier: EUPL-1.2
"""Who read records of the asker, from the read ledger."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from resolvers.context import Context
from resolvers.paging import page_of, page_size, read_cursor, write_cursor


async def page_of_readers(
    context: Context, since: date, first: int, after: str | None
) -> dict[str, Any]:
    """A page of what others read of the asker's records since a day, newest day first.

    Refuses a page size outside 1–100 (BAD_ARGUMENT) and a cursor of another list (BAD_CURSOR).
    """
    size = page_size(first)
    day, entry = read_cursor(after, date.fromisoformat, UUID) if after else (None, None)
    rows = await context.session.fetch("readers_of_asker", since, day, entry, size + 1)
    return page_of(rows, size, after, lambda row: write_cursor(row["on_day"], row["entry"]))
