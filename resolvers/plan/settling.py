# SPDX-License-Identifier: EUPL-1.2
"""What follows from failures: nulls as far up as the types say, and errors with their paths.

Only an answer in which something failed is settled. Objects can stand in several places of it, so
they are written anew and never changed.
"""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, located_error

from resolvers.plan.objects import Field, Objects
from resolvers.plan.running import Failure, Run
from resolvers.plan.shapes import AnyOf, Many, One, Shape

Path = tuple[str | int, ...]


class Nulled(Exception):
    """What holds this value may not be null, and becomes null itself."""


class Settling:
    """Settles one answer. Fields come in their order, so the first error of an object that becomes
    null by it is the one that is told.
    """

    def __init__(self, run: Run) -> None:
        self.errors: list[GraphQLError] = []
        self._types = run.types

    def answer(self, root: Objects, answer: dict[str, Any]) -> dict[str, Any] | None:
        """The answer without failures, or null."""
        try:
            return self._object(root, answer, ())
        except Nulled:
            return None

    def _object(self, objects: Objects, found: dict[str, Any], path: Path) -> dict[str, Any]:
        return {
            key: self._value(each, each.shape, found[key], (*path, key))
            for key, each in objects.fields.items()
        }

    def _value(self, field: Field, shape: Shape, found: Any, path: Path) -> Any:
        try:
            if type(found) is Failure:
                self.errors.append(located_error(found.error, field.asked.nodes, list(path)))
                raise Nulled
            if found is None:
                return None
            if isinstance(shape, Many):
                return [
                    self._value(field, shape.item, item, (*path, index))
                    for index, item in enumerate(found)
                ]
            if isinstance(shape, One):
                return self._object(shape.objects, found, path)
            if isinstance(shape, AnyOf):
                return self._object(self._types[id(found)], found, path)
            return found
        except Nulled:
            if shape.null is not None:
                raise
            return None
