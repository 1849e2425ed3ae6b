# SPDX-License-Identifier: EUPL-1.2
"""The roots of every query."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.agreements import page_of_agreements
from resolvers.batch import TRIPS, Batch
from resolvers.context import Context
from resolvers.wijken import WIJK, wijk_of_code, wijken_of_gemeente
from schema.agreement import AGREEMENT, Agreement, PublishedAgreement
from schema.contributions import BY_TYPENAME
from schema.ids import decode, decode_as
from schema.me import Me
from schema.my_slice import MySlice
from schema.node import Connection, Node
from schema.organisation import ORGANISATION, Organisation
from schema.wijk import Wijk
from sql.errors import Refusal

NODES = {
    "Wijk": WIJK,
    "Buurt": Batch("buurten_by_id", returns="one"),
    "Organisation": ORGANISATION,
    "Agreement": AGREEMENT,
    **{name: contribution.batches.by_id for name, contribution in BY_TYPENAME.items()},
}


@strawberry.type(description="A page of agreements.")
class AgreementConnection(Connection[Agreement]):
    total: int = strawberry.field(description="How many the caller can page through.")


@strawberry.type
class GroundQuery:
    """The roots that do not belong to one contribution."""

    @strawberry.field(description="Who is asking.")
    def me(self, info: strawberry.Info[Context, None]) -> Me:
        return info.context.principal  # type: ignore[return-value]

    @strawberry.field(
        description="Anything with an id, as far as the caller may see it. Absent, not yours "
        "and hidden are null.",
        metadata={TRIPS: 1},
    )
    async def node(self, info: strawberry.Info[Context, None], id: strawberry.ID) -> Node | None:
        typename, key = decode(id, "id")
        if typename not in NODES:
            return None
        row: Node | None = await info.context.loaders.load(NODES[typename], key)
        return row

    @strawberry.field(
        description="A wijk by its id, or by a CBS code. A code without a year means the "
        "current division; a code that only an "
        "older division knows is an error that names the year.",
        metadata={TRIPS: 0},
    )
    async def wijk(
        self,
        info: strawberry.Info[Context, None],
        id: strawberry.ID | None = None,
        code: str | None = None,
        year: int | None = None,
    ) -> Wijk | None:
        if (id is None) == (code is None):
            raise Refusal(
                "BAD_ARGUMENT", name="id, code", why="NEEDED" if id is None else "NOT_TOGETHER"
            )
        key = (
            decode_as("Wijk", id, "id")
            if id is not None
            else await wijk_of_code(info.context, str(code), year)
        )
        row: Any = await info.context.loaders.load(WIJK, key)
        return row  # type: ignore[no-any-return]

    @strawberry.field(
        description="The wijken of a gemeente, the caller's own unless it names one by its CBS "
        "code.",
        metadata={TRIPS: 0},
    )
    async def wijken(
        self, info: strawberry.Info[Context, None], gemeente: str | None = None
    ) -> list[Wijk] | None:
        return await wijken_of_gemeente(info.context, gemeente)

    @strawberry.field(description="The partners of the caller's gemeente, by name.")
    async def organisations(
        self, info: strawberry.Info[Context, None]
    ) -> list[Organisation] | None:
        rows = await info.context.session.fetch("organisations_of_gemeente")
        return await info.context.loaders.load_many(ORGANISATION, [row["id"] for row in rows])

    @strawberry.field(
        description="The caller's own slice: its records, its deliveries, how others see them, and "
        "who looked."
    )
    def my_slice(self) -> MySlice | None:
        return MySlice()

    @strawberry.field(
        description="The agreements to which the caller's organisation is a party, latest end "
        "first: of a day the versions that were or will be in force then, else each as it is by "
        "its id."
    )
    async def agreements(
        self,
        info: strawberry.Info[Context, None],
        active_on: date | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> AgreementConnection | None:
        page: Any = await page_of_agreements(info.context, active_on, first, after)
        return page  # type: ignore[no-any-return]

    @strawberry.field(
        description="The agreements in force of the caller's gemeente that their parties "
        "published, by title; one's own among them."
    )
    async def published_agreements(
        self, info: strawberry.Info[Context, None]
    ) -> list[PublishedAgreement] | None:
        return await info.context.session.fetch("agreements_published")  # type: ignore[return-value]
