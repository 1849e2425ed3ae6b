# SPDX-License-Identifier: EUPL-1.2
"""One record at a time: report it, change it, take it away.

Each works in a savepoint and gives a `Written`. Another organisation's record and one that does not
exist are refused alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from resolvers.context import Context, RowError
from resolvers.kinds import Column, Kind
from resolvers.writes.caps import Cap, check_caps, keep_caps, read_caps
from resolvers.writes.frame import write_frame
from resolvers.writes.idempotency import Request, check_key, digest_of
from resolvers.writes.push import OF_THE_HUB, insert
from resolvers.writes.rows import (
    Areas,
    Checked,
    Writer,
    check_in_database,
    check_values,
    checked_text,
    without_minutes,
)
from sql.errors import Refusal
from sql.session import Record, Session

REASON = Column("reason", "reason", limit=2000, required=True)
WITHDRAWN = "ingetrokken"
"""What is kept of the reason where the strict rules hold, for a reason is free text."""

NOT_FOUND = RowError(("input", "id"), "NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Written:
    """The record that was written (`done`), or the caller's own one that stands in the way
    (CONFLICT).

    Errors beside a record that was written are warnings.
    """

    record: UUID | None = None
    errors: list[RowError] = field(default_factory=list)
    done: bool = False


async def report(context: Context, kind: Kind, given: Mapping[str, Any]) -> Written:
    """Stores one record that is reported in the hub itself, once per idempotency key.

    `given` has the kind's columns that are reported, `wijk` or `wijken`, `buurt`,
    `idempotency_key` and `share_at`: None shares as agreed, a list caps what each receiver sees.
    """
    given = {**kind.reported, **given}
    try:
        check_key(given["idempotency_key"], "input", "idempotencyKey")
        content = {name: value for name, value in given.items() if name != "idempotency_key"}
        operation = f"report {kind.name}"
        digest = digest_of(operation, content)
        request = Request(operation, given["idempotency_key"], digest)
        async with context.session.savepoint():
            frame = await request.begin(context.session)
            if frame["result"] is not None:
                return Written(frame["result"], done=True)
            return await _report(context, kind, given, frame, request)
    except Refusal as refusal:
        return _refused(refusal)
    finally:
        context.loaders.forget()


async def _report(
    context: Context, kind: Kind, given: Mapping[str, Any], frame: Record, request: Request
) -> Written:
    session = context.session
    checked = Checked(line=1)
    areas = await Areas.named_by(session, [given])
    areas.place(given, checked)
    check_values(kind, given, Writer.of(frame), checked)
    await check_in_database(session, kind, OF_THE_HUB, [checked])
    caps = None if given.get("share_at") is None else read_caps(given["share_at"])
    if caps and await session.fetchval("dataset_is_marked", OF_THE_HUB):
        checked.errors.append(RowError(("shareAt",), "NEVER_SHARED"))
    if caps and not checked.errors:
        wijken, category = checked.values["wijken"], checked.values["category"]
        checked.errors += await check_caps(session, kind, wijken, category, caps)
    if checked.errors:
        return Written(errors=_under_input(checked.errors))
    await without_minutes(session, kind, Writer.of(frame), [checked])
    record = context.ids.new_id(frame["today"])
    await _insert(context, kind, record, checked, caps)
    await request.remember(session, record)
    return Written(record, _under_input(checked.warnings), done=True)


async def _insert(
    context: Context, kind: Kind, record: UUID, checked: Checked, caps: list[Cap] | None
) -> None:
    session = context.session
    profile = None if caps is None else await keep_caps(session, caps)
    await session.fetch("write_dataset", OF_THE_HUB, kind.name)
    await insert(session, kind, OF_THE_HUB, profile, [(record, checked, None)])


async def change(
    context: Context, kind: Kind, record: UUID, version: int, given: Mapping[str, Any]
) -> Written:
    """Changes the columns that `given` names of one's own record, which must still have this
    version.

    None clears a column. A stale version gives CONFLICT with the caller's own record as it is now.
    """
    session = context.session
    try:
        async with session.savepoint():
            writer = Writer.of(await write_frame(session))
            checked = Checked(line=1)
            check_values(kind, await _with_term(session, kind, record, given), writer, checked)
            await _check_changed(session, kind, record, checked)
            if checked.errors:
                return Written(errors=_under_input(checked.errors))
            await without_minutes(session, kind, writer, [checked])
            values = [checked.values.get(name) for name in kind.editable]
            names = list(checked.values)
            done = await session.fetch(f"{kind.table}_edit", record, version, names, *values)
            if not done:
                return await _not_written(context, kind, record)
            return Written(record, _under_input(checked.warnings), done=True)
    except Refusal as refusal:
        return _refused(refusal)
    finally:
        context.loaders.forget()


async def withdraw(
    context: Context, kind: Kind, record: UUID, version: int, reason: str
) -> Written:
    """Takes one's own record away and remembers that it was there, without its content."""
    session = context.session
    try:
        async with session.savepoint():
            writer = Writer.of(await write_frame(session))
            checked = Checked(line=1)
            text = checked_text(REASON, reason, writer.strict, checked)
            if checked.errors:
                return Written(errors=_under_input(checked.errors))
            gone = await session.fetchrow(f"{kind.table}_delete", record, version)
            if gone is None:
                return await _not_taken_away(context, kind, record, version)
            source = (gone["dataset"], gone["external_id"])
            kept = WITHDRAWN if writer.strict else text
            await session.fetch("write_tombstone", kind.name, record, *source, kept)
            return Written(record, _under_input(checked.warnings), done=True)
    except Refusal as refusal:
        return _refused(refusal)
    finally:
        context.loaders.forget()


async def shown_as(context: Context, kind: Kind, record: UUID) -> list[Record]:
    """What each receiver sees of one's own record, found by the database by looking through its
    eyes.
    """
    return await context.session.fetch("shown_as", kind.name, record)


async def _with_term(
    session: Session, kind: Kind, record: UUID, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What changes; begin and end together where one of them does, for each is checked against the
    other.
    """
    if not kind.when or not kind.until or (kind.when in given) == (kind.until in given):
        return given
    stored = await session.fetchrow(f"{kind.table}_by_id", [record])
    if stored is None or stored["agreement"] is not None:  # not one's own: refused later
        return given
    return {kind.when: stored[kind.when], kind.until: stored[kind.until], **given}


async def _check_changed(session: Session, kind: Kind, record: UUID, checked: Checked) -> None:
    """Adds what the database says against one's own record as it would become."""
    if not kind.checked_in_database:
        return
    stored = await session.fetchrow(f"{kind.table}_by_id", [record])
    if stored is None or stored["agreement"] is not None:  # not one's own: refused later
        return
    changed = Checked(line=1, values={**dict(stored), **checked.values}, errors=checked.errors)
    await check_in_database(session, kind, stored["dataset"], [changed], record)


async def _not_written(context: Context, kind: Kind, record: UUID) -> Written:
    """Why nothing was written: one's own record has another version, or there is no such record of
    one's own.
    """
    if await context.session.fetchval(f"{kind.table}_owned", record):
        return Written(record, [RowError(("input", "version"), "CONFLICT")])
    return Written(errors=[NOT_FOUND])


async def _not_taken_away(context: Context, kind: Kind, record: UUID, version: int) -> Written:
    """Why nothing was taken away: what the database says against a change of one's own record as it
    is, or as `_not_written`.
    """
    session = context.session
    stored = await session.fetchrow(f"{kind.table}_by_id", [record])
    if stored is not None and stored["agreement"] is None and stored["version"] == version:
        checked = Checked(line=1, values=dict(stored))
        await check_in_database(session, kind, stored["dataset"], [checked], record)
        if checked.errors:
            return Written(record, [RowError(("input", "id"), e.code, e.params)
                                    for e in checked.errors])  # fmt: skip
    return await _not_written(context, kind, record)


def _refused(refusal: Refusal) -> Written:
    return Written(errors=[RowError(refusal.path, refusal.code, refusal.params)])


def _under_input(errors: Iterable[RowError]) -> list[RowError]:
    return [RowError(("input", *e.path), e.code, e.params, e.message) for e in errors]
