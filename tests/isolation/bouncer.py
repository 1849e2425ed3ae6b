# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: ASYNC240 -- a few small files, made before anything is asked
"""PgBouncer in transaction mode between the hub and a database: each transaction gets whichever
connection is free, so that nothing may be left on one, and nothing may be expected there.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.benchmarks.wire import SOCKET, tapped
from tests.faults.hubs import until

PROGRAM = shutil.which("pgbouncer")

SETTINGS = """
[databases]
* = host={database}
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = 5432
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_prepared_statements = 200
ignore_startup_parameters = search_path
{user}
"""


@asynccontextmanager
async def bounced(dsn: str, size: int) -> AsyncIterator[str]:
    """The address of hub_app, by way of a PgBouncer with so many connections."""
    assert PROGRAM is not None
    parts = urlsplit(dsn)
    [socket] = parse_qs(parts.query)["host"]
    with tempfile.TemporaryDirectory(prefix="hub-bouncer-") as name:
        folder = Path(name)
        folder.chmod(0o777)  # as root it serves as nobody
        (folder / "database").mkdir(mode=0o777)
        (folder / "users").write_text('"hub_app" ""\n')
        user = "user = nobody" if os.getuid() == 0 else ""
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            SETTINGS.format(database=folder / "database", folder=folder, size=size, user=user)
        )
        async with tapped(Path(socket), folder / "database"):  # whose own folder is private
            (folder / "database" / SOCKET).chmod(0o777)
            process = await asyncio.create_subprocess_exec(
                PROGRAM, "-q", str(settings), stderr=asyncio.subprocess.DEVNULL
            )
            try:
                address = f"postgresql://hub_app@{parts.path}?host={folder}&port=5432"
                await until(lambda: _answers(address))
                yield address
            finally:
                process.kill()
                await process.wait()


async def _answers(address: str) -> bool:
    try:
        await (await asyncpg.connect(address, statement_cache_size=0)).close()
    except (OSError, asyncpg.PostgresError):
        return False
    return True
