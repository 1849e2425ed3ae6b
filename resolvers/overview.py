# SPDX-License-Identifier: EUPL-1.2
"""The overview of a wijk in one week: published numbers beside the week before, and who delivered.

Every number was decided by the database when its week closed. Nothing is counted here: a number is
repeated as it was published, or the reason is given why there is none.
"""

from __future__ import annotations

from typing import Any

from resolvers.batch import Batch
from resolvers.loaders import Loaders
from resolvers.periods import parse_week
from sql.session import Record

HEADLINES = Batch("headlines_of_wijken")
SOURCES = Batch("sources_of_wijken")
HOLIDAYS = Batch("holidays_of_weeks")


def overview(wijk: Record, week: str) -> dict[str, Any]:
    """What the fields of an overview start from; refuses (BAD_PERIOD) anything but an ISO week."""
    return {"id": wijk["id"], "week": parse_week(week)}


async def headlines(loaders: Loaders, of: dict[str, Any]) -> list[dict[str, Any]]:
    """Every weekly measure of the gemeente, in its order: its number in the week and the week
    before.
    """
    week, before = of["week"], of["week"].previous
    rows = await loaders.load(HEADLINES, of["id"], str(week), str(before))
    now, earlier = await loaders.load_many(HOLIDAYS, [str(week.from_day), str(before.from_day)])
    holidays = {"THIS_WEEK": _names(now), "WEEK_BEFORE": _names(earlier)}
    return [{**_headline(row), "holidays": holidays} for row in rows]


def _names(holidays: list[Record]) -> list[str]:
    return [holiday["name"] for holiday in holidays]


async def silent_sources(loaders: Loaders, of: dict[str, Any]) -> list[Record]:
    """The sources that should have delivered in the week, and did not."""
    rows = await loaders.load(SOURCES, of["id"], of["week"].until_day)
    return [row for row in rows if row["silent"]]


async def sources(loaders: Loaders, wijk: Record) -> list[Record]:
    """The datasets of the wijk to which the asker is a party; silent in the last closed week."""
    rows: list[Record] = await loaders.load(SOURCES, wijk["id"], None)
    return rows


def change_percent(now: dict[str, Any], previous: dict[str, Any]) -> float | None:
    """By how many whole per cent `now` is more than `previous`; None unless both are shown as they
    are: of rounded numbers it would say more than they do.
    """
    if not now["suppression"] == previous["suppression"] == "NONE" or previous["value"] == 0:
        return None
    return float(round(100 * (now["value"] - previous["value"]) / previous["value"]))


def _headline(row: Record) -> dict[str, Any]:
    now, previous = _count(row, "now"), _count(row, "previous")
    return {
        "measure": row["measure"],
        "label": row["label"],
        "now": now,
        "previous": previous,
        "change_percent": change_percent(now, previous),
    }


def _count(row: Record, name: str) -> dict[str, Any]:
    return {part: row[f"{name}_{part}"] for part in ("value", "suppression", "scope", "edition")}
