# SPDX-License-Identifier: EUPL-1.2
"""From the values of a level to what the answer has for them, by the type of their field.

A `Failure` stays where it is, and a null where the schema has none becomes one; what follows from
that is settled at the end (settling.py), for nearly every operation has neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType, GraphQLOutputType
from graphql.pyutils import is_iterable

from resolvers.plan.leaves import completing
from resolvers.plan.running import Failure, Run, together

if TYPE_CHECKING:
    from resolvers.plan.objects import Objects


class Shape:
    """What a type makes of values. `null`: what to say where it is null and may not be, or None."""

    waits = False
    """Whether something is awaited within."""
    trips: float = 0
    """For how many statements."""

    def __init__(self, null: str | None) -> None:
        self.null = null

    async def complete(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """What the answer has for each of the values, in their order."""
        raise NotImplementedError

    def absent(self, run: Run) -> Any:
        """What the answer has for a value that is null."""
        return None if self.null is None else run.fail(TypeError(self.null))


class Leaf(Shape):
    """A scalar or an enum."""

    def __init__(self, null: str | None, type_: GraphQLOutputType) -> None:
        super().__init__(null)
        self._complete = completing(type_)

    async def complete(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """Each value as the answer writes it."""
        return self.now(run, values)

    def now(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """The same, without waiting."""
        complete = self._complete
        try:
            return [complete(value) for value in values]
        except Exception:
            return [self._one(run, value) for value in values]

    def _one(self, run: Run, value: Any) -> Any:
        if value is None:
            return self.absent(run)
        return value if type(value) is Failure else run.attempt(self._complete, value)


class Many(Shape):
    """A list: its items are completed together with those of all other lists of the level."""

    def __init__(self, null: str | None, item: Shape) -> None:
        super().__init__(null)
        self.item = item
        self.waits, self.trips = item.waits, item.trips

    async def complete(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """Each list with its items completed."""
        lists = [self._items(run, value) for value in values]
        every = [item for items in lists if type(items) is list for item in items]
        done = iter(await self.item.complete(run, every))
        return [list(islice(done, len(items))) if type(items) is list else items for items in lists]

    def _items(self, run: Run, value: Any) -> Any:
        if type(value) is list or type(value) is Failure:
            return value
        if value is None:
            return self.absent(run)
        return list(value) if is_iterable(value) else run.fail(TypeError("not a list"))


class One(Shape):
    """An object of one type. A row that comes several times is built once."""

    def __init__(self, null: str | None, objects: Objects) -> None:
        super().__init__(null)
        self.objects = objects
        self.waits, self.trips = objects.waits, objects.trips

    async def complete(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """An object for each value."""
        rows = _distinct(run, values)
        built = await self.objects.build(run, list(rows.values()))
        if len(built) == len(values):
            return built
        return _placed(self, run, values, dict(zip(rows, built, strict=True)))


class AnyOf(Shape):
    """An object of one of several types: each row tells of which it is."""

    def __init__(
        self, null: str | None, type_: GraphQLAbstractType, objects: Mapping[str, Objects]
    ) -> None:
        super().__init__(null)
        self._type: Any = type_
        self._objects = objects
        self.waits = any(each.waits for each in objects.values())
        self.trips = sum(each.trips for each in objects.values())

    async def complete(self, run: Run, values: Sequence[Any]) -> list[Any]:
        """An object for each value, of its own type."""
        found: dict[int, Any] = {}
        by_type: dict[str, dict[int, Any]] = {name: {} for name in self._objects}
        for key, row in _distinct(run, values).items():
            try:
                by_type[self._type.resolve_type(row, None, self._type)][key] = row
            except Exception as error:
                found[key] = run.fail(error)
        kinds = [(self._objects[name], rows) for name, rows in by_type.items() if rows]
        built = await together([objects.build(run, list(rows.values())) for objects, rows in kinds])
        for (objects, rows), made in zip(kinds, built, strict=True):
            found.update(zip(rows, made, strict=True))
            run.types.update((id(each), objects) for each in made)
        return _placed(self, run, values, found)


def _distinct(run: Run, values: Sequence[Any]) -> dict[int, Any]:
    """The rows among the values, each once, by their identity."""
    rows = dict(zip(map(id, values), values, strict=True))
    if run.failed:
        rows = {key: row for key, row in rows.items() if type(row) is not Failure}
    rows.pop(id(None), None)
    return rows


def _placed(shape: Shape, run: Run, values: Sequence[Any], found: Mapping[int, Any]) -> list[Any]:
    """For each value what was found for it; failures stay."""
    try:
        return list(map(found.__getitem__, map(id, values)))
    except KeyError:  # a null, or a failure
        return [
            shape.absent(run) if value is None else found.get(id(value), value) for value in values
        ]
