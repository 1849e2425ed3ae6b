# SPDX-License-Identifier: EUPL-1.2
"""Deliveries of every form against a model of a few lines: nothing is lost, nothing doubled, a
retry changes nothing, an undo takes back what nobody changed since.

The model knows of each external id its content, whether it is open, and its version. Deliveries are
new rows, full lists in parts in any order, trials and trials that are carried out, rows that are
rejected, and retries and undos of any earlier delivery at any later moment.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Cluster, World, a_world
from tests.contract.receipts import commit, undo
from tests.contract.writing import codes, new_key, push, row

NAMES = ("a", "b", "c", "d", "e")

contents = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("x", "y")), max_size=5)
rejected_names = st.sets(st.sampled_from(NAMES), max_size=2)


@dataclass(frozen=True)
class Some:
    """A delivery of some rows."""

    rows: dict[str, str]
    rejected: set[str]
    how: str


@dataclass(frozen=True)
class All:
    """A full list in parts, of which `order` says in which order they arrive."""

    parts: list[dict[str, str]]
    rejected: set[str]
    order: list[int]
    how: str


@dataclass(frozen=True)
class Retry:
    """An earlier delivery again, counted from the last one."""

    back: int


@dataclass(frozen=True)
class Undo:
    """An earlier delivery undone, counted from the last one, and maybe delivered anew."""

    back: int
    anew: bool


Step = Some | All | Retry | Undo
REALLY = st.sampled_from(("push", "commit"))


def full_lists() -> st.SearchStrategy[All]:
    parts = st.lists(contents, min_size=1, max_size=3)
    return parts.flatmap(
        lambda p: st.builds(
            All, st.just(p), rejected_names, st.permutations(list(range(len(p)))), REALLY
        )
    )


steps = st.lists(
    st.one_of(
        st.builds(Some, contents, rejected_names, st.sampled_from(("push", "trial", "commit"))),
        full_lists(),
        st.builds(Retry, st.integers(0, 5)),
        st.builds(Undo, st.integers(0, 2), st.booleans()),
    ),
    min_size=1,
    max_size=8,
)


@dataclass(frozen=True)
class Stored:
    """A record: the how manieth of all, its content, open or closed, its version, and how many
    changes its history tells of. `said`: a delivery of the same content changes nothing.
    """

    number: int
    content: str
    open: bool = True
    version: int = 1
    changes: int = 1
    said: bool = True

    def now(self, content: str, open_: bool, said: bool = True) -> Stored:
        """The record after one more writing."""
        differs = (content, open_) != (self.content, self.open)
        changes = self.changes + differs
        return Stored(self.number, content, open_, self.version + 1, changes, said)


Done = tuple[str, str, Stored | None, Stored]
"""What a delivery did to a record: its name, the outcome, what it was and what it became."""

TAKEN_BACK = {
    "CREATED": "REMOVED", "UPDATED": "UPDATED", "CLOSED": "REOPENED", "REOPENED": "CLOSED",
}  # fmt: skip


@dataclass
class Model:
    """What must be stored of each external id."""

    records: dict[str, Stored] = field(default_factory=dict)
    made: itertools.count[int] = field(default_factory=itertools.count)

    def deliver(self, rows: dict[str, str], rejected: set[str]) -> tuple[Counter[str], list[Done]]:
        outcomes: Counter[str] = Counter(REJECTED=len(rows.keys() & rejected))
        done: list[Done] = []
        for name, content in rows.items():
            before = self.records.get(name)
            if name in rejected:
                continue
            if before is None:
                outcome, after = "CREATED", Stored(next(self.made), content)
            elif before.open and before.said and before.content == content:
                outcomes["UNCHANGED"] += 1
                continue
            else:
                outcome = "UPDATED" if before.open else "REOPENED"
                after = before.now(content, open_=True)
            self.records[name] = after
            done.append((name, outcome, before, after))
        return outcomes + Counter(outcome for _, outcome, _, _ in done), done

    def close_all_but(self, named: set[str]) -> list[Done]:
        done: list[Done] = []
        for name, before in self.records.items():
            if before.open and name not in named:
                after = before.now(before.content, open_=False, said=before.said)
                done.append((name, "CLOSED", before, after))
        self.records |= {name: after for name, _, _, after in done}
        return done

    def undo(self, done: list[Done]) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for name, outcome, before, after in done:
            current = self.records.get(name)
            if current is None or (current.number, current.version) != (
                after.number, after.version,
            ):  # fmt: skip
                outcomes["REJECTED"] += 1
                continue
            outcomes[TAKEN_BACK[outcome]] += 1
            if before is None:
                del self.records[name]
            else:
                self.records[name] = current.now(before.content, before.open, said=False)
        return outcomes


@dataclass
class Sent:
    """A delivery that was carried out: how it is sent again, its receipt, and what it did."""

    step: Some | All
    again: Callable[[], Awaitable[dict[str, Any]]]
    receipt: dict[str, Any]
    done: list[Done]
    undone: bool = False


def counted(receipt: dict[str, Any]) -> Counter[str]:
    """The outcomes of a receipt, which its summary and its rows tell alike."""
    outcomes = Counter({line["outcome"]: line["rows"] for line in receipt["summary"]})
    assert outcomes == Counter(line["outcome"] for line in receipt["rows"]["nodes"])
    return outcomes


class Play:
    """One run of deliveries to one dataset, each compared with the model."""

    def __init__(self, world: World, dataset: str) -> None:
        self.partner = world.partner("corporatie-a")
        self.world = world
        self.dataset = dataset
        self.model = Model()
        self.sent: list[Sent] = []

    async def step(self, step: Step) -> None:
        if isinstance(step, Some):
            await self.some(step)
        elif isinstance(step, All):
            await self.all(step)
        elif self.sent:
            sent = self.sent[-1 - step.back % len(self.sent)]
            await (self.retry(sent) if isinstance(step, Retry) else self.undo(sent))
            await self.compare()
            if isinstance(step, Undo) and step.anew:
                await self.step(sent.step)
        await self.compare()

    async def some(self, step: Some) -> None:
        trial = step.how == "trial"
        model = replace(self.model, records=dict(self.model.records)) if trial else self.model
        expected, done = model.deliver(step.rows, step.rejected)
        await self.send(step, step.rows, expected, done)

    async def all(self, step: All) -> None:
        key = new_key()
        for place, number in enumerate(step.order, start=1):
            rows = step.parts[number]
            expected, done = self.model.deliver(rows, step.rejected)
            if place == len(step.parts):
                closed = self.model.close_all_but({n for part in step.parts for n in part})
                expected += Counter(CLOSED=len(closed))
                done += closed
            part = {"part": number + 1, "parts": len(step.parts)}
            whole = {"mode": "SNAPSHOT", "idempotencyKey": key, **part}
            await self.send(step, rows, expected, done, **whole)

    async def retry(self, sent: Sent) -> None:
        assert await sent.again() == {**sent.receipt, "replayed": True}

    async def undo(self, sent: Sent) -> None:
        receipt = await undo(self.partner, sent.receipt["id"])
        if sent.undone:
            assert codes(receipt) == ["ALREADY_UNDONE"]
            return
        sent.undone = True
        assert receipt["errors"] == []
        assert counted(receipt) == self.model.undo(sent.done)

    async def send(
        self,
        step: Some | All,
        rows: dict[str, str],
        expected: Counter[str],
        done: list[Done],
        **delivery: Any,
    ) -> None:
        given = [
            row(name, summary=content, buurt="Nergens" if name in step.rejected else None)
            for name, content in rows.items()
        ]
        whole = {
            "dataset": self.dataset,
            "idempotencyKey": new_key(),
            "maxRejected": len(NAMES),
            **delivery,
        }

        async def again() -> dict[str, Any]:
            if step.how == "push":
                return await push(self.partner, given, **whole)
            return await commit(self.partner, tried["id"], whole["idempotencyKey"])

        if step.how != "push":
            tried = await push(self.partner, given, **whole, dryRun=True)
            assert (tried["errors"], counted(tried)) == ([], expected)
            await self.compare_before(done)
        if step.how != "trial":
            receipt = await again()
            assert (receipt["errors"], counted(receipt)) == ([], expected)
            self.sent.append(Sent(step, again, receipt, done))

    async def compare_before(self, done: list[Done]) -> None:
        """A trial stored nothing of what it said."""
        found = await self.stored()
        for name, _, before, _ in done:
            assert (found.get(name) is None) == (before is None)
            assert before is None or found[name] == shown(before)

    async def compare(self) -> None:
        expected = {name: shown(stored) for name, stored in self.model.records.items()}
        assert await self.stored() == expected

    async def stored(self) -> dict[str, tuple[Any, ...]]:
        async with self.world.connect("superuser") as connection:
            found = await connection.fetch(
                "select external_id, summary, closed_on is null as open, version, (select "
                "count(*) from hub.history h"
                " where h.record = s.id) as changes from hub.signals s where dataset = $1",
                self.dataset,
            )
        assert len({r["external_id"] for r in found}) == len(found)
        return {
            r["external_id"]: (r["summary"], r["open"], r["version"], r["changes"]) for r in found
        }


def shown(stored: Stored) -> tuple[Any, ...]:
    """What the database shows of a record."""
    return stored.content, stored.open, stored.version, stored.changes


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
        def check(given_steps: list[Step]) -> None:
            play = Play(world, f"model-{next(numbers)}")
            for step in given_steps:
                runner.run(play.step(step))

        try:
            check()
        finally:
            runner.run(made.__aexit__(None, None, None))
