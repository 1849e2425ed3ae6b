# SPDX-License-Identifier: EUPL-1.2
"""Reading records of any kind: a page of a wijk, how many there are, one by its id.

Filter, order and cursor are handed to the database, which applies them to what the asker may see of
a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.paging import page_of, page_size, read_cursor, write_cursor


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """What of the visible records is asked for; None asks for all. Days are inclusive. `codes` are
    values of the code that a kind has a filter of its own for: a status, a measure.
    """

    owner: UUID | None = None
    categories: tuple[str, ...] | None = None
    codes: tuple[str, ...] | None = None
    buurt: UUID | None = None
    from_day: date | None = None
    until_day: date | None = None
    closed: bool | None = None
    words: str | None = None

    def arguments(self) -> tuple[Any, ...]:
        """The parameters of a statement that pages or counts records, after its keys."""
        return (
            self.owner,
            self.categories,
            self.codes,
            self.buurt,
            self.from_day,
            self.until_day,
            self.closed,
            self.words,
        )


@dataclass(frozen=True, slots=True)
class RecordBatches:
    """The declarations by which records of one kind are read."""

    kind: str
    newest: Batch
    oldest: Batch
    total: Batch
    by_id: Batch

    @classmethod
    def of(cls, kind: str, table: str) -> RecordBatches:
        """Those of a kind whose statements are named after its table."""
        return cls(
            kind=kind,
            newest=Batch(f"{table}_newest"),
            oldest=Batch(f"{table}_oldest"),
            total=Batch(f"{table}_total"),
            by_id=Batch(f"{table}_by_id", returns="one", records=kind),
        )


async def page_of_records(
    context: Context,
    batches: RecordBatches,
    wijk: UUID,
    wanted: RecordFilter,
    oldest: bool,
    first: int,
    after: str | None,
) -> dict[str, Any]:
    """A page of the records of a wijk that the asker may see, newest or oldest day first.

    Refuses a page size outside 1–100 (BAD_ARGUMENT) and a cursor of another list (BAD_CURSOR).
    """
    size = page_size(first)
    day, id_ = read_cursor(after, date.fromisoformat, UUID) if after else (None, None)
    batch = batches.oldest if oldest else batches.newest
    rows = await context.loaders.load(batch, wijk, *wanted.arguments(), day, id_, size + 1)
    context.session.tally(batches.kind, rows[:size])
    return page_of(
        rows,
        size,
        after,
        lambda row: write_cursor(row["day"], row["id"]),
        wijk=wijk,
        wanted=wanted,
        batches=batches,
    )


async def total_of_page(context: Context, page: dict[str, Any]) -> int:
    """How many records the asker can page through from this page's list. Counting the records of
    others is reading them: it is noted for the ledger.
    """
    batches: RecordBatches = page["batches"]
    source = (page["wijk"], *page["wanted"].arguments())
    rows = await context.loaders.load(batches.total, *source)
    context.session.tally_counted(batches.kind, source, rows)
    return sum(row["records"] for row in rows)
