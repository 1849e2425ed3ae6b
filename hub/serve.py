# SPDX-License-Identifier: EUPL-1.2
"""Serving: the database at hand, embedded or external, and the HTTP server over it, in one process
or several, until a signal ends it.
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
from functools import partial

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from hub.daily import OwnersWork, daily_work
from hub.database import CONNECTIONS, Addresses, EmbeddedPostgres
from hub.http import http_config
from hub.metrics import House, metrics_app
from hub.publisher import publish_apart
from hub.retaining import run_retention
from hub.settings import Settings
from sql.errors import Refusal
from sql.migrate import migrate
from sql.serving import check_fit_to_serve
from sql.session import COMMAND_SECONDS, Database, Watch

# Beside the hub's own: commands, a look inside, and what PostgreSQL reserves.
SPARE_CONNECTIONS = 20
# Connections of a process that keeps workers: one for the daily work, one for /metrics.
OF_THE_KEEPER = 2
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Served:
    """A database that may be served: its address, whether its server is up, and what its owner
    does, where the owner's address is known.
    """

    dsn: str
    ready: Callable[[], bool]
    owner: OwnersWork | None


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded server that runs, and its addresses."""

    server: EmbeddedPostgres
    addresses: Addresses


@asynccontextmanager
async def embedded_database(settings: Settings, report: Report) -> AsyncIterator[Embedded]:
    """An embedded database in the data folder while the context lasts; not yet migrated."""
    room = settings.connections + settings.pool_size + SPARE_CONNECTIONS
    server = EmbeddedPostgres(
        settings.data,
        bindir=settings.pg_bindir,
        report=report,
        connections=max(CONNECTIONS, room),
    )
    async with server as addresses:
        yield Embedded(server, addresses)


@asynccontextmanager
async def database_at_hand(settings: Settings, report: Report) -> AsyncIterator[Served]:
    """The database of the settings: external with DATABASE_URL, else embedded and up to date.

    Raises `UnfitToServe` for an external database that must not be served as it is.
    """
    if settings.database_url is not None:
        await check_fit_to_serve(settings.database_url)
        owner = owners_work(settings, settings.owner_url) if settings.owner_url else None
        yield Served(settings.database_url, lambda: True, owner)
        return
    async with embedded_database(settings, report) as embedded:
        await migrate(embedded.addresses.owner, report)
        owner = owners_work(settings, embedded.addresses.owner)
        yield Served(embedded.addresses.app, lambda: embedded.server.ready, owner)


def owners_work(settings: Settings, owner_dsn: str) -> OwnersWork:
    """What the owner does each day, at its address."""

    async def retain() -> None:
        async with open_database(settings, owner_dsn, size=1) as owner:
            await run_retention(owner)

    return OwnersWork(partial(publish_apart, owner_dsn), retain)


@asynccontextmanager
async def open_database(
    settings: Settings, dsn: str, *, size: int | None = None, watch: Watch = lambda *_: None
) -> AsyncIterator[Database]:
    """A pool on an address, as large as the settings say unless a size is given."""
    database = await Database.open(
        dsn,
        size=size or settings.pool_size,
        acquire_timeout=settings.acquire_seconds,
        command_timeout=max(COMMAND_SECONDS, settings.limits.operation_seconds),
        watch=watch,
        ledger_waits=settings.ledger_waits,
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def looked_after(
    database: Database,
    house: House,
    traffic: CollectorRegistry,
    scraped: socket.socket | None,
    owner: OwnersWork | None,
) -> AsyncIterator[None]:
    """What a hub does beside answering, while the context lasts: the daily work and, on `scraped`,
    /metrics.
    """
    async with daily_work(database, house.daily_done, owner):
        if scraped is None:
            yield
            return
        server = _Beside(http_config(metrics_app(house, traffic, database)))
        serving = asyncio.create_task(server.serve(sockets=[scraped]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


@contextmanager
def told_to_stop(stop: Callable[[int], None]) -> Iterator[None]:
    """Calls `stop` with the number of the signal, at SIGTERM and Ctrl-C."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    """uvicorn's server, without its habit of sending the process the signal again once it has
    drained: the database is to be closed first.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends serving at SIGTERM and Ctrl-C."""
        with told_to_stop(lambda number: self.handle_exit(number, None)):
            yield


class _Beside(uvicorn.Server):
    """uvicorn's server beside another one in the same process, to which signals belong."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone."""
        yield


def claim(host: str, port: int) -> socket.socket:
    """The address to listen on, taken before any other work.

    Refuses (PORT_TAKEN) one that another program has.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen()
    except OSError as error:
        taken.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refusal("PORT_TAKEN", host=host, port=port) from error
    return taken


def claim_for_metrics(settings: Settings) -> socket.socket | None:
    """The address of /metrics, taken as `claim` does; None when the settings name no port."""
    if settings.metrics_port is None:
        return None
    return claim(settings.metrics_host, settings.metrics_port)


async def serve_app(
    app: Starlette, listening: socket.socket, on_start: Callable[[], None] = lambda: None
) -> None:
    """Serves until SIGTERM or Ctrl-C; requests under way are finished first. `on_start` is told
    when it can answer.
    """
    server = _Server(http_config(app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn gives no event
        await asyncio.sleep(0.01)
    if server.started:
        spare_the_collector()
        on_start()
    await serving


def spare_the_collector() -> None:
    """Looks for garbage less often, and never again among what is there at the start: the schema.

    An answer of 500 rows makes thousands of tasks and futures, which go without a collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def address_of(listening: socket.socket) -> str:
    """The address that a socket listens on, with its real port where 0 was asked for."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
