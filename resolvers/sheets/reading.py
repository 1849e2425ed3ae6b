# SPDX-License-Identifier: EUPL-1.2
"""A file to a table: CSV in every form that Excel and its like write, or the first sheet of an
Excel workbook.

What it is follows from its content, never from its name. What cannot be read is a `Refusal`
(SHEET_…), and no more is read than may be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from resolvers.sheets import delimited, workbook
from resolvers.sheets.table import Line, Table, Value, is_empty
from sql.errors import Refusal

MOST_COLUMNS = 100
MOST_LOOKED_AT = 20_000
"""Rows, empty ones among them."""

_ZIP, _OLD_EXCEL, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came with a request, and how many rows may be read of it."""

    content: bytes = field(repr=False)
    most_rows: int


def read(content: bytes, most_rows: int) -> Table:
    """The table in a file, of `most_rows` rows at most."""
    filled = _filled(_rows(content))
    first = next(filled, None)
    if first is None:
        raise Refusal("SHEET_EMPTY")
    lines = tuple(islice(filled, most_rows + 1))
    if len(lines) > most_rows:
        raise Refusal("SHEET_TOO_LONG", limit=most_rows)
    if not lines:
        raise Refusal("SHEET_EMPTY")
    return Table(tuple(_name(value) for value in first.cells), lines)


def _rows(content: bytes) -> Iterator[Sequence[Value]]:
    if content.startswith(_OLD_EXCEL):  # .xls, and every workbook with a password
        raise Refusal("SHEET_OLD_EXCEL")
    if content.startswith(_ZIP):
        return workbook.rows(content, MOST_COLUMNS + 1)
    if content.startswith(_PDF):  # its bytes can pass for text
        raise Refusal("SHEET_OTHER_FILE")
    return delimited.rows(content)


def _filled(rows: Iterator[Sequence[Value]]) -> Iterator[Line]:
    """The rows with something in them, under their numbers."""
    for number, row in enumerate(rows, 1):
        if number > MOST_LOOKED_AT:
            raise Refusal("SHEET_EMPTY_ROWS", limit=MOST_LOOKED_AT)
        cells = list(row)
        while cells and is_empty(cells[-1]):
            del cells[-1]
        if len(cells) > MOST_COLUMNS:
            raise Refusal("SHEET_TOO_WIDE", limit=MOST_COLUMNS)
        if cells:
            yield Line(number, tuple(cells))


def _name(value: Value) -> str:
    """The name of a column, on one line."""
    return " ".join(str(value).split())[:_LONGEST_NAME] if isinstance(value, str | int) else ""
