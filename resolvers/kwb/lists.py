# SPDX-License-Identifier: EUPL-1.2
"""A list in CSV, read strictly: each row as cells that know their place."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from resolvers.kwb.cells import Cell
from sql.errors import Refusal


def read_list(content: bytes | Path, columns: Sequence[str]) -> Iterator[Mapping[str, Cell]]:
    """The cells of these columns, row by row; commas or semicolons, as the first row has them.

    Raises `Refusal` (KWB_…) for a file that cannot be read or that lacks a column.
    """
    try:
        data = content.read_bytes() if isinstance(content, Path) else content
        text = data.decode("utf-8-sig")
        sign = ";" if ";" in text.partition("\n")[0] else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign))
    except OSError as error:
        raise Refusal("KWB_FILE", file=str(content), why=error.strerror) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal("KWB_NOT_A_SHEET") from error
    header = rows[0] if rows else []
    if missing := [name for name in columns if name not in header]:
        raise Refusal("KWB_COLUMNS_MISSING", path=("rows", 1), missing=missing)
    for number, row in enumerate(rows[1:], 2):
        if row:
            values = dict(zip_longest(header, row))
            yield {name: Cell(values[name], number, header.index(name), name) for name in columns}
