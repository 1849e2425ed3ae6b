# SPDX-License-Identifier: EUPL-1.2
"""What a server asks of its database, counted between the two, without either knowing.

A server that is started on the address of a `Wire` works as ever. Of the client's side of
PostgreSQL's protocol only the kinds of messages are looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
_CHUNK = 65_536


@dataclass(slots=True)
class Wire:
    """Counts of statements (simple queries and executions) and of round trips (waits for
    ReadyForQuery), of all connections together.
    """

    statements: int = 0
    trips: int = 0

    def forget(self) -> None:
        """Counts from here."""
        self.statements = self.trips = 0

    async def carry(
        self, target: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection of the server, until either side ends it."""
        up_reader, up_writer = await asyncio.open_unix_connection(str(target))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, up_writer))
                group.create_task(_down(up_reader, writer))
        finally:
            up_writer.close()
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            length = await reader.readexactly(4)  # the first message has no kind
            writer.write(length + await reader.readexactly(int.from_bytes(length) - 4))
            while True:
                head = await reader.readexactly(5)
                kind = head[:1]
                self.statements += kind in b"QE"
                self.trips += kind in b"QS"
                writer.write(head + await reader.readexactly(int.from_bytes(head[1:]) - 4))
        writer.close()


async def _down(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
    writer.close()


@asynccontextmanager
async def tapped(target: Path, folder: Path) -> AsyncIterator[Wire]:
    """A socket in `folder` that stands for the one in `target`, while the context lasts."""
    wire = Wire()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.carry(target / SOCKET, reader, writer)

    server = await asyncio.start_unix_server(carry, str(folder / SOCKET))
    try:
        yield wire
    finally:
        server.close()
