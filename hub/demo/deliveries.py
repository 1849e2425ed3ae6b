# SPDX-License-Identifier: EUPL-1.2
"""When each sender of the demo delivers, and what: the calls of half a year. Pure.

Most deliver as they promised. School B was silent in the last closed week, Team Handhaving is late
since the Wednesday of that week, and now and then a row is wrong, as rows are. School A delivers a
week later than it did, after a holiday, and so is neither silent nor late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal

from hub.demo.convenanten import SCHOOLS
from hub.demo.other_kinds import Entry, Row, entries, notice, wijken_of
from hub.demo.scene import OOSTERHEEM, ROLES, SEGHWAERT, holiday_before
from hub.demo.seen import ALL, WATCHES, WEEKS, Seen, Watch, dice_of, moment, monday_of, seen_by

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)

MAY_REJECT = 3
MAY_CLOSE = 120
WEEKS_COUNTED = 14
DAYS_WITH_A_NIGHT = 14
"""The last days of which each has its night's work; before that a week has one, when it closes."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a sender delivers: a full list or what is new, on these weekdays, at this time.

    `every` two weeks it delivers in one of them: that of the last closed week, or with `odd` the
    other. A `reports_nothing` sender tells of which wijken it has nothing. For a school the week of
    its holiday does not count.
    """

    sender: str
    dataset: str
    weekdays: tuple[int, ...]
    at: time
    mode: Literal["UPSERT", "SNAPSHOT"] = "UPSERT"
    every: int = 1
    odd: bool = False
    reports_nothing: bool = True
    school: bool = False
    kind: str = "SIGNAL"


RHYTHMS = (
    Rhythm("wijkregisseur", "meldingen-openbare-ruimte", (SUN,), time(6, 0), "SNAPSHOT"),
    Rhythm("buurtwerk", "straatcontacten", (SUN,), time(21, 30)),
    Rhythm("corporatie-a", "woonoverlast-meldingen", (SUN,), time(23, 40), "SNAPSHOT"),
    Rhythm("corporatie-b", "overlast-en-onderhoud", (SUN,), time(23, 10)),
    Rhythm("handhaving", "handhaving-signalen", (WED, SUN), time(23, 20)),
    Rhythm("wijkagent", "wijkagent-signalen", (SUN,), time(23, 0)),
    Rhythm("school-a", "rond-de-school", (FRI,), time(16, 30), every=2, school=True),
    Rhythm("school-b", "rond-de-school", (FRI,), time(16, 40), every=2, odd=True, school=True),
    Rhythm("wijkzorgteam", "zorgsignalen", (FRI,), time(17, 15), every=2),
    Rhythm("bewoners", "buurtmeldingen", (SAT,), time(11, 0), reports_nothing=False),
)
OTHER_RHYTHMS = (
    Rhythm("buurtwerk", "agenda", (SUN,), time(20, 0), "SNAPSHOT", every=2, kind="ACTIVITY"),
    Rhythm("handhaving", "handhaving-acties", (WED,), time(23, 30), kind="ENFORCEMENT_ACTION"),
    Rhythm(
        "wijkagent",
        "wijkagent-berichten",
        (SUN,),
        time(20, 30),
        "SNAPSHOT",
        every=2,
        kind="POLICE_NOTICE",
    ),
    *(
        Rhythm(
            f"corporatie-{letter}",
            "projecten",
            (FRI,),
            time(16, 0),
            "SNAPSHOT",
            every=4,
            kind="HOUSING_PROJECT",
        )
        for letter in "ab"
    ),
)
"""Of what is not signals."""


@dataclass(frozen=True, slots=True)
class Push:
    """A delivery of rows."""

    at: datetime
    sender: str
    dataset: str
    mode: Literal["UPSERT", "SNAPSHOT"]
    rows: Sequence[Row]
    bad: int = 0
    """How many of the rows are wrong."""
    kind: str = "SIGNAL"

    @property
    def key(self) -> str:
        """The delivery's own key."""
        return f"{self.dataset}-{self.at.date()}"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to report about these wijken in a week."""

    at: datetime
    sender: str
    dataset: str
    wijken: Sequence[str]
    week: str


@dataclass(frozen=True, slots=True)
class Report:
    """Something that is reported in the hub itself: that it happens, never who.

    `caps` limit what each receiver may see.
    """

    at: datetime
    sender: str
    key: str
    row: Row
    caps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    kind: str = "SIGNAL"


@dataclass(frozen=True, slots=True)
class Update:
    """A status that is changed in the hub itself, of what was reported under a key."""

    at: datetime
    sender: str
    key: str
    status: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The pupils who were absent in a week, by group: numbers, never who."""

    at: datetime
    sender: str
    week: str
    cells: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Night:
    """The hub's own daily work: numbers of closed weeks are published, the feed's batch is cut.

    `weeks` are those that just closed: without one the hub would find that nothing is due. None: it
    looks all the same, as it does in use.
    """

    at: datetime
    weeks: Sequence[str] | None


Call = Push | Nothing | Report | Update | Counts | Night


def calls(today: date, seed: str) -> list[Call]:
    """What is delivered before `today`, and the hub's nights until this one, by time."""
    made: list[Call] = list(_nights(today))
    for watch in WATCHES:
        rhythm = next(r for r in RHYTHMS if r.sender == watch.sender)
        seen = seen_by(watch, today, seed)
        made += (
            _snapshots(rhythm, seen, today)
            if rhythm.mode == "SNAPSHOT"
            else _upserts(rhythm, watch, seen, today)
        )
    for rhythm in OTHER_RHYTHMS:
        known = entries(rhythm.kind, rhythm.sender, today, seed)
        made += (
            _full_lists(rhythm, known, today)
            if rhythm.mode == "SNAPSHOT"
            else _news(rhythm, known, today)
        )
    made += _reports(today, seed)
    made += _reported_notices(today, seed)
    made += _counts(today, seed)
    return sorted(made, key=lambda call: call.at)


def first_monday(today: date) -> date:
    """The first day of the demo's half year."""
    return monday_of(today) - timedelta(weeks=WEEKS)


def week_of(day: date) -> str:
    """The ISO week of a day, as the API writes it."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def last_closed_week(today: date) -> str:
    """The ISO week before that of `today`."""
    return week_of(today - timedelta(weeks=1))


def _nights(today: date) -> Iterator[Night]:
    first = first_monday(today)
    for day in (first + timedelta(days=n) for n in range(7 * WEEKS + 7)):
        lately = day > today - timedelta(days=DAYS_WITH_A_NIGHT)
        if day <= today and (lately or day.weekday() == MON):
            closed = [week_of(day - timedelta(weeks=1))] if day.weekday() == MON else []
            yield Night(moment(day, time(0, 0, 1)), None if day in (first, today) else closed)


def _moments(rhythm: Rhythm, today: date) -> list[datetime]:
    """When the sender delivers, as promised but for the two that did not."""
    closed = monday_of(today) - timedelta(weeks=1)
    found = []
    for week in range(-WEEKS + 1, 2):
        since_holiday = rhythm.school and closed + timedelta(weeks=week) > holiday_before(today)
        if (week - since_holiday) % rhythm.every != rhythm.odd:
            continue
        days = (closed + timedelta(weeks=week, days=weekday) for weekday in rhythm.weekdays)
        found += [moment(day, rhythm.at) for day in days if day < _until(rhythm, closed, today)]
    if rhythm.sender == "wijkregisseur":  # lately every night, as promised
        week_ago = [today - timedelta(days=n) for n in range(DAYS_WITH_A_NIGHT, 0, -1)]
        found = sorted({*found, *(moment(day, rhythm.at) for day in week_ago)})
    return found


def _until(rhythm: Rhythm, closed: date, today: date) -> date:
    if rhythm.sender == "school-b":
        return closed - timedelta(weeks=1)
    if rhythm.sender == "handhaving":
        return min(today, closed + timedelta(days=THU))
    return today


def _upserts(rhythm: Rhythm, watch: Watch, seen: Sequence[Seen], today: date) -> Iterator[Call]:
    """What is new, and what went on since the delivery before."""
    moments = _moments(rhythm, today)
    for number, (before, at) in enumerate(
        pairwise([moment(first_monday(today), time()), *moments])
    ):
        new = [one for one in seen if before < one.at <= at or (number == 0 and one.at == before)]
        went_on = [one for one in seen if one.at <= before and one.status(at) != one.status(before)]
        rows = [row_of(one, at) for one in sorted([*new, *went_on], key=lambda one: one.number)]
        wrong = _wrong_rows(rhythm.sender, number, at)
        if rows:
            yield Push(at, rhythm.sender, rhythm.dataset, "UPSERT", [*rows, *wrong], len(wrong))
        silent = set(watch.wijken) - {row["wijk"] for row in rows}
        if silent and rhythm.reports_nothing:
            yield _nothing(rhythm, at, silent)


def _snapshots(rhythm: Rhythm, seen: Sequence[Seen], today: date) -> Iterator[Push]:
    """The list of all that is open."""
    for number, at in enumerate(_moments(rhythm, today)):
        rows = [row_of(one, at) for one in seen if one.is_open(at)]
        wrong = _wrong_rows(rhythm.sender, number, at)
        yield Push(at, rhythm.sender, rhythm.dataset, "SNAPSHOT", [*rows, *wrong], len(wrong))


def _full_lists(rhythm: Rhythm, known: Sequence[Entry], today: date) -> Iterator[Push]:
    """All that is on the sender's list."""
    for at in _moments(rhythm, today):
        rows = [row for entry in known if (row := entry.row_at(at)) is not None]
        yield Push(at, rhythm.sender, rhythm.dataset, "SNAPSHOT", rows, kind=rhythm.kind)


def _news(rhythm: Rhythm, known: Sequence[Entry], today: date) -> Iterator[Call]:
    """What came since the delivery before, and for which wijken nothing did."""
    for before, at in pairwise([moment(first_monday(today), time()), *_moments(rhythm, today)]):
        new = [entry.row_at(at) for entry in known if entry.row_at(before) != entry.row_at(at)]
        rows = [row for row in new if row is not None]
        if rows:
            yield Push(at, rhythm.sender, rhythm.dataset, "UPSERT", rows, kind=rhythm.kind)
        told = {wijk for row in rows for wijk in wijken_of(row)}
        yield _nothing(rhythm, at, set(ALL) - told)


def _nothing(rhythm: Rhythm, at: datetime, wijken: Iterable[str]) -> Nothing:
    """Said a minute after the delivery."""
    after = at + timedelta(minutes=1)
    return Nothing(after, rhythm.sender, rhythm.dataset, sorted(wijken), week_of(at.date()))


def row_of(seen: Seen, at: datetime) -> Row:
    """The row that a sender delivers at a moment."""
    row: dict[str, Any] = {
        "externalId": seen.number,
        "wijk": seen.wijk,
        "category": seen.category,
        "seenAt": seen.at.isoformat(),
        "status": seen.status(at),
    }
    if seen.subcategory is not None:
        row["subcategory"] = seen.subcategory
    if seen.buurt is not None:
        row["buurt"] = seen.buurt
    if seen.point is not None:
        row["lon"], row["lat"] = seen.point
    if seen.summary is not None:
        row["summary"] = seen.summary
    return row


def _wrong_rows(sender: str, number: int, at: datetime) -> list[Row]:
    """Now and then a row with a mistake that a sender could make."""
    if number % 6 != 4 or sender not in _MISTAKES:
        return []
    row = {
        "externalId": f"F-{at:%y%m%d}",
        "wijk": OOSTERHEEM,
        "category": "LITTER",
        "seenAt": at.isoformat(),
        "status": "NEW",
        "summary": "Zwerfvuil bij de bushalte.",
    }
    return [{**row, **_MISTAKES[sender]}]


_MISTAKES: Mapping[str, Row] = MappingProxyType(
    {
        "buurtwerk": {"wijk": "WK063700"},  # a code of the older division
        "corporatie-a": {"category": "GELUID"},  # a word of the sender's own list
        "corporatie-b": {"buurt": "Oosterheem-Hoog"},  # there is no such buurt
        "bewoners": {
            "wijk": SEGHWAERT,
            "seenAt": "2026-02-30T10:00:00+01:00",
        },  # there is no such day
    }
)


def _reports(today: date, seed: str) -> Iterator[Report | Update]:
    """What the wijkagent reports on the spot: weekly, and lately every other day."""
    days = [first_monday(today) + timedelta(weeks=week, days=SAT) for week in range(WEEKS - 2)]
    days += [today - timedelta(days=ago) for ago in range(13, 0, -2)]
    for day in days:
        dice = dice_of(seed, today, "wijkagent in the street", day)
        wijk = dice.choice((OOSTERHEEM, OOSTERHEEM, SEGHWAERT, SEGHWAERT, "WK063703", "WK063705"))
        pilot = wijk in (OOSTERHEEM, SEGHWAERT)
        at = moment(day, time(19, dice.randrange(60)))
        buurt = dice.choice(
            ("Tuinen", "Vaarten", "Weiden") if wijk == SEGHWAERT else ("Noord", "Midden", "Zuid")
        )
        row = {
            "wijk": wijk,
            "buurt": buurt,
            "category": dice.choice(("YOUTH_NUISANCE", "YOUTH_NUISANCE", "SAFETY", "TRAFFIC")),
            "seenAt": moment(day, time(12)).isoformat(),
        }
        capped = pilot and row["category"] == "YOUTH_NUISANCE" and dice.random() < 0.5
        key = f"wijkagent-{day}"
        yield Report(at, "wijkagent", key, row, _CAPS if capped else MappingProxyType({}))
        if day + timedelta(days=3) < today:
            yield Update(at + timedelta(days=3), "wijkagent", key, "DONE")


def _reported_notices(today: date, seed: str) -> Iterator[Report]:
    """What the wijkagent tells the partners on the spot: every four weeks, on a Thursday."""
    for week in range(2, WEEKS, 4):
        day = first_monday(today) + timedelta(weeks=week, days=THU)
        row, _ = notice(day, dice_of(seed, today, "notice on the spot", day))
        yield Report(
            moment(day, time(18, 15)), "wijkagent", f"bericht-{day}", row, kind="POLICE_NOTICE"
        )


def _wijken_of(sender: str) -> Sequence[str]:
    return next(role.wijken for role in ROLES if role.token == sender) or ()


def _counts(today: date, seed: str) -> Iterator[Counts]:
    """What schools count of late, on the Friday of each week; School B skipped the last one."""
    closed = monday_of(today) - timedelta(weeks=1)
    for school in SCHOOLS:
        weeks = range(-WEEKS_COUNTED + 1, 0 if school == "school-b" else 1)
        for week in weeks:
            friday = closed + timedelta(weeks=week, days=FRI)
            dice = dice_of(seed, today, "absent", school, friday)
            cells = [
                {"wijk": wijk, "group": group, "count": dice.randrange(5, 15)}
                for wijk in _wijken_of(school)
                for group in ("onderbouw", "bovenbouw")
            ]
            yield Counts(moment(friday, time(15, 10)), school, week_of(friday), cells)


_CAPS = MappingProxyType({"buurtwerk": "BUURT", "handhaving": "WIJK", "wijkregisseur": "COUNT"})
