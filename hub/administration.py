# SPDX-License-Identifier: EUPL-1.2
"""`hub partner` and `hub token`: the catalogue of partners and their credentials, as the database's
owner.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
import orjson

from hub.commands import DATA, Day, as_owner, run, settings_from
from resolvers.partners import (
    LONGEST_TOKEN_DAYS,
    create_token,
    declare_dataset,
    find_partner,
    partners_of,
    revoke_tokens,
    save_partner,
    set_working_area,
)
from schema.enums import Category, OrganisationKind
from sql.ids import IdSource
from sql.session import Database

GEMEENTE = click.option("--gemeente", required=True, help="CBS code of the gemeente: GM0637.")
JSON = click.option(
    "--json", "as_json", is_flag=True, help="For a program: JSON on standard output."
)


@click.group()
def partner() -> None:
    """Partner organisations: who takes part, where each works, what it said it would deliver."""


@partner.command("add")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="As people know it.")
@click.option("--kind", type=click.Choice([kind.value for kind in OrganisationKind]), required=True)
@click.option(
    "--wijk", "wijken", multiple=True, metavar="CODE", help="A wijk where it works; again for more."
)
@click.option("--every-wijk", is_flag=True, help="It works in every wijk of the gemeente.")
@click.option("--from", "works_from", type=Day(), default=date.today, help="Its first day.")
@click.option("--until", "works_until", type=Day(), help="Its last day. Default: without end.")
@click.option("--contact", help="A desk or a shared mailbox, never a person's own.")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME:DAYS",
    help="What it will deliver, and every how many days; again for more.",
)
@click.option(
    "--categories",
    multiple=True,
    metavar="NAME:CATEGORY,…",
    help="Of which categories a dataset is: who receives others does not see it as a source. "
    "Default: of any; again for more.",
)
@DATA
def add(
    slug: str,
    gemeente: str,
    name: str,
    kind: str,
    wijken: tuple[str, ...],
    every_wijk: bool,
    works_from: date,
    works_until: date | None,
    contact: str | None,
    datasets: tuple[str, ...],
    categories: tuple[str, ...],
    data: Path | None,
) -> None:
    """Add the partner SLUG, or bring it up to date."""
    if every_wijk == bool(wijken):
        raise click.UsageError("Say where it works: --wijk WK063711, or --every-wijk.")
    promises = [_promise(dataset) for dataset in datasets]
    narrowed = _narrowed(categories, {dataset for dataset, _ in promises})

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            saved = await save_partner(session, IdSource(), gemeente, slug, name, kind)
            codes = None if every_wijk else wijken
            await set_working_area(session, saved, codes, works_from, works_until, contact)
            for dataset, days in promises:
                of = narrowed.get(dataset)
                await declare_dataset(
                    session, saved, dataset, "SIGNAL", days, contact, categories=of
                )
        click.echo(f"{slug} {saved.id}")

    run(as_owner(settings_from(data=data), work))


def _promise(text: str) -> tuple[str, int]:
    name, _, days = text.partition(":")
    if not days.isdigit() or not 1 <= int(days) <= 366:
        raise click.UsageError(f"{text}: write NAME:DAYS, such as meldingen:7")
    return name, int(days)


def _narrowed(categories: tuple[str, ...], datasets: set[str]) -> dict[str, list[str]]:
    """The categories of each dataset that is not of any."""
    found = {}
    for text in categories:
        name, _, listed = text.partition(":")
        if name not in datasets:
            raise click.UsageError(f"{text}: give --dataset {name}:DAYS as well")
        found[name] = listed.split(",")
        if unknown := sorted({*found[name]} - {category.value for category in Category}):
            raise click.UsageError(f"{text}: not a category: {', '.join(unknown)}")
    return found


@partner.command("list")
@GEMEENTE
@JSON
@DATA
def list_partners(gemeente: str, as_json: bool, data: Path | None) -> None:
    """List the partners of a gemeente."""

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            rows = await partners_of(session, gemeente)
        if as_json:
            click.echo(orjson.dumps([dict(row) for row in rows], default=str).decode())
        for row in () if as_json else rows:
            click.echo(f"{row['slug']:24} {row['kind']:14} {row['name']} ({row['wijken']} wijken)")

    run(as_owner(settings_from(data=data), work))


@click.group()
def token() -> None:
    """Credentials of partners. A token is shown once, when it is made."""


@token.command("create")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="What it is for; shown as `login`.")
@click.option("--read-only", is_flag=True, help="It can ask, not change.")
@click.option("--person", is_flag=True, help="For a person. Default: for a program.")
@click.option("--role", "roles", multiple=True, help="Such as WIJKREGISSEUR.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_TOKEN_DAYS),
    default=LONGEST_TOKEN_DAYS,
    show_default=True,
    help="How long it is valid.",
)
@DATA
def create(
    slug: str,
    gemeente: str,
    name: str,
    read_only: bool,
    person: bool,
    roles: tuple[str, ...],
    days: int,
    data: Path | None,
) -> None:
    """Make a token for the partner SLUG and print it, this once."""

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            made = await create_token(
                session,
                await find_partner(session, gemeente, slug),
                name,
                roles=roles,
                scopes=("read",) if read_only else ("read", "write"),
                holder="person" if person else "machine",
                days=days,
            )
        click.echo(made)

    run(as_owner(settings_from(data=data), work))


@token.command("revoke")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="The name that the token was given.")
@DATA
def revoke(slug: str, gemeente: str, name: str, data: Path | None) -> None:
    """Revoke the tokens of this name; they stop working within a second."""

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            found = await find_partner(session, gemeente, slug)
            count = await revoke_tokens(session, found, name)
        click.echo(f"{count} revoked")

    run(as_owner(settings_from(data=data), work))
