# SPDX-License-Identifier: EUPL-1.2
"""Rows of a push, each looked at on its own before the operation is carried out.

GraphQL refuses a list for one bad item, and stops telling after fifty. So bad rows are taken out
and named, and the good ones can stay.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_list_type,
    type_from_ast,
)

from hub.requests import Question
from resolvers.context import RejectedRows
from schema.rows import nuls, sorted_out
from sql.errors import Refusal

# By the path of the list: ("rows",) for $rows, ("input", "rows") for the rows in $input.
Rejected = dict[tuple[str, ...], RejectedRows]


class RowList(NamedTuple):
    """A list of rows in an operation's variables: its path, and the type of one item."""

    path: tuple[str, ...]
    item: GraphQLInputType


def row_lists(
    schema: GraphQLSchema, operation: OperationDefinitionNode, row_types: frozenset[str]
) -> list[RowList]:
    """The lists of rows that the operation's variables can hold."""
    found: list[RowList] = []
    for node in operation.variable_definitions or ():
        declared: Any = type_from_ast(schema, node.type)
        found.extend(_lists_in(declared, (node.variable.name.value,), row_types, frozenset()))
    return found


def _lists_in(
    declared: Any, path: tuple[str, ...], row_types: frozenset[str], seen: frozenset[str]
) -> Iterator[RowList]:
    kind = get_nullable_type(declared)
    if is_list_type(kind):
        inner = get_nullable_type(kind.of_type)
        if isinstance(inner, GraphQLInputObjectType) and inner.name in row_types:
            yield RowList(path, kind.of_type)
    elif isinstance(kind, GraphQLInputObjectType) and kind.name not in seen:
        for name, input_field in kind.fields.items():
            yield from _lists_in(input_field.type, (*path, name), row_types, seen | {kind.name})


def sift(question: Question, lists: Iterable[RowList]) -> Rejected:
    """Take rows that GraphQL would refuse out of the variables, so that they do not fail the rest.

    A NUL that is left anywhere else in the variables is a Refusal TEXT_UNREADABLE.
    """
    rejected: Rejected = {}
    for rows in lists:
        holder: Any = question.variables
        for key in rows.path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and holder.get(rows.path[-1]) is not None:
            given = holder[rows.path[-1]]
            given = given if isinstance(given, list) else [given]  # GraphQL takes one for a list
            kept, rejected[rows.path] = sorted_out(given, rows.item, question.suspect)
            holder[rows.path[-1]] = kept
    if question.suspect and next(nuls(question.variables), None) is not None:
        raise Refusal("TEXT_UNREADABLE")
    return rejected
