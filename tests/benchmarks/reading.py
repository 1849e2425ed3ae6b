# SPDX-License-Identifier: EUPL-1.2
"""Reads: the same answers from all, then how many and how fast, in turns; and what is asked of the
database for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.client import Measured, closed_loop, open_loop, there_and_back
from tests.benchmarks.comparing import check_same, data_of
from tests.benchmarks.contenders import Contender, Field
from tests.benchmarks.plan import Numbers, Plan, Report
from tests.benchmarks.processes import DatabaseServer, Server, at_rest
from tests.benchmarks.wire import tapped
from tests.benchmarks.work import READS
from tests.benchmarks.world import ASKER, Filled

LATENCY_CONNECTIONS = 8
LATENCY_LOAD = 0.5
"""Of what a server answers in a closed loop: it is below saturation."""

WARM_READS, COUNTED_READS = 3, 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One server and the request that it is sent."""

    server: Server
    request: bytes


def requests_of(contenders: Sequence[Contender]) -> dict[tuple[str, str], Asked]:
    """By read and contender."""
    return {
        (read.name, one.name): Asked(one.server, one.request(read.name, read.body(), ASKER))
        for read in READS
        for one in contenders
    }


async def compare(asked: Mapping[tuple[str, str], Asked]) -> int:
    """Raises Refused unless all give the same data; tells how many signals the asker can see."""
    visible = 0
    for read in READS:
        found: dict[str, Any] = {
            name: await data_of(one.server.port, one.request)
            for (which, name), one in asked.items()
            if which == read.name
        }
        check_same(read.name, found)
        if read.name == "overview":
            some = next(iter(found.values()))
            visible = sum(wijk["signals"]["total"] for wijk in some["wijken"])
    return visible


async def rounds(
    plan: Plan,
    asked: Mapping[Any, Asked],
    connections: int,
    database: DatabaseServer,
    report: Report,
) -> dict[Any, Numbers]:
    """What each was measured at, all taking turns, after a warm-up."""
    measured = {slot: Measured() for slot in asked}
    for one in asked.values():
        await closed_loop(one.server.port, one.request, connections, plan.warm_up, Measured())
    for number, order in enumerate(there_and_back(plan.rounds, list(asked))):
        report(f"reads, {connections} at a time: round {number + 1} of {plan.rounds}")
        for slot in order:
            one, into = asked[slot], measured[slot]
            used, used_there = one.server.cpu(), database.cpu()
            await closed_loop(one.server.port, one.request, connections, plan.seconds, into)
            into.cpu += one.server.cpu() - used
            into.database_cpu += database.cpu() - used_there
    return {slot: told(one) for slot, one in measured.items()}


async def latencies(
    plan: Plan, asked: Mapping[Any, Asked], per_second: Mapping[Any, float], report: Report
) -> dict[Any, Numbers]:
    """Latencies at a part of what each can answer: planned at even distances, not when answered.
    The other servers rest meanwhile, for each has work of its own now and then.
    """
    found = {}
    servers = {one.server for one in asked.values()}
    for slot, one in asked.items():
        report(f"latencies: {', '.join(slot)}")
        rate = LATENCY_LOAD * per_second[slot]
        into = Measured()
        with at_rest(servers - {one.server}):
            await open_loop(
                one.server.port, one.request, LATENCY_CONNECTIONS, plan.latency_seconds, rate, into
            )
        found[slot] = {"planned_per_second": rate, **told(into)}
    return found


def told(one: Measured) -> Numbers:
    """What is kept of some runs."""
    answers = len(one.latencies)
    return {
        "answers": answers,
        "per_second": median(one.per_second),
        "rounds": one.per_second,
        "p50_ms": one.quantile(0.5) * 1000,
        "p99_ms": one.quantile(0.99) * 1000,
        "p999_ms": one.quantile(0.999) * 1000,
        "server_cpu_ms": one.cpu / answers * 1000,
        "database_cpu_ms": one.database_cpu / answers * 1000,
        "bytes": one.size,
    }


async def on_the_wire(
    field: Field, dsn: str, socket: Path, filled: Filled, folder: Path
) -> dict[tuple[str, str], Numbers]:
    """By read and contender: statements and round trips of one read, once everything is prepared:
    the least of several, for a server has other things to do as well.
    """
    found = {}
    async with (
        tapped(socket, folder) as wire,
        field.started(dsn.replace(str(socket), str(folder)), filled, folder) as contenders,
    ):
        for slot, one in requests_of(contenders).items():
            counts = []
            for _ in range(WARM_READS + COUNTED_READS):
                wire.forget()
                await data_of(one.server.port, one.request)
                counts.append((wire.statements, wire.trips))
            statements, trips = min(counts[WARM_READS:])
            found[slot] = {"statements": statements, "trips": trips}
    return found
