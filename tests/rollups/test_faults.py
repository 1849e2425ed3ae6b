# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- predicates stand as they are
"""A hub that keeps its numbers a little wrong, or adds up a little more than it may: each fault is
found by the comparison that is meant for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import World
from tests.contract.agreeing import agree, rule
from tests.contract.writing import SEGHWAERT, UPDATE, WITHDRAW, push, row
from tests.rollups.keeping import compare_tallies, fold, wrong

pytestmark = pytest.mark.anyio

DATASET = "woonoverlast-meldingen"

# A function, what stands in it, what stands there instead.
KEEPING = {
    "what is withdrawn is forgotten": "drop trigger rolled_up_delete on hub.signals",
    "what is changed is forgotten": "drop trigger rolled_up_update on hub.signals",
    "what is new is forgotten": "drop trigger rolled_up_insert on hub.signals",
    "closed is open": ("roll_up", "sum(c.records) filter (where c.closed_on is null)", "sum(c.records)"),
    "what was is not taken off": ("roll_up", "o.closed_on, -1 from old_rows", "o.closed_on, 0 from old_rows"),
    "every day is today": ("roll_up", "n.recorded_on, n.closed_on", "hub.today(), n.closed_on"),
    "folding adds once more": ("fold_rollups", "select * from taken", "select * from taken union all select * from taken"),
    "folding forgets what was folded": ("fold_rollups", "from slices s\n      join hub.rollups r on",
      "from slices s\n      join hub.rollups r on false and"),
    "running totals do not run": ("fold_rollups", "(sum(d.open) over w)", "d.open"),
    "what is emptied stays": ("fold_rollups", "and s.slice not in (select d.slice from days d)", "and false"),
}  # fmt: skip
ADDING = {
    "a term that ended": ("shared_totals", "between g.valid_from and g.valid_until", ">= g.valid_from"),
    "days to keep": ("shared_totals", "- g.keep_days + 1", "- 9999"),
    "the past": ("shared_totals", "greatest(g.covers_from, ", "greatest("),
    "what only counts": ("shared_totals", "and g.rank > 0", ""),
    "two agreements about one record": ("shared_totals", "- coalesce(range_agg(x.days) over better, '{}')", ""),
    "the better agreement": ("shared_totals", "order by g.rank desc,", "order by g.rank,"),
    "whose grants": ("shared_totals", "and g.receiver = (select hub.asker())", ""),
    "what is not folded": ("shared_totals", "and c.day <@ s.days", ""),
    "categories": ("shared_totals", "(categories is null or r.category = any (categories))", "true"),
    "closed": ("shared_totals", "case when is_closed is true then 0 else hub.by_then", "case when false then 0 else hub.by_then"),
    "closed ones that are not folded": (
        "shared_totals",
        "case when is_closed is false then 0 else c.closed end",
        "c.closed",
    ),
    "own closed ones": ("own_totals", "case when is_closed is true then 0 else n.open end", "n.open"),
    "the day before": ("shared_totals", "- hub.by_then(r.days, r.open, lower(d.days) - 1)", "- hub.by_then(r.days, r.open, lower(d.days))"),
}  # fmt: skip


async def plant(world: World, fault: str | tuple[str, str, str]) -> None:
    """Makes the database a little wrong."""
    async with world.connect("superuser") as root:
        if isinstance(fault, str):
            await root.execute(fault)
            return
        name, old, new = fault
        body = await root.fetchval(
            "select pg_get_functiondef(p.oid) from pg_proc p"
            " where p.pronamespace = 'hub'::regnamespace and p.proname = $1",
            name,
        )
        assert old in body, f"{old!r} does not stand in hub.{name}"
        await root.execute(body.replace(old, new))


async def live(world: World, compare: Callable[[], Awaitable[None]]) -> None:
    """A little of everything, over some days; `compare` is called after each thing."""
    owner = world.partner("corporatie-a")
    first = await push(owner, [row(f"a-{n}") for n in range(4)], DATASET)
    await compare()
    rows = [row("b-1", category="LITTER"), row("b-2", wijk=SEGHWAERT)]
    second = await push(owner, rows, DATASET)
    await compare()
    await fold(world)
    await compare()
    async with world.connect("superuser") as root:
        await root.execute("update hub.clock set frozen_at = frozen_at + interval '3 days'")
    await push(owner, [row("c-1"), row("c-2", category="LITTER")], DATASET)
    await compare()
    ids = [line["recordId"] for line in first["rows"]["nodes"]]
    changed = {"id": ids[0], "version": 1, "category": "LITTER"}
    assert (await owner.ask(UPDATE, {"in": changed}))["updateSignal"]["errors"] == []
    await compare()
    alone = second["rows"]["nodes"][1]["recordId"]  # in its slice
    for id_ in (ids[1], alone):
        gone = {"id": id_, "version": 1, "reason": "dubbel"}
        assert (await owner.ask(WITHDRAW, {"in": gone}))["withdraw"]["errors"] == []
        await compare()
    full = [row("a-2"), row("b-1", category="LITTER"), row("c-1"), row("c-2", category="LITTER")]
    await push(owner, full, DATASET, mode="SNAPSHOT")  # closes the others
    await compare()
    await fold(world, 2)
    await compare()
    await push(owner, [row("d-1", category="SAFETY")], DATASET, mode="SNAPSHOT", mayClose=99)
    await compare()
    await fold(world)
    await compare()


async def share(world: World) -> None:
    """Agreements of every sort, between the one that delivers and three others."""

    async def one(
        receiver: str, since: str = "2026-11-20", until: str = "2027-10-31", **of: object
    ) -> None:
        rules = [await rule(world, "corporatie-a", receiver, **of)]
        key = f"afspraak-{receiver}-{sorted(of.items())}"[:150]
        more = {"idempotencyKey": key, "from": since, "until": until}
        await agree(world, rules, "corporatie-a", receiver, **more)

    await one("wijkregisseur", precision="WIJK", keepDays=1)
    await one("wijkregisseur", precision="EXACT", category="LITTER", keepDays=3)
    await one("buurtwerk", precision="BUURT", since="2026-11-24", keepDays=300)
    await one("handhaving", precision="COUNT")
    await one("corporatie-b", precision="WIJK", until="2026-11-24", keepDays=300)


async def all_tallies(world: World) -> int:
    async with world.connect("superuser") as root, world.connect("app") as app:
        askers = await root.fetch("select id from hub.organisations order by id")
        return sum([await compare_tallies(app, asker) for (asker,) in askers])


async def compare_kept(world: World) -> None:
    assert await wrong(world) == []


async def test_nothing_is_wrong_without_a_fault(world: World) -> None:
    met = 0

    async def compare() -> None:
        nonlocal met
        await compare_kept(world)
        met += await all_tallies(world)

    await share(world)
    await live(world, compare)
    assert met > 50, "little was shared: a comparison of nothing proves nothing"


@pytest.mark.parametrize("name", KEEPING)
async def test_what_is_kept_wrong_is_found(world: World, name: str) -> None:
    await plant(world, KEEPING[name])
    with pytest.raises(AssertionError):
        await live(world, lambda: compare_kept(world))


@pytest.mark.parametrize("name", ADDING)
async def test_what_is_added_up_wrong_is_found(world: World, name: str) -> None:
    await plant(world, ADDING[name])

    async def compare() -> None:
        await compare_kept(world)
        await all_tallies(world)

    await share(world)
    with pytest.raises(AssertionError):
        await live(world, compare)
