# SPDX-License-Identifier: EUPL-1.2
"""Deliveries and their receipts: what all kinds of contributions have in common when pushed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry
from graphql import ObjectValueNode, ValueNode, VariableNode

from resolvers.context import Context, RejectedRows
from resolvers.kinds import KINDS, Kind
from resolvers.writes.change import withdraw
from resolvers.writes.nothing import report_nothing
from resolvers.writes.push import push
from resolvers.writes.receipts import newest_receipts, receipt, receipt_rows
from schema.errors import UserError, stored_errors, user_errors
from schema.ids import decode, decode_as, encode
from schema.inputs import as_mapping, mapping
from schema.node import PageInfo
from schema.scalars import Period
from sql.errors import Refusal


@strawberry.enum(
    description="What the rows of a delivery are. UPSERT: some records, new or changed. "
    "SNAPSHOT: all of the dataset; what is "
    "missing is closed."
)
class PushMode(StrEnum):
    UPSERT = "UPSERT"
    SNAPSHOT = "SNAPSHOT"


@strawberry.enum(description="What became of a row.")
class RowOutcome(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    REJECTED = "REJECTED"


_TYPENAMES = {kind.name: kind.typename for kind in KINDS.values()}


@as_mapping
@strawberry.input(
    description="A delivery as a whole. The same key with the same rows answers the first "
    "receipt again; with other rows it "
    "is an error. A full list of more rows than one request may hold comes in parts with one "
    "key, in any order; what no "
    "part names is closed when the last one is in."
)
class Delivery:
    dataset: str = strawberry.field(
        description="The sender's own name for what it delivers: a-z, 0-9 and dashes. Made known "
        "by its first delivery."
    )
    idempotency_key: str = strawberry.field(
        description="A key of the sender's own, 8 to 200 characters, a new one for each "
        "delivery. Kept seven days."
    )
    mode: PushMode = strawberry.field(default=PushMode.UPSERT, description="What the rows are.")
    part: int = strawberry.field(default=1, description="Which part of a list this is, from 1.")
    parts: int = strawberry.field(
        default=1, description="How many parts the list has; at most 1000."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Only say what would happen. Stores a receipt and no record."
    )
    max_rejected: int = strawberry.field(
        default=0,
        description="With more rejected rows than this, the delivery is refused as a whole.",
    )
    may_close: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="A full list that would close more records than this is refused as a whole. "
        "Without it: 10, or 10 % of "
        "the open records if that is more.",
    )


@strawberry.type(description="How many rows had an outcome.")
class PushSummary:
    outcome: RowOutcome
    rows: int


@strawberry.type(description="What became of one row.")
class PushRow:
    line: int = strawberry.field(
        description="Its place in the list as delivered, from 1. Records that a full list closes "
        "come after the last line."
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
        return strawberry.ID(encode(_TYPENAMES[root["kind"]], root["record"]))

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
    dataset: str
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

    @strawberry.field(description="What became of each row, by line.")
    async def rows(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        outcome: list[RowOutcome] | None = None,
        first: int = 100,
        after: str | None = None,
    ) -> PushRowConnection:
        outcomes = None if outcome is None else [wanted.value for wanted in outcome]
        page: Any = await receipt_rows(info.context, root, outcomes, first, after)
        return page  # type: ignore[no-any-return]

    @strawberry.field(
        description="Why the delivery was refused as a whole, or why a full list closed nothing."
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
        description="Kept with the fact that there was a record; its content is not."
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
            if typename not in KINDS:
                raise Refusal("NOT_FOUND")
        except Refusal as refusal:
            errors = user_errors([refusal.under("input", "id")], context.language)
            return WithdrawPayload(id=None, errors=errors)
        done = await withdraw(context, KINDS[typename], record, input.version, input.reason)
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
        found: Any = await receipt(info.context, decode_as("PushReceipt", id))
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


async def pushed(
    info: strawberry.Info[Context, None], kind: Kind, delivery: object, rows: Sequence[object]
) -> PushReceipt:
    """The receipt of a delivery of rows of a kind; the resolver of every push."""
    given = [with_areas(mapping(row)) for row in rows]
    made: Any = await push(info.context, kind, mapping(delivery), given, unreadable_rows(info))
    return made  # type: ignore[no-any-return]


def with_areas(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the ids of its wijk and buurt where it gives global ids; codes and names stay as
    they are.
    """
    areas = {"wijk": "Wijk", "buurt": "Buurt"}
    ids = {name: _area(typename, row[name]) for name, typename in areas.items() if row.get(name)}
    return {**row, **ids}


def _area(typename: str, name: str) -> Any:
    try:
        return decode_as(typename, name)
    except Refusal:
        return name


def unreadable_rows(info: strawberry.Info[Context, None]) -> RejectedRows | None:
    """The rows that were taken out of this push's list because GraphQL would have refused them all
    for them.
    """
    (argument,) = info._raw_info.field_nodes[0].arguments or ()
    path = _rows_path(argument.value)
    return None if path is None else info.context.rejected.get(path)


def _rows_path(value: ValueNode) -> tuple[str, ...] | None:
    """Where a push's rows stand in the variables: ("in", "rows") for `input: $in`, ("rows",) for
    `rows: $rows` in it.
    """
    if isinstance(value, VariableNode):
        return (value.name.value, "rows")
    if isinstance(value, ObjectValueNode):
        for field in value.fields:
            if field.name.value == "rows" and isinstance(field.value, VariableNode):
                return (field.value.name.value,)
    return None
