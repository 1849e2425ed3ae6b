# SPDX-License-Identifier: EUPL-1.2
"""Statements agree with the types that are made of their rows, and each is there for a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache

import asyncpg
import pytest
from graphql import GraphQLSchema

from resolvers.batch import Batch
from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.query import NODES
from sql.statements import Statement, statements
from tests.agreement.committed import ROOT
from tests.agreement.rows import Columns, faults, loaded_fields
from tests.conftest import World

pytestmark = pytest.mark.anyio

ADMINISTRATION = {
    "areas.sql",
    "audit.sql",
    "backup.sql",
    "demo.sql",
    "doctor.sql",
    "holidays.sql",
    "kwb.sql",
    "numbers.sql",
    "partners.sql",
    "retention.sql",
    "rollups.sql",
}
"""Files whose statements the owner runs; all others are the serving role's."""

COMMANDS = {"demo_statistics"}
"""Statements that PostgreSQL does not plan, and so cannot explain."""

WRITES = re.compile(r"\b(insert into|update|delete from)\s+hub\.", re.IGNORECASE)
FLOORS = ("hub", "schema", "resolvers", "sql")


def role_of(statement: Statement) -> str:
    return "owner" if statement.file in ADMINISTRATION else "app"


def the_schema() -> GraphQLSchema:
    schema: GraphQLSchema = build()._schema
    return schema


def batches() -> Iterator[Batch]:
    """Every declaration in the schema."""
    yield from NODES.values()
    for kind in CONTRIBUTIONS:
        declared = (getattr(kind.batches, each.name) for each in fields(kind.batches))
        yield from (each for each in declared if isinstance(each, Batch))
    for _, _, declared in loaded_fields(the_schema()):
        yield from declared


async def prepared(world: World) -> dict[str, tuple[list[str], Columns]]:
    """By name, the types of a statement's parameters and its columns, as its role prepares it."""
    found = {}
    for role in ("app", "owner"):
        async with world.connect(role) as connection:
            for name, statement in statements().items():
                if role_of(statement) == role:
                    plan = await connection.prepare(statement.text)
                    parameters = [parameter.name for parameter in plan.get_parameters()]
                    columns = {column.name: column.type.name for column in plan.get_attributes()}
                    found[name] = parameters, columns
    return found


async def test_every_statement_can_be_run_by_its_role(world: World) -> None:
    refused = []
    for role in ("app", "owner"):
        async with world.connect(role) as connection:
            for name, statement in statements().items():
                if role_of(statement) != role or name in COMMANDS:
                    continue
                try:  # planning a statement for unknown values checks the rights as running it does
                    await connection.execute(f"explain (generic_plan) {statement.text}")
                except asyncpg.PostgresError as error:
                    refused.append(f"{name} as {role}: {error}")
    assert refused == []


async def test_what_administration_writes_is_refused_to_the_serving_role(world: World) -> None:
    allowed = []
    async with world.connect("app") as connection:
        for name, statement in statements().items():
            if role_of(statement) != "owner" or not WRITES.search(statement.text):
                continue
            try:
                await connection.execute(f"explain (generic_plan) {statement.text}")
                allowed.append(name)
            except asyncpg.InsufficientPrivilegeError:
                pass
    assert allowed == []


async def test_every_declared_batch_takes_keys_and_gives_rows_by_key(world: World) -> None:
    known = await prepared(world)
    wrong = []
    for batch in batches():
        if batch.statement not in known:
            wrong.append(f"there is no statement {batch.statement}")
            continue
        parameters, columns = known[batch.statement]
        if "key" not in columns:
            wrong.append(f"{batch.statement} has no column key")
        elif parameters[0] != f"{columns['key']}[]":
            wrong.append(
                f"{batch.statement} takes {parameters[0]}, and its key is {columns['key']}"
            )
    assert wrong == []


async def test_what_can_be_fetched_by_id_tells_its_type(world: World) -> None:
    known = await prepared(world)
    for typename, batch in NODES.items():
        assert known[batch.statement][1].get("typename") == "text", typename


async def test_the_rows_of_every_type_have_the_columns_of_its_fields(world: World) -> None:
    columns = {name: columns for name, (_, columns) in (await prepared(world)).items()}
    assert faults(the_schema(), columns) == []


async def test_a_statement_that_lost_a_column_is_found(world: World) -> None:
    columns = {name: dict(columns) for name, (_, columns) in (await prepared(world)).items()}
    del columns["signals_oldest"]["summary"]
    assert faults(the_schema(), columns) == ["Signal.summary: signals_oldest has no column summary"]


async def test_a_column_of_another_type_is_found(world: World) -> None:
    columns = {name: dict(columns) for name, (_, columns) in (await prepared(world)).items()}
    columns["codes_of_wijken"]["year"] = "text"
    assert faults(the_schema(), columns) == ["CbsCode.year: codes_of_wijken gives year as text"]


async def test_a_parent_without_the_key_of_a_loaded_field_is_found(world: World) -> None:
    columns = {name: dict(columns) for name, (_, columns) in (await prepared(world)).items()}
    del columns["rules_of_agreements"]["receiver"]
    assert faults(the_schema(), columns) == [
        "AgreementRule.receiver: rules_of_agreements has no column receiver"
    ]


async def test_a_statement_that_is_gone_is_found(world: World) -> None:
    columns = {name: dict(columns) for name, (_, columns) in (await prepared(world)).items()}
    del columns["figures_of_wijken"]
    assert faults(the_schema(), columns) == ["Figure: there is no statement figures_of_wijken"]


@cache
def source() -> str:
    """All Python of the hub."""
    files = (path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py")))
    return "\n".join(path.read_text("utf-8") for path in files)


def is_named(statement: str) -> bool:
    """Whether the source names a statement, whole or with `{table}` for a kind's table."""
    tables = [each.kind.table for each in CONTRIBUTIONS if each.kind.table in statement]
    patterns = [statement, *(statement.replace(table, r"\{[a-z_.]+\}") for table in tables)]
    return any(re.search(f'"{pattern}"', source()) for pattern in patterns)


def test_every_statement_is_named_in_the_source() -> None:
    assert [name for name in statements() if not is_named(name)] == []


def test_every_statement_that_the_source_runs_exists() -> None:
    called = re.findall(r'(?:fetch|fetchrow|fetchval|call)\(\s*"([a-z0-9_]+)"', source())
    called += re.findall(r'\bBatch\(\s*"([a-z0-9_]+)"', source())
    assert sorted(set(called) - set(statements())) == []


def test_a_statement_that_nobody_names_is_found() -> None:
    assert not is_named("signals_of_nobody")
    assert not is_named("statement_of_nobody")
