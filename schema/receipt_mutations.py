# SPDX-License-Identifier: EUPL-1.2
"""What a sender may do with a delivery of which it has the receipt: carry out a dry run, undo a
push.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from resolvers.context import Context
from resolvers.kinds import Kind
from resolvers.writes.commit import commit_dry_run
from resolvers.writes.undo import undo_push
from schema.contributions import BY_KIND
from schema.ids import decode_as
from schema.push import PushReceipt
from sql.errors import Refusal


@strawberry.input(description="A dry run that is carried out as it was.")
class CommitDryRunInput:
    receipt: strawberry.ID = strawberry.field(
        description="The receipt of one's own dry run, of the last seven days."
    )
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, as a delivery has. A dry run "
        "of a part of a full list is carried out as that part of the list with this key."
    )


@strawberry.input(description="A push that is undone.")
class UndoPushInput:
    receipt: strawberry.ID = strawberry.field(description="The receipt of one's own push.")
    reason: str = strawberry.field(
        description="Kept with the receipt of the undo. Of police and enforcement, of which the "
        "hub keeps no text, it is not."
    )
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )


@strawberry.type
class ReceiptMutations:
    """The mutations that begin with a receipt."""

    @strawberry.mutation(
        description="Carries out one's own dry run as it was, without delivering again, once. "
        "When anything else would become of its rows now than the dry run said, nothing happens: "
        "DRY_RUN_STALE."
    )
    async def commit_dry_run(
        self, info: strawberry.Info[Context, None], input: CommitDryRunInput
    ) -> PushReceipt | None:
        dry_run, key = _receipt(input.receipt), input.idempotency_key
        made: Any = await commit_dry_run(info.context, _kind, dry_run, key)
        return made  # type: ignore[no-any-return]

    @strawberry.mutation(
        description="Undoes one's own push, once: what it created goes, what it changed, closed or "
        "reopened goes back to what it was. A record that changed after the push stays as it is "
        "and is a rejected row of the receipt. What is gone may be delivered again."
    )
    async def undo_push(
        self, info: strawberry.Info[Context, None], input: UndoPushInput
    ) -> PushReceipt | None:
        receipt, key = _receipt(input.receipt), input.idempotency_key
        made: Any = await undo_push(info.context, receipt, input.reason, key)
        return made  # type: ignore[no-any-return]


def _receipt(given: str) -> UUID | None:
    """The receipt of an id; None for an id of anything else, which is not found either."""
    try:
        return decode_as("PushReceipt", given)
    except Refusal:
        return None


def _kind(name: str) -> Kind:
    return BY_KIND[name].kind
