# SPDX-License-Identifier: EUPL-1.2
"""A new partner: who it is, how it comes in, what waits for it, and what to do next."""

from __future__ import annotations

from typing import Any

import strawberry

from resolvers.context import Context
from resolvers.onboarding import Newcomer, Onboarded, onboard
from resolvers.wijken import WIJK
from schema.agreement import AGREEMENT, WAITING, Agreement
from schema.enums import OrganisationKind
from schema.errors import UserError, user_error, user_errors
from schema.ids import encode
from schema.organisation import ORGANISATION, Organisation
from schema.texts import label
from sql.errors import Refusal

# What a new partner can ask at once; {code} is a wijk where it works.
_SAMPLES = (
    "{ me { organisation { name } wijken { code name } can { action on because } } }",
    '{ wijk(code: "{code}") { name signals(first: 10) { total nodes { category seenOn status '
    "place { label } owner { name } agreement { title } } } } }",
    '{ wijk(code: "{code}") { name feed(first: 20) { nodes { on change headline } } '
    "sources { organisation { name } dataset lastDelivery late } } }",
    "{ agreements(first: 10) { nodes { id version state title purpose from until "
    "waitingFor { name } rules { provider { name } receiver { name } kind precision } } } }",
    "{ mySlice { datasets { name kind neverShare } signals(first: 10) { total "
    "nodes { category seenOn } } } }",
)


@strawberry.input(
    description="A new partner of the caller's gemeente, and the template of the agreement by "
    "which it begins."
)
class OnboardInput:
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it adds nothing, and does not show the token again."
    )
    name: str = strawberry.field(description="As people know it; every partner can read it.")
    kind: OrganisationKind
    wijken: list[str] = strawberry.field(
        description="CBS codes of the current division: where it works, from today."
    )
    contact_email: str = strawberry.field(
        description="A desk or a shared mailbox, never a person's own; every partner can read it."
    )
    template: str = strawberry.field(description="A code of agreementTemplates.")


@strawberry.type(description="The new partner and what waits for it, or why nothing changed.")
class OnboardPayload:
    organisation: Organisation | None
    proposed_agreement: Agreement | None = strawberry.field(
        description="Proposed in the name of the caller's organisation; in force when every party "
        "has accepted it."
    )
    client_id: str | None = strawberry.field(
        description="The name of the first credential, as `me { login }` will say it."
    )
    token: str | None = strawberry.field(
        description="The credential itself, for a year, with the rights to read and to write. "
        "Shown this once: the hub keeps only a digest. Null when this request was carried out "
        "before."
    )
    replayed: bool = strawberry.field(
        description="True: this very request was carried out before, and nothing happened now."
    )
    sample_queries: list[str] = strawberry.field(
        description="Queries that work for the new partner."
    )
    checklist: list[str] = strawberry.field(description="What to do next, in order.")
    warnings: list[UserError] = strawberry.field(
        description="What to think of: none of it kept the partner from being added."
    )
    errors: list[UserError]


@strawberry.type
class OnboardingMutations:
    """What onboarding adds to the mutations."""

    @strawberry.mutation(
        description="Adds a partner: an administrator of the municipality alone can. Organisation, "
        "where it works, its datasets and its first token are made, and the agreement of the "
        "template is proposed to it and to those whom the template invites."
    )
    async def onboard_partner(
        self, info: strawberry.Info[Context, None], input: OnboardInput
    ) -> OnboardPayload | None:
        context = info.context
        asked = Newcomer(
            input.name, input.kind.value, tuple(input.wijken), input.contact_email, input.template
        )
        try:
            async with context.session.savepoint():
                made = await onboard(context, asked, input.idempotency_key)
                context.loaders.forget()
                return await _payload(context, made)
        except Refusal as refusal:
            return OnboardPayload(
                organisation=None, proposed_agreement=None, client_id=None, token=None,
                replayed=False, sample_queries=[], checklist=[], warnings=[],
                errors=[user_error(refusal, context.language)],
            )  # fmt: skip


async def _payload(context: Context, made: Onboarded) -> OnboardPayload:
    organisation = await context.loaders.load(ORGANISATION, made.organisation)
    agreement = await context.loaders.load(AGREEMENT, made.agreement)
    wijk = await context.loaders.load(WIJK, made.wijken[0])
    return OnboardPayload(
        organisation=organisation,
        proposed_agreement=agreement,
        client_id=made.client,
        token=made.token,
        replayed=made.token is None,
        sample_queries=[each.replace("{code}", wijk["code"]) for each in _SAMPLES],
        checklist=await _checklist(context, made, agreement, organisation["name"]),
        warnings=user_errors(made.warnings, context.language),
        errors=[],
    )


async def _checklist(context: Context, made: Onboarded, agreement: Any, name: str) -> list[str]:
    ids = await context.loaders.load(WAITING, agreement[WAITING.key])
    waiting: list[Any] = await context.loaders.load_many(ORGANISATION, [row["id"] for row in ids])
    login = {"client": made.client, "gemeente": context.principal.gemeente}
    values = {
        "name": name,
        "client": made.client,
        "again": label("onboarding.TOKEN_AGAIN", context.language, **login),
        "agreement": encode("Agreement", made.agreement),
        "waiting": ", ".join(each["name"] for each in waiting),
    }
    steps = ("TOKEN_SHOWN" if made.token is None else "TOKEN", "ACCEPT", "ASK", "TRY", "DELIVER")
    return [label(f"onboarding.{step}", context.language, **values) for step in steps]
