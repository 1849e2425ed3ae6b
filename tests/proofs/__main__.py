# SPDX-License-Identifier: EUPL-1.2
"""`make prove`: carries out the proofs, prints their counts, and keeps them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.proofs import report
from tests.proofs.proof import Proof
from tests.proofs.registry import PROOFS
from tests.proofs.run import run

DESCRIPTION = """
Carries out the proofs that docs/proofs.md describes at their long size, on PostgreSQL servers of
their own in temporary folders; touches nothing else. Progress and failures go to standard error,
the table to standard output, the counts to tests/proofs/results/ when nothing failed and everything
that was asked was of its long size or larger, or a range. Ctrl-C and SIGTERM stop it: what was done
until then is kept, and a line tells how to go on.
"""
STOPPED = 130


def main() -> int:
    """0 when every proof held, 1 when one did not, STOPPED when somebody stopped them."""
    given = _arguments().parse_args()
    if given.table:
        report.RESULTS.fill_page(report.of_all(report.RESULTS.in_order()))
        return 0
    asked = _asked(given)
    started = time.monotonic()
    result = run(asked, given.processes, _progress)
    for failure in result.failures:
        _progress(failure)
    if result.failures:
        return 1
    proofs = [proof for proof, _ in asked]
    made = report.result(proofs, result, given.processes, time.monotonic() - started)
    print("\n".join(report.markdown(made)))
    keep = given.range or all(len(numbers) >= proof.long for proof, numbers in asked)
    is_kept = bool(result.made and (given.json or keep))
    if is_kept:
        part = report.part(proofs, result)
        _progress(f"written: {report.RESULTS.write(made, given.json, part)}")
    if result.stopped:
        for line in report.goes_on(asked, result, kept=is_kept):
            _progress(line)
        return STOPPED
    return 0


def _asked(given: argparse.Namespace) -> list[tuple[Proof, range]]:
    """The pieces of each proof that are asked for; of a proof with a range that range."""
    numbers = {proof.name: range(proof.long) for proof in PROOFS}
    numbers |= {name: range(size) for name, size in given.size} | dict(given.range)
    chosen = {*(given.only or ()), *(name for name, _ in given.range)}
    return [(proof, numbers[proof.name]) for proof in PROOFS if not chosen or proof.name in chosen]


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
        "--range",
        type=_range,
        action="append",
        default=[],
        metavar="NAME=FROM-TO",
        help="the pieces of a proof from FROM up to but not including TO, where a share begins at"
        " FROM; only this proof, and those of --only; again for more. The table joins ranges that"
        " follow on each other",
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


def _range(text: str) -> tuple[str, range]:
    name, _, numbers = text.partition("=")
    first, _, stop = numbers.partition("-")
    share = {proof.name: proof.share for proof in PROOFS}.get(name)
    if share is None or not (first.isdecimal() and stop.isdecimal()) or int(first) >= int(stop):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FROM-TO")
    if int(first) % share:
        raise argparse.ArgumentTypeError(f"{name} begins at a multiple of {share}, not at {first}")
    return name, range(int(first), int(stop))


def _progress(line: str) -> None:
    """A line for who waits."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
