# SPDX-License-Identifier: EUPL-1.2
"""Counts: numbers of a measure over a week or a quarter, given instead of records. How they are
written, their type and inputs.

A count never leaves as a record: others have it as a part of published numbers alone.
"""

from __future__ import annotations

import strawberry

from resolvers.kinds import Column, Kind
from resolvers.periods import parse
from schema.contribution import Contribution, RecordFilterInput
from schema.fields import global_id
from schema.inputs import as_mapping
from schema.parts import contribution
from schema.scalars import Period
from schema.writing import ABSENT, ChangeInput, ReportInput, RowInput

MOST = 100_000

COUNT = Kind(
    name="COUNT",
    table="counts",
    columns=(
        Column("measure", "measure", limit=63, required=True),
        Column("period", "period", required=True, check=parse),
        Column("group", "group", limit=31),
        Column("count", "count", required=True, between=(0, MOST)),
    ),
    editable=("count",),
    checked_in_database=True,
)

_MEASURE = "The municipality's code of what is counted."
_PERIOD = (
    "The week or quarter, as the measure has it. A count is taken while its period is open, and "
    "not any more once its numbers are published."
)
_GROUP = "One of the groups that the municipality breaks the measure down by, by its code."
_COUNT = "The number, 0 to 100,000; 0 says that it did not happen."


@strawberry.type(
    description="A number of a measure over a period, given instead of records. Its owner's alone: "
    "others have it as a part of published numbers, never as a record."
)
class CountRecord(Contribution):
    id: strawberry.ID = global_id("CountRecord")
    measure: str | None = strawberry.field(description=_MEASURE)
    period: Period | None = strawberry.field(description="The week or quarter.")
    group: str | None = strawberry.field(description=_GROUP)
    count: int | None = strawberry.field(description="The number.")


@strawberry.input(description="Filters of one's own counts.")
class CountFilter(RecordFilterInput):
    measure: list[str] | None = strawberry.field(
        default=None, description="Only of these measures, by their codes."
    )


@as_mapping
@strawberry.input(
    description="A count as its source has it: of a whole wijk, or of its buurten, or of groups. "
    "A number of the whole beside numbers of its parts is refused: it would count double."
)
class CountRecordRow(RowInput):
    measure: str = strawberry.field(description=_MEASURE)
    period: Period = strawberry.field(description=_PERIOD)
    group: str | None = strawberry.field(default=ABSENT, description=_GROUP)
    count: int = strawberry.field(description=_COUNT)


@as_mapping
@strawberry.input(description="One count, reported in the hub itself.")
class ReportCountRecordInput(ReportInput):
    measure: str = strawberry.field(description=_MEASURE)
    period: Period = strawberry.field(description=_PERIOD)
    group: str | None = strawberry.field(default=ABSENT, description=_GROUP)
    count: int = strawberry.field(description=_COUNT)


@as_mapping
@strawberry.input(
    description="What changes of a count while its period is open: the number. Of what it is a "
    "count does not change: withdraw it, and report another."
)
class UpdateCountRecordInput(ChangeInput):
    count: int | None = strawberry.field(default=ABSENT, description=_COUNT)


CONTRIBUTION = contribution(
    COUNT,
    CountRecord,
    filter=CountFilter,
    row=CountRecordRow,
    report=ReportCountRecordInput,
    change=UpdateCountRecordInput,
    words={
        "kind.COUNT": {"nl": "telling", "en": "count"},
        "kinds.COUNT": {"nl": "tellingen", "en": "counts"},
        "field.COUNT.count": {"nl": "Aantal", "en": "Number of them"},
        "field.COUNT.group": {"nl": "Groep", "en": "Group"},
        "field.COUNT.measure": {"nl": "Maat", "en": "Measure"},
        "field.COUNT.period": {"nl": "Periode", "en": "Period"},
        "field_about.COUNT.group": {
            "nl": "De groep, als de maat groepen heeft. Leeg: iedereen samen.",
            "en": "The group, where the measure has groups. Empty: all of them.",
        },
        "field_about.COUNT.measure": {
            "nl": "De code die uw gemeente aan de maat geeft.",
            "en": "The code that your municipality gives the measure.",
        },
        "field_about.COUNT.period": {
            "nl": "De week (2026-W48) of het kwartaal (2026-Q4).",
            "en": "The week (2026-W48) or the quarter (2026-Q4).",
        },
        "field_example.COUNT.group": {"nl": "onderbouw", "en": "onderbouw"},
        "field_example.COUNT.measure": {"nl": "schoolverzuim", "en": "schoolverzuim"},
        "field_example.COUNT.period": {"nl": "2026-W48", "en": "2026-W48"},
    },
)
