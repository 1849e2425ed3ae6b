# SPDX-License-Identifier: EUPL-1.2
"""Who is asking, where it works, and what it can do and see, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context, Language
from resolvers.wijken import WIJK, wijken_of_asker
from schema.agreement import Agreement
from schema.enums import Category, Precision
from schema.fields import from_row, loaded
from schema.organisation import ORGANISATION, Organisation
from schema.texts import label
from schema.wijk import Wijk

# Of more wijken than this their number is told, not their names.
_MOST_NAMES = 4


@strawberry.type(
    description="Something that the caller can do, and why. No two are alike: what differs in "
    "wijken alone is one."
)
class Capability:
    action: str = strawberry.field(description="READ or WRITE.")
    on: str = strawberry.field(description="The kind of record.")
    category: Category | None = strawberry.field(
        description="Only of this category; null: of every category."
    )
    precision: Precision | None = strawberry.field(description="How exactly.")
    fields: list[str] | None = strawberry.field(
        description="Which fields are shown; null for one's own records: all."
    )
    provider: Organisation | None = loaded(
        Batch("organisations_by_id", "provider", "one"), "Whose records; null for one's own."
    )
    agreement: Agreement | None = loaded(
        Batch("agreements_by_id", "agreement", "one"), "Under which agreement, if it is by one."
    )
    until: date | None = strawberry.field(description="Until which day; null: without an end.")

    @strawberry.field(description="In which wijken; empty: in every wijk.")
    async def wijken(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Wijk]:
        return await info.context.loaders.load_many(WIJK, root["wijken"])

    @strawberry.field(description="The rule that says so, in words.")
    async def because(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        language = info.context.language
        if root["because"] != "AGREEMENT":
            return label(f"because.{root['because']}", language)
        provider = await info.context.loaders.load(ORGANISATION, root["provider"])
        category = root["category"]
        return label(
            "because.AGREEMENT",
            language,
            organisation=provider["name"],
            kind=label(f"kind.{root['on']}", language),
            category=label(
                f"category.{category}" if category else "because.EVERY_CATEGORY", language
            ),
            precision=label(f"shared_as.{root['precision']}", language),
            wijken=_places(root["wijk_names"], language),
            title=root["title"],
            until=root["until"],
        )


def _places(names: Sequence[str], language: Language) -> str:
    """Some wijken by name, many by their number."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return label("place.WIJKEN", language, number=len(names))


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
        "agreement in force. WRITE names every kind of record: no kind is tied to a kind of "
        "organisation, and what is written stands under the name of who wrote it."
    )
    async def can(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Capability]:
        scopes = sorted(info.context.principal.scopes)
        rows: Any = await info.context.session.fetch("rights_of_asker", scopes)
        return rows  # type: ignore[no-any-return]
