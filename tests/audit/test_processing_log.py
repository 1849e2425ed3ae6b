# SPDX-License-Identifier: EUPL-1.2
"""A line for each processing, to a file or to a receiver, which never keeps a request waiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from starlette.applications import Starlette

from hub.app import create_app
from hub.ldv import ProcessingLog, to_collector, to_file
from hub.metrics import Traffic
from hub.settings import Settings
from tests.audit.looking import LOOK, officer, report, share
from tests.conftest import World
from tests.contract.test_first_steps import REPORT
from tests.ledger import ledger
from tests.partner import Partner

pytestmark = pytest.mark.anyio

TRACE, CALLER = "a" * 32, "b" * 16
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
REGISTER = """mutation($in: ProcessingActivityInput!, $agreement: ID!) {
  registerProcessingActivity(input: $in) { errors { code } }
  assignProcessingActivity(input: {agreement: $agreement, code: "toezicht"}) {
    errors { code } } }"""
ACTIVITY = {
    "idempotencyKey": "toezicht-1",
    "code": "toezicht",
    "name": "Samen kijken",
    "purpose": "samen kijken",
    "legalBasis": "verzonnen, voor een test",
}


@asynccontextmanager
async def logged(world: World, log: ProcessingLog) -> AsyncIterator[Starlette]:
    """A hub over the world that tells its processings to a log."""
    yield create_app(Settings(), world.database, logs=(log,))
    await log.close()


def partner(world: World, app: Starlette, token: str) -> Partner:
    return Partner(app, world.cluster.tokens[token])


async def test_a_read_of_others_is_a_line_with_its_activity_and_no_person(
    world: World, tmp_path: Path
) -> None:
    agreement, version = await share(world)
    await report(world, 1)
    file = tmp_path / "ldv.jsonl"
    log = ProcessingLog(to_file(file))
    async with logged(world, log) as app:
        buurtwerk = partner(world, app, "buurtwerk")
        answer = await buurtwerk.post(LOOK, **PARENT)
        await log.idle()
        asked = {"in": ACTIVITY, "agreement": agreement}
        made = await (await officer(world, "buurtwerk")).ask(REGISTER, asked)
        assert [payload["errors"] for payload in made.values()] == [[], []]
        await buurtwerk.ask(LOOK)
        await log.idle()
    first, second = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    assert answer.headers["traceparent"].split("-")[2] != CALLER
    assert (first["trace_id"], first["parent_span_id"]) == (TRACE, CALLER)
    assert (first["name"], first["status"]) == ("Kijken", "OK")
    assert first["start_time"] <= first["end_time"]
    organisation = first["attributes"]["wijkhub.organisation"]
    pointer = first["attributes"]["dpl.core.processing_activity_id"]
    assert pointer.startswith("urn:wijkhub:agreement:") and pointer.endswith(f":{version}")
    assert first["attributes"].keys() == {
        "dpl.core.processing_activity_id",
        "dpl.core.foreign_operation.processor",
        "wijkhub.organisation",
        "wijkhub.agreement",
        "wijkhub.records",
    }
    assert second["parent_span_id"] is None
    assert second["trace_id"] != TRACE
    assert second["attributes"]["dpl.core.processing_activity_id"] == (
        f"urn:wijkhub:activity:{organisation}:toezicht:1"
    )
    assert "dpl.core.foreign_operation.processor" not in second["attributes"]
    assert "buurtwerk" not in file.read_text("utf-8").lower()
    async with world.connect("superuser") as root:
        noted = await ledger(
            root,
            "select trace, activity, activity_version from hub.read_ledger order by at, activity"
            " nulls first",
        )
    assert [(row["trace"] == TRACE, row["activity"], row["activity_version"]) for row in noted] == [
        (True, None, None),
        (False, "toezicht", 1),
    ]


async def test_a_change_is_a_line_and_what_was_not_done_is_none(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "ldv.jsonl"
    log = ProcessingLog(to_file(file))
    async with logged(world, log) as app:
        corporatie = partner(world, app, "corporatie-a")
        given = {
            "idempotencyKey": "melding-0001",
            "wijk": "WK063711",
            "category": "NOISE",
            "seenAt": "2026-11-20T22:15:00+01:00",
        }
        await corporatie.ask(REPORT, {"in": given})
        await corporatie.ask("{ me { login } }")
        await corporatie.answer("{ niets }")
        await log.idle()
    (line,) = [json.loads(text) for text in file.read_text("utf-8").splitlines()]
    assert line["name"] == "reportSignal"
    assert line["attributes"]["dpl.core.processing_activity_id"].endswith(":own-records")


class Receiver:
    """A small receiver on loopback that keeps the bodies that it gets."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        self.bodies.append(json.loads(await reader.readexactly(size)))
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[str]:
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1/traces"
    finally:
        server.close()
        await server.wait_closed()


async def test_a_receiver_gets_the_lines_by_otlp(world: World) -> None:
    await share(world)
    await report(world, 1)
    receiver = Receiver()
    async with receiving(receiver) as url:
        traffic = Traffic()
        settings = replace(Settings(), otlp_url=url)
        app = create_app(settings, world.database, traffic=traffic)
        async with app.router.lifespan_context(app):
            await partner(world, app, "buurtwerk").post(LOOK, **PARENT)
    (body,) = receiver.bodies
    (resource,) = body["resourceSpans"]
    assert resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "wijkhub"}}
    ]
    (span,) = resource["scopeSpans"][0]["spans"]
    assert (span["traceId"], span["parentSpanId"], span["name"]) == (TRACE, CALLER, "Kijken")
    assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    assert len(span["startTimeUnixNano"]) == 19
    keys = {each["key"]: each["value"] for each in span["attributes"]}
    assert keys["wijkhub.records"] == {"intValue": "1"}
    assert "dpl.core.processing_activity_id" in keys
    assert b'hub_processing_log_lines_total{outcome="sent"} 1.0' in generate_latest(
        traffic.registry
    )


async def test_a_receiver_that_is_away_fails_no_request_and_what_has_no_room_is_counted(
    world: World,
) -> None:
    await share(world)
    await report(world, 1)
    counted: list[tuple[str, int]] = []
    tried, back = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        tried.set()
        await back.wait()

    receiver = Receiver(status=503)
    async with receiving(receiver) as url:
        log = ProcessingLog(
            to_collector(url), lambda *told: counted.append(told), room=2, pause=pause
        )
        async with logged(world, log) as app:
            buurtwerk = partner(world, app, "buurtwerk")
            for _ in range(4):
                await buurtwerk.ask(LOOK)
            await tried.wait()
            assert counted == [("dropped", 1), ("dropped", 1)]
            receiver.status = 200
            back.set()
            await log.idle()
            assert counted[2:] == [("sent", 2)]


async def test_what_cannot_be_sent_at_the_end_is_counted(world: World, tmp_path: Path) -> None:
    counted: list[tuple[str, int]] = []
    log = ProcessingLog(
        to_file(tmp_path / "er-is-geen" / "map"), lambda *told: counted.append(told)
    )
    log.add([{"trace_id": "x"}])
    await log.close()
    assert counted == [("dropped", 1)]
