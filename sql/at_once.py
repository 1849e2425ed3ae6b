# SPDX-License-Identifier: EUPL-1.2
"""Statements that a read can be made of in one trip to the database.

`hub migrate` makes a function of each, out of its own text: it takes the asker's identity beside
the statement's arguments, sets it for its own transaction, runs the statement, and writes what it
showed of others to the ledger. plpgsql promises that order; the identity ends with the call. The
rows are the statement's, with `ledger` beside the first: what the ledger says of them, as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

from sql.statements import statements

if TYPE_CHECKING:
    import asyncpg

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

SETTINGS = (
    *("hub.gemeente", "hub.organisation", "hub.actor", "hub.roles", "hub.trace"),
    "synchronous_commit",
)
"""What the functions set, in the order in which they take it: who asks, and whether the commit
waits for the database's disk.
"""

_DIRECTIONS = {"newest": "desc", "oldest": "asc", "by_id": None}

_FUNCTION = """
create function hub.{name}({parameters}settings text[], in_operation text)
returns table ({columns}, ledger text)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $at_once$
#variable_conflict use_column
begin
  perform {settings};
  return query
  with page as materialized (select {place} as place, q.* from ({statement}) q),
  shown as (
    select p.owner, p.agreement, p.hidden, count(*)::int as records from page p
    where p.agreement is not null and {counts} group by p.owner, p.agreement, p.hidden),
  ledger as materialized (
    select json_build_object('agreement', s.agreements, 'version', n.versions, 'activity', n.activities,
      'activity_version', n.activity_versions, 'records', s.records)::text as lines
    from (
      select array_agg(s.owner order by s.owner, s.agreement, s.hidden) as owners,
        array_agg(s.agreement order by s.owner, s.agreement, s.hidden) as agreements,
        array_agg(array_to_string(s.hidden, ',') order by s.owner, s.agreement, s.hidden) as hidden,
        array_agg(s.records order by s.owner, s.agreement, s.hidden) as records
      from shown s having count(*) > 0) s
    cross join lateral hub.log_reads(
      array_fill('{kind}'::text, array[cardinality(s.owners)]),
      s.owners, s.agreements, s.hidden, s.records, s.records,
      array(select p.id from page p where p.agreement is not null and {counts} order by p.owner, p.agreement, p.hidden, p.id),
      in_operation) n)
  select {names}, case when row_number() over () = 1 then (select g.lines from ledger g) end from page p;
end $at_once$
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A statement that can be read in one trip: how it is called then."""

    statement: str
    table: str
    direction: str | None
    """Of a page: how its days go. It fetches one record more than it shows."""

    @property
    def function(self) -> str:
        """The name of its function."""
        return f"at_once_{self.statement}"

    def call(self, arguments: int) -> str:
        """The text that calls it with so many arguments, `SETTINGS` and the operation."""
        places = ", ".join(f"${n}" for n in range(1, arguments + 3))
        return f"select * from hub.{self.function}({places})"  # noqa: S608 -- a name of the hub's


@cache
def at_once() -> dict[str, AtOnce]:
    """The statements that page through a wijk or look up ids, of every kind, by name."""
    return {each.statement: each for each in _of_every_kind()}


def _of_every_kind() -> Iterator[AtOnce]:
    for file in files("sql").joinpath("contributions").iterdir():
        table = file.name.removesuffix(".sql")
        for driver, direction in _DIRECTIONS.items():
            yield AtOnce(f"{table}_{driver}", table, direction)


async def make_functions(owner: Connection) -> None:
    """Makes the function of each statement, where it is not there as it should be."""
    for each, text in await missing_functions(owner):
        await owner.execute(
            f"begin; drop routine if exists hub.{each.function}; {text};"
            f" grant execute on function hub.{each.function} to hub_app;"
            f" comment on function hub.{each.function} is '{_digest(text)}'; commit"
        )


async def missing_functions(connection: Connection) -> list[tuple[AtOnce, str]]:
    """The functions that a database lacks, or has of another text, as SQL."""
    made = {
        row["name"]: row["digest"]
        for row in await connection.fetch(
            "select p.proname as name, obj_description(p.oid, 'pg_proc') as digest from pg_proc p"
            " where p.pronamespace = 'hub'::regnamespace and p.proname like 'at\\_once\\_%'"
        )
    }
    texts = [(each, await _text(connection, each)) for each in at_once().values()]
    return [(each, text) for each, text in texts if made.get(each.function) != _digest(text)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _text(connection: Connection, each: AtOnce) -> str:
    """The function as SQL; PostgreSQL itself says what the statement takes and gives."""
    statement = statements()[each.statement].text
    prepared = await connection.prepare(statement)
    kind = await connection.fetchval(
        "select kind from hub.contribution_kinds where table_name = $1", each.table
    )
    types = [type_.name for type_ in prepared.get_parameters()]
    columns = prepared.get_attributes()
    last = len(types)
    order = f"order by q.day {each.direction}, q.id {each.direction}"
    return _FUNCTION.format(
        name=each.function,
        kind=kind,
        parameters="".join(f"{type_}, " for type_ in types),
        columns=", ".join(f'"{column.name}" {column.type.name}' for column in columns),
        names=", ".join(f'p."{column.name}"' for column in columns),
        settings=", ".join(
            f"set_config('{setting}', settings[{n}], true)" for n, setting in enumerate(SETTINGS, 1)
        ),
        statement=statement,
        place=f"row_number() over (partition by q.key {order})" if each.direction else "0",
        counts=f"p.place < ${last}" if each.direction else "true",
    )
