# SPDX-License-Identifier: EUPL-1.2
"""Numbers of two audiences: which may stand beside one another, and which of two is withheld."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from resolvers.numbers.complements import complements
from sql.statements import statements
from tests.overview.conftest import Connections
from tests.overview.disclosing import shared
from tests.overview.town import (
    TODAY,
    WEEK,
    Cells,
    Given,
    Plan,
    Rule,
    Seen,
    build,
    expected,
    expected_parts,
)

pytestmark = pytest.mark.anyio

FIVE_EACH = tuple(Seen(n, 5) for n in (1, 2, 3, 4))
SAME = (*shared(0, (1, 2, 3)), *shared(4, (1, 2, 3)))
NESTED = (*shared(0, (1, 2, 3)), *shared(4, (0, 1, 2, 3)), *shared(5, (1, 2, 3)))
ALL = tuple(rule for one in range(5) for rule in shared(one, {0, 1, 2, 3, 4} - {one}))


async def published(connections: Connections, plan: Plan) -> Cells:
    town = await build(*connections, plan)
    await town.publish()
    return await town.published()


async def shown(
    connections: Connections, *rules: Rule, signals: tuple[Seen, ...] = FIVE_EACH
) -> dict[int, int | None]:
    """Of each audience the number of the first measure in the first wijk."""
    plan = Plan(rules, signals, (("NOISE", "LITTER"),), organisations=7, wijken=1)
    cells = await published(connections, plan)
    assert cells == expected(plan)
    return {audience: cell.value for (audience, _, _), cell in cells.items()}


# ── Which may stand beside one another ───────────────────────────────────────────────────────────


async def test_those_with_whom_the_same_is_shared_are_all_shown_it(
    connections: Connections,
) -> None:
    assert await shown(connections, *SAME) == {0: 15, 4: 15}


async def test_those_who_all_share_with_one_another_are_all_shown_it(
    connections: Connections,
) -> None:
    signals = (*FIVE_EACH, Seen(0, 7), Seen(3, 4))
    assert await shown(connections, *ALL, signals=signals) == {0: 24, 1: 26, 2: 26, 3: 22, 4: 26}


async def test_those_with_nobody_in_common_are_both_shown_theirs(connections: Connections) -> None:
    rules = (*shared(0, (1, 2, 3)), *shared(6, (0, 4, 5)))
    signals = (*FIVE_EACH, Seen(0, 5), Seen(5, 6))
    assert await shown(connections, *rules, signals=signals) == {0: 15, 6: 16}


async def test_nothing_may_stand_beside_nothing(connections: Connections) -> None:
    assert await shown(connections, *NESTED, signals=()) == {0: 0, 4: 0, 5: 0}


async def test_one_rule_in_two_agreements_is_no_difference(connections: Connections) -> None:
    rules = (*SAME, Rule(1, 4, category="NOISE"))
    assert await shown(connections, *rules) == {0: 15, 4: 15}


# ── Which of two is withheld ─────────────────────────────────────────────────────────────────────


async def test_of_one_that_has_one_organisation_more_and_one_that_has_not_the_first_is_shown(
    connections: Connections,
) -> None:
    rules = (*shared(0, (1, 2, 3)), *shared(5, (1, 2, 3, 4)))
    assert await shown(connections, *rules) == {0: None, 5: 20}
    assert await shown(connections, *rules, signals=FIVE_EACH[:3]) == {0: None, 5: 15}


async def test_what_an_audience_gave_itself_is_no_difference(connections: Connections) -> None:
    rules = (*shared(0, (1, 2, 3)), *shared(4, (0, 1, 2, 3)))
    signals = (*FIVE_EACH, Seen(0, 2))
    assert await shown(connections, *rules, signals=signals) == {0: 15, 4: 17}


async def test_another_category_is_a_difference_though_there_is_nothing_of_it(
    connections: Connections,
) -> None:
    rules = (*shared(0, (1, 2, 3)), *shared(5, (2, 3)), Rule(1, 5, category="NOISE"))
    assert await shown(connections, *rules) == {0: 15, 5: None}


async def test_a_report_that_is_kept_from_one_leaves_that_one_out_and_not_the_others(
    connections: Connections,
) -> None:
    rules = tuple(rule for one in (0, 4, 5) for rule in shared(one, (1, 2, 3)))
    signals = (*FIVE_EACH, Seen(1, 3, cap="COUNT", capped_for=0))
    assert await shown(connections, *rules, signals=signals) == {0: None, 4: 15, 5: 15}


async def test_what_is_published_stays_and_what_comes_later_is_compared_with_it(
    connections: Connections,
) -> None:
    plan = Plan(shared(0, (1, 2, 3)), FIVE_EACH, organisations=7, wijken=1)
    town = await build(*connections, plan)
    await town.publish()
    before = await town.published()
    for rule in (*shared(5, (1, 2, 3, 4)), *shared(6, (1, 2, 3))):
        await town.agree(replace(rule, valid_from=7, includes_past=True))
    await town.publish()
    after = await town.published()
    assert {key: after[key] for key in before} == before
    assert (after[5, 0, 0].value, after[6, 0, 0].value) == (None, 15)


async def test_what_came_in_since_then_is_a_difference(connections: Connections) -> None:
    plan = Plan(shared(0, (1, 2, 3)), FIVE_EACH, organisations=7, wijken=1)
    town = await build(*connections, plan)
    await town.publish()
    await town.see(Seen(2, 1, recorded=7))
    for rule in shared(6, (1, 2, 3)):
        await town.agree(replace(rule, valid_from=7, includes_past=True))
    await town.publish()
    assert (await town.published())[6, 0, 0].value is None


async def test_what_was_counted_for_one_under_another_measure_is_not_counted_for_another(
    connections: Connections,
) -> None:
    measures = (("NOISE", "LITTER"),)
    plan = Plan(shared(0, (1, 2, 3)), FIVE_EACH, measures, organisations=7, wijken=1)
    town = await build(*connections, plan)
    await town.publish()
    change = "update hub.measures set categories = '{LITTER}' where gemeente = $1"
    await town.administer(change, town.gemeente)
    await town.measure("m2", ["NOISE"])
    for rule in shared(6, (1, 2, 3)):
        await town.agree(replace(rule, valid_from=7, includes_past=True))
    await town.publish()
    cells = await town.published()
    assert (cells[0, 0, 0].value, cells[6, 2, 0].value) == (15, None)


async def test_a_second_edition_that_another_audience_cannot_have_is_not_made(
    connections: Connections,
) -> None:
    plan = Plan(SAME, FIVE_EACH, organisations=7, wijken=1)
    town = await build(*connections, plan)
    await town.publish()
    for number in (1, 2, 3):
        await town.see(Seen(number, 5, recorded=10))
    await town.see(Seen(1, 3, recorded=10, cap="COUNT", capped_for=4))
    await town.today(TODAY + timedelta(days=28))
    await town.publish()
    second = await town.published(edition=2)
    assert {audience: cell.value for (audience, _, _), cell in second.items()} == {0: 30}


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_part_that_is_withheld_from_one_is_withheld_from_all(
    connections: Connections,
) -> None:
    rules = (*shared(0, (1, 2, 3, 4)), *shared(4, (0, 1, 2, 3)))
    signals = (
        *(Seen(n, 6, buurt=0) for n in (1, 2, 3)),
        *(Seen(n, 6) for n in (1, 2, 3)),
        Seen(1, 4, buurt=1),
        Seen(2, 4, buurt=1),
        Seen(0, 3, buurt=1),
    )
    plan = Plan(rules, signals, (("NOISE",),), breakdown="BUURT", wijken=1)
    town = await build(*connections, plan)
    await town.publish()
    parts = await town.published_parts()
    assert parts == expected_parts(plan)
    assert parts == {
        (audience, 0, 0, part): 18 if part is None else None
        for audience in (0, 4)
        for part in (None, 0, 1)
    }
    alone = replace(plan, rules=shared(4, (0, 1, 2, 3)))
    assert set(expected_parts(alone).values()) == {18, 11}


async def test_who_comes_later_gets_no_parts(connections: Connections) -> None:
    signals = tuple(Seen(n, 6, buurt=b) for n in (1, 2, 3) for b in (0, 1))
    plan = Plan(shared(0, (1, 2, 3)), signals, (("NOISE",),), breakdown="BUURT", wijken=1)
    town = await build(*connections, plan)
    await town.publish()
    for rule in shared(4, (1, 2, 3)):
        await town.agree(replace(rule, valid_from=7, includes_past=True))
    await town.publish()
    assert (await town.published())[4, 0, 0].value == 36
    parts = await town.published_parts()
    assert {parts[0, 0, 0, part] for part in (0, 1)} == {18}
    assert {parts[4, 0, 0, part] for part in (0, 1, None)} == {None}


# ── One organisation alone ───────────────────────────────────────────────────────────────────────

ALONE = Rule(1, 0, kind="COUNT", alone=True)
NINE_EACH = tuple(Given(n, 9) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("others", "breakdown", "values"),
    [
        ((1, 2, 3), None, (9, 27)),
        ((0, 1, 2, 3), None, (None, 27)),
        ((1, 2, 3), "BUURT", (None, 27)),
    ],
    ids=["as if it told it", "its audience is in the other number", "parts"],
)
async def test_what_an_organisation_shows_alone_may_stand_beside_others_as_if_it_told_it(
    connections: Connections,
    others: tuple[int, ...],
    breakdown: str | None,
    values: tuple[int | None, int],
) -> None:
    rules = (ALONE, *shared(4, others, kind="COUNT"))
    plan = Plan(rules, (), (("NOISE",),), NINE_EACH, breakdown, wijken=1)
    cells = await published(connections, plan)
    assert (cells[0, 0, 0].value, cells[4, 0, 0].value) == values


# ── Who decides ──────────────────────────────────────────────────────────────────────────────────


async def test_the_database_refuses_two_that_cannot_stand_beside_one_another(
    connections: Connections,
) -> None:
    rules = (*shared(0, (1, 2, 3)), *shared(5, (1, 2, 3, 4)))
    town = await build(*connections, Plan(rules, FIVE_EACH, organisations=7, wijken=1))
    texts = statements()
    numbers = await connections.owner.fetch(texts["numbers_for_solver"].text, town.gemeente, WEEK)
    digest = numbers[0]["digest"]
    with pytest.raises(asyncpg.CheckViolationError, match="two audiences"):
        await connections.owner.fetch(
            texts["numbers_publish"].text, town.gemeente, WEEK, [], digest
        )
    assert await town.published() == {}
    assert complements(numbers)


async def test_the_database_refuses_other_parts_for_each_of_two(connections: Connections) -> None:
    signals = tuple(Seen(n, 6, buurt=b) for n in (1, 2, 3) for b in (0, 1, None))
    plan = Plan(SAME, signals, (("NOISE",),), breakdown="BUURT", wijken=1)
    town = await build(*connections, plan)
    texts = statements()
    numbers = await connections.owner.fetch(texts["numbers_for_solver"].text, town.gemeente, WEEK)
    one = str(town.organisations[0])
    parts = [n["key"] for n in numbers if n["is_part"] and n["number"].startswith(one)]
    with pytest.raises(asyncpg.CheckViolationError, match="two audiences"):
        await connections.owner.fetch(
            texts["numbers_publish"].text, town.gemeente, WEEK, parts[:1], numbers[0]["digest"]
        )
    assert await town.published() == {}
