# SPDX-License-Identifier: EUPL-1.2
"""What a sender says of a delivery, and how its rows reach the resolvers: alike for every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any

import strawberry
from graphql import ObjectValueNode, ValueNode, VariableNode

from resolvers.context import Context, RejectedRows
from resolvers.kinds import Kind
from resolvers.writes.push import push
from schema.ids import decode_as
from schema.inputs import as_mapping, mapping
from sql.errors import Refusal


@strawberry.enum(
    description="What the rows of a delivery are. UPSERT: some records, new or changed. "
    "SNAPSHOT: all of the dataset; what is "
    "missing is closed."
)
class PushMode(StrEnum):
    UPSERT = "UPSERT"
    SNAPSHOT = "SNAPSHOT"


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


async def pushed(
    info: strawberry.Info[Context, None], kind: Kind, delivery: object, rows: Sequence[object]
) -> dict[str, Any]:
    """The receipt of a delivery of rows of a kind; the resolver of every push."""
    account = unreadable_rows(info)
    read = rows if account is None or account.read is None else account.read
    area = cache(_area)
    given = [with_areas(mapping(row), area) for row in read]
    return await push(info.context, kind, mapping(delivery), given, account)


def _area(typename: str, name: str) -> Any:
    try:
        return decode_as(typename, name)
    except Refusal:
        return name


def with_areas(row: Mapping[str, Any], area: Callable[[str, str], Any] = _area) -> dict[str, Any]:
    """The row with the ids of its wijken and buurt where it gives global ids; codes and names stay
    as they are. `area` reads one of them.
    """
    ids = {}
    if row.get("wijk"):
        ids["wijk"] = area("Wijk", row["wijk"])
    if row.get("buurt"):
        ids["buurt"] = area("Buurt", row["buurt"])
    if "wijken" in row:
        ids["wijken"] = [area("Wijk", name) for name in row["wijken"]]
    return {**row, **ids}


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
