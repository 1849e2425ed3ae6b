# SPDX-License-Identifier: EUPL-1.2
"""Receipts: what became of a delivery, row by row, to be read again by its sender alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context, RowError
from resolvers.paging import page_of, page_size, read_cursor, write_cursor
from sql.session import Record, Session

Outcome = Literal[
    "CREATED", "UPDATED", "UNCHANGED", "CLOSED", "REOPENED", "REMOVED", "REJECTED"
]  # fmt: skip
Mode = Literal["UPSERT", "SNAPSHOT", "NOTHING", "UNDO"]
OUTCOMES: tuple[Outcome, ...] = (
    "CREATED", "UPDATED", "UNCHANGED", "CLOSED", "REOPENED", "REMOVED", "REJECTED",
)  # fmt: skip
"""Every outcome, in the order of a summary."""

RECEIPTS_BY_ID = Batch("receipts_by_id", returns="one")
ROWS = Batch("rows_of_receipts")
TROUBLED = Batch("row_totals_of_receipts", returns="one")


class ReceiptRow(NamedTuple):
    """What became of one row. `line` counts from 1 in the list as delivered; closed records come
    after the last line.
    """

    line: int
    external_id: str | None
    outcome: Outcome
    record: UUID | None = None
    version: int | None = None
    errors: Sequence[RowError] = ()


@dataclass(slots=True)
class Receipt:
    """A receipt to be stored: of a delivery that was carried out, tried (`dry_run`), or refused as
    a whole; or of the undoing of one (`undoes`).
    """

    id: UUID
    dataset: str
    kind: str
    mode: Mode
    at: datetime
    part: int = 1
    parts: int = 1
    dry_run: bool = False
    refused: bool = False
    rows: list[ReceiptRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    undoes: UUID | None = None
    reason: str | None = None

    async def store(self, session: Session) -> dict[str, Any]:
        """Stores the receipt with its rows and gives it as it will be read again."""
        shown = answer(self.dataset, self.at, self.errors, id=self.id, dry_run=self.dry_run)
        shown["summary"] = summary_of(self.rows)
        *columns, _ = zip(*self.rows, strict=True) if self.rows else [()] * len(ReceiptRow._fields)
        errors = {str(r.line): stored_errors(r.errors) for r in self.rows if r.errors}
        await session.fetch(
            "write_receipt", self.id, self.dataset, self.kind, self.mode, self.part, self.parts,
            self.dry_run, self.refused, shown["summary"], shown["errors"], self.undoes, self.reason,
            *columns, errors,
        )  # fmt: skip
        return shown


def summary_of(rows: Iterable[ReceiptRow]) -> list[dict[str, Any]]:
    """How many rows had each outcome, in fixed order, those without rows left out."""
    counted = Counter(row.outcome for row in rows)
    return [{"outcome": o, "rows": counted[o]} for o in OUTCOMES if counted[o]]


def answer(
    dataset: str, at: datetime, errors: Iterable[RowError], **more: object
) -> dict[str, Any]:
    """A receipt as a row of `receipts_by_id`; without an id nothing was stored, not even the
    receipt.
    """
    return {
        "id": None,
        "dataset": dataset,
        "at": at,
        "dry_run": False,
        "replayed": False,
        "summary": [],
        "errors": stored_errors(errors),
        **more,
    }


def stored_errors(errors: Iterable[RowError]) -> list[dict[str, Any]]:
    """Errors as they are stored and read again: codes and values, so that each reader gets its own
    language.
    """
    return [
        {"path": list(e.path), "code": e.code, "params": dict(e.params), "message": e.message}
        for e in errors
    ]


async def receipt(context: Context, receipt_id: UUID, **changes: object) -> dict[str, Any] | None:
    """The asker's own receipt, or None."""
    row = await context.loaders.load(RECEIPTS_BY_ID, receipt_id)
    return None if row is None else {**row, **changes}


async def earlier_receipt(context: Context, frame: Record) -> dict[str, Any] | None:
    """The receipt of the request that this frame is of (`Request.begin`) when it was carried out
    before.
    """
    if frame["result"] is None:
        return None
    stored = await receipt(context, frame["result"], replayed=True)
    if stored is None:
        raise LookupError(f"receipt {frame['result']} of a known key is gone")
    return stored


async def newest_receipts(context: Context, first: int, after: str | None) -> dict[str, Any]:
    """A page of the asker's own receipts, newest first."""
    at, receipt_id = read_cursor(after, datetime.fromisoformat, UUID) if after else (None, None)
    size = page_size(first)
    rows = await context.session.fetch("receipts_newest", at, receipt_id, size + 1)
    return page_of(rows, size, after, lambda row: write_cursor(row["at"].isoformat(), row["id"]))


async def receipt_rows(
    context: Context,
    parent: Mapping[str, Any],
    outcomes: Sequence[str] | None,
    with_errors: bool,
    first: int,
    after: str | None,
) -> dict[str, Any]:
    """A page of a receipt's rows by line, with how many there are in all of these outcomes; with
    `with_errors` only those with an error or a warning.
    """
    wanted = None if outcomes is None else tuple(outcomes)
    line = read_cursor(after, int)[0] if after else 0
    size = page_size(first)
    total = sum(
        each["rows"] for each in parent["summary"] if wanted is None or each["outcome"] in wanted
    )
    if not total:
        return page_of((), size, after, _line_cursor, total=0)
    rows = await context.loaders.load(ROWS, parent["id"], wanted, with_errors, line, size + 1)
    if with_errors:
        counted = await context.loaders.load(TROUBLED, parent["id"], wanted)
        total = 0 if counted is None else counted["total"]
    return page_of(rows, size, after, _line_cursor, total=total)


async def every_row(context: Context, receipt_id: UUID, most: int) -> list[Any]:
    """The rows of a receipt by line, at most so many."""
    rows: list[Any] = await context.loaders.load(ROWS, receipt_id, None, False, 0, most)
    return rows


def _line_cursor(row: Mapping[str, Any]) -> str:
    return write_cursor(row["line"])
