# SPDX-License-Identifier: EUPL-1.2
"""Who is asking, where it works, and what it can do and see, with the reason."""

from __future__ import annotations

from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.wijken import WIJK, wijken_of_asker
from schema.enums import Precision
from schema.fields import from_row, loaded
from schema.organisation import ORGANISATION, Organisation
from schema.texts import label
from schema.wijk import Wijk


@strawberry.type(description="Something that the caller can do, and why.")
class Capability:
    action: str = strawberry.field(description="READ or WRITE.")
    on: str = strawberry.field(description="The kind of record.")
    precision: Precision | None = strawberry.field(description="How exactly.")
    provider: Organisation | None = loaded(
        Batch("organisations_by_id", "provider", "one"), "Whose records; null for one's own."
    )

    @strawberry.field(description="In which wijken; empty: in every wijk.")
    async def wijken(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Wijk]:
        return await info.context.loaders.load_many(WIJK, root["wijken"])

    @strawberry.field(description="The rule that says so, in words.")
    def because(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        values = {"title": root["agreement"], "until": root["until"]}
        return label(f"because.{root['because']}", info.context.language, **values)


@strawberry.type(description="The caller.")
class Me:
    login: str = from_row(lambda principal: principal.actor, "The name of the credential.")
    roles: list[str] = from_row(
        lambda principal: sorted(principal.roles), "What it is within its organisation."
    )

    @strawberry.field(description="On whose behalf the caller asks.")
    async def organisation(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> Organisation:
        row: Organisation = await info.context.loaders.load(ORGANISATION, root.organisation)
        return row

    @strawberry.field(description="The wijken in which its organisation works today.")
    async def wijken(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Wijk]:
        return await wijken_of_asker(info.context)

    @strawberry.field(
        description="What it can do and see, and why: its own slice, and each rule of an "
        "agreement in force."
    )
    async def can(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Capability]:
        return await info.context.session.fetch("rights_of_asker")  # type: ignore[return-value]
