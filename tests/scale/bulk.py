# SPDX-License-Identifier: EUPL-1.2
"""Signals of a week of a gemeente, of all its partners, in a handful of statements: the rows that
so many pushes would have written, in every table that a push writes to.

It stands in the place of what costs most per row in a push: the checks in Python, the policies, the
foreign keys and the triggers of hub.signals (the session says session_replication_role =
replica). `verify` compares what is there afterwards with what pushes of the same rows leave behind.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from resolvers.context import RejectedRows
from resolvers.writes.push import _request, read_delivery
from resolvers.writes.receipts import ReceiptRow, summary_of
from resolvers.writes.rows import delivered_digest
from schema.contributions.signals import SIGNAL
from sql.ids import IdSource
from sql.session import Connection
from tests.scale.world import Gemeente, Push

ACTOR = "levering"
NO_ROWS = RejectedRows((), ())

# What record_insert() does for rows that came in. $1 is the gemeente, $2 the moment, $3 its day.
SIGNALS = """
with came as (
  insert into hub.signals (gemeente, owner, id, dataset, external_id, delivered_digest, wijk, buurt, category, seen_at, lon, lat,
    status, summary, profile, recorded_on, changed_at, version, invented)
  select $1, r.owner, r.id, r.dataset, r.external_id, r.digest, r.wijk, r.buurt, r.category, r.seen_at, r.lon, r.lat,
    r.status, r.summary, hub.as_agreed(), $3::date, $2::timestamptz, 1, false
  from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::bytea[], $9::uuid[], $10::uuid[], $11::text[],
    $12::timestamptz[], $13::float8[], $14::float8[], $15::text[], $16::text[])
    r(owner, id, dataset, external_id, digest, wijk, buurt, category, seen_at, lon, lat, status, summary)
  order by r.owner, r.id
  returning *),
remembered as (
  insert into hub.history (gemeente, owner, kind, record, version, at, actor, change, after)
  select c.gemeente, c.owner, 'SIGNAL', c.id, 1, $2, $17, 'CREATED', hub.recorded(to_jsonb(c)) from came c),
told as (
  insert into hub.feed_items (gemeente, owner, wijk, slice, kind, category, change, record, recorded_on, on_day)
  select c.gemeente, c.owner, c.wijk, c.slice, 'SIGNAL', c.category, 'CREATED', c.id, c.recorded_on, $3 from came c)
select distinct c.owner, c.slice, c.wijk, c.category from came c
"""  # noqa: E501 -- a statement stands as it is

SLICES = """
with made as (
  insert into hub.slices (gemeente, owner, id, wijk, kind, category, profile)
  select $1, r.owner, r.slice, r.wijk, 'SIGNAL', r.category, hub.as_agreed()
  from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[]) r(owner, slice, wijk, category)
  on conflict do nothing returning id)
select array_agg(id) from made
"""

RECEIPTS = """
with receipts as (
  insert into hub.receipts (gemeente, owner, id, dataset, kind, mode, dry_run, refused, at, actor, summary)
  select $1, r.owner, r.id, r.dataset, 'SIGNAL', 'UPSERT', false, false, $2, $8, r.summary::jsonb
  from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[]) r(owner, id, dataset, summary)),
keys as (
  insert into hub.idempotency_keys (gemeente, owner, key, operation, digest, result, on_day)
  select $1, r.owner, r.key, $9, r.digest, r.id, $3
  from unnest($4, $5, $10::text[], $11::bytea[]) r(owner, id, key, digest))
insert into hub.receipt_rows (gemeente, owner, receipt, line, external_id, outcome, record, version)
select $1, r.owner, r.receipt, r.line, r.external_id, 'CREATED', r.record, 1
from unnest($12::uuid[], $13::uuid[], $14::int[], $15::text[], $16::uuid[]) r(owner, receipt, line, external_id, record)
"""  # noqa: E501 -- a statement stands as it is

DELIVERED = """
insert into hub.deliveries (gemeente, owner, dataset, wijk, on_day)
select distinct $1::text, s.owner, s.dataset, s.wijk, $2::date
from unnest($3::uuid[], $4::text[], $5::uuid[]) s(owner, dataset, wijk)
on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of one of the pushes."""

    owner: UUID
    id: UUID
    dataset: str
    summary: str
    key: str
    digest: bytes


async def push_signals(
    connection: Connection,
    ids: IdSource,
    gemeente: Gemeente,
    moment: datetime,
    pushes: Sequence[Push],
) -> None:
    """Writes what these pushes write, in the transaction that is open."""
    day = moment.date()
    rows: list[tuple[Any, ...]] = []
    receipts, lines = [], []
    for push in pushes:
        owner = gemeente.organisation(push.partner)
        delivery = read_delivery({"dataset": push.dataset, "idempotency_key": push.key})
        digest = _request(SIGNAL, delivery, push.rows, NO_ROWS).digest
        summary = json.dumps(summary_of(ReceiptRow(1, None, "CREATED") for _ in push.rows))
        receipt = Receipt(owner, ids.new_id(day), push.dataset, summary, push.key, digest)
        receipts.append(receipt)
        for line, row in enumerate(push.rows, start=1):
            id_ = ids.new_id(day)
            rows.append((
                owner, id_, push.dataset, row["external_id"], delivered_digest(SIGNAL, row),
                row["wijk"], row["buurt"], row["category"], row["seen_at"], row["lon"], row["lat"],
                row["status"], row["summary"],
            ))  # fmt: skip
            lines.append((owner, receipt.id, line, row["external_id"], id_))
    columns = [list(column) for column in zip(*rows, strict=True)]
    code = gemeente.code
    slices = await connection.fetch(SIGNALS, code, moment, day, *columns, ACTOR)
    if fresh := await connection.fetchval(SLICES, code, *_columns(slices)):
        await connection.execute("select hub.compile_grants($1, $2, null)", code, fresh)
    await connection.execute(
        RECEIPTS, code, moment, day, *([getattr(each, name) for each in receipts]
        for name in ("owner", "id", "dataset", "summary")), ACTOR, f"push {SIGNAL.name}",
        *([getattr(each, name) for each in receipts] for name in ("key", "digest")),
        *_columns(lines),
    )  # fmt: skip
    await connection.execute(DELIVERED, code, day, columns[0], columns[2], columns[5])


def _columns(rows: Sequence[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
