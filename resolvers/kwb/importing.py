# SPDX-License-Identifier: EUPL-1.2
"""Imports CBS's Kerncijfers wijken en buurten of one year: areas where they are new, then figures.

The file is read whole before anything is stored. A division that the hub does not know is made of
the file's own codes and names, without boundaries; one that it knows stays as it is. Figures are
stored in one transaction and in place: importing again changes what CBS changed, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from resolvers.areas import Division, confirm_areas, import_areas
from resolvers.kwb.keeping import Figures
from resolvers.kwb.measures import measures
from resolvers.kwb.reading import Region, Sheet, read
from sql.errors import Refusal
from sql.session import Database, Session

_COMPARABILITY = {1: "UNCHANGED", 2: "CODE_CHANGED", 3: "BOUNDARY_CHANGED"}
_CODE_STAYED, _BOUNDARY_STAYED = 1, (1, 2)


@dataclass(frozen=True, slots=True)
class KwbResult:
    """What an import did: areas per gemeente, rows that changed, and what it read.

    `waiting` are gemeenten whose areas wait for a decision; their figures are not stored yet.
    """

    gemeenten: tuple[str, ...]
    waiting: tuple[Division, ...]
    regions: int
    figures: int
    changed: int
    unknown_columns: tuple[str, ...]


async def import_kwb(
    database: Database, content: bytes | Path, *, year: int, gemeente: str | None = None
) -> KwbResult:
    """Stores the figures of a KWB file about `year`, of one gemeente or of all that are in it.

    Raises `Refusal` (KWB_… for the file, AREAS_… for its areas); then no figure is stored.
    """
    sheet = read(content, year, gemeente)
    source = f"CBS, Kerncijfers wijken en buurten {year}"
    changed, waiting, ready = 0, [], []
    for one in sheet.gemeenten():
        division = await _Areas(database, sheet, one, year, source).make_known()
        changed += division.changed
        if division.established:
            ready.append(one)
        else:
            waiting.append(division)
    figures = 0
    async with database.administration() as session:
        for one in ready:
            await session.fetch("areas_hold_gemeente", one)
            found = await _figures(session, sheet, one, year, source)
            changed += await found.keep(session)
            figures += len(found)
    return KwbResult(
        tuple(sheet.gemeenten()),
        tuple(waiting),
        len(sheet.regions),
        figures,
        changed,
        sheet.unknown_columns,
    )


class _Areas:
    """Makes the areas of one gemeente known, where the hub does not know them."""

    def __init__(
        self, database: Database, sheet: Sheet, gemeente: str, year: int, source: str
    ) -> None:
        self._database = database
        self._regions = [region for region in sheet.regions if region.gemeente == gemeente]
        self._gemeente = gemeente
        self._year = year
        self._source = source

    async def make_known(self) -> Division:
        """The division after it; `changed` counts what was made or renewed."""
        wijken = [region for region in self._regions if region.kind == "WIJK"]
        buurten = [region for region in self._regions if region.kind == "BUURT"]
        years = [row["year"] for row in await self._database.call("areas_years", self._gemeente)]
        known = await self._database.call("areas_of_year", self._gemeente, self._year)
        codes = {row["code"] for row in known} or {region.code for region in wijken}
        for region in (*wijken, *buurten):
            if region.wijk_code not in codes:
                raise _unknown(region)
        changed = 0
        if self._year not in years:
            division = await self._import(wijken)
            changed = division.changed
            if not division.established:
                division = await self._confirm(division, years)
                changed += division.changed
            if not division.established:
                return division
        if not buurten:
            return Division(self._gemeente, self._year, (), 0, 0, changed)
        of_buurten = await self._import(buurten)
        changed += of_buurten.changed
        return Division(self._gemeente, self._year, (), len(buurten), 0, changed)

    async def _import(self, regions: Iterable[Region]) -> Division:
        collection = {
            "type": "FeatureCollection",
            "features": [_feature(region) for region in regions],
        }
        result = await import_areas(
            self._database,
            json.dumps(collection).encode(),
            year=self._year,
            source=self._source,
            gemeente=self._gemeente,
            confirm="none",
        )
        return result.divisions[0]

    async def _confirm(self, division: Division, years: Iterable[int]) -> Division:
        """Confirms what CBS's own flag decides; it tells about the year before and no other.

        1 says that code and boundary stayed: the wijk of that code. 2 says that the boundary
        stayed: the wijk of that name. What 3 says a person must look at.
        """
        if max((year for year in years if year < self._year), default=None) != self._year - 1:
            return division
        before = await self._database.call("areas_of_year", self._gemeente, self._year - 1)
        of_code = {row["code"]: row["wijk"] for row in before}
        flags = {region.code: region.flag for region in self._regions}
        decisions: dict[str, UUID | None] = {}
        for area in division.areas:
            flag = flags[area.code]
            if flag == _CODE_STAYED and area.code in of_code:
                decisions[area.code] = of_code[area.code]
            elif flag in _BOUNDARY_STAYED and area.wijk is not None:
                decisions[area.code] = area.wijk
        if not decisions:
            return division
        return await confirm_areas(self._database, self._gemeente, self._year, decisions)


def _feature(region: Region) -> dict[str, object]:
    """A row as a feature without a boundary, as a file of PDOK names its properties."""
    kind = region.kind.lower()
    properties = {
        f"{kind}code": region.code,
        f"{kind}naam": region.name,
        "gemeentecode": region.gemeente,
        "gemeentenaam": region.gemeente_name,
    }
    if region.kind == "BUURT":
        properties["wijkcode"] = region.wijk_code
    elif region.flag is not None:
        properties["ind_wbi"] = str(region.flag)
    return {"type": "Feature", "geometry": None, "properties": properties}


async def _figures(
    session: Session, sheet: Sheet, gemeente: str, year: int, source: str
) -> Figures:
    """The figures of one gemeente's rows, each under the area that its code names that year."""
    regions = [region for region in sheet.regions if region.gemeente == gemeente]
    wijken = {
        row["code"]: row["wijk"] for row in await session.fetch("areas_of_year", gemeente, year)
    }
    buurten = {
        (row["wijk"], row["name"]): row["id"]
        for row in await session.fetch("kwb_buurten", gemeente)
    }
    figures = Figures(gemeente)
    numbers = _count(figures, regions, year, source)
    for region in regions:
        wijk, buurt = _place(region, wijken, buurten)
        for measure, value in region.figures.items():
            figures.add(
                numbers[measure],
                value,
                wijk=wijk,
                buurt=buurt,
                comparability=_COMPARABILITY.get(region.flag or 0),
            )
    return figures


def _count(figures: Figures, regions: Iterable[Region], year: int, source: str) -> dict[str, int]:
    """Says what each column counts. A column without any value is still to be published."""
    published = {
        measure
        for region in regions
        for measure, value in region.figures.items()
        if isinstance(value, float)
    }
    columns = dict.fromkeys(measure for region in regions for measure in region.figures)
    numbers = {}
    for column in columns:
        measure = measures()[column]
        final = measure.provisional is None and column in published
        numbers[column] = figures.count(
            column,
            measure.label,
            measure.unit,
            year,
            status="DEFINITIVE" if final else "PROVISIONAL",
            source=source,
            note=measure.provisional if column in published else None,
        )
    return numbers


def _place(
    region: Region, wijken: Mapping[str, UUID], buurten: Mapping[tuple[UUID, str], UUID]
) -> tuple[UUID | None, UUID | None]:
    """The wijk, or the buurt, of a row; neither for the gemeente itself."""
    if region.kind == "GEMEENTE":
        return None, None
    wijk = wijken[region.wijk_code]
    if region.kind == "WIJK":
        return wijk, None
    if (wijk, region.name) not in buurten:
        raise _unknown(region)
    return None, buurten[wijk, region.name]


def _unknown(region: Region) -> Refusal:
    return Refusal(
        "KWB_UNKNOWN_AREA",
        path=("rows", region.row),
        row=region.row,
        area=region.code,
        name=region.name,
    )
