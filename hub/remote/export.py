# SPDX-License-Identifier: EUPL-1.2
"""`hub export KIND`: the records that the caller may see, as CSV, JSON lines or GeoJSON.

It asks page by page what any program could ask, so it shows what the caller's agreements show, and
the read ledger says so.
"""

from __future__ import annotations

import csv
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import click
import orjson
from graphql import GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type, is_list_type
from strawberry.utils.str_converters import to_camel_case

from hub.commands import Day, report
from hub.files import whole_file
from hub.remote.connection import Remote, pages, remote_command
from resolvers.sheets.values import moment_cell
from schema.build import build
from schema.contributions import BY_KIND
from schema.enums import Category

PAGE = 100
NESTED = {
    "Agreement": ("title",),
    "Organisation": ("name",),
    "PlaceView": ("label", "precision", "lon", "lat"),
    "Wijk": ("code", "name"),
}
"""What is told of the objects within a record."""

FORMULA = frozenset("=+-@")
"""A cell that begins so would be carried out by a spreadsheet, and others may have written it."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record that is asked for: what of it when it is an object, whether it is a list,
    and whether it is a moment.
    """

    name: str
    parts: tuple[str, ...] = ()
    many: bool = False
    moment: bool = False

    @property
    def asked(self) -> str:
        """As a query asks for it."""
        return f"{self.name} {{ {' '.join(self.parts)} }}" if self.parts else self.name

    @property
    def columns(self) -> list[str]:
        """Its columns in a table."""
        if self.many or not self.parts:
            return [self.name]
        return [f"{self.name}.{part}" for part in self.parts]


@click.command("export", short_help="Write records that you may see to a file.")
@click.argument("kind", type=click.Choice(sorted(BY_KIND)))
@click.option(
    "--wijk", "wijken", multiple=True, metavar="CODE", help="Only this wijk; again for more."
)
@click.option("--mine", is_flag=True, help="Only your own records.")
@click.option(
    "--category",
    "categories",
    multiple=True,
    type=click.Choice([each.value for each in Category]),
    help="Only this category; again for more.",
)
@click.option("--from", "from_day", type=Day(), help="From this day on.")
@click.option("--until", "until_day", type=Day(), help="Until this day, inclusive.")
@click.option("--closed/--open", default=None, help="Only closed records, or only open ones.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "geojson"]),
    default="csv",
    show_default=True,
    help="csv: semicolons and local time, for a spreadsheet. jsonl: a JSON object a line. "
    "geojson: points where the place is exact.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Default: standard output.",
)
@remote_command
def export(
    remote: Remote,
    kind: str,
    wijken: tuple[str, ...],
    mine: bool,
    categories: tuple[str, ...],
    from_day: date | None,
    until_day: date | None,
    closed: bool | None,
    form: str,
    out: Path | None,
) -> None:
    """Write the records of a KIND that you may see: your own whole, others' as agreed.

    Without --wijk: of every wijk in which you work. What an agreement hides is empty, and `hidden`
    names it. Reading others' records is noted for their owners, as always.

    Example: hub export SIGNAL --wijk WK063711 --from 2026-11-01 --out meldingen.csv
    """
    wanted = {
        "mine": mine or None,
        "category": list(categories) or None,
        "from": from_day and from_day.isoformat(),
        "until": until_day and until_day.isoformat(),
        "closed": closed,
    }
    contribution = BY_KIND[kind]
    fields = fields_of(contribution.typename)
    query = _query(contribution.kind.table, fields)
    codes = wijken or _own_wijken(remote)
    records = _records(remote, query, codes, {k: v for k, v in wanted.items() if v is not None})
    with _file(out) as file:
        count = WRITERS[form](file, fields, records)
    report(f"{count} records")


def fields_of(typename: str) -> list[Field]:
    """What is asked of a record of a type."""
    found = []
    for name, field in _object(typename).fields.items():
        named = get_named_type(field.type)
        many = is_list_type(get_nullable_type(field.type))
        if is_leaf_type(named) and not field.args:
            found.append(Field(name, many=many, moment=named.name == "DateTime"))
        elif named.name in NESTED:
            found.append(Field(name, NESTED[named.name], many))
    return found


def _object(typename: str) -> GraphQLObjectType:
    found: Any = build()._schema.type_map[typename]
    return found  # type: ignore[no-any-return]


def _query(table: str, fields: Sequence[Field]) -> str:
    name = to_camel_case(table)
    filter_type = _object("Wijk").fields[name].args["filter"].type
    asked = " ".join(field.asked for field in fields)
    return (
        f"query Export($wijk: String!, $filter: {filter_type}, $first: Int!, $after: String) {{"
        f" wijk(code: $wijk) {{ name records: {name}(filter: $filter, first: $first, after: $after)"
        f" {{ total nodes {{ {asked} }} pageInfo {{ endCursor hasNextPage }} }} }} }}"
    )


def _own_wijken(remote: Remote) -> list[str]:
    mine = remote.ask("{ me { wijken { code } } }")["me"]["wijken"]
    if not mine:
        raise click.UsageError("You work in no wijk today: name one with --wijk.")
    return [wijk["code"] for wijk in mine]


def _records(remote: Remote, query: str, wijken: Sequence[str], wanted: Json) -> Iterator[Json]:
    """Each record once, wijk by wijk, newest day first."""
    seen: set[str] = set()
    for code in wijken:
        given = {"wijk": code, "filter": wanted, "first": PAGE}
        got = 0
        for page in pages(partial(_page, remote, query, given)):
            got += len(page["nodes"])
            for record in page["nodes"]:
                if record["id"] not in seen:
                    seen.add(record["id"])
                    yield record
            report(f"{page['wijk']}: {got} of {page['total']}")


def _page(remote: Remote, query: str, given: Json, after: str | None) -> dict[str, Any]:
    wijk = remote.ask(query, {**given, "after": after})["wijk"]
    return {**wijk["records"], "wijk": wijk["name"]}


def _flat(record: Json) -> dict[str, Any]:
    """A record without objects in it: `owner.name`, `place.label`; lists joined by a comma."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{part}": each for part, each in value.items()}
        elif isinstance(value, list):
            flat[name] = ", ".join(_item(item) for item in value)
        else:
            flat[name] = value
    return flat


def _item(item: Any) -> str:
    return str(next(iter(item.values()))) if isinstance(item, dict) else str(item)


def _write_csv(file: IO[str], fields: Sequence[Field], records: Iterator[Json]) -> int:
    columns = [column for field in fields for column in field.columns]
    moments = {field.name for field in fields if field.moment}
    file.write("\ufeff")  # by which spreadsheets know UTF-8
    # all in quotes: a spreadsheet that splits at commas does not split a text
    writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    count = 0
    for record in records:
        flat = _flat(record)
        for name in moments & flat.keys():
            flat[name] = flat[name] and moment_cell(datetime.fromisoformat(flat[name]))
        writer.writerow([_cell(flat.get(column)) for column in columns])
        count += 1
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, float):
        return str(value).replace(".", ",")
    text = " ".join(str(value).split())
    first = unicodedata.normalize("NFKC", text[:1])
    return f"'{text}" if first in FORMULA else text


def _write_lines(file: IO[str], _: Sequence[Field], records: Iterator[Json]) -> int:
    count = 0
    for record in records:
        file.write(orjson.dumps(record).decode() + "\n")
        count += 1
    return count


def _write_geojson(file: IO[str], _: Sequence[Field], records: Iterator[Json]) -> int:
    file.write('{"type": "FeatureCollection", "features": [')
    count = 0
    for record in records:
        file.write(",\n" if count else "\n")
        file.write(orjson.dumps(_feature(record)).decode())
        count += 1
    file.write("\n]}\n")
    return count


def _feature(record: Json) -> Json:
    place = record.get("place") or {}
    point = None
    if place.get("lon") is not None:
        point = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
    return {
        "type": "Feature",
        "id": record["id"],
        "geometry": point,
        "properties": _flat(record),
    }


WRITERS = {"csv": _write_csv, "jsonl": _write_lines, "geojson": _write_geojson}


@contextmanager
def _file(out: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that is there when it is whole, for its owner alone to read."""
    if out is None:
        yield sys.stdout
        return
    with whole_file(out, encoding="utf-8", newline="") as file:
        yield file
