# SPDX-License-Identifier: EUPL-1.2
"""Housing projects: a corporation's work on its homes in a complex, often before it begins. How
they are written, their type and inputs.
"""

from __future__ import annotations

from datetime import date
from enum import auto

import strawberry

from resolvers.kinds import Column, Kind
from schema.contribution import Contribution
from schema.enums import Category, Upper
from schema.fields import global_id
from schema.inputs import as_mapping
from schema.parts import contribution
from schema.writing import ABSENT, SHARE_AT, ChangeInput, ReportInput, RowInput, ShareAt

HOUSING_PROJECT = Kind(
    name="HOUSING_PROJECT",
    table="housing_projects",
    columns=(
        Column("category", "category", required=True),
        Column("title", "title", limit=200, required=True, free_text=True),
        Column("work", "work", required=True),
        Column("homes", "homes", required=True, between=(1, 100_000)),
        Column("starts_on", "startsOn", required=True),
        Column("ends_on", "endsOn"),
        Column("status", "status", required=True),
    ),
    when="starts_on",
    until="ends_on",
    planned=True,
    editable=("category", "title", "work", "homes", "starts_on", "ends_on", "status"),
)

_TITLE = "What people call it, 200 characters at most; nothing about a person."
_WORK = "What is done to the homes."
_HOMES = "How many homes it is about, 1 to 100,000."
_STARTS = "The first day; up to ten years ahead."
_ENDS = "The last day, not before the first; null while it is not known."


@strawberry.enum(description="What a corporation does with homes.")
class HousingWork(Upper):
    MAINTENANCE = auto()
    RENOVATION = auto()
    DEMOLITION = auto()
    NEW_BUILD = auto()
    LETTING = auto()


@strawberry.enum(description="How far a project is.")
class ProjectStatus(Upper):
    PLANNED = auto()
    RUNNING = auto()
    DONE = auto()
    CANCELLED = auto()


@strawberry.type(description="A corporation's work on its homes in a complex.")
class HousingProject(Contribution):
    id: strawberry.ID = global_id("HousingProject")
    category: Category
    title: str | None = strawberry.field(
        description="What people call it. Another organisation reads it where the agreement's rule "
        "lists it."
    )
    work: HousingWork | None = strawberry.field(description=_WORK)
    homes: int | None = strawberry.field(
        description="How many homes it is about. The number can tell which complex it is, so it is "
        "shown where the buurt is."
    )
    starts_on: date | None = strawberry.field(description="The first day; may lie ahead.")
    ends_on: date | None = strawberry.field(description="The last day; null while it is not known.")
    status: ProjectStatus | None


@as_mapping
@strawberry.input(
    description="A housing project as its source has it. Of police and enforcement the hub keeps "
    "no title, and so no housing project."
)
class HousingProjectRow(RowInput):
    category: Category
    title: str = strawberry.field(description=_TITLE)
    work: HousingWork = strawberry.field(description=_WORK)
    homes: int = strawberry.field(description=_HOMES)
    starts_on: date = strawberry.field(description=_STARTS)
    ends_on: date | None = strawberry.field(default=ABSENT, description=_ENDS)
    status: ProjectStatus


@as_mapping
@strawberry.input(description="One housing project, reported in the hub itself.")
class ReportHousingProjectInput(ReportInput):
    category: Category
    title: str = strawberry.field(description=_TITLE)
    work: HousingWork = strawberry.field(description=_WORK)
    homes: int = strawberry.field(description=_HOMES)
    starts_on: date = strawberry.field(description=_STARTS)
    ends_on: date | None = strawberry.field(default=ABSENT, description=_ENDS)
    status: ProjectStatus
    share_at: list[ShareAt] | None = strawberry.field(default=ABSENT, description=SHARE_AT)


@as_mapping
@strawberry.input(
    description="What changes of a housing project: a field that is absent stays, null clears."
)
class UpdateHousingProjectInput(ChangeInput):
    category: Category | None = ABSENT
    title: str | None = strawberry.field(default=ABSENT, description=_TITLE)
    work: HousingWork | None = strawberry.field(default=ABSENT, description=_WORK)
    homes: int | None = strawberry.field(default=ABSENT, description=_HOMES)
    starts_on: date | None = strawberry.field(default=ABSENT, description=_STARTS)
    ends_on: date | None = strawberry.field(default=ABSENT, description=_ENDS)
    status: ProjectStatus | None = ABSENT


CONTRIBUTION = contribution(
    HOUSING_PROJECT,
    HousingProject,
    row=HousingProjectRow,
    report=ReportHousingProjectInput,
    change=UpdateHousingProjectInput,
    # a word with "de": the feed says "Nieuwe …" and "Gewijzigde …"
    words={
        "kind.HOUSING_PROJECT": {"nl": "aanpak van woningen", "en": "housing project"},
        "kinds.HOUSING_PROJECT": {"nl": "aanpak van woningen", "en": "housing projects"},
        "field_about.HOUSING_PROJECT.title": {
            "nl": "Hoe het werk heet.",
            "en": "What the work is called.",
        },
        "field_example.HOUSING_PROJECT.title": {"nl": "Nieuwe kozijnen", "en": "Nieuwe kozijnen"},
        "field.HOUSING_PROJECT.homes": {"nl": "Aantal woningen", "en": "Number of homes"},
        "field.HOUSING_PROJECT.work": {"nl": "Soort werk", "en": "Kind of work"},
    },
)
