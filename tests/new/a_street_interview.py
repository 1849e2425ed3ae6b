# SPDX-License-Identifier: EUPL-1.2
"""What a partner does with a kind of contribution that `hub new street_interview` made. Run by
test_new.py in the copy of the tree in which that kind exists.
"""

from __future__ import annotations

import pytest

from tests.conftest import World
from tests.contract.test_kinds import ACCEPT, PROPOSE, organisation
from tests.contract.writing import OOSTERHEEM, new_key

pytestmark = pytest.mark.anyio

PUSH = """mutation($delivery: Delivery!, $rows: [StreetInterviewRow!]!) {
  pushStreetInterviews(input: { delivery: $delivery, rows: $rows }) {
    errors { code } rows { nodes { outcome errors { path code } } } } }"""
REPORT = """mutation($in: ReportStreetInterviewInput!) { reportStreetInterview(input: $in) {
  streetInterview { id version happenedOn } shownAs { precision fields } errors { code } } }"""
UPDATE = """mutation($in: UpdateStreetInterviewInput!) { updateStreetInterview(input: $in) {
  streetInterview { version summary happenedOn } errors { path code } } }"""
READ = """query($wijk: String!, $filter: RecordFilter) { wijk(code: $wijk) {
  streetInterviews(filter: $filter) { total nodes {
    category happenedOn summary precision owner { name } version place { lon precision } } }
  feed { nodes { kind headline } } } }"""

ROW = {
    "externalId": "een",
    "wijk": OOSTERHEEM,
    "category": "NOISE",
    "happenedOn": "2026-11-20",
    "summary": "Overlast van scooters",
}


async def deliver(world: World, partner: str, row: dict[str, str]) -> object:
    """What became of a row."""
    delivery = {"dataset": "interviews", "idempotencyKey": new_key()}
    given = {"delivery": delivery, "rows": [row]}
    done = (await world.partner(partner).ask(PUSH, given))["pushStreetInterviews"]
    if done["errors"]:
        assert [error["code"] for error in done["errors"]] == ["TOO_MANY_REJECTED"]
    (only,) = done["rows"]["nodes"]
    return only["outcome"], [(error["path"], error["code"]) for error in only["errors"]]


async def agree(world: World, fields: list[str]) -> None:
    """Buurtwerk shares its street interviews with handhaving."""
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    rule = {
        "provider": await organisation(buurtwerk),
        "receiver": await organisation(handhaving),
        "wijken": [OOSTERHEEM],
        "kind": "STREET_INTERVIEW",
        "precision": "WIJK",
        "fields": fields,
    }
    proposal = {
        "idempotencyKey": new_key(),
        "title": "Interviews",
        "purpose": "proef",
        "legalBasis": "art. 6 AVG",
        "from": "2026-11-01",
        "until": "2026-12-31",
        "contact": "loket",
        "rules": [rule],
    }
    made = (await buurtwerk.ask(PROPOSE, {"in": proposal}))["proposeAgreement"]
    agreed = (await handhaving.ask(ACCEPT, {"in": made["agreement"]}))["acceptAgreement"]
    assert agreed == {"agreement": {"state": "IN_FORCE"}, "errors": []}


async def test_what_was_delivered_is_seen_by_a_receiver_as_agreed(world: World) -> None:
    assert await deliver(world, "buurtwerk", ROW) == ("CREATED", [])
    handhaving = world.partner("handhaving")
    assert (await handhaving.ask(READ, {"wijk": OOSTERHEEM}))["wijk"] == {
        "streetInterviews": {"total": 0, "nodes": []},
        "feed": {"nodes": []},
    }
    await agree(world, ["summary"])
    given = {"wijk": OOSTERHEEM, "filter": {"text": "scooters", "from": "2026-11-20"}}
    seen = (await handhaving.ask(READ, given))["wijk"]
    (node,) = seen["streetInterviews"]["nodes"]
    assert node.pop("owner")["name"]
    assert node == {
        "category": "NOISE",
        "happenedOn": "2026-11-20",
        "summary": "Overlast van scooters",
        "precision": "WIJK",
        "version": None,
        "place": {"lon": None, "precision": "WIJK"},
    }
    for other in ({"text": "brommers"}, {"from": "2026-11-21"}, {"category": ["LITTER"]}):
        seen = (await handhaving.ask(READ, {"wijk": OOSTERHEEM, "filter": other}))["wijk"]
        assert seen["streetInterviews"] == {"total": 0, "nodes": []}


async def test_the_feed_calls_it_by_its_name_in_both_languages(world: World) -> None:
    await deliver(world, "buurtwerk", ROW)
    buurtwerk = world.partner("buurtwerk")
    for language, word in (("nl", "straatinterview"), ("en", "street interview")):
        read = await buurtwerk.ask(READ, {"wijk": OOSTERHEEM}, **{"Accept-Language": language})
        (item,) = read["wijk"]["feed"]["nodes"]
        assert item["kind"] == "STREET_INTERVIEW"
        assert word in item["headline"]


async def test_one_is_reported_and_changed(world: World) -> None:
    await agree(world, [])
    buurtwerk = world.partner("buurtwerk")
    given = {name: value for name, value in ROW.items() if name != "externalId"}
    given["idempotencyKey"] = new_key()
    done = (await buurtwerk.ask(REPORT, {"in": given}))["reportStreetInterview"]
    assert done["errors"] == []
    assert [shown["precision"] for shown in done["shownAs"]] == ["WIJK"]
    record = done["streetInterview"]
    change = {"id": record["id"], "version": record["version"], "happenedOn": "2026-11-19"}
    changed = (await buurtwerk.ask(UPDATE, {"in": change}))["updateStreetInterview"]
    assert changed == {
        "streetInterview": {
            "version": 2,
            "summary": "Overlast van scooters",
            "happenedOn": "2026-11-19",
        },
        "errors": [],
    }
    again = (await buurtwerk.ask(UPDATE, {"in": change}))["updateStreetInterview"]
    assert [error["code"] for error in again["errors"]] == ["CONFLICT"]


@pytest.mark.parametrize(
    ("day", "code"), [("2026-12-24", "DATE_IN_FUTURE"), ("1999-12-31", "DATE_TOO_OLD")]
)
async def test_a_day_that_cannot_be_is_refused(world: World, day: str, code: str) -> None:
    refused = ("REJECTED", [(["happenedOn"], code)])
    assert await deliver(world, "buurtwerk", {**ROW, "happenedOn": day}) == refused


async def test_no_text_of_enforcement_is_stored(world: World) -> None:
    refused = ("REJECTED", [(["summary"], "FREE_TEXT_NOT_ALLOWED")])
    assert await deliver(world, "handhaving", ROW) == refused
    codes = {name: value for name, value in ROW.items() if name != "summary"}
    assert await deliver(world, "handhaving", codes) == ("CREATED", [])
