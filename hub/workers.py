# SPDX-License-Identifier: EUPL-1.2
"""Several processes that answer at one address, and the one that keeps them.

Promises: each worker listens on a socket of its own, from when it can answer until it ends, and the
system divides connections over them; the keeper holds the address, so that nobody else gets it; a
worker that ends unasked is started again, ever more slowly when it ends time after time; SIGTERM of
the keeper lets each worker finish what it has under way; no worker outlives the keeper, also after
kill -9. Workers share nothing but the database and the folder in which they count.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from hub import logs
from hub.app import create_app
from hub.database import ending_with
from hub.http import DRAIN_SECONDS
from hub.loop import run_to_end
from hub.metrics import House, Traffic, forget_worker
from hub.serve import open_database, serve_app, told_to_stop
from hub.settings import Settings

# Seconds.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0
KILL_AFTER = DRAIN_SECONDS + 5.0

# The library of metrics reads it when a worker loads it.
COUNTED_IN = "PROMETHEUS_MULTIPROC_DIR"

log = logging.getLogger(__name__)
# A new interpreter: a fork would take along the event loop and the connections of the keeper.
_processes = get_context("spawn")


@dataclass(slots=True)
class Workers:
    """The workers of a hub: as many as the settings say, on the database at `dsn`, at the address
    of `claimed`, which takes no connections itself any more.

    `folder` is where they count for /metrics, when that was asked for.
    """

    settings: Settings
    dsn: str
    claimed: socket.socket
    house: House
    folder: Path | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[int, SpawnProcess] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep the address for sockets of this user's that say they share it."""
        self.claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self.claimed.shutdown(socket.SHUT_RDWR)

    def _share(self) -> socket.socket:
        """One more socket with the address; it takes connections once it listens."""
        shared = socket.socket(self.claimed.family, socket.SOCK_STREAM)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        shared.bind(self.claimed.getsockname())
        return shared

    async def run(self, on_start: Callable[[], None]) -> None:
        """Keeps the workers until SIGTERM or Ctrl-C; `on_start` is told when the first can
        answer.
        """
        started = asyncio.Event()
        with told_to_stop(lambda _: self._stop.set()):
            async with asyncio.TaskGroup() as group:
                for number in range(1, self.settings.workers + 1):
                    group.create_task(self._keep(number, started))
                telling = group.create_task(_tell(started, on_start))
                await self._stop.wait()
                telling.cancel()
                killing = self._end()
            killing.cancel()

    async def _keep(self, number: int, started: asyncio.Event) -> None:
        """One worker after the other under this number, until the hub stops."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        how: object
        while not self._stop.is_set():
            since = loop.time()
            try:
                how = await self._life(number, started)
            except OSError as error:  # the system has no room for a process
                how = error.strerror
            if self._stop.is_set():
                return
            self.house.worker_died()
            logs.event(log, logging.WARNING, "worker.died", number=number, how=how)
            if loop.time() - since > STEADY_AFTER:
                pause = 0.0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE)

    async def _life(self, number: int, started: asyncio.Event) -> object:
        """One worker from its start to its end: its exit code, or minus the signal that ended
        it.
        """
        worker, ready = self._start(number)
        with ready:
            await _readable(ready.fileno())
            with suppress(EOFError):
                ready.recv_bytes()
                started.set()
        await _readable(worker.sentinel)
        worker.join()
        if self.folder is not None and worker.pid is not None:
            forget_worker(worker.pid, self.folder)
        return worker.exitcode

    def _start(self, number: int) -> tuple[SpawnProcess, Connection]:
        """A new process, and where it tells once that it can answer."""
        if self.folder is not None:
            os.environ[COUNTED_IN] = str(self.folder)
        ready, tell = _processes.Pipe(duplex=False)
        with self._share() as listening, tell:
            worker = _processes.Process(
                target=work,
                args=(number, self.settings, self.dsn, listening, tell, os.getpid()),
                daemon=True,
            )
            # Ctrl-C of a terminal reaches all its processes, but is for the keeper alone.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                worker.start()
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        self._running[number] = worker
        return worker, ready

    def _end(self) -> asyncio.TimerHandle:
        """Asks each worker to finish; those that have not when the timer ends are killed."""
        for worker in self._running.values():
            worker.terminate()
        return asyncio.get_running_loop().call_later(KILL_AFTER, self._kill)

    def _kill(self) -> None:
        for worker in self._running.values():
            worker.kill()


async def _tell(started: asyncio.Event, on_start: Callable[[], None]) -> None:
    await started.wait()
    on_start()


async def _readable(descriptor: int) -> None:
    """Waits until there is something to read, or nothing will ever be."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)


def work(
    number: int,
    settings: Settings,
    dsn: str,
    listening: socket.socket,
    tell: Connection,
    keeper: int,
) -> None:
    """The life of one worker, in a process of its own."""
    ending_with(keeper, signal.SIGKILL)()
    logs.configure(settings.log_format, worker=number)
    try:
        run_to_end(_work(settings, dsn, listening, tell))
    except Exception as error:
        logs.event(log, logging.ERROR, "worker.failed", places=logs.places(error))
        raise SystemExit(1) from None


async def _work(settings: Settings, dsn: str, listening: socket.socket, tell: Connection) -> None:
    traffic = Traffic()
    async with open_database(settings, dsn, watch=traffic.pool) as database:
        app = create_app(settings, database, traffic=traffic)
        await serve_app(app, listening, lambda: tell.send_bytes(b"."))
