# SPDX-License-Identifier: EUPL-1.2
"""A whole hub over an embedded database, as a process of its own that tests may kill.

It first says where it listens (one JSON line). Then it reads one JSON request per line:
{"kill": "hub" | "postmaster", "at": POINT} kills at that point of the next mutation, once. Only in
this process are the sessions wrapped; the hub itself knows nothing of it. Ends with SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.app import create_app
from hub.database import EmbeddedPostgres
from hub.demo.scene import set_scene
from hub.loop import run_to_end
from hub.serve import address_of, claim, open_database, serve_app
from hub.settings import Settings
from sql.ids import IdSource
from sql.migrate import migrate
from sql.session import Database, Session

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

# After which statement of a push, by the name of the point. The others are in Killing.session.
STATEMENTS = {
    "write_turn": "turn-taken",
    "write_frame": "key-looked-up",
    "signals_lock": "rows-held",
    "signals_insert": "inserted",
    "signals_update": "updated",
    "signals_close": "closed",
    "write_remember": "key-remembered",
    "write_receipt": "receipt-stored",
}
# The same of what is done with a receipt.
OF_RECEIPTS = {
    "dry_run_take": "dry-run-taken",
    "undo_lines": "taken-back",
}


class Killing:
    """Kills the hub or its database server at the point that was asked for, once."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._asked: dict[str, str] = {}

    def ask(self, request: dict[str, str]) -> None:
        self._asked = request

    def at(self, point: str, session: Session | None = None) -> None:
        if self._asked.get("at") != point:
            return
        victim, self._asked = self._asked["kill"], {}
        if victim == "hub":
            os.kill(os.getpid(), signal.SIGKILL)
        backend = backend_of(session) if session else None
        os.kill(int((self._data / "pgdata/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        # Until its backend has noticed it too: so what comes next certainly finds no database.
        while backend is not None and alive(backend):
            os.sched_yield()

    def wrap(self) -> None:
        original_session, original_fetch, original_ledger = (
            Database.session, Session.fetch, Session.write_ledger,
        )  # fmt: skip

        @asynccontextmanager
        async def session(
            database: Database, principal: Any, *, read_only: bool = True, **more: Any
        ) -> AsyncIterator[Session]:
            point = (lambda *_: None) if read_only else self.at
            point("body-read")
            options: Any = {"read_only": read_only, **more}
            async with original_session(database, principal, **options) as opened:
                if not read_only:
                    await opened.fetch("hub_today")  # it begins with its first statement
                point("begun", opened)
                yield opened
            point("committed")

        async def fetch(session: Session, statement: str, *args: object) -> Any:
            rows = await original_fetch(session, statement, *args)
            self.at((STATEMENTS | OF_RECEIPTS).get(statement, ""), session)
            return rows

        async def write_ledger(session: Session) -> None:
            await original_ledger(session)
            self.at("before-commit", session)

        Database.session, Session.fetch = session, fetch  # type: ignore[assignment, method-assign]
        Session.write_ledger = write_ledger  # type: ignore[method-assign]


def backend_of(session: Session) -> int:
    return session._connection.get_server_pid()


def alive(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def say(**answer: object) -> None:
    print(json.dumps(answer, default=str), flush=True)


async def set_up(owner_dsn: str) -> dict[str, str]:
    """The tokens of the scene, at the first start; nothing later."""
    if not await migrate(owner_dsn):
        return {}
    owner = await Database.open(owner_dsn, size=1)
    try:
        async with owner.administration() as session:
            await session.fetch("clock_set", NOW, None)
        return await set_scene(owner, IdSource(), NOW.date())
    finally:
        await owner.close()


async def listen(killing: Killing) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        killing.ask(json.loads(line))
        say(asked=True)
    os.kill(os.getpid(), signal.SIGTERM)  # the tests are gone


async def main(data: Path) -> None:
    settings = replace(Settings.from_environment(os.environ), port=0)
    killing = Killing(data)
    embedded = EmbeddedPostgres(data, report=lambda _: None)
    async with embedded as addresses:
        tokens = await set_up(addresses.owner)
        killing.wrap()
        listening = asyncio.create_task(listen(killing))
        started = {"tokens": tokens, "superuser": addresses.superuser}
        async with open_database(settings, addresses.app) as database:
            app = create_app(settings, database, database_ready=lambda: embedded.ready)
            taken = claim(settings.host, settings.port)
            await serve_app(app, taken, lambda: say(address=address_of(taken), **started))
        listening.cancel()
    os._exit(0)  # the thread that reads stdin would hold us up


if __name__ == "__main__":
    run_to_end(main(Path(sys.argv[1])))
