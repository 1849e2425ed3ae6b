# SPDX-License-Identifier: EUPL-1.2
"""Servers as processes of their own: started, waited for, looked at from outside, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.client import HOST, Connection, request_of

READY = request_of("/ready")
READY_LIMIT = 120.0
TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """A process that answers on a port, by itself or with workers; `ready_after`: seconds from its
    start to 200 on /ready.
    """

    pid: int
    port: int
    ready_after: float

    def memory(self) -> float:
        """Resident memory of the process and its workers, in MB (10⁶ bytes)."""
        return sum(int(_proc(pid, "statm").split()[1]) for pid in self._all()) * PAGE_MB

    def cpu(self) -> float:
        """Seconds of processor time that the process and its workers have used."""
        fields = [_proc(pid, "stat").rpartition(")")[2].split() for pid in self._all()]
        return sum(int(one[11]) + int(one[12]) for one in fields) / TICK

    def _all(self) -> list[int]:
        children = [int(pid) for pid in _proc(self.pid, f"task/{self.pid}/children").split()]
        return [self.pid, *(pid for pid in children if "multiprocessing" in _proc(pid, "cmdline"))]


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def serving(
    module: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> AsyncIterator[Server]:
    """`python -m …` until the context ends, from its first 200 on /ready. It speaks to `log`."""
    with log.open("ab") as out:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, stdout=out, stderr=out, env={**os.environ, **environment}
        )
    try:
        await _until_ready(process, port, began, log)
        yield Server(process.pid, port, time.perf_counter() - began)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _until_ready(
    process: asyncio.subprocess.Process, port: int, began: float, log: Path
) -> None:
    while time.perf_counter() - began < READY_LIMIT:
        if process.returncode is not None:
            raise RuntimeError(f"the server ended: {_tail(log)}")
        with suppress(OSError, asyncio.IncompleteReadError):
            connection = await Connection.open(port)
            try:
                if (await connection.ask(READY))[0] == 200:
                    return
            finally:
                connection.close()
        await asyncio.sleep(0.005)
    raise TimeoutError(f"not ready after {READY_LIMIT:.0f} s: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


@asynccontextmanager
async def hub(
    log: Path, *, data: Path | None = None, dsn: str | None = None, workers: int = 1
) -> AsyncIterator[Server]:
    """`hub serve`, on an embedded database in `data` or on `dsn`; every limit but the rate."""
    port = free_port()
    environment = {
        "HUB_PORT": str(port),
        "HUB_HOST": HOST,
        "HUB_WORKERS": str(workers),
        "HUB_DATA": str(data or ""),
        "DATABASE_URL": dsn or "",
        "HUB_LIMIT_RATE_BURST": str(10**12),
        "HUB_LIMIT_RATE_PER_SECOND": str(10**12),
    }
    async with serving(["hub", "serve"], port, environment, log) as server:
        yield server
