# SPDX-License-Identifier: EUPL-1.2
"""Carrying out a dry run as it was, without delivering again.

The rows that were kept are checked as the hub is now and carried out like any delivery. When
anything then becomes of them that the dry run did not say, nothing happens at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from resolvers.context import Context, RowError
from resolvers.kinds import Kind
from resolvers.writes.frame import write_frame
from resolvers.writes.idempotency import Request, check_key, digest_of
from resolvers.writes.kept import take
from resolvers.writes.push import NOTES, Delivery, Push
from resolvers.writes.receipts import Receipt, ReceiptRow, answer, earlier_receipt
from sql.errors import Refusal
from sql.session import Record

OPERATION = "commit"
_RECEIPT = ("input", "receipt")


async def commit_dry_run(
    context: Context, kind_of: Callable[[str], Kind], dry_run: UUID | None, key: str
) -> dict[str, Any]:
    """Carries out the asker's own dry run with this receipt, once, and gives the receipt of that.

    A refusal is an error of a receipt without an id: NOT_FOUND for what is no dry run of the
    asker's that is still kept, DRY_RUN_REFUSED for one that was refused as a whole, DRY_RUN_STALE
    when something else would become of its rows now.
    """
    frame = await write_frame(context.session)
    said = await context.session.fetchrow("dry_run_asked", dry_run)
    try:
        if dry_run is None or said is None:
            raise Refusal("NOT_FOUND", path=_RECEIPT)
        if said["refused"]:
            raise Refusal("DRY_RUN_REFUSED", path=_RECEIPT)
        check_key(key, "input", "idempotencyKey")
        request = Request(OPERATION, key, digest_of(OPERATION, dry_run), said["part"])
        async with context.session.savepoint():
            return await _commit(context, kind_of, request, dry_run, said)
    except Refusal as refusal:
        # What is wrong with the delivery as a whole stands in no input here but the receipt.
        path = _RECEIPT if refusal.path[1:2] == ("delivery",) else refusal.path
        dataset = said["dataset"] if said and refusal.code != "NOT_FOUND" else ""
        return answer(dataset, frame["now"], [RowError(path, refusal.code, refusal.params)])
    finally:
        context.loaders.forget()


async def _commit(
    context: Context,
    kind_of: Callable[[str], Kind],
    request: Request,
    dry_run: UUID,
    said: Record,
) -> dict[str, Any]:
    frame = await request.begin(context.session, said["dataset"])
    if (earlier := await earlier_receipt(context, frame)) is not None:
        return earlier
    kept = await take(context.session, dry_run)
    if kept is None:
        raise Refusal("NOT_FOUND", path=_RECEIPT)
    delivery = Delivery(**{**kept.delivery, "dry_run": False}, idempotency_key=request.key)
    notes = [
        RowError(tuple(error["path"]), error["code"], error["params"], error["message"])
        for error in said["errors"]
        if error["code"] in NOTES
    ]
    pushing = Push(context, kind_of(kept.kind), delivery, frame, notes)
    checked = await pushing.check(kept.rows, kept.rejected)
    made = await pushing.carry_out(request, checked)
    rows = await context.session.fetch("receipt_said", dry_run)
    if not _as_said(made, rows, said["errors"]):
        raise Refusal("DRY_RUN_STALE", path=_RECEIPT)
    return await made.store(context.session)


def _as_said(made: Receipt, rows: Iterable[Record], errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether what was done is what the dry run said: of each row, and of the whole."""
    if [error.code for error in made.errors] != [error["code"] for error in errors]:
        return False
    return {row.line: _became(row) for row in made.rows} == {
        row["line"]: _became(
            ReceiptRow(
                row["line"], row["external_id"], row["outcome"], row["record"], row["version"],
                [RowError((), error["code"]) for error in row["errors"]],
            )
        )
        for row in rows
    }  # fmt: skip


def _became(row: ReceiptRow) -> tuple[object, ...]:
    """What became of a row, but for the id of a new record, which is drawn anew each time."""
    record = None if row.outcome == "CREATED" else row.record
    codes = tuple(error.code for error in row.errors)
    return row.external_id, row.outcome, record, row.version, codes
