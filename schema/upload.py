# SPDX-License-Identifier: EUPL-1.2
"""A delivery as a CSV or Excel file: read to rows, and then pushed like every other delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import strawberry
from graphql.utilities import coerce_input_value
from strawberry.types.arguments import convert_argument

from resolvers.context import Context, RowError
from resolvers.sheets.mappings import keep_mapping, remembered_mapping
from resolvers.writes.push import push, refused
from schema.contributions import BY_KIND
from schema.delivery import with_areas
from schema.inputs import as_mapping, mapping
from schema.kind import Kind
from schema.parts import ContributionKind
from schema.push import PushReceipt
from schema.scalars import JSON, Upload
from schema.sheets import FileRows, read_file, row_type
from sql.errors import Refusal

FILE = ("input", "file")

ONE_AT_A_TIME = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sheet")
"""Reading a workbook takes memory and a processor for seconds: files wait for each other."""


@as_mapping
@strawberry.input(
    description="A delivery as a CSV or Excel (.xlsx) file: the names of the columns in the first "
    "row that is not empty, a record in each row below. Rows that are rejected stay out, the "
    "others are taken."
)
class UploadSheetInput:
    file: Upload = strawberry.field(
        description="The file, 5,000 rows at most. Sent as a form to /upload (GraphQL multipart "
        "request) with a header that no form of another website can have."
    )
    dataset: str = strawberry.field(
        description="The sender's own name for what it delivers: a-z, 0-9 and dashes. Made known "
        "by its first delivery."
    )
    kind: Kind = strawberry.field(description="What kind of record each row is.")
    mapping: JSON | None = strawberry.field(
        default=None,
        description='Which column is which field, {"Datum melding": "seenAt"}; null leaves a '
        "column out. For columns that have other names than in the template. Kept, and used the "
        "next time that this dataset comes without one; of police and enforcement it is not kept.",
    )
    dry_run: bool = strawberry.field(
        default=True, description="Only say what would happen. Stores a receipt and no record."
    )
    idempotency_key: str = strawberry.field(
        description="A key of the sender's own, 8 to 200 characters, a new one for each delivery. "
        "Kept seven days."
    )


@strawberry.type
class SheetMutations:
    """The mutation that takes a file."""

    @strawberry.mutation(
        description="Delivers the rows of a CSV or Excel file, of any kind. The receipt is the one "
        "of every delivery; its lines are the numbers of the rows in the sheet, so the first "
        "record is in line 2."
    )
    async def upload_sheet(
        self, info: strawberry.Info[Context, None], input: UploadSheetInput
    ) -> PushReceipt | None:
        given = mapping(input)
        contribution = BY_KIND[given["kind"].value]
        made: Any = await _uploaded(info, contribution, given)
        return made  # type: ignore[no-any-return]


async def _uploaded(
    info: strawberry.Info[Context, None],
    contribution: ContributionKind,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    context, dataset, kind = info.context, given["dataset"], contribution.kind
    file, said = given["file"], given.get("mapping")
    remembered = await remembered_mapping(context.session, dataset, kind.name)
    delivery = {
        "dataset": dataset,
        "idempotency_key": given["idempotency_key"],
        "dry_run": given["dry_run"],
        "max_rejected": file.most_rows,
    }
    reading = partial(
        read_file,
        info.schema._schema,
        contribution,
        file.content,
        most_rows=file.most_rows,
        mapping=said,
        remembered=remembered,
    )
    try:
        found = await asyncio.get_running_loop().run_in_executor(ONE_AT_A_TIME, reading)
    except Refusal as refusal:
        return await refused(context, delivery, refusal if refusal.path else refusal.under(*FILE))
    # without the names of columns: a receipt is kept, and a name can be about anybody
    notes = [RowError(FILE, note.code, note.params) for note in found.notes]
    rows = _records(info, contribution, found)
    receipt = await push(
        context, kind, delivery, rows, found.account, notes=notes, columns=found.columns
    )
    for error in receipt["errors"]:  # this input has no part `delivery`
        error["path"] = [step for step in error["path"] if step != "delivery"]
    if said is not None and receipt["id"] is not None:
        await keep_mapping(context.session, dataset, kind.name, said)
    return receipt


def _records(
    info: strawberry.Info[Context, None], contribution: ContributionKind, found: FileRows
) -> list[dict[str, Any]]:
    """The rows as the resolvers take them: coerced as GraphQL does with the rows of a push."""
    item = row_type(info.schema._schema, contribution)
    scalars = info.schema.schema_converter.scalar_registry
    return [
        with_areas(
            mapping(
                convert_argument(
                    coerce_input_value(row, item),
                    contribution.row_type,
                    scalars,
                    info.schema.config,
                )
            )
        )
        for row in found.rows
    ]
