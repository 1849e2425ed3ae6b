# SPDX-License-Identifier: EUPL-1.2
"""Counts: taken of the measures that the gemeente has, while their period is open, and seen by
their owner alone.

The hub's day in these tests is Monday 23 November 2026, the first day of 2026-W48.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.conftest import World
from tests.contract.agreeing import organisation
from tests.contract.writing import OOSTERHEEM, SEGHWAERT, WITHDRAW, new_key

pytestmark = pytest.mark.anyio

THIS_WEEK, LAST_WEEK, NEXT_WEEK = "2026-W48", "2026-W47", "2026-W49"
VERZUIM = "schoolverzuim"

PUSH = """mutation($delivery: Delivery!, $rows: [CountRecordRow!]!) {
  pushCounts(input: { delivery: $delivery, rows: $rows }) {
    id summary { outcome rows } errors { code }
    rows { nodes { line outcome recordId errors { path code message hint } } } } }"""
REPORT = """mutation($in: ReportCountRecordInput!) { reportCount(input: $in) {
  count { id version measure period group count place { label } }
  shownAs { organisation { name } precision fields } errors { path code message hint } } }"""
UPDATE = """mutation($in: UpdateCountRecordInput!) { updateCount(input: $in) {
  count { version count } errors { path code } } }"""
COUNTS = """query($wijk: String!, $filter: CountFilter, $first: Int = 20, $after: String,
  $order: RecordOrder = NEWEST) { wijk(code: $wijk) {
  counts(filter: $filter, first: $first, after: $after, orderBy: $order) {
    total pageInfo { endCursor hasNextPage }
    nodes { measure period group count precision place { buurt { name } } } } } }"""


def row(external_id: str = "een", **more: Any) -> dict[str, Any]:
    given = {"wijk": OOSTERHEEM, "measure": VERZUIM, "period": THIS_WEEK, "count": 7}
    return {"externalId": external_id, **given, **more}


async def push(
    world: World, *rows: dict[str, Any], partner: str = "buurtwerk", **delivery: Any
) -> dict[str, Any]:
    """The receipt of a delivery of counts."""
    given = {"dataset": "tellingen", "idempotencyKey": new_key(), **delivery}
    answer = await world.partner(partner).ask(PUSH, {"delivery": given, "rows": list(rows)})
    receipt: dict[str, Any] = answer["pushCounts"]
    return receipt


async def codes(world: World, *rows: dict[str, Any], **more: Any) -> list[list[tuple[str, str]]]:
    """Of each row, what is wrong: the field and the code."""
    receipt = await push(world, *rows, maxRejected=9, **more)
    return [
        [(error["path"][0], error["code"]) for error in line["errors"]]
        for line in receipt["rows"]["nodes"]
    ]


async def counts(world: World, partner: str = "buurtwerk", **given: Any) -> dict[str, Any]:
    """A page of the counts of a wijk."""
    variables = {"wijk": OOSTERHEEM, **given}
    page: dict[str, Any] = (await world.partner(partner).ask(COUNTS, variables))["wijk"]["counts"]
    return page


async def at(world: World, day: int) -> None:
    await world.set_now(datetime(2026, 11, day, 9, 30, tzinfo=UTC))


# ── What a count is of ───────────────────────────────────────────────────────────────────────────


async def test_a_count_that_is_reported_is_seen_by_its_owner(world: World) -> None:
    given = {"idempotencyKey": new_key(), "wijk": OOSTERHEEM, "buurt": "Noord", "count": 0}
    made = (
        await world.partner("buurtwerk").ask(
            REPORT, {"in": {**given, "measure": "jeugdoverlast", "period": THIS_WEEK}}
        )
    )["reportCount"]
    assert made["errors"] == []
    assert made["shownAs"] == []
    assert {name: made["count"][name] for name in ("measure", "period", "group", "count")} == {
        "measure": "jeugdoverlast", "period": THIS_WEEK, "group": None, "count": 0,
    }  # fmt: skip
    assert made["count"]["place"]["label"] == "Noord, Oosterheem"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"measure": "verzuim"}, ("measure", "UNKNOWN_MEASURE")),
        ({"period": "2026-Q4"}, ("period", "WRONG_PERIOD")),
        ({"period": "2025-W53"}, ("period", "BAD_PERIOD")),
        ({"period": LAST_WEEK}, ("period", "PERIOD_CLOSED")),
        ({"period": NEXT_WEEK}, ("period", "PERIOD_NOT_BEGUN")),
        ({"group": "brugklas"}, ("group", "UNKNOWN_GROUP")),
        ({"measure": "jeugdoverlast", "group": "onderbouw"}, ("group", "UNKNOWN_GROUP")),
        ({"count": -1}, ("count", "BAD_VALUE")),
        ({"count": 100_001}, ("count", "BAD_VALUE")),
    ],
)
async def test_a_count_that_cannot_be_right_is_refused_with_its_reason(
    world: World, wrong: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert await codes(world, row(**wrong), row("twee", wijk=SEGHWAERT)) == [[expected], []]


async def test_the_cure_names_what_the_gemeente_counts_and_until_when_it_could(
    world: World,
) -> None:
    receipt = await push(
        world,
        row(measure="verzuim"),
        row("twee", group="brugklas"),
        row("drie", period=LAST_WEEK),
        maxRejected=9,
    )
    measure, group, period = (line["errors"][0] for line in receipt["rows"]["nodes"])
    assert "schoolverzuim" in measure["hint"] and "jeugdoverlast" in measure["hint"]
    assert "onderbouw, bovenbouw" in group["hint"]
    assert "2026-11-22" in period["message"]


# ── Nothing counts double ────────────────────────────────────────────────────────────────────────


async def test_the_parts_of_a_wijk_are_told_side_by_side(world: World) -> None:
    groups = [row("a", group="onderbouw"), row("b", group="bovenbouw")]
    buurten = [
        row("c", measure="jeugdoverlast", buurt="Noord"),
        row("d", measure="jeugdoverlast", buurt="Zuid"),
    ]
    assert await codes(world, *groups, *buurten) == [[], [], [], []]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({}, {}, "DOUBLE_CELL"),
        ({"group": "onderbouw"}, {"group": "onderbouw"}, "DOUBLE_CELL"),
        ({}, {"group": "onderbouw"}, "MIXED_CELLS"),
        ({"buurt": "Noord"}, {}, "MIXED_CELLS"),
        ({"buurt": "Noord"}, {"group": "onderbouw"}, "MIXED_CELLS"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after the other"])
async def test_what_would_count_double_is_refused(
    world: World, first: dict[str, Any], second: dict[str, Any], code: str, at_once: bool
) -> None:
    rows = row("een", **first), row("twee", **second)
    wrong = [("wijk", code)]
    if at_once:
        assert await codes(world, *rows) == [wrong, wrong]
    else:
        assert await codes(world, rows[0]) == [[]]
        assert await codes(world, rows[1]) == [wrong]
        assert await codes(world, rows[1], dataset="anders") == [wrong]


async def test_a_count_of_another_week_wijk_or_organisation_stands_beside_it(world: World) -> None:
    assert await codes(world, row(), row("twee", wijk=SEGHWAERT)) == [[], []]
    assert await codes(world, row(), partner="wijkzorgteam") == [[]]
    await at(world, 30)
    assert await codes(world, row("drie", period=NEXT_WEEK, group="onderbouw")) == [[]]


# ── While the period is open ─────────────────────────────────────────────────────────────────────


async def test_a_count_is_corrected_until_its_period_is_over_and_not_after(world: World) -> None:
    receipt = await push(world, row())
    record = receipt["rows"]["nodes"][0]["recordId"]
    await at(world, 29)
    receipt = await push(world, row(count=8))
    assert receipt["summary"] == [{"outcome": "UPDATED", "rows": 1}]
    given = {"in": {"id": record, "version": 2, "count": 9}}
    done = (await world.partner("buurtwerk").ask(UPDATE, given))["updateCount"]
    assert done == {"count": {"version": 3, "count": 9}, "errors": []}
    await at(world, 30)
    assert await codes(world, row(count=10)) == [[("period", "PERIOD_CLOSED")]]
    given["in"] |= {"version": 3, "count": 10}
    done = (await world.partner("buurtwerk").ask(UPDATE, given))["updateCount"]
    assert done["errors"] == [{"path": ["input", "period"], "code": "PERIOD_CLOSED"}]
    assert (await counts(world))["nodes"][0]["count"] == 9


async def test_a_measure_can_leave_its_periods_open_for_some_days_more(world: World) -> None:
    async with world.connect("owner") as owner:
        await owner.execute("update hub.measures set open_days = 3 where code = $1", VERZUIM)
    await at(world, 25)
    assert await codes(world, row(period=LAST_WEEK)) == [[]]
    await at(world, 26)
    assert await codes(world, row(period=LAST_WEEK)) == [[("period", "PERIOD_CLOSED")]]


async def test_the_database_itself_takes_no_count_of_a_closed_period(world: World) -> None:
    await push(world, row())
    insert = """insert into hub.counts (id, dataset, wijk, measure, period, count)
      select gen_random_uuid(), 'tellingen', s.wijk, s.measure, $1, 1 from hub.counts s"""
    for period in (LAST_WEEK, NEXT_WEEK):
        async with world.connect("app") as app, app.transaction():
            await act(app, world)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(insert, period)
    await at(world, 30)
    async with world.connect("app") as app, app.transaction():
        await act(app, world)
        assert await app.execute("update hub.counts set count = 1") == "UPDATE 0"
        with pytest.raises(asyncpg.CheckViolationError):
            await app.execute(insert, "2026-Q4")


async def act(app: Any, world: World) -> None:
    """Buurtwerk, by hand."""
    async with world.connect("owner") as owner:
        found = await owner.fetchval("select id from hub.organisations where slug = 'buurtwerk'")
    await app.execute(
        "select set_config('hub.gemeente', 'GM0637', true),"
        " set_config('hub.organisation', $1, true)",
        str(found),
    )


async def test_a_full_list_leaves_counts_of_closed_periods_as_they_are(world: World) -> None:
    await push(world, row())
    await at(world, 30)
    receipt = await push(world, row("twee", period=NEXT_WEEK), mode="SNAPSHOT")
    assert receipt["summary"] == [{"outcome": "CREATED", "rows": 1}]


async def withdrawal(world: World, record: str, version: int = 1) -> list[tuple[Any, str]]:
    """What is wrong with taking a count away."""
    given = {"id": record, "version": version, "reason": "Van een andere school"}
    done = (await world.partner("buurtwerk").ask(WITHDRAW, {"in": given}))["withdraw"]
    return [(error["path"], error["code"]) for error in done["errors"]]


async def test_a_count_is_withdrawn_until_its_period_is_over_and_not_after(world: World) -> None:
    receipt = await push(world, row(), row("twee", wijk=SEGHWAERT))
    first, second = (line["recordId"] for line in receipt["rows"]["nodes"])
    await at(world, 29)
    assert await withdrawal(world, first) == []
    await at(world, 30)
    assert await withdrawal(world, second) == [(["input", "id"], "PERIOD_CLOSED")]
    assert await withdrawal(world, second, 7) == [(["input", "version"], "CONFLICT")]
    assert (await counts(world))["nodes"] == []
    assert (await counts(world, wijk=SEGHWAERT))["total"] == 1


UNDO = """mutation($in: UndoPushInput!) { undoPush(input: $in) {
  rows { nodes { outcome errors { code } } } } }"""


async def undone(world: World, receipt: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """What becomes of each line of a delivery that is taken back."""
    given = {"receipt": receipt["id"], "reason": "Verkeerd", "idempotencyKey": new_key()}
    done = (await world.partner("buurtwerk").ask(UNDO, {"in": given}))["undoPush"]
    return [
        (line["outcome"], [error["code"] for error in line["errors"]])
        for line in done["rows"]["nodes"]
    ]


async def test_a_delivery_is_not_undone_after_its_period_is_over(world: World) -> None:
    receipt = await push(world, row())
    await at(world, 30)
    assert await undone(world, receipt) == [("REJECTED", ["UNDO_NOT_ALLOWED"])]
    assert (await counts(world))["total"] == 1


@pytest.mark.parametrize("newer", [{}, {"group": "onderbouw"}], ids=["double", "mixed"])
async def test_what_is_undone_does_not_count_beside_what_came_in_its_place(
    world: World, newer: dict[str, Any]
) -> None:
    await push(world, row())
    receipt = await push(world, row("twee", wijk=SEGHWAERT), mode="SNAPSHOT")
    assert await codes(world, row("drie", **newer), dataset="anders") == [[]]
    assert sorted(await undone(world, receipt)) == [
        ("REJECTED", ["UNDO_NOT_ALLOWED"]),
        ("REMOVED", []),
    ]


async def test_one_delivery_can_exchange_two_cells_and_fill_one_that_it_empties(
    world: World,
) -> None:
    upper, lower = {"group": "bovenbouw"}, {"group": "onderbouw"}
    assert await codes(world, row("een", **upper), row("twee", **lower)) == [[], []]
    assert await codes(world, row("een", **lower), row("twee", **upper)) == [[], []]
    moved = row("een", wijk=SEGHWAERT, **lower)
    assert await codes(world, moved, row("drie", **lower)) == [[], []]


@pytest.mark.parametrize(
    ("newer", "code"), [({}, "DOUBLE_CELL"), ({"group": "onderbouw"}, "MIXED_CELLS")]
)
async def test_a_row_that_is_refused_leaves_its_count_where_it_was(
    world: World, newer: dict[str, Any], code: str
) -> None:
    await push(world, row())
    receipt = await push(world, row(period=LAST_WEEK), row("twee", **newer), maxRejected=9)
    assert [error["code"] for error in receipt["errors"]] == [code]
    assert (await counts(world))["total"] == 1


@pytest.mark.parametrize(
    "others", [{}, {"group": "onderbouw"}, {"buurt": "Noord"}], ids=["double", "group", "buurt"]
)
async def test_deliveries_at_the_same_time_do_not_count_double(
    world: World, others: dict[str, Any]
) -> None:
    rows = [row("een"), row("twee", **others), row("drie"), row("vier", **others)]
    async with asyncio.TaskGroup() as group:
        for number, each in enumerate(rows):
            group.create_task(push(world, each, dataset=f"los-{number}", maxRejected=9))
    assert (await counts(world))["total"] == 1


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────

PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id version } errors { path code hint } } }"""
ACCEPT = """mutation($in: AgreementDecisionInput!) { acceptAgreement(input: $in) {
  agreement { state } errors { code } } }"""


async def proposal(world: World, precision: str) -> dict[str, Any]:
    """An agreement by which the gemeente gets Buurtwerk's counts."""
    rule = {
        "provider": await organisation(world, "buurtwerk"),
        "receiver": await organisation(world, "wijkregisseur"),
        "wijken": [OOSTERHEEM],
        "kind": "COUNT",
        "precision": precision,
        "includesPast": True,
    }
    words = {"title": "Tellingen", "purpose": "proef", "legalBasis": "proef", "contact": "loket"}
    term = {"from": "2026-11-01", "until": "2026-12-31"}
    return {"idempotencyKey": new_key(), **words, **term, "rules": [rule]}


@pytest.mark.parametrize("precision", ["WIJK", "BUURT", "EXACT"])
async def test_no_agreement_shares_counts_as_records(world: World, precision: str) -> None:
    given = {"in": await proposal(world, precision)}
    made = (await world.partner("buurtwerk").ask(PROPOSE, given))["proposeAgreement"]
    assert made["agreement"] is None
    [error] = made["errors"]
    assert (error["path"], error["code"]) == (
        ["input", "rules", "0", "precision"],
        "COUNTS_ONLY",
    )


async def test_nor_does_the_database_take_such_a_rule(world: World) -> None:
    async with world.connect("owner") as owner:
        definition = await owner.fetchval(
            "select pg_get_constraintdef(oid) from pg_constraint"
            " where conname = 'agreement_rules_counts_as_numbers'"
        )
    assert "kind <> 'COUNT'" in definition and "\"precision\" = 'COUNT'" in definition


async def test_who_gets_counts_by_agreement_gets_no_record_and_no_item_of_the_feed(
    world: World,
) -> None:
    given = {"in": await proposal(world, "COUNT")}
    made = (await world.partner("buurtwerk").ask(PROPOSE, given))["proposeAgreement"]
    assert made["errors"] == []
    gemeente = world.partner("wijkregisseur")
    agreed = (await gemeente.ask(ACCEPT, {"in": made["agreement"]}))["acceptAgreement"]
    assert agreed["agreement"] == {"state": "IN_FORCE"}
    receipt = await push(world, row())
    record = receipt["rows"]["nodes"][0]["recordId"]
    assert await counts(world, "wijkregisseur") == {
        "total": 0, "nodes": [], "pageInfo": {"endCursor": None, "hasNextPage": False},
    }  # fmt: skip
    query = """query($id: ID!, $wijk: String!) { node(id: $id) { id }
      wijk(code: $wijk) { feed { nodes { recordId } } } }"""
    answer = await gemeente.ask(query, {"id": record, "wijk": OOSTERHEEM})
    assert answer == {"node": None, "wijk": {"feed": {"nodes": []}}}


async def test_its_owner_sees_for_whom_it_counts(world: World) -> None:
    given = {"in": await proposal(world, "COUNT")}
    made = (await world.partner("buurtwerk").ask(PROPOSE, given))["proposeAgreement"]
    await world.partner("wijkregisseur").ask(ACCEPT, {"in": made["agreement"]})
    report = {"idempotencyKey": new_key(), "wijk": OOSTERHEEM, "measure": VERZUIM, "count": 3}
    done = (await world.partner("buurtwerk").ask(REPORT, {"in": {**report, "period": THIS_WEEK}}))[
        "reportCount"
    ]
    assert done["shownAs"] == [
        {"organisation": {"name": "Gemeente Zoetermeer"}, "precision": "COUNT", "fields": []}
    ]


# ── Reading one's own ────────────────────────────────────────────────────────────────────────────


async def test_counts_are_found_by_measure_and_in_pages(world: World) -> None:
    buurten = [
        row(f"j-{name}", measure="jeugdoverlast", buurt=name)
        for name in ("Noord", "Midden", "Zuid")
    ]
    await push(world, row("v"), *buurten)
    await at(world, 30)
    await push(world, row("v2", period=NEXT_WEEK))
    assert (await counts(world))["total"] == 5
    verzuim = await counts(world, filter={"measure": [VERZUIM]})
    assert [node["period"] for node in verzuim["nodes"]] == [NEXT_WEEK, THIS_WEEK]
    assert verzuim["total"] == 2
    found: list[Any] = []
    after, more = None, True
    while more:
        page = await counts(
            world, filter={"measure": ["jeugdoverlast"]}, first=2, after=after, order="OLDEST"
        )
        found += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page["total"] == 3
    assert sorted(node["place"]["buurt"]["name"] for node in found) == ["Midden", "Noord", "Zuid"]
    assert (await counts(world, filter={"measure": []}))["total"] == 0
