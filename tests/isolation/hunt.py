# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""The hunt for mutants: whatever of the guard is dropped or loosened, something fails."""

from __future__ import annotations

import asyncpg

from tests.conftest import Cluster
from tests.isolation.conftest import Bench, a_bench
from tests.isolation.fixed import Battery
from tests.isolation.mutants import Mutant, all_of
from tests.proofs.proof import Counts, Outcome, Proof

# The mutants stand in a list that follows from the catalogue; each part is every so-manieth of it.
PARTS = 8

# What changes nothing that anybody can see, with the reason.
EQUIVALENT: dict[str, str] = {
    "best_grant: x.gemeente = (select hub.gemeente()) and -> nothing": "the id of a slice is made from its gemeente",
    **{
        f"shared_signals_{door}: g.gemeente = here and -> nothing": "the records of its slices are asked of the gemeente as well"
        for door in ("newest", "oldest", "by_id")
    },
    **{
        f"shared_signals_{door}: and (categories is null or s.category = any (categories)) -> nothing": "a slice is of one category,"
        " and the slices are chosen by it; in the walk, where it is not so, it is killed"
        for door in ("newest", "oldest")
    },
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


def hunt(bench: Bench, parts: range) -> Outcome:
    """How many mutants of these parts were killed, and the names of those that were not."""
    return bench.runner.run(_hunted(bench, parts))


async def _hunted(bench: Bench, parts: range) -> Outcome:
    battery = await Battery.prepare(bench.owner, bench.app)
    assert not await _killed(bench, battery, Mutant("none", "select 1")), (
        "the battery fails without a mutant"
    )
    every = await all_of(bench.superuser)
    mutants = [mutant for n, mutant in enumerate(every) if n % PARTS in parts]
    survivors = [one.name for one in mutants if not await _killed(bench, battery, one)]
    counts = {"mutants": len(mutants), "killed": len(mutants) - len(survivors)}
    unexpected = sorted(set(survivors) - EQUIVALENT.keys())
    assert not unexpected, "\n".join(unexpected)
    return Outcome(counts, {"that change nothing": frozenset(survivors)})


def _carry_out(cluster: Cluster, parts: range) -> Outcome:
    with a_bench(cluster, "mutants") as bench:
        return hunt(bench, parts)


def whole(outcome: Outcome) -> Counts:
    """The counts, once every mutant that is said to change nothing was seen to."""
    same = outcome.met["that change nothing"]
    gone = sorted(EQUIVALENT.keys() - same)
    assert not gone, f"said to change nothing, but not among the survivors: {gone}"
    return {**outcome.counts, "that change nothing, each with a reason": len(same)}


MUTANTS = Proof("mutants", 2, f"part of {PARTS}", _carry_out, long=PARTS, share=1, whole=whole)
