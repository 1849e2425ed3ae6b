# SPDX-License-Identifier: EUPL-1.2
"""The measuring runs and tells what it promises; how fast anything is, is not for a test to say."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.benchmarks.kinds import OTHERS

ROOT = Path(__file__).resolve().parents[2]
SPEED = {"answers", "per_second", "p50_ms", "p99_ms", "server_cpu_ms", "bytes"}
PUSHED = {"pushes", "rows_per_second", "p50_ms", "most_ms", "server_cpu_ms", "bytes_sent"}


async def benchmarks(*options: str) -> tuple[int | None, str, str]:
    """Exit code, output and messages of the command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks", *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, messages = await process.communicate()
    return process.returncode, output.decode(), messages.decode()


@pytest.mark.anyio
async def test_help_says_what_is_measured_and_where_the_numbers_go() -> None:
    code, output, _ = await benchmarks("--help")
    assert code == 0
    assert "tests/benchmarks/results/" in output


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_quick_run_gives_every_number_and_the_same_answers_as_by_hand(
    tmp_path: Path,
) -> None:
    path = tmp_path / "numbers.json"
    code, table, messages = await benchmarks("--quick", "--json", str(path))
    assert code == 0, messages
    assert "small read" in table
    numbers = json.loads(path.read_text(encoding="utf-8"))
    assert numbers["provisional"] is True
    assert {"date", "commit", "machine", "versions", "settings"} <= numbers.keys()
    assert numbers["start"].keys() == {"first", "later"}
    assert numbers["reads"].keys() == {"small", "rows", "overview"}
    for read in numbers["reads"].values():
        for at in ("at_1", "at_8"):
            assert read[at].keys() == {"hub", "by_hand", "ratio"}
            assert read[at]["hub"].keys() == read[at]["by_hand"].keys() == SPEED
    for at in ("at_1", "at_8"):
        assert numbers["push"][at].keys() == {"new", "unchanged"}
        assert numbers["push"][at]["new"].keys() == PUSHED
    assert numbers["kinds"].keys() == {each.kind.name for each in OTHERS}
    for kind in numbers["kinds"].values():
        assert kind["new"].keys() == kind["unchanged"].keys() == PUSHED
    assert {"at_start", "after_reads", "after_pushes", "goal"} <= numbers["memory"].keys()
    assert 0 < numbers["visible"] < numbers["fill"]["signals"]
