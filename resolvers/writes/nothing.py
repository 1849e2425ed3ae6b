# SPDX-License-Identifier: EUPL-1.2
"""Nothing to report is a delivery too: the source of a dataset is not silent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from resolvers.context import Context, RowError
from resolvers.periods import parse
from resolvers.writes.frame import write_frame
from resolvers.writes.idempotency import Request, check_key, digest_of
from resolvers.writes.push import check_dataset
from resolvers.writes.receipts import Receipt, answer, earlier_receipt
from resolvers.writes.rows import Areas, Checked
from sql.errors import Refusal


async def report_nothing(context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Notes that a dataset has nothing to report for a wijk and period; gives a receipt without
    rows.

    `given` has `dataset`, `wijk`, `period` and `idempotency_key`.
    """
    frame = await write_frame(context.session)
    try:
        check_dataset(given["dataset"], "input", "dataset")
        check_key(given["idempotency_key"], "input", "idempotencyKey")
        check_begun(given["period"], frame["today"])
        async with context.session.savepoint():
            return await _report_nothing(context, given)
    except Refusal as refusal:
        error = RowError(refusal.path, refusal.code, refusal.params)
        return answer(given["dataset"], frame["now"], [error])


async def _report_nothing(context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    session, dataset = context.session, given["dataset"]
    digest = digest_of("nothing", dataset, given["wijk"], given["period"])
    request = Request("nothing", given["idempotency_key"], digest)
    frame = await request.begin(session, dataset)
    if (earlier := await earlier_receipt(context, frame)) is not None:
        return earlier
    if frame["of"] is None:
        raise Refusal("UNKNOWN_DATASET", path=("input", "dataset"))
    checked = Checked(line=1)
    (await Areas.named_by(session, [given])).place(given, checked)
    if checked.errors:
        first = checked.errors[0]
        raise Refusal(first.code, path=("input", *first.path), **first.params)
    new_id = context.ids.new_id(frame["today"])
    made = Receipt(new_id, dataset, frame["of"], "NOTHING", frame["now"])
    await request.remember(session, made.id, dataset, [checked.values["wijk"]], nothing=True)
    return await made.store(session)


def check_begun(period: str, today: date) -> None:
    """Refuses what is no week or quarter (BAD_PERIOD), and one that has not begun
    (PERIOD_NOT_BEGUN).
    """
    path = ("input", "period")
    try:
        first = parse(period).from_day
    except Refusal as refusal:
        raise refusal.under(*path) from refusal
    if first > today:
        raise Refusal("PERIOD_NOT_BEGUN", path=path, **{"from": first.isoformat()})
