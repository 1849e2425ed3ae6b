# SPDX-License-Identifier: EUPL-1.2
"""Templates of sheets: the columns of a kind, to be filled in by a person. They hold nobody's data.

CSV has the names of the columns alone, as Excel in the Netherlands opens it (semicolons, UTF-8 with
a mark). Excel has them on its first sheet, and on a second one what each column is. Both are Dutch,
as are the words that can be filled in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import click
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.commands import FORCE, check_free
from resolvers.sheets.values import Field
from schema.build import build
from schema.contributions import BY_KIND
from schema.sheets import sheet_fields
from schema.texts import LABELS, label

Format: TypeAlias = Literal["csv", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_GUIDE = ("column", "required", "about", "choices", "example")
_WIDTHS = (22, 12, 60, 60, 24)


@cache
def template(kind: str, format_: Format) -> bytes:
    """The template of a kind ("SIGNAL"). Raises KeyError for a kind that there is not."""
    fields = sheet_fields(build()._schema, BY_KIND[kind])
    return _csv(fields) if format_ == "csv" else _excel(kind, fields)


async def template_page(request: Request) -> Response:
    """The handler of /sheets/template/signal.csv and its like; no token is needed."""
    kind, format_ = request.path_params["kind"].upper(), request.path_params["format"]
    if kind not in BY_KIND or format_ not in FORMATS:
        raise HTTPException(404)
    headers = {
        "Content-Disposition": f'attachment; filename="{kind.lower()}.{format_}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return Response(template(kind, format_), media_type=MEDIA_TYPES[format_], headers=headers)


@click.command("template")
@click.argument("kind", type=click.Choice(sorted(BY_KIND), case_sensitive=False))
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="xlsx",
    help="Excel, with a second sheet that explains each column, or CSV. Default: xlsx.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Default: the kind's name in the current folder.",
)
@FORCE
def template_command(kind: str, format_: Format, output: Path | None, force: bool) -> None:
    """Write a template of a sheet for a KIND of record, such as signal.

    For people who deliver a list in Excel: fill in a row for each record and upload the file on the
    page /sheet of the hub.
    """
    path = output or Path(f"{kind.lower()}.{format_}")
    check_free(path, force=force)
    path.write_bytes(template(kind, format_))
    click.echo(path)


def _csv(fields: tuple[Field, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow(field.title for field in fields)
    return text.getvalue().encode("utf-8-sig")


def _excel(kind: str, fields: tuple[Field, ...]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    data, guide = book.active, book.create_sheet(label("sheet_guide.guide", "nl"))
    data.title = label("sheet_guide.data", "nl")
    data.append([field.title for field in fields])
    for position, field in enumerate(fields, 1):
        column = data.column_dimensions[get_column_letter(position)]
        column.width = 22
        column.number_format = "@" if field.form == "TEXT" else "General"  # keeps leading zeros
    for row in _guide(kind, fields):
        guide.append(row)
    for position, width in enumerate(_WIDTHS, 1):
        guide.column_dimensions[get_column_letter(position)].width = width
    for sheet in (data, guide):
        sheet.freeze_panes = "A2"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _guide(kind: str, fields: tuple[Field, ...]) -> Iterator[list[str]]:
    """The names of what is told of a column, and that of each column."""
    yield [label(f"sheet_guide.{name}", "nl") for name in _GUIDE]
    for field in fields:
        yield [
            field.title,
            label(f"sheet_guide.{'yes' if field.required else 'no'}", "nl"),
            _said("about", kind, field),
            ", ".join(word for _, word in field.values),
            field.values[0][1] if field.values else _said("example", kind, field),
        ]


def _said(what: Literal["about", "example"], kind: str, field: Field) -> str:
    """What is said of a column of the kind, of a column of this name, or else of what it holds."""
    of_form: Any = {"about": "field_form", "example": "form_example"}[what]
    keys = (f"field_{what}.{kind}.{field.name}", f"field_{what}.{field.name}")
    return label(next((k for k in keys if k in LABELS), f"{of_form}.{field.form}"), "nl")
