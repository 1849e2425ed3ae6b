# SPDX-License-Identifier: EUPL-1.2
"""`hub new KIND`: writes the four places of a new kind of contribution into a checkout.

What it writes works as it stands: a category, a day and a text, shared, pushed, reported and
changed like every other kind. Nothing that exists is overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from string import Template

import click

from schema.build import build

REGISTRY = Path("schema/contributions/__init__.py")
MIGRATIONS = Path("sql/migrations")

LONGEST_NAME = 32
"""PostgreSQL cuts names at 63 bytes, and a table's name becomes part of longer ones."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
_TITLE = re.compile(r"\w[\w' -]{0,60}")
_IMPORT = re.compile(r"^from schema\.contributions\.\w+ import CONTRIBUTION as \w+$", re.MULTILINE)
_TUPLE_END = "\n)  # fmt: skip\n"


class _Lines(Template):
    """A file with %{names}: in SQL, $ and single braces have a meaning of their own."""

    delimiter = "%"


@dataclass(frozen=True, slots=True)
class NewKind:
    """The names of a kind: `street_interview` in table `street_interviews`, and how people call
    it.
    """

    name: str
    table: str
    title: str
    label_nl: str

    @property
    def typename(self) -> str:
        """The name of its type in the API."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    def values(self) -> Mapping[str, str]:
        """What the templates call these names."""
        many = self.table.replace("_", " ")
        return {
            "kind": self.name.upper(),
            "table": self.table,
            "typename": self.typename,
            "title": self.title,
            "one": self.name.replace("_", " "),
            "many": many,
            "Many": many.capitalize(),
            "label_nl": self.label_nl,
            "label_en": self.title[0].lower() + self.title[1:],
        }


@click.command("new", short_help="Begin a kind of contribution, such as street_interview.")
@click.argument("name", metavar="KIND")
@click.option("--title", help="What one is called in English. Default: from the name.")
@click.option("--title-nl", help="What one is called in Dutch. Default: as in English.")
@click.option("--table", help="Its name in the plural, for table and API. Default: the name and s.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The checkout to write in. Default: the current folder.",
)
def new(
    name: str, title: str | None, title_nl: str | None, table: str | None, folder: Path
) -> None:
    """Write the four places of a new KIND of contribution, such as street_interview.

    A migration, its statements, its schema file, and its name in the registry: a kind that can be
    pushed, reported, changed, withdrawn and shared at once, with a category, a day and a text.
    Change it to what the partner really has before anyone uses it. Deleting the four places
    removes it.
    """
    kind = _named(name, title, title_nl, table)
    if not (folder / REGISTRY).is_file() or not (folder / MIGRATIONS).is_dir():
        raise click.ClickException(
            f"{folder.resolve()} is no checkout of the hub: go to one, or give --folder."
        )
    _check_free(kind)
    number = len(list((folder / MIGRATIONS).glob("*.sql"))) + 1
    written = {
        MIGRATIONS / f"{number:04}_{kind.table}.sql": "migration.sql.txt",
        Path(f"sql/contributions/{kind.table}.sql"): "statements.sql.txt",
        Path(f"schema/contributions/{kind.table}.py"): "schema.py.txt",
    }
    for path in written:
        if (folder / path).exists():
            raise click.ClickException(f"{path} exists already; nothing was written.")
    registry = _registered((folder / REGISTRY).read_text("utf-8"), kind)
    for path, template in written.items():
        (folder / path).write_text(_filled(template, kind), encoding="utf-8")
    (folder / REGISTRY).write_text(registry, encoding="utf-8")
    for path in (*written, REGISTRY):
        click.echo(path)
    click.echo(_NEXT, err=True)


def _named(name: str, title: str | None, title_nl: str | None, table: str | None) -> NewKind:
    table = table or (f"{name[:-1]}ies" if name.endswith("y") else f"{name}s")
    for given in (name, table):
        if not _NAME.fullmatch(given) or len(given) > LONGEST_NAME or iskeyword(given):
            raise click.UsageError(
                f"{given}: write lower case words with _ between them, {LONGEST_NAME} letters at "
                "most, such as street_interview"
            )
    if name == table:
        raise click.UsageError(f"{name}: one and many need different names; give --table.")
    title = title or name.replace("_", " ").capitalize()
    title_nl = title_nl or title[0].lower() + title[1:]
    for given in (title, title_nl):
        if not _TITLE.fullmatch(given):
            raise click.UsageError(f"{given}: a title is a few words on one line")
    return NewKind(name, table, title, title_nl)


def _check_free(kind: NewKind) -> None:
    """Whether the schema has none of these names yet."""
    printed = build().as_str()
    field = re.sub(r"_(\w)", lambda found: found[1].upper(), kind.table)
    if re.search(rf"^(?:type|enum|input|interface) {kind.typename}\b", printed, re.MULTILINE):
        raise click.ClickException(
            f"The schema has a {kind.typename} already: choose another name."
        )
    for holder in ("Wijk", "MySlice", "SliceView"):
        fields = printed.partition(f"type {holder} ")[2].partition("\n}")[0]
        if re.search(rf"^  {field}\b", fields, re.MULTILINE):
            raise click.ClickException(
                f"{holder} has {field} already: choose another name for --table."
            )


def _registered(text: str, kind: NewKind) -> str:
    """The registry with the kind in it: imports by name, the tuple in the order of arrival."""
    line = f"from schema.contributions.{kind.table} import CONTRIBUTION as {kind.table.upper()}"
    known = _IMPORT.findall(text)
    if not known or _TUPLE_END not in text:
        raise click.ClickException(f"{REGISTRY} is not as expected; nothing was written.")
    text = text.replace("\n".join(known), "\n".join(sorted([*known, line])))
    return text.replace(_TUPLE_END, f"\n    {kind.table.upper()},{_TUPLE_END}", 1)


def _filled(template: str, kind: NewKind) -> str:
    text = files("hub").joinpath("templates", template).read_text("utf-8")
    return _Lines(text).substitute(kind.values())


_NEXT = """
Next:
1. Make it what the partner has: columns and fields in the migration, the same columns in the
   statements and in the schema file. Say in each head what it is.
2. Print what follows from it, and read the difference:
     UPDATE_GOLDEN=1 python -m pytest -q tests/agreement/test_catalog.py
     python -m schema.build > schema.new && mv schema.new schema/schema.graphql
3. See that it keeps what every kind promises:
     python -m pytest -q tests/contract/test_kinds.py tests/agreement tests/isolation
4. Tell partners: a line in CHANGELOG.md.""".lstrip("\n")
