# SPDX-License-Identifier: EUPL-1.2
"""By hand: the same operations as SQL that somebody wrote, over the same HTTP server.

One statement each, with the same role, policies, doors and read ledger; three round trips (BEGIN
with the identity, the statement, COMMIT). No limits, no tokens, no GraphQL: what is asked is known
beforehand. Settings come from the environment: PEER_DSN, PEER_PORT, PEER_POOL, PEER_FACTS.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn

from hub.demo.scene import GEMEENTE
from hub.http import http_config
from hub.loop import run_to_end
from hub.serve import claim
from resolvers.periods import parse_week

HERE = Path(__file__).parent


class Peer:
    """An ASGI application: POST /small, /rows, /overview and /push with the hub's own body; GET
    /ready. The header X-Organisation says who asks.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], words: dict[str, str]) -> None:
        self._pool = pool
        self._sql = {path.stem: path.read_text(encoding="utf-8") for path in HERE.glob("*.sql")}
        self._words = orjson.dumps(words).decode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        name = scope["path"][1:]
        if name == "ready":
            answer = b"{}"
        else:
            asker = UUID(dict(scope["headers"])[b"x-organisation"].decode())
            answer = await self._answer(name, asker, await _body(receive))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, name: str, asker: UUID, body: bytes) -> bytes:
        data: str
        arguments = self._arguments(name, orjson.loads(body)["variables"])
        isolation = "read committed" if name == "push" else "repeatable read"
        waits = "on" if name == "push" else "off"
        begin = f"begin isolation level {isolation}; set local synchronous_commit = {waits}"
        async with self._pool.acquire() as connection:
            await connection.execute(f"{begin}; {_identity(asker)}")
            data = await connection.fetchval(self._sql[name], *arguments)
            await connection.execute("commit")
        return b'{"data":' + data.encode() + b"}"

    def _arguments(self, name: str, variables: dict[str, Any]) -> tuple[Any, ...]:
        if name == "push":
            rows = orjson.dumps(variables["rows"]).decode()
            return variables["dataset"], variables["sleutel"], rows
        if name == "overview":
            week = parse_week(variables["week"])
            return str(week), str(week.previous), week.until_day, self._words
        return (list(variables.values()),)


def _identity(asker: UUID) -> str:
    identity = {"gemeente": GEMEENTE, "organisation": asker, "actor": "peer"}
    return "select " + ", ".join(
        f"set_config('hub.{key}', '{value}', true)" for key, value in identity.items()
    )


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
    size = int(os.environ["PEER_POOL"])
    pool = await asyncpg.create_pool(
        os.environ["PEER_DSN"], min_size=1, max_size=size, server_settings=settings
    )
    facts = orjson.loads(Path(os.environ["PEER_FACTS"]).read_bytes())  # noqa: ASYNC240
    port = int(os.environ["PEER_PORT"])
    server = uvicorn.Server(http_config(Peer(pool, facts["words"])))
    await server.serve(sockets=[claim("127.0.0.1", port)])


if __name__ == "__main__":
    run_to_end(main())
