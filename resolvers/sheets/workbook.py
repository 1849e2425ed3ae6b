# SPDX-License-Identifier: EUPL-1.2
"""The first sheet of an Excel workbook (.xlsx): values, and what formulas gave when it was saved.

A workbook is XML in a zip, and a small zip can hold an XML that takes gigabytes to read, whatever
the zip says of its size. So it is unpacked piece by piece against a budget, and its parts are
counted before they are read as XML: openpyxl makes an object of each element, and holds a whole row
of them at once. openpyxl gets what was counted, and never unpacks anything itself. Entities in the
XML are refused (by openpyxl too, where defusedxml is installed, as it is here).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from itertools import pairwise
from typing import Any

from resolvers.sheets.table import Broken, Value
from sql.errors import Refusal

MOST_UNPACKED = 20_000_000
"""Bytes; measured: 5,000 rows with long texts unpack to 12 million."""

MOST_TAGS = 700_000
"""Tags and attributes in all parts; a cell has four to nine."""

MOST_TOGETHER = 20_000
"""Of these in one row, or in a part without rows: what is held at once."""

_MOST_PARTS = 1_000
_PIECE = 65_536
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What the format allows; of the others Python may unpack gigabytes at one go."""

_ROW = re.compile(rb"<(?:\w+:)?(?:row|si)\b")
"""Where openpyxl lets go of what it holds: a row, or a text that cells share."""

# What openpyxl warns of repeats the content of cells, and would stand in the log.
warnings.filterwarnings("ignore", module=r"openpyxl\.")


def rows(content: bytes, most_columns: int) -> Iterator[tuple[Value, ...]]:
    """The rows of the first sheet that is not hidden, empty ones too; cells beyond `most_columns`
    are left out.
    """
    try:
        yield from _read(counted(content), most_columns)
    except Refusal:
        raise
    except Exception as error:
        # openpyxl trusts a file to be what it says: one that is not breaks it anywhere.
        raise Refusal("SHEET_OTHER_FILE") from error


def counted(
    content: bytes, *, most_unpacked: int = MOST_UNPACKED, most_tags: int = MOST_TAGS
) -> bytes:
    """The workbook with its parts unpacked, as many bytes and tags as it may have at most.

    Refuses SHEET_UNPACKS_TOO_LARGE as soon as it has more; raises an error of zipfile, of zlib or
    ValueError for what is no workbook.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(made, "w") as plain:
        parts = {part.filename: part for part in packed.infolist()}
        if len(parts) > _MOST_PARTS:
            raise Refusal("SHEET_UNPACKS_TOO_LARGE")
        for name, part in parts.items():
            unpacked = _unpacked(packed, part, most_unpacked)
            most_unpacked -= len(unpacked)
            most_tags -= _tags_in(unpacked, most_tags)
            plain.writestr(zipfile.ZipInfo(name), unpacked)
    return made.getvalue()


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a part; no more than a piece beyond `most` of them is ever unpacked."""
    if part.compress_type not in _METHODS:
        raise zipfile.BadZipFile("a method that workbooks do not have")
    unpacked = bytearray()
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            unpacked += piece
            if len(unpacked) > most:
                raise Refusal("SHEET_UNPACKS_TOO_LARGE")
    return bytes(unpacked)


def _tags_in(part: bytes, most: int) -> int:
    """How many tags and attributes a part has at most."""
    tags = _count(part, 0, len(part))
    if tags > most:
        raise Refusal("SHEET_UNPACKS_TOO_LARGE")
    rows = [found.start() for found in _ROW.finditer(part)]
    if rows and b"<!" in part:  # a comment could hold what only looks like a row
        raise ValueError("a comment or a declaration among rows")
    if max(_count(part, *stretch) for stretch in pairwise([0, *rows, len(part)])) > MOST_TOGETHER:
        raise Refusal("SHEET_UNPACKS_TOO_LARGE")
    return tags


def _count(content: bytes, start: int, end: int) -> int:
    return content.count(b"<", start, end) + content.count(b"=", start, end)


def _read(content: bytes, most_columns: int) -> Iterator[tuple[Value, ...]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        sheet.reset_dimensions()  # programs other than Excel may write a wrong size
        for row in sheet.iter_rows(max_col=most_columns):
            yield tuple(map(_value, row))
    finally:
        book.close()


def _value(cell: Any) -> Value:
    """What a cell holds; a day when its format shows no time."""
    value = cell.value
    if value is not None and cell.data_type == "e":
        return Broken.CELL
    if isinstance(value, datetime) and value.time() == time.min:
        return value if "h" in cell.number_format.lower() else value.date()
    return value  # type: ignore[no-any-return]
