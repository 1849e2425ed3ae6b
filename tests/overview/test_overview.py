# SPDX-License-Identifier: EUPL-1.2
"""The overview as it is asked for: numbers beside the week before, or why there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.overview import change_percent
from tests.overview.conftest import Ask, Connections
from tests.overview.town import TODAY, Given, Plan, Rule, Seen, Town, build

pytestmark = pytest.mark.anyio

THREE = (Rule(1), Rule(2), Rule(3))
NUMBER = "{ value shown suppression edition scope { name } }"
OVERVIEW = (
    '{ wijken { overview(week: "%s") { week openActions overdueSteps { id } newSince'
    " headlines { measure label now %s previous %s changePercent } } } }"
)


async def headlines(
    ask: Ask, town: Town, asker: int, week: str = "2026-W47", **more: Any
) -> list[dict[str, Any]]:
    """The headlines of the first wijk."""
    data = await ask(town, asker, OVERVIEW % (week, NUMBER, NUMBER), **more)
    found: list[dict[str, Any]] = data["wijken"][0]["overview"]["headlines"]
    return found


def shown(headline: dict[str, Any]) -> tuple[str, str]:
    return headline["previous"]["shown"], headline["now"]["shown"]


async def two_weeks(connections: Connections, *signals: Seen) -> Town:
    """Signals of the week, and five of each of three partners in the week before, all published."""
    before = tuple(Seen(n, 5, day=-3, recorded=-3) for n in (1, 2, 3))
    town = await build(*connections, Plan(THREE, (*before, *signals)))
    await town.publish("2026-W46")
    await town.publish()
    return town


async def test_a_number_stands_beside_that_of_the_week_before(
    connections: Connections, ask: Ask
) -> None:
    town = await two_weeks(connections, Seen(1, 7), Seen(2, 7), Seen(3, 6))
    noise, green = await headlines(ask, town, 0)
    assert shown(noise) == ("15", "20")
    assert noise["changePercent"] == 33
    assert noise["now"]["edition"] == 1
    assert {partner["name"] for partner in noise["now"]["scope"]} == {
        "partner-1",
        "partner-2",
        "partner-3",
    }
    assert shown(green) == ("0", "0")
    assert green["changePercent"] is None


async def test_a_change_is_told_only_between_two_numbers_that_are_shown(
    connections: Connections, ask: Ask
) -> None:
    town = await two_weeks(connections, Seen(1, 9))
    noise, _ = await headlines(ask, town, 0)
    assert shown(noise) == ("15", "niet getoond")
    assert noise["now"]["value"] is None
    assert noise["changePercent"] is None


async def test_who_is_no_party_gets_no_number_and_hears_that_it_is_not_shared(
    connections: Connections, ask: Ask
) -> None:
    town = await two_weeks(connections, Seen(1, 7), Seen(2, 7), Seen(3, 6))
    for asker in (1, 4):
        for headline in await headlines(ask, town, asker):
            assert shown(headline) == ("niet gedeeld", "niet gedeeld")
            assert headline["now"]["scope"] == []


async def test_a_week_that_is_not_over_has_no_number_yet(
    connections: Connections, ask: Ask
) -> None:
    town = await two_weeks(connections, Seen(1, 7), Seen(2, 7), Seen(3, 6))
    noise, _ = await headlines(ask, town, 0, week="2026-W48")
    assert shown(noise) == ("20", "nog niet bekend")
    assert noise["now"]["suppression"] == "PROVISIONAL"
    assert noise["changePercent"] is None


async def test_a_closed_week_that_was_not_published_yet_has_no_number_yet(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(THREE))
    noise, _ = await headlines(ask, town, 0)
    assert shown(noise) == ("nog niet bekend", "nog niet bekend")


async def test_a_week_before_the_agreement_is_not_shared(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(tuple(replace(rule, valid_from=0) for rule in THREE)))
    await town.publish()
    noise, _ = await headlines(ask, town, 0)
    assert shown(noise) == ("niet gedeeld", "0")


async def test_a_rule_that_came_after_publication_does_not_promise_a_number(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan((replace(THREE[0], wijken=(1,)),)))
    await town.publish()
    await town.agree(Rule(2, valid_from=7, includes_past=True))
    noise, _ = await headlines(ask, town, 0)
    assert noise["now"]["suppression"] == "NOT_SHARED"


async def test_measures_stand_in_the_order_of_the_municipality(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(THREE))
    await town.measure("first", ["TRAFFIC"], -1)
    found = [headline["measure"] for headline in await headlines(ask, town, 0)]
    assert found == ["first", "m0", "m1"]


async def test_the_words_for_a_missing_number_come_in_english_on_request(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(THREE))
    noise, _ = await headlines(ask, town, 0, language="en")
    assert noise["now"]["shown"] == "not known yet"


async def test_joint_actions_are_none_until_they_come(connections: Connections, ask: Ask) -> None:
    town = await build(*connections, Plan(THREE))
    data = await ask(town, 0, OVERVIEW % ("2026-W47", NUMBER, NUMBER))
    overview = data["wijken"][0]["overview"]
    assert (overview["week"], overview["openActions"]) == ("2026-W47", 0)
    assert (overview["overdueSteps"], overview["newSince"]) == ([], None)
    actions = (
        "{ wijken { actions(open: true, first: 3) {"
        " total nodes { id } pageInfo { hasNextPage } } } }"
    )
    assert (await ask(town, 0, actions))["wijken"][0]["actions"] == {
        "total": 0,
        "nodes": [],
        "pageInfo": {"hasNextPage": False},
    }


COUNT_OF = st.integers(0, 500) | st.just(None)


@given(COUNT_OF, COUNT_OF, st.sampled_from(["NONE", "NONE", "ROUNDED"]))
def test_a_change_takes_the_old_number_to_the_new_one(
    now: int | None, before: int | None, shown: str
) -> None:
    numbers = [
        {"value": value, "suppression": "WITHHELD" if value is None else shown}
        for value in (now, before)
    ]
    percent = change_percent(*numbers)
    if now is None or not before or shown != "NONE":
        assert percent is None
    else:
        assert percent is not None and percent.is_integer()
        assert 2 * abs(before * (100 + int(percent)) - 100 * now) <= before


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────

COUNTS = tuple(Rule(n, kind="COUNT") for n in (1, 2, 3))


async def test_a_number_of_counts_is_not_known_until_its_period_no_longer_takes_them(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(COUNTS))
    await town.measure("m2", ["TRAFFIC"], 2, open_days=2)
    for number in (1, 2, 3):
        await town.give(Given(number, 5, measure=2, recorded=8))
    await town.today(TODAY + timedelta(days=1))
    await town.publish()
    found = {each["measure"]: each["now"] for each in await headlines(ask, town, 0)}
    assert (found["m0"]["shown"], found["m2"]["suppression"]) == ("0", "PROVISIONAL")
    await town.today(TODAY + timedelta(days=2))
    await town.publish()
    found = {each["measure"]: each["now"] for each in await headlines(ask, town, 0)}
    assert (found["m2"]["shown"], found["m2"]["suppression"]) == ("15", "NONE")


async def test_a_measure_that_goes_by_quarter_has_no_headline_of_a_week(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan(COUNTS))
    await town.measure("m2", ["TRAFFIC"], period="QUARTER")
    assert [each["measure"] for each in await headlines(ask, town, 0)] == ["m0", "m1"]
