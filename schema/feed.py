# SPDX-License-Identifier: EUPL-1.2
"""The feed of a wijk: what happened since a cursor, enough to keep a copy in step."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.feed import feed_page
from schema.agreement import AGREEMENT, Agreement
from schema.contribution import WIJK, Contribution
from schema.contributions import BY_KIND
from schema.enums import Change
from schema.fields import loaded
from schema.ids import encode
from schema.kind import Kind
from schema.node import PageInfo
from schema.organisation import Organisation
from schema.texts import LABELS, label


@strawberry.type(
    description="Something that happened. A copy is kept in step by `record`: keep it as it is "
    "there now, and delete the copy when it is null, whatever the change. After AGREEMENT_ENDED, "
    "delete what was seen of this organisation under that agreement."
)
class FeedItem:
    cursor: str = strawberry.field(
        description="Of this item; give it as `after` to go on from here."
    )
    on_day: date = strawberry.field(name="on", description="The day.")
    kind: Kind | None
    change: Change
    by: Organisation | None = loaded(
        Batch("organisations_by_id", "owner", "one"), "Whose record it is."
    )

    agreement: Agreement | None = loaded(
        Batch("agreements_by_id", "agreement", "one"),
        "The agreement that began or ended; null for an item about a record.",
    )

    @strawberry.field(description="What happened, in one line.")
    async def headline(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        language = info.context.language
        if root["agreement"] is not None:
            agreement = await info.context.loaders.load(AGREEMENT, root["agreement"])
            return label(f"feed.{root['change']}", language, title=agreement["title"])
        wijk = await info.context.loaders.load(WIJK, root["wijk"])
        of_kind = f"feed.{root['kind']}.{root['change']}"  # of a word that takes other adjectives
        return label(
            of_kind if of_kind in LABELS else f"feed.{root['change']}",
            language,
            kind=label(f"kind.{root['kind']}", language),
            category=label(f"category.{root['category']}", language),
            place=wijk["name"],
        )

    @strawberry.field(
        description="The id of the record, also when it can no longer be seen; null for an item "
        "about an agreement."
    )
    def record_id(root: strawberry.Parent[Any]) -> strawberry.ID | None:
        if root["kind"] is None:
            return None
        return strawberry.ID(encode(BY_KIND[root["kind"]].typename, root["record"]))

    @strawberry.field(description="The record as the caller may see it now.")
    async def record(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> Contribution | None:
        if root["kind"] is None:
            return None
        batch = BY_KIND[root["kind"]].batches.by_id
        row: Contribution | None = await info.context.loaders.load(batch, root["record"])
        return row


@strawberry.type(description="A page of the feed. An empty page keeps the cursor.")
class FeedConnection:
    nodes: list[FeedItem]
    page_info: PageInfo


@strawberry.type
class FeedOfWijk:
    """What the feed adds to a wijk."""

    @strawberry.field(
        description="Everything since a cursor that the caller may see, in order, without gap "
        "or double."
    )
    async def feed(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        after: str | None = None,
        kinds: list[Kind] | None = None,
        first: int = 50,
    ) -> FeedConnection | None:
        wanted = None if kinds is None else tuple(kind.value for kind in kinds)
        return await feed_page(info.context, root["id"], wanted, first, after)  # type: ignore[return-value]
