# SPDX-License-Identifier: EUPL-1.2
"""The same request twice happens once: a key, a digest of the request, the first one's result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import orjson

from resolvers.writes.frame import write_frame
from sql.errors import Refusal
from sql.session import Record, Session

SHORTEST_KEY, LONGEST_KEY = 8, 200


def digest_of(*content: object) -> bytes:
    """A digest, the same for the same content: plain values, lists, mappings, dates and ids."""
    plain = orjson.dumps(content, default=_plain, option=orjson.OPT_SORT_KEYS)
    return sha256(plain).digest()


def _plain(value: object) -> str:
    if isinstance(value, UUID):  # the driver's own class of ids, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} has no digest")


@dataclass(frozen=True, slots=True)
class Request:
    """One request of an organisation under a key of its own choosing; a delivery in parts has one
    request per part.
    """

    operation: str
    key: str
    digest: bytes
    part: int = 1

    async def begin(self, session: Session, dataset: str | None = None) -> Record:
        """The frame in which it is carried out (`write_frame`), in the request's turn. Its `result`
        is there when this very request was done before.

        Deliveries of one `dataset` take turns as well. Refuses IDEMPOTENCY_KEY_REUSED when the key
        stands for other input, and BUSY when the turn does not come in time.
        """
        await session.fetch("write_turn", self.key, dataset)
        frame = await write_frame(session, self.key, self.part, dataset)
        if frame["digest"] not in (None, self.digest):
            raise Refusal("IDEMPOTENCY_KEY_REUSED")
        return frame

    async def earlier_result(self, session: Session) -> UUID | None:
        """The result of this very request if it was done before, else None; waits and refuses as
        `begin` does.
        """
        result: UUID | None = (await self.begin(session))["result"]
        return result

    async def remember(
        self,
        session: Session,
        result: UUID,
        delivered: str | None = None,
        wijken: Sequence[UUID] | None = None,
        *,
        nothing: bool = False,
    ) -> None:
        """Keeps the result; it is there for a retry if and only if the transaction commits.

        Of a delivery also that the dataset was `delivered` today, with `nothing` to report or not,
        for these wijken or, without them, for each where the asker works.
        """
        await session.fetch(
            "write_remember", self.key, self.part, self.operation, self.digest, result,
            delivered, wijken, nothing,
        )  # fmt: skip


def check_key(key: str, *path: str | int) -> None:
    """Refuses a key that is too short to be one's own, too long, or that cannot be stored."""
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY or "\x00" in key:
        raise Refusal("BAD_IDEMPOTENCY_KEY", path=path)
