# SPDX-License-Identifier: EUPL-1.2
"""The measuring itself: start-up, reads and pushes beside others, memory; gives plain numbers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from hub.database import Addresses, EmbeddedPostgres
from tests.benchmarks import pushing, reading, sharing
from tests.benchmarks.contenders import HUB, POOL, SETTINGS, Contender, Field
from tests.benchmarks.plan import Numbers, Plan, Report
from tests.benchmarks.processes import DatabaseServer, hub
from tests.benchmarks.work import PUSHERS, READS
from tests.benchmarks.world import Filled, fill

MEMORY_GOAL_MB = 150
LOADED_GOAL_MB = 250
CONNECTIONS = 100
"""For all servers at the same time."""


@dataclass(frozen=True, slots=True)
class Started:
    """How long a start took, in seconds, and the memory of the hub's process then, in MB."""

    seconds: float
    memory: float


async def measure(plan: Plan, folder: Path, report: Report) -> Numbers:
    """Every number of a run, made in a folder that can be thrown away afterwards."""
    field = Field.gathered(plan.peers)
    for name, why in field.skipped.items():
        report(f"{name} is skipped: {why}")
    numbers: Numbers = {
        "contenders": {name: SETTINGS[name] for name in field.names},
        "connections_of_each": POOL,
        "skipped": dict(field.skipped),
        "peer_versions": field.peers.versions if field.peers else {},
    }
    data = folder / "filled"
    report(f"filling a database with {plan.records:,} signals")
    began = time.perf_counter()
    async with EmbeddedPostgres(data, report=_silent) as addresses:
        filled = await fill(addresses, plan.records, report)
    numbers["fill"] = {"signals": filled.signals, "seconds": time.perf_counter() - began}
    if "starts" in plan.parts:
        numbers |= await _starts(plan, folder, data, report)
    server = EmbeddedPostgres(data, report=_silent, connections=CONNECTIONS)
    async with server as addresses:
        numbers["postgresql"] = server.version
        loaded = _Loaded(plan, field, folder, addresses, data, filled, report)
        return await loaded.measured(numbers)


def _silent(_: str) -> None:
    """The supervisor's progress is of no interest here."""


async def _starts(plan: Plan, folder: Path, data: Path, report: Report) -> Numbers:
    report("starts")
    log = folder / "starts.log"
    first = [await _start(folder / f"new{number}", log) for number in range(plan.starts)]
    later = [await _start(data, log) for _ in range(plan.starts)]
    memory = statistics.median(one.memory for one in (*first, *later))
    return {"start": {"first": _times(first), "later": _times(later), "memory": memory}}


async def _start(data: Path, log: Path) -> Started:
    async with hub(log, data=data) as server:
        return Started(server.ready_after, server.memory())


def _times(starts: Sequence[Started]) -> Numbers:
    seconds = [one.seconds for one in starts]
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The filled database, and everybody over it."""

    plan: Plan
    field: Field
    folder: Path
    addresses: Addresses
    data: Path
    filled: Filled
    report: Report

    async def measured(self, numbers: Numbers) -> Numbers:
        """The numbers with those of the parts that are asked for."""
        plan, parts = self.plan, self.plan.parts
        wire = await self._wire() if "reads" in parts else {}
        async with self.field.started(
            self.addresses.app, self.filled, self.folder, workers=plan.workers
        ) as contenders:
            memory = {one.name: {"before": one.server.memory()} for one in contenders}
            if "reads" in parts or "latency" in parts:
                numbers |= await self._reads(contenders, wire)
                _note(memory, contenders, "after_reads")
            if "shares" in parts:
                numbers["shares"] = await sharing.measure(
                    plan, contenders[0], self.filled, self._database(), self.report
                )
            if "pushes" in parts:
                numbers["push"] = await self._pushes(contenders)
            if "kinds" in parts:
                numbers["kinds"] = await pushing.other_kinds(
                    plan, contenders[0].server, self.filled, self.report
                )
            _note(memory, contenders, "at_end")
            return numbers | {"memory": memory}

    def _database(self) -> DatabaseServer:
        return DatabaseServer.in_folder(self.data / "pgdata")

    async def _wire(self) -> dict[tuple[str, str], Numbers]:
        self.report("statements and round trips")
        folder = self.folder / "wire"
        folder.mkdir()
        return await reading.on_the_wire(
            self.field, self.addresses.app, self.addresses.socket, self.filled, folder
        )

    async def _reads(
        self, contenders: Sequence[Contender], wire: dict[tuple[str, str], Numbers]
    ) -> Numbers:
        asked = reading.requests_of(contenders)
        self.report("comparing answers")
        visible = await reading.compare(asked)
        database = self._database()
        reads: Numbers = {read.name: {"about": read.about} for read in READS}
        per_second = {}
        for connections in self.plan.connections:
            found = await reading.rounds(self.plan, asked, connections, database, self.report)
            for (read, name), told in found.items():
                reads[read].setdefault(f"at_{connections}", {})[name] = told
            if connections == reading.LATENCY_CONNECTIONS:
                per_second = {slot: told["per_second"] for slot, told in found.items()}
        for (read, name), counted in wire.items():
            reads[read].setdefault("wire", {})[name] = counted
        if "latency" in self.plan.parts:
            await self._cleared_away()
            latencies = await reading.latencies(self.plan, asked, per_second, self.report)
            for (read, name), told in latencies.items():
                reads[read].setdefault("open", {})[name] = told
        return {"visible": visible, "reads": reads}

    async def _cleared_away(self) -> None:
        """What the full load left for the database to clear away is no part of half the load."""
        self.report("clearing away what the full load left")
        root = await asyncpg.connect(self.addresses.superuser)
        try:
            await root.execute("vacuum (analyze)")
            await root.execute("checkpoint")
        finally:
            await root.close()

    async def _pushes(self, contenders: Sequence[Contender]) -> Numbers:
        plan, database = self.plan, self._database()
        self.report("comparing pushes")
        await pushing.compare(contenders, self.addresses.superuser)
        sizes = {plan.small_push_rows: plan.small_pushes, plan.push_rows: plan.pushes}
        found: Numbers = {}
        for rows, count in sizes.items():
            self.report(f"pushes of {rows:,} rows")
            found[str(rows)] = await pushing.rounds(contenders, rows, count, database)
        self.report(f"pushes of {plan.push_rows:,} rows, {len(PUSHERS)} at the same time")
        together = await pushing.together(plan, contenders[0].server, self.filled)
        return {
            "rows": found,
            "together": {"partners": len(PUSHERS), "rows": plan.push_rows, HUB: together},
        }


def _note(memory: Numbers, contenders: Sequence[Contender], when: str) -> None:
    for one in contenders:
        memory[one.name][when] = one.server.memory()
