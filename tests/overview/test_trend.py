# SPDX-License-Identifier: EUPL-1.2
"""The trend of a measure: published numbers in a row, where they cannot be compared, and why there
is none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from resolvers.periods import closed_periods
from tests.conftest import World
from tests.overview.conftest import Ask, Connections
from tests.overview.town import MONDAY, TODAY, Given, Plan, Rule, Seen, Town, build

pytestmark = pytest.mark.anyio

THREE = tuple(Rule(n) for n in (1, 2, 3))
COUNTS = tuple(Rule(n, kind="COUNT", valid_until=300) for n in (1, 2, 3))
TREND = """{ wijken { trend(measure: "%s", weeks: %d, by: %s) { measure definitionVersion
  series { area breaks
    points { period count { shown suppression edition scope { name } } } } } } }"""


async def trend(
    ask: Ask, town: Town, asker: int = 0, measure: str = "m0", weeks: int = 3, by: str = "WIJK"
) -> dict[str, Any]:
    """The trend in the first wijk."""
    data = await ask(town, asker, TREND % (measure, weeks, by))
    found: dict[str, Any] = data["wijken"][0]["trend"]
    return found


def shown(series: dict[str, Any]) -> list[str]:
    return [point["count"]["shown"] for point in series["points"]]


async def test_the_numbers_of_the_last_closed_weeks_stand_in_a_row(
    connections: Connections, ask: Ask
) -> None:
    signals = [Seen(n, 5 + n, day=-3, recorded=-3) for n in (1, 2, 3)]
    town = await build(*connections, Plan(THREE, (*signals, Seen(1, 9))))
    await town.publish("2026-W46")
    await town.publish()
    found = await trend(ask, town)
    assert (found["measure"], found["definitionVersion"]) == ("m0", 1)
    [series] = found["series"]
    assert [point["period"] for point in series["points"]] == ["2026-W45", "2026-W46", "2026-W47"]
    assert shown(series) == ["nog niet bekend", "21", "niet getoond"]
    assert series["breaks"] == []
    assert shown((await trend(ask, town, asker=4))["series"][0]) == ["niet gedeeld"] * 3


async def test_by_buurt_there_is_a_series_of_each_and_of_what_has_none(
    connections: Connections, ask: Ask
) -> None:
    signals = [Seen(n, 4, buurt=0) for n in (1, 2, 3)]
    town = await build(*connections, Plan(THREE, tuple(signals), breakdown="BUURT"))
    await town.publish()
    series = (await trend(ask, town, weeks=1, by="BUURT"))["series"]
    assert [(each["area"], shown(each)) for each in series] == [
        ("Buurt 1", ["12"]),
        ("Buurt 2", ["0"]),
        ("buurt onbekend", ["0"]),
    ]
    scope = series[0]["points"][0]["count"]["scope"]
    assert sorted(each["name"] for each in scope) == [
        "partner-1", "partner-2", "partner-3",
    ]  # fmt: skip


async def test_a_measure_that_is_not_told_by_buurt_has_no_series_of_them(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(THREE, breakdown="GROUP"))
    await town.publish()
    assert (await trend(ask, town, by="BUURT"))["series"] == []
    assert len((await trend(ask, town))["series"]) == 1


async def test_numbers_from_before_a_breakdown_have_no_parts(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(THREE))
    await town.publish("2026-W46")
    await town.administer(
        "update hub.measures set breakdown = 'BUURT' where gemeente = $1", town.gemeente
    )
    await town.publish()
    series = (await trend(ask, town, weeks=2, by="BUURT"))["series"]
    assert [shown(each) for each in series] == [["niet gedeeld", "0"]] * 3


async def test_another_definition_is_a_break(connections: Connections, ask: Ask) -> None:
    town = await build(*connections, Plan(tuple(replace(r, valid_until=300) for r in THREE)))
    await town.publish("2026-W46")
    await town.administer(
        "update hub.measures set categories = '{NOISE}' where gemeente = $1 and code = 'm0'",
        town.gemeente,
    )
    await town.publish()
    found = await trend(ask, town)
    assert found["definitionVersion"] == 2
    assert found["series"][0]["breaks"] == ["2026-W47"]
    await town.administer(
        "update hub.measures set label = 'Anders' where gemeente = $1", town.gemeente
    )
    assert (await trend(ask, town, measure="m1"))["definitionVersion"] == 1


async def test_a_new_boundary_is_a_break_in_the_first_week_of_its_division(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(()))
    await town.today(date(2027, 1, 20))
    await town.administer("insert into hub.divisions values ($1, 2027, 'test')", town.gemeente)
    changed = """insert into hub.wijk_versions (gemeente, wijk, year, code, name, comparability)
      select gemeente, wijk, 2027, code, name, $2 from hub.wijk_versions where gemeente = $1"""
    await town.administer(changed, town.gemeente, "BOUNDARY_CHANGED")
    [series] = (await trend(ask, town, weeks=5))["series"]
    assert [point["period"] for point in series["points"]][:3] == [
        "2026-W51", "2026-W52", "2026-W53",
    ]  # fmt: skip
    assert series["breaks"] == ["2027-W01"]
    await town.administer(
        "update hub.wijk_versions set comparability = 'CODE_CHANGED' where gemeente = $1",
        town.gemeente,
    )
    assert (await trend(ask, town, weeks=5))["series"][0]["breaks"] == []


async def test_a_measure_that_goes_by_quarter_is_told_by_quarter(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(()))
    await town.measure("m2", ["TRAFFIC"], period="QUARTER")
    for rule in COUNTS:
        await town.agree(rule)
    last = (date(2026, 12, 27) - MONDAY).days
    for number in (1, 2, 3):
        await town.give(Given(number, 4, measure=2, recorded=last), period="2026-Q4")
    await town.today(date(2027, 1, 4))
    await town.publish("2026-Q4")
    [series] = (await trend(ask, town, measure="m2", weeks=53))["series"]
    periods = [point["period"] for point in series["points"]]
    assert periods == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert shown(series)[-1] == "12"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ('measure: "geheim"', "UNKNOWN_MEASURE", "jeugdoverlast"),
        ('measure: "jeugdoverlast", weeks: 0', "BAD_ARGUMENT", "weeks"),
        ('measure: "jeugdoverlast", weeks: 54', "BAD_ARGUMENT", "weeks"),
    ],
)
async def test_what_cannot_be_told_is_refused_with_its_cure(
    world: World, arguments: str, code: str, told: str
) -> None:
    query = f'{{ wijk(code: "WK063711") {{ trend({arguments}) {{ measure }} }} }}'
    body = await world.partner("wijkregisseur").answer(query)
    assert body["data"] == {"wijk": {"trend": None}}
    [error] = body["errors"]
    assert error["extensions"]["code"] == code
    assert told in error["extensions"]["hint"]


def test_quarters_are_those_that_lie_in_the_weeks() -> None:
    assert [str(each) for each in closed_periods("W", TODAY, 2)] == ["2026-W46", "2026-W47"]
    assert closed_periods("Q", TODAY, 13) == []
    assert [str(each) for each in closed_periods("Q", TODAY, 21)] == ["2026-Q3"]
    assert [str(each) for each in closed_periods("Q", date(2026, 9, 28), 13)] == ["2026-Q3"]
    assert closed_periods("Q", date(2026, 9, 28) - timedelta(days=1), 13) == []
