# SPDX-License-Identifier: EUPL-1.2
"""What a caller can mend, told in its own language: the errors of payloads and of the rows of
receipts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry
from graphql import GraphQLError

from resolvers.context import Language, RowError
from schema.texts import CODES, text
from sql.errors import Refusal


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
    return UserError(
        path=[str(step) for step in path], code=code, message=words.message, hint=words.hint
    )


def root_cause(error: BaseException) -> BaseException:
    """The exception that graphql-core wrapped, however often."""
    cause = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def refusal_in(error: GraphQLError) -> Refusal | None:
    """The refusal that `error` wraps, or that a scalar gave as a code of the catalogue."""
    cause = root_cause(error)
    if isinstance(cause, Refusal):
        return cause
    code = (error.extensions or {}).get("code")
    return Refusal(code) if isinstance(code, str) and code in CODES else None
