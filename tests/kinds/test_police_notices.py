# SPDX-License-Identifier: EUPL-1.2
"""What is special about police notices: codes alone, a day until a day, an advice from a list."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from schema.contributions.police_notices import PoliceAdvice
from schema.enums import DayPart
from tests.conftest import NOW, World
from tests.contract.agreeing import WEIGHED, decide, propose, rule, try_to_propose
from tests.contract.writing import OOSTERHEEM, codes, new_key, outcomes
from tests.partner import Partner

pytestmark = pytest.mark.anyio

PUSH = """
mutation WijkagentLevertAan($rows: [PoliceNoticeRow!]!, $delivery: Delivery!) {
  pushPoliceNotices(input: { delivery: $delivery, rows: $rows }) {
    summary { outcome rows }
    rows { nodes { outcome recordId errors { path code message } } }
    errors { code }
  }
}
"""
REPORT = """
mutation Report($in: ReportPoliceNoticeInput!) {
  reportPoliceNotice(input: $in) {
    policeNotice { id version on dayPart until advice }
    shownAs { organisation { name } precision place fields }
    errors { path code }
  }
}
"""
UPDATE = """
mutation Update($in: UpdatePoliceNoticeInput!) {
  updatePoliceNotice(input: $in) {
    policeNotice { version category on dayPart until advice }
    errors { path code }
  }
}
"""
LIST = """
query Lijst($wijk: String!, $filter: RecordFilter, $orderBy: RecordOrder! = OLDEST) {
  wijk(code: $wijk) {
    policeNotices(filter: $filter, orderBy: $orderBy) {
      total
      nodes {
        sourceId category on dayPart until advice precision hidden
        place { label precision lon lat }
      }
    }
  }
}
"""
FEED = "query($wijk: String!) { wijk(code: $wijk) { feed { nodes { headline record { id } } } } }"
FIELDS_OF_INPUT = "query($name: String!) { __type(name: $name) { inputFields { name } } }"

ADVICES = [advice.value for advice in PoliceAdvice]
DAY_PARTS = [part.value for part in DayPart]
NO_POINT = {"lon": None, "lat": None}


def row(external_id: str = "a-1", **changes: Any) -> dict[str, Any]:
    """A good row; a change to None leaves the field out."""
    given = {
        "externalId": external_id,
        "wijk": OOSTERHEEM,
        "buurt": "Noord",
        "category": "SAFETY",
        "on": "2026-11-20",
        "dayPart": "EVENING",
        "until": "2026-12-04",
        "advice": "EXTRA_ATTENTION",
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


async def push(partner: Partner, rows: list[dict[str, Any]], **delivery: Any) -> dict[str, Any]:
    """The receipt of a delivery under a key of its own."""
    given = {"dataset": "wijkagent-berichten", "idempotencyKey": new_key(), **delivery}
    data = await partner.ask(PUSH, {"rows": rows, "delivery": given})
    receipt: dict[str, Any] = data["pushPoliceNotices"]
    return receipt


async def refused(partner: Partner, given: dict[str, Any]) -> list[tuple[list[str], str]]:
    """Path and code of each reason why a row, delivered alone, is not taken; none when it is."""
    receipt = await push(partner, [given], maxRejected=1)
    (answered,) = receipt["rows"]["nodes"]
    assert (answered["outcome"] == "REJECTED") == bool(answered["errors"])
    return [(error["path"], error["code"]) for error in answered["errors"]]


async def listed(partner: Partner, order: str = "OLDEST", **filter: Any) -> list[dict[str, Any]]:
    """The notices of the wijk as a partner sees them."""
    given = {"wijk": OOSTERHEEM, "filter": filter, "orderBy": order}
    page = (await partner.ask(LIST, given))["wijk"]["policeNotices"]
    assert page["total"] == len(page["nodes"])
    nodes: list[dict[str, Any]] = page["nodes"]
    return nodes


async def names(partner: Partner, **filter: Any) -> list[str]:
    """The numbers, in their owner's system, of the own notices that a filter leaves."""
    return [each["sourceId"].split("/")[1] for each in await listed(partner, **filter)]


async def report(partner: Partner, **changes: Any) -> dict[str, Any]:
    """The payload of a report."""
    given = {**row(externalId=None), "idempotencyKey": new_key(), **changes}
    payload: dict[str, Any] = (await partner.ask(REPORT, {"in": given}))["reportPoliceNotice"]
    return payload


async def update(partner: Partner, record: str, version: int, **changes: Any) -> dict[str, Any]:
    """The payload of a change."""
    given = {"id": record, "version": version, **changes}
    payload: dict[str, Any] = (await partner.ask(UPDATE, {"in": given}))["updatePoliceNotice"]
    return payload


async def share(world: World, **of_rule: Any) -> None:
    """An agreement in force by which Buurtwerk sees notices of the wijkagent in the wijk."""
    given = await rule(world, "wijkagent", "buurtwerk", kind="POLICE_NOTICE", **of_rule)
    agreement = await propose(world, "wijkagent", [given], **WEIGHED)
    accepted = await decide(world, "buurtwerk", "accept", agreement)
    assert accepted["agreement"]["state"] == "IN_FORCE"


# -- what comes in


async def test_every_advice_and_every_part_of_a_day_can_be_delivered(world: World) -> None:
    wijkagent = world.partner("wijkagent")
    rows = [row(f"a-{number}", advice=advice) for number, advice in enumerate(ADVICES)]
    rows += [row(f"d-{number}", dayPart=part) for number, part in enumerate(DAY_PARTS)]
    assert outcomes(await push(wijkagent, rows)) == {"CREATED": len(rows)}
    seen = await listed(wijkagent)
    assert {each["advice"] for each in seen} == set(ADVICES)
    assert {each["dayPart"] for each in seen} == set(DAY_PARTS)


async def test_a_phenomenon_and_a_day_are_enough(world: World) -> None:
    wijkagent = world.partner("wijkagent")
    given = row(buurt=None, dayPart=None, until=None, advice=None)
    assert await refused(wijkagent, given) == []
    (seen,) = await listed(wijkagent)
    assert (seen["category"], seen["on"]) == ("SAFETY", "2026-11-20")
    assert (seen["dayPart"], seen["until"], seen["advice"]) == (None, None, None)
    assert seen["place"] == {"label": "Oosterheem", "precision": "WIJK", **NO_POINT}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("advice", "Bel Piet op 06 12345678"),
        ("advice", "extra_attention"),
        ("dayPart", "21:15"),
        ("on", "2026-11-20T21:15:00+01:00"),
        ("until", "2026-11-31"),
    ],
)
async def test_what_is_not_a_code_or_a_day_is_refused_by_row(
    world: World, field: str, value: str
) -> None:
    wijkagent = world.partner("wijkagent")
    receipt = await push(wijkagent, [row("goed"), row("fout", **{field: value})], maxRejected=1)
    assert outcomes(receipt) == {"CREATED": 1, "REJECTED": 1}
    (reason,) = receipt["rows"]["nodes"][1]["errors"]
    assert reason["path"] == [field]
    assert value not in reason["message"]
    assert await names(wijkagent) == ["goed"]


@pytest.mark.parametrize("days", [-1, -40])
async def test_a_notice_does_not_end_before_its_day(world: World, days: int) -> None:
    until = (date(2026, 11, 20) + timedelta(days)).isoformat()
    wijkagent = world.partner("wijkagent")
    assert await refused(wijkagent, row(until=until)) == [(["until"], "BAD_VALUE")]
    reported = await report(wijkagent, until=until)
    assert [(e["path"], e["code"]) for e in reported["errors"]] == [
        (["input", "until"], "BAD_VALUE")
    ]
    assert await listed(wijkagent) == []


@pytest.mark.parametrize("until", ["2026-11-20", "2027-11-20"])
async def test_a_notice_holds_until_its_own_day_or_a_day_ahead(world: World, until: str) -> None:
    assert await refused(world.partner("wijkagent"), row(until=until)) == []


@pytest.mark.parametrize(
    ("day", "code"), [(NOW.date() + timedelta(1), "DATE_IN_FUTURE"), ("1999-12-31", "DATE_TOO_OLD")]
)
async def test_a_day_on_which_nothing_can_have_been_noticed_is_refused(
    world: World, day: object, code: str
) -> None:
    given = row(on=str(day), until=None)
    assert await refused(world.partner("wijkagent"), given) == [(["on"], code)]


@pytest.mark.parametrize("partner", ["wijkagent", "handhaving", "wijkregisseur", "buurtwerk"])
async def test_anyone_who_works_in_the_wijk_may_deliver_a_notice(
    world: World, partner: str
) -> None:
    assert await refused(world.partner(partner), row()) == []


# -- codes alone


async def test_no_input_has_a_field_for_a_point_a_minute_or_a_text(world: World) -> None:
    codes_alone = {"wijk", "buurt", "category", "on", "dayPart", "until", "advice"}
    expected = {
        "PoliceNoticeRow": codes_alone | {"externalId", "sourceVersion"},
        "ReportPoliceNoticeInput": codes_alone | {"idempotencyKey", "shareAt"},
        "UpdatePoliceNoticeInput": codes_alone - {"wijk", "buurt"} | {"id", "version"},
    }
    for name, fields in expected.items():
        type_ = (await world.partner("wijkagent").ask(FIELDS_OF_INPUT, {"name": name}))["__type"]
        assert {field["name"] for field in type_["inputFields"]} == fields


async def test_the_table_holds_nothing_but_codes_and_days_of_its_own(world: World) -> None:
    await refused(world.partner("wijkagent"), row())
    async with world.connect("superuser") as root:
        for column, value in (
            ("advice", "'Bel Piet'"),
            ("day_part", "'21:15'"),
            ("category", "'PIET'"),
            ("until", "noticed_on - 1"),
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await root.execute(f"update hub.police_notices set {column} = {value}")


# -- what others see


@pytest.mark.parametrize(
    ("of_rule", "hidden", "day_part", "place"),
    [
        ({"precision": "WIJK"}, ["buurt", "dayPart"], None, "Oosterheem"),
        ({"precision": "BUURT"}, ["dayPart"], None, "Noord, Oosterheem"),
        ({"precision": "BUURT", "fields": ["dayPart"]}, ["dayPart"], None, "Noord, Oosterheem"),
        ({"precision": "EXACT"}, ["dayPart"], None, "Noord, Oosterheem"),
        ({"precision": "EXACT", "fields": ["dayPart"]}, [], "EVENING", "Noord, Oosterheem"),
    ],
)
async def test_the_part_of_the_day_is_for_those_who_see_it_exactly_and_the_advice_for_all(
    world: World, of_rule: dict[str, Any], hidden: list[str], day_part: str | None, place: str
) -> None:
    await share(world, **of_rule)
    await refused(world.partner("wijkagent"), row())
    (seen,) = await listed(world.partner("buurtwerk"))
    assert seen.pop("place") == {
        "label": place,
        "precision": "BUURT" if place.startswith("Noord") else "WIJK",
        **NO_POINT,
    }
    assert seen == {
        "sourceId": None,
        "category": "SAFETY",
        "on": "2026-11-20",
        "dayPart": day_part,
        "until": "2026-12-04",
        "advice": "EXTRA_ATTENTION",
        "precision": of_rule["precision"],
        "hidden": hidden,
    }


async def test_a_rule_cannot_list_the_advice_which_it_never_hides(world: World) -> None:
    given = await rule(
        world, "wijkagent", "buurtwerk", kind="POLICE_NOTICE", fields=["dayPart", "advice"]
    )
    assert codes(await try_to_propose(world, "wijkagent", [given], **WEIGHED)) == ["BAD_RULE"]


async def test_before_it_is_sent_the_wijkagent_learns_what_each_partner_will_see(
    world: World,
) -> None:
    await share(world, precision="BUURT")
    payload = await report(world.partner("wijkagent"))
    assert payload["errors"] == []
    (shown,) = payload["shownAs"]
    assert (shown["organisation"]["name"], shown["precision"]) == ("Buurtwerk", "BUURT")
    assert shown["place"] == "Noord, Oosterheem"
    assert {"on", "until", "advice"} <= set(shown["fields"])
    assert "dayPart" not in shown["fields"]


async def test_nothing_in_a_filter_tells_what_is_hidden(world: World) -> None:
    await share(world, precision="WIJK")
    await refused(world.partner("wijkagent"), row())
    buurtwerk = world.partner("buurtwerk")
    assert len(await listed(buurtwerk)) == 1
    assert await listed(buurtwerk, text="EXTRA_ATTENTION") == []
    assert await listed(buurtwerk, text="EVENING") == []


# -- lists and changes


async def test_days_of_a_filter_are_the_day_on_which_it_was_noticed(world: World) -> None:
    wijkagent = world.partner("wijkagent")
    days = {"een": "2026-11-18", "twee": "2026-11-19", "drie": "2026-11-20"}
    await push(wijkagent, [row(name, on=day) for name, day in days.items()])
    assert await names(wijkagent) == ["een", "twee", "drie"]
    assert await names(wijkagent, order="NEWEST") == ["drie", "twee", "een"]
    assert await names(wijkagent, **{"from": "2026-11-19"}) == ["twee", "drie"]
    assert await names(wijkagent, until="2026-11-18") == ["een"]


async def test_a_notice_is_changed_field_by_field_and_null_clears(world: World) -> None:
    wijkagent = world.partner("wijkagent")
    record = (await report(wijkagent))["policeNotice"]["id"]
    done = await update(wijkagent, record, 1, until=None, dayPart=None, advice="CALL_POLICE")
    assert done == {
        "policeNotice": {
            "version": 2,
            "category": "SAFETY",
            "on": "2026-11-20",
            "dayPart": None,
            "until": None,
            "advice": "CALL_POLICE",
        },
        "errors": [],
    }
    moved = await update(wijkagent, record, 2, on="2026-11-22", until="2026-11-22")
    assert (moved["policeNotice"]["on"], moved["policeNotice"]["until"]) == ("2026-11-22",) * 2
    assert codes(await update(wijkagent, record, 3, on=None)) == ["BAD_VALUE"]
    both = await update(wijkagent, record, 3, on="2026-11-22", until="2026-11-21")
    assert [(e["path"], e["code"]) for e in both["errors"]] == [(["input", "until"], "BAD_VALUE")]


async def test_its_history_has_the_names_that_the_notice_has(world: World) -> None:
    wijkagent = world.partner("wijkagent")
    record = (await report(wijkagent))["policeNotice"]["id"]
    await update(wijkagent, record, 1, on="2026-11-21")
    query = """query($id: ID!) { node(id: $id) { ... on PoliceNotice {
      history { nodes { before after } } } } }"""
    changed, made = (await wijkagent.ask(query, {"id": record}))["node"]["history"]["nodes"]
    assert changed == {"before": {"on": "2026-11-20"}, "after": {"on": "2026-11-21"}}
    assert made["after"]["on"] == "2026-11-20"
    assert not made["after"].keys() & {"noticedOn", "noticed_on"}


async def test_a_delivery_anew_can_take_end_and_advice_away(world: World) -> None:
    wijkagent = world.partner("wijkagent")
    await refused(wijkagent, row())
    receipt = await push(wijkagent, [row(until=None, advice=None)])
    assert outcomes(receipt) == {"UPDATED": 1}
    (seen,) = await listed(wijkagent)
    assert (seen["until"], seen["advice"], seen["dayPart"]) == (None, None, "EVENING")


@pytest.mark.parametrize(
    ("language", "word"), [("nl", "bericht van de politie"), ("en", "police notice")]
)
async def test_the_feed_calls_it_by_its_name(world: World, language: str, word: str) -> None:
    wijkagent = world.partner("wijkagent")
    await refused(wijkagent, row())
    read = await wijkagent.ask(FEED, {"wijk": OOSTERHEEM}, **{"Accept-Language": language})
    (item,) = read["wijk"]["feed"]["nodes"]
    assert word in item["headline"]
