# SPDX-License-Identifier: EUPL-1.2
"""The history of a record: what changed, in the names that the API has for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.contributions import BY_KIND
from schema.enums import Change
from schema.fields import from_row
from schema.ids import encode
from schema.node import PageInfo
from schema.scalars import JSON

_AREAS = {"wijk": "Wijk", "wijken": "Wijk", "buurt": "Buurt"}


@strawberry.type(description="One change of a record, for its owner.")
class HistoryEntry:
    at: datetime
    actor: str
    change: Change
    before: JSON | None = from_row(
        lambda row: _told(row["kind"], row["before"]), "The fields that changed, as they were."
    )
    after: JSON | None = from_row(
        lambda row: _told(row["kind"], row["after"]), "The fields that changed, as they became."
    )


def _told(kind: str, columns: dict[str, Any] | None) -> dict[str, Any] | None:
    """Columns under the names, and areas under the ids, that the API gives them."""
    if columns is None:
        return None
    fields = {column.name: column.field for column in BY_KIND[kind].kind.columns}
    return {
        fields.get(name, to_camel_case(name)): (
            _ids(_AREAS[name], value) if name in _AREAS else value
        )
        for name, value in columns.items()
    }


def _ids(typename: str, value: str | list[str] | None) -> str | list[str] | None:
    if isinstance(value, list):
        return [encode(typename, UUID(each)) for each in value]
    return encode(typename, UUID(value)) if value else None


@strawberry.type(description="A page of a record's history, newest first.")
class HistoryConnection:
    nodes: list[HistoryEntry]
    page_info: PageInfo
