# SPDX-License-Identifier: EUPL-1.2
"""The trend of a measure in a wijk: the published numbers of its last closed periods, in a row.

Nothing is counted here: each number is repeated as it was published, or the reason is given why
there is none.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.periods import Period, closed_periods
from sql.errors import Refusal
from sql.session import Record

MEASURE = Batch("measures_by_code", returns="one")
TREND = Batch("trend_of_wijken")
MOST_WEEKS = 53


async def trend(
    context: Context, wijk: Record, measure: str, weeks: int, by_buurt: bool
) -> dict[str, Any]:
    """The series of a measure over the closed periods that lie in the last `weeks` closed weeks:
    one for the wijk, or one for each buurt and for what has none.

    Refuses a measure that the gemeente does not have (UNKNOWN_MEASURE) and a number of weeks
    outside 1–53 (BAD_ARGUMENT).
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise Refusal("BAD_ARGUMENT", name="weeks", why="WEEKS")
    found = await context.loaders.load(MEASURE, measure)
    if found is None:
        known = await context.session.fetchval("measures_known")
        raise Refusal("UNKNOWN_MEASURE", known=known or "-")
    periods = closed_periods("W" if found["period"] == "WEEK" else "Q", found["today"], weeks)
    series: list[dict[str, Any]] = []
    if not by_buurt or found["breakdown"] == "BUURT":
        names = tuple(map(str, periods))
        rows = await context.loaders.load(TREND, wijk["id"], measure, names, by_buurt)
        series = [
            _series(wijk, by_buurt, list(area), periods)
            for _, area in groupby(rows, key=lambda row: row["buurt"])
        ]
    return {
        "measure": measure,
        "definition_version": found["definition_version"],
        "series": series,
        "wijk": wijk["id"],
        "quarters": closed_periods("Q", found["today"], weeks) if _sums(found) else [],
    }


def _sums(measure: Record) -> bool:
    """Whether quarters are sums beside the numbers of a measure, not its own periods."""
    return bool(measure["period"] == "WEEK")


async def quarters(context: Context, of: dict[str, Any]) -> list[dict[str, Any]]:
    """The sums of a weekly measure over the quarters of a trend that have one, oldest first."""
    if not of["quarters"]:
        return []
    names = tuple(map(str, of["quarters"]))
    rows = await context.loaders.load(TREND, of["wijk"], of["measure"], names, False)
    return [{"period": row["period"], "count": row} for row in rows if row["edition"] is not None]


def _series(
    wijk: Record, by_buurt: bool, rows: list[Record], periods: list[Period]
) -> dict[str, Any]:
    return {
        "area": rows[0]["buurt_name"] if by_buurt else wijk["name"],
        "points": [{"period": row["period"], "count": row} for row in rows],
        "breaks": _breaks(rows, periods) if rows else [],
    }


def _breaks(rows: list[Record], periods: list[Period]) -> list[str]:
    """The periods whose numbers are not of the same as those before: another definition, or the
    first of a division in which the boundary of the wijk changed.
    """
    breaks, definition = [], rows[0]["definition_version"]
    for (before, period), row in zip(pairwise(periods), rows[1:], strict=True):
        counted = row["definition_version"] or definition
        redefined = definition is not None and counted != definition
        if redefined or (row["redrawn"] and before.year != period.year):
            breaks.append(row["period"])
        definition = counted
    return breaks
