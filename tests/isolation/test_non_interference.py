# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Non-interference: what an organisation may not see changes no byte of what it gets.

Statuses, headers and bodies of a session must be the same bytes in both worlds. Faults that are planted in both worlds must be
found by the same comparison, or it proves nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import Any

import pytest

import schema.explanation
import sql.session
import tests.isolation.pair
from resolvers.explanation import HIDDEN_OR_ABSENT
from schema.ids import decode
from sql.statements import Statement, statements
from tests.conftest import Cluster
from tests.isolation.covered import Covered
from tests.isolation.non_interference import (
    ASKERS,
    SESSIONS_IN_WORLD,
    STEPS,
    a_base,
    at_rest,
    sessions,
)
from tests.isolation.pair import (
    DOORS,
    DOORS_OF_SEVERAL,
    SUMMARY,
    TITLE,
    Base,
    Plant,
    a_pair,
    rewrite,
    session,
    session_after_retention,
)
from tests.isolation.play import Connection
from tests.isolation.sessions import VALUES, Asking, Operation, taking_values

TRIES = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Bases:
    """One base for each asker, on one server."""

    runner: asyncio.Runner
    root: Connection
    of: Mapping[str, Base]


@pytest.fixture(scope="module")
def bases(cluster: Cluster) -> Iterator[Bases]:
    """A world for each asker."""

    async def made(stack: AsyncExitStack) -> Bases:
        root = await stack.enter_async_context(at_rest(cluster))
        of = {
            asker: await stack.enter_async_context(a_base(cluster, root, world))
            for world, asker in enumerate(ASKERS)
        }
        return Bases(runner, root, of)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield runner.run(made(stack))
        finally:
            runner.run(stack.aclose())


def test_every_argument_and_input_of_the_schema_has_values_in_the_sessions() -> None:
    needed = set(taking_values())
    assert sorted(needed - VALUES.keys()) == [], (
        "new in the schema: the sessions do not know what it takes"
    )
    assert sorted(VALUES.keys() - needed) == [], "no longer in the schema"


@pytest.mark.parametrize("world", range(len(ASKERS)), ids=ASKERS)
def test_what_an_organisation_may_not_see_changes_no_byte_of_what_it_gets(
    bases: Bases, world: int
) -> None:
    first = world * SESSIONS_IN_WORLD
    numbers = range(first, first + SESSIONS_IN_WORLD)
    done = bases.runner.run(sessions(bases.of[ASKERS[world]], bases.root, numbers, Covered()))
    told = done.counts["answered with data"]
    assert told > done.counts["operations in both worlds"] / 2, "the sessions hardly learn anything"


async def _after_retention(
    bases: Bases, asker: str, pairs: int, batches: int, plant: Plant | None = None
) -> str:
    for pair in range(pairs):
        async with a_pair(bases.of[asker], bases.root, 500 + pair, plant) as sides:
            difference = await session_after_retention(
                bases.of[asker], sides, 500 + pair, STEPS, batches=batches
            )
            if difference is not None:
                return str(difference)
    return ""


@pytest.mark.parametrize("asker", ASKERS)
def test_retention_of_what_an_organisation_may_not_see_changes_no_byte_either(
    bases: Bases, asker: str
) -> None:
    found = bases.runner.run(_after_retention(bases, asker, 1, 10**6))
    assert found == ""


def test_a_run_that_goes_no_further_for_what_others_have_is_found(bases: Bases) -> None:
    async def plant(root: Connection) -> None:
        await root.execute(
            "insert into hub.retention_rules (gemeente, kind, state, days)"
            " values ('GM0637', 'SIGNAL', 'OPEN', 300), ('GM0637', 'ACTIVITY', 'OPEN', 300)"
        )

    # Four batches, each of one owner: the asker's turn comes before the last in many pairs, and after it in others.
    assert bases.runner.run(_after_retention(bases, "buurtwerk", TRIES // 2, 4, plant))


async def _first_difference(bases: Bases, plant: Callable[[Connection], Awaitable[object]]) -> bool:
    base = bases.of["buurtwerk"]
    for seed in range(TRIES):
        async with a_pair(base, bases.root, seed, plant) as sides:
            for number in range(2):
                difference, _ = await session(
                    base, sides, 100 + seed * 10 + number, STEPS, Covered(), begins=number == 0
                )
                if difference is not None:
                    return True
    return False


PLANTED: dict[str, Callable[[Connection], Awaitable[object]]] = {
    "a mark that is forgotten when a record comes": lambda root: rewrite(
        root, ("keep_never_shared",), "is_marked or (", "("
    ),
    "a dataset that is never shared as a source": lambda root: rewrite(
        root, ("source_states",), "not d.never_share and", ""
    ),
    "a policy that is always true": lambda root: root.execute(
        "alter policy of_parties on hub.agreements using (true)"
    ),
    "a door that gives the summary always": lambda root: rewrite(
        root, DOORS, f"{SUMMARY} as", "s.summary as"
    ),
    "a door of several wijken that gives the title always": lambda root: rewrite(
        root, DOORS_OF_SEVERAL, f"{TITLE} as", "s.title as"
    ),
    "a filter that looks at the summary behind the reduction": lambda root: rewrite(
        root, DOORS[:2], f"lower({SUMMARY})", "lower(s.summary)"
    ),
    "a key without its owner": lambda root: root.execute(
        "create unique index on hub.idempotency_keys (key, part)"
    ),
    "ids that count": lambda root: root.execute("""
        drop trigger test_ids on hub.feed_items;
        create sequence hub.counting;
        alter sequence hub.counting owner to hub_owner;
        create or replace function hub.new_id() returns uuid language sql volatile security definer as $$
          select lpad(to_hex(nextval('hub.counting')), 32, '0')::uuid $$"""),
    "a feed that tells of every change": lambda root: rewrite(
        root,
        ("feed_granted",),
        "and (f.change <> 'UPDATED' or f.changed && g.shows or 'slice' = any (f.changed))",
        "",
    ),
    "a feed that tells of what left before anything was agreed": lambda root: rewrite(
        root,
        ("feed_granted",),
        "(select hub.asker()) = any (l.seen_by) is not true",
        "false",
    ),
    "a feed that shows reduced records as they come": lambda root: rewrite(
        root,
        ("feed_of_wijk",),
        "(r.item).reduced_id, r.item",
        "md5((r.item).xid::text)::uuid, r.item",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_leak_is_found(bases: Bases, fault: str) -> None:
    assert bases.runner.run(_first_difference(bases, PLANTED[fault]))


def test_a_planted_total_over_everything_is_found(
    bases: Bases, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking = dict(statements())
    leaking["signals_total"] = dataclasses.replace(
        leaking["signals_total"],
        text="select k.wijk as key, null::uuid as owner, null::uuid as agreement, '{}'::text[] as hidden, hub.counted(k.wijk) as records from unnest($1::uuid[]) k(wijk)"
        " where $2::uuid is null or $3::text[] is null or $4::text[] is null or $5::uuid is null or $6::date is null or $7::date is null"
        " or $8::boolean is null or $9::text is null or true",
    )
    monkeypatch.setattr(sql.session, "statements", lambda: MappingProxyType(leaking))

    async def plant(root: Connection) -> Any:
        await root.execute("""
            create function hub.counted(in_wijk uuid) returns int language sql stable security definer as $$
              select count(*)::int from hub.signals where wijk = in_wijk $$;
            grant execute on function hub.counted(uuid) to hub_app""")

    assert bases.runner.run(_first_difference(bases, plant))


def test_a_planted_ledger_that_tells_requests_apart_is_found(
    bases: Bases, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking = dict(statements())
    told = leaking["readers_of_asker"]
    door = "hub.readers_of_asker($1::date, $2::date)"
    lines = f"(select r.*, row_number() over () as id from {door} r)"
    apart = told.text.replace(door, lines).replace("group by", "group by l.id,")
    assert lines in apart
    leaking["readers_of_asker"] = dataclasses.replace(told, text=apart)
    monkeypatch.setattr(sql.session, "statements", lambda: MappingProxyType(leaking))

    async def plant(root: Connection) -> None:
        """The statement is the fault."""

    assert bases.runner.run(_first_difference(bases, plant))


class OnlyExplanations(Asking):
    """Sessions that ask why, and nothing else."""

    def operation(self, kind: str | None = None, root: str | None = None) -> Operation:
        """A question to explainAccess."""
        return super().operation("query", "explainAccess")


def test_a_planted_explanation_that_tells_absent_from_hidden_is_found(
    bases: Bases, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking = dict(statements())
    leaking["is_there"] = Statement(
        "is_there", "Tells.", "select hub.is_there($1::uuid)", "planted"
    )
    monkeypatch.setattr(sql.session, "statements", lambda: MappingProxyType(leaking))
    honest = schema.explanation._of_node

    async def telling(context: Any, given: Any) -> Any:
        said = await honest(context, given)
        if said is not HIDDEN_OR_ABSENT:
            return said
        hidden = await context.session.fetchval("is_there", decode(str(given.node))[1])
        return dataclasses.replace(said, cures=()) if hidden else said

    monkeypatch.setattr(schema.explanation, "_of_node", telling)
    monkeypatch.setattr(tests.isolation.pair, "Asking", OnlyExplanations)

    async def plant(root: Connection) -> Any:
        await root.execute("""
            create function hub.is_there(of_id uuid) returns boolean language sql stable security definer as $$
              select exists (select from hub.signals where id = of_id)
                or exists (select from hub.activities where id = of_id) $$;
            grant execute on function hub.is_there(uuid) to hub_app""")

    assert bases.runner.run(_first_difference(bases, plant))
