# SPDX-License-Identifier: EUPL-1.2
"""Whatever partners deliver, change, withdraw, undo, agree on or mark, and whatever day it becomes:
after each of these what is kept is what there is, and every total is what one can page through.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.retaining import run_retention
from tests.conftest import NOW, Cluster, World, a_world
from tests.contract.agreeing import Proposal, decide, propose, rule
from tests.contract.receipts import commit, undo
from tests.contract.test_never_share import MARK
from tests.contract.writing import (
    OOSTERHEEM,
    REPORT,
    SEGHWAERT,
    UPDATE,
    WITHDRAW,
    new_key,
    push,
    row,
)
from tests.rollups.keeping import GEMEENTE, compare_tallies, fold, page_through, wrong

GIVERS = ("corporatie-a", "buurtwerk")
ASKERS = (*GIVERS, "wijkregisseur", "handhaving")
DATASETS = {
    "corporatie-a": ("woonoverlast-meldingen", "tweede"),
    "buurtwerk": ("straatcontacten", "tweede"),
}
CATEGORIES = ("NOISE", "LITTER", "SAFETY")

giver = st.sampled_from(GIVERS)
which = st.integers(0, 1)
wijk = st.sampled_from((OOSTERHEEM, OOSTERHEEM, SEGHWAERT))
category = st.sampled_from(CATEGORIES)
a_row = st.tuples(st.integers(1, 8), wijk, category)


@dataclass(frozen=True)
class Push:
    giver: str
    dataset: int
    rows: list[tuple[int, str, str]]
    whole: bool
    dry: bool


@dataclass(frozen=True)
class Report:
    giver: str
    wijk: str
    category: str
    caps: list[tuple[str, str]]


@dataclass(frozen=True)
class OfRecord:
    what: str
    pick: int
    category: str


@dataclass(frozen=True)
class Undo:
    pick: int


@dataclass(frozen=True)
class Agree:
    giver: str
    receiver: str
    precision: str
    wijken: tuple[str, ...]
    category: str | None
    keep_days: int
    past: bool
    starts: int
    lasts: int


@dataclass(frozen=True)
class Revoke:
    pick: int


@dataclass(frozen=True)
class Mark:
    giver: str
    dataset: int
    never: bool
    past: bool


@dataclass(frozen=True)
class Pass:
    days: int


@dataclass(frozen=True)
class Fold:
    slices: int


@dataclass(frozen=True)
class Retain:
    days: int


pushes = st.builds(
    Push,
    giver,
    which,
    st.lists(a_row, min_size=1, max_size=8, unique_by=lambda given: given[0]),
    st.booleans(),
    st.sampled_from((False, False, False, True)),
)
agreements = st.builds(
    Agree,
    giver=giver,
    receiver=st.sampled_from(("wijkregisseur", "wijkregisseur", "handhaving")),
    precision=st.sampled_from(("EXACT", "BUURT", "WIJK", "COUNT")),
    wijken=st.sampled_from(((OOSTERHEEM,), (OOSTERHEEM, SEGHWAERT))),
    category=st.none() | category,
    keep_days=st.sampled_from((1, 3, 20, 365)),
    past=st.booleans(),
    starts=st.sampled_from((-2, 0, 0, 2)),
    lasts=st.sampled_from((4, 12, 300)),
)
steps = st.tuples(
    st.lists(pushes, min_size=1, max_size=2),
    st.lists(agreements, min_size=1, max_size=3),
    st.lists(
        st.one_of(
            pushes,
            pushes,
            agreements,
            st.builds(
                Report,
                giver,
                wijk,
                category,
                st.lists(
                    st.tuples(
                        st.sampled_from(("wijkregisseur", "handhaving")),
                        st.sampled_from(("WIJK", "COUNT")),
                    ),
                    max_size=2,
                    unique_by=lambda cap: cap[0],
                ),
            ),
            st.builds(
                OfRecord, st.sampled_from(("withdraw", "change")), st.integers(0, 30), category
            ),
            st.builds(Undo, st.integers(0, 5)),
            st.builds(Revoke, st.integers(0, 5)),
            st.builds(Mark, giver, which, st.booleans(), st.booleans()),
            st.builds(Pass, st.integers(1, 4)),
            st.builds(Fold, st.sampled_from((1, 3, 1000))),
            st.builds(Retain, st.integers(1, 3)),
        ),
        max_size=10,
    ),
).map(lambda parts: [step for part in parts for step in part])


@dataclass
class Town:
    """A world, and what is known of it to go on."""

    world: World
    day: int = 0
    receipts: list[tuple[str, str]] = field(default_factory=list)
    agreements: list[tuple[str, Proposal]] = field(default_factory=list)

    async def carry_out(self, step: Any) -> None:
        """One thing happens, through the API where a partner can do it. What is refused changes
        nothing, and is compared all the same.
        """
        match step:
            case Push():
                await self._push(step)
            case Report():
                caps = [
                    {"organisation": await self._id(name), "precision": precision}
                    for name, precision in step.caps
                ]
                given = row(wijk=step.wijk, category=step.category)
                del given["externalId"], given["status"]
                more = {"shareAt": caps} if caps else {}
                asked = {**given, **more, "idempotencyKey": new_key()}
                await self.world.partner(step.giver).ask(REPORT, {"in": asked})
            case OfRecord():
                await self._of_record(step)
            case Undo() if self.receipts:
                name, receipt = self.receipts[step.pick % len(self.receipts)]
                await undo(self.world.partner(name), receipt)
            case Agree():
                await self._agree(step)
            case Revoke() if self.agreements:
                name, agreement = self.agreements[step.pick % len(self.agreements)]
                await decide(self.world, name, "revoke", agreement)
            case Mark():
                given = {"dataset": DATASETS[step.giver][step.dataset], "neverShare": step.never}
                given |= {} if step.never else {"pastToo": step.past}
                await self.world.partner(step.giver).ask(MARK, {"in": given})
            case Pass():
                self.day += step.days
                await self.world.set_now(NOW + timedelta(days=self.day))
            case Fold():
                await fold(self.world, step.slices)
            case Retain():
                await self._retain(step.days)

    async def _push(self, step: Push) -> None:
        partner, dataset = self.world.partner(step.giver), DATASETS[step.giver][step.dataset]
        rows = [
            row(f"r-{number}", wijk=wijk, category=category) for number, wijk, category in step.rows
        ]
        mode = "SNAPSHOT" if step.whole else "UPSERT"
        receipt = await push(partner, rows, dataset, mode=mode, dryRun=step.dry)
        if step.dry:
            receipt = await commit(partner, receipt["id"])
        self.receipts.append((step.giver, receipt["id"]))

    async def _of_record(self, step: OfRecord) -> None:
        found = [
            (name, node["id"])
            for name in GIVERS
            for node in (await self.world.partner(name).ask(OWN))["mySlice"]["signals"]["nodes"]
        ]
        if not found:
            return
        name, id_ = found[step.pick % len(found)]
        if step.what == "withdraw":
            given = {"id": id_, "reason": "dubbel", "version": await self._version(name, id_)}
            await self.world.partner(name).ask(WITHDRAW, {"in": given})
        else:
            given = {"id": id_, "category": step.category}
            given["version"] = await self._version(name, id_)
            await self.world.partner(name).ask(UPDATE, {"in": given})

    async def _version(self, name: str, id_: str) -> int:
        query = "query($id: ID!) { node(id: $id) { ... on Signal { version } } }"
        version: int = (await self.world.partner(name).ask(query, {"id": id_}))["node"]["version"]
        return version

    async def _agree(self, step: Agree) -> None:
        today = (NOW + timedelta(days=self.day)).date()
        first = today + timedelta(days=step.starts)
        rules = [
            await rule(
                self.world,
                step.giver,
                step.receiver,
                precision=step.precision,
                wijken=list(step.wijken),
                category=step.category,
                keepDays=step.keep_days,
                includesPast=step.past,
            )
        ]
        term = {"from": str(first), "until": str(first + timedelta(days=step.lasts))}
        agreement = await propose(self.world, step.giver, rules, idempotencyKey=new_key(), **term)
        await decide(self.world, step.receiver, "accept", agreement)
        self.agreements.append((step.giver, agreement))

    async def _retain(self, days: int) -> None:
        async with self.world.connect("superuser") as connection:
            # the shortest terms of all, and no number to come that may count what goes
            await connection.execute(
                "insert into hub.retention_rules (gemeente, kind, state, days)"
                " select $1, 'SIGNAL', s, $2::int from unnest(array['OPEN', 'CLOSED']) s"
                " on conflict (gemeente, kind, state) do update set days = excluded.days",
                GEMEENTE,
                days,
            )
        async with self.world.owner() as owner:
            await run_retention(owner, [GEMEENTE])

    async def _id(self, name: str) -> str:
        me = (await self.world.partner(name).ask("{ me { organisation { id } } }"))["me"]
        id_: str = me["organisation"]["id"]
        return id_

    async def compare(self) -> None:
        """Every asker's totals, with what it can page through and with what is counted."""
        for asker in ASKERS:
            for wanted in await self._filters(asker):
                await page_through(self.world, asker, wanted)
        async with self.world.connect("app") as app, self.world.connect("superuser") as root:
            for (asker,) in await root.fetch("select id from hub.organisations"):
                await compare_tallies(app, asker)

    async def _filters(self, asker: str) -> list[dict[str, Any]]:
        return [
            {},
            {"owner": await self._id("corporatie-a")},
            {"category": ["NOISE", "SAFETY"]},
            {"closed": True},
            {"closed": False, "category": ["LITTER"]},
            {"status": ["NEW"], "closed": False},
            {"mine": True},
        ]


OWN = "{ mySlice { signals(first: 100) { nodes { id } } } }"


def test_what_is_kept_is_what_there_is_after_everything_that_happens(cluster: Cluster) -> None:
    with asyncio.Runner() as runner:

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
        @given(given_steps=steps)
        def check(given_steps: list[Any]) -> None:
            runner.run(_play(cluster, given_steps))

        check()


async def _play(cluster: Cluster, given_steps: list[Any]) -> None:
    async with a_world(cluster) as world:
        async with world.connect("superuser") as root:
            await root.execute(NEVER_COUNTED)
        town = Town(world)
        for step in given_steps:
            await town.carry_out(step)
            assert await wrong(world) == [], step
        await town.compare()
        while await fold(world):
            pass
        await town.compare()


# A record that a number to come may count is not taken away, and so soon none would be.
NEVER_COUNTED = """
create or replace function hub.first_countable_day() returns date
language sql stable parallel safe as $$ select 'infinity'::date $$"""
