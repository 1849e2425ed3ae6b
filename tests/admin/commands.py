# SPDX-License-Identifier: EUPL-1.2
"""The commands of `hub`, run as an administrator runs them on a database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from hub.cli import main
from tests.conftest import World


async def hub(world: World | None, *arguments: str | Path, **given: str) -> Result:
    """Runs a command on the world's database; it has a loop of its own, so in a thread."""
    known = {} if world is None else addresses(world)
    runner = CliRunner(env={"DATABASE_URL": "", "HUB_OWNER_URL": "", **known, **given})
    return await asyncio.to_thread(runner.invoke, main, [str(word) for word in arguments])


async def done(world: World, *arguments: str | Path, **given: str) -> str:
    """What a command that must go well says on standard output."""
    result = await hub(world, *arguments, **given)
    assert result.exit_code == 0, result.output
    return result.stdout


async def answer(world: World, *arguments: str | Path, **given: str) -> Any:
    """What a command that must go well says to a program."""
    return json.loads(await done(world, *arguments, "--json", **given))


def addresses(world: World) -> dict[str, str]:
    """The environment in which the hub finds the world's database."""
    return {"HUB_OWNER_URL": world.dsn("owner"), "DATABASE_URL": world.dsn("app")}
