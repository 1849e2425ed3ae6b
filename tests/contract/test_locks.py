# SPDX-License-Identifier: EUPL-1.2
"""Who waits for whom: no caller's text names another's lock, a proposal and a delivery hold up no
decision, and what is decided meanwhile holds for what is delivered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.ids import decode_as
from sql.statements import statements
from tests.conftest import World
from tests.contract.agreeing import Proposal, agree, decide, organisation, propose, rule
from tests.contract.lookup3 import colliding, hashed
from tests.contract.test_agreement_versions import REPORT, SIGNALS, A, B, C, D, report
from tests.contract.writing import PUSH
from tests.isolation.play import Connection, as_asker
from tests.partner import Partner

pytestmark = pytest.mark.anyio

# Locks of the hub, of a gemeente and of an organisation in it.
OF_ALL = ("feed_batch", "rollups", "seals", "editions", "onboarding")
OF_ONE = ("sharing", "counts", "slices")

DECIDE = "insert into hub.agreement_decisions (agreement, version, decision) values ($1, $2, $3)"
AGREEMENT = """insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from,
  valid_until, parties) values ($1, 'T', 'D', 'G', 'C', '2026-11-01', '2027-10-31', $2)
  returning version"""
RULE = """insert into hub.agreement_rules (agreement, version, number, provider, receiver, wijken,
  kind, precision) select $1, $2, 1, $3, $4, array[v.wijk], 'SIGNAL', 'EXACT'
  from hub.wijk_versions v where v.code = 'WK063711' and v.year = 2025"""
SIGNAL = """insert into hub.signals (id, dataset, wijk, category, seen_at)
  select hub.new_id(), 'woonoverlast-meldingen', v.wijk, 'NOISE', hub.now()
  from hub.wijk_versions v where v.code = 'WK063711' and v.year = 2025"""
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


async def id_of(world: World, token: str) -> UUID:
    """The organisation of a token."""
    return decode_as("Organisation", await organisation(world, token))


@asynccontextmanager
async def meanwhile(world: World, token: str) -> AsyncIterator[Connection]:
    """A transaction of a partner's that runs until the end of the block, and is committed then."""
    asker = await id_of(world, token)
    async with world.connect("app") as by_hand, as_asker(by_hand, "GM0637", asker):
        yield by_hand


async def decides(by_hand: Connection, agreement: Proposal, decision: str) -> None:
    """Decides in a transaction that goes on."""
    id_ = decode_as("Agreement", agreement[0])
    await by_hand.execute(DECIDE, id_, agreement[1], decision)


async def waiting(world: World, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Work that has begun, and that waits for a lock."""
    task = asyncio.create_task(work)
    async with world.connect("superuser") as watcher:
        while not (task.done() or await watcher.fetchval(WAITING)):  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert not task.done(), "it did not wait"
    return task


async def shown(world: World, token: str) -> list[tuple[int, str]]:
    """By which version, and how exactly, a partner sees each record of others."""
    nodes = (await world.partner(token).ask(SIGNALS))["wijk"]["signals"]["nodes"]
    return [(node["agreement"]["version"], node["precision"]) for node in nodes]


async def granted(world: World) -> set[int]:
    """The versions by which anything is granted."""
    async with world.connect("superuser") as behind:
        return {row[0] for row in await behind.fetch("select version from hub.grants")}


def row() -> dict[str, Any]:
    """A row of a delivery."""
    return {
        "externalId": "L-1",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-22T21:00:00+01:00",
        "status": "NEW",
    }


def delivery(key: str) -> dict[str, Any]:
    """The variables of a delivery of one row."""
    return {
        "rows": [row()],
        "delivery": {"dataset": "woonoverlast-meldingen", "idempotencyKey": key},
    }


# -- numbers of locks


async def test_no_key_meets_the_lock_of_another(world: World) -> None:
    """For every lock there is a key with the same plain hash; it meets none of them."""
    me, other = await id_of(world, A), await id_of(world, C)
    mine = f"hub.key/GM0637/{me}/"
    names = [f"hub.{lock}/GM0637" for lock in OF_ALL]
    names += [f"hub.{lock}/GM0637/{other}" for lock in OF_ONE]
    async with world.connect("superuser") as holder, holder.transaction():
        for name in names:
            await holder.fetch("select pg_advisory_xact_lock(hub.lock_number($1))", name)
            await holder.fetch("select pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        for name in names:
            key = colliding(mine, hashed(name))
            same = "select hashtextextended($1, 0) = hashtextextended($2, 0)"
            assert await holder.fetchval(same, mine + key, name)
            same = "select hub.lock_number($1) = hub.lock_number($2)"
            assert not await holder.fetchval(same, mine + key, name)
            done = (await world.partner(A).ask(PUSH, delivery(key)))["pushSignals"]
            assert done["errors"] == []


async def test_every_lock_has_a_number_that_the_database_makes(world: World) -> None:
    async with world.connect("superuser") as behind:
        sources = await behind.fetch(
            "select proname, prosrc from pg_proc where pronamespace = 'hub'::regnamespace"
        )
    texts = dict(sources)
    texts |= {name: statement.text for name, statement in statements().items()}
    taken = {
        name: found
        for name, text in texts.items()
        if (found := re.findall(r"advisory_xact_lock(?:_shared)?\((hub\.\w+)?", text))
    }
    assert len(taken) > 10
    assert {by for found in taken.values() for by in found} == {
        "hub.lock_number", "hub.rollups_lock", "hub.seals_lock", "hub.sharing_lock",
        "hub.slices_lock",
    }  # fmt: skip
    assert [name for name, text in texts.items() if "hashtext" in text] == []


async def test_two_databases_have_other_numbers(world: World) -> None:
    number = "select hub.lock_number('hub.sharing/GM0637')"
    async with world.connect("superuser") as behind:
        first = await behind.fetchval(number)
        assert await behind.fetchval(number) == first
        await behind.execute("update hub.lock_secret set secret = sha256('another')")
        assert await behind.fetchval(number) != first


# -- agreements and deliveries


async def test_a_proposal_makes_nobody_wait(world: World) -> None:
    """Neither about whom it is, nor the parties of the agreement of which it is a next version."""
    agreement = await agree(world, [await rule(world, A, B)], A, B)
    giver, receiver = await id_of(world, A), await id_of(world, B)
    async with meanwhile(world, B) as by_hand:
        for id_ in (uuid4(), decode_as("Agreement", agreement[0])):
            version = await by_hand.fetchval(AGREEMENT, id_, [giver, receiver])
            await by_hand.execute(RULE, id_, version, giver, receiver)
            await by_hand.execute(DECIDE, id_, version, "ACCEPT")
        await report(world, A)
        await agree(world, [await rule(world, A, C)], A, C, idempotencyKey="ander-convenant")
        assert (await decide(world, A, "revoke", agreement))["errors"] == []


async def test_a_decision_does_not_wait_for_a_delivery(world: World) -> None:
    """A revocation goes through while a new slice is not committed yet, and holds for it."""
    agreement = await agree(world, [await rule(world, A, B)], A, B)
    async with meanwhile(world, A) as by_hand:
        await by_hand.execute(SIGNAL)
        assert (await decide(world, B, "revoke", agreement))["errors"] == []
    assert await shown(world, B) == []
    assert await granted(world) == set()


async def test_a_slice_that_is_not_looked_at_again_would_be_shown(world: World) -> None:
    """The fault that the test before looks for."""
    agreement = await agree(world, [await rule(world, A, B)], A, B)
    async with world.connect("owner") as owner:
        await owner.execute("alter table hub.slices disable trigger granted")
    async with meanwhile(world, A) as by_hand:
        await by_hand.execute(SIGNAL)
        await decide(world, B, "revoke", agreement)
    assert await granted(world) == {1}


async def test_what_began_during_a_delivery_shows_it(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)])
    async with meanwhile(world, A) as by_hand:
        await by_hand.execute(SIGNAL)
        assert (await decide(world, B, "accept", agreement))["errors"] == []
    assert await shown(world, B) == [(1, "BUURT")]


async def test_a_delivery_waits_for_a_decision_about_its_sender_alone(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B), await rule(world, B, A)])
    async with meanwhile(world, B) as by_hand:
        await decides(by_hand, agreement, "ACCEPT")
        await report(world, C)
        delivering = await waiting(world, report(world, A))
    await delivering
    assert await shown(world, B) == [(1, "BUURT")]


async def retained(world: World) -> int:
    """Retention of signals, as every day: how many went."""
    went = 0
    async with world.connect("owner") as owner:
        while some := await owner.fetchval("select hub.retain('GM0637', 'SIGNAL', 'OPEN', 9)"):
            went += some
    return went


async def test_retention_makes_nobody_wait_for_a_strangers_decision(world: World) -> None:
    """What it takes away of one owner is committed before that of the next."""
    async with world.connect("owner") as owner:
        await owner.execute(
            "insert into hub.retention_rules (gemeente, kind, state, days)"
            " values ('GM0637', 'SIGNAL', 'OPEN', 200)"
        )
    await report(world, A)
    await report(world, C)
    await world.set_now(datetime(2027, 9, 1, 12, tzinfo=UTC))
    ours = await propose(world, A, [await rule(world, A, B)])
    theirs = await propose(world, C, [await rule(world, C, D)])
    async with meanwhile(world, D) as by_hand:
        await decides(by_hand, theirs, "ACCEPT")
        running = await waiting(world, retained(world))
        assert (await decide(world, B, "accept", ours))["errors"] == []
    assert await running == 2


async def test_decisions_on_one_version_take_turns(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)])
    async with meanwhile(world, A) as by_hand:
        await decides(by_hand, agreement, "REVOKE")
        accepting = await waiting(world, decide(world, B, "accept", agreement))
    assert [error["code"] for error in (await accepting)["errors"]] == ["ALREADY_DECIDED"]


@pytest.mark.parametrize(
    ("first", "second"), [((1, "REVOKE"), (2, "accept")), ((2, "ACCEPT"), (1, "revoke"))]
)
async def test_decisions_on_two_versions_see_each_other(
    world: World, first: tuple[int, str], second: tuple[int, str]
) -> None:
    """One ends the version in force while the other is the last to accept the next one."""
    await report(world, A)
    sees_past = {"includesPast": True}
    agreement = await agree(world, [await rule(world, A, B, **sees_past)], A, B)
    exact = [await rule(world, A, B, precision="EXACT", **sees_past)]
    await propose(world, A, exact, replaces=agreement[0], idempotencyKey="volgende-versie")
    async with meanwhile(world, B) as by_hand:
        await decides(by_hand, (agreement[0], first[0]), first[1])
        deciding = await waiting(world, decide(world, B, second[1], (agreement[0], second[0])))
    assert (await deciding)["errors"] == []
    assert await granted(world) == {2}
    assert await shown(world, B) == [(2, "EXACT")]


# -- somebody else is busy


async def test_a_turn_that_does_not_come_is_busy_and_can_be_tried_again(world: World) -> None:
    partner: Partner = world.partner(A)
    async with meanwhile(world, A) as by_hand:
        await by_hand.fetch(statements()["write_turn"].text, "levering-een", None)
        busy = (await partner.ask(PUSH, delivery("levering-een")))["pushSignals"]
        assert [error["code"] for error in busy["errors"]] == ["BUSY"]
    done = (await partner.ask(PUSH, delivery("levering-een")))["pushSignals"]
    assert done["summary"] == [{"outcome": "CREATED", "rows": 1}]


async def test_a_decision_whose_turn_does_not_come_is_busy(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)])
    async with meanwhile(world, A) as by_hand:
        await decides(by_hand, agreement, "REVOKE")
        payload = await decide(world, B, "accept", agreement)
        assert [error["code"] for error in payload["errors"]] == ["BUSY"]


async def test_a_delivery_that_waits_too_long_for_a_decision_is_not_stored(world: World) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)])
    given = {
        "idempotencyKey": "melding-een",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-22T21:00:00+01:00",
    }
    async with meanwhile(world, B) as by_hand:
        await decides(by_hand, agreement, "ACCEPT")
        answer = await world.partner(A).post(REPORT, {"in": given})
        assert (answer.status_code, "data" in answer.json()) == (503, False)
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["errors"][0]["extensions"]["code"] == "BUSY"
    own = await world.partner(A).ask("{ mySlice { signals { total } } }")
    assert own["mySlice"]["signals"]["total"] == 0
    await report(world, A)
    assert await shown(world, B) == [(1, "BUURT")]


# -- a decision comes last

ME = 'idempotencyKey: "een-sleutel", dataset: "woonoverlast-meldingen"'
PUSHED = f"pushSignals(input: {{delivery: {{{ME}}}, rows: []}}) {{ errors {{ code }} }}"
DECIDED = "Agreement(input: {id: $id, version: 1}) { errors { code } }"
LEFT = 'offboardPartner(input: {organisation: $id, reason: "weg"}) { errors { code } }'


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (f"{{ accept{DECIDED} {PUSHED} }}", "acceptAgreement"),
        (f"{{ reject{DECIDED} {PUSHED} }}", "rejectAgreement"),
        (f"{{ last: revoke{DECIDED} {PUSHED} }}", "revokeAgreement"),
        (f"{{ {LEFT} {PUSHED} }}", "offboardPartner"),
        (f"{{ accept{DECIDED} __typename }}", "acceptAgreement"),
        (f"{{ a: accept{DECIDED} b: accept{DECIDED} }}", "acceptAgreement"),
        (f"{{ accept{DECIDED} {PUSHED} accept{DECIDED} }}", "acceptAgreement"),
        (f"{{ ...F {PUSHED} }} fragment F on Mutation {{ accept{DECIDED} }}", "acceptAgreement"),
        (f"{{ ... {{ accept{DECIDED} }} ... {{ {PUSHED} }} }}", "acceptAgreement"),
        (f"{{ accept{DECIDED} ...F }} fragment F on Mutation {{ {PUSHED} }}", "acceptAgreement"),
        (
            f"{{ ... @skip(if: false) {{ accept{DECIDED} }} p: {PUSHED} }}",
            "acceptAgreement",
        ),
    ],
)
async def test_nothing_comes_after_a_decision(world: World, text: str, field: str) -> None:
    agreement = await propose(world, A, [await rule(world, A, B)])
    given = {"id": agreement[0]}
    answer = await world.partner(B).answer("mutation($id: ID!) " + text, given)
    assert "data" not in answer
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "DECISION_NOT_LAST"
    assert field in error["message"]
    assert (await decide(world, B, "accept", agreement))["errors"] == []


@pytest.mark.parametrize(
    "text",
    [
        f"{{ {PUSHED} accept{DECIDED} }}",
        f"{{ ...F ...F }} fragment F on Mutation {{ {PUSHED} accept{DECIDED} }}",
        f"{{ accept{DECIDED} ... {{ accept{DECIDED} }} }}",
    ],
)
async def test_a_decision_may_come_last(world: World, text: str) -> None:
    agreement = await propose(world, B, [await rule(world, A, B)])
    done = await world.partner(A).ask("mutation($id: ID!) " + text, {"id": agreement[0]})
    assert done["acceptAgreement"] == {"errors": []}
