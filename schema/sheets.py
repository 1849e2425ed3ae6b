# SPDX-License-Identifier: EUPL-1.2
"""Which columns a sheet of a kind has, and the bytes of a file to rows that GraphQL takes. Needs no
database: a command can read a file in the same way and push its rows.

The columns follow from the input of the kind's rows. What people call them stands in the catalogue:
"field.SIGNAL.seenAt" among the words of the kind, or "field.wijk" for all kinds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
)

from resolvers.context import RejectedRow, RejectedRows, RowError
from resolvers.sheets.columns import ColumnNames, SheetRow, checked_mapping, rows_of
from resolvers.sheets.reading import read
from resolvers.sheets.values import Field, Form, folded
from schema.parts import ContributionKind
from schema.rows import external_id, row_errors
from schema.texts import LABELS, LANGUAGES

_FORMS: Mapping[str, Form] = {
    "String": "TEXT",
    "ID": "TEXT",
    "Period": "TEXT",
    "Int": "WHOLE",
    "Float": "NUMBER",
    "Boolean": "YES_NO",
    "Date": "DAY",
    "DateTime": "MOMENT",
}


@dataclass(frozen=True, slots=True)
class FileRows:
    """What a file holds: the rows that GraphQL takes, the account of all of them (a line is the
    row's number in the sheet), the letter of the column of each field, and what its sender should
    know of the sheet as a whole.
    """

    rows: tuple[dict[str, Any], ...]
    account: RejectedRows
    columns: Mapping[str, str]
    notes: tuple[RowError, ...]


def row_type(schema: GraphQLSchema, contribution: ContributionKind) -> GraphQLInputObjectType:
    """The input of a row of the kind, as GraphQL has it."""
    found = schema.type_map[contribution.row_type.__name__]
    assert isinstance(found, GraphQLInputObjectType)  # noqa: S101 - for the type checker
    return found


def sheet_fields(schema: GraphQLSchema, contribution: ContributionKind) -> tuple[Field, ...]:
    """The fields of a kind that a sheet can have, in the order of its input."""
    fields = row_type(schema, contribution).fields
    return tuple(
        _field(contribution.kind.name, name, each)
        for name, each in fields.items()
        if not isinstance(get_named_type(each.type), GraphQLInputObjectType)
    )


def read_file(
    schema: GraphQLSchema,
    contribution: ContributionKind,
    content: bytes,
    *,
    most_rows: int,
    mapping: object = None,
    remembered: ColumnNames | None = None,
) -> FileRows:
    """The rows of a kind in a CSV or Excel file. Refuses SHEET_… and BAD_MAPPING.

    `mapping` is what the sender gives with the file, `remembered` what holds when it gives none.
    """
    fields = sheet_fields(schema, contribution)
    table = read(content, most_rows)
    notes: tuple[RowError, ...] = ()
    names: ColumnNames = remembered or {}
    if mapping is not None:
        names = checked_mapping(mapping, table.header, fields)
    elif names:
        notes = (RowError((), "MAPPING_REMEMBERED"),)
    found = rows_of(table, fields, names)
    rows, account = _sorted_out(found.rows, row_type(schema, contribution))
    return FileRows(rows, account, found.columns, notes + found.notes)


def _sorted_out(
    rows: tuple[SheetRow, ...], item: GraphQLInputObjectType
) -> tuple[tuple[dict[str, Any], ...], RejectedRows]:
    kept: list[dict[str, Any]] = []
    lines: list[int] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        told = {error.path[0] for error in row.errors}
        found = row_errors(row.values, item, True)
        errors = (*row.errors, *(error for error in found if error.path[0] not in told))
        if errors:
            rejected.append(RejectedRow(row.line, external_id(row.values), errors))
        else:
            kept.append(row.values)
            lines.append(row.line)
    return tuple(kept), RejectedRows(tuple(rejected), tuple(lines))


def _field(kind: str, name: str, given: GraphQLInputField) -> Field:
    named = get_named_type(given.type)
    words = LABELS.get(f"field.{kind}.{name}") or LABELS.get(f"field.{name}")
    titles = [words[language] for language in LANGUAGES] if words else [name]
    choices = _choices(named) if isinstance(named, GraphQLEnumType) else {}
    return Field(
        name=name,
        title=titles[0],
        form="CHOICE" if choices else _FORMS.get(named.name, "TEXT"),
        names=frozenset(map(folded, [name, *titles])),
        required=is_required_input_field(given),
        several=is_list_type(get_nullable_type(given.type)),
        choices={folded(word): code for code, said in choices.items() for word in (code, *said)},
        values=tuple((code, said[0]) for code, said in choices.items()),
    )


def _choices(enum: GraphQLEnumType) -> dict[str, tuple[str, ...]]:
    """The values of an enum, each with its words in every language."""
    section = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).lower()
    return {
        code: tuple(LABELS.get(f"{section}.{code}", {"nl": code}).values()) for code in enum.values
    }
