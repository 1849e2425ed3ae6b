# SPDX-License-Identifier: EUPL-1.2
"""PostgreSQL's own programs for a backup: pg_dump, pg_restore and psql, on a database that runs.

A password goes to them by their environment, never on a command line. What they say when they fail
is told by its first line of an error, without details, which may quote values.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from hub.database.binaries import Binaries, candidates
from hub.database.folder import Account
from hub.database.processes import spawn
from sql.errors import Refusal

PROGRAMS = ("pg_dump", "pg_restore", "psql")
PIECE = 1 << 16
BACKUP_ON = "-c hub.backup=on"
"""By which hub_owner reads every row (the policies `backup`)."""

# In the head of a dump's script: the schema, which is made before with what the roles are lent in
# it, and a setting that servers older than 17 do not know.
_SCHEMA, _NEW_SETTING = b"\nCREATE SCHEMA hub;\n", b"\nSET transaction_timeout = 0;\n"
_COPY = re.compile(rb"COPY hub\.(\w+) \(")


@dataclass(frozen=True, slots=True)
class Address:
    """A database as PostgreSQL's programs take it: without its password, which goes to their
    environment.
    """

    dsn: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, dsn: str) -> Address:
        """The address that a URL names; what else the environment says of PostgreSQL (PGPASSFILE,
        certificates) goes along.
        """
        parts = urlsplit(dsn)
        user, _, host = parts.netloc.rpartition("@")
        name, _, password = user.partition(":")
        options = dict(parse_qsl(parts.query))
        password = options.pop("password", unquote(password))
        plain = parts._replace(netloc=f"{name}@{host}", query=urlencode(options))
        environment = {key: value for key, value in os.environ.items() if key.startswith("PG")}
        if password:
            environment["PGPASSWORD"] = password
        return cls(urlunsplit(plain), environment)


@dataclass(frozen=True, slots=True)
class Client:
    """The programs of one folder, new enough for a server."""

    binaries: Binaries

    @classmethod
    def for_server(cls, major: int, bindir: Path | None) -> Client:
        """The programs of the server's own major version, else the newest that are not older than
        it.

        They are looked for where those of the embedded database are. Refuses (BACKUP_PROGRAMS) when
        there are none.
        """
        found = {
            version: candidate
            for candidate in reversed(list(candidates(bindir, "pg_dump")))
            if (version := _version(candidate)) is not None and version >= major
        }
        if not found:
            raise Refusal("BACKUP_PROGRAMS", major=major)
        return cls(found.get(major) or found[max(found)])

    async def dump(self, address: Address, snapshot: str, into: IO[bytes]) -> None:
        """Writes the schema `hub` of a snapshot, every row of it, in pg_dump's own format."""
        options = ["--format=custom", "--schema=hub", "--enable-row-security", "--encoding=UTF8"]
        options += [f"--snapshot={snapshot}", "--lock-wait-timeout=10000", "--no-password"]
        environment = {**address.environment, "PGOPTIONS": BACKUP_ON}
        command = ["pg_dump", *options, f"--dbname={address.dsn}"]
        async with self._running(command, environment) as dumping:
            while piece := await dumping.process.stdout.read(PIECE):  # type: ignore[union-attr]
                into.write(piece)
            await dumping.ended_well()

    async def rows_of(self, dump: Iterable[bytes]) -> dict[str, int]:
        """How many rows a dump holds of each table, found by reading all of it."""
        rows: dict[str, int] = {}
        table: str | None = None
        async with self._running(["pg_restore", "--data-only", "--file=-"]) as reading:
            feeding = reading.fed_with(dump)
            async for line in reading.lines():
                if table is None:
                    if copy := _COPY.match(line):
                        table = copy[1].decode()
                        rows[table] = 0
                elif line == b"\\.":
                    table = None
                else:
                    rows[table] += 1
            await feeding
            await reading.ended_well()
        return rows

    async def load(self, address: Address, before: str, dump: Iterable[bytes], after: str) -> None:
        """Runs a script: `before`, what a dump has, `after`. The script itself commits, so that
        whatever ends it early, be it a damaged file or a killed hub, leaves the database as it was.
        """
        psql = ["psql", "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"]
        psql += ["-d", address.dsn, "-f", "-"]
        async with (
            self._running(psql, address.environment) as loading,
            self._running(["pg_restore", "--file=-"]) as reading,
        ):
            feeding = reading.fed_with(dump)
            answers = asyncio.create_task(loading.nothing())
            with suppress(BrokenPipeError, ConnectionResetError):  # psql ended; it says why below
                await loading.write(before.encode())
                async for piece in reading.script():
                    await loading.write(piece)
                await feeding
                await reading.ended_well()
                await loading.write(after.encode())
            loading.end_of_input()
            await answers
            await loading.ended_well()

    @asynccontextmanager
    async def _running(
        self, command: list[str], environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[_Program]:
        program, *arguments = command
        process = await spawn(
            [self.binaries.program(program), *arguments],
            Account("", os.geteuid(), os.getegid(), drop=False),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            environment=environment,
        )
        running = _Program(program, process)
        try:
            yield running
        finally:
            await running.end()


class _Program:
    """A program of PostgreSQL's that runs, with its three streams."""

    def __init__(self, name: str, process: Process) -> None:
        self.process = process
        self._name = name
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        self._messages = asyncio.create_task(process.stderr.read())
        self._feeding: asyncio.Task[None] | None = None

    async def write(self, piece: bytes) -> None:
        """Hands on a piece of input, as fast as it is taken.

        Raises BrokenPipeError or ConnectionResetError when it takes no more.
        """
        stdin = self.process.stdin
        assert stdin is not None  # noqa: S101
        if stdin.is_closing():  # uvloop has another error for it
            raise BrokenPipeError
        stdin.write(piece)
        await stdin.drain()

    def end_of_input(self) -> None:
        """Says that there is no more."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def fed_with(self, pieces: Iterable[bytes]) -> asyncio.Task[None]:
        """Begins to hand on all input. Who awaits it hears what went wrong with the pieces."""
        self._feeding = asyncio.create_task(self._feed(pieces))
        return self._feeding

    async def _feed(self, pieces: Iterable[bytes]) -> None:
        # a program that ends before it has taken all says why itself
        try:
            for piece in pieces:
                await self.write(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.end_of_input()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its output."""
        assert self.process.stdout is not None  # noqa: S101
        while piece := await self.process.stdout.read(PIECE):
            yield piece

    async def nothing(self) -> None:
        """Takes its output, so that it never waits, and keeps none."""
        async for _ in self.pieces():
            pass

    async def lines(self) -> AsyncIterator[bytes]:
        """Its output by line, of any length, without the line ends."""
        rest = b""
        async for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line
        if rest:
            yield rest

    async def script(self) -> AsyncIterator[bytes]:
        """Its output, without the statements in its head that a restore has made already."""
        head, found = b"", b""
        async for piece in self.pieces():
            if found:
                yield piece
                continue
            settings, found, rest = (head + piece).partition(_SCHEMA)
            if found:
                yield settings.replace(_NEW_SETTING, b"\n") + b"\n" + rest
            head = settings

    async def ended_well(self) -> None:
        """Waits for its end; refuses (BACKUP_PROGRAM_FAILED) another one than a good one."""
        code = await self.process.wait()
        messages = (await self._messages).decode(errors="replace")
        if code != 0:
            said = next(_errors(messages), f"exit code {code}")
            raise Refusal("BACKUP_PROGRAM_FAILED", program=self._name, said=said)

    async def end(self) -> None:
        """Ends it, when it has not ended yet."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()
        # asyncio sees its end when every stream has ended, so what nobody reads any more is taken
        waited = [self.nothing(), self.process.wait(), self._messages]
        await asyncio.gather(*waited, *filter(None, [self._feeding]), return_exceptions=True)


def _errors(messages: str) -> Iterator[str]:
    for line in messages.splitlines():
        if found := re.search(r"(?:error|ERROR|FATAL): +(.+)", line):
            yield found[1].strip()


def _version(binaries: Binaries) -> int | None:
    """The major version of the programs in a folder; None where one lacks or does not run."""
    if not all(os.access(binaries.bindir / name, os.X_OK) for name in PROGRAMS):
        return None
    command = [binaries.program("pg_dump"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else None
