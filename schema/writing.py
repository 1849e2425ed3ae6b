# SPDX-License-Identifier: EUPL-1.2
"""What the inputs and payloads of every kind of contribution have in common when records are
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from resolvers.batch import Batch
from schema.agreement import Agreement
from schema.contribution import PLACE_IN_WORDS
from schema.delivery import with_areas
from schema.enums import Precision
from schema.fields import from_source, loaded
from schema.ids import decode_as
from schema.inputs import as_mapping
from schema.organisation import Organisation

ABSENT: Any = strawberry.UNSET
"""What a field of an input is when it is not given; null is something else."""

OWNERS_ALONE = "The owner's alone: never seen by another organisation."
LON = "Longitude in degrees (WGS 84)."
LAT = "Latitude in degrees (WGS 84)."
SHARE_AT = (
    "Caps what agreements give, per receiver; a receiver that a given list leaves out gets "
    "nothing. Without a list: as agreed."
)


@strawberry.input(description="Where a record is.")
class InWijk:
    wijk: str = strawberry.field(description="CBS code or name of today, or the wijk's id.")
    buurt: str | None = strawberry.field(
        default=ABSENT, description="Code, name or id of a buurt of that wijk."
    )


@strawberry.input(description="Where a record is that can be about several wijken.")
class InWijken:
    wijken: list[str] = strawberry.field(
        description="CBS codes or names of today, or the ids of the wijken: 1 to 50, each once. "
        "The first is its home, unless the buurt lies in another."
    )
    buurt: str | None = strawberry.field(
        default=ABSENT, description="Code, name or id of a buurt of one of those wijken."
    )


@strawberry.input(description="A record as its source has it.")
class Sourced:
    external_id: str = strawberry.field(
        description="The id in the sender's own system, unique in its dataset."
    )
    source_version: str | None = strawberry.field(
        default=ABSENT,
        description="What the sender calls this version; a delivery of an older one changes "
        "nothing.",
    )


@strawberry.input(description="A record that is reported in the hub itself.")
class Reported:
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )


@strawberry.input(description="A record as its source has it. A kind adds its own fields.")
class RowInput(Sourced, InWijk):
    pass


@strawberry.input(description="As RowInput, of a kind whose records can be about several wijken.")
class RowOfWijkenInput(Sourced, InWijken):
    pass


@strawberry.input(description="A record that is reported here. A kind adds its own fields.")
class ReportInput(Reported, InWijk):
    pass


@strawberry.input(description="As ReportInput, of a kind of records about several wijken.")
class ReportOfWijkenInput(Reported, InWijken):
    pass


@strawberry.input(description="What changes: a field that is absent stays, null clears.")
class ChangeInput:
    id: strawberry.ID
    version: int = strawberry.field(description="The version that the caller saw.")


@as_mapping
@strawberry.input(description="The most that one organisation may see of a record.")
class ShareAt:
    organisation: strawberry.ID
    precision: Precision
    with_summary: bool = strawberry.field(
        default=False, description="Whether it may read the summary."
    )


@strawberry.type(
    description="What one other organisation sees of a record, found by looking through its eyes."
)
class ShownAs:
    organisation: Organisation = loaded(
        Batch("organisations_by_id", "receiver", "one"), "Who sees it."
    )
    precision: Precision
    fields: list[str] = strawberry.field(description="Which fields it sees.")
    agreement: Agreement = loaded(
        Batch("agreements_by_id", "agreement", "one"), "Under which agreement."
    )
    place: str = from_source(PLACE_IN_WORDS, "The place in words, as that organisation sees it.")


def reported_record(given: Mapping[str, Any]) -> dict[str, Any]:
    """A reported record with ids in place of global ids, as the resolvers take it. Refuses
    BAD_ID.
    """
    row = with_areas(given)
    if row.get("share_at") is not None:
        row["share_at"] = [_cap(place, cap) for place, cap in enumerate(row["share_at"])]
    return row


def _cap(place: int, cap: Mapping[str, Any]) -> dict[str, Any]:
    where = ("shareAt", place, "organisation")
    return {**cap, "organisation": decode_as("Organisation", cap["organisation"], *where)}
