# SPDX-License-Identifier: EUPL-1.2
"""Activities: something that people can come to, or that is done with them, maybe in several
wijken. How they are written, their type and inputs.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.kinds import Column, Kind
from schema.contribution import Contribution, every_wijk
from schema.enums import Category
from schema.fields import global_id
from schema.inputs import as_mapping
from schema.parts import contribution
from schema.writing import (
    ABSENT,
    SHARE_AT,
    ChangeInput,
    ReportOfWijkenInput,
    RowOfWijkenInput,
    ShareAt,
)

if TYPE_CHECKING:
    from schema.wijk import Wijk

ACTIVITY = Kind(
    name="ACTIVITY",
    table="activities",
    columns=(
        Column("category", "category", required=True),
        Column("title", "title", limit=200, required=True, free_text=True),
        Column("audience", "audience", limit=200, free_text=True),
        Column("starts_at", "startsAt", required=True, moment=True),
        Column("ends_at", "endsAt", moment=True),
        Column("facility", "facility", limit=200, free_text=True),
        Column("attendance", "attendance", between=(0, 100_000)),
    ),
    when="starts_at",
    until="ends_at",
    planned=True,
    several=True,
    editable=("category", "title", "audience", "starts_at", "ends_at", "facility", "attendance"),
)

_TITLE = "What people call it, 200 characters at most; nothing about a person."
_AUDIENCE = "For whom it is, in words: girls of 12 to 15, the whole street."
_STARTS = "When it begins; up to ten years ahead."
_ENDS = "When it ends, not before it begins."
_FACILITY = "Where in the wijk, in words: a community centre, a square; no address of a person."
_ATTENDANCE = "How many came, 0 to 100,000; null before it was held, or when nobody counted."
_IF_LISTED = " Another organisation reads it where the agreement's rule lists it."


@strawberry.type(
    description="Something that people can come to, or that is done with them. It stands once, "
    "whatever the number of its wijken."
)
class Activity(Contribution):
    id: strawberry.ID = global_id("Activity")
    wijken: list[Annotated[Wijk, strawberry.lazy("schema.wijk")]] = every_wijk()
    category: Category
    title: str | None = strawberry.field(description="What people call it." + _IF_LISTED)
    audience: str | None = strawberry.field(description="For whom it is." + _IF_LISTED)
    starts_on: date | None = strawberry.field(description="The day on which it begins.")
    starts_at: datetime | None = strawberry.field(description="The moment at which it begins.")
    ends_at: datetime | None = strawberry.field(description="The moment at which it ends.")
    facility: str | None = strawberry.field(description="Where in the wijk." + _IF_LISTED)
    attendance: int | None = strawberry.field(
        description="How many came. A few can say who, so it is shown EXACT and where the rule "
        "lists it."
    )


@as_mapping
@strawberry.input(
    description="An activity as its source has it. Of police and enforcement the hub keeps no "
    "title, and so no activity."
)
class ActivityRow(RowOfWijkenInput):
    category: Category
    title: str = strawberry.field(description=_TITLE)
    audience: str | None = strawberry.field(default=ABSENT, description=_AUDIENCE)
    starts_at: datetime = strawberry.field(description=_STARTS)
    ends_at: datetime | None = strawberry.field(default=ABSENT, description=_ENDS)
    facility: str | None = strawberry.field(default=ABSENT, description=_FACILITY)
    attendance: int | None = strawberry.field(default=ABSENT, description=_ATTENDANCE)


@as_mapping
@strawberry.input(description="One activity, reported in the hub itself.")
class ReportActivityInput(ReportOfWijkenInput):
    category: Category
    title: str = strawberry.field(description=_TITLE)
    audience: str | None = strawberry.field(default=ABSENT, description=_AUDIENCE)
    starts_at: datetime = strawberry.field(description=_STARTS)
    ends_at: datetime | None = strawberry.field(default=ABSENT, description=_ENDS)
    facility: str | None = strawberry.field(default=ABSENT, description=_FACILITY)
    attendance: int | None = strawberry.field(default=ABSENT, description=_ATTENDANCE)
    share_at: list[ShareAt] | None = strawberry.field(default=ABSENT, description=SHARE_AT)


@as_mapping
@strawberry.input(
    description="What changes of an activity: a field that is absent stays, null clears. Its "
    "wijken are those of its source; an activity that was reported here in the wrong ones is "
    "withdrawn and reported anew."
)
class UpdateActivityInput(ChangeInput):
    category: Category | None = ABSENT
    title: str | None = strawberry.field(default=ABSENT, description=_TITLE)
    audience: str | None = strawberry.field(default=ABSENT, description=_AUDIENCE)
    starts_at: datetime | None = strawberry.field(default=ABSENT, description=_STARTS)
    ends_at: datetime | None = strawberry.field(default=ABSENT, description=_ENDS)
    facility: str | None = strawberry.field(default=ABSENT, description=_FACILITY)
    attendance: int | None = strawberry.field(default=ABSENT, description=_ATTENDANCE)


CONTRIBUTION = contribution(
    ACTIVITY,
    Activity,
    row=ActivityRow,
    report=ReportActivityInput,
    change=UpdateActivityInput,
    words={
        "kind.ACTIVITY": {"nl": "activiteit", "en": "activity"},
        "kinds.ACTIVITY": {"nl": "activiteiten", "en": "activities"},
        "field_about.ACTIVITY.audience": {
            "nl": "Voor wie het is, zoals een leeftijd of een buurt.",
            "en": "For whom it is, such as an age or a buurt.",
        },
        "field_about.ACTIVITY.facility": {
            "nl": "Waar het is: een gebouw, zaal of plein.",
            "en": "Where it is: a building, hall or square.",
        },
        "field_about.ACTIVITY.title": {
            "nl": "Hoe de activiteit heet.",
            "en": "What the activity is called.",
        },
        "field_example.ACTIVITY.audience": {"nl": "65-plussers", "en": "65-plussers"},
        "field_example.ACTIVITY.facility": {"nl": "het buurthuis", "en": "het buurthuis"},
        "field_example.ACTIVITY.title": {"nl": "Koffie-inloop", "en": "Koffie-inloop"},
        "field.ACTIVITY.attendance": {"nl": "Aantal bezoekers", "en": "Attendance"},
        "field.ACTIVITY.audience": {"nl": "Voor wie", "en": "For whom"},
        "field.ACTIVITY.endsAt": {"nl": "Eindigt om", "en": "Ends at"},
        "field.ACTIVITY.facility": {"nl": "Plek", "en": "Place"},
        "field.ACTIVITY.startsAt": {"nl": "Begint om", "en": "Begins at"},
    },
)
