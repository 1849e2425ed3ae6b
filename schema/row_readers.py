# SPDX-License-Identifier: EUPL-1.2
"""Rows of a delivery to what the resolvers take, by code that is generated once per input type.

graphql-core and Strawberry would walk each field of 2,000 rows four times, to find the type of each
again. The code here knows them. It reads rows that are as they should be and passes over any other:
what is wrong with those, and whether anything is, graphql-core says (schema/rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    get_nullable_type,
    is_required_input_field,
)
from graphql.utilities import coerce_input_value

from schema.inputs import columns_of

Read = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows of one input type as mappings by column name.

    `quick` gives None for a row that it passes over.
    """

    item: GraphQLInputObjectType
    columns: Mapping[str, str]
    quick: Callable[[object], Read | None]

    def read(self, row: object) -> Read:
        """Any row in which GraphQL finds nothing wrong."""
        coerced = coerce_input_value(row, self.item)
        return {name: coerced[field] for field, name in self.columns.items() if field in coerced}


@cache
def reader_of(item: GraphQLInputObjectType) -> RowReader | None:
    """The reader of an input that arrives as a mapping; None where the input holds others, or has
    defaults.
    """
    columns = columns_of(item.extensions["strawberry-definition"].origin)
    if columns is None or any(_has_default(field) for field in item.fields.values()):
        return None
    return RowReader(item, columns, _compiled(item, columns))


def _has_default(field: GraphQLInputField) -> bool:
    return field.default is not None or field.default_value is not Undefined


def _compiled(
    item: GraphQLInputObjectType, columns: Mapping[str, str]
) -> Callable[[object], Read | None]:
    names: dict[str, Any] = {"absent": object(), "refuse": _refuse}
    code = "\n".join(_code(item, columns, names))
    exec(code, names)  # noqa: S102 -- the code is ours
    quick: Callable[[object], Read | None] = names["quick"]
    return quick


def _code(
    item: GraphQLInputObjectType, columns: Mapping[str, str], names: dict[str, Any]
) -> Iterator[str]:
    yield "def quick(row):"
    yield "  if type(row) is not dict: return None"
    yield "  made = {}"
    yield "  try:"
    for name, field in item.fields.items():
        made = f"made[{columns[name]!r}] = {_value(field.type, names)}"
        if is_required_input_field(field):
            yield f"    v = row[{name!r}]"
            yield f"    {made}"
        else:
            yield f"    v = row.get({name!r}, absent)"
            yield f"    if v is not absent: {made}"
    yield "  except Exception: return None"  # as graphql-core has it: this does not fit
    yield "  return made if len(made) == len(row) else None"  # no field that is not known


def _value(type_: Any, names: dict[str, Any]) -> str:
    """Python for what becomes of the value `v`; it raises where the value does not fit."""
    inner: Any = get_nullable_type(type_)
    null = "refuse(v)" if isinstance(type_, GraphQLNonNull) else "None"
    if isinstance(inner, GraphQLList):
        each = _value(inner.of_type, names)
        fits = f"[{each} for v in v] if type(v) is list else refuse(v)"
    elif inner.name in ("String", "ID"):
        fits = "v if type(v) is str else refuse(v)"
    elif isinstance(inner, GraphQLEnumType):
        known = {name: inner.coerce_input_value(name) for name in inner.values}
        fits = f"{_bound(known, names)}[v]"
    else:
        fits = f"{_bound(inner.coerce_input_value, names)}(v)"
    return f"({null} if v is None else {fits})"


def _bound(thing: object, names: dict[str, Any]) -> str:
    """A name for `thing` in the generated code."""
    name = f"n{len(names)}"
    names[name] = thing
    return name


def _refuse(value: object) -> NoReturn:
    raise TypeError(type(value).__name__)
