# SPDX-License-Identifier: EUPL-1.2
"""What is asked of the objects of one type, and how they are built: plain fields by a generated
function, then each other field for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from resolvers.batch import is_made
from resolvers.plan.leaves import Names, code_of
from resolvers.plan.running import Run, together
from resolvers.plan.shapes import Leaf, Shape
from resolvers.plan.sources import Asked, Read, Values

Build = Callable[[Sequence[Any]], list[dict[str, Any]]]

GENERATED_AFTER = 30
"""How many objects are built field by field before a function for them is worth its compilation."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A field of which the row alone tells what the answer has."""

    asked: Asked
    source: Read
    shape: Leaf

    def of(self, run: Run, row: Any) -> Any:
        """What the answer has for a row, or a failure."""
        [found] = self.shape.now(run, [run.attempt(self.source.of, row)])
        return found

    def code(self, names: Names, *, made: bool) -> str:
        """Python that gives it of `row`; raises where there is a failure."""
        return code_of(self.asked.definition.type, self.source.code(names, made=made), names)


@dataclass(frozen=True, slots=True)
class Filled:
    """A field that is put into the objects of a level when they are there."""

    key: str
    asked: Asked
    source: Values
    shape: Shape

    @property
    def waits(self) -> bool:
        """Whether something is awaited for it."""
        return self.source.waits or self.shape.waits

    @property
    def trips(self) -> float:
        """For how many statements."""
        return self.source.trips + self.shape.trips

    async def fill(self, run: Run, rows: Sequence[Any], objects: Sequence[dict[str, Any]]) -> None:
        """Puts the value of each row in its object."""
        found = await self.shape.complete(run, await self.source.values(run, rows))
        for one, value in zip(objects, found, strict=True):
            one[self.key] = value


Field = Plain | Filled


class Objects:
    """The objects of one type and selection set, with the same fields in the same order."""

    def __init__(self, fields: Mapping[str, Field], *, in_order: bool = False) -> None:
        """With `in_order` no field begins before the one before it is done (mutations)."""
        self.fields = fields
        others = [each for each in fields.values() if isinstance(each, Filled)]
        # what needs no statement is there when it is asked for, and a task for it would cost more
        self._at_once = [each for each in others if in_order or not (each.waits and each.trips)]
        self._awaited = [each for each in others if each not in self._at_once]
        self.waits = any(each.waits for each in others)
        self.trips = sum(each.trips for each in others)
        self._built = 0

    async def build(self, run: Run, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """An object for each row, in their order."""
        if not rows:
            return []
        objects = self._plain(run, rows)
        for each in self._at_once:
            await each.fill(run, rows, objects)
        if self._awaited:
            await together([each.fill(run, rows, objects) for each in self._awaited])
        return objects

    def _plain(self, run: Run, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """The objects with their plain fields, and room for the others in their places."""
        self._built += len(rows)
        kinds = {is_made(type_) for type_ in set(map(type, rows))}
        if self._built > GENERATED_AFTER and len(kinds) == 1:
            try:
                return self._of_made(rows) if kinds.pop() else self._of_columns(rows)
            except Exception:  # noqa: S110 -- found again below, and put in its place
                pass
        return [self._one(run, row) for row in rows]

    def _one(self, run: Run, row: Any) -> dict[str, Any]:
        """An object field by field, with failures in their places."""
        return {
            key: each.of(run, row) if isinstance(each, Plain) else None
            for key, each in self.fields.items()
        }

    @cached_property
    def _of_columns(self) -> Build:
        return self._generated(made=False)

    @cached_property
    def _of_made(self) -> Build:
        return self._generated(made=True)

    def _generated(self, *, made: bool) -> Build:
        """A function that does what `_one` does for rows in which nothing fails.

        All that it has of the document are names, which are letters, digits and underscores.
        """
        names = Names()
        parts = [
            f"{key!r}: {each.code(names, made=made) if isinstance(each, Plain) else None}"
            for key, each in self.fields.items()
        ]
        code = (
            "def build(rows):\n"
            " objects = []\n"
            " add = objects.append\n"
            f" for row in rows: add({{{', '.join(parts)}}})\n"
            " return objects\n"
        )
        exec(code, names)  # noqa: S102
        build: Build = names["build"]
        return build
