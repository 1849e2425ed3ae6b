# SPDX-License-Identifier: EUPL-1.2
"""`hub import kwb` and `hub import facts`: published figures, as the database's owner."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.commands import (
    DATA,
    FILE,
    JSON,
    Whole,
    as_owner,
    changed,
    report,
    run,
    settings_from,
    tell_json,
)
from sql.session import Database

if TYPE_CHECKING:  # what reads sheets is loaded when a sheet is read
    from resolvers.areas import Division
    from resolvers.kwb import KwbResult


@click.command("kwb", short_help="Read CBS's figures of wijken from an Excel file.")
@FILE
@click.option("--year", type=Whole(1990, 2100), required=True, help="The year of the figures.")
@click.option(
    "--gemeente", help="Only this gemeente (CBS code: GM0637). Default: every one in the file."
)
@JSON
@DATA
def kwb(file: Path, year: int, gemeente: str | None, as_json: bool, data: Path | None) -> None:
    """Read CBS's Kerncijfers wijken en buurten from an Excel FILE.

    Wijken and buurten that the hub does not know yet are made of the file's names and codes,
    without boundaries. Figures that CBS filled in or corrected since the last time are renewed in
    place; a file that was read before changes nothing. A file with a fault is not stored at all:
    the message names the cell.

    \b
    Example:
      hub import kwb kwb-2024.xlsx --year 2024 --gemeente GM0344
    """

    async def work(owner: Database) -> None:
        from resolvers.kwb import import_kwb

        report(f"Reading {file.name}")
        result = await import_kwb(owner, file, year=year, gemeente=gemeente)
        if as_json:
            tell_json(_kwb(result, year))
            return
        for column in result.unknown_columns:
            report(f"Column {column} left out: the hub does not know it")
        click.echo(
            f"{', '.join(result.gemeenten)} {year}: {result.regions} areas, "
            f"{result.figures} figures"
        )
        click.echo(changed(result.changed))
        for division in result.waiting:
            for area in division.areas:
                if area.state == "WAITS":
                    known = f": {area.was}? {area.wijk}" if area.wijk else ""
                    click.echo(f"{area.code} {area.name} waits for a decision{known}")
            click.echo(
                f"No figures of {division.gemeente} yet: hub confirm areas --gemeente "
                f"{division.gemeente} --year {year} CODE=…, then import this file again"
            )

    run(as_owner(settings_from(data=data), work))


@click.command("facts", short_help="Read a gemeente's own figures from a CSV file.")
@FILE
@JSON
@DATA
def facts(file: Path, as_json: bool, data: Path | None) -> None:
    """Read figures that a gemeente published itself from a CSV FILE.

    Columns: area_code, measure, value, unit, reference_date, source_url, note. Each figure keeps
    its own source.

    \b
    Example:
      hub import facts zoetermeer_facts.csv
    """

    async def work(owner: Database) -> None:
        from resolvers.kwb import import_facts

        read, rows = await import_facts(owner, file)
        if as_json:
            tell_json({"figures": read, "changed": rows})
            return
        click.echo(f"{read} figures")
        click.echo(changed(rows))

    run(as_owner(settings_from(data=data), work))


def division(divided: Division) -> dict[str, Any]:
    """A division of a gemeente for a program: how each area came out, and whether any waits."""
    return {
        "gemeente": divided.gemeente,
        "year": divided.year,
        "established": divided.established,
        "areas": [asdict(area) for area in divided.areas],
    }


def _kwb(result: KwbResult, year: int) -> dict[str, Any]:
    return {
        "year": year,
        "gemeenten": result.gemeenten,
        "areas": result.regions,
        "figures": result.figures,
        "changed": result.changed,
        "unknown_columns": result.unknown_columns,
        "waiting": [division(waiting) for waiting in result.waiting],
    }
