# SPDX-License-Identifier: EUPL-1.2
"""How long the publication of one week takes for a whole municipality: 20 wijken, 15 organisations
that all share with one another, ten measures by buurt. `python -m tests.benchmarks.publication`.
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

import asyncpg

from hub.database import EmbeddedPostgres
from resolvers.numbers.publishing import publish_due
from sql.migrate import migrate
from sql.session import Database
from tests.overview.town import TODAY, WEEK, Rule, Seen, Town

ORGANISATIONS, WIJKEN, SIGNALS = 12, 18, 2400
CATEGORIES = (
    "YOUTH_NUISANCE", "NOISE", "LITTER", "VANDALISM", "PAVING",
    "GREEN", "LIGHTING", "TRAFFIC", "SAFETY", "HOUSING",
)  # fmt: skip


async def main() -> None:
    """Makes the town, publishes its week, and prints how long that took."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - nothing else runs
        server = EmbeddedPostgres(Path(folder) / "data")
        addresses = await server.start()
        try:
            await migrate(addresses.owner)
            owner = await asyncpg.connect(addresses.owner)
            app = await asyncpg.connect(addresses.app)
            await _fill(Town(owner, app))
            await owner.close()
            await app.close()
            root = await asyncpg.connect(addresses.superuser)
            await root.execute("vacuum analyze", timeout=600)
            await root.close()
            database = await Database.open(addresses.owner, size=1, command_timeout=600)
            began = time.perf_counter()
            due = await database.call("numbers_due")
            looked = time.perf_counter() - began
            [published] = await publish_due(database, period=WEEK)
            took = time.perf_counter() - began - looked
            await database.close()
        finally:
            await server.stop()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{published}\n{took:.1f} s, {memory} MB at most; {len(due)} due in {looked:.2f} s")


async def _fill(town: Town) -> None:
    await town.begin(ORGANISATIONS, WIJKEN)
    for number, category in enumerate(CATEGORIES):
        await town.measure(f"m{number}", [category], number, "BUURT")
    everywhere = tuple(range(WIJKEN))
    for provider in range(ORGANISATIONS):
        for audience in range(ORGANISATIONS):
            if provider != audience:
                await town.agree(Rule(provider, audience, everywhere))
    chance = random.Random(1)
    for _ in range(SIGNALS // 3):
        await town.see(
            Seen(
                chance.randrange(ORGANISATIONS),
                chance.randrange(1, 6),
                chance.randrange(WIJKEN),
                chance.choice(CATEGORIES),
                buurt=chance.choice([None, 0, 0, 1]),
            )
        )
    await town.today(TODAY)


if __name__ == "__main__":
    asyncio.run(main())
