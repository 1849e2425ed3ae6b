# SPDX-License-Identifier: EUPL-1.2
"""Sources: who sees a dataset, when it is late, and when it was silent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.overview.conftest import Ask, Connections
from tests.overview.town import MONDAY, TODAY, Plan, Rule, Town, build

pytestmark = pytest.mark.anyio

STATE = "{ organisation { name } dataset lastDelivery expectedEvery late silent contact }"
SOURCES = f"{{ wijken {{ sources {STATE} }} }}"
SILENT = f'{{ wijken {{ overview(week: "%s") {{ silentSources {STATE} }} }} }}'
SUNDAY = TODAY - timedelta(days=1)


def days(number: int) -> timedelta:
    return timedelta(days=number)


async def sources(ask: Ask, town: Town, asker: int, wijk: int = 0) -> list[dict[str, Any]]:
    data = await ask(town, asker, SOURCES)
    found: list[dict[str, Any]] = data["wijken"][wijk]["sources"]
    return found


async def silent(ask: Ask, town: Town, asker: int, week: str = "2026-W47") -> list[str]:
    data = await ask(town, asker, SILENT % week)
    return [source["dataset"] for source in data["wijken"][0]["overview"]["silentSources"]]


async def only(ask: Ask, town: Town) -> dict[str, Any]:
    """The one source that the municipality sees."""
    [source] = await sources(ask, town, 0)
    return source


async def shared(connections: Connections) -> Town:
    """The first partner shares numbers of the first wijk with the municipality."""
    return await build(*connections, Plan((Rule(1),)))


async def test_owner_and_receiver_see_a_source_and_others_do_not(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen")
    seen = [[s["dataset"] for s in await sources(ask, town, asker)] for asker in range(5)]
    assert seen == [["meldingen"], ["meldingen"], [], [], []]
    assert await sources(ask, town, 0, wijk=1) == []


async def test_a_dataset_of_another_kind_than_agreed_is_not_seen(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "activiteiten", kind="ACTIVITY")
    assert await sources(ask, town, 0) == []


@pytest.mark.parametrize("state", ["PROPOSED", "REVOKED"])
async def test_without_an_agreement_in_force_nothing_is_seen(
    connections: Connections, ask: Ask, state: str
) -> None:
    town = await build(*connections, Plan((Rule(1, state=state),)))
    await town.dataset(1, "meldingen")
    assert await sources(ask, town, 0) == []


async def test_an_agreement_that_ended_ends_the_sight_of_a_source(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan((Rule(1, valid_until=7),)))
    await town.dataset(1, "meldingen")
    assert len(await sources(ask, town, 0)) == 1
    await town.today(TODAY + days(1))
    assert await sources(ask, town, 0) == []


async def test_who_stopped_working_in_a_wijk_is_no_source_there(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen")
    await town.administer(
        "update hub.organisation_wijken set works_until = $2 where organisation = $1",
        town.organisations[1],
        SUNDAY,
    )
    assert await sources(ask, town, 0) == []


async def test_a_source_tells_its_last_delivery_its_rhythm_and_whom_to_call(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", 14)
    for day in (MONDAY, MONDAY - days(7)):
        await town.deliver(1, "meldingen", day)
    await town.deliver(1, "meldingen", SUNDAY, wijk=1)
    await town.today(TODAY)
    assert await only(ask, town) == {
        "organisation": {"name": "partner-1"},
        "dataset": "meldingen",
        "lastDelivery": "2026-11-16",
        "expectedEvery": "elke twee weken",
        "late": False,
        "silent": False,
        "contact": "balie@partner.example",
    }


async def test_a_dataset_with_its_own_contact_names_that(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", contact="levering@partner.example")
    assert (await only(ask, town))["contact"] == "levering@partner.example"


@pytest.mark.parametrize(("today", "late"), [(TODAY, False), (TODAY + days(1), True)])
async def test_a_source_is_late_from_the_day_after_its_rhythm(
    connections: Connections, ask: Ask, today: date, late: bool
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", 7)
    await town.deliver(1, "meldingen", MONDAY)
    await town.today(today)
    assert (await only(ask, town))["late"] is late


@pytest.mark.parametrize(("declared", "late"), [(MONDAY, False), (MONDAY - days(1), True)])
async def test_without_any_delivery_the_promise_counts_from_its_declaration(
    connections: Connections, ask: Ask, declared: date, late: bool
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", 7, declared)
    assert (await only(ask, town))["late"] is late


async def test_a_dataset_without_a_rhythm_is_neither_late_nor_silent(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", None)
    source = await only(ask, town)
    assert (source["late"], source["silent"], source["expectedEvery"]) == (False, False, None)
    assert await silent(ask, town, 0) == []


@pytest.mark.parametrize(
    ("rhythm", "delivered", "is_silent"),
    [
        (7, MONDAY, False),
        (7, SUNDAY, False),
        (7, MONDAY - days(1), True),
        (7, TODAY, True),
        (1, MONDAY, False),
        (14, MONDAY - days(7), False),
        (14, MONDAY - days(8), True),
    ],
)
async def test_a_source_was_silent_when_its_rhythm_brought_nothing_by_the_end_of_the_week(
    connections: Connections, ask: Ask, rhythm: int, delivered: date, is_silent: bool
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", rhythm)
    await town.deliver(1, "meldingen", delivered)
    await town.today(TODAY)
    assert await silent(ask, town, 0) == (["meldingen"] if is_silent else [])
    assert (await only(ask, town))["silent"] is is_silent


async def test_a_week_that_is_not_over_is_not_silent_yet(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", 1)
    assert await silent(ask, town, 0, "2026-W47") == ["meldingen"]
    assert await silent(ask, town, 0, "2026-W48") == []


async def test_a_promise_made_within_the_week_was_not_broken_in_it(
    connections: Connections, ask: Ask
) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", 7, MONDAY + days(1))
    assert await silent(ask, town, 0) == []


async def test_the_day_is_that_of_amsterdam(connections: Connections, ask: Ask) -> None:
    town = await shared(connections)
    await town.dataset(1, "meldingen", 7)
    await town.deliver(1, "meldingen", MONDAY)
    await town.administer("update hub.clock set frozen_at = '2026-11-23 22:59:59+00'")
    assert (await only(ask, town))["late"] is False
    await town.administer("update hub.clock set frozen_at = '2026-11-23 23:00:00+00'")
    assert (await only(ask, town))["late"] is True
