# SPDX-License-Identifier: EUPL-1.2
"""How a field declares where its data comes from: keys in, rows out, one named statement for a
whole level of the answer.

The declaration (a `Source`) stands beside the field in the schema and is all that an executor
needs: graphql-core asks it for one parent at a time (`of`), a plan for all parents of a level
(`of_all`). A statement takes the keys as its first parameter, an array; further parameters are the
field's arguments, in order; each row names its key in column `key`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from resolvers.context import Context

TRIPS = "trips"
"""In the metadata of a field with a resolver of its own: how many statements it makes at most, of
which reference rows need none. Without it nobody knows.
"""

LEVEL = "level"
"""In the metadata of a field with a resolver of its own: what gives its values for all parents of a
level at once, of the context, their rows and the field's arguments. The resolver gives the same for
one of them.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Loads rows for many parents at once.

    `key` is the column of the parent's row that holds its key; a parent whose key is null has no
    rows. `records` names the kind of record that the rows are, when they may be others' and reading
    them is written to the ledger.
    """

    statement: str
    key: str = "id"
    returns: Literal["one", "many"] = "many"
    records: str | None = None

    def empty(self) -> Any:
        """What a parent without a key has."""
        return None if self.returns == "one" else []


class Source(Protocol):
    """Where the value of a field comes from, beside its parent's row."""

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What it loads, in the order of loading."""

    async def of(self, context: Context, row: Any) -> Any:
        """The value for one parent."""

    async def of_all(self, context: Context, rows: Sequence[Any]) -> list[Any]:
        """The value for each parent, in their order; each row is fetched once."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The row or rows of the parent's key."""

    batch: Batch

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What it loads."""
        return (self.batch,)

    async def of(self, context: Context, row: Any, *arguments: Hashable) -> Any:
        """The row, or the list of rows."""
        return await context.loaders.load(self.batch, row[self.batch.key], *arguments)

    async def of_all(self, context: Context, rows: Sequence[Any]) -> list[Any]:
        """For each parent the row, or the list of rows."""
        keys = list(map(itemgetter(self.batch.key), rows))
        return await context.loaders.load_many(self.batch, keys)


@dataclass(frozen=True, slots=True)
class LoadedRows:
    """The rows, by `rows`, of the ids that `ids` loads for the parent's key."""

    ids: Batch
    rows: Batch

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What it loads."""
        return (self.ids, self.rows)

    async def of(self, context: Context, row: Any) -> Any:
        """A row for each id, in their order."""
        found = await context.loaders.load(self.ids, row[self.ids.key])
        return await context.loaders.load_many(self.rows, [each["id"] for each in found])

    async def of_all(self, context: Context, rows: Sequence[Any]) -> list[Any]:
        """For each parent a row for each id."""
        found = await Loaded(self.ids).of_all(context, rows)
        return await _each(context, self.rows, [[each["id"] for each in ids] for ids in found])


@dataclass(frozen=True, slots=True)
class LoadedEach:
    """The row, by `batch`, of each of the ids that a column of the parent holds."""

    batch: Batch
    column: str

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What it loads."""
        return (self.batch,)

    async def of(self, context: Context, row: Any) -> Any:
        """A row for each id, in their order."""
        return await context.loaders.load_many(self.batch, row[self.column])

    async def of_all(self, context: Context, rows: Sequence[Any]) -> list[Any]:
        """For each parent a row for each id."""
        return await _each(context, self.batch, [row[self.column] for row in rows])


@dataclass(frozen=True, slots=True)
class Composed:
    """What `compose` makes of the context, the parent's row, and the row that each of `batches` has
    for it.
    """

    batches: tuple[Batch, ...]
    compose: Callable[..., Any]

    async def of(self, context: Context, row: Any) -> Any:
        """The value for one parent."""
        found = [await Loaded(batch).of(context, row) for batch in self.batches]
        return self.compose(context, row, *found)

    async def of_all(self, context: Context, rows: Sequence[Any]) -> list[Any]:
        """The value for each parent."""
        found = [await Loaded(batch).of_all(context, rows) for batch in self.batches]
        return [self.compose(context, *each) for each in zip(rows, *found, strict=True)]


@dataclass(frozen=True, slots=True)
class FromRow:
    """What `read` makes of the parent's row alone."""

    read: Callable[[Any], Any]


def value_of(row: Any, name: str) -> Any:
    """The value of a field without a resolver: a column of a row, or an attribute of what a
    mutation made itself.
    """
    return getattr(row, name) if is_made(type(row)) else row[name]


def is_made(type_: type) -> bool:
    """Whether objects of this type were made by a resolver, so that fields are attributes."""
    return hasattr(type_, "__strawberry_definition__")


async def _each(context: Context, batch: Batch, keys: list[list[Any]]) -> list[Any]:
    """For each list of keys the list of their rows."""
    rows = iter(await context.loaders.load_many(batch, list(chain.from_iterable(keys))))
    return [[next(rows) for _ in some] for some in keys]
