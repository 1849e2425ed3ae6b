# SPDX-License-Identifier: EUPL-1.2
"""What an owner is told that another organisation sees of its records is what that other gets, byte
for byte.

Random worlds, in which everybody shares in many ways, are asked over HTTP: each owner how each
other sees its slice, and that other, in its own name, for the records of that owner.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from hub.app import create_app
from hub.settings import Settings
from sql.session import Database
from tests.conftest import Cluster
from tests.isolation.pair import PARTNERS, TOKENS, WIJKEN, make_base
from tests.isolation.sessions import global_id
from tests.ledger import ledger
from tests.partner import Partner

RECORDS = """total edges { cursor node {
  id owner { name } wijk { code } category subcategory status seenOn seenAt summary internalNote
  sourceId version recordedOn closedOn invented precision hidden
  place { label precision lon lat buurt { name } }
  agreement { id title state } history { nodes { change } } } }"""
TOLD = """query($who: ID!) { mySlice { asSeenBy(organisation: $who) {
  signals(first: 100) { RECORDS } } } }""".replace("RECORDS", RECORDS)
GOT = """query($who: ID!, $wijk: String!) { wijk(code: $wijk) {
  signals(first: 100, filter: { owner: $who }) { RECORDS } } }""".replace("RECORDS", RECORDS)
LEDGER = "select owner, reader, agreement, records, fields from hub.read_ledger order by id"


def by_id(page: dict[str, Any]) -> dict[str, bytes]:
    """The records of a page as they were answered, with their cursors; it counts them all."""
    found = {edge["node"]["id"]: orjson.dumps(edge) for edge in page["edges"]}
    assert page["total"] == len(page["edges"]) == len(found)
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(3))
async def test_what_another_is_said_to_see_is_what_it_gets(cluster: Cluster, seed: int) -> None:
    root = await asyncpg.connect(cluster.addresses.superuser)
    base = await make_base(cluster, root, f"seen_by_{seed}", PARTNERS[seed], 100 + seed)
    database = await Database.open(cluster.dsn("app", base.name), size=2)
    try:
        application = create_app(Settings(), database)
        partners = {
            id_: Partner(application, cluster.tokens[TOKENS.get(slug, slug)])
            for slug, id_ in zip(PARTNERS, base.world.organisations, strict=True)
        }
        assert await _compared(partners, cluster.dsn("superuser", base.name)) > 10
    finally:
        await database.close()
        await root.execute(f"drop database {base.name} with (force)")
        await root.close()


async def _compared(partners: dict[UUID, Partner], superuser: str) -> int:
    """How many records were seen by others, all of them as told."""
    behind = await asyncpg.connect(superuser)
    seen = 0
    try:
        for owner, receiver in ((o, r) for o in partners for r in partners if o != r):
            before = await ledger(behind, LEDGER)
            answer = await partners[owner].ask(TOLD, {"who": global_id("Organisation", receiver)})
            assert await ledger(behind, LEDGER) == before
            told = answer["mySlice"]["asSeenBy"]["signals"]
            expected: dict[str, bytes] = {}
            for code in WIJKEN:
                asked = {"who": global_id("Organisation", owner), "wijk": code}
                expected |= by_id((await partners[receiver].ask(GOT, asked))["wijk"]["signals"])
            assert by_id(told) == expected
            days = [edge["node"]["seenOn"] for edge in told["edges"]]
            assert days == sorted(days, reverse=True)
            seen += len(expected)
    finally:
        await behind.close()
    return seen
