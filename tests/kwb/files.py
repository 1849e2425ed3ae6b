# SPDX-License-Identifier: EUPL-1.2
"""The real sheets of CBS, and copies of them with something else in a cell."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

DATA = Path(__file__).parents[2] / "hub" / "data"
FACTS = DATA / "zoetermeer_facts.csv"
KWB = {year: DATA / "kwb" / f"CBS-Utrecht-kwb-{year}.xlsx" for year in (2023, 2024)}
UTRECHT = "GM0344"

Change = Callable[[list[list[Any]]], None]


def cells(path: Path) -> list[list[Any]]:
    """Every row of a sheet, as its cells hold it; the caller's to change."""
    return [list(row) for row in _rows(path)]


@cache
def _rows(path: Path) -> list[tuple[Any, ...]]:
    book = load_workbook(path, read_only=True)
    return list(book.worksheets[0].iter_rows(values_only=True))


def sheet(rows: list[list[Any]], title: str = "kwb") -> bytes:
    """An Excel file of these rows."""
    book = Workbook(write_only=True)
    page = book.create_sheet(title)
    for row in rows:
        page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def changed(path: Path, change: Change) -> bytes:
    """The file after a change of its rows."""
    rows = cells(path)
    change(rows)
    return sheet(rows)


def with_cells(path: Path, values: Mapping[tuple[str, str], Any]) -> bytes:
    """The file with other values in cells, named by the code of the area and the column."""

    def change(rows: list[list[Any]]) -> None:
        header = rows[0]
        at = {row[0]: row for row in rows}
        for (code, column), value in values.items():
            at[code][header.index(column)] = value

    return changed(path, change)
