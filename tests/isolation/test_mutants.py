# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Mutants: whatever of the guard is dropped or loosened, something fails. The count is printed; a survivor fails the test."""

from __future__ import annotations

import asyncpg
import pytest

from tests.isolation.conftest import Bench
from tests.isolation.fixed import Battery
from tests.isolation.mutants import Mutant, all_of

# What changes nothing that anybody can see, with the reason.
EQUIVALENT: dict[str, str] = {
    "best_grant: g.gemeente = (select hub.gemeente()) and -> nothing": "the id of a slice is made from its gemeente",
    "feed_of_wijk: where f.change <> 'UPDATED' or f.changed && g.shows or 'slice' = any (f.changed) -> where f.change <> 'UPDATED'"
    " or f.changed && g.shows": "a slice changes with category or wijken, which every receiver is shown",
    "with check without hub.works_in(wijk): own_change on activities": "every_wijk_change asks it of all its wijken",
    "with check without hub.works_in(wijk): own_new on activities": "every_wijk_new asks it of all its wijken",
    "shown_as: s.gemeente = hub.gemeente() and s.owner = $1 and -> s.gemeente = hub.gemeente() and": "the grants it looks at"
    " are the asker's own, and no other's record is in one of its slices",
    "compile_grants: and d.decision in ('REJECT', 'REVOKE')) -> and d.decision = 'REVOKE')": "what a party rejected, it never"
    " accepted, and never can: not every party has",
}


async def _killed(bench: Bench, battery: Battery, mutant: Mutant) -> bool:
    """Whether anything goes wrong with a mutant, in a transaction that is rolled back."""
    transaction = bench.superuser.transaction()
    await transaction.start()
    try:
        await bench.superuser.execute(mutant.statement)
        await battery.run(bench.superuser, mutant.shows)
    except asyncpg.InvalidCachedStatementError:
        raise  # says nothing about the mutant
    except (AssertionError, asyncpg.PostgresError):
        return True
    finally:
        await transaction.rollback()
    return False


def test_every_mutant_is_killed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    async def hunt() -> tuple[int, list[str]]:
        battery = await Battery.prepare(bench.owner, bench.app)
        assert not await _killed(bench, battery, Mutant("none", "select 1")), (
            "the battery fails without a mutant"
        )
        mutants = await all_of(bench.superuser)
        survivors = [one.name for one in mutants if not await _killed(bench, battery, one)]
        return len(mutants), survivors

    count, survivors = bench.runner.run(hunt())
    with capsys.disabled():
        print(f"\n{count - len(survivors)} of {count} mutants killed")
    assert sorted(survivors) == sorted(EQUIVALENT), "\n".join(survivors)
