# SPDX-License-Identifier: EUPL-1.2
"""A dataset that is marked "never share": its owner sees everything of it, nobody else anything."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.admin.commands import done
from tests.conftest import World
from tests.contract.agreeing import decide, organisation, propose, rule
from tests.contract.test_first_steps import REPORT

pytestmark = pytest.mark.anyio

MARK = """mutation($in: MarkDatasetInput!) { markDataset(input: $in) {
  dataset { name kind neverShare expectedEvery } errors { path code message hint } } }"""
PUSH = """mutation($in: PushSignalsInput!) { pushSignals(input: $in) {
  summary { outcome rows } errors { code } } }"""
LOOK = """query($from: ID!) { wijk(code: "WK063711") { signals { total nodes { id } }
    feed(first: 50) { nodes { change recordId } }
    sources { organisation { name } dataset neverShare } }
  mySlice { asSeenBy(organisation: $from) { signals { total } } datasets { name neverShare } } }"""
RULES = [("SIGNAL", "EXACT"), ("COUNT", "COUNT")]


async def share(world: World) -> None:
    """What the first corporation records is Buurtwerk's to see, exactly."""
    rules = [
        await rule(world, "corporatie-a", "buurtwerk", kind=kind, precision=precision)
        for kind, precision in RULES
    ]
    agreement = await propose(world, "corporatie-a", rules)
    await decide(world, "buurtwerk", "accept", agreement)


async def mark(world: World, dataset: str, never: bool, **more: Any) -> dict[str, Any]:
    """The payload of marking a dataset of the first corporation."""
    given = {"dataset": dataset, "neverShare": never, **more}
    answer = await world.partner("corporatie-a").ask(MARK, {"in": given})
    payload: dict[str, Any] = answer["markDataset"]
    return payload


async def push(world: World, dataset: str, *numbers: int) -> None:
    """The first corporation delivers signals."""
    rows = [
        {
            "externalId": f"M-{number}",
            "wijk": "WK063711",
            "category": "NOISE",
            "seenAt": f"2026-11-{number:02}T10:00:00+01:00",
            "status": "NEW",
        }
        for number in numbers
    ]
    delivery = {"dataset": dataset, "idempotencyKey": f"levering-{dataset}-{numbers[0]}"}
    given = {"delivery": delivery, "rows": rows}
    receipt = (await world.partner("corporatie-a").ask(PUSH, {"in": given}))["pushSignals"]
    assert receipt["errors"] == []


async def seen(world: World, asker: str) -> dict[str, Any]:
    """What an organisation gets of the wijk, and what another sees of its own slice."""
    other = await organisation(world, "buurtwerk" if asker != "buurtwerk" else "corporatie-a")
    answer: dict[str, Any] = await world.partner(asker).ask(LOOK, {"from": other})
    return answer


def sources(found: dict[str, Any]) -> set[str]:
    """The datasets of the corporation that an organisation hears of."""
    return {
        source["dataset"]
        for source in found["wijk"]["sources"]
        if source["organisation"]["name"] == "Corporatie A (verzonnen)"
    }


async def test_a_marked_dataset_is_gone_for_everybody_but_its_owner(world: World) -> None:
    await share(world)
    dataset = "woonoverlast-meldingen"
    await push(world, dataset, 1, 2)
    before = await seen(world, "buurtwerk")
    assert before["wijk"]["signals"]["total"] == 2
    assert dataset in sources(before)

    marked = await mark(world, dataset, True)
    assert marked["dataset"] == {
        "name": dataset, "kind": "SIGNAL", "neverShare": True, "expectedEvery": "elke week",
    }  # fmt: skip
    await push(world, dataset, 3)
    after = await seen(world, "buurtwerk")
    assert after["wijk"]["signals"] == {"total": 0, "nodes": []}
    gone = [i["recordId"] for i in after["wijk"]["feed"]["nodes"] if i["change"] == "WITHDRAWN"]
    assert sorted(gone) == sorted(node["id"] for node in before["wijk"]["signals"]["nodes"])
    assert dataset not in sources(after)

    own = await seen(world, "corporatie-a")
    assert own["wijk"]["signals"]["total"] == 3
    assert own["mySlice"]["asSeenBy"]["signals"]["total"] == 0
    assert {"name": dataset, "neverShare": True} in own["mySlice"]["datasets"]
    assert [s["neverShare"] for s in own["wijk"]["sources"] if s["dataset"] == dataset] == [True]
    assert "WITHDRAWN" not in [item["change"] for item in own["wijk"]["feed"]["nodes"]]


async def test_the_mark_taken_off_is_for_what_comes_after_unless_said_otherwise(
    world: World,
) -> None:
    await share(world)
    assert (await mark(world, "nieuw", True, kind="SIGNAL"))["errors"] == []
    await push(world, "nieuw", 1)
    await mark(world, "nieuw", False)
    await push(world, "nieuw", 2)
    assert (await seen(world, "buurtwerk"))["wijk"]["signals"]["total"] == 1
    await mark(world, "nieuw", False, pastToo=True)
    assert (await seen(world, "buurtwerk"))["wijk"]["signals"]["total"] == 2


async def test_a_mark_makes_no_cap_wider(world: World) -> None:
    """A record with a cap, marked and shared again, is shared as its cap says."""
    await share(world)
    given = {
        "idempotencyKey": "melding-0001",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "shareAt": [],
    }
    made = (await world.partner("corporatie-a").ask(REPORT, {"in": given}))["reportSignal"]
    assert made["shownAs"] == []
    await mark(world, "hub", True)
    await mark(world, "hub", False, pastToo=True)
    assert (await seen(world, "buurtwerk"))["wijk"]["signals"]["total"] == 0


async def test_what_is_reported_for_a_receiver_where_nothing_is_shared_is_refused(
    world: World,
) -> None:
    await share(world)
    await mark(world, "hub", True, kind="SIGNAL")
    given = {
        "idempotencyKey": "melding-0001",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
    }
    report = world.partner("corporatie-a").ask
    capped = [{"organisation": await organisation(world, "buurtwerk"), "precision": "WIJK"}]
    refused = (await report(REPORT, {"in": {**given, "shareAt": capped}}))["reportSignal"]
    assert [error["code"] for error in refused["errors"]] == ["NEVER_SHARED"]
    assert refused["signal"] is None
    made = (await report(REPORT, {"in": given}))["reportSignal"]
    assert (made["errors"], made["shownAs"]) == ([], [])


async def test_counts_of_a_marked_dataset_are_published_nowhere(world: World) -> None:
    await share(world)
    submit = """mutation($in: SubmitCountsInput!) { submitCounts(input: $in) {
      accepted willPublish { rule } errors { code } } }"""
    given = {
        "measure": "woonoverlast",
        "period": "2026-W48",
        "cells": [{"wijk": "WK063711", "count": 12}],
    }
    ask = world.partner("corporatie-a").ask
    first = (await ask(submit, {"in": {**given, "idempotencyKey": "telling-0001"}}))["submitCounts"]
    assert (first["accepted"], len(first["willPublish"])) == (1, 1)
    await mark(world, "tellingen", True)
    again = (await ask(submit, {"in": {**given, "idempotencyKey": "telling-0002"}}))["submitCounts"]
    assert (again["accepted"], again["willPublish"]) == (1, [])
    async with world.connect("superuser") as connection:
        granted = await connection.fetchval(
            "select count(*) from hub.counts c join hub.grants g on g.slice = c.slice"
        )
    assert granted == 0


async def test_a_dataset_of_another_is_not_there_and_a_wrong_request_changes_nothing(
    world: World,
) -> None:
    for given, code in (
        ({"dataset": "straatcontacten", "neverShare": True}, "UNKNOWN_DATASET"),
        ({"dataset": "Geen Naam", "neverShare": True, "kind": "SIGNAL"}, "BAD_DATASET"),
        ({"dataset": "hub", "neverShare": True, "pastToo": True}, "BAD_ARGUMENT"),
    ):
        refused = (await world.partner("corporatie-a").ask(MARK, {"in": given}))["markDataset"]
        assert [error["code"] for error in refused["errors"]] == [code]
        assert refused["dataset"] is None
    async with world.connect("superuser") as connection:
        assert await connection.fetchval("select bool_or(never_share) from hub.datasets") is False


async def test_the_administrator_marks_and_only_the_owner_takes_the_mark_off(world: World) -> None:
    await share(world)
    await push(world, "woonoverlast-meldingen", 1)
    add = ("partner", "add", "corporatie-a", "--gemeente", "GM0637", "--kind", "HOUSING", "--name")
    place = ("Corporatie A (verzonnen)", "--wijk", "WK063711", "--from", "2026-01-01")
    dataset = ("--dataset", "woonoverlast-meldingen:7")
    await done(world, *add, *place, *dataset, "--never-share", "woonoverlast-meldingen")
    assert (await seen(world, "buurtwerk"))["wijk"]["signals"]["total"] == 0
    await done(world, *add, *place, *dataset)
    own = await seen(world, "corporatie-a")
    marked = {each["name"] for each in own["mySlice"]["datasets"] if each["neverShare"]}
    assert marked == {"woonoverlast-meldingen"}


async def test_no_record_slips_in_while_a_dataset_is_marked(world: World) -> None:
    """A record that is not committed yet when the mark is set: the mark waits, and takes it too."""
    insert = """insert into hub.signals (id, dataset, wijk, category, seen_at)
      select hub.new_id(), 'woonoverlast-meldingen', v.wijk, 'NOISE', hub.now()
      from hub.wijk_versions v where v.code = 'WK063711' and v.year = 2025"""
    identity = """select set_config('hub.gemeente', 'GM0637', true), set_config('hub.organisation',
      (select id::text from hub.organisations where slug = 'corporatie-a'), true)"""
    async with world.connect("superuser") as writer, world.connect("superuser") as watcher:
        transaction = writer.transaction()
        await transaction.start()
        await writer.fetch(identity)
        await writer.execute("set local role hub_app")
        await writer.execute(insert)
        marking = asyncio.create_task(mark(world, "woonoverlast-meldingen", True))
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while not (marking.done() or await watcher.fetchval(waiting)):  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert not marking.done()
        await transaction.commit()
        assert (await marking)["errors"] == []
        profiles = await watcher.fetch("select profile = hub.never_shared() from hub.signals")
    assert [row[0] for row in profiles] == [True]
