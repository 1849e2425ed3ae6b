# SPDX-License-Identifier: EUPL-1.2
"""What the hub does by itself once a day: publish numbers of closed periods, tell of agreements
that begin, end or end soon, cut the feed's batch, forget dry runs that nobody carried out, and keys
that no retry comes for. And every minute: seal what was added to the audit log and the read ledger.

All is decided in the database and has no effect when done already, so every hub over it may do it,
at its start and at each new day of the hub's clock. A database that is away is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date

from hub.logs import event, places
from sql.errors import Unavailable
from sql.session import Database

logger = logging.getLogger(__name__)

POLL_SECONDS = 60.0

# Waits until it is time to look again, or the event is set.
Wait = Callable[[asyncio.Event], Awaitable[None]]


async def run_daily(
    database: Database, gemeenten: Sequence[str], periods: Sequence[str] | None = None
) -> None:
    """Publishes what is due, tells of agreements, cuts the feed and forgets dry runs and keys, per
    gemeente and period, each in a transaction of its own.

    `periods` are those to publish; None: all that are still published.
    Raises `Unavailable` when the database is away; what was done until then stays done.
    """
    if periods is None:
        periods = [due["period"] for due in await database.call("daily_periods")]
    for gemeente in gemeenten:
        published = 0
        for period in periods:
            [done] = await database.call("daily_publish", gemeente, period)
            published += done["cells"]
        [agreements] = await database.call("daily_announce", gemeente)
        [feed] = await database.call("daily_cut_feed", gemeente)
        [dry_runs] = await database.call("daily_forget_dry_runs", gemeente)
        [keys] = await database.call("daily_forget_keys", gemeente)
        event(
            logger,
            logging.INFO,
            "daily.done",
            gemeente=gemeente,
            published=published,
            agreements_told=agreements["told"],
            agreements_warned=agreements["warned"],
            feed_cut=feed["cut"],
            dry_runs_forgotten=dry_runs["forgotten"],
            keys_forgotten=keys["forgotten"],
        )


async def seal_logs(database: Database, gemeenten: Sequence[str]) -> int:
    """Seals what was added to the logs of each gemeente; how many entries that were."""
    sealed = 0
    for gemeente in gemeenten:
        while (now := (await database.call("seal_logs", gemeente))[0]["sealed"]) > 0:
            sealed += now
    return sealed


async def wait_a_minute(stop: asyncio.Event) -> None:
    """Returns after a minute, or as soon as `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), POLL_SECONDS)


@asynccontextmanager
async def daily_work(database: Database, done: Callable[[], None]) -> AsyncIterator[None]:
    """The daily work is done while the context lasts; `done` is told of each time."""
    stop = asyncio.Event()
    daily = asyncio.create_task(daily_loop(database, stop, done=done))
    try:
        yield
    finally:
        stop.set()
        await daily


async def daily_loop(
    database: Database,
    stop: asyncio.Event,
    wait: Wait = wait_a_minute,
    done: Callable[[], None] = lambda: None,
) -> None:
    """Does the daily work now and whenever the hub's day changes, and seals the logs at each look,
    until `stop` is set; `done` is told of each time that the daily work was done.

    A failure is logged and the work is tried again at the next look: it never ends the loop.
    """
    done_on: date | None = None
    while not stop.is_set():
        try:
            today = (await database.call("daily_today"))[0]["today"]
            gemeenten = [row["code"] for row in await database.call("daily_gemeenten")]
            if today != done_on:
                await run_daily(database, gemeenten)
                done_on = today
                done()
            await seal_logs(database, gemeenten)
        except Unavailable:
            event(logger, logging.WARNING, "daily.database_away")
        except Exception as error:
            event(logger, logging.ERROR, "daily.failed", places=places(error))
        await wait(stop)
