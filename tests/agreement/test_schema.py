# SPDX-License-Identifier: EUPL-1.2
"""The schema agrees with its print, its words, its documents, the database and its contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
)
from graphql.utilities import find_breaking_changes
from strawberry.utils.str_converters import to_camel_case

from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.texts import LABELS
from tests.agreement.committed import ROOT
from tests.conftest import World

SDL = ROOT / "schema" / "schema.graphql"
OPERATIONS = sorted((ROOT / "tests" / "contract" / "operations").glob("*.graphql"))
GLOSSARY = ROOT / "docs" / "glossary.md"

# Fields whose name says all that there is to say; every other field needs a description.
SAY_IT_ALL = {
    "actor", "agreement", "at", "category", "change", "code", "contact", "cursor", "dataset",
    "delivery", "dpia", "edges", "endCursor", "errors", "hasNextPage", "hasPreviousPage", "id",
    "kind", "label", "legalBasis", "measure", "name", "node", "nodes", "nullReason",
    "organisation", "outcome", "pageInfo", "precision", "provider", "purpose", "receiver",
    "rows", "rules", "seenAt", "source", "startCursor", "state", "status", "title",
    "unit", "value", "year",
} | {to_camel_case(each.kind.name.lower()) for each in CONTRIBUTIONS}  # fmt: skip

# What callers choose from in a request, and no screen shows.
WITHOUT_WORDS = {"ExplainAction", "PushMode", "RecordOrder"}

# The section of labels of an enum, where it is not the enum's own name in snake_case.
SECTIONS: dict[str, str] = {"AccessVerdict": "verdict", "ExplainRule": "explain"}

# Of columns that may hold only some texts: the enum that has the same values. Those of a kind of
# contribution are found by the fields of its type.
ENUM_OF_COLUMN = {
    "agreement_rules.precision": "Precision",
    "counts.category": "Category",
    "figures.comparability": "Comparability",
    "figures.null_reason": "NullReason",
    "figures.status": "FigureStatus",
    "organisations.kind": "OrganisationKind",
    "share_caps.precision": "Precision",
    "wijk_versions.comparability": "Comparability",
}
# Columns whose texts no field of the schema gives as they are.
INTERNAL = {
    "agreement_decisions.decision",
    "area_proposals.alike",
    "contribution_fields.shown_from",
    "edition_cells.suppression",  # the other reasons are not stored: there is no cell then
    "edition_parts.suppression",
    "measures.breakdown",
    "measures.period",
    "receipts.mode",
    "tokens.holder",
    "wijken.kind",
}

# Names of the glossary that come with later parts of the hub.
LATER = {
    "CouncilQuestion", "Initiative", "Plan",
    "giveVouchers",
}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    made: GraphQLSchema = build()._schema
    return made


def own_types(schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    """The types of the schema that GraphQL itself does not bring."""
    for type_ in schema.type_map.values():
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_):
            yield type_


def fields_of(type_: GraphQLNamedType) -> dict[str, GraphQLField]:
    with_fields = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)
    return dict(type_.fields) if isinstance(type_, with_fields) else {}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# -- the print


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert SDL.read_text("utf-8").strip() == build().as_str().strip(), (
        "run: python -m schema.build > schema/schema.graphql"
    )


def test_no_change_since_the_committed_schema_breaks_a_client(schema: GraphQLSchema) -> None:
    changes = find_breaking_changes(build_schema(SDL.read_text("utf-8")), schema)
    assert [change.description for change in changes] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  purpose: String!\n  legalBasis: String!\n", "  legalBasis: String!\n"),
        ("  seenOn: Date\n", "  seenOn: Date!\n  seenBy: Date\n"),
        ("  version: Int\n", "  version: String\n"),
        ("enum Precision {\n  EXACT\n", "enum Precision {\n"),
        ("wijk(id: ID = null, code: String = null", "wijk(id: ID!, code: String = null"),
        ("input WithdrawInput {\n", "input WithdrawInput {\n  sure: Boolean!\n"),
    ],
)
def test_of_planted_changes_the_breaking_ones_are_found(before: str, after: str) -> None:
    committed = SDL.read_text("utf-8")
    assert before in committed
    changed = build_schema(committed.replace(before, after))
    harmless = "seenBy" in after
    assert (find_breaking_changes(build_schema(committed), changed) == []) == harmless


# -- descriptions


def test_every_type_says_what_it_is(schema: GraphQLSchema) -> None:
    assert [type_.name for type_ in own_types(schema) if not type_.description] == []


def test_every_root_says_what_it_does(schema: GraphQLSchema) -> None:
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    silent = [
        f"{root.name}.{name}"
        for root in roots
        if root is not None
        for name, field in root.fields.items()
        if not field.description
    ]
    assert silent == []


def test_every_field_whose_name_does_not_say_it_all_is_explained(schema: GraphQLSchema) -> None:
    silent = [
        f"{type_.name}.{name}"
        for type_ in own_types(schema)
        for name, field in fields_of(type_).items()
        if not field.description and name not in SAY_IT_ALL
    ]
    assert silent == []


# -- words


def enums(schema: GraphQLSchema) -> dict[str, set[str]]:
    return {
        type_.name: set(type_.values)
        for type_ in own_types(schema)
        if isinstance(type_, GraphQLEnumType)
    }


def without_words(values_by_enum: dict[str, set[str]]) -> list[str]:
    """The values of enums that have no label."""
    keys = {
        f"{SECTIONS.get(name, snake_case(name))}.{value}"
        for name, values in values_by_enum.items()
        if name not in WITHOUT_WORDS
        for value in values
    }
    return sorted(keys - LABELS.keys())


def test_every_value_that_a_screen_shows_has_words(schema: GraphQLSchema) -> None:
    assert without_words(enums(schema)) == []


def test_a_value_without_words_is_found(schema: GraphQLSchema) -> None:
    planted = enums(schema)["SignalStatus"] | {"LOST"}
    assert without_words({"SignalStatus": planted}) == ["signal_status.LOST"]


def test_every_label_that_the_source_names_has_words() -> None:
    files = (path for floor in ("hub", "schema") for path in (ROOT / floor).rglob("*.py"))
    source = "\n".join(path.read_text("utf-8") for path in sorted(files))
    named = set(re.findall(r'\blabel\(\s*"([a-z_]+\.\w+)"', source))
    sections = set(re.findall(r'\blabel\(\s*f"([a-z_]+)\.\{', source))
    assert sorted(named - LABELS.keys()) == []
    assert sorted(sections - {key.partition(".")[0] for key in LABELS}) == []


@pytest.mark.parametrize("suppression", ["WITHHELD", "PROVISIONAL", "NOT_SHARED"])
def test_every_reason_not_to_show_a_number_can_be_printed(suppression: str) -> None:
    assert f"shown.{suppression}" in LABELS


# -- the glossary


def glossary_names() -> set[str]:
    """The names in the API that the glossary gives."""
    rows = [line for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| ")]
    return {name for row in rows[1:] for name in re.findall(r"`(\w+)`", row.split("|")[2])}


def names_of(schema: GraphQLSchema) -> set[str]:
    """Every name in the schema: of types, fields, arguments and values."""
    names = set()
    for type_ in own_types(schema):
        names.add(type_.name)
        if isinstance(type_, GraphQLEnumType):
            names.update(type_.values)
        for name, field in fields_of(type_).items():
            names.add(name)
            names.update(getattr(field, "args", ()))
    return names


def test_the_names_of_the_glossary_are_in_the_schema(schema: GraphQLSchema) -> None:
    assert sorted(glossary_names() - names_of(schema) - LATER) == []


def test_names_that_were_to_come_later_have_not_come(schema: GraphQLSchema) -> None:
    assert sorted(LATER & names_of(schema)) == []
    assert sorted(LATER - glossary_names()) == []


# -- the database

CHECKED_COLUMNS = r"""
select c.conrelid::regclass::text as relation, a.attname as name, pg_get_constraintdef(c.oid) as definition
from pg_constraint c
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
where c.connamespace = 'hub'::regnamespace and c.contype = 'c' and cardinality(c.conkey) = 1
  and pg_get_constraintdef(c.oid) ~ '= ANY \(ARRAY\['
"""  # noqa: E501 - one column of the answer per line would read worse


def enum_of_column(schema: GraphQLSchema) -> dict[str, str]:
    """By column that may hold only some texts, the enum that has the same values."""
    found = dict(ENUM_OF_COLUMN)
    for each in CONTRIBUTIONS:
        fields = fields_of(schema.type_map[each.typename])
        for column in each.kind.columns:
            type_ = get_named_type(fields[column.field].type) if column.field in fields else None
            if isinstance(type_, GraphQLEnumType):
                found[f"{each.kind.table}.{column.name}"] = type_.name
    return found


def different(columns: dict[str, set[str]], schema: GraphQLSchema) -> list[str]:
    """The columns whose texts are not those of their enum, or of which nobody said which it is."""
    enum_of, values_by_enum = enum_of_column(schema), enums(schema)
    return sorted(
        column
        for column, values in columns.items()
        if column not in INTERNAL and values != values_by_enum.get(enum_of.get(column, ""))
    )


async def checked_columns(world: World) -> dict[str, set[str]]:
    """By column, the texts that it may hold."""
    async with world.connect("owner") as owner:
        rows = await owner.fetch(CHECKED_COLUMNS)
    return {
        f"{row['relation'].removeprefix('hub.')}.{row['name']}": set(
            re.findall(r"'(\w+)'::text", row["definition"])
        )
        for row in rows
    }


@pytest.mark.anyio
async def test_the_database_allows_the_values_of_the_schema_and_no_other(
    world: World, schema: GraphQLSchema
) -> None:
    columns = await checked_columns(world)
    assert sorted((enum_of_column(schema).keys() | INTERNAL) - columns.keys()) == []
    assert different(columns, schema) == []


@pytest.mark.anyio
async def test_a_value_that_only_the_database_knows_is_found(
    world: World, schema: GraphQLSchema
) -> None:
    async with world.connect("owner") as owner:
        await owner.execute(
            "alter table hub.signals drop constraint signals_status_check, add constraint"
            " signals_status_check check (status in ('NEW', 'DONE', 'LOST'))"
        )
        await owner.execute(
            "alter table hub.tokens add column mood text check (mood in ('A', 'B'))"
        )
    columns = await checked_columns(world)
    assert different(columns, schema) == ["signals.status", "tokens.mood"]


# -- the contract


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_an_operation_of_the_contract_is_valid(path: Path, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(path.read_text("utf-8"))) == []


def test_the_contract_has_operations() -> None:
    assert len(OPERATIONS) >= 8
