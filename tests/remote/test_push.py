# SPDX-License-Identifier: EUPL-1.2
"""`hub push FILE`: files of every sort, in parts, twice, wrong in places; the receipt names rows as
the file numbers them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from hub.remote.push import PART_ROWS
from tests.conftest import World
from tests.remote.conftest import Command, said

pytestmark = pytest.mark.anyio

HEADER = ("externalId", "wijk", "category", "seenAt", "status", "summary")
SIGNALS = '{ wijk(code: "WK063711") { signals(first: 100) { total nodes { summary closedOn } } } }'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own, where mappings are remembered."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def cells(number: int, **changes: str) -> list[str]:
    given = {
        "externalId": f"r-{number}",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "20-11-2026 21:15",
        "status": "NEW",
        "summary": f"Geluid {number}",
        **changes,
    }
    return [given[name] for name in HEADER]


def csv_file(folder: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    file = folder / "meldingen.csv"
    lines = [";".join(header), *(";".join(row) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def excel_file(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    book = Workbook()
    book.active.append(HEADER)
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    file = folder / "meldingen.xlsx"
    file.write_bytes(content.getvalue())
    return file


def push(file: Path, *more: str) -> tuple[str | Path, ...]:
    return ("push", file, "--dataset", "meldingen", *more)


async def stored(world: World) -> dict[str, Any]:
    answer = await world.partner("buurtwerk").ask(SIGNALS)
    signals: dict[str, Any] = answer["wijk"]["signals"]
    return signals


async def test_a_csv_file_is_delivered_and_the_same_command_delivers_nothing_twice(
    world: World, hub: Command, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, [cells(1), cells(2)])
    assert said(await hub("buurtwerk", *push(file))) == "CREATED 2\n"
    again = said(await hub("buurtwerk", *push(file)))
    assert again == "CREATED 2 (delivered before: this is the first receipt)\n"
    assert (await stored(world))["total"] == 2


async def test_an_excel_file_keeps_its_dates(world: World, hub: Command, tmp_path: Path) -> None:
    row: list[Any] = cells(1)
    row[3] = datetime(2026, 11, 20, 21, 15)  # noqa: DTZ001 - as Excel has it
    assert said(await hub("buurtwerk", *push(excel_file(tmp_path, [row])))) == "CREATED 1\n"


async def test_json_lines_hold_rows_of_the_api(world: World, hub: Command, tmp_path: Path) -> None:
    row = dict(zip(HEADER, cells(1), strict=True)) | {"seenAt": "2026-11-20T21:15:00+01:00"}
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    assert said(await hub("buurtwerk", *push(file))) == "CREATED 1\n"
    file.write_text(json.dumps(row) + "\n[1]\n", encoding="utf-8")
    result = await hub("buurtwerk", *push(file))
    assert (result.exit_code, "2" in result.stderr) == (1, True)


async def test_a_dry_run_stores_nothing_and_does_not_stand_in_the_way(
    world: World, hub: Command, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, [cells(1)])
    tried = said(await hub("buurtwerk", *push(file, "--dry-run")))
    assert tried == "CREATED 1 (nothing stored: a dry run)\n"
    assert (await stored(world))["total"] == 0
    assert said(await hub("buurtwerk", *push(file))) == "CREATED 1\n"


async def test_a_wrong_cell_is_named_by_the_row_of_the_file_and_stops_the_part(
    world: World, hub: Command, tmp_path: Path
) -> None:
    wrong = cells(2, category="Geluid en zo"), cells(3, wijk="WK063799")
    file = csv_file(tmp_path, [cells(1), *wrong])
    result = await hub("buurtwerk", *push(file))
    assert result.exit_code == 1
    assert "row 3 (r-2) category" in result.stdout
    assert "row 4 (r-3) wijk" in result.stdout
    assert "TOO_MANY_REJECTED" in result.stderr
    assert (await stored(world))["total"] == 0
    taken = await hub("buurtwerk", *push(file, "--max-rejected", "2"))
    assert said(taken).endswith("CREATED 1, REJECTED 2\n")


async def test_more_rows_than_one_part_holds_go_in_parts(
    world: World, hub: Command, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, [cells(number) for number in range(PART_ROWS + 500)])
    result = await hub("buurtwerk", *push(file, "--snapshot", "--json"))
    told = json.loads(said(result))
    assert (told["rows"], len(told["receipts"])) == ({"CREATED": PART_ROWS + 500}, 2)
    assert "part 2 of 2: 500 rows" in result.stderr


async def test_a_dry_run_of_a_full_list_in_parts_says_that_it_does_not_tell_what_is_closed(
    hub: Command, tmp_path: Path
) -> None:
    words = ("--snapshot", "--dry-run")
    file = csv_file(tmp_path, [cells(number) for number in range(PART_ROWS + 1)])
    told = json.loads(said(await hub("buurtwerk", *push(file, *words, "--json"))))
    assert [note["code"] for note in told["notes"]] == ["CLOSING_NOT_TRIED"]
    assert "[CLOSING_NOT_TRIED]" in (await hub("buurtwerk", *push(file, *words))).stderr
    one_part = csv_file(tmp_path, [cells(1)])
    told = json.loads(said(await hub("buurtwerk", *push(one_part, *words, "--json"))))
    assert told["notes"] == []


async def test_a_full_list_closes_what_it_does_not_name_but_never_a_wrong_row(
    world: World, hub: Command, tmp_path: Path
) -> None:
    full = csv_file(tmp_path, [cells(number) for number in range(3)])
    said(await hub("buurtwerk", *push(full, "--snapshot")))
    less = csv_file(tmp_path, [cells(0), cells(1, category="???")])
    result = await hub("buurtwerk", *push(less, "--snapshot", "--max-rejected", "1", "--json"))
    assert json.loads(said(result))["rows"] == {"UNCHANGED": 1, "REJECTED": 1, "CLOSED": 1}
    closed = {n["summary"] for n in (await stored(world))["nodes"] if n["closedOn"]}
    assert closed == {"Geluid 2"}


async def test_a_mapping_is_said_once(hub: Command, tmp_path: Path) -> None:
    header = ("Nr", "Wijkcode", "Wat", "Gezien", "Stand", "Tekst")
    columns = dict(zip(header, HEADER, strict=True))
    mapping = [word for pair in columns.items() for word in ("--map", "=".join(pair))]
    file = csv_file(tmp_path, [cells(1)], header)
    refused = await hub("buurtwerk", *push(file))
    assert refused.exit_code == 1
    assert said(await hub("buurtwerk", *push(file, *mapping))) == "CREATED 1\n"
    other = csv_file(tmp_path, [cells(2)], header)
    assert said(await hub("buurtwerk", *push(other))) == "CREATED 1\n"


async def test_another_kind_has_its_own_columns(hub: Command, tmp_path: Path) -> None:
    header = ("externalId", "wijk", "category", "measure", "happenedOn")
    row = ["h-1", "WK063711", "LITTER", "WARNING", "20-11-2026"]
    file = csv_file(tmp_path, [row], header)
    words = ("push", file, "--dataset", "acties", "--kind", "ENFORCEMENT_ACTION")
    assert said(await hub("handhaving", *words)) == "CREATED 1\n"


async def test_a_dataset_of_another_kind_is_told_before_what_is_wrong_with_its_rows(
    hub: Command, tmp_path: Path
) -> None:
    said(await hub("buurtwerk", *push(csv_file(tmp_path, [cells(1)]))))
    header = ("externalId", "wijk", "category", "measure", "happenedOn")
    file = csv_file(tmp_path, [["h-1", "WK063711", "LITTER", "???", "20-11-2026"]], header)
    result = await hub("buurtwerk", *push(file, "--kind", "ENFORCEMENT_ACTION"))
    assert result.exit_code == 1
    assert "[DATASET_OF_OTHER_KIND]" in result.stderr


async def test_a_column_that_is_not_used_is_told_by_its_name_and_letter(
    hub: Command, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, [[*cells(1), "x"]], (*HEADER, "Eigen kolom"))
    result = await hub("buurtwerk", *push(file, "--language", "en"))
    assert "Eigen kolom: Column G was not used" in result.stderr


async def test_wrong_use_is_told_before_anything_is_sent(hub: Command, tmp_path: Path) -> None:
    file = csv_file(tmp_path, [cells(1)])
    for words in (("--may-close", "3"), ("--map", "Kolom")):
        result = await hub("buurtwerk", *push(file, *words))
        assert result.exit_code == 2


async def test_a_warning_about_a_row_that_was_taken_is_told(hub: Command, tmp_path: Path) -> None:
    file = csv_file(tmp_path, [cells(1, summary="Bel Jan op 06-12345678")])
    text = said(await hub("buurtwerk", *push(file)))
    assert text.startswith("row 2 (r-1) summary: ") and "PERSONAL_DATA_WARNING" in text
    assert text.endswith("CREATED 1\n")


async def test_a_wijk_may_be_called_by_its_name(hub: Command, tmp_path: Path) -> None:
    file = csv_file(tmp_path, [cells(1, wijk=" oosterheem"), cells(2, wijk="Oosterheem")])
    assert said(await hub("buurtwerk", *push(file))) == "CREATED 2\n"
