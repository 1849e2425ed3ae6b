# SPDX-License-Identifier: EUPL-1.2
"""The contract's reading operations on a filled database, beside the same on a smaller one.

Both worlds have the same gemeenten, wijken, partners and agreements; one has fewer records. The hub
is in this process, over both; each operation goes through the HTTP application of each in turns (A,
B, B, A), asked by the municipality's wijkregisseur, who sees every record of everyone. What the
machine's own pace does to a round, it does to both, so `large ÷ small` is the median of what each
round says.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import orjson
from starlette.applications import Starlette

from hub.app import create_app
from hub.database import Addresses
from hub.settings import Settings
from resolvers.tokens import digest_of_token, new_token
from schema.ids import encode
from sql.session import Database
from tests.benchmarks.ledger import ask
from tests.scale.world import DENSE, MIDDLING, NOW, Gemeente, Size

OPERATIONS = Path(__file__).parents[1] / "contract" / "operations"
ROUNDS = 40
SHORTEST = 0.05
"""Seconds that a turn takes at least."""

GOALS = {"0c_overview": 1.15}
"""How many times as long an operation may take on the larger world, where that was promised."""

_ROLES = ("COUNCIL", "PRIVACY_OFFICER", "WIJKREGISSEUR")
_ADD_TOKEN = """
insert into hub.tokens (gemeente, organisation, name, digest, roles, scopes, expires_at)
values ($1, $2, $3, $4, $5, '{read}', $6)
"""
_TAKE_TOKEN = "delete from hub.tokens where gemeente = $1 and organisation = $2 and name = $3"


@dataclass(frozen=True, slots=True)
class Took:
    """An operation: its milliseconds on the smaller and the larger world, and how many times as
    long it took there.
    """

    name: str
    small: float
    large: float
    ratio: float

    @property
    def verdict(self) -> str:
        """Whether it is as fast as was promised."""
        goal = GOALS.get(self.name)
        return "–" if goal is None else "PASS" if self.ratio <= goal else "FAIL"


def bodies(gemeente: Gemeente) -> dict[str, bytes]:
    """The request of each operation, by its name."""
    wijk = gemeente.wijken[0].code
    partner = encode("Organisation", gemeente.organisation(MIDDLING))
    week = "{}-W{:02}".format(*(NOW - timedelta(weeks=1)).date().isocalendar())
    variables: dict[str, dict[str, Any]] = {
        "0a_me": {},
        "0b_wijk_state": {"wijk": wijk, "first": 20},
        "0c_overview": {"week": week},
        "0f_feed": {"wijk": wijk},
        "1a_monday": {"wijk": wijk, "week": week, "jaar": NOW.year},
        "2b_check": {"partner": partner, "sinds": (NOW - timedelta(weeks=2)).date().isoformat()},
        "3b_explain": {"partner": partner},
        "8a_matrix": {"op": NOW.date().isoformat()},
    }
    return {
        name: orjson.dumps(
            {"query": (OPERATIONS / f"{name}.graphql").read_text("utf-8"), "variables": given}
        )
        for name, given in variables.items()
    }


async def compare(
    small: Addresses, large: Addresses, gemeente: Gemeente, rounds: int = ROUNDS
) -> list[Took]:
    """Every operation, in one gemeente of both. Raises Refused for an answer with errors."""
    async with asked_as(small, gemeente) as one, asked_as(large, gemeente) as other:
        return [
            await _took(name, body, (one, other), rounds) for name, body in bodies(gemeente).items()
        ]


Asking = tuple[Starlette, str]


@asynccontextmanager
async def asked_as(addresses: Addresses, gemeente: Gemeente) -> AsyncIterator[Asking]:
    """The hub over a world and the token of its municipality, while the context lasts."""
    token = new_token()
    whose = (gemeente.code, gemeente.organisation(DENSE), f"operations-{token_urlsafe(6)}")
    limits = replace(Settings().limits, rate_burst=10**12, rate_per_second=1e12)
    owner = await Database.open(addresses.owner, size=1)
    app = await Database.open(addresses.app, size=2)
    try:
        async with owner.administration() as session:
            until = NOW + timedelta(days=1)
            await (await session._begun()).execute(
                _ADD_TOKEN, *whose, digest_of_token(token), _ROLES, until
            )
        yield create_app(replace(Settings(), limits=limits), app), token
    finally:
        async with owner.administration() as session:
            await (await session._begun()).execute(_TAKE_TOKEN, *whose)
        await app.close()
        await owner.close()


async def _took(name: str, body: bytes, both: tuple[Asking, Asking], rounds: int) -> Took:
    small, large = both
    for one in both:
        await _seconds(one, body)
    found = []
    for _ in range(rounds):
        turns = [await _seconds(one, body) for one in (small, large, large, small)]
        found.append(((turns[0] + turns[3]) / 2, (turns[1] + turns[2]) / 2))
    one, other = (statistics.median(times) * 1000 for times in zip(*found, strict=True))
    return Took(name, one, other, statistics.median(b / a for a, b in found))


async def _seconds(asking: Asking, body: bytes) -> float:
    """Per answer, of a turn."""
    began, answers = time.perf_counter(), 0
    while answers == 0 or time.perf_counter() - began < SHORTEST:
        await ask(*asking, body)
        answers += 1
    return (time.perf_counter() - began) / answers


def table(small: Size, large: Size, took: list[Took]) -> Iterator[str]:
    """The operations, a line each, as docs/scale.md has them."""
    yield (
        f"| operation | {small.records:,} records, ms | {large.records:,} records, ms"
        " | large ÷ small | goal | verdict |"
    )
    yield "|---|---:|---:|---:|---:|---|"
    for one in took:
        goal = f"≤ {GOALS[one.name]}" if one.name in GOALS else "–"
        yield (
            f"| {one.name} | {one.small:.2f} | {one.large:.2f} | {one.ratio:.2f} | {goal}"
            f" | {one.verdict} |"
        )
