# SPDX-License-Identifier: EUPL-1.2
"""What is special about enforcement actions: codes alone, a day and at most the part of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from hub.daily import run_daily
from schema.contributions.enforcement_actions import CONTRIBUTION
from tests.conftest import NOW, World
from tests.contract.agreeing import decide, organisation, propose, rule
from tests.contract.writing import OOSTERHEEM, codes, new_key, outcomes
from tests.partner import Partner

pytestmark = pytest.mark.anyio

PUSH = """
mutation HandhavingLevertAan($rows: [EnforcementActionRow!]!, $delivery: Delivery!) {
  pushEnforcementActions(input: { delivery: $delivery, rows: $rows }) {
    id replayed summary { outcome rows }
    rows { nodes { line externalId outcome recordId errors { path code message hint } } }
    errors { code message }
  }
}
"""
REPORT = """
mutation Report($in: ReportEnforcementActionInput!) {
  reportEnforcementAction(input: $in) {
    enforcementAction { id version sourceId measure happenedOn dayPart place { label } }
    shownAs { organisation { name } precision place fields }
    errors { path code message hint }
  }
}
"""
UPDATE = """
mutation Update($in: UpdateEnforcementActionInput!) {
  updateEnforcementAction(input: $in) {
    enforcementAction { version category measure happenedOn dayPart }
    errors { path code message hint }
  }
}
"""
LIST = """
query Lijst($wijk: String!, $filter: RecordFilter) {
  wijk(code: $wijk) {
    enforcementActions(filter: $filter, orderBy: OLDEST) {
      total
      nodes {
        id sourceId category measure happenedOn dayPart precision hidden
        place { label precision lon lat }
      }
    }
  }
}
"""
FEED = """query Nieuws($wijk: String!) { wijk(code: $wijk) { feed { nodes { change } } } }"""
HISTORY = """query($id: ID!) { node(id: $id) { ... on EnforcementAction {
  history(first: 1) { nodes { before after } } } } }"""

MEASURES = (
    "PATROL", "WARNING", "OFFICIAL_REPORT", "PENAL_ORDER", "ADMINISTRATIVE_FINE", "DISPERSAL",
    "OBJECT_REMOVED",
)  # fmt: skip
DAY_PARTS = ("NIGHT", "MORNING", "AFTERNOON", "EVENING")
ANYONE = ("handhaving", "wijkagent", "buurtwerk")


def row(external_id: str = "a-1", **changes: Any) -> dict[str, Any]:
    """A good row; a change to None leaves the field out."""
    given = {
        "externalId": external_id,
        "wijk": OOSTERHEEM,
        "buurt": "Noord",
        "category": "YOUTH_NUISANCE",
        "measure": "WARNING",
        "happenedOn": "2026-11-20",
        "dayPart": "EVENING",
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


async def push(partner: Partner, rows: list[dict[str, Any]], **delivery: Any) -> dict[str, Any]:
    """The receipt of a delivery under a key of its own."""
    given = {"dataset": "handhaving-acties", "idempotencyKey": new_key(), **delivery}
    data = await partner.ask(PUSH, {"rows": rows, "delivery": given})
    receipt: dict[str, Any] = data["pushEnforcementActions"]
    return receipt


async def only_row(partner: Partner, given: dict[str, Any]) -> dict[str, Any]:
    """What became of one row that is delivered alone and may be rejected."""
    receipt = await push(partner, [given], maxRejected=1)
    (answered,) = receipt["rows"]["nodes"]
    result: dict[str, Any] = answered
    return result


async def listed(partner: Partner, **filter: Any) -> list[dict[str, Any]]:
    """The actions of the wijk as a partner sees them, oldest day first."""
    data = await partner.ask(LIST, {"wijk": OOSTERHEEM, "filter": filter})
    page = data["wijk"]["enforcementActions"]
    assert page["total"] == len(page["nodes"])
    nodes: list[dict[str, Any]] = page["nodes"]
    return nodes


async def report(partner: Partner, **changes: Any) -> dict[str, Any]:
    """The payload of a report."""
    given = {**row(), "idempotencyKey": new_key(), **changes}
    del given["externalId"]
    payload: dict[str, Any] = (await partner.ask(REPORT, {"in": given}))["reportEnforcementAction"]
    return payload


async def update(partner: Partner, record: str, version: int, **changes: Any) -> dict[str, Any]:
    """The payload of a change."""
    given = {"id": record, "version": version, **changes}
    payload: dict[str, Any] = (await partner.ask(UPDATE, {"in": given}))["updateEnforcementAction"]
    return payload


async def share(world: World, **of_rule: Any) -> None:
    """An agreement in force by which Buurtwerk sees actions of handhaving in the wijk."""
    given = await rule(world, "handhaving", "buurtwerk", kind="ENFORCEMENT_ACTION", **of_rule)
    agreement = await propose(world, "handhaving", [given])
    accepted = await decide(world, "buurtwerk", "accept", agreement)
    assert accepted["agreement"]["state"] == "IN_FORCE"


# ── what comes in ────────────────────────────────────────────────────────────────────────────────


async def test_every_measure_and_every_part_of_a_day_can_be_delivered(world: World) -> None:
    partner = world.partner("handhaving")
    rows = [row(f"m-{measure}", measure=measure) for measure in MEASURES]
    rows += [row(f"d-{part}", dayPart=part) for part in DAY_PARTS]
    rows.append(row("zonder", dayPart=None))
    assert outcomes(await push(partner, rows)) == {"CREATED": len(rows)}
    seen = {(e["sourceId"], e["measure"], e["dayPart"]) for e in await listed(partner)}
    assert seen == {
        (f"handhaving-acties/{given['externalId']}", given["measure"], given.get("dayPart"))
        for given in rows
    }


async def test_a_delivery_anew_can_take_the_part_of_the_day_away(world: World) -> None:
    partner = world.partner("handhaving")
    await push(partner, [row()])
    assert outcomes(await push(partner, [row(dayPart=None)])) == {"UPDATED": 1}
    (seen,) = await listed(partner)
    assert (seen["dayPart"], seen["measure"]) == (None, "WARNING")


@pytest.mark.parametrize("token", ANYONE)
@pytest.mark.parametrize(
    "more",
    [{"lon": 4.53, "lat": 52.06}, {"summary": "Bij het plein"}, {"internalNote": "Navragen"}],
    ids=lambda more: "-".join(more),
)
async def test_there_is_no_field_for_a_point_or_a_text_whoever_delivers(
    world: World, token: str, more: dict[str, Any]
) -> None:
    partner = world.partner(token)
    answered = await only_row(partner, row(**more))
    assert answered["outcome"] == "REJECTED"
    assert {error["path"][-1] for error in answered["errors"]} == set(more)
    assert set(codes(answered)) == {"UNKNOWN_FIELD"}
    assert await listed(partner) == []


@pytest.mark.parametrize("token", ANYONE)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"happenedOn": "2026-11-20T22:15:00+01:00"}, "BAD_DATE"),
        ({"dayPart": "22:15"}, "UNKNOWN_VALUE"),
        ({"measure": "Waarschuwing aan twee jongens"}, "UNKNOWN_VALUE"),
        ({"measure": None}, "MISSING_FIELD"),
        ({"happenedOn": None}, "MISSING_FIELD"),
        ({"happenedOn": "2026-11-24"}, "DATE_IN_FUTURE"),
        ({"happenedOn": "1999-12-31"}, "DATE_TOO_OLD"),
    ],
)
async def test_a_row_that_is_not_in_codes_is_rejected_by_itself(
    world: World, token: str, changes: dict[str, Any], code: str
) -> None:
    partner = world.partner(token)
    receipt = await push(partner, [row("goed"), row("fout", **changes)], maxRejected=1)
    assert outcomes(receipt) == {"CREATED": 1, "REJECTED": 1}
    (rejected,) = (each for each in receipt["rows"]["nodes"] if each["outcome"] == "REJECTED")
    (error,) = rejected["errors"]
    assert (rejected["externalId"], error["code"]) == ("fout", code)
    assert error["path"][-1] == next(iter(changes))
    assert [each["sourceId"] for each in await listed(partner)] == ["handhaving-acties/goed"]


async def test_text_in_the_place_of_a_code_or_in_a_field_too_many_is_kept_nowhere(
    world: World,
) -> None:
    partner, text = world.partner("handhaving"), "Kanarie bij het plein"
    rows = [row("a", measure=text), row("b", dayPart=text), row("c", summary=text), row("d")]
    receipt = await push(partner, rows, maxRejected=3)
    assert outcomes(receipt) == {"CREATED": 1, "REJECTED": 3}
    assert text not in str(receipt)
    async with world.connect("superuser") as connection:
        tables = await connection.fetch(
            "select c.oid::regclass::text as name from pg_class c"
            " where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r'"
        )
        kept = [
            table["name"]
            for table in tables
            if await connection.fetchval(
                f"select exists (select from {table['name']} t where position($1 in t::text) > 0)",
                text,
            )
        ]
    assert (len(tables) > 1, kept) == (True, [])


async def test_the_table_itself_takes_codes_alone(world: World) -> None:
    await push(world.partner("handhaving"), [row()])
    async with world.connect("superuser") as connection:
        columns = await connection.fetch(
            "select attname as name, atttypid::regtype::text as type from pg_attribute"
            " where attrelid = 'hub.enforcement_actions'::regclass and attnum > 0"
            " and not attisdropped"
        )
        kept = {each["name"]: each["type"] for each in columns}
        of_its_own = {each.name for each in CONTRIBUTION.kind.columns}
        assert {kept[name] for name in of_its_own} == {"text", "date"}
        for name in sorted(name for name in of_its_own if kept[name] == "text"):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    f"update hub.enforcement_actions set {name} = 'Bij het plein'"
                )
    frame = {name: type_ for name, type_ in kept.items() if name not in of_its_own}
    assert {name for name, type_ in frame.items() if type_ not in ("uuid", "date")} == {
        "gemeente", "dataset", "external_id", "source_version",
        "delivered_digest", "changed_at", "version", "invented",
    }  # fmt: skip


# ── one at a time ────────────────────────────────────────────────────────────────────────────────


async def test_what_is_absent_stays_and_only_the_part_of_the_day_can_be_cleared(
    world: World,
) -> None:
    partner = world.partner("handhaving")
    made = (await report(partner))["enforcementAction"]
    assert (made["version"], made["sourceId"]) == (1, "hub")
    changed = await update(partner, made["id"], 1, measure="PENAL_ORDER", dayPart=None)
    assert changed == {
        "enforcementAction": {
            "version": 2,
            "category": "YOUTH_NUISANCE",
            "measure": "PENAL_ORDER",
            "happenedOn": "2026-11-20",
            "dayPart": None,
        },
        "errors": [],
    }
    (entry,) = (await partner.ask(HISTORY, {"id": made["id"]}))["node"]["history"]["nodes"]
    assert entry == {
        "before": {"measure": "WARNING", "dayPart": "EVENING"},
        "after": {"measure": "PENAL_ORDER", "dayPart": None},
    }
    for field in ("category", "measure", "happenedOn"):
        (error,) = (await update(partner, made["id"], 2, **{field: None}))["errors"]
        assert (error["code"], error["path"]) == ("BAD_VALUE", ["input", field])


async def test_a_change_cannot_move_an_action_into_the_future(world: World) -> None:
    partner = world.partner("handhaving")
    made = (await report(partner))["enforcementAction"]
    (error,) = (await update(partner, made["id"], 1, happenedOn="2026-12-24"))["errors"]
    assert (error["code"], error["path"]) == ("DATE_IN_FUTURE", ["input", "happenedOn"])


async def test_the_reporter_sees_which_codes_each_receiver_sees(world: World) -> None:
    await share(world, precision="EXACT", fields=["dayPart"])
    payload = await report(world.partner("handhaving"))
    (shown,) = payload["shownAs"]
    assert shown == {
        "organisation": {"name": "Buurtwerk"},
        "precision": "EXACT",
        "place": "Noord, Oosterheem",
        "fields": ["buurt", "category", "closedOn", "dayPart", "happenedOn", "measure"],
    }


async def test_a_cap_takes_buurt_and_part_of_the_day_away(world: World) -> None:
    await share(world, precision="EXACT", fields=["dayPart"])
    cap = {"organisation": await organisation(world, "buurtwerk"), "precision": "WIJK"}
    partner = world.partner("handhaving")
    payload = await report(partner, shareAt=[cap])
    (shown,) = payload["shownAs"]
    assert (shown["place"], shown["precision"]) == ("Oosterheem", "WIJK")
    assert shown["fields"] == ["category", "closedOn", "happenedOn", "measure"]
    refused = await report(partner, shareAt=[{**cap, "withSummary": True}])
    (error,) = refused["errors"]
    assert error["path"] == ["input", "shareAt", "0", "withSummary"]  # there is no text to give


# ── what others see ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("precision", "fields", "hidden", "part", "place"),
    [
        ("EXACT", ["dayPart"], [], "EVENING", "BUURT"),
        ("EXACT", [], ["dayPart"], None, "BUURT"),
        ("BUURT", ["dayPart"], ["dayPart"], None, "BUURT"),
        ("BUURT", [], ["dayPart"], None, "BUURT"),
        ("WIJK", ["dayPart"], ["buurt", "dayPart"], None, "WIJK"),
    ],
)
async def test_the_part_of_the_day_is_seen_exactly_and_where_the_rule_lists_it(
    world: World,
    precision: str,
    fields: list[str],
    hidden: list[str],
    part: str | None,
    place: str,
) -> None:
    await share(world, precision=precision, fields=fields)
    await push(world.partner("handhaving"), [row()])
    (seen,) = await listed(world.partner("buurtwerk"))
    assert (seen["precision"], seen["hidden"], seen["dayPart"]) == (precision, hidden, part)
    assert seen["place"] == {
        "label": "Noord, Oosterheem" if place == "BUURT" else "Oosterheem",
        "precision": place,
        "lon": None,
        "lat": None,
    }
    assert (seen["category"], seen["measure"]) == ("YOUTH_NUISANCE", "WARNING")
    assert (seen["happenedOn"], seen["sourceId"]) == ("2026-11-20", None)


async def test_what_is_hidden_is_named_alike_whether_or_not_there_is_anything(
    world: World,
) -> None:
    await share(world, precision="WIJK")
    await push(world.partner("handhaving"), [row("a"), row("b", buurt=None, dayPart=None)])
    first, second = await listed(world.partner("buurtwerk"))
    for each in (first, second):
        del each["id"]
    assert first == second


async def test_a_rule_about_one_category_shows_no_other(world: World) -> None:
    await share(world, category="NOISE")
    await push(world.partner("handhaving"), [row("a"), row("b", category="NOISE")])
    assert [each["category"] for each in await listed(world.partner("buurtwerk"))] == ["NOISE"]


async def test_another_part_of_the_day_is_no_news_to_who_may_not_see_it(world: World) -> None:
    await share(world, precision="BUURT")
    partner = world.partner("handhaving")
    made = (await report(partner))["enforcementAction"]
    await update(partner, made["id"], 1, dayPart="NIGHT")
    await a_day_later(world, 1)
    assert await changes_in_feed(world.partner("buurtwerk")) == ["CREATED"]
    await update(partner, made["id"], 2, measure="DISPERSAL")
    await a_day_later(world, 2)
    assert await changes_in_feed(world.partner("buurtwerk")) == ["CREATED", "UPDATED"]
    assert await changes_in_feed(partner) == ["CREATED", "UPDATED", "UPDATED"]


async def a_day_later(world: World, days: int) -> None:
    """The hub's clock so many days on, with the work of that day done."""
    await world.set_now(NOW + timedelta(days=days))
    await run_daily(world.database, ["GM0637"])


async def changes_in_feed(partner: Partner) -> list[str]:
    """What the feed of the wijk tells about records, oldest first."""
    nodes = (await partner.ask(FEED, {"wijk": OOSTERHEEM}))["wijk"]["feed"]["nodes"]
    return [each["change"] for each in nodes if not each["change"].startswith("AGREEMENT_")]


# ── filters ──────────────────────────────────────────────────────────────────────────────────────


async def test_actions_are_found_by_day_and_category_and_never_by_words(world: World) -> None:
    await share(world, precision="EXACT", fields=["dayPart"])
    rows = [
        row("a", happenedOn="2026-11-18"),
        row("b", happenedOn="2026-11-19", category="NOISE"),
        row("c", happenedOn="2026-11-20"),
    ]
    await push(world.partner("handhaving"), rows)
    for token in ("handhaving", "buurtwerk"):
        partner = world.partner(token)
        days = {"from": "2026-11-19", "until": "2026-11-20"}
        assert [e["happenedOn"] for e in await listed(partner, **days)] == list(days.values())
        assert [e["category"] for e in await listed(partner, category=["NOISE"])] == ["NOISE"]
        for word in ("WARNING", "EVENING", "waarschuwing", "Noord"):
            assert await listed(partner, text=word) == []
