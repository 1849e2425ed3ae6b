# SPDX-License-Identifier: EUPL-1.2
"""Ways to read others' records and to look at the logs, for tests of what they say."""

from __future__ import annotations

from typing import Any

from resolvers.partners import create_token, find_partner
from tests.conftest import World
from tests.contract.agreeing import Proposal, decide, propose, rule
from tests.contract.test_first_steps import REPORT
from tests.partner import Partner

LOOK = """query Kijken { wijk(code: "WK063711") { signals { nodes { id } } } }"""


async def report(world: World, number: int, **more: Any) -> str:
    """The id of a signal of Corporatie A in Oosterheem."""
    given = {
        "idempotencyKey": f"melding-{number:04}",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "summary": f"lawaai nummer {number}",
        **more,
    }
    made = (await world.partner("corporatie-a").ask(REPORT, {"in": given}))["reportSignal"]
    assert made["errors"] == []
    id_: str = made["signal"]["id"]
    return id_


async def share(world: World, receiver: str = "buurtwerk", **more: Any) -> Proposal:
    """Corporatie A shows its signals of Oosterheem to another, with their text."""
    shown = {"precision": "BUURT", "fields": ["summary"], **more}
    rules = [await rule(world, "corporatie-a", receiver, **shown)]
    made = await propose(world, "corporatie-a", rules, idempotencyKey=f"deel-{receiver}")
    await decide(world, receiver, "accept", made)
    return made


async def officer(world: World, slug: str, *roles: str, name: str = "fg") -> Partner:
    """Somebody of an organisation, by default its privacy officer."""
    async with world.owner() as owner, owner.administration() as session:
        partner = await find_partner(session, "GM0637", slug)
        token = await create_token(session, partner, name, roles=roles or ("PRIVACY_OFFICER",))
    return Partner(world.app, token)
