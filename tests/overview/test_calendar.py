# SPDX-License-Identifier: EUPL-1.2
"""The calendar of a gemeente: how it comes into the hub, and what it explains beside a number."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main
from resolvers.holidays import import_holidays
from sql.errors import Refusal
from tests.conftest import World
from tests.kwb.test_commands import hub
from tests.overview.conftest import Ask, Connections
from tests.overview.test_sources import TODAY, holiday
from tests.overview.town import MONDAY, Plan, Rule, Town, build

pytestmark = pytest.mark.anyio

UTRECHT = "GM0344"  # a gemeente of the scene that has no holidays yet
HEADER = "name;from;until;source"
AUTUMN = "herfstvakantie;2026-10-17;2026-10-25;Rijksoverheid, regio Midden"
WINTER = "kerstvakantie;2026-12-19;2027-01-03;Rijksoverheid, regio Midden"
REAL = Path(__file__).parents[2] / "hub" / "data" / "school_holidays.csv"
REMARK = '{ wijken { overview(week: "%s") { headlines { remark } } } }'


def lines(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows)).encode()


async def bring(world: World, *rows: str, **more: tuple[str, ...]) -> tuple[int, int]:
    async with world.owner() as owner:
        return await import_holidays(owner, lines(*rows), UTRECHT, **more)


async def stored(world: World) -> list[tuple[str, str, str, list[str]]]:
    async with world.connect("owner") as owner:
        rows = await owner.fetch(
            "select * from hub.holidays where gemeente = $1 order by from_day, name, for_kinds",
            UTRECHT,
        )
    return [
        (row["name"], str(row["from_day"]), str(row["until_day"]), row["for_kinds"]) for row in rows
    ]


# -- the import


async def test_the_same_file_again_changes_nothing(world: World) -> None:
    assert await bring(world, AUTUMN, WINTER) == (2, 2)
    assert await bring(world, AUTUMN, WINTER) == (2, 0)
    assert await stored(world) == [
        ("herfstvakantie", "2026-10-17", "2026-10-25", ["SCHOOL"]),
        ("kerstvakantie", "2026-12-19", "2027-01-03", ["SCHOOL"]),
    ]


async def test_what_changed_in_a_file_is_changed_in_place(world: World) -> None:
    await bring(world, AUTUMN, WINTER)
    longer = AUTUMN.replace("2026-10-25", "2026-11-01")
    assert await bring(world, longer, WINTER) == (2, 1)
    later = AUTUMN.replace("2026-10-17", "2026-10-24").replace("2026-10-25", "2026-11-01")
    assert await bring(world, later, WINTER) == (2, 2)  # one forgotten, one new
    assert [row[1] for row in await stored(world)] == ["2026-10-24", "2026-12-19"]


async def test_a_file_of_another_year_leaves_this_one_alone(world: World) -> None:
    await bring(world, AUTUMN, WINTER)
    assert await bring(world, AUTUMN.replace("2026", "2027")) == (1, 1)
    assert len(await stored(world)) == 3


async def test_holidays_for_another_kind_stand_beside_those_of_schools(world: World) -> None:
    await bring(world, AUTUMN)
    await bring(world, AUTUMN, for_kinds=("WELFARE", "CARE"))
    assert [row[3] for row in await stored(world)] == [["CARE", "WELFARE"], ["SCHOOL"]]


async def test_commas_do_as_well_as_semicolons(world: World) -> None:
    content = b'name,from,until,source\nherfstvakantie,2026-10-17,2026-10-25,"Rijk, regio Midden"\n'
    async with world.owner() as owner:
        assert await import_holidays(owner, content, UTRECHT) == (1, 1)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("herfst;17-10-2026;2026-10-25;Rijk", "from", "KWB_CELL"),
        ("herfst;2026-10-17;;Rijk", "until", "KWB_CELL"),
        ("herfst;2026-10-17;2026-10-16;Rijk", "until", "KWB_CELL"),
        ("herfst;2026-10-17;2027-10-25;Rijk", "until", "KWB_CELL"),
        (";2026-10-17;2026-10-25;Rijk", "name", "KWB_CELL"),
        ("herfst;2026-10-17;2026-10-25", "source", "KWB_CELL"),
        (WINTER, "name", "KWB_CODE_TWICE"),
    ],
)
async def test_a_broken_row_is_named_and_nothing_is_stored(
    world: World, row: str, column: str, code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        await bring(world, WINTER, row)
    assert (caught.value.code, caught.value.path) == (code, ("rows", 3, column))
    assert await stored(world) == []


@pytest.mark.parametrize(
    ("content", "gemeente", "code"),
    [
        (b"name;from;source\n", UTRECHT, "KWB_COLUMNS_MISSING"),
        (b"\xff\xfe", UTRECHT, "KWB_NOT_A_SHEET"),
        (Path("nowhere.csv"), UTRECHT, "KWB_FILE"),
        (lines(AUTUMN), "GM9999", "UNKNOWN_GEMEENTE"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused(
    world: World, content: bytes | Path, gemeente: str, code: str
) -> None:
    async with world.owner() as owner:
        with pytest.raises(Refusal) as caught:
            await import_holidays(owner, content, gemeente)
    assert caught.value.code == code


async def test_the_command_counts_and_speaks_json(world: World) -> None:
    command = ("import", "holidays", REAL, "--gemeente", UTRECHT)
    first = await hub(world, *command, "--json")
    assert json.loads(first.stdout) == {"gemeente": UTRECHT, "holidays": 6, "changed": 6}
    again = await hub(world, *command)
    assert (again.exit_code, again.stdout) == (
        0,
        "6 holidays\nNothing changed: it was known already\n",
    )


async def test_the_command_names_the_cell_and_the_cure(world: World, tmp_path: Path) -> None:
    file = tmp_path / "vakanties.csv"
    file.write_bytes(lines(AUTUMN.replace("2026-10-25", "25 oktober")))
    result = await hub(world, "import", "holidays", file, "--gemeente", UTRECHT)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "Cel C2 (kolom until) klopt niet: er staat '25 oktober'. "
        "Verbeter deze cel. Een goed voorbeeld: 2026-10-25."
    )


def test_help_lists_the_imports_in_their_order_and_each_has_an_example() -> None:
    runner = CliRunner()
    listed = runner.invoke(main, ["import", "--help"]).stdout.partition("Commands:")[2]
    names = [line.split()[0] for line in listed.strip().splitlines()]
    assert names == ["areas", "kwb", "facts", "holidays"]
    for name in names:
        assert f"\n    hub import {name} " in runner.invoke(main, ["import", name, "--help"]).stdout


# -- what it explains


async def remarks(ask: Ask, town: Town, week: str, language: str = "nl") -> set[str | None]:
    data = await ask(town, 0, REMARK % week, language)
    found = {headline["remark"] for headline in data["wijken"][0]["overview"]["headlines"]}
    assert len(found) == 1
    return found


async def test_a_holiday_is_told_of_in_its_week_and_the_week_after(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan((Rule(1),)))
    first = MONDAY - timedelta(days=9)  # a Saturday: that weekend explains nothing
    await holiday(town, first, first + timedelta(days=8), name="herfstvakantie")
    assert await remarks(ask, town, "2026-W45") == {None}
    assert await remarks(ask, town, "2026-W46") == {"In deze week was het herfstvakantie."}
    assert await remarks(ask, town, "2026-W47") == {"De week ervoor was het herfstvakantie."}
    assert await remarks(ask, town, "2026-W46", "en") == {
        "A holiday fell in this week: herfstvakantie."
    }


async def test_holidays_of_both_weeks_are_told_of_each_by_its_name_once(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan((Rule(1),)))
    await holiday(town, MONDAY - timedelta(days=7), MONDAY, name="kerstvakantie")
    await holiday(town, MONDAY, MONDAY, "CARE", name="kerstvakantie")
    await holiday(town, MONDAY + timedelta(days=1), TODAY, name="studiedagen")
    assert await remarks(ask, town, "2026-W47") == {
        "In deze week was het kerstvakantie, studiedagen. De week ervoor was het kerstvakantie."
    }


async def test_a_week_that_is_not_over_has_no_remark_of_its_own(
    connections: Connections, ask: Ask
) -> None:
    town = await build(*connections, Plan((Rule(1),)))
    await holiday(town, TODAY, TODAY + timedelta(days=20), name="kerstvakantie")
    for week in ("2026-W47", "2026-W48", "2026-W50"):
        assert await remarks(ask, town, week) == {None}
