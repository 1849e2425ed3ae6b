# SPDX-License-Identifier: EUPL-1.2
"""What an agreement says besides who sees what: controllers, DPIA, who signed, what the police
weighed, publication, and that it ends.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from schema.ids import decode_as
from sql.session import Database
from tests.conftest import World
from tests.contract.agreeing import (
    WEIGHED,
    agree,
    decide,
    organisation,
    propose,
    rule,
    try_to_propose,
)
from tests.contract.test_agreement_versions import A, B, C, changes, day
from tests.isolation.play import as_asker

pytestmark = pytest.mark.anyio

TERMS = """query($id: ID!) { node(id: $id) { ... on Agreement {
  controllers { organisation { name } role } dpia dpiaOn interest partnership conditions publish
  decisions { organisation { name } decision on signedBy reason document } } } }"""
ENDS = """{ agreements { nodes { title endsIn warning { code message hint } } } }"""
PUBLISHED = """{ publishedAgreements {
  title parties { name } purpose legalBasis publicText from until } }"""
FEED = """{ wijk(code: "WK063711") { feed { nodes { change headline by { name } } } } }"""
POLICE = "wijkagent"


async def test_it_says_who_answers_for_the_data_and_where_it_was_signed(world: World) -> None:
    controllers = [
        {"organisation": await organisation(world, A), "role": "JOINT"},
        {"organisation": await organisation(world, B), "role": "PROCESSOR"},
    ]
    agreement = await propose(
        world,
        A,
        [await rule(world, A, B)],
        controllers=controllers,
        dpia="Er is een DPIA gedaan.",
        dpiaOn="2026-10-01",
        signedBy="bestuurder",
        document="archief 2026-17",
    )
    more = {"signedBy": "directeur", "document": "https://archief.example/17", "reason": "akkoord"}
    await world.set_now(datetime(2026, 11, 23, 12, tzinfo=UTC))
    await decide(world, B, "accept", agreement, **more)
    found = (await world.partner(B).ask(TERMS, {"id": agreement[0]}))["node"]
    assert found.pop("decisions") == [
        {
            "organisation": {"name": name},
            "decision": "ACCEPT",
            "on": "2026-11-23",
            "signedBy": signed_by,
            "reason": reason,
            "document": document,
        }
        for name, signed_by, reason, document in (
            ("Corporatie A (verzonnen)", "bestuurder", None, "archief 2026-17"),
            ("Buurtwerk", "directeur", "akkoord", "https://archief.example/17"),
        )
    ]
    assert found == {
        "controllers": [
            {"organisation": {"name": "Buurtwerk"}, "role": "PROCESSOR"},
            {"organisation": {"name": "Corporatie A (verzonnen)"}, "role": "JOINT"},
        ],
        "dpia": "Er is een DPIA gedaan.",
        "dpiaOn": "2026-10-01",
        "interest": None,
        "partnership": None,
        "conditions": None,
        "publish": False,
    }


@pytest.mark.parametrize(
    ("who", "code"), [((A, C), "BAD_CONTROLLERS"), ((A, A), "BAD_CONTROLLERS"), ((), None)]
)
async def test_only_parties_answer_for_the_data_each_in_one_way(
    world: World, who: tuple[str, ...], code: str | None
) -> None:
    roles = zip(who, ("JOINT", "PROCESSOR"), strict=False)
    controllers = [
        {"organisation": await organisation(world, token), "role": role} for token, role in roles
    ]
    done = await try_to_propose(world, A, [await rule(world, A, B)], controllers=controllers)
    assert [error["code"] for error in done["errors"]] == ([code] if code else [])


async def test_the_database_takes_no_controller_that_is_no_party(world: World) -> None:
    a, b, c = [decode_as("Organisation", await organisation(world, who)) for who in (A, B, C)]
    insert = """insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from,
      valid_until, parties, joint_controllers, processors)
      values (gen_random_uuid(), 'T', 'D', 'G', 'C', '2026-11-01', '2026-12-01', $1, $2, $3)"""
    async with world.connect("app") as by_hand:
        for joint, processors in (([c], []), ([a], [a])):
            with pytest.raises(asyncpg.CheckViolationError):
                async with as_asker(by_hand, "GM0637", a):
                    await by_hand.execute(insert, [a, b], joint, processors)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("http://archief.example/17", "BAD_DOCUMENT"),
        ("javascript:alert(1)", "BAD_DOCUMENT"),
        ("kenmerk 111222333", "PERSONAL_DATA"),
        ("x" * 501, "TEXT_TOO_LONG"),
    ],
)
async def test_a_document_is_a_reference_or_a_safe_address(
    world: World, document: str, code: str
) -> None:
    rules = [await rule(world, A, B)]
    refused = await try_to_propose(world, A, rules, document=document)
    assert [(one["path"], one["code"]) for one in refused["errors"]] == [
        (["input", "document"], code)
    ]
    agreement = await propose(world, A, rules)
    decided = await decide(world, B, "accept", agreement, document=document)
    assert [(one["path"], one["code"]) for one in decided["errors"]] == [
        (["input", "document"], code)
    ]


@pytest.mark.parametrize("lacks", sorted(WEIGHED))
async def test_the_police_show_nothing_without_what_they_weighed(world: World, lacks: str) -> None:
    rules = [await rule(world, POLICE, B)]
    weighed = {name: text for name, text in WEIGHED.items() if name != lacks}
    for proposer in (POLICE, B):
        refused = await try_to_propose(world, proposer, rules, **weighed)
        assert [(one["path"], one["code"]) for one in refused["errors"]] == [
            (["input", lacks], "POLICE_DECISION_INCOMPLETE")
        ]
    taken = await propose(world, POLICE, rules, **WEIGHED)
    found = (await world.partner(B).ask(TERMS, {"id": taken[0]}))["node"]
    assert {name: found[name] for name in WEIGHED} == WEIGHED


async def test_what_the_police_receive_needs_no_such_decision(world: World) -> None:
    await propose(world, A, [await rule(world, A, POLICE)])


async def published(world: World, token: str, language: str = "nl") -> list[dict[str, Any]]:
    answer = await world.partner(token).ask(PUBLISHED, **{"Accept-Language": language})
    found: list[dict[str, Any]] = answer["publishedAgreements"]
    return found


async def test_a_published_agreement_is_told_to_every_partner_in_plain_words(world: World) -> None:
    rules = [await rule(world, A, B, category="NOISE", keepDays=90, includesPast=True)]
    agreement = await agree(world, rules, A, B, publish=True)
    await agree(world, [await rule(world, A, C)], A, C, idempotencyKey="dit-blijft-onder-ons")
    [told] = await published(world, "handhaving")
    assert told["parties"] == [{"name": "Buurtwerk"}, {"name": "Corporatie A (verzonnen)"}]
    assert told["publicText"].splitlines() == [
        "Gegevens gaan van Corporatie A (verzonnen) naar Buurtwerk. Soort gegevens: meldingen. "
        "Onderwerp: geluid. In: Oosterheem. De ontvanger ziet de buurt en de dag, niet het adres. "
        "De ontvanger ziet een gegeven hoogstens 90 dagen. Ook gegevens van voor de eerste dag "
        "horen erbij.",
        "Waarom: samen kijken",
        "Waarom dit mag volgens de wet: verzonnen, voor een test",
        "Dit geldt van 1 november 2026 tot en met 31 oktober 2027.",
    ]
    assert told.keys() == {
        "title", "parties", "purpose", "legalBasis", "publicText", "from", "until"
    }  # fmt: skip
    [english] = await published(world, "handhaving", "en")
    assert "31 October 2027" in english["publicText"]
    for token in (A, B, "raad"):
        assert await published(world, token) == [told]
    text = "query($id: ID!) { node(id: $id) { ... on Agreement { publicText } } }"
    own = (await world.partner(B).ask(text, {"id": agreement[0]}))["node"]
    assert own["publicText"] == told["publicText"]
    await decide(world, B, "revoke", agreement)
    assert await published(world, "handhaving") == []


async def plain_words(world: World, rules: list[Any], language: str = "nl", **more: Any) -> str:
    agreement = await propose(world, A, rules, idempotencyKey=f"in-gewone-taal-{language}", **more)
    text = "query($id: ID!) { node(id: $id) { ... on Agreement { publicText } } }"
    found = await world.partner(A).ask(text, {"id": agreement[0]}, **{"Accept-Language": language})
    told: str = found["node"]["publicText"]
    return told


async def test_plain_words_name_the_fields_that_a_rule_lists(world: World) -> None:
    fields = ["summary", "seenAt", "point"]
    rules = [await rule(world, A, B, precision="EXACT", fields=fields)]
    told = await plain_words(world, rules)
    assert "De ontvanger ziet de plek en de dag precies. De ontvanger ziet ook: " in told
    for word in ("samenvatting", "tijdstip", "punt op de kaart"):
        assert word in told
    assert "point on the map" in await plain_words(world, rules, "en")


async def test_plain_words_of_what_is_exact_promise_no_place_without_a_point(world: World) -> None:
    told = await plain_words(
        world, [await rule(world, A, B, precision="EXACT", fields=["summary"])]
    )
    assert "ziet de buurt en de dag, niet het adres. De ontvanger ziet ook: samenvatting." in told


async def test_plain_words_of_what_only_counts_speak_of_numbers_alone(world: World) -> None:
    told = await plain_words(world, [await rule(world, A, B, precision="COUNT")])
    assert told.startswith(
        "Gegevens van Corporatie A (verzonnen) tellen mee in cijfers voor Buurtwerk."
    )
    assert "De ontvanger ziet alleen aantallen." in told
    assert "hoogstens" not in told


async def test_plain_words_say_what_the_police_weighed(world: World) -> None:
    told = await plain_words(world, [await rule(world, POLICE, A)], **WEIGHED)
    for text in WEIGHED.values():
        assert text in told


async def test_what_the_police_weighed_is_published_as_the_parties_read_it(world: World) -> None:
    rules = [await rule(world, POLICE, A)]
    agreement = await agree(world, rules, POLICE, A, publish=True, **WEIGHED)
    text = "query($id: ID!) { node(id: $id) { ... on Agreement { publicText } } }"
    own = await world.partner(A).ask(text, {"id": agreement[0]}, **{"Accept-Language": "nl"})
    [told] = await published(world, C)
    assert told["publicText"] == own["node"]["publicText"]
    assert all(words in told["publicText"] for words in WEIGHED.values())


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ({"contact": "J. de Vries, team Oosterheem"}, ["NAME"]),
        ({"contact": "mevrouw Jansen"}, ["NAME"]),
        ({"contact": "wijkpost@buurtwerk.example"}, ["EMAIL"]),
        ({"signedBy": "dhr. P.J. van den Berg, directeur"}, ["NAME"]),
        ({"document": "zaak van j.jansen@buurtwerk.example"}, ["EMAIL"]),
        ({"contact": "Loket Wijkteam Oosterheem", "signedBy": "directeur Wonen"}, []),
    ],
)
async def test_words_that_seem_to_name_a_person_are_warned_of_and_taken(
    world: World, words: dict[str, str], kinds: list[str]
) -> None:
    made = await try_to_propose(world, A, [await rule(world, A, B)], **words)
    assert made["errors"] == []
    told = [one for one in made["warnings"] if one["code"] == "PERSONAL_DATA_WARNING"]
    assert len(told) == len(kinds)
    assert all(one["path"][1] in words for one in told)


async def test_who_signs_a_decision_by_a_name_is_warned(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)])
    done = await decide(world, B, "accept", agreement, signedBy="A.B. Visser")
    assert done["agreement"]["state"] == "IN_FORCE"
    assert [(one["code"], one["path"]) for one in done["warnings"]] == [
        ("PERSONAL_DATA_WARNING", ["input", "signedBy"])
    ]


async def test_what_is_proposed_or_replaced_is_not_published(world: World) -> None:
    old = await agree(world, [await rule(world, A, B)], A, B, publish=True, title="Oud")
    more = {"replaces": old[0], "idempotencyKey": "tweede-versie", "publish": True}
    new = await propose(world, A, [await rule(world, A, B)], title="Nieuw", **more)
    assert [one["title"] for one in await published(world, C)] == ["Oud"]
    await decide(world, B, "accept", new)
    assert [one["title"] for one in await published(world, C)] == ["Nieuw"]
    third = {"replaces": old[0], "idempotencyKey": "derde-versie", "publish": False}
    await agree(world, [await rule(world, A, B)], A, B, title="Stil", **third)
    assert await published(world, C) == []


async def test_the_door_to_published_agreements_is_closed_without_an_asker_of_the_gemeente(
    world: World,
) -> None:
    await agree(world, [await rule(world, A, B)], A, B, publish=True)
    query = "select count(*) from hub.published_agreements('GM0637')"
    async with world.connect("app") as by_hand:
        assert await by_hand.fetchval(query) == 0
        for gemeente, count in (("GM0637", 1), ("GM0001", 0)):
            me = decode_as("Organisation", await organisation(world, C))
            async with as_asker(by_hand, gemeente, me):
                assert await by_hand.fetchval(query) == count


async def ends(world: World, token: str) -> list[tuple[int | None, str | None]]:
    nodes = (await world.partner(token).ask(ENDS))["agreements"]["nodes"]
    return [(one["endsIn"], one["warning"] and one["warning"]["code"]) for one in nodes]


async def test_the_parties_are_warned_60_30_and_7_days_before_the_end_once_each(
    world: World,
) -> None:
    await agree(world, [await rule(world, A, B)], A, B, **{"until": "2027-02-01"})
    expected: list[str] = []
    for month, day_, year, left, code in (
        (12, 2, 2026, 61, None),
        (12, 3, 2026, 60, "AGREEMENT_ENDS_IN_60"),
        (12, 20, 2026, 43, "AGREEMENT_ENDS_IN_60"),
        (1, 2, 2027, 30, "AGREEMENT_ENDS_IN_30"),
        (1, 25, 2027, 7, "AGREEMENT_ENDS_IN_7"),
        (2, 1, 2027, 0, "AGREEMENT_ENDS_IN_7"),
    ):
        await day(world, month, day_, year)
        await day(world, month, day_, year)
        if code and code not in expected:
            expected.append(code)
        for token in (A, B):
            assert await ends(world, token) == [(left, code)]
            told = [one for one in await changes(world, token) if "ENDS_IN" in one]
            assert told == expected
        assert await changes(world, C) == []
    await day(world, 2, 2, 2027)
    assert await ends(world, A) == [(None, None)]
    nodes = (await world.partner(A).ask(FEED))["wijk"]["feed"]["nodes"]
    assert nodes[0]["headline"] == "Convenant loopt af binnen 60 dagen: Proefconvenant"
    assert nodes[0]["by"] == {"name": "Corporatie A (verzonnen)"}


async def test_nobody_is_warned_when_a_newer_version_goes_on_but_who_is_left_out(
    world: World,
) -> None:
    rules = [await rule(world, A, B), await rule(world, A, C)]
    old = await agree(world, rules, A, B, C, **{"until": "2027-02-01"})
    more = {"from": "2027-02-02", "until": "2028-02-01", "replaces": old[0]}
    new = await propose(
        world, A, [await rule(world, A, B)], idempotencyKey="zonder-corporatie-b", **more
    )
    await day(world, 12, 1)
    await decide(world, B, "accept", new)
    await day(world, 12, 3)
    for token, code in ((A, None), (B, None), (C, "AGREEMENT_ENDS_IN_60")):
        assert await ends(world, token) == [(60, code)]
        told = [one for one in await changes(world, token) if "ENDS_IN" in one]
        assert told == ([code] if code else [])


async def test_who_is_left_out_is_warned_of_the_day_on_which_its_version_is_replaced(
    world: World,
) -> None:
    rules = [await rule(world, A, B), await rule(world, A, C)]
    old = await agree(world, rules, A, B, C)
    more = {"from": "2026-12-24", "until": "2028-02-01", "replaces": old[0]}
    await agree(
        world, [await rule(world, A, B)], A, B, idempotencyKey="zonder-corporatie-b", **more
    )
    assert await ends(world, C) == [(30, "AGREEMENT_ENDS_IN_30")]
    assert await ends(world, B) == [(30, None)]


async def test_an_agreement_shorter_than_a_threshold_is_not_warned_of_it(world: World) -> None:
    await agree(world, [await rule(world, A, B)], A, B, until="2026-12-03")
    assert await ends(world, A) == [(10, None)]
    await day(world, 11, 26)
    assert await ends(world, A) == [(7, "AGREEMENT_ENDS_IN_7")]


async def test_the_days_work_tells_how_many_were_warned(world: World) -> None:
    await agree(world, [await rule(world, A, B)], A, B, until="2026-12-30")
    database: Database = world.database
    [first] = await database.call("daily_announce", "GM0637")
    [second] = await database.call("daily_announce", "GM0637")
    assert (first["warned"], second["warned"]) == (0, 0)
    await day(world, 11, 30)
    assert [one for one in await changes(world, A) if "ENDS_IN" in one] == ["AGREEMENT_ENDS_IN_30"]
