# SPDX-License-Identifier: EUPL-1.2
"""Agreements: reading, proposing and deciding. What they permit is compiled and applied by the
database alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal, NamedTuple
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.paging import page_of, page_size, read_cursor, write_cursor
from resolvers.text_checks import find, find_names, required_text
from resolvers.writes.idempotency import Request, check_key, digest_of
from sql.errors import Refusal

AGREEMENT = Batch("agreements_by_id", returns="one")
VERSION = Batch("agreement_versions_by_key", key="version_key", returns="one")
NEWER_VERSION = Batch("newer_version_of_agreements", key="version_key", returns="one")
LONGEST_TERM_DAYS = 5 * 366
MOST_RULES = 100
MOST_OPEN_PROPOSALS = 20

# The texts of an agreement: the name of each in the API, and its longest length in characters.
TEXTS = {
    "title": ("title", 200),
    "purpose": ("purpose", 2000),
    "legal_basis": ("legalBasis", 2000),
    "contact": ("contact", 200),
    "dpia": ("dpia", 2000),
    "interest": ("interest", 2000),
    "partnership": ("partnership", 2000),
    "conditions": ("conditions", 2000),
    "signed_by": ("signedBy", 200),
    "document": ("document", 500),
}
# What must be there when the police show something: their sharing decision (Wpg).
_OF_POLICE = ("interest", "partnership", "conditions")
_OPTIONAL = ("dpia", *_OF_POLICE, "signed_by", "document")
# Who is named by a function or a desk.
_FUNCTIONS = frozenset({"contact", "signedBy"})
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

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
    """An agreement as proposed; both days of the term are inclusive. `replaces` names the agreement
    of which it is the next version; `signed_by` and `document` are of the proposer, who accepts.
    """

    title: str
    purpose: str
    legal_basis: str
    contact: str
    dpia: str | None
    valid_from: date
    valid_until: date
    rules: tuple[RuleDraft, ...]
    replaces: UUID | None = None
    dpia_on: date | None = None
    controllers: tuple[tuple[UUID, str], ...] = ()
    interest: str | None = None
    partnership: str | None = None
    conditions: str | None = None
    publish: bool = False
    signed_by: str | None = None
    document: str | None = None
    also_parties: tuple[UUID, ...] = ()
    """Who agrees beside those that a rule is about."""


class Proposed(NamedTuple):
    """What was proposed: an agreement, and which version of it."""

    id: UUID
    version: int

    @property
    def key(self) -> str:
        """As the loader of versions takes it."""
        return f"{self.id}/{self.version}"


async def page_of_agreements(
    context: Context, active_on: date | None, first: int, after: str | None
) -> dict[str, Any]:
    """A page of the agreements to which the asker is a party, latest end first: of a day the
    versions in force then, else the current ones.
    """
    size = page_size(first)
    until, id_ = read_cursor(after, date.fromisoformat, UUID) if after else (None, None)
    found = await context.session.fetch("agreements_of_asker", active_on, until, id_, size + 1)
    rows = await context.loaders.load_many(VERSION, [row["version_key"] for row in found])
    total = await context.session.fetchval("agreements_total", active_on)
    return page_of(
        rows, size, after, lambda row: write_cursor(row["valid_until"], row["id"]), total=total
    )


async def propose(context: Context, draft: AgreementDraft, key: str) -> Proposed:
    """The agreement that is proposed, and by that accepted, in the asker's name, or the next
    version of the one that it replaces; once per key.

    Refuses a term that ends before it begins or lasts longer than five years (BAD_TERM), a rule
    without its parties, with unknown fields or of oneself to oneself (BAD_RULE), and an agreement
    in which the asker has no part (NOT_A_PARTY). Of a next version the database refuses one that
    is not the asker's to propose (NOTHING_TO_REPLACE), and one while another is open
    (PROPOSAL_OPEN) or has yet to begin (VERSION_WAITS).
    """
    check_key(key, "input", "idempotencyKey")
    draft = _with_checked_texts(draft)
    request = Request("proposeAgreement", key, digest_of(asdict(draft)))
    if (earlier := await request.earlier_result(context.session)) is not None:
        return Proposed(draft.replaces, earlier.int) if draft.replaces else Proposed(earlier, 1)
    parties = parties_of(draft)
    await _check(context, draft, parties)
    if await context.session.fetchval("agreements_open") >= MOST_OPEN_PROPOSALS:
        raise Refusal("TOO_MANY_PROPOSALS", limit=MOST_OPEN_PROPOSALS)
    proposed = await _add(context, draft, parties)
    for number, rule in enumerate(draft.rules, start=1):
        await context.session.fetch(
            "agreement_add_rule",
            *proposed,
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
    await context.session.fetch(
        "agreement_decide", *proposed, "ACCEPT", None, draft.signed_by, draft.document
    )
    # of a next version the request names the agreement: what it led to is a number
    result = UUID(int=proposed.version) if draft.replaces else proposed.id
    await request.remember(context.session, result)
    return proposed


async def _add(context: Context, draft: AgreementDraft, parties: list[UUID]) -> Proposed:
    """The words of a proposal, without its rules."""
    id_ = draft.replaces or context.ids.new_id(await context.session.fetchval("hub_today"))
    try:
        version = await context.session.fetchval(
            "agreement_propose",
            id_,
            draft.title,
            draft.purpose,
            draft.legal_basis,
            draft.contact,
            draft.dpia,
            draft.dpia_on,
            draft.interest,
            draft.partnership,
            draft.conditions,
            draft.publish,
            draft.valid_from,
            draft.valid_until,
            parties,
            *(
                [who for who, each in draft.controllers if each == role]
                for role in ("JOINT", "SEPARATE", "PROCESSOR")
            ),
        )
    except Refusal as refusal:
        raise refusal.under("input", "replaces") from refusal
    return Proposed(id_, version)


async def checked_draft(context: Context, draft: AgreementDraft) -> AgreementDraft:
    """The draft as it would be stored, for who only tries it out; refused as by `propose`."""
    draft = _with_checked_texts(draft)
    await _check(context, draft, parties_of(draft))
    return draft


def parties_of(draft: AgreementDraft) -> list[UUID]:
    """Every organisation that a rule names or that agrees beside those, in a fixed order."""
    about = {party for rule in draft.rules for party in (rule.provider, rule.receiver)}
    return sorted(about.union(draft.also_parties))


def _with_checked_texts(draft: AgreementDraft) -> AgreementDraft:
    """The draft with its texts as they are stored; refuses one that the hub does not take."""
    texts: dict[str, Any] = {
        name: None
        if name in _OPTIONAL and not getattr(draft, name)
        else checked(getattr(draft, name), limit, "input", field)
        for name, (field, limit) in TEXTS.items()
    }
    _check_document(texts["document"])
    return replace(draft, **texts)


def _check_document(document: str | None) -> None:
    """Refuses an address that is not an https one (BAD_DOCUMENT); a reference is as it is."""
    if document and _ADDRESS.match(document) and not document.startswith("https://"):
        raise Refusal("BAD_DOCUMENT", path=("input", "document"))


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
    document: str | None = None,
) -> Proposed:
    """Adds the asker's decision on the version that it read.

    Refuses an agreement to which the asker is no party, or that does not exist (NOT_FOUND), a
    version that the asker cannot have read (UNKNOWN_VERSION), and a decision that was made before
    or comes after the end (ALREADY_DECIDED).
    """
    decided = Proposed(id_, version)
    if await context.loaders.load(AGREEMENT, id_) is None:
        raise Refusal("NOT_FOUND", path=("input", "id"))
    if await context.loaders.load(VERSION, decided.key) is None:
        raise Refusal("UNKNOWN_VERSION", path=("input", "version"), version=version)
    reason = reason and checked(reason, 2000, "input", "reason")
    signed_by = signed_by and checked(signed_by, 200, "input", "signedBy")
    document = checked(document, 500, "input", "document") if document else None
    _check_document(document)
    await context.session.fetch(
        "agreement_decide", id_, version, decision, reason, signed_by, document
    )
    return decided


def persons_in(words: Mapping[str, str | None]) -> list[Refusal]:
    """Where words of an agreement, by their field in the API, seem to name a person, as warnings:
    every party reads them, and they are kept as long as the agreement is.
    """
    found = []
    for field, text in words.items():
        findings = find(text or "")
        if field in _FUNCTIONS:
            findings += find_names(text or "")
        found += [
            Refusal("PERSONAL_DATA_WARNING", path=("input", field), kind=kind)
            for kind in dict.fromkeys(finding.kind for finding in findings)
        ]
    return found


async def version_that_stands(context: Context, decided: Proposed) -> list[Refusal]:
    """That revoking a version leaves the next one, which was accepted and begins by itself, as a
    warning.
    """
    newer = await context.loaders.load(NEWER_VERSION, decided.key)
    if newer is None or newer["state"] != "ACCEPTED":
        return []
    return [
        Refusal(
            "NEXT_VERSION_STANDS", version=newer["version"], day=newer["valid_from"].isoformat()
        )
    ]


async def _check(context: Context, draft: AgreementDraft, parties: list[UUID]) -> None:
    if not 0 <= (draft.valid_until - draft.valid_from).days <= LONGEST_TERM_DAYS:
        raise Refusal("BAD_TERM", path=("input", "until"))
    if not draft.rules or not _each_once(draft.rules):
        raise Refusal("BAD_RULE", path=("input", "rules"), field="rules")
    if len(draft.rules) > MOST_RULES:
        raise Refusal("TOO_MANY_RULES", path=("input", "rules"), limit=MOST_RULES)
    if context.principal.organisation not in parties:
        raise Refusal("NOT_A_PARTY", path=("input", "rules"))
    if draft.replaces and await context.loaders.load(AGREEMENT, draft.replaces) is None:
        raise Refusal("NOT_FOUND", path=("input", "replaces"))
    controllers = [who for who, _ in draft.controllers]
    if not set(controllers) <= set(parties) or not _each_once(controllers):
        raise Refusal("BAD_CONTROLLERS", path=("input", "controllers"))
    known = {
        row["id"]: row["kind"] for row in await context.session.fetch("organisations_of_gemeente")
    }
    wijken = {
        row["id"]
        for row in await context.session.fetch("wijken_of_gemeente", [context.principal.gemeente])
    }
    for number, rule in enumerate(draft.rules):
        path = ("input", "rules", number)
        if rule.kind == "COUNT" and rule.precision != "COUNT":
            raise Refusal("COUNTS_ONLY", path=(*path, "precision"))
        if not known.keys() >= {rule.provider, rule.receiver}:
            raise Refusal("UNKNOWN_ORGANISATION", path=path)
        if known[rule.provider] == "POLICE" and (
            missing := [name for name in _OF_POLICE if not getattr(draft, name)]
        ):
            raise Refusal("POLICE_DECISION_INCOMPLETE", path=("input", missing[0]))
        listable = {
            row["field"] for row in await context.session.fetch("listable_fields", rule.kind)
        }
        if (field := _wrong_in(rule, wijken, listable)) is not None:
            raise Refusal("BAD_RULE", path=(*path, field), field=field)


def _wrong_in(rule: RuleDraft, wijken: set[UUID], listable: set[str]) -> str | None:
    """The first field of a rule, as the API names it, that is not what it must be."""
    right = {
        "receiver": rule.receiver != rule.provider,
        "wijken": rule.wijken and _each_once(rule.wijken) and wijken.issuperset(rule.wijken),
        "fields": _each_once(rule.fields) and listable.issuperset(rule.fields),
        "keepDays": 1 <= rule.keep_days <= 3660,
        "minCell": rule.min_cell >= 5,
        "alone": not rule.alone or rule.precision == "COUNT",
    }
    return next((field for field, is_right in right.items() if not is_right), None)


def _each_once(many: Sequence[object]) -> bool:
    return len(set(many)) == len(many)
