# SPDX-License-Identifier: EUPL-1.2
"""What a file of CBS or PDOK is read as, and what a broken one is told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from resolvers.areas import rd
from resolvers.areas.reading import Area, read
from sql.errors import Refusal
from tests.areas.files import YEARS, buurt, collection, polygon, square, wijk

RD = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}


def refusal(content: bytes | Path, year: int = 2025) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(content, year)
    return caught.value


def test_the_real_files_give_nine_wijken_of_2024_and_fifteen_of_2025() -> None:
    before, after = (read(path, year).areas for year, path in YEARS.items())
    assert [len(before), len(after)] == [9, 15]
    assert {area.gemeente for area in (*before, *after)} == {"GM0637"}
    assert {a.name for a in before if a.code == "WK063706"} == {"Oosterheem"}
    assert {a.name for a in after if a.code == "WK063706"} == {"Buytenwegh"}
    assert all(area.boundary for area in after)


@pytest.mark.parametrize(
    "properties",
    [
        {
            "statcode": "WK063701",
            "statnaam": "Dorp",
            "jrstatcode": "2025WK063701",
            "gmCode": "GM0637",
        },
        {"wijkcode": "WK063701", "wijknaam": "Dorp", "gemeentecode": "GM0637", "jaar": 2025},
        {"WK_CODE": "WK063701", "WK_NAAM": "Dorp", "GM_CODE": "GM0637", "GM_NAAM": "Zoetermeer"},
        {"wijkcode": "WK063701", "wijknaam": " Dorp\u00a0", "jaarstatcode": "2025WK063701"},
    ],
)
def test_a_wijk_is_read_under_the_property_names_of_each_publisher(
    properties: dict[str, Any],
) -> None:
    file = read(collection({"type": "Feature", "geometry": None, "properties": properties}), 2025)
    assert file.areas == (Area("GM0637", "WK063701", "Dorp", None, None),)


@pytest.mark.parametrize("name", ["IND_WBI", "ind_wbi", "indelingswijziging_wijken_en_buurten"])
@pytest.mark.parametrize("value", [3, "3"])
def test_the_flag_of_cbs_is_read_as_number_or_text(name: str, value: object) -> None:
    assert read(collection(wijk("WK063701", "Dorp", **{name: value})), 2025).areas[0].flag == 3


def test_the_name_of_the_gemeente_comes_along_where_the_file_has_it() -> None:
    file = read(collection(wijk("WK063701", "Dorp", gemeentenaam="Zoetermeer")), 2025)
    assert file.gemeente_names == {"GM0637": "Zoetermeer"}


@pytest.mark.parametrize("name", ["H2O", "water"])
def test_water_and_land_abroad_are_left_out_and_counted(name: str) -> None:
    features = [
        wijk("WK063701", "Dorp", **{name: "NEE"}),
        wijk("WK063701", "Plas", **{name: "JA"}),
        wijk("WK063799", "Elders", **{name: "B"}),
    ]
    file = read(collection(*features), 2025)
    assert ([area.name for area in file.areas], file.water) == (["Dorp"], 2)


def test_a_buurt_lies_in_the_wijk_that_it_names_or_else_that_its_code_is_made_of() -> None:
    named = buurt("BU06370801", "Tuinen", "WK063703")
    composed = {
        "type": "Feature",
        "geometry": None,
        "properties": {"statcode": "BU06370802", "statnaam": "Vaarten"},
    }
    file = read(collection(named, composed), 2025)
    assert [(b.code, b.wijk_code) for b in file.buurten] == [
        ("BU06370801", "WK063703"),
        ("BU06370802", "WK063708"),
    ]
    assert file.areas == ()


def test_a_height_in_a_position_is_dropped() -> None:
    high = {"type": "Polygon", "coordinates": [[[*position, 12.5] for position in square(0, 0)]]}
    assert read(collection(wijk("WK063701", "Dorp", high)), 2025).areas[0].boundary == polygon(0, 0)


@pytest.mark.parametrize(
    ("place", "metres", "degrees"),
    [
        ("Amersfoort", (155000.0, 463000.0), (5.38720621, 52.15517440)),
        ("Westertoren, Amsterdam", (120700.723, 487525.502), (4.88352559, 52.37453253)),
        ("Martinitoren, Groningen", (233883.131, 582065.167), (6.56820053, 53.21938317)),
    ],
)
def test_rd_metres_become_the_degrees_of_known_points(
    place: str, metres: tuple[float, float], degrees: tuple[float, float]
) -> None:
    assert rd.to_degrees(*metres) == pytest.approx(degrees, abs=0.00001), place


def test_a_file_in_rd_is_stored_in_degrees() -> None:
    ring = [[93000, 452000], [94000, 452000], [94000, 453000], [93000, 452000]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    area = read(collection(wijk("WK063701", "Dorp", geometry), crs=RD), 2025).areas[0]
    assert area.boundary is not None
    coordinates: Any = area.boundary["coordinates"]
    [converted] = coordinates
    assert all(4.4 < x < 4.6 and 52.0 < y < 52.1 for x, y in converted)
    assert converted[0] == converted[-1]


def test_rd_metres_without_a_crs_member_are_refused_rather_than_taken_for_degrees() -> None:
    ring = [[93000, 452000], [94000, 452000], [94000, 453000], [93000, 452000]]
    error = refusal(
        collection(wijk("WK063701", "Dorp", {"type": "Polygon", "coordinates": [ring]}))
    )
    assert (error.code, error.params["why"]) == ("AREAS_GEOMETRY", "OUTSIDE")


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::3857", "EPSG:32631", "", None, 7])
def test_another_coordinate_system_is_refused(name: object) -> None:
    crs = {"type": "name", "properties": {"name": name}}
    assert refusal(collection(wijk("WK063701", "Dorp"), crs=crs)).code == "AREAS_CRS"


BROKEN_GEOMETRIES = [
    ("TYPE", {"type": "Point", "coordinates": [4.5, 52.0]}),
    ("TYPE", "POLYGON((4 52))"),
    ("NESTING", {"type": "Polygon", "coordinates": []}),
    ("NESTING", {"type": "MultiPolygon", "coordinates": [[]]}),
    ("NESTING", {"type": "Polygon"}),
    ("POSITION", {"type": "Polygon", "coordinates": [[[4.5]] * 4]}),
    ("POSITION", {"type": "Polygon", "coordinates": [[["4.5", "52.0"]] * 4]}),
    ("POSITION", {"type": "Polygon", "coordinates": [[[True, 52.0]] * 4]}),
    ("POSITION", {"type": "Polygon", "coordinates": [square(0, 0)[:2] + [None] * 3]}),
    ("OUTSIDE", {"type": "Polygon", "coordinates": [[[52.0, 4.5]] * 4]}),
    ("OUTSIDE", {"type": "Polygon", "coordinates": [[[4.5, 10**400]] * 4]}),
    ("RING_SHORT", {"type": "Polygon", "coordinates": [square(0, 0)[:3]]}),
    ("RING_OPEN", {"type": "Polygon", "coordinates": [square(0, 0)[:4]]}),
]


@pytest.mark.parametrize(("why", "geometry"), BROKEN_GEOMETRIES)
def test_a_broken_geometry_names_the_feature_the_area_and_what_is_wrong(
    why: str, geometry: object
) -> None:
    good = wijk("WK063701", "Dorp", polygon(0, 0))
    error = refusal(collection(good, wijk("WK063702", "Stadscentrum", geometry)))
    assert (error.code, error.path) == ("AREAS_GEOMETRY", ("features", 1, "geometry"))
    assert error.params == {"feature": 2, "area": "WK063702", "why": why}


BROKEN_PROPERTIES = [
    ("AREAS_PROPERTY_MISSING", "wijkcode", {"wijkcode": None}),
    ("AREAS_PROPERTY_MISSING", "wijknaam", {"wijknaam": None}),
    ("AREAS_PROPERTY", "wijkcode", {"wijkcode": "0637"}),
    ("AREAS_PROPERTY", "wijkcode", {"wijkcode": 63702}),
    ("AREAS_PROPERTY", "wijkcode", {"wijkcode": "GM0637"}),
    ("AREAS_PROPERTY", "wijknaam", {"wijknaam": "  "}),
    ("AREAS_PROPERTY", "wijknaam", {"wijknaam": "Stads\u0000centrum"}),
    ("AREAS_PROPERTY", "wijknaam", {"wijknaam": "\ud800"}),
    ("AREAS_PROPERTY", "wijknaam", {"wijknaam": "x" * 121}),
    ("AREAS_PROPERTY", "gemeentecode", {"gemeentecode": "Zoetermeer"}),
    ("AREAS_PROPERTY", "ind_wbi", {"ind_wbi": 0}),
    ("AREAS_OTHER_YEAR", "jaar", {"jaar": 2024}),
    ("AREAS_OTHER_YEAR", "jrstatcode", {"jrstatcode": "2024WK063702"}),
    ("AREAS_CODE_TWICE", "code", {"wijkcode": "WK063701"}),
]


@pytest.mark.parametrize(("code", "property_name", "change"), BROKEN_PROPERTIES)
def test_a_broken_property_is_named_with_its_feature(
    code: str, property_name: str, change: dict[str, object]
) -> None:
    broken = copy.deepcopy(wijk("WK063702", "Stadscentrum"))
    broken["properties"].update(change)
    error = refusal(collection(wijk("WK063701", "Dorp"), broken))
    assert error.code == code
    assert (error.params["feature"], error.params["property"]) == (2, property_name)
    assert error.path == ("features", 1, "properties", property_name)


def test_two_buurten_of_one_name_in_one_wijk_are_refused_since_a_buurt_is_known_by_its_name() -> (
    None
):
    twice = [buurt(f"BU0637010{n}", "Tuinen", "WK063701") for n in (1, 2)]
    error = refusal(collection(*twice))
    assert (error.code, error.params["first"], error.params["feature"]) == (
        "AREAS_NAME_TWICE",
        1,
        2,
    )


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("AREAS_NOT_JSON", b""),
        ("AREAS_NOT_JSON", b'{"type": "FeatureCollection",'),
        ("AREAS_NOT_JSON", b"\xff\xfe\x00"),
        ("AREAS_NOT_JSON", b"[" * 200_000),
        ("AREAS_NOT_JSON", b'{"type": NaN}'),
        ("AREAS_NOT_A_COLLECTION", b"[]"),
        ("AREAS_NOT_A_COLLECTION", b'{"type": "Feature"}'),
        ("AREAS_NO_FEATURES", b'{"type": "FeatureCollection", "features": []}'),
        ("AREAS_NO_FEATURES", b'{"type": "FeatureCollection"}'),
        ("AREAS_NOT_A_FEATURE", b'{"type": "FeatureCollection", "features": [1]}'),
        (
            "AREAS_NOT_A_FEATURE",
            b'{"type": "FeatureCollection", "features": [{"properties": null}]}',
        ),
    ],
)
def test_what_is_no_collection_of_features_is_refused(code: str, content: bytes) -> None:
    assert refusal(content).code == code


def test_where_json_breaks_is_told_by_line_and_column() -> None:
    assert refusal(b'{\n  "type": oops}').params == {"line": 2, "column": 11}


def test_a_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    error = refusal(tmp_path / "none.geojson")
    assert error.code == "AREAS_FILE"
    assert str(error.params["file"]).endswith("none.geojson")


def test_a_byte_order_mark_is_skipped() -> None:
    assert read(b"\xef\xbb\xbf" + collection(wijk("WK063701", "Dorp")), 2025).areas
