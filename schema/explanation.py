# SPDX-License-Identifier: EUPL-1.2
"""Why may I see this, or not? The question, and the answer in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import auto

import strawberry

from resolvers.context import Context
from resolvers.explanation import (
    HIDDEN_OR_ABSENT,
    Cure,
    Explanation,
    Fields,
    Question,
    Step,
    explain_public,
    explain_reading,
    explain_record,
    explain_writing,
    fields_of,
)
from resolvers.wijken import wijk_of_code
from schema.agreement import AGREEMENT, Agreement
from schema.contributions import BY_TYPENAME
from schema.enums import Category, Precision, Upper
from schema.ids import decode, decode_as
from schema.organisation import CONTACT, ORGANISATION, Organisation
from schema.query import NODES
from schema.texts import Language, field_name, label
from sql.errors import Refusal


@strawberry.enum(description="What somebody wants to do.")
class ExplainAction(Upper):
    READ = auto()
    WRITE = auto()


@strawberry.enum(
    description="READ: VISIBLE, all that agreements show as it was asked for; VISIBLE_REDUCED, "
    "less, or only part of it; NOT_VISIBLE. WRITE: ALLOWED or NOT_ALLOWED."
)
class AccessVerdict(Upper):
    VISIBLE = auto()
    VISIBLE_REDUCED = auto()
    NOT_VISIBLE = auto()
    ALLOWED = auto()
    NOT_ALLOWED = auto()


@strawberry.enum(description="What follows from a rule: it allows, it limits, or it refuses.")
class ExplainOutcome(Upper):
    ALLOWS = auto()
    LIMITS = auto()
    REFUSES = auto()


@strawberry.enum(description="The rules by which the hub decides, as reasons.")
class ExplainRule(Upper):
    AGREEMENT_ALLOWS = auto()
    AGREEMENT_ENDED = auto()
    AGREEMENT_LAPSED = auto()
    AGREEMENT_LEAVES_OUT = auto()
    AGREEMENT_NOT_ACCEPTED = auto()
    AGREEMENT_NOT_STARTED = auto()
    AGREEMENT_REJECTED = auto()
    AGREEMENT_REVOKED = auto()
    BETTER_AGREEMENT = auto()
    CODES_ONLY = auto()
    COUNTS_ONLY = auto()
    HIDDEN_OR_ABSENT = auto()
    HUB_KEEPS = auto()
    KEPT_LONG_ENOUGH = auto()
    NEVER_SHARED = auto()
    NOT_YOURS = auto()
    NO_AGREEMENT = auto()
    ONLY_COUNTED = auto()
    OTHER_CATEGORY = auto()
    OTHER_WIJK = auto()
    OWN = auto()
    OWNER_ONLY = auto()
    PARTY = auto()
    PAST_NOT_INCLUDED = auto()
    PERIOD_CLOSED = auto()
    PRECISION_TOO_LOW = auto()
    PUBLIC = auto()
    SCOPE_LACKING = auto()
    SHARED_WITH_NOBODY = auto()
    WORKS_HERE = auto()
    WORK_IN_WIJK = auto()
    WRITERS_CAP = auto()


@strawberry.input(
    description="A question about access: about a kind of record or a field of it (`field`: "
    "'Signal' or 'Signal.summary') of an organisation (`owner`), or about something with an id "
    "(`node`), maybe a field of it (`field`: 'summary')."
)
class ExplainInput:
    node: strawberry.ID | None = strawberry.field(
        default=None,
        description="What the question is about. What does not exist and what may not be seen "
        "get the same answer.",
    )
    field: str | None = strawberry.field(
        default=None, description="A kind of record, and maybe one of its fields."
    )
    owner: strawberry.ID | None = strawberry.field(
        default=None, description="Whose records. Of WRITE: the caller's own, unless it is given."
    )
    action: ExplainAction = strawberry.field(
        default=ExplainAction.READ, description="What the caller wants to do."
    )
    on: date | None = strawberry.field(
        default=None,
        description="As of which day; today, unless one is given. Only for READ, without `node`.",
    )
    wijk: str | None = strawberry.field(
        default=None, description="In which wijk: a CBS code of the current division."
    )
    category: Category | None = strawberry.field(default=None, description="Of which category.")


@strawberry.type(description="One reason: a rule, and what follows from it.")
class ExplainStep:
    rule: ExplainRule = strawberry.field(description="The rule, from a closed list.")
    outcome: ExplainOutcome
    text: str = strawberry.field(description="The reason in words.")
    organisation: Organisation | None = strawberry.field(
        description="The receiver that it is about, of one's own record."
    )
    agreements: list[Agreement] = strawberry.field(
        description="The agreements that say so, of those to which the caller is a party."
    )


@strawberry.type(
    description="An answer about rules, never about whether somebody else has a record."
)
class AccessExplanation:
    verdict: AccessVerdict = strawberry.field(description="The answer in one word.")
    precision: Precision | None = strawberry.field(
        description="How exactly at best; COUNT: records only count in published numbers."
    )
    because: list[ExplainStep] = strawberry.field(
        description="Every reason; of agreements, those in force first."
    )
    what_would_help: list[str] = strawberry.field(description="What one can do, in words.")
    ask_contact: str | None = strawberry.field(
        description="Whom to ask: the owner's contact in that wijk."
    )


@strawberry.type
class ExplanationQuery:
    """What explaining adds to the queries."""

    @strawberry.field(
        description="Why the caller may see or change something, or not, and what would help. "
        "Answered from the rules that the database applies."
    )
    async def explain_access(
        self, info: strawberry.Info[Context, None], input: ExplainInput
    ) -> AccessExplanation | None:
        context = info.context
        found = await (_of_node if input.node is not None else _of_rules)(context, input)
        return await _told(context, found)


async def _of_rules(context: Context, given: ExplainInput) -> Explanation:
    question = await _question(context, given)
    fields = await fields_of(context, question.kind, question.field)
    if given.action is ExplainAction.READ:
        return await explain_reading(context, question, fields)
    if given.on is not None:
        raise _wrong("on", "NOT_TOGETHER")
    return await explain_writing(context, question)


async def _question(context: Context, given: ExplainInput) -> Question:
    if given.field is None:
        raise _wrong("field", "NEEDED")
    typename, _, name = given.field.partition(".")
    if typename not in BY_TYPENAME:
        raise _wrong("field", "UNKNOWN")
    owner = context.principal.organisation
    if given.owner is not None:
        owner = decode_as("Organisation", given.owner, "input", "owner")
    elif given.action is ExplainAction.READ:
        raise _wrong("owner", "NEEDED")
    return Question(
        BY_TYPENAME[typename].kind,
        owner,
        name or None,
        given.on,
        await wijk_of_code(context, given.wijk, None) if given.wijk is not None else None,
        [given.category.value] if given.category else [each.value for each in Category],
    )


async def _of_node(context: Context, given: ExplainInput) -> Explanation:
    """What could be refused is looked at before the record is, so that it says nothing of it."""
    for name in ("owner", "on", "wijk", "category"):
        if getattr(given, name) is not None:
            raise _wrong(name, "NOT_TOGETHER")
    typename, id_ = decode(str(given.node), "input", "node")
    asked = _field_of_node(typename, given.field)
    fields: Fields = {}
    if typename in BY_TYPENAME:
        fields = await fields_of(context, BY_TYPENAME[typename].kind, asked)
    row = await context.loaders.load(NODES[typename], id_) if typename in NODES else None
    if row is None:
        return HIDDEN_OR_ABSENT
    if typename not in BY_TYPENAME:
        return explain_public("PARTY" if typename == "Agreement" else "PUBLIC")
    kind = BY_TYPENAME[typename].kind
    if given.action is ExplainAction.READ:
        return await explain_record(context, kind, fields, row, asked)
    return await explain_writing(context, Question(kind, row["owner"], asked), row)


def _field_of_node(typename: str, asked: str | None) -> str | None:
    """The field that is asked about, without the type's name."""
    if asked is None or asked == typename:
        return None
    name = asked.removeprefix(f"{typename}.")
    if "." in name:
        raise _wrong("field", "UNKNOWN")
    return name


def _wrong(name: str, why: str) -> Refusal:
    return Refusal("BAD_ARGUMENT", path=("input", name), name=name, why=why)


# -- words ----------------------------------------------------------------------------------------


async def _told(context: Context, found: Explanation) -> AccessExplanation:
    contact = await context.loaders.load(CONTACT, found.ask, found.about)
    return AccessExplanation(
        verdict=AccessVerdict(found.verdict),
        precision=Precision(found.precision) if found.precision else None,
        because=[await _step(context, step) for step in found.steps],
        what_would_help=[_cure(cure, context.language) for cure in found.cures],
        ask_contact=contact["contact"] if contact else None,
    )


async def _step(context: Context, step: Step) -> ExplainStep:
    agreements = await context.loaders.load_many(AGREEMENT, step.agreements)
    organisation = await context.loaders.load(ORGANISATION, step.organisation)
    said = label(f"explain.{step.rule}", context.language, **_words(step.values, context.language))
    if organisation is not None:
        said = f"{organisation['name']}: {said[0].lower()}{said[1:]}"
    return ExplainStep(
        rule=ExplainRule(step.rule),
        outcome=ExplainOutcome(step.outcome),
        text=said,
        organisation=organisation,
        agreements=[one for one in agreements if one is not None],
    )


def _cure(cure: Cure, language: Language) -> str:
    return label(f"help.{cure.code}", language, **_words(cure.values, language))


def _words(values: Mapping[str, object], language: Language) -> dict[str, object]:
    """The values of a sentence in words: precisions and fields by what people call them."""
    told: dict[str, object] = dict(values)
    for name in ("precision", "needed"):
        if name in told:
            told[name] = label(f"shared_as.{told[name]}", language)
    if "fields" in told:
        told["fields"] = [field_name(str(one), language) for one in told["fields"]]  # type: ignore[attr-defined]
    return told
