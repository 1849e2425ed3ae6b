# SPDX-License-Identifier: EUPL-1.2
"""The first sheet of an Excel workbook (.xlsx): values, and what formulas gave when it was saved.

A workbook is XML in a zip, and a small zip can hold an XML that takes gigabytes to read. So its
size is looked at before anything is unpacked, and its parts are counted before they are read as
XML: openpyxl makes an object of each element, and holds a whole row of them at once. Entities in
the XML are refused (by openpyxl too, where defusedxml is installed, as it is here).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
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
_ROW = re.compile(rb"<(?:\w+:)?(?:row|si)\b")
"""Where openpyxl lets go of what it holds: a row, or a text that cells share."""

# What openpyxl warns of repeats the content of cells, and would stand in the log.
warnings.filterwarnings("ignore", module=r"openpyxl\.")


def rows(content: bytes, most_columns: int) -> Iterator[tuple[Value, ...]]:
    """The rows of the first sheet that is not hidden, empty ones too; cells beyond `most_columns`
    are left out.
    """
    try:
        _check(content)
        yield from _read(content, most_columns)
    except Refusal:
        raise
    except Exception as error:
        # openpyxl trusts a file to be what it says: one that is not breaks it anywhere.
        raise Refusal("SHEET_OTHER_FILE") from error


def _check(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise Refusal("SHEET_UNPACKS_TOO_LARGE")
        if sum(_tags_in(archive.read(part)) for part in parts) > MOST_TAGS:
            raise Refusal("SHEET_UNPACKS_TOO_LARGE")


def _tags_in(part: bytes) -> int:
    """How many tags and attributes a part has at most."""
    tags = _count(part)
    if tags > MOST_TAGS:
        raise Refusal("SHEET_UNPACKS_TOO_LARGE")
    stretches = _ROW.split(part)
    if len(stretches) > 1 and b"<!" in part:  # a comment could hold what only looks like a row
        raise Refusal("SHEET_OTHER_FILE")
    if max(map(_count, stretches)) > MOST_TOGETHER:
        raise Refusal("SHEET_UNPACKS_TOO_LARGE")
    return tags


def _count(content: bytes) -> int:
    return content.count(b"<") + content.count(b"=")


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
