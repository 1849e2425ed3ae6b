# SPDX-License-Identifier: EUPL-1.2
"""`hub serve --workers 2`: both answer, and whatever ends, nothing is lost, doubled or left behind.

The workers are known by what the hub writes down, and by being its children.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.database import EmbeddedPostgres
from tests.faults.hubs import DEADLINE, environment, folder_for_all, until
from tests.faults.killable_hub import set_up
from tests.faults.test_kills import PUSH, row

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

TOKENS = ("corporatie-a", "buurtwerk")
ME = "{ me { organisation { name } } }"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Town:
    """A data folder with the scene of the demo in it."""

    data: Path
    tokens: dict[str, str]


@pytest.fixture(scope="module")
async def town(anyio_backend: str) -> AsyncIterator[Town]:
    """A town whose database waits for a lock as long as a test does."""
    with folder_for_all("hub-workers-") as folder:
        data = folder / "data"
        async with EmbeddedPostgres(data, report=lambda _: None) as addresses:
            tokens = await set_up(addresses.owner)
            root = await asyncpg.connect(addresses.superuser)
            await root.execute("alter role hub_app set lock_timeout = '60s'")
            await root.execute("alter role hub_app set statement_timeout = '60s'")
            await root.close()
        yield Town(data, tokens)


@dataclass
class Hub:
    """A hub with workers, and what it wrote down so far."""

    town: Town
    process: subprocess.Popen[bytes]
    log: Path
    metrics_port: int
    address: str = ""

    @property
    def superuser(self) -> str:
        return f"postgresql://postgres@/hub?host={self.town.data / 'pgdata'}&port=5432"

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def workers(self) -> list[int]:
        """Processes of the workers that run."""
        return [pid for pid in children(self.process.pid) if "spawn_main" in command(pid)]

    def lines(self, event: str) -> list[dict[str, Any]]:
        found = [line for line in self.log.read_text().splitlines() if line[:1] == "{"]
        return [line for line in map(json.loads, found) if line["event"] == event]

    async def ask(self, query: str, variables: Any = None, token: str = TOKENS[0]) -> Any:
        """The answer on a connection of its own."""
        async with httpx.AsyncClient(base_url=self.address, timeout=DEADLINE) as client:
            answer = await client.post(
                "/graphql",
                json={"query": query, "variables": variables or {}},
                headers={"Authorization": f"Bearer {self.town.tokens[token]}"},
            )
        return answer.json()

    async def push(self, dataset: str, number: int, token: str = TOKENS[0]) -> Any:
        """The receipt of a push of ten rows."""
        delivery = {"dataset": dataset, "idempotencyKey": f"sleutel-{dataset}-{number}"}
        rows = [row(number * 10 + n) for n in range(10)]
        answer = await self.ask(PUSH, {"rows": rows, "delivery": delivery}, token)
        return answer["data"]["pushSignals"]

    async def both_answer(self) -> bool:
        with suppress(httpx.TransportError):
            await asyncio.gather(*(self.ask(ME) for _ in range(8)))
        return {line["worker"] for line in self.lines("operation")[-8:]} == {1, 2}

    async def metrics(self) -> dict[str, float]:
        """Every number of /metrics, by its name and labels."""
        async with httpx.AsyncClient(timeout=DEADLINE) as client:
            text = (await client.get(f"http://127.0.0.1:{self.metrics_port}/metrics")).text
        return {
            " ".join([sample.name, *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def serving(town: Town, **settings: str) -> AsyncIterator[Hub]:
    """A hub with two workers, of which both answer; gone afterwards."""
    metrics_port = free_port()
    log = town.data.parent / f"{metrics_port}.log"
    given = {"HUB_DATA": str(town.data), "HUB_METRICS_PORT": str(metrics_port), **settings}
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once, and is killed from a thread
            [sys.executable, "-m", "hub", "serve", "--port", "0", "--workers", "2"],
            stderr=stream,
            env=environment(**given),
            cwd="/",
        )
    watchdog = threading.Timer(2 * DEADLINE, process.kill)
    watchdog.start()
    hub = Hub(town, process, log, metrics_port)

    async def address() -> str | None:
        assert process.poll() is None, log.read_text()
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        return found and found.group()

    try:
        hub.address = await until(address)
        await until(hub.both_answer)
        yield hub
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        await until(lambda: gone(servers(town.data)))


def servers(data: Path) -> list[int]:
    """Living processes of the embedded server."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == data / "pgdata":
                found.append(int(entry.name))
    return found


async def gone(pids: list[int]) -> bool:
    return not any(command(pid) for pid in pids)


async def test_both_answer_and_share_what_one_organisation_may_spend(town: Town) -> None:
    async with serving(town, HUB_LIMIT_RATE_BURST="40000") as hub:
        answer = await hub.ask(ME)
        assert answer["extensions"]["cost"]["limit"] == 20_000
        done = hub.lines("daily.done")
        assert {"worker" in line for line in done} == {False}  # by the keeper
        assert len({line["gemeente"] for line in done}) == len(done)


async def test_pushes_survive_kills_of_workers(town: Town) -> None:
    """Each answer that does not come is asked for again with the same key; a worker is killed at
    every fourth answer.
    """
    async with serving(town) as hub:
        answered = 0

        async def push_all(dataset: str) -> None:
            nonlocal answered
            for number in range(8):
                while True:
                    with suppress(httpx.TransportError):
                        receipt = await hub.push(dataset, number)
                        assert receipt["errors"] == []
                        break
                answered += 1
                if answered % 4 == 0 and (workers := hub.workers()):
                    os.kill(workers[answered % len(workers)], signal.SIGKILL)

        datasets = [f"kill-{n}" for n in range(3)]
        await asyncio.gather(*map(push_all, datasets))
        root = await asyncpg.connect(hub.superuser)
        stored = await root.fetch(
            """
            select s.dataset, count(*) as records, sum(s.version) as versions,
              (select count(*) from hub.receipts r where r.dataset = s.dataset) as receipts,
              (select count(*) from hub.history h join hub.signals x on x.id = h.record
                where x.dataset = s.dataset) as history
            from hub.signals s where s.dataset = any ($1) group by s.dataset order by 1""",
            datasets,
        )
        await root.close()
        assert [tuple(each) for each in stored] == [(d, 80, 80, 8, 80) for d in datasets]
        assert len(hub.lines("worker.died")) >= 3
        assert {line["how"] for line in hub.lines("worker.died")} == {-9}
        await until(hub.both_answer)


async def test_numbers_of_both_add_up_and_stay_when_one_is_killed(town: Town) -> None:
    async with serving(town) as hub:
        before = await hub.metrics()
        await asyncio.gather(*(hub.ask(ME) for _ in range(20)))
        await hub.push("telling", 0)
        after = await hub.metrics()
        asked = "hub_requests_total query 2xx"
        assert after[asked] == before[asked] + 20
        assert after["hub_requests_total mutation 2xx"] == 1
        assert after["hub_request_duration_seconds_count query"] == after[asked]
        assert after["hub_pushed_rows_total CREATED"] == 10
        assert (after["hub_workers"], after["hub_pool_size"]) == (2, 16)
        assert after["hub_database_up"] == 1
        assert after["hub_daily_last_success_timestamp_seconds"] > 1.7e9

        [killed, _] = hub.workers()
        os.kill(killed, signal.SIGKILL)

        async def told() -> bool:
            return (await hub.metrics())["hub_worker_restarts_total"] == 1

        await until(told)
        later = await hub.metrics()
        assert {name: later[name] for name in (asked, "hub_pushed_rows_total CREATED")} == {
            name: after[name] for name in (asked, "hub_pushed_rows_total CREATED")
        }


async def test_an_operation_that_dies_with_its_worker_is_no_longer_under_way(town: Town) -> None:
    async with serving(town) as hub, locked(hub):
        asking = asyncio.create_task(hub.push("under-way", 0))

        async def under_way() -> bool:
            return (await hub.metrics())["hub_operations_running"] == 1

        await until(under_way)
        assert (await hub.metrics())["hub_pool_in_use"] == 1
        for pid in hub.workers():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            await asking

        async def over() -> bool:
            now = await hub.metrics()  # without workers there is nothing to tell of them
            return not (now.get("hub_operations_running") or now.get("hub_pool_in_use"))

        await until(over)


@asynccontextmanager
async def locked(hub: Hub) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Nobody can write signals while the context lasts."""
    root = await asyncpg.connect(hub.superuser)
    try:
        async with root.transaction():
            await root.execute("lock table hub.signals in exclusive mode")
            yield root
    finally:
        await root.close()


async def test_sigterm_lets_every_worker_finish(town: Town) -> None:
    """Of each organisation a worker does three pushes at once: seven that wait are of both."""
    async with serving(town, HUB_LIMIT_OPERATION_SECONDS="60") as hub:
        async with locked(hub) as root:
            pushing = [
                asyncio.create_task(hub.push(f"last-{n}", 0, TOKENS[n % 2])) for n in range(16)
            ]

            async def seven_wait() -> bool:
                waiting = "select count(*) from pg_locks where not granted"
                return int(await root.fetchval(waiting)) >= 7

            await until(seven_wait)
            hub.process.terminate()

            async def refused() -> bool:
                try:
                    socket.create_connection(("127.0.0.1", hub.port)).close()
                except ConnectionRefusedError:
                    return True
                return False

            await until(refused)
        receipts = await asyncio.gather(*pushing)
        assert [receipt["errors"] for receipt in receipts] == [[]] * 16
        assert hub.process.wait(DEADLINE) == 0
        assert hub.lines("worker.died") == []
    log = (town.data / "server.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


async def test_a_keeper_that_is_killed_leaves_nothing_behind(town: Town) -> None:
    async with serving(town) as hub:
        family = children(hub.process.pid)
        assert len(hub.workers()) == 2
        hub.process.kill()
        await until(lambda: gone(family))


async def test_the_address_stays_taken_also_while_no_worker_listens(town: Town) -> None:
    async with serving(town) as hub:
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", "serve", "--port", str(hub.port), "--workers", "2"),
            stderr=asyncio.subprocess.PIPE,
            env=environment(HUB_DATA=str(town.data)),
            cwd="/",
        )
        _, said = await second.communicate()
        assert second.returncode == 1
        assert f"Poort {hub.port}" in said.decode() and "Traceback" not in said.decode()
        hub.process.send_signal(signal.SIGSTOP)
        for pid in hub.workers():
            os.kill(pid, signal.SIGKILL)
        with closing(socket.socket()) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", hub.port))
        hub.process.send_signal(signal.SIGCONT)
        await until(hub.both_answer)
