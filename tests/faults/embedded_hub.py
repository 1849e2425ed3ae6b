# SPDX-License-Identifier: EUPL-1.2
"""A hub with nothing but the embedded database, as a process of its own that tests may kill.

It reads one JSON request per line ({"do": "sql" | "ready" | "stop", ...}) and writes one JSON
answer per line; progress goes out as lines with "report". The first answer says that it is up, or
which error stopped it.
"""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg

from hub.database import Addresses, EmbeddedError, EmbeddedPostgres
from hub.loop import run_to_end


def say(**answer: object) -> None:
    print(json.dumps(answer, default=str), flush=True)


async def execute(addresses: Addresses, role: str, statement: str) -> dict[str, object]:
    try:
        connection = await asyncpg.connect(getattr(addresses, role), timeout=10)
        try:
            return {"rows": [list(row.values()) for row in await connection.fetch(statement)]}
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError) as error:
        return {"error": type(error).__name__, "text": str(error)}


async def serve(embedded: EmbeddedPostgres, addresses: Addresses) -> None:
    say(up=True, version=embedded.version, socket=addresses.socket)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        if request["do"] == "stop":
            return
        if request["do"] == "ready":
            say(ready=embedded.ready)
        else:
            say(**await execute(addresses, request["role"], request["statement"]))


async def main(data: str, options: dict[str, str]) -> int:
    extra = {name: Path(options[name]) for name in ("bindir", "copies") if name in options}
    durable = "durable" in options
    embedded = EmbeddedPostgres(
        Path(data), durable=durable, report=lambda text: say(report=text), **extra
    )
    try:
        async with embedded as addresses:
            await serve(embedded, addresses)
    except EmbeddedError as error:
        say(up=False, error=type(error).__name__, text=str(error), english=error.text("en"))
        return 1
    say(stopped=True)
    return 0


if __name__ == "__main__":
    sys.exit(run_to_end(main(sys.argv[1], json.loads(sys.argv[2]))))
