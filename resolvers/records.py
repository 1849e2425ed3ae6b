# SPDX-License-Identifier: EUPL-1.2
"""Reading records of any kind: a page of a list, how many it has, one record by its id.

Filter, order and cursor are handed to the database, which applies them to what the asker may see of
a record.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.kinds import Kind
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
class RecordList:
    """A list of records, newest or oldest day first: what loads its pages and its total, for which
    key and arguments.

    `read_as` names the kind of record when others' may be in it, noted for the ledger; with
    `several` a record can be in the lists of several wijken, and is noted one by one.
    """

    page: Batch
    total: Batch
    key: UUID
    arguments: tuple[Hashable, ...] = ()
    read_as: str | None = None
    several: bool = False


@dataclass(frozen=True, slots=True)
class RecordBatches:
    """The declarations by which records of one kind are read. With `several` a record can be in
    the lists of several wijken, and is counted one by one.
    """

    kind: str
    several: bool
    newest: Batch
    oldest: Batch
    total: Batch
    by_id: Batch
    own: Batch
    own_total: Batch
    seen: Batch
    seen_total: Batch

    @classmethod
    def of(cls, kind: Kind) -> RecordBatches:
        """Those of a kind whose statements are named after its table."""
        return cls(
            kind=kind.name,
            several=kind.several,
            newest=Batch(f"{kind.table}_newest"),
            oldest=Batch(f"{kind.table}_oldest"),
            total=Batch(f"{kind.table}_total"),
            by_id=Batch(f"{kind.table}_by_id", returns="one", records=kind.name),
            own=Batch(f"own_{kind.table}"),
            own_total=Batch(f"own_{kind.table}_total"),
            seen=Batch(f"seen_{kind.table}"),
            seen_total=Batch(f"seen_{kind.table}_total"),
        )

    def of_wijk(self, wijk: UUID, wanted: RecordFilter, *, oldest: bool) -> RecordList:
        """The records of a wijk that the asker may see."""
        page = self.oldest if oldest else self.newest
        arguments = wanted.arguments()
        return RecordList(page, self.total, wijk, arguments, self.kind, self.several)

    def of_asker(self, asker: UUID, wanted: RecordFilter) -> RecordList:
        """The asker's own records, over all wijken."""
        return RecordList(self.own, self.own_total, asker, wanted.arguments())

    def seen_by(self, receiver: UUID) -> RecordList:
        """The asker's own records as another organisation sees them, over all wijken. The receiver
        reads nothing by that.
        """
        return RecordList(self.seen, self.seen_total, receiver)


async def page_of_records(
    context: Context, listed: RecordList, first: int, after: str | None
) -> dict[str, Any]:
    """A page of a list of records.

    Refuses a page size outside 1–100 (BAD_ARGUMENT) and a cursor of another list (BAD_CURSOR).
    """
    [page] = await pages_of_records(context, [listed], first, after)
    return page


async def pages_of_records(
    context: Context, lists: Sequence[RecordList], first: int, after: str | None
) -> list[dict[str, Any]]:
    """A page of each of some lists that differ in their key alone; refuses what `page_of_records`
    refuses.
    """
    size = page_size(first)
    day, id_ = read_cursor(after, date.fromisoformat, UUID) if after else (None, None)
    one, keys = lists[0], [each.key for each in lists]
    found = await context.loaders.load_many(one.page, keys, *one.arguments, day, id_, size + 1)
    if one.read_as is not None:
        for rows in found:
            context.session.tally(one.read_as, rows[:size])
    return [
        page_of(rows, size, after, _cursor_of, listed=listed)
        for listed, rows in zip(lists, found, strict=True)
    ]


def _cursor_of(row: Any) -> str:
    return write_cursor(row["day"], row["id"])


async def totals_of_pages(context: Context, pages: Sequence[dict[str, Any]]) -> list[int]:
    """How many records the asker can page through from each page's list, where the lists differ in
    their key alone. Counting the records of others is reading them: it is noted for the ledger.
    """
    lists: list[RecordList] = [page["listed"] for page in pages]
    one, keys = lists[0], [each.key for each in lists]
    found = await context.loaders.load_many(one.total, keys, *one.arguments)
    for key, rows in zip(keys, found, strict=True):
        if one.read_as is None:
            continue
        if one.several:  # each is known by its id, so that one in two lists is one
            context.session.tally(one.read_as, rows)
        else:
            context.session.tally_counted(one.read_as, (key, *one.arguments), rows)
    return [sum(row["records"] for row in rows) for rows in found]
