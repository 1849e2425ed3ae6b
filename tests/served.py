# SPDX-License-Identifier: EUPL-1.2
"""A world's hub at an address, for programs that run beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.conftest import World


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The world's hub over HTTP on a port of its own: host and port."""
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn gives no event
        await asyncio.sleep(0.01)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
