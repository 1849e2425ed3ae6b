# SPDX-License-Identifier: EUPL-1.2
"""`make prove`: carries out the proofs, prints their counts, and keeps them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.proofs import report
from tests.proofs.registry import PROOFS
from tests.proofs.run import run

DESCRIPTION = """
Carries out the proofs that docs/proofs.md describes at their long size, on PostgreSQL servers of
their own in temporary folders; touches nothing else. Progress and failures go to standard error,
the table to standard output, the counts to tests/proofs/results/ when everything that was carried
out was at its long size or larger and nothing failed.
"""


def main() -> int:
    """0 when every proof held, 1 when one did not."""
    given = _arguments().parse_args()
    if given.table:
        report.RESULTS.fill_page(report.of_all(report.RESULTS.in_order()))
        return 0
    asked = dict(given.size)
    sizes = [
        (proof, asked.get(proof.name, proof.long))
        for proof in PROOFS
        if not given.only or proof.name in given.only
    ]
    started = time.monotonic()
    result = run(sizes, given.processes, _progress)
    for failure in result.failures:
        _progress(failure)
    if result.failures:
        return 1
    made = report.result(sizes, result, given.processes, time.monotonic() - started)
    print("\n".join(report.markdown(made)))
    if given.json or all(size >= proof.long for proof, size in sizes):
        part = "" if len(sizes) == len(PROOFS) else "-".join(proof.name for proof, _ in sizes)
        _progress(f"written: {report.RESULTS.write(made, given.json, part)}")
    return 0


def _arguments() -> argparse.ArgumentParser:
    names = [proof.name for proof in PROOFS]
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=DESCRIPTION)
    parser.add_argument(
        "--size",
        type=_size,
        action="append",
        default=[],
        metavar="NAME=N",
        help="how many pieces of a proof; again for more proofs. "
        + ", ".join(f"{proof.name}={proof.long}" for proof in PROOFS),
    )
    parser.add_argument(
        "--only", action="append", choices=names, help="only this proof; again for more"
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many at the same time, each with a database server; default: one per core",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the counts here")
    parser.add_argument(
        "--table",
        action="store_true",
        help="prove nothing: put the newest result of each proof into docs/proofs.md",
    )
    return parser


def _size(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in {proof.name for proof in PROOFS} or not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=N")
    return name, int(number)


def _progress(line: str) -> None:
    """A line for who waits."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
