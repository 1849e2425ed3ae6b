# SPDX-License-Identifier: EUPL-1.2
"""Signals: something seen, by any partner. How they are written, their type, filter and inputs."""

from __future__ import annotations

from datetime import date, datetime
from enum import auto
from typing import Any

import strawberry

from resolvers.batch import Composed
from resolvers.context import Context
from resolvers.kinds import STRICT_OWNERS, Column, Kind
from schema.contribution import OWNER, Contribution, RecordFilterInput
from schema.enums import Category, Upper
from schema.fields import from_source, global_id
from schema.inputs import as_mapping
from schema.parts import contribution
from schema.writing import (
    ABSENT,
    LAT,
    LON,
    OWNERS_ALONE,
    SHARE_AT,
    ChangeInput,
    ReportInput,
    RowInput,
    ShareAt,
)

SIGNAL = Kind(
    name="SIGNAL",
    table="signals",
    columns=(
        Column("category", "category", required=True),
        Column("subcategory", "subcategory", limit=80, free_text=True),
        Column("seen_at", "seenAt", required=True, moment=True),
        Column("lon", "lon"),
        Column("lat", "lat"),
        Column("status", "status", required=True),
        Column("summary", "summary", limit=2000, free_text=True),
        Column("internal_note", "internalNote", limit=4000, free_text=True),
    ),
    when="seen_at",
    editable=("category", "seen_at", "status", "summary", "internal_note"),
    point=("lon", "lat"),
    reported={"status": "NEW"},
)


def _moment(context: Context, row: Any, owner: Any) -> datetime | None:
    """The moment of a signal, if the hub has it: where it keeps the day alone, a column that must
    be filled has noon.
    """
    moment: datetime | None = None if owner["kind"] in STRICT_OWNERS else row["seen_at"]
    return moment


_SEEN_AT = "When it was seen. Of police and enforcement the hub keeps the day alone."
_SUMMARY = "What was seen; nothing about a person."


@strawberry.enum(description="How far a signal is.")
class SignalStatus(Upper):
    NEW = auto()
    IN_PROGRESS = auto()
    PLANNED = auto()
    WAITING = auto()
    FORWARDED = auto()
    DONE = auto()
    CANCELLED = auto()
    REOPENED = auto()


@strawberry.type(description="Something seen, by any partner.")
class Signal(Contribution):
    id: strawberry.ID = global_id("Signal")
    category: Category
    subcategory: str | None = strawberry.field(
        description="In the owner's own words, from its own list; police and enforcement have none."
    )
    seen_on: date | None = strawberry.field(description="The day on which it was seen.")
    seen_at: datetime | None = from_source(
        Composed((OWNER,), _moment),
        "The moment at which it was seen. Of police and enforcement null for everybody, also for "
        "themselves: the hub keeps the day alone.",
    )
    status: SignalStatus | None
    summary: str | None = strawberry.field(
        description="What was seen, without anything about a person."
    )
    internal_note: str | None = strawberry.field(description="Never seen by another organisation.")


@strawberry.input(
    description="Filters work on what the caller may see of a signal, never on what is behind it."
)
class SignalFilter(RecordFilterInput):
    status: list[SignalStatus] | None = strawberry.field(
        default=None, description="Only with these states."
    )


@as_mapping
@strawberry.input(
    description="A signal as its source has it. Of police and enforcement the hub keeps no "
    "point, no minute and no free text."
)
class SignalRow(RowInput):
    lon: float | None = strawberry.field(default=ABSENT, description=LON)
    lat: float | None = strawberry.field(default=ABSENT, description=LAT)
    category: Category
    subcategory: str | None = strawberry.field(
        default=ABSENT, description="From the sender's own list."
    )
    seen_at: datetime = strawberry.field(description=_SEEN_AT)
    status: SignalStatus
    summary: str | None = strawberry.field(default=ABSENT, description=_SUMMARY)
    internal_note: str | None = strawberry.field(default=ABSENT, description=OWNERS_ALONE)


@as_mapping
@strawberry.input(description="One signal, reported in the hub itself.")
class ReportSignalInput(ReportInput):
    category: Category
    seen_at: datetime = strawberry.field(description=_SEEN_AT)
    lon: float | None = strawberry.field(default=ABSENT, description=LON)
    lat: float | None = strawberry.field(default=ABSENT, description=LAT)
    summary: str | None = strawberry.field(default=ABSENT, description=_SUMMARY)
    internal_note: str | None = strawberry.field(default=ABSENT, description=OWNERS_ALONE)
    share_at: list[ShareAt] | None = strawberry.field(default=ABSENT, description=SHARE_AT)


@as_mapping
@strawberry.input(
    description="What changes of a signal: a field that is absent stays, null clears."
)
class UpdateSignalInput(ChangeInput):
    category: Category | None = ABSENT
    seen_at: datetime | None = strawberry.field(default=ABSENT, description=_SEEN_AT)
    status: SignalStatus | None = ABSENT
    summary: str | None = strawberry.field(default=ABSENT, description=_SUMMARY)
    internal_note: str | None = strawberry.field(default=ABSENT, description=OWNERS_ALONE)


CONTRIBUTION = contribution(
    SIGNAL,
    Signal,
    filter=SignalFilter,
    row=SignalRow,
    report=ReportSignalInput,
    change=UpdateSignalInput,
    words={
        "kind.SIGNAL": {"nl": "melding", "en": "signal"},
        "kinds.SIGNAL": {"nl": "meldingen", "en": "signals"},
        "field.SIGNAL.internalNote": {"nl": "Eigen notitie", "en": "Own note"},
        "field_about.SIGNAL.internalNote": {
            "nl": "Voor uw eigen organisatie: niemand anders ziet dit. Ook hier niet wie het is.",
            "en": "For your own organisation: nobody else sees it. Here too not who it is.",
        },
        "field_about.SIGNAL.subcategory": {
            "nl": "Wat het precies is, binnen de categorie. Een paar woorden, hoogstens 80 tekens.",
            "en": "What it is exactly, within the category. A few words, 80 characters at most.",
        },
        "field_example.SIGNAL.internalNote": {
            "nl": "Donderdag nog eens langsgaan",
            "en": "Donderdag nog eens langsgaan",
        },
        "field_example.SIGNAL.subcategory": {"nl": "harde muziek", "en": "harde muziek"},
        "field_example.SIGNAL.summary": {
            "nl": "Groep met harde muziek op het plein",
            "en": "Groep met harde muziek op het plein",
        },
        "field.SIGNAL.seenAt": {"nl": "Gezien op", "en": "Seen at"},
        "field.SIGNAL.subcategory": {"nl": "Subcategorie", "en": "Subcategory"},
        "signal_status.NEW": {"nl": "nieuw", "en": "new"},
        "signal_status.IN_PROGRESS": {"nl": "in behandeling", "en": "in progress"},
        "signal_status.PLANNED": {"nl": "ingepland", "en": "planned"},
        "signal_status.WAITING": {"nl": "wacht op antwoord", "en": "waiting for an answer"},
        "signal_status.FORWARDED": {"nl": "doorgestuurd", "en": "forwarded"},
        "signal_status.DONE": {"nl": "afgehandeld", "en": "done"},
        "signal_status.CANCELLED": {"nl": "geannuleerd", "en": "cancelled"},
        "signal_status.REOPENED": {"nl": "heropend", "en": "reopened"},
    },
)
