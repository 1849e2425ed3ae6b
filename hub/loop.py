# SPDX-License-Identifier: EUPL-1.2
"""Which event loop the hub's work runs on: uvloop's, of every command and of each worker
(docs/decisions/0048).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

Result = TypeVar("Result")


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work gives, on a loop of its own that ends with it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
