# SPDX-License-Identifier: EUPL-1.2
"""What the hub does by itself once a day: tell of agreements that begin, end or end soon, cut the
feed's batch, forget dry runs that nobody carried out and keys that no retry comes for, let the
numbers be published that are due, and let what is past its term be taken away. And every minute:
seal what was added to the audit log and the read ledger, and fold what was counted since. And every
second: write the ledger's lines of what was read.

Publishing and taking away are the owner's. A hub that has the owner's address does both; it
publishes in a process of its own, for the solver that it needs would make one that serves larger.
Another hub says what is due.

All is decided in the database and has no effect when done already, so every hub over it may do it,
at its start and at each new day of the hub's clock. A database that is away is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date

from hub.logs import event, places
from sql.errors import Unavailable
from sql.session import Database

logger = logging.getLogger(__name__)

POLL_SECONDS = 60.0
LEDGER_SECONDS = 1.0

FOLDED_AT_ONCE = 1000
"""Slices of which the changes, or reads of which the lines, are folded in one transaction."""

# Waits until it is time to look again, or the event is set.
Wait = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OwnersWork:
    """What the owner of the database alone may do: publish what is due, and take away what is past
    its term. `publish` says how many numbers that were.
    """

    publish: Callable[[], Awaitable[int]]
    retain: Callable[[], Awaitable[object]]


async def run_daily(database: Database, gemeenten: Sequence[str]) -> None:
    """Tells of agreements, cuts the feed and forgets dry runs and keys, per gemeente, each in a
    transaction of its own.

    Raises `Unavailable` when the database is away; what was done until then stays done.
    """
    for gemeente in gemeenten:
        [agreements] = await database.call("daily_announce", gemeente)
        [feed] = await database.call("daily_cut_feed", gemeente)
        [dry_runs] = await database.call("daily_forget_dry_runs", gemeente)
        [keys] = await database.call("daily_forget_keys", gemeente)
        event(
            logger,
            logging.INFO,
            "daily.done",
            gemeente=gemeente,
            agreements_told=agreements["told"],
            agreements_warned=agreements["warned"],
            feed_cut=feed["cut"],
            dry_runs_forgotten=dry_runs["forgotten"],
            keys_forgotten=keys["forgotten"],
        )


async def seal_logs(database: Database, gemeenten: Sequence[str]) -> int:
    """Seals what was added to the logs of each gemeente; how many entries that were."""
    await fold_reads(database)
    sealed = 0
    for gemeente in gemeenten:
        while (now := (await database.call("seal_logs", gemeente))[0]["sealed"]) > 0:
            sealed += now
    return sealed


async def fold_reads(database: Database) -> None:
    """Writes the ledger's lines of what was read; who asks for the ledger is told the same before
    and after.
    """
    while (await database.call("fold_reads", FOLDED_AT_ONCE))[0]["more"]:
        pass


async def fold_rollups(database: Database, gemeenten: Sequence[str]) -> None:
    """Folds the changes of what is counted of each gemeente; totals stay what they are, and are
    added up from less.
    """
    for gemeente in gemeenten:
        while (await database.call("fold_rollups", gemeente, FOLDED_AT_ONCE))[0]["more"]:
            pass


async def publish_if_due(database: Database, owner: OwnersWork | None) -> int:
    """Lets numbers be published where some are due; how many periods are still due after that.

    Without the owner's address they are left to who has it.
    """
    due = await periods_due(database)
    if due and owner is not None:
        published = await owner.publish()
        event(logger, logging.INFO, "daily.published", numbers=published)
        due = await periods_due(database)
    if due:
        event(logger, logging.WARNING, "daily.numbers_due", periods=due)
    return due


async def periods_due(database: Database) -> int:
    """Of how many periods numbers are due, of all gemeenten."""
    [row] = await database.call("daily_numbers_due")
    due: int = row["periods"]
    return due


async def wait_a_minute(stop: asyncio.Event) -> None:
    """Returns after a minute, or as soon as `stop` is set."""
    await _wait(POLL_SECONDS, stop)


async def wait_a_second(stop: asyncio.Event) -> None:
    """Returns after a second, or as soon as `stop` is set."""
    await _wait(LEDGER_SECONDS, stop)


async def _wait(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@asynccontextmanager
async def daily_work(
    database: Database, done: Callable[[int], None], owner: OwnersWork | None
) -> AsyncIterator[None]:
    """The daily work is done while the context lasts; `done` is told of each time, and of how many
    periods numbers are still due then.
    """
    stop = asyncio.Event()
    daily = asyncio.create_task(daily_loop(database, stop, done=done, owner=owner))
    ledger = asyncio.create_task(ledger_loop(database, stop))
    try:
        yield
    finally:
        stop.set()
        await daily
        await ledger


async def ledger_loop(database: Database, stop: asyncio.Event, wait: Wait = wait_a_second) -> None:
    """Writes the ledger's lines of what was read, at each look, until `stop` is set.

    A failure never ends the loop. That the database is away the daily work tells.
    """
    while not stop.is_set():
        try:
            await fold_reads(database)
        except Unavailable:
            pass
        except Exception as error:
            event(logger, logging.ERROR, "ledger.failed", places=places(error))
        await wait(stop)


async def daily_loop(
    database: Database,
    stop: asyncio.Event,
    wait: Wait = wait_a_minute,
    done: Callable[[int], None] = lambda _: None,
    owner: OwnersWork | None = None,
) -> None:
    """Does the daily work now and whenever the hub's day changes, seals the logs and folds the
    rollups at each look, until `stop` is set; `done` is told of each time that the daily work was
    done.

    A failure is logged and the work is tried again at the next look: it never ends the loop.
    """
    done_on: date | None = None
    due = 0
    while not stop.is_set():
        try:
            today = (await database.call("daily_today"))[0]["today"]
            gemeenten = [row["code"] for row in await database.call("daily_gemeenten")]
            if today != done_on:
                await run_daily(database, gemeenten)
                due = await publish_if_due(database, owner)
                if owner is not None:  # after the numbers that are due: they may count what goes
                    await owner.retain()
                done(due)
                done_on = today
            elif due:  # somebody else may have published them
                due = await periods_due(database)
                done(due)
            await seal_logs(database, gemeenten)
            await fold_rollups(database, gemeenten)
        except Unavailable:
            event(logger, logging.WARNING, "daily.database_away")
        except Exception as error:
            event(logger, logging.ERROR, "daily.failed", places=places(error))
        await wait(stop)
