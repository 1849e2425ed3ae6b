# SPDX-License-Identifier: EUPL-1.2
"""Pushes: the same rows to all in turns, new and then unchanged, and what they left behind; of the
hub also those of several partners at once and of every other kind.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import asyncpg

from tests.benchmarks import kinds
from tests.benchmarks.client import Measured, Refused, request_of, there_and_back
from tests.benchmarks.comparing import check_same, data_of
from tests.benchmarks.contenders import Contender
from tests.benchmarks.plan import Numbers, Plan, Report
from tests.benchmarks.processes import DatabaseServer, Server
from tests.benchmarks.work import PUSHERS, push_body, push_rows
from tests.benchmarks.world import Filled

PUSHER = PUSHERS[0]
OUTCOMES = {"new": "CREATED", "unchanged": "UNCHANGED"}
COMPARED_ROWS = 25
LEFT = """
select s.wijk, s.category, s.subcategory, s.seen_at, s.status, s.summary, s.version, s.source_version,
  (select array_agg(h.change order by h.version) from hub.history h where (h.gemeente, h.owner, h.record) = (s.gemeente, s.owner, s.id)) as history,
  (select array_agg(f.change) from hub.feed_items f where (f.gemeente, f.owner, f.record) = (s.gemeente, s.owner, s.id)) as feed,
  (select array_agg((r.line, r.outcome) order by r.outcome) from hub.receipt_rows r
    where (r.gemeente, r.owner, r.record) = (s.gemeente, s.owner, s.id)) as receipts
from hub.signals s where s.external_id like $1 || '-%'
order by s.seen_at, s.category, s.wijk
"""  # noqa: E501


def rows_for(name: str, partner: str, count: int, round_: int) -> list[dict[str, Any]]:
    """The rows of a round, the same for each contender but for their external ids."""
    rows = push_rows(partner, count, round_)
    return [row | {"externalId": f"{name}-{row['externalId']}"} for row in rows]


async def compare(contenders: Sequence[Contender], superuser: str) -> None:
    """Raises Refused unless the same rows get the same receipts from all, and leave the same."""
    connection = await asyncpg.connect(superuser)
    left = {}
    try:
        for what in OUTCOMES:
            receipts = {}
            for one in contenders:
                rows = rows_for(one.name, PUSHER, COMPARED_ROWS, -1)
                request = _request(one, rows, f"vergelijking-{one.name}-{what}")
                ((_, receipt),) = (await data_of(one.server.port, request)).items()
                receipts[one.name] = receipt | {"id": receipt["id"] is not None}
            check_same(f"the receipt of a push of {what} rows", receipts)
        for one in contenders:
            found = await connection.fetch(LEFT, one.name)
            left[one.name] = [[str(value) for value in row.values()] for row in found]
    finally:
        await connection.close()
    check_same("what a push left", left)


def _request(one: Contender, rows: Sequence[Any], key: str) -> bytes:
    return one.request("push", push_body(PUSHER, list(rows), key), PUSHER)


async def rounds(
    contenders: Sequence[Contender], rows: int, count: int, database: DatabaseServer
) -> Numbers:
    """Per contender: deliveries of so many new rows and of the same again, all taking turns."""
    measured = {one.name: {what: Measured() for what in OUTCOMES} for one in contenders}
    for number, order in enumerate(there_and_back(count, contenders)):
        for one in order:
            delivery = rows_for(one.name, PUSHER, rows, rows * 1000 + number)
            for what, into in measured[one.name].items():
                request = _request(one, delivery, f"meting-{one.name}-{rows}-{number}-{what}")
                used_there = database.cpu()
                await _deliver([request], one.server, OUTCOMES[what], rows, into)
                into.database_cpu += database.cpu() - used_there
    return {
        name: {what: _told(one) for what, one in both.items()} for name, both in measured.items()
    }


async def together(plan: Plan, hub: Server, filled: Filled) -> Numbers:
    """Deliveries to the hub by several partners at the same time, each to a dataset of its own."""
    measured = {what: Measured() for what in OUTCOMES}
    for number in range(plan.pushes_together):
        rows = {name: rows_for("samen", name, plan.push_rows, number) for name in PUSHERS}
        for what, into in measured.items():
            requests = [
                request_of(
                    "/graphql",
                    push_body(name, rows[name], f"samen-{number}-{what}"),
                    authorization=f"Bearer {filled.tokens[name]}",
                )
                for name in PUSHERS
            ]
            await _deliver(requests, hub, OUTCOMES[what], plan.push_rows, into)
    return {what: _told(one) for what, one in measured.items()}


async def other_kinds(plan: Plan, hub: Server, filled: Filled, report: Report) -> Numbers:
    """Per kind: deliveries of new rows, and of the same rows again, by one partner."""
    numbers: Numbers = {}
    for contribution in kinds.OTHERS:
        name = contribution.kind.name
        report(f"pushes: {name}")
        token = filled.tokens[kinds.sender_of(contribution)]
        measured = {what: Measured() for what in OUTCOMES}
        for number in range(plan.pushes):
            rows = kinds.rows_of(contribution, plan.push_rows, number)
            known = number > 0 and name == "COUNT"  # a week has no more cells than those
            outcomes = OUTCOMES | ({"new": "UPDATED"} if known else {})
            for what, into in measured.items():
                body = kinds.push_body(contribution, rows, f"{name}-{number}-{what}")
                request = request_of("/graphql", body, authorization=f"Bearer {token}")
                await _deliver([request], hub, outcomes[what], len(rows), into)
        numbers[name] = {
            "rows": len(rows), **{what: _told(one) for what, one in measured.items()}
        }  # fmt: skip
    return numbers


async def _deliver(
    requests: Sequence[bytes], server: Server, outcome: str, rows: int, into: Measured
) -> None:
    """Sends all at once; raises Refused unless every row of each had the outcome."""
    used, began = server.cpu(), time.perf_counter()
    into.latencies += await asyncio.gather(
        *(_push(server.port, request, outcome, rows) for request in requests)
    )
    into.per_second.append(len(requests) * rows / (time.perf_counter() - began))
    into.cpu += server.cpu() - used
    into.size = len(requests[0])


async def _push(port: int, request: bytes, outcome: str, rows: int) -> float:
    """Seconds until the receipt."""
    sent = time.perf_counter()
    (receipt,) = (await data_of(port, request)).values()
    seconds = time.perf_counter() - sent
    check_receipt(receipt, outcome, rows)
    return seconds


def check_receipt(receipt: Any, outcome: str, rows: int) -> None:
    """Raises Refused unless every row had the outcome."""
    if receipt["summary"] != [{"outcome": outcome, "rows": rows}]:
        raise Refused(f"a push of {rows} rows: {receipt!r:.2000}")


def _told(one: Measured) -> Numbers:
    pushes = len(one.latencies)
    return {
        "pushes": pushes,
        "rows_per_second": median(one.per_second),
        "rounds": one.per_second,
        "p50_ms": one.quantile(0.5) * 1000,
        "most_ms": max(one.latencies) * 1000,
        "server_cpu_ms": one.cpu / pushes * 1000,
        "database_cpu_ms": one.database_cpu / pushes * 1000,
        "bytes_sent": one.size,
    }
