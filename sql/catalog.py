# SPDX-License-Identifier: EUPL-1.2
"""The schema `hub` of a database as text, for a diff: every policy, grant, key and function.

`python -m sql.catalog DSN` prints it; sql/catalog.txt is that print of a freshly migrated database,
committed. The text is the same on every version of PostgreSQL that the hub runs on. Of a function
it has a digest of the body, which itself stands in a migration.
"""

from __future__ import annotations

import asyncio
import sys
from importlib.resources import files

import asyncpg

from sql.statements import statements

_PARTS = (
    "catalog_roles",
    "catalog_schema",
    "catalog_types",
    "catalog_relations",
    "catalog_columns",
    "catalog_constraints",
    "catalog_indexes",
    "catalog_policies",
    "catalog_triggers",
    "catalog_grants",
    "catalog_functions",
)
"""The statements whose lines make the text; the lines about one object are joined in this order."""


async def catalogue(dsn: str) -> str:
    """The catalogue of a migrated database; any role that may connect reads the same."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "pg_catalog"})
    try:
        objects: dict[str, list[str]] = {}
        for part in _PARTS:
            for row in await connection.fetch(statements()[part].text):
                objects.setdefault(row["object"], []).append(row["line"])
    finally:
        await connection.close()
    return "\n".join(f"{name}\n{_indented(lines)}" for name, lines in objects.items())


def committed() -> str:
    """The catalogue that this hub's migrations make."""
    return files("sql").joinpath("catalog.txt").read_text("utf-8")


def differences(should_be: str, found: str) -> list[str]:
    """In what one catalogue differs from another, a line for each, named by its object."""
    wanted, got = _objects(should_be), _objects(found)
    lines = []
    for name in dict.fromkeys([*wanted, *got]):
        if name not in got:
            lines.append(f"{name} is gone")
        elif name not in wanted:
            lines.append(f"{name} is not the hub's")
        else:
            lines += [f"{name} lacks: {line}" for line in wanted[name] if line not in got[name]]
            lines += [f"{name} has: {line}" for line in got[name] if line not in wanted[name]]
    return lines


def _objects(text: str) -> dict[str, list[str]]:
    """The lines about each object."""
    objects: dict[str, list[str]] = {}
    name = ""
    for line in filter(None, text.splitlines()):
        if line.startswith("  "):
            objects[name].append(line.strip())
        else:
            name = line
            objects[name] = []
    return objects


def _indented(lines: list[str]) -> str:
    return "".join(f"  {' '.join(line.split())}\n" for line in lines)


if __name__ == "__main__":
    print(asyncio.run(catalogue(sys.argv[1])), end="")
