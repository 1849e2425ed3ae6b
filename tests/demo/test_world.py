# SPDX-License-Identifier: EUPL-1.2
"""The demo's world as it is found: by its partners, and by who starts it again."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import stat
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from hub.demo.prepare import closing_words, needs_new_world, prepare, shift_to
from hub.demo.scene import OOSTERHEEM, SEGHWAERT
from hub.demo.seen import HERE
from hub.http import http_config
from hub.settings import SettingsError
from tests.conftest import Cluster, World
from tests.demo.conftest import TODAY, Demo, Place
from tests.docs.pages import ROOT, differences, filled, steps_of

pytestmark = pytest.mark.anyio

OPERATIONS = Path(__file__).parents[1] / "contract" / "operations"

WEEK = "2026-W47"
OVERVIEW = """query Overzicht($week: Period!) { wijken { code name overview(week: $week) {
  headlines { measure now { value suppression } }
  silentSources { organisation { name } } }
  signals(first: 5) { total nodes { owner { name } invented } }
  sources { organisation { name } late silent } } }"""
AGREEMENTS = "{ agreements(first: 50) { nodes { title state waitingFor { name } } } }"


async def overview(demo: Demo) -> list[dict[str, Any]]:
    answer = await demo.partner("wijkregisseur").ask(OVERVIEW, {"week": WEEK})
    wijken: list[dict[str, Any]] = answer["wijken"]
    return wijken


async def test_half_a_year_of_signals_is_there_and_all_of_it_says_that_it_is_invented(
    demo: Demo,
) -> None:
    [counted] = await demo.place.rows(
        "select count(*) as signals, count(*) filter (where invented) as invented from hub.signals"
    )
    assert 4_500 <= counted["signals"] <= 6_000
    assert counted["invented"] == counted["signals"]


async def test_the_overview_shows_some_numbers_and_withholds_others(demo: Demo) -> None:
    cells = [
        (wijk["code"], headline["now"])
        for wijk in await overview(demo)
        for headline in wijk["overview"]["headlines"]
    ]
    suppressions = Counter(now["suppression"] for _, now in cells)
    assert suppressions.keys() == {"NONE", "WITHHELD"}
    assert sum(1 for _, now in cells if now["value"]) >= 5
    assert sum(1 for code, now in cells if code == OOSTERHEEM and now["value"]) >= 2


TREND = """query Verzuim($wijk: String!) { wijk(code: $wijk) {
  trend(measure: "schoolverzuim", by: WIJK) { series { points { period count { value } } } } } }"""


async def test_numbers_that_schools_counted_are_shown_week_after_week(demo: Demo) -> None:
    for wijk in await overview(demo):
        if wijk["code"] == OOSTERHEEM:
            numbers = {each["measure"]: each["now"] for each in wijk["overview"]["headlines"]}
            assert numbers["schoolverzuim"]["suppression"] == "NONE"
            assert numbers["schoolverzuim"]["value"] >= 30
    answer = await demo.partner("wijkregisseur").ask(TREND, {"wijk": OOSTERHEEM})
    [series] = answer["wijk"]["trend"]["series"]
    assert all(point["count"]["value"] >= 30 for point in series["points"])
    assert (series["points"][-1]["period"], len(series["points"])) == (WEEK, 13)
    groups = await demo.place.rows(
        'select count(*) as shown from hub.edition_parts where "group" is not null'
        " and suppression = 'NONE'"
    )
    assert groups[0]["shown"] >= 26


async def test_the_wijkregisseur_sees_who_was_silent_and_who_is_late(demo: Demo) -> None:
    wijken = await overview(demo)
    silent = {s["organisation"]["name"] for w in wijken for s in w["overview"]["silentSources"]}
    late = {s["organisation"]["name"] for w in wijken for s in w["sources"] if s["late"]}
    assert silent == {"School B (verzonnen)"}
    assert late == {"School B (verzonnen)", "Team Handhaving"}


async def test_a_holiday_explains_why_a_school_delivers_later(demo: Demo) -> None:
    """School A delivered 17 days ago, of every 14: a week of those was a holiday."""
    query = """query($week: Period!) { wijk(code: "WK063711") {
      sources { organisation { name } dataset lastDelivery expectedEvery late silent }
      overview(week: $week) { headlines { remark } } } }"""
    wijk = (await demo.partner("wijkregisseur").ask(query, {"week": WEEK}))["wijk"]
    [school] = [
        source
        for source in wijk["sources"]
        if source["organisation"]["name"] == "School A (verzonnen)"
        and source["dataset"] == "rond-de-school"
    ]
    assert school == {
        "dataset": "rond-de-school",
        "organisation": {"name": "School A (verzonnen)"},
        "lastDelivery": "2026-11-06",
        "expectedEvery": "elke twee weken",
        "late": False,
        "silent": False,
    }
    assert {headline["remark"] for headline in wijk["overview"]["headlines"]} == {
        "De week ervoor was het schoolvakantie (verzonnen)."
    }


async def test_the_wijkregisseur_sees_records_of_others(demo: Demo) -> None:
    owners = {node["owner"]["name"] for w in await overview(demo) for node in w["signals"]["nodes"]}
    assert len(owners) >= 3


LISTS = ("signals", "activities", "enforcementActions", "policeNotices", "housingProjects")


@pytest.mark.parametrize("asker", ["buurtwerk", "wijkregisseur"])
async def test_the_state_of_a_wijk_has_something_in_every_list(demo: Demo, asker: str) -> None:
    """In both pilots, of others, at most as precise as agreed; what is listed can be read."""
    query = (OPERATIONS / "0b_wijk_state.graphql").read_text()
    for code in (OOSTERHEEM, SEGHWAERT):
        answer = await demo.partner(asker).ask(query, {"wijk": code, "first": 5})
        wijk = answer["wijk"]
        assert all(wijk[name]["nodes"] for name in LISTS)
        assert all(node["title"] for node in wijk["housingProjects"]["nodes"])
        for node in wijk["activities"]["nodes"]:
            assert node["title"] and node["facility"] and node["startsAt"]
        for node in wijk["policeNotices"]["nodes"]:
            assert node["advice"]
        datasets = {source["dataset"] for source in wijk["sources"]}
        assert datasets >= {"agenda", "handhaving-acties", "wijkagent-berichten", "projecten"}


async def test_the_wijkagent_reported_some_notices_in_the_hub(demo: Demo) -> None:
    [counted] = await demo.place.rows(
        "select count(*) filter (where dataset <> 'wijkagent-berichten') as reported,"
        " count(*) as all_of_them, count(*) filter (where closed_on is null) as open"
        " from hub.police_notices"
    )
    assert 0 < counted["reported"] < counted["all_of_them"]
    assert counted["open"] >= 2


async def test_handhaving_can_deliver_an_action(demo: Demo) -> None:
    mutation = (OPERATIONS / "0d_push_handhaving.graphql").read_text()
    row = {
        "externalId": "PROEF-1",
        "wijk": OOSTERHEEM,
        "category": "LITTER",
        "measure": "WARNING",
        "happenedOn": "2026-11-22",
    }
    given = {"rows": [row], "sleutel": "proef-handhaving"}
    answer = await demo.partner("handhaving").ask(mutation, given)
    receipt = answer["pushEnforcementActions"]
    assert receipt["errors"] == []
    assert receipt["summary"] == [{"outcome": "CREATED", "rows": 1}]


async def test_agreements_show_each_state(demo: Demo) -> None:
    states: Counter[str] = Counter()
    for name in ("buurtwerk", "bewoners"):
        answer = await demo.partner(name).ask(AGREEMENTS)
        states.update(node["state"] for node in answer["agreements"]["nodes"])
    assert states.keys() == {"PROPOSED", "ACCEPTED", "IN_FORCE", "ENDED", "REVOKED"}


async def test_agreements_show_each_precision_by_which_something_is_shared(demo: Demo) -> None:
    grants = await demo.place.rows(
        "select distinct precision from hub.grants"
        " where hub.today() between valid_from and valid_until"
    )
    assert {grant["precision"] for grant in grants} == {"EXACT", "BUURT", "WIJK", "COUNT"}


async def test_every_outcome_of_a_row_has_happened(demo: Demo) -> None:
    outcomes = await demo.place.rows("select distinct outcome from hub.receipt_rows")
    assert {row["outcome"] for row in outcomes} == {
        "CREATED", "UPDATED", "UNCHANGED", "CLOSED", "REOPENED", "REJECTED",
    }  # fmt: skip


async def test_records_came_in_on_the_days_of_their_deliveries(demo: Demo) -> None:
    [spread] = await demo.place.rows(
        "select count(distinct recorded_on) as days, max(recorded_on) as last from hub.signals"
    )
    assert spread["days"] > 60
    assert spread["last"] < TODAY


async def test_a_corporation_can_replace_its_full_list(demo: Demo) -> None:
    mutation = """mutation Proef($rows: [SignalRow!]!) { pushSignals(input: { delivery: {
      dataset: "woonoverlast-meldingen", mode: SNAPSHOT, idempotencyKey: "proef-volledig",
      dryRun: true, maxRejected: 20, mayClose: 200 }, rows: $rows }) {
      dryRun summary { outcome rows } errors { code } } }"""
    row = {
        "externalId": "N-1",
        "wijk": OOSTERHEEM,
        "category": "NOISE",
        "seenAt": "2026-11-22T20:00:00+01:00",
        "status": "NEW",
    }
    answer = await demo.partner("corporatie-a").ask(mutation, {"rows": [row]})
    receipt = answer["pushSignals"]
    assert receipt["errors"] == []
    outcomes = {line["outcome"]: line["rows"] for line in receipt["summary"]}
    assert outcomes["CREATED"] == 1
    assert 20 < outcomes["CLOSED"] <= 150


async def test_the_clock_goes_on_from_the_day_that_was_asked_for(demo: Demo) -> None:
    assert demo.day == TODAY
    [clock] = await demo.place.rows("select frozen_at, shift from hub.clock")
    assert clock["frozen_at"] is None
    [row] = await demo.place.rows("select hub.today() as today")
    assert row["today"] == TODAY


async def test_starting_again_keeps_the_world_and_its_tokens(demo: Demo) -> None:
    count = "select count(*) from hub.history"
    before = await demo.place.rows(count)
    assert await demo.place.start(today=None) == (demo.tokens, demo.day)
    assert await demo.place.start(TODAY + timedelta(days=3)) == (demo.tokens, demo.day)
    assert await demo.place.rows(count) == before
    assert await needs_new_world(demo.place.owner_dsn) is False


async def test_tokens_are_in_a_file_that_only_its_owner_can_read(demo: Demo) -> None:
    file = demo.place.data / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == demo.tokens
    assert list(demo.tokens) == [
        "wijkregisseur", "beheer", "raad", "buurtwerk", "corporatie-a", "corporatie-b",
        "handhaving", "wijkagent", "school-a", "school-b", "school-c", "school-d", "wijkzorgteam",
        "bewoners", "fg-buurtwerk", "fg-gemeente",
    ]  # fmt: skip


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """The address of a hub that is served while the context lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(http_config(app))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_three_commands_work_when_they_are_pasted(demo: Demo) -> None:
    async with served(demo.place.app) as address:
        words = closing_words(address, demo.tokens, demo.day)
        commands = [line for line in words.splitlines() if line.startswith("curl ")]
        state, numbers, push, again = [await pasted(c) for c in (*commands, commands[-1])]
    assert str(demo.day) in words
    assert "verzonnen" in words
    assert all(f"{name} " in words and token in words for name, token in demo.tokens.items())
    assert state["wijk"]["name"] == "Oosterheem"
    assert len({n["owner"]["name"] for n in state["wijk"]["signals"]["nodes"]}) >= 2
    assert len(numbers["wijken"]) == 15
    assert push["pushSignals"]["summary"] == [{"outcome": "CREATED", "rows": 1}]
    assert again["pushSignals"]["replayed"] is True
    assert again["pushSignals"]["id"] == push["pushSignals"]["id"]


async def pasted(command: str) -> Any:
    """The data of the answer to a command, as bash carries it out."""
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await shell.communicate()
    answer = json.loads(output)
    assert "errors" not in answer, answer
    return answer["data"]


async def test_the_page_for_the_privacy_officer_holds_here_too(demo: Demo) -> None:
    """But for the moments of reading, and for the municipality, which counts what is reported."""
    known: dict[str, str] = {}
    found = []
    for step in steps_of(ROOT / "docs/privacy-officer.md"):
        partner = demo.partner(step.asker)
        got = await partner.answer(
            step.block.text, filled(step.variables, known), **{"Accept-Language": "nl"}
        )
        got.pop("extensions", None)
        found += differences(step.answer, got, known)
    fields = {each.split()[0].rpartition(".")[2] for each in found}
    assert fields == {"shownAs", "firstAt", "lastAt"}, found


async def test_lost_tokens_are_replaced_and_the_old_ones_stop_working(demo: Demo) -> None:
    (demo.place.data / "tokens.json").unlink()
    tokens, _ = await demo.place.start()
    assert tokens.keys() == demo.tokens.keys()
    assert not set(tokens.values()) & set(demo.tokens.values())
    renewed = Demo(demo.place, tokens, demo.day)
    assert await renewed.partner("raad").ask("{ me { organisation { name } } }")
    demo.tokens.update(tokens)  # for the tests that come after this one


async def test_an_empty_database_is_no_unfinished_world(
    empty_place: Place, cluster: Cluster
) -> None:
    assert await needs_new_world(empty_place.owner_dsn) is False
    never_migrated = cluster.addresses.owner
    assert await needs_new_world(never_migrated) is False


async def test_a_world_that_was_not_finished_is_begun_anew(empty_place: Place) -> None:
    async with empty_place.owner.administration() as session:
        await session.fetch("demo_begin", "zoetermeer")
    assert await needs_new_world(empty_place.owner_dsn) is True
    with pytest.raises(SettingsError, match="--reset"):
        await empty_place.start()


async def test_a_hub_that_is_in_use_does_not_become_a_demo(world: World, tmp_path: Any) -> None:
    async with world.owner() as owner:
        with pytest.raises(SettingsError, match="no demo"):
            await prepare(
                world.app, world.database, owner, tmp_path, today=None, report=lambda _: None
            )


def test_the_clock_is_moved_by_whole_days_of_the_netherlands() -> None:
    now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert shift_to(date(2026, 11, 23), now) == timedelta()
    moved = (now + shift_to(date(2026, 7, 1), now)).astimezone(HERE)
    assert (moved.date(), moved.hour, moved.minute) == (date(2026, 7, 1), 10, 30)
