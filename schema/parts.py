# SPDX-License-Identifier: EUPL-1.2
"""What every kind of contribution adds to the schema, made from its declaration: a list in the
wijk, one in one's own slice, one of the slice as another sees it, and the mutations that push,
report and change its records.

Their names follow from the kind's: SIGNAL in the table `signals` gives `signals`, `pushSignals`,
`reportSignal`, `updateSignal`, `SignalConnection`, `PushSignalsInput` and `SignalPayload`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import new_class
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers.batch import LEVEL, TRIPS
from resolvers.context import Context, RowError
from resolvers.kinds import Kind
from resolvers.records import (
    RecordBatches,
    page_of_records,
    pages_of_records,
    totals_of_pages,
)
from resolvers.writes.change import Written, change, report, shown_as
from schema.contribution import TOTAL, RecordFilterInput, total, wanted_records
from schema.delivery import Delivery, pushed
from schema.enums import RecordOrder
from schema.errors import UserError, user_errors
from schema.ids import decode_as
from schema.inputs import mapping
from schema.node import Connection
from schema.texts import Words
from schema.writing import ShownAs, reported_record
from sql.errors import Refusal

if TYPE_CHECKING:
    from schema.push import PushReceipt

Made = Any
"""A type or field of the schema that is made at start, which type checkers cannot know."""


@dataclass(frozen=True, slots=True)
class ContributionKind:
    """How a kind announces itself to the registry: how it is written and read, its type, what it
    adds to the wijk, to one's own slice, to the slice as another sees it and to the mutations, the
    input of which a push has a list, and the labels that are its own, by key ("kind.SIGNAL").
    """

    kind: Kind
    record_type: type
    batches: RecordBatches
    wijk_part: type
    slice_part: type
    view_part: type
    mutation_part: type
    row_type: type
    words: Mapping[str, Words]

    @property
    def typename(self) -> str:
        """The name of its type."""
        return self.record_type.__name__

    @property
    def push_name(self) -> str:
        """The mutation that delivers many."""
        return f"push{plural_of(self.kind)}"


def plural_of(kind: Kind) -> str:
    """What many of a kind are called in names of the schema: "Signals"."""
    return "".join(word.capitalize() for word in kind.table.split("_"))


def contribution(
    kind: Kind,
    record: type,
    *,
    row: type,
    report: type,
    change: type,
    words: Mapping[str, Words],
    filter: type = RecordFilterInput,
) -> ContributionKind:
    """A kind with its type, the inputs that deliver, report and change a record, and its labels.

    Without a filter of its own it has the one of all records.
    """
    parts = _Parts(kind, record)
    return ContributionKind(
        kind=kind,
        record_type=record,
        batches=parts.batches,
        wijk_part=_type(f"{parts.names}OfWijk", None, **{kind.table: parts.list_of_wijk(filter)}),
        slice_part=_type(f"{parts.names}OfSlice", None, **{kind.table: parts.list_of_own(filter)}),
        view_part=_type(f"{parts.names}OfView", None, **{kind.table: parts.list_as_seen()}),
        mutation_part=_type(
            f"{record.__name__}Mutations",
            None,
            **{
                f"push_{kind.table}": parts.push(row),
                f"report_{kind.name.lower()}": parts.report(report),
                f"update_{kind.name.lower()}": parts.change(change),
            },
        ),
        row_type=row,
        words=words,
    )


class _Parts:
    """Makes the parts of one kind."""

    def __init__(self, kind: Kind, record: type) -> None:
        self.kind = kind
        self.record = record
        self.batches = RecordBatches.of(kind)
        self.one = kind.name.lower().replace("_", " ")
        self.many = kind.table.replace("_", " ")
        self.names = plural_of(kind)
        self.connection = self._connection_type()
        self.payload = self._payload_type()

    def list_of_wijk(self, filter_type: type) -> Made:
        """The field of a wijk that lists its records."""
        batches = self.batches

        async def pages(
            context: Context,
            wijken: Sequence[Any],
            *,
            filter: Any,
            order_by: RecordOrder,
            first: int,
            after: str | None,
        ) -> list[Any]:
            wanted = wanted_records(context, filter)
            oldest = order_by is RecordOrder.OLDEST
            lists = [batches.of_wijk(wijk["id"], wanted, oldest=oldest) for wijk in wijken]
            return await pages_of_records(context, lists, first, after)

        async def resolve(
            root: strawberry.Parent[Any],
            info: strawberry.Info[Context, None],
            filter: Any = None,
            order_by: RecordOrder = RecordOrder.NEWEST,
            first: int = 20,
            after: str | None = None,
        ) -> Any:
            [page] = await pages(
                info.context, [root], filter=filter, order_by=order_by, first=first, after=after
            )
            return page

        return strawberry.field(
            resolver=_typed(resolve, filter=filter_type | None, returns=self.connection | None),
            description=f"The {self.many} of this wijk that the caller may see: its own whole, "
            "others' as agreed.",
            metadata={TRIPS: 1, LEVEL: pages},
        )

    def list_of_own(self, filter_type: type) -> Made:
        """The field of one's own slice that lists one's own records."""
        batches = self.batches

        async def resolve(
            info: strawberry.Info[Context, None],
            filter: Any = None,
            first: int = 20,
            after: str | None = None,
        ) -> Any:
            wanted = wanted_records(info.context, filter)
            listed = batches.of_asker(info.context.principal.organisation, wanted)
            return await page_of_records(info.context, listed, first, after)

        return strawberry.field(
            resolver=_typed(resolve, filter=filter_type | None, returns=self.connection | None),
            description=f"The caller's own {self.many} over all wijken, newest day first.",
        )

    def list_as_seen(self) -> Made:
        """The field of a slice as another sees it that lists the caller's own records."""
        batches = self.batches

        async def resolve(
            root: strawberry.Parent[Any],
            info: strawberry.Info[Context, None],
            first: int = 20,
            after: str | None = None,
        ) -> Any:
            listed = batches.seen_by(root["organisation"])
            return await page_of_records(info.context, listed, first, after)

        return strawberry.field(
            resolver=_typed(resolve, returns=self.connection | None),
            description=f"The caller's own {self.many} that the organisation sees, as it sees "
            "them, over all wijken, newest day first.",
        )

    def push(self, row_type: type) -> Made:
        """The mutation that delivers many."""
        kind = self.kind
        input_type = _input(
            f"Push{self.names}Input",
            f"A delivery of {self.many}.",
            delivery=Delivery,
            rows=list[row_type],  # type: ignore[valid-type]
        )

        async def resolve(info: strawberry.Info[Context, None], input: Any) -> Any:
            return await pushed(info, kind, input.delivery, input.rows)

        receipt = Annotated["PushReceipt", strawberry.lazy("schema.push")] | None
        return strawberry.mutation(
            resolver=_typed(resolve, input=input_type, returns=receipt),
            description=f"Delivers {self.many} of one's own, 5,000 rows at most. Each row is "
            "answered one by one in the receipt.",
        )

    def report(self, input_type: type) -> Made:
        """The mutation that reports one in the hub itself."""

        async def resolve(info: strawberry.Info[Context, None], input: Any) -> Any:
            context = info.context
            try:
                given = reported_record(mapping(input))
            except Refusal as refusal:
                return self._refused(context, refusal.under("input"))
            return await self._written(context, await report(context, self.kind, given))

        return strawberry.mutation(
            resolver=_typed(resolve, input=input_type, returns=self.payload | None),
            description=f"Reports one {self.one}, and says at once what each receiver will see of "
            "it.",
        )

    def change(self, input_type: type) -> Made:
        """The mutation that changes one of one's own."""

        async def resolve(info: strawberry.Info[Context, None], input: Any) -> Any:
            context = info.context
            given = dict(mapping(input))
            try:
                record = decode_as(self.record.__name__, given.pop("id"), "input", "id")
            except Refusal as refusal:
                return self._refused(context, refusal)
            version = given.pop("version")
            return await self._written(
                context, await change(context, self.kind, record, version, given)
            )

        return strawberry.mutation(
            resolver=_typed(resolve, input=input_type, returns=self.payload | None),
            description=f"Changes one's own {self.one}.",
        )

    def _connection_type(self) -> Made:
        return _type(
            f"{self.record.__name__}Connection",
            f"A page of {self.many}.",
            (Connection[self.record],),  # type: ignore[name-defined]
            total=strawberry.field(
                resolver=total, description=TOTAL, metadata={LEVEL: totals_of_pages}
            ),
        )

    def _payload_type(self) -> Made:
        return _type(
            f"{self.record.__name__}Payload",
            f"The {self.one} as it is now, what each receiver sees of it, and what to mend or to "
            "know.",
            annotations={
                self.kind.name.lower(): self.record | None,
                "shown_as": list[ShownAs],
                "errors": list[UserError],
            },
            shown_as=strawberry.field(
                description="Per receiver; one that may not see it is not in the list."
            ),
        )

    async def _written(self, context: Context, written: Written) -> Made:
        record = await context.loaders.load(self.batches.by_id, written.record)
        if written.done and record is None:  # a repeated report of what was withdrawn since
            written.errors.append(RowError(("input", "idempotencyKey"), "WITHDRAWN"))
        done = written.record if written.done else None
        shown: Any = await shown_as(context, self.kind, done) if done else []
        return self._answer(record, shown, user_errors(written.errors, context.language))

    def _refused(self, context: Context, refusal: Refusal) -> Made:
        return self._answer(None, [], user_errors([refusal], context.language))

    def _answer(self, record: Any, shown: Any, errors: list[UserError]) -> Made:
        return self.payload(**{self.kind.name.lower(): record}, shown_as=shown, errors=errors)


def _type(
    name: str,
    description: str | None,
    bases: tuple[Any, ...] = (),
    annotations: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Made:
    """A type of the schema."""
    return strawberry.type(_class(name, bases, annotations, fields), description=description)


def _input(name: str, description: str, **fields: Any) -> Made:
    """An input of the schema, from the types of its fields."""
    return strawberry.input(_class(name, (), fields, {}), description=description)


def _class(
    name: str,
    bases: tuple[Any, ...],
    annotations: Mapping[str, Any] | None,
    fields: Mapping[str, Any],
) -> type:
    body = {"__module__": __name__, "__annotations__": dict(annotations or {}), **fields}
    return new_class(name, bases, {}, lambda namespace: namespace.update(body))


def _typed(resolve: Callable[..., Any], *, returns: Any, **arguments: Any) -> Callable[..., Any]:
    """The resolver with types that are known only now."""
    resolve.__annotations__ |= {**arguments, "return": returns}
    return resolve
