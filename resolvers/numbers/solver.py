# SPDX-License-Identifier: EUPL-1.2
"""What follows from numbers that are known: the least and the most that an unknown one can be.

The solver (HiGHS) is loaded when something is first asked of it, so that a process which publishes
nothing does without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Known:
    """That a sum of unknowns, each times its factor, lies between two numbers; None: no bound."""

    factors: tuple[tuple[int, int], ...]
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class System:
    """Whole numbers that are not known, each at least its `floor`, and what is known of them."""

    floors: tuple[int, ...]
    known: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the most that an unknown can be; None: it can be any that is more."""

    least: int
    most: int | None

    def covers(self, low: int, high: int) -> bool:
        """Whether every number from `low` to `high` may be it, as far as least and most say."""
        return self.least <= low and (self.most is None or self.most >= high)


@lru_cache(maxsize=4096)
def range_of(system: System, unknown: int) -> Range | None:
    """What can be said of an unknown; None when no numbers fit what is known.

    Systems that are alike come again and again, so answers are kept.
    """
    least = _extreme(system, unknown, most=False)
    if least is None:
        return None
    most = _extreme(system, unknown, most=True)
    return Range(round(least), None if most is None else round(most))


def _extreme(system: System, unknown: int, *, most: bool) -> float | None:
    """The most or the least that an unknown can be; None when there is none."""
    import highspy

    model = _model(highspy, system)
    sense = highspy.ObjSense.kMaximize if most else highspy.ObjSense.kMinimize
    model.changeColCost(unknown, 1.0)
    model.changeObjectiveSense(sense)
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return float(model.getInfo().objective_function_value)


def _model(highspy: Any, system: System) -> Any:
    class Silent(highspy.Highs):  # type: ignore[misc]
        """Without the line about itself that it writes to standard output at its first callback."""

        def enableCallbacks(self) -> None:
            self.silent()
            super().enableCallbacks()

    model = Silent()
    for column, floor in enumerate(system.floors):
        model.addVar(floor, highspy.kHighsInf)
        model.changeColIntegrality(column, highspy.HighsVarType.kInteger)
    for known in system.known:
        factors = dict(known.factors)
        model.addRow(
            -highspy.kHighsInf if known.low is None else known.low,
            highspy.kHighsInf if known.high is None else known.high,
            len(factors),
            list(factors),
            [float(factor) for factor in factors.values()],
        )
    return model


def exactly(factors: Mapping[int, int], value: int, slack: int = 0) -> Known:
    """That a sum is a number, or differs from it by no more than `slack`."""
    return Known(tuple(sorted(factors.items())), value - slack, value + slack)
