# SPDX-License-Identifier: EUPL-1.2
"""What an organisation can work out from all numbers that it was given: an attacker of its own.

Nothing here is shared with the code that publishes. The attacker reads what the hub shows it, as
itself; it knows which records it could see and how many stand behind each number (from the plan of
the world), and it may be told by any one contributor what that one gave. All of it becomes one
linear system per wijk: unknown is how much of each category stands in each week and part, at the
first look and late. `exposed` names what follows from it and should not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from math import ceil, floor
from typing import Any, NamedTuple

import highspy

from tests.overview.town import MONDAY, WHOLE, Given, Hidden, Plan, Rule, Seen, Town, behind
from tests.overview.town import is_safe as is_safe_by_itself

# A place of a wijk in a week, as numbers are told of it: the whole, or a part.
Place = int | str | None


class Number(NamedTuple):
    """A number as an audience reads it."""

    value: int | None
    suppression: str


@dataclass(frozen=True)
class Story:
    """A world over some weeks: what there is, what comes late, what ends between the two looks.

    Weeks count from that of MONDAY: -2 is two weeks before.
    """

    rules: tuple[Rule, ...]
    signals: tuple[Seen, ...]
    counts: tuple[tuple[int, Given], ...] = ()
    revoked: tuple[int, ...] = ()
    """Which rules are revoked after the first look."""
    weeks: tuple[int, ...] = (-2, -1, 0)
    measures: tuple[tuple[str, ...], ...] = (("NOISE", "LITTER"), ("GREEN",))
    breakdown: str | None = None
    sensitive: bool = False
    quarter: str | None = None
    organisations: int = 5

    @property
    def audiences(self) -> list[int]:
        """Who is shown numbers."""
        return sorted({rule.audience for rule in self.rules})

    def looks(self, week: int) -> tuple[int, int]:
        """The days of the two looks at a week, counted from MONDAY."""
        return 7 * (week + 1), 7 * (week + 1) + 28

    def plan(self, week: int, look: int) -> Plan:
        """What the week looked like on the day of a look, as if it were the week of MONDAY."""
        today = self.looks(week)[look] - 7 * week
        rules = [
            replace(rule, state="ENDED") if look and n in self.revoked else rule
            for n, rule in enumerate(self.rules)
        ]
        return Plan(
            tuple(
                replace(
                    rule,
                    valid_from=rule.valid_from - 7 * week,
                    valid_until=rule.valid_until - 7 * week,
                )
                for rule in rules
            ),
            tuple(
                replace(seen, day=seen.day - 7 * week, recorded=seen.recorded - 7 * week)
                for seen in self.signals
                if seen.recorded - 7 * week < today
            ),
            self.measures,
            tuple(given for at, given in self.counts if at == week),
            self.breakdown,
            organisations=self.organisations,
            wijken=1,
            today=today,
        )


def name_of(week: int) -> str:
    """The ISO week so many weeks after that of MONDAY."""
    year, number, _ = (MONDAY + timedelta(weeks=week)).isocalendar()
    return f"{year}-W{number:02}"


@dataclass
class Knowledge:
    """All that an audience was shown, by (week, look, measure, place); quarters by measure."""

    numbers: dict[tuple[int, int, int, Place], Number] = field(default_factory=dict)
    quarters: dict[int, Number] = field(default_factory=dict)


_NUMBERS = "select n.*, e.published_on from hub.editions e natural join"
_OF_WIJK = "n where period = $1 and wijk = $2"


async def knowledge(town: Town, story: Story, audience: int) -> Knowledge:
    """What an audience reads in the first wijk, read as itself."""
    found = Knowledge()
    buurten = {id_: place for place, id_ in enumerate(town.buurten[0])}
    async with town.acting(audience) as app:
        for week in story.weeks:
            cells = await app.fetch(
                f"{_NUMBERS} hub.edition_cells {_OF_WIJK}",
                name_of(week),
                town.wijken[0],
            )
            parts = await app.fetch(
                f"{_NUMBERS} hub.edition_parts {_OF_WIJK}",
                name_of(week),
                town.wijken[0],
            )
            for row in (*cells, *parts):
                place: Place = WHOLE
                if "buurt" in row.keys():  # noqa: SIM118 - a row is no mapping
                    group = int(row["group"][1:]) if row["group"] else None
                    place = buurten[row["buurt"]] if row["buurt"] else group
                first = MONDAY + timedelta(days=story.looks(week)[0])
                look = int(row["published_on"] > first)
                key = (week, look, int(row["measure"][1:]), place)
                found.numbers[key] = Number(row["value"], row["suppression"])
        if story.quarter:
            sums = await app.fetch(
                "select * from hub.edition_cells where period = $1 and wijk = $2",
                story.quarter,
                town.wijken[0],
            )
            for row in sums:
                number = Number(row["value"], row["suppression"])
                found.quarters[int(row["measure"][1:])] = number
    return found


# ── The truth, from the plan ─────────────────────────────────────────────────────────────────────


@dataclass
class Truth:
    """What stood behind each number at each look, for one audience."""

    story: Story
    audience: int

    def __post_init__(self) -> None:
        """Computed once for each week and look."""
        self._of = cache(self._look)

    def _look(self, week: int, look: int) -> dict[int, dict[Place, Hidden]]:
        return {
            measure: dict(hidden)
            for (audience, measure, wijk), hidden in behind(self.story.plan(week, look))
            if audience == self.audience and wijk == 0
        }

    def behind(self, week: int, look: int, measure: int, place: Place) -> Hidden | None:
        """What stood behind a number; None where no agreement gave rise to it."""
        return self._of(week, look).get(measure, {}).get(place)

    def is_small(self, week: int, look: int, measure: int, place: Place) -> bool:
        """Whether a number may not be told by itself."""
        hidden = self.behind(week, look, measure, place)
        plan = self.story.plan(week, look)
        return hidden is not None and not is_safe_by_itself(plan, hidden)

    def open_of(self, week: int, look: int, measure: int, place: Place, of: int | None) -> int:
        """How much of a number is not known as records: all of it, or one organisation's."""
        hidden = self.behind(week, look, measure, place)
        if hidden is None:
            return 0
        return hidden.open if of is None else hidden.opened.get(of, 0)


# ── The system ───────────────────────────────────────────────────────────────────────────────────

Atom = tuple[int, int, Place, str]  # week, look (1: what came late), part, category


class Attacker:
    """The system of one audience, as it stands when one contributor told it its own part."""

    def __init__(self, truth: Truth, known: Knowledge, told_by: int | None) -> None:
        self._truth = truth
        self._known = known
        self._told_by = told_by
        self._model = highspy.Highs()
        self._model.silent()
        self._columns: dict[Atom, int] = {}
        for key, number in known.numbers.items():
            self._learn(self._atoms(*key), number, self._apart_from(*key))
        for measure, number in known.quarters.items():
            if number.value is not None:
                self._learn_quarter(measure, number)

    def _atoms(self, week: int, look: int, measure: int, place: Place) -> list[Atom]:
        """What a number is the sum of."""
        parts: Iterable[Place] = (place,)
        story = self._truth.story
        if place == WHOLE:
            parts = (None, 0, 1) if story.breakdown else (None,)
        return [
            (week, at, part, category)
            for at in range(look + 1)
            for part in parts
            for category in story.measures[measure]
        ]

    def _apart_from(self, week: int, look: int, measure: int, place: Place) -> int:
        """What of a number the attacker knows: its records, and what it was told."""
        hidden = self._truth.behind(week, look, measure, place)
        if hidden is None:
            return 0
        told = 0
        if self._told_by is not None:
            told = self._truth.open_of(week, look, measure, place, self._told_by)
        return hidden.total - hidden.open + told

    def _column(self, atom: Atom) -> int:
        if atom not in self._columns:
            self._columns[atom] = len(self._columns)
            self._model.addVar(0, highspy.kHighsInf)
        return self._columns[atom]

    def _learn(self, atoms: list[Atom], number: Number, apart: int) -> None:
        if number.value is not None:
            slack = 2 if number.suppression == "ROUNDED" else 0
            self._add(atoms, number.value - apart, slack)

    def _add(self, atoms: list[Atom], value: int, slack: int) -> None:
        columns = [self._column(atom) for atom in atoms]
        self._model.addRow(
            value - slack, value + slack, len(columns), columns, [1.0] * len(columns)
        )

    def _learn_quarter(self, measure: int, number: Number) -> None:
        atoms: list[Atom] = []
        apart = 0
        for week in self._truth.story.weeks:
            look = int((week, 1, measure, WHOLE) in self._known.numbers)
            atoms += self._atoms(week, look, measure, WHOLE)
            apart += self._apart_from(week, look, measure, WHOLE)
        self._learn(atoms, number, apart)

    def range_of(self, atoms: list[Atom]) -> tuple[int, float]:
        """The least and the most that a sum can be."""
        columns = [self._column(atom) for atom in atoms]
        found = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            for column in self._columns.values():
                self._model.changeColCost(column, 1.0 if column in columns else 0.0)
            self._model.changeObjectiveSense(sense)
            self._model.run()
            status = self._model.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                found.append(self._model.getInfo().objective_function_value)
            else:
                assert status != highspy.HighsModelStatus.kInfeasible, "numbers that cannot be"
                found.append(float("inf"))
        least, most = found
        return ceil(least - 1e-6), most if most == float("inf") else floor(most + 1e-6)

    def late(self, week: int, measure: int, place: Place) -> list[Atom]:
        """What came in late for a number."""
        return [atom for atom in self._atoms(week, 1, measure, place) if atom[1] == 1]

    def category(self, week: int, measure: int, place: Place, category: str) -> list[Atom]:
        """What a number holds of one category."""
        return [atom for atom in self._atoms(week, 0, measure, place) if atom[3] == category]

    def exposed(self, tally: Counter[str]) -> Iterator[str]:
        """What follows and should not."""
        for key, number in self._known.numbers.items():
            week, look, measure, place = key
            hidden = self._truth.behind(*key)
            if hidden is None:
                continue
            least_cell = hidden.min_cell
            behind_counts = self._known_of_counts(hidden)
            if hidden.scope == (self._told_by,):  # all of it is what it was told
                continue
            if number.value is None and self._truth.is_small(*key):
                tally["withheld"] += 1
                least, most = self.range_of(self._atoms(*key))
                if least > 1 or most - behind_counts < least_cell - 1:
                    yield f"{self._told_by} {key}: {least} to {most}"
            if number.value is not None and len(hidden.scope) >= 3:
                yield from self._of_shown(key, number, hidden, tally)
            if look == 1:
                tally["late"] += 1
                least, most = self.range_of(self.late(week, measure, place))
                if least >= 1 and (most if self._truth.story.sensitive else least) < least_cell:
                    yield f"{self._told_by} {key}: {least} or more came late"

    def _known_of_counts(self, hidden: Hidden) -> int:
        """How much at most of others' counts the attacker sees as records."""
        return sum(
            number - hidden.unseen[owner]
            for owner, number in hidden.opened.items()
            if owner != self._told_by
        )

    def _of_shown(
        self, key: tuple[int, int, int, Place], number: Number, hidden: Hidden, tally: Counter[str]
    ) -> Iterator[str]:
        """A shown number is 0, or at least minCell without what the attacker knows of it."""
        week, look, measure, place = key
        tally["shown"] += 1
        least, most = self.range_of(self._atoms(*key))
        rounding = 4 if number.suppression == "ROUNDED" else 0
        enough = hidden.min_cell + self._known_of_counts(hidden) - rounding
        if hidden.total and least < enough:
            yield f"{self._told_by} {key}: no more than {least} of others"
        if self._truth.story.sensitive and most - least < 4:
            yield f"{self._told_by} {key}: exactly {least} of a sensitive measure"
        if len(self._truth.story.measures[measure]) > 1 and look == 0:
            for category in self._truth.story.measures[measure]:
                low, high = self.range_of(self.category(week, measure, place, category))
                if low == high and 1 <= low < hidden.min_cell:
                    yield f"{self._told_by} {key}: {low} of {category}"


def exposed(truth: Truth, known: Knowledge, tally: Counter[str]) -> list[str]:
    """What an audience can work out, alone or with what any one contributor tells it."""
    givers: list[Any] = [None, *range(truth.story.organisations)]
    return [
        found
        for told_by in givers
        if told_by != truth.audience
        for found in Attacker(truth, known, told_by).exposed(tally)
    ]
