# SPDX-License-Identifier: EUPL-1.2
"""`hub doctor`: looks over an installation, says what is wrong and how to mend it, and changes
nothing.

Each check is one function below; its docstring is its line in docs/operations.md. A check runs as
the role that it names. It reads the database's catalogue and the catalogue of partners, and counts;
never the content of a record.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import click

from hub.commands import (
    DATA,
    EXPECTED,
    JSON,
    embedded_addresses,
    message_of,
    run,
    tell_json,
)
from hub.database import Client
from hub.serve import open_database
from hub.settings import Settings, SettingsError
from sql.catalog import catalogue, committed, differences
from sql.errors import FROM_DRIVER
from sql.migrate import migrations
from sql.serving import check_fit_to_serve, check_owner, faults_of_guard, is_up_to_date
from sql.session import Database, Record

OLDEST, NEWEST = 15, 18
DAYS = 30
"""How long before its end a token is mentioned."""
LEAST_FREE = 1 << 30
"""Bytes."""
LONGEST = 60
"""Seconds that a transaction may take."""
MOST_LINES = 20

Verdict = Literal["ok", "note", "wrong", "skipped"]
Role = Literal["nobody", "hub_app", "hub_owner", "either"]
Needs = Literal["nothing", "answers", "tables"]
"""What a check needs to be there: a database that answers, or one with the hub's tables as they
are now.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found; the cure where something is wrong."""

    verdict: Verdict
    words: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, by its name and the role that it ran as."""

    check: str
    role: str
    found: Found

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return self.found.verdict == "ok"

    def to_json(self) -> dict[str, str]:
        """check, role, verdict, words, cure."""
        return {"check": self.check, "role": self.role, **asdict(self.found)}


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked over: settings, and the database by the addresses that are known."""

    settings: Settings
    app_dsn: str | None = None
    owner_dsn: str | None = None
    app: Database | None = field(default=None, repr=False)
    owner: Database | None = field(default=None, repr=False)

    @property
    def embedded(self) -> bool:
        """Whether the database is the hub's own."""
        return self.settings.database_url is None and self.settings.owner_url is None

    @property
    def either_dsn(self) -> str:
        """The address of either role, as `ask` uses it."""
        return (self.app_dsn if self.app else self.owner_dsn) or ""

    async def ask(self, statement: str, *args: object) -> list[Record]:
        """All rows of a statement for either role."""
        database = self.app or self.owner
        assert database is not None  # noqa: S101 - such a check does not run without one
        return await database.call(statement, *args)

    async def ask_as_owner(self, statement: str, *args: object) -> list[Record]:
        """All rows of a statement for the owner, who sees every row meanwhile."""
        assert self.owner is not None  # noqa: S101
        async with self.owner.inspection() as session:
            return await session.fetch(statement, *args)


Look = Callable[[Patient], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, the role that it runs as, what it needs."""

    name: str
    role: Role
    needs: Needs
    look: Look

    @property
    def what(self) -> str:
        """What it looks at, in a line."""
        return " ".join((self.look.__doc__ or "").split())

    def who(self, patient: Patient) -> str | None:
        """The role that it runs as here; None when its address is not known."""
        if self.role == "nobody":
            return self.role
        wanted = ("hub_app", "hub_owner") if self.role == "either" else (self.role,)
        open_ = {"hub_app": patient.app, "hub_owner": patient.owner}
        known = {"hub_app": patient.app_dsn, "hub_owner": patient.owner_dsn}
        return next((role for at in (open_, known) for role in wanted if at[role]), None)


CHECKS: list[Check] = []


def check(name: str, role: Role, needs: Needs) -> Callable[[Look], Look]:
    """Adds a function to the checks, in the order of this file."""

    def add(look: Look) -> Look:
        CHECKS.append(Check(name, role, needs, look))
        return look

    return add


# -- the installation


@check("settings", "nobody", needs="nothing")
async def settings(patient: Patient) -> Found:
    """Every variable of the environment can be used."""
    where = "embedded" if patient.embedded else "external"
    return Found("ok", f"they can be used; the database is {where}")


@check("serving", "hub_app", needs="nothing")
async def serving(patient: Patient) -> Found:
    """The serving role reaches the database, and is fit to serve it: policies hold for it."""
    await check_fit_to_serve(patient.app_dsn or "")
    return Found("ok", "the role that serves is fit to serve")


@check("owner", "hub_owner", needs="nothing")
async def owner(patient: Patient) -> Found:
    """The owner reaches the database, and is hub_owner."""
    await check_owner(patient.owner_dsn or "")
    return Found("ok", "the owner's address is hub_owner's")


@check("postgresql", "either", needs="answers")
async def postgresql(patient: Patient) -> Found:
    """The server is a version of PostgreSQL on which the hub is tested."""
    [server] = await patient.ask("doctor_server")
    if OLDEST <= server["major"] <= NEWEST:
        return Found("ok", server["version"])
    return Found("wrong", server["version"], f"use PostgreSQL {OLDEST} to {NEWEST}")


@check("durability", "either", needs="answers")
async def durability(patient: Patient) -> Found:
    """What was committed survives a crash: fsync, full_page_writes, synchronous_commit are on."""
    [server] = await patient.ask("doctor_server")
    names = ("fsync", "full_page_writes", "synchronous_commit")
    if off := [name for name in names if not server[name]]:
        return Found("wrong", f"off: {', '.join(off)}", "turn them on in the server's settings")
    return Found("ok", "what is committed is on disk")


@check("checksums", "either", needs="answers")
async def checksums(patient: Patient) -> Found:
    """The server notices damage of its files: data checksums are on."""
    [server] = await patient.ask("doctor_server")
    if server["checksums"]:
        return Found("ok", "on")
    return Found(
        "note",
        "off: damage on disk goes unnoticed",
        "pg_checksums --enable, while the server is down",
    )


@check("disk", "nobody", needs="nothing")
async def disk(patient: Patient) -> Found:
    """The data folder of an embedded database has room: a gigabyte or more."""
    if not patient.embedded:
        return Found("skipped", "the disk of an external database is not seen from here")
    free = shutil.disk_usage(patient.settings.data).free
    words = f"{free >> 20} MB free in {patient.settings.data}"
    return Found("ok", words) if free >= LEAST_FREE else Found("wrong", words, "make room")


@check("programs", "either", needs="answers")
async def programs(patient: Patient) -> Found:
    """pg_dump and pg_restore, new enough for the server, are at hand for a backup."""
    [server] = await patient.ask("doctor_server")
    bindir = patient.settings.pg_bindir
    client = await asyncio.to_thread(Client.for_server, server["major"], bindir)
    return Found("ok", str(client.binaries.bindir))


# -- the database as migrations made it


@check("migrations", "either", needs="answers")
async def applied(patient: Patient) -> Found:
    """Every migration of this hub ran, none was edited since, and there is none that it does not
    know.
    """
    if await is_up_to_date(patient.either_dsn):
        return Found("ok", f"{len(migrations())} migrations ran")
    return Found("wrong", "the database lacks migrations of this hub", "hub migrate")


@check("catalogue", "either", needs="tables")
async def made(patient: Patient) -> Found:
    """Roles, tables, policies, grants and functions are those that the migrations made
    (sql/catalog.txt).
    """
    lines = differences(committed(), await catalogue(patient.either_dsn))
    cure = "find out who changed it, and put it back; compare with sql/catalog.txt"
    return Found("wrong", _several(lines), cure) if lines else Found("ok", "as migrated")


@check("guard", "either", needs="tables")
async def guard(patient: Patient) -> Found:
    """The guard is whole: nobody is above it, every guarded table has its policies and keys, doors
    are pinned.
    """
    lines = await faults_of_guard(patient.either_dsn)
    cure = "put back what was changed; sql/checks.py says what each means"
    return (
        Found("wrong", _several(lines), cure) if lines else Found("ok", "nothing is wrong with it")
    )


# -- how it runs


@check("clock", "either", needs="tables")
async def clock(patient: Patient) -> Found:
    """The hub's clock is the real one."""
    [state] = await patient.ask("doctor_clock")
    if not state["shifted"]:
        return Found("ok", "the hub's day is the real one")
    if state["demo"]:
        return Found("note", "shifted, as in a demo for another day")
    return Found("wrong", "shifted or frozen", "delete from hub.clock, as hub_owner")


@check("demo", "either", needs="tables")
async def invented(patient: Patient) -> Found:
    """What is served is no invented world."""
    [state] = await patient.ask("doctor_clock")
    if not state["demo"]:
        return Found("ok", "no demo")
    if patient.embedded or not patient.settings.production:
        return Found("note", "this is a demo: every record in it says that it is invented")
    return Found(
        "wrong", "this is a demo's database", "serve another one, or set HUB_PRODUCTION=no"
    )


@check("weeks", "hub_owner", needs="tables")
async def weeks(patient: Patient) -> Found:
    """The numbers of every closed week that are due are published."""
    rows = await patient.ask_as_owner("doctor_weeks")
    lines = [
        f"{row['code']}: the numbers of {row['periods']} closed weeks or quarters are not there yet"
        for row in rows
    ]
    if not lines:
        return Found("ok", "the numbers of closed weeks and quarters are published")
    cure = "run hub publish; a hub with HUB_OWNER_URL does so itself when it starts and each day"
    return Found("wrong", _several(lines), cure)


@check("batches", "hub_owner", needs="tables")
async def batches(patient: Patient) -> Found:
    """Today's batch of the feed was cut."""
    rows = await patient.ask_as_owner("doctor_batches")
    return _daily([f"{row['code']} lacks today's" for row in rows], "today's batch is cut")


def _daily(lines: list[str], well: str) -> Found:
    cure = "keep the hub running, or run hub daily; its log says daily.failed when it could not"
    return Found("wrong", _several(lines), cure) if lines else Found("ok", well)


@check("feed", "hub_owner", needs="tables")
async def feed(patient: Patient) -> Found:
    """The feed moves on: it holds back nothing of earlier days, and no number is of another
    cluster.
    """
    [found] = await patient.ask_as_owner("doctor_feed")
    if found["ahead"]:
        return Found(
            "wrong",
            f"{found['ahead']} items have numbers of another cluster: this was not restored by "
            "hub restore",
            "rebase the feed as sql/after_restore.sql does",
        )
    if found["waiting"]:
        cure = "end the oldest writing transaction of the cluster, of any database in it"
        return Found("wrong", f"{found['waiting']} items of earlier days wait", cure)
    return Found("ok", "nothing of earlier days waits")


@check("retention", "hub_owner", needs="tables")
async def kept(patient: Patient) -> Found:
    """Nothing is past its term since yesterday or longer, and no erasure waits."""
    rows = await patient.ask_as_owner("retention_overdue", 1)
    lines = [f"{row['code']} has {row['due']} rows past their term" for row in rows if row["due"]]
    lines += [f"{row['code']} has {row['erasures']} erasures to finish" for row in rows
              if row["erasures"]]  # fmt: skip
    cure = "hub retention run; its log says retention.done"
    return Found("wrong", _several(lines), cure) if lines else Found("ok", "nothing is overdue")


@check("rollups", "hub_owner", needs="tables")
async def counted(patient: Patient) -> Found:
    """The numbers of records that the database keeps are those that there are."""
    rows = await patient.ask_as_owner("rollups_wrong_anywhere")
    lines = [f"{row['code']} has {row['wrong']} that are not" for row in rows]
    cure = "run hub rollups rebuild; hub rollups verify says which"
    return Found("wrong", _several(lines), cure) if lines else Found("ok", "each is right")


@check("transactions", "either", needs="tables")
async def transactions(patient: Patient) -> Found:
    """No transaction has been open for a minute or more, of those that the roles may see."""
    rows: dict[str, Record] = {}
    for database in filter(None, (patient.app, patient.owner)):
        rows |= {row["session"]: row for row in await database.call("doctor_transactions", LONGEST)}
    lines = [
        f"{row['session']} of {row['role']}: {row['state']}, {row['seconds']} s"
        for row in rows.values()
    ]
    cure = (
        "select pg_terminate_backend(…), or rollback prepared: the feed waits for each that writes"
    )
    return Found("wrong", _several(lines), cure) if lines else Found("ok", "none")


# -- partners


@check("tokens", "hub_owner", needs="tables")
async def tokens(patient: Patient) -> Found:
    """No token ended without a successor of its name, and none ends within 30 days."""
    rows = await patient.ask_as_owner("doctor_tokens", DAYS)
    lines = [
        f"{row['gemeente']} {row['slug']} {row['name']} "
        f"{'ended' if row['expired'] else 'ends'} {row['expires_at']:%Y-%m-%d}"
        for row in rows
    ]
    cure = "hub token rotate, or hub token revoke when it is not needed any more"
    return (
        Found("note", _several(lines), cure)
        if lines
        else Found("ok", f"none ends within {DAYS} days")
    )


@check("working-areas", "hub_owner", needs="tables")
async def working_areas(patient: Patient) -> Found:
    """Every partner that has a token works in a wijk."""
    rows = await patient.ask_as_owner("doctor_workless")
    lines = [f"{row['gemeente']} {row['slug']}" for row in rows]
    cure = "well for one that only reads; else hub partner add … --wijk, or hub partner remove"
    return Found("note", _several(lines), cure) if lines else Found("ok", "each works somewhere")


@check("agreements", "hub_owner", needs="tables")
async def agreements(patient: Patient) -> Found:
    """How many agreements in force end within 60, 30 and 7 days with nothing after them; which is
    their parties' business.
    """
    rows = await patient.ask_as_owner("doctor_agreements")
    lines = [
        f"{row['gemeente']}: {row['within_60']} end within 60 days, {row['within_30']} of them "
        f"within 30 and {row['within_7']} within 7"
        for row in rows
    ]
    cure = "their parties were told: who wants to go on proposes a new version"
    return Found("note", _several(lines), cure) if lines else Found("ok", "none ends in 60 days")


# -- all of them


def _several(lines: list[str]) -> str:
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "; ".join(lines[:MOST_LINES] + more)


async def examine(owner_dsn: str | None, app_dsn: str | None, settings: Settings) -> list[Finding]:
    """What every check finds of a database, in their order."""
    async with _patient(Patient(settings, app_dsn, owner_dsn)) as patient:
        findings: list[Finding] = []
        behind = False
        for each in CHECKS:
            finding = await _finding(each, patient, behind)
            findings.append(finding)
            if each.name == "migrations":
                behind = not finding.is_well
            elif each.name == "owner" and not finding.is_well:
                patient = replace(patient, owner=None)  # another role would see too little
        return findings


@asynccontextmanager
async def _patient(patient: Patient) -> AsyncIterator[Patient]:
    """The patient with its database open, as far as it answers."""
    async with AsyncExitStack() as stack:
        opened: dict[str, Database] = {}
        for name, dsn in (("app", patient.app_dsn), ("owner", patient.owner_dsn)):
            if dsn is not None:
                with suppress(Exception):  # the checks `serving` and `owner` say why
                    opened[name] = await stack.enter_async_context(
                        open_database(patient.settings, dsn)
                    )
        yield replace(patient, app=opened.get("app"), owner=opened.get("owner"))


async def _finding(each: Check, patient: Patient, behind: bool) -> Finding:
    who = each.who(patient)
    if who is None:
        variable = "HUB_OWNER_URL" if each.role == "hub_owner" else "DATABASE_URL"
        return Finding(each.name, each.role, Found("skipped", f"needs {variable}"))
    if each.needs != "nothing" and not (patient.owner if who == "hub_owner" else patient.app):
        return Finding(each.name, who, Found("skipped", "needs a database that answers"))
    if each.needs == "tables" and behind:
        return Finding(each.name, who, Found("skipped", "needs a database that is up to date"))
    try:
        return Finding(each.name, who, await each.look(patient))
    except EXPECTED as error:
        return Finding(each.name, who, Found("wrong", message_of(error)))
    except FROM_DRIVER as error:
        words = f"could not be looked at: {type(error).__name__}"
        return Finding(each.name, who, Found("wrong", words, "see what catalogue and guard say"))


def told(findings: list[Finding]) -> Iterator[str]:
    """The findings for a person, a line each, with the cure below."""
    for finding in findings:
        found = finding.found
        yield f"{found.verdict:8} {finding.check:14} ({finding.role}) {found.words}"
        if found.cure:
            yield f"{'':8} {'':14} → {found.cure}"


@click.command(short_help="Say what is wrong with this installation, and how to mend it.")
@JSON
@DATA
def doctor(as_json: bool, data: Path | None) -> None:
    """Look over the database of DATABASE_URL and HUB_OWNER_URL, or the embedded one; change
    nothing.

    Ends with 0 when nothing is wrong, else with 1. Each line says as which role it was looked at;
    what needs an address that is not given is skipped.
    """
    run(_doctor(data, as_json))


async def _doctor(data: Path | None, as_json: bool) -> None:
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        findings = [Finding("settings", "nobody", Found("wrong", str(error)))]
    else:
        findings = await _examine_at_hand(replace(settings, data=data or settings.data))
    well = not any(finding.found.verdict == "wrong" for finding in findings)
    if as_json:
        tell_json({"well": well, "checks": [finding.to_json() for finding in findings]})
    else:
        click.echo("\n".join(told(findings)))
    if not well:
        raise SystemExit(1)


async def _examine_at_hand(settings: Settings) -> list[Finding]:
    if settings.database_url is not None or settings.owner_url is not None:
        return await examine(settings.owner_url, settings.database_url, settings)
    async with embedded_addresses(settings) as addresses:
        return await examine(addresses.owner, addresses.app, settings)
