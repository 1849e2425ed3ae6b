# SPDX-License-Identifier: EUPL-1.2
"""Named statements, read from the .sql files of this package.

A file holds blocks: `-- name --`, one or more comment lines of purpose, the statement. Names are
unique over all files. What is written in `every_kind.sql` is there once for each kind of
contribution: `{table}` stands for the kind's table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

_NAME = re.compile(r"^-- ([a-z][a-z0-9_]*) --$", re.MULTILINE)
_EVERY_KIND = "every_kind.sql"
_NOT_STATEMENTS = {
    _EVERY_KIND,
    "migrations",
    "roles.sql",
    "before_migration.sql",
    "after_migration.sql",
    "before_restore.sql",
    "after_restore.sql",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, with the name that the code calls it by and the purpose that its file
    gives.
    """

    name: str
    purpose: str
    text: str
    file: str


@cache
def statements() -> Mapping[str, Statement]:
    """Every named statement of the package, by name. What a kind says itself stands in the place
    of what is said of every kind.
    """
    found: dict[str, Statement] = {}
    for file in _sql_files(files("sql")):
        for statement in parse(file.read_text("utf-8"), file.name):
            if statement.name in found:
                raise ValueError(
                    f"{statement.name} stands in {found[statement.name].file} and in {file.name}"
                )
            found[statement.name] = statement
    of_kinds = {statement.name: statement for statement in _of_every_kind()}
    return MappingProxyType(of_kinds | found)


def parse(text: str, file: str) -> Iterator[Statement]:
    """The statements of one file's text, in order."""
    _, *parts = _NAME.split(text)
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        lines = body.strip().splitlines()
        purpose = []
        while lines and lines[0].startswith("--"):
            purpose.append(lines.pop(0).removeprefix("--").strip())
        if not purpose or not lines:
            raise ValueError(f"{file}: {name} lacks a line of purpose or a statement")
        yield Statement(name, " ".join(purpose), "\n".join(lines).strip().rstrip(";"), file)


def _of_every_kind() -> Iterator[Statement]:
    """The statements that every kind has, for each table of a contribution."""
    text = files("sql").joinpath(_EVERY_KIND).read_text("utf-8")
    for each in files("sql").joinpath("contributions").iterdir():
        yield from parse(text.replace("{table}", each.name.removesuffix(".sql")), _EVERY_KIND)


def _sql_files(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name in _NOT_STATEMENTS:
            continue
        if entry.is_dir():
            yield from _sql_files(entry)
        elif entry.name.endswith(".sql"):
            yield entry
