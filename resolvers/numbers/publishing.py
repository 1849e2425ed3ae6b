# SPDX-License-Identifier: EUPL-1.2
"""Publishing what is due, as the database's owner: period by period, each in a transaction of its
own, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from resolvers.numbers.complements import complements
from sql.errors import Refusal
from sql.session import Database, Session

TRIES = 5
"""How often a period is begun anew because something came in while it was checked."""


@dataclass(frozen=True, slots=True)
class Published:
    """How many numbers of a period were published, of wijken and of parts: how many are shown, how
    many withheld, how many of these only to keep others from following, how many in a later
    edition.
    """

    gemeente: str
    period: str
    cells: int
    parts: int
    shown: int
    withheld: int
    complements: int
    later: int


async def publish_due(
    owner: Database,
    *,
    gemeente: str | None = None,
    period: str | None = None,
    dry_run: bool = False,
    report: Callable[[Published], None] = lambda _: None,
) -> list[Published]:
    """Publishes what is due, of one gemeente or period if they are given, and tells of each period.

    With `dry_run` all is done and undone. Refuses (CONFLICT) when deliveries keep changing what is
    being checked; what was published until then stays.
    """
    done: list[Published] = []
    for due in await owner.call("numbers_due"):
        if gemeente in (None, due["gemeente"]) and period in (None, due["period"]):
            done.append(await _publish(owner, due["gemeente"], due["period"], dry_run))
            report(done[-1])
    return done


async def _publish(owner: Database, gemeente: str, period: str, dry_run: bool) -> Published:
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            async with owner.administration() as session, session.savepoint() as point:
                published = await publish_period(session, gemeente, period)
                if dry_run:
                    point.undo()
            return published
        except Refusal as refusal:
            if last or refusal.code != "CONFLICT":
                raise
    raise AssertionError("unreachable")


async def publish_period(session: Session, gemeente: str, period: str) -> Published:
    """Publishes what is due of one period, in the owner's transaction.

    Refuses (CONFLICT) what changed between the check and the publication.
    """
    numbers = await session.fetch("numbers_for_solver", gemeente, period)
    digest = numbers[0]["digest"] if numbers else None
    made = await session.fetchrow("numbers_publish", gemeente, period, complements(numbers), digest)
    return Published(gemeente, period, **made) if made else Published(gemeente, period, *(0,) * 6)
