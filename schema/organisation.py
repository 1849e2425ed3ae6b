# SPDX-License-Identifier: EUPL-1.2
"""Organisations: the partners of a gemeente. Their catalogue is known to every partner of that
gemeente.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from schema.enums import OrganisationKind
from schema.fields import global_id
from schema.ids import decode_as
from schema.node import Node

ORGANISATION = Batch("organisations_by_id", returns="one")
CONTACT = Batch("contacts_of_organisations", returns="one")


@strawberry.type(
    description="A partner: it sees and edits its own records, and shares them under agreements."
)
class Organisation(Node):
    id: strawberry.ID = global_id("Organisation")
    name: str
    kind: OrganisationKind
    invented: bool = strawberry.field(
        description="True in a demo: this organisation does not exist."
    )

    left_on: date | None = strawberry.field(
        description="The day on which it stopped taking part; null: it takes part. It stays known, "
        "for decisions, ledgers and numbers name it."
    )

    @strawberry.field(
        description="Whom to call, about one wijk or in general: a desk or a shared mailbox, "
        "never a person's own."
    )
    async def contact(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        wijk: strawberry.ID | None = None,
    ) -> str | None:
        about = decode_as("Wijk", wijk, "wijk") if wijk else None
        row = await info.context.loaders.load(CONTACT, root["id"], about)
        return row["contact"] if row else None
