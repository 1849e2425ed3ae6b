# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""What explainAccess says that somebody may see is what the doors show.

Random worlds, in which everybody shares with everybody in many ways. Each owner records something new in every wijk and of every
category; then everybody asks what it may see of everybody, and looks.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import sql.session
from hub.app import create_app
from hub.settings import Settings
from sql.session import Database
from sql.statements import statements
from tests.conftest import Cluster
from tests.isolation.model import LADDER, Agreement, Record, Rule, Signal, noon
from tests.isolation.pair import (
    PARTNERS,
    TOKENS,
    WIJKEN,
    Base,
    connections,
    make_base,
    rewrite,
)
from tests.isolation.play import CATEGORIES, Play, named
from tests.isolation.sessions import global_id
from tests.partner import Partner

pytestmark = pytest.mark.anyio

EXPLAIN = """query($in: ExplainInput!) { explainAccess(input: $in) {
  verdict precision because { rule outcome agreements { id } } } }"""
SEEN = """query($wijk: String!, $owner: ID!) { wijk(code: $wijk) {
  signals(first: 100, filter: { owner: $owner }) { nodes { id category precision hidden } } } }"""
FIELDS = ("summary", "seenAt", "point", "subcategory", "buurt", "status")
EVERY_CATEGORY = (*CATEGORIES, "OTHER")
LISTABLE = ("point", "seenAt", "subcategory", "summary")


@dataclass(frozen=True, slots=True)
class Hub:
    """A world, what is new in it, and who asks."""

    play: Play
    fresh: set[str]
    partners: dict[UUID, Partner]


@asynccontextmanager
async def a_hub(cluster: Cluster, seed: int, fault: Any = None) -> AsyncIterator[Hub]:
    """A random world over HTTP, with a new signal of everybody everywhere."""
    root = await asyncpg.connect(cluster.addresses.superuser)
    base = await make_base(cluster, root, f"explained_{seed}", PARTNERS[seed % 5], 300 + seed)
    try:
        async with connections(cluster, base.name) as (superuser, owner, app):
            if fault is not None:
                await rewrite(superuser, *fault)
            play = Play(base.world, owner, app)
            rng = random.Random(seed)
            for number in range(12):
                await _agree(play, rng, number)
            fresh = await _record_everywhere(play, rng)
            database = await Database.open(cluster.dsn("app", base.name), size=2)
            try:
                yield Hub(play, fresh, _partners(cluster, base, database))
            finally:
                await database.close()
    finally:
        await root.execute(f"drop database {base.name} with (force)")
        await root.close()


def _partners(cluster: Cluster, base: Base, database: Database) -> dict[UUID, Partner]:
    limits = replace(Settings().limits, rate_burst=10**9)
    application = create_app(replace(Settings(), limits=limits), database)
    return {
        id_: Partner(application, cluster.tokens[TOKENS.get(slug, slug)])
        for slug, id_ in zip(PARTNERS, base.world.organisations, strict=True)
    }


async def _agree(play: Play, rng: random.Random, number: int) -> None:
    """An agreement about signals between two, in any state."""
    parties = tuple(rng.sample(play.world.organisations, 2))
    begins = play.world.today + timedelta(days=rng.choice((-5, -5, 0, 3)))
    rules = tuple(
        Rule(
            *(rng.sample(parties, 2)),
            tuple(rng.sample(list(play.world.wijken), rng.choice((1, 2)))),
            rng.choice((None, None, *CATEGORIES)),
            tuple(sorted(rng.sample(LISTABLE, rng.randrange(5)))),
            rng.choice(LADDER),
        )
        for _ in range(rng.choice((1, 2, 3)))
    )
    last = begins + timedelta(days=rng.choice((1, 4, 90)))
    made = Agreement(named("explained", number), parties, begins, last, rules)
    await play.propose(parties[0], made)
    await play.decide(made.id, parties[0], "ACCEPT")
    if rng.random() < 0.8:
        await play.decide(made.id, parties[1], "ACCEPT")
        if rng.random() < 0.2:
            await play.decide(made.id, parties[0], "REVOKE")


async def _record_everywhere(play: Play, rng: random.Random) -> set[str]:
    """New signals without caps, recorded today, by everybody in each wijk of each category."""
    made = set()
    for owner in play.world.organisations:
        for wijk in play.world.wijken:
            for category in EVERY_CATEGORY:
                name = f"fresh-{owner}-{wijk}-{category}"
                record: Record = Signal(
                    id=named("explained", name),
                    owner=owner,
                    wijk=wijk,
                    category=category,
                    recorded_on=play.world.today,
                    external_id=name,
                    seen_at=noon(play.world.today),
                    summary=f"lamp {rng.randrange(9)}",
                )
                await play.create(record)
                made.add(global_id("Signal", record.id))
    return made


def _verdict(shown: list[dict[str, Any]], field: str | None) -> str:
    """What must be said of records of which these are shown."""
    if not shown:
        return "NOT_VISIBLE"
    whole = [
        one["precision"] == "EXACT" and not one["hidden"]
        if field is None
        else field not in one["hidden"]
        for one in shown
    ]
    if all(whole):
        return "VISIBLE"
    return "VISIBLE_REDUCED" if field is None or any(whole) else "NOT_VISIBLE"


async def compared(hub: Hub, seed: int) -> tuple[set[str], int]:
    """The verdicts that were given and agree with what is seen, and how many questions were asked."""
    rng = random.Random(seed)
    verdicts, asked = set(), 0
    for asker, owner in ((a, o) for a in hub.partners for o in hub.partners if a != o):
        shown: list[tuple[str, dict[str, Any]]] = []
        for wijk in WIJKEN:
            given = {"wijk": wijk, "owner": global_id("Organisation", owner)}
            nodes = (await hub.partners[asker].ask(SEEN, given))["wijk"]["signals"]["nodes"]
            shown += [(wijk, node) for node in nodes]
        fresh = [(wijk, node) for wijk, node in shown if node["id"] in hub.fresh]
        for field in (None, *FIELDS):
            wijk, category = rng.choice((None, *WIJKEN)), rng.choice((None, None, *EVERY_CATEGORY))
            question = {
                "owner": global_id("Organisation", owner),
                "field": "Signal" if field is None else f"Signal.{field}",
                "wijk": wijk,
                "category": category,
            }
            said = await _said(hub, asker, question)
            about = [
                node
                for place, node in fresh
                if wijk in (None, place) and category in (None, node["category"])
            ]
            assert said["verdict"] == _verdict(about, field), (question, about, said)
            if about:
                best = max(LADDER.index(node["precision"]) for node in about)
                assert said["precision"] == LADDER[best]
            verdicts.add(said["verdict"])
            asked += 1
        for _, node in rng.sample(shown, min(3, len(shown))):
            said = await _said(hub, asker, {"node": node["id"]})
            assert said["verdict"] == _verdict([node], None)
            assert said["precision"] == node["precision"]
            assert _explains(said, node), (said, node)
            asked += 1
    return verdicts, asked


async def _said(hub: Hub, asker: UUID, question: dict[str, Any]) -> dict[str, Any]:
    answer = await hub.partners[asker].ask(EXPLAIN, {"in": question})
    found: dict[str, Any] = answer["explainAccess"]
    return found


def _explains(said: dict[str, Any], node: dict[str, Any]) -> bool:
    """Whether what is hidden has a reason, and nothing else has."""
    reasons = {"PRECISION_TOO_LOW", "AGREEMENT_LEAVES_OUT", "WRITERS_CAP"}
    return bool(node["hidden"]) == bool(reasons & {step["rule"] for step in said["because"]})


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_said_to_be_visible_is_what_the_doors_show(
    cluster: Cluster, seed: int
) -> None:
    async with a_hub(cluster, seed) as hub:
        verdicts, asked = await compared(hub, seed)
    assert verdicts == {"VISIBLE", "VISIBLE_REDUCED", "NOT_VISIBLE"}
    assert asked > 100


FAULTS = {
    "a field that is listed is said to be shown at any precision": (
        ("field_names_shown",),
        'hub.rank_of("precision")',
        "3::smallint",
    ),
    "an agreement that has not begun counts": (
        ("agreement_state_on",),
        "on_day >= a.valid_from",
        "true",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_in_the_rules_is_found(cluster: Cluster, fault: str) -> None:
    async with a_hub(cluster, 1, FAULTS[fault]) as hub:
        with pytest.raises(AssertionError):
            await compared(hub, 1)


async def test_an_order_in_which_the_least_exact_agreement_goes_first_is_found(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = dict(statements())
    told = wrong["explain_rules"]
    old = "c.category, hub.rank_of(x.precision) desc"
    assert old in told.text
    text = told.text.replace(old, old.removesuffix(" desc"))
    wrong["explain_rules"] = dataclasses.replace(told, text=text)
    monkeypatch.setattr(sql.session, "statements", lambda: MappingProxyType(wrong))
    async with a_hub(cluster, 1) as hub:
        with pytest.raises(AssertionError):
            await compared(hub, 1)
