# SPDX-License-Identifier: EUPL-1.2
"""What /metrics tells, what it does not, and where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.app import create_app
from hub.metrics import House, Traffic, metrics_app
from hub.serve import claim_for_metrics, is_loopback
from hub.settings import Settings
from schema.texts import CODES
from sql.errors import Unavailable
from sql.session import Database
from tests.conftest import World
from tests.partner import Partner

pytestmark = pytest.mark.anyio

ME = "query Wie { me { organisation { name } } }"
PUSH = """
mutation Levering($rows: [SignalRow!]!, $delivery: Delivery!) {
  pushSignals(input: { delivery: $delivery, rows: $rows }) { errors { code } }
}
"""
ROWS = [
    {
        "externalId": f"melding-{number}",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "status": "NEW",
        "summary": "Lawaai bij de portiek",
    }
    for number in range(3)
]
# Every label, and what it may say.
LABELS = {
    "kind": {"query", "mutation", "subscription", "none"},
    "status": {"2xx", "4xx", "5xx", "gone"},
    "outcome": {"CREATED", "UPDATED", "UNCHANGED", "CLOSED", "REOPENED", "REJECTED"},
    "code": set(CODES),
    "executor": {"plan", "reference"},
    "reason": {"", "introspection", "directive", "nesting"},
}


class Told:
    """A hub that counts, and a reader of its /metrics with a clock to move by hand."""

    def __init__(self, database: Database, traffic: Traffic) -> None:
        self.now = 1000.0
        self.database = database
        self.house = House(Settings(), clock=lambda: self.now, now=lambda: 1.5e9)
        self.hub = create_app(Settings(), database, traffic=traffic)
        self.metrics = metrics_app(self.house, traffic.registry, database)

    async def text(self) -> str:
        transport = httpx.ASGITransport(app=self.metrics)
        async with httpx.AsyncClient(transport=transport, base_url="http://metrics") as client:
            answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        return answer.text

    async def samples(self) -> list[Any]:
        families = text_string_to_metric_families(await self.text())
        return [sample for family in families for sample in family.samples]

    async def numbers(self) -> dict[str, float]:
        """Each number by its name and labels."""
        found = await self.samples()
        return {" ".join([each.name, *each.labels.values()]): each.value for each in found}


@pytest.fixture
async def told(world: World) -> AsyncIterator[Told]:
    """A hub that counts, with a pool of two connections."""
    traffic = Traffic()
    database = await Database.open(
        world.dsn("app"), size=2, acquire_timeout=0.2, watch=traffic.pool
    )
    yield Told(database, traffic)
    await database.close()


async def test_requests_are_counted_by_kind_status_and_code(told: Told, world: World) -> None:
    asker = Partner(told.hub, world.cluster.tokens["buurtwerk"])
    await asker.ask(ME)
    await asker.ask(ME)
    await asker.answer("{ nonsense }")
    await Partner(told.hub, "hub_nobody").answer(ME)

    numbers = await told.numbers()

    assert numbers["hub_requests_total query 2xx"] == 2
    assert numbers["hub_requests_total none 4xx"] == 1
    assert numbers["hub_request_duration_seconds_count query"] == 2
    assert numbers["hub_refused_requests_total GRAPHQL_VALIDATION_FAILED"] == 1
    assert numbers["hub_refused_requests_total UNAUTHENTICATED"] == 1
    assert numbers["hub_operations_running"] == 0


async def test_rows_of_a_push_are_counted_once_it_is_committed(told: Told, world: World) -> None:
    async def push(key: str, rows: Any, **more: Any) -> None:
        delivery = {"dataset": "meldingen", "idempotencyKey": f"sleutel-{key}", **more}
        asker = Partner(told.hub, world.cluster.tokens["corporatie-a"])
        await asker.ask(PUSH, {"rows": rows, "delivery": delivery})

    bad = {**ROWS[0], "externalId": "slecht", "wijk": "WK000000"}
    await push("proef", ROWS, dryRun=True)
    await push("een", ROWS)
    await push("een", ROWS)
    await push("twee", [*ROWS, bad], maxRejected=1)

    rows = {k: v for k, v in (await told.numbers()).items() if k.startswith("hub_pushed_rows")}
    assert rows == {
        "hub_pushed_rows_total CREATED": 3,
        "hub_pushed_rows_total UNCHANGED": 3,
        "hub_pushed_rows_total REJECTED": 1,
    }


async def test_nothing_says_who_asked_or_what(told: Told, world: World) -> None:
    asker = Partner(told.hub, world.cluster.tokens["buurtwerk"])
    await asker.ask(ME)
    await asker.ask('query Wie { wijk(code: "WK063711") { signals { total } } }')
    me = await asker.ask("{ me { organisation { id name } } }")

    text = await told.text()

    for each in ["Wie", "WK063711", "GM0637", *me["me"]["organisation"].values()]:
        assert each not in text
    for sample in await told.samples():
        for label, value in sample.labels.items():
            assert label == "le" or value in LABELS[label], (sample.name, label, value)


async def test_the_pool_tells_what_is_in_use_and_waited_for(world: World) -> None:
    seen: list[tuple[int, int]] = []
    database = await Database.open(
        world.dsn("app"), size=1, acquire_timeout=0.05, watch=lambda *now: seen.append(now)
    )
    async with database._connection():
        with pytest.raises(Unavailable):
            await database.call("hub_today")
    await database.close()

    assert seen == [(0, 1), (0, 0), (1, 0), (1, 1), (1, 0), (0, 0)]


async def test_a_transaction_that_holds_the_feed_is_told_by_how_long_it_was_seen(
    told: Told, world: World
) -> None:
    async def stall() -> float:
        told.now += 15
        return (await told.numbers())["hub_feed_stall_seconds"]

    async with (
        world.connect("owner") as first,
        world.connect("superuser") as second,
        world.connect("owner") as others,
    ):

        async def write(connection: Any) -> None:
            await connection.execute("select pg_current_xact_id()")

        await write(others)
        assert await stall() == 0
        async with first.transaction():
            await write(first)
            await write(others)  # from now on something waits for the first
            assert [await stall() for _ in range(3)] == [0, 15, 30]
            async with second.transaction():
                await write(second)
                assert await stall() == 45
        async with second.transaction():
            await write(second)
            await write(others)
            assert [await stall() for _ in range(2)] == [0, 15]
        assert await stall() == 0


async def test_a_database_that_is_away_is_told(told: Told) -> None:
    numbers = await told.numbers()
    assert numbers["hub_database_up"] == 1
    assert numbers["hub_database_start_timestamp_seconds"] > 1.7e9

    async with told.database._connection(), told.database._connection():
        assert (await told.numbers())["hub_database_up"] == 0


async def test_the_daily_work_says_when_it_was_done(told: Told) -> None:
    name = "hub_daily_last_success_timestamp_seconds"
    assert (await told.numbers())[name] == 0
    told.house.daily_done(3)
    numbers = await told.numbers()
    assert (numbers[name], numbers["hub_periods_due"]) == (1.5e9, 3)


async def test_the_public_port_knows_no_metrics(told: Told) -> None:
    transport = httpx.ASGITransport(app=told.hub)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/metrics/")).status_code == 404


def test_without_a_port_there_are_no_metrics() -> None:
    assert claim_for_metrics(Settings.from_environment({})) is None


def test_metrics_are_for_this_machine_unless_told_otherwise() -> None:
    assert is_loopback(Settings.from_environment({"HUB_METRICS_PORT": "9100"}).metrics_host)
