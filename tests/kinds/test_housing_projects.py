# SPDX-License-Identifier: EUPL-1.2
"""What is special about housing projects: days ahead, an end after the start, a number of homes
that tells where, a title that the rule must list.
"""

from __future__ import annotations

from typing import Any

import pytest

from schema.contributions.housing_projects import HousingWork, ProjectStatus
from schema.texts import Language, label
from tests.conftest import World
from tests.contract.agreeing import decide, propose, rule
from tests.contract.writing import OOSTERHEEM, codes, new_key
from tests.partner import Partner

pytestmark = pytest.mark.anyio

PUSH = """mutation($delivery: Delivery!, $rows: [HousingProjectRow!]!) {
  pushHousingProjects(input: { delivery: $delivery, rows: $rows }) {
    summary { outcome rows }
    rows { nodes { outcome recordId errors { path code } } } } }"""
REPORT = """mutation($in: ReportHousingProjectInput!) { reportHousingProject(input: $in) {
  housingProject { id version title homes startsOn endsOn status sourceId }
  shownAs { organisation { name } precision place fields } errors { path code } } }"""
UPDATE = """mutation($in: UpdateHousingProjectInput!) { updateHousingProject(input: $in) {
  housingProject { version category title work homes startsOn endsOn status }
  errors { path code } } }"""
LIST = """query($wijk: String!, $filter: RecordFilter, $order: RecordOrder!) { wijk(code: $wijk) {
  housingProjects(filter: $filter, orderBy: $order) { total nodes {
    title work homes startsOn endsOn status category precision hidden
    place { lon precision buurt { name } } } } } }"""
ONE = """query($id: ID!) { node(id: $id) { ... on HousingProject {
  version startsOn endsOn history { nodes { change } } } } }"""
HEADLINES = "query($wijk: String!) { wijk(code: $wijk) { feed { nodes { headline } } } }"


def row(external_id: str = "p-1", **changes: Any) -> dict[str, Any]:
    """A good row; a project of next year."""
    return {
        "externalId": external_id,
        "wijk": OOSTERHEEM,
        "buurt": "Noord",
        "category": "HOUSING",
        "title": "Nieuwe daken Kadelaan",
        "work": "RENOVATION",
        "homes": 84,
        "startsOn": "2027-03-01",
        "endsOn": "2027-11-30",
        "status": "PLANNED",
        **changes,
    }


def reported(**changes: Any) -> dict[str, Any]:
    """The same, reported in the hub."""
    given = {name: value for name, value in row().items() if name != "externalId"}
    return {"idempotencyKey": new_key(), **given, **changes}


async def deliver(partner: Partner, *rows: dict[str, Any], **delivery: Any) -> dict[str, Any]:
    """The receipt of a delivery in which every row may be rejected."""
    given = {"dataset": "projecten", "idempotencyKey": new_key(), "maxRejected": 9, **delivery}
    receipt: dict[str, Any] = (await partner.ask(PUSH, {"delivery": given, "rows": list(rows)}))[
        "pushHousingProjects"
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


async def listed(partner: Partner, order: str = "NEWEST", **chosen: Any) -> list[dict[str, Any]]:
    """The projects of Oosterheem as a partner sees them under a filter."""
    given = {"wijk": OOSTERHEEM, "filter": chosen, "order": order}
    page = (await partner.ask(LIST, given))["wijk"]["housingProjects"]
    assert page["total"] == len(page["nodes"])
    nodes: list[dict[str, Any]] = page["nodes"]
    return nodes


async def update(partner: Partner, record: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The payload of a change."""
    given = {"id": record, "version": version, **changes}
    payload: dict[str, Any] = (await partner.ask(UPDATE, {"in": given}))["updateHousingProject"]
    return payload


async def share(world: World, **changes: Any) -> None:
    """Corporatie A shows its projects in Oosterheem to Buurtwerk."""
    one = await rule(world, "corporatie-a", "buurtwerk", kind="HOUSING_PROJECT", **changes)
    agreement = await propose(world, "corporatie-a", [one])
    assert (await decide(world, "buurtwerk", "accept", agreement))["errors"] == []


# -- its days


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({"startsOn": "2026-11-24"}, ("CREATED", [])),
        ({"startsOn": "2036-11-20", "endsOn": None}, ("CREATED", [])),
        ({"startsOn": "2027-03-01", "endsOn": "2027-03-01"}, ("CREATED", [])),
        ({"startsOn": "2001-05-01", "endsOn": "2002-05-01"}, ("CREATED", [])),
        (
            {"startsOn": "2027-03-01", "endsOn": "2027-02-28"},
            ("REJECTED", [(["endsOn"], "BAD_VALUE")]),
        ),
        ({"startsOn": "2127-03-01", "endsOn": None}, ("REJECTED", [(["startsOn"], "BAD_VALUE")])),
        ({"endsOn": "2127-03-01"}, ("REJECTED", [(["endsOn"], "BAD_VALUE")])),
        ({"startsOn": "1999-12-31"}, ("REJECTED", [(["startsOn"], "DATE_TOO_OLD")])),
    ],
)
async def test_a_project_may_lie_ahead_and_does_not_end_before_it_starts(
    world: World, days: dict[str, Any], expected: tuple[str, list[Any]]
) -> None:
    assert await result(world.partner("corporatie-a"), row(**days)) == expected


async def test_projects_are_ordered_and_chosen_by_their_first_day(world: World) -> None:
    corporation = world.partner("corporatie-a")
    for name, day in (("a", "2027-03-01"), ("b", "2026-01-15"), ("c", "2029-06-01")):
        await created(corporation, row(name, title=name, startsOn=day, endsOn=None))
    assert [each["title"] for each in await listed(corporation)] == ["c", "a", "b"]
    assert [each["title"] for each in await listed(corporation, "OLDEST")] == ["b", "a", "c"]
    ahead = {"from": "2026-11-23", "until": "2027-12-31"}
    assert [each["title"] for each in await listed(corporation, **ahead)] == ["a"]


async def test_a_change_that_names_both_days_is_checked(world: World) -> None:
    corporation = world.partner("corporatie-a")
    record = await created(corporation, row())
    wrong = await update(corporation, record, startsOn="2027-05-01", endsOn="2027-04-30")
    assert wrong["errors"] == [{"path": ["input", "endsOn"], "code": "BAD_VALUE"}]
    right = await update(corporation, record, startsOn="2028-05-01", endsOn="2028-05-02")
    assert right["errors"] == []
    assert right["housingProject"]["endsOn"] == "2028-05-02"


@pytest.mark.parametrize("change", [{"endsOn": "2027-02-28"}, {"startsOn": "2027-12-01"}])
async def test_a_change_of_one_day_never_makes_a_project_end_before_it_starts(
    world: World, change: dict[str, str]
) -> None:
    corporation = world.partner("corporatie-a")
    record = await created(corporation, row())
    refused = await update(corporation, record, **change)
    assert refused["errors"] == [{"path": ["input", "endsOn"], "code": "BAD_VALUE"}]
    assert (await corporation.ask(ONE, {"id": record}))["node"] == {
        "version": 1,
        "startsOn": "2027-03-01",
        "endsOn": "2027-11-30",
        "history": {"nodes": [{"change": "CREATED"}]},
    }


async def test_an_end_that_is_not_known_any_more_is_cleared(world: World) -> None:
    corporation = world.partner("corporatie-a")
    record = await created(corporation, row())
    changed = (await update(corporation, record, endsOn=None))["housingProject"]
    assert (changed["startsOn"], changed["endsOn"]) == ("2027-03-01", None)


# -- its other fields


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"homes": 0}, (["homes"], "BAD_VALUE")),
        ({"homes": 100_001}, (["homes"], "BAD_VALUE")),
        ({"title": " "}, (["title"], "MISSING_FIELD")),
        ({"title": "x" * 201}, (["title"], "TEXT_TOO_LONG")),
        ({"title": "Woning van 123456782"}, (["title"], "PERSONAL_DATA")),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    world: World, change: dict[str, Any], error: tuple[list[str], str]
) -> None:
    corporation = world.partner("corporatie-a")
    assert await result(corporation, row(**change)) == ("REJECTED", [error])
    record = await created(corporation, row())
    path, code = error
    refused = await update(corporation, record, **change)
    assert refused["errors"] == [{"path": ["input", *path], "code": code}]


@pytest.mark.parametrize("homes", [1, 100_000])
async def test_the_smallest_and_the_largest_number_of_homes_are_taken(
    world: World, homes: int
) -> None:
    assert await result(world.partner("corporatie-a"), row(homes=homes)) == ("CREATED", [])


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("title", "MISSING_FIELD"),
        ("work", "BAD_VALUE"),
        ("homes", "BAD_VALUE"),
        ("startsOn", "BAD_VALUE"),
        ("status", "BAD_VALUE"),
    ],
)
async def test_what_every_project_has_cannot_be_cleared(
    world: World, field: str, code: str
) -> None:
    corporation = world.partner("corporatie-a")
    record = await created(corporation, row())
    cleared: dict[str, Any] = {field: None}
    refused = await update(corporation, record, **cleared)
    assert refused["errors"] == [{"path": ["input", field], "code": code}]


@pytest.mark.parametrize("partner", ["handhaving", "wijkagent"])
async def test_no_title_of_police_and_enforcement_is_stored(world: World, partner: str) -> None:
    refused = ("REJECTED", [(["title"], "FREE_TEXT_NOT_ALLOWED")])
    assert await result(world.partner(partner), row()) == refused


async def test_every_kind_of_work_and_state_is_stored_and_has_words(world: World) -> None:
    corporation = world.partner("corporatie-a")
    rows = [row(work, title=work, work=work) for work in HousingWork]
    rows += [row(state, title=state, status=state) for state in ProjectStatus]
    receipt = await deliver(corporation, *rows)
    assert receipt["summary"] == [{"outcome": "CREATED", "rows": 9}]
    seen = await listed(corporation)
    assert {each["work"] for each in seen} == set(HousingWork)
    assert {each["status"] for each in seen} == set(ProjectStatus)
    languages: tuple[Language, ...] = ("nl", "en")
    for language in languages:
        words = [label(f"housing_work.{work}", language) for work in HousingWork]
        words += [label(f"project_status.{state}", language) for state in ProjectStatus]
        assert len(set(words)) == 9


async def test_every_field_can_be_changed(world: World) -> None:
    corporation = world.partner("corporatie-a")
    record = await created(corporation, row())
    changes: dict[str, Any] = {
        "category": "GREEN",
        "title": "Sloop Kadelaan",
        "work": "DEMOLITION",
        "homes": 12,
        "startsOn": "2026-06-01",
        "endsOn": "2026-12-01",
        "status": "RUNNING",
    }
    assert await update(corporation, record, **changes) == {
        "housingProject": {"version": 2, **changes},
        "errors": [],
    }
    assert codes(await update(corporation, record, homes=13)) == ["CONFLICT"]


async def test_a_delivery_says_anew_what_a_project_is(world: World) -> None:
    corporation = world.partner("corporatie-a")
    await created(corporation, row())
    anew = row(homes=80, work="MAINTENANCE", endsOn=None, status="RUNNING")
    assert await result(corporation, anew) == ("UPDATED", [])
    (seen,) = await listed(corporation)
    assert {name: seen[name] for name in ("homes", "work", "endsOn", "status")} == {
        "homes": 80,
        "work": "MAINTENANCE",
        "endsOn": None,
        "status": "RUNNING",
    }


# -- what a receiver sees


SEEN = {
    "work": "RENOVATION",
    "startsOn": "2027-03-01",
    "endsOn": "2027-11-30",
    "status": "PLANNED",
    "category": "HOUSING",
}
IN_THE_WIJK = {"lon": None, "precision": "WIJK", "buurt": None}
IN_THE_BUURT = {"lon": None, "precision": "BUURT", "buurt": {"name": "Noord"}}


@pytest.mark.parametrize(
    ("precision", "fields", "shown", "hidden", "place"),
    [
        ("WIJK", [], {"title": None, "homes": None}, ["buurt", "homes", "title"], IN_THE_WIJK),
        (
            "WIJK",
            ["title"],
            {"title": "Nieuwe daken Kadelaan", "homes": None},
            ["buurt", "homes"],
            IN_THE_WIJK,
        ),
        ("BUURT", [], {"title": None, "homes": 84}, ["title"], IN_THE_BUURT),
        ("EXACT", ["title"], {"title": "Nieuwe daken Kadelaan", "homes": 84}, [], IN_THE_BUURT),
    ],
)
async def test_homes_are_shown_with_the_buurt_and_the_title_where_it_is_listed(
    world: World,
    precision: str,
    fields: list[str],
    shown: dict[str, Any],
    hidden: list[str],
    place: dict[str, Any],
) -> None:
    await share(world, precision=precision, fields=fields)
    await created(world.partner("corporatie-a"), row())
    (seen,) = await listed(world.partner("buurtwerk"))
    expected = {**SEEN, **shown, "precision": precision, "place": place}
    assert sorted(seen.pop("hidden")) == hidden
    assert seen == expected


async def test_nobody_finds_a_project_by_a_title_that_is_hidden(world: World) -> None:
    await share(world, precision="WIJK")
    corporation, buurtwerk = world.partner("corporatie-a"), world.partner("buurtwerk")
    await created(corporation, row())
    assert len(await listed(corporation, text="kadelaan")) == 1
    assert await listed(buurtwerk, text="kadelaan") == []
    assert len(await listed(buurtwerk, category=["HOUSING"])) == 1


async def test_a_reported_project_says_what_each_receiver_sees(world: World) -> None:
    await share(world, precision="BUURT", fields=["title"])
    corporation = world.partner("corporatie-a")
    done = (await corporation.ask(REPORT, {"in": reported()}))["reportHousingProject"]
    assert done["errors"] == []
    assert done["housingProject"].pop("id")
    assert done["housingProject"] == {
        "version": 1,
        "title": "Nieuwe daken Kadelaan",
        "homes": 84,
        "startsOn": "2027-03-01",
        "endsOn": "2027-11-30",
        "status": "PLANNED",
        "sourceId": "hub",
    }
    (shown,) = done["shownAs"]
    assert (shown["organisation"], shown["precision"]) == ({"name": "Buurtwerk"}, "BUURT")
    assert {"title", "homes", "work", "startsOn", "endsOn"} <= set(shown["fields"])


async def test_a_writer_keeps_the_title_and_the_number_of_homes_to_itself(world: World) -> None:
    await share(world, precision="BUURT", fields=["title"])
    corporation, buurtwerk = world.partner("corporatie-a"), world.partner("buurtwerk")
    me = (await buurtwerk.ask("{ me { organisation { id } } }"))["me"]["organisation"]["id"]
    cap = {"organisation": me, "precision": "WIJK", "withSummary": False}
    done = (await corporation.ask(REPORT, {"in": reported(shareAt=[cap])}))["reportHousingProject"]
    assert done["errors"] == []
    (seen,) = await listed(buurtwerk)
    assert (seen["title"], seen["homes"], seen["precision"]) == (None, None, "WIJK")


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", "Nieuwe aanpak van woningen: "), ("en", "New housing project: ")],
)
async def test_the_feed_speaks_of_it_in_both_languages(
    world: World, language: str, words: str
) -> None:
    corporation = world.partner("corporatie-a")
    await created(corporation, row())
    given = {"Accept-Language": language}
    feed = (await corporation.ask(HEADLINES, {"wijk": OOSTERHEEM}, **given))["wijk"]["feed"]
    (item,) = feed["nodes"]
    assert item["headline"].startswith(words)
