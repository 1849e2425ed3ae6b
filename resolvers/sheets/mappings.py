# SPDX-License-Identifier: EUPL-1.2
"""Which column of an organisation's own sheets is which field: said once, used the next time."""

from __future__ import annotations

from resolvers.sheets.columns import ColumnNames
from sql.session import Session


async def remembered_mapping(session: Session, dataset: str, kind: str) -> ColumnNames:
    """What the asker said of this dataset before; empty when it never did."""
    kept: ColumnNames | None = await session.fetchval("sheet_mapping", dataset, kind)
    return kept or {}


async def keep_mapping(session: Session, dataset: str, kind: str, mapping: ColumnNames) -> None:
    """Keeps a mapping for the next time. Of police and enforcement the database keeps none: the
    names of columns are words of their own.
    """
    await session.fetch("sheet_mapping_keep", dataset, kind, dict(mapping))
