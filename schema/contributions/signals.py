# SPDX-License-Identifier: EUPL-1.2
"""Signals: something seen, by any partner."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import strawberry

from resolvers.context import Context
from resolvers.records import page_of_records
from schema.contributions.base import (
    TOTAL,
    Contribution,
    ContributionKind,
    RecordFilterInput,
    total,
    wanted_records,
)
from schema.contributions.signals_write import SIGNALS, SignalMutations
from schema.enums import Category, RecordOrder, SignalStatus
from schema.fields import global_id
from schema.node import Connection


@strawberry.type(description="Something seen, by any partner.")
class Signal(Contribution):
    id: strawberry.ID = global_id("Signal")
    category: Category
    subcategory: str | None = strawberry.field(
        description="In the owner's own words, from its own list."
    )
    seen_on: date | None = strawberry.field(description="The day on which it was seen.")
    seen_at: datetime | None = strawberry.field(description="The moment at which it was seen.")
    status: SignalStatus | None
    summary: str | None = strawberry.field(
        description="What was seen, without anything about a person."
    )
    internal_note: str | None = strawberry.field(description="Never seen by another organisation.")


@strawberry.type(description="A page of signals.")
class SignalConnection(Connection[Signal]):
    total: int = strawberry.field(resolver=total, description=TOTAL)


@strawberry.input(
    description="Filters work on what the caller may see of a signal, never on what is behind it."
)
class SignalFilter(RecordFilterInput):
    status: list[SignalStatus] | None = strawberry.field(
        default=None, description="Only with these states."
    )


@strawberry.type
class SignalsOfWijk:
    """What signals add to a wijk."""

    @strawberry.field(
        description="The signals of this wijk that the caller may see: its own whole, others' "
        "as agreed."
    )
    async def signals(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        filter: SignalFilter | None = None,
        order_by: RecordOrder = RecordOrder.NEWEST,
        first: int = 20,
        after: str | None = None,
    ) -> SignalConnection | None:
        wanted = wanted_records(info.context, filter)
        page: Any = await page_of_records(
            info.context, SIGNALS, root["id"], wanted, order_by is RecordOrder.OLDEST, first, after
        )
        return page  # type: ignore[no-any-return]


CONTRIBUTION = ContributionKind(
    kind="SIGNAL",
    record_type=Signal,
    batches=SIGNALS,
    wijk_part=SignalsOfWijk,
    mutation_part=SignalMutations,
    row_types=frozenset({"SignalRow"}),
)
