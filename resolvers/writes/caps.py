# SPDX-License-Identifier: EUPL-1.2
"""The writer's caps: per receiver at most so exact, and nothing for a receiver that a given list
leaves out.

Caps with the same content are one profile, whose id is computed from that content. Whether an
agreement gives as much as a cap asks is decided by the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any
from uuid import UUID

from resolvers.context import RowError
from resolvers.kinds import Kind
from sql.session import Record, Session

_RANK = {"COUNT": 0, "WIJK": 1, "BUURT": 2, "EXACT": 3}


@dataclass(frozen=True, slots=True)
class Cap:
    """What one receiver may see at most of a record."""

    receiver: UUID
    precision: str
    with_text: bool


def read_caps(given: Sequence[Mapping[str, Any]]) -> list[Cap]:
    """The caps of a list of `shareAt`."""
    return [Cap(c["organisation"], c["precision"], c.get("with_summary", False)) for c in given]


def profile_of(caps: Sequence[Cap]) -> UUID:
    """The profile of these caps: the same for the same content, in any order."""
    content = sorted(f"{c.receiver} {c.precision} {c.with_text}" for c in caps)
    return UUID(bytes=md5("\n".join(["caps", *content]).encode(), usedforsecurity=False).digest())


async def check_caps(
    session: Session, kind: Kind, wijken: Sequence[UUID], category: str, caps: Sequence[Cap]
) -> list[RowError]:
    """Why a new record in these wijken and category cannot be shown as these caps ask; empty when
    it can.
    """
    receivers = [cap.receiver for cap in caps]
    rows = await session.fetch("caps_agreed", receivers, kind.name, wijken, category)
    agreed = {row["receiver"]: row for row in rows}
    errors: list[RowError] = []
    seen: set[UUID] = set()
    for place, cap in enumerate(caps):
        if cap.receiver in seen:
            errors.append(RowError(("shareAt", place, "organisation"), "BAD_VALUE"))
        seen.add(cap.receiver)
        errors += _beyond(("shareAt", place), cap, agreed[cap.receiver])
    return errors


def _beyond(path: tuple[str | int, ...], cap: Cap, agreed: Record) -> list[RowError]:
    if not agreed["known"]:
        return [RowError((*path, "organisation"), "UNKNOWN_ORGANISATION")]
    given = {"organisation": agreed["name"], "asked": cap.precision, "agreed": agreed["precision"]}
    if agreed["precision"] is None:
        return [RowError((*path, "organisation"), "NO_AGREEMENT", given)]
    if _RANK[cap.precision] > _RANK[agreed["precision"]]:
        return [RowError((*path, "precision"), "PRECISION_BEYOND_AGREEMENT", given)]
    if cap.with_text and not agreed["with_text"]:
        return [RowError((*path, "withSummary"), "PRECISION_BEYOND_AGREEMENT", given)]
    return []


async def keep_caps(session: Session, caps: Sequence[Cap]) -> UUID:
    """Stores the caps, if their profile is new, and gives the profile. Comes before the record: its
    grants are made from it.
    """
    profile = profile_of(caps)
    columns = ([c.receiver for c in caps], [c.precision for c in caps], [c.with_text for c in caps])
    await session.fetch("caps_keep", profile, *columns)
    return profile
