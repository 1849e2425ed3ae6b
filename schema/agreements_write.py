# SPDX-License-Identifier: EUPL-1.2
"""Proposing an agreement and deciding on one."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import strawberry

from resolvers.agreements import AGREEMENT, AgreementDraft, Decision, RuleDraft, decide, propose
from resolvers.context import Context
from resolvers.wijken import wijk_of_code
from schema.agreement import Agreement
from schema.enums import Category, Precision
from schema.errors import UserError, user_error
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


@strawberry.input(description="An agreement as proposed. The proposer has accepted it.")
class AgreementInput:
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
    dpia: str | None = None
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


@strawberry.type(description="The agreement as it is now, or why nothing changed.")
class AgreementPayload:
    agreement: Agreement | None
    errors: list[UserError]


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
                id_ = await propose(context, await _draft(context, input), input.idempotency_key)
        except Refusal as refusal:
            return AgreementPayload(agreement=None, errors=[user_error(refusal, context.language)])
        return await _payload(context, id_)

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

    @strawberry.mutation(description="Ends an agreement at once, for every party.")
    async def revoke_agreement(
        self, info: strawberry.Info[Context, None], input: AgreementDecisionInput
    ) -> AgreementPayload | None:
        return await _decided(info.context, input, "REVOKE")


async def _decided(
    context: Context, given: AgreementDecisionInput, decision: Decision
) -> AgreementPayload:
    try:
        id_ = decode_as("Agreement", given.id)
        async with context.session.savepoint():
            await decide(context, id_, given.version, decision, given.reason, given.signed_by)
    except Refusal as refusal:
        return AgreementPayload(agreement=None, errors=[user_error(refusal, context.language)])
    return await _payload(context, id_)


async def _payload(context: Context, id_: UUID) -> AgreementPayload:
    context.loaders.forget()
    return AgreementPayload(agreement=await context.loaders.load(AGREEMENT, id_), errors=[])


async def _draft(context: Context, given: AgreementInput) -> AgreementDraft:
    rules = [await _rule(context, number, rule) for number, rule in enumerate(given.rules)]
    return AgreementDraft(
        title=given.title,
        purpose=given.purpose,
        legal_basis=given.legal_basis,
        contact=given.contact,
        dpia=given.dpia,
        valid_from=given.from_,
        valid_until=given.until,
        rules=tuple(rules),
    )


async def _rule(context: Context, number: int, given: AgreementRuleInput) -> RuleDraft:
    try:
        return RuleDraft(
            provider=decode_as("Organisation", given.provider),
            receiver=decode_as("Organisation", given.receiver),
            wijken=tuple([await wijk_of_code(context, code, None) for code in given.wijken]),
            kind=given.kind.value,
            category=given.category.value if given.category else None,
            fields=tuple(given.fields),
            precision=given.precision.value,
            keep_days=given.keep_days,
            min_cell=given.min_cell,
            includes_past=given.includes_past,
            alone=given.alone,
        )
    except Refusal as refusal:
        raise refusal.under("input", "rules", number) from refusal
