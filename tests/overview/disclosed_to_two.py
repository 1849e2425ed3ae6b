# SPDX-License-Identifier: EUPL-1.2
"""What two organisations can work out that put side by side all numbers that each was given, and
know what they gave themselves.

Unknown is what each other organisation gave: of each category or as a count, for both of the two
or for one of them, in each week and part, at the first look and late. That a rule or a cap gives
one of the two more than the other is known to them, not how much. `exposed_to_two` names what
follows from both together, does not follow from what one of them was shown alone, and should not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil, floor
from typing import Any, NamedTuple, TypeAlias

import highspy

from tests.overview.disclosure import Knowledge, Number, Place, Truth
from tests.overview.town import WHOLE, Hidden

Two: TypeAlias = tuple[Truth, Truth]
BOTH, FIRST, SECOND = "both", "first", "second"
FOR = ({BOTH, FIRST}, {BOTH, SECOND})


class Atom(NamedTuple):
    """An unknown: what an organisation gave of something, to whom of the two."""

    week: int
    look: int  # 1: what came late
    measure: int
    part: int | str | None
    owner: int
    what: str
    given_to: str


Range: TypeAlias = tuple[int, float]


class Together:
    """The system of what two were shown, or one of them."""

    def __init__(self, two: Two, known: dict[int, Knowledge]) -> None:
        self._two = two
        self._model = highspy.Highs()
        self._model.silent()
        self._columns: dict[Atom, int] = {}
        for side, shown in known.items():
            for (week, look, measure, place), number in shown.numbers.items():
                where = (week, look, measure, place)
                self._learn(self._atoms(side, *where), number, self._given(side, *where))
            for measure, number in shown.quarters.items():
                self._learn_quarter(side, shown, measure, number)

    def _atoms(self, side: int, week: int, look: int, measure: int, place: Place) -> set[Atom]:
        """What a number of one of the two is the sum of, but for what they gave themselves."""
        hidden = self._two[side].behind(week, look, measure, WHOLE)
        return {
            atom
            for at in range(look + 1)
            for atom in atoms_of(self._two, week, at, measure, place)
            if atom.given_to in FOR[side] and atom.what in _shares(hidden, atom.owner)
        }

    def _given(self, side: int, week: int, look: int, measure: int, place: Place) -> int:
        """What the other of the two gave of it."""
        hidden = self._two[side].behind(week, look, measure, place)
        return hidden.records.get(self._two[1 - side].audience, 0) if hidden else 0

    def _learn_quarter(self, side: int, shown: Knowledge, measure: int, number: Number) -> None:
        atoms: set[Atom] = set()
        given = 0
        for week in self._two[side].story.weeks:
            look = int((week, 1, measure, WHOLE) in shown.numbers)
            atoms |= self._atoms(side, week, look, measure, WHOLE)
            given += self._given(side, week, look, measure, WHOLE)
        self._learn(atoms, number, given)

    def _learn(self, atoms: set[Atom], number: Number, given: int) -> None:
        if number.value is not None:
            slack = 2 if number.suppression == "ROUNDED" else 0
            columns = [self._column(atom) for atom in sorted(atoms, key=repr)]
            value = number.value - given
            ones = [1.0] * len(columns)
            self._model.addRow(value - slack, value + slack, len(columns), columns, ones)

    def _column(self, atom: Atom) -> int:
        if atom not in self._columns:
            self._columns[atom] = len(self._columns)
            self._model.addVar(0, highspy.kHighsInf)
        return self._columns[atom]

    def range_of(self, atoms: set[Atom]) -> Range:
        """The least and the most that a sum can be."""
        columns = [self._column(atom) for atom in atoms]
        for column in columns:
            self._model.changeColCost(column, 1.0)
        least = self._extreme(highspy.ObjSense.kMinimize)
        most = self._extreme(highspy.ObjSense.kMaximize)
        for column in columns:
            self._model.changeColCost(column, 0.0)
        return ceil(least - 1e-6), most if most == float("inf") else floor(most + 1e-6)

    def _extreme(self, sense: Any) -> float:
        self._model.changeObjectiveSense(sense)
        self._model.run()
        status = self._model.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return float(self._model.getInfo().objective_function_value)
        assert status != highspy.HighsModelStatus.kInfeasible, "numbers that cannot be"
        return float("inf")


def atoms_of(two: Two, week: int, look: int, measure: int, place: Place) -> Iterator[Atom]:
    """What others than the two could have given in a place: what came until the first look, or
    late.
    """
    story = two[0].story
    parts: tuple[Place, ...] = (place,)
    if place == WHOLE:
        parts = (None, 0, 1) if story.breakdown else (None,)
    sides = [[of.behind(week, at, measure, WHOLE) for at in (0, 1)] for of in two]
    for owner in set(range(story.organisations)) - {of.audience for of in two}:
        shares = [_shares(then, owner) | _shares(later, owner) for then, later in sides]
        for what in shares[0] | shares[1]:
            given_to = {BOTH: what in shares[0] & shares[1]}
            for name, share in zip((FIRST, SECOND), shares, strict=True):
                more = not given_to[BOTH] or _caps(two, owner, what)
                given_to[name] = what in share and more
            for part in parts:
                for name in (name for name, could in given_to.items() if could):
                    yield Atom(week, look, measure, part, owner, what, name)


def _shares(hidden: Hidden | None, owner: int) -> frozenset[str]:
    if hidden is None:
        return frozenset()
    if owner in hidden.givers:
        return frozenset({"COUNT"})
    return hidden.shares.get(owner, frozenset()) - {"COUNT"}


def _caps(two: Two, owner: int, what: str) -> bool:
    """Whether an organisation keeps some of it for one receiver, who can be either of the two."""
    return any(
        seen.cap is not None and (seen.owner, seen.category) == (owner, what)
        for seen in two[0].story.signals
    )


class Target(NamedTuple):
    """Something of which the range should not be small."""

    name: str
    atoms: set[Atom]
    value: int
    of_one: bool  # of one organisation: its size does not make it safe


def targets(two: Two, known: tuple[Knowledge, Knowledge]) -> Iterator[tuple[int, Target]]:
    """What two should not learn of others, each with minCell: what one organisation gave one of
    them, or both; what all gave to one of them but not the other; a whole number.
    """
    places = {key for shown in known for key in shown.numbers}
    for week, look, measure, place in sorted(places, key=repr):
        behind = [of.behind(week, look, measure, place) for of in two]
        cells = [hidden.min_cell for hidden in behind if hidden]
        if not cells:
            continue
        atoms = {atom for at in range(look + 1) for atom in atoms_of(two, week, at, measure, place)}
        for target in _of_place(two, (week, look, measure, place), behind, atoms):
            if target.atoms:
                yield min(cells), target


def _of_place(
    two: Two,
    where: tuple[int, int, int, Place],
    behind: list[Hidden | None],
    atoms: set[Atom],
) -> Iterator[Target]:
    others = set(range(two[0].story.organisations)) - {of.audience for of in two}
    gave = [_gave(hidden, others) for hidden in behind]
    first = [of.behind(where[0], 0, *where[2:]) for of in two]
    for side in (0, 1):
        if _is_nothing(behind[side]):
            continue
        mine = {atom for atom in atoms if atom.given_to in FOR[side]}
        # that nothing came late can be told, as 0 can: of three or more
        came_late = first[side] is not None and gave[side] != _gave(first[side], others)
        for owner in sorted(others):
            of_owner = {atom for atom in mine if atom.owner == owner}
            yield Target(f"{where} of {owner} for {side}", of_owner, gave[side][owner], of_one=True)
            late = {atom for atom in of_owner if atom.look and came_late}
            yield Target(f"{where} late of {owner} for {side}", late, 0, of_one=True)
        yield Target(f"{where} for {side}", mine, sum(gave[side].values()), of_one=False)
        only = {atom for atom in mine if atom.given_to != BOTH}
        more = sum(max(gave[side][owner] - gave[1 - side][owner], 0) for owner in others)
        yield Target(f"{where} for {side} only", only, more, of_one=False)


def _is_nothing(hidden: Hidden | None) -> bool:
    """Whether a number is 0, of three or more: that can be told, and to one of the two it may have
    been.
    """
    return hidden is not None and hidden.total == 0 and len(hidden.scope) >= 3


def _gave(hidden: Hidden | None, others: set[int]) -> dict[int, int]:
    return {owner: hidden.records.get(owner, 0) if hidden else 0 for owner in others}


def exposed_to_two(
    two: Two, known: tuple[Knowledge, Knowledge], tally: Counter[str]
) -> Iterator[str]:
    """What follows for two together and should not."""
    if not all(_shown(shown) for shown in known):
        return
    tally["pairs"] += 1
    together = Together(two, dict(enumerate(known)))
    alone = [Together(two, {side: shown}) for side, shown in enumerate(known)]
    who = "+".join(str(of.audience) for of in two)
    for min_cell, target in targets(two, known):
        tally["of two"] += 1
        found = together.range_of(target.atoms)
        small = target.of_one or target.value < min_cell
        narrow = found[0] > 1 or found[1] < min_cell - 1
        exact = two[0].story.sensitive and found[1] - found[0] < 4
        if (small and narrow) or exact:
            ranges = [each.range_of(target.atoms) for each in alone]
            if small and narrow and found not in ranges:
                yield f"{who} {target.name}: {found[0]} to {found[1]}"
            elif exact and all(most - least >= 4 for least, most in ranges):
                yield f"{who} {target.name}: {found[0]} to {found[1]} of a sensitive measure"


def _shown(known: Knowledge) -> bool:
    return any(number.value is not None for number in known.numbers.values())
