# SPDX-License-Identifier: EUPL-1.2
"""What the records of every kind of contribution have in common when they are read."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers.batch import Batch, Composed
from resolvers.context import Context
from resolvers.feed import history_page
from resolvers.records import RecordFilter, totals_of_pages
from schema.agreement import Agreement
from schema.enums import Category, Precision
from schema.fields import from_row, from_source, loaded, loaded_each
from schema.ids import decode_as
from schema.node import Node
from schema.organisation import Organisation
from schema.texts import label

if TYPE_CHECKING:
    from schema.history import HistoryConnection
    from schema.wijk import Buurt, Wijk

OWNER = Batch("organisations_by_id", "owner", "one")
BUURT = Batch("buurten_by_id", "buurt", "one")
WIJK = Batch("wijken_by_id", "wijk", "one")


def _in_words(context: Context, row: Any, wijk: Any, buurt: Any) -> str:
    if buurt is None:
        return str(wijk["name"])
    return label("place.BUURT_IN_WIJK", context.language, buurt=buurt["name"], wijk=wijk["name"])


PLACE_IN_WORDS = Composed((WIJK, BUURT), _in_words)
"""The buurt and wijk of a row, or the wijk alone where the buurt may not be known."""


@strawberry.type(description="Where it is, as exactly as the caller may know.")
class PlaceView:
    buurt: Annotated[Buurt, strawberry.lazy("schema.wijk")] | None = loaded(
        BUURT, "The buurt, when it may be known."
    )
    lon: float | None = strawberry.field(description="Longitude in degrees (WGS 84).")
    lat: float | None = strawberry.field(description="Latitude in degrees (WGS 84).")
    label: str = from_source(PLACE_IN_WORDS, "The place in words.")

    @strawberry.field(description="How exact the place is: EXACT with a point, BUURT or WIJK.")
    def precision(root: strawberry.Parent[Any]) -> Precision:
        if root["lon"] is not None:
            return Precision.EXACT
        return Precision.BUURT if root["buurt"] is not None else Precision.WIJK


@strawberry.interface(
    description="What every record that a partner contributes has in common. What a rule hides "
    "is null, and `hidden` names "
    "it, by rule, never by content. `version` and `sourceId` are the owner's alone."
)
class Contribution(Node):
    owner: Organisation = loaded(OWNER, "Whose record it is.")
    wijk: Annotated[Wijk, strawberry.lazy("schema.wijk")] = loaded(
        WIJK, "The wijk that it is about."
    )
    place: PlaceView = from_row(lambda row: row, "Where it is.")
    precision: Precision = strawberry.field(description="How exactly the caller sees this record.")
    agreement: Agreement | None = loaded(
        Batch("agreements_by_id", "agreement", "one"),
        "Under which agreement the caller sees it; null for one's own.",
    )
    hidden: list[str] = strawberry.field(
        description="The fields that the agreement's rule leaves out."
    )
    recorded_on: date = strawberry.field(description="The day on which the hub got it.")
    closed_on: date | None = strawberry.field(
        description="The day on which it was closed; null while it is open."
    )
    invented: bool = strawberry.field(description="True in a demo: this never happened.")
    source_id: str | None = from_row(
        lambda row: (
            f"{row['dataset']}/{row['external_id']}" if row["external_id"] else row["dataset"]
        ),
        "Dataset and number in the owner's own system. The owner's alone.",
    )
    version: int | None = strawberry.field(
        description="To be given back with a change. The owner's alone."
    )

    @strawberry.field(
        description="What happened to the record, newest first. The owner's alone: null for others."
    )
    async def history(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        first: int = 20,
        after: str | None = None,
    ) -> Annotated[HistoryConnection, strawberry.lazy("schema.history")] | None:
        if root["agreement"] is not None:
            return None
        page: Any = await history_page(info.context, root["id"], first, after)
        return page  # type: ignore[no-any-return]


def every_wijk() -> Any:
    """The field `wijken` of a kind of which one record can be about several."""
    return loaded_each(
        WIJK,
        "wijken",
        "The wijken that it is about, its home (`wijk`) first. Who sees the record sees all of "
        "them, also those that no agreement with the caller is about.",
    )


@strawberry.input(
    name="RecordFilter",
    description="Filters work on what the caller may see of a record, never on what is behind it.",
)
class RecordFilterInput:
    owner: strawberry.ID | None = strawberry.field(
        default=None, description="Only records of this organisation."
    )
    mine: bool | None = strawberry.field(
        default=None, description="True: only the caller's own records."
    )
    category: list[Category] | None = strawberry.field(
        default=None, description="Only these categories."
    )
    buurt: strawberry.ID | None = strawberry.field(
        default=None, description="Only in this buurt, of records whose buurt the caller may know."
    )
    from_: date | None = strawberry.field(
        default=None, name="from", description="From this day on."
    )
    until: date | None = strawberry.field(default=None, description="Until this day, inclusive.")
    closed: bool | None = strawberry.field(
        default=None, description="Only closed records, or only open ones."
    )
    text: str | None = strawberry.field(
        default=None, description="Only with these words in a text that the caller may see."
    )


def wanted_records(context: Context, given: Any) -> RecordFilter:
    """The filter of the resolvers for a filter of the schema; None gives all."""
    if given is None:
        return RecordFilter()
    owner = decode_as("Organisation", given.owner, "filter", "owner") if given.owner else None
    if given.mine:
        owner = context.principal.organisation
    statuses = _values(getattr(given, "status", None))
    measures = getattr(given, "measure", None)
    return RecordFilter(
        owner=owner,
        categories=_values(given.category),
        codes=statuses if measures is None else tuple(measures),
        buurt=decode_as("Buurt", given.buurt, "filter", "buurt") if given.buurt else None,
        from_day=given.from_,
        until_day=given.until,
        closed=given.closed,
        words=given.text or None,
    )


def _values(chosen: Any) -> tuple[str, ...] | None:
    return None if chosen is None else tuple(value.value for value in chosen)


async def total(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> int:
    """The resolver of `total` in every connection of records."""
    [records] = await totals_of_pages(info.context, [root])
    return records


TOTAL = "How many the caller can page through: counts nothing else."
