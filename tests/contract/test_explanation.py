# SPDX-License-Identifier: EUPL-1.2
"""Why may I see this, or not? About rules, by the party that asks, and never about whether somebody
else has a record.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from schema.ids import encode
from schema.texts import LABELS
from tests.agreement.committed import ROOT
from tests.conftest import World
from tests.contract.agreeing import WEIGHED, decide, organisation, propose, rule
from tests.contract.test_my_slice import noted, report

pytestmark = pytest.mark.anyio

OPERATION = (ROOT / "tests" / "contract" / "operations" / "3b_explain.graphql").read_text("utf-8")
EXPLAIN = """query($in: ExplainInput!) { explainAccess(input: $in) {
  verdict precision because { rule outcome text organisation { name } agreements { title } }
  whatWouldHelp askContact } }"""
GIVER, TAKER = "corporatie-a", "buurtwerk"


async def explained(world: World, token: str, **asked: Any) -> dict[str, Any]:
    answer = await world.partner(token).ask(EXPLAIN, {"in": asked})
    found: dict[str, Any] = answer["explainAccess"]
    return found


async def asked_of_giver(world: World, field: str = "Signal", **more: Any) -> dict[str, Any]:
    """What the taker is told about the giver's records."""
    given = {"owner": await organisation(world, GIVER), "field": field, **more}
    return await explained(world, TAKER, **given)


def rules(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["rule"], step["outcome"]) for step in found["because"]]


async def share(world: World, accepted: bool = True, **more: Any) -> Any:
    """The giver shares its signals of Oosterheem with the taker."""
    title = more.pop("title", "Samen kijken")
    term = {name: more.pop(name) for name in ("from", "until", "replaces") if name in more}
    made = await propose(
        world,
        GIVER,
        [await rule(world, GIVER, TAKER, **more)],
        title=title,
        idempotencyKey=f"voorstel-{title}",
        **term,
    )
    if accepted:
        await decide(world, TAKER, "accept", made)
    return made


# -- by the rules


async def test_without_an_agreement_it_says_so_and_what_would_help(world: World) -> None:
    partner = {"partner": await organisation(world, GIVER)}
    found = (await world.partner(TAKER).ask(OPERATION, partner))["explainAccess"]
    assert found["verdict"] == "NOT_VISIBLE" and found["precision"] is None
    [step] = found["because"]
    assert (step["rule"], step["outcome"], step["agreements"]) == ("NO_AGREEMENT", "REFUSES", [])
    assert step["text"] == ("Er geldt geen convenant waarin deze organisatie dit met u deelt.")
    assert found["whatWouldHelp"] == ["Stel een convenant voor met Corporatie A (verzonnen)."]
    assert found["askContact"] == await contact(world)


async def contact(world: World) -> str:
    """The giver's desk."""
    organisations = (await world.partner(TAKER).ask("{ organisations { name contact } }"))[
        "organisations"
    ]
    [found] = [one["contact"] for one in organisations if one["name"].startswith("Corporatie A")]
    desk: str = found
    return desk


async def test_every_field_of_a_record_has_a_name_in_both_languages(world: World) -> None:
    async with world.connect("app") as by_hand:
        fields = await by_hand.fetch("select kind, field from hub.contribution_fields")
    names = {f"{each['kind']}.{each['field']}": f"field_told.{each['field']}" for each in fields}
    assert names
    assert {name: key for name, key in names.items() if key not in LABELS} == {}


async def test_a_field_that_the_agreement_does_not_list_is_named_with_its_cure(
    world: World,
) -> None:
    await share(world)
    found = await asked_of_giver(world, "Signal.summary")
    assert (found["verdict"], found["precision"]) == ("NOT_VISIBLE", "BUURT")
    assert rules(found) == [("AGREEMENT_LEAVES_OUT", "REFUSES")]
    assert found["because"][0]["text"] == (
        "Het convenant 'Samen kijken' laat dit niet zien: samenvatting."
    )
    assert found["because"][0]["agreements"] == [{"title": "Samen kijken"}]
    assert found["whatWouldHelp"] == [
        "Vraag Corporatie A (verzonnen) om dit op te nemen in een volgende versie van "
        "'Samen kijken', als dat voor het doel nodig is: samenvatting."
    ]
    whole = await asked_of_giver(world)
    assert whole["verdict"] == "VISIBLE_REDUCED"
    assert rules(whole) == [
        ("AGREEMENT_ALLOWS", "ALLOWS"),
        ("PRECISION_TOO_LOW", "LIMITS"),
        ("AGREEMENT_LEAVES_OUT", "LIMITS"),
    ]


async def test_a_field_that_is_shown_is_visible_and_nothing_needs_help(world: World) -> None:
    await share(world, fields=["summary"])
    found = await asked_of_giver(world, "Signal.summary")
    assert found["verdict"] == "VISIBLE" and found["whatWouldHelp"] == []
    assert rules(found) == [("AGREEMENT_ALLOWS", "ALLOWS")]
    place = await asked_of_giver(world, "Signal.place")
    assert place["verdict"] == "VISIBLE_REDUCED"
    everything = ["summary", "subcategory", "seenAt", "point"]
    await share(world, title="Alles", precision="EXACT", fields=everything)
    assert (await asked_of_giver(world))["verdict"] == "VISIBLE"


async def test_a_field_too_exact_for_the_agreement_says_from_when_it_is_shown(
    world: World,
) -> None:
    await share(world, fields=["seenAt"])
    found = await asked_of_giver(world, "Signal.seenAt")
    assert rules(found) == [("PRECISION_TOO_LOW", "REFUSES")]
    assert found["because"][0]["text"].startswith(
        "Het convenant 'Samen kijken' deelt per buurt. Dit ziet u alleen bij wat precies"
    )


async def test_the_owners_alone_stays_so_under_every_agreement(world: World) -> None:
    await share(world, precision="EXACT", fields=["summary"])
    for field in ("internalNote", "version", "sourceId", "history"):
        found = await asked_of_giver(world, f"Signal.{field}")
        assert (found["verdict"], rules(found)) == ("NOT_VISIBLE", [("OWNER_ONLY", "REFUSES")])
        assert found["whatWouldHelp"] == []


async def test_a_proposal_says_for_whom_it_waits_and_only_to_its_parties(world: World) -> None:
    await share(world, accepted=False)
    found = await asked_of_giver(world)
    assert rules(found) == [("NO_AGREEMENT", "REFUSES"), ("AGREEMENT_NOT_ACCEPTED", "REFUSES")]
    lapsed = await asked_of_giver(world, on="2027-03-01")
    assert rules(lapsed) == [("NO_AGREEMENT", "REFUSES"), ("AGREEMENT_LAPSED", "REFUSES")]
    assert "wacht op Buurtwerk" in found["because"][1]["text"]
    assert found["whatWouldHelp"] == [
        "Het convenant 'Samen kijken' geldt zodra ook deze partijen het aannemen: Buurtwerk."
    ]
    asked = {"owner": await organisation(world, GIVER), "field": "Signal"}
    other = await explained(world, "handhaving", **asked)
    assert rules(other) == [("NO_AGREEMENT", "REFUSES")]


async def test_each_way_of_not_being_in_force_has_its_own_reason(world: World) -> None:
    await share(world, title="Later", **{"from": "2026-12-01", "until": "2027-01-01"})
    await share(world, title="Voorbij", **{"from": "2026-10-01", "until": "2026-11-01"})
    revoked = await share(world, title="Opgezegd")
    await decide(world, GIVER, "revoke", revoked)
    rejected = await share(world, accepted=False, title="Afgewezen")
    await decide(world, TAKER, "reject", rejected)
    found = await asked_of_giver(world)
    assert {
        (step["rule"], *(a["title"] for a in step["agreements"])) for step in found["because"]
    } == {
        ("NO_AGREEMENT",),
        ("AGREEMENT_NOT_STARTED", "Later"),
        ("AGREEMENT_ENDED", "Voorbij"),
        ("AGREEMENT_REVOKED", "Opgezegd"),
        ("AGREEMENT_REJECTED", "Afgewezen"),
    }


async def test_another_day_is_answered_from_the_terms_and_what_was_decided_by_then(
    world: World,
) -> None:
    await share(world, **{"from": "2026-12-01", "until": "2027-01-01"})
    verdicts = {
        day: (await asked_of_giver(world, on=day))["verdict"]
        for day in ("2026-11-22", "2026-11-23", "2026-12-01", "2027-01-02")
    }
    assert verdicts == {
        "2026-11-22": "NOT_VISIBLE",
        "2026-11-23": "NOT_VISIBLE",
        "2026-12-01": "VISIBLE_REDUCED",
        "2027-01-02": "NOT_VISIBLE",
    }
    before = await asked_of_giver(world, on="2026-11-22")
    assert rules(before) == [("NO_AGREEMENT", "REFUSES")], "it had not been proposed yet"


async def test_a_wijk_or_category_narrows_the_question(world: World) -> None:
    await share(world, category="NOISE")
    here = await asked_of_giver(world, wijk="WK063711", category="NOISE")
    assert here["verdict"] == "VISIBLE_REDUCED"
    elsewhere = await asked_of_giver(world, wijk="WK063708")
    assert ("OTHER_WIJK", "REFUSES") in rules(elsewhere)
    assert elsewhere["verdict"] == "NOT_VISIBLE"
    other = await asked_of_giver(world, wijk="WK063711", category="LITTER")
    assert ("OTHER_CATEGORY", "REFUSES") in rules(other)


async def test_of_two_agreements_the_more_exact_one_goes_first(world: World) -> None:
    await share(world, title="Met tekst", precision="WIJK", fields=["summary"])
    await share(world, title="Zonder tekst", precision="BUURT")
    found = await asked_of_giver(world, "Signal.summary")
    assert found["verdict"] == "NOT_VISIBLE"
    assert rules(found) == [("AGREEMENT_LEAVES_OUT", "REFUSES"), ("BETTER_AGREEMENT", "LIMITS")]


async def test_what_only_counts_says_so(world: World) -> None:
    await share(world, precision="COUNT")
    found = await asked_of_giver(world)
    assert (found["verdict"], found["precision"]) == ("NOT_VISIBLE", "COUNT")
    assert rules(found) == [("ONLY_COUNTED", "REFUSES")]
    counts = await asked_of_giver(world, "CountRecord")
    assert rules(counts)[0] == ("COUNTS_ONLY", "REFUSES")
    assert counts["whatWouldHelp"] == []


@pytest.mark.parametrize("field", ["summary", "subcategory", "point", "seenAt"])
async def test_of_police_the_hub_has_codes_alone_and_no_agreement_changes_that(
    world: World, field: str
) -> None:
    asked = {"owner": await organisation(world, "wijkagent"), "field": f"Signal.{field}"}
    for state in ("none", "proposed", "accepted"):
        if state == "proposed":
            shared = [await rule(world, "wijkagent", TAKER, precision="BUURT")]
            made = await propose(world, "wijkagent", shared, **WEIGHED)
        elif state == "accepted":
            await decide(world, TAKER, "accept", made)
        found = await explained(world, TAKER, **asked)
        assert rules(found)[0] == ("CODES_ONLY", "REFUSES"), state
        assert (found["verdict"], found["whatWouldHelp"]) == ("NOT_VISIBLE", []), state


async def test_what_police_leave_out_is_not_to_be_asked_of_them(world: World) -> None:
    shared = [await rule(world, "wijkagent", TAKER, precision="WIJK")]
    made = await propose(world, "wijkagent", shared, title="Met politie", **WEIGHED)
    await decide(world, TAKER, "accept", made)
    node = await report(world, "wijkagent", 20, summary=None, internalNote=None)
    owner = await organisation(world, "wijkagent")
    for asked in ({"owner": owner, "field": "Signal"}, {"node": node}):
        found = await explained(world, TAKER, **asked)
        assert ("CODES_ONLY", "LIMITS") in rules(found)
        assert found["whatWouldHelp"] == [
            "Vraag Politie, wijkagenten om in een volgende versie van 'Met politie' per buurt te "
            "delen, als dat voor het doel nodig is."
        ]


async def test_only_a_proposal_that_would_show_it_is_offered(world: World) -> None:
    await share(world, accepted=False, title="Zonder tekst")
    without = await asked_of_giver(world, "Signal.summary")
    assert without["whatWouldHelp"] == ["Stel een convenant voor met Corporatie A (verzonnen)."]
    await share(world, accepted=False, title="Met tekst", fields=["summary"])
    found = await asked_of_giver(world, "Signal.summary")
    assert found["whatWouldHelp"] == [
        "Het convenant 'Met tekst' geldt zodra ook deze partijen het aannemen: Buurtwerk."
    ]
    waiting = [step["agreements"][0]["title"] for step in found["because"] if step["agreements"]]
    assert set(waiting) == {"Zonder tekst", "Met tekst"}, "why not: both are told"


async def test_a_proposal_that_another_agreement_goes_before_is_not_offered(world: World) -> None:
    """Of two that are equally exact the one that was agreed first goes first."""
    made = await share(world)
    asking = (
        "Vraag Corporatie A (verzonnen) om dit op te nemen in een volgende versie van "
        "'Samen kijken', als dat voor het doel nodig is: samenvatting."
    )
    await share(world, accepted=False, title="Ook met tekst", fields=["summary"])
    assert (await asked_of_giver(world, "Signal.summary"))["whatWouldHelp"] == [asking]
    await share(world, accepted=False, title="Precies", precision="EXACT", fields=["summary"])
    await share(world, accepted=False, title="Versie twee", fields=["summary"], replaces=made[0])
    found = await asked_of_giver(world, "Signal.summary")
    assert set(found["whatWouldHelp"]) == {
        asking,
        "Het convenant 'Precies' geldt zodra ook deze partijen het aannemen: Buurtwerk.",
        "Het convenant 'Versie twee' geldt zodra ook deze partijen het aannemen: Buurtwerk.",
    }


async def test_a_next_version_that_shows_the_same_does_not_help(world: World) -> None:
    made = await share(world)
    await share(world, accepted=False, title="Het vervolg", replaces=made[0])
    told = (await asked_of_giver(world))["whatWouldHelp"]
    assert told and not any("Het vervolg" in each for each in told)


async def test_what_ended_without_it_is_not_to_be_renewed_for_it(world: World) -> None:
    await share(world, title="Voorbij", **{"from": "2026-10-01", "until": "2026-11-01"})
    assert (await asked_of_giver(world))["whatWouldHelp"][0] == (
        "Stel een vervolg voor op het convenant 'Voorbij'."
    )
    text = await asked_of_giver(world, "Signal.summary")
    assert text["whatWouldHelp"] == ["Stel een convenant voor met Corporatie A (verzonnen)."]


async def test_the_answer_comes_in_english_on_request(world: World) -> None:
    asked = {"owner": await organisation(world, GIVER), "field": "Signal"}
    answer = await world.partner(TAKER).ask(EXPLAIN, {"in": asked}, **{"Accept-Language": "en"})
    assert answer["explainAccess"]["whatWouldHelp"] == [
        "Propose an agreement with Corporatie A (verzonnen)."
    ]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "BAD_ARGUMENT"),
        ({"field": "Signal"}, "BAD_ARGUMENT"),
        ({"field": "Signaal", "owner": "self"}, "BAD_ARGUMENT"),
        ({"field": "Signal.geheim", "owner": "self"}, "BAD_ARGUMENT"),
        ({"field": "Signal", "owner": "unknown"}, "UNKNOWN_ORGANISATION"),
        ({"field": "Signal", "action": "WRITE", "on": "2026-11-23"}, "BAD_ARGUMENT"),
        ({"node": "unknown", "owner": "self"}, "BAD_ARGUMENT"),
        ({"node": "x"}, "BAD_ID"),
    ],
)
async def test_a_question_that_cannot_be_is_refused(
    world: World, asked: dict[str, str], code: str
) -> None:
    known = {
        "self": await organisation(world, TAKER),
        "unknown": encode("Organisation", UUID(int=7)),
    }
    given = {name: known.get(value, value) for name, value in asked.items()}
    body = await world.partner(TAKER).answer(EXPLAIN, {"in": given})
    assert [error["extensions"]["code"] for error in body["errors"]] == [code]


# -- of a record


async def test_absent_and_hidden_get_the_same_bytes(world: World) -> None:
    hidden = await report(world, GIVER, 20)
    absent = encode("Signal", UUID(int=5))
    for field in (None, "summary"):
        for action in ("READ", "WRITE"):
            answers = [
                (
                    await world.partner(TAKER).post(
                        EXPLAIN, {"in": {"node": id_, "field": field, "action": action}}
                    )
                ).json()["data"]
                for id_ in (hidden, absent)
            ]
            assert answers[0] == answers[1]
            [step] = answers[0]["explainAccess"]["because"]
            assert step["rule"] == "HIDDEN_OR_ABSENT"


async def test_of_a_record_that_one_sees_it_says_by_which_agreement_and_what_is_left_out(
    world: World,
) -> None:
    await share(world, fields=["summary"])
    node = await report(world, GIVER, 20)
    found = await explained(world, TAKER, node=node)
    assert (found["verdict"], found["precision"]) == ("VISIBLE_REDUCED", "BUURT")
    assert rules(found) == [
        ("AGREEMENT_ALLOWS", "ALLOWS"),
        ("PRECISION_TOO_LOW", "LIMITS"),
        ("AGREEMENT_LEAVES_OUT", "LIMITS"),
    ]
    assert (await explained(world, TAKER, node=node, field="summary"))["verdict"] == "VISIBLE"
    hidden = await explained(world, TAKER, node=node, field="Signal.seenAt")
    assert (hidden["verdict"], rules(hidden)[1][0]) == ("NOT_VISIBLE", "PRECISION_TOO_LOW")
    own = await explained(world, TAKER, node=node, field="internalNote")
    assert rules(own) == [("OWNER_ONLY", "REFUSES")]
    assert await noted(world) > 0, "looking at another's record is noted"


async def test_a_writers_cap_is_told_to_who_sees_less_by_it(world: World) -> None:
    await share(world, precision="EXACT", fields=["summary", "point"])
    taker = await organisation(world, TAKER)
    cap = [{"organisation": taker, "precision": "WIJK", "withSummary": False}]
    node = await report(world, GIVER, 20, shareAt=cap)
    found = await explained(world, TAKER, node=node)
    assert ("WRITERS_CAP", "LIMITS") in rules(found)


async def test_an_owner_is_told_per_receiver_what_it_sees_and_why(world: World) -> None:
    await share(world, fields=["summary"])
    later = [await rule(world, GIVER, "handhaving", keepDays=30)]
    await propose(world, GIVER, later, title="Straks", idempotencyKey="voorstel-straks")
    counting = [await rule(world, GIVER, "wijkregisseur", precision="COUNT")]
    counted = await propose(world, GIVER, counting, title="Tellen", idempotencyKey="tellen-01")
    await decide(world, "wijkregisseur", "accept", counted)
    other = [await rule(world, GIVER, "bewoners", category="LITTER")]
    agreed = await propose(world, GIVER, other, title="Afval", idempotencyKey="voorstel-afval")
    await decide(world, "bewoners", "accept", agreed)
    node = await report(world, GIVER, 20)
    found = await explained(world, GIVER, node=node)
    assert (found["verdict"], found["precision"]) == ("VISIBLE", "EXACT")
    told = {
        (step["organisation"] and step["organisation"]["name"].split(" ")[0], step["rule"])
        for step in found["because"]
    }
    assert told == {
        (None, "OWN"),
        ("Buurtwerk", "AGREEMENT_ALLOWS"),
        ("Buurtwerk", "PRECISION_TOO_LOW"),
        ("Buurtwerk", "AGREEMENT_LEAVES_OUT"),
        ("Team", "AGREEMENT_NOT_ACCEPTED"),
        ("Gemeente", "ONLY_COUNTED"),
        ("Bewoners", "OTHER_CATEGORY"),
    }
    assert any(
        step["text"] == "Buurtwerk: het convenant 'Samen kijken' laat dit zien."
        for step in found["because"]
    )


async def test_an_owner_is_told_that_a_record_is_too_old_came_too_early_or_was_capped(
    world: World,
) -> None:
    early = await report(world, GIVER, 20)
    await world.set_now(datetime(2026, 12, 1, 12, tzinfo=UTC))
    await share(world, keepDays=30, **{"from": "2026-11-25", "until": "2027-10-31"})
    late = await report(world, GIVER, 21)
    capped = await report(world, GIVER, 22, shareAt=[])
    nobody = await explained(world, "corporatie-b", node=await report(world, "corporatie-b", 23))
    assert rules(nobody)[1:] == [("SHARED_WITH_NOBODY", "LIMITS")]
    assert rules(await explained(world, GIVER, node=early))[1:] == [
        ("PAST_NOT_INCLUDED", "REFUSES")
    ]
    assert rules(await explained(world, GIVER, node=capped))[1:] == [("WRITERS_CAP", "REFUSES")]
    assert rules(await explained(world, GIVER, node=late))[1][0] == "AGREEMENT_ALLOWS"
    await world.set_now(datetime(2027, 1, 15, 12, tzinfo=UTC))
    assert rules(await explained(world, GIVER, node=late))[1:] == [("KEPT_LONG_ENOUGH", "REFUSES")]


async def test_an_owner_is_told_of_a_dataset_that_is_never_shared(world: World) -> None:
    await share(world)
    node = await report(world, GIVER, 20)
    assert rules(await explained(world, GIVER, node=node))[1][0] == "AGREEMENT_ALLOWS"
    async with world.connect("superuser") as root:
        await root.execute(
            "update hub.signals set profile = 'ffffffff-ffff-ffff-ffff-ffffffffffff', version = 2"
        )
    assert rules(await explained(world, GIVER, node=node))[1:] == [("NEVER_SHARED", "REFUSES")]


async def test_what_is_no_record_is_public_or_of_its_parties(world: World) -> None:
    id_, _ = await share(world)
    party = await explained(world, TAKER, node=id_)
    assert (party["verdict"], rules(party)) == ("VISIBLE", [("PARTY", "ALLOWS")])
    other = await explained(world, "handhaving", node=id_)
    assert rules(other) == [("HIDDEN_OR_ABSENT", "REFUSES")]
    public = await explained(world, TAKER, node=await organisation(world, GIVER))
    assert rules(public) == [("PUBLIC", "ALLOWS")]


# -- writing


async def test_one_writes_ones_own_where_one_works_with_a_token_that_may(world: World) -> None:
    own = await explained(world, TAKER, field="Signal.summary", action="WRITE")
    assert (own["verdict"], rules(own)) == (
        "ALLOWED",
        [("OWN", "ALLOWS"), ("WORKS_HERE", "ALLOWS")],
    )
    giver = await organisation(world, GIVER)
    other = await explained(world, TAKER, field="Signal", action="WRITE", owner=giver)
    assert (other["verdict"], rules(other)) == ("NOT_ALLOWED", [("NOT_YOURS", "REFUSES")])
    kept = await explained(world, TAKER, field="Signal.version", action="WRITE")
    assert ("HUB_KEEPS", "REFUSES") in rules(kept)
    codes = await explained(world, "wijkagent", field="Signal.summary", action="WRITE")
    assert ("CODES_ONLY", "REFUSES") in rules(codes)
    assert codes["whatWouldHelp"] == ["Laat dit veld leeg, en gebruik de categorie."]


async def test_writing_where_one_does_not_work_or_without_the_scope_is_explained(
    world: World,
) -> None:
    async with world.connect("owner") as owner:
        await owner.execute(
            "update hub.organisation_wijken w set works_until = hub.today() - 1"
            " from hub.wijk_versions v where v.wijk = w.wijk and v.code = 'WK063708'"
        )
        await owner.execute("update hub.tokens set scopes = '{read}' where name = 'buurtwerk'")
    found = await explained(world, TAKER, field="Signal", action="WRITE", wijk="WK063708")
    assert found["verdict"] == "NOT_ALLOWED"
    assert ("SCOPE_LACKING", "REFUSES") in rules(found)
    assert ("WORK_IN_WIJK", "REFUSES") in rules(found)
    assert len(found["whatWouldHelp"]) == 2
