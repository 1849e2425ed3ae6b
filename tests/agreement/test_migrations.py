# SPDX-License-Identifier: EUPL-1.2
"""Migrations bring every database to the same place, once, or refuse and say why."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

import sql.migrate
from sql.catalog import catalogue
from sql.migrate import Migration, MigrationError, migrate, migrations, pending
from tests.agreement.databases import EmptyDatabase
from tests.conftest import World

pytestmark = pytest.mark.anyio


async def is_pending(database: EmptyDatabase) -> bool:
    connection = await asyncpg.connect(database.dsn("app"))
    try:
        return await pending(connection)
    finally:
        await connection.close()


async def test_migrating_again_changes_nothing(empty: EmptyDatabase) -> None:
    assert await migrate(empty.dsn("owner")) == len(migrations())
    once = await catalogue(empty.dsn("owner"))
    assert await migrate(empty.dsn("owner")) == 0
    assert await catalogue(empty.dsn("owner")) == once


async def test_a_database_that_was_filled_has_the_catalogue_of_an_empty_one(
    empty: EmptyDatabase, world: World
) -> None:
    await migrate(empty.dsn("owner"))
    assert await catalogue(empty.dsn("owner")) == await catalogue(world.dsn("owner"))


async def test_migrators_that_start_together_run_each_migration_once(empty: EmptyDatabase) -> None:
    counts = await asyncio.gather(*(migrate(empty.dsn("owner")) for _ in range(3)))
    assert sorted(counts) == [0, 0, len(migrations())]
    assert await migrate(empty.dsn("owner")) == 0


async def test_each_migration_is_reported_by_its_name(empty: EmptyDatabase) -> None:
    said: list[str] = []
    await migrate(empty.dsn("owner"), said.append)
    assert said == [f"{migration.number:04} {migration.name}" for migration in migrations()]


async def test_the_serving_role_sees_whether_migrations_are_pending(empty: EmptyDatabase) -> None:
    assert await is_pending(empty)
    await migrate(empty.dsn("owner"))
    assert not await is_pending(empty)
    last = len(migrations())
    await empty.execute(f"delete from hub.migrations where number = {last}")
    assert await is_pending(empty)


async def test_a_database_whose_past_was_edited_is_refused(empty: EmptyDatabase) -> None:
    await migrate(empty.dsn("owner"))
    await empty.execute("update hub.migrations set checksum = 'another' where number = 2")
    with pytest.raises(MigrationError, match="0002 was changed after it ran"):
        await migrate(empty.dsn("owner"))
    with pytest.raises(MigrationError, match="0002 was changed after it ran"):
        await is_pending(empty)


async def test_a_database_of_a_newer_hub_is_refused(empty: EmptyDatabase) -> None:
    await migrate(empty.dsn("owner"))
    next_one = len(migrations()) + 1
    await empty.execute(
        f"insert into hub.migrations (number, name, checksum) values ({next_one}, 'later', 'x')"
    )
    with pytest.raises(MigrationError, match="start a newer hub"):
        await migrate(empty.dsn("owner"))
    with pytest.raises(MigrationError, match="start a newer hub"):
        await is_pending(empty)


@pytest.mark.parametrize("role", ["app", "superuser"])
async def test_another_role_than_the_owner_is_refused_and_changes_nothing(
    empty: EmptyDatabase, role: str
) -> None:
    with pytest.raises(MigrationError, match="run as hub_owner"):
        await migrate(empty.dsn(role))
    assert await is_pending(empty)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty: EmptyDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty.dsn("owner"))
    before = await catalogue(empty.dsn("owner"))
    known = migrations()
    broken = Migration(len(known) + 1, "broken", "create table hub.half (id int); select 1 / 0;")
    with monkeypatch.context() as patch:
        patch.setattr(sql.migrate, "migrations", lambda: (*known, broken))
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(empty.dsn("owner"))
    assert await catalogue(empty.dsn("owner")) == before
    assert not await is_pending(empty)


SIGNALS_OF_BEFORE = """
insert into hub.gemeenten values ('GM0001', 'Proefstad');
insert into hub.wijken values ('GM0001', '00000000-0000-0000-0000-000000000001');
with party as (
  insert into hub.organisations (gemeente, id, slug, name, kind)
  select 'GM0001', gen_random_uuid(), lower(k), k, k from unnest(array['POLICE', 'WELFARE']) k
  returning id),
works as (
  insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from)
  select 'GM0001', id, '00000000-0000-0000-0000-000000000001', '2026-01-01' from party)
insert into hub.datasets (gemeente, owner, dataset, kind)
select 'GM0001', id, 'meldingen', 'SIGNAL' from party;
insert into hub.signals (gemeente, owner, id, dataset, wijk, category, subcategory, seen_at)
select gemeente, owner, gen_random_uuid(), dataset, '00000000-0000-0000-0000-000000000001', 'NOISE',
  'eigen woord', '2026-11-20 12:00 Europe/Amsterdam' from hub.datasets;
"""
LEFT = """
select o.kind, s.subcategory, h.after ->> 'subcategory' as told, s.version
from hub.signals s join hub.organisations o on o.id = s.owner
join hub.history h on h.record = s.id order by o.kind
"""


async def test_words_of_police_that_were_kept_before_are_let_go_of(empty: EmptyDatabase) -> None:
    await empty.migrate_before("every_text")
    await empty.execute(SIGNALS_OF_BEFORE, "superuser")
    await migrate(empty.dsn("owner"))
    root = await asyncpg.connect(empty.dsn("superuser"))
    rows = [tuple(row) for row in await root.fetch(LEFT)]
    await root.close()
    assert rows == [("POLICE", None, None, 1), ("WELFARE", "eigen woord", "eigen woord", 1)]


async def test_functions_of_statements_are_made_anew_where_they_are_not_as_this_code_has_them(
    empty: EmptyDatabase,
) -> None:
    await migrate(empty.dsn("owner"))
    assert not await is_pending(empty)
    for change in (
        "drop routine hub.at_once_signals_newest",
        "comment on function hub.at_once_signals_by_id is 'of another hub'",
    ):
        await empty.execute(change)
        assert await is_pending(empty)
        assert await migrate(empty.dsn("owner")) == 0
        assert not await is_pending(empty)
