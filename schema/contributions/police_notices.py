# SPDX-License-Identifier: EUPL-1.2
"""Police notices: what the wijkagent tells the partners in a wijk, by codes alone. How they are
written, their type and inputs.

Whoever delivers them, there is no field for a point, a time or a text.
"""

from __future__ import annotations

from datetime import date
from enum import auto

import strawberry

from resolvers.kinds import Column, Kind
from schema.contribution import Contribution
from schema.enums import Category, DayPart, Upper
from schema.fields import global_id
from schema.inputs import as_mapping
from schema.parts import contribution
from schema.writing import ABSENT, SHARE_AT, ChangeInput, ReportInput, RowInput, ShareAt

POLICE_NOTICE = Kind(
    name="POLICE_NOTICE",
    table="police_notices",
    columns=(
        Column("category", "category", required=True),
        Column("noticed_on", "on", required=True),
        Column("day_part", "dayPart"),
        Column("until", "until"),
        Column("advice", "advice"),
    ),
    when="noticed_on",
    until="until",
    editable=("category", "noticed_on", "day_part", "until", "advice"),
)

_CATEGORY = "The phenomenon; never who."
_ON = "The day on which it was noticed."
_DAY_PART = "The part of that day; a time is not kept."
_UNTIL = "The last day on which the notice holds, not before `on`. Without it: until it is closed."
_ADVICE = "What the partners are asked to do."


@strawberry.enum(
    description="What the wijkagent asks of the partners. EXTRA_ATTENTION: look out for it. "
    "KEEP_DISTANCE: do not step in. CALL_POLICE: call at once when it happens. REPORT_ONLINE: "
    "report it on the website of the police. SECURE_PROPERTY: lock and put away what can be "
    "taken or broken. ASK_WIJKAGENT: speak with the wijkagent before acting."
)
class PoliceAdvice(Upper):
    EXTRA_ATTENTION = auto()
    KEEP_DISTANCE = auto()
    CALL_POLICE = auto()
    REPORT_ONLINE = auto()
    SECURE_PROPERTY = auto()
    ASK_WIJKAGENT = auto()


@strawberry.type(
    description="What the wijkagent tells the partners: a phenomenon, a buurt, a day and an advice "
    "from a list, never about whom. The hub keeps codes alone of it: no point, no time and no text."
)
class PoliceNotice(Contribution):
    id: strawberry.ID = global_id("PoliceNotice")
    category: Category = strawberry.field(description=_CATEGORY)
    noticed_on: date | None = strawberry.field(name="on", description=_ON)
    day_part: DayPart | None = strawberry.field(
        description="The part of that day, where its owner gave it and the rule lists it."
    )
    until: date | None = strawberry.field(description=_UNTIL)
    advice: PoliceAdvice | None = strawberry.field(description=_ADVICE)


@as_mapping
@strawberry.input(description="A police notice as its source has it, in codes alone.")
class PoliceNoticeRow(RowInput):
    category: Category = strawberry.field(description=_CATEGORY)
    noticed_on: date = strawberry.field(name="on", description=_ON)
    day_part: DayPart | None = strawberry.field(default=ABSENT, description=_DAY_PART)
    until: date | None = strawberry.field(default=ABSENT, description=_UNTIL)
    advice: PoliceAdvice | None = strawberry.field(default=ABSENT, description=_ADVICE)


@as_mapping
@strawberry.input(description="One police notice, reported in the hub itself.")
class ReportPoliceNoticeInput(ReportInput):
    category: Category = strawberry.field(description=_CATEGORY)
    noticed_on: date = strawberry.field(name="on", description=_ON)
    day_part: DayPart | None = strawberry.field(default=ABSENT, description=_DAY_PART)
    until: date | None = strawberry.field(default=ABSENT, description=_UNTIL)
    advice: PoliceAdvice | None = strawberry.field(default=ABSENT, description=_ADVICE)
    share_at: list[ShareAt] | None = strawberry.field(default=ABSENT, description=SHARE_AT)


@as_mapping
@strawberry.input(
    description="What changes of a police notice: a field that is absent stays, null clears."
)
class UpdatePoliceNoticeInput(ChangeInput):
    category: Category | None = strawberry.field(default=ABSENT, description=_CATEGORY)
    noticed_on: date | None = strawberry.field(name="on", default=ABSENT, description=_ON)
    day_part: DayPart | None = strawberry.field(default=ABSENT, description=_DAY_PART)
    until: date | None = strawberry.field(default=ABSENT, description=_UNTIL)
    advice: PoliceAdvice | None = strawberry.field(default=ABSENT, description=_ADVICE)


CONTRIBUTION = contribution(
    POLICE_NOTICE,
    PoliceNotice,
    row=PoliceNoticeRow,
    report=ReportPoliceNoticeInput,
    change=UpdatePoliceNoticeInput,
    words={
        "kind.POLICE_NOTICE": {"nl": "bericht van de politie", "en": "police notice"},
        "kinds.POLICE_NOTICE": {"nl": "berichten van de politie", "en": "police notices"},
        "feed.POLICE_NOTICE.CREATED": {
            "nl": "Nieuw {kind}: {category} in {place}",
            "en": "New {kind}: {category} in {place}",
        },
        "feed.POLICE_NOTICE.UPDATED": {
            "nl": "Gewijzigd {kind}: {category} in {place}",
            "en": "Changed {kind}: {category} in {place}",
        },
        "feed.POLICE_NOTICE.CLOSED": {
            "nl": "Afgesloten {kind}: {category} in {place}",
            "en": "Closed {kind}: {category} in {place}",
        },
        "feed.POLICE_NOTICE.REOPENED": {
            "nl": "Heropend {kind}: {category} in {place}",
            "en": "Reopened {kind}: {category} in {place}",
        },
        "field.POLICE_NOTICE.advice": {"nl": "Advies", "en": "Advice"},
        "field.POLICE_NOTICE.on": {"nl": "Datum", "en": "Date"},
        "police_advice.EXTRA_ATTENTION": {"nl": "let extra op", "en": "pay extra attention"},
        "police_advice.KEEP_DISTANCE": {"nl": "houd afstand", "en": "keep your distance"},
        "police_advice.CALL_POLICE": {"nl": "bel meteen de politie", "en": "call the police"},
        "police_advice.REPORT_ONLINE": {"nl": "meld het op politie.nl", "en": "report it online"},
        "police_advice.SECURE_PROPERTY": {
            "nl": "sluit af en ruim op wat weg kan",
            "en": "lock up your property",
        },
        "police_advice.ASK_WIJKAGENT": {
            "nl": "overleg eerst met de wijkagent",
            "en": "ask the wijkagent first",
        },
    },
)
