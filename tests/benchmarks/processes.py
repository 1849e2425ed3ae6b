# SPDX-License-Identifier: EUPL-1.2
"""Servers as processes of their own: started, waited for, looked at from outside, ended; and the
database's processes, looked at.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.settings import Settings
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

    def proportional(self) -> float:
        """The same, where what is shared with other processes counts in parts."""
        return sum(_told_mb(pid, "smaps_rollup", "Pss") for pid in self._all())

    def most_memory(self) -> float:
        """The largest that `memory` ever was, of each process by itself."""
        return sum(_told_mb(pid, "status", "VmHWM") for pid in self._all())

    def cpu(self) -> float:
        """Seconds of processor time that the process and its workers have used."""
        return sum(_ticks(pid) for pid in self._all()) / TICK

    def runs(self) -> bool:
        """Whether the process is still there, and did not end."""
        try:
            return _proc(self.pid, "stat").rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def _all(self) -> list[int]:
        workers = [pid for pid in _children(self.pid) if "multiprocessing" in _proc(pid, "cmdline")]
        return [self.pid, *workers]

    def tell(self, signal_: signal.Signals) -> None:
        """Sends a signal to the process and its workers."""
        for pid in self._all():
            os.kill(pid, signal_)


@contextmanager
def at_rest(servers: Iterable[Server]) -> Iterator[None]:
    """Servers that use no processor until the context ends; whoever asks them waits."""
    stopped = list(servers)
    try:
        for each in stopped:
            each.tell(signal.SIGSTOP)
        yield
    finally:
        for each in stopped:
            each.tell(signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """PostgreSQL on this machine, by the process that keeps the others."""

    pid: int

    @classmethod
    def in_folder(cls, data: Path) -> Self:
        """The one that runs in a folder."""
        return cls(int((data / "postmaster.pid").read_text().split()[0]))

    def cpu(self) -> float:
        """Seconds of processor time that its processes have used, those that ended included."""
        return (_ticks(self.pid, ended=True) + sum(map(_ticks, _children(self.pid)))) / TICK


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def _told_mb(pid: int, name: str, line: str) -> float:
    """What a line of a file in /proc says in kB, in MB (10⁶ bytes)."""
    _, _, rest = _proc(pid, name).partition(f"\n{line}:")
    return int(rest.split()[0]) * 1024 / 1_000_000


def _children(pid: int) -> list[int]:
    return [int(child) for child in _proc(pid, f"task/{pid}/children").split()]


def _ticks(pid: int, *, ended: bool = False) -> int:
    """Of a process, with its children that `ended`; none of a process that is gone."""
    try:
        fields = _proc(pid, "stat").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, fields[11 : 15 if ended else 13]))


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def serving(
    command: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> AsyncIterator[Server]:
    """A server until the context ends, from its first 200 on /ready. It speaks to `log`."""
    with log.open("ab") as out:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, stdout=out, stderr=out, env={**os.environ, **environment}
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
            raise RuntimeError(f"the server ended: {tail(log)}")
        with suppress(OSError, asyncio.IncompleteReadError):
            connection = await Connection.open(port)
            try:
                if (await connection.ask(READY))[0] == 200:
                    return
            finally:
                connection.close()
        await asyncio.sleep(0.005)
    raise TimeoutError(f"not ready after {READY_LIMIT:.0f} s: {tail(log)}")


def tail(log: Path) -> str:
    """The end of what a server said."""
    return log.read_text(errors="replace")[-2000:]


def python(module: str, *arguments: str) -> list[str]:
    """What starts a module."""
    return [sys.executable, "-m", module, *arguments]


@asynccontextmanager
async def hub(
    log: Path,
    *,
    data: Path | None = None,
    dsn: str | None = None,
    workers: int = 1,
    command: Sequence[str] = (*python("hub"), "serve"),
) -> AsyncIterator[Server]:
    """`hub serve`, on an embedded database in `data` or on `dsn`. Of its limits those per
    organisation and of time are lifted: one asker stands for many, on a machine that may be busy.
    """
    port = free_port()
    environment = {
        "HUB_PORT": str(port),
        "HUB_HOST": HOST,
        "HUB_WORKERS": str(workers),
        "HUB_DATA": str(data or ""),
        "DATABASE_URL": dsn or "",
        "HUB_LIMIT_RATE_BURST": str(10**12),
        "HUB_LIMIT_RATE_PER_SECOND": str(10**12),
        "HUB_LIMIT_ORGANISATION_CONCURRENCY": str(Settings().pool_size),
        "HUB_LIMIT_ORGANISATION_WAITING": "64",
        "HUB_LIMIT_OPERATION_SECONDS": "60",
        "HUB_ACQUIRE_SECONDS": "60",
    }
    async with serving(command, port, environment, log) as server:
        yield server
