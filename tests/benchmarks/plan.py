# SPDX-License-Identifier: EUPL-1.2
"""How much is measured, and of what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.contenders import OTHERS

Report = Callable[[str], None]
Numbers = dict[str, Any]

PARTS = ("starts", "reads", "latency", "shares", "pushes", "kinds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured of which parts, and beside whom."""

    records: int = 200_000
    parts: tuple[str, ...] = PARTS
    peers: tuple[str, ...] = OTHERS
    starts: int = 5
    connections: tuple[int, ...] = (1, 8, 32)
    rounds: int = 6
    seconds: float = 2.0
    latency_seconds: float = 10.0
    warm_up: float = 1.0
    push_rows: int = 2_000
    pushes: int = 5
    small_push_rows: int = 100
    small_pushes: int = 20
    pushes_together: int = 2
    workers: int = 1


FULL = Plan()
QUICK = Plan(
    records=10_000,
    starts=1,
    connections=(1, 8),
    rounds=2,
    seconds=0.1,
    latency_seconds=0.5,
    warm_up=0.1,
    push_rows=200,
    pushes=2,
    small_pushes=2,
    pushes_together=1,
)
