# SPDX-License-Identifier: EUPL-1.2
"""What a proposal would change, before anybody signs it: over the asker's own records alone, found
by the database, which tries it out and undoes it. Rules of other providers are told as they stand,
without a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from resolvers.agreement_warnings import Warned, warnings_of
from resolvers.agreements import AgreementDraft, RuleDraft, checked_draft
from resolvers.context import Context
from resolvers.kinds import Kind
from sql.session import Record


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
    older: int | None = None
    example: Record | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a proposal would change, and what to think of before it is signed."""

    more: Sequence[Line]
    less: Sequence[Line]
    warnings: Sequence[Warned]


async def simulate(
    context: Context, draft: AgreementDraft, kinds: Mapping[str, Kind]
) -> Difference:
    """What becomes visible, and what no longer is, if the draft were in force today.

    `kinds` gives each kind by its name. Refuses what a proposal is refused for.
    """
    draft = await checked_draft(context, draft)
    rules = [asdict(rule) for rule in draft.rules]
    terms = {"valid_from": draft.valid_from, "valid_until": draft.valid_until}
    rows = await context.session.fetch("try_agreement", terms, rules, draft.replaces)
    examples = await _examples(context, rows, kinds)
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
    return Difference(more, less, await warnings_of(context, draft, kinds))


def _line(row: Record, example: Record | None) -> Line:
    return Line(
        *(row["receiver"], row["kind"], row["category"], row["precision"]),
        *(row["fields"], row["records"], row["older"], example),
    )


async def _examples(
    context: Context, rows: Sequence[Record], kinds: Mapping[str, Kind]
) -> list[Record | None]:
    """The example of each row, typed as its kind's rows are; one statement for each kind."""
    found: list[Record | None] = [None] * len(rows)
    for name, kind in kinds.items():
        places = [n for n, row in enumerate(rows) if row["kind"] == name and row["example"]]
        if places:
            given = [rows[place]["example"] for place in places]
            made = await context.session.fetch(f"{kind.table}_example", given)
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
    counted = 0 if rule.provider == me and rule.precision != "COUNT" else None
    return Line(rule.receiver, rule.kind, rule.category, rule.precision, fields, counted, counted)


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
