# SPDX-License-Identifier: EUPL-1.2
"""`hub daily`: what the hub does by itself once a day, now; or as the owner, from now on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import click

from hub.commands import DATA, app_address, as_owner, owners_address, report, run, settings_from
from hub.daily import OwnersWork, publish_if_due, run_daily, wait_a_minute
from hub.logs import event
from hub.retaining import run_retention
from hub.serve import open_database, owners_work, told_to_stop
from hub.settings import Settings
from resolvers.numbers.publishing import publish_due
from sql.errors import Unavailable
from sql.session import Database

logger = logging.getLogger(__name__)


@click.command(short_help="Do the daily work, now.")
@click.option(
    "--keep-running",
    is_flag=True,
    help="As the owner alone: go on publishing what becomes due, and take away each day what is "
    "past its term.",
)
@DATA
def daily(keep_running: bool, data: Path | None) -> None:
    """Do what the hub does by itself once a day: cut the feed's batch, forget what nobody came back
    for, publish the numbers that are due and take away what is past its term.

    The last two are the owner's: with DATABASE_URL only if HUB_OWNER_URL is set as well. Harmless
    to repeat.
    """
    settings = settings_from(data=data)
    run(as_owner(settings, keep_at_it) if keep_running else _once(settings))


async def keep_at_it(owner: Database) -> None:
    """Does the owner's work now, looks each minute whether numbers are due, and each day for what
    is past its term, until SIGTERM or Ctrl-C; a database that is away is tried again.
    """
    stop = asyncio.Event()
    done_on: date | None = None
    with told_to_stop(lambda _: stop.set()):
        while not stop.is_set():
            try:
                published = await publish_due(owner)
                if published:
                    numbers = sum(each.cells + each.parts for each in published)
                    event(logger, logging.INFO, "daily.published", numbers=numbers)
                today = (await owner.call("daily_today"))[0]["today"]
                if today != done_on:
                    await run_retention(owner)
                    done_on = today
            except Unavailable:
                report("The database is away: trying again in a minute")
            await wait_a_minute(stop)


async def _once(settings: Settings) -> None:
    async with (
        app_address(settings) as address,
        open_database(settings, address) as database,
        _owner(settings) as owner,
    ):
        gemeenten = await database.call("daily_gemeenten")
        codes = [row["code"] for row in gemeenten]
        await run_daily(database, codes)
        due = await publish_if_due(database, owner)
        if owner is not None:
            await owner.retain()
        click.echo(f"Done for {', '.join(codes) or 'no gemeente: none was imported'}")
        if due:
            click.echo(f"Numbers of {due} periods are due: run hub publish as the owner")


@asynccontextmanager
async def _owner(settings: Settings) -> AsyncIterator[OwnersWork | None]:
    """What the owner of the database at hand does; None where its address is not known."""
    if settings.database_url is not None and settings.owner_url is None:
        yield None
        return
    async with owners_address(settings) as address:
        yield owners_work(settings, address)
