# SPDX-License-Identifier: EUPL-1.2
"""What the commands of `hub` share: settings, one way to fail, the database as its owner."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import IO, Any, NoReturn

import click
import orjson

from hub.database import (
    Addresses,
    DataFolderInUse,
    EmbeddedError,
    ServerStillRunning,
    addresses_of_running,
)
from hub.loop import run_to_end
from hub.serve import embedded_database, open_database
from hub.settings import Settings, SettingsError
from schema.texts import text
from sql.errors import Refusal, Unavailable
from sql.migrate import MigrationError, migrate
from sql.serving import UnfitToServe, check_fit_to_serve
from sql.session import Database

EXPECTED = (
    EmbeddedError,
    MigrationError,
    SettingsError,
    UnfitToServe,
    Refusal,
    Unavailable,
    OSError,
)

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the embedded database. Default: .hub in the current folder.",
)


JSON = click.option(
    "--json", "as_json", is_flag=True, help="For a program: JSON on standard output."
)
GEMEENTE = click.option("--gemeente", required=True, help="CBS code of the gemeente: GM0637.")
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))

FORCE = click.option("--force", is_flag=True, help="Write over a file that is there.")


def check_free(path: Path, *, force: bool) -> None:
    """Ends a command that would write over a file that is there, unless it was told to."""
    if path.exists() and not force:
        raise click.ClickException(
            f"{path} is there already. Name another file with --output, or write over it with"
            " --force."
        )


class Stopped(click.ClickException):
    """Ends a command with code 1 and a message that stands by itself, in the reader's language."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Says it on standard error, without a word in front."""
        click.echo(self.format_message(), file=file, err=file is None)


class Whole(click.IntRange):
    """A whole number from here to there, called so in help and messages."""

    name = "integer"


class InOrder(click.Group):
    """A group whose help lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as added."""
        return list(self.commands)


class Day(click.ParamType[date]):
    """A day as 2026-11-23."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that the text names, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is not a day; write it as 2026-11-23", param, ctx)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a command's work; what can be expected to go wrong ends with one clear message."""
    try:
        run_to_end(work)
    except EXPECTED as error:
        fail(error)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def fail(error: BaseException) -> NoReturn:
    """Ends the command with the error's message, and its cure where the catalogue has one."""
    raise Stopped(message_of(error))


def message_of(error: BaseException) -> str:
    """What an expected error says to a person, with its cure where the catalogue has one."""
    if isinstance(error, Refusal):
        found = text(error.code, "nl", **error.params)
        return f"{found.message} {found.hint or ''}".strip()
    if isinstance(error, Unavailable):
        found = text("DATABASE_AWAY", "nl")
        return f"{found.message} {found.hint}"
    return str(error)


def settings_from(**given: Any) -> Settings:
    """The settings of the environment, with what the command line gives instead."""
    instead = {name: value for name, value in given.items() if value is not None}
    try:
        return replace(Settings.from_environment(os.environ), **instead)
    except SettingsError as error:
        fail(error)


def changed(count: int) -> str:
    """What an import says of how many rows it changed."""
    return f"{count} rows changed" if count else "Nothing changed: it was known already"


def tell_json(answer: Any) -> None:
    """The answer of a command for a program: one JSON document on standard output."""
    click.echo(orjson.dumps(answer, default=str, option=orjson.OPT_INDENT_2).decode())


def tell_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows for a person: each column as wide as its longest text; without any it says so."""
    if not rows:
        report("There are none.")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def counted(number: int, one: str, more: str) -> str:
    """A number with its noun, which differs for one: "1 wijk", "2 wijken"."""
    return f"{number} {one if number == 1 else more}"


def report(line: str) -> None:
    """Progress, for a person: on standard error, so that output can be piped."""
    click.echo(line, err=True)


async def as_owner(settings: Settings, work: Callable[[Database], Awaitable[None]]) -> None:
    """Does work as the owner of the database at hand; an embedded one is migrated first."""
    async with (
        owners_address(settings) as address,
        open_database(settings, address) as owner,
    ):
        await work(owner)


@asynccontextmanager
async def owners_address(settings: Settings) -> AsyncIterator[str]:
    """The address of the owner of the database at hand. An embedded one is migrated first, unless a
    hub runs on it, which has done so.

    Raises `UnfitToServe` when DATABASE_URL is set and the owner's address is not.
    """
    if settings.owner_url is not None:
        yield settings.owner_url
        return
    if settings.database_url is not None:
        raise UnfitToServe("This is the owner's work: set HUB_OWNER_URL (role hub_owner).")
    async with embedded_addresses(settings) as addresses:
        yield addresses.owner


@asynccontextmanager
async def app_address(settings: Settings) -> AsyncIterator[str]:
    """The address of the role that serves, of the database at hand; also while a hub runs on it."""
    if settings.database_url is not None:
        await check_fit_to_serve(settings.database_url)
        yield settings.database_url
        return
    async with embedded_addresses(settings) as addresses:
        yield addresses.app


@asynccontextmanager
async def embedded_addresses(settings: Settings) -> AsyncIterator[Addresses]:
    """The embedded database, up to date: the one of a hub that runs, or started for as long as the
    context lasts.

    Refuses (NO_DATA_FOLDER) to make one where there is none: `hub demo`, `hub serve`, `hub migrate`
    and `hub restore` do that.
    """
    if not (settings.data / "pgdata").exists():
        raise Refusal("NO_DATA_FOLDER", folder=settings.data.absolute())
    async with AsyncExitStack() as stack:
        try:
            embedded = await stack.enter_async_context(embedded_database(settings, report))
        except ServerStillRunning:
            raise
        except DataFolderInUse:
            addresses = addresses_of_running(settings.data)
        else:
            addresses = embedded.addresses
            await migrate(addresses.owner)
        yield addresses
