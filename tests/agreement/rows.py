# SPDX-License-Identifier: EUPL-1.2
"""Where the rows of each type of the schema come from, and what the type expects of them.

A field without a resolver is a column of its name; `loaded` fields name their statement. What a
resolver fetches by itself is declared here, and a type that is in none of these places is an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

from resolvers.batch import Batch, Composed, Loaded, LoadedEach, LoadedRows
from schema.contributions import CONTRIBUTIONS
from schema.query import NODES

Columns = Mapping[str, str]
"""The columns of a statement's rows: name and type, as PostgreSQL names it."""

# Fetched by a resolver, and handed on as they are.
FETCHED = {
    "AccessCell": ("access_matrix",),
    "AuditEntry": ("audit_entries",),
    "BreachRead": ("breach_reads",),
    "BreachRecord": ("breach_records",),
    "Capability": ("rights_of_asker",),
    "Dataset": ("datasets_of_asker",),
    "HistoryEntry": ("history_of_records",),
    "LedgerLine": ("ledger_lines",),
    "ProcessingActivity": ("processing_activities",),
    "PublishedAgreement": ("agreements_published",),
    "PushReceipt": ("receipts_by_id", "receipts_newest"),
    "PushRow": ("rows_of_receipts",),
    "ReadEntry": ("readers_of_asker",),
    "ShownAs": ("shown_as",),
    "SourceState": ("sources_of_wijken",),
}
# Other columns than fields, or none: Python makes them from rows.
MADE = {
    "AccessExplanation",
    "ActionStep",
    "AgreementDiff",
    "AgreementDraft",
    "AgreementTemplate",
    "BreachReport",
    "Budget",
    "Count",
    "DiffLine",
    "DraftRule",
    "ExplainStep",
    "FeedItem",
    "Goal",
    "Headline",
    "JointAction",
    "PageInfo",
    "PushSummary",
    "SliceView",
    "TemplateRule",
    "Trend",
    "TrendPoint",
    "TrendSeries",
    "UserError",
    "WillPublish",
}
MADE_ENDINGS = ("Connection", "Edge", "Payload")

SCALARS = {
    "Boolean": {"bool"},
    "Date": {"date"},
    "DateTime": {"timestamptz"},
    "Float": {"float8"},
    "ID": {"uuid"},
    "Int": {"int4", "int2"},
    "JSON": {"jsonb"},
    "Period": {"text"},
    "String": {"text"},
}
ENUM = {"text"}
OBJECTS = {"jsonb"}


class Need(NamedTuple):
    """A column that a field of a type expects in its rows, in one of these types."""

    field: str
    column: str
    types: frozenset[str]


def object_types(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    """The object types of the schema, without those of introspection and the roots."""
    roots = (schema.query_type, schema.mutation_type)
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and type_ not in roots and type_.name[:2] != "__":
            yield type_


def declared(field: GraphQLField) -> Any:
    """The declaration of a field in Strawberry."""
    return field.extensions["strawberry-definition"]


def statements_by_type(schema: GraphQLSchema) -> dict[str, set[str]]:
    """By type, the statements whose rows it is made of."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, statements in FETCHED.items():
        found[name].update(statements)
    for name, batch in NODES.items():
        found[name].add(batch.statement)
    for kind in CONTRIBUTIONS:
        lists = (kind.batches.newest, kind.batches.oldest, kind.batches.own, kind.batches.seen)
        of_kind = (*lists, kind.batches.by_id)
        found[kind.record_type.__name__].update(batch.statement for batch in of_kind)
        found["PlaceView"].update(batch.statement for batch in of_kind)
    for _, field, batches in loaded_fields(schema):
        found[named(field.type).name].add(batches[-1].statement)
    return found


def loaded_fields(
    schema: GraphQLSchema,
) -> Iterator[tuple[GraphQLObjectType, GraphQLField, list[Batch]]]:
    """The fields that declare a batch: type, field, and its batches in the order of loading."""
    for type_ in object_types(schema):
        for field in type_.fields.values():
            source = declared(field).metadata.get("source")
            if isinstance(source, Loaded | LoadedRows | LoadedEach):
                yield type_, field, list(source.batches)


def needs(type_: GraphQLObjectType) -> Iterator[Need]:
    """The columns that a type expects in its rows: of plain fields, ids and keys of loaded ones."""
    for name, field in type_.fields.items():
        declaration = declared(field)
        if declaration.base_resolver is None:
            yield Need(name, declaration.python_name, frozenset(types_of(field.type)))
        else:
            yield from _columns(name, declaration.metadata.get("source"))
    if any(interface.name == "Node" for interface in type_.interfaces):
        yield Need("id", "id", frozenset({"uuid"}))


def _columns(name: str, source: object) -> Iterator[Need]:
    """The columns that a declared source reads of the row."""
    if isinstance(source, LoadedEach):
        yield Need(name, source.column, frozenset({"uuid[]"}))
    elif isinstance(source, Loaded | LoadedRows):
        yield Need(name, source.batches[0].key, frozenset({"uuid", "text"}))
    elif isinstance(source, Composed):
        for batch in source.batches:
            yield Need(name, batch.key, frozenset({"uuid", "text"}))


def is_made(type_: GraphQLObjectType) -> bool:
    """Whether Python makes the objects of a type, so that no statement has its columns."""
    plain = any(declared(field).base_resolver is None for field in type_.fields.values())
    return not plain or type_.name in MADE or type_.name.endswith(MADE_ENDINGS)


def types_of(type_: Any) -> set[str]:
    """The types of PostgreSQL that a type of the schema can be read from."""
    if isinstance(type_, GraphQLNonNull):
        return types_of(type_.of_type)
    if isinstance(type_, GraphQLList):
        inner = types_of(type_.of_type)
        return {name if name == "jsonb" else f"{name}[]" for name in inner}
    if isinstance(type_, GraphQLEnumType):
        return ENUM
    return SCALARS.get(type_.name, OBJECTS)


def named(type_: Any) -> GraphQLNamedType:
    """The type without list and non-null around it."""
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    named_type: GraphQLNamedType = type_
    return named_type


def faults(schema: GraphQLSchema, columns: Mapping[str, Columns]) -> list[str]:
    """Where a type and a statement that it is made of do not agree."""
    found = []
    sources = statements_by_type(schema)
    for type_ in object_types(schema):
        if is_made(type_):
            continue
        if type_.name not in sources:
            found.append(f"{type_.name}: no statement gives its rows")
        for statement in sorted(sources.get(type_.name, ())):
            if statement not in columns:
                found.append(f"{type_.name}: there is no statement {statement}")
                continue
            for need in needs(type_):
                found.extend(_unmet(type_.name, need, statement, columns[statement]))
    return found


def _unmet(type_name: str, need: Need, statement: str, columns: Columns) -> Iterator[str]:
    place = f"{type_name}.{need.field}"
    if need.column not in columns:
        yield f"{place}: {statement} has no column {need.column}"
    elif columns[need.column] not in need.types:
        yield f"{place}: {statement} gives {need.column} as {columns[need.column]}"
