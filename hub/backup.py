# SPDX-License-Identifier: EUPL-1.2
"""`hub backup` and `hub restore`: everything of a database in one file, and back, as the
database's owner.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from hub.archive import Manifest, check_whole, manifest_of, pieces_of, writing
from hub.commands import (
    DATA,
    JSON,
    owners_address,
    report,
    run,
    settings_from,
    tell_json,
)
from hub.database import Address, Client
from hub.doctor import Finding, examine, told
from hub.serve import embedded_database
from hub.settings import Settings
from sql.backup import after_dump, before_dump, server_for_restore, snapshot
from sql.errors import Refusal
from sql.migrate import migrate, missing
from sql.serving import UnfitToServe

NEXT_SERVING = {"weeks", "batches"}
"""Checks of what the hub does by itself once it serves, and so not right after a restore."""


@click.command(short_help="Put everything in the database into one file.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@JSON
@DATA
def backup(file: Path, force: bool, as_json: bool, data: Path | None) -> None:
    """Put everything in the database into FILE, while the hub goes on serving.

    The file is whole or not there, and is read back: its rows are counted against those of the
    moment that it holds. It has what partners recorded and whatever is secret about them (not the
    tokens themselves): keep it as safe as the database.
    """
    run(_backup(settings_from(data=data), file.absolute(), force, as_json))


async def _backup(settings: Settings, file: Path, force: bool, as_json: bool) -> None:
    async with owners_address(settings) as dsn:
        manifest = await make_backup(dsn, file, bindir=settings.pg_bindir, replace=force)
    _tell_made(file, manifest, as_json)


def _tell_made(file: Path, manifest: Manifest, as_json: bool) -> None:
    size = file.stat().st_size
    if as_json:
        tell_json(
            {"file": str(file), "bytes": size, "migration": len(manifest.migrations)}
            | {"made_at": manifest.made_at, "rows": dict(manifest.rows)}
        )
        return
    for table, rows in manifest.rows.items():
        report(f"{rows:>10} {table}")
    click.echo(
        f"{file}: {size} bytes, {sum(manifest.rows.values())} rows of {len(manifest.rows)} tables, "
        f"migration {len(manifest.migrations)}"
    )


async def make_backup(dsn: str, file: Path, *, bindir: Path | None, replace: bool) -> Manifest:
    """Makes a backup of the database of an owner's address, reads it back, and says what is in it.

    Refuses (BACKUP_DIFFERS) to keep one in which a row lacks.
    """
    with writing(file, replace) as made:
        async with snapshot(dsn) as moment:
            client = await asyncio.to_thread(Client.for_server, moment.server, bindir)
            with made.dump() as part:
                await client.dump(Address.of(dsn), moment.id, part)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(now, moment.server, moment.migrations, moment.rows)
        made.finish(manifest)
        found = await client.rows_of(pieces_of(made.half))
        if wrong := {table for table in moment.rows if found.get(table) != moment.rows[table]}:
            raise Refusal("BACKUP_DIFFERS", tables=sorted(wrong))
    return manifest


@click.command(short_help="Put a backup into an empty database.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
@DATA
def restore(file: Path, as_json: bool, data: Path | None) -> None:
    """Put the backup FILE into an empty database: that of HUB_OWNER_URL, or a new data folder.

    It happens in one transaction: all of it, or nothing. Then the database is brought up to date
    and looked over, as `hub doctor` does. Whatever was revoked after the backup was made is in
    force again: revoke it once more before you serve.
    """
    run(_restore(settings_from(data=data), file.absolute(), as_json))


async def _restore(settings: Settings, file: Path, as_json: bool) -> None:
    manifest = manifest_of(file)
    missing(manifest.migrations)
    check_whole(file)
    if settings.owner_url is not None:
        await restore_backup(settings.owner_url, file, manifest, settings.pg_bindir)
        findings = await examine(settings.owner_url, settings.database_url, settings)
    elif settings.database_url is not None:
        raise UnfitToServe("This is the owner's work: set HUB_OWNER_URL (role hub_owner).")
    else:
        async with embedded_database(settings, report) as embedded:
            addresses = embedded.addresses
            await restore_backup(addresses.owner, file, manifest, settings.pg_bindir)
            findings = await examine(addresses.owner, addresses.app, settings)
    due = [finding for finding in findings if finding.check not in NEXT_SERVING]
    _tell_restored(file, manifest, due, as_json)


async def restore_backup(dsn: str, file: Path, manifest: Manifest, bindir: Path | None) -> None:
    """Puts a backup into the empty database of an owner's address, and brings it up to date.

    Refuses (RESTORE_NOT_EMPTY) a database with a hub in it, and (RESTORE_OLDER_SERVER) a server
    that is older than the one of the backup.
    """
    server = await server_for_restore(dsn)
    if server < manifest.server:
        raise Refusal("RESTORE_OLDER_SERVER", backup=manifest.server, server=server)
    client = await asyncio.to_thread(Client.for_server, server, bindir)
    after = after_dump(manifest.rows)
    await client.load(Address.of(dsn), before_dump(), pieces_of(file), after)
    await migrate(dsn, report)


def _tell_restored(file: Path, manifest: Manifest, findings: list[Finding], as_json: bool) -> None:
    if as_json:
        tell_json(
            {"file": str(file), "made_at": manifest.made_at, "rows": dict(manifest.rows)}
            | {"checks": [finding.to_json() for finding in findings]}
        )
        return
    for line in told([finding for finding in findings if not finding.is_well]):
        report(line)
    click.echo(
        f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables are back, as they were "
        f"at {manifest.made_at}. What was revoked since is in force again: revoke it once more "
        f"before you serve."
    )
