# SPDX-License-Identifier: EUPL-1.2
"""Sources: who sees a dataset, when it is late, and when it was silent."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from tests.conftest import World
from tests.kwb.test_commands import hub
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


# -- the calendar

SCHOOL, CARE = 1, 2


async def holiday(town: Town, first: date, last: date, *kinds: str, name: str = "vrij") -> None:
    await town.administer(
        "insert into hub.holidays (gemeente, for_kinds, name, from_day, until_day, source)"
        " values ($1, $2, $3, $4, $5, 'test')",
        town.gemeente,
        list(kinds or ("SCHOOL",)),
        name,
        first,
        last,
    )


async def with_a_school(connections: Connections) -> Town:
    """The first partner is a school, the second gives care; both share numbers."""
    town = await build(*connections, Plan((Rule(SCHOOL), Rule(CARE))))
    for partner, kind in ((SCHOOL, "SCHOOL"), (CARE, "CARE")):
        await town.administer(
            "update hub.organisations set kind = $2 where id = $1",
            town.organisations[partner],
            kind,
        )
    return town


@pytest.mark.parametrize(("today", "late"), [(TODAY, False), (TODAY + days(1), True)])
async def test_a_school_has_its_holidays_longer_and_others_do_not(
    connections: Connections, ask: Ask, today: date, late: bool
) -> None:
    town = await with_a_school(connections)
    await holiday(town, MONDAY, SUNDAY)
    for partner in (SCHOOL, CARE):
        await town.dataset(partner, f"van-{partner}", 7)
        await town.deliver(partner, f"van-{partner}", MONDAY - days(7))
    await town.today(today)
    found = {source["dataset"]: source["late"] for source in await sources(ask, town, 0)}
    assert found == {"van-1": late, "van-2": True}


async def test_a_week_that_is_wholly_holiday_is_silent_for_others_alone(
    connections: Connections, ask: Ask
) -> None:
    town = await with_a_school(connections)
    await holiday(town, MONDAY, MONDAY + days(4))  # as a school writes it: without the weekend
    for partner in (SCHOOL, CARE):
        await town.dataset(partner, f"van-{partner}", 7)
    assert await silent(ask, town, 0, "2026-W46") == ["van-1", "van-2"]
    assert await silent(ask, town, 0, "2026-W47") == ["van-2"]


class Calendar:
    """What late and silent mean, day by day."""

    def __init__(self, holidays: list[tuple[date, date]]) -> None:
        self.holidays = holidays

    def counts(self, day: date) -> bool:
        return not any(first <= day <= last for first, last in self.holidays)

    def late(self, rhythm: int, since: date, delivered: list[date], today: date) -> bool:
        day, waited = max(delivered, default=since), 0
        while day < today:
            day += days(1)
            waited += self.counts(day)
        return waited > rhythm

    def silent(self, rhythm: int, since: date, delivered: list[date], sunday: date) -> bool:
        if not any(self.counts(sunday - days(n)) for n in range(2, 7)):
            return False
        window: list[date] = []
        day, counted, since = sunday, 0, min([since, *delivered])
        while counted + self.counts(day) <= max(rhythm, 7):
            window.append(day)
            counted += self.counts(day)
            day -= days(1)
        young = sum(self.counts(day) for day in window if day >= since) < max(rhythm, 7)
        return not young and not set(window) & set(delivered)


def some_holidays(dice: Random) -> list[tuple[date, date]]:
    """Up to four, which may overlap, in the ten weeks before the day."""
    found = []
    for _ in range(dice.randrange(5)):
        first = TODAY - days(dice.randrange(70))
        found.append((first, first + days(dice.choice((0, 4, 8, 15)))))
    return found


async def compare(connections: Connections, ask: Ask) -> Counter[tuple[str, bool]]:
    """Holds what the hub says of many datasets under many calendars against the model."""
    dice = Random(11)
    town = await with_a_school(connections)
    promises: dict[str, tuple[int, date, list[date]]] = {}
    for number in range(25):
        name = f"reeks-{number:02}"
        rhythm, since = dice.choice((1, 4, 7, 14, 30)), TODAY - days(dice.randrange(60))
        delivered = sorted(
            {TODAY - days(dice.randrange(56)) for _ in range(dice.choice((0, 1, 1, 2, 6)))}
        )
        promises[name] = (rhythm, since, delivered)
        await town.dataset(SCHOOL, name, rhythm, since)
        for day in delivered:
            await town.deliver(SCHOOL, name, day)
    await town.today(TODAY)
    told: Counter[tuple[str, bool]] = Counter()
    for _ in range(20):
        calendar = Calendar(some_holidays(dice))
        await town.administer("delete from hub.holidays where gemeente = $1", town.gemeente)
        for number, (first, last) in enumerate(calendar.holidays):
            await holiday(town, first, last, name=f"vrij {number}")
        for source in await sources(ask, town, 0):
            expected = calendar.late(*promises[source["dataset"]], TODAY)
            assert source["late"] is expected, (source, calendar.holidays)
            told["late", expected] += 1
        for weeks in range(6):
            sunday = SUNDAY - days(7 * weeks)
            names = [
                name for name, promise in promises.items() if calendar.silent(*promise, sunday)
            ]
            found = await silent(ask, town, 0, f"2026-W{47 - weeks}")
            assert found == names, (sunday, calendar.holidays)
            told["silent", bool(names)] += 1
    return told


async def test_late_and_silent_are_what_a_calendar_says_day_by_day(
    connections: Connections, ask: Ask
) -> None:
    told = await compare(connections, ask)
    assert len(told) == 4 and min(told.values()) > 10, told


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("> d.rhythm_days", ">= d.rhythm_days"),
        ("week_until - 2) > 0", "week_until) > 0"),
        (">= p.days", "> p.days"),
        ("> p.days, true", ">= p.days, true"),
        ("h.kind = o.kind", "false"),
    ],
)
async def test_a_rule_that_is_a_day_off_is_found(
    connections: Connections, ask: Ask, right: str, wrong: str
) -> None:
    async with connections.with_function("hub.source_states(uuid[],date)", right, wrong):
        with pytest.raises(AssertionError, match="reeks-"):
            await compare(connections, ask)


async def test_holidays_of_another_gemeente_excuse_nobody(
    connections: Connections, ask: Ask
) -> None:
    town = await with_a_school(connections)
    other = await build(*connections, Plan(()))
    await holiday(other, MONDAY, SUNDAY)
    await town.dataset(SCHOOL, "meldingen", 7)
    assert await silent(ask, town, 0) == ["meldingen"]


# -- categories


@pytest.mark.parametrize(
    ("categories", "rule", "seen"),
    [
        (None, "NOISE", True),
        (["NOISE", "LITTER"], "NOISE", True),
        (["LITTER"], "NOISE", False),
        (["LITTER"], None, True),
    ],
)
async def test_who_receives_one_category_sees_no_source_of_another(
    connections: Connections, ask: Ask, categories: list[str] | None, rule: str | None, seen: bool
) -> None:
    town = await build(*connections, Plan((Rule(1, category=rule),)))
    await town.dataset(1, "meldingen")
    await town.administer(
        "update hub.datasets set categories = $2 where gemeente = $1", town.gemeente, categories
    )
    assert [source["dataset"] for source in await sources(ask, town, 0)] == ["meldingen"] * seen
    assert [source["dataset"] for source in await sources(ask, town, 1)] == ["meldingen"]


ADD = (
    *("partner", "add", "speeltuin", "--gemeente", "GM0637", "--name", "Speeltuin (verzonnen)"),
    *("--kind", "RESIDENTS", "--wijk", "WK063711", "--dataset", "meldingen:30"),
)


async def categories_of(world: World) -> list[list[str] | None]:
    async with world.connect("superuser") as root:
        rows = await root.fetch("select categories from hub.datasets where rhythm_days = 30")
    return [row["categories"] for row in rows]


async def test_a_partner_says_of_which_categories_a_dataset_is(world: World) -> None:
    await hub(world, *ADD, "--categories", "meldingen:NOISE,LITTER")
    assert await categories_of(world) == [["NOISE", "LITTER"]]
    await hub(world, *ADD)
    assert await categories_of(world) == [None]


@pytest.mark.parametrize("words", ["meldingen:GELUID", "meldingen", "meldingen:", "anders:NOISE"])
async def test_categories_that_cannot_be_are_wrong_use(world: World, words: str) -> None:
    result = await hub(world, *ADD, "--categories", words)
    assert result.exit_code == 2
    assert words in result.stderr
    assert await categories_of(world) == []
