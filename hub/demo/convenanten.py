# SPDX-License-Identifier: EUPL-1.2
"""The agreements of the demo. Pure.

They show each step of what partners can share, and each state that an agreement can be in.
The municipality gets few records and many numbers: what it sees as records no longer hides anyone
in a number, so those numbers would be withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Literal

from hub.demo.scene import LIVED_IN, OOSTERHEEM, SEGHWAERT
from hub.demo.seen import ALL, MEERZICHT, ROKKEVEEN, moment

PILOTS = (OOSTERHEEM, SEGHWAERT)
DAYS_BEFORE, DAYS_AFTER = 200, 365
CONTACT = "de wijkregisseur (verzonnen)"
GEMEENTE, BUURTWERK, HANDHAVING, WIJKAGENT = "wijkregisseur", "buurtwerk", "handhaving", "wijkagent"
CORPORATIE_A, CORPORATIE_B, BEWONERS, WIJKZORG = (
    "corporatie-a",
    "corporatie-b",
    "bewoners",
    "wijkzorgteam",
)
WIJKEN_OF_B = (OOSTERHEEM, SEGHWAERT, MEERZICHT, ROKKEVEEN)
SCHOOL_A, SCHOOL_B = "school-a", "school-b"
SCHOOLS = (SCHOOL_A, SCHOOL_B, "school-c", "school-d")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one party shows another. Parties by the names of their tokens, wijken by their codes."""

    provider: str
    receiver: str
    wijken: Sequence[str]
    precision: Literal["EXACT", "BUURT", "WIJK", "COUNT"]
    category: str | None = None
    fields: Sequence[str] = ()
    kind: str = "SIGNAL"


_WEIGHED = MappingProxyType(
    {
        "interest": "Verzonnen: overlast en onveiligheid in de wijk voorkomen.",
        "partnership": "Verzonnen: het wijkoverleg van gemeente, politie en partners.",
        "conditions": "Verzonnen: niet verder delen, en alleen gebruiken voor dit doel.",
    }
)


@dataclass(frozen=True, slots=True)
class Convenant:
    """An agreement: its words, its term, who proposes it when, and what the others do."""

    key: str
    title: str
    purpose: str
    legal_basis: str
    begins: date
    ends: date
    proposed_at: datetime
    proposer: str
    rules: Sequence[Rule]
    not_yet: frozenset[str] = frozenset()
    """Parties that have not accepted."""
    revoked_by: str | None = None
    revoked_at: datetime | None = None

    @property
    def of_police(self) -> dict[str, str]:
        """What the police weighed, where they show something."""
        police = any(rule.provider == WIJKAGENT for rule in self.rules)
        return dict(_WEIGHED) if police else {}

    @property
    def accepting(self) -> list[str]:
        """The parties that accept what the proposer proposed."""
        parties = {party for rule in self.rules for party in (rule.provider, rule.receiver)}
        return sorted(parties - {self.proposer} - self.not_yet)


def convenanten(today: date) -> list[Convenant]:
    """The agreements of the demo, in the order in which they are proposed."""
    days = _Days(today)
    made = [
        _basis(days),
        _youth(days),
        _housing(days),
        _care(days),
        _public_space(days),
        _absence(days),
        _agenda(days),
        _in_the_street(days),
        _homes(days),
        _ended(days),
        _revoked(days),
        _proposed(days),
        _to_come(days),
    ]
    return sorted(made, key=lambda convenant: convenant.proposed_at)


@dataclass(frozen=True, slots=True)
class _Days:
    """Days as they are seen from the demo's day."""

    today: date

    def __call__(self, days: int) -> date:
        return self.today + timedelta(days=days)

    @property
    def begins(self) -> date:
        return self(-DAYS_BEFORE)

    @property
    def ends(self) -> date:
        return self(DAYS_AFTER)

    def at(self, days: int) -> datetime:
        """Office hours of that day."""
        return moment(self(days), time(10))


def _basis(days: _Days) -> Convenant:
    partners = (
        BUURTWERK,
        CORPORATIE_A,
        CORPORATIE_B,
        HANDHAVING,
        WIJKAGENT,
        SCHOOL_A,
        SCHOOL_B,
        WIJKZORG,
        BEWONERS,
    )
    return Convenant(
        "basis",
        "Basisconvenant wijk (verzonnen)",
        "Weten waar veel speelt en waar aandacht nodig is: alleen aantallen per wijk en week.",
        "Verzonnen: taak van algemeen belang (AVG artikel 6 lid 1 e); aantallen vanaf vijf.",
        days.begins,
        days.ends,
        days.at(-205),
        GEMEENTE,
        [Rule(partner, GEMEENTE, ALL, "COUNT") for partner in partners],
    )


def _youth(days: _Days) -> Convenant:
    acting = (BUURTWERK, CORPORATIE_A, CORPORATIE_B, HANDHAVING, WIJKAGENT)
    among = [
        Rule(provider, receiver, PILOTS, "BUURT", "YOUTH_NUISANCE", _text_of(provider, receiver))
        for provider in acting
        for receiver in acting
        if provider != receiver
    ]
    return Convenant(
        "jeugdoverlast",
        "Jeugdoverlast Oosterheem en Seghwaert (verzonnen)",
        "Samen optreden tegen overlast: in welke buurt en op welke dag het speelt. Nooit wie.",
        "Verzonnen: taken van de partijen; de politie deelt geen persoonsgegevens.",
        days.begins,
        days.ends,
        days.at(-204),
        BUURTWERK,
        [*among, Rule(HANDHAVING, GEMEENTE, PILOTS, "BUURT", "YOUTH_NUISANCE")],
    )


def _text_of(provider: str, receiver: str) -> tuple[str, ...]:
    """Buurtwerk lets those who act in the street read what it saw; the others share no text."""
    return ("summary",) if provider == BUURTWERK and receiver in (HANDHAVING, WIJKAGENT) else ()


def _housing(days: _Days) -> Convenant:
    shown = ("summary", "seenAt", "point")
    return Convenant(
        "woonoverlast",
        "Woonoverlast Oosterheem (verzonnen)",
        "Buurtwerk gaat langs waar het speelt, en heeft daar plaats en tijd voor nodig.",
        "Verzonnen: gerechtvaardigd belang (AVG artikel 6 lid 1 f), na een DPIA.",
        days.begins,
        days.ends,
        days.at(-203),
        CORPORATIE_A,
        [
            Rule(CORPORATIE_A, BUURTWERK, (OOSTERHEEM,), "EXACT", category, shown)
            for category in ("NOISE", "HOUSING")
        ],
    )


def _care(days: _Days) -> Convenant:
    return Convenant(
        "zorg",
        "Zorgsignalen per wijk (verzonnen)",
        "Zien in welke wijk vragen over zorg toenemen, om spreekuren en ontmoeting te plannen.",
        "Verzonnen: taak van algemeen belang (Wmo 2015); zonder plaats, niets over personen.",
        days.begins,
        days.ends,
        days.at(-203),
        WIJKZORG,
        [
            Rule(WIJKZORG, GEMEENTE, PILOTS, "WIJK", "CARE", ("summary",)),
            Rule(WIJKZORG, BUURTWERK, LIVED_IN, "WIJK", "SOCIAL_CONTACT", ("summary",)),
        ],
    )


def _public_space(days: _Days) -> Convenant:
    receivers = (HANDHAVING, CORPORATIE_A, CORPORATIE_B, BUURTWERK)
    return Convenant(
        "schoon",
        "Schoon en heel (verzonnen)",
        "Afval snel opruimen en weten waar het terugkomt.",
        "Verzonnen: taak van algemeen belang; over de openbare ruimte, zonder melder.",
        days.begins,
        days.ends,
        days.at(-202),
        GEMEENTE,
        [
            *(
                Rule(GEMEENTE, receiver, ALL, "BUURT", "LITTER", ("summary",))
                for receiver in receivers
            ),
            Rule(GEMEENTE, BEWONERS, (SEGHWAERT,), "BUURT", "LITTER", ("summary",)),
            Rule(BEWONERS, GEMEENTE, (SEGHWAERT,), "BUURT", "LITTER", ("summary", "subcategory")),
        ],
    )


def _absence(days: _Days) -> Convenant:
    return Convenant(
        "verzuim",
        "Schoolverzuim in cijfers (verzonnen)",
        "Zien of verzuim in een wijk toeneemt. Scholen geven alleen aantallen, nooit leerlingen.",
        "Verzonnen: taak van algemeen belang; aantallen vanaf vijf.",
        days.begins,
        days.ends,
        days.at(-202),
        SCHOOL_A,
        [Rule(school, GEMEENTE, PILOTS, "COUNT", kind="COUNT") for school in SCHOOLS],
    )


def _agenda(days: _Days) -> Convenant:
    shown = ("title", "audience", "facility", "startsAt", "endsAt")
    receivers = {
        GEMEENTE: LIVED_IN,
        CORPORATIE_A: LIVED_IN,
        CORPORATIE_B: WIJKEN_OF_B,
        SCHOOL_A: (OOSTERHEEM,),
        SCHOOL_B: (SEGHWAERT,),
        "school-c": PILOTS,
        "school-d": PILOTS,
        BEWONERS: (SEGHWAERT,),
    }
    return Convenant(
        "agenda",
        "Agenda van de wijk (verzonnen)",
        "Weten wat er te doen is, er naar verwijzen en elkaar niet in de weg zitten.",
        "Verzonnen: taak van algemeen belang; openbaar aanbod, niets over bezoekers.",
        days.begins,
        days.ends,
        days.at(-202),
        BUURTWERK,
        [
            Rule(BUURTWERK, receiver, wijken, "EXACT", fields=shown, kind="ACTIVITY")
            for receiver, wijken in receivers.items()
        ],
    )


def _in_the_street(days: _Days) -> Convenant:
    notice, action = "POLICE_NOTICE", "ENFORCEMENT_ACTION"
    return Convenant(
        "straat",
        "Samen op straat (verzonnen)",
        "Weten wat handhaving deed en wat de wijkagent vraagt, om op elkaar aan te sluiten.",
        "Verzonnen: taken van de partijen; alleen codes, nooit over wie het gaat.",
        days.begins,
        days.ends,
        days.at(-202),
        HANDHAVING,
        [
            Rule(HANDHAVING, WIJKAGENT, PILOTS, "BUURT", kind=action),
            Rule(HANDHAVING, BUURTWERK, PILOTS, "BUURT", kind=action),
            Rule(HANDHAVING, GEMEENTE, PILOTS, "BUURT", kind=action),
            Rule(WIJKAGENT, HANDHAVING, PILOTS, "BUURT", kind=notice),
            Rule(WIJKAGENT, BUURTWERK, PILOTS, "BUURT", kind=notice),
            Rule(WIJKAGENT, GEMEENTE, PILOTS, "WIJK", kind=notice),
            Rule(WIJKAGENT, CORPORATIE_A, PILOTS, "WIJK", kind=notice),
            Rule(WIJKAGENT, CORPORATIE_B, PILOTS, "WIJK", kind=notice),
        ],
    )


def _homes(days: _Days) -> Convenant:
    own = {CORPORATIE_A: LIVED_IN, CORPORATIE_B: WIJKEN_OF_B}
    title, kind = ("title",), "HOUSING_PROJECT"
    rules = []
    for owner, wijken in own.items():
        rules += [
            Rule(owner, GEMEENTE, wijken, "BUURT", fields=title, kind=kind),
            Rule(owner, BUURTWERK, PILOTS, "BUURT", fields=title, kind=kind),
            Rule(owner, BEWONERS, (SEGHWAERT,), "WIJK", fields=title, kind=kind),
        ]
    return Convenant(
        "woningen",
        "Werk aan woningen (verzonnen)",
        "Op tijd weten waar aan woningen wordt gewerkt, en wat bewoners daarvan merken.",
        "Verzonnen: gerechtvaardigd belang; over complexen, nooit over huurders.",
        days.begins,
        days.ends,
        days.at(-202),
        CORPORATIE_A,
        rules,
    )


def _ended(days: _Days) -> Convenant:
    return Convenant(
        "proef",
        "Proef afval bij de flats (verzonnen, afgelopen)",
        "Een half voorjaar samen kijken naar afval bij de flats.",
        "Verzonnen: gerechtvaardigd belang.",
        days.begins,
        days(-60),
        days.at(-202),
        CORPORATIE_B,
        [Rule(CORPORATIE_B, BUURTWERK, PILOTS, "BUURT", "LITTER", ("summary",))],
    )


def _revoked(days: _Days) -> Convenant:
    return Convenant(
        "bewoners",
        "Meekijken met bewoners (verzonnen, ingetrokken)",
        "Bewoners zien dat er in hun wijk iets speelt.",
        "Verzonnen: toestemming van de partijen.",
        days.begins,
        days.ends,
        days.at(-201),
        BUURTWERK,
        [Rule(BUURTWERK, BEWONERS, (SEGHWAERT,), "WIJK", "YOUTH_NUISANCE")],
        revoked_by=BUURTWERK,
        revoked_at=days.at(-40),
    )


def _proposed(days: _Days) -> Convenant:
    return Convenant(
        "school",
        "Rond de school (verzonnen, voorstel)",
        "Buurtwerk staat op de plein-momenten waar het druk is.",
        "Verzonnen: gerechtvaardigd belang; geen leerlingen, alleen plaats en dag.",
        days(-4),
        days.ends,
        days.at(-5),
        SCHOOL_A,
        [
            Rule(school, BUURTWERK, PILOTS, "BUURT", "YOUTH_NUISANCE")
            for school in (SCHOOL_A, SCHOOL_B)
        ],
        not_yet=frozenset({BUURTWERK}),
    )


def _to_come(days: _Days) -> Convenant:
    return Convenant(
        "verkeer",
        "Verkeer in Seghwaert (verzonnen, gaat nog in)",
        "Weten waar te hard wordt gereden, om samen te meten.",
        "Verzonnen: taak van algemeen belang.",
        days(30),
        days.ends,
        days.at(-12),
        HANDHAVING,
        [Rule(HANDHAVING, BEWONERS, (SEGHWAERT,), "WIJK", "TRAFFIC")],
    )
