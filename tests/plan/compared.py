# SPDX-License-Identifier: EUPL-1.2
"""The proof: whatever is asked, by whomever, both executors answer the same bytes and note the same
for the read ledger.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
import pytest
from graphql import parse

from resolvers.plan import objects
from tests.conftest import Cluster
from tests.isolation.covered import Covered
from tests.isolation.sessions import SCHEMA, Operation
from tests.plan.operations import CORNERS, Writing
from tests.plan.scene import ASKERS, Both, both_executors
from tests.proofs.proof import Counts, Outcome, Proof, as_it_is

LONG = 100_000
SHARE = 5_000
MOST_FALLBACKS = 0.01
"""Of all operations that are carried out."""


class Difference(AssertionError):
    """The executors do not agree."""


async def compare(both: Both, name: str, operation: Operation) -> dict[str, Any]:
    """The answer that both give to somebody; raises Difference where they do not agree."""
    token = both.tokens[name]
    planned, noted = await both.plan.ask(token, operation)
    known, known_noted = await both.reference.ask(token, operation)
    if planned != known:
        raise Difference(_told(name, operation, planned, known))
    if noted != known_noted:
        raise Difference(_told(name, operation, noted, known_noted))
    answer: dict[str, Any] = orjson.loads(known[1])
    return answer


async def asked(both: Both, numbers: range, covered: Covered) -> Outcome:
    """Writes and asks the operations with these numbers; raises Difference at the first that is
    answered in two ways.
    """
    before = Counter(both.plan.executions())
    counts: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for number in numbers:
            # by turns, all objects are built by generated functions, and few
            patch.setattr(objects, "GENERATED_AFTER", (0, 30)[number % 2])
            try:
                corner = CORNERS[number // 25 % len(CORNERS)] if number % 25 == 0 else None
                counts += await _asked(both, random.Random(number), covered, corner)
            except Difference as difference:
                raise Difference(f"operation {number}: {difference}") from None
    after = Counter(both.plan.executions()) - before
    left = sum(n for (executor, _), n in after.items() if executor == "reference")
    return Outcome({**counts, "left to graphql-core": left}, covered.names())


async def _asked(
    both: Both, rng: random.Random, covered: Covered, corner: str | None
) -> Counter[str]:
    """One operation, maybe again with other choices, asked by somebody."""
    counts: Counter[str] = Counter()
    name = rng.choice(ASKERS)
    memory = both.memories[name]
    operation = Writing(rng, memory).operation() if corner is None else Operation(corner, {}, {})
    for each in (operation, *_again(rng, operation)):
        answer = await compare(both, name, each)
        data = answer.get("data")
        counts["operations in both executors"] += 1
        counts["answered with data"] += data is not None
        counts["with errors in the middle"] += data is not None and "errors" in answer
        if data is not None and "__schema" not in data:
            covered.note(parse(each.query), data)
            memory.learn(data)
    return counts


def _again(rng: random.Random, operation: Operation) -> list[Operation]:
    """The same document, now and then, with other choices: its plan is there already."""
    flags = [name for name in operation.variables if name.startswith("keus")]
    if not flags:
        return []
    other = {name: not operation.variables[name] for name in flags if rng.random() < 0.7}
    return [replace(operation, variables=operation.variables | other)]


def _told(name: str, operation: Operation, planned: object, known: object) -> str:
    first, second = repr(planned), repr(known)
    place = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    shown = [text[max(0, place - 300) : place + 200] for text in (first, second)]
    return (
        f"{name} asked {operation.query}\n  {operation.variables} {operation.headers}\n"
        f"  plan:      {shown[0]}\n  reference: {shown[1]}"
    )


def _carry_out(cluster: Cluster, numbers: range) -> Outcome:
    async def prove() -> Outcome:
        async with both_executors(cluster) as both:
            return await asked(both, numbers, Covered())

    with asyncio.Runner() as runner:
        return runner.run(prove())


def whole(outcome: Outcome) -> Counts:
    """The counts, when enough was told and nearly all of it by plans."""
    counts = outcome.counts
    total = counts["operations in both executors"]
    assert counts["answered with data"] > 0.9 * total, "hardly anything is answered"
    assert counts["with errors in the middle"] > 0.05 * total, "hardly anything fails"
    assert counts["left to graphql-core"] < MOST_FALLBACKS * total, "plans do not carry it"
    never = {f"Query.{name}" for name in SCHEMA.query_type.fields} - outcome.met[
        "root fields asked"
    ]
    assert not never, f"never asked: {sorted(never)}"
    return as_it_is(outcome)


AGREEMENT = Proof(
    name="plan",
    number=9,
    piece="operation",
    carry_out=_carry_out,
    long=LONG,
    share=SHARE,
    whole=whole,
)
