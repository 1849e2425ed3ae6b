# SPDX-License-Identifier: EUPL-1.2
"""What the hub must know of a kind of record to write it: its columns, in its statements' order.

A kind is a declaration and nine statements named after its table (signals: `signals_insert`,
`_update`, `_touch`, `_close`, `_open`, `_lock`, `_edit`, `_delete`, `_owned`); everything else
about writing is the same for all kinds. Rows are mappings by column name.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

STRICT_OWNERS = frozenset({"POLICE", "ENFORCEMENT"})
"""Kinds of organisations of which the hub stores no point, no minute and no free text."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that its owner writes.

    `field` is its name in the API, `limit` the longest text in characters (None: not a text).
    `required` cannot be null. `free_text` is not stored of `STRICT_OWNERS`.
    """

    name: str
    field: str
    limit: int | None = None
    required: bool = False
    free_text: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record for writing.

    `columns` are its own ones, in the order of the parameters of `<table>_insert` and
    `<table>_update`. `moment` is the column that says when it happened. `point` are the columns of
    its point, lon and lat, when it has one. `editable` are the columns that can be changed one by
    one, in the order of the parameters of `<table>_edit`.
    """

    name: str
    typename: str
    table: str
    columns: tuple[Column, ...]
    moment: str
    editable: tuple[str, ...]
    point: tuple[str, str] | None = None


EXTERNAL_ID = Column("external_id", "externalId", limit=200, required=True)
SOURCE_VERSION = Column("source_version", "sourceVersion", limit=200)
"""What every delivered row has beside the columns of its kind."""

SIGNAL = Kind(
    name="SIGNAL",
    typename="Signal",
    table="signals",
    columns=(
        Column("category", "category", required=True),
        Column("subcategory", "subcategory", limit=80),
        Column("seen_at", "seenAt", required=True),
        Column("lon", "lon"),
        Column("lat", "lat"),
        Column("status", "status", required=True),
        Column("summary", "summary", limit=2000, free_text=True),
        Column("internal_note", "internalNote", limit=4000, free_text=True),
    ),
    moment="seen_at",
    editable=("category", "seen_at", "status", "summary", "internal_note"),
    point=("lon", "lat"),
)

KINDS = MappingProxyType({kind.typename: kind for kind in (SIGNAL,)})
"""Every kind that can be written, by the name of its type in the API."""
