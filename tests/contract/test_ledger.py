# SPDX-License-Identifier: EUPL-1.2
"""Whoever learns something of another's record leaves a line in the read ledger."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import asyncpg
import pytest

from hub.app import create_app
from hub.settings import Settings
from sql.session import Database
from tests.conftest import World
from tests.contract.agreeing import decide, propose, rule
from tests.contract.test_first_steps import REPORT
from tests.ledger import ledger
from tests.partner import Partner

pytestmark = pytest.mark.anyio

PAST_THE_END = urlsafe_b64encode(b"0001-01-01|00000000-0000-0000-0000-000000000000").decode()
TOTAL = """query($after: String, $text: String) { wijk(code: "WK063711") {
  signals(after: $after, first: 1, filter: { text: $text }) { total nodes { id } } } }"""
FEED = """{ wijk(code: "WK063711") { feed { nodes { change } } } }"""
LOOK = """{ wijk(code: "WK063711") { signals { nodes { id } } } }"""
READERS = """{ mySlice { readers(since: "2026-11-01") { nodes {
  on reader { name } agreement { id } version purpose kind records fields } } } }"""
TWICE = """{ wijk(code: "WK063711") {
  a: signals { nodes { id } } b: signals { total nodes { id } } } }"""


async def share(world: World, count: int) -> None:
    """Corporatie A reports signals and shows them to Buurtwerk, with their text."""
    shown = {"precision": "EXACT", "fields": ["summary"]}
    rules = [await rule(world, "corporatie-a", "buurtwerk", **shown)]
    await decide(world, "buurtwerk", "accept", await propose(world, "corporatie-a", rules))
    for number in range(count):
        given = {
            "idempotencyKey": f"melding-{number:04}",
            "wijk": "WK063711",
            "category": "NOISE",
            "seenAt": "2026-11-20T22:15:00+01:00",
            "summary": f"lawaai nummer {number}",
        }
        answer = await world.partner("corporatie-a").ask(REPORT, {"in": given})
        assert answer["reportSignal"]["errors"] == []


async def lines(world: World) -> list[int]:
    async with world.connect("superuser") as root:
        rows = await ledger(root, "select records from hub.read_ledger order by records")
    return [row["records"] for row in rows]


async def test_a_total_is_a_read_also_when_the_page_is_empty(world: World) -> None:
    await share(world, 3)
    asked: dict[str, Any] = {"after": PAST_THE_END, "text": "nummer 2"}
    page = (await world.partner("buurtwerk").ask(TOTAL, asked))["wijk"]["signals"]
    assert page == {"total": 1, "nodes": []}
    assert await lines(world) == [1]


async def test_an_item_of_the_feed_is_a_read_also_without_its_record(world: World) -> None:
    await share(world, 2)
    feed = (await world.partner("buurtwerk").ask(FEED))["wijk"]["feed"]["nodes"]
    assert [item["change"] for item in feed] == ["AGREEMENT_STARTED", "CREATED", "CREATED"]
    assert await lines(world) == [2]


async def test_a_record_that_is_shown_twice_in_an_answer_is_read_once(world: World) -> None:
    await share(world, 2)
    await world.partner("buurtwerk").ask(TWICE)
    assert await lines(world) == [2]


async def test_ones_own_records_leave_no_line(world: World) -> None:
    await share(world, 2)
    await world.partner("corporatie-a").ask(TWICE)
    await world.partner("corporatie-a").ask(FEED)
    assert await lines(world) == []


# Beside what is noted: whether its commit waits for the disk.
TOLD = """create function hub.tell_how() returns trigger language plpgsql as $$
  begin new.trace := current_setting('synchronous_commit'); return new; end $$;
  create trigger tell_how before insert on hub.noted_reads
    for each row execute function hub.tell_how()"""


@pytest.mark.parametrize(("waits", "commit"), [(False, "off"), (True, "on")])
@pytest.mark.parametrize("query", [LOOK, TWICE], ids=["one trip", "several"])
async def test_a_read_waits_for_the_disk_where_that_is_asked(
    world: World, query: str, waits: bool, commit: str
) -> None:
    await share(world, 1)
    async with world.connect("superuser") as root:
        await root.execute(TOLD)
    database = await Database.open(world.dsn("app"), size=2, ledger_waits=waits)
    try:
        app = create_app(Settings(), database)
        await Partner(app, world.cluster.tokens["buurtwerk"]).ask(query)
    finally:
        await database.close()
    async with world.connect("superuser") as root:
        noted = await root.fetch("select trace from hub.noted_reads")
    assert [row["trace"] for row in noted] == [commit]


async def test_what_is_noted_is_told_before_and_after_its_lines_are_written(world: World) -> None:
    await share(world, 2)
    await world.partner("buurtwerk").ask(TWICE)
    owner = world.partner("corporatie-a")
    before = await owner.ask(READERS)
    assert [line["records"] for line in before["mySlice"]["readers"]["nodes"]] == [2]
    assert await lines(world) == [2]
    assert await owner.ask(READERS) == before


async def test_a_decision_must_see_what_others_committed(world: World) -> None:
    """With a snapshot from before a revocation, an acceptance would give back what was revoked."""
    id_, _ = await propose(world, "corporatie-a", [await rule(world, "corporatie-a", "buurtwerk")])
    async with world.connect("superuser") as root:
        row = await root.fetchrow("select gemeente, id, parties from hub.agreements")
        assert row is not None and id_
    async with world.connect("app") as app, app.transaction(isolation="repeatable_read"):
        for party in row["parties"]:
            await app.execute(
                "select set_config('hub.gemeente', $1, true),"
                " set_config('hub.organisation', $2, true)",
                row["gemeente"],
                str(party),
            )
            with pytest.raises(asyncpg.InvalidTransactionStateError):
                async with app.transaction():
                    await app.execute(
                        "insert into hub.agreement_decisions (agreement, version, decision)"
                        " values ($1, 1, 'ACCEPT')",
                        row["id"],
                    )
