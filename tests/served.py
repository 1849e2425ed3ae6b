# SPDX-License-Identifier: EUPL-1.2
"""A world's hub at an address, for programs that run beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from hub.http import http_config
from hub.serve import address_of, claim
from tests.conftest import World


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The world's hub over HTTP on a port of its own: host and port."""
    listening = claim("127.0.0.1", 0)
    address = address_of(listening).removeprefix("http://")
    server = uvicorn.Server(http_config(world.app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn gives no event
        await asyncio.sleep(0.01)
    try:
        yield address
    finally:
        server.should_exit = True
        await serving
