# SPDX-License-Identifier: EUPL-1.2
"""What the hub is to reach, and whether a result shows it. A part that was not measured shows
nothing: neither PASS nor FAIL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.contenders import BY_HAND, HUB, TITLES
from tests.benchmarks.measure import LOADED_GOAL_MB, MEMORY_GOAL_MB
from tests.benchmarks.plan import Numbers

AT = "at_8"
FASTER = {
    "small": {"postgraphile": 3.5, BY_HAND: 0.75},
    "rows": {"postgraphile": 4.5, BY_HAND: 1.0},
    "overview": {"postgraphile": 4.0, BY_HAND: 1.0},
}
PUSHED = {"postgraphile": 2.0, BY_HAND: 0.9}
STEADY = 4.0
ENOUGH = 50
"""Answers, for a 99th percentile to say something."""

SHARED = 2.0
SAME = 1.15
SCALE = "not measured here: the set of 10⁷ records has a command of its own"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach: a number, in what unit, that is to be at least or at most the goal."""

    about: str
    goal: float
    found: float | None
    at_least: bool
    unit: str = "×"
    missing: str = "not measured"

    @property
    def verdict(self) -> str:
        """PASS or FAIL, or a dash where nothing was measured."""
        if self.found is None:
            return "–"
        reached = self.found >= self.goal if self.at_least else self.found <= self.goal
        return "PASS" if reached else "FAIL"

    @property
    def wanted(self) -> str:
        """The goal as people write it."""
        return f"{'≥' if self.at_least else '≤'} {self.goal:g}{_spaced(self.unit)}"

    @property
    def measured(self) -> str:
        """What was found, or why there is nothing."""
        return self.missing if self.found is None else f"{self.found:,.2f}{_spaced(self.unit)}"


def _spaced(unit: str) -> str:
    return unit if unit == "×" else f" {unit}"


def ratio(ours: Numbers, theirs: Numbers) -> float:
    """How many times as fast: the median of the ratios of the rounds, which were taken in turns."""
    pairs = zip(ours["rounds"], theirs["rounds"], strict=True)
    found: float = median(a / b for a, b in pairs)
    return found


def targets(result: Numbers) -> Iterator[Target]:
    """All of them, with what a result says of each."""
    yield from _reads(result)
    yield from _pushes(result)
    yield from _memory(result)
    yield from _shares(result)
    yield Target("overview, 10⁷ records to 10⁵", SAME, None, False, missing=SCALE)


def _reads(result: Numbers) -> Iterator[Target]:
    reads = result.get("reads", {})
    for name, goals in FASTER.items():
        at = reads.get(name, {}).get(AT, {})
        for other, goal in goals.items():
            found = ratio(at[HUB], at[other]) if other in at else None
            yield Target(
                f"{READ_TITLES[name]}, 8 at a time: hub ÷ {TITLES[other]}",
                goal, found, True, missing=_why(result, other),
            )  # fmt: skip
    for name, title in READ_TITLES.items():
        yield _steady(title, reads.get(name, {}).get("open", {}).get(HUB))


def _steady(title: str, told: Numbers | None) -> Target:
    about = f"{title}, below saturation: p99 ÷ p50"
    if told is None:
        return Target(about, STEADY, None, False)
    if told["answers"] < ENOUGH:
        few = f"{told['answers']} answers are too few"
        return Target(about, STEADY, None, False, missing=few)
    return Target(about, STEADY, told["p99_ms"] / told["p50_ms"], False)


def _pushes(result: Numbers) -> Iterator[Target]:
    sizes: Numbers = result.get("push", {}).get("rows") or {"100": {}, "2000": {}}
    for rows, found in sizes.items():
        for other, goal in PUSHED.items():
            both = other in found
            faster = ratio(found[HUB]["new"], found[other]["new"]) if both else None
            yield Target(
                f"push of {int(rows):,} new rows: hub ÷ {TITLES[other]}",
                goal, faster, True, missing=_why(result, other),
            )  # fmt: skip


def _why(result: Numbers, other: str) -> str:
    return f"skipped: {result['skipped'][other]}" if other in result["skipped"] else "not measured"


def _memory(result: Numbers) -> Iterator[Target]:
    start = result.get("start", {}).get("memory")
    yield Target("memory of the hub's process at start", MEMORY_GOAL_MB, start, False, "MB")
    loaded = "push" in result and "reads" in result
    end = result["memory"][HUB]["at_end"] if loaded else None
    yield Target("memory of the hub's process after all load", LOADED_GOAL_MB, end, False, "MB")


def _shares(result: Numbers) -> Iterator[Target]:
    shares = result.get("shares", {})
    for pair, goal in SHARED_PAIRS.items():
        one = shares.get(pair)
        found = ratio(one["base"], one["other"]) if one else None
        yield Target(f"time of a page, {PAIR_TITLES[pair]}", goal, found, False)


READ_TITLES = {"small": "small read", "rows": "500 rows", "overview": "overview"}
SHARED_PAIRS = {"sees_all": SHARED, "sees_little": SHARED, "deep": SAME}
PAIR_TITLES = {
    "sees_all": "who may see everything: everybody's ÷ one's own",
    "sees_little": "who may see almost nothing: shared ÷ one's own",
    "deep": "a deep one ÷ the first",
}
