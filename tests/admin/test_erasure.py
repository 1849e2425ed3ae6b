# SPDX-License-Identifier: EUPL-1.2
"""Erasure of an account, and of all that a partner put in, with a proof of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from hub.retention import WHERE, run_retention
from schema.contributions import CONTRIBUTIONS
from sql import checks
from tests.admin.commands import answer, done, hub
from tests.admin.everything import everything, places_of
from tests.conftest import World
from tests.golden.town import OOSTERHEEM, organisation
from tests.ledger import WRITE
from tests.partner import Partner

pytestmark = pytest.mark.anyio

HERE = ("--gemeente", "GM0637")
REMOVE = ("partner", "remove", "corporatie-a", *HERE, "--reason", "gefuseerd")
NAME = "j.de.vries-kanarie"
REPORT = """mutation($in: ReportSignalInput!) { reportSignal(input: $in) {
  signal { id } errors { code } } }"""
SIGNALS = """query($wijk: String!) { wijk(code: $wijk) { signals(first: 50) { nodes { id
  owner { name } } } } }"""
FEED = """query($wijk: String!, $after: String) { wijk(code: $wijk) {
  feed(first: 100, after: $after) { nodes { change by { name } } pageInfo { endCursor } } } }"""
OFFBOARD = """mutation($in: OffboardInput!) { offboardPartner(input: $in) {
  proof errors { code path } } }"""

# What says whose a row is, and stays when its organisation leaves, with the reason.
EVIDENCE = "other parties' evidence of what was agreed"
NUMBERS = "published numbers are never changed"
STAYS = {
    "agreement_decisions": EVIDENCE,
    "agreement_rules": EVIDENCE,
    "agreements": EVIDENCE,
    "audit_log": "what was done with rights is sealed evidence, for whoever audits the hub",
    "deletion_proofs": "says that the rest is gone",
    "edition_cells": NUMBERS,
    "edition_contributions": "sums of published weeks are made of it, and nobody reads it",
    "edition_origins": "later numbers are compared with it, and nobody reads it",
    "edition_parts": NUMBERS,
    "editions": NUMBERS,
    "organisations": "a closed name, to which agreements point",
    "noted_reads": "what was read of it is written into the ledger first, and goes from there",
    "replaced_versions": EVIDENCE,
}


async def id_of(world: World, slug: str) -> UUID:
    async with world.connect("superuser") as connection:
        found: UUID = await connection.fetchval(
            "select id from hub.organisations where slug = $1", slug
        )
    return found


async def token(world: World, slug: str, name: str, *more: str) -> Partner:
    made = await done(world, "token", "create", slug, *HERE, "--name", name, *more)
    return Partner(world.app, made.strip())


async def written(world: World) -> None:
    """The ledger's lines of what was read are there."""
    async with world.connect("superuser") as connection:
        await connection.execute(WRITE)


async def reports(partner: Partner, key: str) -> None:
    given = {"idempotencyKey": key, "wijk": OOSTERHEEM, "category": "NOISE"}
    given |= {"seenAt": "2026-11-22T10:00:00+01:00"}
    assert (await partner.ask(REPORT, {"in": given}))["reportSignal"]["errors"] == []


# -- an account


async def test_the_name_of_an_account_is_found_nowhere_after_its_erasure(town: World) -> None:
    person = await token(town, "buurtwerk", NAME, "--person")
    await reports(person, f"{NAME}-melding-1")
    await reports(person, f"{NAME}-melding-2")
    await person.ask(SIGNALS, {"wijk": OOSTERHEEM})
    await written(town)
    stood = await places_of(town, NAME)
    assert stood >= {"history.actor", "tokens.name", "read_ledger.actor", "idempotency_keys.key"}

    erase = ("account", "erase", "buurtwerk", *HERE, "--name", NAME)
    before = await everything(town)
    planned = await answer(town, *erase, "--dry-run")
    words = await done(town, *erase, "--dry-run")
    assert "geschiedenis" in words and "history" not in words
    assert "\nProef: niets gewist. De naam staat in " in words
    assert await everything(town) == before
    told = await answer(town, *erase)
    assert told == planned | {"dry_run": False}
    assert told["left"] == []
    rows = {f"{at['table_name']}.{at['column_name']}": at["rows"] for at in told["places"]}
    assert rows["history.actor"] == 2
    assert rows["tokens.name"] == 1
    assert rows["idempotency_keys.key"] == 2
    assert await places_of(town, NAME) == set()
    assert (await person.post("{ me { login } }")).status_code in (200, 401)
    async with town.connect("superuser") as connection:
        names = await connection.fetch(
            "select h.actor from hub.history h where actor like 'account-%'"
            " union select t.name from hub.tokens t where name like 'account-%'"
        )
        revoked = "select revoked_at is not null from hub.tokens where name like 'account-%'"
        assert await connection.fetchval(revoked)
    assert len(names) == 1


async def test_what_others_did_under_the_same_name_stays(town: World) -> None:
    theirs = await token(town, "corporatie-b", NAME, "--person")
    await reports(theirs, "melding-van-b")
    await token(town, "buurtwerk", NAME, "--person")
    other = await id_of(town, "buurtwerk")
    before = await everything(town, but_for=other)
    told = await done(town, "account", "erase", "buurtwerk", *HERE, "--name", NAME)
    assert "\nGewist: " in told and "Proef" not in told
    assert await everything(town, but_for=other) == before
    assert await places_of(town, NAME) >= {"history.actor", "tokens.name"}


async def test_a_name_that_stands_nowhere_is_refused_and_nothing_changes(town: World) -> None:
    before = await everything(town)
    for more in ((), ("--dry-run",)):
        erase = ("account", "erase", "buurtwerk", *HERE, "--name", "j-janssen")
        result = await hub(town, *erase, *more)
        assert (result.exit_code, "'j-janssen'" in result.stderr) == (1, True)
    assert await everything(town) == before


async def test_a_column_that_keeps_the_name_of_an_account_is_known(lived: World) -> None:
    async with lived.connect("superuser") as connection:
        found = await connection.fetch("""
            select c.relname || '.' || a.attname as place from pg_class c
            join pg_attribute a on a.attrelid = c.oid
              and a.attname in ('actor', 'login', 'signed_by')
            where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r'""")
        known = await connection.fetch(
            "select table_name || '.' || column_name as place from hub.account_columns"
        )
    assert {row["place"] for row in found} <= {row["place"] for row in known}
    named = {row["place"].partition(".")[0] for row in known} - {"audit_log", "read_ledger"}
    assert named - {"noted_reads"} <= WHERE.keys(), "people have a word for it"


# -- a partner


async def test_a_partner_that_is_erased_leaves_nothing_but_evidence(town: World) -> None:
    gone = await id_of(town, "corporatie-a")
    cursor = (await town.partner("buurtwerk").ask(FEED, {"wijk": OOSTERHEEM}))["wijk"]["feed"]
    await written(town)
    before = await everything(town, but_for=gone)
    planned = await answer(town, *REMOVE, "--erase", "--dry-run")
    assert planned["rows"]["signals"] == 13
    assert planned["proof"] is None
    assert await everything(town, but_for=gone) == before

    told = await answer(town, *REMOVE, "--erase")
    assert told["rows"] == planned["rows"]
    proof = told["proof"]
    assert proof["state"] == "DONE"
    assert proof["before"]["signals"] == 13
    assert set(proof["after"].values()) == set(proof["now"].values()) == {0}
    assert len(proof["digest"]) == 64
    assert proof["reason"] == "gefuseerd"

    after = await everything(town, but_for=gone)
    for each in (before, after):
        del each["reference_version"]  # how often the catalogue of partners changed
    assert after == before
    async with town.connect("superuser") as connection:
        holds = {
            row["relname"]
            for row in await connection.fetch(
                "select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace"
                " and c.relkind = 'r'"
            )
            if await connection.fetchval(
                f"select exists (select from hub.{row['relname']} t"
                " where position($1 in t::text) > 0)",
                str(gone),
            )
        }
    assert holds - set(STAYS) <= {"feed_items", "read_ledger"}
    # its receivers are told to delete what they have, and their cursors stay good
    page = {"wijk": OOSTERHEEM, "after": cursor["pageInfo"]["endCursor"]}
    items = (await town.partner("buurtwerk").ask(FEED, page))["wijk"]["feed"]["nodes"]
    assert "AGREEMENT_ENDED" in {item["change"] for item in items}


async def test_what_an_erased_partner_wrote_stands_in_no_text(town: World) -> None:
    async with town.connect("superuser") as connection:
        await connection.execute(
            "update hub.signals set summary = 'kanarie-van-a', version = version + 1 where owner ="
            " (select id from hub.organisations where slug = 'corporatie-a')"
        )
    assert await places_of(town, "kanarie-van-a") >= {"signals.summary", "history.after"}
    await done(town, *REMOVE, "--erase")
    assert await places_of(town, "kanarie-van-a") == set()
    logged = {"audit_log.subject", "audit_log.details"}  # that the dataset was declared
    assert await places_of(town, "woonoverlast-meldingen") <= logged


async def test_the_accounts_of_an_erased_partner_are_words_that_lead_to_nobody(
    town: World,
) -> None:
    person = await token(town, "buurtwerk", NAME, "--person")
    await person.ask(SIGNALS, {"wijk": OOSTERHEEM})
    assert "noted_reads.actor" in await places_of(town, NAME)
    await done(town, *(word.replace("corporatie-a", "buurtwerk") for word in REMOVE), "--erase")
    assert await places_of(town, NAME) == set()


async def test_the_proof_is_printed_again_and_counts_again(town: World) -> None:
    none = await hub(town, "partner", "proof", "corporatie-a", *HERE)
    assert (none.exit_code, "nooit gewist" in none.stderr) == (1, True)
    first = (await answer(town, *REMOVE, "--erase"))["proof"]
    show = ("partner", "proof", "corporatie-a", *HERE)
    assert first["digest"] in await done(town, *show)
    again = (await answer(town, *REMOVE, "--erase"))["proof"]
    assert again == first
    gone = await id_of(town, "corporatie-a")
    async with town.connect("superuser") as connection:
        await connection.execute(
            "insert into hub.datasets (gemeente, owner, dataset, kind)"
            " values ('GM0637', $1, 'planted', 'SIGNAL')",
            gone,
        )
    found = await hub(town, *show)
    assert found.exit_code == 1
    assert '"datasets": 1' in found.stdout


async def test_an_erasure_goes_by_batches_and_goes_on_where_it_stopped(town: World) -> None:
    gone = await id_of(town, "corporatie-a")
    async with town.connect("owner") as owner:
        with pytest.raises(asyncpg.DataError):  # it has not begun
            await owner.fetch("select * from hub.erase_some('GM0637', $1, 5)", gone)
        await owner.execute("select hub.close_organisation('GM0637', $1, 'x')", gone)
        await owner.execute("select hub.begin_erasure('GM0637', $1, 'x', null)", gone)
        rows = await owner.fetch("select * from hub.erase_some('GM0637', $1, 5)", gone)
        assert [tuple(row) for row in rows] == [("signals", 5)]
        assert not await owner.fetchval("select hub.finish_erasure('GM0637', $1, 'x')", gone)
    async with town.owner() as database:
        await run_retention(database, batch=5)
    assert "DONE" in await done(town, "partner", "proof", "corporatie-a", *HERE)


async def test_a_partner_that_was_erased_does_not_come_back(town: World) -> None:
    await done(town, *REMOVE, "--erase")
    before = await everything(town)
    add = ("partner", "add", "corporatie-a", *HERE, "--name", "A", "--kind", "HOUSING")
    for back in (
        (*add, "--every-wijk"),
        ("token", "create", "corporatie-a", *HERE, "--name", "terug"),
    ):
        result = await hub(town, *back)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "kan niet terugkomen" in result.stderr
    assert await everything(town) == before


async def test_every_table_of_a_partner_is_erased_or_stays_for_a_reason(lived: World) -> None:
    async with lived.connect("superuser") as connection:
        held = {row["relname"] for row in await connection.fetch(checks._GUARDED)}
        erased = {row["table_name"] for row in await connection.fetch("select * from hub.erasable")}
    assert held - erased == set(STAYS)
    assert {each.kind.table for each in CONTRIBUTIONS} <= erased


# -- as a mutation


async def administrator(world: World, slug: str = "wijkregisseur") -> Partner:
    async with world.connect("superuser") as connection:
        organisation = await connection.fetchval(
            "select o.slug from hub.organisations o join hub.tokens t on t.organisation = o.id"
            " where t.name = $1",
            slug,
        )
    return await token(world, organisation, "beheer", "--person", "--role", "ADMINISTRATOR")


async def offboard(world: World, by: Partner, slug: str, **more: Any) -> dict[str, Any]:
    given = {"organisation": await organisation(world.partner(slug)), "reason": "gefuseerd"}
    answer = await by.ask(OFFBOARD, {"in": given | more})
    payload: dict[str, Any] = answer["offboardPartner"]
    return payload


async def test_an_administrator_of_the_municipality_lets_a_partner_stop(town: World) -> None:
    by = await administrator(town)
    assert await offboard(town, by, "corporatie-a") == {"proof": None, "errors": []}
    fresh = Partner(town.app, town.cluster.tokens["corporatie-a"])
    async with town.connect("superuser") as connection:
        works = await connection.fetchval(
            "select count(*) from hub.tokens t join hub.organisations o on o.id = t.organisation"
            " where o.slug = 'corporatie-a' and revoked_at is null"
        )
        records = await connection.fetchval(
            "select count(*) from hub.signals s join hub.organisations o on o.id = s.owner"
            " where o.slug = 'corporatie-a'"
        )
        actors = await connection.fetch(
            "select distinct actor from hub.agreement_decisions where decision = 'REVOKE'"
        )
    assert (works, records) == (0, 13)
    assert "beheer" not in {row["actor"] for row in actors}
    assert fresh is not None


async def test_with_erase_the_daily_work_takes_all_of_it_away(town: World) -> None:
    by = await administrator(town)
    subject = await organisation(town.partner("corporatie-a"))
    given = {"in": {"organisation": subject, "reason": "gefuseerd", "erase": True}}
    begun = (await by.ask(OFFBOARD, given))["offboardPartner"]
    assert begun["errors"] == []
    assert begun["proof"]["state"] == "ERASING"
    assert begun["proof"]["now"]["signals"] == begun["proof"]["before"]["signals"] == 13
    async with town.owner() as database:
        await run_retention(database)
    proved = (await by.ask(OFFBOARD, given))["offboardPartner"]["proof"]
    assert proved["state"] == "DONE"
    assert set(proved["now"].values()) == {0}
    assert proved["askedBy"] != "administrator"


@pytest.mark.parametrize(
    ("who", "subject", "code"),
    [
        ("wijkregisseur", "corporatie-a", "ROLE_REQUIRED"),
        ("administrator of corporatie-b", "corporatie-a", "OFFBOARDING_REFUSED"),
        ("administrator", "wijkregisseur", "OFFBOARDING_REFUSED"),
    ],
)
async def test_nobody_else_lets_a_partner_stop_and_nothing_changes(
    town: World, who: str, subject: str, code: str
) -> None:
    by = town.partner("wijkregisseur")
    if who.startswith("administrator"):
        by = await administrator(
            town, who.rpartition(" of ")[2] if " of " in who else "wijkregisseur"
        )
    before = await everything(town)
    refused = await offboard(town, by, subject, erase=True)
    assert refused["proof"] is None
    assert [error["code"] for error in refused["errors"]] == [code]
    assert await everything(town) == before


async def test_the_database_refuses_it_to_all_others_by_itself(lived: World) -> None:
    before = await everything(lived)
    municipality = await id_of(lived, "gemeente")
    for asker, roles in (("corporatie-b", "ADMINISTRATOR"), ("gemeente", "COUNCIL")):
        async with lived.connect("app") as app, app.transaction():
            who = await id_of(lived, asker) or municipality
            await app.execute(
                "select set_config('hub.gemeente', 'GM0637', true),"
                " set_config('hub.organisation', $1, true), set_config('hub.roles', $2, true)",
                str(who),
                roles,
            )
            with pytest.raises(asyncpg.PostgresError, match="for an administrator"):
                async with app.transaction():
                    await app.execute(
                        "select hub.offboard($1, 'x', true)", await id_of(lived, "corporatie-a")
                    )
    assert await everything(lived) == before
