# SPDX-License-Identifier: EUPL-1.2
"""`hub access`: who may see what of whom in a gemeente, as of a day; and what changed between two
days. Read as the database's owner, from the rules that the doors follow.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from hub.administration import KINDS
from hub.commands import (
    DATA,
    GEMEENTE,
    JSON,
    Day,
    as_owner,
    run,
    settings_from,
    tell_json,
    tell_table,
)
from resolvers.access import Wanted, access_matrix
from resolvers.partners import check_gemeente, find_partner
from sql.session import Database, Session

Cell = Mapping[str, Any]

COLUMNS = (
    "provider", "receiver", "kind", "category", "precision", "fields", "wijken", "from", "until",
    "keep_days", "includes_past", "agreement", "title", "version",
)  # fmt: skip
# What a person reads in a table; the rest is for programs.
SHOWN = (
    "provider", "receiver", "kind", "category", "precision", "fields", "wijken", "title", "until",
)  # fmt: skip
LONGEST = 40


@click.command(short_help="Who may see what of whom, as of a day.")
@GEMEENTE
@click.option("--on", type=Day(), help="As of which day. Default: the hub's day.")
@click.option(
    "--diff",
    nargs=2,
    type=Day(),
    metavar="DAY DAY",
    help="What changed from the first day to the second.",
)
@click.option("--provider", metavar="SLUG", help="Only whose records.")
@click.option("--receiver", metavar="SLUG", help="Only who sees them.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind of record.")
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="For a sheet: CSV on standard output.")
@DATA
def access(
    gemeente: str,
    on: date | None,
    diff: tuple[date, date] | None,
    provider: str | None,
    receiver: str | None,
    kind: str | None,
    as_json: bool,
    as_csv: bool,
    data: Path | None,
) -> None:
    """Show who may see what of whom in a gemeente: a row for each rule in force on a day.

    `fields` is what is really shown of each record. Of a past day it says what had been decided by
    its end; of a day to come, what the terms say. A writer can choose to show less of a record.

    \b
    Examples:
      hub access --gemeente GM0637 --receiver buurtwerk
      hub access --gemeente GM0637 --diff 2026-11-01 2026-12-01
    """
    if (as_json and as_csv) or (diff and on):
        raise click.UsageError("Choose: --json or --csv, --on or --diff.")

    async def work(owner: Database) -> None:
        async with owner.inspection() as session:
            await check_gemeente(session, gemeente)
            wanted = Wanted(
                await _partner(session, gemeente, provider),
                await _partner(session, gemeente, receiver),
                kind,
            )
            cells = await _cells(session, gemeente, wanted, diff, on)
        if as_json:
            tell_json(cells)
        elif as_csv:
            _tell_csv(cells)
        else:
            _tell_table(cells)

    run(as_owner(settings_from(data=data), work))


async def _partner(session: Session, gemeente: str, slug: str | None) -> Any:
    return None if slug is None else (await find_partner(session, gemeente, slug)).id


async def _cells(
    session: Session,
    gemeente: str,
    wanted: Wanted,
    diff: tuple[date, date] | None,
    on: date | None,
) -> list[Cell]:
    """The rows of a day, or those that went and came between two, with `change` first."""
    if diff is None:
        return [_cell(row) for row in await access_matrix(session, gemeente, on, wanted)]
    before, after = [
        [_cell(row) for row in await access_matrix(session, gemeente, day, wanted)] for day in diff
    ]
    gone = [{"change": "-", **cell} for cell in before if cell not in after]
    came = [{"change": "+", **cell} for cell in after if cell not in before]
    return sorted(gone + came, key=lambda cell: (cell["provider"], cell["receiver"], cell["kind"]))


def _cell(row: Any) -> Cell:
    own = {
        "provider": row["provider_slug"],
        "receiver": row["receiver_slug"],
        "wijken": row["wijk_names"],
        "from": row["valid_from"],
        "until": row["valid_until"],
    }
    return {name: own[name] if name in own else row[name] for name in COLUMNS}


def _tell_csv(cells: Sequence[Cell]) -> None:
    columns = ("change", *COLUMNS) if cells and "change" in cells[0] else COLUMNS
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_written(cell[name]) for name in columns] for cell in cells)


def _tell_table(cells: Sequence[Cell]) -> None:
    if not cells:
        click.echo("No rows: no rule is in force, or nothing changed.")
        return
    columns = ("change", *SHOWN) if "change" in cells[0] else SHOWN
    rows = [columns, *([_short(_written(cell[name])) for name in columns] for cell in cells)]
    tell_table(rows)


def _written(value: Any) -> str:
    if value is None:
        return "*"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
