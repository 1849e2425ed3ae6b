# SPDX-License-Identifier: EUPL-1.2
"""The overview of a wijk in one week: published numbers beside the week before, and who delivered.

Every number was decided by the database when its week closed. Nothing is counted here: a number is
repeated as it was published, or the reason is given why there is none.
"""

from __future__ import annotations

from asyncio import gather
from collections.abc import Sequence
from typing import Any

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.periods import parse_week
from sql.session import Record

HEADLINES = Batch("headlines_of_wijken")
SOURCES = Batch("sources_of_wijken")
HOLIDAYS = Batch("holidays_of_weeks")


def overview(wijk: Record, week: str) -> dict[str, Any]:
    """What the fields of an overview start from; refuses anything but an ISO week."""
    return {"id": wijk["id"], "week": parse_week(week)}


async def headlines(context: Context, of: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Of overviews of one week: every weekly measure of the gemeente, in its order: its number in
    the week and the week before.
    """
    week, load = of[0]["week"], context.loaders.load_many
    weeks, wijken = (week, week.previous), [each["id"] for each in of]
    found, (now, before) = await gather(
        load(HEADLINES, wijken, *map(str, weeks)),
        load(HOLIDAYS, [str(each.from_day) for each in weeks]),
    )
    holidays = {"THIS_WEEK": _names(now), "WEEK_BEFORE": _names(before)}
    return [[{**_headline(row), "holidays": holidays} for row in rows] for rows in found]


def _names(holidays: list[Record]) -> list[str]:
    return [holiday["name"] for holiday in holidays]


async def silent_sources(context: Context, of: Sequence[dict[str, Any]]) -> list[list[Record]]:
    """Of overviews: the sources that should have delivered in its week, and did not."""
    keys = [f"{each['id']}/{each['week'].until_day}" for each in of]
    found = await context.loaders.load_many(SOURCES, keys)
    return [[row for row in rows if row["silent"]] for rows in found]


async def sources(context: Context, wijken: Sequence[Record]) -> list[list[Record]]:
    """Of wijken: the datasets to which the asker is a party; silent in the last closed week."""
    return await context.loaders.load_many(SOURCES, [f"{wijk['id']}/" for wijk in wijken])


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
