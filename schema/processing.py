# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities (AVG art. 30) of the caller's organisation."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.context import Context
from resolvers.processing import ActivityDraft, activities, assign, register
from schema.agreement import AGREEMENT, Agreement
from schema.errors import UserError, user_error
from schema.fields import loaded_each
from schema.ids import decode_as
from sql.errors import Refusal


@strawberry.type(
    description="What an organisation does with data, for what and on which ground. A version is "
    "never changed; the newest that has begun holds."
)
class ProcessingActivity:
    code: str = strawberry.field(description="The organisation's own name for it.")
    version: int = strawberry.field(description="From 1; the newest that has begun holds.")
    valid_from: date = strawberry.field(
        name="from", description="From which day this version holds."
    )
    name: str
    purpose: str
    legal_basis: str
    categories: list[str] = strawberry.field(description="Of persons and of data.")
    retention: str | None = strawberry.field(description="How long, as an ISO 8601 duration: P1Y.")
    recipients: list[str] = strawberry.field(description="Who gets the data.")
    measures: list[str] = strawberry.field(description="How it is protected.")
    agreements: list[Agreement] = loaded_each(
        AGREEMENT, "agreements", "The agreements that fall under it, for this organisation."
    )


@strawberry.input(description="A version of an activity, to be added to the register.")
class ProcessingActivityInput:
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )
    code: str = strawberry.field(
        description="The organisation's own name for it: a-z, 0-9, dashes."
    )
    version: int = strawberry.field(
        default=0, description="The newest version that the caller knows; 0: there is none yet."
    )
    from_: date | None = strawberry.field(
        name="from", default=None, description="From which day it holds. Default: today."
    )
    name: str = strawberry.field(description="As people know it.")
    purpose: str = strawberry.field(description="For what.")
    legal_basis: str = strawberry.field(description="On which ground.")
    categories: list[str] = strawberry.field(
        default_factory=list, description="Of persons and of data."
    )
    retention: str | None = strawberry.field(
        default=None, description="How long, as an ISO 8601 duration: P1Y, P30D."
    )
    recipients: list[str] = strawberry.field(default_factory=list, description="Who gets the data.")
    measures: list[str] = strawberry.field(default_factory=list, description="How it is protected.")


@strawberry.input(description="Under which activity an agreement falls, for the caller.")
class AssignActivityInput:
    agreement: strawberry.ID = strawberry.field(description="One that the caller is a party to.")
    code: str = strawberry.field(description="An activity in the caller's register.")


@strawberry.type(description="The activity as it is now, or why nothing changed.")
class ProcessingActivityPayload:
    activity: ProcessingActivity | None
    errors: list[UserError]


@strawberry.type
class ProcessingQuery:
    """The root of the register."""

    @strawberry.field(description="The register of the caller's organisation, by code.")
    async def processing_activities(
        self, info: strawberry.Info[Context, None], every_version: bool = False
    ) -> list[ProcessingActivity] | None:
        rows: Any = await activities(info.context, every_version)
        return rows  # type: ignore[no-any-return]


@strawberry.type
class ProcessingMutations:
    """What the register adds to the mutations."""

    @strawberry.mutation(
        description="Adds a version of an activity to the register of the caller's organisation. "
        "For its privacy officer and its administrator."
    )
    async def register_processing_activity(
        self, info: strawberry.Info[Context, None], input: ProcessingActivityInput
    ) -> ProcessingActivityPayload | None:
        context = info.context
        draft = ActivityDraft(
            code=input.code,
            name=input.name,
            purpose=input.purpose,
            legal_basis=input.legal_basis,
            categories=tuple(input.categories),
            retention=input.retention,
            recipients=tuple(input.recipients),
            measures=tuple(input.measures),
            valid_from=input.from_,
        )
        try:
            async with context.session.savepoint():
                code = await register(context, draft, input.version, input.idempotency_key)
        except Refusal as refusal:
            return _refused(context, refusal)
        return await _payload(context, code)

    @strawberry.mutation(
        description="Says under which of its activities the caller's organisation does what an "
        "agreement is about; lines of the ledger point to it from now on. For its privacy officer "
        "and its administrator."
    )
    async def assign_processing_activity(
        self, info: strawberry.Info[Context, None], input: AssignActivityInput
    ) -> ProcessingActivityPayload | None:
        context = info.context
        try:
            async with context.session.savepoint():
                agreement = decode_as("Agreement", input.agreement, "input", "agreement")
                code = await assign(context, agreement, input.code)
        except Refusal as refusal:
            return _refused(context, refusal)
        return await _payload(context, code)


def _refused(context: Context, refusal: Refusal) -> ProcessingActivityPayload:
    return ProcessingActivityPayload(activity=None, errors=[user_error(refusal, context.language)])


async def _payload(context: Context, code: str) -> ProcessingActivityPayload:
    found = [row for row in await activities(context, False) if row["code"] == code]
    return ProcessingActivityPayload(activity=found[0], errors=[])
