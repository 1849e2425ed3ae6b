# SPDX-License-Identifier: EUPL-1.2
"""The read ledger as a test finds it in the database."""

from __future__ import annotations

from typing import Any

WRITE = "select bool_or(hub.fold_reads(g.code, 10000)) from hub.gemeenten g"
"""Writes the lines of what was read; a hub that serves does so every second."""


async def ledger(connection: Any, query: str, *args: object) -> list[Any]:
    """The rows of a query over the ledger, of which the lines are written first."""
    assert not await connection.fetchval(WRITE)
    rows: list[Any] = await connection.fetch(query, *args)
    return rows
