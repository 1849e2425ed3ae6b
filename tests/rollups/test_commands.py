# SPDX-License-Identifier: EUPL-1.2
"""`hub rollups`, and what becomes of what is kept in a migration, a restore and an erasure."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from hub.daily import fold_rollups
from hub.retaining import run_retention
from sql.migrate import migrate
from tests.admin.commands import answer, done, hub
from tests.admin.conftest import still, town
from tests.admin.everything import everything
from tests.agreement.conftest import empty
from tests.agreement.databases import EmptyDatabase
from tests.agreement.test_migrations import SIGNALS_OF_BEFORE
from tests.conftest import World
from tests.rollups.keeping import GEMEENTE, wrong

__all__ = ["empty", "still", "town"]

pytestmark = pytest.mark.anyio

HERE = ("--gemeente", GEMEENTE)
NOT_WHAT_THERE_IS = {
    "one more": "update hub.rollup_changes set open = open + 1",
    "one less": "delete from hub.rollup_changes where ctid ="
    " (select min(ctid) from hub.rollup_changes)",
    "of another category": "update hub.rollup_changes set category = 'CARE'",
    "of another day": "update hub.rollup_changes set day = day - 1",
}


async def test_what_is_kept_of_a_lived_town_is_what_there_is(town: World) -> None:
    assert "what there is" in await done(town, "rollups", "verify")
    before = await everything(town)
    assert await answer(town, "rollups", "verify", *HERE) == []
    assert await everything(town) == before


@pytest.mark.parametrize("name", NOT_WHAT_THERE_IS)
async def test_what_is_wrong_is_told_and_made_right(town: World, name: str) -> None:
    async with town.connect("superuser") as root:
        await root.execute(NOT_WHAT_THERE_IS[name])
    told = await hub(town, "rollups", "verify", "--json")
    assert told.exit_code == 1
    assert '"open_kept"' in told.stdout
    assert " are kept, there are " in (await hub(town, "rollups", "verify")).stdout
    assert "Made anew for" in await done(town, "rollups", "rebuild", *HERE)
    assert await answer(town, "rollups", "verify") == []


async def test_folding_and_making_anew_change_no_number(town: World) -> None:
    query = "{ wijken { signals { total } activities { total } } mySlice { signals { total } } }"
    before = [await town.partner(who).ask(query) for who in ("buurtwerk", "wijkregisseur")]
    await fold_rollups(town.database, [GEMEENTE])
    async with town.connect("superuser") as root:
        assert await root.fetchval("select count(*) from hub.rollup_changes") == 0
        assert await root.fetchval("select count(*) from hub.rollups") > 0
    after = [await town.partner(who).ask(query) for who in ("buurtwerk", "wijkregisseur")]
    assert after == before
    kept = (await everything(town))["rollups"]
    await done(town, "rollups", "rebuild")
    assert (await everything(town))["rollups"] == kept


async def test_a_gemeente_that_there_is_not_is_refused(town: World) -> None:
    for command in ("verify", "rebuild"):
        result = await hub(town, "rollups", command, "--gemeente", "GM9999")
        assert result.exit_code == 1
        assert "GM9999" in result.stderr


OWNERS_ALONE = (
    "select * from hub.wrong_rollups('GM0637', $id$)",
    "select * from hub.counted_records('GM0637', $id$)",
    "select hub.rebuild_rollups('GM0637', $id$)",
    "select hub.erase_rollups('GM0637', $id$)",
    "insert into hub.rollup_changes select * from hub.rollup_changes",
    "delete from hub.rollup_changes",
    "update hub.rollups set open = open",
)


@pytest.mark.parametrize("statement", OWNERS_ALONE)
async def test_the_role_that_serves_neither_looks_nor_changes(town: World, statement: str) -> None:
    before = await everything(town)
    async with town.connect("app") as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(
                statement.replace("$id$", "'00000000-0000-0000-0000-000000000000'::uuid")
            )
    assert await everything(town) == before


async def test_nobody_sees_what_is_kept_of_another(town: World) -> None:
    async with town.connect("superuser") as root, town.connect("app") as app:
        await root.fetchval("select hub.fold_rollups($1, 3)", GEMEENTE)
        owners = [row["id"] for row in await root.fetch("select id from hub.organisations")]
        met = 0
        for owner in owners:
            async with app.transaction():
                await app.execute(
                    "select set_config('hub.gemeente', $1, true),"
                    " set_config('hub.organisation', $2, true)",
                    GEMEENTE,
                    str(owner),
                )
                for table in ("rollups", "rollup_changes"):
                    rows = await app.fetch(f"select owner from hub.{table}")
                    assert {row["owner"] for row in rows} <= {owner}
                    met += len(rows)
        assert met > 0
        assert await app.fetch("select * from hub.rollups") == []


async def test_records_of_before_are_counted_by_the_migration(empty: EmptyDatabase) -> None:
    await empty.migrate_before("rollups")
    await empty.execute(SIGNALS_OF_BEFORE, "superuser")
    await migrate(empty.dsn("owner"))
    root = await asyncpg.connect(empty.dsn("superuser"))
    try:
        kept = await root.fetch("select kind, category, open, closed from hub.rollups")
        assert [tuple(row) for row in kept] == 2 * [("SIGNAL", "NOISE", [1], [0])]
        found = "select w.* from hub.organisations o, hub.wrong_rollups(o.gemeente, o.id) w"
        assert await root.fetch(found) == []
    finally:
        await root.close()


async def test_nothing_of_it_is_left_of_a_partner_that_is_erased(town: World) -> None:
    async with town.connect("superuser") as root:
        gone = await root.fetchval("select id from hub.organisations where slug = 'corporatie-a'")
    async with town.connect("owner") as owner:
        await owner.execute("select hub.close_organisation($1, $2, 'x')", GEMEENTE, gone)
        await owner.execute("select hub.begin_erasure($1, $2, 'x', null)", GEMEENTE, gone)
        while await owner.fetch("select * from hub.erase_some($1, $2, 3)", GEMEENTE, gone):
            assert await wrong(town) == []
    async with town.owner() as database:
        await run_retention(database)
    async with town.connect("superuser") as root:
        for table in ("rollups", "rollup_changes"):
            left = await root.fetchval(f"select count(*) from hub.{table} where owner = $1", gone)
            assert left == 0
    assert await wrong(town) == []
    assert "DONE" in await done(town, "partner", "proof", "corporatie-a", *HERE)


async def test_it_is_restored_with_the_records(
    town: World, empty: EmptyDatabase, tmp_path: Path
) -> None:
    await fold_rollups(town.database, [GEMEENTE])
    file = tmp_path / "hub.backup"
    await done(town, "backup", file)
    addresses = {"HUB_OWNER_URL": empty.dsn("owner"), "DATABASE_URL": empty.dsn("app")}
    result = await hub(None, "restore", file, **addresses)
    assert result.exit_code == 0, result.output
    result = await hub(None, "rollups", "verify", **addresses)
    assert result.exit_code == 0, result.output
