# SPDX-License-Identifier: EUPL-1.2
"""The matrix: which kind of organisation can do what with which field of which type, and what of it
which other organisation sees, asked over HTTP for every cell.

The fields, the inputs and the kinds of organisation are taken from the schema, so a new one makes a
line, or a column, that matrix.txt does not have. What is alike for several kinds of organisation
stands once; a kind that differs from the others gets a column, or lines, of its own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from graphql import GraphQLField, GraphQLNonNull, Undefined, get_named_type, is_leaf_type

from hub.app import create_app
from hub.settings import Settings
from resolvers.tokens import digest_of_token, new_token
from schema.contributions import CONTRIBUTIONS
from schema.parts import ContributionKind
from sql.session import Database
from tests.conftest import NOW, TEMPLATE, Cluster
from tests.isolation.model import Agreement, Rule, World
from tests.isolation.pair import GEMEENTE, WIJKEN, WITHOUT_END, connections, copied
from tests.isolation.play import Connection, Play, named
from tests.isolation.sessions import SCHEMA, global_id
from tests.proofs.proof import Counts, Outcome, Proof

TABLE = Path(__file__).with_name("matrix.txt")
KINDS = tuple(SCHEMA.type_map["OrganisationKind"].values)  # type: ignore[attr-defined]
CODES_ONLY = ("POLICE", "ENFORCEMENT")
WIJK = WIJKEN[0]

# How a receiver may see: precision, and whether its rule lists every field that can be listed.
MODES: dict[str, tuple[str, bool] | None] = {
    "EXACT+": ("EXACT", True),
    "EXACT": ("EXACT", False),
    "BUURT+": ("BUURT", True),
    "BUURT": ("BUURT", False),
    "WIJK+": ("WIJK", True),
    "WIJK": ("WIJK", False),
    "COUNT": ("COUNT", True),
    "nothing": None,
}

# What a field of an input is given, by its name, or by input and name.
VALUES: dict[str, Any] = {
    "advice": "CALL_POLICE",
    "attendance": 12,
    "audience": "iedereen",
    "buurt": "Midden",
    "category": "NOISE",
    "count": 12,
    "dayPart": "EVENING",
    "endsAt": "2026-11-23T11:00:00+01:00",
    "endsOn": "2026-12-23",
    "facility": "buurthuis",
    "group": "onderbouw",
    "happenedOn": "2026-11-22",
    "homes": 48,
    "internalNote": "eigen notitie",
    "lat": 52.05,
    "lon": 4.55,
    "CountRecord.measure": "jeugdoverlast",
    "EnforcementAction.measure": "PATROL",
    "on": "2026-11-22",
    "period": "2026-W48",
    "seenAt": "2026-11-22T10:00:00+01:00",
    "sourceVersion": "1",
    "startsAt": "2026-11-23T09:00:00+01:00",
    "startsOn": "2026-11-23",
    "HousingProject.status": "RUNNING",
    "Signal.status": "IN_PROGRESS",
    "subcategory": "eigen soort",
    "summary": "lamp stuk",
    "title": "Koffie",
    "until": "2026-11-30",
    "wijk": WIJK,
    "wijken": [WIJK],
    "work": "RENOVATION",
}
# Given together, or not at all.
PAIRED = {"lon": "lat", "lat": "lon"}
# What a signal needs, to be delivered.
BASE = ("wijk", "category", "seenAt", "status")
# Only of another measure.
WITH = {"group": {"measure": "schoolverzuim"}}
# Where the answer has what an input gives, when it has another name there.
FOUND_IN = {
    "buurt": ("place", "buurt"),
    "lat": ("place", "lat"),
    "lon": ("place", "lon"),
    "externalId": ("sourceId",),
    "sourceVersion": ("sourceId",),
}
# A count is of the whole wijk, of a buurt or of a group: the record that others read is of a buurt.
NOT_TOGETHER = {"CountRecord": {"group"}}


@dataclass(slots=True)
class Scene:
    """An organisation of each kind that writes, and one of each kind for each way to see."""

    client: httpx.AsyncClient
    tokens: dict[UUID, str]
    owners: dict[str, UUID]
    readers: dict[tuple[str, str], UUID]
    full: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """The record of each type and kind of owner with everything that it can have."""
    receipts: dict[tuple[UUID, bool], str] = field(default_factory=dict)
    """The last receipt of each owner, and whether it is of a dry run."""
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def ask(self, who: UUID, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data, or the code of the error that took its place."""
        answer = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.tokens[who]}"},
        )
        body: dict[str, Any] = answer.json()
        if "errors" in body:
            return {"refused": body["errors"][0]["extensions"]["code"]}
        data: dict[str, Any] = body["data"]
        return data

    def key(self) -> str:
        """A new idempotency key or external id."""
        return f"matrix-{next(self.numbers):06}"


@asynccontextmanager
async def a_scene(cluster: Cluster, kinds: Sequence[str]) -> AsyncIterator[Scene]:
    """The organisations in a database of their own, with all that is agreed between them."""
    name = "matrix"
    root = await asyncpg.connect(cluster.addresses.superuser)
    await copied(root, TEMPLATE, name)
    try:
        async with connections(cluster, name) as (superuser, owner, app):
            owners = {kind: named("matrix", kind) for kind in kinds}
            readers = {
                (mode, kind): named("matrix", mode, kind) for mode in MODES for kind in kinds
            }
            everybody = {one: kind for kind, one in owners.items()}
            everybody |= {one: kind for (_, kind), one in readers.items()}
            tokens = await _people(owner, everybody)
            await _agree(superuser, owner, app, owners, readers)
            database = await Database.open(cluster.dsn("app", name), size=2)
            settings = replace(Settings(), limits=WITHOUT_END)
            transport = httpx.ASGITransport(app=create_app(settings, database))
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                    yield Scene(client, tokens, owners, readers)
            finally:
                await database.close()
    finally:
        await root.execute(f"drop database {name} with (force)")
        await root.close()


async def _people(owner: Connection, everybody: dict[UUID, str]) -> dict[UUID, str]:
    tokens = {one: new_token() for one in everybody}
    async with owner.transaction():
        await owner.executemany(
            "insert into hub.organisations (gemeente, id, slug, name, kind)"
            " values ($1, $2, $3, $3, $4)",
            [
                (GEMEENTE, one, f"matrix-{n}", kind)
                for n, (one, kind) in enumerate(everybody.items())
            ],
        )
        await owner.executemany(
            "insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from)"
            " select $1, $2, v.wijk, '2020-01-01' from hub.wijk_versions v"
            " where v.code = $3 and v.year = 2025",
            [(GEMEENTE, one, WIJK) for one in everybody],
        )
        await owner.executemany(
            "insert into hub.tokens (gemeente, organisation, name, digest, scopes, expires_at)"
            " values ($1, $2, 'test', $3, '{read,write}', hub.now() + interval '1 day')",
            [(GEMEENTE, one, digest_of_token(token)) for one, token in tokens.items()],
        )
    return tokens


async def _agree(
    superuser: Connection,
    owner: Connection,
    app: Connection,
    owners: dict[str, UUID],
    readers: dict[tuple[str, str], UUID],
) -> None:
    """An agreement for each way to see, of every owner with each reader of that way."""
    wijk = await superuser.fetchval(
        "select wijk from hub.wijk_versions where code = $1 and year = 2025", WIJK
    )
    rows = await superuser.fetch("select kind, field from hub.contribution_fields where listed")
    listed: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        listed[row["kind"]].append(row["field"])
    people = (*owners.values(), *readers.values())
    play = Play(World(GEMEENTE, people, {wijk: ()}, set(), NOW.date()), owner, app)
    for mode, way in MODES.items():
        if way is None:
            continue
        precision, lists = way
        its = [one for (of, _), one in readers.items() if of == mode]
        rules = tuple(
            Rule(
                *(provider, receiver, (wijk,), None),
                tuple(sorted(listed[each.kind.name])) if lists else (),
                precision,
                includes_past=True,
                kind=each.kind.name,
            )
            for provider in owners.values()
            for receiver in its
            for each in CONTRIBUTIONS
            if each.kind.name != "COUNT" or precision == "COUNT"
        )
        parties = tuple(sorted((*owners.values(), *its)))
        today = play.world.today
        made = Agreement(named("matrix", mode), parties, today, today, rules)
        await play.propose(parties[0], made)
        for party in parties:
            await play.decide(made.id, party, "ACCEPT")


# -- what is written ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """A mutation that writes a record of a type, and the input that it takes of it."""

    mutation: str
    typename: str
    input: str

    def fields(self) -> dict[str, bool]:
        """The fields of its input, and whether one must be given."""
        return {
            name: isinstance(one.type, GraphQLNonNull) and one.default_value is Undefined
            for name, one in SCHEMA.type_map[self.input].fields.items()  # type: ignore[attr-defined]
        }


def ways(each: ContributionKind) -> tuple[Way, Way, Way]:
    """How a record of a kind is reported, delivered and changed."""
    name = "".join(word.capitalize() for word in each.kind.name.split("_"))
    assert SCHEMA.mutation_type is not None
    mutations = SCHEMA.mutation_type.fields
    report, update = f"report{name}", f"update{name}"
    given = [get_named_type(mutations[one].args["input"].type).name for one in (report, update)]
    return (
        Way(report, each.typename, given[0]),
        Way(each.push_name, each.typename, each.row_type.__name__),
        Way(update, each.typename, given[1]),
    )


def selection(typename: str) -> str:
    """Everything that a record of a type has; of what is not a value that it is there."""
    fields: dict[str, GraphQLField] = SCHEMA.type_map[typename].fields  # type: ignore[attr-defined]
    return " ".join(_asked(name, one) for name, one in fields.items())


def _asked(name: str, one: GraphQLField) -> str:
    if name == "place":
        return "place { buurt { id } lon lat label precision }"
    if is_leaf_type(get_named_type(one.type)):
        return name
    return f"{name} {{ nodes {{ change }} }}" if name == "history" else f"{name} {{ __typename }}"


def value_of(typename: str, name: str) -> Any:
    """What a field of an input is given; a KeyError for one that is new."""
    return VALUES[name] if name in VALUES else VALUES[f"{typename}.{name}"]


async def write(scene: Scene, kind: str, way: Way, names: set[str]) -> tuple[str, dict[str, Any]]:
    """What becomes of a record with these fields besides the needed ones: the code of a refusal,
    or nothing, with the record as its owner reads it.
    """
    who = scene.owners[kind]
    given = {
        name: value_of(way.typename, name)
        for name, needed in way.fields().items()
        if (needed or name in names) and name not in ("idempotencyKey", "externalId", "shareAt")
    }
    for name in names & WITH.keys():
        given |= WITH[name]
    if "shareAt" in names:
        other = scene.readers["EXACT+", kind]
        given["shareAt"] = [{"organisation": global_id("Organisation", other), "precision": "WIJK"}]
    if way.mutation.startswith("push"):
        return await _pushed(scene, who, way, given)
    given["idempotencyKey"] = scene.key()
    return await _reported(scene, who, way, given)


async def _reported(
    scene: Scene, who: UUID, way: Way, given: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    assert SCHEMA.mutation_type is not None
    payload = get_named_type(SCHEMA.mutation_type.fields[way.mutation].type)
    record = next(
        name
        for name, one in payload.fields.items()  # type: ignore[union-attr]
        if get_named_type(one.type).name == way.typename
    )
    query = (
        f"mutation($in: {way.input}!) {{ made: {way.mutation}(input: $in) {{"
        f" record: {record} {{ {selection(way.typename)} }}"
        " shownAs { precision } errors { code } } }"
    )
    data = await scene.ask(who, query, {"in": given})
    if "refused" in data:
        return data["refused"], {}
    made = data["made"]
    if made["record"] is None:
        return made["errors"][0]["code"], {}
    return "", {**made["record"], "shareAt": made["shownAs"]}


async def _pushed(
    scene: Scene, who: UUID, way: Way, given: dict[str, Any], *, dry_run: bool = False
) -> tuple[str, dict[str, Any]]:
    dataset = f"matrix-{way.typename.lower()}"
    delivery = {"dataset": dataset, "idempotencyKey": scene.key(), "dryRun": dry_run}
    query = (
        f"mutation($rows: [{way.input}!]!, $delivery: Delivery!) {{ made: {way.mutation}("
        "input: { delivery: $delivery, rows: $rows }) {"
        " id rows { nodes { recordId errors { code } } } errors { code } } }"
    )
    rows = [{**given, "externalId": scene.key()}]
    data = await scene.ask(who, query, {"rows": rows, "delivery": delivery})
    if "refused" in data:
        return data["refused"], {}
    made = data["made"]["rows"]["nodes"]
    errors = [*(error for row in made for error in row["errors"]), *data["made"]["errors"]]
    scene.receipts[who, dry_run] = data["made"]["id"]
    if not made or made[0]["recordId"] is None:
        return errors[0]["code"], {}
    return "", await read(scene, who, way.typename, made[0]["recordId"]) or {}


async def read(scene: Scene, who: UUID, typename: str, id_: str) -> dict[str, Any] | None:
    """A record as somebody reads it, or None."""
    query = (
        f"query($id: ID!) {{ node(id: $id) {{ ... on {typename} {{ {selection(typename)} }} }} }}"
    )
    found: dict[str, Any] | None = (await scene.ask(who, query, {"id": id_}))["node"]
    return found


async def withdraw(scene: Scene, who: UUID, record: dict[str, Any]) -> str:
    """The code of a refusal, or "done"."""
    query = """mutation($in: WithdrawInput!) { withdraw(input: $in) { id errors { code } } }"""
    given = {"id": record["id"], "version": record["version"] or 1, "reason": "proef"}
    data = await scene.ask(who, query, {"in": given})
    errors = data["withdraw"]["errors"]
    return errors[0]["code"] if errors else "done"


Cells = dict[tuple[str, ...], str]


async def written(scene: Scene) -> Cells:
    """What each kind of owner can write, by kind, mutation and field; leaves the full records."""
    cells: Cells = {}
    for kind in scene.owners:
        for each in CONTRIBUTIONS:
            report, push, update = ways(each)
            kept = set()
            for way in (report, push):
                for name, needed in way.fields().items():
                    told = await _tried(scene, kind, way, set() if needed else {name})
                    cells[kind, way.mutation, name] = told
                    if way is push and told == "kept":
                        kept.add(name)
            wanted = kept - NOT_TOGETHER.get(each.typename, set())
            refused, record = await write(scene, kind, push, wanted)
            if not refused:
                scene.full[kind, each.typename] = record
            cells |= await _changed(scene, kind, update, record)
    return cells


async def _tried(scene: Scene, kind: str, way: Way, names: set[str]) -> str:
    """What becomes of a field, in a record that is taken away again."""
    refused, record = await write(
        scene, kind, way, names | {PAIRED[n] for n in names & PAIRED.keys()}
    )
    if refused:
        return refused
    assert await withdraw(scene, scene.owners[kind], record) == "done"
    missing = [name for name in names if _found(record, FOUND_IN.get(name, (name,))) in (None, [])]
    return "dropped" if missing else "kept"


def _found(record: dict[str, Any], path: Sequence[str]) -> Any:
    value: Any = record
    for name in path:
        value = None if value is None else value.get(name)
    return value


async def _changed(scene: Scene, kind: str, way: Way, record: dict[str, Any]) -> Cells:
    """What each field of a change does to the full record, if there is one."""
    cells: Cells = {}
    for name in way.fields():
        if not record:
            cells[kind, way.mutation, name] = "no record"
            continue
        given = {"id": record["id"], "version": record["version"]}
        if name not in given:
            given[name] = value_of(way.typename, name)
        refused, after = await _reported(scene, scene.owners[kind], way, given)
        kept = _found(after, FOUND_IN.get(name, (name,))) not in (None, [])
        cells[kind, way.mutation, name] = refused or ("kept" if kept else "dropped")
        if not refused:
            record.update(after)
    return cells


# -- what is read ---------------------------------------------------------------------------------


async def seen(scene: Scene) -> Cells:
    """What of each field is read by its owner and by each reader: by type and field, kind of owner,
    way to see and kind of reader.
    """
    cells: Cells = {}
    askers = {("own", kind): who for kind, who in scene.owners.items()} | scene.readers
    for (mode, reader), who in askers.items():
        for (owner, typename), row in (await read_all(scene, who)).items():
            if mode == "own" and owner != reader:
                continue
            for name in _leaves(typename):
                told = "absent" if row is None else _told(name, _found(row, name.split(".")))
                cells[f"{typename}.{name}", owner, mode, reader] = told
    return cells


async def read_all(scene: Scene, who: UUID) -> dict[tuple[str, str], dict[str, Any] | None]:
    """The full records as somebody reads them, those of one type at once."""
    rows: dict[tuple[str, str], dict[str, Any] | None] = {}
    for each in CONTRIBUTIONS:
        its = {key: one["id"] for key, one in scene.full.items() if key[1] == each.typename}
        rows |= await _at_once(scene, who, its)
    return rows


async def _at_once(
    scene: Scene, who: UUID, records: dict[tuple[str, str], str]
) -> dict[tuple[str, str], dict[str, Any] | None]:
    taken = {f"n{n}": id_ for n, id_ in enumerate(records.values())}
    declared = ", ".join(f"${name}: ID!" for name in taken)
    parts = " ".join(
        f"{name}: node(id: ${name}) {{ ... on {typename} {{ {selection(typename)} }} }}"
        for name, (_, typename) in zip(taken, records, strict=True)
    )
    data = await scene.ask(who, f"query({declared}) {{ {parts} }}", taken)
    assert "refused" not in data, data
    return dict(zip(records, data.values(), strict=True))


def _leaves(typename: str) -> Iterator[str]:
    for name in SCHEMA.type_map[typename].fields:  # type: ignore[attr-defined]
        if name == "place":
            yield from (f"place.{part}" for part in ("buurt", "lon", "lat", "label", "precision"))
        else:
            yield name


def _told(name: str, value: Any) -> str:
    if name in ("hidden", "precision", "place.precision"):
        return " ".join(value) or "none" if isinstance(value, list) else value
    return "null" if value in (None, []) else "value"


def _list_of(each: ContributionKind) -> str:
    """The field of a wijk that lists the records of a kind."""
    fields = SCHEMA.type_map["Wijk"].fields  # type: ignore[attr-defined]
    named_alike = f"{each.typename}Connection"
    return next(n for n, one in fields.items() if get_named_type(one.type).name == named_alike)


async def in_lists(scene: Scene) -> Cells:
    """Whether the record stands in the list of its wijk: by type, kind of owner, way, reader."""
    cells: Cells = {}
    parts = " ".join(
        f"{each.typename}: {_list_of(each)}(first: 100) {{ nodes {{ id }} }}"
        for each in CONTRIBUTIONS
    )
    query = f"query($wijk: String!) {{ wijk(code: $wijk) {{ {parts} }} }}"
    for (mode, reader), who in scene.readers.items():
        data = await scene.ask(who, query, {"wijk": WIJK})
        for (owner, typename), record in scene.full.items():
            ids = {node["id"] for node in data["wijk"][typename]["nodes"]}
            told = "value" if record["id"] in ids else "absent"
            cells[f"{typename}.id", owner, mode, reader] = told
    return cells


# -- what is done to another's record -------------------------------------------------------------


async def attempts(scene: Scene) -> Cells:
    """What becomes of a change and a withdrawal of another's record: by operation and way."""
    cells: Cells = await _with_receipts(scene)
    kinds = tuple(scene.owners)
    for number, ((owner, typename), record) in enumerate(scene.full.items()):
        update = ways(next(one for one in CONTRIBUTIONS if one.typename == typename))[2]
        for mode in MODES:
            who = scene.readers[mode, kinds[number % len(kinds)]]
            given = {"id": record["id"], "version": record["version"]}
            refused, _ = await _reported(scene, who, update, given)
            cells[update.mutation, owner, mode] = refused or "done"
            cells[f"withdraw {typename}", owner, mode] = await withdraw(scene, who, record)
        after = await read(scene, scene.owners[owner], typename, record["id"])
        assert after == {name: value for name, value in record.items() if name != "shareAt"}
        own, _ = await _reported(scene, scene.owners[owner], update, given)
        cells[update.mutation, owner, "own"] = own or "done"
        record["version"] += 1 if not own else 0
        gone = await withdraw(scene, scene.owners[owner], record)
        cells[f"withdraw {typename}", owner, "own"] = gone
    return cells


RECEIPT = "query($id: ID!) { pushReceipt(id: $id) { dataset } }"
UNDO = """mutation($id: ID!, $key: String!) {
  made: undoPush(input: { receipt: $id, idempotencyKey: $key, reason: "proef" }) {
    errors { code } } }"""
COMMIT = """mutation($id: ID!, $key: String!) {
  made: commitDryRun(input: { receipt: $id, idempotencyKey: $key }) { errors { code } } }"""


async def _with_receipts(scene: Scene) -> Cells:
    """What others, and then the owner, can do with the receipt of a delivery and of a dry run."""
    cells: Cells = {}
    push = ways(CONTRIBUTIONS[0])[1]
    for owner, owner_id in scene.owners.items():
        given = {name: value_of(push.typename, name) for name in BASE}
        for dry_run in (False, True):
            await _pushed(scene, owner_id, push, given, dry_run=dry_run)
        askers = {mode: scene.readers[mode, owner] for mode in MODES} | {"own": owner_id}
        for mode, who in askers.items():
            receipt = {"id": scene.receipts[owner_id, False]}
            told = (await scene.ask(who, RECEIPT, receipt))["pushReceipt"]
            cells["pushReceipt", owner, mode] = "absent" if told is None else "value"
            for name, query, dry_run in (("undoPush", UNDO, False), ("commitDryRun", COMMIT, True)):
                asked = {"id": scene.receipts[owner_id, dry_run], "key": scene.key()}
                errors = (await scene.ask(who, query, asked))["made"]["errors"]
                cells[name, owner, mode] = errors[0]["code"] if errors else "done"
    return cells


# -- the table ------------------------------------------------------------------------------------


async def asked(cluster: Cluster, kinds: Sequence[str]) -> tuple[str, Counts]:
    """The table as it was found to be, of these kinds of organisation, and how many cells were
    asked.
    """
    async with a_scene(cluster, kinds) as scene:
        writing = await written(scene)
        reading = await seen(scene)
        for key, told in (await in_lists(scene)).items():
            assert reading[key] == told, f"{key}: {told} in the list, {reading[key]} as a node"
        trying = await attempts(scene)
    lines = (*_head(), *_writing(writing, kinds), *_reading(reading, kinds), *_trying(trying))
    return "\n".join(lines) + "\n", {
        "cells of reading": len(reading),
        "cells of writing": len(writing),
        "cells of changing another's": len(trying),
    }


def _head() -> Iterator[str]:
    yield "Who can do what, with which field, of which type: asked over HTTP for every cell."
    yield ""
    yield f"others: {', '.join(kind for kind in KINDS if kind not in CODES_ONLY)}, all alike"
    yield "+: the rule lists every field that can be listed; without: it lists none"


def _lines(title: str, columns: Sequence[str], rows: dict[str, Sequence[str]]) -> Iterator[str]:
    yield ""
    yield title
    yield ""
    table = [("", *columns), *((name, *cells) for name, cells in rows.items())]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield " | ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def _alike(cells: Cells, kinds: Sequence[str], key: Any) -> str:
    """What all of these kinds of organisation have in a cell; each its own where they differ."""
    told = {kind: cells.get(key(kind), "no record") for kind in kinds}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{kind}: {cell}" for kind, cell in told.items())


def _groups(kinds: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The kinds of organisation that have a column, or lines, together."""
    others = tuple(kind for kind in kinds if kind not in CODES_ONLY)
    return {"others": others} | {kind: (kind,) for kind in CODES_ONLY}


def _writing(cells: Cells, kinds: Sequence[str]) -> Iterator[str]:
    names = dict.fromkeys((mutation, name) for _, mutation, name in cells)
    groups = _groups(kinds)
    rows = {
        f"{mutation}.{name}": [
            _alike(cells, kinds, lambda kind, m=mutation, n=name: (kind, m, n))
            for kinds in groups.values()
        ]
        for mutation, name in names
    }
    yield from _lines("What is written by each kind of organisation", tuple(groups), rows)


def _reading(cells: Cells, readers: Sequence[str]) -> Iterator[str]:
    names = dict.fromkeys(name for name, *_ in cells)
    for title, kinds in _groups(readers).items():
        rows = {}
        for name in names:
            own = _alike(cells, kinds, lambda kind, n=name: (n, kind, "own", kind))
            told = [own]
            for mode in MODES:
                by_reader = {
                    _alike(cells, kinds, lambda kind, n=name, m=mode, r=reader: (n, kind, m, r))
                    for reader in readers
                }
                told.append(" or ".join(sorted(by_reader)))
            if set(told) != {"no record"}:
                rows[name] = told
        heading = f"What is read of the records of {title}, by every kind of organisation"
        yield from _lines(heading, ("own", *MODES), rows)


def _trying(cells: Cells) -> Iterator[str]:
    names = dict.fromkeys(name for name, *_ in cells)
    rows = {
        name: [
            " or ".join(
                sorted({told for (n, _, m), told in cells.items() if (n, m) == (name, mode)})
            )
            for mode in ("own", *MODES)
        ]
        for name in names
    }
    heading = "What becomes of a change of a record or a delivery, by who asks"
    yield from _lines(heading, ("own", *MODES), rows)


def _carry_out(cluster: Cluster, _: range) -> Outcome:
    found, counts = asyncio.run(asked(cluster, KINDS))
    assert found == TABLE.read_text(encoding="utf-8"), "the matrix is not as matrix.txt says"
    return Outcome(counts)


MATRIX = Proof("matrix", 3, "table", _carry_out, long=1, share=1)
