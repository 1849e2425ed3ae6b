# SPDX-License-Identifier: EUPL-1.2
"""Deliveries: many rows of one dataset, a receipt that says of each what became of it.

Promises: a delivery happens whole or not at all, and once; deliveries of one dataset take turns; an
edit that was made in the hub stays until the source says something new of that record; the number
of statements does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from resolvers.context import Context, RejectedRows, RowError
from resolvers.kinds import Kind
from resolvers.partners import SHORT_NAME
from resolvers.writes.frame import write_frame
from resolvers.writes.idempotency import Request, check_key, digest_of
from resolvers.writes.kept import keep
from resolvers.writes.receipts import Mode, Outcome, Receipt, ReceiptRow, answer, earlier_receipt
from resolvers.writes.rows import (
    Areas,
    Checked,
    DeliveredRows,
    Row,
    Writer,
    check_in_database,
    delivered_digest,
    unreadable,
    with_cells,
    without_minutes,
    without_words,
)
from resolvers.writes.snapshot import FullList
from sql.errors import Refusal
from sql.session import Record, Savepoint, Session

OF_THE_HUB = "hub"
"""The dataset of what was reported in the hub itself; nothing can be delivered to it."""

NOTES = frozenset({"COLUMN_NOT_USED", "MAPPING_REMEMBERED"})
"""What a receipt tells of a sheet beside what became of it."""

MOST_PARTS = 1000
_NOTHING_REJECTED = RejectedRows((), ())


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sender says about its delivery as a whole; `read_delivery` makes and checks it."""

    dataset: str
    idempotency_key: str
    mode: Mode = "UPSERT"
    part: int = 1
    parts: int = 1
    dry_run: bool = False
    max_rejected: int = 0
    may_close: int | None = None

    def without_key(self) -> dict[str, Any]:
        """What is kept of it with a dry run: all but the key that it was tried under."""
        return {name: value for name, value in asdict(self).items() if name != "idempotency_key"}

    def full_list(self) -> FullList | None:
        """The full list that this is a part of, if it is one."""
        if self.mode != "SNAPSHOT":
            return None
        return FullList(self.dataset, self.idempotency_key, self.part, self.parts, self.may_close)


def read_delivery(given: Mapping[str, Any]) -> Delivery:
    """The delivery, checked. Refuses BAD_DATASET, BAD_IDEMPOTENCY_KEY and BAD_PART; for its limits
    BAD_DELIVERY.
    """
    delivery = Delivery(**given)
    root = ("input", "delivery")
    check_dataset(delivery.dataset, *root, "dataset")
    check_key(delivery.idempotency_key, *root, "idempotencyKey")
    if not 1 <= delivery.parts <= MOST_PARTS:
        raise Refusal("BAD_PART", path=(*root, "parts"))
    if not 1 <= delivery.part <= delivery.parts:
        raise Refusal("BAD_PART", path=(*root, "part"))
    if delivery.max_rejected < 0:
        raise Refusal("BAD_DELIVERY", path=(*root, "maxRejected"))
    if delivery.may_close is not None and (delivery.may_close < 0 or delivery.mode != "SNAPSHOT"):
        raise Refusal("BAD_DELIVERY", path=(*root, "mayClose"))
    return delivery


def check_dataset(dataset: str, *path: str | int) -> None:
    """Refuses what is not the name of a dataset that can be delivered (BAD_DATASET)."""
    if dataset == OF_THE_HUB or not SHORT_NAME.fullmatch(dataset):
        raise Refusal("BAD_DATASET", path=path)


async def push(
    context: Context,
    kind: Kind,
    given: Mapping[str, Any],
    rows: Sequence[Row],
    rejected: RejectedRows | None = None,
    *,
    notes: Sequence[RowError] = (),
    columns: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Carries out a delivery and gives its receipt, as a row of `receipts_by_id`.

    `rejected` are the rows that were taken out of the list because they could not be read. A
    refusal of the whole is an error of the receipt; a receipt without an id was not stored.
    `notes` are what its sender should know besides; they stand among the receipt's errors. Of a
    sheet `columns` gives the letter of the column of each field, and lines are its rows.
    """
    rejected = rejected or _NOTHING_REJECTED
    try:
        delivery = read_delivery(given)
        request = _request(kind, delivery, rows, rejected)
        async with context.session.savepoint():
            frame = await request.begin(context.session, delivery.dataset)
            if (earlier := await earlier_receipt(context, frame)) is not None:
                return earlier
            pushing = Push(context, kind, delivery, frame, notes, columns)
            return await _push(context, pushing, request, rows, rejected)
    except Refusal as refusal:
        return await refused(context, given, refusal)
    finally:
        context.loaders.forget()


async def refused(context: Context, given: Mapping[str, Any], refusal: Refusal) -> dict[str, Any]:
    """The receipt of a delivery that is refused as such; it is not stored."""
    frame = await write_frame(context.session)
    error = RowError(refusal.path, refusal.code, refusal.params)
    return answer(str(given["dataset"]), frame["now"], [error], dry_run=bool(given.get("dry_run")))


@dataclass(slots=True)
class _Plan:
    """What becomes of the rows: those that are new, said anew or said as before, and the receipt's
    rows.
    """

    created: list[tuple[UUID, Checked, bytes]] = field(default_factory=list)
    updated: list[tuple[UUID, Checked, bytes]] = field(default_factory=list)
    touched: list[tuple[UUID, str | None, bool]] = field(default_factory=list)
    rows: list[ReceiptRow] = field(default_factory=list)


async def _push(
    context: Context,
    pushing: Push,
    request: Request,
    rows: Sequence[Row],
    rejected: RejectedRows,
) -> dict[str, Any]:
    """The receipt, stored, of a delivery that is carried out now."""
    lines = rejected.lines or range(1, len(rows) + 1)
    unread = [unreadable(row, pushing.writer) for row in rejected.rejected]
    checked = await pushing.check(list(zip(lines, rows, strict=True)), unread)
    made = await pushing.carry_out(request, checked)
    stored = await made.store(context.session)
    if made.dry_run and not made.refused:
        await keep(context.session, made, pushing.delivery.without_key(), checked)
    return stored


def _request(
    kind: Kind, delivery: Delivery, rows: Sequence[Row], rejected: RejectedRows
) -> Request:
    unread = [
        (r.line, r.external_id, [(e.path, e.code) for e in r.errors]) for r in rejected.rejected
    ]
    operation = f"push {kind.name}"
    digest = digest_of(
        operation, delivery.dataset, delivery.mode, delivery.part, delivery.parts,
        delivery.max_rejected, delivery.may_close, rows, unread,
    )  # fmt: skip
    return Request(operation, delivery.idempotency_key, digest, delivery.part)


class Push:
    """One delivery while it is carried out: its rows are checked, then done."""

    def __init__(
        self,
        context: Context,
        kind: Kind,
        delivery: Delivery,
        frame: Record,
        notes: Sequence[RowError] = (),
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self._context = context
        self._session: Session = context.session
        self.kind = kind
        self.delivery = delivery
        self.writer = Writer.of(frame)
        self._list = delivery.full_list()
        self._frame = frame
        self._notes = notes
        self._columns = columns or {}

    async def check(
        self, rows: Sequence[tuple[int, Row]], rejected: Iterable[Checked]
    ) -> list[Checked]:
        """Every row by its line, looked at as the hub is today; those that were `rejected` before
        among them. Refuses a dataset of another kind: no row can mend that.
        """
        self._check_kind(self._frame["of"])
        areas = await Areas.named_by(self._session, [row for _, row in rows])
        checks = DeliveredRows(self.kind, self.writer, areas)
        checked = [checks.check(line, row) for line, row in rows]
        await without_minutes(self._session, self.kind, self.writer, checked)
        await check_in_database(self._session, self.kind, self.delivery.dataset, checked)
        found = sorted([*checked, *rejected], key=lambda row: row.line)
        if self.writer.strict:
            for row in found:
                row.errors = without_words(row.errors)
        for row in found if self._columns else ():
            row.errors = with_cells(row.errors, row.line, self._columns)
            row.warnings = with_cells(row.warnings, row.line, self._columns)
        return found

    async def carry_out(self, request: Request, checked: Sequence[Checked]) -> Receipt:
        """Carries the delivery out with these rows, once per request, and gives the receipt to be
        stored. A trial and a refused delivery leave nothing behind and use no key.
        """
        if self._list is not None:
            await self._list.check_part(self._session)
        made = await self._effect(checked)
        if not made.dry_run and not made.refused:
            wijken = self._wijken(checked)
            await request.remember(self._session, made.id, self.delivery.dataset, wijken)
        if not made.dry_run:
            self._context.delivered.update(row.outcome for row in made.rows)
        return made

    async def _effect(self, checked: Sequence[Checked]) -> Receipt:
        """Does what the delivery asks and says what became of it; a trial and a refused delivery
        are undone.
        """
        delivery = self.delivery
        made = Receipt(
            self._context.ids.new_id(self._frame["today"]), delivery.dataset, self.kind.name,
            delivery.mode, self._frame["now"], delivery.part, delivery.parts, delivery.dry_run,
            errors=list(self._notes),
        )  # fmt: skip
        try:
            _check_rejected(checked, delivery.max_rejected)
            async with self._undoable() as point:
                await self._know_dataset()
                made.rows = await self._write(checked)
                made.rows += await self._close(checked, made)
                if delivery.dry_run:
                    point.undo()
        except Refusal as refusal:
            if refusal.code not in ("TOO_MANY_REJECTED", "MAY_CLOSE_EXCEEDED"):
                raise
            made.refused = True
            made.rows = [_rejected_row(row) for row in checked if row.errors]
            made.errors.append(RowError(refusal.path, refusal.code, refusal.params))
        return made

    def _undoable(self) -> AbstractAsyncContextManager[Savepoint]:
        """Within it is what may be undone while the receipt stays: a trial, or a list that may
        close too much.
        """
        if self.delivery.dry_run or self._list is not None:
            return self._session.savepoint()
        return nullcontext(Savepoint())

    async def _know_dataset(self) -> None:
        """Makes the dataset known, if it is not. Refuses one that became of another kind."""
        if self._frame["of"] is None:
            self._check_kind(
                await self._session.fetchval("write_dataset", self.delivery.dataset, self.kind.name)
            )

    def _check_kind(self, known: str | None) -> None:
        if known not in (None, self.kind.name):
            path = ("input", "delivery", "dataset")
            raise Refusal("DATASET_OF_OTHER_KIND", path=path, kind=known)

    async def _write(self, checked: Sequence[Checked]) -> list[ReceiptRow]:
        plan = await self._plan(checked)
        table, dataset = self.kind.table, self.delivery.dataset
        if plan.updated:  # first: what changes can make room for what is new
            columns = _columns(self.kind, plan.updated)
            del columns[1]  # a record keeps its external id
            await self._session.fetch(f"{table}_update", *columns)
        if plan.created:
            await insert(self._session, self.kind, dataset, None, plan.created)
        if plan.touched:
            await self._session.fetch(f"{table}_touch", *zip(*plan.touched, strict=True))
        return plan.rows

    async def _plan(self, checked: Sequence[Checked]) -> _Plan:
        good = [row for row in checked if not row.errors]
        names = sorted(row.external_id for row in good if row.external_id is not None)
        stored, withdrawn = await self._known(names)
        plan = _Plan()
        for row in checked:
            if row.errors:
                plan.rows.append(_rejected_row(row))
            elif row.external_id in withdrawn:
                plan.rows.append(_unchanged(row, None, "WITHDRAWN"))
            elif (record := stored.get(row.external_id or "")) is None:
                self._create(plan, row)
            else:
                self._change(plan, row, record)
        return plan

    async def _known(self, names: list[str]) -> tuple[dict[str, Record], set[str]]:
        """The records of the dataset under these names, held until the end, and the names that were
        withdrawn.
        """
        if not names:
            return {}, set()
        dataset = self.delivery.dataset
        stored = await self._session.fetch(f"{self.kind.table}_lock", dataset, names)
        withdrawn = await self._session.fetch("write_withdrawn", dataset, names)
        return (
            {record["external_id"]: record for record in stored},
            {record["external_id"] for record in withdrawn},
        )

    def _create(self, plan: _Plan, row: Checked) -> None:
        record = self._context.ids.new_id(self._frame["today"])
        plan.created.append((record, row, delivered_digest(self.kind, row.values)))
        plan.rows.append(ReceiptRow(row.line, row.external_id, "CREATED", record, 1, row.warnings))

    def _change(self, plan: _Plan, row: Checked, record: Record) -> None:
        version = row.values["source_version"]
        if is_older(version, record["source_version"]):
            plan.rows.append(_unchanged(row, record, "OLDER_VERSION"))
            return
        digest = delivered_digest(self.kind, row.values)
        outcome: Outcome = "REOPENED" if record["closed"] else "UPDATED"
        if digest != record["delivered_digest"]:
            plan.updated.append((record["id"], row, digest))
        elif record["closed"] or version != record["source_version"]:
            plan.touched.append((record["id"], version, record["closed"]))
            outcome = "REOPENED" if record["closed"] else "UNCHANGED"
        else:
            outcome = "UNCHANGED"
        new_version = record["version"] + (outcome != "UNCHANGED")
        plan.rows.append(
            ReceiptRow(row.line, row.external_id, outcome, record["id"], new_version, row.warnings)
        )

    async def _close(self, checked: Sequence[Checked], made: Receipt) -> list[ReceiptRow]:
        if self._list is None:
            return []
        try:
            closed = await self._list.close_missing(self._session, self.kind, checked)
        except Refusal as refusal:
            if refusal.code not in ("NOT_CLOSED", "OLDER_LIST"):
                raise
            made.errors.append(RowError(("input", "rows"), refusal.code))
            return []
        first = checked[-1].line + 1 if checked else 1
        return [
            ReceiptRow(line, record["external_id"], "CLOSED", record["id"], record["version"])
            for line, record in enumerate(closed, first)
        ]

    def _wijken(self, checked: Sequence[Checked]) -> list[UUID] | None:
        """What the delivery was about: the wijken that its rows name; None, every wijk where its
        sender works, of a full list.
        """
        named = {wijk for row in checked if not row.errors for wijk in row.values["wijken"]}
        return None if self._list is not None or not named else sorted(named)


async def insert(
    session: Session,
    kind: Kind,
    dataset: str,
    profile: UUID | None,
    rows: Sequence[tuple[UUID, Checked, bytes | None]],
) -> None:
    """Inserts records in one statement. `profile` is None for records that are shared as agreed."""
    await session.fetch(f"{kind.table}_insert", dataset, profile, *_columns(kind, rows))


def is_older(given: str | None, stored: str | None) -> bool:
    """Whether a source's version comes before another: as numbers when both are numbers, else as
    texts.
    """
    if given is None or stored is None or given == stored:
        return False
    if all(version.isascii() and version.isdigit() for version in (given, stored)):
        return int(given) < int(stored)
    return given < stored


def _check_rejected(checked: Iterable[Checked], limit: int) -> None:
    got = sum(1 for row in checked if row.errors)
    if got > limit:
        raise Refusal("TOO_MANY_REJECTED", got=got, limit=limit)


def _rejected_row(row: Checked) -> ReceiptRow:
    return ReceiptRow(row.line, row.external_id, "REJECTED", errors=row.errors)


def _unchanged(row: Checked, record: Record | None, code: str) -> ReceiptRow:
    errors = [RowError(("externalId" if record is None else "sourceVersion",), code)]
    if record is None:
        return ReceiptRow(row.line, row.external_id, "UNCHANGED", errors=errors)
    return ReceiptRow(
        row.line, row.external_id, "UNCHANGED", record["id"], record["version"], errors
    )


def _columns(kind: Kind, rows: Sequence[tuple[UUID, Checked, bytes | None]]) -> list[Sequence[Any]]:
    """The rows as one list per column: id, external id, source version, digest, wijk or wijken,
    buurt, then the kind's own.
    """
    records, checked, digests = zip(*rows, strict=True)
    given = [row.values for row in checked]
    columns: list[Sequence[Any]] = [
        records,
        [row.external_id for row in checked],
        [values.get("source_version") for values in given],
        digests,
        [_place(kind, values) for values in given],
        [values["buurt"] for values in given],
    ]
    columns += [[values.get(column.name) for values in given] for column in kind.columns]
    return [_sent(column) for column in columns]


def _place(kind: Kind, values: Row) -> UUID | str:
    """Its wijk, or its wijken as a text: a list of lists would need them to be of one length."""
    wijk: UUID = values["wijk"]
    return f"{{{','.join(map(str, values['wijken']))}}}" if kind.several else wijk


def _sent(column: Sequence[Any]) -> Sequence[Any]:
    """A column as it is sent. One without values is sent as nothing: `unnest` fills it up."""
    return column if any(value is not None for value in column) else ()
