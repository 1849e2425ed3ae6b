# SPDX-License-Identifier: EUPL-1.2
"""The same request twice happens once: a key, a digest of the request, the first one's result."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import orjson

from sql.errors import Refusal
from sql.session import Session

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

    async def earlier_result(self, session: Session, dataset: str | None = None) -> UUID | None:
        """The result of this very request if it was done before, else None; waits for the request's
        turn first.

        Deliveries of one `dataset` take turns as well. Refuses IDEMPOTENCY_KEY_REUSED when the key
        stands for other input, and BUSY when the turn does not come in time.
        """
        await session.fetch("write_turn", self.key, dataset)
        stored = await session.fetchrow("write_key", self.key, self.part)
        if stored is None:
            return None
        if stored["digest"] != self.digest:
            raise Refusal("IDEMPOTENCY_KEY_REUSED")
        result: UUID = stored["result"]
        return result

    async def remember(self, session: Session, result: UUID) -> None:
        """Keeps the result; it is there for a retry if and only if the transaction commits."""
        await session.fetch(
            "write_remember", self.key, self.part, self.operation, self.digest, result
        )


def check_key(key: str, *path: str | int) -> None:
    """Refuses a key that is too short to be one's own, too long, or that cannot be stored."""
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY or "\x00" in key:
        raise Refusal("BAD_IDEMPOTENCY_KEY", path=path)
