# SPDX-License-Identifier: EUPL-1.2
"""Which areas of a new division continue a wijk of the division before it: proposals, never
decisions.

People know a wijk by its name, so the name weighs most; a code weighs nothing (Zoetermeer's eight
codes that occur in 2024 and in 2025 all name another area). One area continues at most one wijk,
and a wijk is continued by at most one. The result does not depend on the order of the areas in the
file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

from resolvers.areas.geometry import Boundary
from resolvers.areas.overlap import Overlap, overlaps
from resolvers.areas.reading import Area

Alike: TypeAlias = Literal["NAME_AND_OVERLAP", "NAME", "OVERLAP", "NEITHER"]
Comparability: TypeAlias = Literal["UNCHANGED", "CODE_CHANGED", "BOUNDARY_CHANGED"]

# The wijk that shares most ground alone points at continuation when it does so both ways to this
# degree.
_MOSTLY = 0.8
# Ground from an old area that is less than this part of the new one is noise of the boundaries.
_WORTH_NAMING = 0.01
_Left = TypeVar("_Left")
_Right = TypeVar("_Right")
_BY_FLAG: dict[int | None, Comparability] = {
    1: "UNCHANGED",
    2: "CODE_CHANGED",
    3: "BOUNDARY_CHANGED",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A wijk as the earlier division has it."""

    wijk: UUID
    code: str
    name: str
    boundary: Boundary | None


@dataclass(frozen=True, slots=True)
class Taken:
    """An earlier area that a new one takes ground from: the share of the new area, and how the two
    compare.
    """

    wijk: UUID
    share: float
    comparability: Comparability


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an area probably is: the wijk that it continues, or None for a new one, and what points
    to it.

    `overlap` is the share of the area that lies in the wijk that it continues, None where no
    boundary is known. `flagged` is what CBS itself says about the area, where that may be used.
    """

    area: Area
    continues: UUID | None
    alike: Alike
    overlap: float | None
    flagged: Comparability | None
    taken: tuple[Taken, ...]


def propose(
    areas: Iterable[Area],
    earlier: Iterable[Known],
    *,
    decided: Mapping[str, UUID | None],
    flags_count: bool,
) -> list[Proposal]:
    """One proposal per area, in order of code.

    `decided` holds, by code, what was confirmed before: it stands, and its wijken are no longer
    free. `flags_count` says that CBS's flag compares with this very earlier division: it tells
    about the year before and no other.
    """
    new = sorted(areas, key=lambda area: area.code)
    old = sorted(earlier, key=lambda known: known.code)
    pairs = _Pairs(new, old)
    continues = {**pairs.matched(decided), **decided}
    return [pairs.proposal(area, continues.get(area.code), flags_count) for area in new]


class _Pairs:
    """The areas of two divisions side by side."""

    def __init__(self, new: Sequence[Area], old: Sequence[Known]) -> None:
        self._new = new
        self._old = {known.wijk: known for known in old}
        self._common = overlaps(
            {area.code: area.boundary for area in new if area.boundary},
            {known.wijk: known.boundary for known in old if known.boundary},
        )
        self._best_old = _best({(n, o): common.of_new for (n, o), common in self._common.items()})
        self._best_new = _best({(o, n): common.of_old for (n, o), common in self._common.items()})

    def matched(self, decided: Mapping[str, UUID | None]) -> dict[str, UUID]:
        """For each area that is free the wijk that it continues: the strongest evidence first, then
        the most ground.
        """
        found: dict[str, UUID] = {}
        claimed = {wijk for wijk in decided.values() if wijk}
        candidates = [
            (self._alike(area, known), -self._share(area.code, known.wijk), area.code, known.wijk)
            for area in self._new
            for known in self._old.values()
            if area.code not in decided
        ]
        order: dict[Alike, int] = {"NAME_AND_OVERLAP": 0, "NAME": 1, "OVERLAP": 2}
        pointing = [candidate for candidate in candidates if candidate[0] in order]
        for _, _, code, wijk in sorted(
            pointing, key=lambda c: (order[c[0]], c[1], c[2], self._old[c[3]].code)
        ):
            if code not in found and wijk not in claimed:
                found[code] = wijk
                claimed.add(wijk)
        return found

    def proposal(self, area: Area, continues: UUID | None, flags_count: bool) -> Proposal:
        known = self._old.get(continues) if continues else None
        return Proposal(
            area=area,
            continues=continues,
            alike=self._alike(area, known) if known else "NEITHER",
            overlap=self._share(area.code, known.wijk)
            if known and known.boundary and area.boundary
            else None,
            flagged=_BY_FLAG.get(area.flag) if flags_count else None,
            taken=tuple(self._taken(area)),
        )

    def _taken(self, area: Area) -> Iterable[Taken]:
        for wijk, known in self._old.items():
            common = self._common.get((area.code, wijk))
            if common and common.of_new >= _WORTH_NAMING:
                yield Taken(wijk, common.of_new, _compared(area, known, common))

    def _alike(self, area: Area, known: Known) -> Alike:
        common = self._common.get((area.code, known.wijk))
        both_best = (
            self._best_old.get(area.code) == known.wijk
            and self._best_new.get(known.wijk) == area.code
        )
        if _plain(area.name) == _plain(known.name):
            return "NAME_AND_OVERLAP" if both_best else "NAME"
        mostly = common is not None and min(common.of_new, common.of_old) >= _MOSTLY
        return "OVERLAP" if both_best and mostly else "NEITHER"

    def _share(self, code: str, wijk: UUID) -> float:
        common = self._common.get((code, wijk))
        return common.of_new if common else 0.0


def _compared(area: Area, known: Known, common: Overlap) -> Comparability:
    if not common.same_boundary:
        return "BOUNDARY_CHANGED"
    return "UNCHANGED" if area.code == known.code else "CODE_CHANGED"


def _plain(name: str) -> str:
    """A name as people hear it: without capitals, accents and punctuation. A12-ZONE is A12 zone."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(
        "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split()
    )


def _best(shares: Mapping[tuple[_Left, _Right], float]) -> dict[_Left, _Right]:
    """For each left the right with the largest share; the first of equals."""
    best: dict[_Left, tuple[float, _Right]] = {}
    for (left, right), share in shares.items():
        if left not in best or share > best[left][0]:
            best[left] = (share, right)
    return {left: right for left, (_, right) in best.items()}
