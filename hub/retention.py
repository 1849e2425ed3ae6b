# SPDX-License-Identifier: EUPL-1.2
"""`hub retention` and `hub account`: what is past its term goes, and so does the name of an account
that is erased. The work is the database's own; the owner starts it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from hub.commands import (
    DATA,
    GEMEENTE,
    JSON,
    Whole,
    as_owner,
    counted,
    report,
    run,
    settings_from,
    tell_json,
    tell_table,
)
from hub.retaining import run_retention
from resolvers.erasure import Place, erase_account, places_of
from resolvers.partners import find_partner
from resolvers.retention import BATCH, Due, Taken, set_term, terms_of, what_is_due
from sql.errors import Refusal
from sql.session import Database

BATCH_OPTION = click.option(
    "--batch",
    type=Whole(1, 100_000),
    default=BATCH,
    show_default=True,
    help="How many rows go in one transaction.",
)


WHERE = {
    "agreement_decisions": "besluiten over convenanten",
    "dry_runs": "proeven van leveringen",
    "history": "geschiedenis",
    "idempotency_keys": "sleutels om iets te herhalen",
    "list_parts": "delen van een lijst",
    "logs": "leeslogboek en auditlog",
    "onboardings": "aanmeldingen van partners",
    "receipts": "ontvangstbewijzen",
    "sheet_mappings": "onthouden kolommen",
    "tokens": "tokens",
}
"""What people call the tables where the name of an account can stand."""


def _progress(done: Taken | Place) -> None:
    what = f"{done.kind} {done.state}" if isinstance(done, Taken) else done.table_name
    report(f"{what}: {done.rows}")


@click.group(short_help="How long what was recorded is kept.")
def retention() -> None:
    """How long what was recorded is kept, and taking away what is past it.

    \b
    Examples:
      hub retention list --gemeente GM0637
      hub retention set SIGNAL:EXACT 180 --gemeente GM0637
      hub retention run --gemeente GM0637 --dry-run
    """


@retention.command("list")
@GEMEENTE
@JSON
@DATA
def list_terms(gemeente: str, as_json: bool, data: Path | None) -> None:
    """List the terms of a gemeente."""

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            rows = await terms_of(session, gemeente)
        if as_json:
            tell_json([dict(row) for row in rows])
        else:
            tell_table(
                [
                    (
                        f"{row['kind']}:{row['state']}",
                        counted(row["days"], "day", "days"),
                        "" if row["is_own"] else "default",
                    )
                    for row in rows
                ]
            )

    run(as_owner(settings_from(data=data), work))


@retention.command("set", short_help="Set how long a kind is kept.")
@click.argument("term", metavar="KIND[:STATE]")
@click.argument("days", type=Whole(1, 36_525))
@GEMEENTE
@DATA
def set_(term: str, days: int, gemeente: str, data: Path | None) -> None:
    """Keep KIND in STATE for DAYS days; `hub retention list` has the names. Without a STATE: ALL.

    A term that was made shorter takes away more at the next run.
    """
    kind, _, state = term.partition(":")

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            await set_term(session, gemeente, kind, state or "ALL", days)
        click.echo(f"{kind}:{state or 'ALL'} {days} days")

    run(as_owner(settings_from(data=data), work))


@retention.command("run", short_help="Take away what is past its term.")
@click.option("--gemeente", help="CBS code of a gemeente. Default: every gemeente of the hub.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@BATCH_OPTION
@JSON
@DATA
def run_(gemeente: str | None, dry_run: bool, batch: int, as_json: bool, data: Path | None) -> None:
    """Take away what is past its term, and go on with erasures that have begun.

    In batches, each a transaction of its own: it can be stopped and done again.
    """

    async def work(owner: Database) -> None:
        known = [row["code"] for row in await owner.call("daily_gemeenten")]
        asked = known if gemeente is None else [gemeente]
        if dry_run:
            due = {}
            for code in asked:
                async with owner.inspection() as session:
                    due[code] = await what_is_due(session, code)
            _tell_due(due, as_json)
        else:
            _tell_taken(await run_retention(owner, asked, batch=batch, tell=_progress), as_json)

    run(as_owner(settings_from(data=data), work))


def _tell_due(due: dict[str, list[Due]], as_json: bool) -> None:
    if as_json:
        tell_json({code: [asdict(each) for each in terms] for code, terms in due.items()})
        return
    tell_table([_due_told(code, each) for code, terms in due.items() for each in terms])
    click.echo("Proef: niets gewist.")


def _due_told(code: str, due: Due) -> list[str]:
    since = f"the oldest of {due.oldest}" if due.oldest else ""
    days = counted(due.days, "day", "days")
    return [code, f"{due.kind}:{due.state}", days, f"{due.due} due", since]


def _tell_taken(taken: dict[str, list[Taken]], as_json: bool) -> None:
    if as_json:
        tell_json({code: [asdict(each) for each in rows] for code, rows in taken.items()})
        return
    for code, rows in taken.items():
        for each in rows:
            click.echo(f"{code} {each.kind}:{each.state}: {each.rows} gone")
        if not rows:
            click.echo(f"{code}: nothing was past its term")
    gone = sum(each.rows for rows in taken.values() for each in rows)
    click.echo(f"Gewist of minder precies gemaakt: {counted(gone, 'rij', 'rijen')}.")


@click.group(short_help="Erase the name of an account.")
def account() -> None:
    """Accounts: the names under which persons and programs of partners act."""


@account.command("erase", short_help="Replace the name of an account, everywhere.")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="The name that the token was given.")
@click.option("--dry-run", is_flag=True, help="Only say where the name stands.")
@JSON
@DATA
def erase(
    slug: str, gemeente: str, name: str, dry_run: bool, as_json: bool, data: Path | None
) -> None:
    """Replace the name of an account of the partner SLUG by a word that leads to nobody.

    Its tokens are revoked. What it did stays countable: the word is the same everywhere. Ends with
    1 when the name still stands somewhere, such as of a request that was under way: do it again.
    A name that stands nowhere is refused, and nothing changes.
    """

    async def work(owner: Database) -> None:
        async with owner.administration() as session, session.savepoint() as point:
            partner = await find_partner(session, gemeente, slug)
            places = await erase_account(session, partner, name)
            if not any(place.rows for place in places):
                raise Refusal("UNKNOWN_TOKEN", name=name)  # with it goes the audit entry
            if dry_run:
                point.undo()
        left = [] if dry_run else await places_of(owner, partner, name)
        _tell_erased(places, left, dry_run, as_json)
        if left:
            raise SystemExit(1)

    run(as_owner(settings_from(data=data), work))


def _tell_erased(places: list[Place], left: list[Place], dry_run: bool, as_json: bool) -> None:
    if as_json:
        tell_json(
            {
                "dry_run": dry_run,
                "places": [asdict(place) for place in places],
                "left": [asdict(place) for place in left],
            }
        )
        return
    found: Counter[str] = Counter()
    for place in places:
        found[WHERE[place.table_name]] += place.rows
    tell_table([(where, str(rows)) for where, rows in found.items() if rows])
    rows = counted(sum(place.rows for place in places), "rij", "rijen")
    click.echo(f"Proef: niets gewist. De naam staat in {rows}." if dry_run else f"Gewist: {rows}.")
    for place in left:
        where = WHERE.get(place.table_name, place.table_name)
        click.echo(f"De naam staat nog in {where}: {counted(place.rows, 'rij', 'rijen')}.")
