# SPDX-License-Identifier: EUPL-1.2
"""Submitting counts: many cells of one measure and period, and by which rule each is published."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from resolvers.context import Context, Language
from resolvers.writes.counts import submit_counts
from schema.contributions.counts import COUNT
from schema.delivery import with_areas
from schema.errors import UserError, stored_errors
from schema.inputs import as_mapping, mapping
from schema.scalars import Period
from schema.texts import label


@as_mapping
@strawberry.input(
    description="The number of one wijk, or of one of its buurten or groups. A number of the whole "
    "beside numbers of its parts is refused."
)
class CountCell:
    wijk: str = strawberry.field(description="CBS code of the current division, or the wijk's id.")
    buurt: str | None = strawberry.field(
        default=None, description="Code, name or id of a buurt of that wijk."
    )
    group: str | None = strawberry.field(
        default=None, description="One of the groups of the measure, by its code."
    )
    count: int = strawberry.field(description="0 to 100,000; 0 says that it did not happen.")


@as_mapping
@strawberry.input(
    description="Counts of one measure and period, at most 1,000. They go to the caller's dataset "
    "'tellingen', each under a name of what it is a count of: a second submission corrects the "
    "first, as long as the period is open."
)
class SubmitCountsInput:
    measure: str = strawberry.field(description="The municipality's code of what is counted.")
    period: Period = strawberry.field(description="The week or quarter, as the measure has it.")
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters, a new one for each request: "
        "a retry with it answers the first result again."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Only say what would happen. Stores no count."
    )
    cells: list[CountCell] = strawberry.field(description="The numbers; all are taken, or none.")


@strawberry.type(
    description="By which agreement a count will be a part of published numbers, and when. Whether "
    "a number is then shown depends on all who contribute, and is not told before."
)
class WillPublish:
    wijk: str = strawberry.field(description="The wijk, as the caller wrote it.")
    buurt: str | None = strawberry.field(description="The buurt, as the caller wrote it.")
    group: str | None = strawberry.field(description="The group.")
    rule: str = strawberry.field(description="The agreement and its rule, in words.")
    on: date = strawberry.field(description="The day of publication.")


@strawberry.type(
    description="What became of the counts. They are published with the numbers of their period, "
    "after it has closed; the answer says by which rule, never a total."
)
class CountsPayload:
    accepted: int = strawberry.field(
        description="How many cells were taken, those included that were taken before. 0 when any "
        "cell is wrong: then nothing is stored."
    )
    replayed: bool = strawberry.field(
        description="True: this very request was carried out before, and nothing happened now."
    )
    will_publish: list[WillPublish] = strawberry.field(
        description="One for each cell and agreement in force. Empty: no agreement publishes it."
    )
    errors: list[UserError] = strawberry.field(
        description="What to mend. A cell that was withdrawn before (WITHDRAWN) stays withdrawn; "
        "the others are taken."
    )


@strawberry.type
class CountsMutations:
    """What submitting counts adds to the mutations."""

    @strawberry.mutation(
        description="Submits numbers instead of records, and says by which rule and on which day "
        "they are published. `pushCounts` does the same for many measures and periods at once."
    )
    async def submit_counts(
        self, info: strawberry.Info[Context, None], input: SubmitCountsInput
    ) -> CountsPayload | None:
        context = info.context
        given = mapping(input)
        cells = [with_areas(mapping(cell)) for cell in given["cells"]]
        whole = {"dry_run": False, **given, "cells": cells}
        made = await submit_counts(context, COUNT, whole)
        return CountsPayload(
            accepted=made["accepted"],
            replayed=made["replayed"],
            will_publish=[
                _will_publish(given["cells"][rule["cell"]], rule, context.language)
                for rule in made["will_publish"]
            ],
            errors=stored_errors(made["errors"], context.language),
        )


def _will_publish(cell: Any, rule: dict[str, Any], language: Language) -> WillPublish:
    text = "publish.BY_AGREEMENT_ALONE" if rule["alone"] else "publish.BY_AGREEMENT"
    words = label(text, language, title=rule["title"], minimum=rule["minimum"])
    return WillPublish(
        wijk=cell["wijk"],
        buurt=cell.get("buurt"),
        group=cell.get("group"),
        rule=words,
        on=rule["on"],
    )
