# SPDX-License-Identifier: EUPL-1.2
"""All that a database holds, so that a test can say that nothing changed, or exactly what did."""

from __future__ import annotations

from uuid import UUID

from tests.conftest import World

TABLES = """
  select c.relname from pg_class c
  where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p') order by 1"""
TEXTS = """
  select c.relname as table, a.attname as column from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p')
    and format_type(a.atttypid, null) in
      ('text', 'text[]', 'jsonb', 'json', 'character varying', 'name') order by 1, 2"""


async def everything(world: World, but_for: UUID | None = None) -> dict[str, str]:
    """Every row of every table as text, by table; without those in which an id stands."""
    async with world.connect("superuser") as connection:
        return {
            row["relname"]: await connection.fetchval(
                f"select string_agg(t::text, e'\\n' order by t::text) from hub.{row['relname']} t"
                " where $1::text is null or position($1 in t::text) = 0",
                but_for and str(but_for),
            )
            for row in await connection.fetch(TABLES)
        }


async def places_of(world: World, words: str) -> set[str]:
    """The columns of any table in which these words stand, found from the catalogue."""
    async with world.connect("superuser") as connection:
        return {
            f"{row['table']}.{row['column']}"
            for row in await connection.fetch(TEXTS)
            if await connection.fetchval(
                f"select exists (select from hub.{row['table']}"
                f' where position($1 in "{row["column"]}"::text) > 0)',
                words,
            )
        }
