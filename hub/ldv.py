# SPDX-License-Identifier: EUPL-1.2
"""A line for each processing of data, in the terms of the Logboek Dataverwerkingen (LDV).

Promises: a line is made for every processing that was committed, without sampling, and names no
person; who receives it never keeps a request waiting and never makes one fail. What cannot be sent
waits, and is dropped, and counted, when too much waits. Written here and not by the libraries of
OpenTelemetry: these are a few fields of one form, and those would add threads and protobuf.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
from graphql import FieldNode, OperationDefinitionNode, OperationType

from hub.logs import event, places
from hub.settings import Settings
from hub.traces import RandomBytes, Trace
from resolvers.ledger import activity_of
from sql.session import Row

ROOM = 10_000
"""Lines that wait to be sent."""
BATCH = 500
SECONDS = 5.0
"""For one attempt to send, and between two."""

Line = Mapping[str, Any]
Send = Callable[[Sequence[Line]], Awaitable[None]]
Count = Callable[[str, int], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Processing:
    """What was done: under which activity, and how it is called. `more` is of the hub's own."""

    name: str
    activity: str
    more: Mapping[str, str | int] = field(default_factory=dict)


def processings(
    operation: OperationDefinitionNode, read: Iterable[Row], asker: UUID
) -> list[Processing]:
    """What an operation of an organisation did: read records of others, by what the ledger says of
    it, and change its own, by mutation.
    """
    name = operation.name.value if operation.name else operation.operation.value
    done = [
        Processing(
            name,
            activity_of(row, asker),
            {
                "wijkhub.agreement": f"{row['agreement']}:{row['version']}",
                "wijkhub.records": row["records"],
            },
        )
        for row in read
    ]
    if operation.operation is OperationType.MUTATION:
        done += [
            Processing(each.name.value, f"urn:wijkhub:organisation:{asker}:own-records")
            for each in operation.selection_set.selections
            if isinstance(each, FieldNode)
        ]
    return done


def lines_of(
    done: Iterable[Processing],
    organisation: UUID,
    trace: Trace,
    times: tuple[float, float],
    random_bytes: RandomBytes = secrets.token_bytes,
) -> list[Line]:
    """The lines of a request of an organisation, one for each processing; when it began and ended,
    as Unix has it.
    """
    began, ended = (datetime.fromtimestamp(at, UTC).isoformat("T", "microseconds") for at in times)
    foreign = "dpl.core.foreign_operation.processor"
    caller = {foreign: f"urn:wijkhub:organisation:{organisation}"} if trace.parent_id else {}
    return [
        {
            "trace_id": trace.trace_id,
            "span_id": random_bytes(8).hex(),
            "parent_span_id": trace.parent_id,
            "status": "OK",
            "name": each.name,
            "start_time": began,
            "end_time": ended,
            "attributes": {
                "dpl.core.processing_activity_id": each.activity,
                **caller,
                "wijkhub.organisation": str(organisation),
                **each.more,
            },
        }
        for each in done
    ]


async def _pause() -> None:
    await asyncio.sleep(SECONDS)


class ProcessingLog:
    """Takes lines and sends them on, in their order, beside the work. `count` is told what became
    of them: sent or dropped.
    """

    def __init__(
        self,
        send: Send,
        count: Count = lambda *_: None,
        *,
        room: int = ROOM,
        pause: Callable[[], Awaitable[None]] = _pause,
    ) -> None:
        self._send = send
        self._count = count
        self._room = room
        self._pause = pause
        self._waiting: deque[Line] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def add(self, lines: Sequence[Line]) -> None:
        """Takes lines; those for which there is no room are dropped."""
        taken = lines[: self._room - len(self._waiting)]
        self._waiting += taken
        if dropped := len(lines) - len(taken):
            self._count("dropped", dropped)
        if taken and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._waiting:
            if await self._attempt():
                continue
            if self._closing.is_set():
                return
            await self._until_next_try()

    async def _until_next_try(self) -> None:
        """Returns after a pause, or as soon as the log is to be closed."""
        either = [
            asyncio.ensure_future(self._pause()),
            asyncio.ensure_future(self._closing.wait()),
        ]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for one in either:
            one.cancel()

    async def _attempt(self) -> bool:
        """Whether the oldest lines that wait could be sent."""
        batch = [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]
        try:
            await self._send(batch)
        except Exception as error:
            event(logger, logging.WARNING, "processing_log.not_sent", places=places(error))
            return False
        for _ in batch:
            self._waiting.popleft()
        self._count("sent", len(batch))
        return True

    async def idle(self) -> None:
        """Returns when nothing waits any more."""
        if self._sending is not None:
            await self._sending

    async def close(self) -> None:
        """Sends what waits, as far as that goes at once; the rest is dropped."""
        self._closing.set()
        await self.idle()
        if self._waiting:
            self._count("dropped", len(self._waiting))
            self._waiting.clear()


def to_file(path: Path) -> Send:
    """Adds lines to a file as JSON, one a line; `-` is standard output."""

    def write(text: bytes) -> None:
        if str(path) == "-":
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
            return
        with path.open("ab") as file:
            file.write(text)

    async def send(lines: Sequence[Line]) -> None:
        text = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        await asyncio.to_thread(write, text)

    return send


def to_collector(url: str) -> Send:
    """Sends lines as spans by OTLP over HTTP, as JSON."""

    async def send(lines: Sequence[Line]) -> None:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            answer = await client.post(
                url,
                content=orjson.dumps(as_otlp(lines)),
                headers={"Content-Type": "application/json"},
            )
        answer.raise_for_status()

    return send


def as_otlp(lines: Sequence[Line]) -> dict[str, Any]:
    """Lines as the body of an OTLP request for traces."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": "wijkhub"})},
                "scopeSpans": [
                    {"scope": {"name": "hub.ldv"}, "spans": [_span(line) for line in lines]}
                ],
            }
        ]
    }


def _span(line: Line) -> dict[str, Any]:
    parent = {"parentSpanId": line["parent_span_id"]} if line["parent_span_id"] else {}
    return {
        "traceId": line["trace_id"],
        "spanId": line["span_id"],
        **parent,
        "name": line["name"],
        "kind": 2,  # SERVER
        "startTimeUnixNano": _nanoseconds(line["start_time"]),
        "endTimeUnixNano": _nanoseconds(line["end_time"]),
        "attributes": _attributes(line["attributes"]),
        "status": {"code": 1},  # OK
    }


def _nanoseconds(moment: str) -> str:
    past = datetime.fromisoformat(moment) - datetime.fromtimestamp(0, UTC)
    return str((past.days * 86_400 + past.seconds) * 10**9 + past.microseconds * 1_000)


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        {
            "key": name,
            "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value},
        }
        for name, value in values.items()
    ]


def processing_logs(settings: Settings, count: Count) -> tuple[ProcessingLog, ...]:
    """The logs that the settings ask for: a file, a collector, both or none."""
    sends: list[Send] = []
    if settings.ldv_log is not None:
        sends.append(to_file(settings.ldv_log))
    if settings.otlp_url is not None:
        sends.append(to_collector(settings.otlp_url))
    return tuple(ProcessingLog(send, count) for send in sends)
