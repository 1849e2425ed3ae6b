# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Non-interference: what an organisation may not see changes no byte of what it gets.

A random session of one organisation is carried out over HTTP in two worlds that differ only in what it may not see, while
the others go on doing hidden things; statuses, headers and bodies must be the same bytes. Faults that are planted in both
worlds must be found by the same comparison, or it proves nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import asyncpg
import pytest

import schema.explanation
import sql.session
import tests.isolation.pair
from resolvers.explanation import HIDDEN_OR_ABSENT
from schema.ids import decode
from sql.statements import Statement, statements
from tests.conftest import Cluster
from tests.isolation.pair import (
    DOORS,
    DOORS_OF_SEVERAL,
    SUMMARY,
    TITLE,
    Base,
    a_pair,
    make_base,
    rewrite,
    session,
)
from tests.isolation.play import Connection
from tests.isolation.sessions import VALUES, Asking, Operation, taking_values

ASKERS = ("buurtwerk", "gemeente", "corporatie-a")
PAIRS = 5
SESSIONS_PER_PAIR = 2
STEPS = 16
TRIES = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Bases:
    """One base for each asker, on one server."""

    runner: asyncio.Runner
    root: Connection
    of: Mapping[str, Base]


@pytest.fixture(scope="module")
def bases(cluster: Cluster) -> Iterator[Bases]:
    """A world for each asker; autovacuum rests, for its transactions hold up the feed at moments of its own choosing."""
    with asyncio.Runner() as runner:
        root = runner.run(asyncpg.connect(cluster.addresses.superuser))
        runner.run(root.execute("alter system set autovacuum = off"))
        runner.run(root.execute("select pg_reload_conf()"))
        made = {
            asker: runner.run(make_base(cluster, root, f"pair_{n}", asker, n))
            for n, asker in enumerate(ASKERS)
        }
        yield Bases(runner, root, made)
        for base in made.values():
            runner.run(root.execute(f"drop database {base.name} with (force)"))
        runner.run(root.execute("alter system reset autovacuum"))
        runner.run(root.execute("select pg_reload_conf()"))
        runner.run(root.close())


def test_every_argument_and_input_of_the_schema_has_values_in_the_sessions() -> None:
    needed = set(taking_values())
    assert sorted(needed - VALUES.keys()) == [], (
        "new in the schema: the sessions do not know what it takes"
    )
    assert sorted(VALUES.keys() - needed) == [], "no longer in the schema"


@pytest.mark.parametrize("asker", ASKERS)
def test_what_an_organisation_may_not_see_changes_no_byte_of_what_it_gets(
    bases: Bases, asker: str
) -> None:
    async def prove() -> int:
        answered = 0
        for pair in range(PAIRS):
            async with a_pair(bases.of[asker], bases.root, pair) as sides:
                for number in range(SESSIONS_PER_PAIR):
                    difference, told = await session(
                        bases.of[asker], sides, pair * 10 + number, STEPS
                    )
                    assert difference is None, str(difference)
                    answered += told
        return answered

    answered = bases.runner.run(prove())
    assert answered > PAIRS * SESSIONS_PER_PAIR * STEPS / 2, "the sessions hardly learn anything"


async def _first_difference(bases: Bases, plant: Callable[[Connection], Awaitable[object]]) -> bool:
    base = bases.of["buurtwerk"]
    for seed in range(TRIES // 2):
        async with a_pair(base, bases.root, seed, plant) as sides:
            for number in range(2):
                difference, _ = await session(base, sides, 100 + seed * 10 + number, STEPS)
                if difference is not None:
                    return True
    return False


PLANTED: dict[str, Callable[[Connection], Awaitable[object]]] = {
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
        ("feed_of_wijk",),
        "and (f.change <> 'UPDATED' or f.changed && v.shows or 'slice' = any (f.changed))",
        "",
    ),
    "a feed that shows reduced records as they come": lambda root: rewrite(
        root, ("feed_of_wijk",), "f.reduced_id, f.on_day", "md5(f.xid::text)::uuid, f.on_day"
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
    apart = told.text.replace("group by", "group by l.id,")
    assert apart != told.text
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
