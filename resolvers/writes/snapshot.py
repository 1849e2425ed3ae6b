# SPDX-License-Identifier: EUPL-1.2
"""Full lists: what a list no longer names is closed, once all its parts are in, and only if the
list can be trusted.

The parts of a list share their key and come in any order; the one that comes last closes. A row
that was rejected counts as present when its name could be read; when one could not, nothing is
closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resolvers.kinds import Kind
from resolvers.writes.rows import Checked
from sql.errors import Refusal
from sql.session import Record, Session

LEAST_ALLOWED, ALLOWED_PERCENT = 10, 10
"""Without a limit of its own a list may close this many open records, or this part of them if that
is more.
"""


@dataclass(frozen=True, slots=True)
class FullList:
    """A full list of a dataset, and which of its parts this is."""

    dataset: str
    key: str
    part: int
    parts: int
    may_close: int | None

    async def check_part(self, session: Session) -> None:
        """Refuses BAD_PART when the key was used for parts of another list."""
        if await session.fetchval("write_other_list", self.key, self.dataset, self.parts):
            raise Refusal("BAD_PART", path=("input", "delivery", "parts"))

    async def close_missing(
        self, session: Session, kind: Kind, rows: Sequence[Checked]
    ) -> list[Record]:
        """Notes what this part names; the last part closes what no part named, and gives those
        records.

        Refuses MAY_CLOSE_EXCEEDED (nothing of this part is kept), NOT_CLOSED and OLDER_LIST
        (everything but closing is).
        """
        complete = all(row.identified for row in rows)
        names = sorted({row.external_id for row in rows if row.external_id is not None})
        await session.fetch(
            "write_list_part", self.dataset, self.key, self.part, self.parts, complete, names
        )
        state = await session.fetchrow("write_list_state", self.dataset, self.key)
        if state is None or state["parts"] < self.parts:
            return []
        if not state["complete"]:
            raise Refusal("NOT_CLOSED")
        if state["overtaken"]:
            raise Refusal("OLDER_LIST")
        limit = await self._limit(session, kind)
        closed = await session.fetch(f"{kind.table}_close", self.dataset, self.key)
        if len(closed) > limit:
            raise Refusal("MAY_CLOSE_EXCEEDED", would_close=len(closed), may_close=limit)
        return closed

    async def _limit(self, session: Session, kind: Kind) -> int:
        if self.may_close is not None:
            return self.may_close
        open_records: int = await session.fetchval(f"{kind.table}_open", self.dataset)
        return max(LEAST_ALLOWED, open_records * ALLOWED_PERCENT // 100)
