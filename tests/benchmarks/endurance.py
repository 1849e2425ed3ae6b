# SPDX-License-Identifier: EUPL-1.2
"""`python -m tests.benchmarks.endurance`: the memory of one hub process in an hour of mixed load.

Twelve clients of nine organisations ask and deliver what a working day brings, at a fixed rate that
takes a fraction of a core: reads, pages ever deeper, feeds, documents that nobody sent before,
pushes, and what is refused or broken off. Every answer is checked, also for records of an
organisation that the asker may not see: a wrong one, or an error that was not meant, ends the run.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from graphql import get_introspection_query

from hub.database import EmbeddedPostgres
from resolvers.tokens import new_token
from tests.benchmarks import report, sharing
from tests.benchmarks.client import Connection, Refused, request_of
from tests.benchmarks.comparing import data_in, data_of
from tests.benchmarks.measure import CONNECTIONS, LOADED_GOAL_MB, MEMORY_GOAL_MB
from tests.benchmarks.plan import Numbers, Report
from tests.benchmarks.processes import Server, hub, tail
from tests.benchmarks.pushing import check_receipt, rows_for
from tests.benchmarks.targets import Target
from tests.benchmarks.work import READS, ROWS_WIJKEN, SMALL, push_body
from tests.benchmarks.world import (
    ASKER,
    NOW,
    PARTS,
    SEES_ALL,
    SEES_LITTLE,
    SHARED,
    SHOWN_LITTLE,
    Filled,
    fill,
    wijken_of,
)
from tests.results import ROOT, Results

DESCRIPTION = """
Starts a database in a temporary folder, fills it, starts one process of the hub as `make bench`
does, and lets twelve clients with the tokens of nine organisations ask and deliver what a working
day brings, at a fixed rate, for an hour. Tells the memory of the hub's process at the start and
later, and how fast it grew over the last half. Wrong answers and errors end the run. Progress goes
to standard error, a line a minute, the tables to standard output, the numbers of a full run to
tests/benchmarks/results/endurance/.
"""
RESULTS = Results(
    "python -m tests.benchmarks.endurance",
    report.RESULTS.folder / "endurance",
    ROOT / "docs" / "performance.md",
    "endurance",
)
CLIENTS = (*PARTS, ASKER, SEES_ALL, SEES_LITTLE)
MARKS = (5, 15, 30, 60)
GROWTH_GOAL_MB = 10
"""Per hour. Half an hour cannot tell much less from what an allocator keeps or gives back."""

ENOUGH = 10
"""Samples, for a line through them to say something."""

ANSWER_SECONDS = 120
"""However busy the machine is, a hub that takes longer does not answer."""

UNKNOWN_WIJK = "WK999999"
MOST_REJECTED = 20  # what work.PUSH asks for
FEED = """
query Nieuws($wijk: String!, $after: String) {
  wijk(code: $wijk) {
    feed(after: $after) {
      nodes {
        cursor on kind change headline recordId by { name }
        record { id owner { name } ... on Signal { category status summary } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
FIELDS = (
    "id", "category", "subcategory", "seenOn", "status", "summary", "precision", "version",
    "wijk { name }", "place { label buurt { name } }", "agreement { id }",
)  # fmt: skip
TEMPLATES = ("/sheets/template/signal.csv", "/sheets/template/signal.xlsx", "/sheet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long, over how much, and how many requests a second of all clients together."""

    minutes: float = 60
    records: int = 50_000
    rate: float = 20


FULL = Plan()


@dataclass(frozen=True, slots=True)
class Sample:
    """After so many minutes: memory in MB, resident, at most until then and proportional; seconds
    of the hub's processor; requests until then; and by how many seconds one was sent too late.
    """

    minutes: float
    resident: float
    most: float
    proportional: float
    cpu: float
    requests: int
    late: float


# ── What is asked ────────────────────────────────────────────────────────────────────────────────


def holds(right: bool, what: str, found: object) -> None:
    """Raises Refused, with what was found, unless it is right."""
    if not right:
        raise Refused(f"{what}: {found!r:.1000}")


def sees(name: str) -> set[str]:
    """Whose records a partner may see, by the names of their tokens."""
    shown = {
        ASKER: {provider for provider, *_ in SHARED},
        SEES_ALL: set(PARTS),
        SEES_LITTLE: {SHOWN_LITTLE[0]},
    }
    return {name, *shown.get(name, ())}


def new_document(rnd: random.Random, number: int) -> str:
    """A document with literals in it that no other number has."""
    parts = [f"w{number}_{place}: {_part(rnd)}" for place in range(rnd.randint(1, 4))]
    return "query Vers { " + " ".join(parts) + " }"


def _part(rnd: random.Random) -> str:
    since = NOW.date() - timedelta(days=rnd.randrange(180))
    fields = " ".join(rnd.sample(FIELDS, rnd.randint(1, 8)))
    return (
        f'wijk(code: "{rnd.choice(ROWS_WIJKEN)}") {{ code'
        f' signals(first: {rnd.randint(1, 20)}, filter: {{from: "{since}"}})'
        f" {{ total nodes {{ owner {{ name }} {fields} }} }} }}"
    )


def owners_in(value: Any) -> Iterator[str]:
    """The names of the owners of all records in an answer."""
    if isinstance(value, dict):
        if value.get("owner"):
            yield value["owner"]["name"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from owners_in(inner)


class Caller:
    """A client of one organisation, and where it is in its pages and feeds."""

    def __init__(self, port: int, name: str, token: str, seen: set[str], numbers: Iterator[int]):
        self.name = name
        self._port, self._token, self._seen, self._numbers = port, token, seen, numbers
        self._rnd = random.Random(next(numbers))
        self._connection: Connection | None = None
        self._page: tuple[str, str | None] = (self._wijk(), None)
        self._read: set[str] = set()
        self._cursors: dict[str, str] = {}

    def close(self) -> None:
        """Lets go of its connection; a next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def small(self) -> None:
        """One wijk and its newest signals."""
        wijk = self._wijk()
        data = await self._data(SMALL, {"wijk": wijk})
        nodes = data["wijk"]["signals"]["nodes"]
        holds(data["wijk"]["name"] != "" and len(nodes) <= 5, f"a small read of {wijk}", data)

    async def rows(self) -> None:
        """A hundred signals of each of five wijken, as far as there are."""
        data = await self._data(READS[1].query, READS[1].variables)
        sizes = [len(wijk["signals"]["nodes"]) for wijk in data.values()]
        holds(len(sizes) == len(ROWS_WIJKEN) and 0 < sum(sizes) <= 500, "500 rows", sizes)

    async def overview(self) -> None:
        """All wijken with their numbers."""
        data = await self._data(READS[2].query, READS[2].variables)
        holds(len(data["wijken"]) == 15, "an overview", data)

    async def page(self) -> None:
        """The next page of a wijk, as an export asks them; after the last the first of another."""
        wijk, after = self._page
        data = await self._data(sharing.QUERY, {"wijk": wijk, "first": 100, "after": after})
        signals = data["wijk"]["signals"]
        ids = {node["id"] for node in signals["nodes"]}
        holds(len(ids) == len(signals["nodes"]) and not ids & self._read, "twice in pages", ids)
        self._read |= ids
        if signals["pageInfo"]["hasNextPage"]:
            self._page = (wijk, signals["pageInfo"]["endCursor"])
        else:
            self._page, self._read = (self._wijk(), None), set()

    async def feed(self) -> None:
        """What is new in a wijk since it was asked last."""
        wijk = self._wijk()
        data = await self._data(FEED, {"wijk": wijk, "after": self._cursors.get(wijk)})
        feed = data["wijk"]["feed"]
        holds(len({node["cursor"] for node in feed["nodes"]}) == len(feed["nodes"]), "a feed", feed)
        if feed["nodes"]:
            self._cursors[wijk] = feed["pageInfo"]["endCursor"]

    async def new_document(self) -> None:
        """A document that nobody sent before."""
        data = await self._data(new_document(self._rnd, next(self._numbers)), {})
        holds(all(wijk["code"] in ROWS_WIJKEN for wijk in data.values()), "a new document", data)

    async def introspection(self) -> None:
        """The schema, as a tool for developers asks it."""
        data = await self._data(get_introspection_query(), {})
        holds(data["__schema"]["queryType"]["name"] == "Query", "the schema", data)

    async def push(self, rows: int = 100) -> None:
        """A delivery of new rows."""
        check_receipt(await self._deliver(self._new_rows(rows)), "CREATED", rows)

    async def large_push(self) -> None:
        """The same with many rows."""
        await self.push(2_000)

    async def push_again(self) -> None:
        """New rows, and the same in a next delivery."""
        rows = self._new_rows(100)
        check_receipt(await self._deliver(rows), "CREATED", len(rows))
        check_receipt(await self._deliver(rows), "UNCHANGED", len(rows))

    async def bad_push(self) -> None:
        """A delivery with bad rows: some, which are left out, or so many that all are refused."""
        rows, bad = self._new_rows(100), self._rnd.choice((5, 2 * MOST_REJECTED))
        receipt = await self._deliver(
            [row | ({"wijk": UNKNOWN_WIJK} if at < bad else {}) for at, row in enumerate(rows)]
        )
        codes = [error["code"] for error in receipt["errors"]]
        refused = bad > MOST_REJECTED
        holds(codes == ["TOO_MANY_REJECTED"] * refused, "a bad push", receipt)
        holds(receipt["rows"]["total"] == bad, "a bad push", receipt)

    async def bad_document(self) -> None:
        """A document that cannot be read, or asks what there is not."""
        number = next(self._numbers)
        code, query = self._rnd.choice(
            (
                ("GRAPHQL_PARSE_FAILED", f"query Kapot {{ wijken {{ name # {number}"),
                ("GRAPHQL_VALIDATION_FAILED", f"query Kapot {{ wijken {{ name veld{number} }} }}"),
            )
        )
        await self._refused(self._request(query, {}), 200, code)

    async def unknown(self) -> None:
        """A request with a token that nobody has."""
        body = orjson.dumps({"query": SMALL, "variables": {"wijk": self._wijk()}})
        request = request_of("/graphql", body, authorization=f"Bearer {new_token()}")
        await self._refused(request, 401, "UNAUTHENTICATED")
        self.close()  # the hub has closed it: it does not read a stranger's body

    async def template(self) -> None:
        """A page or a file for people."""
        path = self._rnd.choice(TEMPLATES)
        status, body = await self._ask(request_of(path))
        holds(status == 200 and len(body) > 0, path, (status, body))

    async def leave(self) -> None:
        """A read or a delivery of which the caller does not wait for the (whole) answer."""
        requests = [self._request(read.query, read.variables) for read in READS]
        requests.append(self._delivery(self._new_rows(100)))
        connection = self._connection or await Connection.open(self._port)
        self._connection = None
        await connection.leave(
            self._rnd.choice(requests), self._rnd.random() / 50, self._rnd.choice((0, 1_000))
        )

    def _wijk(self) -> str:
        return self._rnd.choice(wijken_of(self.name))

    def _new_rows(self, rows: int) -> list[dict[str, Any]]:
        return rows_for("duurproef", self.name, rows, next(self._numbers))

    async def _deliver(self, rows: list[dict[str, Any]]) -> Any:
        """The receipt."""
        (receipt,) = data_in(*await self._ask(self._delivery(rows))).values()
        return receipt

    def _delivery(self, rows: list[dict[str, Any]]) -> bytes:
        return self._post(push_body(self.name, rows, f"duurproef-{next(self._numbers):08}"))

    async def _data(self, query: str, variables: dict[str, Any]) -> Any:
        """The data of an answer in which all records are of those whose it may see."""
        data = data_in(*await self._ask(self._request(query, variables)))
        strange = set(owners_in(data)) - self._seen
        holds(not strange, f"{self.name} sees records of others", strange)
        return data

    async def _refused(self, request: bytes, status: int, code: str) -> None:
        given, body = await self._ask(request)
        answer = orjson.loads(body)
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        right = (given, codes) == (status, [code]) and "data" not in answer
        holds(right, f"not {status} {code}", (given, answer))

    def _request(self, query: str, variables: dict[str, Any]) -> bytes:
        return self._post(orjson.dumps({"query": query, "variables": variables}))

    def _post(self, body: bytes) -> bytes:
        return request_of("/graphql", body, authorization=f"Bearer {self._token}")

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. The hub lets go of a connection that rested, which a client learns when
        it asks again: as HTTP libraries do, it asks once more on a new one.
        """
        if self._connection is not None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                return await self._connection.ask(request)
        self._connection = await Connection.open(self._port)
        return await self._connection.ask(request)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its share of a thousand, and how a client makes it."""

    title: str
    share: int
    made: Callable[[Caller], Awaitable[None]]


KINDS = (
    Kind("small read", 300, Caller.small),
    Kind("500 rows", 60, Caller.rows),
    Kind("overview", 80, Caller.overview),
    Kind("page of 100, ever deeper", 120, Caller.page),
    Kind("feed since last time", 120, Caller.feed),
    Kind("document that is new", 140, Caller.new_document),
    Kind("introspection", 1, Caller.introspection),
    Kind("push of 100 new rows", 28, Caller.push),
    Kind("push of 100 rows, and again", 10, Caller.push_again),
    Kind("push of 2,000 new rows", 1, Caller.large_push),
    Kind("push with bad rows, half of them refused", 20, Caller.bad_push),
    Kind("bad document", 40, Caller.bad_document),
    Kind("unknown token", 30, Caller.unknown),
    Kind("page or file for people", 20, Caller.template),
    Kind("caller that goes away", 30, Caller.leave),
)


# ── How it is asked ──────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Day:
    """The clients at work on a hub, and what they did."""

    callers: Sequence[Caller]
    rate: float
    counts: Counter[str] = field(default_factory=Counter)
    late: float = 0.0
    rnd: random.Random = field(default_factory=lambda: random.Random(1))

    async def each_kind_once(self) -> None:
        """One request of every kind, so that what cannot be answered is known at once."""
        for number, kind in enumerate(KINDS):
            await self.make(self.callers[number % len(self.callers)], kind)

    async def work(self, seconds: float) -> None:
        """Requests at even distances; raises Refused for a wrong answer."""
        began = time.perf_counter()
        planned = (began + number / self.rate for number in range(int(seconds * self.rate)))
        tasks = [asyncio.create_task(self._follow(one, planned)) for one in self.callers]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _follow(self, caller: Caller, planned: Iterator[float]) -> None:
        for moment in planned:
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            self.late = max(self.late, time.perf_counter() - moment)
            [kind] = self.rnd.choices(KINDS, [each.share for each in KINDS])
            await self.make(caller, kind)

    async def make(self, caller: Caller, kind: Kind) -> None:
        """One request of a client; raises Refused, and says which it was, for a wrong answer."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await kind.made(caller)
        except (Refused, OSError, EOFError) as why:
            what = f"{kind.title}, {caller.name}, after {self.counts.total():,} requests"
            raise Refused(f"{what}: {str(why) or type(why).__name__}") from why
        self.counts[kind.title] += 1


async def callers_of(server: Server, filled: Filled) -> list[Caller]:
    """All clients; nothing was asked of their own connections yet."""
    names = {}
    for name in PARTS:
        request = request_of(
            "/graphql",
            orjson.dumps({"query": "{ me { organisation { name } } }"}),
            authorization=f"Bearer {filled.tokens[name]}",
        )
        names[name] = (await data_of(server.port, request))["me"]["organisation"]["name"]
    numbers = count(1)
    return [
        Caller(server.port, name, filled.tokens[name], {names[one] for one in sees(name)}, numbers)
        for name in CLIENTS
    ]


async def measure(plan: Plan, folder: Path, say: Report) -> Numbers:
    """The numbers of a run, made in a folder that can be thrown away afterwards."""
    say(f"filling a database with {plan.records:,} signals")
    embedded = EmbeddedPostgres(folder / "data", report=lambda _: None, connections=CONNECTIONS)
    async with embedded as addresses:
        filled = await fill(addresses, plan.records, say)
        log = folder / "hub.log"
        async with hub(log, dsn=addresses.app) as server:
            try:
                found = await _sampled(plan, server, filled, say)
            except Refused as why:
                state = "runs" if server.runs() else "is gone"
                raise Refused(f"{why}\nThe hub {state}; it said last:\n{tail(log)}") from why
        return {"postgresql": embedded.version, "fill": {"signals": filled.signals}, **found}


async def _sampled(plan: Plan, server: Server, filled: Filled, say: Report) -> Numbers:
    day: Day | None = None
    samples = [_sample(server, 0, day)]
    day = Day(await callers_of(server, filled), plan.rate)
    try:
        await day.each_kind_once()
        for begun in range(math.ceil(plan.minutes)):
            until = min(begun + 1, plan.minutes)
            await day.work((until - begun) * 60)
            samples.append(_sample(server, until, day))
            say(_progress(samples))
    finally:
        for caller in day.callers:
            caller.close()
    return {"samples": [asdict(one) for one in samples], "requests": dict(day.counts)}


def _sample(server: Server, minutes: float, day: Day | None) -> Sample:
    return Sample(
        minutes,
        server.memory(),
        server.most_memory(),
        server.proportional(),
        server.cpu(),
        day.counts.total() if day else 0,
        day.late if day else 0.0,
    )


def _progress(samples: Sequence[Sample]) -> str:
    now, before = samples[-1], samples[-2]
    return (
        f"minute {now.minutes:g}: {now.resident:.1f} MB ({now.proportional:.1f} proportional),"
        f" {now.requests:,} requests, {_share(before, now):.0%} of a core,"
        f" {now.late:.2f} s late at most, no error"
    )


def _share(before: Sample, now: Sample) -> float:
    """Of a core that the hub used in between."""
    return (now.cpu - before.cpu) / ((now.minutes - before.minutes) * 60)


# ── What came out ────────────────────────────────────────────────────────────────────────────────


def growth(samples: Sequence[Sample]) -> float | None:
    """MB per hour over the last half, by least squares; None when there are too few samples."""
    half = [one for one in samples if one.minutes >= samples[-1].minutes / 2]
    if len(half) < ENOUGH:
        return None
    hours = [one.minutes / 60 for one in half]
    middle, mean = sum(hours) / len(half), sum(one.resident for one in half) / len(half)
    above = sum((at - middle) * (one.resident - mean) for at, one in zip(hours, half, strict=True))
    return above / sum((at - middle) ** 2 for at in hours)


def targets(samples: Sequence[Sample]) -> Iterator[Target]:
    """What was to be reached, with what the samples say of it."""
    start, end = samples[0], samples[-1]
    after = f"after {end.minutes:g} minutes of mixed load"
    yield Target("memory at start", MEMORY_GOAL_MB, start.resident, False, "MB")
    yield Target(f"memory {after}", LOADED_GOAL_MB, end.resident, False, "MB")
    yield Target("the largest until then", LOADED_GOAL_MB, end.most, False, "MB")
    few = "the samples are too few"
    grown = growth(samples)
    yield Target(
        "growth over the last half", GROWTH_GOAL_MB, grown, False, "MB per hour", missing=few
    )


def lines_of(result: Numbers) -> Iterator[str]:
    """When and on what it was measured."""
    settings = result["settings"]
    last = Sample(**result["samples"][-1])
    first = Sample(**result["samples"][0])
    yield (
        f"{report.measured_on(result)} {result['fill']['signals']:,} signals at the start;"
        f" {len(CLIENTS)} clients of {len(PARTS)} organisations, {settings['rate']:g} requests a"
        f" second in all; the hub used {_share(first, last):.0%} of a core, and a request was sent"
        f" {last.late:.1f} s late at most. No answer was wrong."
    )


def tables(result: Numbers) -> Iterator[report.Table]:
    """Targets, memory at some moments, and the requests of each kind."""
    samples = [Sample(**one) for one in result["samples"]]
    yield report.target_table(targets(samples))
    header = ("minutes of load", "resident, MB", "the largest until then, MB")
    found = [
        (
            f"{one.minutes:g}",
            *(f"{memory:.1f}" for memory in (one.resident, one.most, one.proportional)),
            f"{one.requests:,}",
        )
        for one in samples
        if one.minutes in (0, *MARKS, samples[-1].minutes)
    ]
    yield (*header, "proportional, MB", "requests"), found
    requests = [(title, f"{number:,}") for title, number in result["requests"].items()]
    yield ("request", "how many"), requests


def markdown(result: Numbers) -> Iterator[str]:
    """The tables as they stand on the page."""
    yield from (f"{line}\n" for line in lines_of(result))
    for table in tables(result):
        yield from report.as_markdown(table)


def run(plan: Plan, path: Path | None) -> None:
    """One run: measured, printed, and written (where no path is given only that of the full
    plan).
    """
    result = report.circumstances(asdict(plan), provisional=False)
    result["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    result["command"] = RESULTS.command + "".join(
        f" --{name} {value:.12g}"
        for name, value in asdict(plan).items()
        if value != asdict(FULL)[name]
    )
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database's own user must get through
        result |= asyncio.run(measure(plan, Path(folder), _say))
    print("\n".join(lines_of(result)))
    for table in tables(result):
        print("\n".join(report.as_columns(table)))
    if path is not None or plan == FULL:
        _say(f"written: {RESULTS.write(report.rounded(result), path).name}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=RESULTS.command, description=DESCRIPTION)
    for name, type_, about in (
        ("minutes", float, "of load; another number than 60 keeps no result"),
        ("records", int, "signals at the start; another number than 50,000 keeps no result"),
        ("rate", float, "requests a second of all clients; another than 20 keeps no result"),
    ):
        parser.add_argument(
            f"--{name}", type=type_, default=getattr(FULL, name), metavar="N", help=about
        )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the numbers here instead")
    parser.add_argument(
        "--table",
        action="store_true",
        help="measure nothing: put the newest result into docs/performance.md",
    )
    return parser


def main() -> int:
    """0 when all was measured, 1 when an answer was wrong or a server did not start."""
    given = _parser().parse_args()
    with suppress(KeyboardInterrupt):
        try:
            if given.table:
                RESULTS.fill_page(markdown(RESULTS.newest()))
            else:
                plan = Plan(minutes=given.minutes, records=given.records, rate=given.rate)
                run(plan, given.json)
        except (Refused, FileNotFoundError, RuntimeError, TimeoutError) as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    return 130


if __name__ == "__main__":
    raise SystemExit(main())
