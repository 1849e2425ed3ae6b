# SPDX-License-Identifier: EUPL-1.2
"""Who sees what, where and when in the demo: some 5,000 invented signals over half a year.

Drawn from a seed, and pure: the same seed and day give the same signals. Each sender, week and wijk
has dice of its own, so that a change of one sender leaves the others as they were.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from zoneinfo import ZoneInfo

from hub.demo.scene import INVENTED_BUURTEN, LIVED_IN, OOSTERHEEM, REAL_BUURTEN, SEGHWAERT
from hub.demo.words import subcategory_of, summary_of

HERE = ZoneInfo("Europe/Amsterdam")
WEEKS = 26
BACK_AGAIN = ("17", "37", "57", "77", "97")

PALENSTEIN, MEERZICHT, BUYTENWEGH, ROKKEVEEN = "WK063703", "WK063705", "WK063706", "WK063710"
NOT_LIVED_IN = ("WK063713", "WK063714", "WK063715")

# How much is seen in a wijk, as a part of what is seen in Oosterheem: the two pilots stand out.
BUSY: Mapping[str, float] = {
    **dict.fromkeys(LIVED_IN, 0.14),
    **dict.fromkeys(NOT_LIVED_IN, 0.06),
    OOSTERHEEM: 1.0,
    SEGHWAERT: 0.95,
    MEERZICHT: 0.6,
    ROKKEVEEN: 0.45,
    BUYTENWEGH: 0.3,
    PALENSTEIN: 0.3,
}

# What the last closed week has more of, so that there is something that moved.
SURGE = {(OOSTERHEEM, "YOUTH_NUISANCE"): 1.7}


@dataclass(frozen=True, slots=True)
class Watch:
    """How one sender sees the wijken.

    `rate` is what it sees in a week in Oosterheem. `mix` weighs its categories, `hours` is when it
    looks. With `points` it gives a point. `handling` are the days after which a signal of it goes
    on to the next of `statuses`.
    """

    sender: str
    prefix: str
    wijken: tuple[str, ...]
    rate: float
    mix: Mapping[str, int]
    hours: tuple[int, int]
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    points: bool = False
    statuses: tuple[str, ...] = ("IN_PROGRESS", "DONE")
    handling: tuple[int, int] = (2, 12)


ALL = (*LIVED_IN, *NOT_LIVED_IN)

WATCHES = (
    Watch(
        "wijkregisseur",
        "MOR",
        ALL,
        5.6,
        {"LITTER": 40, "PAVING": 20, "GREEN": 20, "LIGHTING": 10, "VANDALISM": 10},
        (7, 19),
        statuses=("PLANNED", "DONE"),
        handling=(3, 21),
    ),
    Watch(
        "buurtwerk",
        "BW",
        LIVED_IN,
        8.6,
        {
            "YOUTH_NUISANCE": 46,
            "SOCIAL_CONTACT": 14,
            "NOISE": 14,
            "LITTER": 14,
            "VANDALISM": 6,
            "SAFETY": 6,
        },
        (13, 22),
    ),
    Watch(
        "corporatie-a",
        "WO",
        LIVED_IN,
        7.4,
        {
            "NOISE": 36,
            "HOUSING": 20,
            "YOUTH_NUISANCE": 18,
            "LITTER": 16,
            "VANDALISM": 6,
            "SAFETY": 4,
        },
        (8, 23),
        points=True,
        handling=(5, 24),
    ),
    Watch(
        "corporatie-b",
        "B",
        (OOSTERHEEM, SEGHWAERT, MEERZICHT, ROKKEVEEN),
        7.4,
        {"NOISE": 32, "HOUSING": 24, "YOUTH_NUISANCE": 16, "LITTER": 22, "SAFETY": 6},
        (8, 23),
        statuses=("IN_PROGRESS", "WAITING", "DONE"),
        handling=(4, 18),
    ),
    Watch(
        "handhaving",
        "HH",
        ALL,
        6.0,
        {"LITTER": 30, "YOUTH_NUISANCE": 20, "TRAFFIC": 30, "NOISE": 10, "VANDALISM": 10},
        (9, 23),
        statuses=("DONE",),
        handling=(1, 6),
    ),
    Watch(
        "wijkagent",
        "WA",
        ALL,
        5.4,
        {"YOUTH_NUISANCE": 40, "SAFETY": 26, "TRAFFIC": 18, "NOISE": 8, "VANDALISM": 8},
        (9, 23),
        statuses=("FORWARDED",),
        handling=(1, 5),
    ),
    Watch(
        "school-a",
        "SA",
        (OOSTERHEEM,),
        3.6,
        {"TRAFFIC": 35, "ABSENTEEISM": 35, "YOUTH_NUISANCE": 30},
        (8, 16),
        weekdays=(0, 1, 2, 3, 4),
    ),
    Watch(
        "school-b",
        "SB",
        (SEGHWAERT,),
        4.0,
        {"TRAFFIC": 40, "ABSENTEEISM": 30, "YOUTH_NUISANCE": 30},
        (8, 16),
        weekdays=(0, 1, 2, 3, 4),
    ),
    Watch(
        "wijkzorgteam",
        "WZ",
        LIVED_IN,
        2.4,
        {"CARE": 60, "SOCIAL_CONTACT": 40},
        (9, 17),
        weekdays=(0, 1, 2, 3, 4),
        statuses=("IN_PROGRESS", "DONE"),
        handling=(7, 30),
    ),
    Watch(
        "bewoners",
        "BS",
        (SEGHWAERT,),
        7.0,
        {"LITTER": 35, "PAVING": 15, "GREEN": 15, "LIGHTING": 10, "SAFETY": 15, "TRAFFIC": 10},
        (8, 21),
        statuses=("DONE",),
        handling=(7, 35),
    ),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that a sender saw, and what becomes of it."""

    number: str
    wijk: str
    buurt: str | None
    category: str
    subcategory: str | None
    at: datetime
    point: tuple[float, float] | None
    summary: str | None
    course: tuple[tuple[datetime, str], ...]

    @property
    def gone(self) -> datetime:
        """From when on it is no longer on its sender's list of what is open."""
        return self.course[-1][0]

    @property
    def back(self) -> datetime:
        """When it is on that list again: for one in twenty; else never."""
        return (
            self.gone + timedelta(days=10)
            if self.number.endswith(BACK_AGAIN)
            else datetime.max.replace(tzinfo=HERE)
        )

    def is_open(self, at: datetime) -> bool:
        """Whether it is on its sender's list of what is open at a moment."""
        return self.at <= at < self.gone or self.back <= at < self.back + timedelta(days=10)

    def status(self, at: datetime) -> str:
        """How far it is at a moment."""
        if at >= self.back:
            return "REOPENED"
        step = bisect_right([since for since, _ in self.course], at)
        return "NEW" if step == 0 else self.course[step - 1][1]


def monday_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def moment(day: date, at: time) -> datetime:
    """This time of this day in the Netherlands."""
    return datetime.combine(day, at, HERE)


def seen_by(watch: Watch, today: date, seed: str) -> tuple[Seen, ...]:
    """What a sender saw in the 26 weeks before this one, and in this one, by time."""
    first = monday_of(today) - timedelta(weeks=WEEKS)
    found = [
        seen
        for week in range(WEEKS + 1)
        for wijk in watch.wijken
        for seen in _of_week(watch, wijk, first + timedelta(weeks=week), today, seed)
    ]
    found.sort(key=lambda seen: (seen.at, seen.wijk, seen.category, seen.summary or ""))
    return tuple(
        replace(seen, number=f"{watch.prefix}-{place:04}")
        for place, seen in enumerate(found, start=1)
    )


def _of_week(watch: Watch, wijk: str, monday: date, today: date, seed: str) -> Iterator[Seen]:
    dice = dice_of(seed, today, watch.sender, monday, wijk)
    last_closed = monday == monday_of(today) - timedelta(weeks=1)
    for category, weight in watch.mix.items():
        share = watch.rate * BUSY[wijk] * weight / sum(watch.mix.values())
        surge = SURGE.get((wijk, category), 1.0) if last_closed else 1.0
        for _ in range(int(share * surge * (0.7 + 0.6 * dice.random()) + dice.random())):
            seen = _one(watch, wijk, category, monday, dice)
            if seen.at.date() < today:
                yield seen


def _one(watch: Watch, wijk: str, category: str, monday: date, dice: Random) -> Seen:
    day = monday + timedelta(days=dice.choice(watch.weekdays))
    at = moment(day, time(dice.randrange(*watch.hours), dice.randrange(0, 60, 5)))
    subcategory = subcategory_of(category, dice)
    summary = summary_of(watch.sender, category, subcategory, dice)
    return Seen(
        number="",
        wijk=wijk,
        buurt=_buurt(wijk, dice),
        category=category,
        subcategory=subcategory if summary else None,  # who writes no text has codes alone
        at=at,
        point=_point(wijk, dice) if watch.points else None,
        summary=summary,
        course=_course(watch, at, dice),
    )


def _buurt(wijk: str, dice: Random) -> str | None:
    """One of the wijk's buurten; sometimes it was not noted."""
    if wijk not in LIVED_IN or dice.random() < 0.08:
        return None
    return dice.choice(REAL_BUURTEN.get(wijk, INVENTED_BUURTEN))


def _course(watch: Watch, at: datetime, dice: Random) -> tuple[tuple[datetime, str], ...]:
    low, high = watch.handling
    days = sorted(dice.uniform(low, high) for _ in watch.statuses)
    return tuple(
        (at + timedelta(days=after), status)
        for after, status in zip(days, watch.statuses, strict=True)
    )


def dice_of(seed: str, *words: object) -> Random:
    """Dice that always fall the same way for the same words."""
    return Random("|".join((seed, *map(str, words))))  # noqa: S311 - invented data, nothing to guess


def _point(wijk: str, dice: Random) -> tuple[float, float]:
    """A place around the middle of the wijk, to some ten metres."""
    lon, lat = _middles()[wijk]
    return round(lon + dice.uniform(-0.003, 0.003), 4), round(lat + dice.uniform(-0.002, 0.002), 4)


@cache
def _middles() -> Mapping[str, tuple[float, float]]:
    """The middle of the box around each wijk of 2025, in degrees."""
    file = files("hub") / "data" / "zoetermeer_wijken_2025.geojson"
    middles = {}
    for feature in json.loads(file.read_bytes())["features"]:
        points = list(_points(feature["geometry"]["coordinates"]))
        lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
        middles[feature["properties"]["statcode"]] = (
            (min(lons) + max(lons)) / 2,
            (min(lats) + max(lats)) / 2,
        )
    return middles


def _points(coordinates: list[object]) -> Iterator[tuple[float, float]]:
    """The points of a geometry of any nesting."""
    for item in coordinates:
        if isinstance(item, list) and isinstance(item[0], list):
            yield from _points(item)
        elif isinstance(item, list):
            yield item[0], item[1]
