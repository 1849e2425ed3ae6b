# SPDX-License-Identifier: EUPL-1.2
"""Reference rows, kept in the process: wijken, buurten and organisations, which are the same for
every asker of a gemeente and hardly ever change.

The database counts each change of them (`hub.reference_version`). What is kept is asked at most a
second ago whether it still is what there is, so a change is seen within a second, as a revoked
token is. A gemeente is kept as a whole: whose question brought a row in does not show in the time
of the next. Nothing of a contribution is ever kept.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sql.principal import Principal
    from sql.session import Record, Session

Kept: TypeAlias = Mapping[str, Mapping[Hashable, "list[Record]"]]
"""Rows by the statement that gives them, and by their key."""

REFERENCE = {
    "wijken_by_id": "wijken",
    "wijken_of_code": "codes",
    "wijken_of_gemeente": "gemeenten",
    "buurten_by_id": "buurten",
    "organisations_by_id": "organisations",
}
"""The statements whose rows are kept, and what the keys of all of them are called."""

OF_ANY_MOMENT = frozenset({*REFERENCE, "wijk_nowadays"})
"""The statements whose rows may be of another moment than the rest of an answer: all that they give
is the same for everybody.
"""

LOOKED_AT_SECONDS = 1.0
ROOM = 100
"""Of how many gemeenten the rows are kept: those that were asked for last."""


class Reference:
    """The reference rows of the gemeenten that were asked for."""

    def __init__(
        self,
        look: Callable[[], Awaitable[int]],
        load: Callable[[Principal], Awaitable[tuple[int, Kept]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` asks the database how often its rows changed, `load` fetches those of an asker's
        gemeente, and how often they changed by then; `clock` gives monotonic seconds.
        """
        self._look = look
        self._load = load
        self._clock = clock
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None
        self._version = 0
        self._kept: OrderedDict[str, tuple[int, Kept]] = OrderedDict()

    async def of(self, principal: Principal) -> Kept:
        """All rows of the asker's gemeente, as they were at most a second ago.

        Raises what `look` and `load` raise.
        """
        if (kept := self._fresh(principal.gemeente)) is not None:
            return kept
        async with self._lock:
            if self._is_due():
                now = self._clock()
                self._version = await self._look()
                self._looked_at = now
            return self._fresh(principal.gemeente) or await self._loaded(principal)

    def _is_due(self) -> bool:
        """Whether it is long ago that the database was asked."""
        return self._looked_at is None or self._clock() - self._looked_at >= LOOKED_AT_SECONDS

    def _fresh(self, gemeente: str) -> Kept | None:
        """What is kept of a gemeente, if that was still so when the database was asked lately."""
        version, kept = self._kept.get(gemeente, (None, None))
        if version != self._version or self._is_due():
            return None
        self._kept.move_to_end(gemeente)
        return kept

    async def _loaded(self, principal: Principal) -> Kept:
        self._version, kept = await self._load(principal)
        self._kept[principal.gemeente] = self._version, kept
        self._kept.move_to_end(principal.gemeente)
        if len(self._kept) > ROOM:
            self._kept.popitem(last=False)
        return kept


async def load(session: Session) -> tuple[int, Kept]:
    """How often reference rows changed, and those of the asker's gemeente."""
    [keys] = await session.fetch("reference_keys")
    kept = {
        statement: _by_key(await session.fetch(statement, keys[name]))
        for statement, name in REFERENCE.items()
    }
    return keys["version"], kept


def _by_key(rows: list[Record]) -> Mapping[Hashable, list[Record]]:
    found: defaultdict[Hashable, list[Record]] = defaultdict(list)
    for row in rows:
        found[row["key"]].append(row)
    return dict(found)
