# SPDX-License-Identifier: EUPL-1.2
"""Files that become divisions: lasting wijken, dated versions, predecessors and buurten."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from resolvers.areas import ImportResult, Outcome, confirm_areas, import_areas
from sql.errors import Refusal
from tests.areas.conftest import Ground
from tests.areas.files import YEARS, ZOETERMEER, buurt, collection, polygon, wijk

pytestmark = pytest.mark.anyio

TABLES = (
    "gemeenten",
    "divisions",
    "wijken",
    "wijk_versions",
    "wijk_predecessors",
    "buurten",
    "area_proposals",
)
SOURCE = "CBS, Kadaster (PDOK), cartomap"


async def everything(ground: Ground) -> dict[str, list[dict[str, Any]]]:
    """Each row of each table of areas, with its place on disk: a row written again has moved."""
    query = "select ctid::text as place, t.* from hub.{} t order by 1"
    return {table: await ground.rows(query.format(table)) for table in TABLES}


async def imported(ground: Ground, content: Any, year: int = 2025, **options: Any) -> ImportResult:
    return await import_areas(ground.database, content, year=year, source=SOURCE, **options)


async def refused(ground: Ground, content: Any, year: int = 2025, **options: Any) -> Refusal:
    """The refusal of an import, which left everything as it was."""
    before = await everything(ground)
    with pytest.raises(Refusal) as caught:
        await imported(ground, content, year, **options)
    assert await everything(ground) == before
    return caught.value


async def wijk_named(ground: Ground, name: str, year: int) -> UUID:
    [row] = await ground.rows(
        "select wijk from hub.wijk_versions where name = $1 and year = $2", name, year
    )
    found: UUID = row["wijk"]
    return found


async def versions(ground: Ground, year: int) -> dict[str, tuple[str, str | None]]:
    query = "select name, code, comparability from hub.wijk_versions where year = $1"
    return {r["name"]: (r["code"], r["comparability"]) for r in await ground.rows(query, year)}


@pytest.fixture
async def zoetermeer(ground: Ground) -> Ground:
    for year, path in YEARS.items():
        await imported(ground, path, year, confirm="names", gemeente_name="Zoetermeer")
    return ground


async def test_oosterheem_is_one_wijk_under_two_codes(zoetermeer: Ground) -> None:
    history = await zoetermeer.rows(
        "select year, code, comparability from hub.wijk_versions where wijk = $1 order by year",
        await wijk_named(zoetermeer, "Oosterheem", 2025),
    )
    assert [tuple(version.values()) for version in history] == [
        (2024, "WK063706", None),
        (2025, "WK063711", "BOUNDARY_CHANGED"),
    ]


async def test_a_code_of_both_years_names_two_wijken(zoetermeer: Ground) -> None:
    found = await zoetermeer.rows(
        "select code from hub.wijk_versions"
        " group by code having count(*) = 2 and count(distinct wijk) = 2",
    )
    assert len(found) == 8


async def test_zoetermeer_has_eighteen_wijken_of_which_fifteen_are_of_2025(
    zoetermeer: Ground,
) -> None:
    counts = await zoetermeer.rows(
        "select (select count(*) from hub.wijken) as lasting, hub.current_year($1) as year,"
        " (select count(boundary) from hub.wijk_versions where year = 2025) as now",
        ZOETERMEER,
    )
    assert counts == [{"lasting": 18, "year": 2025, "now": 15}]
    assert await zoetermeer.rows("select name from hub.gemeenten") == [{"name": "Zoetermeer"}]


async def test_the_predecessors_of_dorp_are_centrum_and_industriegebied(
    zoetermeer: Ground,
) -> None:
    found = await zoetermeer.rows(
        "select v.name, v.year, round(p.share::numeric, 1)::text as share, p.approximate"
        " from hub.wijk_predecessors p"
        " join hub.wijk_versions v on v.wijk = p.predecessor and v.year = p.predecessor_year"
        " where p.wijk = $1 and p.year = 2025 order by p.share desc",
        await wijk_named(zoetermeer, "Dorp", 2025),
    )
    assert [tuple(row.values()) for row in found] == [
        ("Centrum", 2024, "0.9", True),
        ("Industriegebied", 2024, "0.1", True),
    ]


async def test_buytenwegh_is_a_new_wijk_split_off_buytenwegh_de_leyens(
    zoetermeer: Ground,
) -> None:
    [largest, *_] = await zoetermeer.rows(
        "select predecessor from hub.wijk_predecessors where wijk = $1 order by share desc",
        await wijk_named(zoetermeer, "Buytenwegh", 2025),
    )
    assert largest["predecessor"] == await wijk_named(zoetermeer, "Buytenwegh de Leyens", 2024)
    assert largest["predecessor"] != await wijk_named(zoetermeer, "Buytenwegh", 2025)


async def test_importing_the_same_files_again_changes_nothing(zoetermeer: Ground) -> None:
    before = await everything(zoetermeer)
    for year in (2025, 2024, 2025):
        again = await imported(zoetermeer, YEARS[year], year, confirm="names")
        assert again.changed == 0
    assert await everything(zoetermeer) == before


async def test_the_same_areas_in_another_order_change_nothing(zoetermeer: Ground) -> None:
    before = await everything(zoetermeer)
    features = json.loads(YEARS[2025].read_text("utf-8"))["features"]
    turned = await imported(zoetermeer, collection(*reversed(features)), confirm="names")
    assert turned.changed == 0
    assert await everything(zoetermeer) == before


async def test_each_area_is_told_of_after_it_is_stored(ground: Ground) -> None:
    told: list[Outcome] = []
    await imported(ground, YEARS[2024], 2024)
    result = await imported(ground, YEARS[2025], confirm="names", report=told.append)
    [division] = result.divisions
    assert tuple(told) == division.areas
    assert [(o.code, o.was) for o in told if o.name == "Oosterheem"] == [("WK063711", "Oosterheem")]
    assert sum(o.state == "NEW" for o in told) == 9


async def test_a_later_division_waits_until_each_of_its_areas_is_confirmed(
    ground: Ground,
) -> None:
    await imported(ground, YEARS[2024], 2024)
    [division] = (await imported(ground, YEARS[2025])).divisions
    assert not division.established
    assert await versions(ground, 2025) == {}
    assert await ground.rows("select hub.current_year($1) as year", ZOETERMEER) == [{"year": 2024}]

    proposed = {area.code: area.wijk for area in division.areas}
    last = proposed.popitem()
    partly = await confirm_areas(ground.database, ZOETERMEER, 2025, proposed)
    assert not partly.established
    assert await versions(ground, 2025) == {}

    whole = await confirm_areas(ground.database, ZOETERMEER, 2025, dict([last]))
    assert whole.established
    assert len(await versions(ground, 2025)) == 15
    oosterheem = [await wijk_named(ground, "Oosterheem", year) for year in YEARS]
    assert oosterheem[0] == oosterheem[1]


async def test_a_person_may_decide_otherwise_and_a_later_import_keeps_that(
    ground: Ground,
) -> None:
    await imported(ground, YEARS[2024], 2024)
    await imported(ground, YEARS[2025])
    centrum = await wijk_named(ground, "Centrum", 2024)
    await confirm_areas(ground.database, ZOETERMEER, 2025, {"WK063701": centrum, "WK063711": None})
    await imported(ground, YEARS[2025], confirm="names")
    assert await wijk_named(ground, "Dorp", 2025) == centrum
    assert await wijk_named(ground, "Oosterheem", 2025) != await wijk_named(
        ground, "Oosterheem", 2024
    )
    assert (await versions(ground, 2025))["Dorp"] == ("WK063701", "BOUNDARY_CHANGED")


async def test_confirming_all_continues_a_wijk_that_was_only_renamed(
    ground: Ground,
) -> None:
    old = collection(wijk("WK063701", "Oud", polygon(0, 0)))
    new = collection(wijk("WK063701", "Nieuw", polygon(0, 0)))
    await imported(ground, old, 2024)
    [division] = (await imported(ground, new)).divisions
    assert [(a.state, a.alike) for a in division.areas] == [("WAITS", "OVERLAP")]
    await imported(ground, new, confirm="all")
    assert await wijk_named(ground, "Nieuw", 2025) == await wijk_named(ground, "Oud", 2024)
    assert await versions(ground, 2025) == {"Nieuw": ("WK063701", "UNCHANGED")}
    assert await ground.rows("select * from hub.wijk_predecessors") == []


async def test_confirming_names_takes_what_only_overlaps_for_a_new_wijk(
    ground: Ground,
) -> None:
    await imported(ground, collection(wijk("WK063701", "Oud", polygon(0, 0))), 2024)
    new = collection(wijk("WK063701", "Nieuw", polygon(0, 0)))
    await imported(ground, new, confirm="names")
    old_and_new = [await wijk_named(ground, *v) for v in (("Oud", 2024), ("Nieuw", 2025))]
    assert old_and_new[0] != old_and_new[1]


async def test_a_wijk_cannot_be_continued_by_an_area_after_another_was_confirmed(
    ground: Ground,
) -> None:
    await imported(ground, YEARS[2024], 2024)
    await imported(ground, YEARS[2025])
    centrum = await wijk_named(ground, "Centrum", 2024)
    await confirm_areas(ground.database, ZOETERMEER, 2025, {"WK063701": centrum})
    with pytest.raises(Refusal) as caught:
        await confirm_areas(ground.database, ZOETERMEER, 2025, {"WK063702": centrum})
    assert (caught.value.code, caught.value.params["first"]) == ("AREAS_WIJK_TWICE", "WK063701")


async def test_an_area_that_a_better_file_leaves_out_no_longer_waits(
    ground: Ground,
) -> None:
    dorp = wijk("WK063701", "Dorp", polygon(0, 0))
    await imported(ground, collection(dorp), 2024)
    await imported(ground, collection(dorp, wijk("WK063702", "Haven", polygon(1, 0))))
    [division] = (await imported(ground, collection(dorp), confirm="names")).divisions
    assert division.established
    assert list(await versions(ground, 2025)) == ["Dorp"]


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        ({"WK063799": None}, "AREAS_NOT_PROPOSED"),
        ({"WK063701": uuid4()}, "AREAS_NO_SUCH_WIJK"),
        ({"WK063701": "Centrum", "WK063702": "Centrum"}, "AREAS_WIJK_TWICE"),
    ],
)
async def test_a_decision_that_cannot_be_is_refused(
    ground: Ground, decisions: dict[str, Any], code: str
) -> None:
    await imported(ground, YEARS[2024], 2024)
    await imported(ground, YEARS[2025])
    centrum = await wijk_named(ground, "Centrum", 2024)
    asked = {area: centrum if wijk == "Centrum" else wijk for area, wijk in decisions.items()}
    before = await everything(ground)
    with pytest.raises(Refusal) as caught:
        await confirm_areas(ground.database, ZOETERMEER, 2025, asked)
    assert caught.value.code == code
    assert await everything(ground) == before


async def test_a_decision_on_a_year_that_stands_is_refused_unless_it_is_the_same(
    zoetermeer: Ground,
) -> None:
    oosterheem = await wijk_named(zoetermeer, "Oosterheem", 2025)
    same = await confirm_areas(zoetermeer.database, ZOETERMEER, 2025, {"WK063711": oosterheem})
    assert same.changed == 0
    with pytest.raises(Refusal) as caught:
        await confirm_areas(zoetermeer.database, ZOETERMEER, 2025, {"WK063711": None})
    assert caught.value.code == "AREAS_SETTLED"


async def test_confirming_where_nothing_was_proposed_is_refused(ground: Ground) -> None:
    with pytest.raises(Refusal) as caught:
        await confirm_areas(ground.database, ZOETERMEER, 2025, {})
    assert caught.value.code == "AREAS_NOTHING_PROPOSED"


async def test_the_word_of_cbs_wins_over_what_is_computed(ground: Ground) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2024)
    flagged = collection(wijk("WK063702", "Dorp", polygon(0, 0, width=2), ind_wbi=2))
    await imported(ground, flagged, confirm="names")
    assert await versions(ground, 2025) == {"Dorp": ("WK063702", "CODE_CHANGED")}
    assert await ground.rows("select * from hub.wijk_predecessors") == []


async def test_a_new_wijk_has_nothing_to_compare_with_whatever_its_flag(
    ground: Ground,
) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2024)
    flagged = collection(wijk("WK063702", "Haven", polygon(3, 3), ind_wbi=3))
    await imported(ground, flagged, confirm="names")
    assert await versions(ground, 2025) == {"Haven": ("WK063702", None)}


async def test_the_word_of_cbs_says_nothing_when_a_year_lies_between(
    ground: Ground,
) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2023)
    flagged = collection(wijk("WK063701", "Dorp", polygon(0, 0, width=2), ind_wbi=1))
    await imported(ground, flagged, confirm="names")
    assert await versions(ground, 2025) == {"Dorp": ("WK063701", "BOUNDARY_CHANGED")}


async def test_an_area_without_a_boundary_is_stored_without_one(ground: Ground) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp"), wijk("WK063702", "Centrum")))
    query = "select name, boundary, comparability from hub.wijk_versions order by name"
    assert [tuple(row.values()) for row in await ground.rows(query)] == [
        ("Centrum", None, None),
        ("Dorp", None, None),
    ]


async def test_without_boundaries_nobody_knows_whether_years_compare(
    ground: Ground,
) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp")), 2024)
    await imported(ground, collection(wijk("WK063701", "Dorp", polygon(0, 0))), confirm="all")
    assert await versions(ground, 2025) == {"Dorp": ("WK063701", None)}


async def test_a_better_file_of_the_newest_year_renews_boundaries_and_keeps_identities(
    ground: Ground,
) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2024)
    await imported(ground, collection(wijk("WK063701", "Dorp", polygon(0, 0))), confirm="names")
    before = await wijk_named(ground, "Dorp", 2025)
    better = collection(wijk("WK063701", "Het Dorp", polygon(0, 0, width=2)))
    assert (await imported(ground, better)).changed > 0
    assert await versions(ground, 2025) == {"Het Dorp": ("WK063701", "BOUNDARY_CHANGED")}
    assert await wijk_named(ground, "Het Dorp", 2025) == before
    [share] = await ground.rows("select share from hub.wijk_predecessors")
    assert share["share"] == pytest.approx(0.5)


async def test_a_better_boundary_takes_back_a_predecessor_that_it_does_not_touch(
    ground: Ground,
) -> None:
    old = [wijk("WK063701", "Dorp", polygon(0, 0)), wijk("WK063702", "Haven", polygon(1, 0))]
    await imported(ground, collection(*old), 2024)
    count = "select count(*) as predecessors from hub.wijk_predecessors"
    for width, predecessors in ((2, 2), (0.5, 1)):
        new = collection(wijk("WK063701", "Dorp", polygon(0, 0, width=width)))
        await imported(ground, new, confirm="names")
        assert await ground.rows(count) == [{"predecessors": predecessors}]


async def test_an_area_that_a_better_file_adds_waits_while_the_others_stay(
    ground: Ground,
) -> None:
    dorp = wijk("WK063701", "Dorp", polygon(0, 0))
    for year in (2024, 2025):
        await imported(ground, collection(dorp), year, confirm="names")
    more = collection(dorp, wijk("WK063702", "Haven", polygon(1, 0)))
    [division] = (await imported(ground, more)).divisions
    assert [(a.name, a.state) for a in division.areas] == [
        ("Dorp", "CONTINUES"),
        ("Haven", "WAITS"),
    ]
    assert list(await versions(ground, 2025)) == ["Dorp"]
    await confirm_areas(ground.database, ZOETERMEER, 2025, {"WK063702": None})
    assert sorted(await versions(ground, 2025)) == ["Dorp", "Haven"]


async def test_a_file_that_lacks_areas_of_its_year_is_refused(zoetermeer: Ground) -> None:
    error = await refused(zoetermeer, collection(wijk("WK063701", "Dorp", polygon(0, 0))))
    assert error.code == "AREAS_MISSING"
    assert "WK063702" in error.params["missing"]  # type: ignore[operator]


@pytest.mark.parametrize("year", [2023, 2024])
async def test_a_year_that_a_later_one_stands_on_cannot_be_changed(
    zoetermeer: Ground, year: int
) -> None:
    changed = YEARS[2024].read_bytes().replace(b"2024WK", f"{year}WK".encode())
    changed = changed.replace(b"Meerzicht", b"Meer zicht")
    error = await refused(zoetermeer, changed, year)
    assert (error.code, error.params) == ("AREAS_LATER_YEAR", {"year": year, "later": 2025})


async def test_a_broken_feature_leaves_nothing_of_its_file(ground: Ground) -> None:
    broken = collection(wijk("WK063701", "Dorp", polygon(0, 0)), wijk("WK06", "Centrum"))
    assert (await refused(ground, broken)).code == "AREAS_PROPERTY"
    late = collection(wijk("WK063701", "Dorp"), buurt("BU06370201", "Tuinen", "WK063702"))
    error = await refused(ground, late)
    assert (error.code, error.params["feature"]) == ("AREAS_BUURT_WITHOUT_WIJK", 2)


async def test_a_file_for_another_year_is_refused(ground: Ground) -> None:
    assert (await refused(ground, YEARS[2024])).code == "AREAS_OTHER_YEAR"
    assert (await refused(ground, YEARS[2024], 1815)).code == "AREAS_YEAR"


async def test_of_a_file_of_the_country_one_gemeente_can_be_taken(ground: Ground) -> None:
    country = collection(
        wijk("WK063701", "Dorp"),
        wijk("WK034401", "Binnenstad", gemeentecode="GM0344", gemeentenaam="Utrecht"),
    )
    await imported(ground, country, gemeente="GM0344")
    assert await ground.rows("select * from hub.gemeenten") == [
        {"code": "GM0344", "name": "Utrecht"}
    ]
    both = await imported(ground, country)
    assert [division.gemeente for division in both.divisions] == ["GM0344", "GM0637"]
    assert (await refused(ground, country, gemeente="GM0599")).code == "AREAS_NO_SUCH_GEMEENTE"


async def test_areas_can_be_kernen(ground: Ground) -> None:
    await imported(ground, collection(wijk("WK063701", "Dorp")), kind="KERN")
    assert await ground.rows("select kind from hub.wijken") == [{"kind": "KERN"}]


async def test_buurten_come_under_the_wijk_that_they_name(ground: Ground) -> None:
    file = collection(
        buurt("BU06370801", "Tuinen", "WK063708"), wijk("WK063708", "Seghwaert", polygon(0, 0))
    )
    [division] = (await imported(ground, file)).divisions
    assert division.buurten == 1
    found = await ground.rows("select wijk, name, code, year, invented from hub.buurten")
    seghwaert = await wijk_named(ground, "Seghwaert", 2025)
    assert [tuple(row.values()) for row in found] == [
        (seghwaert, "Tuinen", "BU06370801", 2025, False)
    ]
    assert (await imported(ground, file)).changed == 0


async def test_a_buurt_keeps_its_id_and_gets_its_newest_code(ground: Ground) -> None:
    await imported(ground, collection(wijk("WK063708", "Seghwaert", polygon(0, 0))), 2024)
    [wijk_row] = await ground.rows("select gemeente, id from hub.wijken")
    await ground.rows(
        "insert into hub.buurten (gemeente, id, wijk, name, invented)"
        " values ($1, $2, $3, 'Tuinen', true)",
        wijk_row["gemeente"],
        tuinen := uuid4(),
        wijk_row["id"],
    )
    newer = collection(
        wijk("WK063709", "Seghwaert", polygon(0, 0)), buurt("BU06370901", "Tuinen", "WK063709")
    )
    await imported(ground, newer, confirm="names")
    older = collection(buurt("BU06370801", "Tuinen", "WK063708"))
    assert (await imported(ground, older, 2024)).changed == 0
    assert await ground.rows("select id, code, year, invented from hub.buurten") == [
        {"id": tuinen, "code": "BU06370901", "year": 2025, "invented": False}
    ]


async def test_buurten_wait_while_their_wijken_wait(ground: Ground) -> None:
    await imported(ground, collection(wijk("WK063708", "Seghwaert", polygon(0, 0))), 2024)
    file = collection(
        wijk("WK063709", "Seghwaert", polygon(0, 0)), buurt("BU06370901", "Tuinen", "WK063709")
    )
    [division] = (await imported(ground, file)).divisions
    assert (division.buurten, division.buurten_waiting) == (0, 1)
    [division] = (await imported(ground, file, confirm="names")).divisions
    assert (division.buurten, division.buurten_waiting) == (1, 0)


async def test_two_imports_at_once_make_one_division(ground: Ground) -> None:
    both = await asyncio.gather(*(imported(ground, YEARS[2024], 2024) for _ in range(2)))
    assert sorted(result.changed > 0 for result in both) == [False, True]
    assert len(await ground.rows("select * from hub.wijken")) == 9
