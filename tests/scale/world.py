# SPDX-License-Identifier: EUPL-1.2
"""What is in the world of the scale set: invented gemeenten, wijken, buurten, partners, and what
each partner delivers in each week.

Everything follows from the size and its seed, so that a second database can be given the very same
deliveries. Nothing here knows a database.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""The moment of the last week's deliveries; the hub's clock stands still there afterwards."""

YEAR = 2026
"""Of the one division in wijken."""

COUNTRY = (342, 3_400, 14_000)
"""Gemeenten, wijken and buurten of the Netherlands, rounded."""


@dataclass(frozen=True, slots=True)
class Delivers:
    """A dataset of a partner: its kind, its share of all records (of 1000), its categories."""

    dataset: str
    share: int
    categories: tuple[str, ...]
    kind: str = "SIGNAL"


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner that every gemeente has. It works in every `nth` wijk, in `most` of them."""

    name: str
    kind: str
    delivers: tuple[Delivers, ...]
    nth: int = 1
    most: int = 10_000

    @property
    def strict(self) -> bool:
        """Whether the hub keeps no text, point or minute of it."""
        return self.kind in ("ENFORCEMENT", "POLICE")


PARTNERS = (
    Partner(
        "gemeente",
        "MUNICIPALITY",
        (Delivers("mor", 250, ("LITTER", "PAVING", "GREEN", "LIGHTING")),),
    ),
    Partner(
        "corporatie-a",
        "HOUSING",
        (
            Delivers("ovl", 180, ("NOISE", "HOUSING", "LITTER", "PAVING")),
            Delivers("projecten", 10, ("HOUSING",), "HOUSING_PROJECT"),
        ),
    ),
    Partner(
        "corporatie-b",
        "HOUSING",
        (Delivers("ovl", 100, ("NOISE", "HOUSING", "LITTER", "GREEN")),),
        nth=2,
    ),
    Partner(
        "buurtwerk",
        "WELFARE",
        (
            Delivers("con", 80, ("YOUTH_NUISANCE", "SOCIAL_CONTACT", "CARE", "SAFETY")),
            Delivers("agenda", 15, ("SOCIAL_CONTACT", "YOUTH_NUISANCE"), "ACTIVITY"),
        ),
    ),
    Partner(
        "handhaving",
        "ENFORCEMENT",
        (
            Delivers("sig", 120, ("LITTER", "TRAFFIC", "YOUTH_NUISANCE", "SAFETY")),
            Delivers("acties", 30, ("LITTER", "TRAFFIC"), "ENFORCEMENT_ACTION"),
        ),
    ),
    Partner(
        "politie",
        "POLICE",
        (
            Delivers("sig", 100, ("SAFETY", "TRAFFIC", "YOUTH_NUISANCE", "NOISE")),
            Delivers("berichten", 10, ("SAFETY", "VANDALISM"), "POLICE_NOTICE"),
        ),
    ),
    Partner("zorg", "CARE", (Delivers("zrg", 50, ("CARE", "SOCIAL_CONTACT", "HOUSING")),)),
    Partner(
        "school",
        "SCHOOL",
        (
            Delivers("sch", 40, ("ABSENTEEISM", "TRAFFIC", "YOUTH_NUISANCE")),
            Delivers("tellingen", 5, ("ABSENTEEISM",), "COUNT"),
        ),
        most=3,
    ),
    Partner("bewoners", "RESIDENTS", (Delivers("brt", 10, ("LITTER", "GREEN")),), most=1),
)

DENSE, MIDDLING, SPARSE = "gemeente", "buurtwerk", "bewoners"
"""Who sees every record of everyone, some of some, almost nothing."""

MEASURES = (
    ("jeugdoverlast", ("YOUTH_NUISANCE",)),
    ("woonoverlast", ("NOISE", "HOUSING")),
    ("openbare-ruimte", ("LITTER", "PAVING", "GREEN", "LIGHTING")),
    ("veiligheid", ("SAFETY", "TRAFFIC")),
    ("zorg", ("CARE", "SOCIAL_CONTACT")),
    ("verzuim", ("ABSENTEEISM",)),
)


@dataclass(frozen=True, slots=True)
class Shares:
    """A rule of the gemeente's agreement: who shows whom what, how exactly."""

    provider: str
    receiver: str
    kind: str
    category: str | None
    precision: str
    fields: tuple[str, ...] = ()
    wijken: int = 10_000


RULES = (
    *(
        Shares(partner.name, DENSE, each.kind, None, "EXACT", listed)
        for partner in PARTNERS
        if partner.name != DENSE
        for each in partner.delivers
        if each.kind != "COUNT"
        for listed in [("summary", "seenAt") if each.kind == "SIGNAL" else ()]
    ),
    Shares("corporatie-a", MIDDLING, "SIGNAL", "NOISE", "EXACT", ("summary",)),
    Shares("handhaving", MIDDLING, "SIGNAL", "YOUTH_NUISANCE", "BUURT"),
    Shares("politie", MIDDLING, "SIGNAL", "YOUTH_NUISANCE", "WIJK"),
    Shares("zorg", MIDDLING, "SIGNAL", "SOCIAL_CONTACT", "WIJK"),
    Shares("handhaving", MIDDLING, "ENFORCEMENT_ACTION", None, "WIJK"),
    Shares("gemeente", SPARSE, "SIGNAL", "GREEN", "WIJK", wijken=1),
)

COUNTED = tuple(
    Shares(partner.name, DENSE, "SIGNAL", None, "COUNT")
    for partner in PARTNERS
    if partner.name != DENSE
)
"""The rules of published numbers, in the gemeenten that have those."""

STATUSES = ("NEW", "IN_PROGRESS", "PLANNED", "DONE", "DONE", "DONE")
SUMMARIES = (
    "Grofvuil naast de container",
    "Lantaarnpaal brandt niet, het pad is donker",
    "Geluid uit het trapportaal in het weekend",
    "Losse tegels bij de bushalte",
    *[None] * 28,
)
DAY_PARTS = ("MORNING", "AFTERNOON", "EVENING", None)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. Wijken and buurten are spread evenly over the gemeenten; records over
    gemeenten, weeks and partners. The first `published` gemeenten have published numbers.
    """

    gemeenten: int
    wijken: int
    buurten: int
    records: int
    weeks: int = 13
    published: int = 2
    seed: int = 1

    @classmethod
    def of(cls, records: int, gemeenten: int = COUNTRY[0], **more: int) -> Size:
        """A part of the country with as many wijken and buurten as belong to it."""
        wijken, buurten = (round(gemeenten * each / COUNTRY[0]) for each in COUNTRY[1:])
        return cls(**({"wijken": wijken, "buurten": buurten} | more), gemeenten=gemeenten,
            records=records)  # fmt: skip

    def all(self) -> Iterator[Gemeente]:
        """Every gemeente, in the order of their codes."""
        for number in range(self.gemeenten):
            yield Gemeente(self, number)


def part(total: int, number: int, parts: int) -> range:
    """The numbers of `total` things that fall to one of so many parts."""
    return range(total * number // parts, total * (number + 1) // parts)


def named(*names: object) -> UUID:
    """An id that follows from names: the same in every database."""
    return uuid5(NAMESPACE_URL, "scale/" + "/".join(map(str, names)))


@dataclass(frozen=True, slots=True)
class Wijk:
    """A wijk with its buurten, by their codes."""

    id: UUID
    code: str
    buurten: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Push:
    """One delivery: whose, of which dataset and kind, and its rows as the hub's push takes them."""

    partner: str
    dataset: str
    kind: str
    key: str
    rows: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Gemeente:
    """One gemeente of the world."""

    size: Size
    number: int

    @property
    def code(self) -> str:
        """Its code; an invented one."""
        return f"GM{self.number + 1:04}"

    @cached_property
    def wijken(self) -> tuple[Wijk, ...]:
        """Its wijken."""
        size = self.size
        return tuple(
            Wijk(
                named("wijk", number),
                f"WK{self.code[2:]}{place:02}",
                tuple(
                    (named("buurt", buurt), f"BU{self.code[2:]}{place:02}{order:02}")
                    for order, buurt in enumerate(part(size.buurten, number, size.wijken))
                ),
            )
            for place, number in enumerate(part(size.wijken, self.number, size.gemeenten))
        )

    @property
    def records(self) -> int:
        """About how many records it has."""
        return len(part(self.size.records, self.number, self.size.gemeenten))

    @property
    def rules(self) -> tuple[Shares, ...]:
        """What its partners agreed."""
        return RULES + (COUNTED if self.number < self.size.published else ())

    def organisation(self, partner: str) -> UUID:
        """The id of its partner of this name."""
        return named("partner", self.code, partner)

    def works_in(self, partner: Partner) -> tuple[Wijk, ...]:
        """The wijken where a partner works."""
        return self.wijken[:: partner.nth][: partner.most]

    def moment(self, week: int) -> datetime:
        """When the deliveries of a week come, in all gemeenten alike."""
        return NOW - timedelta(weeks=self.size.weeks - 1 - week)

    def began(self) -> date:
        """The first day of its agreement and its partners."""
        return self.moment(0).date() - timedelta(days=7)

    def pushes(self, week: int) -> Iterator[Push]:
        """What comes in in a week, in order."""
        for partner in PARTNERS:
            for each in partner.delivers:
                count = len(part(self.records * each.share // 1000, week, self.size.weeks))
                key = f"{self.code}/{partner.name}/{each.dataset}/{week}"
                rnd = random.Random(f"{self.size.seed}/{key}")
                rows = _ROWS[each.kind](self, partner, each, week, count, rnd)
                yield Push(partner.name, each.dataset, each.kind, key, rows)

    def _place(self, wijken: Sequence[Wijk], rnd: random.Random) -> dict[str, Any]:
        wijk = wijken[int(rnd.random() * len(wijken))]
        pick = int(rnd.random() * 2 * len(wijk.buurten))
        buurt = wijk.buurten[pick][0] if pick < len(wijk.buurten) else None
        return {"wijk": wijk.id, "buurt": buurt}

    def _signals(
        self, partner: Partner, each: Delivers, week: int, count: int, rnd: random.Random
    ) -> list[dict[str, Any]]:
        wijken, moment, strict = self.works_in(partner), self.moment(week), partner.strict
        rows = []
        for number in range(count):
            seen = moment - timedelta(minutes=int(rnd.random() * 7 * 24 * 60))
            pointed = not strict and rnd.random() < 0.1
            rows.append({
                "external_id": f"{week}-{number}",
                **self._place(wijken, rnd),
                "category": each.categories[int(rnd.random() * len(each.categories))],
                "subcategory": None,
                "seen_at": noon_of(seen) if strict else seen,
                "lon": 4.48 + round(rnd.random() / 20, 5) if pointed else None,
                "lat": 52.03 + round(rnd.random() / 20, 5) if pointed else None,
                "status": STATUSES[int(rnd.random() * len(STATUSES))],
                "summary": None if strict else SUMMARIES[int(rnd.random() * len(SUMMARIES))],
                "internal_note": None,
            })  # fmt: skip
        return rows

    def _others(
        self, partner: Partner, each: Delivers, week: int, count: int, rnd: random.Random
    ) -> list[dict[str, Any]]:
        wijken, day = self.works_in(partner), self.moment(week).date()
        rows = []
        for number in range(count):
            row = {
                "external_id": f"{week}-{number}",
                **self._place(wijken, rnd),
                "category": rnd.choice(each.categories),
            }
            happened = day - timedelta(days=rnd.randrange(7))
            if each.kind == "ENFORCEMENT_ACTION":
                row |= {"measure": "WARNING", "happened_on": happened}
                row |= {"day_part": rnd.choice(DAY_PARTS)}
            elif each.kind == "POLICE_NOTICE":
                row |= {"noticed_on": happened, "day_part": None, "until": None}
                row |= {"advice": "EXTRA_ATTENTION"}
            else:
                row |= {"title": "Onderhoud aan woningen", "work": "MAINTENANCE", "homes": 40}
                row |= {"starts_on": happened, "ends_on": None, "status": "RUNNING"}
            rows.append(row)
        return rows

    def _activities(
        self, partner: Partner, each: Delivers, week: int, count: int, rnd: random.Random
    ) -> list[dict[str, Any]]:
        wijken, moment = self.works_in(partner), self.moment(week)
        rows = []
        for number in range(count):
            home = rnd.randrange(len(wijken))
            several = {home, rnd.randrange(len(wijken))} if number % 3 == 0 else {home}
            rows.append({
                "external_id": f"{week}-{number}",
                "wijken": [wijken[each].id for each in sorted(several)],
                "buurt": None,
                "category": rnd.choice(each.categories),
                "title": "Koffie in het buurthuis",
                "audience": None,
                "starts_at": moment + timedelta(minutes=rnd.randrange(14 * 24 * 60)),
                "ends_at": None,
                "facility": None,
                "attendance": None,
            })  # fmt: skip
        return rows

    def _counts(
        self, partner: Partner, each: Delivers, week: int, count: int, rnd: random.Random
    ) -> list[dict[str, Any]]:
        """Of a week there is one count per wijk, whatever was asked for."""
        period = "{}-W{:02}".format(*self.moment(week).date().isocalendar())
        return [
            {
                "external_id": f"{week}-{number}",
                "wijk": wijk.id,
                "buurt": None,
                "measure": "verzuim",
                "period": period,
                "group": None,
                "count": rnd.randrange(60),
            }
            for number, wijk in enumerate(self.works_in(partner)[:count])
        ]


_ROWS = {
    "SIGNAL": Gemeente._signals,
    "ENFORCEMENT_ACTION": Gemeente._others,
    "POLICE_NOTICE": Gemeente._others,
    "HOUSING_PROJECT": Gemeente._others,
    "ACTIVITY": Gemeente._activities,
    "COUNT": Gemeente._counts,
}


def noon_of(moment: datetime) -> datetime:
    """Noon, in the Netherlands, of the day of a moment."""
    noon = moment.astimezone(AMSTERDAM).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon.astimezone(UTC)
