# SPDX-License-Identifier: EUPL-1.2
"""A cell of a sheet that knows its place, and reads itself strictly.

What is wrong is a `Refusal` with the row and the column as the sheet shows them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from resolvers.kwb.measures import NullReason
from resolvers.sheets.table import letter
from sql.errors import Refusal

# 1234, -3, 1,9 and 0.75. Not 1.234: a thousand and a bit in one country, a bit over one in another.
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:,[0-9]{1,9}|\.[0-9]{1,2})?")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and its place as a sheet shows it."""

    value: Any
    row: int
    position: int
    column: str

    def refusal(self, code: str, **params: object) -> Refusal:
        """A refusal that points at this cell."""
        return Refusal(
            code,
            path=("rows", self.row, self.column),
            row=self.row,
            column=self.column,
            letter=letter(self.position),
            **params,
        )

    def wrong(self, expected: str) -> Refusal:
        """A refusal that shows what the cell holds and an example of what it should."""
        found = ascii(self.value)[:80] if self.value is not None else "-"
        return self.refusal("KWB_CELL", found=found, expected=expected)

    def text(self, example: str) -> str:
        """The words in the cell."""
        said = " ".join(self.value.split()) if isinstance(self.value, str) else ""
        if not 0 < len(said) <= _LONGEST_NAME or not said.isprintable():
            raise self.wrong(example)
        return said

    def code(self, pattern: re.Pattern[str], example: str) -> str:
        """The code in the cell. A number is one that lost its leading zeros."""
        if isinstance(self.value, int | float):
            raise self.refusal("KWB_CODE_IS_NUMBER", found=str(self.value)[:80], expected=example)
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value.strip()):
            raise self.wrong(example)
        return self.value.strip()

    def day(self, example: str) -> date:
        """The day in the cell, written as 2026-10-17."""
        try:
            return date.fromisoformat(str(self.value).strip())
        except ValueError as error:
            raise self.wrong(example) from error

    def flag(self) -> int | None:
        """The value of ind_wbi, None where CBS says nothing."""
        said = "" if self.value is None else str(self.value).strip()
        if said in ("", "."):
            return None
        if said not in ("1", "2", "3"):
            raise self.wrong("1, 2, 3")
        return int(said)

    def figure(self) -> float | NullReason:
        """The figure, or why there is none."""
        value = self.value.strip() if isinstance(self.value, str) else self.value
        if value is None or value == "":
            return "NOT_APPLICABLE"
        if value == ".":
            return "UNKNOWN_OR_SECRET"
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return float(value.replace(",", "."))
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        raise self.wrong("1234 / 1,9 / '.'")
