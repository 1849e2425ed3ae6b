# SPDX-License-Identifier: EUPL-1.2
"""Pages of lists: what `first` may be, how a cursor is written and read, and what a page consists
of.

A cursor holds the values by which a list is ordered, as its reader sees them, so it tells nothing
that the row did not.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

from sql.errors import Refusal

LARGEST_PAGE = 100


def page_size(first: int) -> int:
    """`first` when it is 1 to 100; refuses anything else."""
    if not 1 <= first <= LARGEST_PAGE:
        raise Refusal("BAD_ARGUMENT", name="first", why="PAGE_SIZE")
    return first


def write_cursor(*values: object) -> str:
    """A cursor of values without '|'."""
    return urlsafe_b64encode("|".join(map(str, values)).encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, *readers: Callable[[str], Any]) -> tuple[Any, ...]:
    """The values of a cursor, each read by its reader; refuses a cursor of another list."""
    try:
        values = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("|")
        return tuple(read(value) for read, value in zip(readers, values, strict=True))
    except (ValueError, binascii.Error) as error:
        raise Refusal("BAD_CURSOR") from error


def page_of(
    rows: Sequence[Any],
    first: int,
    after: str | None,
    cursor_of: Callable[[Any], str],
    **more: object,
) -> dict[str, Any]:
    """A connection of the first `first` of `rows`, of which one more was fetched than asked for."""
    nodes = rows[:first]
    page = _Page(more, nodes=nodes)
    page.cursor_of = cursor_of
    page["page_info"] = {
        "has_next_page": len(rows) > first,
        "has_previous_page": after is not None,
        "start_cursor": cursor_of(nodes[0]) if nodes else None,
        "end_cursor": cursor_of(nodes[-1]) if nodes else after,
    }
    return page


class _Page(dict[str, Any]):
    """A connection whose edges are made when they are asked for: most askers want the nodes."""

    cursor_of: Callable[[Any], str]

    def __missing__(self, name: str) -> Any:
        if name != "edges":
            raise KeyError(name)
        self["edges"] = [{"cursor": self.cursor_of(row), "node": row} for row in self["nodes"]]
        return self["edges"]
