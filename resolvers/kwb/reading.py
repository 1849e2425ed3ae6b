# SPDX-License-Identifier: EUPL-1.2
"""The sheet of CBS's Kerncijfers wijken en buurten (KWB), read strictly.

One row is a gemeente, a wijk or a buurt, one column a figure. A point means unknown or secret, an
empty cell that the figure cannot occur. Numbers may be stored as text, with a decimal comma; codes
are text, with leading zeros and sometimes letters. The first thing that is wrong is a `Refusal`
that names the row and the column as the sheet shows them, and nothing of the file is used.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from resolvers.kwb.cells import Cell
from resolvers.kwb.measures import NullReason, measures
from resolvers.sheets.table import letter
from resolvers.sheets.workbook import counted
from sql.errors import Refusal

Kind: TypeAlias = Literal["GEMEENTE", "WIJK", "BUURT"]

_KINDS: dict[str, tuple[Kind, re.Pattern[str], str]] = {
    "Gemeente": ("GEMEENTE", re.compile(r"GM[0-9]{4}"), "GM0344"),
    "Wijk": ("WIJK", re.compile(r"WK[0-9]{4}[0-9A-Z]{2}"), "WK034401"),
    "Buurt": ("BUURT", re.compile(r"BU[0-9]{4}[0-9A-Z]{4}"), "BU03440111"),
}
_COUNTRY = "Land"  # the first row of the file of the whole country
_CODE, _PLAIN_CODE, _NAME = "gwb_code_10", "gwb_code_8", "regio"
_GEMEENTE_NAME, _KIND, _FLAG = "gm_naam", "recs", "ind_wbi"
_NEEDED = (_CODE, _NAME, _GEMEENTE_NAME, _KIND, _FLAG)
_OF_AREA = {*_NEEDED, _PLAIN_CODE, "gwb_code"}

_MOST_UNPACKED, _MOST_TAGS = 400_000_000, 30_000_000
"""Room for the file of the whole country: some 18,000 rows of 150 columns."""

_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Region:
    """One row. `flag` is ind_wbi: whether CBS compares it with the year before (1, 2 or 3)."""

    kind: Kind
    code: str
    name: str
    gemeente_name: str
    flag: int | None
    row: int
    figures: Mapping[str, float | NullReason]

    @property
    def gemeente(self) -> str:
        """The code of its gemeente: the first digits of every code are those of the gemeente."""
        return f"GM{self.code[2:6]}"

    @property
    def wijk_code(self) -> str:
        """The code of the wijk: its own, or of the one that a buurt lies in."""
        return f"WK{self.code[2:8]}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds: its rows, and the columns that the hub does not know and left out."""

    regions: tuple[Region, ...]
    unknown_columns: tuple[str, ...]

    def gemeenten(self) -> list[str]:
        """Codes of the gemeenten that the sheet has rows of."""
        return sorted({region.gemeente for region in self.regions})


def read(content: bytes | Path, year: int, gemeente: str | None = None) -> Sheet:
    """The rows of a KWB file about `year`, of one gemeente or of all. Raises `Refusal` (KWB_…, and
    SHEET_UNPACKS_TOO_LARGE).
    """
    title, rows = _rows(content)
    found = _YEAR.findall(title)
    if found and str(year) not in found:
        raise Refusal("KWB_OTHER_YEAR", found=found[0], year=year)
    header = _header(next(rows, ()))
    regions = []
    first_rows: dict[str, int] = {}
    for number, values in enumerate(rows, 2):
        cells = _cells(header, values, number)
        if cells is None or str(cells[_KIND].value).strip() == _COUNTRY:
            continue
        region = _region(cells)
        if region.code in first_rows:
            raise cells[_CODE].refusal(
                "KWB_CODE_TWICE", area=region.code, first=first_rows[region.code]
            )
        first_rows[region.code] = number
        regions.append(region)
    of_gemeente = tuple(region for region in regions if gemeente in (None, region.gemeente))
    if not of_gemeente:
        raise Refusal("KWB_NO_ROWS", gemeente=gemeente or "-")
    known = _OF_AREA | measures().keys()
    return Sheet(of_gemeente, tuple(column for column in header if column not in known))


def _rows(content: bytes | Path) -> tuple[str, Iterator[Sequence[Any]]]:
    """The title of the first sheet and its rows; a formula comes as its text, and so is refused."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        data = content.read_bytes() if isinstance(content, Path) else content
        plain = counted(data, most_unpacked=_MOST_UNPACKED, most_tags=_MOST_TAGS)
        book = load_workbook(io.BytesIO(plain), read_only=True)
        sheet = book.worksheets[0]
        return sheet.title, iter(list(sheet.iter_rows(values_only=True)))
    except OSError as error:
        raise Refusal("KWB_FILE", file=str(content), why=error.strerror) from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,  # a part with a password, or packed in a way that Python does not know
        InvalidFileException,
        KeyError,  # a zip that is no workbook
        IndexError,  # a workbook without a sheet
        ValueError,  # a cell or its XML is not what the format says
        SyntaxError,  # XML that is not well formed
    ) as error:
        raise Refusal("KWB_NOT_A_SHEET") from error


def _header(values: Sequence[Any]) -> dict[str, int]:
    """Position of each column by its name."""
    header: dict[str, int] = {}
    for position, value in enumerate(values):
        name = str(value).strip().lower() if value is not None else ""
        if name in header:
            cell = Cell(value, 1, position, name)
            raise cell.refusal("KWB_COLUMN_TWICE", first=letter(header[name]))
        if name:
            header[name] = position
    if missing := [name for name in _NEEDED if name not in header]:
        raise Refusal("KWB_COLUMNS_MISSING", path=("rows", 1), missing=missing)
    if not header.keys() & measures().keys():
        raise Refusal("KWB_COLUMNS_MISSING", path=("rows", 1), missing=["a_inw"])
    return header


def _cells(header: Mapping[str, int], values: Sequence[Any], row: int) -> dict[str, Cell] | None:
    """The cells of a row by the names of their columns, None for a row with nothing in it."""
    if all(value is None for value in values):
        return None
    return {
        name: Cell(values[position] if position < len(values) else None, row, position, name)
        for name, position in header.items()
    }


def _region(cells: Mapping[str, Cell]) -> Region:
    said = cells[_KIND].text("Gemeente / Wijk / Buurt")
    if said not in _KINDS:
        raise cells[_KIND].wrong("Gemeente / Wijk / Buurt")
    kind, pattern, example = _KINDS[said]
    code = cells[_CODE].code(pattern, example)
    if _PLAIN_CODE in cells:
        cells[_PLAIN_CODE].code(re.compile(re.escape(code[2:])), code[2:])
    return Region(
        kind=kind,
        code=code,
        name=cells[_NAME].text("Oog in Al"),
        gemeente_name=cells[_GEMEENTE_NAME].text("Utrecht"),
        flag=cells[_FLAG].flag(),
        row=cells[_CODE].row,
        figures=_figures(cells.values()),
    )


def _figures(cells: Iterable[Cell]) -> dict[str, float | NullReason]:
    return {cell.column: cell.figure() for cell in cells if cell.column in measures()}
