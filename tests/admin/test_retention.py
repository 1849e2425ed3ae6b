# SPDX-License-Identifier: EUPL-1.2
"""`hub retention`: what is past its term goes, tells its receivers, and leaves nothing of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from hub.retention import run_retention
from tests.admin.commands import answer, done, hub
from tests.admin.everything import everything, places_of
from tests.conftest import NOW, World
from tests.golden.town import OOSTERHEEM, PUSH

pytestmark = pytest.mark.anyio

HERE = ("--gemeente", "GM0637")
FEED = """query($wijk: String!, $after: String) { wijk(code: $wijk) {
  feed(first: 100, after: $after) {
    nodes { change record { id } } pageInfo { endCursor hasNextPage } } } }"""
SIGNALS = """query($wijk: String!) { wijk(code: $wijk) { signals(first: 50) { nodes {
  id owner { name } agreement { id } precision seenAt place { buurt { name } lon }
  summary seenOn } } } }"""


async def signals(world: World, partner: str) -> list[dict[str, Any]]:
    asked = await world.partner(partner).ask(SIGNALS, {"wijk": OOSTERHEEM})
    nodes: list[dict[str, Any]] = asked["wijk"]["signals"]["nodes"]
    return nodes


async def feed(world: World, partner: str, after: str | None = None) -> dict[str, Any]:
    asked = await world.partner(partner).ask(FEED, {"wijk": OOSTERHEEM, "after": after})
    page: dict[str, Any] = asked["wijk"]["feed"]
    return page


async def days_pass(world: World, days: int) -> None:
    """Time passes; tokens are made anew, for none lasts so long."""
    await world.set_now(NOW + timedelta(days=days))
    async with world.connect("superuser") as connection:
        await connection.execute(
            "update hub.tokens set created_at = hub.now(),"
            " expires_at = hub.now() + interval '300 days'"
        )


async def counted(world: World, query: str) -> Any:
    async with world.connect("superuser") as connection:
        return await connection.fetchval(query)


async def test_a_dry_run_tells_what_would_go_and_changes_nothing(town: World) -> None:
    await days_pass(town, 2000)
    before = await everything(town)
    due = (await answer(town, "retention", "run", *HERE, "--dry-run"))["GM0637"]
    assert await everything(town) == before
    [open_signals] = [d for d in due if (d["kind"], d["state"]) == ("SIGNAL", "OPEN")]
    assert open_signals == {
        "kind": "SIGNAL",
        "state": "OPEN",
        "days": 1826,
        "due": await counted(town, "select count(*) from hub.signals"),
        "oldest": "2026-11-10",
    }
    told = await done(town, "retention", "run", "--dry-run")
    assert re.search(r"^GM0637  SIGNAL:OPEN +1826 days  \d+ due", told, re.MULTILINE)
    assert told.endswith("\nProef: niets gewist.\n")
    assert "Proef" not in await done(town, "retention", "run")


async def test_what_is_past_its_term_goes_and_leaves_no_content(town: World) -> None:
    assert await places_of(town, "Gesproken op straat") >= {"signals.summary", "history.after"}
    records = await counted(town, "select count(*) from hub.signals")
    await days_pass(town, 1900)
    gone = (await answer(town, "retention", "run", *HERE, "--batch", "5"))["GM0637"]
    assert {"kind": "SIGNAL", "state": "OPEN", "rows": records} in gone
    assert await counted(town, "select count(*) from hub.signals") == 0
    assert await places_of(town, "Gesproken op straat") == set()
    assert await places_of(town, "Voor het team") == set()
    stones = "select count(*) from hub.tombstones where reason = 'vervallen'"
    assert await counted(town, stones) == records
    assert (await answer(town, "retention", "run", *HERE))["GM0637"] == []


async def test_published_numbers_and_agreements_stay_as_they_are(town: World) -> None:
    stay = ("editions", "edition_cells", "edition_parts", "agreements", "agreement_rules")
    before = await everything(town)
    await days_pass(town, 5000)
    await done(town, "retention", "run", *HERE)
    after = await everything(town)
    assert {name: after[name] for name in stay} == {name: before[name] for name in stay}
    assert before["edition_cells"]


async def test_a_receiver_is_told_of_what_goes_as_of_a_withdrawal(town: World) -> None:
    seen = {node["id"] for node in await signals(town, "buurtwerk") if node["agreement"]}
    cursor = (await feed(town, "buurtwerk"))["pageInfo"]["endCursor"]
    # while the agreement still shows them: the terms are shorter than it keeps records
    async with town.connect("superuser") as connection:
        await connection.execute("update hub.agreements set valid_until = valid_until + 1000")
        await connection.execute("update hub.grants set valid_until = valid_until + 1000")
    await done(town, "retention", "set", "SIGNAL:OPEN", "300", *HERE)
    await days_pass(town, 320)
    await done(town, "retention", "run", *HERE)
    await done(town, "daily")
    told = (await feed(town, "buurtwerk", cursor))["nodes"]
    withdrawn = [item for item in told if item["change"] == "WITHDRAWN"]
    assert len(withdrawn) >= len(seen) > 0
    assert all(item["record"] is None for item in withdrawn)
    assert await signals(town, "buurtwerk") == []


async def test_a_record_becomes_less_exact_before_it_goes(town: World) -> None:
    await days_pass(town, 100)
    before = {node["id"]: node for node in await signals(town, "buurtwerk")}
    assert any(node["place"]["lon"] and node["summary"] for node in before.values())
    await done(town, "retention", "set", "SIGNAL:EXACT", "90", *HERE)
    await done(town, "retention", "run", *HERE)
    after = {node["id"]: node for node in await signals(town, "buurtwerk")}
    assert after.keys() == before.keys()
    for id_, node in after.items():
        assert node["place"]["lon"] is None
        assert node["summary"] is None
        assert node["seenAt"] is None or node["seenAt"][11:16] in ("10:00", "11:00")
        same = ("seenOn", "owner", "precision")
        assert [node[name] for name in same] == [before[id_][name] for name in same]
        assert node["place"]["buurt"] == before[id_]["place"]["buurt"]
    for words in ("Gesproken op straat", "Gemeld bij de balie", "Voor het team"):
        assert await places_of(town, words) <= {"dry_runs.rows"}
    assert (await answer(town, "retention", "run", *HERE))["GM0637"] == []


async def test_a_record_that_a_number_to_come_may_count_stays(town: World) -> None:
    await done(town, "retention", "set", "SIGNAL:OPEN", "30", *HERE)
    records = await counted(town, "select count(*) from hub.signals")
    await days_pass(town, 200)
    due = (await answer(town, "retention", "run", *HERE, "--dry-run"))["GM0637"]
    assert not [each for each in due if each["state"] == "OPEN" and each["due"]]
    await done(town, "retention", "run", *HERE)
    assert await counted(town, "select count(*) from hub.signals") == records
    await days_pass(town, 300)
    await done(town, "retention", "run", *HERE)
    assert await counted(town, "select count(*) from hub.signals") == 0


async def test_a_cursor_at_an_item_that_is_past_its_term_stays_good(town: World) -> None:
    pages = {name: await feed(town, name) for name in ("buurtwerk", "wijkregisseur")}
    assert all(page["nodes"] for page in pages.values())
    await days_pass(town, 1900)
    await done(town, "retention", "run", *HERE)
    await days_pass(town, 3900)
    await done(town, "retention", "run", *HERE)
    assert await counted(town, "select count(*) from hub.feed_items where record is not null") == 0
    for name, page in pages.items():
        again = await feed(town, name, page["pageInfo"]["endCursor"])
        assert not [item for item in again["nodes"] if item["change"] == "GONE"]


async def test_a_later_delivery_does_not_bring_back_what_went(town: World) -> None:
    row = {"externalId": "terug-1", "wijk": OOSTERHEEM, "category": "NOISE"}
    row |= {"seenAt": "2026-11-20T10:00:00+01:00", "summary": "Nog een keer", "status": "NEW"}

    async def push(key: str) -> list[dict[str, Any]]:
        delivery = {"dataset": "straatcontacten", "idempotencyKey": key}
        asked = {"delivery": delivery, "rows": [row]}
        done = (await town.partner("buurtwerk").ask(PUSH, asked))["pushSignals"]
        summary: list[dict[str, Any]] = done["summary"]
        return [each for each in summary if each["rows"]]

    assert await push("sleutel-een") == [{"outcome": "CREATED", "rows": 1}]
    await done(town, "retention", "set", "SIGNAL:OPEN", "300", *HERE)
    await days_pass(town, 330)
    await done(town, "retention", "run", *HERE)
    assert "CREATED" not in str(await push("sleutel-twee"))
    assert (
        await counted(town, "select count(*) from hub.signals where external_id = 'terug-1'") == 0
    )


async def test_a_run_that_was_stopped_is_done_again(town: World) -> None:
    await days_pass(town, 1900)
    async with town.connect("owner") as owner:
        assert await owner.fetchval("select hub.retain('GM0637', 'SIGNAL', 'OPEN', 1)") == 1
    left = await counted(town, "select count(*) from hub.signals")
    async with town.owner() as database:
        taken = (await run_retention(database))["GM0637"]
    assert [each.rows for each in taken if (each.kind, each.state) == ("SIGNAL", "OPEN")] == [left]


async def test_terms_stand_in_columns(lived: World) -> None:
    lines = (await done(lived, "retention", "list", *HERE)).splitlines()
    assert {line.index(" days") for line in lines if "1826" in line} == {lines[0].index(" days")}


async def test_terms_are_listed_and_set(town: World) -> None:
    await done(town, "retention", "set", "POLICE_NOTICE:OPEN", "45", *HERE)
    await done(town, "retention", "set", "LEDGER", "2000", *HERE)
    rows = {
        (row["kind"], row["state"]): (row["days"], row["is_own"])
        for row in await answer(town, "retention", "list", *HERE)
    }
    assert rows["POLICE_NOTICE", "OPEN"] == (45, True)
    assert rows["POLICE_NOTICE", "CLOSED"] == (90, False)
    assert rows["LEDGER", "ALL"] == (2000, True)
    assert ("COUNT", "EXACT") not in rows
    assert ("POLICE_NOTICE", "CANCELLED") not in rows
    shortest = min(days for (_, state), (days, _) in rows.items() if state in ("OPEN", "CLOSED"))
    assert shortest == 45


@pytest.mark.parametrize(
    ("term", "days", "gemeente", "says"),
    [
        ("NOTHING:OPEN", "30", "GM0637", "bestaat niet"),
        ("SIGNAL:SOMEHOW", "30", "GM0637", "bestaat niet"),
        ("FEED", "365", "GM0637", "te kort"),
        ("HISTORY:TEXT", "100", "GM0637", "te kort"),
        ("RECEIPT", "400", "GM0637", "RECEIPT niet meer dagen dan HISTORY"),
        ("SIGNAL:OPEN", "30", "GM9999", "GM9999"),
    ],
)
async def test_a_term_that_cannot_be_is_refused_and_nothing_is_set(
    town: World, term: str, days: str, gemeente: str, says: str
) -> None:
    result = await hub(town, "retention", "set", term, days, "--gemeente", gemeente)
    assert result.exit_code == 1
    assert says in result.stderr
    assert await counted(town, "select count(*) from hub.retention_rules") == 0


OWNERS_ALONE = (
    "select hub.retain('GM0637', 'SIGNAL', 'OPEN', 10)",
    "select * from hub.retention_due('GM0637', 0)",
    "select hub.erase_content('GM0637', '{}', '{}', null)",
    "insert into hub.retention_rules (gemeente, kind, state, days)"
    " values ('GM0637', 'SIGNAL', 'OPEN', 1)",
    "select hub.close_organisation('GM0637', $id$, 'x')",
    "select hub.begin_erasure('GM0637', $id$, 'x', null)",
    "select * from hub.erase_some('GM0637', $id$, 10)",
    "select hub.erase_account('GM0637', $id$, 'buurtwerk')",
    "select * from hub.deletion_proofs",
)


@pytest.mark.parametrize("statement", OWNERS_ALONE)
async def test_the_role_that_serves_takes_nothing_away(lived: World, statement: str) -> None:
    before = await everything(lived)
    async with lived.connect("app") as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(
                statement.replace("$id$", "'00000000-0000-0000-0000-000000000000'::uuid")
            )
    assert await everything(lived) == before


async def test_the_owner_reads_and_deletes_no_record_by_itself(lived: World) -> None:
    async with lived.connect("owner") as owner:
        assert await owner.fetchval("select count(*) from hub.signals") == 0
        assert await owner.execute("delete from hub.signals") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute("set role hub_retention")
