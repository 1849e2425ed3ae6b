# SPDX-License-Identifier: EUPL-1.2
"""What the hub counts about its own work, for Prometheus, and the address at which it tells.

Promises: no label or value says who asked, what was asked or what is in a record; even so the
numbers tell how busy partners are, so they are not on the hub's own port, and nowhere unless asked
for. Several processes that answer count into files of one folder (PROMETHEUS_MULTIPROC_DIR, read by
the library when it is loaded), and are told as one hub.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.settings import Settings
from sql.errors import Unavailable
from sql.session import Database

# Seconds. The last is how long an operation may take by default.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# A time beside each counter, which the files of several processes do not have.
disable_created_metrics()  # type: ignore[no-untyped-call]

NO_OPERATION = "none"
GONE = "gone"


class Traffic:
    """What a process that answers counts."""

    def __init__(self) -> None:
        """Count from zero, in a registry of this object's own."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "hub_requests",
            "Requests, by the kind of operation and the class of the HTTP status.",
            ["kind", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "hub_request_duration_seconds",
            "From when the head of a request was read until its answer was ready.",
            ["kind"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._refused = Counter(
            "hub_refused_requests",
            "Requests with an error, by the first code in the answer.",
            ["code"],
            registry=self.registry,
        )
        self._rows = Counter(
            "hub_pushed_rows",
            "Rows of deliveries that were not trials, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self._processings = Counter(
            "hub_processing_log_lines",
            "Lines for the log of processings, by what became of them.",
            ["outcome"],
            registry=self.registry,
        )
        self._executions = Counter(
            "hub_executions",
            "Operations that were carried out, by executor, and why not by a plan.",
            ["executor", "reason"],
            registry=self.registry,
        )
        self._running = self._gauge("hub_operations_running", "Operations under way.")
        self._in_use = self._gauge("hub_pool_in_use", "Connections to the database in use.")
        self._waiting = self._gauge("hub_pool_waiting", "Waiting for a connection.")

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self.registry, multiprocess_mode="livesum")

    def answered(
        self, kind: str | None, status: int | None, code: str | None, seconds: float
    ) -> None:
        """One request is over; `status` None when its caller had gone."""
        kind = kind or NO_OPERATION
        self._requests.labels(kind, GONE if status is None else f"{status // 100}xx").inc()
        self._seconds.labels(kind).observe(seconds)
        if code is not None:
            self._refused.labels(code).inc()

    def executed(self, executor: str, reason: str = "") -> None:
        """An operation was carried out by a plan or, for a reason, by the reference."""
        self._executions.labels(executor, reason).inc()

    @contextmanager
    def operation(self) -> Iterator[None]:
        """An operation is under way."""
        with self._running.track_inprogress():
            yield

    def delivered(self, rows: Mapping[str, int]) -> None:
        """Rows of a delivery that was committed, by outcome."""
        for outcome, number in rows.items():
            self._rows.labels(outcome).inc(number)

    def processing_told(self, outcome: str, lines: int) -> None:
        """Lines for the log of processings were sent, or dropped."""
        self._processings.labels(outcome).inc(lines)

    def pool(self, in_use: int, waiting: int) -> None:
        """How the pool of connections stands now."""
        self._in_use.set(in_use)
        self._waiting.set(waiting)


class House:
    """What the process that looks after the hub knows: the database, the daily work, the workers.

    `clock` gives monotonic seconds, `now` the time of day as Unix has it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is known yet."""
        self.registry = CollectorRegistry()
        self._clock = clock
        self._now = now
        self._held: tuple[str, float] | None = None
        self._gauge("hub_workers", "Processes that are to answer requests.").set(settings.workers)
        self._gauge("hub_pool_size", "Connections that they may have together.").set(
            settings.workers * settings.pool_size
        )
        self._worker_restarts = Counter(
            "hub_worker_restarts",
            "Processes that ended before they were asked to.",
            registry=self.registry,
        )
        self._daily = self._gauge(
            "hub_daily_last_success_timestamp_seconds",
            "When the daily work last succeeded; 0: not since this start.",
        )
        self._due = self._gauge(
            "hub_periods_due",
            "Periods of which numbers were due after the daily work: nobody publishes them.",
        )
        self._database_up = self._gauge(
            "hub_database_up", "1: the database answered just now. 0: it did not."
        )
        self._database_start = self._gauge(
            "hub_database_start_timestamp_seconds", "When the database server started."
        )
        self._stall = self._gauge(
            "hub_feed_stall_seconds",
            "How long the feed has waited for the same write transaction, of whatever program.",
        )

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self.registry)

    def worker_died(self) -> None:
        """A process that answers has ended unasked."""
        self._worker_restarts.inc()

    def daily_done(self, periods_due: int) -> None:
        """The daily work has succeeded, and of so many periods numbers are due that it did not
        publish.
        """
        self._daily.set(self._now())
        self._due.set(periods_due)

    async def look(self, database: Database) -> None:
        """Asks the database how it is.

        No role but the administrator's may see when others' transactions began, so a transaction
        that holds the feed counts from the first look that met it.
        """
        try:
            [row] = await database.call("health")
        except Unavailable:
            self._database_up.set(0)
            return
        self._database_up.set(1)
        self._database_start.set(row["started"].timestamp())
        oldest, now = row["oldest"], self._clock()
        if oldest is None:
            self._held = None
        elif self._held is None or self._held[0] != oldest:
            self._held = (oldest, now)
        self._stall.set(now - self._held[1] if self._held else 0)


def traffic_of_workers(folder: Path) -> CollectorRegistry:
    """What all processes that count into `folder` counted, those that ended included."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def forget_worker(pid: int, folder: Path) -> None:
    """A process that counted into `folder` has ended: nothing of it is under way any more."""
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def metrics_app(house: House, traffic: CollectorRegistry, database: Database) -> Starlette:
    """`/metrics`: what the house knows and what the traffic was, as text of Prometheus."""

    async def metrics(_: Request) -> Response:
        await house.look(database)
        text = generate_latest(house.registry) + generate_latest(traffic)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", metrics)])
