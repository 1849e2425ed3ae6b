# SPDX-License-Identifier: EUPL-1.2
"""The first things that a partner does: ask who it is, look at a wijk, report, share, follow the
feed.
"""

from __future__ import annotations

import pytest

from schema.contributions import CONTRIBUTIONS
from tests.conftest import World
from tests.contract.agreeing import decide, organisation, propose
from tests.ledger import ledger

pytestmark = pytest.mark.anyio

ME = """{ me { login organisation { id name kind } roles wijken { id code name }
          can { action on wijken { code } precision because } } }"""

SIGNALS = """query($code: String!, $first: Int = 20, $after: String,
  $filter: SignalFilter, $order: RecordOrder = NEWEST) {
  wijk(code: $code) { signals(first: $first, after: $after, filter: $filter, orderBy: $order) {
    total pageInfo { endCursor hasNextPage }
    nodes { id owner { name } category seenOn seenAt summary place { label precision }
            precision status version hidden agreement { title } } } } }"""

REPORT = """mutation($in: ReportSignalInput!) { reportSignal(input: $in) {
  signal { id precision place { label } version }
  shownAs { organisation { name } precision place fields agreement { title until } }
  errors { path code message hint } } }"""


async def test_a_partner_is_told_who_it_is_where_it_works_and_what_it_can_do(world: World) -> None:
    me = (await world.partner("buurtwerk").ask(ME))["me"]
    assert me["login"] == "buurtwerk"
    assert me["organisation"]["name"] == "Buurtwerk"
    assert len(me["wijken"]) == 12
    assert {(can["action"], can["on"]) for can in me["can"]} == {
        (action, each.kind.name) for action in ("WRITE", "READ") for each in CONTRIBUTIONS
    }
    assert all(can["because"] for can in me["can"])


async def test_a_code_means_another_wijk_in_another_year(world: World) -> None:
    ask = world.partner("buurtwerk").ask
    query = """query($c: String!, $y: Int) { wijk(code: $c, year: $y) {
      name code year codes { code year comparability } predecessors { name code year share } } }"""
    assert (await ask(query, {"c": "WK063706"}))["wijk"]["name"] == "Buytenwegh"
    oosterheem = (await ask(query, {"c": "WK063706", "y": 2024}))["wijk"]
    assert (oosterheem["name"], oosterheem["code"], oosterheem["year"]) == (
        "Oosterheem",
        "WK063711",
        2025,
    )
    assert {(c["code"], c["year"], c["comparability"]) for c in oosterheem["codes"]} == {
        ("WK063711", 2025, "BOUNDARY_CHANGED"),
        ("WK063706", 2024, None),
    }
    dorp = (await ask(query, {"c": "WK063701"}))["wijk"]
    assert dorp["name"] == "Dorp"
    assert dorp["predecessors"][0]["name"] == "Centrum"


async def test_a_code_of_an_older_division_only_names_its_year(world: World) -> None:
    body = await world.partner("buurtwerk").answer('{ wijk(code: "WK063700") { name } }')
    assert body["data"] == {"wijk": None}
    [error] = body["errors"]
    assert error["extensions"]["code"] == "CODE_OF_ANOTHER_YEAR"
    assert "2024" in error["message"] and "Centrum" in error["message"]
    assert "Dorp" in error["extensions"]["hint"]


async def test_a_code_with_a_year_that_does_not_know_it_names_the_years_that_do(
    world: World,
) -> None:
    ask = world.partner("buurtwerk").answer
    for code, year, known in (("WK063711", 1999, "2025"), ("WK063700", 2025, "2024")):
        body = await ask(f'{{ wijk(code: "{code}", year: {year}) {{ name }} }}')
        [error] = body["errors"]
        assert error["extensions"]["code"] == "CODE_NOT_OF_YEAR"
        assert error["message"].endswith(f": {known}.")


async def test_a_code_in_lower_case_is_told_to_be_in_capitals(world: World) -> None:
    body = await world.partner("buurtwerk").answer('{ wijk(code: "wk063711") { name } }')
    [error] = body["errors"]
    assert "hoofdletters" in error["extensions"]["hint"]


@pytest.mark.parametrize("field", ["buurt", "owner"])
async def test_what_is_no_id_is_told_by_the_field_of_the_filter(world: World, field: str) -> None:
    query = (
        f'{{ wijk(code: "WK063711") {{ signals(filter: {{ {field}: "Noord" }}) {{ total }} }} }}'
    )
    [error] = (await world.partner("buurtwerk").answer(query))["errors"]
    assert error["extensions"]["code"] == "BAD_ID"
    assert error["extensions"]["argument"] == ["filter", field]
    assert "'buurten'" in error["extensions"]["hint"]


async def test_what_is_shared_is_shown_as_agreed_and_no_more(world: World) -> None:
    giver, taker = "corporatie-a", "buurtwerk"
    rule = {
        "provider": await organisation(world, giver),
        "receiver": await organisation(world, taker),
        "wijken": ["WK063711"],
        "kind": "SIGNAL",
        "precision": "BUURT",
        "fields": ["summary"],
    }
    agreement = await propose(world, giver, [rule])
    reported = {
        "idempotencyKey": "melding-0001",
        "wijk": "WK063711",
        "buurt": "Noord",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "summary": "Harde muziek bij het plein",
        "internalNote": "alleen voor onszelf",
    }
    before = (await world.partner(giver).ask(REPORT, {"in": reported}))["reportSignal"]
    assert before["errors"] == [] and before["shownAs"] == []
    assert (await world.partner(taker).ask(SIGNALS, {"code": "WK063711"}))["wijk"]["signals"][
        "total"
    ] == 0
    assert (await decide(world, taker, "accept", agreement))["agreement"]["state"] == "IN_FORCE"
    page = (await world.partner(taker).ask(SIGNALS, {"code": "WK063711"}))["wijk"]["signals"]
    assert page["total"] == 1
    [node] = page["nodes"]
    assert node["id"] == before["signal"]["id"]
    assert (node["precision"], node["seenOn"], node["seenAt"], node["version"]) == (
        "BUURT",
        "2026-11-20",
        None,
        None,
    )
    assert node["summary"] == "Harde muziek bij het plein"
    assert node["place"] == {"label": "Noord, Oosterheem", "precision": "BUURT"}
    assert set(node["hidden"]) == {"seenAt", "point", "subcategory"}
    assert node["agreement"] == {"title": "Proefconvenant"}
    again = (
        await world.partner(giver).ask(
            REPORT, {"in": {**reported, "idempotencyKey": "melding-0002"}}
        )
    )["reportSignal"]
    [shown] = again["shownAs"]
    assert shown["organisation"]["name"] == "Buurtwerk" and shown["precision"] == "BUURT"
    assert (await decide(world, taker, "revoke", agreement))["agreement"]["state"] == "REVOKED"
    assert (await world.partner(taker).ask(SIGNALS, {"code": "WK063711"}))["wijk"]["signals"][
        "total"
    ] == 0
    async with world.connect("superuser") as root:
        lines = await ledger(root, "select records, purpose from hub.read_ledger")
    assert [(row["records"], row["purpose"]) for row in lines] == [(1, "samen kijken")]
