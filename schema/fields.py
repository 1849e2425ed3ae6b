# SPDX-License-Identifier: EUPL-1.2
"""How a field of a type says where its value comes from.

Rows are records of the database, and a field without a resolver is the column of its name. `loaded`
is for what needs a fetch of its own: the declaration (a `Batch`) stands beside the field and in its
metadata, for every executor to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from schema.ids import encode


def loaded(batch: Batch, description: str) -> Any:
    """A field whose row or rows are loaded by `batch`."""

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]):  # type: ignore[no-untyped-def]
        return await info.context.loaders.load(batch, root[batch.key])

    return strawberry.field(resolver=resolve, description=description, metadata={"batch": batch})


def loaded_rows(batch: Batch, rows: Batch, description: str) -> Any:
    """A field whose ids are loaded by `batch` and then, for each id, its row by `rows`."""

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]):  # type: ignore[no-untyped-def]
        ids = await info.context.loaders.load(batch, root[batch.key])
        return await info.context.loaders.load_many(rows, [row["id"] for row in ids])

    return strawberry.field(
        resolver=resolve, description=description, metadata={"batch": batch, "rows": rows}
    )


def loaded_each(batch: Batch, column: str, description: str) -> Any:
    """A field with a row by `batch` for each of the ids that a column of the parent holds."""

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]):  # type: ignore[no-untyped-def]
        return await info.context.loaders.load_many(batch, root[column])

    return strawberry.field(
        resolver=resolve, description=description, metadata={"batch": batch, "ids": column}
    )


def from_row(read: Callable[[Any], Any], description: str) -> Any:
    """A field that is computed from the parent's row alone."""

    def resolve(root: strawberry.Parent[Any]):  # type: ignore[no-untyped-def]
        return read(root)

    return strawberry.field(resolver=resolve, description=description)


def global_id(typename: str) -> Any:
    """The `id` of a type, from the row's UUID."""

    def resolve(root: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(encode(typename, root["id"]))

    return strawberry.field(resolver=resolve, description="Opaque and lasting; good for `node`.")
