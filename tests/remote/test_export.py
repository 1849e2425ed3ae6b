# SPDX-License-Identifier: EUPL-1.2
"""`hub export`: what the caller may see, whole and no more, in three forms."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import World
from tests.contract.agreeing import decide, propose, rule
from tests.contract.writing import OOSTERHEEM, push, row
from tests.ledger import ledger
from tests.remote.conftest import Command, said

pytestmark = pytest.mark.anyio


async def delivered(world: World, count: int = 3, **more: Any) -> None:
    rows = [row(f"s-{number}", summary=f"Glas {number}", **more) for number in range(count)]
    receipt = await push(world.partner("buurtwerk"), rows)
    assert receipt["errors"] == []


async def shared(world: World, precision: str = "BUURT") -> None:
    rules = [await rule(world, "buurtwerk", "corporatie-a", precision=precision)]
    agreement = await propose(world, "buurtwerk", rules)
    await decide(world, "corporatie-a", "accept", agreement)


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def whole(file: Path) -> tuple[int, int, list[Path]]:
    """A file's mode and number of lines, and what stands in its folder."""
    lines = file.read_text("utf-8-sig").splitlines()
    return stat.S_IMODE(file.stat().st_mode), len(lines), list(file.parent.iterdir())


async def test_the_owner_gets_every_record_whole(world: World, hub: Command) -> None:
    await delivered(world, 130)
    got = lines_of(said(await hub("buurtwerk", "export", "SIGNAL", "--format", "jsonl")))
    assert len(got) == len({each["id"] for each in got}) == 130
    assert got[0]["sourceId"] and got[0]["summary"].startswith("Glas")


async def test_another_gets_what_an_agreement_shows_and_what_it_hides_is_empty(
    world: World, hub: Command
) -> None:
    await shared(world)
    await delivered(world)
    words = ("export", "SIGNAL", "--wijk", OOSTERHEEM, "--format", "csv")
    table = list(
        csv.DictReader(io.StringIO(said(await hub("corporatie-a", *words))), delimiter=";")
    )
    assert len(table) == 3
    assert {each["summary"] for each in table} == {""}
    assert all("summary" in each["hidden"] for each in table)
    assert {each["agreement.title"] for each in table} == {"Proefconvenant"}
    nothing = said(await hub("corporatie-b", *words))
    assert nothing.count("\n") == 1, "the header alone"


async def test_reading_by_export_is_reading_for_the_ledger(world: World, hub: Command) -> None:
    await shared(world)
    await delivered(world)
    said(await hub("corporatie-a", "export", "SIGNAL", "--wijk", OOSTERHEEM))
    async with world.connect("superuser") as connection:
        [read] = await ledger(connection, "select sum(records) from hub.read_ledger")
    assert read["sum"] == 3


async def test_geojson_has_a_point_where_the_place_is_exact(world: World, hub: Command) -> None:
    await delivered(world, 1, lon=4.5445, lat=52.0607)
    await push(world.partner("buurtwerk"), [row("without")])
    words = ("export", "SIGNAL", "--wijk", OOSTERHEEM, "--format", "geojson")
    features = json.loads(said(await hub("buurtwerk", *words)))["features"]
    points = {
        each["properties"]["sourceId"].rpartition("/")[2]: each["geometry"] for each in features
    }
    assert points["s-0"] == {"type": "Point", "coordinates": [4.5445, 52.0607]}
    assert points["without"] is None


@pytest.mark.parametrize(
    ("summary", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("\n =1+1", "'=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("ok, =1+1", "ok, =1+1"),
        ("een\ttab", "een tab"),
    ],
)
async def test_a_cell_that_a_spreadsheet_would_carry_out_is_made_harmless(
    world: World, hub: Command, summary: str, cell: str
) -> None:
    await push(world.partner("buurtwerk"), [row("f-1", summary=summary)])
    text = said(await hub("buurtwerk", "export", "SIGNAL", "--wijk", OOSTERHEEM))
    (record,) = csv.DictReader(io.StringIO(text), delimiter=";")
    assert record["summary"] == cell
    assert f'"{cell}"' in text, "in quotes"


async def test_moments_are_local_time_and_are_read_back_as_the_same(
    world: World, hub: Command, tmp_path: Path
) -> None:
    moments = {
        "winter": ("2026-11-20T21:15:00Z", "2026-11-20 22:15:00"),
        "summer": ("2026-07-01T22:00:00Z", "2026-07-02 00:00:00"),
        "the hour that comes twice": ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"),
        "part of a second": ("2026-11-20T21:15:00.25Z", "2026-11-20T22:15:00.250000+01:00"),
    }
    rows = [row(name, seenAt=moment) for name, (moment, _) in moments.items()]
    assert (await push(world.partner("buurtwerk"), rows))["errors"] == []
    text = said(await hub("buurtwerk", "export", "SIGNAL", "--wijk", OOSTERHEEM))
    table = csv.DictReader(io.StringIO(text), delimiter=";")
    told = {each["sourceId"].rpartition("/")[2]: each["seenAt"] for each in table}
    assert told == {name: cell for name, (_, cell) in moments.items()}
    back = tmp_path / "terug.csv"
    lines = [f"{name};{OOSTERHEEM};NOISE;{cell};NEW" for name, cell in told.items()]
    back.write_text("\n".join(["externalId;wijk;category;seenAt;status", *lines]), "utf-8")
    receipt = said(await hub("buurtwerk", "push", back, "--dataset", "meldingen", "--json"))
    assert json.loads(receipt)["rows"] == {"UNCHANGED": len(moments)}


async def test_a_file_is_there_when_it_is_whole_and_for_its_owner_alone(
    world: World, hub: Command, tmp_path: Path
) -> None:
    await delivered(world)
    out = tmp_path / "meldingen.csv"
    result = await hub("buurtwerk", "export", "SIGNAL", "--wijk", OOSTERHEEM, "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 records" in result.stderr
    assert whole(out) == (0o600, 4, [out])


async def test_filters_are_those_of_the_api(world: World, hub: Command) -> None:
    await delivered(world)
    await push(world.partner("buurtwerk"), [row("litter", category="LITTER")])
    words = ("export", "SIGNAL", "--format", "jsonl", "--category", "LITTER", "--mine", "--open")
    (only,) = lines_of(said(await hub("buurtwerk", *words)))
    assert only["category"] == "LITTER"


async def test_who_works_in_no_wijk_is_told_to_name_one(hub: Command) -> None:
    result = await hub("raad", "export", "SIGNAL")
    assert result.exit_code == 2
    assert "--wijk" in result.stderr
