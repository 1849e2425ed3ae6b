# SPDX-License-Identifier: EUPL-1.2
"""The commands of the scale set."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from hub.database import Addresses, EmbeddedPostgres
from tests.scale import operations
from tests.scale.fill import fill
from tests.scale.measure import bytes_of, measure, table
from tests.scale.plans import look
from tests.scale.verify import verify
from tests.scale.world import COUNTRY, Gemeente, Size

DESCRIPTION = """
Fills a database with a country: gemeenten, wijken, buurten, partners and their records; shows that
it holds what pushes would have made; measures reads and the contract's operations on it; and looks
at the plan of each statement.
The world is invented, and follows from the size. The database is the hub's embedded one, in a
folder of its own. Progress goes to standard error, what was found to standard output.
"""


def main() -> int:
    """0 when all was well, 1 when something was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("fill", "fill it, or go on where an earlier run was stopped"),
        ("verify", "show that it holds what pushes would have made"),
        ("plans", "look at the plan of every statement"),
        ("measure", "measure one's own records beside what others share, first and last pages"),
        ("operations", "time the contract's operations, beside a world with fewer records"),
        ("bytes", "tell what each table takes"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("--data", type=Path, required=True, metavar="FOLDER")
        _size(command)
        if name == "verify":
            command.add_argument("--sample", type=int, nargs="+", default=[0], metavar="NUMBER",
                help="the gemeenten whose deliveries are pushed anew, counted from 0")  # fmt: skip
        if name == "operations":
            command.add_argument("--beside", type=int, default=100_000, metavar="N",
                help="records of the smaller world, which is filled in FOLDER once")  # fmt: skip
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True, mode=0o755)
    return asyncio.run(_in_folder(given))


def _size(command: argparse.ArgumentParser) -> None:
    command.add_argument("--records", type=int, default=10_000_000, metavar="N")
    command.add_argument("--gemeenten", type=int, default=COUNTRY[0], metavar="N")
    command.add_argument("--weeks", type=int, default=13, metavar="N", help="of deliveries")
    command.add_argument(
        "--published", type=int, default=2, metavar="N", help="gemeenten with published numbers"
    )
    command.add_argument("--seed", type=int, default=1, metavar="N")


def size_of(given: argparse.Namespace) -> Size:
    """The size that was asked for."""
    return Size.of(
        given.records, given.gemeenten, weeks=given.weeks, published=given.published,
        seed=given.seed,
    )  # fmt: skip


async def _in_folder(given: argparse.Namespace) -> int:
    server = EmbeddedPostgres(given.data / "database", report=lambda _: None, durable=False)
    async with server as addresses:
        return await COMMANDS[given.command](addresses, given)


async def _fill(addresses: Addresses, given: argparse.Namespace) -> int:
    await fill(addresses, size_of(given), progress)
    return 0


async def _verify(addresses: Addresses, given: argparse.Namespace) -> int:
    faults = await verify(addresses, size_of(given), given.sample, progress)
    print("\n".join(faults) or "every row is as pushes would have made it")
    return bool(faults)


async def _plans(addresses: Addresses, given: argparse.Namespace) -> int:
    seen = await look(addresses, size_of(given), progress)
    faults = seen.unexpected()
    print(f"{len(seen.statements)} statements, {seen.plans:,} plans, {len(faults)} faults")
    print("\n".join(faults))
    return bool(faults)


async def _measure(addresses: Addresses, given: argparse.Namespace) -> int:
    print("\n".join(table(await measure(addresses, size_of(given)))))
    return 0


async def _operations(addresses: Addresses, given: argparse.Namespace) -> int:
    size = size_of(given)
    smaller = replace(size, records=given.beside)
    folder = given.data / f"beside-{given.beside}"
    folder.mkdir(exist_ok=True, mode=0o755)
    async with EmbeddedPostgres(folder, report=lambda _: None, durable=False) as beside:
        await fill(beside, smaller, progress)
        took = await operations.compare(beside, addresses, Gemeente(size, 1))
    print("\n".join(operations.table(smaller, size, took)))
    return int(any(one.verdict == "FAIL" for one in took))


async def _bytes(addresses: Addresses, given: argparse.Namespace) -> int:
    print("\n".join(await bytes_of(addresses)))
    return 0


def progress(line: str) -> None:
    """A line for who waits."""
    print(line, file=sys.stderr, flush=True)


COMMANDS: dict[str, Callable[[Addresses, argparse.Namespace], Awaitable[int]]] = {
    "fill": _fill,
    "verify": _verify,
    "plans": _plans,
    "measure": _measure,
    "operations": _operations,
    "bytes": _bytes,
}

if __name__ == "__main__":
    raise SystemExit(main())
