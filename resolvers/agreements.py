# SPDX-License-Identifier: EUPL-1.2
"""Agreements: reading, proposing and deciding. What they permit is compiled and applied by the
database alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.paging import page_of, page_size, read_cursor, write_cursor
from resolvers.text_checks import required_text
from resolvers.writes.idempotency import Request, check_key, digest_of
from sql.errors import Refusal

AGREEMENT = Batch("agreements_by_id", returns="one")
LONGEST_TERM_DAYS = 5 * 366
MOST_RULES = 100
MOST_OPEN_PROPOSALS = 20

# The texts of an agreement: the name of each in the API, and its longest length in characters.
_TEXTS = {
    "title": ("title", 200),
    "purpose": ("purpose", 2000),
    "legal_basis": ("legalBasis", 2000),
    "contact": ("contact", 200),
    "dpia": ("dpia", 2000),
}

Decision = Literal["ACCEPT", "REJECT", "REVOKE"]


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as proposed; `wijken` are lasting ids."""

    provider: UUID
    receiver: UUID
    wijken: tuple[UUID, ...]
    kind: str
    category: str | None
    fields: tuple[str, ...]
    precision: str
    keep_days: int
    min_cell: int
    includes_past: bool
    alone: bool = False


@dataclass(frozen=True, slots=True)
class AgreementDraft:
    """An agreement as proposed; both days of the term are inclusive."""

    title: str
    purpose: str
    legal_basis: str
    contact: str
    dpia: str | None
    valid_from: date
    valid_until: date
    rules: tuple[RuleDraft, ...]


async def page_of_agreements(
    context: Context, active_on: date | None, first: int, after: str | None
) -> dict[str, Any]:
    """A page of the agreements to which the asker is a party, latest end first."""
    size = page_size(first)
    until, id_ = read_cursor(after, date.fromisoformat, UUID) if after else (None, None)
    found = await context.session.fetch("agreements_of_asker", active_on, until, id_, size + 1)
    rows = await context.loaders.load_many(AGREEMENT, [row["id"] for row in found])
    total = await context.session.fetchval("agreements_total", active_on)
    return page_of(
        rows, size, after, lambda row: write_cursor(row["valid_until"], row["id"]), total=total
    )


async def propose(context: Context, draft: AgreementDraft, key: str) -> UUID:
    """The id of the agreement that is proposed, and by that accepted, in the asker's name; once per
    key.

    Refuses a term that ends before it begins or lasts longer than five years (BAD_TERM), a rule
    without its parties, with unknown fields or of oneself to oneself (BAD_RULE), and an agreement
    in which the asker has no part (NOT_A_PARTY).
    """
    check_key(key, "input", "idempotencyKey")
    draft = _with_checked_texts(draft)
    request = Request("proposeAgreement", key, digest_of(asdict(draft)))
    if (earlier := await request.earlier_result(context.session)) is not None:
        return earlier
    parties = sorted({party for rule in draft.rules for party in (rule.provider, rule.receiver)})
    await _check(context, draft, parties)
    id_ = context.ids.new_id(await context.session.fetchval("hub_today"))
    await context.session.fetch(
        "agreement_propose",
        id_,
        draft.title,
        draft.purpose,
        draft.legal_basis,
        draft.contact,
        draft.dpia,
        draft.valid_from,
        draft.valid_until,
        parties,
    )
    for number, rule in enumerate(draft.rules, start=1):
        await context.session.fetch(
            "agreement_add_rule",
            id_,
            number,
            rule.provider,
            rule.receiver,
            list(rule.wijken),
            rule.kind,
            rule.category,
            list(rule.fields),
            rule.precision,
            rule.keep_days,
            rule.min_cell,
            rule.includes_past,
            rule.alone,
        )
    await context.session.fetch("agreement_decide", id_, 1, "ACCEPT", None, None)
    await request.remember(context.session, id_)
    return id_


def _with_checked_texts(draft: AgreementDraft) -> AgreementDraft:
    """The draft with its texts as they are stored; refuses one that the hub does not take."""
    texts: dict[str, Any] = {
        name: checked(getattr(draft, name), limit, "input", field)
        for name, (field, limit) in _TEXTS.items()
        if name != "dpia" or draft.dpia
    }
    return replace(draft, **texts)


def checked(text: str, limit: int, *path: str) -> str:
    """A text that must be there, as it is stored; refuses others, and says where."""
    try:
        return required_text(text, limit)
    except Refusal as refusal:
        raise refusal.under(*path) from refusal


async def decide(
    context: Context,
    id_: UUID,
    version: int,
    decision: Decision,
    reason: str | None,
    signed_by: str | None,
) -> None:
    """Adds the asker's decision on the version that it read.

    Refuses an agreement to which the asker is no party, or that does not exist (NOT_FOUND), another
    version (CONFLICT), and a decision that was made before or comes after the end
    (ALREADY_DECIDED).
    """
    row = await context.loaders.load(AGREEMENT, id_)
    if row is None:
        raise Refusal("NOT_FOUND", path=("input", "id"))
    if row["version"] != version:
        raise Refusal("CONFLICT", path=("input", "version"))
    reason = reason and checked(reason, 2000, "input", "reason")
    signed_by = signed_by and checked(signed_by, 200, "input", "signedBy")
    await context.session.fetch("agreement_decide", id_, version, decision, reason, signed_by)


async def _check(context: Context, draft: AgreementDraft, parties: list[UUID]) -> None:
    if not 0 <= (draft.valid_until - draft.valid_from).days <= LONGEST_TERM_DAYS:
        raise Refusal("BAD_TERM", path=("input", "until"))
    if not draft.rules or len(set(draft.rules)) < len(draft.rules):
        raise Refusal("BAD_RULE", path=("input", "rules"))
    if len(draft.rules) > MOST_RULES:
        raise Refusal("TOO_MANY_RULES", path=("input", "rules"), limit=MOST_RULES)
    if await context.session.fetchval("agreements_open") >= MOST_OPEN_PROPOSALS:
        raise Refusal("TOO_MANY_PROPOSALS", limit=MOST_OPEN_PROPOSALS)
    if context.principal.organisation not in parties:
        raise Refusal("NOT_A_PARTY", path=("input", "rules"))
    known = {row["id"] for row in await context.session.fetch("organisations_of_gemeente")}
    wijken = {
        row["id"]
        for row in await context.session.fetch("wijken_of_gemeente", context.principal.gemeente)
    }
    for number, rule in enumerate(draft.rules):
        path = ("input", "rules", number)
        doubled = any(len(set(many)) < len(many) for many in (rule.wijken, rule.fields))
        if rule.provider == rule.receiver or not rule.wijken or doubled:
            raise Refusal("BAD_RULE", path=path)
        if rule.kind == "COUNT" and rule.precision != "COUNT":
            raise Refusal("COUNTS_ONLY", path=(*path, "precision"))
        if not known.issuperset((rule.provider, rule.receiver)):
            raise Refusal("UNKNOWN_ORGANISATION", path=path)
        if not wijken.issuperset(rule.wijken):
            raise Refusal("BAD_RULE", path=(*path, "wijken"))
        listable = {
            row["field"] for row in await context.session.fetch("listable_fields", rule.kind)
        }
        if not listable.issuperset(rule.fields):
            raise Refusal("BAD_RULE", path=(*path, "fields"))
        alone = rule.alone and rule.precision != "COUNT"
        if alone or not 1 <= rule.keep_days <= 3660 or rule.min_cell < 5:
            raise Refusal("BAD_RULE", path=path)
