# SPDX-License-Identifier: EUPL-1.2
"""Serving: the database at hand, embedded or external, and the HTTP server over it, until a signal
ends it.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import ipaddress
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from hub.database import Addresses, EmbeddedPostgres
from hub.settings import Settings
from sql.errors import Refusal
from sql.migrate import migrate
from sql.serving import check_fit_to_serve
from sql.session import Database

DRAIN_SECONDS = 10
KEEP_ALIVE_SECONDS = 20
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Served:
    """A database that may be served: its address, and whether its server is up."""

    dsn: str
    ready: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded server that runs, and its addresses."""

    server: EmbeddedPostgres
    addresses: Addresses


@asynccontextmanager
async def embedded_database(settings: Settings, report: Report) -> AsyncIterator[Embedded]:
    """An embedded database in the data folder while the context lasts; not yet migrated."""
    server = EmbeddedPostgres(settings.data, bindir=settings.pg_bindir, report=report)
    async with server as addresses:
        yield Embedded(server, addresses)


@asynccontextmanager
async def database_at_hand(settings: Settings, report: Report) -> AsyncIterator[Served]:
    """The database of the settings: external with DATABASE_URL, else embedded and up to date.

    Raises `UnfitToServe` for an external database that must not be served as it is.
    """
    if settings.database_url is not None:
        await check_fit_to_serve(settings.database_url)
        yield Served(settings.database_url, lambda: True)
        return
    async with embedded_database(settings, report) as embedded:
        await migrate(embedded.addresses.owner, report)
        yield Served(embedded.addresses.app, lambda: embedded.server.ready)


@asynccontextmanager
async def open_database(settings: Settings, dsn: str) -> AsyncIterator[Database]:
    """A pool on an address, as large as the settings say."""
    database = await Database.open(
        dsn, size=settings.pool_size, acquire_timeout=settings.acquire_seconds
    )
    try:
        yield database
    finally:
        await database.close()


class _Server(uvicorn.Server):
    """uvicorn's server, without its habit of sending the process the signal again once it has
    drained: the database is to be closed first.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends serving at SIGTERM and Ctrl-C."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def claim(settings: Settings) -> socket.socket:
    """The address to listen on, taken before any other work.

    Refuses (PORT_TAKEN) one that another program has.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # named as TCP, for asyncio sends without delay (TCP_NODELAY) only on sockets that say so
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
        taken.listen()
    except OSError as error:
        taken.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refusal("PORT_TAKEN", host=settings.host, port=settings.port) from error
    return taken


async def serve_app(
    app: Starlette,
    settings: Settings,
    on_start: Callable[[str], None],
    listening: socket.socket | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C; requests under way are finished first. `on_start` is told the
    address.
    """
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening or claim(settings)]))
    while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn gives no event
        await asyncio.sleep(0.01)
    if server.started:
        spare_the_collector()
        on_start(address_of(server))
    await serving


def spare_the_collector() -> None:
    """Looks for garbage less often, and never again among what is there at the start: the schema.

    An answer of 500 rows makes thousands of tasks and futures, which go without a collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def address_of(server: uvicorn.Server) -> str:
    """The address that a started server listens on, with its real port where 0 was asked for."""
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
