# SPDX-License-Identifier: EUPL-1.2
"""The door before the real schema and a real database, over real sockets.

What it refuses has no effect; whoever hangs up takes the work back; what everyone may ask passes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from graphql import get_introspection_query

from hub.app import create_app
from hub.http import http_config
from hub.serve import claim
from hub.settings import Limits, Settings
from tests.conftest import World
from tests.contract.writing import REPORT

pytestmark = pytest.mark.anyio

REPORTED = {
    "idempotencyKey": "sleutel-1",
    "wijk": "WK063711",
    "category": "NOISE",
    "seenAt": "2026-11-20T10:00:00Z",
    "summary": "Lawaai",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def served(world: World, **limits: Any) -> AsyncIterator[int]:
    """The port on which the hub over this world listens."""
    app = create_app(Settings(limits=Limits(**limits)), world.database)
    config = http_config(app)
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


def head(world: World, *lines: str, caller: str = "buurtwerk") -> bytes:
    known = world.cluster.tokens.get(caller, "hub_verzonnen")
    fixed = ("POST /graphql HTTP/1.1", "Host: hub", f"Authorization: Bearer {known}")
    return "\r\n".join([*fixed, "Content-Type: application/json", *lines, "", ""]).encode()


def report() -> bytes:
    return json.dumps({"query": REPORT, "variables": {"in": REPORTED}}).encode()


async def answer_to(port: int, sent: bytes) -> tuple[int, Any]:
    """Status and JSON of the answer, read until the hub closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    status, _, body = answer.partition(b"\r\n\r\n")
    return int(status.split()[1]), json.loads(body)


def code_of(answer: Any) -> str:
    [error] = answer["errors"]
    assert error["extensions"]["hint"]
    return str(error["extensions"]["code"])


async def stored(world: World) -> tuple[int, int]:
    """How many signals and keys there are."""
    async with world.connect("superuser") as root:
        counting = (
            "select (select count(*) from hub.signals), (select count(*) from hub.idempotency_keys)"
        )
        signals, keys = await root.fetchrow(counting)
    return signals, keys


async def test_a_report_that_stops_half_way_is_refused_and_not_stored(world: World) -> None:
    half = report()[:-30]
    async with served(world, read_seconds=0.1) as port:
        sent = head(world, f"Content-Length: {len(half) + 30}") + half
        status, answer = await answer_to(port, sent)
    assert (status, code_of(answer)) == (408, "READ_TIMEOUT")
    assert await stored(world) == (0, 0)


async def test_a_report_in_chunks_is_read_and_a_chunk_that_stops_is_not(world: World) -> None:
    whole = report()
    chunk = f"{len(whole):x}\r\n".encode() + whole + b"\r\n"
    async with served(world, read_seconds=0.1) as port:
        chunked = head(world, "Transfer-Encoding: chunked", "Connection: close")
        status, answer = await answer_to(port, chunked + chunk)
        assert (status, code_of(answer)) == (408, "READ_TIMEOUT")
        assert await stored(world) == (0, 0)
        status, answer = await answer_to(port, chunked + chunk + b"0\r\n\r\n")
        assert answer["data"]["reportSignal"]["errors"] == []
    assert await stored(world) == (1, 1)


async def test_a_caller_that_hangs_up_half_way_leaves_nothing(world: World) -> None:
    async with served(world) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head(world, "Content-Length: 5000") + report())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        question = b'{"query": "{ me { login } }"}'
        sent = head(world, f"Content-Length: {len(question)}", "Connection: close") + question
        status, answer = await answer_to(port, sent)
    assert (status, answer["data"]) == (200, {"me": {"login": "buurtwerk"}})
    assert await stored(world) == (0, 0)


async def test_a_caller_that_hangs_up_during_the_work_has_it_taken_back(world: World) -> None:
    waiting = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = $1"
    )
    open_ones = (
        "select count(*) from pg_stat_activity where datname = $1 and usename = 'hub_app'"
        " and state <> 'idle'"
    )
    async with served(world) as port, world.connect("superuser") as root:

        async def until(query: str, count: int) -> None:
            async with asyncio.timeout(30):
                while await root.fetchval(query, world.name) != count:
                    await root.execute("select pg_sleep(0.005), pg_stat_clear_snapshot()")

        async with root.transaction():
            await root.execute("lock table hub.idempotency_keys")
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            whole = report()
            writer.write(head(world, f"Content-Length: {len(whole)}") + whole)
            await until(waiting, 1)
            writer.close()
            await until(open_ones, 0)
    assert await stored(world) == (0, 0)


async def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(world: World) -> None:
    async with served(world) as port:
        status, answer = await answer_to(port, head(world, f"Content-Length: {10**9}"))
        assert (status, code_of(answer)) == (413, "BODY_TOO_LARGE")
        unknown = head(world, f"Content-Length: {10**9}", caller="nobody")
        status, answer = await answer_to(port, unknown)
        assert (status, code_of(answer)) == (401, "UNAUTHENTICATED")


async def test_what_is_no_http_does_not_trouble_the_next_caller(world: World) -> None:
    async with served(world) as port:
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(noise)
            writer.write_eof()
            async with asyncio.timeout(30):
                await reader.read()
            writer.close()
        question = b'{"query": "{ me { login } }"}'
        sent = head(world, f"Content-Length: {len(question)}", "Connection: close") + question
        assert (await answer_to(port, sent))[0] == 200


# ── The real schema within the limits ────────────────────────────────────────────────────────────


async def test_the_schema_can_be_introspected_by_a_known_caller(world: World) -> None:
    query = get_introspection_query()
    data = await world.partner("raad").ask(query)
    names = {kind["name"] for kind in data["__schema"]["types"]}
    assert {"Signal", "Wijk", "PushReceipt", "Agreement"} <= names


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (
            '{ wijk(code: "WK063711") {' + "predecessors {" * 12 + "id" + "}" * 12 + "}}",
            "QUERY_TOO_DEEP",
        ),
        (
            "{ __schema { types {" + "fields { type {" * 10 + "name" + "}}" * 10 + "}}}",
            "QUERY_TOO_DEEP",
        ),
        (
            "{ wijken { signals(first: 100) { nodes { history { nodes { at } } } } } }",
            "QUERY_TOO_COSTLY",
        ),
        ("{ wijken { wijken } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me { logn } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_asks_too_much_of_the_real_schema_is_refused(
    world: World, query: str, code: str
) -> None:
    answer = await world.partner("buurtwerk").answer(query)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {code}
    assert "Did you mean" not in json.dumps(answer)
    assert "data" not in answer
