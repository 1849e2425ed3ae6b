# SPDX-License-Identifier: EUPL-1.2
"""Deliveries of every form against a model of a few lines: nothing is lost, nothing doubled, a
retry changes nothing.

The model knows of each external id its content, whether it is open, and its version. Deliveries are
new rows, full lists in parts in any order, trials, rows that are rejected, and retries of any
earlier delivery at any later moment.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Cluster, World, a_world
from tests.contract.writing import new_key, push, row

NAMES = ("a", "b", "c", "d", "e")

contents = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("x", "y")), max_size=5)
rejected_names = st.sets(st.sampled_from(NAMES), max_size=2)


@dataclass(frozen=True)
class Some:
    """A delivery of some rows."""

    rows: dict[str, str]
    rejected: set[str]
    trial: bool


@dataclass(frozen=True)
class All:
    """A full list in parts, of which `order` says in which order they arrive."""

    parts: list[dict[str, str]]
    rejected: set[str]
    order: list[int]


@dataclass(frozen=True)
class Retry:
    """An earlier delivery again, counted from the last one."""

    back: int


def full_lists() -> st.SearchStrategy[All]:
    parts = st.lists(contents, min_size=1, max_size=3)
    return parts.flatmap(
        lambda p: st.builds(All, st.just(p), rejected_names, st.permutations(list(range(len(p)))))
    )


steps = st.lists(
    st.one_of(
        st.builds(Some, contents, rejected_names, st.booleans()),
        full_lists(),
        st.builds(Retry, st.integers(0, 5)),
    ),
    min_size=1,
    max_size=8,
)


@dataclass
class Model:
    """What must be stored: content, open or closed, and version of each external id."""

    records: dict[str, tuple[str, bool, int]] = field(default_factory=dict)

    def deliver(self, rows: dict[str, str], rejected: set[str]) -> Counter[str]:
        done: Counter[str] = Counter()
        for name, content in rows.items():
            before = self.records.get(name)
            if name in rejected:
                outcome = "REJECTED"
            elif before is None:
                outcome = "CREATED"
                self.records[name] = (content, True, 1)
            elif before[1] and before[0] == content:
                outcome = "UNCHANGED"
            else:
                outcome = "UPDATED" if before[1] else "REOPENED"
                self.records[name] = (content, True, before[2] + 1)
            done[outcome] += 1
        return done

    def close_all_but(self, named: set[str]) -> Counter[str]:
        gone = [
            name for name, (_, is_open, _) in self.records.items() if is_open and name not in named
        ]
        for name in gone:
            content, _, version = self.records[name]
            self.records[name] = (content, False, version + 1)
        return Counter({"CLOSED": len(gone)} if gone else {})


class Play:
    """One run of deliveries to one dataset, each compared with the model."""

    def __init__(self, world: World, dataset: str) -> None:
        self.partner = world.partner("corporatie-a")
        self.world = world
        self.dataset = dataset
        self.model = Model()
        self.sent: list[tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]] = []

    async def step(self, step: Some | All | Retry) -> None:
        if isinstance(step, Some):
            await self.some(step)
        elif isinstance(step, All):
            await self.all(step)
        elif self.sent:
            await self.retry(step)
        assert await self.stored() == self.model.records

    async def some(self, step: Some) -> None:
        model = Model(dict(self.model.records)) if step.trial else self.model
        expected = model.deliver(step.rows, step.rejected)
        assert await self.send(step.rows, step.rejected, dryRun=step.trial) == expected

    async def all(self, step: All) -> None:
        key = new_key()
        for place, number in enumerate(step.order, start=1):
            rows = step.parts[number]
            expected = self.model.deliver(rows, step.rejected)
            if place == len(step.parts):
                expected += self.model.close_all_but({n for part in step.parts for n in part})
            got = await self.send(
                rows,
                step.rejected,
                mode="SNAPSHOT",
                idempotencyKey=key,
                part=number + 1,
                parts=len(step.parts),
            )
            assert got == expected

    async def retry(self, step: Retry) -> None:
        rows, delivery, receipt = self.sent[-1 - step.back % len(self.sent)]
        assert await push(self.partner, rows, **delivery) == {**receipt, "replayed": True}

    async def send(self, rows: dict[str, str], rejected: set[str], **delivery: Any) -> Counter[str]:
        given = [
            row(name, summary=content, buurt="Nergens" if name in rejected else None)
            for name, content in rows.items()
        ]
        whole = {
            "dataset": self.dataset,
            "idempotencyKey": new_key(),
            "maxRejected": len(NAMES),
            **delivery,
        }
        receipt = await push(self.partner, given, **whole)
        assert receipt["errors"] == []
        if not whole.get("dryRun"):
            self.sent.append((given, whole, receipt))
        outcomes = Counter({line["outcome"]: line["rows"] for line in receipt["summary"]})
        assert outcomes == Counter(line["outcome"] for line in receipt["rows"]["nodes"])
        return outcomes

    async def stored(self) -> dict[str, tuple[str, bool, int]]:
        async with self.world.connect("superuser") as connection:
            found = await connection.fetch(
                "select external_id, summary, closed_on is null as open, version, (select "
                "count(*) from hub.history h"
                " where h.record = s.id) as changes from hub.signals s where dataset = $1",
                self.dataset,
            )
        assert all(r["changes"] == r["version"] for r in found)
        assert len({r["external_id"] for r in found}) == len(found)
        return {r["external_id"]: (r["summary"], r["open"], r["version"]) for r in found}


def test_deliveries_do_what_the_model_says_and_retries_do_nothing(cluster: Cluster) -> None:
    numbers = itertools.count(1)
    with asyncio.Runner() as runner:
        made = a_world(cluster)
        world = runner.run(made.__aenter__())

        @settings(
            max_examples=60,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(steps)
        def check(given_steps: list[Some | All | Retry]) -> None:
            play = Play(world, f"model-{next(numbers)}")
            for step in given_steps:
                runner.run(play.step(step))

        try:
            check()
        finally:
            runner.run(made.__aexit__(None, None, None))
