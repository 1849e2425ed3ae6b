# SPDX-License-Identifier: EUPL-1.2
"""Figures that get into the hub once, are renewed in place, and never half."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from resolvers.areas import confirm_areas, import_areas
from resolvers.kwb import KwbResult, import_facts, import_kwb
from sql.errors import Refusal
from tests.areas.conftest import Ground
from tests.areas.files import YEARS, ZOETERMEER, collection, polygon
from tests.kwb.files import FACTS, KWB, UTRECHT, Change, changed, with_cells

pytestmark = pytest.mark.anyio

TABLES = ("gemeenten", "divisions", "wijken", "wijk_versions", "buurten", "figures")
WEST, OOG_IN_AL = "WK034401", "BU03440112"
FIGURES_OF_ONE_YEAR = 122 * 114


async def everything(ground: Ground) -> dict[str, list[dict[str, Any]]]:
    """Each row of each table, with its place on disk: a row written again has moved."""
    query = "select ctid::text as place, t.* from hub.{} t order by 1"
    return {table: await ground.rows(query.format(table)) for table in TABLES}


async def imported(ground: Ground, content: bytes | Path, year: int = 2023) -> KwbResult:
    return await import_kwb(ground.database, content, year=year)


async def refused(ground: Ground, content: bytes | Path, year: int = 2023) -> Refusal:
    """The refusal of an import, which left everything as it was."""
    before = await everything(ground)
    with pytest.raises(Refusal) as caught:
        await imported(ground, content, year)
    assert await everything(ground) == before
    return caught.value


async def figure(ground: Ground, code: str, measure: str, year: int) -> tuple[Any, Any, Any]:
    """Value, reason and status of a figure, of the area that has the code in this year."""
    [row] = await ground.rows(
        """select f.value, f.null_reason, f.status from hub.figures f
        left join hub.wijk_versions v on v.wijk = f.wijk and v.year = f.year
        left join hub.buurten b on b.id = f.buurt
        where f.measure = $2 and f.year = $3
          and coalesce(v.code, b.code, case when f.wijk is null then f.gemeente end) = $1""",
        code,
        measure,
        year,
    )
    return row["value"], row["null_reason"], row["status"]


async def count(ground: Ground, table: str) -> int:
    [row] = await ground.rows(f"select count(*)::int as n from hub.{table}")
    number: int = row["n"]
    return number


def renamed(code: str, name: str, flag: int) -> Change:
    """Gives an area another name and CBS's flag for it."""

    def change(rows: list[list[Any]]) -> None:
        for row in rows:
            if row[0] == code:
                row[rows[0].index("regio")], row[rows[0].index("ind_wbi")] = name, flag

    return change


async def test_utrecht_comes_with_its_wijken_and_buurten(ground: Ground) -> None:
    result = await imported(ground, KWB[2023])
    assert (result.gemeenten, result.regions) == ((UTRECHT,), 122)
    assert result.figures == await count(ground, "figures") == FIGURES_OF_ONE_YEAR
    assert (await count(ground, "wijken"), await count(ground, "buurten")) == (10, 111)
    names = await ground.rows("select name from hub.wijk_versions order by code")
    assert names[0] == {"name": "Wijk 01 West"}
    assert await ground.rows("select name from hub.gemeenten") == [{"name": "Utrecht"}]


async def test_the_next_year_continues_every_wijk_and_buurt(ground: Ground) -> None:
    await imported(ground, KWB[2023])
    await imported(ground, KWB[2024], 2024)
    assert (await count(ground, "wijken"), await count(ground, "buurten")) == (10, 111)
    assert await ground.rows(
        "select year, comparability, count(*)::int as n from hub.wijk_versions"
        " group by 1, 2 order by 1"
    ) == [
        {"year": 2023, "comparability": "UNCHANGED", "n": 10},
        {"year": 2024, "comparability": "UNCHANGED", "n": 10},
    ]
    assert await ground.rows("select distinct year from hub.buurten") == [{"year": 2024}]


@pytest.mark.parametrize("again", [2023, 2024])
async def test_importing_twice_changes_nothing(ground: Ground, again: int) -> None:
    for year, path in KWB.items():
        assert (await imported(ground, path, year)).changed > 0
    before = await everything(ground)
    assert (await imported(ground, KWB[again], again)).changed == 0
    assert await everything(ground) == before


async def test_the_totals_of_wijken_are_not_those_of_the_gemeente_and_nothing_makes_them_so(
    ground: Ground,
) -> None:
    await imported(ground, KWB[2023])
    [sums] = await ground.rows(
        """select sum(value) filter (where wijk is not null) as wijken,
        sum(value) filter (where buurt is not null) as buurten,
        sum(value) filter (where wijk is null and buurt is null) as gemeente
        from hub.figures where measure = 'a_inw'"""
    )
    assert sums["gemeente"] == 367_947
    assert len(set(sums.values())) > 1
    assert sums["wijken"] != sums["gemeente"]


async def test_what_is_to_be_published_is_provisional_and_filled_in_by_a_later_file(
    ground: Ground,
) -> None:
    await imported(ground, KWB[2024], 2024)
    assert await figure(ground, WEST, "a_woning", 2024) == (
        None,
        "UNKNOWN_OR_SECRET",
        "PROVISIONAL",
    )
    later = with_cells(KWB[2024], {(WEST, "a_woning"): 13_230, (UTRECHT, "a_woning"): 168_000})
    result = await imported(ground, later, 2024)
    assert await figure(ground, WEST, "a_woning", 2024) == (13_230, None, "DEFINITIVE")
    assert await figure(ground, OOG_IN_AL, "a_woning", 2024) == (
        None,
        "UNKNOWN_OR_SECRET",
        "DEFINITIVE",
    )
    assert result.changed == 122  # the column as a whole is published now
    assert await count(ground, "figures") == FIGURES_OF_ONE_YEAR


async def test_a_correction_changes_one_row(ground: Ground) -> None:
    await imported(ground, KWB[2023])
    result = await imported(ground, with_cells(KWB[2023], {(OOG_IN_AL, "a_inw"): 4_444}))
    assert result.changed == 1
    assert await figure(ground, OOG_IN_AL, "a_inw", 2023) == (4_444, None, "DEFINITIVE")


async def test_cbs_says_itself_which_figures_are_provisional(ground: Ground) -> None:
    await imported(ground, KWB[2023])
    assert await figure(ground, WEST, "a_inw", 2023) == (29_040, None, "DEFINITIVE")
    assert await figure(ground, WEST, "a_bedv", 2023) == (5_985, None, "PROVISIONAL")
    [note] = await ground.rows("select distinct note from hub.figures where measure = 'g_wozbag'")
    assert note == {"note": "Het betreft nader voorlopige cijfers."}


async def test_every_figure_says_whether_cbs_compares_it_with_the_year_before(
    ground: Ground,
) -> None:
    changed_boundary = changed(KWB[2023], renamed(OOG_IN_AL, "Oog in Al", 3))
    await imported(ground, changed_boundary)
    rows = await ground.rows(
        "select comparability, count(*)::int as n from hub.figures group by 1 order by 1"
    )
    assert rows == [
        {"comparability": "BOUNDARY_CHANGED", "n": 114},
        {"comparability": "UNCHANGED", "n": 121 * 114},
    ]


async def test_a_wijk_with_another_name_stays_the_same_wijk_when_cbs_says_so(
    ground: Ground,
) -> None:
    await imported(ground, KWB[2023])
    result = await imported(ground, changed(KWB[2024], renamed(WEST, "West", 1)), 2024)
    assert result.waiting == ()
    assert await count(ground, "wijken") == 10
    assert (await figure(ground, WEST, "a_inw", 2024))[0] == 29_710


async def test_a_wijk_whose_boundary_changed_waits_for_a_person_and_so_do_its_figures(
    ground: Ground,
) -> None:
    await imported(ground, KWB[2023])
    file = changed(KWB[2024], renamed(WEST, "Nieuw West", 3))
    result = await imported(ground, file, 2024)
    [division] = result.waiting
    assert [area.code for area in division.areas if area.state == "WAITS"] == [WEST]
    assert await count(ground, "figures") == FIGURES_OF_ONE_YEAR
    await confirm_areas(ground.database, UTRECHT, 2024, {WEST: None})
    assert (await imported(ground, file, 2024)).waiting == ()
    assert await count(ground, "figures") == 2 * FIGURES_OF_ONE_YEAR
    assert await count(ground, "wijken") == 11


async def test_a_division_with_boundaries_keeps_them(ground: Ground) -> None:
    wijken = [
        {
            "type": "Feature",
            "geometry": polygon(number, 0),
            "properties": {"wijkcode": f"WK0344{number:02}", "wijknaam": f"Met grens {number}"},
        }
        for number in range(1, 11)
    ]
    await import_areas(
        ground.database, collection(*wijken), year=2023, source="PDOK", gemeente_name="Utrecht"
    )
    await imported(ground, KWB[2023])
    [row] = await ground.rows(
        "select count(boundary)::int as n, min(name) as name from hub.wijk_versions"
    )
    assert row == {"n": 10, "name": "Met grens 1"}
    assert await count(ground, "figures") == FIGURES_OF_ONE_YEAR


async def test_a_file_whose_areas_the_division_does_not_have_is_refused_whole(
    ground: Ground,
) -> None:
    await imported(ground, KWB[2023])

    def change(rows: list[list[Any]]) -> None:
        rows.append(["WK034499", "034499", "Nergens", "Utrecht", "Wijk", "WK034499", 1, *[1] * 114])

    refusal = await refused(ground, changed(KWB[2023], change))
    assert (refusal.code, refusal.params["row"]) == ("KWB_UNKNOWN_AREA", 124)


async def test_a_buurt_whose_wijk_is_not_in_the_file_is_named_by_its_row(ground: Ground) -> None:
    def change(rows: list[list[Any]]) -> None:
        del rows[2]

    refusal = await refused(ground, changed(KWB[2023], change))
    assert (refusal.code, refusal.params["row"], refusal.params["area"]) == (
        "KWB_UNKNOWN_AREA",
        3,
        "BU03440111",
    )


async def test_a_broken_file_stores_nothing(ground: Ground) -> None:
    refusal = await refused(ground, with_cells(KWB[2023], {("BU03441041", "ste_oad"): "veel"}))
    assert (refusal.code, refusal.params["row"], refusal.params["column"]) == (
        "KWB_CELL",
        123,
        "ste_oad",
    )


async def test_a_year_before_the_ones_that_are_known_is_refused(ground: Ground) -> None:
    await imported(ground, KWB[2024], 2024)
    assert (await refused(ground, KWB[2023])).code == "AREAS_LATER_YEAR"


async def test_a_later_file_of_an_earlier_year_fills_it_in(ground: Ground) -> None:
    for year, path in KWB.items():
        await imported(ground, path, year)
    await imported(ground, with_cells(KWB[2023], {(WEST, "g_ele"): "2.130"[:4]}))
    assert (await figure(ground, WEST, "g_ele", 2023))[0] == 2.13


@pytest.fixture
async def zoetermeer(ground: Ground) -> Ground:
    await import_areas(
        ground.database, YEARS[2025], year=2025, source="PDOK", gemeente_name="Zoetermeer"
    )
    return ground


async def test_what_a_gemeente_published_itself_keeps_its_day_and_its_source(
    zoetermeer: Ground,
) -> None:
    assert await import_facts(zoetermeer.database, FACTS) == (11, 11)
    [row] = await zoetermeer.rows(
        """select gemeente, wijk, value, unit, label, measured_on, note,
        source like 'https://%' as cited from hub.figures where measure = 'a_inw' and year = 2023"""
    )
    assert row == {
        "gemeente": ZOETERMEER,
        "wijk": None,
        "value": 127_031,
        "unit": "personen",
        "label": "Aantal inwoners",
        "measured_on": date(2023, 1, 1),
        "note": "BRP count (exact)",
        "cited": True,
    }
    assert await import_facts(zoetermeer.database, FACTS) == (11, 0)


async def test_facts_about_a_gemeente_that_the_hub_does_not_know_are_refused(
    ground: Ground,
) -> None:
    with pytest.raises(Refusal) as caught:
        await import_facts(ground.database, FACTS)
    assert caught.value.code == "UNKNOWN_GEMEENTE"


@pytest.mark.parametrize(
    ("was", "becomes", "column", "letter"),
    [
        (b",127031,", b",veel,", "value", "E"),
        (b"GM0637,,a_inw,127031", b"WK063701,2025,a_inw,127031", "area_code", "B"),
        (b"2023-01-01", b"01-01-2023", "reference_date", "G"),
        (
            b"https://zoetermeer.begrotingsapp.nl/jaarstukken-2022",
            b"jaarstukken",
            "source_url",
            "H",
        ),
    ],
)
async def test_a_fault_in_facts_names_its_row_and_column(
    zoetermeer: Ground, was: bytes, becomes: bytes, column: str, letter: str
) -> None:
    with pytest.raises(Refusal) as caught:
        await import_facts(zoetermeer.database, FACTS.read_bytes().replace(was, becomes, 1))
    assert caught.value.code == "KWB_CELL"
    assert (caught.value.params["column"], caught.value.params["letter"]) == (column, letter)
    assert await count(zoetermeer, "figures") == 0
