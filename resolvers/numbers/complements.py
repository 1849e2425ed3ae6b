# SPDX-License-Identifier: EUPL-1.2
"""Which numbers are withheld beside those that the database withholds, so that none of these
follows by subtraction, for one audience or for two that put theirs together.

The database says which numbers of two audiences tell more together than either of them may know.
Of a measure and wijk they are shown in its order, but for those that cannot stand beside one that
is shown already. Audiences with organisations in common are shown the same parts.

What is withheld of a wijk's parts follows, taken together, from the wijk's number and the parts
that are shown. So parts are added to what is withheld until (1) one of them is a number that could
be shown, which makes the sum a safe number, and (2) the solver finds for each audience that each
withheld part can still be any number from 1 to minCell - 1. They are added in the order in which
the database gives them, by name: it is known to everybody. By size it would tell which of the
withheld ones is the smallest. What the order tells: the last one that was added was needed, so the
others together are few. A part that is shown as 0 hides nothing and is passed over. Of a sensitive
measure parts are withheld too until each number that is shown can still be all that rounds to it.

A sum over a quarter has no parts that can be withheld any more: it is withheld itself. So is a
second edition of which the differences with the first would tell too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import groupby
from typing import TypeAlias

from resolvers.numbers.solver import Known, System, exactly, range_of
from sql.session import Row

Number: TypeAlias = Row
"""A row of `numbers_for_solver`."""

ROUNDING = 2
"""How far a number that is rounded to five can be from what it was."""


Wijk: TypeAlias = list[Number]
"""The number of a wijk for one audience, and then its parts."""


def complements(numbers: Iterable[Number]) -> list[str]:
    """The keys of what must be withheld as well; `numbers` as the database gives them, in order."""
    withheld: list[str] = []
    for _, of_cell in groupby(numbers, key=lambda number: number["cell"]):
        wijken = [list(group) for _, group in groupby(of_cell, key=lambda each: each["number"])]
        withheld += _of_audiences(wijken)
    return withheld


def _of_audiences(wijken: Sequence[Wijk]) -> Iterator[str]:
    shown: list[Wijk] = []
    for wijk in (wijk for wijk in wijken if wijk[0]["safe"]):  # else none of its parts is shown
        apart = set(wijk[0]["apart"])
        if any(other[0]["key"] in apart for other in shown) or _tells_too_much(*wijk):
            yield wijk[0]["key"]
        else:
            shown.append(wijk)
    for group in _with_the_same_parts(shown):
        yield from _of_parts(group)


def _tells_too_much(whole: Number, *parts: Number) -> bool:
    if whole["withheld_weeks"]:
        return not _covers(*_weeks(whole), whole["min_cell"])
    if whole["before"] is not None and parts:
        covers = _covers(*_both_editions(whole, parts), whole["min_cell"])
        return not (covers and _both_stay_rounded(whole, parts))
    return False


def _with_the_same_parts(shown: Sequence[Wijk]) -> list[list[Wijk]]:
    """First numbers of audiences that have organisations in common, by way of others too."""
    groups: list[list[Wijk]] = []
    for wijk in shown:
        if len(wijk) > 1 and wijk[0]["before"] is None:
            beside = set(wijk[0]["beside"])
            near = [group for group in groups if any(each[0]["key"] in beside for each in group)]
            groups = [group for group in groups if group not in near]
            groups.append([*(each for group in near for each in group), wijk])
    return groups


def _of_parts(group: Sequence[Wijk]) -> Iterator[str]:
    places = list(zip(*(parts for _, *parts in group), strict=True))
    withheld = {n for n, place in enumerate(places) if not all(part["safe"] for part in place)}
    if not withheld and _can_stand(group, withheld):
        return
    rest = [n for n, place in enumerate(places) if all(part["value"] for part in place)]
    for n in (n for n in rest if n not in withheld):
        withheld.add(n)
        if _can_stand(group, withheld):
            break
    else:
        withheld = set(range(len(places)))  # then not one of them is shown
    yield from (part["key"] for n in withheld for part in places[n] if part["safe"])


def _can_stand(group: Sequence[Wijk], withheld: Set[int]) -> bool:
    """Whether nothing follows of what is withheld, nor more of what is rounded than it says."""
    return all(
        _covers(*_parts(*wijk, withheld=withheld), wijk[0]["min_cell"])
        and _stay_rounded(*wijk, withheld=withheld)
        for wijk in group
    )


def _stay_rounded(whole: Number, *parts: Number, withheld: Set[int]) -> bool:
    """Whether each number that is shown to five can still be any that rounds to it, beside the
    others: parts of 20, 15 and 20 of a wijk of 50 are 49 at least, and then the wijk is too.
    """
    if not whole["sensitive"]:
        return True
    of_all = len(parts)
    shown = {n: part["value"] for n, part in enumerate(parts) if n not in withheld}
    shown[of_all] = whole["value"]
    return _leave_all(shown, (_sum_of(range(of_all), of_all),))


def _both_stay_rounded(whole: Number, parts: Sequence[Number]) -> bool:
    """The same of the numbers of two editions, of which none became less: the parts of the first,
    their sum, the parts of the second, and theirs.
    """
    if not whole["sensitive"]:
        return True
    numbers = [*parts, whole]
    count = len(numbers)
    shown = {n: each["before"] for n, each in enumerate(numbers) if each["before"] is not None}
    shown |= {count + n: each["value"] for n, each in enumerate(numbers) if each["safe"]}
    known = (
        _sum_of(range(count - 1), count - 1),
        _sum_of(range(count, 2 * count - 1), 2 * count - 1),
        *(Known(((n, -1), (count + n, 1)), 0, None) for n in range(count)),
    )
    return _leave_all(shown, known)


def _sum_of(parts: Sequence[int], of_all: int) -> Known:
    return Known((*((n, 1) for n in parts), (of_all, -1)), 0, 0)


def _leave_all(shown: Mapping[int, int], known: Sequence[Known]) -> bool:
    """Whether each number that is shown can be all that rounds to it, whatever else is known."""
    unknowns = 1 + max(n for each in known for n, _ in each.factors)
    told = [exactly({n: 1}, value, ROUNDING) for n, value in shown.items()]
    system = System((0,) * unknowns, (*known, *told))
    ranges = [range_of(system, n) for n in shown]
    return all(
        one is not None and one.most is not None and one.most - one.least == 2 * ROUNDING
        for one in ranges
    )


# ── What a reader knows, as a system ─────────────────────────────────────────────────────────────
# Each gives the system and which of its unknowns are withheld. What the audience sees as records is
# taken off everywhere: as much as can be of what is withheld together.


def _parts(whole: Number, *parts: Number, withheld: Set[int]) -> tuple[System, list[int]]:
    shown = [
        exactly({n: 1}, part["could_be_hidden"], _slack(part))
        for n, part in enumerate(parts)
        if n not in withheld
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
