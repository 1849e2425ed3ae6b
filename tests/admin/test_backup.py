# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: ASYNC240 -- small files of a test's own
"""`hub backup` and `hub restore`: every row, every answer, all of it or nothing."""

from __future__ import annotations

import asyncio
import json
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.app import create_app
from hub.archive import manifest_of
from hub.backup import restore_backup
from hub.database import Address, EmbeddedPostgres, find_binaries
from hub.settings import Settings
from schema.texts import text
from sql.catalog import catalogue
from sql.errors import Refusal
from sql.session import Database
from tests.admin.commands import addresses, answer, done, hub
from tests.agreement.databases import EmptyDatabase, an_empty_database
from tests.conftest import Cluster, World
from tests.faults.hubs import folder_for_all
from tests.faults.test_serving import served
from tests.golden.town import DATASETS, OOSTERHEEM, PUSH
from tests.ledger import WRITE

pytestmark = pytest.mark.anyio

HERE = ("--gemeente", "GM0637")
PARTNERS = ("buurtwerk", "corporatie-a", "handhaving", "wijkregisseur")
QUERIES = {
    "me": "{ me { organisation { name } } }",
    "signals": """query($wijk: String!) { wijk(code: $wijk) { signals(first: 50) { total nodes {
      id category seenOn hidden status place { precision label } summary agreement { id }
      owner { name } } } sources { dataset lastDelivery late } } }""",
    "overview": """{ wijken { name overview(week: "2026-W47") { headlines { label
      now { value suppression } } silentSources { dataset } } } }""",
    "agreements": "{ agreements(first: 20) { total nodes { id title state version } } }",
    "feed": """query($wijk: String!) { wijk(code: $wijk) { feed(first: 100) { nodes {
      on kind change recordId agreement { id } by { name } } } } }""",
}
FEED = """query($wijk: String!, $after: String) { wijk(code: $wijk) {
  feed(first: 100, after: $after) { nodes { recordId } pageInfo { endCursor } } } }"""


@pytest.fixture(scope="module")
def backup_file(lived: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A backup of the lived world, by the command."""
    file = tmp_path_factory.mktemp("backup") / "hub.backup"
    asyncio.run(done(lived, "backup", file))
    yield file


LIVED = ("history", "grants", "editions", "read_ledger", "noted_reads", "tokens")


@dataclass(frozen=True)
class Other:
    """Another cluster with a restored hub in it."""

    world: World
    said: str


@pytest.fixture(scope="module")
async def other(
    cluster: Cluster, lived: World, backup_file: Path, anyio_backend: str
) -> AsyncIterator[Other]:
    """The backup, put into another cluster: its transactions have other, lower numbers."""
    async with another_cluster() as empty:
        said = await done(empty, "restore", backup_file)
        await done(empty, "daily")
        async with a_hub_over(replace(empty.cluster, tokens=cluster.tokens)) as world:
            yield Other(world, said)


@asynccontextmanager
async def another_cluster(bindir: Path | None = None) -> AsyncIterator[World]:
    """A server that the hub has never seen, with an empty database."""
    with folder_for_all("hub-other-") as folder:
        server = EmbeddedPostgres(folder / "data", durable=False, bindir=bindir)
        async with server as found:
            yield World(Cluster(found, {}), "hub", None, None)  # type: ignore[arg-type]


@asynccontextmanager
async def a_hub_over(cluster: Cluster) -> AsyncIterator[World]:
    database = await Database.open(cluster.dsn("app", "hub"), size=2)
    try:
        yield World(cluster, "hub", create_app(Settings(), database), database)
    finally:
        await database.close()


async def rows_of(world: World) -> dict[str, list[Any]]:
    """Every row of every table; but for numbers of transactions, which are the cluster's own."""
    found: dict[str, list[Any]] = {}
    async with world.connect("superuser") as connection:
        tables = await connection.fetch(
            "select relname from pg_class"
            " where relnamespace = 'hub'::regnamespace and relkind = 'r'"
        )
        for (table,) in tables:
            rows = await connection.fetch(
                f"select (to_jsonb(t) - 'xid' - 'proposed_in')::text from hub.{table} t order by 1"
            )
            found[table] = [row[0] for row in rows]
    return found


async def test_every_row_is_back_in_another_cluster(lived: World, other: Other) -> None:
    before = await rows_of(lived)
    assert len(before["signals"]) == 33
    assert all(before[table] for table in LIVED)
    # the lines of what was read are the same, wherever they are written
    async with lived.connect("superuser") as root:
        await root.execute(WRITE)
    before, after = await rows_of(lived), await rows_of(other.world)
    after.pop("feed_batches"), before.pop("feed_batches")  # cut anew
    assert len(after.pop("epochs")) == len(before.pop("epochs")) + 1
    assert before == after


async def test_roles_policies_grants_and_functions_are_the_same(lived: World, other: Other) -> None:
    assert await catalogue(other.world.dsn("app")) == await catalogue(lived.dsn("app"))


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", PARTNERS)
async def test_every_partner_gets_the_answers_that_it_got(
    lived: World, other: Other, name: str, query: str
) -> None:
    variables = {"wijk": OOSTERHEEM} if "$wijk" in QUERIES[query] else {}
    before = await lived.partner(name).ask(QUERIES[query], variables)
    after = await other.world.partner(name).ask(QUERIES[query], variables)
    if query == "feed":  # what is seen reduced comes in one batch now, in an order of its own
        for each in (before, after):
            each["wijk"]["feed"]["nodes"].sort(key=json.dumps)
    assert after == before


async def test_the_feed_goes_on_and_an_old_cursor_says_to_begin_anew(
    lived: World, other: Other
) -> None:
    page = {"wijk": OOSTERHEEM, "after": None}
    old = await lived.partner("corporatie-a").ask(FEED, page)
    again = await other.world.partner("corporatie-a").answer(
        FEED, page | {"after": old["wijk"]["feed"]["pageInfo"]["endCursor"]}
    )
    assert [error["extensions"]["code"] for error in again["errors"]] == ["BAD_CURSOR"]
    feed = (await other.world.partner("corporatie-a").ask(FEED, page))["wijk"]["feed"]
    assert feed["nodes"] == old["wijk"]["feed"]["nodes"]

    await deliver(other.world, "na-herstel")
    page["after"] = feed["pageInfo"]["endCursor"]
    new = (await other.world.partner("corporatie-a").ask(FEED, page))["wijk"]["feed"]["nodes"]
    assert len(new) == 1


async def deliver(world: World, key: str) -> None:
    row = {"externalId": key, "wijk": OOSTERHEEM, "category": "NOISE"}
    row |= {"seenAt": "2026-11-22T10:00:00+01:00", "status": "NEW"}
    delivery = {"dataset": DATASETS["corporatie-a"], "idempotencyKey": f"levering-{key}"}
    receipt = await world.partner("corporatie-a").ask(PUSH, {"delivery": delivery, "rows": [row]})
    assert receipt["pushSignals"]["summary"] == [{"outcome": "CREATED", "rows": 1}]


async def test_the_restored_database_is_well(other: Other) -> None:
    """What the tests' clusters are by design is left out: a frozen clock, no fsync."""
    known = {"clock", "durability"}
    result = await hub(other.world, "doctor", "--json")
    wrong = [one for one in json.loads(result.stdout)["checks"] if one["verdict"] == "wrong"]
    assert {one["check"] for one in wrong} <= known, wrong


async def test_numbers_of_transactions_are_all_rebased(lived: World) -> None:
    rebased = (Path(__file__).parents[2] / "sql/after_restore.sql").read_text("utf-8")
    async with lived.connect("app") as connection:
        columns = await connection.fetch(
            "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
            " where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' and a.attnum > 0"
            " and a.atttypid = any (array['xid8', 'xid', 'pg_snapshot', 'pg_lsn']::regtype[])"
        )
    assert columns
    for table, column in columns:
        update = f"update hub.{table} set {column} = '1'"
        assert update in rebased or f"delete from hub.{table};" in rebased, f"{table}.{column}"


async def test_the_command_says_what_it_made(lived: World, tmp_path: Path) -> None:
    made = await answer(lived, "backup", tmp_path / "b")
    assert made["rows"]["signals"] == 33
    assert made["bytes"] == (tmp_path / "b").stat().st_size
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["b"]
    manifest = manifest_of(tmp_path / "b")
    assert made["migration"] == len(manifest.migrations)
    assert dict(manifest.rows) == {
        table: len(rows) for table, rows in (await rows_of(lived)).items()
    }


async def test_a_file_that_is_there_is_not_replaced_unless_asked(
    lived: World, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    file.write_text("mine")
    assert refusal(await hub(lived, "backup", file)) == said("BACKUP_EXISTS", file=file)
    assert file.read_text() == "mine"
    await done(lived, "backup", file, "--force")
    assert zipfile.is_zipfile(file)


def refusal(result: Any) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    message: str = result.stderr.strip().splitlines()[-1]
    return message


def said(code: str, **params: object) -> str:
    found = text(code, "nl", **params)
    return f"{found.message} {found.hint}"


async def test_a_table_that_would_lack_its_rows_is_named_and_nothing_is_made(
    world: World, tmp_path: Path
) -> None:
    async with world.connect("superuser") as connection:
        await connection.execute("alter policy backup on hub.history using (false)")
    result = await hub(world, "backup", tmp_path / "b")
    assert refusal(result) == said("BACKUP_INCOMPLETE", tables=["history"])
    assert list(tmp_path.iterdir()) == []


async def test_a_dump_that_lacks_rows_is_found(
    lived: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.database.client.BACKUP_ON", "-c hub.backup=off")
    result = await hub(lived, "backup", tmp_path / "b")
    assert refusal(result).startswith("De back-up heeft niet alle rijen van: agreement_decisions")
    assert list(tmp_path.iterdir()) == []


# -- what is refused, and leaves nothing


@pytest.fixture
async def empty(cluster: Cluster, anyio_backend: str) -> AsyncIterator[EmptyDatabase]:
    async with an_empty_database(cluster) as made:
        yield made


async def holds_nothing(database: EmptyDatabase) -> bool:
    connection = await asyncpg.connect(database.dsn("superuser"))
    try:
        nothing: bool = await connection.fetchval(
            "select to_regnamespace('hub') is null and not exists (select from pg_auth_members"
            " where member = 'hub_owner'::regrole"
            " and roleid in"
            " (select oid from pg_roles where rolname in ('hub_door', 'hub_recorder'))"
            " and (to_jsonb(pg_auth_members) ->> 'set_option')::boolean)"
        )
        return nothing
    finally:
        await connection.close()


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def with_other_bytes(file: Path) -> None:
    data = bytearray(file.read_bytes())
    place = data.index(b"PGDMP") + 20_000
    data[place : place + 8] = b"damaged!"
    file.write_bytes(bytes(data))


def foreign(file: Path) -> None:
    file.write_text("select 1;")


def another_zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("hello", "world")


def with_manifest(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def rewrite(file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            dump, manifest = archive.read("hub.dump"), json.loads(archive.read("manifest.json"))
        change(manifest)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("hub.dump", dump)
            archive.writestr("manifest.json", json.dumps(manifest))

    return rewrite


FILES = {
    "cut short": (cut_short, "is beschadigd"),
    "other bytes": (with_other_bytes, "is beschadigd"),
    "foreign": (foreign, "is geen back-up van de hub"),
    "another zip": (another_zip, "is geen back-up van de hub"),
    "newer": (with_manifest(lambda m: m.update(format=2)), "door een nieuwere hub"),
    "later migration": (
        with_manifest(lambda m: m["migrations"].append([99, "later", "x"])),
        "start a newer hub",
    ),
    "edited": (
        with_manifest(lambda m: m["migrations"][2].__setitem__(2, "x")),
        "0003 was changed after it ran",
    ),
    "rows": (
        with_manifest(lambda m: m["rows"].update(signals=34)),
        "rows differ from those of the backup: signals has 33, not 34",
    ),
    "tables": (
        with_manifest(lambda m: m["rows"].update({"x'); drop schema hub; --": 0})),
        "is geen back-up van de hub",
    ),
    "newer server": (with_manifest(lambda m: m.update(server=99)), "van PostgreSQL 99"),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_file_that_cannot_be_put_back_is_told_and_leaves_nothing(
    empty: EmptyDatabase, backup_file: Path, tmp_path: Path, name: str
) -> None:
    spoil, message = FILES[name]
    file = tmp_path / "b"
    file.write_bytes(backup_file.read_bytes())
    spoil(file)
    result = await hub(None, "restore", file, HUB_OWNER_URL=empty.dsn("owner"))
    assert message in refusal(result)
    assert await holds_nothing(empty)


async def test_damage_that_shows_only_while_it_is_put_back_leaves_nothing(
    empty: EmptyDatabase, backup_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    file.write_bytes(backup_file.read_bytes())
    with_other_bytes(file)
    with pytest.raises(Refusal):
        await restore_backup(empty.dsn("owner"), file, manifest_of(file), None)
    assert await holds_nothing(empty)


async def test_a_database_with_a_hub_in_it_is_left_alone(lived: World, backup_file: Path) -> None:
    before = await rows_of(lived)
    assert refusal(await hub(lived, "restore", backup_file)) == said("RESTORE_NOT_EMPTY")
    assert await rows_of(lived) == before


async def test_without_the_owners_address_it_says_which_is_needed(
    lived: World, backup_file: Path, tmp_path: Path
) -> None:
    for command in (["backup", tmp_path / "b"], ["restore", backup_file]):
        result = await hub(None, *command, DATABASE_URL=lived.dsn("app"))
        assert "set HUB_OWNER_URL" in refusal(result)


async def test_without_the_programs_it_says_what_to_install(
    lived: World, backup_file: Path, empty: EmptyDatabase, tmp_path: Path
) -> None:
    nowhere = {**addresses(lived), "HUB_PG_BINDIR": str(tmp_path)}
    result = await hub(None, "backup", tmp_path / "b", **nowhere)
    assert "Installeer het pakket postgresql-client-18" in refusal(result)
    nowhere["HUB_OWNER_URL"] = empty.dsn("owner")
    result = await hub(None, "restore", backup_file, **nowhere)
    assert "Installeer het pakket postgresql-client-18" in refusal(result)


@pytest.mark.parametrize(
    "command",
    [
        ["backup", "b"],
        ["doctor"],
        ["access", *HERE, "--on", "2026-11-23"],
        ["partner", "list", *HERE],
        ["token", "create", "buurtwerk", *HERE, "--name", "x"],
        ["retention", "run", "--dry-run"],
        ["rollups", "verify"],
        ["audit", "verify"],
        ["audit", "seal"],
        ["daily"],
    ],
    ids=" ".join,
)
async def test_an_embedded_database_that_is_not_there_is_not_made(
    tmp_path: Path, command: list[str]
) -> None:
    result = await hub(None, *command, "--data", tmp_path / "d")
    assert "geen database van de hub" in refusal(result)
    assert "--data" in refusal(result)
    assert list(tmp_path.iterdir()) == []


# -- who may read so


async def test_saying_that_it_makes_a_backup_shows_the_serving_role_nothing_more(
    lived: World,
) -> None:
    async with lived.connect("app") as connection:
        guarded = await connection.fetch(
            "select relname from pg_class c where relnamespace = 'hub'::regnamespace and"
            " relrowsecurity and has_table_privilege(c.oid, 'SELECT') order by 1"
        )
        await connection.execute("set hub.backup = 'on'")
        counts = {t: await connection.fetchval(f"select count(*) from hub.{t}") for (t,) in guarded}
        assert len(counts) >= 20
        assert set(counts.values()) == {0}


async def test_the_owner_reads_records_only_while_it_says_that_it_makes_a_backup(
    lived: World,
) -> None:
    async with lived.connect("owner") as connection:
        count = "select count(*) from hub.signals"
        assert await connection.fetchval(count) == 0
        async with connection.transaction():
            await connection.execute("set local hub.backup = 'on'")
            assert await connection.fetchval(count) == 33
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(
                        "insert into hub.tombstones (kind, id, reason)"
                        " values ('SIGNAL', hub.new_id(), 'x')"
                    )
            assert await connection.execute("update hub.signals set status = 'DONE'") == "UPDATE 0"
            assert await connection.execute("delete from hub.history") == "DELETE 0"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_password_stays_off_the_command_line(password: str) -> None:
    quoted = quote(password, safe="")
    for dsn in (
        f"postgresql://hub_owner:{quoted}@db.example:5432/hub?sslmode=require",
        f"postgresql://hub_owner@db.example:5432/hub?sslmode=require&password={quoted}",
    ):
        address = Address.of(dsn)
        assert address.dsn == "postgresql://hub_owner@db.example:5432/hub?sslmode=require"
        assert address.environment["PGPASSWORD"] == password


# -- an embedded database, and other versions


@pytest.mark.slow
async def test_a_hub_that_serves_is_backed_up_and_put_into_a_new_folder() -> None:
    with folder_for_all("hub-backup-") as folder:
        data, new, file = folder / "data", folder / "new", folder / "b"
        with served(HUB_DATA=str(data)):
            assert (await hub(None, "backup", file, "--data", data)).exit_code == 0
            assert refused_in_use(await hub(None, "restore", file, "--data", data))
        result = await hub(None, "restore", file, "--data", new)
        assert result.exit_code == 0, result.output
        assert re.search(r"^\d+ rows of \d+ tables are back", result.stdout)
        looked_over = await hub(None, "doctor", "--data", new)
        assert looked_over.exit_code == 0, looked_over.output


def refused_in_use(result: Any) -> bool:
    return "is al in gebruik door een andere hub" in refusal(result)


SYSTEMS_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.slow
@pytest.mark.skipif(not SYSTEMS_15.exists(), reason="there is no PostgreSQL 15 here")
@pytest.mark.parametrize("programs", ["its own", "newer ones"])
async def test_postgresql_15_is_backed_up_and_restored(programs: str) -> None:
    bindir = SYSTEMS_15 if programs == "its own" else find_binaries().bindir
    given = {"HUB_PG_BINDIR": str(bindir)}
    with folder_for_all("hub-15-") as folder:
        async with another_cluster(SYSTEMS_15) as old:
            await done(old, "migrate")
            await done(old, "backup", folder / "b", **given)
            before = await catalogue(old.dsn("app"))
        for version in (SYSTEMS_15, None):
            async with another_cluster(version) as new:
                chosen = {} if version is None else given
                await done(new, "restore", folder / "b", **chosen)
                assert await catalogue(new.dsn("app")) == before
