# SPDX-License-Identifier: EUPL-1.2
"""Taking away what is past its term, and going on with erasures that have begun: as the owner, each
day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hub.logs import event
from hub.version import hub_version
from resolvers.erasure import Place, erase_partner, erasures_begun
from resolvers.retention import BATCH, Taken, take_away
from sql.session import Database

logger = logging.getLogger(__name__)


async def run_retention(
    owner: Database,
    gemeenten: Sequence[str] | None = None,
    *,
    batch: int = BATCH,
    tell: Callable[[Taken | Place], None] = lambda _: None,
) -> dict[str, list[Taken]]:
    """Takes away what is past its term, and goes on with erasures that have begun, in some
    gemeenten or (None) all of them; `tell` is told of what went. What went, by gemeente.
    """
    if gemeenten is None:
        gemeenten = [row["code"] for row in await owner.call("daily_gemeenten")]
    taken = {}
    for gemeente in gemeenten:
        taken[gemeente] = await take_away(owner, gemeente, batch=batch, tell=tell)
        async with owner.administration() as session:
            begun = await erasures_begun(session, gemeente)
        for partner in begun:
            await erase_partner(owner, partner, hub_version(), batch=batch, tell=tell)
        event(
            logger,
            logging.INFO,
            "retention.done",
            gemeente=gemeente,
            rows=sum(each.rows for each in taken[gemeente]),
            erasures=len(begun),
        )
    return taken
