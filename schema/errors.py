# SPDX-License-Identifier: EUPL-1.2
"""What a caller can mend, told in its own language: the errors of payloads and of the rows of
receipts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import strawberry
from graphql import GraphQLError

from resolvers.context import Language, RowError
from schema.texts import CODES, label, text
from sql.errors import Refusal

# How graphql-core begins when it blames a value of the caller's: a variable or an argument by its
# name, and the way to the value within it.
_BLAMED = re.compile(r"(?:Variable '\$|Argument ')(\w+)' has invalid value(?: at ([^:]{1,200}))?: ")


@strawberry.type(description="Something that the caller can mend, or should know.")
class UserError:
    path: list[str] = strawberry.field(
        description="Where: the argument, row or field, from the outside in."
    )
    code: str = strawberry.field(description="Stable, from the documented list of error codes.")
    message: str = strawberry.field(description="What is wrong, in plain words.")
    hint: str | None = strawberry.field(description="What to do about it.")


def user_error(error: Refusal | RowError, language: Language) -> UserError:
    """The error of a refusal, or of one reason why a row was not taken."""
    message = error.message if isinstance(error, RowError) else None
    return _told(error.path, error.code, error.params, message, language)


def user_errors(errors: Iterable[Refusal | RowError], language: Language) -> list[UserError]:
    """The errors of several refusals, in their order."""
    return [user_error(error, language) for error in errors]


def stored_errors(stored: Iterable[Mapping[str, Any]], language: Language) -> list[UserError]:
    """The errors that a receipt or one of its rows was stored with, in the language of who reads it
    now.
    """
    return [_told(e["path"], e["code"], e["params"], e["message"], language) for e in stored]


def _told(
    path: Iterable[str | int],
    code: str,
    params: Mapping[str, object],
    message: str | None,
    language: Language,
) -> UserError:
    """The words of the catalogue; `message` where it lacks the code, or the values that its words
    need.
    """
    known = CODES.get(code)
    if known is None or known.params - params.keys():
        return UserError(
            path=[str(step) for step in path], code=code, message=message or code, hint=None
        )
    words = text(code, language, **params)
    said = words.message
    if "cell" in params and "cell" not in known.params:  # of a sheet, and its words are for all
        said = label("sheet_guide.cell", language, cell=params["cell"], message=said)
    return UserError(path=[str(step) for step in path], code=code, message=said, hint=words.hint)


def root_cause(error: BaseException) -> BaseException:
    """The exception that graphql-core wrapped, however often."""
    cause = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def refusal_in(error: GraphQLError) -> Refusal | None:
    """The refusal that `error` wraps, or that a scalar gave as a code of the catalogue: with where
    the value stands, as far as graphql-core says so.
    """
    cause = root_cause(error)
    if isinstance(cause, Refusal):
        return cause
    code = (error.extensions or {}).get("code")
    if not isinstance(code, str) or code not in CODES:
        return None
    blamed = _BLAMED.match(error.message)
    return Refusal(code, path=_way(*blamed.groups("")) if blamed else ())


def _way(name: str, within: str) -> tuple[str | int, ...]:
    """A way as graphql-core writes it, `.rows[0].seenAt`, by its steps."""
    steps = re.findall(r"\w+", within)
    return (name, *(int(step) if step.isdecimal() else step for step in steps))
