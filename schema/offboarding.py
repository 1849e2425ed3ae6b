# SPDX-License-Identifier: EUPL-1.2
"""A municipality lets a partner stop, and what that partner put in go."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON

from resolvers.context import Context
from resolvers.erasure import offboard
from schema.errors import UserError, user_error
from schema.ids import decode_as
from sql.errors import Refusal


@strawberry.input(description="A partner that leaves.")
class OffboardInput:
    organisation: strawberry.ID
    reason: str = strawberry.field(description="Why; the other parties of its agreements read it.")
    erase: bool = strawberry.field(
        default=False, description="Whether all that it put in is erased too; this ends for good."
    )


@strawberry.type(description="What became of the partner, or why nothing changed.")
class OffboardPayload:
    proof: JSON | None = strawberry.field(
        description="The proof of deletion as it stands; `state` is ERASING until the hub's daily "
        "work has taken all of it away, and DONE from then on. Null where nothing is erased."
    )
    errors: list[UserError]


@strawberry.type
class OffboardingMutations:
    """What the end of a partner adds to the mutations."""

    @strawberry.mutation(
        description="Lets another partner stop today, for the ADMINISTRATOR of the municipality: "
        "its tokens are revoked, it works nowhere, and it leaves every agreement. To do it again "
        "changes nothing, and tells how far its erasure is."
    )
    async def offboard_partner(
        self, info: strawberry.Info[Context, None], input: OffboardInput
    ) -> OffboardPayload | None:
        context = info.context
        try:
            id_ = decode_as("Organisation", input.organisation, "input", "organisation")
            async with context.session.savepoint():
                proof = await offboard(context, id_, input.reason, erase=input.erase)
        except Refusal as refusal:
            return OffboardPayload(proof=None, errors=[user_error(refusal, context.language)])
        return OffboardPayload(proof=None if proof is None else JSON(proof), errors=[])
