# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- statements stand as they are
"""`hub doctor`: each check finds the fault that is meant for it, and names the cure."""

from __future__ import annotations

import json
import re
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from hub.doctor import CHECKS, examine
from hub.settings import Settings
from schema.contributions import CONTRIBUTIONS
from sql.statements import statements
from tests.admin.commands import addresses, done, hub
from tests.conftest import World

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs/operations.md"
TESTS_CLUSTER = {"durability"}
"""What is wrong with the cluster of the tests: it does not survive a crash, and is the faster for it."""

# By check: what makes it not well, as the superuser, in the environment, or in the code.
FAULTS: dict[str, str] = {
    "migrations": "delete from hub.migrations where number = (select max(number) from hub.migrations)",
    "catalogue": "create index planted on hub.signals (status)",
    "guard": "grant truncate on hub.signals to hub_app",
    "clock": "insert into hub.clock (shift) values (interval '1 day')",
    "demo": "insert into hub.demo (seed) values ('planted')",
    "weeks": "alter table hub.edition_cells disable trigger all; alter table hub.editions disable"
    " trigger all; delete from hub.edition_cells; delete from hub.editions;"
    " alter table hub.edition_cells enable trigger all; alter table hub.editions enable trigger all",
    "batches": "delete from hub.feed_batches where cut_on = hub.today()",
    "feed": "update hub.feed_items set xid = '999999999999'",
    "retention": "insert into hub.tombstones (gemeente, owner, kind, id, withdrawn_on, reason)"
    " select gemeente, id, 'SIGNAL', id, '2015-01-01', 'x' from hub.organisations",
    "rollups": "update hub.rollup_changes set open = open + 1",
    "tokens": "update hub.tokens set created_at = created_at - interval '350 days',"
    " expires_at = expires_at - interval '350 days' where name = (select min(name) from hub.tokens)",
    "working-areas": "update hub.organisation_wijken set works_until = hub.today() - 1, works_from ="
    " least(works_from, hub.today() - 1)",
    "agreements": "update hub.agreements set valid_until = hub.today() + 3",
}
ENVIRONMENT = {
    "settings": {"HUB_PORT": "many"},
    "programs": {"HUB_PG_BINDIR": "/nowhere"},
}


@pytest.fixture
async def running(town: World) -> World:
    """The lived world as if its day were today: no frozen clock, and the work of the day is done."""
    async with town.connect("superuser") as connection:
        await connection.execute(
            "delete from hub.clock; update hub.tokens set created_at = now(),"
            " expires_at = now() + interval '300 days'"
        )
    await done(town, "daily")
    return town


async def looked_over(world: World, **given: str) -> tuple[int, dict[str, Any]]:
    result = await hub(world, "doctor", "--json", **given)
    found = json.loads(result.stdout)
    assert found["well"] == (result.exit_code == 0)
    return result.exit_code, {one.pop("check"): one for one in found["checks"]}


def not_well(found: dict[str, Any]) -> set[str]:
    return {name for name, one in found.items() if one["verdict"] in ("wrong", "note")}


async def test_of_a_database_in_order_nothing_is_wrong(running: World) -> None:
    _, found = await looked_over(running)
    usual = {"working-areas", "checksums"}  # of the scene: a council that only reads
    assert not_well(found) - usual == TESTS_CLUSTER, found
    assert list(found) == [check.name for check in CHECKS]
    assert {one["role"] for one in found.values()} == {"nobody", "hub_app", "hub_owner"}


@pytest.mark.parametrize("check", FAULTS)
async def test_a_planted_fault_is_found_by_its_check_with_a_cure(
    running: World, check: str
) -> None:
    async with running.connect("superuser") as connection:
        await connection.execute(FAULTS[check])
    code, found = await looked_over(running)
    assert check in not_well(found)
    assert found[check]["words"]
    assert found[check]["cure"]
    assert code == 1


@pytest.mark.parametrize("check", ENVIRONMENT)
async def test_a_wrong_setting_is_found(running: World, check: str) -> None:
    _, found = await looked_over(running, **ENVIRONMENT[check])
    assert found[check]["verdict"] == "wrong"
    assert found[check]["words"]


async def test_addresses_of_the_wrong_role_are_found(running: World) -> None:
    known = addresses(running)
    crossed = {"DATABASE_URL": known["HUB_OWNER_URL"], "HUB_OWNER_URL": known["DATABASE_URL"]}
    _, found = await looked_over(running, **crossed)
    assert found["serving"]["verdict"] == found["owner"]["verdict"] == "wrong"


async def test_a_database_that_does_not_answer_is_told_without_a_trace(tmp_path: Path) -> None:
    nowhere = f"postgresql://hub_app@/hub?host={tmp_path}&port=5432"
    result = await hub(None, "doctor", DATABASE_URL=nowhere)
    assert result.exit_code == 1
    assert re.search(r"^wrong +serving +\(hub_app\)", result.stdout, re.MULTILINE)
    assert "Traceback" not in result.output


async def test_without_the_owners_address_its_checks_are_skipped_and_say_what_they_need(
    running: World,
) -> None:
    _, found = await looked_over(running, HUB_OWNER_URL="")
    owners = [check.name for check in CHECKS if check.role == "hub_owner"]
    assert {found[name]["verdict"] for name in owners} == {"skipped"}
    assert {found[name]["words"] for name in owners} == {"needs HUB_OWNER_URL"}
    assert found["guard"]["verdict"] == "ok"


async def test_an_open_transaction_is_found(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.doctor.LONGEST", 0)
    async with running.connect("app") as connection, connection.transaction():
        await connection.execute("select 1")
        _, found = await looked_over(running)
    assert "hub_app: idle in transaction" in found["transactions"]["words"]


async def test_a_version_that_is_not_tested_on_is_found(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.doctor.NEWEST", 14)
    _, found = await looked_over(running)
    assert found["postgresql"]["verdict"] == "wrong"


async def test_a_full_disk_is_found(
    running: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("hub.doctor.shutil.disk_usage", lambda _: usage(5_000_000))
    findings = await examine(running.dsn("owner"), running.dsn("app"), Settings(data=tmp_path))
    [disk] = [finding for finding in findings if finding.check == "disk"]
    assert disk.found.verdict == "wrong"


def test_every_check_has_its_fault_in_these_tests() -> None:
    elsewhere = {
        *("serving", "owner", "transactions", "postgresql", "disk"),
        "durability",  # wrong in the tests' own cluster
        "checksums",  # cannot be turned off on a server that runs
    }
    assert {check.name for check in CHECKS} == {*FAULTS, *ENVIRONMENT, *elsewhere}


def test_no_check_names_a_table_of_records() -> None:
    """What partners recorded, and what is kept of it: history, receipts, the ledger."""
    records = {each.kind.table for each in CONTRIBUTIONS}
    records |= {"history", "receipts", "receipt_rows", "read_ledger", "noted_reads"}
    records |= {"tombstones", "list_parts"}
    for statement in statements().values():
        if statement.file == "doctor.sql":
            assert not records & set(re.findall(r"\w+", statement.text)), statement.name


def test_the_page_lists_every_check_as_it_is() -> None:
    text = PAGE.read_text("utf-8")
    for check in CHECKS:
        assert f"| `{check.name}` | {check.role} | {check.what} |" in text
    listed = re.findall(r"^\| `([a-z-]+)` \| (?:nobody|hub_app|hub_owner|either) \|", text, re.M)
    assert listed == [check.name for check in CHECKS]
