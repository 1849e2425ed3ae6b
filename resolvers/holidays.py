# SPDX-License-Identifier: EUPL-1.2
"""The calendar of a gemeente: holidays, in which some kinds of organisation owe no delivery.

CSV with the columns name, from, until and source; both days are inclusive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from resolvers.kwb.cells import Cell
from resolvers.kwb.lists import read_list
from sql.errors import Refusal
from sql.session import Database

_COLUMNS = ("name", "from", "until", "source")
_SOURCE = re.compile(r"\S.{2,299}")
_LONGEST = timedelta(days=99)
"""As the table has it: a longer one is a mistyped year."""


@dataclass(frozen=True, slots=True)
class _Holiday:
    name: str
    from_day: date
    until_day: date
    source: str


async def import_holidays(
    database: Database,
    content: bytes | Path,
    gemeente: str,
    for_kinds: Sequence[str] = ("SCHOOL",),
) -> tuple[int, int]:
    """Stores the holidays of the file for these kinds of organisation: how many there are, and how
    many rows changed.

    The file is the whole calendar from its first day to its last: what the hub had for the same
    kinds in that time, and the file lacks, goes. Raises `Refusal`: KWB_… for the file,
    UNKNOWN_GEMEENTE for one that the hub does not have. Then nothing is stored.
    """
    holidays = _read(content)
    async with database.administration() as session:
        if not await session.fetch("areas_hold_gemeente", gemeente):
            raise Refusal("UNKNOWN_GEMEENTE", gemeente=gemeente)
        changed: int = await session.fetchval(
            "holidays_keep",
            gemeente,
            sorted(set(for_kinds)),
            [holiday.name for holiday in holidays],
            [holiday.from_day for holiday in holidays],
            [holiday.until_day for holiday in holidays],
            [holiday.source for holiday in holidays],
        )
    return len(holidays), changed


def _read(content: bytes | Path) -> list[_Holiday]:
    holidays = []
    first_rows: dict[tuple[str, date], int] = {}
    for cells in read_list(content, _COLUMNS):
        holiday, name = _holiday(cells), cells["name"]
        key = (holiday.name, holiday.from_day)
        if key in first_rows:
            said = f"{holiday.name} {holiday.from_day}"
            raise name.refusal("KWB_CODE_TWICE", area=said, first=first_rows[key])
        first_rows[key] = name.row
        holidays.append(holiday)
    return holidays


def _holiday(cells: Mapping[str, Cell]) -> _Holiday:
    begins, ends = cells["from"].day("2026-10-17"), cells["until"].day("2026-10-25")
    if not begins <= ends <= begins + _LONGEST:
        raise cells["until"].wrong(str(begins + timedelta(days=8)))
    return _Holiday(
        name=cells["name"].text("herfstvakantie"),
        from_day=begins,
        until_day=ends,
        source=cells["source"].code(_SOURCE, "https://..."),
    )
