# SPDX-License-Identifier: EUPL-1.2
"""`make bench`: measures, prints a table, and keeps the numbers."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.client import Refused
from tests.benchmarks.contenders import OTHERS
from tests.benchmarks.measure import measure
from tests.benchmarks.plan import FULL, PARTS, QUICK, Plan

DESCRIPTION = """
Measures the hub as partners meet it: start-up, reads and pushes beside others that do the same on
the same database (SQL by hand, Strawberry's executor, PostGraphile, Mercurius), memory. Starts
servers of its own on free ports, with a database in a temporary folder; touches nothing else. The
peers are installed with npm into build/peers, once; without npm they are skipped. The whole takes
some twenty minutes. Progress goes to standard error, the tables to standard output, the numbers to
tests/benchmarks/results/.
"""


def main() -> int:
    """0 when everything was measured, 1 when an answer was wrong or a server did not start."""
    given = _parser().parse_args()
    try:
        if given.table:
            report.fill_pages(report.RESULTS.newest())
        else:
            run(_plan(given), path=given.json, provisional=given.provisional or given.quick)
    except (Refused, FileNotFoundError, RuntimeError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="10,000 signals and short rounds: does it run at all? Keeps no result.",
    )
    parser.add_argument(
        "--only",
        choices=PARTS,
        nargs="+",
        default=PARTS,
        metavar="PART",
        help=f"of {', '.join(PARTS)} (latency takes reads along); keeps no result",
    )
    parser.add_argument(
        "--peers",
        choices=OTHERS,
        nargs="*",
        default=OTHERS,
        metavar="PEER",
        help=f"of {', '.join(OTHERS)}, or none; keeps no result",
    )
    parser.add_argument(
        "--records", type=int, metavar="N", help="so many signals instead; keeps no result"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes of the hub that answer reads and pushes; more than 1 keeps no result",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the numbers here instead")
    parser.add_argument(
        "--provisional",
        action="store_true",
        help="say in the result that other work ran on the same cores",
    )
    parser.add_argument(
        "--table",
        action="store_true",
        help="measure nothing: put the newest result into docs/performance.md and README.md",
    )
    return parser


def _plan(given: argparse.Namespace) -> Plan:
    plan = QUICK if given.quick else FULL
    return replace(
        plan,
        records=given.records or plan.records,
        parts=tuple(part for part in PARTS if part in given.only),
        peers=tuple(name for name in OTHERS if name in given.peers),
        workers=given.workers,
    )


def run(plan: Plan, *, path: Path | None, provisional: bool) -> None:
    """One run: measured, printed, and written (where no path is given only that of the full
    plan).
    """
    full = plan == FULL
    result = report.circumstances(asdict(plan), provisional=provisional)
    result["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    result["command"] = "make bench" if full else _command(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database's own user must get through
        result |= asyncio.run(measure(plan, Path(folder), progress))
    print("\n".join(report.plain(result)))
    if path is not None or full:
        progress(f"written: {report.write(result, path).name}")


def _command(options: Sequence[str]) -> str:
    """The command of a run that is not the full one; where it writes says nothing of it."""
    shown = list(options)
    if "--json" in shown:
        del shown[(at := shown.index("--json")) : at + 2]
    return " ".join(["python -m tests.benchmarks", *shown])


def progress(line: str) -> None:
    """A line for who waits."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
