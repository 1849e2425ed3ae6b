# SPDX-License-Identifier: EUPL-1.2
"""The scalars of the schema: what is read, what is refused, and how it is written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from resolvers.sheets.reading import UploadedFile

Period = NewType("Period", str)
Upload = NewType("Upload", object)
Cents = NewType("Cents", int)

_PERIOD = re.compile(r"^\d{4}-(W(0[1-9]|[1-4]\d|5[0-3])|Q[1-4])$")
_MOST_CENTS = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def _refused(code: str, value: object) -> GraphQLError:
    return GraphQLError(f"{code}: {str(value)[:40]}", extensions={"code": code})


def _read_date(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.match(value):
        raise _refused("BAD_DATE", value)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise _refused("BAD_DATE", value) from error


def _read_moment(value: Any) -> datetime:
    if not isinstance(value, str) or len(value) > 40:
        raise _refused("BAD_DATE", value)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise _refused("DATE_WITHOUT_OFFSET", value)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refused("BAD_DATE", value) from error


def _read_cents(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MOST_CENTS:
        raise _refused("BAD_VALUE", value)
    return value


def _read_period(value: Any) -> str:
    if not isinstance(value, str) or not _PERIOD.match(value):
        raise _refused("BAD_PERIOD", value)
    return value


def _read_upload(value: Any) -> UploadedFile:
    if not isinstance(value, UploadedFile):
        raise GraphQLError("UPLOAD_EXPECTED", extensions={"code": "UPLOAD_EXPECTED"})
    return value


SCALARS: dict[object, Any] = {
    date: strawberry.scalar(
        name="Date",
        description="A day: 2026-11-23.",
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with its offset, RFC 3339: 2026-11-23T08:30:00+01:00. One without "
        "an offset is refused.",
        serialize=lambda moment: moment.isoformat().replace("+00:00", "Z"),
        parse_value=_read_moment,
    ),
    Cents: strawberry.scalar(
        name="Cents",
        description="An amount of money in whole cents of a euro: 1250 is 12.50 euro. May be "
        "larger than an Int.",
        serialize=int,
        parse_value=_read_cents,
    ),
    Period: strawberry.scalar(
        name="Period",
        description="An ISO week (2026-W47) or a quarter of 13 such weeks (2026-Q4).",
        serialize=str,
        parse_value=_read_period,
    ),
    Upload: strawberry.scalar(
        name="Upload",
        description="A file of a GraphQL multipart request, sent to /upload. In JSON it cannot be "
        "given.",
        serialize=str,
        parse_value=_read_upload,
    ),
}

__all__ = ["JSON", "SCALARS", "Cents", "Period", "StrawberryConfig", "Upload"]
