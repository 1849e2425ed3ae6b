# SPDX-License-Identifier: EUPL-1.2
"""The peer: the same reads as SQL that somebody wrote by hand, over the same HTTP server.

One statement each, with the same role, policies, doors and read ledger; three round trips (BEGIN
with the identity, the query, COMMIT). No limits, no tokens, no GraphQL: what is asked is known
beforehand. Settings come from the environment: PEER_DSN, PEER_PORT, PEER_ASKER.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn

from hub.demo.scene import GEMEENTE
from resolvers.periods import parse_week
from schema.texts import every, label

HERE = Path(__file__).parent
POOL = 8
RHYTHMS = (1, 7, 14)
SUPPRESSIONS = ("WITHHELD", "PROVISIONAL", "NOT_SHARED")


class Peer:
    """An ASGI application: POST /small, /rows, /overview with the hub's own body; GET /ready."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], asker: UUID) -> None:
        self._pool = pool
        identity = {"gemeente": GEMEENTE, "organisation": asker, "actor": "peer"}
        self._begin = "begin isolation level repeatable read; select " + ", ".join(
            f"set_config('hub.{key}', '{value}', true)" for key, value in identity.items()
        )
        self._sql = {path.stem: path.read_text(encoding="utf-8") for path in HERE.glob("*.sql")}
        self._words = orjson.dumps(
            {code: label(f"shown.{code}", "nl") for code in SUPPRESSIONS}
            | {str(days): every(days, "nl") for days in RHYTHMS}
        ).decode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        name = scope["path"][1:]
        answer = b"{}" if name == "ready" else await self._answer(name, await _body(receive))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, name: str, body: bytes) -> bytes:
        data: str
        arguments = self._arguments(name, orjson.loads(body)["variables"])
        async with self._pool.acquire() as connection:
            await connection.execute(self._begin)
            data = await connection.fetchval(self._sql[name], *arguments)
            await connection.execute("commit")
        return b'{"data":' + data.encode() + b"}"

    def _arguments(self, name: str, variables: dict[str, str]) -> tuple[Any, ...]:
        if name != "overview":
            return (list(variables.values()),)
        week = parse_week(variables["week"])
        return str(week), str(week.previous), week.until_day, self._words


async def _body(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def main() -> None:
    """Serves until it is told to end."""
    settings = {"application_name": "peer", "timezone": "UTC", "search_path": "hub, pg_temp"}
    pool = await asyncpg.create_pool(
        os.environ["PEER_DSN"], min_size=1, max_size=POOL, server_settings=settings
    )
    app = Peer(pool, UUID(os.environ["PEER_ASKER"]))
    port = int(os.environ["PEER_PORT"])
    await uvicorn.Server(
        uvicorn.Config(app, port=port, access_log=False, log_config=None, lifespan="off")
    ).serve()


if __name__ == "__main__":
    asyncio.run(main())
