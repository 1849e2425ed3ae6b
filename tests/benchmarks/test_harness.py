# SPDX-License-Identifier: EUPL-1.2
"""The measuring runs, refuses what must not be compared, and tells what it promises; how fast
anything is, is not for a test to say. Nothing here needs node or the network.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from graphql import build_schema, parse, validate

from tests.benchmarks import endurance, peers, reading, report, targets
from tests.benchmarks.client import Measured, Refused, open_loop, request_of
from tests.benchmarks.contenders import Field
from tests.benchmarks.endurance import KINDS, Caller, Sample, growth
from tests.benchmarks.kinds import OTHERS
from tests.benchmarks.processes import Server
from tests.benchmarks.reading import Asked
from tests.benchmarks.wire import tapped
from tests.benchmarks.work import PUSH, READS
from tests.conftest import Cluster
from tests.results import Results

ROOT = Path(__file__).resolve().parents[2]
SPEED = {
    "answers", "per_second", "rounds", "p50_ms", "p99_ms", "p999_ms", "server_cpu_ms",
    "database_cpu_ms", "bytes",
}  # fmt: skip
PUSHED = {
    "pushes", "rows_per_second", "rounds", "p50_ms", "most_ms", "server_cpu_ms",
    "database_cpu_ms", "bytes_sent",
}  # fmt: skip

# ── Answers are compared ─────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def answering(*bodies: str) -> AsyncIterator[list[Server]]:
    """Servers that give one answer each, whatever they are asked."""
    servers = [await _answering(body.encode()) for body in bodies]
    try:
        yield [Server(0, each.sockets[0].getsockname()[1], 0.0) for each in servers]
    finally:
        for each in servers:
            each.close()


async def _answering(body: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def asked_of(servers: list[Server]) -> dict[tuple[str, str], Asked]:
    """Every read, asked of the hub and of a peer."""
    request = request_of("/graphql", b"{}")
    return {
        (read.name, name): Asked(server, request)
        for read in READS
        for name, server in zip(("hub", "postgraphile"), servers, strict=True)
    }


OURS = '{"data":{"wijken":[{"name":"Dorp","signals":{"total":3}}]}}'


@pytest.mark.anyio
async def test_equal_answers_are_compared_without_regard_to_the_order_of_keys() -> None:
    theirs = '{"data":{"wijken":[{"signals":{"total":3},"name":"Dorp"}]}}'
    async with answering(OURS, theirs) as servers:
        assert await reading.compare(asked_of(servers)) == 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("planted", "where"),
    [
        ('{"data":{"wijken":[{"name":"Dorp","signals":{"total":4}}]}}', ".wijken[0].signals.total"),
        ('{"data":{"wijken":[{"name":"Dorp","signals":null}]}}', ".wijken[0].signals"),
        ('{"data":{"wijken":[]}}', ".wijken"),
    ],
)
async def test_a_wrong_answer_of_a_peer_ends_the_run_before_anything_is_timed(
    planted: str, where: str
) -> None:
    async with answering(OURS, planted) as servers:
        with pytest.raises(Refused, match=rf"hub and postgraphile differ\n{re.escape(where)}: "):
            await reading.compare(asked_of(servers))


@pytest.mark.anyio
async def test_an_answer_with_errors_is_never_timed() -> None:
    failed = '{"data":{"wijken":null},"errors":[{"message":"no"}]}'
    async with answering(failed) as (server,):
        with pytest.raises(Refused, match="no"):
            await open_loop(server.port, request_of("/graphql", b"{}"), 1, 0.01, 100, Measured())


@pytest.mark.anyio
async def test_an_open_loop_asks_as_often_as_was_planned() -> None:
    measured = Measured()
    async with answering(OURS) as (server,):
        await open_loop(server.port, request_of("/graphql", b"{}"), 2, 0.1, 200, measured)
    assert len(measured.latencies) == 20


@pytest.mark.anyio
async def test_statements_and_round_trips_are_counted_between_server_and_database(
    cluster: Cluster, tmp_path: Path
) -> None:
    socket = cluster.addresses.socket
    dsn = cluster.addresses.superuser.replace(str(socket), str(tmp_path))
    async with tapped(socket, tmp_path) as wire:
        connection = await asyncpg.connect(dsn)
        prepared = await connection.prepare("select $1::int")
        wire.forget()
        await connection.execute("begin; set local hub.actor = 'somebody'")
        assert await prepared.fetchval(7) == 7
        await connection.execute("commit")
        assert (wire.statements, wire.trips) == (3, 3)
        await connection.close()


# ── Peers ────────────────────────────────────────────────────────────────────────────────────────


def test_without_npm_the_peers_are_skipped_with_a_word_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.benchmarks.contenders.install", lambda: peers.install(tmp_path))
    field = Field.gathered(("by_hand", "postgraphile", "mercurius"))
    assert field.names == ("hub", "by_hand")
    assert field.skipped == dict.fromkeys(peers.NAMES, "npm is not installed")


def test_an_installation_that_fails_gives_the_reason_of_npm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(peers.NoPeers, match="npm error network"):
        peers.install(tmp_path / "build")


def test_the_peers_are_locked_without_addresses_and_run_no_code_when_they_are_installed() -> None:
    package = json.loads((peers.HERE / "package.json").read_text())
    locked = json.loads((peers.HERE / "package-lock.json").read_text())["packages"]
    wanted = package["dependencies"] | package["optionalDependencies"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for path, one in locked.items():
        assert "resolved" not in one, path
        assert not one.get("hasInstallScript"), path
        assert path == "" or "integrity" in one, path


def test_the_peers_schema_has_all_that_is_measured() -> None:
    schema = build_schema((peers.HERE / "schema.graphql").read_text(encoding="utf-8"))
    for operation in (*(read.query for read in READS), PUSH):
        assert validate(schema, parse(operation)) == []


# ── Results ──────────────────────────────────────────────────────────────────────────────────────


def a_result(*, hub: float, others: float) -> dict[str, Any]:
    """A result in which the hub answers so many times a second, and everybody else so many."""
    speeds = {"hub": hub, "by_hand": others, "postgraphile": others}

    def told(speed: float) -> dict[str, Any]:
        return dict.fromkeys(SPEED | PUSHED, 1.0) | {
            "per_second": speed,
            "rows_per_second": speed,
            "rounds": [speed, speed],
            "answers": 10,
            "bytes": 10,
            "planned_per_second": speed,
        }

    read = {
        "about": "",
        "at_8": {name: told(speed) for name, speed in speeds.items()},
        "open": {name: told(speed) for name, speed in speeds.items()},
        "wire": {name: {"statements": 3, "trips": 3} for name in speeds},
    }
    both = {name: dict.fromkeys(("new", "unchanged"), told(s)) for name, s in speeds.items()}
    return report.circumstances({"rounds": 2, "seconds": 1.0}, provisional=False) | {
        "at": "2026-11-30T12:00:00+00:00",
        "command": "make bench",
        "postgresql": "18.6",
        "contenders": dict.fromkeys(speeds, "its own settings"),
        "peer_versions": {"node": "24", "postgraphile": "5"},
        "skipped": {"mercurius": "npm is not installed"},
        "fill": {"signals": 10, "seconds": 1.0},
        "visible": 5,
        "reads": {one.name: read for one in READS},
        "push": {
            "rows": {"100": both},
            "together": {"partners": 8, "rows": 100, "hub": both["hub"]},
        },
        "memory": {name: {"before": 1.0, "after_reads": 2.0, "at_end": 300.0} for name in speeds},
    }


def test_a_target_passes_fails_or_says_that_it_was_not_measured() -> None:
    verdicts = {one.about: one for one in targets.targets(a_result(hub=4.0, others=1.0))}
    assert verdicts["small read, 8 at a time: hub ÷ PostGraphile"].verdict == "PASS"
    assert verdicts["500 rows, 8 at a time: hub ÷ PostGraphile"].verdict == "FAIL"
    assert verdicts["500 rows, 8 at a time: hub ÷ by hand"].verdict == "PASS"
    assert verdicts["push of 100 new rows: hub ÷ PostGraphile"].verdict == "PASS"
    assert verdicts["memory of the hub's process after all load"].verdict == "FAIL"
    assert verdicts["memory of the hub's process at start"].verdict == "–"
    assert verdicts["overview, below saturation: p99 ÷ p50"].measured == "10 answers are too few"
    slower = {one.about: one for one in targets.targets(a_result(hub=1.0, others=2.0))}
    assert slower["small read, 8 at a time: hub ÷ by hand"].verdict == "FAIL"
    assert slower["small read, 8 at a time: hub ÷ by hand"].measured == "0.50×"


def test_a_target_beside_a_peer_that_was_skipped_says_why_there_is_no_number() -> None:
    result = a_result(hub=4.0, others=1.0)
    result["skipped"] = {"postgraphile": "npm is not installed"}
    del result["reads"]["small"]["at_8"]["postgraphile"]
    target = next(one for one in targets.targets(result) if "PostGraphile" in one.about)
    assert (target.verdict, target.measured) == ("–", "skipped: npm is not installed")


def test_the_tables_of_a_page_are_made_from_the_newest_result_file(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- tables: begin -->\nold\n<!-- tables: end -->\nafter\n")
    results = Results("make bench", tmp_path / "results", page, "tables")
    results.write(a_result(hub=1.0, others=1.0) | {"at": "2026-11-29", "date": "2026-11-29"}, None)
    results.write(a_result(hub=9.0, others=1.0), None)
    results.fill_page(report.markdown(results.newest()))
    made = page.read_text()
    assert "| small read, 8 at a time: hub ÷ PostGraphile | ≥ 3.5× | 9.00× | PASS |" in made
    assert "Mercurius was skipped: npm is not installed." in made
    assert "Peers: node 24, postgraphile 5." in made
    assert made.startswith("before\n") and made.endswith("after\n") and "old" not in made


def test_the_ratios_of_the_readme_say_when_and_on_what_they_were_measured() -> None:
    result = a_result(hub=9.0, others=1.0) | {"date": "2026-11-30"}
    made = "\n".join(report.summary(result))
    assert made.startswith("Measured on 2026-11-30 with `make bench` at commit ")
    assert "| small read | 9.00× |" in made


# ── An hour ──────────────────────────────────────────────────────────────────────────────────────


def an_hour(*, leaks: float) -> list[Sample]:
    """Samples of a hub that warms up for a quarter of an hour, and leaks so many MB per hour."""

    def memory(minute: int) -> float:
        return 70 + 2 * min(minute, 15) + minute % 3 + leaks * minute / 60

    return [Sample(n, memory(n), memory(n), memory(n), n * 9.0, n * 1200, 0.1) for n in range(61)]


def verdicts_of(samples: list[Sample]) -> dict[str, str]:
    return {one.about: one.verdict for one in endurance.targets(samples)}


def test_a_leak_is_told_before_it_is_beyond_the_memory_that_is_allowed() -> None:
    leaking = verdicts_of(an_hour(leaks=20))
    assert leaking["growth over the last half"] == "FAIL"
    assert leaking["memory after 60 minutes of mixed load"] == "PASS"
    assert verdicts_of(an_hour(leaks=400))["memory after 60 minutes of mixed load"] == "FAIL"


def test_to_warm_up_is_no_leak() -> None:
    assert set(verdicts_of(an_hour(leaks=0)).values()) == {"PASS"}
    assert growth(an_hour(leaks=20)) == pytest.approx(20, abs=1)


def test_a_peak_between_two_samples_is_told() -> None:
    samples = an_hour(leaks=0)
    samples[-1] = replace(samples[-1], most=251.0)
    assert verdicts_of(samples)["the largest until then"] == "FAIL"


def test_of_a_few_minutes_nothing_is_said_about_growth() -> None:
    assert verdicts_of(an_hour(leaks=400)[:6])["growth over the last half"] == "–"


@pytest.mark.anyio
async def test_a_record_of_an_organisation_that_the_asker_may_not_see_ends_the_hour() -> None:
    planted = '{"data":{"wijk":{"name":"Dorp","signals":{"nodes":[{"owner":{"name":"B"}}]}}}}'
    async with answering(planted) as (server,):
        caller = Caller(server.port, "school-a", "token", {"A"}, iter(range(9)))
        day = endurance.Day([caller], 1.0)
        with pytest.raises(Refused, match=r"school-a, after 0 requests: .*{'B'}"):
            await day.make(caller, KINDS[0])
        caller.close()


# ── The command ──────────────────────────────────────────────────────────────────────────────────


async def benchmarks(
    *options: str, module: str = "tests.benchmarks"
) -> tuple[int | None, str, str]:
    """Exit code, output and messages of the command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, messages = await process.communicate()
    return process.returncode, output.decode(), messages.decode()


@pytest.mark.anyio
@pytest.mark.parametrize("module", ["tests.benchmarks", "tests.benchmarks.endurance"])
async def test_help_says_what_is_measured_and_where_the_numbers_go(module: str) -> None:
    code, output, _ = await benchmarks("--help", module=module)
    assert code == 0
    assert "tests/benchmarks/results/" in output


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_quick_run_gives_every_number_and_the_same_answers_as_by_hand(
    tmp_path: Path,
) -> None:
    path = tmp_path / "numbers.json"
    options = ("--quick", "--records", "8000", "--peers", "by_hand", "--json", str(path))
    parts = ("--only", "reads", "shares", "pushes", "kinds")
    code, table, messages = await benchmarks(*options, *parts)
    assert code == 0, messages
    assert "small read, 8 at a time: hub ÷ by hand" in table
    numbers = json.loads(path.read_text(encoding="utf-8"))
    assert numbers["provisional"] is True
    assert {"date", "commit", "machine", "versions", "settings"} <= numbers.keys()
    assert numbers["reads"].keys() == {"small", "rows", "overview"}
    for read in numbers["reads"].values():
        for at in ("at_1", "at_8"):
            assert read[at].keys() == {"hub", "by_hand"}
            assert read[at]["hub"].keys() == read[at]["by_hand"].keys() == SPEED
        assert read["wire"]["hub"]["statements"] >= 1
    assert numbers["reads"]["small"]["wire"]["hub"] == {"statements": 1, "trips": 1}
    for one in numbers["shares"].values():
        assert one["base"].keys() == one["other"].keys() == SPEED
    for sizes in numbers["push"]["rows"].values():
        for both in sizes.values():
            assert both["new"].keys() == both["unchanged"].keys() == PUSHED
    assert numbers["kinds"].keys() == {each.kind.name for each in OTHERS}
    for kind in numbers["kinds"].values():
        assert kind["new"].keys() == kind["unchanged"].keys() == PUSHED
    for memory in numbers["memory"].values():
        assert memory.keys() == {"before", "after_reads", "at_end"}
    assert 0 < numbers["visible"] < numbers["fill"]["signals"]


@pytest.mark.slow
@pytest.mark.anyio
async def test_some_seconds_of_the_hour_make_every_kind_of_request_and_the_tables(
    tmp_path: Path,
) -> None:
    path = tmp_path / "numbers.json"
    options = ("--minutes", "0.05", "--records", "500", "--rate", "20", "--json", str(path))
    code, table, messages = await benchmarks(*options, module="tests.benchmarks.endurance")
    assert code == 0, messages
    assert "memory after 0.05 minutes of mixed load" in table
    numbers = json.loads(path.read_text(encoding="utf-8"))
    assert numbers["requests"].keys() == {kind.title for kind in KINDS}
    first, last = numbers["samples"]
    assert first["requests"] == 0
    assert last["requests"] == sum(numbers["requests"].values()) == len(KINDS) + 60
    assert 0 < last["proportional"] <= last["resident"] <= last["most"]
