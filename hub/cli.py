# SPDX-License-Identifier: EUPL-1.2
"""The command `hub`. Each command says what it will do, shows progress, and ends with a code that a
program can read.

Exit codes: 0 done, 1 could not be done (the message says why and what helps), 2 wrong use of the
command.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

import click

from hub import logs
from hub.access import access
from hub.administration import partner, token
from hub.app import create_app
from hub.audit import audit
from hub.backup import backup, restore
from hub.commands import (
    DATA,
    FILE,
    JSON,
    Day,
    InOrder,
    Whole,
    as_owner,
    changed,
    report,
    run,
    settings_from,
    tell_json,
)
from hub.daily import daily_work
from hub.daily_command import daily
from hub.doctor import doctor
from hub.figures import division, facts, kwb
from hub.holidays import holidays
from hub.metrics import House, Traffic, traffic_of_workers
from hub.new import new
from hub.publishing import publish
from hub.remote.agreement_templates import agreement_template
from hub.remote.agreements import agreement
from hub.remote.export import export
from hub.remote.push import push
from hub.retention import account, retention
from hub.rollups import rollups
from hub.serve import (
    OF_THE_KEEPER,
    Served,
    address_of,
    claim,
    claim_for_metrics,
    database_at_hand,
    embedded_database,
    is_loopback,
    looked_after,
    open_database,
    owners_work,
    serve_app,
)
from hub.settings import Settings
from hub.sheet_templates import template_command
from hub.version import hub_version
from hub.workers import Workers
from sql.migrate import migrate
from sql.session import Database

PORT = click.option(
    "--port",
    type=Whole(0, 65_535),
    help="Port to listen on (0: any free one). Default: 8731.",
)
HOST = click.option("--host", help="Address to listen on. Default: 127.0.0.1.")


# Who uses a command; the help lists them so.
SECTIONS = {
    "Try it": ("demo",),
    "Run it": ("serve", "migrate", "daily", "publish", "doctor", "backup", "restore", "audit"),
    "Take part in it": ("push", "template", "export", "agreement"),
    "Administer it": (
        "import",
        "confirm",
        "partner",
        "token",
        "account",
        "access",
        "retention",
        "rollups",
    ),
    "Build on it": ("new", "schema"),
}


class Sections(click.Group):
    """A group whose help lists its commands by who uses them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands of each section, with their short help whole; then those of none."""
        listed = {name for names in SECTIONS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in listed)
        for title, names in {**SECTIONS, "Other commands": others}.items():
            commands = [(name, self.commands[name]) for name in names if name in self.commands]
            if commands:
                with formatter.section(title):
                    formatter.write_dl(
                        [(name, command.get_short_help_str(200)) for name, command in commands]
                    )


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(hub_version(), prog_name="hub")
def main() -> None:
    """The wijk hub: one GraphQL API for what the partners of a wijk know and share."""


@main.command(short_help="Start the hub with an invented world on real wijken.")
@PORT
@HOST
@DATA
@click.option(
    "--today",
    type=Day(),
    help="The hub's day: data and clock move together. Default: the real day.",
)
@click.option("--reset", is_flag=True, help="Throw the demo's world away and make a new one.")
def demo(
    port: int | None, host: str | None, data: Path | None, today: date | None, reset: bool
) -> None:
    """Start the hub with an invented world on the real wijken of Zoetermeer.

    The first start makes the world; later ones keep it. Ends with the address, tokens to play each
    partner, and three commands to copy. Only for this machine: it prints tokens, so it listens on a
    loopback address alone.
    """
    settings = settings_from(
        port=port, host=host, data=data, production=False, log_format="human", workers=1
    )
    if settings.database_url is not None:
        raise click.ClickException(
            "The demo makes a database of its own: unset DATABASE_URL, or use `hub serve`."
        )
    if not is_loopback(settings.host):
        raise click.UsageError(
            f"The demo prints its tokens, so it does not listen on {settings.host}: use 127.0.0.1."
        )
    logs.configure(settings.log_format)
    # what to do next stays the last that the visitor reads: no line below it on what went well
    for of_the_day in ("hub.daily", "hub.retaining"):
        logging.getLogger(of_the_day).setLevel(logging.WARNING)
    run(_demo(settings, today, reset))


async def _demo(settings: Settings, today: date | None, reset: bool) -> None:
    from hub.demo.prepare import closing_words, needs_new_world, prepare

    listening = claim(settings.host, settings.port)
    address = address_of(listening)
    async with embedded_database(settings, report) as embedded:
        owner_dsn = embedded.addresses.owner
        if reset or await needs_new_world(owner_dsn):
            await embedded.server.begin_anew()
        await migrate(owner_dsn)
        async with (
            open_database(settings, owner_dsn) as owner,
            open_database(settings, embedded.addresses.app) as database,
        ):
            app = create_app(settings, database, database_ready=lambda: embedded.server.ready)
            tokens, day = await prepare(
                app, database, owner, settings.data, today=today, report=report
            )
            async with daily_work(database, lambda _: None, owners_work(settings, owner_dsn)):
                await serve_app(
                    app, listening, lambda: click.echo(closing_words(address, tokens, day))
                )
    click.echo(f"Gestopt. De wereld is bewaard in {settings.data}.")


@main.command(short_help="Serve a database, external or embedded.")
@PORT
@HOST
@DATA
@click.option(
    "--workers",
    type=Whole(1, 64),
    help="Processes that answer requests. Default: 1.",
)
def serve(port: int | None, host: str | None, data: Path | None, workers: int | None) -> None:
    """Serve the database of DATABASE_URL, or an embedded one.

    DATABASE_URL is the address of the role hub_app; the hub refuses to serve as the owner, as a
    superuser, or as a role that bypasses row-level security, and a database that lacks migrations.
    Settings: docs/settings.md.
    """
    settings = settings_from(port=port, host=host, data=data, workers=workers)
    logs.configure(settings.log_format)
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    listening, scraped = claim(settings.host, settings.port), claim_for_metrics(settings)
    address = address_of(listening)

    def told() -> None:
        report(f"De hub luistert op {address}")

    house = House(settings)
    async with database_at_hand(settings, report) as served:
        if settings.workers > 1:
            await _serve_in_workers(settings, served, listening, scraped, house, told)
            return
        traffic = Traffic()
        async with (
            open_database(settings, served.dsn, watch=traffic.pool) as database,
            looked_after(database, house, traffic.registry, scraped, served.owner),
        ):
            app = create_app(settings, database, database_ready=served.ready, traffic=traffic)
            await serve_app(app, listening, told)


async def _serve_in_workers(
    settings: Settings,
    served: Served,
    listening: socket,
    scraped: socket | None,
    house: House,
    told: Callable[[], None],
) -> None:
    with TemporaryDirectory(prefix="hub-metrics-") as folder:
        counted = Path(folder) if scraped else None
        async with (
            open_database(settings, served.dsn, size=OF_THE_KEEPER) as database,
            looked_after(database, house, traffic_of_workers(Path(folder)), scraped, served.owner),
        ):
            await Workers(settings, served.dsn, listening, house, counted).run(told)


@main.command("migrate", short_help="Bring the database up to date.")
@DATA
def migrate_command(data: Path | None) -> None:
    """Bring the database of HUB_OWNER_URL (or the embedded one) up to date."""
    run(_migrate(settings_from(data=data)))


async def _migrate(settings: Settings) -> None:
    if settings.owner_url is not None:
        count = await migrate(settings.owner_url, report)
    elif settings.database_url is not None:
        raise click.UsageError(
            "Give the owner's address in HUB_OWNER_URL: migrations run as hub_owner."
        )
    else:
        async with embedded_database(settings, report) as embedded:
            count = await migrate(embedded.addresses.owner, report)
    click.echo(f"{count} migrations run" if count else "Up to date: nothing to do")


@main.group("import", cls=InOrder)
def import_group() -> None:
    """Bring public data into the hub."""


@import_group.command("areas", short_help="Read wijken and buurten from a GeoJSON file.")
@FILE
@click.option(
    "--year",
    type=Whole(1990, 2100),
    required=True,
    help="The year of the division in the file.",
)
@click.option("--source", required=True, help="Where the file comes from, as readers will see it.")
@click.option(
    "--gemeente", help="Only this gemeente (CBS code: GM0637). Default: every one in the file."
)
@click.option("--gemeente-name", help="The gemeente's name, where the file lacks it.")
@click.option(
    "--confirm",
    type=click.Choice(["none", "names", "all"]),
    default="none",
    show_default=True,
    help="Which proposals to confirm: none, those with the same name and place (the rest is "
    "new), or all.",
)
@click.option(
    "--kind",
    type=click.Choice(["WIJK", "KERN"]),
    default="WIJK",
    show_default=True,
    help="What the gemeente calls these areas: wijken, or kernen.",
)
@JSON
@DATA
def import_areas_command(
    file: Path,
    year: int,
    source: str,
    gemeente: str | None,
    gemeente_name: str | None,
    confirm: str,
    kind: str,
    as_json: bool,
    data: Path | None,
) -> None:
    """Read wijken and buurten from a GeoJSON FILE of CBS or PDOK.

    Whether an area of a new year continues a wijk that is known is proposed by name and overlap.
    What is not confirmed waits: see `hub confirm areas`.

    \b
    Example:
      hub import areas wijken_2025.geojson --year 2025 --source "CBS via PDOK"
    """

    async def work(owner: Database) -> None:
        from resolvers.areas import import_areas

        result = await import_areas(
            owner,
            file,
            year=year,
            source=source,
            gemeente=gemeente,
            gemeente_name=gemeente_name,
            kind=kind,  # type: ignore[arg-type]
            confirm=confirm,  # type: ignore[arg-type]
            report=(lambda _: None) if as_json else _tell_area,
        )
        if as_json:
            divisions = [division(each) for each in result.divisions]
            tell_json({"changed": result.changed, "divisions": divisions})
            return
        waiting = [d.gemeente for d in result.divisions if not d.established]
        click.echo(changed(result.changed))
        for code in waiting:
            click.echo(
                f"{code} {year} waits for decisions: hub confirm areas --gemeente {code} --year "
                f"{year} CODE=…"
            )

    run(as_owner(settings_from(data=data), work))


@main.group("confirm")
def confirm_group() -> None:
    """Decide what an import could not."""


@confirm_group.command("areas", short_help="Say which wijk an area continues.")
@click.argument("decisions", nargs=-1, required=True, metavar="CODE=WIJK…")
@click.option("--gemeente", required=True, help="CBS code of the gemeente: GM0637.")
@click.option("--year", type=int, required=True, help="The year of the division that waits.")
@DATA
def confirm_areas_command(
    decisions: tuple[str, ...], gemeente: str, year: int, data: Path | None
) -> None:
    """Say which wijk an area continues (CODE=its lasting id, as the import printed it) or that it
    is new (CODE=new).
    """
    from uuid import UUID

    chosen: dict[str, UUID | None] = {}
    for decision in decisions:
        code, _, wijk = decision.partition("=")
        try:
            chosen[code] = None if wijk == "new" else UUID(wijk)
        except ValueError:
            raise click.UsageError(f"{decision}: write CODE=new or CODE=the id of a wijk") from None

    async def work(owner: Database) -> None:
        from resolvers.areas import confirm_areas

        division = await confirm_areas(owner, gemeente, year, chosen)
        for area in division.areas:
            _tell_area(area)

    run(as_owner(settings_from(data=data), work))


def _tell_area(area: Any) -> None:
    was = f" (was: {area.was})" if area.was and area.was != area.name else ""
    overlap = "" if area.overlap is None else f", overlap {area.overlap:.0%}"
    wijk = f" {area.wijk}" if area.wijk else ""
    click.echo(
        f"{area.gemeente} {area.year} {area.code} {area.name}: {area.state.lower()}{was} "
        f"[{area.alike}{overlap}]{wijk}"
    )


@main.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from schema.build import build

    click.echo(build().as_str())


import_group.add_command(kwb)
import_group.add_command(facts)
main.add_command(audit)
main.add_command(backup)
main.add_command(restore)
main.add_command(daily)
main.add_command(doctor)
agreement.add_command(agreement_template)
main.add_command(access)
main.add_command(account)
main.add_command(agreement)
main.add_command(export)
import_group.add_command(holidays)
main.add_command(new)
main.add_command(partner)
main.add_command(publish)
main.add_command(push)
main.add_command(retention)
main.add_command(rollups)
main.add_command(template_command)
main.add_command(token)
