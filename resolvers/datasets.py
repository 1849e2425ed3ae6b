# SPDX-License-Identifier: EUPL-1.2
"""One's own datasets, and the mark "never share". What the mark does is done by the database."""

from __future__ import annotations

from resolvers.context import Context
from resolvers.writes.push import OF_THE_HUB, check_dataset
from sql.errors import Refusal
from sql.session import Record


async def datasets_of_asker(context: Context) -> list[Record]:
    """The asker's own datasets by name: name, kind, never_share, rhythm_days."""
    return await context.session.fetch("datasets_of_asker", None)


async def mark(
    context: Context, name: str, never_share: bool, past_too: bool, kind: str | None
) -> Record:
    """The asker's dataset of this name, marked so from now on. One that is not there yet begins
    here if its kind is given.

    Refuses a dataset that is not there without a kind (UNKNOWN_DATASET).
    """
    session = context.session
    if await session.fetchval("dataset_kind", name) is None:
        if kind is None:
            raise Refusal("UNKNOWN_DATASET", path=("input", "dataset"))
        if name != OF_THE_HUB:
            check_dataset(name, "input", "dataset")
        await session.fetch("write_dataset", name, kind)
    await session.fetch("may_take_long")
    await session.fetch("dataset_mark", name, never_share)
    if past_too:
        await session.fetch("dataset_share_past", name)
    [marked] = await session.fetch("datasets_of_asker", name)
    return marked
