# SPDX-License-Identifier: EUPL-1.2
"""A run's numbers as a result file, at a terminal, and as the tables of docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders import HUB, TITLES
from tests.benchmarks.plan import Numbers
from tests.benchmarks.targets import AT, READ_TITLES, Target, ratio, targets
from tests.results import ROOT, Results, commit_of, git, head

RESULTS = Results(
    "make bench", Path(__file__).parent / "results", ROOT / "docs" / "performance.md", "tables"
)
SUMMARY = Results("make bench", RESULTS.folder, ROOT / "README.md", "ratios")
PACKAGES = ("asyncpg", "graphql-core", "orjson", "starlette", "strawberry-graphql", "uvicorn")

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
    return RESULTS.write(rounded(result), path)


def rounded(value: Any) -> Any:
    """Three decimals: more would be noise."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def fill_pages(result: Numbers) -> None:
    """Puts the tables of a result on their page, and its ratios in the README."""
    RESULTS.fill_page(markdown(result))
    SUMMARY.fill_page(summary(result))


def markdown(result: Numbers) -> Iterator[str]:
    """The tables of a result, with when and on what it was made."""
    yield from (f"{line}\n" for line in _made(result))
    for table in _tables(result):
        yield from as_markdown(table)


def summary(result: Numbers) -> Iterator[str]:
    """How many times as fast the hub is as each other, with when and on what it was measured."""
    yield f"{next(_made(result))}\n"
    yield from as_markdown(_ratios(result))


def as_markdown(table: Table) -> Iterator[str]:
    """A table's lines on a page."""
    header, rows = table
    yield "| " + " | ".join(header) + " |"
    yield "|---|" + "---:|" * (len(header) - 1)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def plain(result: Numbers) -> Iterator[str]:
    """The same for a terminal, in columns."""
    yield from _made(result)
    for table in _tables(result):
        yield from as_columns(table)


def as_columns(table: Table) -> Iterator[str]:
    """A table's lines at a terminal."""
    header, rows = table
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    yield ""
    for first, *others in (header, *rows):
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells])


def measured_on(result: Numbers) -> str:
    """When, how and on what a result was made."""
    machine, versions = result["machine"], result["versions"]
    return (
        f"Measured on {result['date']} with `{result['command']}` at commit {commit_of(result)}:"
        f" {machine['cores']} cores ({machine['processor']}) shared by client, servers and"
        f" database, {machine['memory_gb']} GB of memory, Python {versions['python']},"
        f" PostgreSQL {result['postgresql']} (embedded, durable)."
    )


def target_table(found: Iterable[Target]) -> Table:
    """What was to be reached, and whether it was."""
    return ("target", "goal", "measured", "verdict"), [
        (one.about, one.wanted, one.measured, one.verdict) for one in found
    ]


def _made(result: Numbers) -> Iterator[str]:
    settings = result["settings"]
    yield (
        f"{measured_on(result)} {result['fill']['signals']:,} signals{_seen(result)};"
        f" {settings['rounds']} rounds of {settings['seconds']:g} s each."
    )
    if peers := result["peer_versions"]:
        yield "Peers: " + ", ".join(f"{name} {version}" for name, version in peers.items()) + "."
    for name, why in result["skipped"].items():
        yield f"{TITLES[name]} was skipped: {why}."
    if result["provisional"]:
        yield "PROVISIONAL: other work ran on the same cores; absolute figures are too low."


def _seen(result: Numbers) -> str:
    return f", {result['visible']:,} of them visible to the asker" if "visible" in result else ""


def _tables(result: Numbers) -> Iterator[Table]:
    yield target_table(targets(result))
    if "start" in result:
        yield _starts(result["start"])
    if "reads" in result:
        yield from _reads(result["reads"])
    if "shares" in result:
        yield _shares(result["shares"])
    if "push" in result:
        yield _pushes(result["push"]["rows"])
        yield _together(result["push"]["together"])
    if "kinds" in result:
        yield _kinds(result["kinds"])
    yield _memory(result["memory"])


def _ratios(result: Numbers) -> Table:
    reads = {READ_TITLES[name]: read[AT] for name, read in result["reads"].items()}
    pushes = {
        f"push of {int(rows):,} new rows": {name: one["new"] for name, one in found.items()}
        for rows, found in result["push"]["rows"].items()
    }
    others = [name for name in next(iter(reads.values())) if name != HUB]
    return ("the hub ÷", *(TITLES[name] for name in others)), [
        (what, *(f"{ratio(found[HUB], found[name]):.2f}×" for name in others))
        for what, found in (reads | pushes).items()
    ]


def _starts(start: Numbers) -> Table:
    words = {"first": "first start, empty folder", "later": "later start, filled database"}
    return ("start-up until /ready, s", "median", "least", "most"), [
        (words[key], *(f"{start[key][which]:.2f}" for which in ("median", "least", "most")))
        for key in words
    ]


def _reads(reads: Numbers) -> Iterator[Table]:
    for name, read in reads.items():
        yield _read(READ_TITLES[name], read)
    with_latencies = {name: read["open"] for name, read in reads.items() if "open" in read}
    if with_latencies:
        yield _latencies(with_latencies)
    on_the_wire = {name: read["wire"] for name, read in reads.items() if "wire" in read}
    if on_the_wire:
        yield _wire(on_the_wire)


def _read(title: str, read: Numbers) -> Table:
    header = (title, "at a time", "answers/s", "hub ÷ it", "p50 ms", "p99 ms")
    return (*header, "CPU of server, ms", "CPU of database, ms", "bytes"), [
        (
            TITLES[name],
            at.removeprefix("at_"),
            f"{one['per_second']:,.1f}",
            f"{ratio(found[HUB], one):.2f}",
            *(f"{one[key]:,.1f}" for key in ("p50_ms", "p99_ms")),
            *(f"{one[key]:,.2f}" for key in ("server_cpu_ms", "database_cpu_ms")),
            f"{one['bytes']:,}",
        )
        for at, found in read.items()
        if at.startswith("at_")
        for name, one in found.items()
    ]


def _latencies(reads: Numbers) -> Table:
    header = ("latency at half of its rate, 8 connections", "who", "planned/s", "answers")
    return (*header, "p50 ms", "p99 ms", "p99.9 ms", "p99 ÷ p50"), [
        (
            READ_TITLES[read],
            TITLES[name],
            f"{one['planned_per_second']:,.1f}",
            f"{one['answers']:,}",
            *(f"{one[key]:,.1f}" for key in ("p50_ms", "p99_ms", "p999_ms")),
            f"{one['p99_ms'] / one['p50_ms']:.1f}",
        )
        for read, found in reads.items()
        for name, one in found.items()
    ]


def _wire(reads: Numbers) -> Table:
    names = list(next(iter(reads.values())))
    header = ("statements / round trips of one read", *(TITLES[name] for name in names))
    return header, [
        (
            READ_TITLES[read],
            *(f"{found[name]['statements']} / {found[name]['trips']}" for name in names),
        )
        for read, found in reads.items()
    ]


def _shares(shares: Numbers) -> Table:
    header = ("a page of 20 from the hub, one at a time", "first, p50 ms", "second, p50 ms")
    return (*header, "time, second ÷ first"), [
        (
            one["about"],
            *(f"{one[which]['p50_ms']:,.1f}" for which in ("base", "other")),
            f"{ratio(one['base'], one['other']):.2f}",
        )
        for one in shares.values()
    ]


def _pushes(sizes: Numbers) -> Table:
    header = ("push, one partner", "rows", "who", "rows/s", "hub ÷ it", "p50 ms", "most ms")
    keys = ("p50_ms", "most_ms", "server_cpu_ms", "database_cpu_ms", "bytes_sent")
    return (*header, "CPU of server, ms", "CPU of database, ms", "bytes"), [
        (
            f"{what} rows",
            f"{int(rows):,}",
            TITLES[name],
            f"{one[what]['rows_per_second']:,.0f}",
            f"{ratio(found[HUB][what], one[what]):.2f}",
            *(f"{one[what][key]:,.0f}" for key in keys),
        )
        for rows, found in sizes.items()
        for what in found[HUB]
        for name, one in found.items()
    ]


def _together(together: Numbers) -> Table:
    header = (f"push of {together['rows']:,} rows to the hub", "partners at a time", "rows/s")
    keys = ("rows_per_second", "p50_ms", "most_ms", "server_cpu_ms")
    return (*header, "p50 ms", "most ms", "CPU of hub, ms"), [
        (f"{what} rows", str(together["partners"]), *(f"{one[key]:,.0f}" for key in keys))
        for what, one in together[HUB].items()
    ]


def _kinds(kinds: Numbers) -> Table:
    header = ("push of other kinds to the hub, one partner", "rows", "new rows/s", "p50 ms")
    return (*header, "unchanged rows/s"), [
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
    moments = ("before", "after_reads", "at_end")
    header = (
        "resident memory of a server's process, MB",
        "before load",
        "after reads",
        "at the end",
    )
    return header, [
        (TITLES[name], *(f"{one[moment]:.0f}" if moment in one else "–" for moment in moments))
        for name, one in memory.items()
    ]
