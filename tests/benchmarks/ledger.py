# SPDX-License-Identifier: EUPL-1.2
"""`python -m tests.benchmarks.ledger`: what the read ledger costs a read.

The hub in this process, over an embedded, durable database of its own; reads of others' records
through the HTTP application, with and without the statement that writes the ledger, in turns (A, B,
B, A). It goes with `make bench`, and leaves no result but its table.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from starlette.applications import Starlette

from hub.app import create_app
from hub.database import EmbeddedPostgres
from hub.serve import spare_the_collector
from hub.settings import Settings
from sql.session import Database, Session
from tests.benchmarks.client import Refused
from tests.benchmarks.work import ROWS_WIJKEN
from tests.benchmarks.world import ASKER, fill

SIZES = (20, 100, 500)
GOAL = 0.10
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


@contextmanager
def without_ledger() -> Iterator[None]:
    """Sessions that end without writing what was read."""

    async def nothing(_: Session) -> None:
        pass

    with patch.object(Session, "write_ledger", nothing):
        yield


async def measure(folder: Path, records: int, rounds: int, at_once: int) -> list[str]:
    """The table, made in a folder that can be thrown away afterwards."""
    async with EmbeddedPostgres(folder / "data", report=lambda _: None) as addresses:
        filled = await fill(addresses, records, lambda line: print(line, file=sys.stderr))
        database = await Database.open(addresses.app, size=2)
        limits = replace(Settings().limits, rate_burst=10**12, rate_per_second=1e12)
        app = create_app(replace(Settings(), limits=limits), database)
        spare_the_collector()
        try:
            return [await _row(app, filled.tokens[ASKER], size, rounds, at_once) for size in SIZES]
        finally:
            await database.close()


async def _row(app: Starlette, token: str, size: int, rounds: int, at_once: int) -> str:
    body = query_of(size)
    data = await ask(app, token, body)
    read = sum(len(wijk["signals"]["nodes"]) for wijk in data.values())
    if read != size:
        raise Refused(f"{read} records instead of {size}")
    with_, without = [], []
    for _ in range(rounds):
        with_ += await _times(app, token, body, at_once)
        with without_ledger():
            without += await _times(app, token, body, 2 * at_once)
        with_ += await _times(app, token, body, at_once)
    a, b = statistics.median(with_) * 1000, statistics.median(without) * 1000
    more = a / b - 1
    verdict = "PASS" if more <= GOAL else "FAIL"
    return f"| {size} | {len(with_)} | {b:.2f} | {a:.2f} | {more:+.1%} | {verdict} |"


async def _times(app: Starlette, token: str, body: bytes, count: int) -> Sequence[float]:
    """Seconds of so many reads, one after the other."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await ask(app, token, body)
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ledger")
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--at-once", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database's own user must get through
        rows = asyncio.run(measure(Path(folder), given.records, given.rounds, given.at_once))
    print("| records of others | reads | without ledger, ms | with, ms | more | goal: +10 % |")
    print("|---:|---:|---:|---:|---:|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
