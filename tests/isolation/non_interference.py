# SPDX-License-Identifier: EUPL-1.2
"""Non-interference: what an organisation may not see changes no byte of what it gets.

Sessions of one organisation, each carried out over HTTP in two worlds that differ only in what it
may not see, while the others go on doing hidden things. Every ten sessions begin in a new world;
a hundred ask the same documents, each with values of its own (asked.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg

from tests.conftest import Cluster
from tests.isolation.asked import pool_of
from tests.isolation.covered import Covered
from tests.isolation.pair import (
    GEMEENTE,
    WITHOUT_END,
    Base,
    a_pair,
    connections,
    make_base,
    session,
)
from tests.isolation.play import Connection, as_asker
from tests.isolation.sessions import SCHEMA
from tests.proofs.proof import Counts, Outcome, Proof, together

ASKERS = ("buurtwerk", "gemeente", "corporatie-a")
SESSIONS_IN_WORLD = 10
SESSIONS_PER_PAIR = 2
STEPS = 16

# What nobody of the askers can be given, with the reason.
NEVER_ANSWERED: dict[str, str] = {}


@asynccontextmanager
async def at_rest(cluster: Cluster) -> AsyncIterator[Connection]:
    """The superuser, while autovacuum rests: its transactions hold up the feed at moments of its
    own choosing.
    """
    root = await asyncpg.connect(cluster.addresses.superuser)
    try:
        await root.execute("alter system set autovacuum = off")
        await root.execute("select pg_reload_conf()")
        yield root
    finally:
        await root.execute("alter system reset autovacuum")
        await root.execute("select pg_reload_conf()")
        await root.close()


@asynccontextmanager
async def a_base(cluster: Cluster, root: Connection, world: int) -> AsyncIterator[Base]:
    """The world with this number, and who asks in it; dropped at the end."""
    name = f"pair_{world}"
    base = await make_base(cluster, root, name, ASKERS[world % len(ASKERS)], world)
    base.audits = world // len(ASKERS) % 2 == 1
    async with connections(cluster, name) as (superuser, _, _):
        await _let_audit(superuser, base)
    try:
        yield base
    finally:
        await root.execute(f"drop database {name} with (force)")


async def _let_audit(superuser: Connection, base: Base) -> None:
    """The asker has an activity in its register, and everybody can read of its agreements; in every
    other three worlds it is its organisation's privacy officer.
    """
    if base.audits:
        await superuser.execute(
            "update hub.tokens set roles = array_append(roles, 'PRIVACY_OFFICER')"
            " where organisation = $1",
            base.asker,
        )
    await superuser.execute(
        "update hub.agreements set publish = true where $1 = any (parties)", base.asker
    )
    async with as_asker(superuser, GEMEENTE, base.asker):
        await superuser.execute(
            "insert into hub.processing_activities (id, code, version, valid_from, name, purpose,"
            " legal_basis) values (hub.new_id(), 'toezicht', 1, hub.today(), 'x', 'x', 'x')"
        )


async def sessions(base: Base, root: Connection, numbers: range, covered: Covered) -> Outcome:
    """Carries out the sessions with these numbers; raises when an answer differs."""
    answered = operations = 0
    for first in numbers[::SESSIONS_PER_PAIR]:
        pool = pool_of(first, WITHOUT_END)
        async with a_pair(base, root, first, documents=pool.documents) as sides:
            for number in range(first, min(first + SESSIONS_PER_PAIR, numbers.stop)):
                difference, told = await session(
                    base, sides, number, STEPS, covered, pool.operation, begins=number == first
                )
                assert difference is None, f"session {number}: {difference}"
                answered += told
                operations += STEPS
    return Outcome(
        {
            "sessions": len(numbers),
            "operations in both worlds": operations,
            "answered with data": answered,
        },
        covered.names(),
    )


def _carry_out(cluster: Cluster, numbers: range) -> Outcome:
    async def prove() -> Outcome:
        async with at_rest(cluster) as root:
            return together([one async for one in _worlds(cluster, root, numbers)])

    with asyncio.Runner() as runner:
        outcome = runner.run(prove())
    told = outcome.counts["answered with data"]
    assert told > outcome.counts["operations in both worlds"] / 2, "the sessions hardly learn"
    return outcome


async def _worlds(cluster: Cluster, root: Connection, numbers: range) -> AsyncIterator[Outcome]:
    for part in _in_worlds(numbers):
        async with a_base(cluster, root, part.start // SESSIONS_IN_WORLD) as base:
            done = await sessions(base, root, part, Covered())
            yield together([done, Outcome({"worlds": 1})])


def _in_worlds(numbers: range) -> Iterator[range]:
    """The numbers, those of one world together."""
    first = numbers.start
    while first < numbers.stop:
        until = min((first // SESSIONS_IN_WORLD + 1) * SESSIONS_IN_WORLD, numbers.stop)
        yield range(first, until)
        first = until


def whole(outcome: Outcome) -> Counts:
    """The counts, once every root field was asked, and answered with data unless it cannot be."""
    asked, told = outcome.met["root fields asked"], outcome.met["root fields answered"]
    roots = {
        f"{type_.name}.{name}"
        for type_ in (SCHEMA.query_type, SCHEMA.mutation_type)
        if type_ is not None
        for name in type_.fields
    }
    assert roots == asked, f"never asked: {sorted(roots - asked)}"
    silent = roots - told - NEVER_ANSWERED.keys()
    assert not silent, f"never answered with data: {sorted(silent)}"
    return {
        **outcome.counts,
        f"of {len(roots)} root fields answered": len(told),
        f"of {Covered.all_fields()} fields answered": len(outcome.met["fields answered"]),
    }


NON_INTERFERENCE = Proof(
    "non-interference", 1, "session", _carry_out, long=10_000, share=SESSIONS_IN_WORLD, whole=whole
)
