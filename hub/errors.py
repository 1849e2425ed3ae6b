# SPDX-License-Identifier: EUPL-1.2
"""Telling the errors of an operation apart: a caller's, the database's being away, or a fault of
the hub.
"""

import re
from collections.abc import Iterable
from typing import Any

from graphql import FieldNode, GraphQLError

from schema.errors import root_cause
from sql.errors import Unavailable

MAX_ECHO = 300
FOUND = re.compile(r"(?:, but encountered error '.*')?[,;] found: .*", re.DOTALL)
"""The end of a message of graphql-core: Python's own words, if it met an error, and the value."""


def raise_when_away(errors: Iterable[GraphQLError]) -> None:
    """Give up the whole operation when the database was lost in the middle of it."""
    for error in errors:
        cause = root_cause(error)
        if isinstance(cause, Unavailable):
            raise cause


def speaks_of_argument(error: GraphQLError) -> bool:
    """Whether graphql-core blames an argument in the document, rather than a field's value."""
    return any(not isinstance(node, FieldNode) for node in error.nodes or ())


def without_value(message: str) -> str:
    """A message of graphql-core without what it ends with: the value, and Python's words of it; not
    too long.
    """
    return FOUND.sub(".", message)[:MAX_ECHO]


def error_answer(
    message: str, code: str, hint: str | None, where: GraphQLError | None, **extra: object
) -> dict[str, Any]:
    """An error as GraphQL has it; the hint is left out when there is none."""
    error: dict[str, Any] = {"message": message}
    if where is not None and where.locations:
        error["locations"] = [location.formatted for location in where.locations]
    if where is not None and where.path is not None:
        error["path"] = where.path
    error["extensions"] = {"code": code, **({"hint": hint} if hint else {}), **extra}
    return error
