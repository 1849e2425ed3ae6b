# SPDX-License-Identifier: EUPL-1.2
"""Templates of agreements, and the drafts that they become."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from resolvers.templates import templates
from schema.contributions import CONTRIBUTIONS
from schema.enums import Category, OrganisationKind, Precision
from schema.ids import encode
from tests.conftest import World
from tests.contract.agreeing import decide, organisation, try_to_propose

pytestmark = pytest.mark.anyio

TEMPLATES = """{ agreementTemplates { code title description purpose legalBasis months
  interest partnership conditions
  rules { givers receivers kind category fields precision keepDays minCell } } }"""
DRAFT = """query($t: String!, $p: [ID!]!, $w: [String!]!, $from: Date, $until: Date) {
  draftAgreement(template: $t, partners: $p, wijken: $w, from: $from, until: $until) {
    title purpose legalBasis contact dpia interest partnership conditions from until
    rules { provider { id name } receiver { id name } wijken { code } kind category fields precision
      keepDays minCell includesPast } } }"""


async def drafted(
    world: World, token: str, template: str, partners: list[str], **more: Any
) -> dict[str, Any]:
    """The draft of a template between a partner and others, in Oosterheem and Seghwaert."""
    ids = [await organisation(world, each) for each in partners]
    given = {"t": template, "p": ids, "w": ["WK063711", "WK063708"], **more}
    draft: dict[str, Any] = (await world.partner(token).ask(DRAFT, given))["draftAgreement"]
    return draft


def as_input(draft: dict[str, Any]) -> dict[str, Any]:
    """A draft as proposeAgreement takes it."""
    rules = [
        {
            **rule,
            "provider": rule["provider"]["id"],
            "receiver": rule["receiver"]["id"],
            "wijken": [wijk["code"] for wijk in rule["wijken"]],
        }
        for rule in draft["rules"]
    ]
    return {**draft, "rules": rules}


async def test_the_templates_say_what_they_ask_in_both_languages(world: World) -> None:
    found = (await world.partner("buurtwerk").ask(TEMPLATES))["agreementTemplates"]
    assert [each["code"] for each in found] == ["basis-wijk", "jeugdoverlast", "alleen-aantallen"]
    english = await world.partner("buurtwerk").ask(TEMPLATES, **{"Accept-Language": "en"})
    for dutch, other in zip(found, english["agreementTemplates"], strict=True):
        assert dutch["title"] != other["title"]
        assert dutch["description"] != other["description"]
        assert dutch["rules"] == other["rules"] != []


@pytest.mark.parametrize("code", list(templates()))
def test_a_template_says_only_what_an_agreement_can_say(code: str) -> None:
    template = templates()[code]
    kinds = {each.kind.name for each in CONTRIBUTIONS}
    for rule in template.rules:
        assert {*rule.givers, *rule.receivers} <= {each.value for each in OrganisationKind}
        assert rule.kind in kinds
        assert rule.category is None or rule.category in {each.value for each in Category}
        assert rule.precision in {each.value for each in Precision}
        assert rule.kind != "COUNT" or rule.precision == "COUNT"
        assert rule.min_cell >= 5
    assert {kind for _, kind in template.datasets} <= {rule.kind for rule in template.rules}
    assert template.invites <= {kind for rule in template.rules for kind in rule.receivers}


async def test_a_draft_is_about_each_pair_where_who_gives_works(world: World) -> None:
    draft = await drafted(world, "wijkregisseur", "basis-wijk", ["school-a", "school-b"])
    assert draft["title"] == "Basisafspraak in Oosterheem en Seghwaert"
    assert (draft["from"], draft["until"]) == ("2026-11-23", "2027-11-22")
    assert draft["contact"] == "loket wijkregie"
    school = {
        (
            rule["receiver"]["name"],
            rule["kind"],
            rule["precision"],
            tuple(wijk["code"] for wijk in rule["wijken"]),
        )
        for rule in draft["rules"]
        if rule["provider"]["name"].startswith("School A")
    }
    assert school == {
        ("Gemeente Zoetermeer", "SIGNAL", "BUURT", ("WK063711",)),
        ("Gemeente Zoetermeer", "COUNT", "COUNT", ("WK063711",)),
        ("School B (verzonnen)", "SIGNAL", "WIJK", ("WK063711",)),
    }


async def test_a_draft_can_be_proposed_as_it_is(world: World) -> None:
    partners = ["corporatie-a", "handhaving", "wijkagent"]
    draft = await drafted(world, "buurtwerk", "jeugdoverlast", partners, **{"from": "2027-01-01"})
    assert draft["until"] == "2027-12-31"
    assert {rule["category"] for rule in draft["rules"]} == {"YOUTH_NUISANCE"}
    assert len(draft["rules"]) == 12  # each of four to each of three
    made = await try_to_propose(world, "buurtwerk", **as_input(draft))
    assert made["errors"] == []
    agreement = (made["agreement"]["id"], made["agreement"]["version"])
    for partner in partners:
        decided = await decide(world, partner, "accept", agreement)
    assert decided["agreement"]["waitingFor"] == []


@pytest.mark.parametrize("code", list(templates()))
async def test_a_draft_says_what_the_police_weighed_where_they_show_something(
    world: World, code: str
) -> None:
    weighed = ("interest", "partnership", "conditions")
    asked = "corporatie-a" if code == "jeugdoverlast" else "wijkregisseur"
    with_police = await drafted(world, asked, code, ["handhaving", "wijkagent"])
    for name in weighed:
        assert "controle" in with_police[name]
        assert "{" not in with_police[name]
    assert (await try_to_propose(world, asked, **as_input(with_police)))["errors"] == []
    without = await drafted(world, asked, code, ["handhaving", "buurtwerk"])
    assert [without[name] for name in weighed] == [None, None, None]


async def test_a_template_that_does_not_fit_and_partners_that_are_not_there_are_refused(
    world: World,
) -> None:
    ids = [await organisation(world, "school-a")]
    for more, code in (
        ({"t": "jeugdoverlast"}, "TEMPLATE_DOES_NOT_FIT"),
        ({"t": "geen"}, "UNKNOWN_TEMPLATE"),
        ({"w": []}, "TEMPLATE_DOES_NOT_FIT"),
        ({"p": []}, "TEMPLATE_DOES_NOT_FIT"),
        ({"w": ["WK999999"]}, "UNKNOWN_WIJK"),
        ({"p": [encode("Organisation", UUID(int=9))]}, "UNKNOWN_ORGANISATION"),
    ):
        given = {"t": "basis-wijk", "p": ids, "w": ["WK063711"], **more}
        body = await world.partner("school-b").answer(DRAFT, given)
        assert body["data"] == {"draftAgreement": None}
        assert [each["extensions"]["code"] for each in body["errors"]] == [code], more
