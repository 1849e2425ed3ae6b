# SPDX-License-Identifier: EUPL-1.2
"""How a field of a type says where its value comes from.

Rows are records of the database, and a field without a resolver is the column of its name. Any
other field declares its source beside it: `loaded` and its like what needs a fetch of its own. The
declaration is in the field's metadata, for every executor to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.batch import Batch, FromRow, Loaded, LoadedEach, LoadedRows, Source
from resolvers.context import Context
from schema.ids import encode


def loaded(batch: Batch, description: str) -> Any:
    """A field whose row or rows are loaded by `batch`."""
    return from_source(Loaded(batch), description)


def loaded_rows(batch: Batch, rows: Batch, description: str) -> Any:
    """A field whose ids are loaded by `batch` and then, for each id, its row by `rows`."""
    return from_source(LoadedRows(batch, rows), description)


def loaded_each(batch: Batch, column: str, description: str) -> Any:
    """A field with a row by `batch` for each of the ids that a column of the parent holds."""
    return from_source(LoadedEach(batch, column), description)


def from_source(source: Source, description: str) -> Any:
    """A field without arguments whose value `source` gives."""

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]):  # type: ignore[no-untyped-def]
        return await source.of(info.context, root)

    return strawberry.field(resolver=resolve, description=description, metadata={"source": source})


def from_row(read: Callable[[Any], Any], description: str) -> Any:
    """A field that is computed from the parent's row alone."""

    def resolve(root: strawberry.Parent[Any]):  # type: ignore[no-untyped-def]
        return read(root)

    return strawberry.field(
        resolver=resolve, description=description, metadata={"source": FromRow(read)}
    )


def global_id(typename: str) -> Any:
    """The `id` of a type, from the row's UUID."""
    return from_row(
        lambda row: strawberry.ID(encode(typename, row["id"])),
        "Opaque and lasting; good for `node`.",
    )
