# SPDX-License-Identifier: EUPL-1.2
"""The second look at a period, sums over quarters, sensitive measures, and numbers of one
organisation that agreed to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from resolvers.numbers.complements import complements
from sql.statements import statements
from tests.overview.conftest import Ask, Connections
from tests.overview.town import (
    MONDAY,
    TODAY,
    WEEK,
    Cell,
    Given,
    Plan,
    Rule,
    Seen,
    Town,
    build,
)

pytestmark = pytest.mark.anyio

THREE = (Rule(1), Rule(2), Rule(3))
EVERYWHERE = (1, 2, 3)
FIRST = (Seen(1, 6), Seen(2, 6), Seen(3, 6))
SECOND_LOOK = TODAY + timedelta(days=28)
KEY = (0, 0, 0)


async def looked_at_twice(
    connections: Connections,
    *late: Seen,
    first: tuple[Seen, ...] = FIRST,
    rules: tuple[Rule, ...] = THREE,
    breakdown: str | None = None,
) -> Town:
    """A town with numbers of the first look, what came in late, and the second look."""
    town = await build(*connections, Plan(rules, first, breakdown=breakdown))
    await town.publish()
    for seen in late:
        await town.see(replace(seen, recorded=10))
    await town.today(SECOND_LOOK)
    await town.publish()
    return town


# ── The second look ──────────────────────────────────────────────────────────────────────────────


async def test_what_came_in_late_is_counted_in_a_second_edition_where_it_is_safe_by_itself(
    connections: Connections,
) -> None:
    town = await looked_at_twice(connections, Seen(1, 4), Seen(2, 3), Seen(3, 2))
    assert (await town.published())[KEY] == Cell(18, "NONE", EVERYWHERE)
    assert await town.published(edition=2) == {KEY: Cell(27, "NONE", EVERYWHERE)}


@pytest.mark.parametrize(
    "late",
    [
        (),
        (Seen(1, 1),),
        (Seen(1, 40),),
        (Seen(1, 40), Seen(2, 2), Seen(3, 2)),
        (Seen(0, 9), Seen(4, 9)),
    ],
    ids=["nothing", "one", "of one alone", "four without the largest", "not shared"],
)
async def test_a_difference_that_would_tell_too_much_makes_no_second_edition(
    connections: Connections, late: tuple[Seen, ...]
) -> None:
    town = await looked_at_twice(connections, *late)
    assert await town.published(edition=2) == {}


async def test_a_period_is_looked_at_once_more_and_never_again(connections: Connections) -> None:
    town = await looked_at_twice(connections)
    for number in (1, 2, 3):
        await town.see(Seen(number, 9, recorded=36))
    for days in (29, 40, 70):
        await town.today(TODAY + timedelta(days=days))
        assert await town.publish() == 0
    assert await town.published(edition=2) == {}


@pytest.mark.parametrize("days", [1, 27, 56, 100])
async def test_outside_its_four_weeks_there_is_no_second_look(
    connections: Connections, days: int
) -> None:
    rules = tuple(replace(rule, valid_until=300) for rule in THREE)
    town = await build(*connections, Plan(rules, FIRST))
    await town.publish()
    for number in EVERYWHERE:
        await town.see(Seen(number, 9, recorded=8))
    await town.today(TODAY + timedelta(days=days))
    assert await town.publish() == 0


async def test_a_withdrawn_record_makes_no_second_edition(connections: Connections) -> None:
    town = await build(*connections, Plan(THREE, FIRST))
    await town.publish()
    for number in (2, 3):
        await town.see(Seen(number, 9, recorded=8))
    async with town.acting(1) as app:
        await app.execute("delete from hub.signals")
    await town.today(SECOND_LOOK)
    await town.publish()
    assert await town.published(edition=2) == {}


@pytest.mark.parametrize("change", ["revoked", "began"])
async def test_another_scope_makes_no_second_edition(connections: Connections, change: str) -> None:
    town = await build(*connections, Plan(THREE, FIRST))
    await town.publish()
    for number in EVERYWHERE:
        await town.see(Seen(number, 9, recorded=8))
    if change == "began":
        await town.agree(Rule(4))
    else:
        agreement = await town.agree(Rule(4, valid_from=-100, includes_past=True))
        await town.decide(4, agreement, "REVOKE")
        async with town.acting(3) as app:
            ours = "select id from hub.agreements where $1 = any (parties)"
            agreement = await app.fetchval(ours, town.organisations[3])
        await town.decide(3, agreement, "REVOKE")
    await town.today(SECOND_LOOK)
    await town.publish()
    assert await town.published(edition=2) == {}


async def test_a_number_that_was_withheld_can_be_shown_in_the_second_edition(
    connections: Connections,
) -> None:
    town = await looked_at_twice(connections, Seen(2, 9), Seen(3, 1), first=(Seen(1, 9),))
    assert (await town.published())[KEY].suppression == "WITHHELD"
    assert await town.published(edition=2) == {KEY: Cell(19, "NONE", EVERYWHERE)}


async def test_what_the_audience_could_see_of_what_came_late_does_not_make_it_safe(
    connections: Connections,
) -> None:
    rules = (Rule(1, precision="WIJK"), Rule(2), Rule(3), Rule(4))
    first = (*FIRST, Seen(4, 6))
    late = (Seen(1, 30), Seen(2, 4), Seen(3, 4))
    town = await looked_at_twice(connections, *late, first=first, rules=rules)
    assert await town.published(edition=2) == {}


async def test_parts_of_a_second_edition_are_those_of_the_first_or_none(
    connections: Connections,
) -> None:
    first = tuple(Seen(n, 6, buurt=b) for n in EVERYWHERE for b in (0, 1))
    late = tuple(Seen(n, 3, buurt=0) for n in EVERYWHERE)
    town = await looked_at_twice(connections, *late, first=first, breakdown="BUURT")
    assert (await town.published(edition=2))[KEY].value == 45
    parts = await town.published_parts(edition=2)
    assert parts == {(*KEY, 0): 27, (*KEY, 1): 18, (*KEY, None): 0}

    spread = (*late, Seen(1, buurt=1))
    town = await looked_at_twice(connections, *spread, first=first, breakdown="BUURT")
    assert (await town.published(edition=2))[KEY].value == 46
    assert await town.published_parts(edition=2) == {}


async def test_readers_get_the_newest_edition_with_its_number(
    connections: Connections, ask: Ask
) -> None:
    town = await looked_at_twice(connections, Seen(1, 4), Seen(2, 3), Seen(3, 2))
    await town.today(TODAY)
    query = f"""{{ wijken {{ overview(week: "{WEEK}") {{
      headlines {{ measure now {{ shown edition suppression }} }} }} }} }}"""
    headline = (await ask(town, 0, query))["wijken"][0]["overview"]["headlines"][0]
    assert headline["now"] == {"shown": "27", "edition": 2, "suppression": "NONE"}


# ── Quarters of a weekly measure ─────────────────────────────────────────────────────────────────

QUARTER = "2026-Q3"
FIRST_WEEK = (date(2026, 6, 29) - MONDAY).days
AFTER = date(2027, 1, 4)
YEAR = tuple(replace(rule, valid_from=-300, valid_until=300) for rule in THREE)


async def of_quarter(connections: Connections, few: Mapping[int, tuple[int, int, int]]) -> Town:
    """A quarter in which each organisation saw four in each week, but for `few`: what each saw in
    a week.
    """
    days = [FIRST_WEEK + 7 * week for week in range(13)]
    signals = tuple(
        Seen(n, count, day=day, recorded=day)
        for week, day in enumerate(days)
        for n, count in zip(EVERYWHERE, few.get(week, (4, 4, 4)), strict=True)
        if count
    )
    town = await build(*connections, Plan(YEAR, signals, today=0))
    for week in range(13):
        await town.today(date(2026, 6, 29) + timedelta(weeks=week + 1))
        await town.publish(f"2026-W{27 + week}")
    await town.today(AFTER)
    await town.publish(QUARTER)
    return town


async def test_a_quarter_is_the_sum_of_its_published_weeks(
    connections: Connections, ask: Ask
) -> None:
    town = await of_quarter(connections, {})
    assert (await town.published(QUARTER))[KEY] == Cell(156, "NONE", EVERYWHERE)
    query = """{ wijken { trend(measure: "m0", weeks: 40, by: WIJK) {
      quarters { period count { shown edition } } } } }"""
    found = (await ask(town, 0, query))["wijken"][0]["trend"]["quarters"]
    assert found == [{"period": QUARTER, "count": {"shown": "156", "edition": 1}}]
    assert (await ask(town, 4, query))["wijken"][0]["trend"]["quarters"] == []


@pytest.mark.parametrize("small", [(4,), (4, 9), (1, 4, 9)])
async def test_a_quarter_that_would_give_away_its_small_weeks_is_withheld(
    connections: Connections, small: tuple[int, ...]
) -> None:
    town = await of_quarter(connections, dict.fromkeys(small, (3, 0, 0)))
    assert (await town.published(QUARTER))[KEY] == Cell(None, "WITHHELD", EVERYWHERE)


async def test_a_quarter_of_which_the_small_weeks_are_safe_together_is_shown(
    connections: Connections,
) -> None:
    of_weeks = {4: (4, 3, 0), 9: (0, 4, 4)}
    town = await of_quarter(connections, of_weeks)
    assert (await town.published("2026-W31"))[KEY].suppression == "WITHHELD"
    assert (await town.published("2026-W36"))[KEY].suppression == "WITHHELD"
    assert (await town.published(QUARTER))[KEY].value == 11 * 12 + 15


async def test_a_quarter_waits_until_no_week_of_it_is_looked_at_any_more(
    connections: Connections,
) -> None:
    town = await build(*connections, Plan(YEAR, today=0))
    for week in range(13):
        await town.today(date(2026, 6, 29) + timedelta(weeks=week + 1))
        await town.publish(f"2026-W{27 + week}")
    await town.today(date(2026, 6, 29) + timedelta(weeks=13, days=55))
    assert await town.publish(QUARTER) == 0
    await town.today(date(2026, 6, 29) + timedelta(weeks=13, days=56))
    assert await town.publish(QUARTER) == 2
    assert await town.publish(QUARTER) == 0


# ── Sensitive measures ───────────────────────────────────────────────────────────────────────────


async def sensitive(
    connections: Connections, *signals: Seen, rules: tuple[Rule, ...] = THREE
) -> Cell:
    town = await build(*connections, Plan(rules, signals, sensitive=True))
    await town.publish()
    return (await town.published())[KEY]


@pytest.mark.parametrize(
    ("each", "value"), [(0, None), (1, None), (3, 10), (4, 10), (5, 15), (6, 20)]
)
async def test_a_number_of_a_sensitive_measure_is_rounded_and_0_to_4_are_alike(
    connections: Connections, each: int, value: int | None
) -> None:
    signals = [Seen(n, each) for n in EVERYWHERE if each]
    if each == 3:
        signals.append(Seen(1))
    cell = await sensitive(connections, *signals)
    assert cell == Cell(value, "ROUNDED" if value else "WITHHELD", EVERYWHERE)


@pytest.mark.parametrize(("of_each", "value"), [((2, 2, 2, 1), None), ((3, 2, 2, 2), 10)])
async def test_a_rounded_number_is_shown_where_each_that_rounds_to_it_could_be(
    connections: Connections, of_each: tuple[int, ...], value: int | None
) -> None:
    """Of four organisations 7 is the least that is 5 without any one: a 5 would say 7."""
    signals = [Seen(n, times) for n, times in enumerate(of_each, 1)]
    cell = await sensitive(connections, *signals, rules=(*THREE, Rule(4)))
    assert cell.value == value


@pytest.mark.parametrize(("inhabitants", "shown"), [(49, False), (50, True), (None, True)])
async def test_an_area_with_few_inhabitants_has_no_number_of_a_sensitive_measure(
    connections: Connections, inhabitants: int | None, shown: bool
) -> None:
    town = await build(*connections, Plan(THREE, FIRST, sensitive=True))
    if inhabitants is not None:
        for year, value in ((2024, 4000), (2025, inhabitants)):
            await town.administer(
                "insert into hub.figures (gemeente, wijk, measure, label, year, value, status,"
                " source) values ($1, $2, 'a_inw', 'Inwoners', $3, $4, 'DEFINITIVE', 'test')",
                town.gemeente,
                town.wijken[0],
                year,
                value,
            )
    await town.publish()
    assert ((await town.published())[KEY].value == 20) == shown


async def test_parts_of_a_sensitive_measure_are_rounded_too(connections: Connections) -> None:
    signals = tuple(Seen(n, 6, buurt=b) for n in EVERYWHERE for b in (0, 1))
    plan = Plan(THREE, (*signals, Seen(1)), breakdown="BUURT", sensitive=True)
    town = await build(*connections, plan)
    await town.publish()
    assert (await town.published())[KEY].value == 35
    parts = await town.published_parts()
    assert [parts[*KEY, part] for part in (0, 1, None)] == [None, 20, None]


# ── One organisation alone ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("count", "value"), [(4, None), (5, 5), (0, 0)])
async def test_an_organisation_that_agreed_to_it_is_shown_alone_from_min_cell(
    connections: Connections, count: int, value: int | None
) -> None:
    plan = Plan((Rule(1, kind="COUNT", alone=True),), counts=(Given(1, count),))
    town = await build(*connections, plan)
    await town.publish()
    assert (await town.published())[KEY].value == value


async def test_beside_one_that_did_not_agree_to_it_nobody_is_shown_alone(
    connections: Connections,
) -> None:
    rules = (Rule(1, kind="COUNT", alone=True), Rule(2, kind="COUNT"))
    town = await build(*connections, Plan(rules, counts=(Given(1, 50),)))
    await town.publish()
    assert (await town.published())[KEY] == Cell(None, "WITHHELD", (1, 2))


# ── Who publishes ────────────────────────────────────────────────────────────────────────────────


async def test_what_was_withheld_before_it_was_published_is_not_given_to_the_solver(
    connections: Connections,
) -> None:
    town = await build(*connections, Plan(THREE, (Seen(1, 97),)))
    text = statements()["numbers_for_solver"].text
    numbers = await connections.owner.fetch(text, town.gemeente, WEEK)
    [hidden] = [number for number in numbers if not number["safe"]]
    assert 97 not in dict(hidden).values()


async def test_numbers_that_changed_since_they_were_checked_are_not_published(
    connections: Connections,
) -> None:
    town = await build(*connections, Plan(THREE, FIRST))
    texts = statements()
    numbers = await connections.owner.fetch(texts["numbers_for_solver"].text, town.gemeente, WEEK)
    await town.see(Seen(1, 1, recorded=7))
    with pytest.raises(asyncpg.SerializationError):
        await connections.owner.fetch(
            texts["numbers_publish"].text,
            town.gemeente,
            WEEK,
            complements(numbers),
            numbers[0]["digest"],
        )
    assert await town.published() == {}
    assert await town.publish() == 2


async def test_the_database_refuses_parts_of_which_the_rest_is_not_safe(
    connections: Connections,
) -> None:
    signals = tuple(Seen(n, 6, buurt=0) for n in EVERYWHERE)
    town = await build(*connections, Plan(THREE, (*signals, Seen(1, 3)), breakdown="BUURT"))
    texts = statements()
    numbers = await connections.owner.fetch(texts["numbers_for_solver"].text, town.gemeente, WEEK)
    with pytest.raises(asyncpg.CheckViolationError):
        await connections.owner.fetch(
            texts["numbers_publish"].text, town.gemeente, WEEK, [], numbers[0]["digest"]
        )
    assert await town.published() == {}
