# SPDX-License-Identifier: EUPL-1.2
"""Publishing in a process of its own, for a hub that serves: the solver, once loaded, would stay in
its memory.
"""

from __future__ import annotations

import asyncio
import os
import sys

import orjson


class PublishingFailed(Exception):
    """The process that publishes ended with a code that is not 0."""


async def publish_apart(owner_dsn: str) -> int:
    """Publishes what is due in a process that ends with it; how many numbers that were.

    Raises `PublishingFailed` when it could not; what it says of why stays in its own log.
    """
    command = (sys.executable, "-m", "hub", "publish", "--json")
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "HUB_OWNER_URL": owner_dsn},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the hub, which waits for this
    )
    told, _ = await process.communicate()
    if process.returncode:
        raise PublishingFailed(process.returncode)
    periods = orjson.loads(told)["periods"]
    return sum(period["cells"] + period["parts"] for period in periods)
