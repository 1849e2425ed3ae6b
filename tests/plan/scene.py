# SPDX-License-Identifier: EUPL-1.2
"""The world in which both executors are asked, and the two of them side by side.

The golden world (agreements at every precision, two weeks of signals, published numbers), in which
also other kinds are shared and partners did whatever the sessions of the proofs do: changes, faulty
deliveries, withdrawals, questions.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson

from hub.app import create_app
from hub.limits import Stores
from hub.metrics import Traffic
from hub.settings import Settings
from tests.conftest import Cluster, World
from tests.golden.town import ACCEPT, OOSTERHEEM, PROPOSE, SEGHWAERT, a_golden_world, organisation
from tests.isolation.pair import WITHOUT_END
from tests.isolation.play import Connection
from tests.isolation.sessions import SCHEMA, Asking, File, Memory, Operation
from tests.ledger import WRITE, ledger

ASKERS = ("buurtwerk", "wijkregisseur", "corporatie-a", "handhaving", "fg-buurtwerk", "raad")
ENDLESS = replace(WITHOUT_END, operation_seconds=600)
CHANGES = 120
"""How many operations of partners the world has seen."""

# Provider, receiver, kind, precision, the fields that the rule lists.
ALSO_SHARED = (
    ("buurtwerk", "corporatie-a", "ACTIVITY", "EXACT", ("title", "startsAt", "attendance")),
    ("corporatie-a", "buurtwerk", "HOUSING_PROJECT", "WIJK", ("title",)),
    ("handhaving", "buurtwerk", "ENFORCEMENT_ACTION", "BUURT", ()),
    ("corporatie-a", "wijkregisseur", "ACTIVITY", "WIJK", ()),
)

Answer = tuple[int, bytes]
Ledger = list[tuple[Any, ...]]

# What the ledger got since the world was made, which is taken out of it again.
TAKE = """
  with taken as (delete from hub.read_ledger where xid > $1 returning *)
  select t.kind, t.owner, t.agreement, t.version, t.records, t.fields, t.operation, t.trace,
    array(select unnest(t.ids) order by 1) as ids
  from taken t order by t.kind, t.owner, t.agreement, t.fields, t.records"""


@dataclass(frozen=True, slots=True)
class Side:
    """A hub that carries out operations in one of the two ways."""

    client: httpx.AsyncClient
    traffic: Traffic
    superuser: Connection
    made: Any
    """The transaction up to which the world was made."""

    async def ask(self, token: str, operation: Operation) -> tuple[Answer, Ledger]:
        """Status and body of the answer, and what the read ledger got by it."""
        request = operation.request()
        request["headers"] = {**request["headers"], "Authorization": f"Bearer {token}"}
        request["headers"]["traceparent"] = f"00-{'7' * 32}-{'7' * 16}-01"
        answer = await self.client.post(**request)
        lines = await ledger(self.superuser, TAKE, self.made)
        return (answer.status_code, answer.content), [tuple(line) for line in lines]

    def executions(self) -> dict[tuple[str, str], int]:
        """How many operations were carried out, by executor and reason."""
        found = {}
        for metric in self.traffic.registry.collect():
            for sample in metric.samples:
                if sample.name == "hub_executions_total":
                    key = (sample.labels["executor"], sample.labels["reason"])
                    found[key] = int(sample.value)
        return found


@dataclass(frozen=True, slots=True)
class Both:
    """The plan and the reference over one database, and who asks there."""

    plan: Side
    reference: Side
    tokens: dict[str, str]
    memories: dict[str, Memory]
    documents: Stores

    def forget_plans(self) -> None:
        """Lets every document be compiled anew."""
        self.documents._kept.clear()


@asynccontextmanager
async def both_executors(cluster: Cluster) -> AsyncIterator[Both]:
    """A populated world, asked in both ways. Reading leaves no trace in it: what the ledger gets is
    taken out of it again.
    """
    async with a_golden_world(cluster) as world, world.connect("superuser") as superuser:
        memories = {name: await _memory(world, name) for name in ASKERS}
        await _populate(world, memories)
        documents = Stores(SCHEMA, ENDLESS)
        async with (
            _side(world, superuser, documents, planned=True) as plan,
            _side(world, superuser, documents, planned=False) as reference,
        ):
            yield Both(plan, reference, world.cluster.tokens, memories, documents)


@asynccontextmanager
async def _side(
    world: World, superuser: Connection, documents: Stores, *, planned: bool
) -> AsyncIterator[Side]:
    traffic = Traffic()
    app = create_app(
        replace(Settings(), limits=ENDLESS, production=False),
        world.database,
        traffic=traffic,
        planned=planned,
        documents=documents,
        clock=lambda: 0.0,
        new_error_id=lambda: "0",
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        await superuser.execute(WRITE)
        made = await superuser.fetchval("select pg_current_xact_id()")
        yield Side(client, traffic, superuser, made)


async def _memory(world: World, name: str) -> Memory:
    """What a partner knows at the start, and what of others it may guess."""
    partner = world.partner(name)
    found = await partner.ask("{ wijken { id code buurten { id } } organisations { id } }")
    lived_in = [one for one in found["wijken"] if one["code"] in (OOSTERHEEM, SEGHWAERT)]
    async with world.connect("superuser") as superuser:
        hidden = await superuser.fetch(
            "select encode(convert_to(name || ':' || id, 'UTF8'), 'base64') as id from ("
            " select 'Signal' as name, id from hub.signals"
            " union all select 'Agreement', id from hub.agreements) s"
        )
    return Memory(
        own_dataset="meldingen",
        wijken=[OOSTERHEEM, SEGHWAERT, OOSTERHEEM, SEGHWAERT, "WK063700", "WK0637"],
        wijk_ids=[one["id"] for one in lived_in],
        buurten=[buurt["id"] for one in lived_in for buurt in one["buurten"]],
        organisations=[one["id"] for one in found["organisations"]],
        guesses=[*(row["id"].replace("\n", "").rstrip("=") for row in hidden), "x", "zzz"],
        keys=[f"sleutel-{number:03}" for number in range(400)],
        external_ids=[f"nr-{number}" for number in range(20)],
        words=["straat", "balie", "lamp", "glas"],
        days=["2026-11-23", "2026-11-21", "2026-11-02", "2026-12-31"],
    )


async def _populate(world: World, memories: dict[str, Memory]) -> None:
    for number, (provider, receiver, kind, precision, fields) in enumerate(ALSO_SHARED):
        giver, taker = world.partner(provider), world.partner(receiver)
        rule = {
            "provider": await organisation(giver),
            "receiver": await organisation(taker),
            "wijken": [OOSTERHEEM, SEGHWAERT],
            "kind": kind,
            "precision": precision,
            "fields": list(fields),
        }
        proposal = {
            "idempotencyKey": f"ook-delen-{number}",
            "title": f"Ook delen: {kind}",
            "purpose": "samen kijken",
            "legalBasis": "art. 6 lid 1 onder e AVG",
            "from": "2026-11-02",
            "until": "2027-10-31",
            "contact": "loket",
            "publish": number % 2 == 0,
            "rules": [rule],
        }
        made = (await giver.ask(PROPOSE, {"in": proposal}))["proposeAgreement"]
        assert made["errors"] == [], made
        await taker.ask(ACCEPT, {"in": made["agreement"]})
    rng = random.Random(7)
    for _ in range(CHANGES):
        name = rng.choice(ASKERS[:4])
        memory = memories[name]
        operation = Asking(rng, memory).operation(rng.choice(("mutation", "mutation", "query")))
        if _ends_the_world(operation):
            continue
        request = operation.request()
        transport = httpx.ASGITransport(app=world.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            token = world.cluster.tokens[name]
            request["headers"] = {**request["headers"], "Authorization": f"Bearer {token}"}
            memory.learn(orjson.loads((await client.post(**request)).content).get("data"))


def _ends_the_world(operation: Operation) -> bool:
    """Whether it could end an agreement or a partner, which others are to be asked about."""
    return any(name in operation.query for name in ("revoke", "offboard"))


__all__ = ["ASKERS", "Answer", "Both", "File", "Side", "both_executors"]
