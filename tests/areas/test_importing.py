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
from sql.session import Database
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


async def rows(database: Database, query: str, *args: object) -> list[dict[str, Any]]:
    """What a query of the test finds, seen as the owner."""
    async with database.administration() as session:
        return [dict(row) for row in await session._connection.fetch(query, *args)]


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Each row of each table of areas, with its place on disk: a row written again has moved."""
    query = "select ctid::text as place, t.* from hub.{} t order by 1"
    return {table: await rows(database, query.format(table)) for table in TABLES}


async def imported(
    database: Database, content: Any, year: int = 2025, **options: Any
) -> ImportResult:
    return await import_areas(database, content, year=year, source=SOURCE, **options)


async def refused(database: Database, content: Any, year: int = 2025, **options: Any) -> Refusal:
    """The refusal of an import, which left everything as it was."""
    before = await everything(database)
    with pytest.raises(Refusal) as caught:
        await imported(database, content, year, **options)
    assert await everything(database) == before
    return caught.value


async def wijk_named(database: Database, name: str, year: int) -> UUID:
    [row] = await rows(
        database, "select wijk from hub.wijk_versions where name = $1 and year = $2", name, year
    )
    found: UUID = row["wijk"]
    return found


async def versions(database: Database, year: int) -> dict[str, tuple[str, str | None]]:
    query = "select name, code, comparability from hub.wijk_versions where year = $1"
    return {r["name"]: (r["code"], r["comparability"]) for r in await rows(database, query, year)}


@pytest.fixture
async def zoetermeer(owner_database: Database) -> Database:
    for year, path in YEARS.items():
        await imported(owner_database, path, year, confirm="names", gemeente_name="Zoetermeer")
    return owner_database


async def test_oosterheem_is_one_wijk_under_two_codes(zoetermeer: Database) -> None:
    history = await rows(
        zoetermeer,
        "select year, code, comparability from hub.wijk_versions where wijk = $1 order by year",
        await wijk_named(zoetermeer, "Oosterheem", 2025),
    )
    assert [tuple(version.values()) for version in history] == [
        (2024, "WK063706", None),
        (2025, "WK063711", "BOUNDARY_CHANGED"),
    ]


async def test_a_code_of_both_years_names_two_wijken(zoetermeer: Database) -> None:
    found = await rows(
        zoetermeer,
        "select code from hub.wijk_versions"
        " group by code having count(*) = 2 and count(distinct wijk) = 2",
    )
    assert len(found) == 8


async def test_zoetermeer_has_eighteen_wijken_of_which_fifteen_are_of_2025(
    zoetermeer: Database,
) -> None:
    counts = await rows(
        zoetermeer,
        "select (select count(*) from hub.wijken) as lasting, hub.current_year($1) as year,"
        " (select count(boundary) from hub.wijk_versions where year = 2025) as now",
        ZOETERMEER,
    )
    assert counts == [{"lasting": 18, "year": 2025, "now": 15}]
    assert await rows(zoetermeer, "select name from hub.gemeenten") == [{"name": "Zoetermeer"}]


async def test_the_predecessors_of_dorp_are_centrum_and_industriegebied(
    zoetermeer: Database,
) -> None:
    found = await rows(
        zoetermeer,
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
    zoetermeer: Database,
) -> None:
    [largest, *_] = await rows(
        zoetermeer,
        "select predecessor from hub.wijk_predecessors where wijk = $1 order by share desc",
        await wijk_named(zoetermeer, "Buytenwegh", 2025),
    )
    assert largest["predecessor"] == await wijk_named(zoetermeer, "Buytenwegh de Leyens", 2024)
    assert largest["predecessor"] != await wijk_named(zoetermeer, "Buytenwegh", 2025)


async def test_importing_the_same_files_again_changes_nothing(zoetermeer: Database) -> None:
    before = await everything(zoetermeer)
    for year in (2025, 2024, 2025):
        again = await imported(zoetermeer, YEARS[year], year, confirm="names")
        assert again.changed == 0
    assert await everything(zoetermeer) == before


async def test_the_same_areas_in_another_order_change_nothing(zoetermeer: Database) -> None:
    before = await everything(zoetermeer)
    features = json.loads(YEARS[2025].read_text("utf-8"))["features"]
    turned = await imported(zoetermeer, collection(*reversed(features)), confirm="names")
    assert turned.changed == 0
    assert await everything(zoetermeer) == before


async def test_each_area_is_told_of_after_it_is_stored(owner_database: Database) -> None:
    told: list[Outcome] = []
    await imported(owner_database, YEARS[2024], 2024)
    result = await imported(owner_database, YEARS[2025], confirm="names", report=told.append)
    [division] = result.divisions
    assert tuple(told) == division.areas
    assert [(o.code, o.was) for o in told if o.name == "Oosterheem"] == [("WK063711", "Oosterheem")]
    assert sum(o.state == "NEW" for o in told) == 9


async def test_a_later_division_waits_until_each_of_its_areas_is_confirmed(
    owner_database: Database,
) -> None:
    await imported(owner_database, YEARS[2024], 2024)
    [division] = (await imported(owner_database, YEARS[2025])).divisions
    assert not division.established
    assert await versions(owner_database, 2025) == {}
    assert await rows(owner_database, "select hub.current_year($1) as year", ZOETERMEER) == [
        {"year": 2024}
    ]

    proposed = {area.code: area.wijk for area in division.areas}
    last = proposed.popitem()
    partly = await confirm_areas(owner_database, ZOETERMEER, 2025, proposed)
    assert not partly.established
    assert await versions(owner_database, 2025) == {}

    whole = await confirm_areas(owner_database, ZOETERMEER, 2025, dict([last]))
    assert whole.established
    assert len(await versions(owner_database, 2025)) == 15
    oosterheem = [await wijk_named(owner_database, "Oosterheem", year) for year in YEARS]
    assert oosterheem[0] == oosterheem[1]


async def test_a_person_may_decide_otherwise_and_a_later_import_keeps_that(
    owner_database: Database,
) -> None:
    await imported(owner_database, YEARS[2024], 2024)
    await imported(owner_database, YEARS[2025])
    centrum = await wijk_named(owner_database, "Centrum", 2024)
    await confirm_areas(owner_database, ZOETERMEER, 2025, {"WK063701": centrum, "WK063711": None})
    await imported(owner_database, YEARS[2025], confirm="names")
    assert await wijk_named(owner_database, "Dorp", 2025) == centrum
    assert await wijk_named(owner_database, "Oosterheem", 2025) != await wijk_named(
        owner_database, "Oosterheem", 2024
    )
    assert (await versions(owner_database, 2025))["Dorp"] == ("WK063701", "BOUNDARY_CHANGED")


async def test_confirming_all_continues_a_wijk_that_was_only_renamed(
    owner_database: Database,
) -> None:
    old = collection(wijk("WK063701", "Oud", polygon(0, 0)))
    new = collection(wijk("WK063701", "Nieuw", polygon(0, 0)))
    await imported(owner_database, old, 2024)
    [division] = (await imported(owner_database, new)).divisions
    assert [(a.state, a.alike) for a in division.areas] == [("WAITS", "OVERLAP")]
    await imported(owner_database, new, confirm="all")
    assert await wijk_named(owner_database, "Nieuw", 2025) == await wijk_named(
        owner_database, "Oud", 2024
    )
    assert await versions(owner_database, 2025) == {"Nieuw": ("WK063701", "UNCHANGED")}
    assert await rows(owner_database, "select * from hub.wijk_predecessors") == []


async def test_confirming_names_takes_what_only_overlaps_for_a_new_wijk(
    owner_database: Database,
) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Oud", polygon(0, 0))), 2024)
    new = collection(wijk("WK063701", "Nieuw", polygon(0, 0)))
    await imported(owner_database, new, confirm="names")
    old_and_new = [await wijk_named(owner_database, *v) for v in (("Oud", 2024), ("Nieuw", 2025))]
    assert old_and_new[0] != old_and_new[1]


async def test_a_wijk_cannot_be_continued_by_an_area_after_another_was_confirmed(
    owner_database: Database,
) -> None:
    await imported(owner_database, YEARS[2024], 2024)
    await imported(owner_database, YEARS[2025])
    centrum = await wijk_named(owner_database, "Centrum", 2024)
    await confirm_areas(owner_database, ZOETERMEER, 2025, {"WK063701": centrum})
    with pytest.raises(Refusal) as caught:
        await confirm_areas(owner_database, ZOETERMEER, 2025, {"WK063702": centrum})
    assert (caught.value.code, caught.value.params["first"]) == ("AREAS_WIJK_TWICE", "WK063701")


async def test_an_area_that_a_better_file_leaves_out_no_longer_waits(
    owner_database: Database,
) -> None:
    dorp = wijk("WK063701", "Dorp", polygon(0, 0))
    await imported(owner_database, collection(dorp), 2024)
    await imported(owner_database, collection(dorp, wijk("WK063702", "Haven", polygon(1, 0))))
    [division] = (await imported(owner_database, collection(dorp), confirm="names")).divisions
    assert division.established
    assert list(await versions(owner_database, 2025)) == ["Dorp"]


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        ({"WK063799": None}, "AREAS_NOT_PROPOSED"),
        ({"WK063701": uuid4()}, "AREAS_NO_SUCH_WIJK"),
        ({"WK063701": "Centrum", "WK063702": "Centrum"}, "AREAS_WIJK_TWICE"),
    ],
)
async def test_a_decision_that_cannot_be_is_refused(
    owner_database: Database, decisions: dict[str, Any], code: str
) -> None:
    await imported(owner_database, YEARS[2024], 2024)
    await imported(owner_database, YEARS[2025])
    centrum = await wijk_named(owner_database, "Centrum", 2024)
    asked = {area: centrum if wijk == "Centrum" else wijk for area, wijk in decisions.items()}
    before = await everything(owner_database)
    with pytest.raises(Refusal) as caught:
        await confirm_areas(owner_database, ZOETERMEER, 2025, asked)
    assert caught.value.code == code
    assert await everything(owner_database) == before


async def test_a_decision_on_a_year_that_stands_is_refused_unless_it_is_the_same(
    zoetermeer: Database,
) -> None:
    oosterheem = await wijk_named(zoetermeer, "Oosterheem", 2025)
    same = await confirm_areas(zoetermeer, ZOETERMEER, 2025, {"WK063711": oosterheem})
    assert same.changed == 0
    with pytest.raises(Refusal) as caught:
        await confirm_areas(zoetermeer, ZOETERMEER, 2025, {"WK063711": None})
    assert caught.value.code == "AREAS_SETTLED"


async def test_confirming_where_nothing_was_proposed_is_refused(owner_database: Database) -> None:
    with pytest.raises(Refusal) as caught:
        await confirm_areas(owner_database, ZOETERMEER, 2025, {})
    assert caught.value.code == "AREAS_NOTHING_PROPOSED"


async def test_the_word_of_cbs_wins_over_what_is_computed(owner_database: Database) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2024)
    flagged = collection(wijk("WK063702", "Dorp", polygon(0, 0, width=2), ind_wbi=2))
    await imported(owner_database, flagged, confirm="names")
    assert await versions(owner_database, 2025) == {"Dorp": ("WK063702", "CODE_CHANGED")}
    assert await rows(owner_database, "select * from hub.wijk_predecessors") == []


async def test_a_new_wijk_has_nothing_to_compare_with_whatever_its_flag(
    owner_database: Database,
) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2024)
    flagged = collection(wijk("WK063702", "Haven", polygon(3, 3), ind_wbi=3))
    await imported(owner_database, flagged, confirm="names")
    assert await versions(owner_database, 2025) == {"Haven": ("WK063702", None)}


async def test_the_word_of_cbs_says_nothing_when_a_year_lies_between(
    owner_database: Database,
) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2023)
    flagged = collection(wijk("WK063701", "Dorp", polygon(0, 0, width=2), ind_wbi=1))
    await imported(owner_database, flagged, confirm="names")
    assert await versions(owner_database, 2025) == {"Dorp": ("WK063701", "BOUNDARY_CHANGED")}


async def test_an_area_without_a_boundary_is_stored_without_one(owner_database: Database) -> None:
    await imported(
        owner_database, collection(wijk("WK063701", "Dorp"), wijk("WK063702", "Centrum"))
    )
    query = "select name, boundary, comparability from hub.wijk_versions order by name"
    assert [tuple(row.values()) for row in await rows(owner_database, query)] == [
        ("Centrum", None, None),
        ("Dorp", None, None),
    ]


async def test_without_boundaries_nobody_knows_whether_years_compare(
    owner_database: Database,
) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Dorp")), 2024)
    await imported(
        owner_database, collection(wijk("WK063701", "Dorp", polygon(0, 0))), confirm="all"
    )
    assert await versions(owner_database, 2025) == {"Dorp": ("WK063701", None)}


async def test_a_better_file_of_the_newest_year_renews_boundaries_and_keeps_identities(
    owner_database: Database,
) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Dorp", polygon(0, 0))), 2024)
    await imported(
        owner_database, collection(wijk("WK063701", "Dorp", polygon(0, 0))), confirm="names"
    )
    before = await wijk_named(owner_database, "Dorp", 2025)
    better = collection(wijk("WK063701", "Het Dorp", polygon(0, 0, width=2)))
    assert (await imported(owner_database, better)).changed > 0
    assert await versions(owner_database, 2025) == {"Het Dorp": ("WK063701", "BOUNDARY_CHANGED")}
    assert await wijk_named(owner_database, "Het Dorp", 2025) == before
    [share] = await rows(owner_database, "select share from hub.wijk_predecessors")
    assert share["share"] == pytest.approx(0.5)


async def test_a_better_boundary_takes_back_a_predecessor_that_it_does_not_touch(
    owner_database: Database,
) -> None:
    old = [wijk("WK063701", "Dorp", polygon(0, 0)), wijk("WK063702", "Haven", polygon(1, 0))]
    await imported(owner_database, collection(*old), 2024)
    count = "select count(*) as predecessors from hub.wijk_predecessors"
    for width, predecessors in ((2, 2), (0.5, 1)):
        new = collection(wijk("WK063701", "Dorp", polygon(0, 0, width=width)))
        await imported(owner_database, new, confirm="names")
        assert await rows(owner_database, count) == [{"predecessors": predecessors}]


async def test_an_area_that_a_better_file_adds_waits_while_the_others_stay(
    owner_database: Database,
) -> None:
    dorp = wijk("WK063701", "Dorp", polygon(0, 0))
    for year in (2024, 2025):
        await imported(owner_database, collection(dorp), year, confirm="names")
    more = collection(dorp, wijk("WK063702", "Haven", polygon(1, 0)))
    [division] = (await imported(owner_database, more)).divisions
    assert [(a.name, a.state) for a in division.areas] == [
        ("Dorp", "CONTINUES"),
        ("Haven", "WAITS"),
    ]
    assert list(await versions(owner_database, 2025)) == ["Dorp"]
    await confirm_areas(owner_database, ZOETERMEER, 2025, {"WK063702": None})
    assert sorted(await versions(owner_database, 2025)) == ["Dorp", "Haven"]


async def test_a_file_that_lacks_areas_of_its_year_is_refused(zoetermeer: Database) -> None:
    error = await refused(zoetermeer, collection(wijk("WK063701", "Dorp", polygon(0, 0))))
    assert error.code == "AREAS_MISSING"
    assert "WK063702" in error.params["missing"]  # type: ignore[operator]


@pytest.mark.parametrize("year", [2023, 2024])
async def test_a_year_that_a_later_one_stands_on_cannot_be_changed(
    zoetermeer: Database, year: int
) -> None:
    changed = YEARS[2024].read_bytes().replace(b"2024WK", f"{year}WK".encode())
    changed = changed.replace(b"Meerzicht", b"Meer zicht")
    error = await refused(zoetermeer, changed, year)
    assert (error.code, error.params) == ("AREAS_LATER_YEAR", {"year": year, "later": 2025})


async def test_a_broken_feature_leaves_nothing_of_its_file(owner_database: Database) -> None:
    broken = collection(wijk("WK063701", "Dorp", polygon(0, 0)), wijk("WK06", "Centrum"))
    assert (await refused(owner_database, broken)).code == "AREAS_PROPERTY"
    late = collection(wijk("WK063701", "Dorp"), buurt("BU06370201", "Tuinen", "WK063702"))
    error = await refused(owner_database, late)
    assert (error.code, error.params["feature"]) == ("AREAS_BUURT_WITHOUT_WIJK", 2)


async def test_a_file_for_another_year_is_refused(owner_database: Database) -> None:
    assert (await refused(owner_database, YEARS[2024])).code == "AREAS_OTHER_YEAR"
    assert (await refused(owner_database, YEARS[2024], 1815)).code == "AREAS_YEAR"


async def test_of_a_file_of_the_country_one_gemeente_can_be_taken(owner_database: Database) -> None:
    country = collection(
        wijk("WK063701", "Dorp"),
        wijk("WK034401", "Binnenstad", gemeentecode="GM0344", gemeentenaam="Utrecht"),
    )
    await imported(owner_database, country, gemeente="GM0344")
    assert await rows(owner_database, "select * from hub.gemeenten") == [
        {"code": "GM0344", "name": "Utrecht"}
    ]
    both = await imported(owner_database, country)
    assert [division.gemeente for division in both.divisions] == ["GM0344", "GM0637"]
    assert (
        await refused(owner_database, country, gemeente="GM0599")
    ).code == "AREAS_NO_SUCH_GEMEENTE"


async def test_areas_can_be_kernen(owner_database: Database) -> None:
    await imported(owner_database, collection(wijk("WK063701", "Dorp")), kind="KERN")
    assert await rows(owner_database, "select kind from hub.wijken") == [{"kind": "KERN"}]


async def test_buurten_come_under_the_wijk_that_they_name(owner_database: Database) -> None:
    file = collection(
        buurt("BU06370801", "Tuinen", "WK063708"), wijk("WK063708", "Seghwaert", polygon(0, 0))
    )
    [division] = (await imported(owner_database, file)).divisions
    assert division.buurten == 1
    found = await rows(owner_database, "select wijk, name, code, year, invented from hub.buurten")
    seghwaert = await wijk_named(owner_database, "Seghwaert", 2025)
    assert [tuple(row.values()) for row in found] == [
        (seghwaert, "Tuinen", "BU06370801", 2025, False)
    ]
    assert (await imported(owner_database, file)).changed == 0


async def test_a_buurt_keeps_its_id_and_gets_its_newest_code(owner_database: Database) -> None:
    await imported(owner_database, collection(wijk("WK063708", "Seghwaert", polygon(0, 0))), 2024)
    [wijk_row] = await rows(owner_database, "select gemeente, id from hub.wijken")
    await rows(
        owner_database,
        "insert into hub.buurten (gemeente, id, wijk, name, invented)"
        " values ($1, $2, $3, 'Tuinen', true)",
        wijk_row["gemeente"],
        tuinen := uuid4(),
        wijk_row["id"],
    )
    newer = collection(
        wijk("WK063709", "Seghwaert", polygon(0, 0)), buurt("BU06370901", "Tuinen", "WK063709")
    )
    await imported(owner_database, newer, confirm="names")
    older = collection(buurt("BU06370801", "Tuinen", "WK063708"))
    assert (await imported(owner_database, older, 2024)).changed == 0
    assert await rows(owner_database, "select id, code, year, invented from hub.buurten") == [
        {"id": tuinen, "code": "BU06370901", "year": 2025, "invented": False}
    ]


async def test_buurten_wait_while_their_wijken_wait(owner_database: Database) -> None:
    await imported(owner_database, collection(wijk("WK063708", "Seghwaert", polygon(0, 0))), 2024)
    file = collection(
        wijk("WK063709", "Seghwaert", polygon(0, 0)), buurt("BU06370901", "Tuinen", "WK063709")
    )
    [division] = (await imported(owner_database, file)).divisions
    assert (division.buurten, division.buurten_waiting) == (0, 1)
    [division] = (await imported(owner_database, file, confirm="names")).divisions
    assert (division.buurten, division.buurten_waiting) == (1, 0)


async def test_two_imports_at_once_make_one_division(owner_database: Database) -> None:
    both = await asyncio.gather(*(imported(owner_database, YEARS[2024], 2024) for _ in range(2)))
    assert sorted(result.changed > 0 for result in both) == [False, True]
    assert len(await rows(owner_database, "select * from hub.wijken")) == 9
