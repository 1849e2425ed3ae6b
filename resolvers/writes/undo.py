# SPDX-License-Identifier: EUPL-1.2
"""Undo of a delivery: its records go back to what they were before it, as far as nobody changed
them since.

The database does it from its own history, in one statement for all records. A record that the
delivery made goes and may be delivered again; any other gets its former values back, and the next
delivery of it counts as new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from resolvers.context import Context, RowError
from resolvers.writes.change import REASON
from resolvers.writes.frame import write_frame
from resolvers.writes.idempotency import Request, check_key, digest_of
from resolvers.writes.receipts import Receipt, ReceiptRow, answer, earlier_receipt
from resolvers.writes.rows import Checked, Writer, checked_text
from sql.errors import Refusal
from sql.session import Record

OPERATION = "undo"
_RECEIPT = ("input", "receipt")

# Where in its row a reason lies why a record stays as it is.
_PATHS: Mapping[str, tuple[str, ...]] = {"CONFLICT": ("version",), "NOT_YOUR_WIJK": ("wijk",)}


async def undo_push(
    context: Context, receipt: UUID | None, reason: str, key: str
) -> dict[str, Any]:
    """Undoes the asker's own delivery with this receipt, once, and gives the receipt of that: a row
    for each record that the delivery created, changed, closed or reopened.

    `reason` is kept with it, but not of police and enforcement. A refusal is an error of a receipt
    without an id: NOT_FOUND, NOTHING_TO_UNDO, UNDO_OF_UNDO, ALREADY_UNDONE, or what is wrong with
    the reason or the key.
    """
    frame = await write_frame(context.session)
    asked = await context.session.fetchrow("undo_asked", receipt)
    try:
        if receipt is None or asked is None:
            raise Refusal("NOT_FOUND", path=_RECEIPT)
        check_key(key, "input", "idempotencyKey")
        async with context.session.savepoint():
            return await _undo(context, receipt, asked, reason, key)
    except Refusal as refusal:
        error = RowError(refusal.path, refusal.code, refusal.params)
        return answer(asked["dataset"] if asked else "", frame["now"], [error])
    finally:
        context.loaders.forget()


async def _undo(
    context: Context, receipt: UUID, asked: Record, reason: str, key: str
) -> dict[str, Any]:
    session, dataset = context.session, asked["dataset"]
    request = Request(OPERATION, key, digest_of(OPERATION, receipt, reason))
    frame = await request.begin(session, dataset)
    if (earlier := await earlier_receipt(context, frame)) is not None:
        return earlier
    if asked["mode"] == "UNDO":
        raise Refusal("UNDO_OF_UNDO", path=_RECEIPT)
    if asked["stored_nothing"]:
        raise Refusal("NOTHING_TO_UNDO", path=_RECEIPT)
    if await session.fetchval("undo_done", receipt):
        raise Refusal("ALREADY_UNDONE", path=_RECEIPT)
    new_id = context.ids.new_id(frame["today"])
    made = Receipt(
        new_id, dataset, asked["kind"], "UNDO", frame["now"],
        undoes=receipt, reason=_kept_reason(reason, Writer.of(frame)),
    )  # fmt: skip
    await session.fetch("may_take_long")
    made.rows = [_row(line) for line in await session.fetch("undo_lines", receipt)]
    await request.remember(session, made.id)
    return await made.store(session)


def _kept_reason(reason: str, writer: Writer) -> str | None:
    """The reason as it is stored. Refuses the first thing that it may not hold."""
    checked = Checked(line=1)
    text = checked_text(REASON, reason, writer.strict, checked)
    if checked.errors:
        first = checked.errors[0]
        raise Refusal(first.code, path=("input", *first.path), **first.params)
    return None if writer.strict else text


def _row(line: Record) -> ReceiptRow:
    code = line["code"]
    errors = [] if code is None else [RowError(_PATHS.get(code, ()), code)]
    return ReceiptRow(
        line["line"], line["external_id"], line["outcome"], line["record"], line["version"], errors
    )
