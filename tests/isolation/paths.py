# SPDX-License-Identifier: EUPL-1.2
"""Every path to a type: from each root field to each field that gives an object.

The types are the nodes of a graph, and the fields between them its edges. A path is a root field
and an edge that can be reached from it, by the shortest way: that a field resolves alike wherever
its object came from is what the loaders promise, and the random sessions try. Each path is asked by
somebody to whom nothing is shown of what it aims at: a stranger's records, agreements, receipts and
history, full of canaries. Once with what leads its owner to something, and once with arguments and
filters at random. Asker and owner have every role, each in its own organisation.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from schema.contributions import CONTRIBUTIONS
from schema.ids import decode
from sql.principal import ROLES
from tests.conftest import Cluster
from tests.isolation.aims import Aiming, aims
from tests.isolation.canaries import OTHER_KINDS, STRANGER, Canaries, let_loose, strangers_rows
from tests.isolation.covered import Covered
from tests.isolation.pair import GEMEENTE, Base, Plant, Side, a_pair, make_base
from tests.isolation.play import Connection, as_asker, named
from tests.isolation.sessions import SCHEMA, Asking, Memory, Operation, argument_key, global_id
from tests.proofs.proof import Counts, Outcome, Proof, as_it_is

PARTS = 8
ASKER = "buurtwerk"

# Types that hold nothing of anybody, with the reason. All others are guarded: their owner must be
# seen to get one by some path, or it proves nothing that the asker gets none.
OPEN: dict[str, str] = {
    "Buurt": "an area, known to all",
    "Capability": "what the asker itself can do",
    "CbsCode": "an area, known to all",
    "Figure": "published by others",
    "Gemeente": "an area, known to all",
    "Me": "the asker itself",
    "Organisation": "the catalogue of partners",
    "PageInfo": "of the list that it belongs to",
    "Predecessor": "an area, known to all",
    "UserError": "of the asker's own input",
    "Wijk": "an area, known to all",
}
# Guarded types of which there is none in the world that is asked, with the reason.
NOT_THERE: dict[str, str] = {
    "ActionStep": "comes with a later version of the hub",
    "Budget": "comes with a later version of the hub",
    "Goal": "comes with a later version of the hub",
    "JointAction": "comes with a later version of the hub",
    "JointActionConnection": "comes with a later version of the hub",
    "JointActionEdge": "comes with a later version of the hub",
}

Step = tuple[str, str]
"""A type and one of its fields."""


@dataclass(frozen=True, slots=True)
class Path:
    """The steps from a root field to an edge, and the type of object that it ends at."""

    steps: tuple[Step, ...]
    target: str

    def __str__(self) -> str:
        return " > ".join((*(f"{type_}.{name}" for type_, name in self.steps), self.target))


def objects_of(type_: Any) -> list[GraphQLObjectType]:
    """The types of object that a field of a type can give."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        return list(SCHEMA.get_possible_types(named))
    return [named] if isinstance(named, GraphQLObjectType) else []


def all_paths() -> list[Path]:
    """Every path of the schema, in one order."""
    roots = [(type_, name) for type_ in _roots() for name in type_.fields]
    return [path for type_, name in roots for path in _from_root(type_, name)]


def _roots() -> list[GraphQLObjectType]:
    return [type_ for type_ in (SCHEMA.query_type, SCHEMA.mutation_type) if type_ is not None]


def _from_root(root: GraphQLObjectType, name: str) -> Iterator[Path]:
    ways: dict[str, tuple[Step, ...]] = {}
    waiting: deque[tuple[GraphQLObjectType, tuple[Step, ...]]] = deque()
    for one in objects_of(root.fields[name].type):
        waiting.append((one, ((root.name, name),)))
        yield Path(((root.name, name),), one.name)
    while waiting:
        holder, steps = waiting.popleft()
        if holder.name in ways:
            continue
        ways[holder.name] = steps
        for field, one in holder.fields.items():
            for target in objects_of(one.type):
                path = Path((*steps, (holder.name, field)), target.name)
                yield path
                waiting.append((target, path.steps))


@dataclass(slots=True)
class Aim:
    """Writes the operation of a path, with arguments that aim at what is hidden."""

    asking: Asking
    hidden: Sequence[str]
    chance: float
    """Of an argument that may be left out."""

    def operation(self, path: Path) -> Operation:
        """The operation that asks everything that stands at the end of a path."""
        kind = "query" if path.steps[0][0] == _roots()[0].name else "mutation"
        body = self._text(path, 0)
        declared = f"({', '.join(self.asking.declared)})" if self.asking.declared else ""
        return Operation(f"{kind} Pad{declared} {{ {body} }}", self.asking.variables, {})

    def _text(self, path: Path, depth: int) -> str:
        holder, name = path.steps[depth]
        field = SCHEMA.type_map[holder].fields[name]  # type: ignore[attr-defined]
        last = depth == len(path.steps) - 1
        wanted = path.target if last else path.steps[depth + 1][0]
        inner = self._leaves(wanted) if last else self._text(path, depth + 1)
        if len(objects_of(field.type)) > 1:
            inner = f"__typename ... on {wanted} {{ {inner} }}"
        arguments = self._arguments(holder, name, field, wanted)
        return f"{name}{arguments} {{ {inner} }}"

    def _leaves(self, typename: str) -> str:
        fields = SCHEMA.type_map[typename].fields  # type: ignore[attr-defined]
        leaves = [n for n, one in fields.items() if is_leaf_type(get_named_type(one.type))]
        asked = leaves or [f"{next(iter(fields))} {{ __typename }}"]
        if typename.endswith("Payload"):  # whether it was refused
            asked.append("errors { __typename }")
        return " ".join(("__typename", *asked))

    def _arguments(self, holder: str, name: str, field: Any, wanted: str) -> str:
        given = []
        for argument, taken in field.args.items():
            needed = isinstance(taken.type, GraphQLNonNull) and taken.default_value is Undefined
            key = argument_key(SCHEMA.type_map[holder], name, argument)
            if not needed and key != "Query.wijk.id" and self.asking.rng.random() >= self.chance:
                continue
            if key == "Query.wijk.code" or key == "Query.wijk.year" or argument == "after":
                continue  # the wijk by its id, and the page that is first
            place = f"v{len(self.asking.variables)}"
            self.asking.variables[place] = self._value(taken.type, key, wanted)
            self.asking.declared.append(f"${place}: {taken.type}")
            given.append(f"{argument}: ${place}")
        return f"({', '.join(given)})" if given else ""

    def _value(self, type_: Any, key: str, wanted: str) -> Any:
        if key == "Query.node.id":
            its = [id_ for id_ in self.hidden if decode(id_)[0] == wanted]
            return self.asking.rng.choice(its or list(self.hidden))
        if key.endswith(".first"):
            return 100
        return self.asking.value(type_, key)


@dataclass(slots=True)
class World:
    """The world in which paths are asked, by the asker and by the stranger itself."""

    side: Side
    base: Base
    owner: UUID
    stranger: str
    canaries: Canaries
    memory: Memory
    hidden: list[str]

    async def ask(self, operation: Operation, *, as_stranger: bool) -> tuple[int, str]:
        """Status and body."""
        token = self.stranger if as_stranger else self.base.token
        headers = {**operation.headers, "Authorization": f"Bearer {token}"}
        asked = Operation(operation.query, operation.variables, headers)
        status, told, body = await self.side.ask(asked)
        return status, body.decode() + repr(told)

    def leaked(self, text: str) -> set[str]:
        """What of the stranger's stands in an answer."""
        return self.canaries.found_in(text) | {id_ for id_ in self.hidden if id_ in text}


@asynccontextmanager
async def a_world(cluster: Cluster, fault: Plant | None = None) -> AsyncIterator[World]:
    """The world of the canaries; the stranger's ids are canaries as well."""
    root = await asyncpg.connect(cluster.addresses.superuser)
    base = await make_base(cluster, root, "paths", ASKER, 5)
    planted: list[tuple[Canaries, UUID, UUID]] = []

    async def plant(superuser: Connection) -> None:
        stranger, wijk = await superuser.fetchrow(
            "select o.id, w.wijk from hub.organisations o join hub.organisation_wijken w"
            " on w.organisation = o.id where o.slug = $1",
            STRANGER,
        )
        other = next(one for one in base.world.organisations if one != base.asker)
        await strangers_rows(superuser, stranger, other)
        await _give_roles(superuser, stranger, base.asker)
        await _publish(superuser, stranger, other)
        canaries, _ = await let_loose(superuser, base.world, base.asker, stranger)
        planted.append((canaries, stranger, wijk))
        if fault is not None:
            await fault(superuser)

    try:
        async with a_pair(base, root, 1, plant) as (side, _):
            canaries, stranger, wijk = planted[0]
            hidden = _hidden()
            memory = _memory(hidden, (stranger, base.asker), wijk)
            yield World(side, base, stranger, cluster.tokens[STRANGER], canaries, memory, hidden)
    finally:
        await root.execute(f"drop database {base.name} with (force)")
        await root.close()


async def _give_roles(superuser: Connection, owner: UUID, asker: UUID) -> None:
    """Every role to both. The owner is a municipality: its administrator can do all that there is;
    that of the asker nothing beside its own organisation.
    """
    await superuser.execute(
        "update hub.organisations set kind = 'MUNICIPALITY' where id = $1", owner
    )
    await superuser.execute(
        "update hub.tokens set roles = $1 where organisation = any ($2)",
        list(ROLES),
        [owner, asker],
    )


async def _publish(superuser: Connection, owner: UUID, other: UUID) -> None:
    """A version of an agreement of the owner's that is published once the other accepts it, and an
    agreement between them that everybody may read of.
    """
    both = {owner, other}
    for agreement, proposer, accepted_by in (
        (named("canary"), owner, {owner}),
        (named("published"), other, both),
    ):
        async with as_asker(superuser, GEMEENTE, proposer):
            version = await superuser.fetchval(
                "insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from,"
                " valid_until, parties, publish) values ($1, 'x', 'x', 'x', 'x', hub.today(),"
                " hub.today() + 9, $2, true) returning version",
                *(agreement, both),
            )
            await superuser.execute(
                "insert into hub.agreement_rules (agreement, version, number, provider, receiver,"
                " wijken, kind, precision) select $1, $2, 1, hub.asker(), $3, array[w.wijk],"
                " 'SIGNAL', 'WIJK' from hub.organisation_wijken w where w.organisation = $4",
                *(agreement, version, *(both - {proposer}), owner),
            )
            await superuser.execute(
                "insert into hub.agreement_decisions (agreement, version, organisation, decision)"
                " select $1, $2, o, 'ACCEPT' from unnest($3::uuid[]) o",
                *(agreement, version, accepted_by),
            )


def _hidden() -> list[str]:
    """The ids of what is the stranger's."""
    return [
        global_id("Agreement", named("canary")),
        global_id("PushReceipt", named("canary")),
        global_id("Signal", named("canary record")),
        *(
            global_id(each.typename, named("canary", each.kind.table))
            for each in CONTRIBUTIONS
            if each.kind.table in OTHER_KINDS
        ),
    ]


def _memory(hidden: list[str], parties: tuple[UUID, UUID], wijk: UUID) -> Memory:
    """What is aimed with: what is the stranger's, and as organisations it and the asker."""
    return Memory(
        own_dataset="rond-de-school",
        wijken=[global_id("Wijk", wijk)],
        wijk_ids=[global_id("Wijk", wijk)],
        buurten=["x"],
        organisations=[global_id("Organisation", one) for one in parties],
        guesses=hidden,
        keys=[],
        external_ids=["x"],
        words=["kanarie"],
        days=["2026-11-23"],
        ids=list(hidden),
    )


async def tried(cluster: Cluster, paths: Sequence[Path], fault: Plant | None = None) -> Outcome:
    """Asks paths, as the asker and as the owner of what they aim at."""
    covered, gives = Covered(), 0
    async with a_world(cluster, fault) as world:
        for path in paths:
            for aimed in (True, False):
                _, told = await _asked(world, path, aimed=aimed, as_stranger=False)
                leaked = world.leaked(told)
                assert not leaked, f"{path} gives {sorted(leaked)}: {told[:500]}"
        for path in paths:  # afterwards: what the owner does may change what there is
            operation, told = await _asked(world, path, aimed=True, as_stranger=True)
            gives += bool(world.leaked(told))
            _note(world, covered, operation, told)
    types = frozenset(name.split(".")[0] for name in covered.names()["fields answered"])
    return Outcome(
        {"paths": len(paths), "that give their owner something": gives}, {"types met": types}
    )


async def _asked(
    world: World, path: Path, *, aimed: bool, as_stranger: bool
) -> tuple[Operation, str]:
    """The operation of a path and what it tells: aimed, or with what may be left out at random."""
    rng, once = random.Random(str(path)), f"pad-{named(path)}"
    memory = replace(world.memory, keys=[f"{once}-{aimed}"])
    if aimed:
        asking: Asking = Aiming(rng, memory, aims=aims(world.owner, world.base.asker, once))
    else:
        asking = Asking(rng, memory)
    operation = Aim(asking, world.hidden, 0.0 if aimed else 0.5).operation(path)
    status, told = await world.ask(operation, as_stranger=as_stranger)
    assert status == 200, f"{path}: {operation.query} {operation.variables} {told[:500]}"
    return operation, told


def _note(world: World, covered: Covered, operation: Operation, told: str) -> None:
    """Notes what an answer gives: a refusal is nothing."""
    body = json.JSONDecoder().raw_decode(told)[0]
    if '"UserError"' not in told:
        document = world.side.documents.accept(operation.query).document
        covered.note(document, body.get("data"))


def _carry_out(cluster: Cluster, parts: range) -> Outcome:
    paths = [path for n, path in enumerate(all_paths()) if n % PARTS in parts]
    with asyncio.Runner() as runner:
        return runner.run(tried(cluster, paths))


def whole(outcome: Outcome) -> Counts:
    """The counts, once the owner was given something of every guarded type."""
    types = {target.target for target in all_paths()}
    missing = sorted(types - outcome.met["types met"] - OPEN.keys() - NOT_THERE.keys())
    assert not missing, f"its owner was given nothing of: {missing}"
    needless = sorted((OPEN.keys() | NOT_THERE.keys()) - types)
    assert not needless, f"no longer in the schema: {needless}"
    return as_it_is(outcome)


PATHS = Proof("paths", 6, f"part of {PARTS}", _carry_out, long=PARTS, share=1, whole=whole)
