# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""The matrix of access says exactly what the doors give, and of a past day what it said on that day.

Whatever is agreed, revoked or left to expire in a random world: from the rows of the matrix alone, with the writer's caps, it is
worked out which records each receiver sees, how exactly and with which fields; the doors must agree, row by row.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.statements import statements
from tests.isolation.conftest import Bench
from tests.isolation.doors import FIRST_DAY, Create, Decide, Pass, Propose, steps
from tests.isolation.doors import _carry_out as carry_out
from tests.isolation.model import KINDS, LADDER, Record, noon
from tests.isolation.play import DATASET, Connection, Play, as_asker

EVER = noon(FIRST_DAY)
MATRIX = statements()["access_matrix"].text
Cell = dict[str, Any]

_gemeenten = (f"GM{number:04}" for number in itertools.count(4001))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(steps=steps, later=st.integers(1, 12))
def test_the_matrix_says_what_the_doors_give_and_said_it_on_each_day(
    bench: Bench, steps: list[Any], later: int
) -> None:
    bench.runner.run(_prove(bench, next(_gemeenten), steps, later))


async def _prove(bench: Bench, gemeente: str, steps: Iterable[Any], later: int) -> None:
    play = await Play.begin(bench.owner, bench.app, gemeente, FIRST_DAY)
    days: dict[tuple[UUID, date], list[Cell]] = {}
    for number, step in enumerate(steps):
        if isinstance(step, Pass):
            await _remember(play, days)
        await carry_out(play, number, step)
    await _remember(play, days)
    await _compare(play)
    to_come = {one: await _matrix(play, one, later) for one in play.world.organisations}
    await play.pass_days(later)
    for asker, expected in to_come.items():
        assert await _matrix(play, asker) == expected, "the terms said otherwise"
    await _compare(play)
    for (asker, day), said in days.items():
        now = await _matrix(play, asker, (day - play.world.today).days)
        told = [_as_known_now(play, cell) for cell in said]
        assert [_as_known_now(play, cell) for cell in now] == told, f"of {day} it says otherwise"


async def _remember(play: Play, days: dict[tuple[UUID, date], list[Cell]]) -> None:
    """What the matrix of the day says at its end."""
    for asker in play.world.organisations:
        days[asker, play.world.today] = await _matrix(play, asker)


async def _matrix(play: Play, asker: UUID, days: int = 0) -> list[Cell]:
    """The matrix of an asker, some days from today."""
    on = play.world.today + timedelta(days=days)
    async with as_asker(play.app, play.world.gemeente, asker):
        rows = await play.app.fetch(MATRIX, play.world.gemeente, on, None, None, None, 1000)
    return [dict(row) for row in rows]


def _as_known_now(play: Play, cell: Cell) -> Cell:
    """A row without its last day, where later versions can have changed that."""
    later = any(
        (one.id, one.version > cell["version"]) == (cell["agreement"], True)
        for one in play.world.agreements.values()
    )
    return {**cell, "valid_until": None} if later else cell


async def _compare(play: Play) -> None:
    """Each receiver's doors against what its matrix says of each record."""
    everything = list(play.world.records)
    for receiver in play.world.organisations:
        matrix = await _matrix(play, receiver)
        async with as_asker(play.app, play.world.gemeente, receiver):
            for kind in KINDS:
                door = f"select * from hub.shared_{kind.TABLE}_by_id($1)"
                found = {row["id"]: row for row in await play.app.fetch(door, everything)}
                for record in play.world.records.values():
                    if isinstance(record, kind):
                        said = _said(play, matrix, receiver, record)
                        assert _given(record, found.get(record.id)) == said, record


def _given(record: Record, row: Any) -> Any:
    """How a door shows a record: how exactly, under which agreement, which fields; None: not."""
    if row is None:
        return None
    return row["precision"], row["agreement"], record.FIELDS.keys() - set(row["hidden"])


def _said(play: Play, matrix: list[Cell], receiver: UUID, record: Record) -> Any:
    """The same, from the rows of the matrix and the writer's caps alone."""
    caps = None if record.caps is None else dict(record.caps)
    if record.kept or (caps is not None and receiver not in caps):
        return None
    found = []
    for cell in matrix:
        if not _covers(cell, receiver, record, play.world.today):
            continue
        rank, fields = LADDER.index(cell["precision"]), set(cell["fields"])
        if caps is not None:
            rank = min(rank, LADDER.index(caps[receiver].precision))
            fields = {
                name
                for name in fields
                if LADDER.index(record.FIELDS[name].shown_from) <= rank
                and (caps[receiver].with_text or not record.FIELDS[name].is_text)
            }
        words = play.world.agreements[cell["agreement"]].decisions
        agreed_at = max((one.at for one in words if one.decision == "ACCEPT"), default=EVER)
        order = (-rank, agreed_at, cell["agreement"], cell["rule"])
        found.append((order, (LADDER[rank], cell["agreement"], fields)))
    if not found:
        return None
    best = min(found, key=lambda one: one[0])[1]
    return None if best[0] == "COUNT" else best


def _covers(cell: Cell, receiver: UUID, record: Record, today: date) -> bool:
    return (
        (cell["provider"], cell["receiver"], cell["kind"]) == (record.owner, receiver, record.KIND)
        and cell["category"] in (None, record.category)
        and not set(cell["wijken"]).isdisjoint(record.places)
        and (cell["includes_past"] or record.recorded_on >= cell["valid_from"])
        and record.recorded_on <= cell["valid_until"]
        and today < record.recorded_on + timedelta(days=cell["keep_days"])
    )


RULE = {
    "pair": (0, 2),
    "wijken": (0, 1),
    "category": None,
    "kind": "SIGNAL",
    "fields": {"summary", "seenAt"},
    "precision": "BUURT",
    "keep_days": 30,
    "includes_past": False,
}
RECORD = Create(0, 0, None, 0, "NOISE", 0, 9, "NEW", "lamp stuk", None, True, None, DATASET)
LIFE = [
    Propose(0, False, 0, 30, [RULE], True, False),
    Propose(0, False, -6, 9, [{**RULE, "precision": "EXACT", "category": "NOISE"}], False, False),
    Propose(0, False, 0, 4, [{**RULE, "precision": "WIJK"}], True, False),
    RECORD,
    Pass(2),
    Decide(0, 2, "REVOKE"),
    Pass(1),
]


def test_a_life_of_an_agreement_is_told_as_it_was(bench: Bench) -> None:
    bench.runner.run(_prove(bench, next(_gemeenten), LIFE, 5))


Fault = tuple[str, str, str]
"""A function, what stands in it, and what stands there instead."""

FAULTS: dict[str, tuple[Fault, ...]] = {
    "a field that is listed is said to be shown at any precision": (
        ("field_names_shown", 'hub.rank_of("precision")', "3::smallint"),
    ),
    "a proposal counts as an agreement": (
        ("rules_on", "= 'IN_FORCE'", "in ('PROPOSED', 'IN_FORCE')"),
    ),
    "a decision of today counts for yesterday": (
        (
            "agreement_state_on",
            "(on_day >= hub.today() or (d.at at time zone 'Europe/Amsterdam')::date <= on_day)",
            "true",
        ),
    ),
    "a term is not looked at": (  # it is, twice: agreements of other days need no state
        ("agreement_state_on", "on_day > a.valid_until", "false"),
        ("rules_on", "on_day between a.valid_from and a.valid_until", "true"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_of_the_matrix_is_found(bench: Bench, fault: str) -> None:
    async def lives() -> None:
        await _prove(bench, next(_gemeenten), LIFE, 5)

    with pytest.raises(AssertionError):
        bench.runner.run(_with_faults(bench.superuser, FAULTS[fault], lives))


async def _with_faults(
    root: Connection, faults: Sequence[Fault], work: Callable[[], Awaitable[None]]
) -> None:
    """Does work while functions have faults, and mends them."""
    if not faults:
        await work()
        return
    (name, old, new), *rest = faults
    body = await root.fetchval(
        "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'hub'::regnamespace and proname = $1",
        name,
    )
    assert old in body
    await root.execute(body.replace(old, new))
    try:
        await _with_faults(root, rest, work)
    finally:
        await root.execute(body)
