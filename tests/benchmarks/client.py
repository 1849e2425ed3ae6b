# SPDX-License-Identifier: EUPL-1.2
"""A small HTTP client that costs little beside what it measures: asyncio streams, keep-alive.

httpx takes longer to send a small read than the hub takes to answer it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self, TypeVar

HOST = "127.0.0.1"
Slot = TypeVar("Slot")


class Refused(Exception):
    """An answer that is not the one that was to be measured."""


class Connection:
    """One connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connected. Raises OSError while nobody listens."""
        return cls(*await asyncio.open_connection(HOST, port))

    def close(self) -> None:
        """Closes the connection, without waiting for the other side."""
        self._writer.close()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a whole request, as `request_of` makes it."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        return status, await self._reader.readexactly(length)

    async def leave(self, request: bytes, after: float, size: int) -> None:
        """Sends a request, waits some seconds, reads so many bytes of the answer, and goes away."""
        self._writer.write(request)
        await asyncio.sleep(after)
        if size:
            await self._reader.read(size)
        self.close()


def request_of(path: str, body: bytes | None = None, **headers: str) -> bytes:
    """The bytes of a request: a GET without a body, else a POST of JSON."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {HOST}"]
    if body is not None:
        lines += [
            "Content-Type: application/json",
            "Accept: application/json",
            f"Content-Length: {len(body)}",
        ]
    lines += [f"{name.title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


@dataclass(slots=True)
class Measured:
    """Latencies in seconds of the answers of some runs, and per run the answers per second; bytes
    of an answer; seconds of processor time of the server and of the database.
    """

    latencies: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    size: int = 0
    cpu: float = 0.0
    database_cpu: float = 0.0

    def quantile(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections while the context lasts."""
    opened = [await Connection.open(port) for _ in range(count)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


async def closed_loop(
    port: int, request: bytes, connections: int, seconds: float, into: Measured
) -> None:
    """Asks on each connection again as soon as it has its answer, for some seconds.

    Raises Refused for a wrong answer.
    """
    async with connected(port, connections) as opened:
        began = time.perf_counter()
        counts = await asyncio.gather(
            *(_loop(one, request, began + seconds, into) for one in opened)
        )
        into.per_second.append(sum(counts) / (time.perf_counter() - began))


async def open_loop(
    port: int, request: bytes, connections: int, seconds: float, rate: float, into: Measured
) -> None:
    """Asks `rate` times a second at even distances, however long answers take, on as many
    connections. A latency counts from the moment that was planned: waiting for a connection is part
    of it.

    Raises Refused for a wrong answer.
    """
    async with connected(port, connections) as opened:
        began = time.perf_counter()
        planned = (began + number / rate for number in range(max(1, int(rate * seconds))))
        counts = await asyncio.gather(*(_follow(one, request, planned, into) for one in opened))
        into.per_second.append(sum(counts) / (time.perf_counter() - began))


async def _follow(
    connection: Connection, request: bytes, planned: Iterator[float], into: Measured
) -> int:
    count = 0
    for moment in planned:
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        await _answered(connection, request, moment, into)
        count += 1
    return count


async def _loop(connection: Connection, request: bytes, until: float, into: Measured) -> int:
    count = 0
    while (sent := time.perf_counter()) < until or count == 0:
        await _answered(connection, request, sent, into)
        count += 1
    return count


async def _answered(connection: Connection, request: bytes, since: float, into: Measured) -> None:
    status, body = await connection.ask(request)
    into.latencies.append(time.perf_counter() - since)
    if status != 200 or not body.startswith(b'{"data":') or b'"errors":[{' in body[-4000:]:
        raise Refused(f"{status}: {body[:500].decode(errors='replace')}")
    into.size = len(body)


def there_and_back(rounds: int, slots: Sequence[Slot]) -> Iterator[Sequence[Slot]]:
    """The order of each round: A, B, C, then C, B, A, so that what drifts drifts for all."""
    for number in range(rounds):
        yield slots if number % 2 == 0 else slots[::-1]
