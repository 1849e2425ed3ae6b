# SPDX-License-Identifier: EUPL-1.2
"""A table as a sheet shows it: cells in rows that are numbered from 1, in columns A, B and on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias


class Broken(Enum):
    """A cell whose formula gave an error, such as #REF!."""

    CELL = "#"


Value: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | Broken | None
"""What a cell holds. Of CSV always a text; a moment of Excel has no offset."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row with something in it, under the number that a sheet shows."""

    number: int
    cells: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns, and the rows below them; empty rows are left out."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]


def letter(position: int) -> str:
    """A column, counted from 0, as a sheet names it: A to Z, AA and on."""
    letters = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def is_empty(value: Value) -> bool:
    """Whether there is nothing in a cell but blanks."""
    return value is None or (isinstance(value, str) and not value.strip())
