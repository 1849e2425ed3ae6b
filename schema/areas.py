# SPDX-License-Identifier: EUPL-1.2
"""Gemeente, buurt, and what a wijk is of itself: names, codes, predecessors, buurten, partners,
figures.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.batch import Batch, Loaded
from resolvers.context import Context
from schema.enums import Comparability, FigureStatus, NullReason
from schema.fields import global_id, loaded, loaded_rows
from schema.node import Node
from schema.organisation import ORGANISATION, Organisation


@strawberry.type(
    description="A CBS code. It is only meaningful with its year: codes are given to other "
    "areas later."
)
class CbsCode:
    code: str
    year: int
    name: str = strawberry.field(description="What CBS called the area that year.")
    comparability: Comparability | None = strawberry.field(
        description="With the division before; null for the first."
    )


@strawberry.type(description="An area of the division before, of which this wijk took a part.")
class Predecessor:
    name: str
    code: str
    year: int
    share: float = strawberry.field(description="Of the surface of this wijk, 0 to 1.")
    approximate: bool = strawberry.field(
        description="True when computed from simplified boundaries."
    )


@strawberry.type(description="A published figure: a value, or the reason why there is none.")
class Figure:
    measure: str
    label: str
    unit: str | None
    year: int
    measured_on: date | None = strawberry.field(
        description="The day that it holds for, where its source names one."
    )
    value: float | None
    null_reason: NullReason | None
    status: FigureStatus
    comparability: Comparability | None = strawberry.field(
        description="Of the area with the year before (CBS: ind_wbi); null where nothing is said. "
        "Compare figures of two years only when the boundary stayed the same in between."
    )
    source: str
    note: str | None = strawberry.field(description="What its source says about it.")
    invented: bool = strawberry.field(description="True in a demo: nobody published this.")


def figures_by(batch: Batch) -> Any:
    """A field with the published figures of an area, loaded by `batch`."""
    source = Loaded(batch)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        measure: list[str] | None = None,
        year: int | None = None,
    ) -> list[Figure] | None:
        measures = None if measure is None else tuple(measure)
        rows: list[Figure] = await source.of(info.context, root, measures, year)
        return rows

    return strawberry.field(
        resolver=resolve,
        description="Published figures (CBS and others), by measure; of one year, or the newest "
        "of each. Those of wijken do not add up to those of the gemeente: CBS rounds them at "
        "random.",
        metadata={"source": source},
    )


@strawberry.type(description="A municipality.")
class Gemeente:
    code: str = strawberry.field(description="CBS code: GM0637.")
    name: str
    figures: list[Figure] | None = figures_by(Batch("figures_of_gemeenten", "code"))


@strawberry.type(description="A neighbourhood within a wijk.")
class Buurt(Node):
    id: strawberry.ID = global_id("Buurt")
    code: str | None = strawberry.field(
        description="CBS code; null for a buurt that is invented for a demo."
    )
    name: str
    invented: bool = strawberry.field(description="True in a demo: this buurt does not exist.")
    figures: list[Figure] | None = figures_by(Batch("figures_of_buurten"))


GEMEENTE = Batch("gemeenten_by_code", "gemeente", "one")


@strawberry.type
class WijkGround(Node):
    """What a wijk is of itself."""

    id: strawberry.ID = global_id("Wijk")
    code: str = strawberry.field(description="CBS code in the newest division.")
    year: int = strawberry.field(description="The year of that division.")
    name: str
    gemeente: Gemeente = loaded(GEMEENTE, "The municipality.")
    codes: list[CbsCode] = loaded(
        Batch("codes_of_wijken"), "Every code that it has had, newest first."
    )
    predecessors: list[Predecessor] = loaded(
        Batch("predecessors_of_wijken"),
        "What it took from the division before, largest share first.",
    )
    buurten: list[Buurt] = loaded(Batch("buurten_of_wijken"), "Its buurten, by name.")
    partners: list[Organisation] = loaded_rows(
        Batch("partners_of_wijken"),
        ORGANISATION,
        "The organisations that work here today, by name.",
    )
    figures: list[Figure] | None = figures_by(Batch("figures_of_wijken"))
