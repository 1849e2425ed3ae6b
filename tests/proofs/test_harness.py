# SPDX-License-Identifier: EUPL-1.2
"""The command carries proofs out in processes, adds up what they did, and tells what failed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cluster
from tests.proofs import report
from tests.proofs.proof import Counts, Outcome, Proof
from tests.proofs.registry import PROOFS
from tests.proofs.run import run

ROOT = Path(__file__).resolve().parents[2]


def _counting(cluster: Cluster, numbers: range) -> Outcome:
    assert 7 not in numbers, "seven is wrong"
    return Outcome({"things": len(numbers)}, {"seen": frozenset(map(str, numbers))})


def _more_than_five(outcome: Outcome) -> Counts:
    assert len(outcome.met["seen"]) > 5, "too few"
    return {**outcome.counts, "different": len(outcome.met["seen"])}


def _proof(long: int) -> Proof:
    return Proof("counting", 9, "thing", _counting, long, share=2, whole=_more_than_five)


def test_what_shares_did_is_added_up_and_told_with_progress_and_in_a_table() -> None:
    told: list[str] = []
    proof = _proof(7)
    done = run([(proof, 7)], 1, told.append)
    assert done.failures == []
    assert done.counts == {"counting": {"things": 7, "different": 7}}
    assert told[-1].endswith("counting: 7 of 7")
    table = "\n".join(report.markdown(report.result([(proof, 7)], done, 1, 61.0)))
    assert 'by `make prove ARGS="--only counting"`' in table
    assert "| 9 counting | 7 things, 7 different |" in table


def test_a_piece_that_fails_and_a_whole_that_proves_too_little_are_told() -> None:
    small, failing = _proof(3), Proof("failing", 9, "thing", _counting, 9, share=9)
    done = run([(small, 3), (failing, 9)], 1, lambda _: None)
    assert done.counts == {}
    assert "seven is wrong" in done.failures[0]
    assert done.failures[1].startswith("counting, as a whole: too few")


def test_every_proof_has_a_name_of_its_own_and_is_one_of_the_nine() -> None:
    assert len({proof.name for proof in PROOFS}) == len(PROOFS)
    assert {proof.number for proof in PROOFS} <= set(range(1, 10))


def test_the_page_has_the_newest_counts_of_each_proof() -> None:
    def made(at: str, **counts: int) -> dict[str, Any]:
        proofs = {
            name: {"number": 1, "seconds": 1, "counts": {"pieces": count}}
            for name, count in counts.items()
        }
        about = {"at": at, "date": at, "commit": "c", "changed_since_commit": False}
        return {**about, "command": "make prove", "proofs": proofs}

    lines = list(report.of_all([made("2026-11-29", paths=1, doors=2), made("2026-11-30", paths=3)]))
    assert [line for line in lines if "paths" in line and "3 pieces | 2026-11-30" in line]
    assert [line for line in lines if "doors" in line and "2 pieces | 2026-11-29" in line]
    assert [line for line in lines if "matrix | not yet" in line]


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_command_writes_what_it_counted_where_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.proofs", "--only", "catalogue", "--processes", "1", "--json", str(path)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, messages = await process.communicate()
    assert process.returncode == 0, messages.decode()
    assert "5 catalogue" in output.decode()
    counted = json.loads(path.read_text(encoding="utf-8"))
    assert counted["proofs"]["catalogue"]["counts"]["policies"] > 50
    assert {"date", "commit", "python", "postgresql", "seconds"} <= counted.keys()
