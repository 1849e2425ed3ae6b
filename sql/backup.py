# SPDX-License-Identifier: EUPL-1.2
"""The database's part in a backup and a restore: one moment that is counted and dumped, and the
script around a dump that makes a restore one transaction.

All of it runs as hub_owner. Under FORCE row-level security the owner reads nothing of others; the
policy `backup` of each guarded table shows it every row while `hub.backup` is on.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sql.checks import findings
from sql.errors import Refusal
from sql.migrate import Applied, check_role, connect, script
from sql.statements import statements

IN_BACKUP = "a guarded table is not in a backup"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a database, for as long as its transaction lasts."""

    id: str
    server: int
    """The server's major version."""
    migrations: tuple[Applied, ...]
    rows: Mapping[str, int]


@asynccontextmanager
async def snapshot(owner_dsn: str) -> AsyncIterator[Snapshot]:
    """A moment that other connections can share, with the rows of every table counted in it.

    Refuses a database without the hub's tables (NO_HUB_THERE), or with a table that a dump would
    lack rows of (BACKUP_INCOMPLETE).
    """
    connection = await connect(owner_dsn)
    try:
        await check_role(connection)
        await connection.execute("set application_name = 'hub backup'")
        await connection.execute("begin isolation level repeatable read read only")
        await connection.execute("set local hub.backup = 'on'")
        if not await connection.fetchval(statements()["backup_possible"].text):
            raise Refusal("NO_HUB_THERE")
        if lacking := (await findings(connection)).get(IN_BACKUP):
            raise Refusal("BACKUP_INCOMPLETE", tables=lacking)
        migrations = await connection.fetch(statements()["backup_migrations"].text)
        rows = await connection.fetch(statements()["backup_rows"].text)
        yield Snapshot(
            await connection.fetchval(statements()["backup_snapshot"].text),
            connection.get_server_version().major,
            tuple(Applied(*row) for row in migrations),
            {row["table_name"]: row["rows"] for row in rows},
        )
    finally:
        await connection.close()


async def server_for_restore(owner_dsn: str) -> int:
    """The major version of a server with an empty database; refuses (RESTORE_NOT_EMPTY) one that
    has a hub in it.
    """
    connection = await connect(owner_dsn)
    try:
        await check_role(connection)
        if not await connection.fetchval(statements()["restore_possible"].text):
            raise Refusal("RESTORE_NOT_EMPTY")
        return connection.get_server_version().major
    finally:
        await connection.close()


def before_dump() -> str:
    """What comes before the dump's own script: a transaction, the roles, and what they are lent."""
    return "begin;\n" + script("before_migration.sql") + script("before_restore.sql")


def after_dump(rows: Mapping[str, int]) -> str:
    """What comes after it: the rows counted, the feed rebased, what was lent taken back, and the
    commit that makes all of it so.
    """
    expected = json.dumps(dict(rows)).replace("'", "''")
    return (
        f"select set_config('hub.expected', '{expected}', true);\n"
        + script("after_restore.sql")
        + script("after_migration.sql")
        + "commit;\n"
    )
