# SPDX-License-Identifier: EUPL-1.2
"""What is special about activities: one of them can be for several wijken and stands once, an
agreement about one of these shows it there, and the best agreement says how it is shown everywhere.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW, World
from tests.contract.agreeing import decide, organisation, propose, rule
from tests.contract.writing import OOSTERHEEM, WITHDRAW, codes, new_key
from tests.ledger import ledger
from tests.partner import Partner

pytestmark = pytest.mark.anyio

SEGHWAERT, DORP = "WK063708", "WK063701"
THREE = [OOSTERHEEM, SEGHWAERT, DORP]
NOT_OURS = "WK063713"

PUSH = """mutation($delivery: Delivery!, $rows: [ActivityRow!]!) {
  pushActivities(input: { delivery: $delivery, rows: $rows }) {
    summary { outcome rows } errors { code }
    rows { nodes { outcome recordId errors { path code } } } } }"""
REPORT = """mutation($in: ReportActivityInput!) { reportActivity(input: $in) {
  activity { id version title audience startsAt endsAt facility attendance sourceId wijk { code }
    wijken { code } place { label } }
  shownAs { organisation { name } precision place fields } errors { path code } } }"""
UPDATE = """mutation($in: UpdateActivityInput!) { updateActivity(input: $in) {
  activity { version category title audience startsAt endsAt facility attendance }
  shownAs { organisation { name } precision } errors { path code } } }"""
LIST = """query($wijk: String!, $filter: RecordFilter, $order: RecordOrder!) { wijk(code: $wijk) {
  activities(filter: $filter, orderBy: $order) { total nodes {
    id title audience startsOn startsAt endsAt facility attendance category precision hidden
    wijken { code } place { label precision buurt { name } } agreement { title } } } } }"""
ONE = """query($id: ID!) { node(id: $id) { ... on Activity {
  id version title startsAt endsAt closedOn precision wijk { code } wijken { code }
  place { label } agreement { title } history { nodes { change before after } } } } }"""
FEED = """query($wijk: String!, $after: String) { wijk(code: $wijk) { feed(after: $after) {
  pageInfo { endCursor } nodes { change headline recordId record { id } } } } }"""


def row(external_id: str = "a-1", **changes: Any) -> dict[str, Any]:
    """A good row: an activity of next week in three wijken."""
    return {
        "externalId": external_id,
        "wijken": THREE,
        "category": "SOCIAL_CONTACT",
        "title": "Voetbal op het plein",
        "audience": "jongens en meiden van 12 tot 15",
        "startsAt": "2026-12-02T15:30:00+01:00",
        "endsAt": "2026-12-02T17:00:00+01:00",
        "facility": "Cruyff Court",
        "attendance": 4,
        **changes,
    }


def reported(**changes: Any) -> dict[str, Any]:
    """The same, reported in the hub."""
    given = {name: value for name, value in row().items() if name != "externalId"}
    return {"idempotencyKey": new_key(), **given, **changes}


async def deliver(partner: Partner, *rows: dict[str, Any], **delivery: Any) -> dict[str, Any]:
    """The receipt of a delivery in which every row may be rejected."""
    given = {"dataset": "agenda", "idempotencyKey": new_key(), "maxRejected": 9, **delivery}
    receipt: dict[str, Any] = (await partner.ask(PUSH, {"delivery": given, "rows": list(rows)}))[
        "pushActivities"
    ]
    return receipt


async def result(partner: Partner, given: dict[str, Any]) -> tuple[str, list[tuple[Any, str]]]:
    """What became of one row, and why."""
    (node,) = (await deliver(partner, given))["rows"]["nodes"]
    return node["outcome"], [(error["path"], error["code"]) for error in node["errors"]]


async def created(partner: Partner, given: dict[str, Any]) -> str:
    """The id of a record that a row makes."""
    (node,) = (await deliver(partner, given))["rows"]["nodes"]
    assert node["outcome"] == "CREATED", node
    record: str = node["recordId"]
    return record


async def listed(
    partner: Partner, wijk: str = OOSTERHEEM, order: str = "NEWEST", **chosen: Any
) -> list[dict[str, Any]]:
    """The activities of a wijk as a partner sees them under a filter, all of them counted."""
    given = {"wijk": wijk, "filter": chosen, "order": order}
    page = (await partner.ask(LIST, given))["wijk"]["activities"]
    assert page["total"] == len(page["nodes"])
    nodes: list[dict[str, Any]] = page["nodes"]
    return nodes


async def one(partner: Partner, record: str) -> Any:
    """An activity as a partner sees it, or None."""
    return (await partner.ask(ONE, {"id": record}))["node"]


async def feed(partner: Partner, wijk: str, after: str | None = None) -> tuple[list[str], str]:
    """What the feed of a wijk tells of activities, in order, and its last cursor."""
    page = (await partner.ask(FEED, {"wijk": wijk, "after": after}))["wijk"]["feed"]
    changes = [node["change"] for node in page["nodes"] if node["recordId"]]
    return changes, page["pageInfo"]["endCursor"]


async def share(
    world: World, wijken: list[str], precision: str = "EXACT", title: str = "Proef", **more: Any
) -> tuple[str, int]:
    """Buurtwerk shows its activities in some wijken to corporatie A."""
    given = {"kind": "ACTIVITY", "wijken": wijken, "precision": precision, **more}
    agreed = await rule(world, "buurtwerk", "corporatie-a", **given)
    key = {"idempotencyKey": new_key(), "title": title}
    agreement = await propose(world, "buurtwerk", [agreed], **key)
    assert (await decide(world, "corporatie-a", "accept", agreement))["errors"] == []
    return agreement


# -- it stands once


async def test_one_row_over_three_wijken_is_one_record_in_the_list_of_each(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    record = await created(buurtwerk, row())
    for wijk in THREE:
        (seen,) = await listed(buurtwerk, wijk)
        assert seen["id"] == record
        assert seen["wijken"][0] == {"code": OOSTERHEEM}
        assert {each["code"] for each in seen["wijken"]} == set(THREE)
    async with world.connect("superuser") as root:
        assert await root.fetchval("select count(*) from hub.activities") == 1


async def test_who_reads_it_in_two_lists_read_one_record(world: World) -> None:
    await share(world, THREE)
    await created(world.partner("buurtwerk"), row())
    query = """query($a: String!, $b: String!) { a: wijk(code: $a) { activities { total } }
      b: wijk(code: $b) { activities { total nodes { id } } } }"""
    seen = await world.partner("corporatie-a").ask(query, {"a": OOSTERHEEM, "b": DORP})
    assert (seen["a"]["activities"]["total"], seen["b"]["activities"]["total"]) == (1, 1)
    async with world.connect("superuser") as root:
        lines = await ledger(root, "select kind, records from hub.read_ledger")
    assert [tuple(line) for line in lines] == [("ACTIVITY", 1)]


async def test_a_delivery_about_three_wijken_counts_as_one_for_each(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    await created(buurtwerk, row())
    query = """query($wijk: String!) { wijk(code: $wijk) { sources {
      dataset lastDelivery organisation { name } } } }"""
    for wijk, delivered in ((OOSTERHEEM, "2026-11-23"), (DORP, "2026-11-23"), ("WK063706", None)):
        sources = (await buurtwerk.ask(query, {"wijk": wijk}))["wijk"]["sources"]
        last = {each["dataset"]: each["lastDelivery"] for each in sources}
        assert last["agenda"] == delivered


@pytest.mark.parametrize(
    ("wijken", "error"),
    [
        ([], (["wijken"], "MISSING_FIELD")),
        ([OOSTERHEEM] * 51, (["wijken"], "BAD_VALUE")),
        ([OOSTERHEEM, SEGHWAERT, OOSTERHEEM], (["wijken", "2"], "BAD_VALUE")),
        ([OOSTERHEEM, "WK999999"], (["wijken", "1"], "UNKNOWN_WIJK")),
        ([OOSTERHEEM, "WK063700"], (["wijken", "1"], "CODE_OF_ANOTHER_YEAR")),
        ([OOSTERHEEM, NOT_OURS], (["wijken", "1"], "NOT_YOUR_WIJK")),
    ],
)
async def test_each_of_its_wijken_is_one_where_its_owner_works(
    world: World, wijken: list[str], error: tuple[list[str], str]
) -> None:
    buurtwerk = world.partner("buurtwerk")
    assert await result(buurtwerk, row(wijken=wijken)) == ("REJECTED", [error])
    done = (await buurtwerk.ask(REPORT, {"in": reported(wijken=wijken)}))["reportActivity"]
    path, code = error
    assert done["errors"] == [{"path": ["input", *path], "code": code}]
    assert await listed(buurtwerk) == []


async def test_the_same_wijk_by_its_code_and_by_its_id_is_named_twice(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    id_ = (await buurtwerk.ask(f'{{ wijk(code: "{OOSTERHEEM}") {{ id }} }}'))["wijk"]["id"]
    assert await result(buurtwerk, row(wijken=[id_, SEGHWAERT])) == ("CREATED", [])
    refused = ("REJECTED", [(["wijken", "1"], "BAD_VALUE")])
    assert await result(buurtwerk, row("a-2", wijken=[OOSTERHEEM, id_])) == refused


async def test_its_home_is_the_wijk_of_its_buurt_or_the_one_named_first(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    first = await one(buurtwerk, await created(buurtwerk, row()))
    assert (first["wijk"], first["place"]) == ({"code": OOSTERHEEM}, {"label": "Oosterheem"})
    other = await one(buurtwerk, await created(buurtwerk, row("a-2", buurt="Tuinen")))
    assert (other["wijk"], other["place"]) == ({"code": SEGHWAERT}, {"label": "Tuinen, Seghwaert"})
    assert other["wijken"][0] == {"code": SEGHWAERT}
    unknown = ("REJECTED", [(["buurt"], "UNKNOWN_BUURT")])
    assert await result(buurtwerk, row("a-3", wijken=[DORP], buurt="Tuinen")) == unknown


# -- its wijken change


async def test_the_same_wijken_in_another_order_are_the_same(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    await created(buurtwerk, row())
    assert await result(buurtwerk, row(wijken=THREE[::-1])) == ("UNCHANGED", [])


async def test_a_delivery_that_names_other_wijken_moves_it(world: World) -> None:
    await share(world, THREE)
    buurtwerk, corporation = world.partner("buurtwerk"), world.partner("corporatie-a")
    record = await created(buurtwerk, row(wijken=[OOSTERHEEM, SEGHWAERT]))
    assert await result(buurtwerk, row(wijken=[SEGHWAERT, DORP])) == ("UPDATED", [])
    for partner in (buurtwerk, corporation):
        assert await listed(partner, OOSTERHEEM) == []
        for wijk in (SEGHWAERT, DORP):
            (seen,) = await listed(partner, wijk)
            assert seen["id"] == record
        assert (await feed(partner, OOSTERHEEM))[0] == ["CREATED", "WITHDRAWN"]
        assert (await feed(partner, SEGHWAERT))[0] == ["CREATED", "UPDATED"]
        assert (await feed(partner, DORP))[0] == ["UPDATED"]
    (entry, _) = (await one(buurtwerk, record))["history"]["nodes"]
    wijk = {
        code: (await buurtwerk.ask(f'{{ wijk(code: "{code}") {{ id }} }}'))["wijk"]["id"]
        for code in THREE
    }
    assert entry == {
        "change": "UPDATED",
        "before": {"wijk": wijk[OOSTERHEEM], "wijken": [wijk[OOSTERHEEM], wijk[SEGHWAERT]]},
        "after": {"wijk": wijk[SEGHWAERT], "wijken": [wijk[SEGHWAERT], wijk[DORP]]},
    }


async def test_who_sees_it_in_a_wijk_that_drops_out_alone_sees_it_no_more(world: World) -> None:
    await share(world, [DORP])
    buurtwerk, corporation = world.partner("buurtwerk"), world.partner("corporatie-a")
    record = await created(buurtwerk, row())
    assert (await one(corporation, record))["id"] == record
    assert await result(buurtwerk, row(wijken=[OOSTERHEEM, SEGHWAERT])) == ("UPDATED", [])
    assert await one(corporation, record) is None
    assert (await feed(corporation, DORP))[0] == ["CREATED", "WITHDRAWN"]


async def test_a_withdrawn_activity_is_gone_from_every_list_and_every_feed_says_so(
    world: World,
) -> None:
    await share(world, THREE)
    buurtwerk, corporation = world.partner("buurtwerk"), world.partner("corporatie-a")
    record = await created(buurtwerk, row())
    given = {"id": record, "version": 1, "reason": "Gaat niet door"}
    assert (await buurtwerk.ask(WITHDRAW, {"in": given}))["withdraw"]["errors"] == []
    for partner in (buurtwerk, corporation):
        for wijk in THREE:
            assert await listed(partner, wijk) == []
            assert (await feed(partner, wijk))[0] == ["CREATED", "WITHDRAWN"]
    assert await result(buurtwerk, row()) == ("UNCHANGED", [(["externalId"], "WITHDRAWN")])


async def test_a_full_list_closes_what_it_leaves_out_in_every_wijk(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    record = await created(buurtwerk, row())
    await created(buurtwerk, row("a-2"))
    receipt = await deliver(buurtwerk, row("a-2"), mode="SNAPSHOT")
    assert {each["outcome"]: each["rows"] for each in receipt["summary"]} == {
        "UNCHANGED": 1,
        "CLOSED": 1,
    }
    assert (await one(buurtwerk, record))["closedOn"] == "2026-11-23"
    for wijk in THREE:
        assert len(await listed(buurtwerk, wijk, closed=True)) == 1
        assert (await feed(buurtwerk, wijk))[0] == ["CREATED", "CREATED", "CLOSED"]


# -- what a receiver sees


async def test_an_agreement_about_one_of_its_wijken_shows_it_there_with_all_its_wijken(
    world: World,
) -> None:
    await share(world, [SEGHWAERT], fields=["title"])
    record = await created(world.partner("buurtwerk"), row())
    corporation = world.partner("corporatie-a")
    (seen,) = await listed(corporation, SEGHWAERT)
    assert (seen["id"], seen["title"]) == (record, "Voetbal op het plein")
    assert {each["code"] for each in seen["wijken"]} == set(THREE)
    for wijk in (OOSTERHEEM, DORP):
        assert await listed(corporation, wijk) == []
        assert (await feed(corporation, wijk))[0] == []
    assert (await feed(corporation, SEGHWAERT))[0] == ["CREATED"]


async def test_the_best_agreement_applies_whole_wherever_it_is_met(world: World) -> None:
    await share(world, [OOSTERHEEM], "WIJK", "Grof", fields=["title", "facility"])
    exact = await share(world, [SEGHWAERT], "EXACT", "Precies", fields=["startsAt"])
    record = await created(world.partner("buurtwerk"), row(wijken=[OOSTERHEEM, SEGHWAERT]))
    corporation = world.partner("corporatie-a")

    async def shown() -> list[tuple[Any, ...]]:
        lists = [await listed(corporation, wijk) for wijk in (OOSTERHEEM, SEGHWAERT)]
        seen = [each for page in lists for each in page]
        return [(s["agreement"]["title"], s["precision"], s["title"], s["startsAt"]) for s in seen]

    moment = "2026-12-02T14:30:00Z"
    assert await shown() == [("Precies", "EXACT", None, moment)] * 2
    # what is hidden is no ground to choose by either
    assert await listed(corporation, OOSTERHEEM, text="voetbal") == []
    found = await one(corporation, record)
    assert (found["agreement"], found["title"]) == ({"title": "Precies"}, None)
    # a change of what only the other agreement shows is told in neither feed
    assert (await feed(corporation, OOSTERHEEM))[0] == ["CREATED"]
    buurtwerk = world.partner("buurtwerk")
    for version, change in ((1, {"title": "Anders"}), (2, {"startsAt": "2026-12-02T16:00:00Z"})):
        given = {"id": record, "version": version, **change}
        if "startsAt" in change:
            given["endsAt"] = "2026-12-02T18:00:00Z"
        assert codes((await buurtwerk.ask(UPDATE, {"in": given}))["updateActivity"]) == []
    for wijk in (OOSTERHEEM, SEGHWAERT):
        assert (await feed(corporation, wijk))[0] == ["CREATED", "UPDATED"]
    # when the best one ends, what is left is what is agreed about the other wijk
    assert codes(await decide(world, "corporatie-a", "revoke", exact)) == []
    assert await shown() == [("Grof", "WIJK", "Anders", None)]
    assert await listed(corporation, SEGHWAERT) == []


async def test_of_equals_the_older_agreement_applies_in_every_wijk(world: World) -> None:
    await share(world, [SEGHWAERT], "WIJK", "Ouder", fields=["title"])
    await world.set_now(NOW + timedelta(minutes=5))
    await share(world, [OOSTERHEEM], "WIJK", "Jonger", fields=["facility"])
    await created(world.partner("buurtwerk"), row())
    for wijk in (OOSTERHEEM, SEGHWAERT):
        (seen,) = await listed(world.partner("corporatie-a"), wijk)
        assert seen["agreement"] == {"title": "Ouder"}
        assert (seen["title"], seen["facility"]) == ("Voetbal op het plein", None)


async def test_what_may_be_counted_in_a_wijk_is_not_met_there(world: World) -> None:
    await share(world, [OOSTERHEEM], "COUNT", "Tellen")
    await share(world, [SEGHWAERT], "WIJK", "Zien")
    await created(world.partner("buurtwerk"), row())
    corporation = world.partner("corporatie-a")
    assert await listed(corporation, OOSTERHEEM) == []
    (seen,) = await listed(corporation, SEGHWAERT)
    assert seen["precision"] == "WIJK"


DAY = {"startsOn": "2026-12-02", "category": "SOCIAL_CONTACT"}
HIDDEN = {
    "title": None,
    "audience": None,
    "facility": None,
    "startsAt": None,
    "endsAt": None,
    "attendance": None,
}
TEXTS = {
    "title": "Voetbal op het plein",
    "audience": "jongens en meiden van 12 tot 15",
    "facility": "Cruyff Court",
}
TIMES = {
    "startsAt": "2026-12-02T14:30:00Z",
    "endsAt": "2026-12-02T16:00:00Z",
    "attendance": 4,
}
EVERYTHING = [*TEXTS, *TIMES]


@pytest.mark.parametrize(
    ("precision", "fields", "shown", "hidden", "label"),
    [
        ("WIJK", [], {}, sorted(["buurt", *EVERYTHING]), "Seghwaert"),
        ("WIJK", EVERYTHING, TEXTS, ["attendance", "buurt", "endsAt", "startsAt"], "Seghwaert"),
        ("BUURT", [], {}, sorted(EVERYTHING), "Tuinen, Seghwaert"),
        ("EXACT", [], {}, sorted(EVERYTHING), "Tuinen, Seghwaert"),
        ("EXACT", EVERYTHING, {**TEXTS, **TIMES}, [], "Tuinen, Seghwaert"),
    ],
)
async def test_texts_are_shown_where_listed_and_moments_and_attendance_exactly_and_where_listed(
    world: World,
    precision: str,
    fields: list[str],
    shown: dict[str, Any],
    hidden: list[str],
    label: str,
) -> None:
    await share(world, [OOSTERHEEM], precision, fields=fields)
    await created(world.partner("buurtwerk"), row(buurt="Tuinen"))
    (seen,) = await listed(world.partner("corporatie-a"))
    assert sorted(seen["hidden"]) == hidden
    assert seen["place"]["label"] == label
    expected = {**DAY, **HIDDEN, **shown, "precision": precision}
    assert {name: seen[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, ["c", "a", "b"]),
        ({"from": "2026-12-02", "until": "2026-12-05"}, ["a"]),
        ({"category": ["CARE"]}, ["b"]),
        ({"text": "VOETBAL"}, ["c"]),
        ({"text": "plein"}, []),
        ({"closed": True}, []),
        ({"mine": True}, []),
    ],
)
async def test_filters_and_order_look_at_what_is_shown(
    world: World, chosen: dict[str, Any], found: list[str]
) -> None:
    await share(world, [SEGHWAERT], "WIJK", fields=["title"])
    buurtwerk, corporation = world.partner("buurtwerk"), world.partner("corporatie-a")
    for name, day, category, title in (
        ("a", "02", "SOCIAL_CONTACT", "Koffie"),
        ("b", "01", "CARE", "Wandelen"),
        ("c", "09", "SOCIAL_CONTACT", "Voetbal"),
    ):
        given = {"startsAt": f"2026-12-{day}T10:00:00Z", "endsAt": None, "category": category}
        await created(buurtwerk, row(name, title=title, facility="Plein", **given))
    names = {"Koffie": "a", "Wandelen": "b", "Voetbal": "c"}
    seen = await listed(corporation, SEGHWAERT, **chosen)
    assert [names[each["title"]] for each in seen] == found
    back = await listed(corporation, SEGHWAERT, "OLDEST", **chosen)
    assert [names[each["title"]] for each in back] == found[::-1]


async def test_pages_of_a_wijk_hold_each_activity_once(world: World) -> None:
    await share(world, THREE, "BUURT")
    buurtwerk, corporation = world.partner("buurtwerk"), world.partner("corporatie-a")
    made = {await created(buurtwerk, row(f"a-{number}")) for number in range(5)}
    query = """query($wijk: String!, $after: String) { wijk(code: $wijk) {
      activities(first: 2, after: $after) {
        total nodes { id } pageInfo { endCursor hasNextPage } } } }"""
    for partner in (buurtwerk, corporation):
        seen: list[str] = []
        after, more = None, True
        while more:
            page = (await partner.ask(query, {"wijk": DORP, "after": after}))["wijk"]["activities"]
            assert page["total"] == 5
            seen += [node["id"] for node in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert len(seen) == 5
        assert set(seen) == made


# -- how it is written


async def test_a_reported_activity_says_what_each_receiver_sees_by_any_of_its_wijken(
    world: World,
) -> None:
    await share(world, [DORP], "BUURT", fields=["title"])
    buurtwerk = world.partner("buurtwerk")
    done = (await buurtwerk.ask(REPORT, {"in": reported(buurt="Noord")}))["reportActivity"]
    assert done["errors"] == []
    made = done["activity"]
    assert (made["sourceId"], made["attendance"]) == ("hub", 4)
    assert made["place"] == {"label": "Noord, Oosterheem"}
    (shown,) = done["shownAs"]
    assert (shown["precision"], shown["place"]) == ("BUURT", "Noord, Oosterheem")
    assert {"title", "wijken", "buurt"} <= set(shown["fields"])
    assert not {"facility", "attendance"} & set(shown["fields"])


async def test_a_writer_caps_what_a_receiver_sees_of_it_in_every_wijk(world: World) -> None:
    await share(world, THREE, "EXACT", fields=EVERYTHING)
    buurtwerk, corporation = world.partner("buurtwerk"), world.partner("corporatie-a")
    cap = {"organisation": await organisation(world, "corporatie-a"), "precision": "WIJK"}
    done = (await buurtwerk.ask(REPORT, {"in": reported(shareAt=[cap])}))["reportActivity"]
    assert (done["errors"], done["shownAs"][0]["precision"]) == ([], "WIJK")
    for wijk in THREE:
        (seen,) = await listed(corporation, wijk)
        assert (seen["precision"], seen["title"], seen["startsAt"]) == ("WIJK", None, None)
    stranger = {"organisation": await organisation(world, "handhaving"), "precision": "WIJK"}
    refused = await buurtwerk.ask(REPORT, {"in": reported(shareAt=[stranger])})
    assert codes(refused["reportActivity"]) == ["NO_AGREEMENT"]


async def test_a_cap_may_ask_what_is_agreed_about_any_of_its_wijken(world: World) -> None:
    await share(world, [DORP], "BUURT")
    buurtwerk = world.partner("buurtwerk")
    cap = {"organisation": await organisation(world, "corporatie-a"), "precision": "BUURT"}
    done = await buurtwerk.ask(REPORT, {"in": reported(shareAt=[cap])})
    assert codes(done["reportActivity"]) == []
    beyond = {**cap, "precision": "EXACT"}
    refused = await buurtwerk.ask(REPORT, {"in": reported(shareAt=[beyond])})
    assert codes(refused["reportActivity"]) == ["PRECISION_BEYOND_AGREEMENT"]


async def test_every_field_but_its_wijken_can_be_changed(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    record = await created(buurtwerk, row())
    changes: dict[str, Any] = {
        "category": "CARE",
        "title": "Wandelen",
        "audience": None,
        "startsAt": "2026-12-03T09:00:00Z",
        "endsAt": None,
        "facility": "Huis van de Wijk",
        "attendance": 12,
    }
    given = {"id": record, "version": 1, **changes}
    done = (await buurtwerk.ask(UPDATE, {"in": given}))["updateActivity"]
    assert done == {"activity": {"version": 2, **changes}, "shownAs": [], "errors": []}
    assert codes((await buurtwerk.ask(UPDATE, {"in": given}))["updateActivity"]) == ["CONFLICT"]
    for wijk in THREE:
        assert (await feed(buurtwerk, wijk))[0] == ["CREATED", "UPDATED"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"title": " "}, (["title"], "MISSING_FIELD")),
        ({"title": "x" * 201}, (["title"], "TEXT_TOO_LONG")),
        ({"facility": "bij 123456782"}, (["facility"], "PERSONAL_DATA")),
        ({"attendance": -1}, (["attendance"], "BAD_VALUE")),
        ({"attendance": 100_001}, (["attendance"], "BAD_VALUE")),
        ({"endsAt": "2026-12-02T15:29:00+01:00"}, (["endsAt"], "BAD_VALUE")),
        (
            {"startsAt": "2127-01-01T10:00:00Z", "endsAt": None},
            (["startsAt"], "BAD_VALUE"),
        ),
        (
            {"startsAt": "1999-12-31T10:00:00Z", "endsAt": None},
            (["startsAt"], "DATE_TOO_OLD"),
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    world: World, change: dict[str, Any], error: tuple[list[str], str]
) -> None:
    buurtwerk = world.partner("buurtwerk")
    assert await result(buurtwerk, row(**change)) == ("REJECTED", [error])
    record = await created(buurtwerk, row())
    path, code = error
    given = {"id": record, "version": 1, **change}
    refused = (await buurtwerk.ask(UPDATE, {"in": given}))["updateActivity"]
    assert refused["errors"] == [{"path": ["input", *path], "code": code}]


@pytest.mark.parametrize("partner", ["handhaving", "wijkagent"])
async def test_no_title_of_police_and_enforcement_is_stored(world: World, partner: str) -> None:
    texts = [(["title"], "FREE_TEXT_NOT_ALLOWED")]
    given = row(wijken=[OOSTERHEEM], audience=None, facility=None)
    assert await result(world.partner(partner), given) == ("REJECTED", texts)


@pytest.mark.parametrize(
    ("language", "words"), [("nl", "Nieuwe activiteit: "), ("en", "New activity: ")]
)
async def test_the_feed_of_each_wijk_speaks_of_it_in_both_languages(
    world: World, language: str, words: str
) -> None:
    buurtwerk = world.partner("buurtwerk")
    await created(buurtwerk, row())
    for wijk, name in ((OOSTERHEEM, "Oosterheem"), (DORP, "Dorp")):
        answer = await buurtwerk.ask(FEED, {"wijk": wijk}, **{"Accept-Language": language})
        (item,) = answer["wijk"]["feed"]["nodes"]
        assert item["headline"].startswith(words)
        assert name in item["headline"]


async def test_who_no_longer_works_in_one_of_its_wijken_takes_it_away_or_names_the_others(
    world: World,
) -> None:
    buurtwerk = world.partner("buurtwerk")
    records = [await created(buurtwerk, row(name)) for name in ("a-1", "a-2", "a-3")]
    async with world.connect("superuser") as root:
        await root.execute(
            "update hub.organisation_wijken o set works_until = hub.today() - 1"
            " from hub.wijk_versions v where (v.wijk, v.code, v.year) = (o.wijk, $1, 2025)",
            DORP,
        )
    given = {"id": records[0], "version": 1, "title": "Anders"}
    changed = await buurtwerk.answer(UPDATE, {"in": given})
    assert changed["data"]["updateActivity"] is None or codes(changed["data"]["updateActivity"])
    assert (await one(buurtwerk, records[0]))["version"] == 1
    refused = ("REJECTED", [(["wijken", "2"], "NOT_YOUR_WIJK")])
    assert await result(buurtwerk, row("a-1", title="Anders")) == refused
    assert await result(buurtwerk, row("a-2", wijken=[OOSTERHEEM])) == ("UPDATED", [])
    gone = {"id": records[2], "version": 1, "reason": "Vervallen"}
    assert codes((await buurtwerk.ask(WITHDRAW, {"in": gone}))["withdraw"]) == []


async def test_the_state_of_a_wijk_tells_of_activities_beside_the_other_kinds(world: World) -> None:
    await share(world, [SEGHWAERT], "EXACT", fields=["title", "startsAt"])
    record = await created(world.partner("buurtwerk"), row())
    operation = Path(__file__).parents[1] / "contract" / "operations" / "0b_wijk_state.graphql"
    query = operation.read_text("utf-8")
    seen: dict[str, Any] = {}
    for partner, wijk in (("buurtwerk", DORP), ("corporatie-a", SEGHWAERT), ("handhaving", DORP)):
        state = await world.partner(partner).ask(query, {"wijk": wijk, "first": 5})
        seen[partner] = state["wijk"]["activities"]
        assert state["wijk"]["signals"]["total"] == state["wijk"]["policeNotices"]["total"] == 0
    node = {
        "id": record,
        "owner": {"name": "Buurtwerk"},
        "title": "Voetbal op het plein",
        "startsAt": "2026-12-02T14:30:00Z",
        "facility": "Cruyff Court",
        "version": 1,
        "hidden": [],
    }
    hidden = ["attendance", "audience", "endsAt", "facility"]
    shared = {**node, "facility": None, "version": None, "hidden": hidden}
    assert seen["buurtwerk"] == {"total": 1, "nodes": [node]}
    assert seen["corporatie-a"] == {"total": 1, "nodes": [shared]}
    assert seen["handhaving"] == {"total": 0, "nodes": []}


async def test_a_row_whose_wijken_cannot_be_read_is_rejected_alone(world: World) -> None:
    rows = [row("a-1"), row("a-2", wijken=[None]), row("a-3", wijken=[OOSTERHEEM, 7])]
    receipt = await deliver(world.partner("buurtwerk"), *rows)
    answered = [
        (node["outcome"], [error["path"] for error in node["errors"]])
        for node in receipt["rows"]["nodes"]
    ]
    assert answered == [
        ("CREATED", []),
        ("REJECTED", [["wijken", "0"]]),
        ("REJECTED", [["wijken", "1"]]),
    ]
