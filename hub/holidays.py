# SPDX-License-Identifier: EUPL-1.2
"""`hub import holidays`: the calendar of a gemeente, as the database's owner."""

from __future__ import annotations

from pathlib import Path

import click

from hub.commands import (
    DATA,
    FILE,
    GEMEENTE,
    JSON,
    as_owner,
    changed,
    run,
    settings_from,
    tell_json,
)
from schema.enums import OrganisationKind
from sql.session import Database


@click.command("holidays", short_help="Read a gemeente's holidays from a CSV file.")
@FILE
@GEMEENTE
@click.option(
    "--for",
    "for_kinds",
    type=click.Choice([kind.value for kind in OrganisationKind]),
    multiple=True,
    default=["SCHOOL"],
    show_default=True,
    help="Whom they are for; again for more.",
)
@JSON
@DATA
def holidays(
    file: Path, gemeente: str, for_kinds: tuple[str, ...], as_json: bool, data: Path | None
) -> None:
    """Read the holidays of a gemeente from a CSV FILE.

    Columns: name, from, until, source, with commas or semicolons; days as 2026-10-17, both
    inclusive. In holidays these organisations are not late and not silent. The file is the whole
    calendar from its first day to its last: what it lacks there, the hub forgets. A file with a
    fault is not stored at all: the message names the cell.

    \b
    Example:
      hub import holidays school_holidays.csv --gemeente GM0637
    """

    async def work(owner: Database) -> None:
        from resolvers.holidays import import_holidays

        read, rows = await import_holidays(owner, file, gemeente, for_kinds)
        if as_json:
            tell_json({"gemeente": gemeente, "holidays": read, "changed": rows})
        else:
            click.echo(f"{read} holidays")
            click.echo(changed(rows))

    run(as_owner(settings_from(data=data), work))
