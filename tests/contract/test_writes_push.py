# SPDX-License-Identifier: EUPL-1.2
"""Deliveries of signals: what becomes of each row, what happens once, and what not at all."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import NOW, World
from tests.contract.writing import (
    PUSH,
    RECEIPT,
    UPDATE,
    WITHDRAW,
    codes,
    new_key,
    only_row,
    outcomes,
    push,
    row,
    signal,
)

pytestmark = pytest.mark.anyio


def three(**changes: Any) -> list[dict[str, Any]]:
    return [row(f"a-{number}", **changes) for number in (1, 2, 3)]


async def stored(world: World) -> int:
    async with world.connect("superuser") as connection:
        count: int = await connection.fetchval("select count(*) from hub.signals")
        return count


async def test_new_rows_are_created_and_can_be_read_by_their_sender(world: World) -> None:
    partner = world.partner("corporatie-a")
    receipt = await push(partner, [row(summary="Veel lawaai", buurt="noord", lon=4.55, lat=52.05)])
    assert outcomes(receipt) == {"CREATED": 1}
    (answered,) = receipt["rows"]["nodes"]
    assert (answered["line"], answered["externalId"], answered["version"]) == (1, "a-1", 1)
    found = await signal(partner, answered["recordId"])
    assert found["summary"] == "Veel lawaai"
    assert found["place"]["buurt"] == {"name": "Noord"}
    assert found["sourceId"] == "meldingen/a-1"


async def test_a_changed_row_updates_and_an_equal_one_changes_nothing(world: World) -> None:
    partner = world.partner("corporatie-a")
    first = await push(partner, three())
    second = await push(partner, [*three(status="DONE")[:2], row("a-3")])
    assert outcomes(second) == {"UPDATED": 2, "UNCHANGED": 1}
    assert [line["version"] for line in second["rows"]["nodes"]] == [2, 2, 1]
    assert [line["recordId"] for line in second["rows"]["nodes"]] == [
        line["recordId"] for line in first["rows"]["nodes"]
    ]


async def test_an_unchanged_row_does_not_overwrite_an_edit_made_in_the_hub(world: World) -> None:
    partner = world.partner("corporatie-a")
    record = (await only_row(partner, row(summary="Lawaai")))["recordId"]
    edit = {"id": record, "version": 1, "summary": "Lawaai bij het plein"}
    await partner.ask(UPDATE, {"in": edit})
    again = await only_row(partner, row(summary="Lawaai"))
    assert (again["outcome"], again["version"]) == ("UNCHANGED", 2)
    assert (await signal(partner, record))["summary"] == "Lawaai bij het plein"


async def test_the_same_delivery_again_answers_the_first_receipt(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    first = await push(partner, three(), idempotencyKey=key)
    second = await push(partner, three(), idempotencyKey=key)
    assert second == {**first, "replayed": True}
    assert await stored(world) == 3


async def test_a_key_with_other_rows_is_an_error_and_stores_nothing(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, three(), idempotencyKey=key)
    other = await push(partner, three(status="DONE"), idempotencyKey=key)
    assert codes(other) == ["IDEMPOTENCY_KEY_REUSED"]
    assert other["id"] is None
    assert (await push(partner, three()))["summary"] == [{"outcome": "UNCHANGED", "rows": 3}]


async def test_keys_and_names_of_one_organisation_mean_nothing_to_another(world: World) -> None:
    key = new_key()
    await push(world.partner("corporatie-a"), three(), idempotencyKey=key)
    other = await push(world.partner("corporatie-b"), three(), idempotencyKey=key)
    assert (outcomes(other), other["replayed"]) == ({"CREATED": 3}, False)


async def test_a_dry_run_says_what_would_happen_and_uses_no_key(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    tried = await push(partner, three(), idempotencyKey=key, dryRun=True)
    assert (outcomes(tried), tried["dryRun"]) == ({"CREATED": 3}, True)
    assert await stored(world) == 0
    done = await push(partner, three(), idempotencyKey=key)
    assert (outcomes(done), done["replayed"]) == ({"CREATED": 3}, False)


async def test_bad_rows_are_named_one_by_one_and_good_ones_stay(world: World) -> None:
    rows = [
        row("a-1", category="WEATHER"),
        row("a-2", seenAt="2026-02-30T10:00:00+01:00"),
        row("a-3"),
        row("a-4", wijk=None),
        row("a-5", wijk="WK999999"),
        row(None),
    ]
    receipt = await push(world.partner("corporatie-a"), rows, maxRejected=5)
    assert outcomes(receipt) == {"CREATED": 1, "REJECTED": 5}
    told = {line["line"]: line for line in receipt["rows"]["nodes"]}
    assert list(told) == [1, 2, 3, 4, 5, 6]
    assert told[1]["errors"][0]["path"] == ["category"]
    assert told[2]["errors"][0]["path"] == ["seenAt"]
    assert codes(told[4]) == ["MISSING_FIELD"]
    assert codes(told[5]) == ["UNKNOWN_WIJK"]
    assert (told[5]["externalId"], told[6]["externalId"]) == ("a-5", None)
    assert all(error["message"] for line in told.values() for error in line["errors"])


async def test_rows_are_found_again_when_they_stand_inside_an_input_variable(world: World) -> None:
    query = """mutation P($in: PushSignalsInput!) { pushSignals(input: $in) {
        rows { nodes { line outcome } } } }"""
    delivery = {"dataset": "meldingen", "idempotencyKey": new_key(), "maxRejected": 1}
    rows = [row("a-1", status="LOST"), row("a-2")]
    data = await world.partner("corporatie-a").ask(
        query, {"in": {"delivery": delivery, "rows": rows}}
    )
    assert data["pushSignals"]["rows"]["nodes"] == [
        {"line": 1, "outcome": "REJECTED"},
        {"line": 2, "outcome": "CREATED"},
    ]


async def test_more_rejected_rows_than_allowed_refuse_the_delivery_as_a_whole(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    rows = [*three(), row("a-4", wijk="WK999999"), row("a-5", buurt="Nergenshuizen")]
    refused = await push(partner, rows, idempotencyKey=key, maxRejected=1)
    assert codes(refused) == ["TOO_MANY_REJECTED"]
    assert outcomes(refused) == {"REJECTED": 2}
    assert await stored(world) == 0
    again = await partner.ask(RECEIPT, {"id": refused["id"]})
    assert again["pushReceipt"] == refused
    mended = await push(partner, rows, idempotencyKey=key, maxRejected=2)
    assert outcomes(mended) == {"CREATED": 3, "REJECTED": 2}


async def test_of_two_rows_with_one_external_id_the_later_one_is_rejected(world: World) -> None:
    rows = [row("a-1"), row(" a-1 ", status="DONE")]
    receipt = await push(world.partner("corporatie-a"), rows, maxRejected=1)
    first, second = receipt["rows"]["nodes"]
    assert (first["outcome"], second["outcome"]) == ("CREATED", "REJECTED")
    assert codes(second) == ["DOUBLE_ROW"]


async def test_an_older_version_of_a_row_changes_nothing(world: World) -> None:
    partner = world.partner("corporatie-a")
    await only_row(partner, row(sourceVersion="10"))
    older = await only_row(partner, row(sourceVersion="9", status="DONE"))
    assert (older["outcome"], codes(older)) == ("UNCHANGED", ["OLDER_VERSION"])
    newer = await only_row(partner, row(sourceVersion="11", status="DONE"))
    assert newer["outcome"] == "UPDATED"


async def test_a_newer_version_with_the_same_content_still_holds_off_older_ones(
    world: World,
) -> None:
    partner = world.partner("corporatie-a")
    await only_row(partner, row(sourceVersion="1"))
    assert (await only_row(partner, row(sourceVersion="3")))["outcome"] == "UNCHANGED"
    late = await only_row(partner, row(sourceVersion="2", status="DONE"))
    assert codes(late) == ["OLDER_VERSION"]


async def test_a_withdrawn_record_does_not_come_back(world: World) -> None:
    partner = world.partner("corporatie-a")
    record = (await only_row(partner, row()))["recordId"]
    gone = {"id": record, "version": 1, "reason": "Hoort hier niet"}
    await partner.ask(WITHDRAW, {"in": gone})
    again = await only_row(partner, row(status="DONE"))
    assert (again["outcome"], codes(again), again["recordId"]) == ("UNCHANGED", ["WITHDRAWN"], None)
    assert await stored(world) == 0


async def test_a_full_list_closes_what_it_no_longer_names_and_reopens_what_is_back(
    world: World,
) -> None:
    partner = world.partner("corporatie-a")
    await push(partner, three(), mode="SNAPSHOT")
    shorter = await push(partner, [row("a-2")], mode="SNAPSHOT")
    assert outcomes(shorter) == {"UNCHANGED": 1, "CLOSED": 2}
    nodes = shorter["rows"]["nodes"]
    assert [(n["line"], n["externalId"], n["outcome"], n["version"]) for n in nodes] == [
        (1, "a-2", "UNCHANGED", 1),
        (2, "a-1", "CLOSED", 2),
        (3, "a-3", "CLOSED", 2),
    ]
    closed = await signal(partner, nodes[1]["recordId"])
    assert (closed["closedOn"], closed["status"]) == ("2026-11-23", "NEW")
    back = await push(partner, three(), mode="SNAPSHOT")
    assert outcomes(back) == {"UNCHANGED": 1, "REOPENED": 2}
    reopened = await signal(partner, nodes[1]["recordId"])
    assert reopened["closedOn"] is None
    assert [h["change"] for h in reopened["history"]["nodes"]] == ["REOPENED", "CLOSED", "CREATED"]


async def test_a_full_list_closes_records_of_its_own_dataset_only(world: World) -> None:
    partner = world.partner("corporatie-a")
    await push(partner, three(), dataset="ander")
    await push(partner, three())
    assert outcomes(await push(partner, [], mode="SNAPSHOT")) == {"CLOSED": 3}
    assert outcomes(await push(partner, three(), dataset="ander")) == {"UNCHANGED": 3}


async def test_a_rejected_row_counts_as_present_in_a_full_list(world: World) -> None:
    partner = world.partner("corporatie-a")
    await push(partner, three())
    bad = [row("a-1", wijk="WK999999"), row("a-2", category="WEATHER"), row("a-3")]
    receipt = await push(partner, bad, mode="SNAPSHOT", maxRejected=2)
    assert outcomes(receipt) == {"UNCHANGED": 1, "REJECTED": 2}


async def test_a_full_list_with_a_row_without_a_name_closes_nothing(world: World) -> None:
    partner = world.partner("corporatie-a")
    await push(partner, three())
    receipt = await push(partner, [row("a-1"), row(None)], mode="SNAPSHOT", maxRejected=1)
    assert codes(receipt) == ["NOT_CLOSED"]
    assert outcomes(receipt) == {"UNCHANGED": 1, "REJECTED": 1}


async def test_a_full_list_that_would_close_too_much_is_refused_as_a_whole(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, [row(f"a-{number}") for number in range(12)])
    few = [row("a-1", status="DONE"), row("new")]
    refused = await push(partner, few, mode="SNAPSHOT", idempotencyKey=key)
    assert codes(refused) == ["MAY_CLOSE_EXCEEDED"]
    assert "11" in refused["errors"][0]["message"]
    assert await stored(world) == 12
    allowed = await push(partner, few, mode="SNAPSHOT", idempotencyKey=key, mayClose=11)
    assert outcomes(allowed) == {"CREATED": 1, "UPDATED": 1, "CLOSED": 11}


async def test_a_list_in_parts_closes_when_its_last_part_is_in_whatever_the_order(
    world: World,
) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, [*three(), row("b-1"), row("c-1")])
    in_parts = {"mode": "SNAPSHOT", "idempotencyKey": key, "parts": 3}
    assert outcomes(await push(partner, [row("c-1")], part=3, **in_parts)) == {"UNCHANGED": 1}
    assert outcomes(await push(partner, [row("a-1")], part=1, **in_parts)) == {"UNCHANGED": 1}
    repeated = await push(partner, [row("a-1")], part=1, **in_parts)
    assert repeated["replayed"]
    last = await push(partner, [row("b-1")], part=2, **in_parts)
    assert outcomes(last) == {"UNCHANGED": 1, "CLOSED": 2}
    assert [n["externalId"] for n in last["rows"]["nodes"]] == ["b-1", "a-2", "a-3"]


async def test_parts_of_one_list_agree_on_how_many_there_are(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, three(), mode="SNAPSHOT", idempotencyKey=key, part=1, parts=2)
    other = await push(partner, [], mode="SNAPSHOT", idempotencyKey=key, part=2, parts=3)
    assert codes(other) == ["BAD_PART"]


@pytest.mark.parametrize(
    ("delivery", "code", "path"),
    [
        ({"dataset": "Met Spaties"}, "BAD_DATASET", "dataset"),
        ({"dataset": "hub"}, "BAD_DATASET", "dataset"),
        ({"idempotencyKey": "kort"}, "BAD_IDEMPOTENCY_KEY", "idempotencyKey"),
        ({"part": 2}, "BAD_PART", "part"),
        ({"parts": 1001}, "BAD_PART", "parts"),
        ({"maxRejected": -1}, "BAD_DELIVERY", "maxRejected"),
        ({"mayClose": 5}, "BAD_DELIVERY", "mayClose"),
    ],
)
async def test_a_delivery_that_makes_no_sense_is_refused_at_the_place_where_it_errs(
    world: World, delivery: dict[str, Any], code: str, path: str
) -> None:
    receipt = await push(world.partner("corporatie-a"), three(), **delivery)
    (error,) = receipt["errors"]
    assert (error["code"], error["path"]) == (code, ["input", "delivery", path])
    assert receipt["id"] is None
    assert await stored(world) == 0


async def test_two_deliveries_at_once_under_one_key_happen_once(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    answers = await asyncio.gather(*(push(partner, three(), idempotencyKey=key) for _ in range(3)))
    assert sorted(answer["replayed"] for answer in answers) == [False, True, True]
    assert len({answer["id"] for answer in answers}) == 1
    assert await stored(world) == 3


async def test_deliveries_of_one_dataset_at_once_lose_and_double_nothing(world: World) -> None:
    partner = world.partner("corporatie-a")
    await asyncio.gather(
        *(push(partner, [row(f"a-{n}"), row("shared", summary=f"versie {n}")]) for n in range(4))
    )
    assert await stored(world) == 5


async def test_a_second_push_in_one_operation_fails_without_the_first(world: World) -> None:
    query = PUSH.replace(
        "mutation Push($rows: [SignalRow!]!, $delivery: Delivery!) {",
        "mutation Push($rows: [SignalRow!]!, $delivery: Delivery!, $other: Delivery!) {"
        " bad: pushSignals(input: { delivery: $other, rows: $rows }) { errors { code } }",
    )
    delivery = {"dataset": "meldingen", "idempotencyKey": new_key()}
    other = {**delivery, "idempotencyKey": new_key(), "part": 7}
    data = await world.partner("corporatie-a").ask(
        query, {"rows": three(), "delivery": delivery, "other": other}
    )
    assert codes(data["bad"]) == ["BAD_PART"]
    assert outcomes(data["pushSignals"]) == {"CREATED": 3}


async def test_a_receipt_is_its_senders_alone_and_pages_by_line(world: World) -> None:
    partner = world.partner("corporatie-a")
    receipt = await push(partner, [row(f"a-{n}") for n in range(5)])
    other = await world.partner("corporatie-b").ask(RECEIPT, {"id": receipt["id"]})
    assert other == {"pushReceipt": None}
    query = """query($id: ID!, $after: String) { pushReceipt(id: $id) {
        rows(first: 2, after: $after) {
        total nodes { line } pageInfo { endCursor hasNextPage } } } }"""
    after, lines = None, []
    while True:
        data = await partner.ask(query, {"id": receipt["id"], "after": after})
        page = data["pushReceipt"]["rows"]
        assert page["total"] == 5
        lines += [node["line"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert lines == [1, 2, 3, 4, 5]


async def test_a_stored_error_is_told_in_the_language_of_who_reads_it(world: World) -> None:
    partner = world.partner("corporatie-a")
    receipt = await push(partner, [row(buurt="Nergenshuizen")], maxRejected=1)
    dutch = receipt["rows"]["nodes"][0]["errors"][0]["message"]
    data = await partner.ask(RECEIPT, {"id": receipt["id"]}, **{"Accept-Language": "en"})
    english = data["pushReceipt"]["rows"]["nodes"][0]["errors"][0]["message"]
    assert dutch != english
    assert "does not exist" in english


async def delivered_wijken(world: World) -> dict[str, int]:
    async with world.connect("superuser") as connection:
        rows = await connection.fetch(
            "select dataset, count(*) from hub.deliveries where on_day = hub.today() group by "
            "dataset"
        )
        return {r["dataset"]: r["count"] for r in rows}


async def test_a_delivery_is_noted_for_the_wijken_that_it_is_about(world: World) -> None:
    partner = world.partner("corporatie-b")  # works in four wijken
    await push(partner, three(), dataset="los")
    await push(partner, three(), dataset="lijst", mode="SNAPSHOT")
    await push(partner, [], dataset="leeg")
    await push(partner, three(), dataset="proef", dryRun=True)
    await push(partner, [row(wijk="WK999999")], dataset="fout")
    assert await delivered_wijken(world) == {"los": 1, "lijst": 4, "leeg": 4}


async def test_ones_own_receipts_are_listed_newest_first_and_nobody_elses(world: World) -> None:
    partner = world.partner("corporatie-a")
    sent = []
    for minute in (1, 2, 3):
        await world.set_now(NOW + timedelta(minutes=minute))
        sent.append((await push(partner, [row(f"a-{minute}")]))["id"])
    await push(world.partner("corporatie-b"), three())
    query = """query($after: String) { mySlice { pushes(first: 2, after: $after) {
        nodes { id rows(first: 1) { total nodes { externalId } } }
        pageInfo { endCursor hasNextPage } } } }"""
    first = (await partner.ask(query))["mySlice"]["pushes"]
    assert [node["id"] for node in first["nodes"]] == [sent[2], sent[1]]
    assert first["nodes"][0]["rows"] == {"total": 1, "nodes": [{"externalId": "a-3"}]}
    after = first["pageInfo"]["endCursor"]
    last = (await partner.ask(query, {"after": after}))["mySlice"]["pushes"]
    assert [node["id"] for node in last["nodes"]] == [sent[0]]
    assert not last["pageInfo"]["hasNextPage"]


async def test_what_a_full_list_closes_in_a_wijk_where_one_stopped_working_stays_open(
    world: World,
) -> None:
    partner = world.partner("corporatie-b")
    await push(partner, [row("a-1"), row("a-2", wijk="WK063708")])
    async with world.connect("superuser") as connection:
        await connection.execute(
            "update hub.organisation_wijken o set works_until = hub.today() - 1"
            " from hub.wijk_versions v where v.wijk = o.wijk and v.code = 'WK063708'"
        )
    receipt = await push(partner, [], mode="SNAPSHOT")
    assert [node["externalId"] for node in receipt["rows"]["nodes"]] == ["a-1"]


async def test_of_police_a_receipt_keeps_no_word_of_a_row_that_was_not_taken(world: World) -> None:
    given = {**row("w-1"), "Jan Jansen Dorpsstraat 5": 1, "wijk": "JanJansen"}
    partner = world.partner("wijkagent")
    await push(partner, [given, row("w-2", wijk="JanJansen", summary=None)], maxRejected=2)
    async with world.connect("superuser") as look:
        kept = await look.fetch("select errors::text from hub.receipt_rows order by line")
    assert [each["errors"].count("Jan") for each in kept] == [0, 0]
    assert "UNKNOWN_FIELD" in kept[0]["errors"] and "UNKNOWN_WIJK" in kept[1]["errors"]
