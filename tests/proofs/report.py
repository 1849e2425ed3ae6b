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

import orjson

from hub.database import find_binaries
from tests.proofs.proof import Proof
from tests.proofs.run import Result

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "proofs.md"
BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"


def result(
    sizes: Sequence[tuple[Proof, int]], done: Result, processes: int, seconds: float
) -> dict[str, Any]:
    """The counts of a run that held, and what has to be known beside them."""
    options = "".join(f" --size {proof.name}={size}" for proof, size in sizes if size != proof.long)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "date": datetime.now(UTC).date().isoformat(),
        "command": f'make prove ARGS="{options.strip()}"' if options else "make prove",
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "changed_since_commit": bool(_git("status", "--porcelain", "--", ".", ":!docs")),
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


def _git(*command: str) -> str:
    try:
        found = subprocess.run(
            ["git", *command], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def _postgresql() -> str:
    told = subprocess.run(
        [find_binaries().program("postgres"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    return re.findall(r"\d+\.\d+", told.stdout)[0]


def write(made: dict[str, Any], path: Path | None) -> Path:
    """Writes a result, under results/ unless a path is given, and tells where."""
    path = path or RESULTS / f"{made['date']}-{made['commit'] or 'unknown'}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def newest() -> dict[str, Any]:
    """The result that was written last. Raises FileNotFoundError when there is none."""
    found = [orjson.loads(path.read_bytes()) for path in RESULTS.glob("*.json")]
    if not found:
        raise FileNotFoundError(f"no result in {RESULTS.relative_to(ROOT)}; run `make prove` first")
    return max(found, key=lambda one: one["at"])


def fill_page() -> None:
    """Puts the table of the newest result between the marks of docs/proofs.md."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join(markdown(newest()))
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def markdown(made: dict[str, Any]) -> Iterator[str]:
    """A result with when and on what it was made, and a line for each proof."""
    commit = made["commit"] or "unknown"
    if made["changed_since_commit"]:
        commit += " with changes that were not committed"
    yield (
        f"Counted on {made['date']} by `{made['command']}` at commit {commit}: Python"
        f" {made['python']}, PostgreSQL {made['postgresql']}, {made['processes']} processes on"
        f" {made['cores']} cores, {made['seconds'] // 60} minutes. Nothing was found."
    )
    yield ""
    yield "| proof | what was done | seconds of one process |"
    yield "|---|---|---:|"
    for name, one in sorted(made["proofs"].items(), key=lambda item: item[1]["number"]):
        counts = ", ".join(f"{number:,} {what}" for what, number in one["counts"].items())
        yield f"| {one['number']} {name} | {counts} | {one['seconds']:,.0f} |"
