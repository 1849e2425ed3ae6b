# SPDX-License-Identifier: EUPL-1.2
"""What a dry run keeps, so that it can be carried out as it was: what was checked, not what was
sent.

Of a row that would be taken that is its values as they would be stored, of a rejected one only
which it was and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from resolvers.context import RowError
from resolvers.writes.receipts import Receipt, stored_errors
from resolvers.writes.rows import Checked, Row
from sql.session import Session

# How values are written that JSON does not know, by the name under which they stand; a moment is a
# day too, and comes first.
_TYPES: dict[str, tuple[type, Callable[[str], object]]] = {
    "id": (UUID, UUID),
    "moment": (datetime, datetime.fromisoformat),
    "day": (date, date.fromisoformat),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A dry run as it was kept: the kind of its records, what its sender said of the delivery, the
    rows that would be taken by their lines, and those that were rejected.
    """

    kind: str
    delivery: Mapping[str, Any]
    rows: Sequence[tuple[int, Row]]
    rejected: Sequence[Checked]


async def keep(
    session: Session, made: Receipt, delivery: Mapping[str, Any], checked: Sequence[Checked]
) -> None:
    """Keeps the rows of a dry run whose receipt is stored."""
    rows = [_written(row) for row in checked]
    await session.fetch("dry_run_keep", made.id, made.kind, delivery, rows)


async def take(session: Session, receipt: UUID) -> Kept | None:
    """The asker's own dry run with this receipt, which is then no longer kept; None when it is
    not kept any more.
    """
    found = await session.fetchrow("dry_run_take", receipt)
    if found is None:
        return None
    taken = [row for row in found["rows"] if "values" in row]
    rejected = [_rejected(row) for row in found["rows"] if "values" not in row]
    return Kept(found["kind"], found["delivery"], [_row(row) for row in taken], rejected)


def _written(row: Checked) -> dict[str, Any]:
    named = {"line": row.line, "external_id": row.external_id}
    if row.errors:
        return {**named, "errors": stored_errors(row.errors), "identified": row.identified}
    return {**named, "values": {name: _plain(value) for name, value in row.values.items()}}


def _row(kept: Mapping[str, Any]) -> tuple[int, Row]:
    values = {name: _value(value) for name, value in kept["values"].items()}
    return kept["line"], {"external_id": kept["external_id"], **values}


def _rejected(kept: Mapping[str, Any]) -> Checked:
    errors = [
        RowError(tuple(e["path"]), e["code"], e["params"], e["message"]) for e in kept["errors"]
    ]
    return Checked(kept["line"], kept["external_id"], errors=errors, identified=kept["identified"])


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    for name, (type_, _) in _TYPES.items():
        if isinstance(value, type_):
            return {name: value.isoformat() if isinstance(value, date) else str(value)}
    return value


def _value(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_value(each) for each in kept]
    if isinstance(kept, dict):
        ((name, written),) = kept.items()
        return _TYPES[name][1](written)
    return kept
