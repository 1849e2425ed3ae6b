# SPDX-License-Identifier: EUPL-1.2
"""The proof for writing: two copies of a world stay the same when one is written to by plans and
the other by the reference. Every answer is the same bytes, and so is the ledger at the end.
"""

from __future__ import annotations

import asyncio
import random

import asyncpg
import orjson

from tests.conftest import Cluster
from tests.isolation.non_interference import ASKERS, a_base, at_rest
from tests.isolation.pair import Base, Side, a_pair, memory_of, settle
from tests.isolation.play import Connection
from tests.isolation.sessions import Asking
from tests.ledger import ledger
from tests.proofs.proof import Outcome, Proof, together

STEPS = 25
KINDS = ("mutation", "mutation", "query")
LEDGER = """select owner, reader, actor, agreement, version, kind, records, fields, operation
  from hub.read_ledger order by at, owner, agreement, kind, fields, records, operation"""


def carry_out(cluster: Cluster, numbers: range) -> Outcome:
    """The sessions with these numbers; raises AssertionError where the worlds differ."""

    async def prove() -> Outcome:
        done = []
        async with at_rest(cluster) as root:
            for number in numbers:
                async with a_base(cluster, root, number % len(ASKERS)) as base:
                    done.append(await _session(base, root, number))
        return together(done)

    with asyncio.Runner() as runner:
        return runner.run(prove())


async def _session(base: Base, root: Connection, number: int) -> Outcome:
    rng = random.Random(number)
    memory = memory_of(base, [])
    told = 0
    async with a_pair(base, root, number, planned=(True, False)) as sides:
        for _ in range(STEPS):
            operation = Asking(rng, memory).operation(rng.choice(KINDS))
            planned, known = [await side.ask(operation) for side in sides]
            assert planned == known, f"session {number}: {operation}\n{planned}\n{known}"
            data = orjson.loads(known[2]).get("data")
            memory.learn(data)
            told += data is not None
        await settle(sides)
        first, second = [await _ledger(side) for side in sides]
        assert first == second, f"session {number}: {first}\n{second}"
    return Outcome({"sessions": 1, "operations": STEPS, "answered with data": told})


async def _ledger(side: Side) -> list[asyncpg.Record]:
    return await ledger(side.superuser, LEDGER)


WRITING = Proof(
    name="plan-writing",
    number=9,
    piece="session",
    carry_out=carry_out,
    long=300,
    share=10,
)
