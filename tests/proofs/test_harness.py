# SPDX-License-Identifier: EUPL-1.2
"""The command carries proofs out in processes, adds up what they did, and tells what failed."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cluster
from tests.proofs import report
from tests.proofs.__main__ import _arguments, _asked
from tests.proofs.joined import Joined, joined
from tests.proofs.proof import Counts, Outcome, Proof
from tests.proofs.registry import PROOFS
from tests.proofs.run import Done, _without_gap, run

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
    done = run([(proof, range(7))], 1, told.append)
    assert done.failures == []
    assert done.made["counting"].counts == {"things": 7, "different": 7}
    assert told[-1].endswith("counting: 7 of 7")
    table = "\n".join(report.markdown(report.result([proof], done, 1, 61.0)))
    assert 'by `make prove ARGS="--only counting"`' in table
    assert "| 9 counting | 7 things, 7 different |" in table


def test_a_piece_that_fails_and_a_whole_that_proves_too_little_are_told() -> None:
    small, failing = _proof(3), Proof("failing", 9, "thing", _counting, 9, share=9)
    done = run([(small, range(3)), (failing, range(9))], 1, lambda _: None)
    assert done.made == {}
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


def _file(at: str, numbers: range, **more: Any) -> dict[str, Any]:
    """A result of a range, in which each piece met its own name."""
    met = {"seen": list(map(str, numbers))}
    done = {"numbers": {"things": len(numbers)}, "met": met, "counts": {"things": len(numbers)}}
    one = {"number": 9, "seconds": 1, "from": numbers.start, "size": len(numbers), **done, **more}
    about = {"at": at, "date": at, "commit": f"of-{at}", "changed_since_commit": False}
    return {**about, "command": "make prove", "proofs": {"counting": one}}


def _joined(long: int, *files: dict[str, Any]) -> Joined:
    found = joined(_proof(long), files)
    assert found is not None
    return found


def test_a_range_keeps_what_it_did_and_is_not_judged_as_a_whole() -> None:
    proof = _proof(20)
    done = run([(proof, range(8, 11))], 1, lambda _: None)
    made = report.result([proof], done, 1, 1.0)
    one = made["proofs"]["counting"]
    assert (one["from"], one["size"], one["numbers"]) == (8, 3, {"things": 3})
    assert one["met"] == {"seen": ["10", "8", "9"]}
    assert "--range counting=8-11" in made["command"]
    assert report.part([proof], done) == "counting-8-11"


def test_ranges_that_follow_on_each_other_are_joined_whichever_was_first() -> None:
    found = _joined(8, _file("1", range(4, 8)), _file("2", range(4)))
    assert found.counts == {"things": 8, "different": 8}
    assert (found.size, found.seconds) == (8, 2)


def test_a_joined_whole_that_proves_too_little_is_refused() -> None:
    poor = {"met": {"seen": ["1"]}}
    found = _joined(8, _file("1", range(4)), _file("2", range(4, 8), **poor))
    with pytest.raises(AssertionError, match="counting, as a whole: too few"):
        _ = found.counts


@pytest.mark.parametrize("second", [range(3, 8), range(5, 8)], ids=["overlap", "gap"])
def test_ranges_that_overlap_or_leave_a_gap_are_not_joined(second: range) -> None:
    found = _joined(8, _file("1", range(4)), _file("2", second))
    assert (found.size, found.counts) == (4, {"things": 4})


def test_of_two_wholes_the_newest_counts_and_a_whole_before_a_newer_part() -> None:
    old, new, part = _file("1", range(8)), _file("2", range(9)), _file("3", range(4))
    assert _joined(8, old, new, part).parts[0][0] is new
    assert _joined(8, part, _file("4", range(2))).parts[0][0] is part
    assert joined(_proof(8), [_file("1", range(4, 8))]) is None


def test_a_result_of_before_there_were_ranges_is_read_and_joined_to_nothing() -> None:
    old = _file("1", range(4))
    for name in ("from", "met", "numbers"):
        del old["proofs"]["counting"][name]
    assert _joined(8, old, _file("2", range(4, 8))).counts == {"things": 4}


def test_a_line_of_several_ranges_says_when_and_where_each_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "PROOFS", (_proof(9),))
    line = list(report.of_all([_file("1", range(4)), _file("2", range(4, 8))]))[-1]
    assert "8 of 9 so far: 8 things" in line
    assert "| 1, 2 | of-1, of-2 | `make prove` | 2 |" in line


def _stopping(cluster: Cluster, numbers: range) -> Outcome:
    """Carries out shares, and stops the whole run in the third."""
    if numbers.start == 4:
        parent = multiprocessing.parent_process()
        assert parent is not None and parent.pid is not None
        os.kill(parent.pid, signal.SIGTERM)
        signal.pause()
    return Outcome({"things": len(numbers)})


@pytest.mark.parametrize("size", [10, 10_000])
def test_what_was_done_before_a_run_was_stopped_is_kept_and_how_it_goes_on_is_told(
    size: int,
) -> None:
    """Also where more shares wait than a pipe holds."""
    proof = Proof("counting", 9, "thing", _stopping, long=size, share=2)
    done = run([(proof, range(size))], 1, lambda _: None)
    assert done.stopped
    assert done.failures == []
    assert done.made["counting"].numbers == range(4)
    assert done.made["counting"].counts == {"things": 4}
    assert list(report.goes_on([(proof, range(size))], done, kept=True)) == [
        f"counting stopped at 4 of {size:,}: kept; go on with --range counting=4-{size}"
    ]


def test_shares_beyond_a_gap_are_not_counted() -> None:
    done = [Done("counting", range(n, n + 2), 1.0, Outcome({})) for n in (6, 0, 2)]
    assert [one.share.start for one in _without_gap(0, done)] == [0, 2]


@pytest.mark.parametrize(
    "asked",
    [
        "--range=paths",
        "--range=paths=3-3",
        "--range=paths=0-x",
        "--range=nothing=0-1",
        "--range=non-interference=5-10",
    ],
)
def test_a_range_that_is_none_or_begins_amid_a_share_is_refused(asked: str) -> None:
    with pytest.raises(SystemExit):
        _arguments().parse_args([asked])


def test_a_range_is_of_that_proof_alone_and_of_those_that_are_named_beside_it() -> None:
    given = _arguments().parse_args(["--range=non-interference=20-50", "--only=doors"])
    asked = {proof.name: numbers for proof, numbers in _asked(given)}
    assert asked.keys() == {"non-interference", "doors"}
    assert asked["non-interference"] == range(20, 50)


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
