# SPDX-License-Identifier: EUPL-1.2
"""Fifty organisations at the same time over four connections, and whatever can go wrong meanwhile.

Each reads in transactions of its own and over HTTP, and is cancelled at each suspension in turn,
fails, is too slow, or loses its connection. Every row belongs to its asker: one's own rows and
those of the one that shares with it, all of them, as the model says. Every connection that is given
back is clean, for the pool resets nothing. All ask the same documents, carried out by the same
plans: they share more than in the hub itself, which keeps those of each organisation apart.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from hub.app import create_app
from hub.settings import Settings
from resolvers.tokens import digest_of_token, new_token
from sql.errors import FROM_DRIVER, Ended, Refusal, Unavailable
from sql.principal import Principal
from sql.session import Database, Session
from tests.conftest import NOW, TEMPLATE, Cluster
from tests.isolation.asked import ForAll, Kept
from tests.isolation.model import Agreement, Rule, Signal, World
from tests.isolation.pair import GEMEENTE, WIJKEN, WITHOUT_END, connections, copied
from tests.isolation.play import Connection, Play, named
from tests.isolation.sessions import SCHEMA, global_id
from tests.isolation.suspended import Cut, cut_short
from tests.proofs.proof import Counts, Outcome, Proof, as_it_is

ORGANISATIONS = 50
CONNECTIONS = 4
READS_PER_KILL = 100
LATEST_CUTS = (10, 60)
"""A cut is among the first suspensions, or anywhere in the longest of the operations."""
NOTICED_SECONDS = 10

LOOK = """
select array_remove(array[
  case when concat(current_setting('hub.gemeente', true), current_setting('hub.organisation', true),
    current_setting('hub.actor', true), current_setting('hub.roles', true)) <> ''
    then 'it knows who asked' end,
  case when current_user <> session_user then 'it acts as another role' end,
  case when exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
    then 'it holds an advisory lock' end], null)"""

ASK = """query($wijk: ID!) {
  me { organisation { id } }
  mySlice { signals(first: 100) { total nodes { id owner { id } summary } } }
  wijk(id: $wijk) { signals(first: 100) {
    total nodes { id owner { id } summary agreement { id parties { id } } } } } }"""
ASK_AT_ONCE = """query($wijk: ID!) {
  wijk(id: $wijk) { signals(first: 100) { nodes { id owner { id } summary } } } }"""
REFUSED = """mutation($id: ID!) {
  withdraw(input: { id: $id, version: 99, reason: "x" }) { id errors { code } } }"""


Way = Callable[[str, int], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def directly(dsn: str, connections: int) -> AsyncIterator[str]:
    """The hub's own way to its database."""
    yield dsn


class Watched(Database):
    """A database that looks at each connection that it gets back."""

    faults: list[str]

    async def _give_back(self, connection: Any) -> None:
        try:
            if not connection.is_closed():
                self.faults += await _found(connection)
        except FROM_DRIVER:
            pass  # it went away: nobody gets it again
        await super()._give_back(connection)


async def _found(connection: Any) -> list[str]:
    """What is left on a connection."""
    if connection.is_in_transaction():
        return ["a transaction is open"]
    found: list[str] = await connection.fetchval(LOOK)
    return found


@dataclass(slots=True)
class Scene:
    """The organisations, what each may see, and the hub through which they ask."""

    world: World
    tokens: dict[UUID, str]
    database: Watched
    superuser: Connection
    client: httpx.AsyncClient
    wijk: UUID
    visible: dict[UUID, dict[UUID, UUID]]
    """By organisation what the model says that it may see, the owner of each record; nothing
    changes once the scene stands.
    """
    alone: dict[UUID, Any] = field(default_factory=dict)
    """What each was answered over HTTP while nobody else asked."""
    counts: Counter[str] = field(default_factory=Counter)
    places: set[str] = field(default_factory=set)
    """Where work was cancelled: what it was, and the number of the suspension."""
    unheard: list[str] = field(default_factory=list)
    """What failed while nobody waited for it any more: it would stand in the hub's log."""

    def principal(self, organisation: UUID) -> Principal:
        """The organisation as an asker."""
        nothing: frozenset[str] = frozenset()
        return Principal(GEMEENTE, organisation, "test", "machine", nothing, nothing, NOW)


@asynccontextmanager
async def a_scene(cluster: Cluster, way: Way = directly) -> AsyncIterator[Scene]:
    """Fifty organisations in a ring: each shares its signals with the next."""
    name = "interleaved"
    root = await asyncpg.connect(cluster.addresses.superuser)
    await copied(root, TEMPLATE, name)
    try:
        async with connections(cluster, name) as (superuser, owner, app):
            world, tokens = await _people(superuser, owner)
            await _records(Play(world, owner, app))
            async with way(cluster.dsn("app", name), CONNECTIONS) as dsn:
                database = await Watched.open(dsn, size=CONNECTIONS, acquire_timeout=60)
                database.faults = []
                application = create_app(
                    replace(Settings(), limits=WITHOUT_END),
                    database,
                    documents=ForAll(Kept(SCHEMA, WITHOUT_END)),
                )
                transport = httpx.ASGITransport(app=application)
                try:
                    async with httpx.AsyncClient(
                        transport=transport, base_url="http://hub"
                    ) as client:
                        wijk = next(iter(world.wijken))
                        seen = {one: _visible(world, one) for one in world.organisations}
                        scene = Scene(world, tokens, database, superuser, client, wijk, seen)
                        await _ask_alone(scene)
                        yield scene
                finally:
                    await database.close()
    finally:
        await root.execute(f"drop database {name} with (force)")
        await root.close()


def _visible(world: World, organisation: UUID) -> dict[UUID, UUID]:
    return {row["id"]: row["owner"] for row in world.rows(organisation, Signal)}


async def _people(superuser: Connection, owner: Connection) -> tuple[World, dict[UUID, str]]:
    wijken: dict[UUID, tuple[UUID, ...]] = {}
    for code in WIJKEN:
        query = "select wijk from hub.wijk_versions where code = $1 and year = 2025"
        wijken[await superuser.fetchval(query, code)] = ()
    tokens = {named("interleaved", n): new_token() for n in range(ORGANISATIONS)}
    world = World(
        GEMEENTE,
        tuple(tokens),
        wijken,
        {(one, wijk) for one in tokens for wijk in wijken},
        NOW.date(),
    )
    async with owner.transaction():
        await owner.executemany(
            "insert into hub.organisations (gemeente, id, slug, name, kind)"
            " values ($1, $2, $3, $3, 'WELFARE')",
            [(GEMEENTE, one, f"interleaved-{n}") for n, one in enumerate(tokens)],
        )
        await owner.executemany(
            "insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from)"
            " values ($1, $2, $3, '2020-01-01')",
            [(GEMEENTE, *pair) for pair in sorted(world.works)],
        )
        await owner.executemany(
            "insert into hub.datasets (gemeente, owner, dataset, kind)"
            " values ($1, $2, 'meldingen', 'SIGNAL')",
            [(GEMEENTE, one) for one in tokens],
        )
        await owner.executemany(
            "insert into hub.tokens (gemeente, organisation, name, digest, scopes, expires_at)"
            " values ($1, $2, 'test', $3, '{read,write}', hub.now() + interval '1 day')",
            [(GEMEENTE, one, digest_of_token(token)) for one, token in tokens.items()],
        )
    return world, tokens


async def _records(play: Play) -> None:
    organisations, wijken = play.world.organisations, tuple(play.world.wijken)
    today = play.world.today
    for n, organisation in enumerate(organisations):
        for number in range(4):
            await play.create(
                Signal(
                    id=named("interleaved", n, number),
                    owner=organisation,
                    wijk=wijken[number % len(wijken)],
                    category="NOISE",
                    recorded_on=today,
                    external_id=f"nr-{number}",
                    seen_at=datetime(today.year, today.month, today.day, 6 + number, tzinfo=UTC),
                    summary=f"van {n}, nummer {number}",
                )
            )
    for n, organisation in enumerate(organisations):
        after = organisations[(n + 1) % len(organisations)]
        rule = Rule(organisation, after, wijken, None, ("summary",), "EXACT")
        parties = tuple(sorted((organisation, after)))
        term = (today, today + timedelta(days=90))
        made = Agreement(named("interleaved", "agreement", n), parties, *term, (rule,))
        await play.propose(organisation, made)
        for party in parties:
            await play.decide(made.id, party, "ACCEPT")


# -- what they do ---------------------------------------------------------------------------------


async def _ask_alone(scene: Scene) -> None:
    """What each is answered, which must be what the model says; later answers must be the same."""
    for organisation in scene.world.organisations:
        answer = await _post(scene, organisation, ASK, {"wijk": global_id("Wijk", scene.wijk)})
        scene.alone[organisation] = answer.json()["data"]
        told = {node["id"] for node in scene.alone[organisation]["wijk"]["signals"]["nodes"]}
        rows = scene.world.rows(organisation, Signal, scene.wijk)
        assert told == {global_id("Signal", row["id"]) for row in rows}
        assert len(told) == 4, "two of one's own, two of the one before"


async def _post(
    scene: Scene, organisation: UUID, query: str, variables: dict[str, Any]
) -> httpx.Response:
    return await scene.client.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {scene.tokens[organisation]}"},
    )


async def _over_http(scene: Scene, organisation: UUID) -> None:
    answer = await _post(scene, organisation, ASK, {"wijk": global_id("Wijk", scene.wijk)})
    if _is_away(answer):
        return
    assert answer.json().get("data") == scene.alone[organisation], (
        "an answer is another's",
        answer.json(),
        scene.alone[organisation],
    )
    scene.counts["rows checked"] += 8


async def _at_once_over_http(scene: Scene, organisation: UUID) -> None:
    """A question that is one trip to the database; half of its answer is another's records."""
    answer = await _post(scene, organisation, ASK_AT_ONCE, {"wijk": global_id("Wijk", scene.wijk)})
    if _is_away(answer):
        return
    known = scene.alone[organisation]["wijk"]["signals"]["nodes"]
    told = answer.json()["data"]["wijk"]["signals"]["nodes"]
    assert told == [{name: node[name] for name in ("id", "owner", "summary")} for node in known], (
        "an answer is another's",
        told,
        known,
    )
    scene.counts["rows checked"] += len(told)


async def _refused_over_http(scene: Scene, organisation: UUID) -> None:
    own = scene.alone[organisation]["mySlice"]["signals"]["nodes"][0]["id"]
    answer = await _post(scene, organisation, REFUSED, {"id": own})
    if not _is_away(answer):
        errors = answer.json()["data"]["withdraw"]["errors"]
        assert [error["code"] for error in errors] == ["CONFLICT"], errors


def _is_away(answer: httpx.Response) -> bool:
    """Whether the connection of the request was lost."""
    codes = {error["extensions"]["code"] for error in answer.json().get("errors", ())}
    assert codes <= {"UNAVAILABLE"}, answer.text
    return bool(codes)


async def _read(scene: Scene, session: Session, organisation: UUID) -> None:
    """Asks for everybody's records, and gets what the model says."""
    rows = await session.fetch("signals_by_id", list(scene.world.records))
    session.tally("SIGNAL", rows)
    told = {row["id"]: row["owner"] for row in rows}
    assert told == scene.visible[organisation], "rows are another's"
    scene.counts["rows checked"] += len(rows)


async def _in_session(scene: Scene, organisation: UUID) -> None:
    async with scene.database.session(scene.principal(organisation)) as session:
        await _read(scene, session, organisation)


async def _at_once(scene: Scene, organisation: UUID) -> None:
    async with scene.database.session(scene.principal(organisation)) as session:
        session.alone = True
        await _read(scene, session, organisation)
        assert sum(line["records"] for line in session.read) == 4, "the ledger lacks lines"


async def _several_at_once(scene: Scene, organisation: UUID) -> None:
    async with scene.database.session(scene.principal(organisation)) as session:
        await asyncio.gather(*(_read(scene, session, organisation) for _ in range(3)))


async def _with_savepoint(scene: Scene, organisation: UUID) -> None:
    async with scene.database.session(scene.principal(organisation), read_only=False) as session:
        async with session.savepoint() as point:
            await _read(scene, session, organisation)
            point.undo()
        await _read(scene, session, organisation)


def _failing(command: str) -> Callable[[Scene, UUID], Awaitable[None]]:
    """Reads, fails in the middle of the transaction, and must not get further."""

    async def fail(scene: Scene, organisation: UUID) -> None:
        try:
            async with scene.database.session(scene.principal(organisation)) as session:
                await _read(scene, session, organisation)
                await session._execute(command)
                raise AssertionError(f"{command} did not fail")
        except (Refusal, Unavailable, Ended, asyncpg.PostgresError):
            scene.counts["failed in a transaction"] += 1

    return fail


OPERATIONS: dict[str, Callable[[Scene, UUID], Awaitable[None]]] = {
    "session": _in_session,
    "HTTP": _over_http,
    "several at once": _several_at_once,
    "savepoint": _with_savepoint,
    "refused write over HTTP": _refused_over_http,
    "error": _failing("select pg_advisory_xact_lock(7), 1 / 0"),
    "time-out": _failing("set local statement_timeout = 1; select pg_sleep(9)"),
    "lost connection": _failing("select pg_terminate_backend(pg_backend_pid())"),
    "one trip": _at_once,
    "one trip over HTTP": _at_once_over_http,
}
# Of thirty reads, how many are of each.
SHARES = (6, 4, 3, 2, 2, 1, 1, 1, 5, 5)
SHORT = {"one trip": 2}
"""Which have fewer suspensions than others, and how many are always met."""
CHOICES = [name for name, times in zip(OPERATIONS, SHARES, strict=True) for _ in range(times)]


async def interleaved(scene: Scene, numbers: range) -> Outcome:
    """Carries out the reads with these numbers, those of all organisations at the same time."""
    asyncio.get_running_loop().set_exception_handler(
        lambda _, told: scene.unheard.append(repr(told))
    )
    people = scene.world.organisations
    each = ([number for number in numbers if number % len(people) == n] for n in range(len(people)))
    ended = await asyncio.gather(
        *map(partial(_one_after_another, scene), people, each), return_exceptions=True
    )
    assert scene.database.faults == [], Counter(scene.database.faults)
    assert scene.unheard == [], scene.unheard[0]
    for error in ended:
        if error is not None:
            raise error
    await _all_idle(scene)
    return Outcome(
        {"reads interleaved": len(numbers), **scene.counts},
        {"different places of cancellation": frozenset(scene.places)},
    )


async def _one_after_another(scene: Scene, organisation: UUID, numbers: list[int]) -> None:
    for number in numbers:
        rng = random.Random(number)
        name = rng.choice(CHOICES)
        cut = Cut(rng.choice((0, rng.randint(1, rng.choice(LATEST_CUTS)))))
        try:
            await cut_short(OPERATIONS[name](scene, organisation), cut)
        except asyncio.CancelledError:
            assert 0 < cut.at <= cut.suspensions, "cancelled, and nobody asked for it"
            scene.counts["cancelled"] += 1
            scene.places.add(f"{name} {cut.at}")
        except (Unavailable, Ended):
            scene.counts["lost their connection"] += 1
        else:
            scene.counts["carried out"] += 1
        if number % READS_PER_KILL == 0:
            await _kill_one(scene)


async def _kill_one(scene: Scene) -> None:
    """Somebody's connection goes, in the middle of whatever it does."""
    scene.counts["connections terminated"] += await scene.superuser.fetchval(
        "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity"
        " where datname = current_database() and usename = 'hub_app' and application_name = 'hub'"
        " order by random() limit 1) one"
    )


async def _all_idle(scene: Scene) -> None:
    """Nothing of the hub's goes on in the database, once the servers of connections that were
    closed have noticed.
    """
    until = time.monotonic() + NOTICED_SECONDS
    while busy := await scene.superuser.fetch(
        "select state, query from pg_stat_activity where datname = current_database()"
        " and application_name = 'hub' and state <> 'idle'"
    ):
        assert time.monotonic() < until, [tuple(row) for row in busy]


def _carry_out(cluster: Cluster, numbers: range) -> Outcome:
    async def prove() -> Outcome:
        async with a_scene(cluster) as scene:
            return await interleaved(scene, numbers)

    with asyncio.Runner() as runner:
        return runner.run(prove())


def whole(outcome: Outcome) -> Counts:
    """The counts, once each of the operations was cancelled at each of its first suspensions."""
    first = {f"{name} {at}" for name in OPERATIONS for at in range(1, 1 + SHORT.get(name, 5))}
    missing = first - outcome.met["different places of cancellation"]
    assert not missing, f"never cancelled at: {sorted(missing)}"
    return as_it_is(outcome)


CONCURRENCY = Proof("concurrency", 8, "read", _carry_out, long=1_000_000, share=5000, whole=whole)
