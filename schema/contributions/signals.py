# SPDX-License-Identifier: EUPL-1.2
"""Signals: something seen, by any partner. The type, how it is read, how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context, RowError
from resolvers.kinds import SIGNAL
from resolvers.records import RecordBatches, page_of_records
from resolvers.writes.change import Written, change, report, shown_as
from schema.agreement import Agreement
from schema.contribution import (
    TOTAL,
    Contribution,
    ContributionKind,
    RecordFilterInput,
    place_in_words,
    total,
    wanted_records,
)
from schema.enums import Category, Precision, RecordOrder, SignalStatus
from schema.errors import UserError, user_errors
from schema.fields import global_id, loaded
from schema.ids import decode_as
from schema.inputs import as_mapping, mapping
from schema.node import Connection
from schema.organisation import Organisation
from schema.push import Delivery, PushReceipt, pushed, with_areas
from sql.errors import Refusal

SIGNALS = RecordBatches.of(SIGNAL.name, SIGNAL.table)
_WIJK = "CBS code of the current division, or the wijk's id."
_BUURT = "Code, name or id of a buurt of that wijk."
_NOTE = "The owner's alone: never seen by another organisation."
_ABSENT: Any = strawberry.UNSET


@strawberry.type(description="Something seen, by any partner.")
class Signal(Contribution):
    id: strawberry.ID = global_id("Signal")
    category: Category
    subcategory: str | None = strawberry.field(
        description="In the owner's own words, from its own list."
    )
    seen_on: date | None = strawberry.field(description="The day on which it was seen.")
    seen_at: datetime | None = strawberry.field(description="The moment at which it was seen.")
    status: SignalStatus | None
    summary: str | None = strawberry.field(
        description="What was seen, without anything about a person."
    )
    internal_note: str | None = strawberry.field(description="Never seen by another organisation.")


@strawberry.type(description="A page of signals.")
class SignalConnection(Connection[Signal]):
    total: int = strawberry.field(resolver=total, description=TOTAL)


@strawberry.input(
    description="Filters work on what the caller may see of a signal, never on what is behind it."
)
class SignalFilter(RecordFilterInput):
    status: list[SignalStatus] | None = strawberry.field(
        default=None, description="Only with these states."
    )


@strawberry.type
class SignalsOfWijk:
    """What signals add to a wijk."""

    @strawberry.field(
        description="The signals of this wijk that the caller may see: its own whole, others' "
        "as agreed."
    )
    async def signals(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        filter: SignalFilter | None = None,
        order_by: RecordOrder = RecordOrder.NEWEST,
        first: int = 20,
        after: str | None = None,
    ) -> SignalConnection | None:
        wanted = wanted_records(info.context, filter)
        page: Any = await page_of_records(
            info.context, SIGNALS, root["id"], wanted, order_by is RecordOrder.OLDEST, first, after
        )
        return page  # type: ignore[no-any-return]


@as_mapping
@strawberry.input(
    description="A signal as its source has it. Of police and enforcement the hub keeps no "
    "point, no minute and no free text."
)
class SignalRow:
    external_id: str = strawberry.field(
        description="The id in the sender's own system, unique in its dataset."
    )
    source_version: str | None = strawberry.field(
        default=_ABSENT,
        description="What the sender calls this version; a delivery of an older one changes "
        "nothing.",
    )
    wijk: str = strawberry.field(description=_WIJK)
    buurt: str | None = strawberry.field(default=_ABSENT, description=_BUURT)
    lon: float | None = strawberry.field(
        default=_ABSENT, description="Longitude in degrees (WGS 84)."
    )
    lat: float | None = strawberry.field(
        default=_ABSENT, description="Latitude in degrees (WGS 84)."
    )
    category: Category
    subcategory: str | None = strawberry.field(
        default=_ABSENT, description="From the sender's own list."
    )
    seen_at: datetime = strawberry.field(description="When it was seen.")
    status: SignalStatus
    summary: str | None = strawberry.field(
        default=_ABSENT, description="What was seen; nothing about a person."
    )
    internal_note: str | None = strawberry.field(default=_ABSENT, description=_NOTE)


@strawberry.input(description="A delivery of signals.")
class PushSignalsInput:
    delivery: Delivery
    rows: list[SignalRow]


@as_mapping
@strawberry.input(description="The most that one organisation may see of a signal.")
class ShareAt:
    organisation: strawberry.ID
    precision: Precision
    with_summary: bool = strawberry.field(
        default=False, description="Whether it may read the summary."
    )


@as_mapping
@strawberry.input(description="One signal, reported in the hub itself.")
class ReportSignalInput:
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )
    wijk: str = strawberry.field(description=_WIJK)
    buurt: str | None = strawberry.field(default=_ABSENT, description=_BUURT)
    category: Category
    seen_at: datetime
    lon: float | None = strawberry.field(
        default=_ABSENT, description="Longitude in degrees (WGS 84)."
    )
    lat: float | None = strawberry.field(
        default=_ABSENT, description="Latitude in degrees (WGS 84)."
    )
    summary: str | None = strawberry.field(
        default=_ABSENT, description="What was seen; nothing about a person."
    )
    internal_note: str | None = strawberry.field(default=_ABSENT, description=_NOTE)
    share_at: list[ShareAt] | None = strawberry.field(
        default=_ABSENT,
        description="Caps what agreements give, per receiver; a receiver that a given list "
        "leaves out gets nothing. Without "
        "a list: as agreed.",
    )


@as_mapping
@strawberry.input(
    description="What changes of a signal: a field that is absent stays, null clears."
)
class UpdateSignalInput:
    id: strawberry.ID
    version: int = strawberry.field(description="The version that the caller saw.")
    category: Category | None = _ABSENT
    seen_at: datetime | None = _ABSENT
    status: SignalStatus | None = _ABSENT
    summary: str | None = strawberry.field(
        default=_ABSENT, description="What was seen; nothing about a person."
    )
    internal_note: str | None = strawberry.field(default=_ABSENT, description=_NOTE)


@strawberry.type(
    description="What one other organisation sees of a signal, found by looking through its eyes."
)
class ShownAs:
    organisation: Organisation = loaded(
        Batch("organisations_by_id", "receiver", "one"), "Who sees it."
    )
    precision: Precision
    fields: list[str] = strawberry.field(description="Which fields it sees.")
    agreement: Agreement = loaded(
        Batch("agreements_by_id", "agreement", "one"), "Under which agreement."
    )

    @strawberry.field(description="The place in words, as that organisation sees it.")
    async def place(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        return await place_in_words(info.context, root)


@strawberry.type(
    description="The signal as it is now, what each receiver sees of it, and what to mend or to "
    "know."
)
class SignalPayload:
    signal: Signal | None
    shown_as: list[ShownAs] = strawberry.field(
        description="Per receiver; one that may not see it is not in the list."
    )
    errors: list[UserError]


@strawberry.type
class SignalMutations:
    """What signals add to the mutations."""

    @strawberry.mutation(
        description="Delivers signals of one's own, 5,000 rows at most. Each row is answered one "
        "by one in the receipt."
    )
    async def push_signals(
        self, info: strawberry.Info[Context, None], input: PushSignalsInput
    ) -> PushReceipt | None:
        return await pushed(info, SIGNAL, input.delivery, input.rows)

    @strawberry.mutation(
        description="Reports one signal, and says at once what each receiver will see of it."
    )
    async def report_signal(
        self, info: strawberry.Info[Context, None], input: ReportSignalInput
    ) -> SignalPayload | None:
        context = info.context
        try:
            given = _reported(mapping(input))
        except Refusal as refusal:
            return _refused(context, refusal.under("input"))
        return await _payload(context, await report(context, SIGNAL, given))

    @strawberry.mutation(description="Changes one's own signal.")
    async def update_signal(
        self, info: strawberry.Info[Context, None], input: UpdateSignalInput
    ) -> SignalPayload | None:
        context = info.context
        given = dict(mapping(input))
        try:
            record = decode_as("Signal", given.pop("id"))
        except Refusal as refusal:
            return _refused(context, refusal.under("input", "id"))
        return await _payload(
            context, await change(context, SIGNAL, record, given.pop("version"), given)
        )


def _reported(given: Mapping[str, Any]) -> dict[str, Any]:
    """The signal as the resolvers take it: new, with ids in place of global ids. Refuses BAD_ID."""
    row = {**with_areas(given), "status": SignalStatus.NEW.value}
    if row.get("share_at") is not None:
        row["share_at"] = [_cap(place, cap) for place, cap in enumerate(row["share_at"])]
    return row


def _cap(place: int, cap: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {**cap, "organisation": decode_as("Organisation", cap["organisation"])}
    except Refusal as refusal:
        raise refusal.under("shareAt", place, "organisation") from refusal


async def _payload(context: Context, written: Written) -> SignalPayload:
    signal = await context.loaders.load(SIGNALS.by_id, written.record)
    if written.done and signal is None:  # a repeated report of what was withdrawn since
        written.errors.append(RowError(("input", "idempotencyKey"), "WITHDRAWN"))
    done = written.record if written.done else None
    shown: Any = await shown_as(context, SIGNAL, done) if done else []
    return SignalPayload(
        signal=signal, shown_as=shown, errors=user_errors(written.errors, context.language)
    )


def _refused(context: Context, refusal: Refusal) -> SignalPayload:
    return SignalPayload(signal=None, shown_as=[], errors=user_errors([refusal], context.language))


CONTRIBUTION = ContributionKind(
    kind="SIGNAL",
    record_type=Signal,
    batches=SIGNALS,
    wijk_part=SignalsOfWijk,
    mutation_part=SignalMutations,
    row_types=frozenset({"SignalRow"}),
)
