# SPDX-License-Identifier: EUPL-1.2
"""Which wijk is meant: by its lasting id, or by a CBS code, which has a meaning only in a year."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Context
from sql.errors import Refusal

WIJK = Batch("wijken_by_id", returns="one")
VERSIONS = Batch("wijken_of_code")
OF_GEMEENTE = Batch("wijken_of_gemeente")
_CODE = re.compile(r"WK[0-9A-Z]{6}")


async def wijk_of_code(context: Context, code: str, year: int | None) -> UUID:
    """The wijk that a code names in a year, or in the current division of its gemeente.

    Refuses what is not written as a code (NOT_A_WIJK_CODE), a code that the division of the year
    lacks (CODE_NOT_OF_YEAR, which names the years that have it), one that only an older division
    knows (CODE_OF_ANOTHER_YEAR, which names the year) and one that no division knows
    (UNKNOWN_WIJK).
    """
    if not _CODE.fullmatch(code):
        raise Refusal("NOT_A_WIJK_CODE", code=code)
    versions = await context.loaders.load(VERSIONS, code)
    for version in versions:
        if version["is_current"] if year is None else version["year"] == year:
            wijk: UUID = version["wijk"]
            return wijk
    if versions and year is not None:
        years = [version["year"] for version in versions]
        raise Refusal("CODE_NOT_OF_YEAR", code=code, year=year, years=years)
    if versions:
        raise await _of_another_year(context, code, versions[0])
    raise Refusal("UNKNOWN_WIJK", code=code)


async def wijken_of_gemeente(context: Context, gemeente: str | None) -> list[Any]:
    """The wijken of the current division of a gemeente, the asker's own unless it names one."""
    rows = await context.loaders.load(OF_GEMEENTE, gemeente or context.principal.gemeente)
    return await context.loaders.load_many(WIJK, [row["id"] for row in rows])


async def wijken_of_asker(context: Context) -> list[Any]:
    """The wijken in which the asker works today."""
    rows = await context.session.fetch("wijken_of_asker")
    return await context.loaders.load_many(WIJK, [row["id"] for row in rows])


async def _of_another_year(context: Context, code: str, version: Any) -> Refusal:
    now = await context.session.fetchval("wijk_nowadays", version["wijk"])
    return Refusal(
        "CODE_OF_ANOTHER_YEAR", code=code, year=version["year"], name=version["name"], now=now
    )
