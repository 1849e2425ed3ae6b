# SPDX-License-Identifier: EUPL-1.2
"""Proposing an agreement and deciding on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import strawberry

from resolvers.agreement_warnings import Warned, warnings_of
from resolvers.agreements import (
    VERSION,
    AgreementDraft,
    Decision,
    Proposed,
    RuleDraft,
    decide,
    persons_in,
    propose,
    version_that_stands,
)
from resolvers.context import Context
from resolvers.wijken import wijk_of_code
from schema.agreement import Agreement
from schema.contributions import KINDS
from schema.enums import Category, ControllerRole, Precision
from schema.errors import UserError, user_error, user_errors
from schema.ids import decode_as
from schema.kind import Kind
from sql.errors import Refusal


@strawberry.input(description="What one party shows another.")
class AgreementRuleInput:
    provider: strawberry.ID
    receiver: strawberry.ID
    wijken: list[str] = strawberry.field(description="CBS codes of the current division.")
    kind: Kind
    category: Category | None = strawberry.field(
        default=None, description="Only this category; null: every category."
    )
    fields: list[str] = strawberry.field(
        default_factory=list, description="What is shown besides what the precision shows."
    )
    precision: Precision
    keep_days: int = strawberry.field(
        default=365, description="How many days after recording a record stays visible."
    )
    min_cell: int = strawberry.field(
        default=5, description="The smallest number that may be published; 5 or more."
    )
    includes_past: bool = strawberry.field(
        default=False, description="Share records from before the agreement too."
    )
    alone: bool = strawberry.field(
        default=False,
        description="Numbers may be of the provider alone: no other organisations need to "
        "contribute, and minCell is the only threshold. For the precision COUNT.",
    )


@strawberry.input(description="How a party answers for the data.")
class AgreementControllerInput:
    organisation: strawberry.ID = strawberry.field(description="A party of the agreement.")
    role: ControllerRole = strawberry.field(description="On whose behalf.")


@strawberry.input(description="An agreement as proposed. The proposer has accepted it.")
class AgreementInput:
    replaces: strawberry.ID | None = strawberry.field(
        default=None,
        description="The agreement of which this is the next version. The version in force stays "
        "until every party of this one has accepted it and its first day has come.",
    )
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )
    title: str
    purpose: str
    legal_basis: str
    from_: date = strawberry.field(name="from", description="The first day.")
    until: date = strawberry.field(description="The last day.")
    contact: str
    controllers: list[AgreementControllerInput] = strawberry.field(
        default_factory=list, description="Which parties answer for the data, and how."
    )
    dpia: str | None = None
    dpia_on: date | None = strawberry.field(
        default=None, description="The day of the assessment of risks (DPIA)."
    )
    interest: str | None = strawberry.field(
        default=None,
        description="If the police show something: which weighty public interest (Wpg).",
    )
    partnership: str | None = strawberry.field(
        default=None, description="If the police show something: for which partnership (Wpg)."
    )
    conditions: str | None = strawberry.field(
        default=None, description="If the police show something: on which conditions (Wpg)."
    )
    publish: bool = strawberry.field(
        default=False,
        description="Let every partner of the gemeente know of it while it is in force.",
    )
    signed_by: str | None = strawberry.field(
        default=None, description="The function of who signed for the proposer, not a name."
    )
    document: str | None = strawberry.field(
        default=None,
        description="Where the signed document is: a reference, or an https address.",
    )
    rules: list[AgreementRuleInput]


@strawberry.input(
    description="A decision of the caller's organisation on the version of an agreement that it "
    "read."
)
class AgreementDecisionInput:
    id: strawberry.ID
    version: int = strawberry.field(description="The version that the caller read.")
    reason: str | None = strawberry.field(default=None, description="Why; every party sees it.")
    signed_by: str | None = strawberry.field(
        default=None, description="The function of who signed, not a name."
    )
    document: str | None = strawberry.field(
        default=None,
        description="Where the signed document is: a reference, or an https address.",
    )


@strawberry.type(
    description="The version of the agreement that was proposed or decided on as it is now, or why "
    "nothing changed."
)
class AgreementPayload:
    agreement: Agreement | None
    errors: list[UserError]
    warnings: list[UserError] = strawberry.field(
        description="What was done and may not be what was meant. Of a proposal: what to think of "
        "before others sign it, as `simulateAgreement` says it before."
    )


@strawberry.type
class AgreementMutations:
    """What agreements add to the mutations."""

    @strawberry.mutation(
        description="Proposes an agreement; the caller's organisation accepts it by proposing."
    )
    async def propose_agreement(
        self, info: strawberry.Info[Context, None], input: AgreementInput
    ) -> AgreementPayload | None:
        context = info.context
        try:
            async with context.session.savepoint():
                draft = await draft_of(context, input)
                proposed = await propose(context, draft, input.idempotency_key)
                warnings = await warnings_of(context, draft, KINDS)
        except Refusal as refusal:
            return _refused(context, refusal)
        return await _payload(context, proposed, warnings)

    @strawberry.mutation(
        description="Accepts the version that the caller read; in force when every party has."
    )
    async def accept_agreement(
        self, info: strawberry.Info[Context, None], input: AgreementDecisionInput
    ) -> AgreementPayload | None:
        return await _decided(info.context, input, "ACCEPT")

    @strawberry.mutation(description="Rejects a proposal: it can no longer come into force.")
    async def reject_agreement(
        self, info: strawberry.Info[Context, None], input: AgreementDecisionInput
    ) -> AgreementPayload | None:
        return await _decided(info.context, input, "REJECT")

    @strawberry.mutation(description="Ends a version of an agreement at once, for every party.")
    async def revoke_agreement(
        self, info: strawberry.Info[Context, None], input: AgreementDecisionInput
    ) -> AgreementPayload | None:
        return await _decided(info.context, input, "REVOKE")


async def _decided(
    context: Context, given: AgreementDecisionInput, decision: Decision
) -> AgreementPayload:
    try:
        id_ = decode_as("Agreement", given.id, "input", "id")
        words = (given.reason, given.signed_by, given.document)
        async with context.session.savepoint():
            decided = await decide(context, id_, given.version, decision, *words)
    except Refusal as refusal:
        return _refused(context, refusal)
    context.loaders.forget()
    stands = await version_that_stands(context, decided) if decision == "REVOKE" else []
    said = {"reason": given.reason, "signedBy": given.signed_by, "document": given.document}
    return await _payload(context, decided, [*stands, *persons_in(said)])


def _refused(context: Context, refusal: Refusal) -> AgreementPayload:
    errors = [user_error(refusal, context.language)]
    return AgreementPayload(agreement=None, errors=errors, warnings=[])


async def _payload(
    context: Context, version: Proposed, warnings: Sequence[Warned]
) -> AgreementPayload:
    context.loaders.forget()
    return AgreementPayload(
        agreement=await context.loaders.load(VERSION, version.key),
        errors=[],
        warnings=user_errors(warnings, context.language),
    )


async def draft_of(context: Context, given: AgreementInput) -> AgreementDraft:
    """The agreement that an input proposes, with ids in place of global ids and codes."""
    rules = [await _rule(context, number, rule) for number, rule in enumerate(given.rules)]
    return AgreementDraft(
        replaces=_replaced(given),
        title=given.title,
        purpose=given.purpose,
        legal_basis=given.legal_basis,
        contact=given.contact,
        dpia=given.dpia,
        dpia_on=given.dpia_on,
        controllers=tuple(_controller(*each) for each in enumerate(given.controllers)),
        interest=given.interest,
        partnership=given.partnership,
        conditions=given.conditions,
        publish=given.publish,
        signed_by=given.signed_by,
        document=given.document,
        valid_from=given.from_,
        valid_until=given.until,
        rules=tuple(rules),
    )


def _replaced(given: AgreementInput) -> UUID | None:
    return decode_as("Agreement", given.replaces, "input", "replaces") if given.replaces else None


def _controller(number: int, given: AgreementControllerInput) -> tuple[UUID, str]:
    where = ("input", "controllers", number, "organisation")
    return decode_as("Organisation", given.organisation, *where), given.role.value


async def _rule(context: Context, number: int, given: AgreementRuleInput) -> RuleDraft:
    path = ("input", "rules", number)
    try:
        wijken = [await wijk_of_code(context, code, None) for code in given.wijken]
    except Refusal as refusal:
        raise refusal.under(*path, "wijken") from refusal
    return RuleDraft(
        provider=decode_as("Organisation", given.provider, *path, "provider"),
        receiver=decode_as("Organisation", given.receiver, *path, "receiver"),
        wijken=tuple(wijken),
        kind=given.kind.value,
        category=given.category.value if given.category else None,
        fields=tuple(given.fields),
        precision=given.precision.value,
        keep_days=given.keep_days,
        min_cell=given.min_cell,
        includes_past=given.includes_past,
        alone=given.alone,
    )
