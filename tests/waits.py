# SPDX-License-Identifier: EUPL-1.2
"""Instead of waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Step = Callable[[], Awaitable[None]]


class Steps:
    """Instead of the wait of a loop: what happens between two looks, and after the last the end."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)

    async def __call__(self, stop: asyncio.Event) -> None:
        if self._steps:
            await self._steps.pop(0)()
        else:
            stop.set()
