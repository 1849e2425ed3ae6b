# SPDX-License-Identifier: EUPL-1.2
"""Brings a database to the newest migration, or says why not.

Plain SQL files, forward only: each in a transaction of its own, under one advisory lock, remembered
with its checksum. A database that is newer than this code, or whose past was edited, is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import asyncpg

from sql.at_once import make_functions, missing_functions
from sql.errors import FROM_DRIVER, Unavailable

_LOCK = 7_270_663_701  # any constant: one migration at a time per database
_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_ATTEMPTS = 5


class MigrationError(Exception):
    """The database cannot be brought to this version; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of sql/migrations: its number, its name and its text."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration that ran on a database, as it is remembered there."""

    number: int
    name: str
    checksum: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations, in order; their numbers run from 1 without a gap."""
    found = []
    for file in files("sql").joinpath("migrations").iterdir():
        if match := _FILE.match(file.name):
            found.append(Migration(int(match[1]), match[2], file.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationError("the numbers of the files in sql/migrations have a gap or a double")
    return tuple(found)


async def migrate(owner_dsn: str, report: Callable[[str], None] = lambda _: None) -> int:
    """Runs what is missing as the owner of the database and returns how many migrations that were;
    makes the functions of statements (sql/at_once.py) as this code has them.

    Raises `MigrationError` when the database is newer or was edited, or when the role is not
    hub_owner.
    """
    connection = await connect(owner_dsn)
    try:
        await check_role(connection)
        await connection.execute("select pg_advisory_lock($1)".replace("$1", str(_LOCK)))
        await connection.execute("create schema if not exists hub")
        await connection.execute(
            "create table if not exists hub.migrations (number int primary key, name text not null,"
            " checksum text not null, applied_at timestamptz not null default now())"
        )
        to_run = missing(await _applied(connection))
        for migration in to_run:
            report(f"{migration.number:04} {migration.name}")
            await _apply(connection, migration)
        await make_functions(connection)
        return len(to_run)
    finally:
        await connection.close()


async def connect(dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    """A plain connection, for what comes before a pool.

    Raises `MigrationError` when the address is refused, `Unavailable` when nothing answers there.
    """
    try:
        return await asyncpg.connect(dsn, timeout=10, server_settings={"timezone": "UTC"})
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
    ) as error:
        raise MigrationError(
            "the database refuses this address: check the role, the password and the name of the "
            "database in DATABASE_URL and HUB_OWNER_URL"
        ) from error
    except (*FROM_DRIVER, ValueError) as error:
        raise Unavailable(type(error).__name__) from error


async def pending(app: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Whether the database, seen as the serving role, lacks a migration of this code, or a function
    of its statements (sql/at_once.py).
    """
    if not await app.fetchval("select to_regclass('hub.migrations') is not null"):
        return True
    return bool(missing(await _applied(app)) or await missing_functions(app))


async def _applied(connection: asyncpg.Connection[asyncpg.Record]) -> list[Applied]:
    rows = await connection.fetch(
        "select number, name, checksum from hub.migrations order by number"
    )
    return [Applied(*row) for row in rows]


def missing(applied: Sequence[Applied]) -> tuple[Migration, ...]:
    """The migrations that a database with these still lacks.

    Raises `MigrationError` when it has one that this code does not know, or one that was edited.
    """
    known = migrations()
    if len(applied) > len(known):
        raise MigrationError(
            f"the database has migration {applied[-1].number}, this hub knows {len(known)}: "
            f"start a newer hub"
        )
    for row, migration in zip(applied, known, strict=False):
        if row.checksum != migration.checksum:
            raise MigrationError(
                f"migration {migration.number:04} was changed after it ran: restore the file, "
                f"and add a new migration"
            )
    return known[len(applied) :]


async def check_role(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Raises `MigrationError` for a connection of another role than hub_owner."""
    role = await connection.fetchval("select current_user")
    if role != "hub_owner":
        raise MigrationError(
            f"migrations run as hub_owner, not as {role}: set HUB_OWNER_URL (see "
            f"docs/operations.md)"
        )


async def _apply(connection: asyncpg.Connection[asyncpg.Record], migration: Migration) -> None:
    """One file, in one transaction; waits a little for a lock and tries again, so that it never
    queues behind a read.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with connection.transaction():
                await connection.execute("set local lock_timeout = '2s'")
                await connection.execute(script("before_migration.sql"))
                await connection.execute(migration.text)
                await connection.execute(
                    "insert into hub.migrations (number, name, checksum) values ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.checksum,
                )
                await connection.execute(script("after_migration.sql"))
            return
        except asyncpg.LockNotAvailableError:
            if attempt == _ATTEMPTS:
                raise


def script(name: str) -> str:
    """The text of a file of sql/ that is run whole."""
    return files("sql").joinpath(name).read_text("utf-8")
