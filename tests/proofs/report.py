# SPDX-License-Identifier: EUPL-1.2
"""The counts of a run as a result file, at a terminal, and as the table of docs/proofs.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.database import find_binaries
from tests.proofs.joined import Joined, joined
from tests.proofs.proof import Counts, Proof
from tests.proofs.registry import PROOFS
from tests.proofs.run import Result
from tests.results import ROOT, Results, commit_of, git, head

RESULTS = Results(
    "make prove", Path(__file__).parent / "results", ROOT / "docs" / "proofs.md", "counts"
)


def result(proofs: Sequence[Proof], done: Result, processes: int, seconds: float) -> dict[str, Any]:
    """The counts of a run that held, and what has to be known beside them; the names that were met
    too, for they join with those of other ranges.
    """
    made = [(proof, done.made[proof.name]) for proof in proofs if proof.name in done.made]
    options = "".join(f" --only {proof.name}" for proof, _ in made if len(made) < len(PROOFS))
    options += "".join(_option(proof, one.numbers) for proof, one in made)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "date": datetime.now(UTC).date().isoformat(),
        "command": f'make prove ARGS="{options.strip()}"' if options else "make prove",
        "commit": head(),
        "changed_since_commit": bool(
            git("status", "--porcelain", "--", ".", ":!docs", ":!tests/proofs/results")
        ),
        "python": platform.python_version(),
        "postgresql": _postgresql(),
        "cores": os.cpu_count(),
        "processes": processes,
        "seconds": round(seconds),
        "proofs": {
            proof.name: {
                "number": proof.number,
                "piece": proof.piece,
                "from": one.numbers.start,
                "size": len(one.numbers),
                "seconds": round(one.seconds, 1),
                "counts": dict(one.counts),
                "numbers": dict(one.outcome.counts),
                "met": {name: sorted(names) for name, names in one.outcome.met.items()},
            }
            for proof, one in made
        },
    }


def _option(proof: Proof, numbers: range) -> str:
    """How these pieces of a proof are asked for; the long size need not be."""
    if numbers == range(proof.long):
        return ""
    if numbers.start == 0:
        return f" --size {proof.name}={numbers.stop}"
    return f" --range {proof.name}={numbers.start}-{numbers.stop}"


def goes_on(asked: Sequence[tuple[Proof, range]], done: Result, *, kept: bool) -> Iterator[str]:
    """Of a run that was stopped: how far each proof came, and how it goes on."""
    for proof, numbers in asked:
        stop = done.made[proof.name].numbers.stop if proof.name in done.made else numbers.start
        if stop < numbers.stop:
            yield (
                f"{proof.name} stopped at {stop:,} of {numbers.stop:,}"
                f"{': kept' if kept and stop > numbers.start else ''}; go on with"
                f" --range {proof.name}={stop}-{numbers.stop}"
            )


def part(proofs: Sequence[Proof], done: Result) -> str:
    """What a result is of, for the name of its file; empty when it is of everything."""
    made = [(proof, done.made[proof.name].numbers) for proof in proofs if proof.name in done.made]
    labels = [
        proof.name
        if numbers.start == 0 and numbers.stop >= proof.long
        else f"{proof.name}-{numbers.start}-{numbers.stop}"
        for proof, numbers in made
    ]
    return "" if labels == [proof.name for proof in PROOFS] else "-".join(labels)


def _postgresql() -> str:
    told = subprocess.run(
        [find_binaries().program("postgres"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    return re.findall(r"\d+\.\d+", told.stdout)[0]


def markdown(made: dict[str, Any]) -> Iterator[str]:
    """A result with when and on what it was made, and a line for each proof."""
    yield (
        f"Counted on {made['date']} by `{made['command']}` at commit {commit_of(made)}: Python"
        f" {made['python']}, PostgreSQL {made['postgresql']}, {made['processes']} processes on"
        f" {made['cores']} cores, {made['seconds'] // 60} minutes. Nothing was found."
    )
    yield ""
    yield "| proof | what was done | seconds of one process |"
    yield "|---|---|---:|"
    for name, one in sorted(made["proofs"].items(), key=lambda item: item[1]["number"]):
        yield f"| {one['number']} {name} | {_counts(one['counts'])} | {one['seconds']:,.0f} |"


def of_all(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The counts of each proof, of the results that tell most of it (joined.py), with when and how
    they were made; `results` are in order.
    """
    yield "| proof | what was done; nothing was found | on | at commit | by | process seconds |"
    yield "|---|---|---|---|---|---:|"
    for proof in PROOFS:
        found = joined(proof, results)
        if found is None:
            yield f"| {proof.number} {proof.name} | not yet at its long size | – | – | – | – |"
            continue
        made = [made for made, _ in found.parts]
        yield (
            f"| {proof.number} {proof.name} | {_so_far(found)}{_counts(found.counts)}"
            f" | {_each(one['date'] for one in made)} | {_each(map(commit_of, made))}"
            f" | {_each(map(_command, made))} | {found.seconds:,.0f} |"
        )


def _so_far(found: Joined) -> str:
    """How far a proof came that is not yet at its long size."""
    proof = found.proof
    if found.size >= proof.long:
        return ""
    return f"{found.size:,} of {proof.long:,} so far: "


def _command(made: dict[str, Any]) -> str:
    return f"`{made['command']}`"


def _each(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def _counts(counts: Counts) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in counts.items())
