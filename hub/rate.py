# SPDX-License-Identifier: EUPL-1.2
"""How much of the hub is for one organisation: what it spends, and what it does at the same moment.

Promises for the token bucket on the cost of what it asks: an organisation's bucket depends on its
own requests alone, so what is left tells nothing of others; what the bucket refuses takes nothing;
memory is bounded: beyond `KEPT` organisations the bucket that was used longest ago is forgotten,
and so is full again.

Promises for turns: an organisation's work runs at most so many at once and waits in the order in
which it came, for its own work alone; what waits has a bound, and an organisation that has no work
takes no memory. For places the same, but nothing waits: what finds no place is refused at once.

Both belong to one process. Several processes give an organisation several of each.
"""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID

from sql.errors import Refusal

KEPT = 10_000
BYTES_FOR_ONE = 100
RETRY_SECONDS = 1


def reading_cost(size: int) -> int:
    """What it costs to read a document of `size` bytes, whatever it asks."""
    return 1 + size // BYTES_FOR_ONE


@dataclass(frozen=True, slots=True)
class Spent:
    """What a bucket answered: `remaining` cost, and seconds to wait when it refused (else None)."""

    remaining: int
    retry_after: int | None


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class Buckets:
    """One token bucket for each organisation."""

    def __init__(self, *, burst: int, per_second: float, clock: Callable[[], float]) -> None:
        """Hold `burst` at most, refilled `per_second`; `clock` gives monotonic seconds."""
        self.burst = burst
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[UUID, _Bucket] = {}

    def __len__(self) -> int:
        """How many buckets are remembered."""
        return len(self._buckets)

    def spend(self, organisation: UUID, cost: int, *, again: int = 0) -> Spent:
        """Take `cost` when it is there; otherwise take nothing and say when it will be, with what
        was spent before it and a retry spends `again`.
        """
        bucket = self._filled(organisation)
        missing = cost - bucket.level
        if missing > 0:
            return Spent(
                max(0, int(bucket.level)), max(1, math.ceil((missing + again) / self._per_second))
            )
        bucket.level -= cost
        return Spent(int(bucket.level), None)

    def charge(self, organisation: UUID, cost: int) -> None:
        """Take `cost` for work that was done already; what is not there is owed."""
        self._filled(organisation).level -= cost

    def _filled(self, organisation: UUID) -> _Bucket:
        """The bucket as it is now, put last in the order of use."""
        now = self._clock()
        bucket = self._buckets.pop(organisation, None) or _Bucket(float(self.burst), now)
        bucket.level = min(float(self.burst), bucket.level + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[organisation] = bucket
        while len(self._buckets) > KEPT:
            del self._buckets[next(iter(self._buckets))]
        return bucket


@dataclass(slots=True)
class _Line:
    free: asyncio.Semaphore
    present: int = 0


class Turns:
    """Turns to work: a line for each organisation that has work."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        """Let `at_once` work and `waiting` wait, of each organisation."""
        self._at_once = at_once
        self._most = at_once + waiting
        self._lines: dict[UUID, _Line] = {}

    def __len__(self) -> int:
        """How many organisations have work or wait."""
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, organisation: UUID) -> AsyncIterator[None]:
        """Wait for a turn and hold it; a Refusal RATE_LIMITED when too many wait already."""
        line = self._lines.get(organisation)
        if line is None:
            line = self._lines[organisation] = _Line(asyncio.Semaphore(self._at_once))
        if line.present >= self._most:
            raise Refusal("RATE_LIMITED", seconds=RETRY_SECONDS)
        line.present += 1
        try:
            async with line.free:
                yield
        finally:
            line.present -= 1
            if line.present == 0:
                del self._lines[organisation]


class Places:
    """Places for what takes memory or time, so many for each organisation."""

    def __init__(self, most: int) -> None:
        """Let each organisation have `most` at the same moment."""
        self._most = most
        self._taken: Counter[UUID] = Counter()

    def __len__(self) -> int:
        """How many organisations have a place."""
        return len(self._taken)

    @contextmanager
    def place(self, organisation: UUID) -> Iterator[None]:
        """Hold a place; a Refusal RATE_LIMITED when the organisation has all of its own."""
        if self._taken[organisation] >= self._most:
            raise Refusal("RATE_LIMITED", seconds=RETRY_SECONDS)
        self._taken[organisation] += 1
        try:
            yield
        finally:
            self._taken[organisation] -= 1
            if not self._taken[organisation]:
                del self._taken[organisation]
