# SPDX-License-Identifier: EUPL-1.2
"""`hub import kwb` and `hub import facts`, as a person at a keyboard finds them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from tests.conftest import Cluster, World
from tests.kwb.files import FACTS, KWB, changed, with_cells

pytestmark = pytest.mark.anyio


async def hub(world: World, *arguments: str | Path) -> Result:
    """Runs the command on the world's database; it has a loop of its own, so in a thread."""
    runner = CliRunner(env={"HUB_OWNER_URL": world.dsn("owner"), "DATABASE_URL": world.dsn("app")})
    return await asyncio.to_thread(runner.invoke, main, [str(word) for word in arguments])


async def test_a_file_that_is_known_already_is_said_to_change_nothing(world: World) -> None:
    result = await hub(world, "import", "kwb", KWB[2024], "--year", "2024")
    assert (result.exit_code, result.stdout) == (
        0,
        "GM0344 2024: 122 areas, 13908 figures\nNothing changed: it was known already\n",
    )


async def test_what_changed_is_counted(world: World, tmp_path: Path) -> None:
    file = tmp_path / "kwb.xlsx"
    file.write_bytes(with_cells(KWB[2024], {("WK034401", "a_inw"): 30_000}))
    result = await hub(world, "import", "kwb", file, "--year", "2024", "--gemeente", "GM0344")
    assert result.stdout.endswith("1 rows changed\n")


async def test_a_fault_names_the_cell_and_the_cure(world: World, tmp_path: Path) -> None:
    file = tmp_path / "kwb.xlsx"
    file.write_bytes(with_cells(KWB[2024], {("WK034401", "a_inw"): "veel"}))
    result = await hub(world, "import", "kwb", file, "--year", "2024")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "Cel H3 (kolom a_inw) klopt niet: er staat 'veel'. "
        "Verbeter deze cel. Een goed voorbeeld: 1234 / 1,9 / '.'."
    )


async def test_areas_that_wait_are_listed_with_the_command_that_decides(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "kwb.xlsx"

    def change(rows: list[list[object]]) -> None:
        rows[2][2], rows[2][6] = "Nieuw West", 3

    file.write_bytes(changed(KWB[2024], change))
    result = await hub(world, "import", "kwb", file, "--year", "2025")
    assert result.exit_code == 0
    assert "WK034401 Nieuw West waits for a decision\n" in result.stdout
    assert "hub confirm areas --gemeente GM0344 --year 2025 CODE=…" in result.stdout


async def test_facts_are_counted(world: World) -> None:
    result = await hub(world, "import", "facts", FACTS)
    assert result.stdout == "11 figures\nNothing changed: it was known already\n"


def test_serving_does_not_load_what_reads_sheets(cluster: Cluster) -> None:
    program = "import sys, hub.cli, hub.app, hub.demo.prepare; print('openpyxl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
