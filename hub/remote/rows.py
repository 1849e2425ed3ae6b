# SPDX-License-Identifier: EUPL-1.2
"""A file as rows to push, each with the number by which its sender finds it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from resolvers.context import RowError
from resolvers.sheets.columns import ColumnNames
from schema.build import build
from schema.parts import ContributionKind
from schema.sheets import read_file
from sql.errors import Refusal

MOST_ROWS = 200_000
JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Sent:
    """A row as it is sent: its number in the file, and what is wrong with it already."""

    line: int
    values: Mapping[str, Any]
    errors: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds, and what its sender should know of it as a whole."""

    rows: Sequence[Sent]
    notes: tuple[RowError, ...] = ()


def rows_of(
    contribution: ContributionKind, name: str, content: bytes, mapping: ColumnNames
) -> File:
    """The rows of a CSV, Excel or JSON lines file, by line. Refuses SHEET_…, BAD_MAPPING, BAD_LINE.

    A row that cannot be read is sent with its external id alone: the hub rejects it by that name,
    and a full list knows that it is there.
    """
    if name.lower().endswith(JSON_LINES):
        return File(_json_lines(content, mapping))
    schema = build()._schema
    found = read_file(schema, contribution, content, most_rows=MOST_ROWS, mapping=mapping or None)
    good = [Sent(*each) for each in zip(found.account.lines, found.rows, strict=True)]
    bad = [
        Sent(each.line, _named(each.external_id), each.errors) for each in found.account.rejected
    ]
    return File(sorted([*good, *bad], key=lambda row: row.line), found.notes)


def _named(external_id: str | None) -> dict[str, str]:
    return {} if external_id is None else {"externalId": external_id}


def _json_lines(content: bytes, mapping: ColumnNames) -> list[Sent]:
    rows = []
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except json.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise Refusal("BAD_LINE", line=number)
        rows.append(Sent(number, _mapped(row, mapping)))
    if not rows:
        raise Refusal("SHEET_EMPTY")
    return rows


def _mapped(row: Mapping[str, Any], mapping: ColumnNames) -> dict[str, Any]:
    names = {name: mapping.get(name, name) for name in row}
    return {new: row[name] for name, new in names.items() if new is not None}
