# SPDX-License-Identifier: EUPL-1.2
"""A caller of the public API within the process: an HTTP request without a socket, with a token.

The demo's world enters by this way, so that it is checked, recorded and shared as what any partner
delivers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.types import Message


class Refused(Exception):
    """The hub answered with errors where the demo cannot have any; the message holds them."""


class Caller:
    """Partners by the names of their tokens, in front of an app."""

    def __init__(self, app: Starlette, tokens: Mapping[str, str]) -> None:
        self._app = app
        self._tokens = tokens

    async def ask(self, token: str, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of the answer to an operation, asked under the token of this name.

        Raises `Refused`.
        """
        body = orjson.dumps({"query": query, "variables": variables or {}})
        answer = orjson.loads(await self._post(self._tokens[token], body))
        if "errors" in answer:
            raise Refused(f"{token}: {answer['errors']}")
        return answer["data"]

    async def _post(self, token: str, body: bytes) -> bytes:
        sent = bytearray()
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if not waiting:
                await asyncio.Event().wait()  # this caller never hangs up
            return waiting.pop()

        async def send(message: Message) -> None:
            sent.extend(message.get("body", b""))

        await self._app(_scope(token, len(body)), receive, send)
        return bytes(sent)


def _scope(token: str, length: int) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
        ],
        "client": None,
        "server": ("hub", 80),
    }
