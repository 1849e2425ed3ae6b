# SPDX-License-Identifier: EUPL-1.2
"""One's own slice: one's own records, what became of deliveries, how another organisation sees
one's records, and who read them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.ledger import activity_of
from resolvers.readers import page_of_readers
from schema.agreement import AGREEMENT, Agreement
from schema.contributions import CONTRIBUTIONS
from schema.datasets import DatasetsOfSlice
from schema.fields import from_row, loaded, loaded_rows
from schema.ids import decode_as
from schema.joining import join
from schema.kind import Kind
from schema.node import PageInfo
from schema.organisation import ORGANISATION, Organisation
from schema.push import PushesOfSlice
from sql.errors import Refusal


@strawberry.type
class ViewGround:
    """What a slice as another sees it has beside records."""

    organisation: Organisation = loaded(
        Batch("organisations_by_id", "organisation", "one"), "Through whose eyes."
    )
    agreements: list[Agreement] = loaded_rows(
        Batch("agreements_with_receivers", "organisation"),
        AGREEMENT,
        "The agreements in force by which the caller shares with it, latest end first.",
    )


if TYPE_CHECKING:

    class SliceView(ViewGround):
        """As type checkers see it: without the parts of contributions."""

else:
    SliceView = join(
        "SliceView",
        "The caller's own records as another organisation sees them today: what that organisation "
        "gets of them, and nothing else that it sees. What hangs on a record (its wijk, owner and "
        "agreement) is as the caller sees it. Looking leaves no line in the read ledger: the other "
        "organisation reads nothing.",
        ViewGround,
        *(contribution.view_part for contribution in CONTRIBUTIONS),
    )


@strawberry.type(
    description="What an organisation read of the caller's records on a day, of one kind, under "
    "one agreement, with the same fields."
)
class ReadEntry:
    on_day: date = strawberry.field(name="on", description="The day; times are not told.")
    reader: Organisation = loaded(Batch("organisations_by_id", "reader", "one"), "Who read.")
    agreement: Agreement = loaded(
        Batch("agreements_by_id", "agreement", "one"), "Under which agreement."
    )
    version: int = strawberry.field(description="Which version of the agreement held then.")
    purpose: str = strawberry.field(description="For what, as the agreement said then.")
    processing_activity: str = from_row(
        lambda row: activity_of(row, row["reader"]),
        "Under which processing activity of the reader, by the version that held then; the "
        "agreement where the reader named none.",
    )
    kind: Kind
    records: int = strawberry.field(
        description="How many were shown or counted, added up over the requests of that day: a "
        "record that was read in two requests counts twice."
    )
    fields: list[str] = strawberry.field(
        description="What could be seen of each of these records, by the rule."
    )


@strawberry.type(description="A page of who read the caller's records, newest day first.")
class ReadEntryConnection:
    nodes: list[ReadEntry]
    page_info: PageInfo


@strawberry.type
class SliceGround:
    """What one's own slice has beside records and deliveries."""

    @strawberry.field(
        description="The caller's own records as another organisation of the gemeente sees them. "
        "An organisation that is not known is null; one's own is an error."
    )
    async def as_seen_by(
        self, info: strawberry.Info[Context, None], organisation: strawberry.ID
    ) -> SliceView | None:
        context = info.context
        receiver = decode_as("Organisation", organisation, "organisation")
        if receiver == context.principal.organisation:
            raise Refusal("BAD_ARGUMENT", name="organisation", why="NOT_ONESELF")
        if await context.loaders.load(ORGANISATION, receiver) is None:
            return None
        view: Any = {"organisation": receiver}
        return view  # type: ignore[no-any-return]

    @strawberry.field(
        description="Who read the caller's records since a day, newest day first. The order within "
        "a day tells nothing."
    )
    async def readers(
        self,
        info: strawberry.Info[Context, None],
        since: date,
        first: int = 50,
        after: str | None = None,
    ) -> ReadEntryConnection | None:
        page: Any = await page_of_readers(info.context, since, first, after)
        return page  # type: ignore[no-any-return]


if TYPE_CHECKING:

    class MySlice(PushesOfSlice, DatasetsOfSlice, SliceGround):
        """As type checkers see it: without the parts of contributions."""

else:
    MySlice = join(
        "MySlice",
        "The caller's own slice: its records, its deliveries, how others see them, and who looked.",
        *(contribution.slice_part for contribution in CONTRIBUTIONS),
        PushesOfSlice,
        DatasetsOfSlice,
        SliceGround,
    )
