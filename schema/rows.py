# SPDX-License-Identifier: EUPL-1.2
"""Rows of a delivery, each looked at on its own with graphql-core's own rules, so that one bad row
does not fail the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
)
from graphql.utilities import validate_input_value

from resolvers.context import RejectedRow, RejectedRows, RowError
from schema.errors import refusal_in
from schema.row_readers import reader_of
from sql.errors import Refusal

Path = tuple[str | int, ...]

MAX_NAME = 80
MAX_ROW_ERRORS = 20
MAX_EXTERNAL_ID = 200


def sorted_out(
    rows: list[Any], item: GraphQLInputType, suspect: bool
) -> tuple[list[Any], RejectedRows]:
    """The rows that are left to be read with the other variables, and the account of all; where
    the input type has a reader they were read, and stand in the account.
    """
    kept: list[Any] = []
    lines: list[int] = []
    rejected: list[RejectedRow] = []
    reader = reader_of(get_nullable_type(item))
    quick = reader.quick if reader is not None and not suspect else _passes_over
    for line, row in enumerate(rows, start=1):
        read = quick(row)
        if read is None:
            errors = row_errors(row, item, suspect)
            if errors:
                rejected.append(RejectedRow(line, external_id(row), errors))
                continue
            read = row if reader is None else reader.read(row)
        kept.append(read)
        lines.append(line)
    if reader is None:
        return kept, RejectedRows(tuple(rejected), tuple(lines))
    return [], RejectedRows(tuple(rejected), tuple(lines), tuple(kept))


def _passes_over(_: object) -> None:
    """Reads no row."""


def external_id(row: object) -> str | None:
    """The sender's own name of a row, when it is one that can be stored and shown."""
    given = row.get("externalId") if isinstance(row, dict) else None
    fits = isinstance(given, str) and len(given) <= MAX_EXTERNAL_ID and "\x00" not in given
    return given if fits else None


def row_errors(row: object, item: GraphQLInputType, suspect: bool) -> tuple[RowError, ...]:
    """What is wrong with a row, at most MAX_ROW_ERRORS; empty when GraphQL takes it."""
    found: list[tuple[GraphQLError, list[str | int]]] = []
    validate_input_value(row, item, lambda error, path: found.append((error, path)), True)
    refusals = [refusal for error, path in found for refusal in _explained(row, item, error, path)]
    if suspect:
        refusals.extend(Refusal("TEXT_UNREADABLE", path=path) for path in nuls(row))
    once = {(refusal.path, refusal.code): refusal for refusal in refusals}
    return tuple(
        RowError(_storable(refusal.path), refusal.code, refusal.params)
        for refusal in islice(once.values(), MAX_ROW_ERRORS)
    )


def _storable(path: Path) -> Path:
    """A path whose names, which a sender may have made up, fit a receipt."""
    return tuple(
        key[:MAX_NAME].replace("\x00", "\N{REPLACEMENT CHARACTER}") if isinstance(key, str) else key
        for key in path
    )


def _explained(
    row: object, item: GraphQLInputType, error: GraphQLError, path: list[str | int]
) -> Iterator[Refusal]:
    """The hub's own codes for what graphql-core says about one place in a row."""
    where = tuple(path)
    kind, value = _at(row, item, path)
    refusal = refusal_in(error)
    if refusal is not None:
        yield refusal.under(*where)
    elif value is None:
        yield Refusal("MISSING_FIELD", path=where)
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name, input_field in kind.fields.items():
            if name not in value and is_required_input_field(input_field):
                yield Refusal("MISSING_FIELD", path=(*where, name))
        for name in value.keys() - kind.fields.keys():
            yield Refusal("UNKNOWN_FIELD", path=(*where, name))
    elif isinstance(kind, GraphQLEnumType):
        yield Refusal("UNKNOWN_VALUE", path=where, allowed=", ".join(kind.values))
    else:
        yield Refusal("BAD_VALUE", path=where)


def _at(row: object, item: GraphQLInputType, path: list[str | int]) -> tuple[object, object]:
    """The type, without its wrappers, and the value at one place in a row."""
    kind: Any = get_nullable_type(item)
    value: Any = row
    for key in path:
        if isinstance(key, int):
            kind, value = kind.of_type, value[key]
        else:
            kind, value = _one(kind).fields[key].type, value.get(key)
        kind = get_nullable_type(kind)
    return (kind if isinstance(value, list) else _one(kind)), value


def _one(kind: Any) -> Any:
    """The type of one item where GraphQL takes one item for a list of one."""
    while is_list_type(kind):
        kind = get_nullable_type(kind.of_type)
    return kind


def nuls(value: object) -> Iterator[Path]:
    """The places in a JSON value where a text, or a name, has the character NUL."""
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str) and "\x00" in item:
            yield path
        elif isinstance(item, dict):
            if any("\x00" in name for name in item):
                yield path
            waiting.extend(((*path, name), inner) for name, inner in item.items())
        elif isinstance(item, list):
            waiting.extend(((*path, index), inner) for index, inner in enumerate(item))
