# SPDX-License-Identifier: EUPL-1.2
"""A small fixed world: the scene of the demo, four agreements, two weeks of signals.

The clock stands still and ids come from a seed, so every run makes the same world. Partners act
through the public API.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import asyncpg

from hub.app import create_app
from hub.daily import run_daily
from hub.demo.scene import GEMEENTE, set_scene
from hub.settings import Settings
from resolvers.numbers.publishing import publish_due
from sql.ids import IdSource
from sql.migrate import migrate
from sql.session import Database
from tests.conftest import NOW, Cluster, World
from tests.partner import Partner

NAME = "hub_golden"
OOSTERHEEM, SEGHWAERT = "WK063711", "WK063708"

# Ids that the database makes come from a sequence instead of chance.
PREDICTABLE = """
create sequence hub.golden_ids;
grant usage on sequence hub.golden_ids to hub_app, hub_door, hub_recorder;
create or replace function hub.new_id() returns uuid language sql volatile as $$
  select md5(nextval('hub.golden_ids')::text)::uuid
$$;
"""

PUSH = """mutation($delivery: Delivery!, $rows: [SignalRow!]!) {
  pushSignals(input: { delivery: $delivery, rows: $rows }) { summary { outcome rows } } }"""
PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id version } errors { code } } }"""
ACCEPT = """mutation($in: AgreementDecisionInput!) { acceptAgreement(input: $in) {
  agreement { state } errors { code } } }"""

# Provider, receiver, precision, the fields that the rule lists.
AGREEMENTS = (
    ("buurtwerk", "wijkregisseur", "BUURT", ("summary",)),
    ("corporatie-a", "wijkregisseur", "COUNT", ()),
    ("corporatie-b", "wijkregisseur", "COUNT", ()),
    ("handhaving", "buurtwerk", "WIJK", ()),
    ("corporatie-a", "buurtwerk", "EXACT", ("seenAt", "point", "summary")),
)

# Partner, wijk, category, the day in November, how many.
SIGNALS = (
    ("buurtwerk", OOSTERHEEM, "YOUTH_NUISANCE", 10, 2),
    ("buurtwerk", OOSTERHEEM, "NOISE", 17, 1),
    ("buurtwerk", SEGHWAERT, "LITTER", 18, 1),
    ("corporatie-a", OOSTERHEEM, "NOISE", 11, 6),
    ("corporatie-a", OOSTERHEEM, "NOISE", 19, 7),
    ("corporatie-b", OOSTERHEEM, "HOUSING", 12, 6),
    ("corporatie-b", OOSTERHEEM, "HOUSING", 20, 8),
    ("handhaving", OOSTERHEEM, "LITTER", 16, 2),
)

DATASETS = {
    "buurtwerk": "straatcontacten",
    "corporatie-a": "woonoverlast-meldingen",
    "corporatie-b": "overlast-en-onderhoud",
    "handhaving": "handhaving-signalen",
}
# What the rows of a partner have besides; enforcement delivers codes alone.
MORE: dict[str, dict[str, Any]] = {
    "buurtwerk": {"summary": "Gesproken op straat", "internalNote": "Voor het team"},
    "corporatie-a": {"lon": 4.535, "lat": 52.052, "summary": "Gemeld bij de balie"},
    "corporatie-b": {"subcategory": "onderhoud"},
    "handhaving": {},
}
BUURTEN = {OOSTERHEEM: "Noord", SEGHWAERT: "Tuinen"}

_keys = itertools.count(1)


@asynccontextmanager
async def a_golden_world(cluster: Cluster) -> AsyncIterator[World]:
    """The world in a database of its own, with the hub over it; dropped at the end."""
    random = Random(20261123)
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute(f"create database {NAME} owner hub_owner")
        tokens = await _set_scene(cluster, IdSource(random.randbytes))
        database = await Database.open(cluster.dsn("app", NAME), size=1)
        try:
            app = create_app(Settings(), database, ids=IdSource(random.randbytes))
            world = World(Cluster(cluster.addresses, tokens), NAME, app, database)
            await live(world)
            yield world
        finally:
            await database.close()
            await root.execute(f"drop database {NAME} with (force)")
    finally:
        await root.close()


async def _set_scene(cluster: Cluster, ids: IdSource) -> dict[str, str]:
    await migrate(cluster.dsn("owner", NAME))
    connection = await asyncpg.connect(cluster.dsn("owner", NAME))
    await connection.execute(PREDICTABLE)
    await connection.close()
    owner = await Database.open(cluster.dsn("owner", NAME), size=1)
    try:
        async with owner.administration() as session:
            await session.fetch("clock_set", _morning(2), None)
        return await set_scene(owner, ids, NOW.date())
    finally:
        await owner.close()


async def live(world: World) -> None:
    """The agreements of 2 November, the signals day by day, the numbers of the closed weeks."""
    for provider, receiver, precision, fields in AGREEMENTS:
        await _agree(world.partner(provider), world.partner(receiver), precision, fields)
    for day in range(10, 24):
        await world.set_now(_morning(day))
        for partner, wijk, category, seen, times in SIGNALS:
            if seen == day:
                rows = [_row(wijk, category, day, number) for number in range(1, times + 1)]
                await _deliver(world, partner, [row | MORE[partner] for row in rows])
        await run_daily(world.database, [GEMEENTE])
        async with world.owner() as owner:
            await publish_due(owner)
    await world.set_now(NOW)


async def _agree(
    provider: Partner, receiver: Partner, precision: str, fields: Sequence[str]
) -> None:
    rule = {
        "provider": await organisation(provider),
        "receiver": await organisation(receiver),
        "wijken": [OOSTERHEEM, SEGHWAERT],
        "kind": "SIGNAL",
        "precision": precision,
        "fields": list(fields),
    }
    proposal = {
        "idempotencyKey": f"convenant-{next(_keys)}",
        "title": f"Samen in de wijk: {precision}",
        "purpose": "overlast eerder zien",
        "legalBasis": "art. 6 lid 1 onder e AVG",
        "from": "2026-11-02",
        "until": "2027-10-31",
        "contact": "loket wijkregie",
        "rules": [rule],
    }
    made = (await provider.ask(PROPOSE, {"in": proposal}))["proposeAgreement"]
    assert made["errors"] == []
    agreed = (await receiver.ask(ACCEPT, {"in": made["agreement"]}))["acceptAgreement"]
    assert agreed == {"agreement": {"state": "IN_FORCE"}, "errors": []}


async def _deliver(world: World, partner: str, rows: list[dict[str, Any]]) -> None:
    delivery = {"dataset": DATASETS[partner], "idempotencyKey": f"levering-{next(_keys)}"}
    variables = {"delivery": delivery, "rows": rows}
    receipt = (await world.partner(partner).ask(PUSH, variables))["pushSignals"]
    assert receipt == {"summary": [{"outcome": "CREATED", "rows": len(rows)}]}, receipt


async def organisation(partner: Partner) -> str:
    """The id of a partner's organisation."""
    found: str = (await partner.ask("{ me { organisation { id } } }"))["me"]["organisation"]["id"]
    return found


def _row(wijk: str, category: str, day: int, number: int) -> dict[str, Any]:
    seen = date(2026, 11, day - 1)
    return {
        "externalId": f"{category}-{day}-{number}",
        "wijk": wijk,
        "buurt": BUURTEN[wijk],
        "category": category,
        "seenAt": f"{seen}T{8 + number:02}:00:00+01:00",
        "status": "NEW",
    }


def _morning(day: int) -> datetime:
    return datetime(2026, 11, day, 7, 30, tzinfo=UTC)
