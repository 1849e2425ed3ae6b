# SPDX-License-Identifier: EUPL-1.2
"""Files as people make them, and a short way to upload one."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import httpx
from openpyxl import Workbook

from tests.partner import Partner

UPLOAD = """
mutation Blad($in: UploadSheetInput!) {
  uploadSheet(input: $in) {
    id dataset dryRun replayed
    summary { outcome rows }
    rows { nodes { line externalId outcome recordId errors { path code message hint } } }
    errors { path code message hint }
  }
}
"""
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
HEADER = ("Nummer", "Wijkcode", "Categorie", "Gezien op", "Status", "Samenvatting")
GOOD = ("A-1", "WK063711", "geluid", "22-11-2026 14:30", "nieuw", "Luide muziek")

_keys = itertools.count(1)


def csv_file(
    rows: Iterable[Sequence[object]],
    *,
    header: Sequence[str] | None = HEADER,
    delimiter: str = ";",
    encoding: str = "utf-8",
    end: str = "\r\n",
    quoting: Any = csv.QUOTE_MINIMAL,
) -> bytes:
    """A CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([*([header] if header else []), *rows])
    return text.getvalue().encode(encoding)


def excel_file(rows: Iterable[Sequence[Any]], *, header: Sequence[str] = HEADER) -> bytes:
    """An Excel file with one sheet."""
    book = Workbook()
    for row in (header, *rows):
        book.active.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    """The bytes of a workbook."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def form(
    query: str, variables: dict[str, Any], file: bytes, at: str = "variables.in.file"
) -> dict[str, tuple[Any, ...]]:
    """The parts of a GraphQL multipart request with one file, as httpx takes them."""
    return {
        "operations": (None, json.dumps({"query": query, "variables": variables})),
        "map": (None, json.dumps({"0": [at]})),
        "0": ("blad.csv", file, "application/octet-stream"),
    }


async def post_form(
    partner: Partner, parts: dict[str, tuple[Any, ...]], **headers: str
) -> httpx.Response:
    """The HTTP answer to a form."""
    transport = httpx.ASGITransport(app=partner.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.post(
            "/upload",
            files=parts,
            headers={"Authorization": f"Bearer {partner.token}", **PREFLIGHT, **headers},
        )


async def upload(
    partner: Partner, file: bytes, *, query: str = UPLOAD, language: str = "nl", **given: Any
) -> Any:
    """The receipt of an upload; nothing is stored unless `dryRun` is False."""
    variables = {
        "in": {
            "file": None,
            "dataset": "blad",
            "kind": "SIGNAL",
            "idempotencyKey": f"sheet-key-{next(_keys)}",
            **given,
        }
    }
    answer = await post_form(partner, form(query, variables, file), **{"Accept-Language": language})
    body = answer.json()
    assert "errors" not in body, body["errors"]
    return body["data"]["uploadSheet"]


def outcomes(receipt: Any) -> dict[str, int]:
    """How many rows had each outcome."""
    return {each["outcome"]: each["rows"] for each in receipt["summary"]}


def codes(receipt: Any) -> list[str]:
    """The codes of the errors of the whole."""
    return [error["code"] for error in receipt["errors"]]


def rejected(receipt: Any) -> dict[int, list[tuple[str, str]]]:
    """Of each rejected row, by its number, the fields and codes."""
    return {
        row["line"]: [(".".join(error["path"]), error["code"]) for error in row["errors"]]
        for row in receipt["rows"]["nodes"]
        if row["outcome"] == "REJECTED"
    }
