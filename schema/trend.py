# SPDX-License-Identifier: EUPL-1.2
"""The trend of a measure in a wijk: published numbers in a row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import strawberry

from resolvers import trend as resolve
from resolvers.context import Context
from schema.overview import Count
from schema.scalars import Period
from schema.texts import label


@strawberry.enum(description="Of which area a series of numbers is.")
class AreaLevel(StrEnum):
    BUURT = "BUURT"
    WIJK = "WIJK"


@strawberry.type(description="The number of one period.")
class TrendPoint:
    period: Period = strawberry.field(description="A closed week or quarter.")
    count: Count = strawberry.field(description="Its number, as it was published.")


@strawberry.type(description="The numbers of one area, oldest first.")
class TrendSeries:
    points: list[TrendPoint] = strawberry.field(description="One for each period, without a gap.")
    breaks: list[Period] = strawberry.field(
        description="The periods that cannot be compared with those before: the first of another "
        "definition of the measure, or of a division in which the boundary of the wijk changed."
    )

    @strawberry.field(
        description="The name of the buurt or the wijk; of what has no buurt, words that say so."
    )
    def area(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        return str(root["area"] or label("place.NO_BUURT", info.context.language))


@strawberry.type(description="A measure in a wijk, period by period.")
class Trend:
    measure: str
    definition_version: int = strawberry.field(
        description="Which definition of the measure is used now, from 1."
    )
    series: list[TrendSeries] = strawberry.field(
        description="By buurt: one for each, by name, and one for what has no buurt. Empty where "
        "the municipality does not break the measure down by buurt."
    )

    @strawberry.field(
        description="Of a measure that goes by week: its sums over the quarters that lie in the "
        "weeks asked for, for the wijk. One comes when none of its weeks changes any more; it is "
        "withheld where it would give away a week that is. Empty of a measure that goes by quarter."
    )
    async def quarters(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[TrendPoint]:
        return await resolve.quarters(info.context, root)  # type: ignore[return-value]


@strawberry.type
class TrendOfWijk:
    """What the trend adds to a wijk."""

    @strawberry.field(
        description="A measure over the closed weeks of late, 53 at most; of a measure that goes "
        "by quarter, the quarters that lie in them. UNKNOWN_MEASURE names those that there are."
    )
    async def trend(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        measure: str,
        weeks: int = 13,
        by: AreaLevel = AreaLevel.BUURT,
    ) -> Trend | None:
        return await resolve.trend(  # type: ignore[return-value]
            info.context, root, measure, weeks, by is AreaLevel.BUURT
        )
