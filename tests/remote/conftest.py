# SPDX-License-Identifier: EUPL-1.2
"""Commands that speak with a served hub, run as a person at a keyboard runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from tests.conftest import World
from tests.served import served

Command = Callable[..., Awaitable[Result]]


@pytest.fixture
async def hub(world: World) -> AsyncIterator[Command]:
    """Runs `hub WORDS…` with the token of a partner of the scene against the world's hub."""
    async with served(world) as address:

        async def run(partner: str, *words: str | Path, answer: str | None = None) -> Result:
            env = {"HUB_URL": f"http://{address}", "HUB_TOKEN": world.cluster.tokens[partner]}
            return await asyncio.to_thread(
                CliRunner(env=env).invoke, main, [str(word) for word in words], input=answer
            )

        yield run


def said(result: Result) -> str:
    """What a command that must succeed wrote on standard output."""
    assert result.exit_code == 0, result.output
    return result.stdout
