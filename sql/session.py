# SPDX-License-Identifier: EUPL-1.2
"""One transaction per operation: identity in, named statements out.

The identity is set inside the transaction and ends with it, so a connection never remembers who
used it last. A session runs one statement at a time (concurrent loaders wait for each other), makes
its own savepoints, and tallies the records of others that it hands out, so that the read ledger is
written in the same transaction and cannot be forgotten. It begins with its first statement; where
that is foreseen to be the only one, identity, statement and ledger are one trip (sql/at_once.py).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import date, datetime
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg

from sql.at_once import SETTINGS, at_once
from sql.errors import FROM_DRIVER, Ended, Unavailable, translated
from sql.principal import Principal
from sql.reference import OF_ANY_MOMENT, Kept, Reference, load
from sql.statements import statements

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[Record] | PoolConnectionProxy[Record]"

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Row: TypeAlias = "asyncpg.Record | Mapping[str, Any]"

# Gives a connection for as long as it is wanted.
Connect: TypeAlias = "Callable[[], AbstractAsyncContextManager[Connection]]"

# Told how many connections are in use, and how many are waited for.
Watch: TypeAlias = Callable[[int, int], None]

# Kind of record, owner, agreement, and what the agreement hides.
ReadKey = tuple[str, UUID, UUID, tuple[str, ...]]

_TALLIED = itemgetter("agreement", "owner", "hidden", "id")

# The role's own statement_timeout is 5 s: who is silent for longer is away.
CALL_SECONDS = 6.0

# Who works as the owner, or in an operation that may take longer, has no such limit.
COMMAND_SECONDS = 30.0

# A revocation is seen within a second: who read for longer than this looks again before it answers.
LOOK_AGAIN_SECONDS = 0.5

_BEGIN_READ = "begin isolation level repeatable read"
_BEGIN_WRITE = "begin isolation level read committed"


class Session:
    """One transaction of one asker, which its first statement begins. Made by `Database`, kept no
    longer than its operation.
    """

    def __init__(
        self,
        connect: Connect,
        begin: str,
        operation: str,
        settings: tuple[str, ...] | None = None,
    ) -> None:
        """`connect` gives a connection, on which `begin` begins; `settings` say who asks, where
        somebody does, and how a read commits (SETTINGS).
        """
        self._connect = connect
        self._begin = begin
        self._operation = operation
        self._settings = settings
        self.kept: Kept = {}
        """Reference rows of the asker's gemeente."""
        self.alone = False
        """Whether its first statement is foreseen to be its only one."""
        self._noted: Callable[[], Sequence[Row]] = tuple
        """Makes `read` of what the ledger said."""
        self._connection: Connection | None = None
        self._held: AbstractAsyncContextManager[Connection] | None = None
        self._lock = asyncio.Lock()
        self.failure: BaseException | None = None
        """What aborted the transaction, until a savepoint mends it."""
        self._broken = False
        self.ended = False
        """Whether the transaction is over: what is asked of it later raises `Ended`."""
        self._open = False
        """Whether the transaction has begun."""
        self._answered = False
        """Whether what was asked for was read in one trip, without a transaction that is open."""
        self._depth = 0
        self._left = ""
        """Releases the savepoint that is over, with the next command: by itself it is no trip."""
        self._read: defaultdict[ReadKey, set[UUID]] = defaultdict(set)
        self._counted: defaultdict[ReadKey, dict[Hashable, int]] = defaultdict(dict)

    async def fetch(self, statement: str, *args: object) -> list[Record]:
        """All rows of a named statement."""
        async with self._lock:
            if self.ended:
                raise Ended
            if self._broken:
                raise Unavailable("the transaction failed earlier")
            try:
                if self.alone and self._connection is None and statement in at_once():
                    return await self._fetch_at_once(statement, args)
                connection = await self._begun(statement)
                return await connection.fetch(statements()[statement].text, *args)
            except asyncio.CancelledError:
                self._broken = True
                raise
            except FROM_DRIVER as error:
                if self.ended:
                    raise Ended from error
                better = translated(error)
                self.failure = self.failure or better
                raise better from error

    async def _fetch_at_once(self, statement: str, args: tuple[object, ...]) -> list[Record]:
        """The rows of a statement in a transaction of its own, with its lines in the ledger."""
        connection = await self._connected()
        self._answered = True
        rows = await connection.fetch(
            at_once()[statement].call(len(args)), *args, self._settings, self._operation
        )
        if rows and (ledger := rows[0]["ledger"]):
            self._noted = partial(_lines_of_json, ledger)
        return rows

    @property
    def read(self) -> Sequence[Row]:
        """What the ledger says of what was read of others, once that is noted: agreement, version,
        activity, activity_version, records.
        """
        return self._noted()

    async def _begun(self, statement: str = "a command") -> Connection:
        """The connection, in the transaction."""
        connection = await self._foreseen(statement)
        if not self._open:
            await connection.execute(self._beginning())
            self._open = True
        return connection

    def _beginning(self) -> str:
        """Begins the transaction and says who asks; a read in one trip does neither."""
        if self._settings is None:
            return self._begin
        return f"{self._begin}; {_setting(self._settings)}"

    async def _foreseen(self, statement: str = "a command") -> Connection:
        """The connection. After a trip that was to be the only one, what is the same for everybody
        can still be asked for, and nothing else: it would be of another moment.
        """
        if self._answered and statement not in OF_ANY_MOMENT:
            raise RuntimeError(f"{statement} was not foreseen")
        return await self._connected()

    async def _connected(self) -> Connection:
        """The connection; what ended while it was waited for does not get one."""
        if self._connection is None:
            held = self._connect()
            connection = await held.__aenter__()
            if self.ended:
                await held.__aexit__(None, None, None)
                raise Ended
            self._connection, self._held = connection, held
        return self._connection

    async def commit(self) -> None:
        """Ends the transaction, after the statement that may be under way: an operation can be over
        while some of what it asked for is still awaited.

        Raises what made it fail when nothing could be committed.
        """
        async with self._lock:
            self.ended = True
            if self._connection is not None and self._open:
                if await self._connection.execute("commit") == "ROLLBACK":
                    raise self.failure or RuntimeError("nothing was committed")
            elif self.failure is not None:
                raise self.failure

    async def roll_back(self) -> None:
        """Ends the transaction, and leaves nothing of it."""
        self.ended = True
        if self._connection is not None:
            await _roll_back(self._connection)

    async def close(self) -> None:
        """Gives back the connection, if there is one."""
        if self._held is not None:
            await self._held.__aexit__(None, None, None)

    async def fetchrow(self, statement: str, *args: object) -> Record | None:
        """The first row of a named statement, or None."""
        rows = await self.fetch(statement, *args)
        return rows[0] if rows else None

    async def fetchval(self, statement: str, *args: object) -> Any:
        """The first column of the first row of a named statement, or None."""
        row = await self.fetchrow(statement, *args)
        return row[0] if row is not None else None

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[Savepoint]:
        """What is done inside is undone when it raises, or when the caller asks for it; the
        transaction goes on.
        """
        self._depth += 1
        name = f"s{self._depth}"
        point = Savepoint()
        await self._execute(f"{self._left}savepoint {name}")
        try:
            yield point
        except BaseException:
            await self._execute(f"rollback to savepoint {name}; release savepoint {name}")
            self.failure = None
            raise
        finally:
            self._depth -= 1
        if point.undone:
            await self._execute(f"rollback to savepoint {name}")
        self._left = f"release savepoint {name}; "

    async def _execute(self, command: str) -> None:
        """Carries out what is about the transaction itself; its begin goes along in the same trip.
        After it there is no savepoint left that is over.
        """
        async with self._lock:
            try:
                connection = await self._foreseen()
                begun = command if self._open else f"{self._beginning()}; {command}"
                await connection.execute(begun)
                self._open, self._left = True, ""
            except asyncio.CancelledError:
                self._broken = True
                raise
            except FROM_DRIVER as error:
                self._broken = True
                better = translated(error)
                self.failure = self.failure or better
                raise better from error

    def tally(self, kind: str, rows: Iterable[Row]) -> None:
        """Notes the records of others in `rows` (they name an agreement) for the read ledger. What
        was read in one trip is in it already.
        """
        if self._answered:
            return
        read = self._read
        for agreement, owner, hidden, id_ in map(_TALLIED, rows):
            if agreement is not None:
                read[kind, owner, agreement, tuple(hidden)].add(id_)

    def tally_counted(self, kind: str, source: Hashable, rows: Iterable[Row]) -> None:
        """Notes how many records of others were counted, by whose they are: `records` of each row.
        The same `source` counted again is the same records.
        """
        for row in rows:
            if row["agreement"] is not None:
                key = (kind, row["owner"], row["agreement"], tuple(row["hidden"]))
                self._counted[key][source] = row["records"]

    async def write_ledger(self) -> None:
        """Writes what was noted, one line per owner, agreement and set of fields: each record once,
        whether it was shown or counted, and which were shown.
        """
        keys = sorted(self._read.keys() | self._counted.keys())
        if not keys:
            return
        shown = [self._read.get(key, ()) for key in keys]
        counted = [sum(self._counted[key].values()) if key in self._counted else 0 for key in keys]
        agreements = [agreement for _, _, agreement, _ in keys]
        records = [max(len(ids), count) for ids, count in zip(shown, counted, strict=True)]
        [noted] = await self.fetch(
            "log_reads",
            [kind for kind, *_ in keys],
            [owner for _, owner, *_ in keys],
            agreements,
            [",".join(hidden) for *_, hidden in keys],
            records,
            [len(ids) for ids in shown],
            [id_ for ids in shown for id_ in ids],
            self._operation,
        )
        self._noted = partial(
            _lines,
            agreements,
            noted["versions"],
            noted["activities"],
            noted["activity_versions"],
            records,
        )
        self._read.clear()
        self._counted.clear()


def _lines(
    agreements: Sequence[UUID],
    versions: Sequence[int] | None,
    activities: Sequence[str] | None,
    activity_versions: Sequence[int] | None,
    records: Sequence[int],
) -> Sequence[Row]:
    """The lines of a read, of what `log_reads` tells per place."""
    none = [None] * len(agreements)
    columns = (
        agreements,
        versions or [1] * len(agreements),
        activities or none,
        activity_versions or none,
        records,
    )
    names = ("agreement", "version", "activity", "activity_version", "records")
    return [dict(zip(names, line, strict=True)) for line in zip(*columns, strict=True)]


def _lines_of_json(ledger: str) -> Sequence[Row]:
    agreements, *rest = json.loads(ledger).values()
    return _lines([UUID(agreement) for agreement in agreements], *rest)


class Savepoint:
    """A handle on a savepoint: `undo()` lets it end without keeping what was done."""

    def __init__(self) -> None:
        self.undone = False

    def undo(self) -> None:
        """Asks that what was done since the savepoint be undone when it ends."""
        self.undone = True


class Database:
    """A pool of connections of one role to one database."""

    def __init__(
        self,
        pool: asyncpg.Pool[Record],
        acquire_timeout: float,
        watch: Watch = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
        *,
        ledger_waits: bool = False,
    ) -> None:
        self._pool = pool
        self._read_commit = "on" if ledger_waits else "off"
        self._clock = clock
        self._acquire_timeout = acquire_timeout
        self._watch = watch
        self._in_use = 0
        self._waiting = 0
        self._reference = Reference(self._reference_version, self._load_reference, clock)

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 8,
        acquire_timeout: float = 2.0,
        command_timeout: float = COMMAND_SECONDS,
        watch: Watch = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
        ledger_waits: bool = False,
    ) -> Database:
        """A pool of at most `size` connections; the first is made at once, so that a wrong address
        shows here. `watch` is told of each change in how many are in use and are waited for;
        `clock` gives monotonic seconds; `ledger_waits` makes a read wait until what it left in the
        ledger is on the database's disk.

        Raises `Unavailable` when the database does not answer.
        """
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=size,
                command_timeout=command_timeout,
                timeout=10,
                init=_prepare_connection,
                reset=_leave_as_it_is,
                server_settings={
                    "application_name": "hub",
                    "timezone": "UTC",
                    "search_path": "hub, pg_temp",
                },
            )
        except FROM_DRIVER as error:
            raise translated(error) from error
        return cls(pool, acquire_timeout, watch, clock, ledger_waits=ledger_waits)

    async def close(self) -> None:
        """Waits for the sessions that are open and closes the connections."""
        await self._pool.close()

    @asynccontextmanager
    async def session(
        self,
        principal: Principal,
        *,
        read_only: bool = True,
        operation: str = "",
        trace: str = "",
    ) -> AsyncIterator[Session]:
        """A transaction of `principal`: committed at the end, rolled back when the body raises.

        Reads see one moment (REPEATABLE READ); writes see what others committed (READ COMMITTED).
        `operation` is what the read ledger says the records of others were read for, `trace` the id
        that its lines share with those of the logs.

        Raises `Unavailable` when a read took so long that an agreement by which it read ended
        meanwhile: what it read is shared no more.
        """
        kept = await self._reference.of(principal) if read_only else {}
        began = self._clock()
        begin = _BEGIN_READ if read_only else _BEGIN_WRITE
        settings = _identity(principal, trace)
        if read_only:
            settings += (self._read_commit,)
        async with self._transaction(begin, operation, settings) as session:
            session.kept = kept
            yield session
            await session.write_ledger()
        if read_only and self._clock() - began > LOOK_AGAIN_SECONDS and session.read:
            await self._look_again(principal, session.read)

    async def _look_again(self, principal: Principal, read: Sequence[Row]) -> None:
        async with self._transaction(_BEGIN_READ, "", _identity(principal, "")) as session:
            over = await session.fetch(
                "agreements_not_in_force",
                [line["agreement"] for line in read],
                [line["version"] for line in read],
            )
        if over:
            raise Unavailable("an agreement ended while it was read by")

    async def _reference_version(self) -> int:
        [row] = await self.call("reference_version")
        version: int = row["version"]
        return version

    async def _load_reference(self, principal: Principal) -> tuple[int, Kept]:
        identity = _identity(principal, "")
        async with self._transaction(_BEGIN_READ, "reference", identity) as session:
            return await load(session)

    @asynccontextmanager
    async def administration(self) -> AsyncIterator[Session]:
        """A transaction without an asker, for the owner's address: catalogue of partners, areas,
        tokens.
        """
        async with self._transaction(_BEGIN_WRITE, "administration") as session:
            yield session

    @asynccontextmanager
    async def inspection(self) -> AsyncIterator[Session]:
        """A transaction that only reads, for the owner's address, in which the owner sees every
        row.

        Under FORCE it sees none of others otherwise; the policy `backup` of each guarded table
        holds while `hub.backup` is on.
        """
        begin = f"{_BEGIN_READ} read only; set local hub.backup = 'on'"
        async with self._transaction(begin, "inspection") as session:
            yield session

    async def call(self, statement: str, *args: object) -> list[Record]:
        """All rows of a named statement that needs no identity, such as the look-up of a token."""
        async with self._connection() as connection:
            try:
                return await connection.fetch(
                    statements()[statement].text, *args, timeout=CALL_SECONDS
                )
            except FROM_DRIVER as error:
                raise translated(error) from error

    @asynccontextmanager
    async def _transaction(
        self, begin: str, operation: str, settings: tuple[str, ...] | None = None
    ) -> AsyncIterator[Session]:
        session = Session(self._connection, begin, operation, settings)
        try:
            yield session
            await session.commit()
        except BaseException as error:
            await session.roll_back()
            if (better := translated(error)) is not error:
                raise better from error
            raise
        finally:
            await session.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        self._count(waiting=1)
        try:
            connection = await self._pool.acquire(timeout=self._acquire_timeout)
        except (TimeoutError, *FROM_DRIVER) as error:
            raise Unavailable(type(error).__name__) from error
        finally:
            self._count(waiting=-1)
        self._count(in_use=1)
        try:
            yield connection
        finally:
            try:
                await asyncio.shield(self._give_back(connection))
            finally:
                self._count(in_use=-1)

    def _count(self, *, in_use: int = 0, waiting: int = 0) -> None:
        self._in_use += in_use
        self._waiting += waiting
        self._watch(self._in_use, self._waiting)

    async def _give_back(self, connection: Any) -> None:
        """Returns a connection to the pool; one that does not come clean is closed, and nobody is
        told: what was done is done.
        """
        try:
            await self._pool.release(connection, timeout=5)
        except FROM_DRIVER:
            with suppress(*FROM_DRIVER):
                connection.terminate()


async def _roll_back(connection: Connection) -> None:
    """Leaves the connection without a transaction, or closed: never with someone's identity."""
    try:
        rolling = asyncio.ensure_future(connection.execute("rollback", timeout=2))
        # who does not wait for its end closes the connection, and how it ends then is no news
        rolling.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(rolling)
    except BaseException as error:
        with suppress(asyncpg.InterfaceError):  # a lost connection: the pool took it back already
            connection.terminate()
        if not isinstance(error, FROM_DRIVER):
            raise


def _identity(principal: Principal, trace: str) -> tuple[str, ...]:
    """Who asks, as the first of SETTINGS say it."""
    return (
        principal.gemeente,
        str(principal.organisation),
        principal.actor,
        ",".join(sorted(principal.roles)),
        trace,
    )


def _setting(values: tuple[str, ...]) -> str:
    """The statement that tells the database who asks, until the transaction ends, and how a read
    commits; a write always waits for the disk.
    """
    return "select " + ", ".join(
        f"set_config({_quoted(key)}, {_quoted(value)}, true)"
        for key, value in zip(SETTINGS, values, strict=False)
    )


def _quoted(text: str) -> str:
    """A string literal; the only place where a value enters a statement's text (BEGIN takes no
    parameters).
    """
    if "\x00" in text:
        raise ValueError("NUL in an identity")
    return "'" + text.replace("'", "''") + "'"


async def _prepare_connection(connection: asyncpg.Connection[Record]) -> None:
    await connection.execute("set standard_conforming_strings = on")
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_json, decoder=json.loads, format="text"
    )


async def _leave_as_it_is(connection: Connection) -> None:
    """Instead of the pool's own reset, a trip for each operation: no statement of the hub leaves
    anything on a connection but its transaction, which is over (tests/isolation/interleaved.py).
    """


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")
