# SPDX-License-Identifier: EUPL-1.2
"""The measuring itself: start-up, reads beside the peer, pushes, memory; gives plain numbers."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import orjson

from hub.app import create_app
from hub.database import EmbeddedPostgres
from hub.settings import Settings
from sql.session import Database, Session
from tests.benchmarks import kinds
from tests.benchmarks.client import (
    Connection,
    Measured,
    Refused,
    closed_loop,
    request_of,
    there_and_back,
)
from tests.benchmarks.processes import Server, free_port, hub, serving
from tests.benchmarks.work import PUSHERS, READS, push_body, push_rows
from tests.benchmarks.world import ASKER, Filled, fill

MEMORY_GOAL_MB = 150
Report = Callable[[str], None]
Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    records: int = 200_000
    starts: int = 5
    connections: tuple[int, ...] = (1, 8)
    rounds: int = 6
    seconds: float = 2.0
    warm_up: float = 1.0
    push_rows: int = 2_000
    pushes: int = 5
    pushes_together: int = 2
    workers: int = 1


FULL = Plan()
QUICK = Plan(
    records=20_000,
    starts=1,
    rounds=2,
    seconds=0.3,
    warm_up=0.1,
    push_rows=500,
    pushes=1,
    pushes_together=1,
)


@dataclass(frozen=True, slots=True)
class Started:
    """How long a start took, in seconds, and the memory of the hub's process then, in MB."""

    seconds: float
    memory: float


async def measure(plan: Plan, folder: Path, report: Report) -> Numbers:
    """Every number of a run, made in a folder that can be thrown away afterwards."""
    log = folder / "servers.log"
    report("first starts")
    first = [await _start(folder / f"new{number}", log) for number in range(plan.starts)]
    data = folder / "filled"
    report(f"filling a database with {plan.records:,} signals")
    began = time.perf_counter()
    async with EmbeddedPostgres(data, report=_silent) as addresses:
        filled = await fill(addresses, plan.records, report)
    filling = time.perf_counter() - began
    report("later starts")
    later = [await _start(data, log) for _ in range(plan.starts)]
    server = EmbeddedPostgres(data, report=_silent)
    async with server as addresses:
        numbers = await _under_load(plan, addresses.app, filled, log, report)
    memory = {"at_start": statistics.median(one.memory for one in (*first, *later))}
    return {
        "postgresql": server.version,
        "fill": {"signals": filled.signals, "seconds": filling},
        "start": {"first": _times(first), "later": _times(later)},
        **numbers,
        "memory": memory | numbers["memory"] | {"goal": MEMORY_GOAL_MB},
    }


def _silent(_: str) -> None:
    """The supervisor's progress is of no interest here."""


def _times(starts: Sequence[Started]) -> Numbers:
    seconds = [one.seconds for one in starts]
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}


async def _start(data: Path, log: Path) -> Started:
    async with hub(log, data=data) as server:
        return Started(server.ready_after, server.memory())


async def _under_load(plan: Plan, dsn: str, filled: Filled, log: Path, report: Report) -> Numbers:
    """Reads and pushes against one hub, with the peer beside it on the same database."""
    statements = await _statements(dsn, filled)
    async with hub(log, dsn=dsn, workers=plan.workers) as served, _peer(dsn, filled, log) as peer:
        before = served.memory()
        visible = await _compare(served, peer, filled)
        reads = await _reads(plan, served, peer, filled, report)
        after_reads = served.memory()
        pushes = await _pushes(plan, served, filled, report)
        kinds_pushed = await _other_kinds(plan, served, filled, report)
        return {
            "visible": visible,
            "reads": {
                name: numbers | {"statements": statements[name]} for name, numbers in reads.items()
            },
            "push": pushes,
            "kinds": kinds_pushed,
            "memory": {
                "before_load": before,
                "after_reads": after_reads,
                "after_pushes": served.memory(),
            },
        }


@asynccontextmanager
async def _peer(dsn: str, filled: Filled, log: Path) -> AsyncIterator[Server]:
    port = free_port()
    environment = {
        "PEER_DSN": dsn,
        "PEER_PORT": str(port),
        "PEER_ASKER": str(filled.asker.organisation),
    }
    async with serving(["tests.benchmarks.by_hand.server"], port, environment, log) as server:
        yield server


# ── Reads ────────────────────────────────────────────────────────────────────────────────────────


async def _compare(served: Server, peer: Server, filled: Filled) -> int:
    """Raises Refused unless both give the same data; tells how many signals the asker can see."""
    visible = 0
    for read in READS:
        body = read.body()
        ours = await _data(served.port, request_of("/graphql", body, filled.tokens[ASKER]))
        theirs = await _data(peer.port, request_of(f"/{read.name}", body))
        if ours != theirs:
            raise Refused(f"{read.name}: the answers differ\n{_difference(ours, theirs)}")
        if read.name == "overview":
            visible = sum(wijk["signals"]["total"] for wijk in ours["wijken"])
    return visible


async def _data(port: int, request: bytes) -> Any:
    connection = await Connection.open(port)
    try:
        status, body = await connection.ask(request)
    finally:
        connection.close()
    answer = orjson.loads(body)
    if status != 200 or "errors" in answer:
        raise Refused(f"{status}: {body[:2000].decode(errors='replace')}")
    return answer["data"]


def _difference(ours: Any, theirs: Any, path: str = "") -> str:
    """The first place where two answers differ, and both values there."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = [(f"{path}.{key}", ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(f"{path}[{n}]", a, b) for n, (a, b) in enumerate(zip(ours, theirs, strict=True))]
    else:
        return f"{path}: {ours!r:.300} | {theirs!r:.300}"
    return next(_difference(a, b, where) for where, a, b in pairs if a != b)


async def _reads(
    plan: Plan, served: Server, peer: Server, filled: Filled, report: Report
) -> Numbers:
    """Per read and number of connections: the hub, the peer, and the ratio of their speeds."""
    asked = {}
    for read in READS:
        body = read.body()
        asked[read.name, "hub"] = served, request_of("/graphql", body, filled.tokens[ASKER])
        asked[read.name, "by_hand"] = peer, request_of(f"/{read.name}", body)
    numbers: Numbers = {read.name: {"about": read.about} for read in READS}
    for connections in plan.connections:
        measured = {slot: Measured() for slot in asked}
        for server, request in asked.values():
            await closed_loop(server.port, request, connections, plan.warm_up, Measured())
        for number, order in enumerate(there_and_back(plan.rounds, list(asked))):
            report(f"reads, {connections} at a time: round {number + 1} of {plan.rounds}")
            for slot in order:
                server, request = asked[slot]
                used = server.cpu()
                await closed_loop(server.port, request, connections, plan.seconds, measured[slot])
                measured[slot].cpu += server.cpu() - used
        for read in READS:
            ours, theirs = measured[read.name, "hub"], measured[read.name, "by_hand"]
            pairs = zip(ours.per_second, theirs.per_second, strict=True)
            numbers[read.name][f"at_{connections}"] = {
                "hub": _told(ours),
                "by_hand": _told(theirs),
                "ratio": statistics.median(a / b for a, b in pairs),
            }
    return numbers


def _told(one: Measured) -> Numbers:
    return {
        "answers": len(one.latencies),
        "per_second": statistics.median(one.per_second),
        "p50_ms": one.quantile(0.5) * 1000,
        "p99_ms": one.quantile(0.99) * 1000,
        "server_cpu_ms": one.cpu / len(one.latencies) * 1000,
        "bytes": one.size,
    }


async def _statements(dsn: str, filled: Filled) -> dict[str, int]:
    """How many statements the hub sends for each read: with BEGIN and COMMIT, not the token's."""
    database = await Database.open(dsn, size=1)
    transport = httpx.ASGITransport(app=create_app(Settings(), database))
    counts = {}
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            for read in READS:
                with _counted() as sent:
                    headers = {"Authorization": f"Bearer {filled.tokens[ASKER]}"}
                    headers["Content-Type"] = "application/json"
                    await client.post("/graphql", content=read.body(), headers=headers)
                counts[read.name] = 2 + len(sent)
    finally:
        await database.close()
    return counts


@contextmanager
def _counted() -> Iterator[list[str]]:
    """The names of the statements that sessions fetch while the context lasts."""
    sent: list[str] = []
    fetch = Session.fetch

    async def counting(session: Session, statement: str, *args: object) -> Any:
        sent.append(statement)
        return await fetch(session, statement, *args)

    with patch.object(Session, "fetch", counting):
        yield sent


# ── Pushes ───────────────────────────────────────────────────────────────────────────────────────


async def _pushes(plan: Plan, served: Server, filled: Filled, report: Report) -> Numbers:
    """Deliveries of new rows and of the same rows again, by one partner and by several at once."""
    report(f"pushes of {plan.push_rows:,} rows")
    alone = await _rounds(plan, served, filled, PUSHERS[:1], range(plan.pushes))
    report(f"pushes of {plan.push_rows:,} rows, {len(PUSHERS)} partners at the same time")
    later = range(plan.pushes, plan.pushes + plan.pushes_together)
    together = await _rounds(plan, served, filled, PUSHERS, later)
    return {"rows": plan.push_rows, "at_1": alone, f"at_{len(PUSHERS)}": together}


async def _rounds(
    plan: Plan, served: Server, filled: Filled, names: Sequence[str], rounds: range
) -> Numbers:
    measured = {"new": Measured(), "unchanged": Measured()}
    for number in rounds:
        rows = {name: push_rows(name, plan.push_rows, number) for name in names}
        for what, one in measured.items():
            requests = [
                request_of(
                    "/graphql",
                    push_body(name, rows[name], f"meting-{number}-{what}"),
                    filled.tokens[name],
                )
                for name in names
            ]
            expected = "CREATED" if what == "new" else "UNCHANGED"
            used, began = served.cpu(), time.perf_counter()
            answers = await asyncio.gather(
                *(_push(served.port, request, expected, plan.push_rows) for request in requests)
            )
            one.per_second.append(len(names) * plan.push_rows / (time.perf_counter() - began))
            one.cpu += served.cpu() - used
            one.latencies += [seconds for seconds, _ in answers]
            one.size = len(requests[0])
    return _told_of_pushes(measured)


def _told_of_pushes(measured: dict[str, Measured]) -> Numbers:
    return {
        what: {
            "pushes": len(one.latencies),
            "rows_per_second": statistics.median(one.per_second),
            "p50_ms": one.quantile(0.5) * 1000,
            "most_ms": max(one.latencies) * 1000,
            "server_cpu_ms": one.cpu / len(one.latencies) * 1000,
            "bytes_sent": one.size,
        }
        for what, one in measured.items()
    }


async def _other_kinds(plan: Plan, served: Server, filled: Filled, report: Report) -> Numbers:
    """Per kind: deliveries of new rows, and of the same rows again, by one partner."""
    numbers: Numbers = {}
    for contribution in kinds.OTHERS:
        name = contribution.kind.name
        report(f"pushes: {name}")
        measured = {"new": Measured(), "unchanged": Measured()}
        for number in range(plan.pushes):
            rows = kinds.rows_of(contribution, plan.push_rows, number)
            known = number > 0 and name == "COUNT"  # a week has no more cells than those
            for what, one in measured.items():
                body = kinds.push_body(contribution, rows, f"{name}-{number}-{what}")
                token = filled.tokens[kinds.sender_of(contribution)]
                outcome = "UNCHANGED" if what == "unchanged" else "UPDATED" if known else "CREATED"
                used = served.cpu()
                request = request_of("/graphql", body, token)
                seconds, _ = await _push(served.port, request, outcome, len(rows))
                one.per_second.append(len(rows) / seconds)
                one.cpu += served.cpu() - used
                one.latencies.append(seconds)
                one.size = len(request)
        numbers[name] = {"rows": len(rows), **_told_of_pushes(measured)}
    return numbers


async def _push(port: int, request: bytes, outcome: str, rows: int) -> tuple[float, Any]:
    """Seconds and receipt of a delivery; raises Refused unless every row had the outcome."""
    sent = time.perf_counter()
    (receipt,) = (await _data(port, request)).values()
    seconds = time.perf_counter() - sent
    if receipt["summary"] != [{"outcome": outcome, "rows": rows}]:
        raise Refused(f"a push of {rows} rows: {receipt!r:.2000}")
    return seconds, receipt
