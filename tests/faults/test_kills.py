# SPDX-License-Identifier: EUPL-1.2
"""SIGKILL of the hub, and of its database server, at named points of a push, of a dry run that is
carried out, and of an undo; then the same again.

Each point has a dataset of its own in one world, filled alike beforehand. The push is a full list
that creates, updates, leaves as it was, rejects one row and closes. Afterwards all that the
database holds of that dataset equals what an undisturbed push leaves: nothing lost or doubled.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.faults.hubs import KillableHub, folder_for_all, gone_afterwards, is_ready, post, until
from tests.faults.killable_hub import STATEMENTS

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

TOKEN = "corporatie-a"
POINTS = ("body-read", "begun", *STATEMENTS.values(), "before-commit", "committed")
UNDISTURBED = "undisturbed"

PUSH = """
mutation Push($rows: [SignalRow!]!, $delivery: Delivery!) {
  pushSignals(input: { delivery: $delivery, rows: $rows }) {
    id replayed summary { outcome rows }
    rows(first: 100) { nodes { line externalId outcome version errors { code } } }
    errors { code }
  }
}
"""

COMMIT = """
mutation Commit($receipt: ID!, $key: String!) {
  done: commitDryRun(input: { receipt: $receipt, idempotencyKey: $key }) {
    id replayed summary { outcome rows } errors { code } } }
"""
UNDO = """
mutation Undo($receipt: ID!, $key: String!) {
  done: undoPush(input: { receipt: $receipt, idempotencyKey: $key, reason: "proef" }) {
    id replayed summary { outcome rows } errors { code } } }
"""

# Everything that a push stores, by dataset ($1), without the ids that are drawn anew each time.
STATE = {
    "signals": """
        select external_id, source_version, wijk, category, seen_at, status, summary, closed_on,
          changed_at, version
        from hub.signals where dataset = $1 order by external_id""",
    "history": """
        select s.external_id, h.version, h.change, h.actor, h.at,
          h.before - 'dataset', h.after - 'dataset'
        from hub.history h join hub.signals s on s.id = h.record
        where s.dataset = $1 order by 1, 2""",
    "feed": """
        select s.external_id, f.change, f.category, f.wijk, f.on_day, f.changed, f.for_owner
        from hub.feed_items f join hub.signals s on s.id = f.record
        where s.dataset = $1 order by 1, f.xid, f.seq""",
    "receipts": """
        select mode, refused, dry_run, summary, errors from hub.receipts
        where dataset = $1 order by summary::text""",
    "receipt rows": """
        select r.summary, w.line, w.external_id, w.outcome, w.version, w.errors
        from hub.receipts r join hub.receipt_rows w on w.receipt = r.id
        where r.dataset = $1 order by r.summary::text, w.line""",
    "keys": """
        select replace(k.key, $1, ''), k.part, k.operation
        from hub.idempotency_keys k join hub.receipts r on r.id = k.result
        where r.dataset = $1 order by 1""",
    "deliveries": "select wijk, on_day, nothing from hub.deliveries where dataset = $1 order by 1",
    "parts": """
        select part, parts, complete, external_ids from hub.list_parts
        where dataset = $1 order by 1""",
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "externalId": f"melding-{number:03}",
        "sourceVersion": "1",
        "wijk": "WK063711" if number % 2 else "WK063708",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "status": "NEW",
        "summary": f"Lawaai bij portiek {number}",
        **changes,
    }


BEFORE = [row(number) for number in range(50)]
# 10 are gone, 20 as before, 20 changed, 10 new, and one that cannot be read.
LIST = [
    *(row(number) for number in range(10, 30)),
    *(row(number, sourceVersion="2", status="DONE") for number in range(30, 50)),
    *(row(number) for number in range(50, 60)),
    row(99, seenAt="2026-02-30T10:00:00+01:00"),
]
SUMMARY = {"CREATED": 10, "UPDATED": 20, "UNCHANGED": 20, "CLOSED": 10, "REJECTED": 1}


class Town:
    """One data folder, and the hub that runs on it now."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.hubs = [KillableHub(data)]
        self.token = self.hub.tokens[TOKEN]

    @property
    def hub(self) -> KillableHub:
        return self.hubs[-1]

    async def try_push(
        self, dataset: str, rows: list[Any], **delivery: Any
    ) -> httpx.Response | None:
        """The answer to a push, or None when the hub died on it."""
        given = {"dataset": dataset, "idempotencyKey": f"sleutel-{dataset}-{len(rows)}", **delivery}
        try:
            return await post(self.hub, self.token, PUSH, {"rows": rows, "delivery": given})
        except httpx.TransportError:
            return None

    async def push_list(self, dataset: str) -> httpx.Response | None:
        return await self.try_push(dataset, LIST, mode="SNAPSHOT", maxRejected=1, mayClose=10)

    async def fill(self, dataset: str) -> None:
        answer = await self.try_push(dataset, BEFORE)
        assert answer is not None and answer.json()["data"]["pushSignals"]["errors"] == []

    async def try_with(self, operation: str, receipt: str, dataset: str) -> httpx.Response | None:
        """The answer to a mutation that begins with a receipt, or None when the hub died on it."""
        variables = {"receipt": receipt, "key": f"sleutel-{dataset}-verder"}
        try:
            return await post(self.hub, self.token, operation, variables)
        except httpx.TransportError:
            return None

    async def list_receipt(self, dataset: str, dry_run: bool) -> str:
        """The receipt of the list, delivered or tried, after its dataset was filled."""
        await self.fill(dataset)
        answer = await self.try_push(
            dataset, LIST, mode="SNAPSHOT", maxRejected=1, mayClose=10, dryRun=dry_run
        )
        assert answer is not None
        receipt: str = answer.json()["data"]["pushSignals"]["id"]
        return receipt

    async def query(self, statement: str, *args: object) -> Any:
        # A hub may call itself ready for a moment after its server was killed.
        connection = await until(self.connected)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *args)]
        finally:
            await connection.close()

    async def connected(self) -> asyncpg.Connection[asyncpg.Record] | None:
        """A connection to the server, if it takes any."""
        try:
            return await asyncpg.connect(self.hub.superuser)
        except (OSError, asyncpg.CannotConnectNowError):
            return None

    async def state(self, dataset: str) -> dict[str, Any]:
        return {name: await self.query(statement, dataset) for name, statement in STATE.items()}

    async def receipts(self, dataset: str) -> int:
        [(count,)] = await self.query(
            "select count(*) from hub.receipts where dataset = $1", dataset
        )
        return int(count)


@pytest.fixture(scope="module")
async def town(anyio_backend: str) -> AsyncIterator[Town]:
    """A town in which the undisturbed push has happened."""
    with folder_for_all("hub-kills-") as folder:
        made = Town(folder / "data")
        with gone_afterwards(made.hubs):
            await made.fill(UNDISTURBED)
            answer = await made.push_list(UNDISTURBED)
            assert answer is not None
            receipt = answer.json()["data"]["pushSignals"]
            assert {line["outcome"]: line["rows"] for line in receipt["summary"]} == SUMMARY
            yield made


def without_id(receipt: dict[str, Any]) -> str:
    return json.dumps({**receipt, "id": None, "replayed": None})


async def check_retry(town: Town, dataset: str, committed: bool) -> None:
    """The same push again: done now or answered again, and everything as if nothing was wrong."""
    assert await town.receipts(dataset) == 1 + committed
    answer = await town.push_list(dataset)
    assert answer is not None and answer.status_code == 200
    receipt = answer.json()["data"]["pushSignals"]
    assert receipt["replayed"] is committed
    undisturbed = await town.push_list(UNDISTURBED)
    assert undisturbed is not None
    assert without_id(receipt) == without_id(undisturbed.json()["data"]["pushSignals"])
    expected = await town.state(UNDISTURBED)
    found = await town.state(dataset)
    assert [name for name in STATE if found[name] != expected[name]] == []
    assert len(expected["receipts"]) == 2 and len(expected["history"]) == 50 + 20 + 10 + 10


# Of each point first the server, then the hub: a new hub restarts its server without a pause, while
# one whose server dies time after time waits longer and longer.
@pytest.mark.parametrize(
    ("point", "victim"), [(point, victim) for point in POINTS for victim in ("postmaster", "hub")]
)
async def test_a_push_survives_a_kill(town: Town, point: str, victim: str) -> None:
    dataset = f"{victim}-{point}"
    await town.fill(dataset)
    killed = town.hub.postmaster
    town.hub.kill_at(point, victim)
    answer = await town.push_list(dataset)
    if victim == "hub":
        assert answer is None
        assert town.hub.process.wait(10) == -9
        town.hubs.append(KillableHub(town.data))
        await check_retry(town, dataset, committed=point == "committed")
        return
    assert answer is not None
    # Before it has a connection a push may meet the restarted server; after its commit it is done.
    went_through = answer.status_code == 200
    assert went_through or point != "committed"
    assert not went_through or point in ("body-read", "committed")
    if not went_through:
        check_told_to_come_back(answer)
    await until(lambda: is_ready(town.hub))
    assert town.hub.postmaster != killed
    await check_retry(town, dataset, committed=went_through)


def check_told_to_come_back(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["extensions"]["hint"]


@pytest.mark.parametrize("victim", ["postmaster", "hub"])
@pytest.mark.parametrize(
    ("operation", "point"),
    [
        (COMMIT, "dry-run-taken"),
        (COMMIT, "receipt-stored"),
        (COMMIT, "committed"),
        (UNDO, "taken-back"),
        (UNDO, "committed"),
    ],
    ids=lambda value: value if " " not in value else value.split()[1].partition("(")[0],
)
async def test_what_is_done_with_a_receipt_survives_a_kill(
    town: Town, operation: str, point: str, victim: str
) -> None:
    name = f"{'commit' if operation is COMMIT else 'undo'}-{point}-{victim}"
    dataset, calm = f"{name}-killed", f"{name}-calm"
    receipt = await town.list_receipt(dataset, dry_run=operation is COMMIT)
    before = await town.state(dataset)
    town.hub.kill_at(point, victim)
    await town.try_with(operation, receipt, dataset)
    if victim == "hub":
        assert town.hub.process.wait(10) == -9
        town.hubs.append(KillableHub(town.data))
    await until(lambda: is_ready(town.hub))
    done = point == "committed"
    assert (await town.state(dataset) == before) != done
    answer = await town.try_with(operation, receipt, dataset)
    assert answer is not None
    told = answer.json()["data"]["done"]
    assert (told["errors"], told["replayed"]) == ([], done)
    other = await town.list_receipt(calm, dry_run=operation is COMMIT)
    undisturbed = await town.try_with(operation, other, calm)
    assert undisturbed is not None
    assert told["summary"] == undisturbed.json()["data"]["done"]["summary"]
    expected, found = await town.state(calm), await town.state(dataset)
    assert [each for each in STATE if found[each] != expected[each]] == []
