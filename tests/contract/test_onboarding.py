# SPDX-License-Identifier: EUPL-1.2
"""A new partner in one operation: made by an administrator of the municipality, and at work at
once.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from resolvers.partners import create_token, find_partner
from resolvers.templates import templates
from tests.agreement.committed import ROOT
from tests.conftest import World
from tests.contract.agreeing import decide
from tests.contract.test_first_steps import REPORT
from tests.partner import Partner

pytestmark = pytest.mark.anyio

OPERATIONS = ROOT / "tests" / "contract" / "operations"
ONBOARD = (OPERATIONS / "7b_onboard.graphql").read_text("utf-8")
WITH_TOKEN = ONBOARD.replace(
    "clientId", "clientId token replayed warnings { path code message hint }"
)
NEW = {
    "idempotencyKey": "welkom-0001",
    "name": "Stichting Nieuwe Buren (verzonnen)",
    "kind": "WELFARE",
    "wijken": ["WK063711", "WK063708"],
    "contactEmail": "loket@nieuwe-buren.example",
    "template": "basis-wijk",
}
UTRECHT = "WK034401"
COUNTS = """select (select count(*) from hub.organisations) as organisations,
  (select count(*) from hub.tokens) as tokens, (select count(*) from hub.agreements) as agreements,
  (select count(*) from hub.datasets) as datasets,
  (select count(*) from hub.onboardings) as onboardings"""


async def onboarded(world: World, partner: Partner | None = None, **more: Any) -> dict[str, Any]:
    """The payload of an onboarding by the municipality's administrator."""
    asked = (partner or world.partner("beheer")).ask
    payload: dict[str, Any] = (await asked(WITH_TOKEN, {"in": {**NEW, **more}}))["onboardPartner"]
    return payload


async def counts(world: World) -> dict[str, int]:
    """How much there is of what an onboarding makes."""
    async with world.connect("superuser") as connection:
        return dict(await connection.fetchrow(COUNTS) or {})


def codes(payload: dict[str, Any]) -> list[str]:
    """The codes of a payload's errors."""
    return [error["code"] for error in payload["errors"]]


async def test_a_partner_is_added_accepts_and_is_at_work(world: World) -> None:
    made = await onboarded(world)
    assert made["errors"] == []
    assert made["organisation"]["name"] == NEW["name"]
    assert (made["clientId"], made["replayed"]) == ("stichting-nieuwe-buren-verzonnen", False)
    agreement = made["proposedAgreement"]
    assert (agreement["state"], agreement["until"]) == ("PROPOSED", "2027-11-22")
    assert "Oosterheem" in agreement["purpose"]
    assert {each["name"] for each in agreement["waitingFor"]} == {
        NEW["name"],
        "Gemeente Zoetermeer",
    }
    assert {(r["kind"], r["precision"]) for r in agreement["rules"]} == {
        ("SIGNAL", "BUURT"),
        ("COUNT", "COUNT"),
    }
    assert len(made["checklist"]) == 5
    assert made["clientId"] in made["checklist"][0]

    newcomer = Partner(world.app, made["token"])
    me = (await newcomer.ask("{ me { login organisation { id } wijken { code } } }"))["me"]
    assert me["organisation"]["id"] == made["organisation"]["id"]
    assert me["login"] == made["clientId"]
    assert {each["code"] for each in me["wijken"]} == set(NEW["wijken"])

    accept = (OPERATIONS / "7c_accept.graphql").read_text("utf-8")
    given = {"id": agreement["id"], "version": agreement["version"], "signedBy": "directie"}
    accepted = (await newcomer.ask(accept, {"in": given}))["acceptAgreement"]
    assert [each["name"] for each in accepted["agreement"]["waitingFor"]] == ["Gemeente Zoetermeer"]
    await decide(world, "wijkregisseur", "accept", (agreement["id"], agreement["version"]))

    given = {
        "idempotencyKey": "melding-0001",
        "wijk": "WK063711",
        "buurt": "Noord",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
    }
    reported = (await newcomer.ask(REPORT, {"in": given}))["reportSignal"]
    [shown] = reported["shownAs"]
    assert (shown["organisation"]["name"], shown["precision"]) == ("Gemeente Zoetermeer", "BUURT")


async def test_the_sample_queries_work_for_the_new_partner(world: World) -> None:
    made = await onboarded(world)
    newcomer = Partner(world.app, made["token"])
    assert len(made["sampleQueries"]) == 5
    for query in made["sampleQueries"]:
        answer = await newcomer.ask(query)
        assert all(value is not None for value in answer.values()), query
    assert any("WK063711" in query for query in made["sampleQueries"])


@pytest.mark.parametrize("template", list(templates()))
async def test_every_template_takes_a_new_partner(world: World, template: str) -> None:
    made = await onboarded(world, template=template)
    assert made["errors"] == []
    rules = made["proposedAgreement"]["rules"]
    assert rules
    names = {each["name"] for each in made["proposedAgreement"]["waitingFor"]}
    assert NEW["name"] in names
    slice_ = await Partner(world.app, made["token"]).ask("{ mySlice { datasets { kind } } }")
    kinds = {each["kind"] for each in slice_["mySlice"]["datasets"]}
    assert kinds <= {rule["kind"] for rule in rules}


async def test_the_token_is_shown_once_and_a_retry_adds_nothing(world: World) -> None:
    first = await onboarded(world)
    before = await counts(world)
    again = await onboarded(world)
    assert (again["token"], again["replayed"]) == (None, True)
    assert again["organisation"] == first["organisation"]
    assert again["proposedAgreement"]["id"] == first["proposedAgreement"]["id"]
    assert "hoorde bij het eerste antwoord" in again["checklist"][0]
    for made in (first, again):
        client = made["clientId"]
        assert f"hub token create {client} --gemeente GM0637" in made["checklist"][0]
    other = await onboarded(world, name="Een andere naam")
    assert codes(other) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await counts(world) == before
    async with world.connect("superuser") as connection:
        for table in ("tokens", "idempotency_keys", "onboardings", "organisations"):
            rows = await connection.fetch(f"select t::text from hub.{table} t")
            assert not any(first["token"] in row[0] for row in rows), table


async def test_who_is_no_administrator_of_the_municipality_gets_one_answer(world: World) -> None:
    async with world.owner() as owner, owner.administration() as session:
        partner = await find_partner(session, "GM0637", "buurtwerk")
        token = await create_token(session, partner, "hoofd", roles=("ADMINISTRATOR",))
    await onboarded(world)
    before = await counts(world)
    askers = [world.partner("wijkregisseur"), world.partner("buurtwerk"), Partner(world.app, token)]
    answers = []
    for asker in askers:
        for more in (
            {"idempotencyKey": "een-andere-sleutel"},
            {},
            {"name": "", "wijken": ["WK999999"], "template": "geen"},
        ):
            answers.append(await onboarded(world, asker, **more))
    assert all(answer == answers[0] for answer in answers)
    assert codes(answers[0]) == ["ROLE_REQUIRED"]
    assert await counts(world) == before


ADD = """select hub.onboard_partner(hub.new_id(), 'x', 'X', 'WELFARE', '{}', 'x@y.example', '{}',
  '{}', 'x', sha256('x'))"""
IDENTITY = """select set_config('hub.gemeente', 'GM0637', true), set_config('hub.roles', $2, true),
  set_config('hub.organisation', (select id::text from hub.organisations where slug = $1), true)"""


@pytest.mark.parametrize(
    ("slug", "roles", "outcome"),
    [
        ("gemeente", "WIJKREGISSEUR", "InsufficientPrivilegeError"),
        ("buurtwerk", "ADMINISTRATOR", "InsufficientPrivilegeError"),
        ("gemeente", "", "InsufficientPrivilegeError"),
        ("nobody", "ADMINISTRATOR", "InsufficientPrivilegeError"),
        ("beheer", "COUNCIL,ADMINISTRATOR", "added"),
    ],
)
async def test_the_database_itself_refuses_who_may_not(
    world: World, slug: str, roles: str, outcome: str
) -> None:
    """By hand as the serving role, under any identity."""
    before = await counts(world)
    found = "added"
    async with world.connect("superuser") as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetch(IDENTITY, slug, roles)
        await connection.execute("set local role hub_app")
        try:
            await connection.execute(ADD)
        except asyncpg.PostgresError as error:
            found = type(error).__name__
        await transaction.rollback()
    assert found == outcome
    assert await counts(world) == before


async def test_what_is_wrong_is_said_where_it_stands_and_nothing_is_made(world: World) -> None:
    await onboarded(world)
    before = await counts(world)
    for wrong, code, path in (
        ({"name": "Stichting nieuwe buren - verzonnen"}, "NAME_TAKEN", ["input", "name"]),
        ({"name": "!!!"}, "BAD_ARGUMENT", ["input", "name"]),
        ({"contactEmail": "geen adres"}, "BAD_ARGUMENT", ["input", "contactEmail"]),
        ({"template": "geen"}, "UNKNOWN_TEMPLATE", ["input", "template"]),
        ({"wijken": []}, "BAD_ARGUMENT", ["input", "wijken"]),
        ({"wijken": ["Oosterheem"]}, "NOT_A_WIJK_CODE", ["input", "wijken"]),
        ({"wijken": ["WK999999"]}, "UNKNOWN_WIJK", ["input", "wijken"]),
        ({"wijken": [UTRECHT]}, "UNKNOWN_WIJK", ["input", "wijken"]),
        ({"kind": "RESEARCH", "name": "Onderzoek"}, "TEMPLATE_DOES_NOT_FIT", ["template"]),
    ):
        made = await onboarded(world, idempotencyKey="een-andere-sleutel", **wrong)
        [error] = made["errors"]
        assert (error["code"], error["path"]) == (code, path), wrong
        assert (made["organisation"], made["token"], made["checklist"]) == (None, None, [])
    assert await counts(world) == before


async def test_a_day_has_room_for_so_many_partners(world: World) -> None:
    async with world.connect("superuser") as connection:
        await connection.execute(
            "insert into hub.onboardings (gemeente, owner, partner, actor, on_day)"
            " select 'GM0637', b.id, o.id, 'x', hub.today() from hub.organisations b"
            " cross join hub.organisations o where b.slug in ('beheer', 'raad') limit 20"
        )
    assert codes(await onboarded(world)) == ["TOO_MANY_PARTNERS"]
    async with world.connect("superuser") as connection:
        await connection.execute("update hub.onboardings set on_day = on_day - 1")
    assert codes(await onboarded(world)) == []


@pytest.mark.parametrize("name", ["Buurtwerk", " buurt WERK", "Gemeente  Zoetermeer"])
async def test_a_partner_that_takes_part_already_is_not_made_twice(world: World, name: str) -> None:
    async with world.connect("owner") as owner:
        await owner.execute("update hub.organisations set slug = 'anders-' || slug")
    before = await counts(world)
    [error] = (await onboarded(world, name=name))["errors"]
    assert (error["code"], error["path"]) == ("NAME_TAKEN", ["input", "name"])
    assert "organisations" in error["hint"]
    assert await counts(world) == before


async def test_the_name_of_a_partner_that_left_can_be_had_again(world: World) -> None:
    async with world.connect("owner") as owner:
        await owner.execute(
            "update hub.organisations set slug = 'vroeger', left_on = hub.today() - 1"
            " where slug = 'buurtwerk'"
        )
    assert codes(await onboarded(world, name="Buurtwerk")) == []


async def test_who_knows_its_own_partner_by_then_still_gets_a_replay(world: World) -> None:
    assert codes(await onboarded(world)) == []
    again = await onboarded(world)
    assert (codes(again), again["replayed"]) == ([], True)
    other = await onboarded(world, idempotencyKey="een-andere-sleutel")
    assert codes(other) == ["NAME_TAKEN"]


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("j.jansen@nieuwe-buren.example", ["NAME"]),
        ("jan.jansen@nieuwe-buren.example", ["NAME"]),
        ("A.B.de.Vries@nieuwe-buren.example", ["NAME"]),
        ("loket@nieuwe-buren.example", []),
        ("info.oosterheem@nieuwe-buren.example", []),
        ("team_noord@nieuwe-buren.example", []),
    ],
)
async def test_an_address_that_looks_like_a_persons_own_gives_a_warning(
    world: World, address: str, warned: list[str]
) -> None:
    for made in [await onboarded(world, contactEmail=address) for _ in range(2)]:
        assert made["errors"] == []
        told = [(one["code"], one["path"]) for one in made["warnings"]]
        assert told == [("PERSONAL_DATA_WARNING", ["input", "contactEmail"])] * len(warned)
        assert all("de naam van een persoon" in one["message"] for one in made["warnings"])


async def test_what_helps_is_named(world: World) -> None:
    [template] = (await onboarded(world, template="geen"))["errors"]
    assert "agreementTemplates" in template["hint"] and "basis-wijk" in template["hint"]
    [wijken] = (await onboarded(world, wijken=[]))["errors"]
    assert wijken["message"] == "Het argument 'wijken' klopt niet: er staat niets in."
    [role] = (await onboarded(world, world.partner("buurtwerk")))["errors"]
    assert "beheerder van de gemeente" in role["hint"]
    assert "--role ADMINISTRATOR" in role["hint"]
