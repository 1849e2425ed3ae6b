# SPDX-License-Identifier: EUPL-1.2
"""The traps of CBS's sheets, on the real files of Utrecht."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from resolvers.kwb import reading
from resolvers.kwb.measures import measures
from resolvers.kwb.reading import Region, read
from sql.errors import Refusal
from tests.kwb.files import KWB, UTRECHT, Change, cells, changed, sheet, with_cells

WEST, OOG_IN_AL = "WK034401", "BU03440112"


def regions(content: bytes | Path, year: int = 2023) -> dict[str, Region]:
    return {region.code: region for region in read(content, year).regions}


def refused(content: bytes | Path, year: int = 2023, gemeente: str | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(content, year, gemeente)
    return caught.value


def drop(column: str) -> Change:
    """Takes a column out of a sheet."""

    def change(rows: list[list[Any]]) -> None:
        position = rows[0].index(column)
        for row in rows:
            del row[position]

    return change


@pytest.mark.parametrize("year", KWB)
def test_every_row_and_every_figure_of_utrecht_is_read(year: int) -> None:
    sheet = read(KWB[year], year)
    kinds = [region.kind for region in sheet.regions]
    assert (kinds.count("GEMEENTE"), kinds.count("WIJK"), kinds.count("BUURT")) == (1, 10, 111)
    assert {len(region.figures) for region in sheet.regions} == {114}
    assert sheet.unknown_columns == ()
    assert sheet.gemeenten() == [UTRECHT]


def test_every_column_of_the_files_has_a_label_and_a_unit() -> None:
    columns = cells(KWB[2024])[0][7:]
    assert columns == list(measures())[: len(columns)]
    assert all(measure.label and measure.unit for measure in measures().values())


def test_labels_stand_alone() -> None:
    labels = [measure.label for measure in measures().values()]
    assert len(set(labels)) == len(labels)
    assert measures()["a_geb_nl"].label == "Geboren in Nederland, herkomst: Nederland"


def test_numbers_that_are_stored_as_text_are_numbers() -> None:
    position = cells(KWB[2023])[0].index("a_nl_all")
    assert cells(KWB[2023])[1][position] == "222298"
    assert cells(KWB[2024])[1][position] == 223593
    assert regions(KWB[2023])[UTRECHT].figures["a_nl_all"] == 222298.0
    assert regions(KWB[2024], 2024)[UTRECHT].figures["a_nl_all"] == 223593.0


def test_a_column_that_mixes_numbers_and_text_gives_numbers_and_reasons() -> None:
    values = [row[cells(KWB[2023])[0].index("g_pau_hh")] for row in cells(KWB[2023])[1:]]
    assert {type(value) for value in values} == {int, float, str}
    read_as = [region.figures["g_pau_hh"] for region in regions(KWB[2023]).values()]
    assert read_as.count("UNKNOWN_OR_SECRET") == values.count(".") == 8
    assert {type(value) for value in read_as} == {float, str}


def test_a_point_and_an_empty_cell_are_two_reasons() -> None:
    found = regions(
        with_cells(
            KWB[2023],
            {(WEST, "g_wozbag"): ".", (OOG_IN_AL, "g_wozbag"): None, (WEST, "a_geb"): " "},
        )
    )
    assert found[WEST].figures["g_wozbag"] == "UNKNOWN_OR_SECRET"
    assert found[OOG_IN_AL].figures["g_wozbag"] == "NOT_APPLICABLE"
    assert found[WEST].figures["a_geb"] == "NOT_APPLICABLE"


def test_a_decimal_comma_is_understood() -> None:
    found = regions(with_cells(KWB[2023], {(WEST, "g_hhgro"): "1,9", (WEST, "p_geb"): "12.5"}))
    assert (found[WEST].figures["g_hhgro"], found[WEST].figures["p_geb"]) == (1.9, 12.5)


def test_codes_keep_their_leading_zeros_and_may_hold_letters() -> None:
    rows = cells(KWB[2023])[:3]
    for row, code in zip(rows[1:], ("WK0363AA", "BU0363AA0Z"), strict=True):
        row[:6] = [
            code,
            code[2:],
            "Burgwallen",
            "Amsterdam",
            {"W": "Wijk", "B": "Buurt"}[code[0]],
            code,
        ]
    wijk, buurt = read(sheet(rows), 2023).regions
    assert (wijk.gemeente, wijk.code) == ("GM0363", "WK0363AA")
    assert (buurt.gemeente, buurt.wijk_code) == ("GM0363", "WK0363AA")


def test_a_code_that_a_sheet_made_a_number_of_is_refused_with_its_cell() -> None:
    refusal = refused(with_cells(KWB[2023], {(WEST, "gwb_code_8"): 34401}))
    assert refusal.code == "KWB_CODE_IS_NUMBER"
    assert refusal.params["letter"] == "B"
    assert refusal.params["row"] == 3
    assert refusal.params["expected"] == "034401"


@pytest.mark.parametrize("value", ["geheim", "1.234", "1,2,3", "#N/B", "=A1", True, "١٢", "1e3"])
def test_what_is_no_figure_is_refused_with_row_column_and_an_example(value: object) -> None:
    refusal = refused(with_cells(KWB[2023], {(WEST, "a_inw"): value}))
    assert refusal.code == "KWB_CELL"
    assert (refusal.params["letter"], refusal.params["row"]) == ("H", 3)
    assert refusal.params["column"] == "a_inw"
    assert refusal.path == ("rows", 3, "a_inw")


def test_a_column_beyond_z_is_named_as_the_sheet_names_it() -> None:
    refusal = refused(with_cells(KWB[2023], {(OOG_IN_AL, "ste_oad"): "veel"}))
    assert (refusal.params["letter"], refusal.params["row"]) == ("DQ", 5)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("recs", "Stadsdeel", "KWB_CELL"),
        ("recs", "Buurt", "KWB_CELL"),
        ("regio", None, "KWB_CELL"),
        ("ind_wbi", 4, "KWB_CELL"),
        ("gwb_code_10", "WK34401", "KWB_CELL"),
        ("gwb_code_10", "WK034402", "KWB_CELL"),
    ],
)
def test_what_says_which_area_it_is_must_be_right(column: str, value: object, code: str) -> None:
    assert refused(with_cells(KWB[2023], {(WEST, column): value})).code == code


def test_a_code_that_occurs_twice_is_refused() -> None:
    refusal = refused(changed(KWB[2023], lambda rows: rows.append(rows[2])))
    assert (refusal.code, refusal.params["first"], refusal.params["row"]) == (
        "KWB_CODE_TWICE",
        3,
        124,
    )


def test_a_column_that_is_missing_or_there_twice_is_named() -> None:
    refusal = refused(changed(KWB[2023], drop("ind_wbi")))
    assert (refusal.code, refusal.params["missing"]) == ("KWB_COLUMNS_MISSING", ["ind_wbi"])
    twice = refused(changed(KWB[2023], lambda rows: [row.append(row[7]) for row in rows]))
    assert (twice.code, twice.params["first"], twice.params["letter"]) == (
        "KWB_COLUMN_TWICE",
        "H",
        "DR",
    )


def test_a_column_that_the_hub_does_not_know_is_left_out_and_said() -> None:
    def change(rows: list[list[Any]]) -> None:
        for number, row in enumerate(rows):
            row.append("a_70_oo" if number == 0 else "?")

    assert read(changed(KWB[2023], change), 2023).unknown_columns == ("a_70_oo",)


def test_the_year_in_the_name_of_the_sheet_must_be_the_year_asked_for() -> None:
    refusal = refused(KWB[2023], 2024)
    assert (refusal.code, refusal.params) == ("KWB_OTHER_YEAR", {"found": "2023", "year": 2024})


def test_rows_of_the_country_and_empty_rows_are_passed_over() -> None:
    def change(rows: list[list[Any]]) -> None:
        country = ["NL00", "00", "Nederland", "Nederland", "Land", "NL00", "."]
        rows.insert(1, country + [1] * 114)
        rows.append([None] * 121)

    assert len(read(changed(KWB[2023], change), 2023).regions) == 122


def test_a_gemeente_that_is_not_in_the_file_is_refused() -> None:
    assert refused(KWB[2023], gemeente="GM0637").code == "KWB_NO_ROWS"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"<html></html>", b"a;b\n1;2"])
def test_a_file_that_is_no_sheet_is_refused(content: bytes) -> None:
    assert refused(content).code == "KWB_NOT_A_SHEET"


def test_a_file_that_is_cut_off_is_refused() -> None:
    whole = KWB[2023].read_bytes()
    assert refused(whole[: len(whole) // 2]).code == "KWB_NOT_A_SHEET"


def test_a_file_that_is_not_there_is_refused() -> None:
    assert refused(Path("nowhere.xlsx")).code == "KWB_FILE"


def test_a_sheet_that_unpacks_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_UNPACKED", 100_000)
    with pytest.raises(Refusal) as caught:
        read(KWB[2024], 2024)
    assert caught.value.code == "SHEET_UNPACKS_TOO_LARGE"


def test_a_sheet_that_is_packed_as_no_workbook_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_BZIP2) as new:
        new.writestr("xl/workbook.xml", b"x")
    with pytest.raises(Refusal) as caught:
        read(made.getvalue(), 2024)
    assert caught.value.code == "KWB_NOT_A_SHEET"
