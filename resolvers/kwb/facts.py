# SPDX-License-Identifier: EUPL-1.2
"""A list of figures that a gemeente published itself, each with its day and its source.

CSV with the columns area_code, measure, value, unit, reference_date, source_url and note. Only
figures of a gemeente: for wijken and buurten CBS's own files are read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path

from resolvers.kwb.cells import Cell
from resolvers.kwb.keeping import Figures
from resolvers.kwb.measures import measures
from sql.errors import Refusal
from sql.session import Database

_COLUMNS = ("area_code", "measure", "value", "unit", "reference_date", "source_url", "note")
_GEMEENTE = re.compile(r"GM[0-9]{4}")
_MEASURE = re.compile(r"[a-z][a-z0-9_]{1,40}")
_SOURCE = re.compile(r"https?://\S{4,300}")


@dataclass(frozen=True, slots=True)
class _Fact:
    gemeente: str
    measure: str
    value: float
    unit: str | None
    on: date
    source: str
    note: str | None


async def import_facts(database: Database, content: bytes | Path) -> tuple[int, int]:
    """Stores the figures of the file: how many there are, and how many rows changed.

    Raises `Refusal`: KWB_… for the file, UNKNOWN_GEMEENTE for one that the hub does not have. Then
    nothing is stored.
    """
    facts = list(_read(content))
    changed = 0
    async with database.administration() as session:
        for gemeente in sorted({fact.gemeente for fact in facts}):
            if not await session.fetch("areas_hold_gemeente", gemeente):
                raise Refusal("UNKNOWN_GEMEENTE", gemeente=gemeente)
            figures = Figures(gemeente)
            for fact in facts:
                if fact.gemeente == gemeente:
                    _add(figures, fact)
            changed += await figures.keep(session)
    return len(facts), changed


def _add(figures: Figures, fact: _Fact) -> None:
    known = measures().get(fact.measure)
    number = figures.count(
        fact.measure,
        known.label if known else fact.measure,
        fact.unit,
        fact.on.year,
        status="DEFINITIVE",
        source=fact.source,
        measured_on=fact.on,
        note=fact.note,
    )
    figures.add(number, fact.value)


def _read(content: bytes | Path) -> Iterator[_Fact]:
    try:
        data = content.read_bytes() if isinstance(content, Path) else content
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except OSError as error:
        raise Refusal("KWB_FILE", file=str(content), why=error.strerror) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal("KWB_NOT_A_SHEET") from error
    header = rows[0] if rows else []
    if missing := [name for name in _COLUMNS if name not in header]:
        raise Refusal("KWB_COLUMNS_MISSING", path=("rows", 1), missing=missing)
    for number, row in enumerate(rows[1:], 2):
        if row:
            values = dict(zip_longest(header, row))
            yield _fact(
                {name: Cell(values[name], number, header.index(name), name) for name in _COLUMNS}
            )


def _fact(cells: Mapping[str, Cell]) -> _Fact:
    value, on = cells["value"].figure(), cells["reference_date"]
    if not isinstance(value, float):
        raise cells["value"].wrong("127031")
    try:
        day = date.fromisoformat(str(on.value))
    except ValueError as error:
        raise on.wrong("2023-01-01") from error
    return _Fact(
        gemeente=cells["area_code"].code(_GEMEENTE, "GM0637"),
        measure=cells["measure"].code(_MEASURE, "a_inw"),
        value=value,
        unit=cells["unit"].value or None,
        on=day,
        source=cells["source_url"].code(_SOURCE, "https://..."),
        note=cells["note"].value or None,
    )
