# SPDX-License-Identifier: EUPL-1.2
"""Inputs that arrive as plain mappings by column name, as the resolvers take them.

Strawberry would make an object of each of 2,000 rows and the resolvers a mapping of each object;
the one function here makes the mapping at once. It also keeps what an object loses: a field that
was not given is not in the mapping, one that was given as null is there as None.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryType
from strawberry.utils.str_converters import to_camel_case

T = TypeVar("T", bound=type)


def as_mapping(input_type: T) -> T:
    """Makes a Strawberry input arrive as a mapping. Used above `strawberry.input`."""
    input_type.__strawberry_definition__.from_input = _mapping  # type: ignore[attr-defined]
    return input_type


def mapping(given: object) -> dict[str, Any]:
    """An input that arrives as a mapping, typed as what it is."""
    return cast(dict[str, Any], given)


def columns_of(input_type: type) -> dict[str, str] | None:
    """Of an input that arrives as a mapping and holds no other: each field's name in the API, and
    its name as a column. None for any other input.
    """
    made_by = input_type.__strawberry_definition__.from_input  # type: ignore[attr-defined]
    if made_by is not _mapping or any(nested for _, _, nested in _fields(input_type)):
        return None
    return {field: name for field, name, _ in _fields(input_type)}


def _mapping(input_type: type, value: Mapping[str, Any], context: InputContext) -> dict[str, Any]:
    return {
        name: context.convert(value[field], nested, field) if nested else value[field]
        for field, name, nested in _fields(input_type)
        if field in value
    }


@cache
def _fields(input_type: type) -> tuple[tuple[str, str, StrawberryType | type | None], ...]:
    """Of each field its name in the API, its name as a column, and its type when that is or holds
    an input.
    """
    definition = input_type.__strawberry_definition__  # type: ignore[attr-defined]
    fields = []
    for field in definition.fields:
        type_ = field.resolve_type(type_definition=definition)
        nested = type_ if _is_input(type_) else None
        name = field.graphql_name or to_camel_case(field.python_name)
        fields.append((name, field.python_name, nested))
    return tuple(fields)


def _is_input(type_: Any) -> bool:
    """Whether a type is an input, or a list or an optional one of inputs."""
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    definition = getattr(type_, "__strawberry_definition__", None)
    return bool(getattr(definition, "is_input", False))
