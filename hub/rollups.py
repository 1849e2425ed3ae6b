# SPDX-License-Identifier: EUPL-1.2
"""`hub rollups`: whether the numbers of records that the database keeps are those that there are,
and making them anew. Nobody waits for either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import click

from hub.commands import DATA, JSON, owners_address, report, run, settings_from, tell_json
from hub.settings import Settings
from resolvers.partners import check_gemeente
from sql.session import Database, Record

LONGEST = 600.0
"""Seconds that counting all records of one organisation may take."""

GEMEENTE = click.option("--gemeente", help="CBS code of a gemeente. Default: every gemeente.")


@click.group(short_help="The numbers of records that the database keeps.")
def rollups() -> None:
    """The numbers of records that the database keeps as records change: totals are added up from
    them.
    """


@rollups.command(short_help="Compare them with the records.")
@GEMEENTE
@JSON
@DATA
def verify(gemeente: str | None, as_json: bool, data: Path | None) -> None:
    """Count every record, and say where what is kept is not what there is. Changes nothing.

    Ends with 1 when anything is wrong: hub rollups rebuild makes it right.
    """

    async def work(owner: Database) -> None:
        wrong = [
            {"gemeente": code, "owner": partner["slug"], **row}
            async for code, partner in _partners(owner, gemeente)
            for row in await _wrong(owner, code, partner)
        ]
        if as_json:
            tell_json(wrong)
        for row in () if as_json else wrong:
            click.echo(
                f"{row['gemeente']} {row['owner']} {row['kind']} {row['wijk']} {row['category']} "
                f"{row['day']}: {row['open_kept']} open and {row['closed_kept']} closed are kept, "
                f"there are {row['open']} and {row['closed']}"
            )
        if not wrong and not as_json:
            click.echo("What is kept is what there is")
        if wrong:
            raise SystemExit(1)

    run(_as_owner(settings_from(data=data), work))


@rollups.command(short_help="Make them anew from the records.")
@GEMEENTE
@DATA
def rebuild(gemeente: str | None, data: Path | None) -> None:
    """Make what is kept anew from the records, organisation by organisation: each in a transaction
    of its own, so it can be stopped and done again, while the hub serves.
    """

    async def work(owner: Database) -> None:
        made = 0
        async for code, partner in _partners(owner, gemeente):
            async with owner.administration() as session:
                await session.fetch("rollups_rebuild", code, partner["owner"])
            report(f"{code} {partner['slug']}")
            made += 1
        click.echo(f"Made anew for {made} organisations")

    run(_as_owner(settings_from(data=data), work))


async def _as_owner(settings: Settings, work: Callable[[Database], Awaitable[None]]) -> None:
    """Does work as the owner, who may take longer over a statement than one that serves."""
    async with owners_address(settings) as address:
        owner = await Database.open(address, size=1, command_timeout=LONGEST)
        try:
            await work(owner)
        finally:
            await owner.close()


async def _partners(owner: Database, gemeente: str | None) -> AsyncIterator[tuple[str, Record]]:
    """Every organisation of a gemeente, or of all, with the code of its gemeente."""
    if gemeente is None:
        codes = [row["code"] for row in await owner.call("daily_gemeenten")]
    else:
        codes = [gemeente]
        async with owner.administration() as session:
            await check_gemeente(session, gemeente)
    for code in codes:
        async with owner.administration() as session:
            partners = await session.fetch("rollups_owners", code)
        for partner in partners:
            yield code, partner


async def _wrong(owner: Database, gemeente: str, partner: Record) -> list[Record]:
    async with owner.inspection() as session:
        return await session.fetch("rollups_wrong", gemeente, partner["owner"])
