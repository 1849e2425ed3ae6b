# SPDX-License-Identifier: EUPL-1.2
"""How fast one organisation may spend: a token bucket on the cost of what it asks.

Promises: an organisation's bucket depends on its own requests alone, so what is left tells nothing
of others; what the bucket refuses takes nothing; memory is bounded: beyond `KEPT` organisations the
bucket that was used longest ago is forgotten, and so is full again.

A bucket belongs to one process. Several processes give an organisation several buckets.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

KEPT = 10_000
BYTES_FOR_ONE = 100


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
