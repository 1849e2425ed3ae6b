# SPDX-License-Identifier: EUPL-1.2
"""Which fields of the schema were asked and answered with data: a comparison of nothing proves
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from tests.isolation.sessions import SCHEMA


class Covered:
    """Fields by type and name, as far as they were met."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._told: set[str] = set()

    def note(self, document: DocumentNode, data: Any) -> None:
        """Notes what a document asks and what its answer tells."""
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                root = SCHEMA.get_root_type(operation.operation)
                assert root is not None
                self._asked |= {
                    f"{root.name}.{field.name.value}"
                    for field, _ in _fields(operation.selection_set, root)
                }
                self._look(operation.selection_set, root, data)

    def names(self) -> Mapping[str, frozenset[str]]:
        """What was met, as an outcome has it."""
        roots = {type_.name for type_ in (SCHEMA.query_type, SCHEMA.mutation_type) if type_}
        return {
            "root fields asked": frozenset(self._asked),
            "root fields answered": frozenset(
                name for name in self._told if name.split(".")[0] in roots
            ),
            "fields answered": frozenset(self._told),
        }

    @staticmethod
    def all_fields() -> int:
        """How many fields the types of the schema have."""
        return sum(
            len(type_.fields)
            for name, type_ in SCHEMA.type_map.items()
            if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
        )

    def _look(self, selection: SelectionSetNode, type_: GraphQLObjectType, data: Any) -> None:
        if isinstance(data, list):
            for one in data:
                self._look(selection, type_, one)
        if not isinstance(data, dict):
            return
        for field, of in _fields(selection, type_):
            if of.name != data.get("__typename", of.name) or field.name.value == "__typename":
                continue
            value = data.get((field.alias or field.name).value)
            if value is None or value == []:
                continue
            self._told.add(f"{of.name}.{field.name.value}")
            named = get_named_type(of.fields[field.name.value].type)
            if field.selection_set is not None:
                self._look(field.selection_set, named, value)  # type: ignore[arg-type]


def _fields(selection: SelectionSetNode, type_: Any) -> Iterator[tuple[FieldNode, Any]]:
    """The fields that are selected, each with the type on which it is."""
    for one in selection.selections:
        if isinstance(one, FieldNode):
            yield one, type_
        elif isinstance(one, InlineFragmentNode) and one.type_condition is not None:
            yield from _fields(one.selection_set, SCHEMA.type_map[one.type_condition.name.value])
