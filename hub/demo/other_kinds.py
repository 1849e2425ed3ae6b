# SPDX-License-Identifier: EUPL-1.2
"""What partners of the demo have beside signals: an agenda, what was done in the street, notices of
the wijkagent, work on homes. Drawn from a seed, and pure, as the signals are.

All of it is invented and small, and none of it says anything about a person. Each kind has its
makers in `ENTRIES`, by sender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

from hub.demo.scene import INVENTED_BUURTEN, LIVED_IN, OOSTERHEEM, REAL_BUURTEN, SEGHWAERT
from hub.demo.seen import (
    HERE,
    MEERZICHT,
    PALENSTEIN,
    ROKKEVEEN,
    WEEKS,
    dice_of,
    moment,
    monday_of,
)
from hub.demo.words import PLACES_AT_HOME, PROGRAMME, WORK

Row = Mapping[str, Any]

PILOTS = (OOSTERHEEM, SEGHWAERT)
WEEKS_AHEAD = 4
ACTIVITIES_A_WEEK = 2
ACTIONS_A_WEEK = 2
PROJECTS = 7
"""How many projects each corporation has."""

# Where an activity is for: a draw among these, the first of each its home.
ACTIVITY_WIJKEN = (
    (OOSTERHEEM,),
    (OOSTERHEEM,),
    (SEGHWAERT,),
    (SEGHWAERT,),
    (OOSTERHEEM, SEGHWAERT),
    (SEGHWAERT, MEERZICHT),
    (PALENSTEIN,),
    (OOSTERHEEM, SEGHWAERT, ROKKEVEEN),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a sender's own system: the row as it is from each moment on, None where it is
    off the list.
    """

    course: tuple[tuple[datetime, Row | None], ...]

    def row_at(self, at: datetime) -> Row | None:
        """The row at a moment; None before it is known and after it is gone."""
        known = [row for since, row in self.course if since <= at]
        return known[-1] if known else None


def wijken_of(row: Row) -> Sequence[str]:
    """The wijken of a row of whatever kind."""
    wijken: Sequence[str] = row.get("wijken") or (row["wijk"],)
    return wijken


def entries(kind: str, sender: str, today: date, seed: str) -> tuple[Entry, ...]:
    """What a sender has of a kind that is not signals, over the demo's half year."""
    return tuple(ENTRIES[kind, sender](today, seed))


def _mondays(today: date, ahead: int = 0) -> Iterator[date]:
    """The Mondays of the half year, and of some weeks after it."""
    for week in range(-WEEKS, ahead + 1):
        yield monday_of(today) + timedelta(weeks=week)


def _activities(today: date, seed: str) -> Iterator[Entry]:
    """The agenda of Buurtwerk: known three weeks ahead; afterwards it says how many came."""
    for monday in _mondays(today, WEEKS_AHEAD):
        dice = dice_of(seed, today, "agenda", monday)
        for number, plan in enumerate(dice.sample(PROGRAMME, ACTIVITIES_A_WEEK), start=1):
            begins = moment(monday + timedelta(days=plan.weekday), time(plan.hour))
            ends = begins + timedelta(hours=2)
            row = {
                "externalId": f"AG-{monday:%y%m%d}-{number}",
                "wijken": list(dice.choice(ACTIVITY_WIJKEN)),
                "category": plan.category,
                "title": plan.title,
                "audience": plan.audience,
                "facility": dice.choice(plan.facilities),
                "startsAt": begins.isoformat(),
                "endsAt": ends.isoformat(),
            }
            counted = {**row, "attendance": dice.randrange(8, 45)}
            yield Entry(((begins - timedelta(weeks=3), row), (ends, counted)))


def _actions(today: date, seed: str) -> Iterator[Entry]:
    """What handhaving did: a few things a week, most in the pilots."""
    for monday in _mondays(today):
        dice = dice_of(seed, today, "handhaving in the street", monday)
        for number in range(1, ACTIONS_A_WEEK + 1):
            day = monday + timedelta(days=dice.randrange(7))
            category, measures = dice.choice(_MEASURES)
            row = {
                "externalId": f"HA-{monday:%y%m%d}-{number}",
                **_place((*PILOTS, *PILOTS, MEERZICHT), dice),
                "category": category,
                "measure": dice.choice(measures),
                "happenedOn": day.isoformat(),
                "dayPart": dice.choice(("MORNING", "AFTERNOON", "EVENING")),
            }
            yield Entry(((moment(day, time(22)), row),))


_MEASURES = (
    ("LITTER", ("WARNING", "ADMINISTRATIVE_FINE", "OBJECT_REMOVED")),
    ("YOUTH_NUISANCE", ("PATROL", "WARNING", "DISPERSAL")),
    ("TRAFFIC", ("PENAL_ORDER", "WARNING")),
    ("NOISE", ("PATROL", "WARNING")),
)


def _notices(today: date, seed: str) -> Iterator[Entry]:
    """What the wijkagent tells the partners, off the list when it no longer holds."""
    for monday in _mondays(today):
        row, until = notice(monday, dice_of(seed, today, "notice", monday))
        told = {"externalId": f"WB-{monday:%y%m%d}", **row}
        gone = moment(until + timedelta(days=1), time())
        yield Entry(((moment(monday, time(18)), told), (gone, None)))


def notice(day: date, dice: Random) -> tuple[dict[str, Any], date]:
    """A notice of a day by codes alone, and the last day on which it holds."""
    until = day + timedelta(days=dice.randrange(10, 28))
    category, advice = dice.choice(_ADVICE)
    row = {
        **_place((*PILOTS, *PILOTS, PALENSTEIN), dice),
        "category": category,
        "on": day.isoformat(),
        "until": until.isoformat(),
        "advice": advice,
    }
    return row, until


_ADVICE = (
    ("YOUTH_NUISANCE", "EXTRA_ATTENTION"),
    ("YOUTH_NUISANCE", "ASK_WIJKAGENT"),
    ("SAFETY", "SECURE_PROPERTY"),
    ("SAFETY", "CALL_POLICE"),
    ("TRAFFIC", "REPORT_ONLINE"),
    ("VANDALISM", "CALL_POLICE"),
)


def _projects(
    sender: str, prefix: str, wijken: Sequence[str], today: date, seed: str
) -> Iterator[Entry]:
    """Work of a corporation on its homes: planned, running, done, later off the list."""
    dice = dice_of(seed, today, "projects", sender)
    places = dice.sample(PLACES_AT_HOME, PROJECTS)
    for number, place in enumerate(places, start=1):
        work, what = dice.choice(WORK)
        begins = today + timedelta(days=dice.randrange(-150, 200))
        ends = begins + timedelta(days=dice.randrange(30, 180))
        row = {
            "externalId": f"{prefix}-{number:02}",
            **_place(wijken, dice),
            "category": "HOUSING",
            "title": f"{what} {place}",
            "work": work,
            "homes": 4 * dice.randrange(6, 40),
            "startsOn": begins.isoformat(),
            "endsOn": ends.isoformat(),
        }
        yield Entry(
            (
                (datetime.min.replace(tzinfo=HERE), {**row, "status": "PLANNED"}),
                (moment(begins, time()), {**row, "status": "RUNNING"}),
                (moment(ends, time()), {**row, "status": "DONE"}),
                (moment(ends + timedelta(days=45), time()), None),
            )
        )


def _place(wijken: Sequence[str], dice: Random) -> dict[str, str]:
    wijk = dice.choice(wijken)
    return {"wijk": wijk, "buurt": dice.choice(REAL_BUURTEN.get(wijk, INVENTED_BUURTEN))}


ENTRIES: Mapping[tuple[str, str], Callable[[date, str], Iterator[Entry]]] = MappingProxyType(
    {
        ("ACTIVITY", "buurtwerk"): _activities,
        ("ENFORCEMENT_ACTION", "handhaving"): _actions,
        ("POLICE_NOTICE", "wijkagent"): _notices,
        ("HOUSING_PROJECT", "corporatie-a"): partial(
            _projects, "corporatie-a", "PA", (*PILOTS, *PILOTS, *LIVED_IN)
        ),
        ("HOUSING_PROJECT", "corporatie-b"): partial(
            _projects, "corporatie-b", "PB", (*PILOTS, MEERZICHT, ROKKEVEEN)
        ),
    }
)
