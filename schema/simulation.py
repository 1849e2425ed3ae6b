# SPDX-License-Identifier: EUPL-1.2
"""What a proposal would change, before it is signed."""

from __future__ import annotations

from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.simulation import Line, simulate
from schema.agreements_write import AgreementInput, draft_of
from schema.contribution import Contribution
from schema.contributions import BY_KIND, KINDS
from schema.enums import Category, Precision
from schema.errors import UserError, user_errors
from schema.kind import Kind
from schema.organisation import Organisation


@strawberry.type(
    description="What one organisation would see more, or less, of one kind and category, at a "
    "precision."
)
class DiffLine:
    to: Organisation = strawberry.field(description="Who sees it.")
    kind: Kind
    category: Category | None = strawberry.field(
        description="Of this category; null: of every category that the rule is about."
    )
    precision: Precision = strawberry.field(
        description="How exactly; of what is no longer visible, how exactly it was."
    )
    fields: list[str] = strawberry.field(
        description="Which fields become visible, or no longer are."
    )
    records: int | None = strawberry.field(
        description="How many of the caller's own records. Null for another provider's rules, and "
        "for what only counts in published numbers."
    )
    older: int | None = strawberry.field(
        description="How many of them the hub had before the first day of the term: by "
        "`includesPast`."
    )
    example: Contribution | None = strawberry.field(
        description="The newest of them, as that organisation would see it."
    )


@strawberry.type(
    description="What a proposal would change if it were in force today, and what to think of "
    "before it is signed."
)
class AgreementDiff:
    becomes_visible: list[DiffLine] = strawberry.field(
        description="What receivers would see that they do not see now, or more of. A rule of the "
        "caller's own by which nothing changes yet has a line with 0 records."
    )
    no_longer_visible: list[DiffLine] = strawberry.field(
        description="What receivers would no longer see, or see less of: the agreement that is "
        "replaced showed it, or an agreement that is more exact goes first and lists other fields."
    )
    warnings: list[UserError] = strawberry.field(
        description="What to think of, the same as `proposeAgreement` gives; none of it keeps the "
        "proposal from being made."
    )


@strawberry.type
class SimulationQuery:
    """What trying out a proposal adds to the queries."""

    @strawberry.field(
        description="What a proposal would change in what others see of the caller's own records, "
        "found by trying it out and undoing it: nothing of it stays, and `idempotencyKey` is not "
        "used. Of rules of other providers nothing is counted."
    )
    async def simulate_agreement(
        self, info: strawberry.Info[Context, None], input: AgreementInput
    ) -> AgreementDiff | None:
        context = info.context
        found = await simulate(context, await draft_of(context, input), KINDS)
        return AgreementDiff(
            becomes_visible=[await _told(context, line) for line in found.more],
            no_longer_visible=[await _told(context, line) for line in found.less],
            warnings=user_errors(found.warnings, context.language),
        )


async def _told(context: Context, line: Line) -> DiffLine:
    to = await context.loaders.load(Batch("organisations_by_id", returns="one"), line.to)
    example: Any = line.example and {**line.example, "typename": BY_KIND[line.kind].typename}
    return DiffLine(
        to=to,
        kind=Kind(line.kind),
        category=Category(line.category) if line.category else None,
        precision=Precision(line.precision),
        fields=list(line.fields),
        records=line.records,
        older=line.older,
        example=example,
    )
