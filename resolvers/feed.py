# SPDX-License-Identifier: EUPL-1.2
"""The feed of a wijk and the history of a record, in pages.

A cursor of the feed holds the epoch and two items: the last one of the stream that the asker sees
exactly and the last one of the stream that it sees reduced (see sql/migrations/0010_feed.sql). Both
are items that it was handed before.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.paging import page_size, read_cursor, write_cursor
from sql.errors import Refusal

FEED = Batch("feed_of_wijken")
POSITIONS = Batch("feed_positions", returns="one")
HISTORY = Batch("history_of_records")

Position = tuple[UUID | None, UUID | None]

MOST_NEW = 100
"""How many new items are counted: more are this many."""


async def feed_page(
    context: Context, wijk: UUID, kinds: tuple[str, ...] | None, first: int, after: str | None
) -> dict[str, Any]:
    """What happened in a wijk after a cursor, as far as the asker may see it, in order, without gap
    or double.

    Refuses a cursor of another epoch, or one that the hub never gave (BAD_CURSOR).
    """
    size = page_size(first)
    epoch, position = await _position(context, after)
    rows = await context.loaders.load(FEED, wijk, kinds, *position, size + 1)
    nodes = []
    _note_read(context, rows[:size])
    for row in rows[:size]:
        position = (
            (row["id"], position[1]) if row["stream"] == "EXACT" else (position[0], row["id"])
        )
        nodes.append({**row, "wijk": wijk, "cursor": _cursor(epoch, position)})
    return {
        "nodes": nodes,
        "page_info": {
            "has_next_page": len(rows) > size,
            "has_previous_page": after is not None,
            "start_cursor": nodes[0]["cursor"] if nodes else None,
            "end_cursor": nodes[-1]["cursor"] if nodes else after,
        },
    }


async def new_since(context: Context, wijk: UUID, cursor: str | None) -> int | None:
    """How many items the feed of a wijk has for the asker after a cursor, `MOST_NEW` at most; None
    without a cursor.

    Refuses a cursor as a page of the feed does (BAD_CURSOR). Counting items is reading them: the
    ledger gets what a page of them would give it.
    """
    if not cursor:
        return None
    _, position = await _position(context, cursor)
    rows = await context.loaders.load(FEED, wijk, None, *position, MOST_NEW)
    _note_read(context, rows)
    return len(rows)


def _note_read(context: Context, rows: list[Any]) -> None:
    """An item about a record of others tells of that record, also where the record is not asked
    for.
    """
    for row in rows:
        if row["under"] is not None:
            read = {"id": row["record"], "owner": row["owner"], "agreement": row["under"]}
            context.session.tally(row["kind"], [{**read, "hidden": row["hidden"]}])


async def history_page(
    context: Context, record: UUID, first: int, after: str | None
) -> dict[str, Any]:
    """What happened to an own record, newest first; an empty page for anyone else's."""
    size = page_size(first)
    (before,) = read_cursor(after, int) if after else (None,)
    rows = await context.loaders.load(HISTORY, record, before, size + 1)
    nodes = rows[:size]
    return {
        "nodes": nodes,
        "page_info": {
            "has_next_page": len(rows) > size,
            "has_previous_page": after is not None,
            "start_cursor": write_cursor(nodes[0]["version"]) if nodes else None,
            "end_cursor": write_cursor(nodes[-1]["version"]) if nodes else after,
        },
    }


async def _position(context: Context, after: str | None) -> tuple[int, Position]:
    epoch, exact, reduced = read_cursor(after, int, _item, _item) if after else (None, None, None)
    row = await context.loaders.load(POSITIONS, f"{exact or ''}/{reduced or ''}")
    if not row["known"] or (epoch is not None and epoch != row["epoch"]):
        raise Refusal("BAD_CURSOR")
    return row["epoch"], (exact, reduced)


def _item(text: str) -> UUID | None:
    return UUID(text) if text != "-" else None


def _cursor(epoch: int, position: Position) -> str:
    return write_cursor(epoch, *(item or "-" for item in position))
