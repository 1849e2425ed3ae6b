# SPDX-License-Identifier: EUPL-1.2
"""The door behind a real server: bodies that stop half-way, callers that hang up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from hub.http import http_config
from hub.serve import claim

pytestmark = pytest.mark.anyio

HEAD = (
    "POST /graphql HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer writer\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)


@asynccontextmanager
async def served(door: Any) -> AsyncIterator[int]:
    """The port on which `door` listens."""
    config = http_config(door.endpoint)
    listening = claim("127.0.0.1", 0)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    running = asyncio.create_task(server.main_loop())
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        await server.shutdown(sockets=[listening])


async def exchanged(port: int, sent: bytes) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of the answer to `sent`, read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body)


async def test_a_body_that_stops_half_way_is_refused_when_the_time_is_up(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(read_seconds=0.05)

    async with served(door) as port:
        status, headers, answer = await exchanged(
            port, HEAD.format(length=100).encode() + b'{"query": "{he'
        )

    assert status == 408
    assert headers["connection"] == "close"
    assert answer["errors"][0]["extensions"]["code"] == "READ_TIMEOUT"
    assert door.database.told == []


async def test_a_body_that_is_announced_too_large_is_refused_unread(
    open_door: Callable[..., Any],
) -> None:
    door = open_door()

    async with served(door) as port:
        status, headers, answer = await exchanged(port, HEAD.format(length=10**9).encode())

    assert status == 413
    assert headers["connection"] == "close"
    assert answer["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def test_a_caller_that_hangs_up_half_way_leaves_nothing_behind(
    open_door: Callable[..., Any],
) -> None:
    door = open_door()

    async with served(door) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.format(length=100).encode() + b'{"query": "{he')
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        whole = b'{"query": "{hello}"}'
        request = HEAD.format(length=len(whole)).replace(
            "\r\n\r\n", "\r\nConnection: close\r\n\r\n"
        )
        status, _, answer = await exchanged(port, request.encode() + whole)

    assert (status, answer["data"]) == (200, {"hello": "hello wijk"})
    assert door.database.told == ["begin read", "commit"]


async def test_a_caller_that_hangs_up_during_the_work_has_it_taken_back(
    open_door: Callable[..., Any],
) -> None:
    door = open_door()
    question = b'{"query": "{slow}"}'

    async with served(door) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.format(length=len(question)).encode() + question)
        await door.database.until("started")
        writer.close()
        await door.database.until("rollback")

    assert door.database.told == ["begin read", "started", "cancelled", "rollback"]
