# SPDX-License-Identifier: EUPL-1.2
"""Templates of agreements: rules by kind of organisation, made into a draft for organisations and
wijken. A draft is a proposal like any other: nothing is in force by it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from uuid import UUID

from resolvers.agreements import AgreementDraft, RuleDraft
from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.wijken import WIJK
from sql.errors import Refusal
from sql.session import Record

CONTACT = Batch("contacts_of_organisations", returns="one")
MOST_NAMED_WIJKEN = 5
_LISTS = ("givers", "receivers", "fields")


@dataclass(frozen=True, slots=True)
class TemplateRule:
    """What organisations of some kinds show those of others."""

    givers: tuple[str, ...]
    receivers: tuple[str, ...]
    kind: str
    precision: str
    category: str | None = None
    fields: tuple[str, ...] = ()
    keep_days: int = 365
    min_cell: int = 5
    includes_past: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """An agreement that still lacks its parties, wijken and days; see agreement_templates.toml."""

    code: str
    title: str
    purpose: str
    legal_basis: str
    interest: str
    partnership: str
    conditions: str
    months: int
    invites: frozenset[str]
    datasets: tuple[tuple[str, str], ...]
    rules: tuple[TemplateRule, ...]

    def datasets_of(self, kind: str) -> list[tuple[str, str]]:
        """The datasets that an organisation of this kind will deliver, and of which kind each."""
        given = {rule.kind for rule in self.rules if kind in rule.givers}
        return [dataset for dataset in self.datasets if dataset[1] in given]

    def last_day(self, first: date) -> date:
        """The last day of a term that begins on `first`."""
        year, month = divmod(first.year * 12 + first.month - 1 + self.months, 12)
        return date(year, month + 1, min(first.day, 28)) - timedelta(days=1)


@cache
def templates() -> Mapping[str, Template]:
    """Every template by its code, in the order of the file."""
    raw = tomllib.loads(
        (files("resolvers") / "agreement_templates.toml").read_text(encoding="utf-8")
    )
    return MappingProxyType({code: _template(code, given) for code, given in raw.items()})


def template_of(code: str, *path: str) -> Template:
    """The template with this code; refuses (UNKNOWN_TEMPLATE) one that is not there."""
    if code not in templates():
        raise Refusal("UNKNOWN_TEMPLATE", path=path, known=sorted(templates()))
    return templates()[code]


def _template(code: str, given: dict[str, Any]) -> Template:
    rules = [
        TemplateRule(**{**rule, **{name: tuple(rule.get(name, ())) for name in _LISTS}})
        for rule in given["rules"]
    ]
    return Template(
        code=code,
        title=given["title"],
        purpose=given["purpose"],
        legal_basis=given["legal_basis"],
        interest=given["interest"],
        partnership=given["partnership"],
        conditions=given["conditions"],
        months=given["months"],
        invites=frozenset(given["invites"]),
        datasets=tuple((each["name"], each["kind"]) for each in given["datasets"]),
        rules=tuple(rules),
    )


async def draft_for(
    context: Context,
    template: Template,
    partners: Collection[UUID],
    wijken: Sequence[UUID],
    valid_from: date | None,
    valid_until: date | None,
) -> AgreementDraft:
    """The draft of a template between the asker and partners, about these wijken: each pair as the
    kinds of the two say. From today and as long as the template says, unless days are given.

    Refuses a partner that is not there (UNKNOWN_ORGANISATION), and a template that says nothing of
    these kinds (TEMPLATE_DOES_NOT_FIT).
    """
    rows = await context.session.fetch("template_parties", list(wijken))
    wanted = {context.principal.organisation, *partners}
    parties = [row for row in rows if row["id"] in wanted]
    if len(parties) < len(wanted):
        raise Refusal("UNKNOWN_ORGANISATION", path=("partners",))
    draft = await _draft(context, template, _rules(template, parties), wijken, valid_from,
                         valid_until, await own_contact(context) or "")  # fmt: skip
    return await _of_police(context, template, draft, parties, wijken)


async def draft_of_newcomer(
    context: Context, template: Template, newcomer: UUID, wijken: Sequence[UUID], contact: str
) -> AgreementDraft:
    """The draft by which a new partner begins: with whom the template invites of those who work in
    these wijken, and with the municipality that proposes it. Rules are between it and each of them.
    """
    asker = context.principal.organisation
    rows = await context.session.fetch("template_parties", list(wijken))
    there = [row for row in rows if row["wijken"] and row["kind"] in template.invites]
    if not any(row["kind"] == "MUNICIPALITY" for row in there):
        there += [row for row in rows if row["id"] == asker]
    parties = [row for row in rows if row["id"] == newcomer or row in there]
    rules = [one for one in _rules(template, parties) if newcomer in (one.provider, one.receiver)]
    draft = await _draft(context, template, rules, wijken, None, None,
                         await own_contact(context) or contact, (asker,))  # fmt: skip
    return await _of_police(context, template, draft, parties, wijken)


async def own_contact(context: Context) -> str | None:
    """Whom to call at the asker's organisation."""
    row = await context.loaders.load(CONTACT, context.principal.organisation, None)
    return row["contact"] if row else None


def _rules(template: Template, parties: Sequence[Record]) -> list[RuleDraft]:
    """Each line of the template for each pair of parties that it is about, in the wijken where who
    gives works.
    """
    return [
        RuleDraft(
            giver["id"], receiver["id"], tuple(giver["wijken"]), line.kind, line.category,
            line.fields, line.precision, line.keep_days, line.min_cell, line.includes_past,
        )
        for line in template.rules
        for giver in parties
        for receiver in parties
        if giver["id"] != receiver["id"] and giver["wijken"]
        and giver["kind"] in line.givers and receiver["kind"] in line.receivers
    ]  # fmt: skip


async def _draft(
    context: Context,
    template: Template,
    rules: Sequence[RuleDraft],
    wijken: Sequence[UUID],
    valid_from: date | None,
    valid_until: date | None,
    contact: str,
    also: tuple[UUID, ...] = (),
) -> AgreementDraft:
    if not rules:
        raise Refusal("TEMPLATE_DOES_NOT_FIT", path=("template",))
    first = valid_from or await context.session.fetchval("hub_today")
    words = await _named(context, wijken)
    return AgreementDraft(
        title=template.title.format(wijken=words),
        purpose=template.purpose.format(wijken=words),
        legal_basis=template.legal_basis,
        contact=contact,
        dpia=None,
        valid_from=first,
        valid_until=valid_until or template.last_day(first),
        rules=tuple(rules),
        also_parties=also,
    )


async def _of_police(
    context: Context,
    template: Template,
    draft: AgreementDraft,
    parties: Sequence[Record],
    wijken: Sequence[UUID],
) -> AgreementDraft:
    """The draft with what the template says for a sharing decision, where the police show
    something; as it is where they do not.
    """
    police = {party["id"] for party in parties if party["kind"] == "POLICE"}
    if police.isdisjoint(rule.provider for rule in draft.rules):
        return draft
    words = await _named(context, wijken)
    return replace(
        draft,
        interest=template.interest.format(wijken=words),
        partnership=template.partnership.format(wijken=words),
        conditions=template.conditions.format(wijken=words),
    )


async def _named(context: Context, wijken: Sequence[UUID]) -> str:
    """The names of the wijken, as the texts of an agreement say them."""
    if len(wijken) > MOST_NAMED_WIJKEN:
        return f"{len(wijken)} wijken"
    names = [row["name"] for row in await context.loaders.load_many(WIJK, wijken)]
    return " en ".join(filter(None, (", ".join(names[:-1]), names[-1])))
