# SPDX-License-Identifier: EUPL-1.2
"""`hub publish`: the numbers that are due, as the database's owner."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from hub.commands import DATA, JSON, as_owner, run, settings_from, tell_json
from resolvers.numbers.publishing import Published, publish_due
from resolvers.partners import check_gemeente
from resolvers.periods import parse
from sql.session import Database


@click.command(short_help="Publish the numbers that are due.")
@click.option("--gemeente", help="Only of this gemeente (CBS code: GM0637). Default: every one.")
@click.option("--period", help="Only of this week or quarter: 2026-W47, 2026-Q4. Default: all.")
@click.option("--dry-run", is_flag=True, help="Only say how many would be published.")
@JSON
@DATA
def publish(
    gemeente: str | None,
    period: str | None,
    dry_run: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    """Publish the numbers of closed weeks and quarters that are due.

    The database says what may be shown, and a solver what has to be withheld so that nothing
    follows by subtraction. What is published stays as it is. Tells how many numbers are shown and
    withheld, never which. Harmless to repeat.

    \b
    Examples:
      hub publish --dry-run
      hub publish --gemeente GM0637 --period 2026-W47
    """

    async def work(owner: Database) -> None:
        if period is not None:
            parse(period)
        if gemeente is not None:
            async with owner.inspection() as session:
                await check_gemeente(session, gemeente)
        tell = (lambda _: None) if as_json else _tell
        done = await publish_due(
            owner, gemeente=gemeente, period=period, dry_run=dry_run, report=tell
        )
        if as_json:
            tell_json({"dry_run": dry_run, "periods": [asdict(each) for each in done]})
        elif not done:
            click.echo("Nothing is due")

    run(as_owner(settings_from(data=data), work))


def _tell(published: Published) -> None:
    more = f", {published.later} of them in a later edition" if published.later else ""
    click.echo(
        f"{published.gemeente} {published.period}: {published.cells} numbers of wijken and "
        f"{published.parts} of parts{more}: {published.shown} shown, {published.withheld} "
        f"withheld, {published.complements} of these so that nothing follows from the others"
    )
