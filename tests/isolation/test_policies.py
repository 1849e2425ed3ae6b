# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Every table by hand, as the serving role: the database shows and takes the same as it does for the hub, and nothing more."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.isolation.conftest import Bench
from tests.isolation.model import Agreement, Rule, Signal
from tests.isolation.play import (
    LOG_READS,
    Play,
    Read,
    add_decision,
    add_rule,
    as_asker,
    identify,
    log_reads,
    named,
)

DAY = date(2026, 11, 23)
_gemeenten = (f"GM{number:04}" for number in itertools.count(1))

# Somebody's rows: each of these is readable by the serving role and must be empty for anyone who is nobody.
OF_SOMEBODY = """
  select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' and c.relrowsecurity
    and has_any_column_privilege('hub_app', c.oid, 'SELECT') order by 1"""


@pytest.fixture
def play(bench: Bench) -> Play:
    """A gemeente with three organisations; the first shares what it records with the second, and the third takes no part."""
    return bench.runner.run(_begin(bench))


async def _begin(bench: Bench) -> Play:
    play = await Play.begin(
        bench.owner,
        bench.app,
        next(_gemeenten),
        DAY,
        works={(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)},
    )
    first, second, _ = play.world.organisations
    wijk = next(iter(play.world.wijken))
    for number, owner in enumerate(play.world.organisations):
        await play.create(_record(play, number, owner, wijk))
    rule = Rule(first, second, (wijk,), precision="EXACT", fields=("summary",))
    agreement = Agreement(
        named(play.world.gemeente, "agreement"),
        (first, second),
        DAY,
        DAY + timedelta(days=30),
        (rule,),
    )
    await play.propose(first, agreement)
    for party in (first, second):
        await play.decide(agreement.id, party, "ACCEPT")
    for organisation in play.world.organisations:
        async with as_asker(play.app, play.world.gemeente, organisation):
            await _leave_traces(play.app)
    return play


def _record(play: Play, number: int, owner: UUID, wijk: UUID) -> Signal:
    return Signal(
        id=named(play.world.gemeente, "record", number),
        owner=owner,
        wijk=wijk,
        category="NOISE",
        seen_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
        recorded_on=DAY,
        external_id="nr-1",
        summary="lamp stuk",
    )


async def _leave_traces(app: Any) -> None:
    """A row of the asker's in each table that the hub writes for it; the same keys for everybody."""
    same = UUID(int=7)
    await app.execute(
        "insert into hub.receipts (id, dataset, kind, mode, dry_run, summary) values ($1, 'meldingen', 'SIGNAL', 'UPSERT', false, '[]')",
        same,
    )
    await app.execute(
        "insert into hub.receipt_rows (receipt, line, outcome) values ($1, 1, 'CREATED')", same
    )
    await app.execute(
        "insert into hub.dry_runs (receipt, kind, delivery, rows) values ($1, 'SIGNAL', '{}', '[]')",
        same,
    )
    await app.execute(
        "insert into hub.idempotency_keys (key, operation, digest, result) values ('sleutel-1', 'pushSignals', 'x', $1)",
        same,
    )
    await app.execute(
        "insert into hub.list_parts (dataset, key, part, parts, complete, external_ids) values ('meldingen', 'sleutel-1', 1, 2, true, '{}')"
    )
    await app.execute(
        "insert into hub.sheet_mappings (dataset, kind, mapping) values ('meldingen', 'SIGNAL', '{}')"
    )
    await app.execute(
        "insert into hub.tombstones (kind, id, reason) values ('SIGNAL', $1, 'vergissing')", same
    )
    await app.execute(
        "insert into hub.deliveries (dataset, wijk) select 'meldingen', o.wijk from hub.organisation_wijken o where o.organisation = hub.asker()"
    )


def do(bench: Bench, work: Callable[[], Awaitable[Any]]) -> Any:
    """Runs one piece of work on the bench's connections."""

    async def run() -> Any:
        return await work()

    return bench.runner.run(run())


def refused(bench: Bench, play: Play, asker: UUID, statement: str, *args: object) -> str:
    """The class of the database's refusal of a statement of an asker; fails when it is taken."""

    async def attempt() -> str:
        try:
            async with as_asker(play.app, play.world.gemeente, asker):
                await play.app.execute(statement, *args)
        except asyncpg.PostgresError as error:
            return type(error).__name__
        pytest.fail("the statement was taken")

    return str(bench.runner.run(attempt()))


def changed(bench: Bench, play: Play, asker: UUID, statement: str, *args: object) -> str:
    """What a statement of an asker did, in the words of the database."""

    async def attempt() -> str:
        async with as_asker(play.app, play.world.gemeente, asker):
            return str(await play.app.execute(statement, *args))

    return str(bench.runner.run(attempt()))


async def _counts(app: Any) -> dict[str, int]:
    tables = [row[0] for row in await app.fetch(OF_SOMEBODY)]
    return {
        table: await app.fetchval(f"select count(*) from (select gemeente from hub.{table}) t")
        for table in tables
    }


def test_without_an_asker_no_table_has_a_row(bench: Bench, play: Play) -> None:
    async def count() -> dict[str, int]:
        async with as_asker(play.app, play.world.gemeente, None):
            return await _counts(play.app)

    counts = do(bench, count)
    assert len(counts) >= 17
    assert not any(counts.values()), counts


@pytest.mark.parametrize("setting", ["hub.gemeente", "hub.organisation"])
def test_half_an_identity_is_none(bench: Bench, play: Play, setting: str) -> None:
    async def count() -> dict[str, int]:
        async with as_asker(play.app, play.world.gemeente, play.world.organisations[0]):
            await play.app.execute("select set_config($1, '', true)", setting)
            return await _counts(play.app)

    counts = do(bench, count)
    if setting == "hub.organisation":  # the catalogue of partners is the gemeente's
        del counts["organisations"], counts["organisation_wijken"]
    assert not any(counts.values()), counts


def test_the_identity_ends_with_the_transaction(bench: Bench, play: Play) -> None:
    async def look() -> tuple[Any, Any, dict[str, int]]:
        async with as_asker(play.app, play.world.gemeente, play.world.organisations[0]):
            within = await play.app.fetchval("select hub.asker()")
        return within, await play.app.fetchval("select hub.asker()"), await _counts(play.app)

    within, after, counts = do(bench, look)
    assert within == play.world.organisations[0]
    assert after is None
    assert not any(counts.values()), counts


def test_an_identity_that_was_rolled_back_is_gone_too(bench: Bench, play: Play) -> None:
    async def look() -> Any:
        try:
            async with as_asker(play.app, play.world.gemeente, play.world.organisations[0]):
                await play.app.execute("select 1 / 0")
        except asyncpg.PostgresError:
            return await play.app.fetchval("select hub.asker()")

    assert do(bench, look) is None


def test_each_asker_reads_its_own_rows_of_every_table(bench: Bench, play: Play) -> None:
    async def owners(asker: UUID) -> dict[str, set[UUID]]:
        found = {}
        async with as_asker(play.app, play.world.gemeente, asker):
            for (table,) in await play.app.fetch(OF_SOMEBODY):
                columns = [
                    row[0]
                    for row in await play.app.fetch(
                        "select attname from pg_attribute where attrelid = ('hub.' || $1)::regclass and attname = 'owner'",
                        table,
                    )
                ]
                if columns:
                    found[table] = {
                        row[0] for row in await play.app.fetch(f"select owner from hub.{table}")
                    }
        return found

    for asker in play.world.organisations:
        found = bench.runner.run(owners(asker))
        assert {table: who for table, who in found.items() if who - {asker}} == {}
        for table in (
            "signals",
            "history",
            "receipts",
            "receipt_rows",
            "idempotency_keys",
            "list_parts",
            "dry_runs",
            "deliveries",
            "datasets",
            "sheet_mappings",
        ):
            assert found[table] == {asker}, table


def test_the_same_keys_can_be_used_by_every_organisation(bench: Bench, play: Play) -> None:
    """The fixture wrote the same external id, receipt, key and tombstone three times: nobody learns of the others'."""
    record = play.world.records[named(play.world.gemeente, "record", 0)]
    third = play.world.organisations[2]
    insert = "insert into hub.signals (id, dataset, external_id, wijk, category, seen_at) values ($1, 'meldingen', 'nr-9', $2, 'NOISE', now())"
    assert changed(bench, play, third, insert, record.id, record.wijk) == "INSERT 0 1"


def test_another_organisations_record_cannot_be_changed_or_deleted(
    bench: Bench, play: Play
) -> None:
    record, second = named(play.world.gemeente, "record", 0), play.world.organisations[1]
    assert (
        changed(
            bench,
            play,
            second,
            "update hub.signals set summary = 'x', version = version + 1 where id = $1",
            record,
        )
        == "UPDATE 0"
    )
    assert (
        changed(bench, play, second, "delete from hub.signals where id = $1", record) == "DELETE 0"
    )
    do(bench, play.compare)


@pytest.mark.parametrize("column", ["gemeente", "owner", "recorded_on", "invented"])
def test_what_the_transaction_says_cannot_be_written(bench: Bench, play: Play, column: str) -> None:
    statement = f"insert into hub.signals (id, dataset, wijk, category, seen_at, {column}) select $1, 'meldingen', $2, 'NOISE', now(), null"
    wijk = next(iter(play.world.wijken))
    outcome = refused(bench, play, play.world.organisations[0], statement, UUID(int=1), wijk)
    assert outcome == "InsufficientPrivilegeError"


@pytest.mark.parametrize(
    "statement",
    [
        "update hub.signals set owner = hub.asker()",
        "update hub.signals set id = gen_random_uuid()",
        "update hub.signals set recorded_on = '2020-01-01'",
        "update hub.receipts set summary = '[]'",
        "delete from hub.receipts",
        "update hub.dry_runs set rows = '[]'",
        "delete from hub.history",
        "insert into hub.history (gemeente, owner, kind, record, version, change) values ('GM0001', hub.asker(), 'SIGNAL', hub.asker(), 9, 'CREATED')",
        "insert into hub.feed_items (gemeente) values ('GM0001')",
        "insert into hub.grants (gemeente) values ('GM0001')",
        "insert into hub.read_ledger (gemeente) values ('GM0001')",
        "insert into hub.editions (gemeente) values ('GM0001')",
        "update hub.agreements set valid_until = '2099-01-01'",
        "delete from hub.agreement_decisions",
        "update hub.agreement_rules set precision = 'EXACT'",
        "update hub.organisations set kind = 'POLICE'",
        "insert into hub.organisation_wijken (gemeente) values ('GM0001')",
        "update hub.clock set frozen_at = null",
        "update hub.contribution_fields set shown_from = 'WIJK'",
        "select * from hub.feed_items",
        "select * from hub.feed_batches",
        "select * from hub.grants",
        "select * from hub.slices",
        "select * from hub.tokens",
        "select * from hub.lock_secret",
        "select * from hub.read_ledger",
        "select at, actor from hub.read_ledger",
        "select * from hub.noted_reads",
        "insert into hub.noted_reads (gemeente) values ('GM0001')",
        "truncate hub.signals",
        "create table hub.mine (x text)",
        "create trigger t after insert on hub.signals for each row execute function suppress_redundant_updates_trigger()",
        "select hub.compile_grants('GM0001', null, null)",
        "select * from hub.cube_of('GM0001', '2026-W47', '{}')",
        "set local role hub_door",
        "set local role hub_recorder",
        "set local role hub_owner",
        "alter table hub.signals no force row level security",
    ],
)
def test_the_serving_role_may_not(bench: Bench, play: Play, statement: str) -> None:
    assert (
        refused(bench, play, play.world.organisations[0], statement) == "InsufficientPrivilegeError"
    )


def test_one_writes_only_in_a_wijk_where_one_works(bench: Bench, play: Play) -> None:
    first, second, _ = play.world.organisations
    here, elsewhere = play.world.wijken
    insert = "insert into hub.signals (id, dataset, wijk, category, seen_at) values (gen_random_uuid(), 'meldingen', $1, 'NOISE', now())"
    assert refused(bench, play, first, insert, elsewhere) == "InsufficientPrivilegeError"
    move = "update hub.signals set wijk = $1, version = version + 1"
    assert refused(bench, play, first, move, elsewhere) == "InsufficientPrivilegeError"
    assert changed(bench, play, second, move, elsewhere) == "UPDATE 1"

    async def stop() -> None:
        await play.owner.execute(
            "update hub.organisation_wijken set works_until = $3 where gemeente = $1 and organisation = $2",
            *(play.world.gemeente, first, DAY - timedelta(days=1)),
        )

    do(bench, stop)
    assert refused(bench, play, first, insert, here) == "InsufficientPrivilegeError"
    assert changed(bench, play, first, "delete from hub.signals") == "DELETE 1"


def test_who_is_not_a_party_sees_nothing_of_an_agreement(bench: Bench, play: Play) -> None:
    async def seen(asker: UUID) -> list[int]:
        async with as_asker(play.app, play.world.gemeente, asker):
            return [
                await play.app.fetchval(f"select count(*) from hub.{table}")
                for table in ("agreements", "agreement_rules", "agreement_decisions")
            ]

    first, second, third = play.world.organisations
    assert bench.runner.run(seen(first)) == bench.runner.run(seen(second)) == [1, 1, 2]
    assert bench.runner.run(seen(third)) == [0, 0, 0]


def test_who_is_not_a_party_gets_the_same_answer_for_an_agreement_as_for_none(
    bench: Bench, play: Play
) -> None:
    async def attempt(agreement: UUID) -> tuple[str, str]:
        try:
            async with as_asker(play.app, play.world.gemeente, play.world.organisations[2]):
                await add_decision(play.app, agreement, "REVOKE")
        except asyncpg.PostgresError as error:
            return type(error).__name__, str(error)
        pytest.fail("a decision was taken")

    theirs = bench.runner.run(attempt(named(play.world.gemeente, "agreement")))
    assert theirs == bench.runner.run(attempt(UUID(int=9)))
    assert theirs[0] == "InsufficientPrivilegeError"


def test_nobody_decides_for_another(bench: Bench, play: Play) -> None:
    statement = "insert into hub.agreement_decisions (agreement, version, decision, organisation) values ($1, 1, 'REVOKE', $2)"
    first, second, _ = play.world.organisations
    agreement = named(play.world.gemeente, "agreement")
    assert refused(bench, play, first, statement, agreement, second) == "InsufficientPrivilegeError"


def test_a_rule_cannot_be_added_to_what_others_could_read(bench: Bench, play: Play) -> None:
    first, second, third = play.world.organisations
    wijk = next(iter(play.world.wijken))
    open_one = Agreement(named(play.world.gemeente, "open"), (first, second), DAY, DAY, ())

    async def attempt(asker: UUID, agreement: UUID, number: int, rule: Rule) -> str:
        try:
            async with as_asker(play.app, play.world.gemeente, asker):
                await add_rule(play.app, agreement, number, rule)
        except asyncpg.PostgresError as error:
            return type(error).__name__
        return "taken"

    rule = Rule(first, second, (wijk,))
    do(bench, lambda: play.propose(first, open_one))
    assert bench.runner.run(attempt(first, open_one.id, 1, rule)) == "InsufficientPrivilegeError"
    # not by another party than the proposer, not about who is no party
    assert bench.runner.run(attempt(second, open_one.id, 2, rule)) == "InsufficientPrivilegeError"
    assert bench.runner.run(attempt(third, open_one.id, 2, rule)) == "InsufficientPrivilegeError"
    assert (
        bench.runner.run(attempt(first, open_one.id, 2, Rule(first, third, (wijk,))))
        == "InsufficientPrivilegeError"
    )
    assert (
        bench.runner.run(attempt(first, open_one.id, 2, Rule(third, first, (wijk,))))
        == "InsufficientPrivilegeError"
    )
    do(bench, lambda: play.decide(open_one.id, second, "ACCEPT"))
    assert bench.runner.run(attempt(first, open_one.id, 2, rule)) == "InsufficientPrivilegeError"
    assert (
        bench.runner.run(attempt(first, named(play.world.gemeente, "agreement"), 2, rule))
        == "InsufficientPrivilegeError"
    )


def test_an_agreement_is_proposed_in_ones_own_name(bench: Bench, play: Play) -> None:
    first, second, third = play.world.organisations
    statement = """insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from, valid_until, parties{more})
      values (gen_random_uuid(), 't', 'd', 'g', 'l', '2026-01-01', '2026-12-31', $1{value})"""
    named_other = statement.format(more=", proposed_by", value=", $2")
    assert (
        refused(bench, play, first, named_other, [first, second], second)
        == "InsufficientPrivilegeError"
    )
    without_oneself = statement.format(more="", value="")
    assert refused(bench, play, first, without_oneself, [second, third]) == "CheckViolationError"


def test_caps_are_ones_own(bench: Bench, play: Play) -> None:
    first, second, third = play.world.organisations
    statement = "insert into hub.share_caps (profile, receiver, precision, with_text{more}) values ($1, $2, 'WIJK', false{value})"
    profile = named(play.world.gemeente, "profile")
    assert (
        changed(bench, play, first, statement.format(more="", value=""), profile, third)
        == "INSERT 0 1"
    )
    assert (
        changed(bench, play, second, statement.format(more="", value=""), profile, third)
        == "INSERT 0 1"
    )
    for_other = statement.format(more=", owner", value=", $3")
    assert (
        refused(bench, play, first, for_other, profile, third, second)
        == "InsufficientPrivilegeError"
    )
    assert changed(bench, play, third, "select * from hub.share_caps") == "SELECT 0"


def test_who_read_is_told_to_the_owner_by_day_and_without_the_person(
    bench: Bench, play: Play
) -> None:
    first, second, third = play.world.organisations
    agreement = named(play.world.gemeente, "agreement")
    lines = log_reads("test", Read(first, agreement, hidden=("point",)))

    async def read() -> list[list[Any]]:
        async with as_asker(play.app, play.world.gemeente, second):
            await play.app.fetch(LOG_READS, *lines)
        async with as_asker(
            play.app, play.world.gemeente, third
        ):  # is no party: nothing to log under
            await play.app.fetch(LOG_READS, *lines)
        seen = []
        for asker in (first, second, third):
            async with as_asker(play.app, play.world.gemeente, asker):
                seen.append(
                    await play.app.fetch(
                        "select reader, on_day, records, fields from hub.readers_of_asker('-infinity', null)"
                    )
                )
        return seen

    own, others, none = do(bench, read)
    assert [(row["reader"], row["on_day"], row["records"]) for row in own] == [(second, DAY, 1)]
    assert "point" not in own[0]["fields"] and "summary" in own[0]["fields"]
    assert others == none == []


def test_a_session_that_lends_its_name_to_a_door_has_its_own_name_afterwards(
    bench: Bench, play: Play
) -> None:
    async def ask() -> tuple[list[Any], Any]:
        async with as_asker(play.app, play.world.gemeente, play.world.organisations[0]):
            shown = await play.app.fetch(
                "select receiver from hub.shown_as('SIGNAL', $1)",
                named(play.world.gemeente, "record", 0),
            )
            return shown, await play.app.fetchval("select hub.asker()")

    shown, asker = do(bench, ask)
    assert [row[0] for row in shown] == [play.world.organisations[1]]
    assert asker == play.world.organisations[0]


def test_another_gemeente_sees_nothing_even_under_the_same_id(bench: Bench, play: Play) -> None:
    other = next(_gemeenten)

    async def look() -> tuple[dict[str, int], list[Any]]:
        async with play.app.transaction():
            await identify(play.app, other, play.world.organisations[1])
            rows = await play.app.fetch(
                "select * from hub.signals_by_id($1)", list(play.world.records)
            )
            return await _counts(play.app), rows

    counts, rows = do(bench, look)
    assert not any(counts.values()), counts
    assert rows == []
