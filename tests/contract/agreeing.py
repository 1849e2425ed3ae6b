# SPDX-License-Identifier: EUPL-1.2
"""Proposing an agreement and deciding on one, as partners do over HTTP."""

from __future__ import annotations

from typing import Any

from tests.conftest import World

PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id version state waitingFor { name } } errors { path code message hint }
  warnings { path code message hint } } }"""

DECIDE = """mutation($in: AgreementDecisionInput!) { decided: HOWAgreement(input: $in) {
  agreement { id version state waitingFor { name } acceptedBy { name } from until }
  errors { path code message hint } warnings { path code message hint } } }"""

Proposal = tuple[str, int]

# What an agreement by which the police show something must say.
WEIGHED = {
    "interest": "Veiligheid in de wijk",
    "partnership": "Wijkoverleg Oosterheem",
    "conditions": "Niet verder delen",
}


async def organisation(world: World, token: str) -> str:
    """The global id of a partner of the scene."""
    me = (await world.partner(token).ask("{ me { organisation { id } } }"))["me"]
    id_: str = me["organisation"]["id"]
    return id_


async def rule(world: World, provider: str, receiver: str, **more: Any) -> dict[str, Any]:
    """A rule between two partners about signals in Oosterheem."""
    return {
        "provider": await organisation(world, provider),
        "receiver": await organisation(world, receiver),
        "wijken": ["WK063711"],
        "kind": "SIGNAL",
        "precision": "BUURT",
        **more,
    }


async def try_to_propose(
    world: World, token: str, rules: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """The payload of a proposal."""
    given = {
        "idempotencyKey": f"voorstel-{token}",
        "title": "Proefconvenant",
        "purpose": "samen kijken",
        "legalBasis": "verzonnen, voor een test",
        "from": "2026-11-01",
        "until": "2027-10-31",
        "contact": "loket",
        "rules": rules,
        **more,
    }
    payload: dict[str, Any] = (await world.partner(token).ask(PROPOSE, {"in": given}))[
        "proposeAgreement"
    ]
    return payload


async def propose(world: World, token: str, rules: list[dict[str, Any]], **more: Any) -> Proposal:
    """The id and version of a proposal that must be taken."""
    payload = await try_to_propose(world, token, rules, **more)
    assert payload["errors"] == []
    return payload["agreement"]["id"], payload["agreement"]["version"]


async def agree(world: World, rules: list[dict[str, Any]], *tokens: str, **more: Any) -> Proposal:
    """A proposal of the first of the partners that all of them accept."""
    agreement = await propose(world, tokens[0], rules, **more)
    for token in tokens[1:]:
        assert (await decide(world, token, "accept", agreement))["errors"] == []
    return agreement


async def decide(
    world: World, token: str, how: str, agreement: Proposal, **more: Any
) -> dict[str, Any]:
    """The payload of a decision: accept, reject or revoke."""
    given = {"id": agreement[0], "version": agreement[1], **more}
    answer = await world.partner(token).ask(DECIDE.replace("HOW", how), {"in": given})
    payload: dict[str, Any] = answer["decided"]
    return payload
