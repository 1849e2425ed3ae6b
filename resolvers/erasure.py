# SPDX-License-Identifier: EUPL-1.2
"""Erasure: an account's name wherever it stands, and all that an organisation put in, with a proof.

The database deletes (sql/migrations/0039_erasure.sql); as its owner one starts it, batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from resolvers.agreements import checked
from resolvers.context import Context
from resolvers.partners import Partner
from resolvers.retention import BATCH
from sql.session import Database, Session


@dataclass(frozen=True, slots=True)
class Place:
    """A column in which a name stands or stood, and in how many rows."""

    table_name: str
    column_name: str
    rows: int


async def erase_account(session: Session, partner: Partner, name: str) -> list[Place]:
    """Revokes the tokens of this name and replaces it, wherever it stands, by a word that leads to
    nobody: where it stood.
    """
    rows = await session.fetch("account_erase", partner.gemeente, partner.id, name)
    return [Place(**row) for row in rows]


async def places_of(owner: Database, partner: Partner, name: str) -> list[Place]:
    """Where a name still stands in the rows of an organisation: in any text of any table."""
    async with owner.inspection() as session:
        rows = await session.fetch("account_places", name, partner.id)
    return [Place(**row) for row in rows]


async def put_in(session: Session, partner: Partner) -> dict[str, int]:
    """How many rows of what an organisation put in there are, by table."""
    found: dict[str, int] = await session.fetchval("partner_put_in", partner.gemeente, partner.id)
    return found


async def begin_erasure(session: Session, partner: Partner, reason: str) -> bool:
    """Begins the erasure of an organisation that was closed, and tells whether one goes on: none
    does when nothing came since the last.
    """
    return bool(await session.fetchval("erasure_begin", partner.gemeente, partner.id, reason))


async def erase_partner(
    owner: Database,
    partner: Partner,
    version: str,
    *,
    batch: int = BATCH,
    tell: Callable[[Place], None] = lambda _: None,
) -> bool:
    """Takes away what is left of an organisation of which the erasure has begun, batch by batch,
    and makes the proof: whether it is finished.

    `version` is that of the hub, for the proof; `tell` hears of each batch.
    """
    who = (partner.gemeente, partner.id)
    while True:
        async with owner.administration() as session:
            row = await session.fetchrow("erasure_step", *who, batch)
            if row is None:
                return bool(await session.fetchval("erasure_finish", *who, version))
        tell(Place(row["table_name"], "", row["rows"]))


async def erasures_begun(session: Session, gemeente: str) -> list[Partner]:
    """The organisations of a gemeente of which the erasure goes on."""
    rows = await session.fetch("erasures_begun", gemeente)
    return [Partner(gemeente, row["organisation"]) for row in rows]


async def proof_of(session: Session, partner: Partner) -> dict[str, Any] | None:
    """The latest proof of deletion of an organisation, with what is there now; None without one."""
    found: dict[str, Any] | None = await session.fetchval(
        "deletion_proof", partner.gemeente, partner.id
    )
    return found


async def offboard(
    context: Context, organisation: UUID, reason: str, *, erase: bool
) -> dict[str, Any] | None:
    """Lets another organisation of the asker's gemeente stop today, and with `erase` begins its
    erasure: the proof as it stands, None without one.

    Refuses (ROLE_REQUIRED, OFFBOARDING_REFUSED) all but an administrator of the municipality.
    """
    context.require_role("ADMINISTRATOR")
    reason = checked(reason, 2000, "input", "reason")
    proof: dict[str, Any] | None = await context.session.fetchval(
        "offboard", organisation, reason, erase
    )
    context.loaders.forget()
    return proof
