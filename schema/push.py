# SPDX-License-Identifier: EUPL-1.2
"""Receipts of deliveries, and the mutations that serve every kind of contribution."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from resolvers.context import Context
from resolvers.writes.change import withdraw
from resolvers.writes.nothing import report_nothing
from resolvers.writes.receipts import newest_receipts, receipt, receipt_rows
from schema.contributions import BY_KIND, BY_TYPENAME
from schema.delivery import with_areas
from schema.errors import UserError, stored_errors, user_errors
from schema.ids import decode, decode_as, encode
from schema.inputs import as_mapping, mapping
from schema.node import PageInfo
from schema.scalars import Period
from sql.errors import Refusal


@strawberry.enum(
    description="What became of a row. REMOVED: the record that it had created is gone, because "
    "the delivery was undone; it may be delivered again."
)
class RowOutcome(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    REMOVED = "REMOVED"
    REJECTED = "REJECTED"


@strawberry.type(description="How many rows had an outcome.")
class PushSummary:
    outcome: RowOutcome
    rows: int


@strawberry.type(description="What became of one row.")
class PushRow:
    line: int = strawberry.field(
        description="Its place in the list as delivered, from 1; of a sheet the number of its row "
        "as Excel shows it, from 2. Records that a full list closes come after the last line."
    )
    external_id: str | None = strawberry.field(
        description="The sender's own id of it; null when it could not be read or may not be kept."
    )
    outcome: RowOutcome
    version: int | None = strawberry.field(description="The version of the record after this row.")

    @strawberry.field(description="The id of the record.")
    def record_id(root: strawberry.Parent[Any]) -> strawberry.ID | None:
        if root["record"] is None:
            return None
        return strawberry.ID(encode(BY_KIND[root["kind"]].typename, root["record"]))

    @strawberry.field(
        description="Why it was rejected or left unchanged, or a warning (PERSONAL_DATA_WARNING) "
        "about one that was taken. "
        "`path` is seen from the row."
    )
    def errors(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[UserError]:
        return stored_errors(root["errors"], info.context.language)


@strawberry.type(description="A page of the rows of a receipt, by line.")
class PushRowConnection:
    nodes: list[PushRow]
    page_info: PageInfo
    total: int = strawberry.field(description="How many rows have these outcomes.")


@strawberry.type(description="What became of a delivery. Its sender can read it again.")
class PushReceipt:
    dataset: str = strawberry.field(
        description="Empty when there is no delivery to speak of: a dry run to carry out, or a "
        "push to undo, that was not found."
    )
    at: datetime
    dry_run: bool = strawberry.field(description="True: nothing was stored but this receipt.")
    replayed: bool = strawberry.field(
        description="True: this very delivery was carried out before; this is its receipt, and "
        "nothing happened now."
    )
    summary: list[PushSummary] = strawberry.field(
        description="How many rows had each outcome. Of a delivery that was refused as a whole: "
        "the rejected rows alone."
    )

    @strawberry.field(
        description="For `pushReceipt`; null when nothing was stored, not even this receipt."
    )
    def id(root: strawberry.Parent[Any]) -> strawberry.ID | None:
        return strawberry.ID(encode("PushReceipt", root["id"])) if root["id"] else None

    @strawberry.field(
        description="What became of each row, by line. With `withErrors` only the rows that have "
        "an error or a warning."
    )
    async def rows(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        outcome: list[RowOutcome] | None = None,
        with_errors: bool = False,
        first: int = 100,
        after: str | None = None,
    ) -> PushRowConnection:
        outcomes = None if outcome is None else [wanted.value for wanted in outcome]
        page: Any = await receipt_rows(info.context, root, outcomes, with_errors, first, after)
        return page  # type: ignore[no-any-return]

    @strawberry.field(
        description="Why the delivery was refused as a whole, why a full list closed nothing, or "
        "what its sender should know of a sheet (COLUMN_NOT_USED, MAPPING_REMEMBERED)."
    )
    def errors(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[UserError]:
        return stored_errors(root["errors"], info.context.language)


@strawberry.type(description="A page of one's own receipts, newest first.")
class PushReceiptConnection:
    nodes: list[PushReceipt]
    page_info: PageInfo


@as_mapping
@strawberry.input(description="Nothing to report is a delivery too: the source is not silent.")
class ReportNothingInput:
    dataset: str = strawberry.field(description="A dataset that was delivered or declared before.")
    wijk: str = strawberry.field(description="CBS code of the current division, or the wijk's id.")
    period: Period = strawberry.field(
        description="The week or quarter that it is about; not a future one."
    )
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )


@strawberry.input(description="Takes one's own record away, for good.")
class WithdrawInput:
    id: strawberry.ID
    version: int = strawberry.field(description="The version that the caller saw.")
    reason: str = strawberry.field(
        description="Kept with the fact that there was a record; its content is not. Of police "
        "and enforcement, of which the hub keeps no text, the word 'ingetrokken' is kept instead."
    )


@strawberry.type(description="The record that was withdrawn, or why it was not.")
class WithdrawPayload:
    id: strawberry.ID | None
    errors: list[UserError]


@strawberry.type
class PushMutations:
    """The mutations that serve every kind of contribution."""

    @strawberry.mutation(
        description="Says that a source has nothing to report about a wijk and period."
    )
    async def report_nothing(
        self, info: strawberry.Info[Context, None], input: ReportNothingInput
    ) -> PushReceipt | None:
        given = with_areas(mapping(input))
        made: Any = await report_nothing(info.context, given)
        return made  # type: ignore[no-any-return]

    @strawberry.mutation(
        description="Takes one's own record away, of any kind. Its receivers no longer see it."
    )
    async def withdraw(
        self, info: strawberry.Info[Context, None], input: WithdrawInput
    ) -> WithdrawPayload | None:
        context = info.context
        try:
            typename, record = decode(input.id)
            if typename not in BY_TYPENAME:
                raise Refusal("NOT_FOUND")
        except Refusal as refusal:
            errors = user_errors([refusal.under("input", "id")], context.language)
            return WithdrawPayload(id=None, errors=errors)
        kind = BY_TYPENAME[typename].kind
        done = await withdraw(context, kind, record, input.version, input.reason)
        return WithdrawPayload(
            id=input.id if done.done else None, errors=user_errors(done.errors, context.language)
        )


@strawberry.type
class PushQuery:
    """The roots that read receipts again."""

    @strawberry.field(description="One's own receipt of a delivery.")
    async def push_receipt(
        self, info: strawberry.Info[Context, None], id: strawberry.ID
    ) -> PushReceipt | None:
        found: Any = await receipt(info.context, decode_as("PushReceipt", id, "id"))
        return found  # type: ignore[no-any-return]


@strawberry.type
class PushesOfSlice:
    """What deliveries add to one's own slice."""

    @strawberry.field(description="The receipts of one's own deliveries, newest first.")
    async def pushes(
        self, info: strawberry.Info[Context, None], first: int = 10, after: str | None = None
    ) -> PushReceiptConnection | None:
        page: Any = await newest_receipts(info.context, first, after)
        return page  # type: ignore[no-any-return]
