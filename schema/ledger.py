# SPDX-License-Identifier: EUPL-1.2
"""What a privacy officer sees of the read ledger and the audit log of its own organisation."""

from __future__ import annotations

from datetime import date, datetime
from enum import auto
from typing import Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.ledger import (
    Wanted,
    activity_of,
    check,
    page_of_audit,
    page_of_breach,
    page_of_ledger,
)
from schema.agreement import Agreement
from schema.audit_text import audit_text
from schema.contributions import BY_KIND
from schema.enums import Upper
from schema.fields import from_row, loaded
from schema.ids import decode_as, encode
from schema.kind import Kind
from schema.node import PageInfo
from schema.organisation import Organisation
from schema.scalars import JSON

READER = Batch("organisations_by_id", "reader", "one")
OWNER = Batch("organisations_by_id", "owner", "one")
BY = Batch("organisations_by_id", "by_organisation", "one")
AGREEMENT = Batch("agreements_by_id", "agreement", "one")
ACTIVITY = (
    "Under which processing activity of the reader, by the version that held then; the agreement "
    "where the reader named none."
)


@strawberry.enum(
    description="From which side a read is looked at. READ_BY_OTHERS: the caller's records, by "
    "other organisations. READ_BY_US: records of others, by the caller's own people and programs."
)
class LedgerSide(Upper):
    READ_BY_OTHERS = auto()
    READ_BY_US = auto()


@strawberry.type
class Read:
    """Who read what of whom, and why it could."""

    owner: Organisation = loaded(OWNER, "Whose records.")
    reader: Organisation = loaded(READER, "Who read.")
    login: str | None = from_row(
        lambda row: row["actor"], "With which log-in; null for one of another organisation."
    )
    agreement: Agreement = loaded(AGREEMENT, "Under which agreement.")
    version: int = strawberry.field(description="Which version of the agreement held then.")
    purpose: str = strawberry.field(description="For what, as the agreement said then.")
    processing_activity: str = from_row(lambda row: activity_of(row, row["reader"]), ACTIVITY)
    kind: Kind
    operation: str = strawberry.field(description="How the reader called its request.")
    fields: list[str] = strawberry.field(description="What could be seen of each, by the rule.")


@strawberry.type(
    description="A read of others' records: a line per request, owner, agreement, kind and fields."
)
class LedgerLine(Read):
    at: datetime
    records: int = strawberry.field(description="How many were shown or counted.")
    shown: int = strawberry.field(description="How many of them were shown, one by one.")
    trace: str | None = strawberry.field(
        description="The id of the request, as in the logs; null for one of another organisation."
    )


@strawberry.type(description="A page of the ledger, newest first.")
class LedgerConnection:
    nodes: list[LedgerLine]
    page_info: PageInfo


@strawberry.type(
    description="What was read by one organisation (and log-in, if it is the caller's) of another, "
    "under one agreement, of one kind, in one operation, with the same fields."
)
class BreachRead(Read):
    first_at: datetime = strawberry.field(description="When for the first time.")
    last_at: datetime = strawberry.field(description="When for the last time.")
    reads: int = strawberry.field(description="In how many requests.")
    distinct_records: int = strawberry.field(description="How many records were shown.")
    counted: int | None = strawberry.field(
        description="How many records were counted, beyond those that were shown, added up; null "
        "when none was."
    )


@strawberry.type(description="A page of what was read. The order tells nothing.")
class BreachReadConnection:
    nodes: list[BreachRead]
    page_info: PageInfo


@strawberry.type(description="A record that was shown, also when it is there no more.")
class BreachRecord:
    record: strawberry.ID = from_row(
        lambda row: strawberry.ID(encode(BY_KIND[row["kind"]].typename, row["id"])),
        "Its id; `node` gives the record while it is there.",
    )
    kind: Kind
    owner: Organisation = loaded(OWNER, "Whose record.")
    reader: Organisation = loaded(READER, "Who read it.")
    fields: list[str] = strawberry.field(
        description="What could be seen of it, all reads together."
    )
    first_at: datetime = strawberry.field(description="When for the first time.")
    last_at: datetime = strawberry.field(description="When for the last time.")
    reads: int = strawberry.field(description="In how many requests.")
    withdrawn_on: date | None = strawberry.field(
        description="Of one's own: on which day it was withdrawn."
    )


@strawberry.type(description="A page of records that were shown. The order tells nothing.")
class BreachRecordConnection:
    nodes: list[BreachRecord]
    page_info: PageInfo


@strawberry.input(description="After a data breach: which reads it is about.")
class BreachInput:
    side: LedgerSide = strawberry.field(
        default=LedgerSide.READ_BY_OTHERS,
        description="READ_BY_OTHERS: who read the caller's records. READ_BY_US: what was read with "
        "the caller's log-ins, so that the owners can be told.",
    )
    since: datetime = strawberry.field(description="From this moment on.")
    until: datetime | None = strawberry.field(
        default=None, description="Before this moment; null: until now."
    )
    organisation: strawberry.ID | None = strawberry.field(
        default=None, description="Only this organisation on the other side."
    )
    login: str | None = strawberry.field(
        default=None,
        description="Only this log-in of the caller's organisation; with READ_BY_US. Of an account "
        "that was erased: the word that took the place of its name. A name that never was one of "
        "its log-ins is refused.",
    )


@strawberry.type(description="What a breach is about, by the read ledger.")
class BreachReport:
    @strawberry.field(
        description="Who read what: by organisation, log-in, agreement, kind, operation and fields."
    )
    async def reads(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        first: int = 50,
        after: str | None = None,
    ) -> BreachReadConnection:
        page: Any = await page_of_breach(info.context, "breach_reads", root, first, after)
        return page  # type: ignore[no-any-return]

    @strawberry.field(
        description="Which records were shown, one by one. What was only counted is not among them."
    )
    async def records(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Context, None],
        first: int = 100,
        after: str | None = None,
    ) -> BreachRecordConnection:
        page: Any = await page_of_breach(info.context, "breach_records", root, first, after)
        return page  # type: ignore[no-any-return]


@strawberry.type(
    description="Something that was changed in agreements, log-ins, partners, rights or published "
    "numbers, and that concerns the caller's organisation."
)
class AuditEntry:
    at: datetime
    by: Organisation | None = loaded(BY, "Which organisation did it; null: the hub's own work.")
    login: str | None = from_row(
        lambda row: row["actor"], "Who did it; null for somebody of another organisation."
    )
    action: str = strawberry.field(description="What was done: TOKEN_CREATED, AGREEMENT_ACCEPTED.")
    subject: str = strawberry.field(description="To what, as a URN.")
    about_login: str | None = from_row(
        lambda row: row["login"], "Whose log-in it is about, if it is about one."
    )

    @strawberry.field(
        description="What was done and what it changed, in words; `action` and `details` are for "
        "programs."
    )
    async def text(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        return await audit_text(info.context, root)

    details: JSON = strawberry.field(
        description="What belongs to it; of a change, before and after."
    )
    trace: str | None = strawberry.field(
        description="The id of the request, as in the logs; null for one of another organisation."
    )


@strawberry.type(description="A page of the audit log, newest first.")
class AuditConnection:
    nodes: list[AuditEntry]
    page_info: PageInfo


def _other(given: str | None, *path: str) -> Any:
    return decode_as("Organisation", given, *path) if given else None


@strawberry.type
class LedgerQuery:
    """The roots of the ledger and the audit log."""

    @strawberry.field(
        description="The read ledger of the caller's organisation with its times, newest first. "
        "For its privacy officer."
    )
    async def read_ledger(
        self,
        info: strawberry.Info[Context, None],
        since: datetime,
        side: LedgerSide = LedgerSide.READ_BY_OTHERS,
        until: datetime | None = None,
        organisation: strawberry.ID | None = None,
        agreement: strawberry.ID | None = None,
        kind: Kind | None = None,
        login: str | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> LedgerConnection | None:
        by_us = side is LedgerSide.READ_BY_US
        wanted = Wanted(by_us, since, until, _other(organisation, "organisation"), login)
        under = decode_as("Agreement", agreement, "agreement") if agreement else None
        of = kind.value if kind else None
        page: Any = await page_of_ledger(info.context, wanted, under, of, first, after)
        return page  # type: ignore[no-any-return]

    @strawberry.field(
        description="After a data breach: who read which records of the caller's since when; or, "
        "if a log-in of the caller's leaked, what of others was read with it. For its privacy "
        "officer."
    )
    async def breach_report(
        self, info: strawberry.Info[Context, None], input: BreachInput
    ) -> BreachReport | None:
        by_us = input.side is LedgerSide.READ_BY_US
        wanted: Any = Wanted(
            by_us,
            input.since,
            input.until,
            _other(input.organisation, "input", "organisation"),
            input.login,
        )
        await check(info.context, wanted)
        return wanted  # type: ignore[no-any-return]

    @strawberry.field(
        description="What was changed that concerns the caller's organisation: agreements, "
        "log-ins, its own entry among the partners, its published numbers. For its privacy officer "
        "and its administrator."
    )
    async def audit_log(
        self,
        info: strawberry.Info[Context, None],
        since: datetime,
        until: datetime | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> AuditConnection | None:
        page: Any = await page_of_audit(info.context, since, until, first, after)
        return page  # type: ignore[no-any-return]
