# SPDX-License-Identifier: EUPL-1.2
"""Published numbers of counts and signals together, of quarters, and by buurt or group."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.overview.conftest import Connections
from tests.overview.town import (
    MONDAY,
    TODAY,
    Cell,
    Given,
    Plan,
    Rule,
    Seen,
    build,
    expected,
    expected_parts,
    unsafe,
    unsafe_parts,
)

pytestmark = pytest.mark.anyio

THREE = tuple(Rule(n, kind="COUNT") for n in (1, 2, 3))
SIGNALS = tuple(Rule(n) for n in (1, 2, 3))
ACTIONS = "ENFORCEMENT_ACTION"
WITHHELD = Cell(None, "WITHHELD", (1, 2, 3))


async def published(connections: Connections, plan: Plan) -> tuple[Any, Any]:
    """The numbers of a plan, and those of their parts."""
    town = await build(*connections, plan)
    await town.publish()
    return await town.published(), await town.published_parts()


async def cell(connections: Connections, plan: Plan) -> Cell:
    """The number of the first measure in the first wijk, for the municipality."""
    found: Cell = (await published(connections, plan))[0][0, 0, 0]
    return found


# ── What counts ──────────────────────────────────────────────────────────────────────────────────


async def test_counts_of_three_organisations_are_published_as_one_number(
    connections: Connections,
) -> None:
    counts = (Given(1, 9), Given(2, 3), Given(3, 2))
    assert await cell(connections, Plan(THREE, counts=counts)) == Cell(14, "NONE", (1, 2, 3))


async def test_a_number_that_one_count_makes_large_is_withheld(connections: Connections) -> None:
    counts = (Given(1, 90), Given(2, 3), Given(3, 1))
    assert await cell(connections, Plan(THREE, counts=counts)) == WITHHELD


async def test_counts_and_signals_add_up(connections: Connections) -> None:
    rules = (THREE[0], SIGNALS[1], SIGNALS[2])
    plan = Plan(rules, (Seen(2, 3), Seen(3, 4)), counts=(Given(1, 7),))
    assert await cell(connections, plan) == Cell(14, "NONE", (1, 2, 3))


async def test_a_count_stands_in_the_place_of_the_signals_of_who_gave_it(
    connections: Connections,
) -> None:
    rules = (*SIGNALS, THREE[0])
    signals = (Seen(1, 6), Seen(2, 6), Seen(3, 6))
    assert (await cell(connections, Plan(rules, signals))).value == 18
    assert (await cell(connections, Plan(rules, signals, counts=(Given(1, 2),)))).value == 14
    elsewhere = Plan(rules, signals, counts=(Given(1, 2, wijk=1),))
    assert (await cell(connections, elsewhere)).value == 18


async def test_a_count_that_is_not_shared_leaves_the_signals_in_their_place(
    connections: Connections,
) -> None:
    signals = (Seen(1, 6), Seen(2, 6), Seen(3, 6))
    for rule in ((), (Rule(1, 4, kind="COUNT"),), (Rule(1, kind="COUNT", wijken=(1,)),)):
        plan = Plan((*SIGNALS, *rule), signals, counts=(Given(1, 2),))
        assert (await cell(connections, plan)).value == 18


async def test_a_count_that_is_never_shared_leaves_the_signals_in_their_place(
    connections: Connections,
) -> None:
    """Counts of a closed period too, which nobody can change any more."""
    plan = Plan((*SIGNALS, THREE[0]), (Seen(1, 6), Seen(2, 5), Seen(3, 4)), counts=(Given(1, 60),))
    town = await build(*connections, plan)
    async with town.acting(1) as app:
        await app.execute("update hub.datasets set never_share = true where dataset = 'counts'")
    await town.publish()
    assert (await town.published())[0, 0, 0] == Cell(15, "NONE", (1, 2, 3))


async def test_the_records_behind_a_count_that_the_audience_sees_do_not_make_it_safe(
    connections: Connections,
) -> None:
    rules = (*THREE, Rule(1, precision="WIJK"))
    counts = (Given(1, 12), Given(2, 2), Given(3, 9))
    seen = Plan(rules, (Seen(1, 10),), counts=counts)
    assert await cell(connections, seen) == WITHHELD
    assert (await cell(connections, Plan(THREE, (Seen(1, 10),), counts=counts))).value == 23


ONE_SEEN = Plan(
    (*THREE, Rule(1, precision="WIJK")),
    (Seen(1, 10),),
    counts=(Given(1, 12), Given(2, 2), Given(3, 9)),
)


@pytest.mark.parametrize(
    "change",
    [
        "delete from hub.signals",
        "update hub.signals set category = 'GREEN', version = 2",
        "update hub.signals set seen_at = seen_at - interval '7 days', version = 2",
        "update hub.signals set wijk = $1, version = 2",
    ],
    ids=["withdrawn", "of another category", "of another day", "moved"],
)
async def test_records_that_the_audience_saw_before_they_changed_do_not_make_a_count_safe(
    connections: Connections, change: str
) -> None:
    assert await after_a_change(connections, change) == WITHHELD


async def after_a_change(connections: Connections, change: str) -> Cell:
    """The number when what the audience saw was changed before it was published."""
    town = await build(*connections, ONE_SEEN)
    await town.today(MONDAY + timedelta(days=5))
    async with town.acting(1) as app:
        await app.execute(change, *[town.wijken[1]][: change.count("$1")])
    await town.today(TODAY)
    await town.publish()
    found: Cell = (await town.published())[0, 0, 0]
    return found


@pytest.mark.parametrize(("kind", "safe"), [("ENFORCEMENT_ACTION", False), ("SIGNAL", True)])
async def test_records_of_another_kind_that_the_audience_sees_do_not_make_a_count_safe(
    connections: Connections, kind: str, safe: bool
) -> None:
    assert (await beside_actions(connections, kind) != WITHHELD) == safe


async def beside_actions(connections: Connections, kind: str) -> Cell:
    """The number when its giver has ten actions, and the audience sees its records of a kind."""
    plan = replace(ONE_SEEN, rules=(*THREE, Rule(1, precision="WIJK", kind=kind)), signals=())
    town = await build(*connections, plan)
    await town.today(MONDAY + timedelta(days=5))
    async with town.acting(1) as app:
        await app.execute("insert into hub.datasets (dataset, kind) values ('a', $1)", ACTIONS)
        await app.execute(
            "insert into hub.enforcement_actions"
            " (id, dataset, wijk, category, happened_on, measure)"
            " select gen_random_uuid(), 'a', $1, 'NOISE', $2, 'WARNING'"
            " from generate_series(1, 10)",
            town.wijken[0],
            MONDAY,
        )
    await town.today(TODAY)
    await town.publish()
    found: Cell = (await town.published())[0, 0, 0]
    return found


async def test_records_of_weeks_before_do_not_stand_behind_a_count(
    connections: Connections,
) -> None:
    plan = replace(ONE_SEEN, signals=(Seen(1, 10, day=-9, recorded=-9),))
    assert (await cell(connections, plan)).value == 23


async def test_a_rule_for_a_part_of_the_categories_shares_no_count_of_all_of_them(
    connections: Connections,
) -> None:
    rules = (*THREE[:2], Rule(3, kind="COUNT", category="NOISE"))
    counts = tuple(Given(n, 9) for n in (1, 2, 3))
    assert await cell(connections, Plan(rules, counts=counts)) == Cell(None, "WITHHELD", (1, 2))
    only = Plan(rules, counts=counts, measures=(("NOISE",), ("GREEN",)))
    assert (await cell(connections, only)).value == 27


async def test_a_count_that_its_source_took_back_does_not_count(connections: Connections) -> None:
    town = await build(*connections, Plan(THREE, counts=tuple(Given(n, 9) for n in (1, 2, 3))))
    await town.today(MONDAY + timedelta(days=6))
    async with town.acting(1) as app:
        await app.execute("update hub.counts set closed_on = hub.today(), version = 2")
    await town.today(TODAY)
    await town.publish()
    assert (await town.published())[0, 0, 0].value == 18


# ── By buurt and by group ────────────────────────────────────────────────────────────────────────


def of_parts(*numbers: tuple[int | None, int]) -> tuple[Given, ...]:
    """These numbers for these parts, of each of three organisations."""
    return tuple(Given(n, count, part=part) for part, count in numbers for n in (1, 2, 3))


@pytest.mark.parametrize("breakdown", ["BUURT", "GROUP"])
async def test_parts_are_shown_beside_the_wijk_where_all_of_them_are_safe(
    connections: Connections, breakdown: str
) -> None:
    plan = Plan(THREE, counts=of_parts((0, 3), (1, 5)), breakdown=breakdown)
    cells, parts = await published(connections, plan)
    assert cells[0, 0, 0].value == 24
    assert {part: parts[0, 0, 0, part] for part in (None, 0, 1)} == {None: 0, 0: 9, 1: 15}


@pytest.mark.parametrize("breakdown", ["BUURT", "GROUP"])
async def test_one_part_that_is_not_safe_withholds_another_that_hides_it(
    connections: Connections, breakdown: str
) -> None:
    plan = Plan(THREE, counts=of_parts((0, 3), (1, 1)), breakdown=breakdown)
    cells, parts = await published(connections, plan)
    assert cells[0, 0, 0].value == 12
    assert {part: parts[0, 0, 0, part] for part in (None, 0, 1)} == {None: 0, 0: None, 1: None}


async def test_the_part_that_hides_another_is_the_first_by_name_not_by_size(
    connections: Connections,
) -> None:
    plan = Plan(THREE, counts=of_parts((0, 9), (1, 3)), breakdown="BUURT")
    signals = (*SIGNALS, *THREE)
    few = replace(plan, rules=signals, signals=(Seen(4, 1),))
    few = replace(few, rules=(*few.rules, Rule(4)))
    _, parts = await published(connections, few)
    assert {part: parts[0, 0, 0, part] for part in (None, 0, 1)} == {None: None, 0: None, 1: 9}


async def test_what_has_no_buurt_is_a_part_too(connections: Connections) -> None:
    signals = tuple(Seen(n, 4, buurt=0) for n in (1, 2, 3))
    plan = Plan(SIGNALS, signals, breakdown="BUURT")
    _, parts = await published(connections, plan)
    assert parts[0, 0, 0, 0] == 12
    _, parts = await published(connections, replace(plan, signals=(*signals, Seen(1))))
    assert {part: parts[0, 0, 0, part] for part in (None, 0, 1)} == {None: None, 0: None, 1: 0}


async def test_a_measure_without_a_breakdown_has_no_parts(connections: Connections) -> None:
    signals = tuple(Seen(n, 4, buurt=0) for n in (1, 2, 3))
    assert (await published(connections, Plan(SIGNALS, signals)))[1] == {}


# ── When ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_number_is_published_on_the_day_after_counts_are_taken(
    connections: Connections,
) -> None:
    town = await build(*connections, Plan(THREE))
    await town.measure("m2", ["TRAFFIC"], open_days=2)
    for number in (1, 2, 3):
        await town.give(Given(number, 5, measure=2, recorded=8))
    await town.today(TODAY + timedelta(days=1))
    await town.publish()
    assert {measure for _, measure, _ in await town.published()} == {0, 1}
    await town.today(TODAY + timedelta(days=2))
    assert await town.publish() == 1
    assert (await town.published())[0, 2, 0].value == 15
    assert await town.publish() == 0


async def test_a_quarter_is_thirteen_weeks(connections: Connections) -> None:
    town = await build(*connections, Plan(()))
    await town.measure("m2", ["TRAFFIC"], period="QUARTER")
    for rule in THREE:
        await town.agree(replace(rule, valid_until=200))
    last = (date(2026, 12, 27) - MONDAY).days
    for number in (1, 2, 3):
        await town.give(Given(number, 4 * number, measure=2, recorded=last), period="2026-Q4")
    await town.today(date(2026, 12, 28))
    assert await town.publish("2026-W52") == 2
    assert await town.publish("2026-Q4") == 1
    assert await town.published("2026-Q4") == {(0, 2, 0): Cell(24, "NONE", (1, 2, 3))}
    due = "select period from hub.due_periods()"
    periods = [row["period"] for row in await connections.app.fetch(due)]
    assert len(periods) == 28
    assert [period for period in periods if "Q" in period] == ["2026-Q3", "2026-Q4"]
    assert (periods[0], periods[-1]) == ("2026-W27", "2026-W52")


async def test_a_rule_that_began_within_a_quarter_gives_nothing_to_it(
    connections: Connections,
) -> None:
    town = await build(*connections, Plan(()))
    await town.measure("m2", ["TRAFFIC"], period="QUARTER")
    for number, rule in enumerate(THREE):
        await town.agree(replace(rule, valid_from=-49 + number % 2, valid_until=200))
    await town.today(date(2026, 12, 28))
    await town.publish("2026-Q4")
    assert await town.published("2026-Q4") == {(0, 2, 0): Cell(None, "WITHHELD", (1, 3))}


async def test_a_count_of_which_the_number_is_due_cannot_be_taken_away(
    connections: Connections,
) -> None:
    town = await build(*connections, Plan(THREE, counts=tuple(Given(n, 9) for n in (1, 2, 3))))
    async with town.acting(1) as app:
        assert await app.execute("delete from hub.counts") == "DELETE 0"
    await town.today(MONDAY + timedelta(days=6))
    async with town.acting(1) as app:
        assert await app.execute("delete from hub.counts") == "DELETE 1"


# ── Every town ───────────────────────────────────────────────────────────────────────────────────

RULES = st.builds(
    Rule,
    provider=st.integers(0, 4),
    audience=st.sampled_from([0, 0, 4]),
    wijken=st.sampled_from([(0,), (0, 1)]),
    category=st.sampled_from([None, None, "NOISE", "GREEN"]),
    precision=st.sampled_from(["COUNT", "COUNT", "WIJK"]),
    min_cell=st.sampled_from([5, 5, 8]),
    keep_days=st.sampled_from([365, 365, 7, 8]),
    includes_past=st.booleans(),
    valid_from=st.sampled_from([-100, -100, 0, 1, 7]),
    valid_until=st.sampled_from([100, 100, 6, 7]),
    state=st.sampled_from(["ACCEPTED", "ACCEPTED", "PROPOSED", "REVOKED"]),
    kind=st.sampled_from(["SIGNAL", "COUNT"]),
).filter(
    lambda rule: (
        rule.provider != rule.audience
        and rule.valid_from <= rule.valid_until
        and (rule.kind == "SIGNAL" or rule.precision == "COUNT")
    )
)
SEEN = st.builds(
    Seen,
    owner=st.integers(0, 4),
    times=st.integers(1, 9),
    wijk=st.sampled_from([0, 0, 1]),
    category=st.sampled_from(["NOISE", "LITTER", "GREEN"]),
    day=st.sampled_from([2, 2, -1, 6, 7]),
    recorded=st.sampled_from([2, 2, 6, 7]),
    buurt=st.sampled_from([None, 0, 0, 1]),
)
GIVEN = st.builds(
    Given,
    owner=st.integers(0, 4),
    count=st.integers(0, 9),
    wijk=st.sampled_from([0, 0, 1]),
    measure=st.sampled_from([0, 0, 1]),
    recorded=st.sampled_from([0, 2, 6]),
    part=st.sampled_from([None, 0, 0, 1]),
)
SHAPES = (THREE, (*SIGNALS, *THREE), (*THREE, Rule(4, kind="COUNT")))


def plan_of(
    base: Any, rules: Any, signals: Any, counts: Any, breakdown: Any, measures: Any
) -> Plan:
    if breakdown is None:
        counts = [replace(each, part=None) for each in counts]
    said: dict[Any, Given] = {}
    for each in counts:  # a cell once, and no whole beside its parts
        cell = (each.owner, each.wijk, each.measure)
        parts = [one.part for key, one in said.items() if key[:3] == cell]
        if None not in parts and (each.part is not None or not parts):
            said.setdefault((*cell, each.part), each)
    return Plan(
        (*base, *rules), tuple(signals), measures, counts=tuple(said.values()), breakdown=breakdown
    )


PLANS = st.builds(
    plan_of,
    st.sampled_from(SHAPES),
    st.lists(RULES, max_size=4),
    st.lists(SEEN, max_size=6),
    st.lists(GIVEN, max_size=8),
    st.sampled_from([None, "BUURT", "GROUP"]),
    st.sampled_from([(("NOISE", "LITTER"), ("GREEN",)), (("NOISE",), ("GREEN",))]),
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=PLANS)
async def test_in_every_town_what_is_published_is_what_the_rule_says(
    connections: Connections, plan: Plan
) -> None:
    town = await build(*connections, plan)
    await town.publish()
    cells, parts = await town.published(), await town.published_parts()
    assert unsafe(plan, cells) == []
    assert unsafe_parts(plan, parts) == []
    assert cells == expected(plan)
    assert parts == expected_parts(plan)
    assert await town.publish() == 0


# ── Planted faults ───────────────────────────────────────────────────────────────────────────────

FAULTS: list[tuple[str, str, Plan]] = [
    (
        "and (g.audience, g.measure, g.wijk, g.provider) not in (select * from givers)",
        "",
        Plan((*SIGNALS, *THREE), (Seen(1, 9), Seen(2, 5)), counts=(Given(1, 1), Given(2, 1))),
    ),
    (
        "- coalesce(max(b.seen), 0)",
        "",
        Plan(
            (*THREE, Rule(1, precision="WIJK")),
            (Seen(1, 10),),
            counts=(Given(1, 12), Given(2, 2), Given(3, 9)),
        ),
    ),
]


@pytest.mark.parametrize(("right", "wrong", "plan"), FAULTS, ids=[right for right, _, _ in FAULTS])
async def test_a_loosened_rule_is_found(
    connections: Connections, right: str, wrong: str, plan: Plan
) -> None:
    cells, parts = await published(connections, plan)
    assert (cells, parts) == (expected(plan), expected_parts(plan))
    async with connections.with_function("hub.cube_of(text,text,text[])", right, wrong):
        cells, parts = await published(connections, plan)
    assert unsafe(plan, cells) or unsafe_parts(plan, parts)


OF_ANY_KIND = "where f.kind <> 'COUNT'"
SEEN_FAULTS = [
    f"{OF_ANY_KIND} and exists (select from hub.signals s where s.id = f.record)",
    f"{OF_ANY_KIND} and exists (select from hub.signals s where s.id = f.record"
    " and s.category = any (m.categories))",
    f"{OF_ANY_KIND} and exists (select from hub.signals s where s.id = f.record"
    " and s.wijk = f.wijk)",
    "where f.kind = 'SIGNAL'",
]


@pytest.mark.parametrize("wrong", SEEN_FAULTS)
async def test_forgetting_what_was_seen_once_is_found(connections: Connections, wrong: str) -> None:
    """Gone, of another category, moved, of another kind: each is taken off by the right rule."""
    change = {
        SEEN_FAULTS[0]: "delete from hub.signals",
        SEEN_FAULTS[1]: "update hub.signals set category = 'GREEN', version = 2",
        SEEN_FAULTS[2]: "update hub.signals set wijk = $1, version = 2",
    }.get(wrong)
    async with connections.with_function("hub.cube_of(text,text,text[])", OF_ANY_KIND, wrong):
        number = (
            await beside_actions(connections, ACTIONS)
            if change is None
            else await after_a_change(connections, change)
        )
    assert number.value is not None
