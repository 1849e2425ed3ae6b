# SPDX-License-Identifier: EUPL-1.2
"""A run's numbers as a result file, at a terminal, and as the tables of docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Numbers
from tests.results import ROOT, Results, commit_of, git, head

RESULTS = Results(
    "make bench", Path(__file__).parent / "results", ROOT / "docs" / "performance.md", "tables"
)
PACKAGES = ("asyncpg", "graphql-core", "orjson", "starlette", "strawberry-graphql", "uvicorn")
NAMES = {"small": "small read", "rows": "500 rows", "overview": "overview"}

Row = tuple[str, ...]
Table = tuple[Row, Sequence[Row]]


def circumstances(settings: Numbers, *, provisional: bool) -> Numbers:
    """What has to be known beside the numbers: when, which code, what machine, which settings."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": head(),
        "changed_since_commit": bool(
            git("status", "--porcelain", "--", "hub", "schema", "resolvers", "sql")
        ),
        "provisional": provisional,
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
            "processor": platform.machine(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        "settings": settings,
    }


def write(result: Numbers, path: Path | None) -> Path:
    """Writes a result, under results/ unless a path is given, and tells where."""
    return RESULTS.write(_rounded(result), path)


def _rounded(value: Any) -> Any:
    """Three decimals: more would be noise."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def markdown(result: Numbers) -> Iterator[str]:
    """The tables of a result, with when and on what it was made."""
    yield from (f"{line}\n" for line in _made(result))
    for header, rows in _tables(result):
        yield "| " + " | ".join(header) + " |"
        yield "|---|" + "---:|" * (len(header) - 1)
        yield from ("| " + " | ".join(row) + " |" for row in rows)
        yield ""


def plain(result: Numbers) -> Iterator[str]:
    """The same for a terminal, in columns."""
    yield from _made(result)
    for header, rows in _tables(result):
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        yield ""
        for first, *others in (header, *rows):
            cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
            yield "  ".join([first.ljust(widths[0]), *cells])


def _made(result: Numbers) -> Iterator[str]:
    machine, versions, settings = result["machine"], result["versions"], result["settings"]
    yield (
        f"Measured on {result['date']} with `{result['command']}` at commit {commit_of(result)}:"
        f" {machine['cores']} cores ({machine['processor']}) shared by client, hub and database,"
        f" {machine['memory_gb']} GB of memory, Python {versions['python']},"
        f" PostgreSQL {result['postgresql']} (embedded, durable)."
        f" {result['fill']['signals']:,} signals, {result['visible']:,} of them visible to the"
        f" asker; {settings['rounds']} rounds of {settings['seconds']:g} s each."
    )
    if result["provisional"]:
        yield "PROVISIONAL: other work ran on the same cores; absolute figures are too low."


def _tables(result: Numbers) -> Iterator[Table]:
    yield _starts(result["start"])
    yield _reads(result["reads"])
    yield _pushes(result["push"])
    yield _kinds(result["kinds"])
    yield _memory(result["memory"])


def _starts(start: Numbers) -> Table:
    words = {"first": "first start, empty folder", "later": "later start, filled database"}
    return ("start-up until /ready, s", "median", "least", "most"), [
        (words[key], *(f"{one[which]:.2f}" for which in ("median", "least", "most")))
        for key, one in start.items()
    ]


def _reads(reads: Numbers) -> Table:
    header = ("read", "at a time", "answers/s", "p50 ms", "p99 ms", "CPU of hub, ms", "bytes")
    return (*header, "statements", "by hand, answers/s", "hub ÷ by hand"), [
        (
            NAMES[name],
            at.removeprefix("at_"),
            *(f"{read[at]['hub'][key]:,.1f}" for key in ("per_second", "p50_ms", "p99_ms")),
            f"{read[at]['hub']['server_cpu_ms']:,.1f}",
            f"{read[at]['hub']['bytes']:,}",
            str(read["statements"]),
            f"{read[at]['by_hand']['per_second']:,.1f}",
            f"{read[at]['ratio']:.2f}",
        )
        for name, read in reads.items()
        for at in read
        if at.startswith("at_")
    ]


def _pushes(push: Numbers) -> Table:
    header = (f"push of {push['rows']:,} rows", "partners at a time", "rows/s", "p50 ms", "most ms")
    keys = ("rows_per_second", "p50_ms", "most_ms", "server_cpu_ms", "bytes_sent")
    return (*header, "CPU of hub, ms", "bytes"), [
        (f"{what} rows", at.removeprefix("at_"), *(f"{one[key]:,.0f}" for key in keys))
        for at, both in push.items()
        if at.startswith("at_")
        for what, one in both.items()
    ]


def _kinds(kinds: Numbers) -> Table:
    header = (
        "push of other kinds, one partner",
        "rows",
        "new rows/s",
        "p50 ms",
        "unchanged rows/s",
    )
    return header, [
        (
            name,
            f"{one['rows']:,}",
            f"{one['new']['rows_per_second']:,.0f}",
            f"{one['new']['p50_ms']:,.0f}",
            f"{one['unchanged']['rows_per_second']:,.0f}",
        )
        for name, one in kinds.items()
    ]


def _memory(memory: Numbers) -> Table:
    verdict = "PASS" if memory["at_start"] < memory["goal"] else "OVER"
    return ("resident memory of the hub's process", "MB"), [
        (f"at start (goal: under {memory['goal']}: {verdict})", f"{memory['at_start']:.0f}"),
        ("after the reads", f"{memory['after_reads']:.0f}"),
        ("after the pushes", f"{memory['after_pushes']:.0f}"),
    ]
