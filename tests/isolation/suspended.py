# SPDX-License-Identifier: EUPL-1.2
"""Cancels work at its n-th suspension, wherever that is: in the work itself, or in a task that it
began.

As a server cancels it: the outer task is told, and everything within gets to know in its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Cut:
    """How often work was suspended, and at which suspension it is cancelled (0: never)."""

    at: int = 0
    suspensions: int = 0
    task: asyncio.Task[Any] | None = None

    def note(self) -> None:
        """One more suspension."""
        self.suspensions += 1
        if self.suspensions == self.at and self.task is not None:
            asyncio.get_running_loop().call_soon(self.task.cancel)


_cut: ContextVar[Cut | None] = ContextVar("cut", default=None)


@dataclass(slots=True)
class _Counted(Awaitable[Any]):
    """Work whose suspensions are noted."""

    work: Coroutine[Any, Any, Any]
    cut: Cut

    def __await__(self) -> Generator[Any, Any, Any]:
        thrown: BaseException | None = None
        while True:
            try:
                waited = self.work.send(None) if thrown is None else self.work.throw(thrown)
            except StopIteration as done:
                return done.value
            self.cut.note()
            try:
                yield waited
                thrown = None
            except BaseException as error:
                thrown = error


async def _counted(work: Coroutine[Any, Any, T], cut: Cut) -> T:
    done: T = await _Counted(work, cut)
    return done


def _task(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **more: Any
) -> asyncio.Task[T]:
    """A task whose suspensions count for the work that began it."""
    cut = _cut.get()
    return asyncio.Task(work if cut is None else _counted(work, cut), loop=loop, **more)


async def cut_short(work: Coroutine[Any, Any, T], cut: Cut) -> T:
    """What the work gives; CancelledError when it was cancelled, as the cut says."""
    asyncio.get_running_loop().set_task_factory(_task)
    token = _cut.set(cut)
    try:
        cut.task = asyncio.ensure_future(work)
    finally:
        _cut.reset(token)
    return await cut.task
