# SPDX-License-Identifier: EUPL-1.2
"""What one operation knows while its plan is carried out. Made per operation, never kept longer."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from graphql.execution.values import VariableValues

if TYPE_CHECKING:
    from resolvers.context import Context
    from resolvers.plan.objects import Objects


class Failure(Exception):
    """Stands in the answer where an error came instead of a value, until it is settled. What takes
    it for a value raises it.
    """

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Run:
    """An operation that is being carried out: for whom, with which variables, and whether anything
    failed.
    """

    def __init__(self, context: Context, variables: VariableValues) -> None:
        self.context = context
        self.variables = variables
        self.failed = False
        self.types: dict[int, Objects] = {}
        """Of which type an object of an interface is, by the `id` of what the answer has for it."""

    def fail(self, error: Exception) -> Failure:
        """Notes an error, and gives what stands in its place."""
        self.failed = True
        return Failure(error)

    def attempt(self, function: Callable[[Any], Any], value: Any) -> Any:
        """What a function makes of a value, or a failure."""
        try:
            return function(value)
        except Exception as error:
            return self.fail(error)

    async def awaited(self, value: Coroutine[Any, Any, Any]) -> Any:
        """What comes of it, or a failure; an error that is given as a value is one too."""
        try:
            found = await value
        except Exception as error:
            return self.fail(error)
        return self.fail(found) if isinstance(found, Exception) else found


async def together(work: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What comes of each, done at the same time; one alone needs no task for it."""
    return [await work[0]] if len(work) == 1 else await gather(*work)
