# SPDX-License-Identifier: EUPL-1.2
"""One's own datasets: which there are, and which of them are never shared."""

from __future__ import annotations

from typing import Any

import strawberry

from resolvers.context import Context
from resolvers.datasets import datasets_of_asker, mark
from schema.errors import UserError, user_error
from schema.fields import from_row
from schema.kind import Kind
from schema.texts import every
from sql.errors import Refusal


@strawberry.type(description="A dataset of the caller's own.")
class Dataset:
    name: str = strawberry.field(description="As deliveries name it.")
    kind: Kind = strawberry.field(
        description="What is delivered to it; 'hub' holds what was reported here, of any kind."
    )
    never_share: bool = strawberry.field(
        description="True: no agreement reaches its records. They are in nobody's list, feed or "
        "number but the owner's own, and nobody else sees it as a source."
    )

    @strawberry.field(description="How often a delivery was promised; null when it was not.")
    def expected_every(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> str | None:
        days = root["rhythm_days"]
        return None if days is None else every(days, info.context.language)


@strawberry.type
class DatasetsOfSlice:
    """What datasets add to one's own slice."""

    @strawberry.field(description="The caller's own datasets, by name.")
    async def datasets(self, info: strawberry.Info[Context, None]) -> list[Dataset] | None:
        found: Any = await datasets_of_asker(info.context)
        return found  # type: ignore[no-any-return]


@strawberry.input(
    description="Whether a dataset of the caller's own is never shared. To mark takes its records "
    "from everybody at once; who saw one gets WITHDRAWN in its feed."
)
class MarkDatasetInput:
    dataset: str
    never_share: bool = strawberry.field(
        description="False takes the mark off: for records that come from then on."
    )
    past_too: bool = strawberry.field(
        default=False,
        description="With neverShare false: the records that are there are shared too, as agreed "
        "and as their caps say. Without it they stay the caller's alone.",
    )
    kind: Kind | None = strawberry.field(
        default=None,
        description="Of a dataset to which nothing was delivered yet: what it will hold. So it "
        "can be marked before its first delivery.",
    )


@strawberry.type(description="The dataset as it is now, or why nothing changed.")
class DatasetPayload:
    dataset: Dataset | None = from_row(lambda payload: payload.row, "The dataset.")
    errors: list[UserError]
    row: strawberry.Private[Any] = None


@strawberry.type
class DatasetMutations:
    """What datasets add to the mutations."""

    @strawberry.mutation(
        description="Marks a dataset of the caller's own as never shared, or takes the mark off. "
        "To repeat it changes nothing."
    )
    async def mark_dataset(
        self, info: strawberry.Info[Context, None], input: MarkDatasetInput
    ) -> DatasetPayload | None:
        context = info.context
        kind = input.kind.value if input.kind else None
        try:
            if input.never_share and input.past_too:
                raise Refusal("BAD_ARGUMENT", path=("input", "pastToo"), name="pastToo",
                              why="NOT_TOGETHER")  # fmt: skip
            async with context.session.savepoint():
                row = await mark(context, input.dataset, input.never_share, input.past_too, kind)
        except Refusal as refusal:
            return DatasetPayload(errors=[user_error(refusal, context.language)])
        finally:
            context.loaders.forget()
        return DatasetPayload(row=row, errors=[])
