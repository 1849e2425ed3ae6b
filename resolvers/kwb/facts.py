# SPDX-License-Identifier: EUPL-1.2
"""A list of figures that a gemeente published itself, each with its day and its source.

CSV with the columns area_code, measure, value, unit, reference_date, source_url and note. Only
figures of a gemeente: for wijken and buurten CBS's own files are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resolvers.kwb.cells import Cell
from resolvers.kwb.keeping import Figures
from resolvers.kwb.lists import read_list
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
    facts = [_fact(cells) for cells in read_list(content, _COLUMNS)]
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


def _fact(cells: Mapping[str, Cell]) -> _Fact:
    value = cells["value"].figure()
    if not isinstance(value, float):
        raise cells["value"].wrong("127031")
    return _Fact(
        gemeente=cells["area_code"].code(_GEMEENTE, "GM0637"),
        measure=cells["measure"].code(_MEASURE, "a_inw"),
        value=value,
        unit=cells["unit"].value or None,
        on=cells["reference_date"].day("2023-01-01"),
        source=cells["source_url"].code(_SOURCE, "https://..."),
        note=cells["note"].value or None,
    )
