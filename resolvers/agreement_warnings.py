# SPDX-License-Identifier: EUPL-1.2
"""What to think of before an agreement is signed: the same for who tries it out and for who
proposes it. Advice, from the draft and from the rules that the asker may know; it keeps nobody from
proposing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from uuid import UUID

from resolvers.agreements import TEXTS, AgreementDraft, RuleDraft, persons_in
from resolvers.context import Context, RowError
from resolvers.kinds import STRICT_OWNERS, Kind
from resolvers.wijken import WIJK
from sql.errors import Refusal
from sql.session import Record

LONG_TERM_DAYS = 366
LONG_KEPT_DAYS = 365
SENSITIVE = frozenset({"point", "seenAt", "startsAt", "endsAt", "summary", "attendance"})
"""What can tell about a person where, when or what exactly: shown EXACT, it deserves a look."""

WPG = ("wpg", "wet politiegegevens")
"""How the act on police data is named."""

Path = tuple[str | int, ...]
Warned = RowError | Refusal


async def warnings_of(
    context: Context, draft: AgreementDraft, kinds: Mapping[str, Kind]
) -> list[Warned]:
    """What to think of, of a draft that can be proposed; `kinds` gives each kind by its name."""
    fetch = context.session.fetch
    rules = [asdict(rule) for rule in draft.rules]
    first, replaced = draft.valid_from, draft.replaces
    parties = await _parties(context, draft)
    forgetting = {
        row["place"] for row in await fetch("rules_forgetting_past", rules, first, replaced)
    }
    shown = await fetch("rules_shown_already", rules, replaced)
    back = {row["place"]: row for row in await fetch("rules_reaching_back", rules, first)}
    words = {field: getattr(draft, name) for name, (field, _) in TEXTS.items()}
    today = await context.session.fetchval("hub_today")
    found: list[Warned] = [*_of_draft(draft, parties, today), *persons_in(words)]
    for place, rule in enumerate(draft.rules, start=1):
        path: Path = ("input", "rules", place - 1)
        found += [each async for each in _not_at_work(context, rule, parties[rule.provider], path)]
        found += _of_rule(rule, path)
        found += _not_kept(rule, parties[rule.provider], kinds[rule.kind], path)
        found += [
            _shown_already(row, rule, parties, path) for row in shown if row["place"] == place
        ]
        if place in forgetting:
            found.append(RowError((*path, "includesPast"), "PAST_NOT_INCLUDED"))
        if place in back:
            found += [
                each
                async for each in _of_past(context, draft, place - 1, back[place], kinds, parties)
            ]
    # two rules can lead to the very same advice, such as about the term that they share
    return list({(each.path, each.code, str(each.params)): each for each in found}.values())


async def _parties(context: Context, draft: AgreementDraft) -> dict[UUID, Record]:
    ids = sorted({party for rule in draft.rules for party in (rule.provider, rule.receiver)})
    term = (draft.valid_from, draft.valid_until)
    rows = await context.session.fetch("organisations_at_work", ids, *term)
    return {row["id"]: row for row in rows}


def _of_draft(
    draft: AgreementDraft, parties: Mapping[UUID, Record], today: date
) -> Iterator[RowError]:
    if draft.valid_until < today:
        yield RowError(("input", "until"), "TERM_IS_OVER")
    days = (draft.valid_until - draft.valid_from).days + 1
    if days > LONG_TERM_DAYS:
        yield RowError(("input", "until"), "LONG_TERM", {"days": days})
    if draft.dpia is None and any(rule.precision == "EXACT" for rule in draft.rules):
        yield RowError(("input", "dpia"), "DPIA_ABSENT")
    legal_basis = " ".join(draft.legal_basis.casefold().split())
    if not any(name in legal_basis for name in WPG):
        for provider in sorted({rule.provider for rule in draft.rules}):
            if parties[provider]["kind"] in STRICT_OWNERS:
                values = {"organisation": parties[provider]["name"]}
                yield RowError(("input", "legalBasis"), "WPG_NOT_NAMED", values)


async def _not_at_work(
    context: Context, rule: RuleDraft, provider: Record, path: Path
) -> AsyncIterator[RowError]:
    wijken = [wijk for wijk in rule.wijken if wijk not in provider["wijken"]]
    if wijken:
        names = [row["name"] for row in await context.loaders.load_many(WIJK, wijken)]
        values = {"organisation": provider["name"], "wijken": names}
        yield RowError((*path, "wijken"), "PROVIDER_NOT_IN_WIJK", values)


def _of_rule(rule: RuleDraft, path: Path) -> Iterator[RowError]:
    sensitive = sorted(SENSITIVE.intersection(rule.fields))
    if rule.precision == "EXACT" and sensitive:
        yield RowError((*path, "fields"), "SENSITIVE_FIELDS", {"fields": sensitive})
    if rule.precision == "COUNT":
        yield RowError((*path, "precision"), "ONLY_COUNTED")
    if rule.keep_days > LONG_KEPT_DAYS:
        yield RowError((*path, "keepDays"), "LONG_KEPT", {"days": rule.keep_days})


def _not_kept(rule: RuleDraft, provider: Record, kind: Kind, path: Path) -> Iterator[RowError]:
    """That a rule lists what the hub has of no record of such a provider."""
    fields = sorted(kind.not_kept.intersection(rule.fields))
    if fields and provider["kind"] in STRICT_OWNERS:
        values = {"organisation": provider["name"], "fields": fields}
        yield RowError((*path, "fields"), "NEVER_STORED", values)


def _shown_already(
    row: Record, rule: RuleDraft, parties: Mapping[UUID, Record], path: Path
) -> RowError:
    values = {
        "rule": row["place"],
        "title": row["title"],
        "until": row["valid_until"],
        "provider": parties[rule.provider]["name"],
        "receiver": parties[rule.receiver]["name"],
    }
    return RowError((*path, "precision"), "SHOWN_ALREADY", values)


async def _of_past(
    context: Context,
    draft: AgreementDraft,
    number: int,
    back: Record,
    kinds: Mapping[str, Kind],
    parties: Mapping[UUID, Record],
) -> AsyncIterator[RowError]:
    """Of a rule that shows records: that it opens older ones of the asker's own, and that records
    which are in published numbers can be taken off them.
    """
    rule = draft.rules[number]
    path = ("input", "rules", number)
    if rule.includes_past and rule.provider == context.principal.organisation:
        before = min(draft.valid_from, back["seen_from"] or draft.valid_from)
        about = (list(rule.wijken), rule.category, rule.receiver, before, rule.keep_days)
        table = kinds[rule.kind].table
        if await context.session.fetchval(f"{table}_older", *about):
            yield RowError((*path, "includesPast"), "SHOWS_OLDER")
    if back["uncovers"]:
        where = (*path, "includesPast") if rule.includes_past else ("input", "from")
        yield RowError(where, "NUMBERS_UNCOVERED", {"organisation": parties[rule.receiver]["name"]})
