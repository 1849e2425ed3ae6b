# SPDX-License-Identifier: EUPL-1.2
"""Which column is which field, and the rows that follow: mappings by the names of the API.

A cell that cannot be read is told with its place, and the rest of its row is read all the same, so
that one look shows everything that is to be mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.context import RowError
from resolvers.sheets.table import Line, Table, is_empty, letter
from resolvers.sheets.values import Field, Unreadable, folded, read_cell
from resolvers.text_checks import clean, find
from sql.errors import Refusal

ColumnNames = Mapping[str, str | None]
"""The field of a column, by the column's name; None for a column that is not to be used."""

_MAPPING = ("input", "mapping")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as the API takes it, without its empty cells and those that could not be read."""

    line: int
    values: dict[str, Any]
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class SheetRows:
    """The rows of a sheet, the letter of the column of each field, and what its sender should know
    of the sheet as a whole: of a column under its name, which is the sender's alone.
    """

    rows: tuple[SheetRow, ...]
    columns: Mapping[str, str]
    notes: tuple[RowError, ...]


def rows_of(table: Table, fields: Sequence[Field], mapping: ColumnNames) -> SheetRows:
    """The rows of a kind with these fields. Refuses SHEET_COLUMN_TWICE, SHEET_COLUMNS_MISSING."""
    placed = _placed(table.header, fields, mapping)
    missing = [each.title for each in fields if each.required and each not in placed.values()]
    if missing:
        raise Refusal("SHEET_COLUMNS_MISSING", missing=missing)
    ignored = {folded(name) for name, wanted in mapping.items() if wanted is None}
    unused = [
        RowError((name,) if name else (), "COLUMN_NOT_USED", {"column": letter(position)})
        for position in _used(table)
        if position not in placed
        and folded(name := _at(table.header, position) or "") not in ignored
    ]
    columns = {each.name: letter(position) for position, each in placed.items()}
    return SheetRows(tuple(_row(line, placed) for line in table.lines), columns, tuple(unused))


def checked_mapping(given: object, header: Sequence[str], fields: Sequence[Field]) -> ColumnNames:
    """A mapping as a sender gives it with a sheet. Refuses BAD_MAPPING, and names of columns that
    the hub does not keep: with personal data, or too long.
    """
    if not isinstance(given, dict):
        raise Refusal("BAD_MAPPING", path=_MAPPING, column="?")
    columns, names = set(map(folded, header)), {each.name for each in fields}
    for column, name in given.items():
        known = name is None or (isinstance(name, str) and name in names)
        if folded(column) not in columns or not known:
            raise Refusal("BAD_MAPPING", path=_MAPPING, column=column)
        for finding in find(clean(column, _LONGEST_NAME)):
            raise Refusal("PERSONAL_DATA", path=_MAPPING, kind=finding.kind)
    return given


def _placed(
    header: Sequence[str], fields: Sequence[Field], mapping: ColumnNames
) -> dict[int, Field]:
    """The field of each column that has one."""
    by_name = {each.name: each for each in fields}
    by_word = {word: each for each in fields for word in each.names}
    said = {folded(column): name for column, name in mapping.items()}
    placed: dict[int, Field] = {}
    for position, column in enumerate(header):
        word = folded(column)
        wanted = said[word] if word in said else getattr(by_word.get(word), "name", None)
        found = by_name.get(wanted or "")
        if found is None:
            continue
        for earlier, other in placed.items():
            if other is found:
                raise Refusal(
                    "SHEET_COLUMN_TWICE",
                    first=letter(earlier), second=letter(position), field=found.title,
                )  # fmt: skip
        placed[position] = found
    return placed


def _used(table: Table) -> list[int]:
    """The columns that have a name or something in them."""
    used = {position for position, name in enumerate(table.header) if name}
    for line in table.lines:
        used.update(at for at, cell in enumerate(line.cells) if not is_empty(cell))
    return sorted(used)


def _row(line: Line, placed: Mapping[int, Field]) -> SheetRow:
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for position, column in placed.items():
        value = _at(line.cells, position)
        try:
            if not is_empty(value):
                values[column.name] = read_cell(column, value)
            elif column.required:
                raise Unreadable("SHEET_CELL_EMPTY")
        except Unreadable as why:
            cell = f"{letter(position)}{line.number}"
            errors.append(RowError((column.name,), why.code, {**why.params, "cell": cell}))
    return SheetRow(line.number, values, tuple(errors))


def _at(items: Sequence[Any], position: int) -> Any:
    return items[position] if position < len(items) else None
