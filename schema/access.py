# SPDX-License-Identifier: EUPL-1.2
"""The matrix of access: who may see what of whom, as of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.access import Wanted, access_matrix
from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.wijken import WIJK
from schema.agreement import Agreement
from schema.enums import Category, Precision
from schema.fields import loaded
from schema.ids import decode_as
from schema.kind import Kind
from schema.organisation import Organisation
from schema.wijk import Wijk


@strawberry.type(
    description="A rule in force on the day that was asked for: what one organisation may see of "
    "another."
)
class AccessCell:
    provider: Organisation = loaded(
        Batch("organisations_by_id", "provider", "one"), "Whose records."
    )
    receiver: Organisation = loaded(
        Batch("organisations_by_id", "receiver", "one"), "Who sees them."
    )
    kind: Kind
    category: Category | None = strawberry.field(
        description="Only this category; null: every category."
    )

    @strawberry.field(description="In which wijken.")
    async def wijken(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Wijk]:
        return await info.context.loaders.load_many(WIJK, root["wijken"])

    precision: Precision
    fields: list[str] = strawberry.field(
        description="What is really shown of each record, beside owner, wijk, day of recording and "
        "`invented`: at this precision, with what the rule lists. A writer can choose to show less."
    )
    agreement: Agreement | None = loaded(
        Batch("agreements_by_id", "agreement", "one"), "Which agreement says so."
    )
    version: int = strawberry.field(description="Which version of the agreement held that day.")
    valid_from: date = strawberry.field(
        name="from",
        description="The first day of its term. Records from before it are shown only with "
        "`includesPast`.",
    )
    valid_until: date = strawberry.field(
        name="until",
        description="The last day on which it holds, as is known now: of its term, or the day "
        "before a later version comes in its place. Of a past day too: what was agreed after that "
        "day can have brought it forward.",
    )
    keep_days: int = strawberry.field(
        description="How many days after recording a record stays visible."
    )
    includes_past: bool = strawberry.field(
        description="Whether records from before the term are shown too."
    )


@strawberry.type
class AccessQuery:
    """What the matrix adds to the queries."""

    @strawberry.field(
        description="Who may see what of whom on a day (today, unless one is given), how exactly, "
        "under which agreement and until when: a row for each rule in force of the agreements to "
        "which the caller's organisation is a party. Of a past day it says what had been decided "
        "by its end, of a day to come what the terms say."
    )
    async def access_matrix(
        self,
        info: strawberry.Info[Context, None],
        on: date | None = None,
        provider: strawberry.ID | None = None,
        receiver: strawberry.ID | None = None,
        kind: Kind | None = None,
    ) -> list[AccessCell] | None:
        context = info.context
        wanted = Wanted(
            decode_as("Organisation", provider, "provider") if provider else None,
            decode_as("Organisation", receiver, "receiver") if receiver else None,
            kind.value if kind else None,
        )
        rows: Any = await access_matrix(context.session, context.principal.gemeente, on, wanted)
        return rows  # type: ignore[no-any-return]
