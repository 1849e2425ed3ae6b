# SPDX-License-Identifier: EUPL-1.2
"""Enforcement actions: what handhaving did about what, by codes alone. How they are written, their
type and inputs.

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

ENFORCEMENT_ACTION = Kind(
    name="ENFORCEMENT_ACTION",
    table="enforcement_actions",
    columns=(
        Column("category", "category", required=True),
        Column("measure", "measure", required=True),
        Column("happened_on", "happenedOn", required=True),
        Column("day_part", "dayPart"),
    ),
    when="happened_on",
    editable=("category", "measure", "happened_on", "day_part"),
)

_MEASURE = "What was done."
_DAY = "The day on which it happened."
_DAY_PART = "The part of that day; a time is not kept."


@strawberry.enum(description="What an enforcement officer did.")
class EnforcementMeasure(Upper):
    PATROL = auto()
    WARNING = auto()
    OFFICIAL_REPORT = auto()
    PENAL_ORDER = auto()
    ADMINISTRATIVE_FINE = auto()
    DISPERSAL = auto()
    OBJECT_REMOVED = auto()


@strawberry.type(
    description="What handhaving did: about what and in which buurt, never about whom. The hub "
    "keeps codes alone of it: no point, no time and no text."
)
class EnforcementAction(Contribution):
    id: strawberry.ID = global_id("EnforcementAction")
    category: Category
    measure: EnforcementMeasure = strawberry.field(description=_MEASURE)
    happened_on: date | None = strawberry.field(description=_DAY)
    day_part: DayPart | None = strawberry.field(
        description="The part of that day, where its owner gave it and the rule lists it."
    )


@as_mapping
@strawberry.input(description="An enforcement action as its source has it, in codes alone.")
class EnforcementActionRow(RowInput):
    category: Category
    measure: EnforcementMeasure = strawberry.field(description=_MEASURE)
    happened_on: date = strawberry.field(description=_DAY)
    day_part: DayPart | None = strawberry.field(default=ABSENT, description=_DAY_PART)


@as_mapping
@strawberry.input(description="One enforcement action, reported in the hub itself.")
class ReportEnforcementActionInput(ReportInput):
    category: Category
    measure: EnforcementMeasure = strawberry.field(description=_MEASURE)
    happened_on: date = strawberry.field(description=_DAY)
    day_part: DayPart | None = strawberry.field(default=ABSENT, description=_DAY_PART)
    share_at: list[ShareAt] | None = strawberry.field(default=ABSENT, description=SHARE_AT)


@as_mapping
@strawberry.input(
    description="What changes of an enforcement action: a field that is absent stays, null clears."
)
class UpdateEnforcementActionInput(ChangeInput):
    category: Category | None = ABSENT
    measure: EnforcementMeasure | None = strawberry.field(default=ABSENT, description=_MEASURE)
    happened_on: date | None = strawberry.field(default=ABSENT, description=_DAY)
    day_part: DayPart | None = strawberry.field(default=ABSENT, description=_DAY_PART)


CONTRIBUTION = contribution(
    ENFORCEMENT_ACTION,
    EnforcementAction,
    row=EnforcementActionRow,
    report=ReportEnforcementActionInput,
    change=UpdateEnforcementActionInput,
    words={
        "kind.ENFORCEMENT_ACTION": {"nl": "handhavingsactie", "en": "enforcement action"},
        "kinds.ENFORCEMENT_ACTION": {"nl": "handhavingsacties", "en": "enforcement actions"},
        "field_told.ENFORCEMENT_ACTION.measure": {"nl": "maatregel", "en": "measure"},
        "field.ENFORCEMENT_ACTION.measure": {"nl": "Maatregel", "en": "Measure"},
    },
)
