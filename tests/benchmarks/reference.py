# SPDX-License-Identifier: EUPL-1.2
"""`python -m tests.benchmarks.reference`: the hub with every operation carried out by graphql-core,
the executor of Strawberry, and nothing else changed. For comparison only: the product has no such
setting. It is set up by the environment, as `hub serve` is.
"""

from __future__ import annotations

import os

from hub.app import create_app
from hub.loop import run_to_end
from hub.serve import claim, open_database, serve_app
from hub.settings import Settings


async def main() -> None:
    """Serves until it is told to end."""
    settings = Settings.from_environment(os.environ)
    if settings.database_url is None:
        raise SystemExit("DATABASE_URL is missing: this serves the database of a benchmark")
    listening = claim(settings.host, settings.port)
    async with open_database(settings, settings.database_url) as database:
        await serve_app(create_app(settings, database, planned=False), listening)


if __name__ == "__main__":
    run_to_end(main())
