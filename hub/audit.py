# SPDX-License-Identifier: EUPL-1.2
"""`hub audit`: evidence that nobody changed what the audit log and the read ledger say.

Sealing is done by the hub itself, every minute. To check is the owner's work: it looks at every
entry, and says which are not as they were sealed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hub.commands import (
    DATA,
    JSON,
    InOrder,
    app_address,
    as_owner,
    run,
    settings_from,
    tell_json,
)
from hub.daily import seal_logs
from hub.serve import open_database
from sql.errors import Refusal
from sql.session import Database, Session

GEMEENTE = click.option("--gemeente", help="Only this one (CBS code: GM0637). Default: every one.")
_HEAD = re.compile(r"([1-9]\d{0,8}):([0-9a-f]{64})")


@click.group(cls=InOrder, short_help="Evidence that the logs were not changed: seal, head, verify.")
def audit() -> None:
    """Evidence that the audit log and the read ledger were not changed."""


@audit.command("seal", short_help="Seal what was added, now.")
@GEMEENTE
@DATA
def seal(gemeente: str | None, data: Path | None) -> None:
    """Seal what was added to the logs.

    The hub does it by itself every minute. Harmless to repeat.
    """

    async def work() -> None:
        settings = settings_from(data=data)
        async with (
            app_address(settings) as address,
            open_database(settings, address) as database,
        ):
            every = [row["code"] for row in await database.call("daily_gemeenten")]
            sealed = await seal_logs(database, _chosen(gemeente, every))
        click.echo(f"{sealed} entries sealed")

    run(work())


@audit.command("head", short_help="Print the newest seal, to keep elsewhere.")
@GEMEENTE
@JSON
@DATA
def head(gemeente: str | None, as_json: bool, data: Path | None) -> None:
    """Print the number and the root of the newest seal of each gemeente.

    Keep it where an administrator of the database cannot reach it: `hub audit verify --head` finds
    by it that all seals were made anew.
    """

    async def work(owner: Database) -> None:
        async with owner.inspection() as session:
            heads = {
                code: await session.fetchrow("seal_head", code)
                for code in await _gemeenten(session, gemeente)
            }
        told = {code: f"{row['number']}:{row['root']}" for code, row in heads.items() if row}
        if as_json:
            tell_json(told)
            return
        for code, line in told.items():
            click.echo(f"{code} {line}")

    run(as_owner(settings_from(data=data), work))


@audit.command("verify", short_help="Check every seal and every entry.")
@GEMEENTE
@click.option(
    "--head",
    "kept",
    metavar="NUMBER:ROOT",
    help="What `hub audit head` printed before, for one --gemeente: that seal must still be there.",
)
@JSON
@DATA
def verify(gemeente: str | None, kept: str | None, as_json: bool, data: Path | None) -> None:
    """Check that every entry is as it was sealed, and every seal follows from the one before.

    Ends with code 1 when anything is not, and says at which seal it begins.
    """
    found = _HEAD.fullmatch(kept) if kept else None
    if kept and (found is None or gemeente is None):
        raise click.UsageError("--head: give --gemeente, and NUMBER:ROOT as `hub audit head` does")

    async def work(owner: Database) -> None:
        async with owner.inspection() as session:
            answers = {
                code: await _looked_at(session, code, (int(found[1]), found[2]) if found else None)
                for code in await _gemeenten(session, gemeente)
            }
        _tell(answers, as_json)

    run(as_owner(settings_from(data=data), work))


async def _gemeenten(session: Session, wanted: str | None) -> list[str]:
    return _chosen(wanted, [row["code"] for row in await session.fetch("gemeenten_all")])


def _chosen(wanted: str | None, every: Sequence[str]) -> list[str]:
    """The gemeente that is wanted, or every one; refuses (UNKNOWN_GEMEENTE) one that is unknown."""
    if wanted is not None and wanted not in every:
        raise Refusal("UNKNOWN_GEMEENTE", gemeente=wanted)
    return [wanted] if wanted else list(every)


async def _looked_at(session: Session, code: str, kept: tuple[int, str] | None) -> dict[str, Any]:
    """What is sealed of a gemeente, and what is wrong with it."""
    counted = await session.fetchrow("seals_count", code)
    faults = [dict(row) for row in await session.fetch("seals_broken", code)]
    if kept is not None and await session.fetchval("seal_root", code, kept[0]) != kept[1]:
        faults.append({"seal": kept[0], "fault": "HEAD_DIFFERS", "log": None, "entry": None})
    return {**(counted or {}), "faults": sorted(faults, key=lambda fault: fault["seal"])}


def _verdict(answer: dict[str, Any]) -> str:
    if answer["faults"]:
        return "NOT as it was sealed"
    return "everything is as it was sealed" if answer["seals"] else "nothing was sealed yet"


def _tell(answers: dict[str, dict[str, Any]], as_json: bool) -> None:
    if as_json:
        tell_json(answers)
    for code, answer in () if as_json else answers.items():
        click.echo(f"{code}: {_verdict(answer)}")
        click.echo(
            f"  {answer['seals']} seals over {answer['entries']} entries, "
            f"{answer['waiting']} wait to be sealed"
        )
        for fault in answer["faults"]:
            which = f" {fault['log']} {fault['entry']}" if fault["entry"] else ""
            click.echo(f"  seal {fault['seal']}: {fault['fault']}{which}")
    broken = [code for code, answer in answers.items() if answer["faults"]]
    if broken:
        first = ", ".join(f"{code} at seal {answers[code]['faults'][0]['seal']}" for code in broken)
        raise click.ClickException(f"The logs are not as they were sealed: {first}.")
