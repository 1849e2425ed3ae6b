# SPDX-License-Identifier: EUPL-1.2
"""Files of every sort that people make: what stands in them comes out, and what cannot be read is
named with its row, its column and a cure.
"""

from __future__ import annotations

import bz2
import csv
import io
import itertools
import lzma
import zipfile
import zlib
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from resolvers.sheets.reading import read
from resolvers.sheets.workbook import MOST_UNPACKED
from sql.errors import Refusal
from tests.conftest import World
from tests.sheets.files import (
    GOOD,
    HEADER,
    UPLOAD,
    codes,
    csv_file,
    excel_file,
    form,
    outcomes,
    post_form,
    rejected,
    saved,
    upload,
)

pytestmark = pytest.mark.anyio
SIGNAL = """query($id: ID!) { node(id: $id) { ... on Signal {
  seenAt category status summary sourceId place { lon lat buurt { name } } } } }"""


_datasets = itertools.count(1)


@pytest.fixture
def world(shared: World) -> World:
    """One world for all: each file that is stored is of a dataset of its own."""
    return shared


async def stored(world: World, file: bytes) -> Any:
    """The only record of a file, as its owner reads it again."""
    partner = world.partner("buurtwerk")
    receipt = await upload(partner, file, dryRun=False, dataset=f"blad-{next(_datasets)}")
    assert outcomes(receipt) == {"CREATED": 1}, receipt
    (row,) = receipt["rows"]["nodes"]
    return (await partner.ask(SIGNAL, {"id": row["recordId"]}))["node"]


async def one(world: World, column: str, value: Any, *, excel: bool = False) -> Any:
    """The receipt of a good row in which one column holds something else."""
    row = dict(zip(HEADER, GOOD, strict=True)) | {column: value}
    make = excel_file if excel else csv_file
    return await upload(world.partner("buurtwerk"), make([list(row.values())], header=list(row)))


# -- dialects


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
async def test_every_dialect_gives_the_same_record(
    world: World, delimiter: str, encoding: str
) -> None:
    text = 'Café "De Buur": glas; scherven,\nook één fiets'
    row = (*GOOD[:5], text)
    found = await stored(world, csv_file([row], delimiter=delimiter, encoding=encoding))
    assert found["summary"] == text
    assert found["seenAt"] == "2026-11-22T13:30:00Z"
    assert (found["category"], found["status"]) == ("NOISE", "NEW")
    assert found["sourceId"].endswith("/A-1")


async def test_a_first_line_that_tells_the_delimiter_is_not_a_row(world: World) -> None:
    file = b"sep=,\r\n" + csv_file([(*GOOD[:5], ""), ("A-2", "x", *GOOD[2:])], delimiter=",")
    receipt = await upload(world.partner("buurtwerk"), file)
    assert rejected(receipt) == {3: [("wijk", "UNKNOWN_WIJK")]}


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=("Cs",)),
    max_size=12,
)


@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from(";,\t"),
    end=st.sampled_from(["\r\n", "\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_in_any_dialect_are_read_back_the_same(
    rows: list[list[str]], delimiter: str, end: str, encoding: str, quoting: int
) -> None:
    written = [["1", *row] for row in rows]
    content = csv_file(
        written, header=("a", "b, c", "d", "e"), delimiter=delimiter, end=end,
        encoding=encoding, quoting=quoting,
    )  # fmt: skip
    table = read(content, 100)
    assert table.header == ("a", "b, c", "d", "e")
    for number, (line, row) in enumerate(zip(table.lines, written, strict=True), 2):
        assert line.number == number
        padded = [*line.cells, *[""] * (len(row) - len(line.cells))]
        assert [cell if cell.strip() else "" for cell in padded] == [  # type: ignore[union-attr]
            cell if cell.strip() else "" for cell in row
        ]


async def test_lines_are_the_numbers_of_the_rows_as_excel_shows_them(world: World) -> None:
    bad = ("A-9", "WK063711", "geluid", "gisteren", "nieuw", "x")
    text = [*GOOD[:5], "twee\nregels"]
    for make in (csv_file, excel_file):
        file = make([text, (), (), bad])
        receipt = await upload(world.partner("buurtwerk"), file)
        assert rejected(receipt) == {5: [("seenAt", "SHEET_DATE")]}
        (row,) = (row for row in receipt["rows"]["nodes"] if row["errors"])
        assert "cel D5" in row["errors"][0]["message"]


# -- values


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("22-11-2026 14:30", "2026-11-22T13:30:00Z"),
        ("22/11/2026 14:30:15", "2026-11-22T13:30:15Z"),
        ("22-11-2026, 14.30 uur", "2026-11-22T13:30:00Z"),
        ("2026-11-22 14:30", "2026-11-22T13:30:00Z"),
        ("2026-11-22T14:30", "2026-11-22T13:30:00Z"),
        ("2026-11-22T14:30:00+00:00", "2026-11-22T14:30:00Z"),
        ("2026-11-22T14:30:00Z", "2026-11-22T14:30:00Z"),
        ("1-7-2026 14:30", "2026-07-01T12:30:00Z"),  # summer time
        ("22-11-2026", "2026-11-22T11:00:00Z"),  # noon, where there is no time
        ("25-10-2026 01:59", "2026-10-24T23:59:00Z"),
        ("25-10-2026 03:00", "2026-10-25T02:00:00Z"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),
    ],
)
async def test_moments_are_read_as_people_write_them(
    world: World, written: str, moment: str
) -> None:
    row = (*GOOD[:3], written, *GOOD[4:])
    assert (await stored(world, csv_file([row])))["seenAt"] == moment


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("31-02-2026 10:00", "SHEET_DATE"),
        ("11/22/2026", "SHEET_DATE"),
        ("22-11-26", "SHEET_DATE"),
        ("22 november 2026", "SHEET_DATE"),
        ("22-11-2026 25:00", "SHEET_DATE"),
        ("46348", "SHEET_DATE"),
        ("25-10-2026 02:30", "SHEET_TIME_TWICE"),
        ("29-03-2026 02:30", "SHEET_TIME_NEVER"),
        ("24-12-2026 10:00", "DATE_IN_FUTURE"),
        ("", "SHEET_CELL_EMPTY"),
    ],
)
async def test_a_moment_that_is_none_or_two_is_refused(
    world: World, written: str, code: str
) -> None:
    assert rejected(await one(world, "Gezien op", written)) == {2: [("seenAt", code)]}


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (datetime(2026, 11, 22, 14, 30), "2026-11-22T13:30:00Z"),  # noqa: DTZ001
        (date(2026, 11, 22), "2026-11-22T11:00:00Z"),
        ("22-11-2026 14:30", "2026-11-22T13:30:00Z"),
    ],
)
async def test_dates_of_excel_are_kept(world: World, value: Any, moment: str) -> None:
    row = (*GOOD[:3], value, *GOOD[4:])
    assert (await stored(world, excel_file([row])))["seenAt"] == moment


@pytest.mark.parametrize(
    ("lon", "lat"), [("4,531", "52,061"), ("4.5310", "52.0610"), (4.531, 52.061)]
)
async def test_decimal_commas_points_and_numbers_give_a_point(
    world: World, lon: Any, lat: Any
) -> None:
    make = csv_file if isinstance(lon, str) else excel_file
    file = make([(*GOOD, lon, lat)], header=[*HEADER, "Lengtegraad", "lat"])
    assert (await stored(world, file))["place"] | {"buurt": None} == {
        "lon": 4.531, "lat": 52.061, "buurt": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("4.531", "SHEET_NUMBER_UNCLEAR"),
        ("4,5 graden", "SHEET_NUMBER"),
        ("1,234.5", "SHEET_NUMBER"),
        ("nan", "SHEET_NUMBER"),
        ("1e5", "SHEET_NUMBER"),
        ("٤", "POINT_OUTSIDE_WIJK"),
    ],
)
async def test_a_number_that_is_none_or_two_is_refused(
    world: World, written: str, code: str
) -> None:
    file = csv_file([(*GOOD, written, "52,06")], header=[*HEADER, "lon", "lat"])
    assert rejected(await upload(world.partner("buurtwerk"), file)) == {2: [("lon", code)]}


PROJECT = ("Nummer", "Wijkcode", "Categorie", "Titel", "Soort werk", "Aantal woningen",
           "Begint op", "Status")  # fmt: skip
WORK = ("P-1", "WK063711", "wonen", "Nieuwe kozijnen", "renovatie", "48", "1-2-2027", "gepland")


@pytest.mark.parametrize(
    ("homes", "told"),
    [
        ("48", None),
        (48.0, None),
        ("1.250", None),
        ("48,0", None),
        ("48,5", "SHEET_WHOLE"),
        ("veel", "SHEET_NUMBER"),
        (True, "SHEET_WHOLE"),
    ],
)
async def test_whole_numbers_have_points_between_thousands_and_no_decimals(
    world: World, homes: Any, told: str | None
) -> None:
    make = csv_file if isinstance(homes, str) else excel_file
    file = make([(*WORK[:5], homes, *WORK[6:])], header=PROJECT)
    receipt = await upload(world.partner("corporatie-a"), file, kind="HOUSING_PROJECT")
    assert rejected(receipt) == ({2: [("homes", told)]} if told else {})


@pytest.mark.parametrize("word", ["GELUID", "Geluid", "NOISE", "noise", " geluid "])
async def test_a_choice_is_its_code_or_its_word_in_either_language(world: World, word: str) -> None:
    row = (*GOOD[:2], word, *GOOD[3:])
    assert (await stored(world, csv_file([row])))["category"] == "NOISE"


async def test_a_number_of_a_case_in_a_numeric_cell_has_no_decimals(world: World) -> None:
    found = await stored(world, excel_file([(2026001, *GOOD[1:])]))
    assert found["sourceId"].endswith("/2026001")


async def test_of_a_formula_the_value_counts_that_was_saved_with_it(world: World) -> None:
    """openpyxl writes formulas without a value, so one is put in as Excel does."""
    row = (*GOOD[:2], "=B2", *GOOD[3:])
    empty, full = b'<c r="C2"><f>B2</f><v', b'<c r="C2" t="str"><f>B2</f><v>geluid</v><v'
    computed = with_part(
        excel_file([row]), "xl/worksheets/sheet1.xml", lambda xml: xml.replace(empty, full)
    )
    assert (await stored(world, computed))["category"] == "NOISE"


async def test_a_cell_with_an_error_of_excel_is_named(world: World) -> None:
    book = Workbook()
    book.active.append(HEADER)
    book.active.append(GOOD)
    book.active["C2"].value, book.active["C2"].data_type = "#REF!", "e"
    receipt = await upload(world.partner("buurtwerk"), saved(book))
    assert rejected(receipt) == {2: [("category", "SHEET_BROKEN_CELL")]}


async def test_everything_that_is_wrong_with_a_row_is_told_at_once(world: World) -> None:
    row = ("A-1", "", "lawaai", "gisteren", "bezig", "x" * 3000)
    assert rejected(await upload(world.partner("buurtwerk"), csv_file([row]))) == {
        2: [
            ("wijk", "SHEET_CELL_EMPTY"),
            ("category", "SHEET_CHOICE"),
            ("seenAt", "SHEET_DATE"),
            ("status", "SHEET_CHOICE"),
        ]
    }


async def test_good_rows_are_taken_and_the_others_named_by_their_own_number(world: World) -> None:
    file = csv_file([GOOD, ("A-2", *GOOD[1:3], "gisteren", *GOOD[4:]), ("A-3", *GOOD[1:])])
    partner = world.partner("buurtwerk")
    receipt = await upload(partner, file, dryRun=False, dataset="eigen")
    assert outcomes(receipt) == {"CREATED": 2, "REJECTED": 1}
    assert [row["externalId"] for row in receipt["rows"]["nodes"]] == ["A-1", "A-2", "A-3"]
    again = await upload(partner, file, dryRun=False, dataset="eigen")
    assert outcomes(again) == {"UNCHANGED": 2, "REJECTED": 1}


# -- columns


async def test_columns_may_have_the_names_of_the_api_in_any_order(world: World) -> None:
    header = ["STATUS", "seen_at", " externalId", "wijk", "Category"]
    row = ("NEW", GOOD[3], "A-1", "WK063711", "NOISE")
    assert (await stored(world, csv_file([row], header=header)))["status"] == "NEW"


async def test_a_column_that_is_not_known_is_told_by_its_letter_and_stops_nothing(
    world: World,
) -> None:
    file = csv_file([(*GOOD, "Jansen", "los")], header=[*HEADER, "Medewerker"])
    receipt = await upload(world.partner("buurtwerk"), file)
    assert outcomes(receipt) == {"CREATED": 1}
    assert codes(receipt) == ["COLUMN_NOT_USED"] * 2
    assert receipt["errors"][0]["path"] == ["input", "file"]
    assert "Kolom G" in receipt["errors"][0]["message"]
    assert "Kolom H" in receipt["errors"][1]["message"]
    assert "Medewerker" not in str(receipt)


async def test_a_required_column_that_is_missing_refuses_the_whole_and_names_it(
    world: World,
) -> None:
    receipt = await upload(world.partner("buurtwerk"), csv_file([GOOD[:4]], header=HEADER[:4]))
    assert codes(receipt) == ["SHEET_COLUMNS_MISSING"]
    assert "Status" in receipt["errors"][0]["message"]
    assert (receipt["id"], receipt["summary"]) == (None, [])


async def test_a_merged_header_leaves_a_column_without_a_name(world: World) -> None:
    book = Workbook()
    book.active.append(HEADER)
    book.active.append(GOOD)
    book.active.merge_cells("D1:E1")
    receipt = await upload(world.partner("buurtwerk"), saved(book))
    assert codes(receipt) == ["SHEET_COLUMNS_MISSING"]


async def test_two_columns_for_one_field_are_refused(world: World) -> None:
    file = csv_file([(*GOOD, "zorg")], header=[*HEADER, "category"])
    receipt = await upload(world.partner("buurtwerk"), file)
    assert codes(receipt) == ["SHEET_COLUMN_TWICE"]
    assert "C en G" in receipt["errors"][0]["message"]


# -- files that are none


def with_part(book: bytes, name: str, change: Any) -> bytes:
    """A workbook of which one part is changed."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        assert change(old.read(name)) != old.read(name)
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    return made.getvalue()


def with_cells(rows: str) -> bytes:
    """A workbook with these rows, written out."""
    sheet = f'<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>'
    part = "xl/worksheets/sheet1.xml"
    return with_part(excel_file([GOOD]), part, lambda _: sheet.encode())


def with_rows(rows: int, cells: int) -> bytes:
    """A workbook of so many rows of so many empty cells."""
    return with_cells(("<row>" + "<c/>" * cells + "</row>") * rows)


def bomb() -> bytes:
    """A workbook of some 60 kB that unpacks to 60 MB."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(excel_file([GOOD]))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, old.read(part))
        new.writestr("xl/media/wit.bin", b"\0" * 60_000_000)
    return made.getvalue()


def liar() -> bytes:
    """A bomb that says of itself that it is small."""
    content = bytearray(bomb())
    size = (60_000_000).to_bytes(4, "little")
    return bytes(content.replace(size, (1_000).to_bytes(4, "little")))


SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "geluid"><!ENTITY b "&a;">]><worksheet'
FILES: dict[str, tuple[Any, str]] = {
    "nothing": (lambda: b"", "SHEET_EMPTY"),
    "blanks": (lambda: b"\r\n ; ;\r\n", "SHEET_EMPTY"),
    "a header alone": (lambda: csv_file([]), "SHEET_EMPTY"),
    "an empty workbook": (lambda: saved(Workbook()), "SHEET_EMPTY"),
    "old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "SHEET_OLD_EXCEL"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(200), "SHEET_OTHER_FILE"),
    "a PDF": (lambda: b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n", "SHEET_OTHER_FILE"),
    "another zip": (lambda: bomb_free_zip(), "SHEET_OTHER_FILE"),
    "half a workbook": (lambda: excel_file([GOOD])[:2000], "SHEET_OTHER_FILE"),
    "a zip bomb": (bomb, "SHEET_UNPACKS_TOO_LARGE"),
    "a row of a million cells": (lambda: with_rows(1, 1_000_000), "SHEET_UNPACKS_TOO_LARGE"),
    "a row that is too long to hold": (lambda: with_rows(1, 30_000), "SHEET_UNPACKS_TOO_LARGE"),
    "a million cells in rows": (lambda: with_rows(1_000, 1_000), "SHEET_UNPACKS_TOO_LARGE"),
    "a cell with a hundred thousand attributes": (
        lambda: with_cells("<row><c " + " ".join(f'a{n}=""' for n in range(100_000)) + "/></row>"),
        "SHEET_UNPACKS_TOO_LARGE",
    ),
    "a comment that looks like rows": (
        lambda: with_cells("<row><c/><!-- <row> --></row>"), "SHEET_OTHER_FILE",
    ),
    "many empty rows": (lambda: with_cells("<row/>" * 30_000), "SHEET_EMPTY_ROWS"),
    "XML with entities": (
        lambda: with_part(
            excel_file([GOOD]), "xl/worksheets/sheet1.xml",
            lambda x: x.replace(b"<worksheet", ENTITIES, 1).replace(b">geluid<", b">&b;<"),
        ),
        "SHEET_OTHER_FILE",
    ),
    "XML that is broken": (
        lambda: with_part(excel_file([GOOD]), "xl/worksheets/sheet1.xml", lambda x: x[:-40]),
        "SHEET_OTHER_FILE",
    ),
    "a cell beyond every column": (
        lambda: with_part(
            excel_file([GOOD]), "xl/worksheets/sheet1.xml",
            lambda x: x.replace(b'r="B2"', b'r="ZZZZZZZZZ2"'),
        ),
        "SHEET_OTHER_FILE",
    ),
    "a row beyond every row": (
        lambda: with_part(
            excel_file([GOOD]), "xl/worksheets/sheet1.xml",
            lambda x: x.replace(b'r="2"', b'r="999999999999"').replace(b'2"', b'999999999999"'),
        ),
        "SHEET_EMPTY_ROWS",
    ),
    "a quotation mark too many": (
        lambda: csv_file([GOOD, GOOD]) + b'A-3;"WK063711;geluid\r\nA-4;x\r\n',
        "SHEET_QUOTES",
    ),
    "too many columns": (
        lambda: csv_file([["x"] * 300], header=[f"k{n}" for n in range(300)]),
        "SHEET_TOO_WIDE",
    ),
    "too many rows": (lambda: csv_file([GOOD] * 5_001), "SHEET_TOO_LONG"),
}  # fmt: skip


def bomb_free_zip() -> bytes:
    """A zip that is no workbook, as of LibreOffice's own format."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        new.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return made.getvalue()


@pytest.mark.parametrize("name", FILES)
async def test_a_file_that_cannot_be_read_is_refused_with_a_cure(world: World, name: str) -> None:
    make, code = FILES[name]
    for language in ("nl", "en"):
        receipt = await upload(world.partner("buurtwerk"), make(), language=language)
        assert codes(receipt) == [code]
        assert receipt["id"] is None
        assert receipt["errors"][0]["message"]
        assert receipt["errors"][0]["hint"]


async def test_a_bomb_that_says_it_is_small_is_refused(world: World) -> None:
    receipt = await upload(world.partner("buurtwerk"), liar())
    assert codes(receipt) == ["SHEET_OTHER_FILE"]


class Counted:
    """In the place of a decompressor: counts what comes out of it."""

    came_out = 0

    def __init__(self, made: Any) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    def decompress(self, *given: Any) -> bytes:
        piece: bytes = self._made.decompress(*given)
        Counted.came_out += len(piece)
        return piece


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> type[Counted]:
    """Counts the bytes that are unpacked of zips, however they are packed."""
    Counted.came_out = 0
    for module, name in (
        (zlib, "decompressobj"), (bz2, "BZ2Decompressor"), (lzma, "LZMADecompressor"),
    ):  # fmt: skip
        make = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, make=make, **k: Counted(make(*a, **k)))
    return Counted


def packed_bomb(method: int, *, says: int, of: bytes = b"") -> bytes:
    """A workbook with 60 MB of zeros in a part, that says it is a part of `says` of them."""
    made = io.BytesIO()
    zeros = bytes(60_000_000)
    with zipfile.ZipFile(made, "w") as new:
        new.writestr("xl/a.xml", zeros, compress_type=method)
        if of:
            with zipfile.ZipFile(io.BytesIO(of)) as old:
                for part in old.namelist():
                    new.writestr(part, old.read(part))
    content = made.getvalue()
    for true, said in ((len(zeros), says), (zlib.crc32(zeros), zlib.crc32(bytes(says)))):
        assert content.count(true.to_bytes(4, "little")) == 2
        content = content.replace(true.to_bytes(4, "little"), said.to_bytes(4, "little"))
    return content


@pytest.mark.parametrize("says", [100, 60_000_000])
@pytest.mark.parametrize(
    ("method", "code"),
    [
        (zipfile.ZIP_DEFLATED, "SHEET_UNPACKS_TOO_LARGE"),
        (zipfile.ZIP_BZIP2, "SHEET_OTHER_FILE"),
        (zipfile.ZIP_LZMA, "SHEET_OTHER_FILE"),
    ],
)
def test_no_more_is_unpacked_than_the_hub_has_room_for_whatever_a_zip_says(
    unpacked: type[Counted], method: int, code: str, says: int
) -> None:
    bomb = packed_bomb(method, says=says)
    assert unpacked.came_out == 0
    with pytest.raises(Refusal) as caught:
        read(bomb, 5_000)
    forged = method == zipfile.ZIP_DEFLATED and says == 100  # holds 100 bytes, and no workbook
    assert caught.value.code == ("SHEET_OTHER_FILE" if forged else code)
    most = MOST_UNPACKED + 65_536 if method == zipfile.ZIP_DEFLATED else 0
    assert unpacked.came_out <= (65_536 if forged else most)


def test_what_is_read_of_a_workbook_is_what_was_counted(unpacked: type[Counted]) -> None:
    book = packed_bomb(zipfile.ZIP_DEFLATED, says=100, of=excel_file([GOOD]))
    unpacked.came_out = 0
    assert len(read(book, 5_000).lines) == 1
    assert 0 < unpacked.came_out <= 65_536  # of the bomb alone, and once


async def test_a_whole_sheet_of_5000_rows_is_taken(world: World) -> None:
    rows = [(f"A-{number}", *GOOD[1:]) for number in range(5_000)]
    receipt = await upload(world.partner("buurtwerk"), excel_file(rows))
    assert outcomes(receipt) == {"CREATED": 5_000}


@given(content=st.binary(max_size=200) | st.binary(max_size=200).map(lambda b: b"PK\x03\x04" + b))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_bytes_make_the_hub_stumble(shared: World, content: bytes) -> None:
    given_ = {"file": None, "dataset": "blad", "kind": "SIGNAL", "idempotencyKey": "any-bytes-1"}
    answer = await post_form(shared.partner("buurtwerk"), form(UPLOAD, {"in": given_}, content))
    assert answer.status_code == 200
    receipt = answer.json()["data"]["uploadSheet"]
    assert all(code.startswith(("SHEET_", "COLUMN_")) for code in codes(receipt))
    assert receipt["id"] is None
