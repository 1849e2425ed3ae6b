# SPDX-License-Identifier: EUPL-1.2
"""`hub partner` and `hub token`: the catalogue of partners and their credentials, as the database's
owner.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from hub.commands import (
    DATA,
    GEMEENTE,
    JSON,
    Day,
    Whole,
    as_owner,
    counted,
    report,
    run,
    settings_from,
    tell_json,
    tell_table,
)
from hub.version import hub_version
from resolvers.erasure import begin_erasure, erase_partner, proof_of, put_in
from resolvers.partners import (
    LONGEST_TOKEN_DAYS,
    Ended,
    create_token,
    declare_dataset,
    find_partner,
    partners_of,
    remove_partner,
    revoke_tokens,
    rotate_token,
    save_partner,
    set_ledger_delay,
    set_working_area,
    tokens_of,
)
from schema.contributions import CONTRIBUTIONS
from schema.enums import Category, OrganisationKind
from sql.errors import Refusal
from sql.ids import IdSource
from sql.principal import ROLES
from sql.session import Database, Record

KINDS = [each.kind.name for each in CONTRIBUTIONS]


@click.group(short_help="Who takes part: add, list, remove.")
def partner() -> None:
    """Partner organisations: who takes part, where each works, what it said it would deliver.

    \b
    Examples:
      hub partner list --gemeente GM0637
      hub partner add buurtwerk --gemeente GM0637 --name Buurtwerk --kind WELFARE --every-wijk
      hub partner remove buurtwerk --gemeente GM0637 --reason "gestopt" --dry-run
    """


@partner.command("add", short_help="Add a partner, or bring it up to date.")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="As people know it.")
@click.option("--kind", type=click.Choice([kind.value for kind in OrganisationKind]), required=True)
@click.option(
    "--wijk", "wijken", multiple=True, metavar="CODE", help="A wijk where it works; again for more."
)
@click.option("--every-wijk", is_flag=True, help="It works in every wijk of the gemeente.")
@click.option("--from", "works_from", type=Day(), help="Its first day. Default: the hub's day.")
@click.option("--until", "works_until", type=Day(), help="Its last day. Default: without end.")
@click.option("--contact", help="A desk or a shared mailbox, never a person's own.")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME:DAYS[:KIND]",
    help=f"What it will deliver, every how many days, and of which kind ({', '.join(KINDS)}; "
    "default SIGNAL); again for more.",
)
@click.option(
    "--categories",
    multiple=True,
    metavar="NAME:CATEGORY,…",
    help="Of which categories a dataset is: who receives others does not see it as a source. "
    "Default: of any; again for more.",
)
@click.option(
    "--never-share",
    "never_shared",
    multiple=True,
    metavar="NAME",
    help="A dataset that no agreement reaches; again for more. Only the partner itself can share "
    "it again.",
)
@click.option(
    "--ledger-delay",
    "ledger_delay",
    type=Whole(0, 366),
    metavar="DAYS",
    help="Of police and enforcement: after how many days an owner is told of what they read. "
    "Default: as it was, at first 0.",
)
@DATA
def add(
    slug: str,
    gemeente: str,
    name: str,
    kind: str,
    wijken: tuple[str, ...],
    every_wijk: bool,
    works_from: date | None,
    works_until: date | None,
    contact: str | None,
    datasets: tuple[str, ...],
    categories: tuple[str, ...],
    never_shared: tuple[str, ...],
    ledger_delay: int | None,
    data: Path | None,
) -> None:
    """Add the partner SLUG, or bring it up to date."""
    if every_wijk == bool(wijken):
        raise click.UsageError("Say where it works: --wijk WK063711, or --every-wijk.")
    promises = [_promise(dataset) for dataset in datasets]
    promised = {dataset for dataset, *_ in promises}
    narrowed = _narrowed(categories, promised)
    if unknown := sorted({*never_shared} - promised):
        raise click.UsageError(f"{unknown[0]}: give --dataset {unknown[0]}:DAYS as well")

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            saved = await save_partner(session, IdSource(), gemeente, slug, name, kind)
            codes = None if every_wijk else wijken
            await set_working_area(session, saved, codes, works_from, works_until, contact)
            if ledger_delay is not None:
                await set_ledger_delay(session, saved, ledger_delay)
            for dataset, days, of_kind in promises:
                await declare_dataset(
                    session,
                    saved,
                    dataset,
                    of_kind,
                    days,
                    contact,
                    categories=narrowed.get(dataset),
                    never_share=dataset in never_shared,
                )
        click.echo(f"{slug} {saved.id}")

    run(as_owner(settings_from(data=data), work))


def _promise(text: str) -> tuple[str, int, str]:
    name, _, promise = text.partition(":")
    days, _, kind = promise.partition(":")
    kind = kind or "SIGNAL"
    if not days.isdigit() or not 1 <= int(days) <= 366 or kind not in KINDS:
        raise click.UsageError(
            f"{text}: write NAME:DAYS, such as meldingen:7, or NAME:DAYS:KIND, with a KIND of "
            f"{', '.join(KINDS)}"
        )
    return name, int(days), kind


@partner.command("remove", short_help="Let a partner stop today.")
@click.argument("slug")
@GEMEENTE
@click.option("--reason", required=True, help="Why; the other parties of its agreements read it.")
@click.option("--erase", is_flag=True, help="Erase all that it put in, too; this ends for good.")
@click.option("--dry-run", is_flag=True, help="Only say what would end.")
@JSON
@DATA
def remove(
    slug: str,
    gemeente: str,
    reason: str,
    erase: bool,
    dry_run: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    """Let the partner SLUG stop today.

    Its tokens are revoked, it works nowhere any more, and it leaves every agreement: nobody sees
    its records, and it sees nobody's. The records stay, with their history, unless you --erase
    them: then all that it put in goes, and a proof of that is made (hub partner proof). Harmless to
    repeat.
    """
    if not 1 <= len(reason.strip()) <= 2000:
        raise click.UsageError("--reason: give a text of 2,000 characters at most")

    async def work(owner: Database) -> None:
        async with owner.administration() as session, session.savepoint() as point:
            found = await find_partner(session, gemeente, slug)
            rows = await put_in(session, found) if erase else None
            ended = await remove_partner(session, found, reason.strip())
            goes_on = erase and await begin_erasure(session, found, reason.strip())
            if dry_run:
                point.undo()
        proof = None
        if goes_on and not dry_run:
            await erase_partner(
                owner, found, hub_version(), tell=lambda at: report(f"{at.table_name}: {at.rows}")
            )
        if erase and not dry_run:
            async with owner.administration() as session:
                proof = await proof_of(session, found)
        _tell_ended(slug, ended, rows, proof, dry_run, as_json)

    run(as_owner(settings_from(data=data), work))


def _tell_ended(
    slug: str,
    ended: Ended,
    rows: dict[str, int] | None,
    proof: dict[str, Any] | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    if as_json:
        erased = {} if rows is None else {"rows": rows, "proof": proof}
        tell_json({"slug": slug, "dry_run": dry_run} | asdict(ended) | erased)
        return
    click.echo(f"{slug}: {'would end' if dry_run else 'ended'}")
    click.echo(f"  work in {counted(ended.wijken, 'wijk', 'wijken')}")
    click.echo(f"  tokens: {', '.join(ended.tokens) or 'none'}")
    for agreement in ended.agreements:
        click.echo(
            f"  agreement '{agreement['title']}' (version {agreement['version']}): "
            f"{agreement['decision']}"
        )
    for table, count in (rows or {}).items():
        click.echo(f"  {table}: {count} rows {'would go' if dry_run else 'gone'}")
    if proof is not None:
        click.echo(f"  proof: {proof['state']} {proof['digest'] or ''}")


@partner.command("proof", short_help="Print the proof that a partner was erased.")
@click.argument("slug")
@GEMEENTE
@DATA
def proof(slug: str, gemeente: str, data: Path | None) -> None:
    """Print the proof of deletion of the partner SLUG, as JSON, and count again.

    Ends with 1 when there is something of it now: `now` says what.
    """

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            found = await proof_of(session, await find_partner(session, gemeente, slug))
        if found is None:
            raise Refusal("NO_PROOF", slug=slug)
        tell_json(found)
        if found["state"] != "DONE" or any(found["now"].values()):
            raise SystemExit(1)

    run(as_owner(settings_from(data=data), work))


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
            tell_json([dict(row) for row in rows])
        else:
            tell_table([_partner_told(row) for row in rows])

    run(as_owner(settings_from(data=data), work))


def _partner_told(row: Record) -> list[str]:
    works = counted(row["wijken"], "wijk", "wijken")
    now = f"left on {row['left_on']}" if row["left_on"] else works
    return [row["slug"], row["kind"], f"{row['name']} ({now})"]


@click.group(short_help="Credentials of partners: create, list, rotate, revoke.")
def token() -> None:
    """Credentials of partners. A token is shown once, when it is made.

    \b
    Examples:
      hub token list --gemeente GM0637
      hub token create buurtwerk --gemeente GM0637 --name fg --person --role PRIVACY_OFFICER
      hub token rotate buurtwerk --gemeente GM0637 --name koppeling --overlap 14
    """


@token.command("create", short_help="Make a token and print it, once.")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="What it is for; shown as `login`.")
@click.option("--read-only", is_flag=True, help="It can ask, not change.")
@click.option("--person", is_flag=True, help="For a person. Default: for a program.")
@click.option(
    "--role",
    "roles",
    type=click.Choice(ROLES),
    multiple=True,
    help="What its holder is within the organisation; again for more.",
)
@click.option(
    "--days",
    type=Whole(1, LONGEST_TOKEN_DAYS),
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
            found = await find_partner(session, gemeente, slug)
            of_all = await tokens_of(session, gemeente, slug)
            same = [row for row in of_all if (row["name"], row["state"]) == (name, "active")]
            made = await create_token(
                session,
                found,
                name,
                roles=roles,
                scopes=("read",) if read_only else ("read", "write"),
                holder="person" if person else "machine",
                days=days,
            )
        click.echo(made)
        if same:
            report(
                f"{len(same) + 1} tokens of this name work now; hub token revoke ends them all."
                " To replace one, use hub token rotate."
            )

    run(as_owner(settings_from(data=data), work))


@token.command("revoke", short_help="Revoke tokens; within a second.")
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


@token.command("list", short_help="List tokens by name and state.")
@click.argument("slug", required=False)
@GEMEENTE
@JSON
@DATA
def list_tokens(slug: str | None, gemeente: str, as_json: bool, data: Path | None) -> None:
    """List the tokens of a gemeente's partners, or of SLUG alone: never the token itself."""

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            if slug is not None:
                await find_partner(session, gemeente, slug)
            rows = await tokens_of(session, gemeente, slug)
        if as_json:
            tell_json([dict(row) for row in rows])
        else:
            tell_table([_token_told(row) for row in rows])

    run(as_owner(settings_from(data=data), work))


def _token_told(row: Record) -> list[str]:
    term = f"until {row['expires_at']:%Y-%m-%d}, since {row['created_at']:%Y-%m-%d}"
    may = f"{row['holder']}: {', '.join([*row['scopes'], *row['roles']])}"
    return [row["slug"], row["name"], row["state"], f"{term}, {may}"]


@token.command("rotate", short_help="Make a new token beside the old.")
@click.argument("slug")
@GEMEENTE
@click.option("--name", required=True, help="The name that the token was given.")
@click.option(
    "--overlap",
    type=Whole(0, 90),
    default=7,
    show_default=True,
    help="For how many days the old one still works; 0 revokes it at once.",
)
@click.option(
    "--days",
    type=Whole(1, LONGEST_TOKEN_DAYS),
    default=LONGEST_TOKEN_DAYS,
    show_default=True,
    help="How long the new one is valid, whatever the old one was.",
)
@DATA
def rotate(slug: str, gemeente: str, name: str, overlap: int, days: int, data: Path | None) -> None:
    """Make a new token like the one of this name, and print it, this once.

    The old one works on for the overlap, so that a program can change over. Two work side by side
    at most: what is older is revoked at once.
    """

    async def work(owner: Database) -> None:
        async with owner.administration() as session:
            found = await find_partner(session, gemeente, slug)
            made = await rotate_token(session, found, name, overlap=overlap, days=days)
        click.echo(made)

    run(as_owner(settings_from(data=data), work))
