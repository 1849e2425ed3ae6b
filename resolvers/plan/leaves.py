# SPDX-License-Identifier: EUPL-1.2
"""Scalars and enums in an answer: what most values are is tested in line, and any other value goes
to graphql-core.

Days and moments stay as they are: orjson writes them as the schema's scalars do, given `WRITTEN`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache, partial
from math import isfinite
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLNonNull,
    GraphQLOutputType,
    get_nullable_type,
)
from graphql.execution import Executor

WRITTEN = orjson.OPT_UTC_Z
"""How orjson is to write the data of a plan."""

# By scalar: whether a value is written as it is; {} is where it is named first.
_AS_IT_IS = {
    "String": "type({}) is str",
    "ID": "type({}) is str",
    "Int": "type({}) is int and -2147483648 <= v <= 2147483647",
    "Float": "type({}) is float and isfinite(v)",
    "Boolean": "({}) is True or v is False",
    "Date": "type({}) is date",
    "DateTime": "type({}) is datetime and v.tzinfo is UTC",
}
_NAMES = {
    "date": date,
    "datetime": datetime,
    "isfinite": isfinite,
    "UTC": UTC,
}


class Names(dict[str, Any]):
    """What generated code can name."""

    def __init__(self) -> None:
        super().__init__(_NAMES)

    def bind(self, thing: object) -> str:
        """A name for `thing`."""
        name = f"n{len(self)}"
        self[name] = thing
        return name


def code_of(type_: GraphQLOutputType, value: str, names: Names) -> str:
    """Python that makes, of what the expression `value` gives, what the answer has for a leaf; it
    raises where the value does not fit.
    """
    exact = names.bind(partial(completed, type_))
    inner: Any = get_nullable_type(type_)
    found, absent = f"v := {value}", ""
    if not isinstance(type_, GraphQLNonNull):
        found, absent = "v", f"(v := {value}) is None"
    if isinstance(inner, GraphQLEnumType):
        known = names.bind({one.value: name for name, one in inner.values.items()})
        code = f"{known}.get({found}) or {exact}(v)"
        return f"(None if {absent} else {code})" if absent else f"({code})"
    test = _AS_IT_IS.get(inner.name)
    if test is None:
        return f"{exact}({value})"
    tests = " or ".join(filter(None, (absent, test.format(found))))
    return f"(v if {tests} else {exact}(v))"


@cache
def completing(type_: GraphQLOutputType) -> Callable[[Any], Any]:
    """A function that does what `code_of` says."""
    names = Names()
    code = f"lambda given: {code_of(type_, 'given', names)}"
    function: Callable[[Any], Any] = eval(code, names)  # noqa: S307 -- the code is ours
    return function


def completed(type_: GraphQLOutputType, value: Any) -> Any:
    """What graphql-core makes of the value of a leaf; raises as it does."""
    if isinstance(value, Exception):
        raise value
    if value is None and isinstance(type_, GraphQLNonNull):
        raise TypeError("null where the schema has none")
    inner: Any = get_nullable_type(type_)
    return None if value is None else Executor.complete_leaf_value(inner, value)
