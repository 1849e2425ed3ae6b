# SPDX-License-Identifier: EUPL-1.2
"""A document becomes a tree of `Objects`. graphql-core itself collects the fields of each selection
set, so fragments, aliases, merged fields, @skip and @include are what they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from resolvers.batch import FromRow
from resolvers.plan.objects import Field, Filled, Objects, Plain
from resolvers.plan.shapes import AnyOf, Leaf, Many, One, Shape
from resolvers.plan.sources import (
    Asked,
    Called,
    Column,
    Computed,
    Document,
    Fetched,
    Read,
    TypeName,
    Values,
)  # fmt: skip


class NotPlanned(Exception):
    """An operation that is left to graphql-core; `reason` is one word, for counting."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Compiler:
    """Compiles one operation, for the values that its @skip and @include have in `variables`."""

    def __init__(self, document: Document, variables: VariableValues) -> None:
        self._document = document
        self._variables = variables
        self._known: dict[tuple[str, tuple[int, ...]], Objects] = {}

    def root(self) -> Objects:
        """What the operation asks of the root of its kind."""
        document, operation = self._document, self._document.operation
        root = cast("GraphQLObjectType", document.schema.get_root_type(operation.operation))
        try:
            collected = collect_fields(
                document.schema, document.fragments, self._variables, root, operation, True
            )
            in_order = operation.operation is OperationType.MUTATION
            return Objects(self._fields(root, collected.grouped_field_set), in_order=in_order)
        except GraphQLError:  # a null for @skip or @include
            raise NotPlanned("directive") from None
        except RecursionError:
            raise NotPlanned("nesting") from None

    def _objects(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Objects:
        """What these fields ask of objects of this type; compiled once, however often a fragment
        with them is used.
        """
        known = (type_.name, tuple(id(each.node) for each in details))
        objects = self._known.get(known)
        if objects is None:
            document = self._document
            collected = collect_subfields(
                document.schema, document.fragments, self._variables, document.operation, type_,
                details, True,
            )  # fmt: skip
            objects = Objects(self._fields(type_, collected.grouped_field_set))
            self._known[known] = objects
        return objects

    def _fields(self, parent: GraphQLObjectType, grouped: GroupedFieldSet) -> Mapping[str, Field]:
        return {key: self._field(parent, key, details) for key, details in grouped.items()}

    def _field(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList) -> Field:
        nodes = [each.node for each in details]
        name = nodes[0].name.value
        definition = self._document.schema.get_field(parent, name)
        if definition is None or definition in (SchemaMetaFieldDef, TypeMetaFieldDef):
            raise NotPlanned("introspection")
        asked = Asked(self._document, parent, definition, nodes)
        null = f"Cannot return null for non-nullable field {parent}.{name}."
        source, shape = _source(asked), self._shape(definition.type, details, null)
        if isinstance(source, Read) and isinstance(shape, Leaf):
            return Plain(asked, source, shape)
        return Filled(key, asked, source, shape)

    def _shape(self, type_: GraphQLOutputType, details: FieldDetailsList, null: str) -> Shape:
        """What the type of a field makes of its values; `null` is said where it may not be null."""
        required = null if isinstance(type_, GraphQLNonNull) else None
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if is_leaf_type(inner):
            return Leaf(required, type_)
        if isinstance(inner, GraphQLList):
            return Many(required, self._shape(inner.of_type, details, null))
        if is_abstract_type(inner):
            types = self._document.schema.get_possible_types(inner)
            return AnyOf(
                required, inner, {each.name: self._objects(each, details) for each in types}
            )
        return One(required, self._objects(cast("GraphQLObjectType", inner), details))


def _source(asked: Asked) -> Values:
    """Where the values of a field come from, as it declares."""
    if asked.definition is TypeNameMetaFieldDef:
        return TypeName(asked.parent.name)
    declared = asked.definition.extensions["strawberry-definition"]
    if declared.base_resolver is None:
        return Column(declared.python_name)
    source = declared.metadata.get("source")
    if isinstance(source, FromRow):
        return Computed(source)
    if source is not None and not asked.definition.args:
        return Fetched(source)
    return Called(asked, declared)
