# SPDX-License-Identifier: EUPL-1.2
"""Which numbers are withheld beside those that the database withholds, so that none of these
follows by subtraction.

What is withheld of a wijk's parts follows, taken together, from the wijk's number and the parts
that are shown. So parts are added to what is withheld until (1) one of them is a number that could
be shown, which makes the sum a safe number, and (2) the solver finds that each withheld part can
still be any number from 1 to minCell - 1. They are added in the order in which the database gives
them, by name: it is known to everybody. By size it would tell which of the withheld ones is the
smallest. What the order tells: the last one that was added was needed, so the others together are
few. A part that is shown as 0 hides nothing and is passed over.

A sum over a quarter has no parts that can be withheld any more: it is withheld itself. So is a
second edition of which the differences with the first would tell too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from resolvers.numbers.solver import Known, System, exactly, range_of
from sql.session import Row

Number: TypeAlias = Row
"""A row of `numbers_for_solver`."""

ROUNDING = 2
"""How far a number that is rounded to five can be from what it was."""


def complements(numbers: Iterable[Number]) -> list[str]:
    """The keys of what must be withheld as well; `numbers` as the database gives them, in order."""
    withheld: list[str] = []
    for _, group in groupby(numbers, key=lambda number: number["number"]):
        withheld += _of_wijk(list(group))
    return withheld


def _of_wijk(numbers: Sequence[Number]) -> Iterator[str]:
    whole, *parts = numbers
    if not whole["safe"]:
        return  # none of its parts is shown
    if whole["withheld_weeks"]:
        if not _covers(*_weeks(whole), whole["min_cell"]):
            yield whole["key"]
    elif whole["before"] is not None:
        if parts and not _covers(*_both_editions(whole, parts), whole["min_cell"]):
            yield whole["key"]
    else:
        yield from _of_parts(whole, parts)


def _of_parts(whole: Number, parts: Sequence[Number]) -> Iterator[str]:
    unsafe = [part for part in parts if not part["safe"]]
    if not unsafe:
        return
    rest = [part for part in parts if part["safe"] and part["value"]]
    added: list[Number] = []
    while rest:
        added.append(rest.pop(0))
        if _covers(*_parts(whole, parts, unsafe, added), whole["min_cell"]):
            break
    else:
        added = [part for part in parts if part["safe"]]  # then not one of them is shown
    yield from (part["key"] for part in added)


# ── What a reader knows, as a system ─────────────────────────────────────────────────────────────
# Each gives the system and which of its unknowns are withheld. What the audience sees as records is
# taken off everywhere: as much as can be of what is withheld together.


def _parts(
    whole: Number, parts: Sequence[Number], unsafe: Sequence[Number], added: Sequence[Number]
) -> tuple[System, list[int]]:
    withheld = {part["key"] for part in (*unsafe, *added)}
    shown = [
        exactly({n: 1}, part["could_be_hidden"], _slack(part))
        for n, part in enumerate(parts)
        if part["key"] not in withheld
    ]
    total = exactly(dict.fromkeys(range(len(parts)), 1), whole["hidden"], _slack(whole))
    system = System(_floors(whole, len(parts)), (*shown, total))
    return system, [n for n, part in enumerate(parts) if not part["safe"]]


def _weeks(whole: Number) -> tuple[System, list[int]]:
    weeks = range(whole["withheld_weeks"])
    slack = _slack(whole) * (1 + 13 - len(weeks))
    total = exactly(dict.fromkeys(weeks, 1), whole["hidden"], slack)
    return System(_floors(whole, len(weeks)), (total,)), list(weeks)


def _both_editions(whole: Number, parts: Sequence[Number]) -> tuple[System, list[int]]:
    """The parts of the first edition, then those of the second, none of which is less."""
    count = len(parts)
    known: list[Known] = []
    for n, part in enumerate(parts):
        known.append(Known(((n, -1), (count + n, 1)), 0, None))
        if part["safe"]:
            known.append(exactly({n: 1}, part["before_hidden"], _slack(part)))
            known.append(exactly({count + n: 1}, part["could_be_hidden"], _slack(part)))
    first, second = range(count), range(count, 2 * count)
    known.append(exactly(dict.fromkeys(first, 1), whole["before_hidden"], _slack(whole)))
    known.append(exactly(dict.fromkeys(second, 1), whole["hidden"], _slack(whole)))
    withheld = [n for n, part in enumerate(parts) if not part["safe"]]
    floors = _floors(whole, 2 * count)
    return System(floors, tuple(known)), [*withheld, *(count + n for n in withheld)]


def _slack(number: Number) -> int:
    return ROUNDING if number["sensitive"] else 0


def _floors(whole: Number, count: int) -> tuple[int, ...]:
    """A reader may take it that nothing is withheld which is 0, but where 0 to 4 are alike."""
    return (0 if whole["sensitive"] else 1,) * count


def _covers(system: System, withheld: Sequence[int], min_cell: int) -> bool:
    """Whether each of these unknowns can still be any number that is too small to be shown."""
    shown = {known.factors[0][0] for known in system.known if len(known.factors) == 1}
    for unknown in withheld:
        free = {unknown, *shown}
        floors = tuple(0 if n in free else floor for n, floor in enumerate(system.floors))
        found = range_of(System(floors, system.known), unknown)
        if found is None or not found.covers(1, min_cell - 1):
            return False
    return True
