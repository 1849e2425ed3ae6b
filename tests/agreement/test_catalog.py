# SPDX-License-Identifier: EUPL-1.2
"""The committed catalogue is what the migrations make, on every version of PostgreSQL at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.database import EmbeddedPostgres
from sql.catalog import catalogue
from sql.migrate import migrate
from tests.agreement.committed import ROOT, agrees
from tests.agreement.databases import EmptyDatabase

pytestmark = pytest.mark.anyio

COMMITTED = ROOT / "sql" / "catalog.txt"
OTHER_VERSIONS = sorted(Path("/usr/lib/postgresql").glob("1[5-8]/bin/initdb"))

FAULTS = (
    "alter table hub.signals no force row level security",
    "alter table hub.tokens add column seen int",
    "alter table hub.signals alter column category drop not null",
    "alter table hub.signals alter column owner drop default",
    "alter table hub.signals drop constraint signals_status_check",
    "drop policy door on hub.agreements",
    "alter policy of_parties on hub.agreements using (true)",
    "alter policy of_parties on hub.agreements to public",
    "create index planted on hub.signals (status)",
    "grant delete on hub.agreements to hub_app",
    "grant update (owner) on hub.signals to hub_app",
    "grant select on hub.tokens to public",
    "grant select on hub.signals to hub_door with grant option",
    "alter table hub.agreement_decisions disable trigger decide",
    "alter function hub.today() volatile",
    "alter function hub.today() security definer",
    "alter function hub.today() set search_path = public",
    "grant execute on function hub.principal_of(bytea) to public",
    "create or replace function hub.today() returns date language sql as 'select current_date'",
    "create view hub.planted_view as select * from hub.signals",
    "create type hub.planted_type as enum ('A')",
    "alter default privileges in schema hub grant select on tables to hub_app",
    "grant create on schema hub to hub_app",
)


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder that the server's own user can reach too."""
    with tempfile.TemporaryDirectory(prefix="hub-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_the_committed_catalogue_is_what_the_migrations_make(empty: EmptyDatabase) -> None:
    await migrate(empty.dsn("owner"))
    agrees(COMMITTED, await catalogue(empty.dsn("owner")))


async def test_the_serving_role_reads_the_same_catalogue(empty: EmptyDatabase) -> None:
    await migrate(empty.dsn("owner"))
    assert await catalogue(empty.dsn("app")) == await catalogue(empty.dsn("owner"))


async def test_each_planted_change_shows_in_the_catalogue(empty: EmptyDatabase) -> None:
    await migrate(empty.dsn("owner"))
    before = await catalogue(empty.dsn("owner"))
    for fault in FAULTS:
        await empty.execute(fault, "superuser")
        after = await catalogue(empty.dsn("owner"))
        assert after != before, fault
        before = after


@pytest.mark.slow
@pytest.mark.parametrize("initdb", OTHER_VERSIONS, ids=lambda path: path.parts[-3])
async def test_another_version_of_postgresql_gives_the_same_catalogue(initdb: Path) -> None:
    with a_folder() as folder:
        server = EmbeddedPostgres(folder / "data", durable=False, bindir=initdb.parent)
        async with server as addresses:
            await migrate(addresses.owner)
            made = await catalogue(addresses.app)
    assert made == COMMITTED.read_text("utf-8")
