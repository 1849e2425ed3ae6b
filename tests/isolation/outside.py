# SPDX-License-Identifier: EUPL-1.2
"""The ways to the hub beside the fields of its schema: addresses that a browser opens, and commands
for partners. Each has a case; a new one without fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from types import SimpleNamespace

import click
from click.testing import CliRunner
from graphql import get_introspection_query
from starlette.applications import Starlette

from hub.cli import main
from schema.contributions import BY_KIND
from tests.isolation.paths import World
from tests.isolation.sessions import Operation
from tests.served import served

# An address as the application knows it, and the requests that are made of it; None: it is asked
# as a path of the schema.
PAGES: Mapping[str, tuple[str, ...] | None] = {
    "/": ("/",),
    "/favicon.ico": ("/favicon.ico",),
    "/graphql": None,
    "/upload": None,
    "/sheet": ("/sheet",),
    "/sheets/template/{kind}.{format}": tuple(
        f"/sheets/template/{kind.lower()}.{form}" for kind in BY_KIND for form in ("csv", "xlsx")
    ),
    "/live": ("/live",),
    "/ready": ("/ready",),
    "/static": ("/static/", "/static/x"),
    "/graphiql": ("/graphiql",),
    "/graphiql/{name}": ("/graphiql/graphiql.js", "/graphiql/x"),
}

# A command and the arguments that it is tried with.
COMMANDS: Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]] = {
    ("agreement", "list"): ((),),
    ("agreement", "show"): (("HIDDEN",),),
    ("agreement", "propose"): (("/dev/null",),),
    ("agreement", "accept"): (("HIDDEN", "--yes"),),
    ("agreement", "reject"): (("HIDDEN", "--yes"),),
    ("agreement", "revoke"): (("HIDDEN", "--yes"),),
    ("agreement", "versions"): (("HIDDEN",),),
    ("agreement", "published"): ((),),
    ("agreement", "template"): ((), ("basis-wijk", "--partner", "Buurtwerk", "--wijk", "WK063711")),
    ("export",): tuple((kind, "--format", "jsonl") for kind in BY_KIND),
    ("push",): (("/dev/null", "--dataset", "rond-de-school"),),
}


def addresses(application: Starlette) -> set[str]:
    """The addresses that an application knows."""
    return {route.path for route in application.routes}  # type: ignore[attr-defined]


def partners_commands() -> set[tuple[str, ...]]:
    """The commands that speak with a hub as a partner does."""
    return set(_remote(main, ()))


def _remote(command: click.Command, name: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from _remote(inner, (*name, word))
    elif any(getattr(option, "envvar", None) == "HUB_URL" for option in command.params):
        yield name


async def told_by_pages(world: World) -> str:
    """All that the pages say, to somebody with a token, and the introspection of the schema."""
    texts = []
    for asked in PAGES.values():
        for address in asked or ():
            answer = await world.side.client.get(address)
            texts.append(answer.content.decode(errors="replace") + repr(answer.headers.raw))
    _, told = await world.ask(Operation(get_introspection_query(), {}, {}), as_stranger=False)
    return "".join((*texts, told))


async def told_by_commands(world: World) -> str:
    """All that the commands say, with the asker's token."""
    texts = []
    async with served(SimpleNamespace(app=world.side.hub)) as address:  # type: ignore[arg-type]
        env = {"HUB_URL": f"http://{address}", "HUB_TOKEN": world.base.token}
        for command, cases in COMMANDS.items():
            for case in cases:
                for word in world.hidden if "HIDDEN" in case else ("",):
                    words = [*command, *(word if one == "HIDDEN" else one for one in case)]
                    done = await asyncio.to_thread(CliRunner(env=env).invoke, main, words)
                    said = done.output.replace(word, "") if word else done.output
                    texts.append(said)
    return "".join(texts)
