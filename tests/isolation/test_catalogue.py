# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""The catalogue after all migrations: roles, grants, policies, keys and functions are as the proofs assume them."""

from __future__ import annotations

import pytest

from schema.contributions import CONTRIBUTIONS
from sql import checks
from sql.known import ALLOWED, may_execute
from tests.isolation.conftest import Bench


def test_nothing_in_the_catalogue_is_wrong_without_a_reason(bench: Bench) -> None:
    assert bench.runner.run(checks.findings(bench.app, ALLOWED)) == {}


def test_every_reason_is_still_needed(bench: Bench) -> None:
    found = bench.runner.run(checks.findings(bench.app))
    unneeded = {
        check: sorted(set(reasons) - set(found.get(check, [])))
        for check, reasons in ALLOWED.items()
    }
    assert not any(unneeded.values()), unneeded


def test_the_serving_role_executes_nothing_that_is_not_listed_with_a_reason(bench: Bench) -> None:
    listed = may_execute(each.kind.table for each in CONTRIBUTIONS)
    assert bench.runner.run(checks.executable(bench.app)) == sorted(listed)


PLANTED = {
    "row-level security is off": "create table hub.planted (gemeente text, owner uuid, primary key (gemeente, owner))",
    "row-level security is not forced": "alter table hub.signals no force row level security",
    "a table has no policies and the serving role reads it": "create table hub.planted (x text); grant select on hub.planted to hub_app",
    "a view reads with its owner's eyes": "create view hub.planted as select * from hub.signals",
    "a materialised view, partition or foreign table is within reach": "create materialized view hub.planted as"
    " select category from hub.signals; grant select on hub.planted to hub_app",
    "a definer function does not pin its search path": "create function hub.planted() returns int language sql security definer as 'select 1'",
    "a definer function acts for another role": "create function hub.planted() returns int language sql security definer as 'select 1'",
    "everybody may execute a function": "create function hub.planted() returns int language sql as 'select 1';"
    " grant execute on function hub.planted() to public",
    "something is notified": "create function hub.planted() returns void language sql as $$ select pg_notify('a', 'b') $$",
    "the door reads what is the owner's alone": "grant select on hub.signals to hub_door",
    "a role is exempt from row-level security": "alter role hub_app bypassrls",
    "the serving role is a member of something": "grant hub_door to hub_app",
    "somebody is a member of a role of the hub": "grant hub_recorder to hub_owner with set true",
    "retention may add": "grant insert (title) on hub.housing_projects to hub_retention",
    "retention may change what is no content": "grant update (category) on hub.signals to hub_retention",
    "another role than the door reads tokens": "grant select (digest) on hub.tokens to hub_retention",
    "a role without login owns something else than functions": "alter table hub.epochs owner to hub_retention",
    "a function of a role without login runs as its caller": "alter function hub.retain(text, text, text, int) security invoker",
    "the serving role owns something": "alter table hub.epochs owner to hub_app",
    "a role may truncate, reference or hang triggers": "grant truncate on hub.signals to hub_app",
    "a key does not carry gemeente and owner": "create unique index on hub.signals (external_id)",
    "a policy of the serving role does not ask who asks": "alter policy own on hub.signals using (gemeente = hub.gemeente())",
    "an operator that chooses rows in a policy is not leakproof": "alter policy own on hub.signals using (owner = (select hub.asker())"
    " and gemeente ilike (select hub.gemeente()))",
    "a policy can lapse by OR": "alter policy own on hub.signals using (owner = hub.asker() or gemeente = hub.gemeente())",
    "the serving role may name what the transaction says": "grant insert (owner) on hub.signals to hub_app",
    "the serving role reads a number of a sequence": "grant select on hub.feed_items to hub_app",
    "a role may use a command for which it has no policy": "grant delete on hub.receipts to hub_app",
    "a guarded table is not in a backup": "drop policy backup on hub.history",
    "the owner reads what it does not administer": "alter policy backup on hub.signals using (true)",
    "records are not tied to where their owner works": "alter table hub.signals drop constraint signals_gemeente_owner_wijk_fkey",
    "what was done to records is not remembered": "alter table hub.signals disable trigger recorded_update",
    "what is counted does not follow the records": "alter table hub.signals disable trigger rolled_up_delete",
    "records of a dataset that is never shared can be shared": "alter table hub.activities disable trigger sharing",
    "the recorder reads records": "grant select (summary) on hub.signals to hub_recorder",
    "the recorder may change what was written": "grant update (summary) on hub.signals to hub_recorder",
}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found_by_the_check_that_is_meant_for_it(
    bench: Bench, check: str
) -> None:
    async def find() -> checks.Findings:
        transaction = bench.superuser.transaction()
        await transaction.start()
        try:
            await bench.superuser.execute(PLANTED[check])
            return await checks.findings(bench.superuser, ALLOWED)
        finally:
            await transaction.rollback()

    assert check in bench.runner.run(find())
