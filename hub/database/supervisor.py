# SPDX-License-Identifier: EUPL-1.2
"""Starts, watches and stops the embedded PostgreSQL."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from hub.database.binaries import COPIES, Binaries, copy_for_everyone, find_binaries
from hub.database.errors import (
    BinariesUnusable,
    EmbeddedError,
    Language,
    ServerFailed,
    ServerStillRunning,
    UnsupportedSystem,
    WrongMajorVersion,
)
from hub.database.folder import Account, DataFolder, within_reach
from hub.database.processes import run, spawn
from hub.database.progress import Progress, log_progress

OLDEST_MAJOR = 15
ROLES = ("postgres", "hub_owner", "hub_app")

# Seconds.
POLL = 0.02
REPORT_EVERY = 2.0
LEFTOVER_LIMIT = 60.0
STOP_LIMIT = 20.0
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0

CONNECTIONS = 50

# On the command line, so that neither a file nor ALTER SYSTEM changes them.
SETTINGS = {
    "cluster_name": "wijk-hub",
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "jit": "off",
    # What a read leaves in the ledger is on the disk within three times this (sql/session.py).
    "wal_writer_delay": "20ms",
    # One call instead of an fsync per file: a restart after a crash is three times faster.
    "recovery_init_sync_method": "syncfs",
    # The log has the server's own life (start, recovery, a crash) and nothing that people sent.
    # Messages of level ERROR quote values ("invalid input syntax: ..."), so only LOG and graver
    # are kept; their details quote statements ("Failed process was running: ..."), hence terse.
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

# For psql. \\gexec runs what the query answers: PostgreSQL has no "create database if not exists".
DATABASE = r"""
select 'create database hub owner hub_owner'
where not exists (select from pg_database where datname = 'hub') \gexec
revoke all on database hub, postgres, template1 from public;
grant connect on database hub to hub_app;
\connect hub
revoke all on schema public from public;
"""


@dataclass(frozen=True, slots=True)
class Addresses:
    """How to reach the database `hub`, as asyncpg and libpq take it, and the socket's folder."""

    owner: str
    app: str
    superuser: str
    socket: Path


class EmbeddedPostgres:
    """A PostgreSQL of the hub's own in the folder `data`; a context manager gives its Addresses.

    It listens on a socket that only the hub's user (and the server's) can reach, survives its own
    crashes, and ends with the hub. `report` is told of progress in `language`. `durable=False` is
    for clusters that are thrown away: faster, and lost when the machine stops. It takes as many
    `connections` at the same moment, those of the administrator included.
    """

    def __init__(
        self,
        data: Path,
        *,
        bindir: Path | None = None,
        report: Callable[[str], None] = log_progress,
        durable: bool = True,
        language: Language = "nl",
        copies: Path = COPIES,
        connections: int = CONNECTIONS,
    ) -> None:
        self.version = ""
        self._folder = DataFolder(data)
        self._bindir = bindir
        self._copies = copies
        self._connections = connections
        self._progress = Progress(report, language)
        self._durable = durable
        self._ready = False
        self._server: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """True while the server answers; False before, after, and while it is being restarted."""
        return self._ready

    async def __aenter__(self) -> Addresses:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> Addresses:
        """Starts the server, the first time on a new cluster, and answers when it can be used.

        Recovery takes as long as it takes. Raises EmbeddedError; nothing is left running then.
        """
        if sys.platform != "linux":
            raise UnsupportedSystem(system=sys.platform)
        self._folder.open()
        try:
            await self._prepare()
            await self._launch()
            await self._psql("postgres", _roles() + DATABASE)
        except BaseException:
            await self.stop()
            raise
        self._ready = True
        self._watch = asyncio.create_task(self._keep_alive())
        return self._addresses()

    async def stop(self) -> None:
        """Ends the server; what was committed is on disk. Harmless when it was not started."""
        self._ready = False
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        await self._end_server()
        self._folder.close()

    async def begin_anew(self) -> None:
        """Drops the database `hub` with all that is in it, and makes an empty one."""
        await self._psql("postgres", "drop database if exists hub with (force);")
        await self._psql("postgres", _roles() + DATABASE)

    # Before the server runs

    async def _prepare(self) -> None:
        self._account = self._folder.account()
        self._binaries = await self._runnable(find_binaries(self._bindir))
        major = int(self.version.split(".")[0])
        found = self._folder.major()
        if found is not None and found != major:
            raise WrongMajorVersion(folder=self._folder.path, data=found, binaries=self.version)
        self._progress.tell(
            "using", version=self.version, source=self._binaries.source, folder=self._folder.path
        )
        if found is None:
            self._progress.tell("creating")
            await self._create_cluster()
        self._folder.allow_users(self._account, ROLES)
        self._socket = self._folder.socket_folder(self._account)

    async def _runnable(self, found: Binaries) -> Binaries:
        """What was found, or a copy of it when the server's user cannot run it where it is."""
        answer = await self._version_of(found)
        if answer is None and self._account.drop:
            try:
                found = copy_for_everyone(found, self._copies)
            except OSError as error:
                raise BinariesUnusable(bindir=found.bindir, reason=error) from error
            answer = await self._version_of(found)
        if answer is None or int(answer.split(".")[0]) < OLDEST_MAJOR:
            raise BinariesUnusable(bindir=found.bindir, reason=answer or "postgres --version")
        self.version = answer
        return found

    async def _version_of(self, found: Binaries) -> str | None:
        for name in ("initdb", "postgres"):
            try:
                code, output, _ = await run([found.program(name), "--version"], self._account)
            except OSError:
                return None
            if code != 0:
                return None
        # "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", or 19beta1 for the number.
        digits = output.split(")", 1)[1].split()[0]
        return "".join(c for c in digits if c.isdigit() or c == ".")

    async def _create_cluster(self) -> None:
        folder = self._folder.begin_cluster(self._account)
        with within_reach(folder, self._account) as (path, descriptors):
            command = [self._binaries.program("initdb"), "--pgdata", path, "--username=postgres"]
            command += ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
            command += ["--auth-local=peer", "--auth-host=reject", "--no-instructions"]
            command += [] if self._durable else ["--no-sync"]
            code, _, messages = await run(command, self._account, pass_fds=descriptors)
        if code != 0:
            raise self._failed("initdb", messages)
        self._folder.finish_cluster()

    # The server

    async def _launch(self) -> None:
        """Starts the server and waits until it answers. Raises EmbeddedError or OSError."""
        await self._await_leftovers()
        self._folder.renew_socket_folder(self._socket, self._account)
        self._folder.remove_stale_sockets(self._socket)
        log = self._folder.open_log()
        self._log_from = os.fstat(log).st_size
        try:
            with within_reach(self._folder.cluster, self._account) as (path, descriptors):
                self._server = await spawn(
                    [self._binaries.program("postgres"), "-D", path, *self._settings()],
                    self._account,
                    stdout=log,
                    stderr=log,
                    pass_fds=descriptors,
                    environment=self._see_through_stale_number(),
                    # Immediate shutdown, safe for what was committed. A fast one (SIGINT) hangs
                    # in PostgreSQL 18 when it comes during recovery from a crash.
                    farewell=signal.SIGQUIT,
                )
        finally:
            os.close(log)
        await self._until_it_answers(self._server)

    def _settings(self) -> list[str]:
        # PostgreSQL works inside its folder, so a socket there needs no path.
        inside = self._socket == self._folder.cluster
        socket = {"unix_socket_directories": "." if inside else str(self._socket)}
        room = {"max_connections": str(self._connections)}
        settings = {**SETTINGS, **room, **(DURABLE if self._durable else THROW_AWAY), **socket}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _see_through_stale_number(self) -> dict[str, str]:
        """No server of this cluster lives, so a process with the number in postmaster.pid is
        another program or a zombie. PostgreSQL ignores the number that it is told to be its
        grandparent's, and still looks whether the old server's memory is in use.
        """
        number = self._folder.recorded_server()
        return {"PG_GRANDPARENT_PID": number} if number else {}

    async def _await_leftovers(self) -> None:
        """Waits for the server of a hub that was killed: it is ending. Raises
        ServerStillRunning after a minute.
        """
        waited = self._progress.every(REPORT_EVERY)
        while processes := self._folder.server_processes():
            if waited.tell("leftover", pid=processes[0]) > LEFTOVER_LIMIT:
                raise ServerStillRunning(folder=self._folder.path, pid=processes[0])
            await asyncio.sleep(POLL)

    async def _until_it_answers(self, server: Process) -> None:
        waited = self._progress.every(REPORT_EVERY)
        while server.returncode is None:
            with suppress(ServerFailed):
                await self._psql("postgres", "select 1;")
                return
            waited.tell("starting")
            await asyncio.sleep(POLL)
        raise self._failed("postgres", self._log_since_launch())

    async def _psql(self, database: str, text: str) -> None:
        command = [self._binaries.program("psql"), "-X", "-q", "-w", "-o", os.devnull]
        command += ["-v", "ON_ERROR_STOP=1", "-h", str(self._socket), "-p", "5432"]
        command += ["-U", "postgres", "-d", database, "-f", "-"]
        code, _, messages = await run(command, self._ourselves(), text=text)
        if code != 0:
            raise self._failed("psql", messages)

    def _ourselves(self) -> Account:
        return Account(self._account.name, os.geteuid(), os.getegid(), drop=False)

    async def _end_server(self) -> None:
        """A fast shutdown, which writes everything out; where that hangs an immediate one."""
        if self._server is None:
            return
        server, self._server = self._server, None
        for how in (signal.SIGINT, signal.SIGQUIT):
            if server.returncode is None:
                with suppress(ProcessLookupError):
                    server.send_signal(how)
                with suppress(TimeoutError):
                    await asyncio.wait_for(server.wait(), STOP_LIMIT)

    # Afterwards

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        pause = 0.0
        while self._server is not None:
            since = loop.time()
            await self._server.wait()
            self._ready = False
            self._progress.tell("died")
            if loop.time() - since > STEADY_AFTER:
                pause = 0.0
            pause = await self._restart(pause)
            self._ready = True
            self._progress.tell("back")

    async def _restart(self, pause: float) -> float:
        """Tries until the server answers, ever more slowly; answers the pause it came to."""
        while True:
            await asyncio.sleep(pause)
            pause = min(max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE)
            try:
                await self._launch()
            except EmbeddedError as error:
                self._progress.tell_error(error)
            except OSError as error:
                self._progress.tell("retrying", reason=error.strerror)
            else:
                return pause

    def _addresses(self) -> Addresses:
        return _addresses_at(self._socket)

    def _log_since_launch(self) -> str:
        with self._folder.log.open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode(errors="replace")

    def _failed(self, program: str, output: str) -> ServerFailed:
        last = " / ".join(output.strip().splitlines()[-3:])
        return ServerFailed(program=program, output=last or "-", log=self._folder.log)


def addresses_of_running(data: Path) -> Addresses:
    """The addresses of the server that another hub runs in a data folder."""
    return _addresses_at(DataFolder(data).socket_in_use())


def _addresses_at(socket: Path) -> Addresses:
    where = f"/hub?host={quote(str(socket), safe='/')}&port=5432"
    postgres, owner, app = (f"postgresql://{role}@{where}" for role in ROLES)
    return Addresses(owner=owner, app=app, superuser=postgres, socket=socket)


def _roles() -> str:
    return files("sql").joinpath("roles.sql").read_text(encoding="utf-8")
