# SPDX-License-Identifier: EUPL-1.2
"""A database that dies, freezes or is slow: callers hear so in time, and see no rows of others."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from hub.app import create_app
from hub.settings import Settings
from resolvers.partners import create_token, save_partner, set_working_area
from sql.ids import IdSource
from sql.session import Database
from tests.conftest import NOW, World
from tests.faults.hubs import KillableHub, folder_for_all, gone_afterwards, is_ready, post, until
from tests.partner import Partner

pytestmark = pytest.mark.anyio

READ = """{ me { organisation { name } }
  wijk(code: "WK063711") { signals(first: 50) { nodes { summary owner { name } } } } }"""
REPORT = """mutation($in: ReportSignalInput!) {
  reportSignal(input: $in) { signal { id } errors { code hint } } }"""


def report(key: str, summary: str = "Lawaai") -> dict[str, Any]:
    given = {
        "idempotencyKey": key,
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "summary": summary,
    }
    return {"in": given}


# ── A server that dies under load ────────────────────────────────────────────────────────────────


@pytest.fixture
def hub() -> Iterator[KillableHub]:
    """A real hub whose patience is short."""
    with folder_for_all("hub-lost-") as folder:
        made = KillableHub(
            folder / "data",
            HUB_POOL_SIZE="3",
            HUB_ACQUIRE_SECONDS="0.5",
            HUB_LIMIT_OPERATION_SECONDS="2",
        )
        with gone_afterwards([made]):
            yield made


@dataclass
class Load:
    """Partners who report and read without a pause, and what they were answered."""

    hub: KillableHub
    token: str
    answers: list[httpx.Response] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    unsure: list[str] = field(default_factory=list)
    readiness: list[int] = field(default_factory=list)

    async def report_and_read(self, name: str) -> None:
        for number in range(100_000):
            key = f"{name}-sleutel-{number}"
            told = await post(self.hub, self.token, REPORT, report(key))
            read = await post(self.hub, self.token, "{ me { login } }")
            self.answers += [told, read]
            (self.unsure.append if told.status_code != 200 else self.acknowledged.add)(key)

    async def look_at_readiness(self) -> None:
        while True:
            self.readiness.append((await self.hub.client.get("/ready")).status_code)

    def well(self) -> int:
        return sum(answer.status_code == 200 for answer in self.answers)

    async def served_anew(self, more: int) -> None:
        """Returns when `more` answers than now went well."""
        wanted = self.well() + more

        async def enough() -> bool:
            return self.well() >= wanted

        await until(enough)


@asynccontextmanager
async def under_load(hub: KillableHub) -> AsyncIterator[Load]:
    load = Load(hub, hub.tokens["corporatie-a"])
    workers = [asyncio.create_task(load.report_and_read(f"w{n}")) for n in range(6)]
    workers.append(asyncio.create_task(load.look_at_readiness()))
    try:
        await load.served_anew(30)
        yield load
    finally:
        for worker in workers:
            worker.cancel()
        ended = await asyncio.gather(*workers, return_exceptions=True)
    assert {type(end) for end in ended} == {asyncio.CancelledError}


async def keys_stored(hub: KillableHub) -> Counter[str]:
    connection = await asyncpg.connect(hub.superuser)
    try:
        rows = await connection.fetch("select key from hub.idempotency_keys")
        signals = await connection.fetchval("select count(*) from hub.signals")
    finally:
        await connection.close()
    assert signals == len(rows)
    return Counter(row["key"] for row in rows)


def check_refused_for_now(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"] == "1"
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["extensions"]["hint"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_ends_under_load_is_told_and_everything_goes_on(
    hub: KillableHub, how: signal.Signals
) -> None:
    async with under_load(hub) as load:
        os.kill(hub.postmaster, how)
        await until(lambda: _seen(load.readiness, 503))
        await until(lambda: is_ready(hub))
        load.readiness.clear()
        await load.served_anew(60)
        assert 200 in load.readiness
    for answer in load.answers:
        if answer.status_code != 200:
            check_refused_for_now(answer)
    for key in load.unsure:
        retried = await post(hub, load.token, REPORT, report(key))
        assert retried.json()["data"]["reportSignal"]["errors"] == []
    stored = await keys_stored(hub)
    assert set(stored.values()) == {1}
    # Requests that were under way when the load ended may be stored too.
    assert load.acknowledged | set(load.unsure) <= stored.keys()


async def _seen(statuses: list[int], status: int) -> bool:
    return status in statuses


@contextmanager
def frozen(hub: KillableHub) -> Iterator[None]:
    """All processes of the server stopped, as on a machine whose disk hangs."""
    processes = hub.servers()
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.mark.slow
async def test_a_server_that_freezes_keeps_nobody_waiting(hub: KillableHub) -> None:
    token, not_yet_known = hub.tokens["corporatie-a"], hub.tokens["buurtwerk"]
    assert (await post(hub, token, "{ me { login } }")).status_code == 200
    with frozen(hub):
        unknown = asyncio.create_task(post(hub, not_yet_known, READ))
        asked = [post(hub, token, READ) for _ in range(8)]
        answers = await asyncio.gather(unknown, *asked)
        assert {answer.status_code for answer in answers} <= {503, 504}
        assert {
            error["extensions"]["code"] for answer in answers for error in answer.json()["errors"]
        } <= {"UNAVAILABLE", "TIMEOUT"}
        assert not await is_ready(hub)
        assert (await hub.client.get("/live")).status_code == 200
    await until(lambda: is_ready(hub))
    assert (await post(hub, token, "{ me { login } }")).status_code == 200


# ── A pool that is taken, and a slow statement ───────────────────────────────────────────────────


@asynccontextmanager
async def small_pool(world: World, acquire_timeout: float = 30.0) -> AsyncIterator[Database]:
    database = await Database.open(world.dsn("app"), size=1, acquire_timeout=acquire_timeout)
    try:
        yield database
    finally:
        await database.close()


async def test_without_a_free_connection_the_answer_is_503_and_later_200(world: World) -> None:
    async with small_pool(world, acquire_timeout=0.05) as database:
        buurtwerk = Partner(create_app(Settings(), database), world.cluster.tokens["buurtwerk"])
        async with database.administration() as session:
            await session.fetch("hub_today")
            check_refused_for_now(await buurtwerk.post(READ))
        assert (await buurtwerk.ask(READ))["wijk"] is not None


async def test_a_statement_that_takes_too_long_is_stopped_by_the_roles_own_limit(
    world: World,
) -> None:
    async with world.connect("superuser") as root:
        await root.execute(
            f"alter role hub_app in database {world.name} set statement_timeout = '200ms'"
        )
        async with small_pool(world) as database:
            buurtwerk = Partner(create_app(Settings(), database), world.cluster.tokens["buurtwerk"])
            assert (await buurtwerk.ask("{ me { login } }"))["me"]["login"] == "buurtwerk"
            async with root.transaction():
                await root.execute("lock table hub.signals")
                read = await buurtwerk.answer(READ)
                assert read["errors"][0]["extensions"]["code"] == "TIMEOUT"
                assert read["errors"][0]["extensions"]["hint"]
                told = (await buurtwerk.ask(REPORT, report("sleutel-1")))["reportSignal"]
                assert told["signal"] is None
                assert [error["code"] for error in told["errors"]] == ["TIMEOUT"]
            assert await root.fetchval("select count(*) from hub.idempotency_keys") == 0
            again = (await buurtwerk.ask(REPORT, report("sleutel-1")))["reportSignal"]
            assert again["errors"] == [] and again["signal"]


# ── A request that is cancelled leaves nothing of itself on the connection ───────────────────────


async def twenty_organisations(world: World) -> dict[str, str]:
    """Tokens by name of twenty organisations that work in the same wijk and share nothing."""
    ids, tokens = IdSource(), {}
    async with world.owner() as owner, owner.administration() as session:
        for number in range(20):
            name = f"organisatie-{number}"
            partner = await save_partner(session, ids, "GM0637", name, name, "WELFARE")
            await set_working_area(session, partner, ["WK063711"], NOW.date())
            tokens[name] = await create_token(session, partner, name)
    return tokens


async def cancelled_after(steps: int, task: asyncio.Task[Any]) -> bool:
    """Lets a request run for some turns of the loop and cancels it; whether that was in time."""
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


async def test_cancelled_requests_leave_a_connection_that_shows_each_only_its_own(
    world: World,
) -> None:
    tokens = await twenty_organisations(world)
    chance = random.Random(20261123)
    cancelled = 0
    async with small_pool(world) as database:
        app = create_app(Settings(), database)
        partners = {name: Partner(app, token) for name, token in tokens.items()}

        async def speak(name: str, turn: int) -> None:
            await partners[name].ask(REPORT, report(f"{name}-{turn}", f"van {name}"))
            seen = await partners[name].ask(READ)
            assert seen["me"]["organisation"]["name"] == name
            nodes = seen["wijk"]["signals"]["nodes"]
            assert {node["owner"]["name"] for node in nodes} == {name}
            assert {node["summary"] for node in nodes} == {f"van {name}"}

        for turn in range(6):
            hasty = [asyncio.create_task(speak(name, turn)) for name in tokens]
            chance.shuffle(hasty)
            steps = [chance.choice([0, 2, 5, 10, 20, 50, 100, 200, 500]) for _ in hasty[:15]]
            ends = await asyncio.gather(*map(cancelled_after, steps, hasty[:15]))
            cancelled += sum(ends)
            await asyncio.gather(*hasty[15:], *(speak(name, turn) for name in list(tokens)[:5]))
            # Without an identity this finds nobody: none was left on the only connection.
            assert await database.call("write_frame", None, None, None) == []
    assert cancelled > 20
    async with world.connect("superuser") as root:
        stored = await root.fetch(
            "select o.name, s.summary from hub.signals s join hub.organisations o on o.id = s.owner"
        )
        assert all(row["summary"] == f"van {row['name']}" for row in stored)
        assert await root.fetchval("select count(*) from hub.signals") == await root.fetchval(
            "select count(*) from hub.idempotency_keys"
        )
