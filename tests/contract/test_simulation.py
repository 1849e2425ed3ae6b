# SPDX-License-Identifier: EUPL-1.2
"""Trying out a proposal: what would become visible to whom, over one's own records, and nothing of
it stays.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.agreement.committed import ROOT
from tests.conftest import NOW, World
from tests.contract.agreeing import PROPOSE, WEIGHED, decide, organisation, propose, rule
from tests.contract.test_my_slice import report, seen

pytestmark = pytest.mark.anyio

OPERATION = (ROOT / "tests" / "contract" / "operations" / "7a_agreement.graphql").read_text("utf-8")
SIMULATE = """query($in: AgreementInput!) { simulateAgreement(input: $in) {
  becomesVisible { to { name } kind category precision fields records older
    example { ...record } }
  noLongerVisible { to { name } kind category precision fields records }
  warnings { path code message hint } } }
fragment record on Contribution { id owner { name } wijk { name } precision hidden version sourceId
  recordedOn agreement { id } history { nodes { change } }
  place { label precision lon lat buurt { name } }
  ... on Signal { category status seenOn seenAt summary internalNote subcategory }
  ... on Activity { title startsAt wijken { name } } }"""
GIVER, TAKER = "corporatie-a", "buurtwerk"


def draft(rules: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": "wat-als-01",
        "title": "Ontwerp",
        "purpose": "samen kijken",
        "legalBasis": "verzonnen, voor een test",
        "from": "2026-11-23",
        "until": "2027-10-31",
        "contact": "loket",
        "rules": rules,
        **more,
    }


async def simulated(world: World, rules: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    answer = await world.partner(GIVER).ask(SIMULATE, {"in": draft(rules, **more)})
    found: dict[str, Any] = answer["simulateAgreement"]
    return found


def codes(found: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in found["warnings"]}


def brief(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["category"], one["precision"], one["records"]) for one in lines]


async def everything(world: World) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    root: asyncpg.Connection[asyncpg.Record]
    async with world.connect("superuser") as root:
        tables = await root.fetch(
            "select relname from pg_class where relnamespace = 'hub'::regnamespace"
            " and relkind = 'r' order by 1"
        )
        return {
            name: [
                row[0] for row in await root.fetch(f"select t::text from hub.{name} t order by 1")
            ]
            for (name,) in tables
        }


async def test_it_says_what_would_be_seen_and_nothing_of_it_stays(world: World) -> None:
    node = await report(world, GIVER, 20)
    await report(world, GIVER, 19, category="LITTER")
    await report(world, "corporatie-b", 18)
    rules = [
        await rule(world, GIVER, TAKER, fields=["summary"]),
        await rule(world, TAKER, GIVER, precision="EXACT"),
    ]
    before = await everything(world)
    answer = await world.partner(GIVER).ask(OPERATION, {"ontwerp": draft(rules)})
    assert await everything(world) == before
    lines = answer["simulateAgreement"]["becomesVisible"]
    assert [(one["to"]["name"], *brief([one])[0]) for one in lines] == [
        ("Buurtwerk", "LITTER", "BUURT", 1),
        ("Buurtwerk", "NOISE", "BUURT", 1),
        ("Corporatie A (verzonnen)", None, "EXACT", None),
    ]
    assert lines[1]["example"] == {"id": node, "place": {"label": "Noord, Oosterheem"}}
    assert lines[2]["example"] is None
    assert answer["simulateAgreement"]["noLongerVisible"] == []


async def test_the_example_is_what_the_receiver_would_get(world: World) -> None:
    await report(world, GIVER, 20)
    rules = [await rule(world, GIVER, TAKER, fields=["summary"])]
    [line] = (await simulated(world, rules))["becomesVisible"]
    made = await propose(world, GIVER, rules)
    await decide(world, TAKER, "accept", made)
    [shown] = (await seen(world))["signals"]["nodes"]
    for name in ("id", "category", "seenOn", "seenAt", "summary", "hidden", "precision", "place"):
        assert line["example"][name] == shown[name], name
    for name in ("version", "sourceId", "internalNote", "history", "agreement"):
        assert line["example"][name] is None, name
    assert line["fields"] == ["buurt", "category", "closedOn", "seenOn", "status", "summary"]


async def test_the_writers_cap_holds_in_a_simulation_too(world: World) -> None:
    taker = await organisation(world, TAKER)
    open_ = [await rule(world, GIVER, TAKER, precision="EXACT", fields=["summary"])]
    made = await propose(world, GIVER, open_, idempotencyKey="eerst-0001")
    await decide(world, TAKER, "accept", made)
    cap = [{"organisation": taker, "precision": "WIJK", "withSummary": False}]
    await report(world, GIVER, 20, shareAt=cap)
    await report(world, GIVER, 21, shareAt=[])
    await decide(world, GIVER, "revoke", made)
    [line] = (await simulated(world, open_))["becomesVisible"]
    assert (line["precision"], line["records"], line["example"]["summary"]) == ("WIJK", 1, None)


async def test_records_from_before_the_term_are_told_apart(world: World) -> None:
    for number in (18, 19):
        await report(world, GIVER, number)
    later = {"from": "2026-12-01", "until": "2027-10-31"}
    without = await simulated(world, [await rule(world, GIVER, TAKER)], **later)
    assert brief(without["becomesVisible"]) == [(None, "BUURT", 0)]
    rules = [await rule(world, GIVER, TAKER, includesPast=True)]
    with_past = await simulated(world, rules, **later)
    assert brief(with_past["becomesVisible"]) == [("NOISE", "BUURT", 2)]
    assert [line["older"] for line in with_past["becomesVisible"]] == [2]
    [older] = [one for one in with_past["warnings"] if one["code"] == "SHOWS_OLDER"]
    assert older["path"] == ["input", "rules", "0", "includesPast"]
    nothing_older = [await rule(world, GIVER, TAKER, includesPast=True, category="LITTER")]
    assert codes(await simulated(world, nothing_older, **later)) == set()


async def test_an_activity_of_before_the_term_is_told_by_each_of_its_wijken(world: World) -> None:
    given = {
        "idempotencyKey": "koffie-0001",
        "wijken": ["WK063711", "WK063708"],
        "category": "SOCIAL_CONTACT",
        "title": "Koffie",
        "startsAt": "2026-11-25T10:00:00+01:00",
    }
    report_it = (
        "mutation($in: ReportActivityInput!) { reportActivity(input: $in) { errors { code } } }"
    )
    made = await world.partner(GIVER).ask(report_it, {"in": given})
    assert made["reportActivity"]["errors"] == []
    later = {"from": "2026-12-01", "until": "2027-10-31"}
    told = {"kind": "ACTIVITY", "includesPast": True}
    for wijk, expected in (("WK063708", {"SHOWS_OLDER"}), ("WK063701", set())):
        rules = [await rule(world, GIVER, TAKER, wijken=[wijk], **told)]
        assert codes(await simulated(world, rules, **later)) == expected


@pytest.mark.parametrize(
    ("term", "more", "where"),
    [
        ({"from": "2026-11-10"}, {}, ["input", "from"]),
        ({"from": "2026-12-01"}, {"includesPast": True}, ["input", "rules", "0", "includesPast"]),
        ({"from": "2026-11-24"}, {}, None),
        ({"from": "2026-11-10"}, {"precision": "COUNT"}, None),
        ({"from": "2026-11-10"}, {"category": "LITTER"}, None),
        ({"from": "2026-11-10"}, {"wijken": ["WK063708"]}, None),
        ({"from": "2026-11-10"}, {"kind": "ACTIVITY"}, None),
    ],
)
async def test_it_warns_that_records_of_before_can_be_taken_off_numbers_that_were_published(
    world: World, term: dict[str, str], more: dict[str, Any], where: list[str] | None
) -> None:
    counting = [await rule(world, GIVER, TAKER, precision="COUNT", category="NOISE")]
    await agree_on(world, counting, idempotencyKey="telt-alleen-mee")
    await world.set_now(NOW + timedelta(days=1))
    found = await simulated(world, [await rule(world, GIVER, TAKER, **more)], **term)
    told = [one for one in found["warnings"] if one["code"] == "NUMBERS_UNCOVERED"]
    assert [one["path"] for one in told] == ([where] if where else [])
    assert all("Buurtwerk" in one["message"] for one in told)


async def test_what_is_seen_as_a_record_already_uncovers_no_number(world: World) -> None:
    await agree_on(world, [await rule(world, GIVER, TAKER)], idempotencyKey="al-zichtbaar")
    await world.set_now(NOW + timedelta(days=1))
    found = await simulated(world, [await rule(world, GIVER, TAKER, precision="EXACT")],
                            **{"from": "2026-11-01"})  # fmt: skip
    assert "NUMBERS_UNCOVERED" not in codes(found)


async def agree_on(world: World, rules: list[dict[str, Any]], **more: Any) -> None:
    await decide(world, TAKER, "accept", await propose(world, GIVER, rules, **more))


async def test_proposing_says_what_trying_out_said(world: World) -> None:
    """Every warning: of the term, the words, the rules, what is in force and what is replaced."""
    await report(world, GIVER, 20)
    counting = [await rule(world, GIVER, TAKER, precision="COUNT")]
    await agree_on(world, counting, idempotencyKey="telt-alleen-mee")
    await world.set_now(NOW + timedelta(days=1))
    shown = [await rule(world, GIVER, TAKER, wijken=["WK063708"])]
    old = await propose(world, GIVER, shown, idempotencyKey="wordt-vervangen")
    await decide(world, TAKER, "accept", old)
    other = [await rule(world, GIVER, TAKER, precision="EXACT", wijken=["WK063705"])]
    await agree_on(world, other, idempotencyKey="laat-het-al-zien")
    rules = [
        await rule(world, GIVER, TAKER, precision="EXACT", fields=["summary"], includesPast=True,
                   keepDays=900),
        await rule(world, GIVER, TAKER, wijken=["WK063708", "WK063705"]),
        await rule(world, TAKER, GIVER, precision="COUNT"),
        await rule(world, "wijkagent", GIVER),
    ]  # fmt: skip
    more = {"from": "2026-12-01", "until": "2028-12-31", "replaces": old[0], **WEIGHED}
    given = draft(rules, **more)
    trying = (await world.partner(GIVER).ask(SIMULATE, {"in": given}))["simulateAgreement"]
    proposed = (await world.partner(GIVER).ask(PROPOSE, {"in": given}))["proposeAgreement"]
    assert proposed["errors"] == []
    assert proposed["warnings"] == trying["warnings"]
    assert codes(trying) == {
        "DPIA_ABSENT",
        "LONG_KEPT",
        "LONG_TERM",
        "NUMBERS_UNCOVERED",
        "ONLY_COUNTED",
        "PAST_NOT_INCLUDED",
        "SENSITIVE_FIELDS",
        "SHOWN_ALREADY",
        "SHOWS_OLDER",
        "WPG_NOT_NAMED",
    }


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("Wpg artikel 20", True),
        ("Wet politiegegevens artikel 20", True),
        ("Van politie en handhaving: WET  politiegegevens, alleen codes.", True),
        ("AVG artikel 6", False),
    ],
)
async def test_the_act_on_police_data_may_be_named_in_full(
    world: World, words: str, named: bool
) -> None:
    rules = [await rule(world, "wijkagent", GIVER)]
    found = await simulated(world, rules, legalBasis=words, **WEIGHED)
    assert ("WPG_NOT_NAMED" in codes(found)) is not named


@pytest.mark.parametrize(
    ("provider", "kind", "fields", "never"),
    [
        ("wijkagent", "SIGNAL", ["summary"], ["samenvatting"]),
        ("handhaving", "SIGNAL", ["seenAt", "point"], ["punt op de kaart", "tijdstip"]),
        ("handhaving", "ENFORCEMENT_ACTION", ["dayPart"], []),
        ("corporatie-b", "SIGNAL", ["summary"], []),
        ("wijkagent", "SIGNAL", [], []),
    ],
)
async def test_a_field_of_which_nothing_is_stored_is_told(
    world: World, provider: str, kind: str, fields: list[str], never: list[str]
) -> None:
    rules = [
        await rule(world, GIVER, provider),
        await rule(world, provider, GIVER, kind=kind, precision="EXACT", fields=fields),
    ]
    given = draft(rules, legalBasis="Wpg artikel 20", **WEIGHED)
    trying = (await world.partner(GIVER).ask(SIMULATE, {"in": given}))["simulateAgreement"]
    proposed = (await world.partner(GIVER).ask(PROPOSE, {"in": given}))["proposeAgreement"]
    assert proposed["errors"] == []
    for found in (trying, proposed):
        told = [one for one in found["warnings"] if one["code"] == "NEVER_STORED"]
        assert [one["path"] for one in told] == [["input", "rules", "1", "fields"]] * bool(never)
        for one in told:
            assert one["message"].endswith(f"Dit krijgt niemand te zien: {', '.join(never)}.")
            assert one["hint"]


async def test_each_rule_that_is_shown_already_is_told_once_by_its_number(world: World) -> None:
    shown = [await rule(world, GIVER, TAKER, precision="EXACT", wijken=["WK063711", "WK063708"])]
    await agree_on(world, shown, title="Al van kracht")
    await world.set_now(NOW + timedelta(days=1))
    rules = [
        await rule(world, GIVER, TAKER, category="NOISE"),
        await rule(world, GIVER, TAKER, category="LITTER", wijken=["WK063711", "WK063708"]),
        await rule(world, TAKER, GIVER),
    ]
    found = await simulated(world, rules)
    told = [one["message"] for one in found["warnings"] if one["code"] == "SHOWN_ALREADY"]
    assert told == [
        f"Regel {number}: dit laat Corporatie A (verzonnen) al zien aan Buurtwerk, door het "
        "convenant 'Al van kracht', tot en met 2027-10-31."
        for number in (1, 2)
    ]


async def test_the_same_advice_is_given_once(world: World) -> None:
    counting = [await rule(world, GIVER, TAKER, precision="COUNT", category="NOISE")]
    await agree_on(world, counting, idempotencyKey="telt-alleen-mee")
    await world.set_now(NOW + timedelta(days=1))
    rules = [await rule(world, GIVER, TAKER, precision=each) for each in ("BUURT", "EXACT")]
    found = await simulated(world, rules, **{"from": "2026-11-10"})
    told = [one for one in found["warnings"] if one["code"] == "NUMBERS_UNCOVERED"]
    assert len(told) == 1


async def test_what_only_counts_has_no_records(world: World) -> None:
    await report(world, GIVER, 20)
    rules = [
        await rule(world, GIVER, TAKER, precision="COUNT"),
        await rule(world, GIVER, TAKER, kind="COUNT", precision="COUNT"),
    ]
    found = await simulated(world, rules)
    assert brief(found["becomesVisible"]) == [(None, "COUNT", None), (None, "COUNT", None)]
    assert codes(found) == {"ONLY_COUNTED"}


async def test_an_agreement_that_goes_first_takes_fields_away(world: World) -> None:
    with_text = [await rule(world, GIVER, TAKER, precision="WIJK", fields=["summary"])]
    made = await propose(world, GIVER, with_text)
    await decide(world, TAKER, "accept", made)
    await report(world, GIVER, 20)
    found = await simulated(world, [await rule(world, GIVER, TAKER, precision="BUURT")])
    [more], [less] = found["becomesVisible"], found["noLongerVisible"]
    assert (more["precision"], more["fields"]) == ("BUURT", ["buurt"])
    assert (less["precision"], less["fields"]) == ("WIJK", ["summary"])


async def test_what_is_shown_already_changes_nothing_and_is_told(world: World) -> None:
    rules = [await rule(world, GIVER, TAKER, precision="EXACT")]
    made = await propose(world, GIVER, rules)
    await decide(world, TAKER, "accept", made)
    await report(world, GIVER, 20)
    found = await simulated(world, [await rule(world, GIVER, TAKER)])
    assert brief(found["becomesVisible"]) == [(None, "BUURT", 0)]
    assert found["noLongerVisible"] == []
    assert "SHOWN_ALREADY" in codes(found)


async def test_an_activity_of_several_wijken_counts_once(world: World) -> None:
    given = {
        "idempotencyKey": "koffie-0001",
        "wijken": ["WK063711", "WK063708"],
        "category": "SOCIAL_CONTACT",
        "title": "Koffie",
        "startsAt": "2026-11-25T10:00:00+01:00",
    }
    made = await world.partner(GIVER).ask(
        "mutation($in: ReportActivityInput!) { reportActivity(input: $in) { errors { code } } }",
        {"in": given},
    )
    assert made["reportActivity"]["errors"] == []
    wijken = ["WK063711", "WK063708"]
    rules = [await rule(world, GIVER, TAKER, kind="ACTIVITY", fields=["title"], wijken=wijken)]
    [line] = (await simulated(world, rules))["becomesVisible"]
    assert line["records"] == 1
    assert line["example"]["title"] == "Koffie"
    assert [one["name"] for one in line["example"]["wijken"]] == ["Oosterheem", "Seghwaert"]


async def test_it_warns_of_what_to_think_of_before_signing(world: World) -> None:
    async with world.connect("owner") as owner:
        await owner.execute(
            "delete from hub.organisation_wijken w using hub.organisations o"
            " where o.id = w.organisation and o.slug = 'corporatie-a'"
            " and w.wijk in (select wijk from hub.wijk_versions where code = 'WK063708')"
        )
    rules = [
        await rule(
            world, GIVER, TAKER, precision="EXACT", fields=["point", "summary"], keepDays=900,
            wijken=["WK063708"],
        ),
        await rule(world, "wijkagent", GIVER),
    ]  # fmt: skip
    found = await simulated(world, rules, until="2029-10-31", **WEIGHED)
    assert codes(found) == {
        "DPIA_ABSENT",
        "LONG_KEPT",
        "LONG_TERM",
        "PROVIDER_NOT_IN_WIJK",
        "SENSITIVE_FIELDS",
        "WPG_NOT_NAMED",
    }
    assert all(warning["message"] and warning["hint"] for warning in found["warnings"])
    sound = [await rule(world, GIVER, TAKER)]
    assert codes(await simulated(world, sound)) == set()


async def test_what_cannot_be_proposed_cannot_be_tried_out(world: World) -> None:
    for provider, receiver, code in (
        (TAKER, "handhaving", "NOT_A_PARTY"),
        ("wijkagent", GIVER, "POLICE_DECISION_INCOMPLETE"),
    ):
        rules = [await rule(world, provider, receiver)]
        body = await world.partner(GIVER).answer(SIMULATE, {"in": draft(rules)})
        assert [error["extensions"]["code"] for error in body["errors"]] == [code]


async def test_by_hand_nobody_opens_anothers_records_with_it(world: World) -> None:
    """The function compiles rules of the asker's own alone, whatever it is given."""
    await report(world, "corporatie-b", 20)
    async with world.connect("app") as app, app.transaction():
        ids = dict(await _ids(world))
        await app.execute(
            "select set_config('hub.gemeente', 'GM0637', true),"
            " set_config('hub.organisation', $1, true)",
            str(ids[GIVER]),
        )
        found = await app.fetch(
            """select * from hub.try_agreement(
              '{"valid_from": "2026-11-01", "valid_until": "2027-11-01"}',
              jsonb_build_array(jsonb_build_object('provider', $1::uuid, 'receiver', $2::uuid,
                'wijken', (select jsonb_agg(id) from hub.wijken), 'kind', 'SIGNAL', 'fields',
                jsonb_build_array('summary'), 'precision', 'EXACT', 'keep_days', 365, 'min_cell', 5,
                'includes_past', true)), null)""",
            *(ids["corporatie-b"], ids[GIVER]),
        )
        assert found == []
        assert await app.fetchval("select hub.asker()") == ids[GIVER]


async def _ids(world: World) -> list[Any]:
    async with world.connect("superuser") as root:
        return list(await root.fetch("select slug, id from hub.organisations"))


@pytest.mark.parametrize(("until", "over"), [("2026-11-22", True), ("2026-11-23", False)])
async def test_a_term_of_which_no_day_is_left_is_a_warning(
    world: World, until: str, over: bool
) -> None:
    given = draft([await rule(world, GIVER, TAKER)], **{"from": "2026-10-01", "until": until})
    trying = (await world.partner(GIVER).ask(SIMULATE, {"in": given}))["simulateAgreement"]
    proposed = (await world.partner(GIVER).ask(PROPOSE, {"in": given}))["proposeAgreement"]
    assert ("TERM_IS_OVER" in codes(trying), "TERM_IS_OVER" in codes(proposed)) == (over, over)
