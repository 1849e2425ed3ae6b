# SPDX-License-Identifier: EUPL-1.2
"""What the hub must know of a kind of record to write it: its columns, in its statements' order.

A kind is a declaration, which stands in its schema file, and three statements named after its table
(signals: `signals_insert`, `_update`, `_edit`). Nine more (`_touch`, `_close`, `_open`, `_lock`,
`_delete`, `_owned`, `_sharing`, `_older`, `_example`) are made for every kind, unless it says them
itself; everything else about writing is the same for all. Rows are mappings by column name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STRICT_OWNERS = frozenset({"POLICE", "ENFORCEMENT"})
"""Kinds of organisations of which the hub stores no point, no minute and no free text."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that its owner writes.

    `field` is its name in the API, `limit` the longest text in characters (None: not a text).
    `required` cannot be null. `free_text` is not stored of `STRICT_OWNERS`, and of a `moment` only
    its day. `between` are the smallest and the largest number that it may hold. `check` refuses a
    value that is wrong by itself.
    """

    name: str
    field: str
    limit: int | None = None
    required: bool = False
    free_text: bool = False
    moment: bool = False
    between: tuple[int, int] | None = None
    check: Callable[[Any], object] | None = None


FIELDS: set[str] = set()
"""The fields of all kinds that were declared, by their names in the API."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record for writing.

    `columns` are its own ones, in the order of the parameters of `<table>_insert` and
    `<table>_update`. `when` is the column that says when it happened, a day or a moment; with
    `planned` it may lie in the future; None: the kind has a rule of its own for it. `until`, of
    the same type, says when it ends, if it does.
    `editable` are the columns that can be changed one by one, in the order of the parameters of
    `<table>_edit`. `point` are the columns of its point, lon and lat, when it has one. `reported`
    are the columns that a report does not ask for, with what they begin as. With `several` one
    record can be about several wijken. `checked_in_database` asks another statement,
    `<table>_checks`, what else is wrong with rows before they are written.
    """

    name: str
    table: str
    columns: tuple[Column, ...]
    editable: tuple[str, ...]
    when: str | None = None
    until: str | None = None
    planned: bool = False
    several: bool = False
    point: tuple[str, str] | None = None
    reported: Mapping[str, object] = field(default_factory=dict)
    checked_in_database: bool = False

    def __post_init__(self) -> None:
        """Makes its fields known."""
        FIELDS.update(column.field for column in self.columns)

    @property
    def refused(self) -> frozenset[str]:
        """The fields that the hub does not take from `STRICT_OWNERS`."""
        free = {column.field for column in self.columns if column.free_text}
        return frozenset(free | {"point"} if self.point is not None else free)

    @property
    def not_kept(self) -> frozenset[str]:
        """The fields of which the hub has nothing to show of `STRICT_OWNERS`, to nobody: of a
        moment they give, it keeps the day alone.
        """
        return self.refused | {column.field for column in self.columns if column.moment}

    def field_of(self, column: str) -> str:
        """The name in the API of one of its own columns."""
        return next(each.field for each in self.columns if each.name == column)


EXTERNAL_ID = Column("external_id", "externalId", limit=200, required=True)
SOURCE_VERSION = Column("source_version", "sourceVersion", limit=200)
"""What every delivered row has beside the columns of its kind."""
