# SPDX-License-Identifier: EUPL-1.2
"""The overview of a wijk: published numbers of a closed week, and which sources were silent."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

import strawberry

from resolvers import overview as resolve
from resolvers.batch import LEVEL, Batch
from resolvers.context import Context
from resolvers.feed import new_since
from schema.fields import from_row, loaded
from schema.joint_actions import LATER, ActionsOfWijk, ActionStep
from schema.organisation import ORGANISATION, Organisation
from schema.scalars import Period
from schema.texts import every, label


@strawberry.enum(
    description="Why a number is not shown, or not exactly. ROUNDED: of a sensitive measure, to "
    "five. WITHHELD has no further reason: telling small numbers "
    "from others would give them away. PROVISIONAL: the week is not over, or not yet published. "
    "NOT_SHARED: no agreement shares this number with the caller."
)
class Suppression(StrEnum):
    NONE = "NONE"
    ROUNDED = "ROUNDED"
    WITHHELD = "WITHHELD"
    PROVISIONAL = "PROVISIONAL"
    NOT_SHARED = "NOT_SHARED"


@strawberry.type(
    description="A published number over others' records: decided once, when its week closed, and "
    "repeated as it was published. It counts what agreements share with the caller's organisation, "
    "whose own records are no part of it. Shown only when three or more organisations could "
    "contribute, and it is 0 or large enough without any one of them."
)
class Count:
    value: int | None = strawberry.field(description="Null unless the number is shown.")
    suppression: Suppression = strawberry.field(
        description="NONE when it is shown as it is, ROUNDED when it is shown to five."
    )
    edition: int | None = strawberry.field(
        description="Which edition; null while there is none. 2 counts what came in late, once, "
        "some weeks after the first."
    )

    @strawberry.field(description="What a screen prints: the number, or why there is none.")
    def shown(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        if root["value"] is not None:
            return str(root["value"])
        return label(f"shown.{root['suppression']}", info.context.language)

    @strawberry.field(description="Which organisations could contribute; not which did.")
    async def scope(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Organisation]:
        load = info.context.loaders.load
        return [await load(ORGANISATION, organisation) for organisation in root["scope"]]


@strawberry.type(description="One measure in a week, beside the week before.")
class Headline:
    measure: str = strawberry.field(description="The municipality's code of the measure.")
    label: str = strawberry.field(description="What it counts, in the municipality's words.")
    now: Count = strawberry.field(description="The week.")
    previous: Count = strawberry.field(description="The week before.")
    change_percent: float | None = strawberry.field(
        description="By how many whole per cent `now` is more than `previous`; null unless both "
        "numbers are shown as they are and `previous` is not 0."
    )

    @strawberry.field(
        description="What explains a number, from public data alone: a holiday in the week or in "
        "the week before. Null when there is nothing to say, and of a week that is not over."
    )
    def remark(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str | None:
        said = [
            label(f"remark.{week}", info.context.language, holidays=root["holidays"][week])
            for week in ("THIS_WEEK", "WEEK_BEFORE")
            if root["holidays"][week]
        ]
        return " ".join(said) or None


@strawberry.type(
    description="Which partner delivered when, by day; 'nothing to report' is a delivery. Seen by "
    "the owner of the dataset and by who receives its records, or numbers of them, in this wijk."
)
class SourceState:
    organisation: Organisation = loaded(
        Batch("organisations_by_id", "owner", "one"), "Whose dataset it is."
    )
    dataset: str = strawberry.field(description="The owner's name of the dataset.")
    last_delivery: date | None = strawberry.field(description="The last day with a delivery.")
    late: bool = strawberry.field(
        description="Whether today is later than the promised rhythm after the last delivery; "
        "days in holidays of its kind of organisation do not count. "
        "False for a dataset without a rhythm."
    )
    silent: bool = strawberry.field(
        description="Whether nothing was delivered in the closed week, nor since the rhythm (if "
        "that is longer) before its end; days in holidays do not count. Outside an overview: in "
        "the last closed week. False for a dataset without a rhythm."
    )
    contact: str | None = strawberry.field(description="Whom to call about it.")
    never_share: bool = strawberry.field(
        description="True: a dataset of the caller's own that no agreement reaches; only the "
        "caller sees it as a source."
    )

    @strawberry.field(description="How often a delivery was promised; null when it was not.")
    def expected_every(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> str | None:
        days = root["rhythm_days"]
        return None if days is None else every(days, info.context.language)


@strawberry.type(description="What moved in a wijk in one week, and who was not heard from.")
class Overview:
    week: Period = from_row(lambda row: str(row["week"]), "The ISO week.")
    open_actions: int = from_row(lambda _: 0, f"How many joint actions are open. {LATER}")
    overdue_steps: list[ActionStep] = from_row(
        lambda _: [], f"Steps of joint actions that are past their day. {LATER}"
    )

    @strawberry.field(
        description="Every measure that the municipality counts by week, in its order.",
        metadata={LEVEL: resolve.headlines},
    )
    async def headlines(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Headline]:
        [found] = await resolve.headlines(info.context, [root])
        return found  # type: ignore[return-value]

    @strawberry.field(
        description="The sources that should have delivered by the end of the week.",
        metadata={LEVEL: resolve.silent_sources},
    )
    async def silent_sources(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[SourceState]:
        [found] = await resolve.silent_sources(info.context, [root])
        return found  # type: ignore[return-value]

    @strawberry.field(
        description="How many items the wijk's feed has since a cursor of it; 100 means 100 or "
        "more. Null without a cursor."
    )
    async def new_since(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        cursor: str | None = None,
    ) -> int | None:
        return await new_since(info.context, root["id"], cursor)


@strawberry.type
class WijkOverview(ActionsOfWijk):
    """What the overview adds to a wijk, joint actions included."""

    @strawberry.field(
        description="One ISO week (2026-W47) in numbers. A quarter is not a week: WEEK_EXPECTED."
    )
    def overview(root: strawberry.Parent[Any], week: Period) -> Overview | None:
        return resolve.overview(root, week)  # type: ignore[return-value]

    @strawberry.field(
        description="The datasets of this wijk to which the caller is a party, by organisation.",
        metadata={LEVEL: resolve.sources},
    )
    async def sources(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[SourceState] | None:
        [found] = await resolve.sources(info.context, [root])
        return found  # type: ignore[return-value]
