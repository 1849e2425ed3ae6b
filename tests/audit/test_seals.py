# SPDX-License-Identifier: EUPL-1.2
"""Whoever changes what the logs say, is found: each way of it is planted, and erasure is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import asyncpg
import pytest

from hub.daily import seal_logs
from tests.admin.commands import answer, done, hub
from tests.audit.looking import LOOK, report, share
from tests.conftest import World

pytestmark = pytest.mark.anyio

GEMEENTE = "GM0637"
Root: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def sealed(world: World, seals: int = 3) -> None:
    """Some seals over reads and changes."""
    await share(world)
    for number in range(seals):
        await report(world, number)
        await world.partner("buurtwerk").ask(LOOK)
        assert await seal_logs(world.database, [GEMEENTE]) > 0


async def faults(world: World) -> list[tuple[int, str]]:
    """What `hub audit verify` finds, and whether it ends with 1 when it finds something."""
    result = await hub(world, "audit", "verify", "--gemeente", GEMEENTE, "--json")
    found = json.loads(result.stdout)[GEMEENTE]["faults"]
    assert result.exit_code == (1 if found else 0), result.output
    return [(one["seal"], one["fault"]) for one in found]


async def test_what_nobody_changed_is_whole_and_what_is_new_waits(world: World) -> None:
    await sealed(world)
    await world.partner("buurtwerk").ask(LOOK)
    told = (await answer(world, "audit", "verify"))[GEMEENTE]
    assert (told["seals"], told["waiting"], told["faults"]) == (3, 1, [])
    assert (await done(world, "audit", "seal")) == "1 entries sealed\n"
    assert (await done(world, "audit", "seal")) == "0 entries sealed\n"
    assert await faults(world) == []
    whole = await done(world, "audit", "verify", "--gemeente", GEMEENTE)
    assert whole.startswith(f"{GEMEENTE}: everything is as it was sealed\n  4 seals over ")
    assert "0 wait" in whole


def inserted(entry: str, beside: int) -> str:
    """A line of the ledger once more, under another id: the order in a transaction is that of ids,
    and each of these lines is the last of its seal.
    """
    return (
        "insert into hub.read_ledger select (jsonb_populate_record(l, jsonb_build_object('id',"
        f" '{entry}'))).* from hub.read_ledger l where records = {beside}"
    )


# Each way to change what is sealed, and what is found of it first.
PLANTED: dict[str, tuple[str, tuple[int, str]]] = {
    "a line of the ledger says another number": (
        "update hub.read_ledger set records = 9 where records = 2",
        (2, "ENTRY_CHANGED"),
    ),
    "a line of the ledger says another reader": (
        "update hub.read_ledger l set reader = l.owner where records = 2",
        (2, "ENTRY_CHANGED"),
    ),
    "a line of the ledger says another person": (
        "update hub.read_ledger set actor = 'iemand' where records = 2",
        (2, "ENTRY_CHANGED"),
    ),
    "an entry of the audit log says something else": (
        "update hub.audit_log set details = '{}' where action = 'AGREEMENT_PROPOSED'",
        (1, "ENTRY_CHANGED"),
    ),
    "an entry is gone": (
        "delete from hub.read_ledger where records = 3",
        (3, "ENTRY_MISSING"),
    ),
    "an entry is said to be erased": (
        "delete from hub.read_ledger where records = 3;"
        "update hub.sealed_entries set salt = null, person_salt = null where seal = 3",
        (3, "ENTRY_MISSING"),
    ),
    "an entry is inserted among what was sealed": (
        inserted("00000000-0000-4000-8000-000000000000", beside=2),
        (2, "ENTRY_INSERTED"),
    ),
    "an entry is inserted after the last that a seal has": (
        inserted("ffffffff-ffff-4fff-bfff-ffffffffffff", beside=2),
        (2, "ENTRY_INSERTED"),
    ),
    "an entry is inserted after the last that was sealed": (
        inserted("ffffffff-ffff-4fff-bfff-ffffffffffff", beside=3),
        (3, "ENTRY_INSERTED"),
    ),
    "two entries change places": (
        "update hub.sealed_entries set place = -place where seal = 1;"
        "update hub.sealed_entries set place = case place when -1 then 2 when -2 then 1 else"
        " -place end where seal = 1",
        (1, "SEAL_CHANGED"),
    ),
    "the contents of two entries change places": (
        "update hub.read_ledger l set records = o.records from hub.read_ledger o"
        " where l.records in (1, 2) and o.records in (1, 2) and o.records <> l.records",
        (1, "ENTRY_CHANGED"),
    ),
    "the digest is made anew with the entry": (
        "update hub.read_ledger set records = 9 where records = 2;"
        "update hub.sealed_entries s set digest = sha256(hub.salted(s.salt, hub.said(l)) ||"
        " hub.salted(s.person_salt, hub.persons(l))) from hub.read_ledger l where l.id = s.entry",
        (2, "SEAL_CHANGED"),
    ),
    "a root is another": (
        "update hub.seals set root = sha256('x') where number = 1",
        (1, "SEAL_CHANGED"),
    ),
    "a seal in the middle is gone with all that it sealed": (
        "delete from hub.read_ledger where id in (select entry from hub.sealed_entries where seal"
        " = 2); delete from hub.audit_log where id in (select entry from hub.sealed_entries where"
        " seal = 2); delete from hub.sealed_entries where seal = 2;"
        "delete from hub.seals where number = 2",
        (2, "SEAL_MISSING"),
    ),
    "the first seal is gone with all that it sealed": (
        "delete from hub.audit_log where id in (select entry from hub.sealed_entries where seal ="
        " 1); delete from hub.read_ledger where id in (select entry from hub.sealed_entries where"
        " seal = 1); delete from hub.sealed_entries where seal = 1;"
        "delete from hub.seals where number = 1",
        (1, "SEAL_MISSING"),
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
async def test_a_planted_change_is_found_at_its_seal(world: World, fault: str) -> None:
    await sealed(world)
    assert await faults(world) == []
    change, first = PLANTED[fault]
    async with world.connect("superuser") as root:
        await root.execute(change)
    assert (await faults(world))[0] == first


async def drop_tail(root: Root) -> None:
    """The last seal and all that it sealed, without a trace."""
    for log in ("read_ledger", "audit_log"):
        await root.execute(
            f"delete from hub.{log} where id in"
            " (select entry from hub.sealed_entries where seal = 3)"
        )
    await root.execute("delete from hub.sealed_entries where seal = 3")
    await root.execute("delete from hub.seals where number = 3")


async def seal_anew(root: Root) -> None:
    """Another number in the ledger, and every seal made anew over it."""
    await root.execute("update hub.read_ledger set records = 9 where records = 2")
    await root.execute("delete from hub.sealed_entries")
    await root.execute("delete from hub.seals")
    await root.execute("select hub.seal_logs('GM0637')")


@pytest.mark.parametrize("rewrite", [drop_tail, seal_anew])
async def test_a_chain_that_was_made_anew_is_found_by_a_head_that_was_kept_elsewhere(
    world: World, rewrite: Callable[[Root], Any]
) -> None:
    await sealed(world)
    kept = (await done(world, "audit", "head")).split()[1]
    verify = ("audit", "verify", "--gemeente", GEMEENTE, "--head", kept)
    assert (await hub(world, *verify)).exit_code == 0
    async with world.connect("superuser") as root:
        await rewrite(root)
    assert await faults(world) == []
    found = await hub(world, *verify)
    assert found.exit_code == 1
    assert "seal 3: HEAD_DIFFERS" in found.stdout


async def test_a_head_that_is_none_is_refused(world: World) -> None:
    for more in (("--head", "1:abc", "--gemeente", GEMEENTE), ("--head", f"1:{'0' * 64}")):
        assert (await hub(world, "audit", "verify", *more)).exit_code == 2
    assert (await hub(world, "audit", "verify", "--gemeente", "GM0000")).exit_code == 1


ERASE = {
    "the names of a log-in": (
        "select hub.erase_actor_from_logs('GM0637', id, 'buurtwerk', 'gewist-1')"
        " from hub.organisations where slug = 'buurtwerk'"
    ),
    "what was read of an organisation": (
        "select hub.erase_owner_from_ledger('GM0637', id)"
        " from hub.organisations where slug = 'corporatie-a'"
    ),
    "what is older than a day": "select hub.erase_ledger_before('GM0637', hub.today() + 1)",
}


@pytest.mark.parametrize("what", ERASE)
async def test_erasure_is_no_fault_and_leaves_the_chain_whole(world: World, what: str) -> None:
    await sealed(world)
    head = (await done(world, "audit", "head")).split()[1]
    await world.partner("buurtwerk").ask(LOOK)  # a line that is not sealed yet goes as well
    async with world.connect("owner") as owner:
        assert await owner.fetchval(ERASE[what]) >= 4
        assert await owner.fetchval(ERASE[what]) == 0
    verify = ("audit", "verify", "--gemeente", GEMEENTE, "--head", head)
    assert (await hub(world, *verify)).exit_code == 0
    await seal_logs(world.database, [GEMEENTE])
    assert await faults(world) == []
    async with world.connect("superuser") as root:
        named = await root.fetchval(
            "select count(*) from hub.read_ledger where actor = 'buurtwerk'"
        )
        assert named == 0
        entry = await root.fetchrow("select * from hub.audit_log where action like '%ERASED'")
        assert entry is not None


async def test_of_an_erased_name_the_rest_of_the_entry_is_still_proved(world: World) -> None:
    await sealed(world)
    async with world.connect("owner") as owner:
        await owner.execute(ERASE["the names of a log-in"])
    assert await faults(world) == []
    async with world.connect("superuser") as root:
        await root.execute("update hub.read_ledger set records = 9 where records = 2")
    assert (await faults(world))[0] == (2, "ENTRY_CHANGED")


async def test_an_erasure_of_which_the_audit_log_says_less_is_a_fault(world: World) -> None:
    await sealed(world)
    async with world.connect("owner") as owner:
        await owner.execute(ERASE["what is older than a day"])
    async with world.connect("superuser") as root:
        more = "(select max(erasures) from hub.sealed_entries)"
        await root.execute(
            "update hub.sealed_entries set salt = null, person_salt = null,"
            f" erasures = {more} where log = 'AUDIT' and seal = 1"
        )
        await root.execute("delete from hub.audit_log where action like 'TOKEN%'")
    assert "ENTRY_MISSING" in {fault for _, fault in await faults(world)}


async def test_the_logs_cannot_be_changed_by_who_serves_or_appends(world: World) -> None:
    await sealed(world)
    for role in ("app",):
        async with world.connect(role) as app:
            for statement in (
                "delete from hub.read_ledger",
                "update hub.read_ledger set records = 1",
                "update hub.audit_log set action = 'X'",
                "insert into hub.audit_log (gemeente) values ('GM0637')",
                "select * from hub.seals",
                "select * from hub.sealed_entries",
                "select hub.audit('GM0637', gen_random_uuid(), 'X', 'x', '{}')",
                "select hub.erase_ledger_before('GM0637', '2030-01-01')",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await app.execute(statement)


async def test_what_commits_late_is_sealed_later_and_nothing_is_lost(world: World) -> None:
    await share(world)
    await report(world, 1)
    await seal_logs(world.database, [GEMEENTE])
    insert = (
        "insert into hub.audit_log (gemeente, organisation, action, subject)"
        " select gemeente, id, 'PROOF_OF_ORDER', $1 from hub.organisations where slug = 'gemeente'"
    )
    async with world.connect("superuser") as late, world.connect("superuser") as soon:
        open_for_long = late.transaction()
        await open_for_long.start()
        await late.execute(insert, "laat")
        await soon.execute(insert, "vroeg")
        await world.partner("buurtwerk").ask(LOOK)
        # what came after the oldest transaction that still runs waits with it
        assert await seal_logs(world.database, [GEMEENTE]) == 0
        await open_for_long.commit()
        assert await seal_logs(world.database, [GEMEENTE]) == 3
        again = late.transaction()
        await again.start()
        await late.execute(insert, "nooit")
        await soon.execute(insert, "nog een")
        assert await seal_logs(world.database, [GEMEENTE]) == 0
        await again.rollback()
        assert await seal_logs(world.database, [GEMEENTE]) == 1
        missing = await soon.fetchval(
            "select count(*) from hub.audit_log a where not exists"
            " (select from hub.sealed_entries s where s.entry = a.id)"
        )
    assert missing == 0
    assert await faults(world) == []
