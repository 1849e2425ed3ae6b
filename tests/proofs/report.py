# SPDX-License-Identifier: EUPL-1.2
"""The counts of a run as a result file, at a terminal, and as the table of docs/proofs.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.database import find_binaries
from tests.proofs.proof import Proof
from tests.proofs.registry import PROOFS
from tests.proofs.run import Result
from tests.results import ROOT, Results, commit_of, git, head

RESULTS = Results(
    "make prove", Path(__file__).parent / "results", ROOT / "docs" / "proofs.md", "counts"
)


def result(
    sizes: Sequence[tuple[Proof, int]], done: Result, processes: int, seconds: float
) -> dict[str, Any]:
    """The counts of a run that held, and what has to be known beside them."""
    options = "".join(f" --only {proof.name}" for proof, _ in sizes if len(sizes) < len(PROOFS))
    options += "".join(
        f" --size {proof.name}={size}" for proof, size in sizes if size != proof.long
    )
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
                "size": size,
                "seconds": round(done.seconds[proof.name], 1),
                "counts": dict(done.counts[proof.name]),
            }
            for proof, size in sizes
        },
    }


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
        yield f"| {one['number']} {name} | {_counts(one)} | {one['seconds']:,.0f} |"


def of_all(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The newest counts of each proof, with when and how they were made; `results` are in order."""
    newest = {name: made for made in results for name in made["proofs"]}
    yield "| proof | what was done; nothing was found | on | at commit | by | process seconds |"
    yield "|---|---|---|---|---|---:|"
    for proof in PROOFS:
        made = newest.get(proof.name)
        if made is None:
            yield f"| {proof.number} {proof.name} | not yet at its long size | – | – | – | – |"
            continue
        one = made["proofs"][proof.name]
        yield (
            f"| {one['number']} {proof.name} | {_counts(one)} | {made['date']} | {commit_of(made)}"
            f" | `{made['command']}` | {one['seconds']:,.0f} |"
        )


def _counts(one: dict[str, Any]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in one["counts"].items())
