# SPDX-License-Identifier: EUPL-1.2
"""Imports a division of a gemeente: areas become versions of lasting wijken.

A whole file is one transaction: it is stored or it is not. The first division of a gemeente makes a
wijk per area. For a later one, proposals are kept until each is confirmed; only then the division
exists, so readers never see half of one. Importing a file again changes nothing; importing a better
file of the newest year renews names and boundaries and leaves identities as they were confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias
from uuid import UUID

from resolvers.areas.confirming import Division, Outcome, establish, keep_decisions, outcomes
from resolvers.areas.continuity import Known, Proposal, propose
from resolvers.areas.reading import Area, AreaFile, Buurt, read
from sql.errors import Refusal
from sql.session import Database, Session

Confirm: TypeAlias = Literal["none", "names", "all"]
Kind: TypeAlias = Literal["WIJK", "KERN"]
_YEARS = range(1990, 2101)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, per gemeente; `water` counts features of water, which are left out."""

    divisions: tuple[Division, ...]
    water: int

    @property
    def changed(self) -> int:
        """Rows that were made, changed or removed; 0 when everything was so already."""
        return sum(division.changed for division in self.divisions)


async def import_areas(
    database: Database,
    content: bytes | Path,
    *,
    year: int,
    source: str,
    gemeente: str | None = None,
    gemeente_name: str | None = None,
    kind: Kind = "WIJK",
    confirm: Confirm = "none",
    report: Callable[[Outcome], None] = lambda _: None,
) -> ImportResult:
    """Stores the areas of a file, of one gemeente or of all that are in it, and tells of each area
    what became of it.

    `confirm`: "none" leaves proposals to a person, "names" confirms where name and overlap agree
    and takes the other areas as new, "all" confirms every proposal as it is. `kind` is the kind of
    wijken that are new. `report` is called per area, after the transaction. Raises `Refusal`
    (AREAS_…), and then nothing is stored.
    """
    if year not in _YEARS:
        raise Refusal("AREAS_YEAR", year=year)
    file = read(content, year)
    gemeenten = [gemeente] if gemeente else file.gemeenten()
    if gemeente and gemeente not in file.gemeenten():
        raise Refusal("AREAS_NO_SUCH_GEMEENTE", gemeente=gemeente, found=file.gemeenten()[:10])
    async with database.administration() as session:
        divisions = []
        for one in gemeenten:
            name = gemeente_name or file.gemeente_names.get(one)
            importing = _Import(session, one, year, source, kind)
            divisions.append(await importing.run(file, name, confirm))
    for division in divisions:
        for outcome in division.areas:
            report(outcome)
    return ImportResult(tuple(divisions), file.water)


class _Import:
    """The import of one gemeente's part of a file."""

    def __init__(self, session: Session, gemeente: str, year: int, source: str, kind: Kind) -> None:
        self._session = session
        self._gemeente = gemeente
        self._year = year
        self._source = source
        self._kind = kind

    async def run(self, file: AreaFile, name: str | None, confirm: Confirm) -> Division:
        areas = [area for area in file.areas if area.gemeente == self._gemeente]
        buurten = [buurt for buurt in file.buurten if buurt.gemeente == self._gemeente]
        changed = await self._changed("areas_keep_gemeente", self._gemeente, name)
        if areas and not await self._is_history(areas):
            changed += await self._propose(areas, confirm)
            changed += await establish(self._session, self._gemeente, self._year)
        became = await outcomes(self._session, self._gemeente, self._year) if areas else ()
        if any(outcome.state == "WAITS" for outcome in became):
            return Division(self._gemeente, self._year, became, 0, len(buurten), changed)
        changed += await self._keep_buurten(buurten)
        return Division(self._gemeente, self._year, became, len(buurten), 0, changed)

    async def _is_history(self, areas: Sequence[Area]) -> bool:
        """Whether the year is one that later divisions stand on, exactly as in the file.

        Raises `Refusal` AREAS_LATER_YEAR when the file would change such a year, AREAS_MISSING when
        it lacks areas that the division has.
        """
        stored = {row["code"]: row for row in await self._of_year(self._year)}
        if missing := sorted(stored.keys() - {area.code for area in areas}):
            raise Refusal("AREAS_MISSING", missing=missing[:10], year=self._year)
        later = [year for year in await self._years() if year > self._year]
        if not later:
            return False
        same = len(areas) == len(stored) and all(
            (row := stored.get(area.code)) is not None
            and (row["name"], row["boundary"]) == (area.name, area.boundary)
            for area in areas
        )
        if not same:
            raise Refusal("AREAS_LATER_YEAR", year=self._year, later=later[-1])
        return True

    async def _propose(self, areas: Iterable[Area], confirm: Confirm) -> int:
        """Keeps a proposal per area and confirms those that may be; returns the number of rows
        changed.
        """
        before = max((year for year in await self._years() if year < self._year), default=None)
        earlier = [Known(**row) for row in await self._of_year(before)] if before else []
        rows = await self._session.fetch("areas_proposed", self._gemeente, self._year)
        decided = {row["code"]: row["continues"] for row in rows if row["confirmed"]}
        flags_count = before is None or before == self._year - 1
        proposals = propose(areas, earlier, decided=decided, flags_count=flags_count)
        changed = await self._changed(
            "areas_propose", self._gemeente, self._year, [self._row(p, before) for p in proposals]
        )
        free = [proposal for proposal in proposals if proposal.area.code not in decided]
        decisions = _decisions(free, "names" if before is None else confirm)
        return changed + await keep_decisions(self._session, self._gemeente, self._year, decisions)

    def _row(self, proposal: Proposal, before: int | None) -> dict[str, object]:
        return {
            "code": proposal.area.code,
            "name": proposal.area.name,
            "boundary": proposal.area.boundary,
            "continues": proposal.continues,
            "alike": proposal.alike,
            "overlap": proposal.overlap,
            "evidence": {
                "source": self._source,
                "kind": self._kind,
                "before": before,
                "flagged": proposal.flagged,
                "taken": [
                    {"wijk": t.wijk, "share": t.share, "comparability": t.comparability}
                    for t in proposal.taken
                ],
            },
        }

    async def _keep_buurten(self, buurten: Iterable[Buurt]) -> int:
        wijken = {row["code"]: row["wijk"] for row in await self._of_year(self._year)}
        rows = []
        for buurt in buurten:
            if buurt.wijk_code not in wijken:
                raise Refusal(
                    "AREAS_BUURT_WITHOUT_WIJK",
                    path=("features", buurt.feature - 1, "properties", "wijkcode"),
                    feature=buurt.feature,
                    wijk=buurt.wijk_code,
                    year=self._year,
                )
            rows.append({"code": buurt.code, "name": buurt.name, "wijk": wijken[buurt.wijk_code]})
        return await self._changed("areas_keep_buurten", self._gemeente, self._year, rows)

    async def _of_year(self, year: int) -> Sequence[Any]:
        return await self._session.fetch("areas_of_year", self._gemeente, year)

    async def _years(self) -> list[int]:
        return [row["year"] for row in await self._session.fetch("areas_years", self._gemeente)]

    async def _changed(self, statement: str, *args: object) -> int:
        return int(await self._session.fetchval(statement, *args))


def _decisions(proposals: Iterable[Proposal], confirm: Confirm) -> dict[str, UUID | None]:
    """What `confirm` decides by itself, per code of an area."""
    if confirm == "none":
        return {}
    return {
        p.area.code: p.continues if confirm == "all" or p.alike == "NAME_AND_OVERLAP" else None
        for p in proposals
    }
