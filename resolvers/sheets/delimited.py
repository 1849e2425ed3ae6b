# SPDX-License-Identifier: EUPL-1.2
"""Texts with a row on each line: semicolons, commas or tabs, quotes, UTF-8, UTF-16 or what Windows
wrote before them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

from sql.errors import Refusal

_DELIMITERS = ";\t,"
"""The first one wins where the header has as many of two."""

_QUOTED = re.compile(r'"[^"]*"')
_TELLS = re.compile(r"sep=([;,\t])\r?\n", re.IGNORECASE)
"""A first line that Excel does not show, and that names the delimiter."""

_HEAD = 20_000


def rows(content: bytes) -> Iterator[list[str]]:
    """The rows, empty ones too, in the order and under the numbers that Excel gives them."""
    text = _decoded(content)
    tells = _TELLS.match(text)
    delimiter = tells[1] if tells else _delimiter(text[:_HEAD])
    body = text[tells.end() :] if tells else text
    return _parsed(body, delimiter)


def _parsed(text: str, delimiter: str) -> Iterator[list[str]]:
    number = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, 1):  # noqa: B007 - told when the next one fails
            yield row
    except csv.Error:
        raise Refusal("SHEET_QUOTES", row=number + 1) from None


def _decoded(content: bytes) -> str:
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Refusal("SHEET_OTHER_FILE")


def _delimiter(head: str) -> str:
    """What the header has most of, outside quotes."""
    bare = _QUOTED.sub("-", head)
    header = next((line for line in bare.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=header.count)
