# SPDX-License-Identifier: EUPL-1.2
"""`python -m tests.benchmarks.ledger`: what the read ledger costs a read.

The hub in this process, over an embedded, durable database of its own and a copy of it in which the
ledger is not written; the same reads of others' records through the HTTP application of each, one
at a time and eight at a time. They take short turns (A, B, B, A), for the machine's own pace moves
within seconds; `more` is the median of what each round of turns says. Meanwhile the lines of what
was read are written every second, as a hub that serves does. It goes with `make bench`, and leaves
no result but its table.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette

from hub.app import create_app
from hub.daily import ledger_loop
from hub.database import Addresses, EmbeddedPostgres
from hub.loop import run_to_end
from hub.serve import spare_the_collector
from hub.settings import Settings
from sql.session import Database
from tests.benchmarks.client import Refused
from tests.benchmarks.work import ROWS_WIJKEN
from tests.benchmarks.world import ASKER, fill

SIZES = (20, 100, 500)
CALLERS = (1, 8)
GOAL = 0.10
WITHOUT = "without_ledger"
_FIELDS = """id category subcategory seenOn status summary precision version wijk { name }
  place { buurt { name } } owner { name }"""


def query_of(size: int) -> bytes:
    """A read of so many records of others: of one wijk, or a hundred of each of several."""
    parts = [
        f'w{n}: wijk(code: "{code}") {{ signals(first: {min(size, 100)}, filter: {{mine: false}})'
        f" {{ nodes {{ {_FIELDS} }} }} }}"
        for n, code in enumerate(ROWS_WIJKEN[: max(1, size // 100)])
    ]
    return orjson.dumps({"query": "query Lezen { " + " ".join(parts) + " }"})


async def ask(app: Starlette, token: str, body: bytes) -> dict[str, Any]:
    """The data of the answer to a request; nothing but the application is in between."""
    sent: list[Any] = []
    waiting = asyncio.Event()
    asked = [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await waiting.wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
    scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http", "root_path": ""}
    await app(scope, receive, send)
    answer: dict[str, Any] = orjson.loads(sent[1]["body"])
    if sent[0]["status"] != 200 or "errors" in answer:
        raise Refused(str(answer)[:2000])
    data: dict[str, Any] = answer["data"]
    return data


async def copy_without_ledger(addresses: Addresses) -> str:
    """The address of a copy of the database, in which reads leave no line."""
    root = await asyncpg.connect(addresses.superuser)
    await root.execute(f"create database {WITHOUT} template hub owner hub_owner")
    await root.close()
    copy = await asyncpg.connect(addresses.superuser.replace("/hub?", f"/{WITHOUT}?"))
    said = await copy.fetchval(
        "select pg_get_functiondef(oid) from pg_proc where proname = 'log_reads'"
    )
    head = said[: said.index("AS $function$")]
    await copy.execute(f"{head} as $$ begin return; end $$")
    await copy.execute("vacuum analyze")
    await copy.close()
    return addresses.app.replace("/hub?", f"/{WITHOUT}?")


async def measure(folder: Path, records: int, rounds: int, seconds: float) -> list[str]:
    """The table, made in a folder that can be thrown away afterwards."""
    async with EmbeddedPostgres(folder / "data", report=lambda _: None) as addresses:
        filled = await fill(addresses, records, lambda line: print(line, file=sys.stderr))
        limits = replace(Settings().limits, rate_burst=10**12, rate_per_second=1e12)
        databases = [
            await Database.open(dsn, size=max(CALLERS))
            for dsn in (addresses.app, await copy_without_ledger(addresses))
        ]
        apps = [create_app(replace(Settings(), limits=limits), each) for each in databases]
        spare_the_collector()
        stop = asyncio.Event()
        writing = asyncio.create_task(ledger_loop(databases[0], stop))
        try:
            return [
                await _row(apps, filled.tokens[ASKER], size, callers, rounds, seconds)
                for callers in CALLERS
                for size in SIZES
            ]
        finally:
            stop.set()
            await writing
            for each in databases:
                await each.close()


async def _row(
    apps: Sequence[Starlette], token: str, size: int, callers: int, rounds: int, seconds: float
) -> str:
    body = query_of(size)
    for app in apps:
        data = await ask(app, token, body)
        read = sum(len(wijk["signals"]["nodes"]) for wijk in data.values())
        if read != size:
            raise Refused(f"{read} records instead of {size}")
        await _times(app, token, body, callers, seconds)
    with_, without = apps
    found: list[tuple[float, float]] = []
    for _ in range(rounds):
        turns = [
            await _times(app, token, body, callers, seconds)
            for app in (with_, without, without, with_)
        ]
        found.append((turns[0] + turns[3], turns[1] + turns[2]))
    a, b = (statistics.median(times) * 500 for times in zip(*found, strict=True))
    # of each round by itself: what the machine's pace does to a round, it does to both
    more = statistics.median(one / other for one, other in found) - 1
    verdict = "PASS" if more <= GOAL else "FAIL"
    return f"| {size} | {callers} | {b:.2f} | {a:.2f} | {more:+.1%} | {verdict} |"


async def _times(app: Starlette, token: str, body: bytes, callers: int, seconds: float) -> float:
    """Seconds per answer, where so many ask again and again."""
    answers = 0
    began = time.perf_counter()

    async def again() -> None:
        nonlocal answers
        while time.perf_counter() - began < seconds:
            await ask(app, token, body)
            answers += 1

    await asyncio.gather(*(again() for _ in range(callers)))
    return (time.perf_counter() - began) / answers


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ledger")
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database's own user must get through
        rows = run_to_end(measure(Path(folder), given.records, given.rounds, given.seconds))
    print("| records of others | at a time | without ledger, ms | with, ms | more | goal: +10 % |")
    print("|---:|---:|---:|---:|---:|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
