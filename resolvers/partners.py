# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of partners, maintained as administration: organisations, where they work, what
they promise, their tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from resolvers.text_checks import required_text
from resolvers.tokens import digest_of_token, new_token
from sql.errors import Refusal
from sql.ids import IdSource
from sql.session import Record, Session

LONGEST_TOKEN_DAYS = 365
LONGEST_NAME = 120
"""Of a partner, in characters."""

LONGEST_TOKEN_NAME = 100
SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""What programs and commands call something by: a partner, a dataset, an activity."""


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation of a gemeente."""

    gemeente: str
    id: UUID


async def check_gemeente(session: Session, gemeente: str) -> None:
    """Refuses (UNKNOWN_GEMEENTE) a gemeente of which no areas were imported."""
    if gemeente not in {row["code"] for row in await session.fetch("gemeenten_all")}:
        raise Refusal("UNKNOWN_GEMEENTE", gemeente=gemeente)


async def save_partner(
    session: Session,
    ids: IdSource,
    gemeente: str,
    slug: str,
    name: str,
    kind: str,
    *,
    invented: bool = False,
) -> Partner:
    """The partner with this slug, added or brought up to date; one that left takes part again.

    Refuses a gemeente of which no areas were imported (UNKNOWN_GEMEENTE), a slug or name that
    cannot be one (BAD_SHORT_NAME, NAME_MISSING and those of texts), a name by which another
    partner is known (NAME_TAKEN), and a partner that was erased (PARTNER_ERASED).
    """
    await check_gemeente(session, gemeente)
    _check_short_name(slug)
    name = _name(name, LONGEST_NAME)
    for row in await session.fetch("partners_so_named", gemeente, name, slug):
        if row["slug"] != slug:
            raise Refusal("NAME_TAKEN")
        await _check_not_erased(session, Partner(gemeente, row["id"]))
    today = (await session.fetch("hub_today"))[0]["today"]
    id_ = await session.fetchval(
        "partner_save", gemeente, ids.new_id(today), slug, name, kind, invented
    )
    return Partner(gemeente, id_)


def _check_short_name(name: str) -> None:
    if not SHORT_NAME.fullmatch(name):
        raise Refusal("BAD_SHORT_NAME", name=name)


def _name(text: str, limit: int) -> str:
    """A name as it is stored."""
    if not text.strip():
        raise Refusal("NAME_MISSING")
    return required_text(text, limit)


async def _check_not_erased(session: Session, partner: Partner) -> None:
    if await session.fetchval("partner_erased", partner.gemeente, partner.id):
        raise Refusal("PARTNER_ERASED")


async def set_ledger_delay(session: Session, partner: Partner, days: int) -> None:
    """Says after how many days an owner is told by the day that this partner read its records.

    Refuses (DELAY_NOT_ALLOWED) a partner that is neither police nor enforcement.
    """
    kind = await session.fetchval("partner_kind", partner.gemeente, partner.id)
    if days and kind not in ("POLICE", "ENFORCEMENT"):
        raise Refusal("DELAY_NOT_ALLOWED")
    await session.fetch("partner_delay", partner.gemeente, partner.id, days)


async def set_working_area(
    session: Session,
    partner: Partner,
    codes: Sequence[str] | None,
    works_from: date | None = None,
    works_until: date | None = None,
    contact: str | None = None,
) -> None:
    """Says that a partner works in wijken (codes of the current division; None: all), from which
    day (None: today) until which (None: without end), and whom to call there.

    Refuses a code that the current division does not have (NO_SUCH_WIJKEN), and a last day before
    the first (LAST_DAY_TOO_EARLY).
    """
    wanted = None if codes is None else list(codes)
    rows = await session.fetch(
        "partner_works", partner.gemeente, partner.id, wanted, works_from, works_until, contact
    )
    if wanted is not None and len(rows) < len(set(wanted)):
        raise Refusal("NO_SUCH_WIJKEN", codes=wanted, gemeente=partner.gemeente)


async def declare_dataset(
    session: Session,
    partner: Partner,
    dataset: str,
    kind: str,
    rhythm_days: int | None,
    contact: str | None = None,
    declared_on: date | None = None,
    categories: Sequence[str] | None = None,
    never_share: bool = False,
) -> None:
    """Says that a partner will deliver a dataset, every `rhythm_days` days (None: without a
    promise), of which categories (None: not known, so of any). With `never_share` no agreement
    reaches it; a mark that is there stays.

    Refuses (BAD_SHORT_NAME) what cannot be the name of a dataset.
    """
    _check_short_name(dataset)
    await session.fetch(
        "partner_declares",
        partner.gemeente,
        partner.id,
        dataset,
        kind,
        rhythm_days,
        contact,
        declared_on,
        list(categories) if categories else None,
        never_share,
    )


async def create_token(
    session: Session,
    partner: Partner,
    name: str,
    *,
    roles: Sequence[str] = (),
    scopes: Sequence[str] = ("read", "write"),
    holder: str = "machine",
    days: int = LONGEST_TOKEN_DAYS,
) -> str:
    """A new token of a partner, valid for `days` days; it is shown here and never again.

    Refuses a name that cannot be one (NAME_MISSING and those of texts), and a partner that was
    erased (PARTNER_ERASED).
    """
    name = _name(name, LONGEST_TOKEN_NAME)
    await _check_not_erased(session, partner)
    token = new_token()
    await session.fetch(
        "partner_token",
        partner.gemeente,
        partner.id,
        name,
        digest_of_token(token),
        list(roles),
        list(scopes),
        holder,
        days,
    )
    return token


async def revoke_tokens(session: Session, partner: Partner, name: str) -> int:
    """Revokes the tokens of a partner with this name, and says how many those were.

    Refuses (UNKNOWN_TOKEN) a name of which there is none to revoke.
    """
    revoked = await session.fetch("partner_revoke_tokens", partner.gemeente, partner.id, name)
    if not revoked:
        raise Refusal("UNKNOWN_TOKEN", name=name)
    return len(revoked)


async def tokens_of(session: Session, gemeente: str, slug: str | None) -> list[Record]:
    """The tokens of the partners of a gemeente, or of one: slug, name, holder, scopes, roles,
    created_at, expires_at, state (active, expired, revoked).

    Refuses (UNKNOWN_GEMEENTE) a gemeente of which no areas were imported.
    """
    await check_gemeente(session, gemeente)
    return await session.fetch("partner_tokens", gemeente, slug)


async def rotate_token(
    session: Session, partner: Partner, name: str, *, overlap: int, days: int = LONGEST_TOKEN_DAYS
) -> str:
    """A new token like the newest of this name, which ends after `overlap` days; older ones are
    revoked at once, so that two work side by side at most.

    Refuses (UNKNOWN_TOKEN) a name of which no token works.
    """
    old = await session.fetchrow("partner_token_to_rotate", partner.gemeente, partner.id, name)
    if old is None:
        raise Refusal("UNKNOWN_TOKEN", name=name)
    await session.fetch("partner_retire_tokens", partner.gemeente, partner.id, name, overlap)
    return await create_token(
        session,
        partner,
        name,
        roles=old["roles"],
        scopes=old["scopes"],
        holder=old["holder"],
        days=days,
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended with a partner: in how many wijken it worked, its tokens by name, its agreements
    by id, version and title with the decision that was made for it (REVOKE, or REJECT of a
    proposal).
    """

    wijken: int
    tokens: list[str]
    agreements: list[dict[str, object]]


async def remove_partner(session: Session, partner: Partner, reason: str) -> Ended:
    """Lets a partner stop today: it works nowhere any more, its tokens are revoked, and it leaves
    every agreement, so that nobody sees its records and it sees nobody's. The records stay, with
    their history. Again without effect.
    """
    return Ended(**await session.fetchval("partner_close", partner.gemeente, partner.id, reason))


async def find_partner(session: Session, gemeente: str, slug: str) -> Partner:
    """The partner with this slug; refuses (UNKNOWN_PARTNER) one that is not there."""
    id_ = await session.fetchval("partner_find", gemeente, slug)
    if id_ is None:
        raise Refusal("UNKNOWN_PARTNER", slug=slug, gemeente=gemeente)
    return Partner(gemeente, id_)


async def partners_of(session: Session, gemeente: str) -> list[Record]:
    """The partners of a gemeente, by slug: slug, id, name, kind, in how many wijken each works, and
    for those that left since when (left_on).

    Refuses (UNKNOWN_GEMEENTE) a gemeente of which no areas were imported.
    """
    await check_gemeente(session, gemeente)
    return await session.fetch("partner_list", gemeente)
