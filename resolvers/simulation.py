# SPDX-License-Identifier: EUPL-1.2
"""What a proposal would change, before anybody signs it: over the asker's own records alone, found
by the database, which tries it out and undoes it. Rules of other providers are told as they stand,
without a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from resolvers.access import Wanted, access_matrix
from resolvers.agreements import AgreementDraft, RuleDraft, checked_draft
from resolvers.context import Context, RowError
from resolvers.kinds import STRICT_OWNERS
from resolvers.wijken import WIJK
from sql.session import Record

LONG_TERM_DAYS = 366
LONG_KEPT_DAYS = 365
SENSITIVE = frozenset({"point", "seenAt", "startsAt", "endsAt", "summary", "attendance"})
"""What can tell about a person where, when or what exactly: shown EXACT, it deserves a look."""

_RANK = {"COUNT": 0, "WIJK": 1, "BUURT": 2, "EXACT": 3}


@dataclass(frozen=True, slots=True)
class Line:
    """What one receiver would see more, or less, of one kind and category, at a precision.

    `records` is how many of the asker's own; None where that is not told: of other providers, and
    of what only counts. `example` is the newest of them as a row of the receiver's door.
    """

    to: UUID
    kind: str
    category: str | None
    precision: str
    fields: Sequence[str]
    records: int | None
    example: Record | None = None
    older: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What a proposal would change, and what to think of before it is signed."""

    more: Sequence[Line]
    less: Sequence[Line]
    warnings: Sequence[RowError]


async def simulate(context: Context, draft: AgreementDraft, tables: dict[str, str]) -> Difference:
    """What becomes visible, and what no longer is, if the draft were in force today.

    `tables` gives the table of each kind. Refuses what a proposal is refused for.
    """
    draft = await checked_draft(context, draft)
    rules = [asdict(rule) for rule in draft.rules]
    terms = {"valid_from": draft.valid_from, "valid_until": draft.valid_until}
    rows = await context.session.fetch("try_agreement", terms, rules, draft.replaces)
    examples = await _examples(context, rows, tables)
    lines = [_line(row, example) for row, example in zip(rows, examples, strict=True)]
    more = [line for row, line in zip(rows, lines, strict=True) if row["change"] == "MORE"]
    less = [line for row, line in zip(rows, lines, strict=True) if row["change"] == "LESS"]
    shown = [row["fields"] for row in await context.session.fetch("fields_of_rules", rules)]
    me = context.principal.organisation
    more += [
        _as_agreed(rule, fields, me)
        for rule, fields in zip(draft.rules, shown, strict=True)
        if not _is_told(rule, more, me)
    ]
    less += await _replaced(context, draft)
    warnings = [each async for each in _warnings(context, draft, more)]
    return Difference(more, less, warnings)


def _line(row: Record, example: Record | None) -> Line:
    return Line(
        *(row["receiver"], row["kind"], row["category"], row["precision"]),
        *(row["fields"], row["records"], example, row["older"]),
    )


async def _examples(
    context: Context, rows: Sequence[Record], tables: dict[str, str]
) -> list[Record | None]:
    """The example of each row, typed as its kind's rows are; one statement for each kind."""
    found: list[Record | None] = [None] * len(rows)
    for kind, table in tables.items():
        places = [n for n, row in enumerate(rows) if row["kind"] == kind and row["example"]]
        if places:
            given = [rows[place]["example"] for place in places]
            made = await context.session.fetch(f"{table}_example", given)
            for place, row in zip(places, made, strict=True):
                found[place] = row
    return found


def _is_told(rule: RuleDraft, lines: Sequence[Line], me: UUID) -> bool:
    """Whether a rule of the asker's own is told by the records that it shows."""
    return rule.provider == me and any(_covers(rule, line) for line in lines)


def _covers(rule: RuleDraft, line: Line) -> bool:
    return (rule.receiver, rule.kind) == (line.to, line.kind) and rule.category in (
        None,
        line.category,
    )


def _as_agreed(rule: RuleDraft, fields: Sequence[str], me: UUID) -> Line:
    """A rule by which nothing of the asker's own changes today: of another provider, of what only
    counts, or of records that are still to come.
    """
    counted = rule.provider == me and rule.precision != "COUNT"
    return Line(
        rule.receiver, rule.kind, rule.category, rule.precision, fields, 0 if counted else None
    )


async def _replaced(context: Context, draft: AgreementDraft) -> list[Line]:
    """The rules of the agreement that is replaced of which the draft has none alike, but for the
    asker's own records, which were counted.
    """
    if draft.replaces is None:
        return []
    kept = {(rule.provider, rule.receiver, rule.kind, rule.category) for rule in draft.rules}
    me = context.principal.organisation
    return [
        Line(row["receiver"], row["kind"], row["category"], row["precision"], row["fields"], None)
        for row in await context.session.fetch("rules_replaced", draft.replaces)
        if (row["provider"], row["receiver"], row["kind"], row["category"]) not in kept
        and (row["provider"] != me or row["precision"] == "COUNT")
    ]


# -- what to think of -----------------------------------------------------------------------------


async def _warnings(context: Context, draft: AgreementDraft, more: Sequence[Line]) -> Any:
    days = (draft.valid_until - draft.valid_from).days + 1
    if days > LONG_TERM_DAYS:
        yield RowError(("input", "until"), "LONG_TERM", {"days": days})
    if draft.dpia is None and any(rule.precision == "EXACT" for rule in draft.rules):
        yield RowError(("input", "dpia"), "DPIA_ABSENT")
    providers = await _providers(context, draft)
    if "wpg" not in draft.legal_basis.lower():
        for one in providers.values():
            if one["kind"] in STRICT_OWNERS:
                values = {"organisation": one["name"]}
                yield RowError(("input", "legalBasis"), "WPG_NOT_NAMED", values)
    gemeente = context.principal.gemeente
    in_force = await access_matrix(context.session, gemeente, None, Wanted())
    now = [row for row in in_force if row["agreement"] != draft.replaces]
    for number, rule in enumerate(draft.rules):
        path = ("input", "rules", number)
        async for each in _not_at_work(context, rule, providers[rule.provider]):
            yield RowError((*path, "wijken"), "PROVIDER_NOT_IN_WIJK", each)
        for code, field, params in _of_rule(rule, now, more, context.principal.organisation):
            yield RowError((*path, field), code, params)


async def _providers(context: Context, draft: AgreementDraft) -> dict[UUID, Record]:
    ids = sorted({rule.provider for rule in draft.rules})
    term = (draft.valid_from, draft.valid_until)
    rows = await context.session.fetch("organisations_at_work", ids, *term)
    return {row["id"]: row for row in rows}


async def _not_at_work(context: Context, rule: RuleDraft, provider: Record) -> Any:
    wijken = [wijk for wijk in rule.wijken if wijk not in provider["wijken"]]
    if wijken:
        rows = await context.loaders.load_many(WIJK, wijken)
        yield {"organisation": provider["name"], "wijken": [row["name"] for row in rows]}


def _of_rule(
    rule: RuleDraft, now: Sequence[Record], more: Sequence[Line], me: UUID
) -> Iterator[tuple[str, str, dict[str, object]]]:
    sensitive = sorted(SENSITIVE.intersection(rule.fields))
    if rule.precision == "EXACT" and sensitive:
        yield "SENSITIVE_FIELDS", "fields", {"fields": sensitive}
    if rule.precision == "COUNT":
        yield "ONLY_COUNTED", "precision", {}
    if rule.keep_days > LONG_KEPT_DAYS:
        yield "LONG_KEPT", "keepDays", {"days": rule.keep_days}
    for row in now:
        if _shows_more(row, rule):
            yield "SHOWN_ALREADY", "precision", {"title": row["title"], "until": row["valid_until"]}
    if rule.includes_past and rule.provider == me:
        older = sum(line.older for line in more if _covers(rule, line))
        if older:
            yield "SHOWS_OLDER", "includesPast", {"records": older}


def _shows_more(row: Record, rule: RuleDraft) -> bool:
    """Whether a rule in force shows of the same records as much or more, so that it goes first."""
    same = (row["provider"], row["receiver"], row["kind"]) == (
        rule.provider,
        rule.receiver,
        rule.kind,
    )
    alike = row["category"] is None or rule.category is None or row["category"] == rule.category
    best = _RANK[row["precision"]] >= _RANK[rule.precision] > 0
    return same and alike and best and not set(rule.wijken).isdisjoint(row["wijken"])
