# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Canaries: random words in every text column of others' rows, found from the catalogue, appear in no byte that one gets.

One organisation has no agreement with the asker: every text of its rows is a canary. Those that do have one keep what they
share; the rest of their records are canaries too. The asker then tries everything: each root of the schema, sessions of
random operations, others' ids, and requests that fail.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import asyncpg

from schema.build import build
from schema.contributions import CONTRIBUTIONS
from tests.conftest import Cluster
from tests.isolation.fixed import OTHER_KINDS
from tests.isolation.model import World
from tests.isolation.pair import (
    Base,
    Plant,
    Side,
    a_pair,
    make_base,
    memory_of,
)
from tests.isolation.play import Connection, named
from tests.isolation.sessions import Asking, Operation, global_id
from tests.proofs.proof import Counts, Outcome, Proof, together

ASKERS = ("buurtwerk", "gemeente", "corporatie-a")
STRANGER = "school-a"
KNOWN_TO_ALL = {
    "organisations": "the catalogue of partners",
    "organisation_wijken": "the catalogue of partners: whom to call in a wijk",
}
# Tables of which the stranger has no row, with the reason.
WITHOUT_ROW = {
    "edition_cells": "its texts are codes, and proof 7 is about its numbers",
    "edition_parts": "its texts are codes, and proof 7 is about its numbers",
    "editions": "its texts are codes, and proof 7 is about its numbers",
}
# Codes of the hub's own, by which rows are found and shown: a row without them would be shown to nobody, its owner included.
CODES = ("kind", "category", "change", "outcome", "mode", "precision", "decision", "subject")
ROLES_OF_ROWS = ("owner", "organisation", "proposed_by", "provider", "audience")

COLUMNS = """
  select c.relname as table, h.attname as holder, a.attname as column, format_type(a.atttypid, null) as type
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  join pg_attribute h on h.attrelid = c.oid and h.attname = any ($1)
    and h.atttypid = 'uuid'::regtype
  where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' and a.attname <> 'gemeente' and a.attname <> all ($2)
    and format_type(a.atttypid, null) in ('text', 'text[]', 'jsonb', 'json', 'character varying')
    and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey::int2[])
      and c.relname in ('organisations'))
  order by 1, 3"""


class Canaries:
    """The words that were put down, and where."""

    def __init__(self) -> None:
        self.where: dict[str, str] = {}

    def new(self, place: str) -> str:
        """A word that occurs nowhere else."""
        word = f"kanarie{secrets.token_hex(8)}"
        self.where[word] = place
        return word

    def found_in(self, text: str) -> set[str]:
        """Where the canaries of a text came from."""
        return (
            {place for word, place in self.where.items() if word in text}
            if "kanarie" in text
            else set()
        )


def _of_other_kinds(gemeente: str, stranger: UUID) -> str:
    """The statements that give the stranger a record of each kind beside signals."""
    return "".join(
        f"""
        insert into hub.{table} (gemeente, owner, id, dataset, external_id, source_version, wijk, category, {columns})
          select '{gemeente}', '{stranger}', '{named("canary", table)}', 'rond-de-school', 'x', 'x', w.wijk, 'NOISE', {values.format(wijk="w.wijk")}
          from hub.organisation_wijken w where w.organisation = '{stranger}';"""
        for table, (columns, values) in OTHER_KINDS.items()
    )


async def strangers_rows(superuser: Connection, stranger: UUID, other: UUID) -> None:
    """A row of the stranger's in every table that has an owner, as far as the hub has not made one."""
    gemeente = "GM0637"
    who = f"'{gemeente}', '{stranger}'"
    agreement = named("canary")
    await superuser.execute(f"""
        insert into hub.signals (gemeente, owner, id, dataset, external_id, source_version, wijk, category, subcategory, seen_at, summary,
          internal_note) select {who}, '{named("canary record")}', 'rond-de-school', 'x', 'x', w.wijk, 'NOISE', 'x', hub.now(), 'x', 'x'
          from hub.organisation_wijken w where w.organisation = '{stranger}';
        select hub.fold_rollups('{gemeente}', 1000); -- of what comes now the changes are not folded
        {_of_other_kinds(gemeente, stranger)}
        insert into hub.receipts (gemeente, owner, id, dataset, kind, mode, dry_run, actor, summary)
          values ({who}, '{agreement}', 'x', 'SIGNAL', 'UPSERT', false, 'x', '[]');
        insert into hub.receipt_rows (gemeente, owner, receipt, line, external_id, outcome)
          values ({who}, '{agreement}', 1, 'x', 'CREATED');
        insert into hub.dry_runs (gemeente, owner, receipt, kind, delivery, rows)
          values ({who}, '{agreement}', 'SIGNAL', '{{}}', '[]');
        insert into hub.idempotency_keys (gemeente, owner, key, operation, digest, result)
          values ({who}, 'sleutel-0', 'x', 'x', '{agreement}');
        insert into hub.list_parts (gemeente, owner, dataset, key, part, parts, complete, external_ids)
          values ({who}, 'x', 'x', 1, 2, true, array['x']);
        insert into hub.sheet_mappings (gemeente, owner, dataset, kind, mapping) values ({who}, 'x', 'SIGNAL', '{{}}');
        insert into hub.tombstones (gemeente, owner, kind, id, dataset, external_id, reason)
          values ({who}, 'SIGNAL', '{agreement}', 'x', 'x', 'x');
        insert into hub.share_caps (gemeente, owner, profile, receiver, precision, with_text)
          values ({who}, '{agreement}', '{other}', 'WIJK', true);
        insert into hub.agreements (gemeente, id, proposed_by, title, purpose, legal_basis, contact, dpia, valid_from, valid_until, parties,
            joint_controllers)
          values ('{gemeente}', '{agreement}', '{stranger}', 'x', 'x', 'x', 'x', 'x', hub.today(), hub.today() + 9,
            array['{stranger}', '{other}']::uuid[], array['{stranger}', '{other}']::uuid[]);
        insert into hub.agreement_rules (gemeente, agreement, version, number, provider, receiver, wijken, kind, fields, precision)
          select '{gemeente}', '{agreement}', 1, r.number, '{stranger}', '{other}', array[w.wijk], r.kind, r.fields::text[], r.precision
          from hub.organisation_wijken w, (values (1, 'SIGNAL', '{{summary}}', 'EXACT'), (2, 'COUNT', '{{}}', 'COUNT'))
            r (number, kind, fields, precision) where w.organisation = '{stranger}';
        insert into hub.agreement_decisions (gemeente, agreement, version, organisation, decision, actor, reason, signed_by)
          select '{gemeente}', '{agreement}', 1, o, 'ACCEPT', 'x', 'x', 'x' from unnest(array['{stranger}', '{other}']::uuid[]) o;
        select set_config('hub.organisation', '{other}', false), set_config('hub.gemeente', '{gemeente}', false);
        select hub.log_reads(array['SIGNAL'], array['{stranger}']::uuid[], array['{agreement}']::uuid[], array[''], array[1], array[1],
          array['{agreement}']::uuid[], 'x');
        select set_config('hub.organisation', '', false), set_config('hub.gemeente', '', false);
        """)


# What a column is given that must have something, by its type; by its name where that says what it takes.
ANYTHING = {
    "text": "'x'",
    "date": "hub.today()",
    "timestamp with time zone": "hub.now()",
    "boolean": "false",
    "jsonb": "'{}'",
    "bytea": "'x'",
    "gemeente": "'GM0637'",
    "kind": "'SIGNAL'",
    "category": "'NOISE'",
    "precision": "'EXACT'",
}


async def _rows_everywhere(superuser: Connection, stranger: UUID) -> set[str]:
    """Sees to it that the stranger has a row in every table with texts of somebody; returns those in which it has none."""
    without = set()
    for table, holder in {
        (row["table"], row["holder"])
        for row in await superuser.fetch(COLUMNS, list(ROLES_OF_ROWS), list(CODES))
        if row["table"] not in KNOWN_TO_ALL
    }:
        owned = f"select exists (select from hub.{table} where {holder} = $1)"
        if await superuser.fetchval(owned, stranger):
            continue
        try:
            async with superuser.transaction():
                await _any_row(superuser, table, holder, stranger)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
            without.add(table)
    return without - WITHOUT_ROW.keys()


async def _any_row(superuser: Connection, table: str, holder: str, stranger: UUID) -> None:
    columns = await superuser.fetch(
        """select a.attname as name, format_type(a.atttypid, null) as type from pg_attribute a
          where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and a.attgenerated = ''
            and a.attidentity = '' and (not a.atthasdef or a.attname in ('gemeente', $2))""",
        f"hub.{table}",
        holder,
    )
    given = {}
    for name, type_ in columns:
        other = f"'{named('canary')}'" if type_ == "uuid" else "1"
        given[name] = "'{}'" if type_.endswith("[]") else ANYTHING.get(type_, other)
        given[name] = ANYTHING.get(name, given[name])
    given[holder] = f"'{stranger}'"
    names = ", ".join(f'"{name}"' for name in given)
    await superuser.execute(
        f"insert into hub.{table} ({names}) values ({', '.join(given.values())})"
    )


def _in_sql(column: str, type_: str, word: str) -> str:
    """A word as a column holds it, in a form in which its owner can read it."""
    if type_ == "text[]":
        return f"array['{word}']"
    if type_ != "jsonb":
        return f"'{word}'"
    held: object = [word]
    if column in ("mapping", "before", "after", "details"):
        held = {word: word}
    elif column == "errors":
        held = [{"path": [word], "code": word, "params": {}, "message": word}]
    value = f"'{json.dumps(held)}'::jsonb"
    return f"details || {value}" if column == "details" else value  # its text names what is there


async def let_loose(
    superuser: Connection, world: World, asker: UUID, stranger: UUID
) -> tuple[Canaries, set[str]]:
    """Puts the canaries down; returns them and the tables that have some."""
    canaries, tables = Canaries(), set()
    await superuser.execute(
        "set session_replication_role = replica"
    )  # neither triggers nor foreign keys
    without = await _rows_everywhere(superuser, stranger)
    assert not without, f"the stranger has no row in {sorted(without)}: add one to strangers_rows"
    for row in await superuser.fetch(COLUMNS, list(ROLES_OF_ROWS), list(CODES)):
        table, column = row["table"], row["column"]
        if table in KNOWN_TO_ALL:
            continue
        tables.add(table)
        word = f"kanarie{secrets.token_hex(8)}"
        value = _in_sql(column, row["type"], word)
        try:
            async with superuser.transaction():
                await superuser.execute(
                    f'update hub.{table} set "{column}" = {value} where {row["holder"]} = $1',
                    stranger,
                )
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
            continue  # a list of words, or a form: nothing random fits
        canaries.where[word] = f"{table}.{column}"
    for record in world.records.values():
        if record.owner == asker:
            continue
        view = world.view(asker, record)
        shown = view.columns if view else set()
        for column in {
            *record.TEXTS,
            *({"subcategory"} & set(record.WRITTEN)),
            "external_id",
            "source_version",
        } - shown:
            word = canaries.new(f"{record.TABLE}.{column}")
            await superuser.execute(
                f"update hub.{record.TABLE} set {column} = $2 where id = $1", record.id, word
            )
    await superuser.execute("set session_replication_role = origin")
    return canaries, tables


async def repertoire(base: Base, side: Side, guesses: list[str], seed: int) -> list[Operation]:
    """The asker's attempts: every root several times, and requests that cannot succeed."""
    schema = build()._schema
    memory = memory_of(base, guesses)
    rng = random.Random(seed)
    made = []
    for kind, type_ in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        assert type_ is not None
        for root in type_.fields:
            made += [Asking(rng, memory).operation(kind, root) for _ in range(4)]
    for guess in guesses:
        made.append(
            Operation(
                "query($id: ID!) { node(id: $id) { __typename id ... on Signal { summary internalNote sourceId history { nodes { before after } } }"
                " ... on EnforcementAction { sourceId version } ... on PoliceNotice { sourceId version }"
                " ... on HousingProject { title sourceId version history { nodes { before after } } }"
                " ... on Activity { title audience facility sourceId version history { nodes { before after } } }"
                " ... on CountRecord { measure group sourceId version history { nodes { before after } } }"
                " ... on Agreement { title purpose rules { fields } } } pushReceipt(id: $id) { dataset } }",
                {"id": guess},
                {},
            )
        )
        made.append(
            Operation(
                'mutation($id: ID!) { withdraw(input: {id: $id, version: 1, reason: "x"}) { id errors { code message } } }',
                {"id": guess},
                {},
            )
        )
        made += [
            Operation(
                f'mutation($id: ID!) {{ {does}(input: {{receipt: $id, idempotencyKey: "poging-{does}"{more}}})'
                " { dataset summary { outcome } rows { nodes { externalId } } errors { code message } } }",
                {"id": guess},
                {},
            )
            for does, more in (("commitDryRun", ""), ("undoPush", ', reason: "x"'))
        ]
    made += [
        Operation('query { wijk(code: "WK063711") { geheim } }', {}, {}),
        Operation('query { mySlice { pushes(first: 1, after: "eA") { nodes { id } } } }', {}, {}),
        Operation('query { wijk(code: "WK063700") { id } }', {}, {}),
        Operation("niets", {}, {}),
    ]
    return made


class _Listening(logging.Handler):
    """Keeps what is logged, on every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """A line, and all that hangs on it."""
        self.told.append(record.getMessage() + repr(record.__dict__))


@contextmanager
def _listening() -> Iterator[_Listening]:
    root, handler = logging.getLogger(), _Listening()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def heard(cluster: Cluster, world: int, fault: Plant | None = None) -> tuple[set[str], Outcome]:
    """Where the canaries of a world come from that the asker got to see, or that stand in the logs; and what was tried."""
    with _listening() as logs, asyncio.Runner() as runner:
        leaked, counts, canaries, tables = runner.run(_tried(cluster, world, fault))
    done = Outcome({"worlds": 1, **counts}, {"tables with canaries": frozenset(tables)})
    return leaked | canaries.found_in("".join(logs.told)), done


async def _tried(
    cluster: Cluster, world: int, fault: Plant | None
) -> tuple[set[str], Counts, Canaries, set[str]]:
    root = await asyncpg.connect(cluster.addresses.superuser)
    asker = ASKERS[world % len(ASKERS)]
    base = await make_base(cluster, root, "canaries", asker, 5 + world)
    planted: list[tuple[Canaries, set[str]]] = []

    async def plant(superuser: Connection) -> None:
        stranger = await superuser.fetchval(
            "select id from hub.organisations where slug = $1", STRANGER
        )
        other = next(one for one in base.world.organisations if one != base.asker)
        await strangers_rows(superuser, stranger, other)
        planted.append(await let_loose(superuser, base.world, base.asker, stranger))
        if fault is not None:
            await fault(superuser)

    try:
        async with a_pair(base, root, 1 + world, plant) as (side, _):
            canaries, tables = planted[0]
            leaked, answered = set(), 0
            for operation in await repertoire(base, side, _guesses(base), 7 + world):
                status, headers, body = await side.ask(operation)
                leaked |= canaries.found_in(body.decode() + repr(headers))
                answered += status == 200
            assert answered > 40
            async with side.play.app.transaction():
                assert canaries.found_in(await _everything(side, base)), "no canary was let loose"
    finally:
        await root.execute(f"drop database {base.name} with (force)")
        await root.close()
    counts = {"canaries": len(canaries.where), "operations answered": answered}
    return leaked, counts, canaries, tables


def _carry_out(cluster: Cluster, worlds: range) -> Outcome:
    outcomes = []
    for world in worlds:
        leaked, done = heard(cluster, world)
        assert leaked == set(), f"world {world}: heard from {sorted(leaked)}"
        outcomes.append(done)
    return together(outcomes)


CANARIES = Proof("canaries", 4, "world", _carry_out, long=18, share=2)


def _guesses(base: Base) -> list[str]:
    """Ids that are not the asker's, as if it had guessed them."""
    others = [record for record in base.world.records.values() if record.owner != base.asker]
    return [
        *(global_id(type(record).__name__, record.id) for record in others),
        global_id("Agreement", named("canary")),
        global_id("PushReceipt", named("canary")),
        global_id("Signal", named("canary record")),
        *(
            global_id(each.typename, named("canary", each.kind.table))
            for each in CONTRIBUTIONS
            if each.kind.table in OTHER_KINDS
        ),
    ]


async def _everything(side: Side, base: Base) -> str:
    """What the owners of the canaries read."""
    texts = []
    for organisation in base.world.organisations:
        await side.play.app.execute(
            "select set_config('hub.gemeente', $1, true), set_config('hub.organisation', $2, true)",
            *(base.world.gemeente, str(organisation)),
        )
        texts.append(repr(await side.play.app.fetch("select * from hub.signals")))
    return "".join(texts)
