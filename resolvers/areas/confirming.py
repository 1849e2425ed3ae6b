# SPDX-License-Identifier: EUPL-1.2
"""Decides what an imported area is, and makes a year a division once all its areas are decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sql.errors import Refusal
from sql.session import Database, Session


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one area: it continues a wijk (`was` is that wijk's last name), is new, or
    waits for a decision.

    `alike` and `overlap` are the evidence: see `resolvers.areas.continuity`.
    """

    gemeente: str
    year: int
    code: str
    name: str
    state: Literal["CONTINUES", "NEW", "WAITS"]
    was: str | None
    wijk: UUID | None
    alike: str
    overlap: float | None


@dataclass(frozen=True, slots=True)
class Division:
    """One gemeente after an import. `established` is False while areas wait; buurten of such a year
    wait with them.
    """

    gemeente: str
    year: int
    areas: tuple[Outcome, ...]
    buurten: int
    buurten_waiting: int
    changed: int

    @property
    def established(self) -> bool:
        """Whether the year is a division that readers see."""
        return not any(area.state == "WAITS" for area in self.areas)


async def confirm_areas(
    database: Database, gemeente: str, year: int, decisions: Mapping[str, UUID | None]
) -> Division:
    """Confirms per code of an area which wijk it continues, or None for a new one; the last one
    makes the division.

    Raises `Refusal`: AREAS_NOTHING_PROPOSED, AREAS_NOT_PROPOSED, AREAS_NO_SUCH_WIJK,
    AREAS_WIJK_TWICE, or AREAS_SETTLED when the division exists and the decision would change it.
    """
    async with database.administration() as session:
        await session.fetch("areas_hold_gemeente", gemeente)
        proposed = {
            row["code"]: row for row in await session.fetch("areas_proposed", gemeente, year)
        }
        if not proposed:
            raise Refusal("AREAS_NOTHING_PROPOSED", year=year, gemeente=gemeente)
        for code, continues in decisions.items():
            if code not in proposed:
                raise Refusal("AREAS_NOT_PROPOSED", area=code, year=year, gemeente=gemeente)
            if proposed[code]["wijk"] and proposed[code]["continues"] != continues:
                raise Refusal("AREAS_SETTLED", area=code, year=year)
        confirmed = {code: row["continues"] for code, row in proposed.items() if row["confirmed"]}
        _refuse_wijk_twice({**confirmed, **decisions})
        wijken = sorted({wijk for wijk in decisions.values() if wijk})
        for row in await session.fetch("areas_unknown_wijken", gemeente, wijken):
            raise Refusal("AREAS_NO_SUCH_WIJK", wijk=str(row["id"]), gemeente=gemeente)
        changed = await keep_decisions(session, gemeente, year, decisions)
        changed += await establish(session, gemeente, year)
        return Division(gemeente, year, await outcomes(session, gemeente, year), 0, 0, changed)


async def keep_decisions(
    session: Session, gemeente: str, year: int, decisions: Mapping[str, UUID | None]
) -> int:
    """Confirms per code of an area the wijk that it continues; returns how many rows changed."""
    rows = [{"code": code, "continues": wijk} for code, wijk in decisions.items()]
    return int(await session.fetchval("areas_confirm", gemeente, year, rows))


async def establish(session: Session, gemeente: str, year: int) -> int:
    """Makes the year a division once nothing waits; returns how many rows changed."""
    if any(area.state == "WAITS" for area in await outcomes(session, gemeente, year)):
        return 0
    changed = int(await session.fetchval("areas_establish", gemeente, year))
    return changed + int(await session.fetchval("areas_relate", gemeente, year))


async def outcomes(session: Session, gemeente: str, year: int) -> tuple[Outcome, ...]:
    """What became of each area of a year, in order of code."""
    return tuple(
        Outcome(
            gemeente=gemeente,
            year=year,
            code=row["code"],
            name=row["name"],
            state=_state(confirmed=row["confirmed"], continues=row["continues"]),
            was=row["continues_name"],
            wijk=row["wijk"] or row["continues"],
            alike=row["alike"],
            overlap=row["overlap"],
        )
        for row in await session.fetch("areas_proposed", gemeente, year)
    )


def _state(*, confirmed: bool, continues: UUID | None) -> Literal["CONTINUES", "NEW", "WAITS"]:
    if not confirmed:
        return "WAITS"
    return "CONTINUES" if continues else "NEW"


def _refuse_wijk_twice(decisions: Mapping[str, UUID | None]) -> None:
    seen: dict[UUID, str] = {}
    for code, wijk in sorted(decisions.items()):
        if wijk and wijk in seen:
            raise Refusal("AREAS_WIJK_TWICE", wijk=str(wijk), area=code, first=seen[wijk])
        if wijk:
            seen[wijk] = code
