# SPDX-License-Identifier: EUPL-1.2
"""`hub push FILE`: the rows of a file to the hub, in as many parts as needed, with the same receipt
as any delivery.

The idempotency key follows from the file and what is asked, so that the same command may be given
again after a failure: what was carried out is answered again, what was not is carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson

from hub.commands import FILE, JSON, Whole, counted, fail, report, tell_json
from hub.remote.connection import Remote, in_words, key_of_file, pages, placed, remote_command
from hub.remote.mappings import remember, remembered
from hub.remote.rows import Sent, rows_of
from resolvers.context import RowError
from resolvers.sheets.columns import ColumnNames
from schema.contributions import BY_KIND
from schema.errors import user_errors
from schema.texts import Language
from sql.errors import Refusal

PART_ROWS = 2_000
PART_BYTES = 4_000_000
"""Well below what the hub takes at once (5,000 rows, 8 MB), so that a part is done in seconds."""

STORED_ALL_THE_SAME = frozenset({"NOT_CLOSED", "OLDER_LIST"})
"""What a receipt says of a full list that closed nothing."""

PUSH = """mutation Push($delivery: Delivery!, $rows: [%s!]!) {
  receipt: %s(input: { delivery: $delivery, rows: $rows }) {
    id dryRun replayed summary { outcome rows } errors { path code message hint }
    rows(withErrors: true) { ...Page } } }"""
MORE = """query More($id: ID!, $after: String) {
  receipt: pushReceipt(id: $id) { rows(withErrors: true, after: $after) { ...Page } } }"""
PAGE = """ fragment Page on PushRowConnection {
  nodes { line externalId outcome errors { path code message hint } }
  pageInfo { endCursor hasNextPage } }"""


@dataclass(slots=True)
class Outcome:
    """What became of a file: how many rows had each outcome, what was wrong by line, and why parts
    were refused.
    """

    dry_run: bool
    receipts: list[str] = field(default_factory=list)
    replayed: bool = True
    rows: dict[str, int] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    warned: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For a program; a stable shape."""
        return {
            "dryRun": self.dry_run,
            "replayed": self.replayed,
            "receipts": self.receipts,
            "rows": self.rows,
            "rejected": self.rejected,
            "warned": self.warned,
            "notes": self.notes,
            "errors": self.errors,
        }


@click.command("push", short_help="Deliver the rows of a CSV, Excel or JSON lines file.")
@FILE
@click.option("--dataset", required=True, help="Your own name for what you deliver: a-z, 0-9, -.")
@click.option(
    "--kind",
    type=click.Choice(sorted(BY_KIND)),
    default="SIGNAL",
    show_default=True,
    help="What the rows are.",
)
@click.option(
    "--snapshot",
    is_flag=True,
    help="The file is the full list: what it no longer names is closed. Default: new and changed.",
)
@click.option("--may-close", type=Whole(0), help="The most that a full list may close.")
@click.option(
    "--max-rejected",
    type=Whole(0),
    default=0,
    show_default=True,
    help="With more wrong rows than this in a part, nothing of that part is stored.",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Which column is which field; COLUMN= leaves it out. Remembered for this dataset.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen; nothing is stored.")
@click.option(
    "--key", help="An idempotency key of your own. Default: it follows from the file and options."
)
@JSON
@remote_command
def push(
    remote: Remote,
    file: Path,
    dataset: str,
    kind: str,
    snapshot: bool,
    may_close: int | None,
    max_rejected: int,
    columns: tuple[str, ...],
    dry_run: bool,
    key: str | None,
    as_json: bool,
) -> None:
    """Deliver the rows of FILE: CSV or Excel with a header, or JSON lines with the API's fields.

    Try it first with --dry-run; of a full list of more than 2,000 rows it does not tell what
    would be closed. The same command again delivers nothing twice. Ends with 0 when
    every part was taken, with 1 when one was refused: its message says why, and which rows to mend.

    Example: hub push meldingen.xlsx --dataset meldingen --kind SIGNAL --dry-run
    """
    if may_close is not None and not snapshot:
        raise click.UsageError("--may-close belongs to --snapshot.")
    mapping = _mapping(remote.address, kind, dataset, columns)
    content = file.read_bytes()
    try:
        found = rows_of(BY_KIND[kind], file.name, content, mapping)
    except Refusal as refusal:
        fail(refusal)
    delivery = {
        "dataset": dataset,
        "mode": "SNAPSHOT" if snapshot else "UPSERT",
        "maxRejected": max_rejected,
        "mayClose": may_close,
        "dryRun": dry_run,
    }
    delivery["idempotencyKey"] = key or _key(kind, delivery, mapping, content)
    parts = list(_parts(found.rows))
    notes = list(found.notes)
    if dry_run and snapshot and len(parts) > 1:
        # what a list closes is known when all its parts are in, and a trial leaves none behind
        notes.append(RowError((), "CLOSING_NOT_TRIED"))
    outcome = Outcome(dry_run, notes=_told(notes, remote.language))
    _deliver(remote, kind, delivery, parts, outcome)
    if columns and not dry_run and not outcome.errors:
        remember(remote.address, kind, dataset, mapping)
    if as_json:
        tell_json(outcome.as_json())
    else:
        _print(outcome)
    if outcome.errors:
        raise SystemExit(1)


def _mapping(address: str, kind: str, dataset: str, columns: Sequence[str]) -> ColumnNames:
    if not columns:
        return remembered(address, kind, dataset)
    mapping: dict[str, str | None] = {}
    for column in columns:
        name, equals, wanted = column.rpartition("=")
        if not equals or not name:
            raise click.UsageError(f"--map {column}: write COLUMN=FIELD")
        mapping[name] = wanted or None
    return mapping


def _key(kind: str, delivery: Mapping[str, Any], mapping: ColumnNames, content: bytes) -> str:
    said = orjson.dumps([kind, delivery, mapping], option=orjson.OPT_SORT_KEYS)
    return key_of_file(said + content)


def _deliver(
    remote: Remote,
    kind: str,
    delivery: Mapping[str, Any],
    parts: Sequence[Sequence[Sent]],
    outcome: Outcome,
) -> None:
    """Sends the parts in their order, until one is refused."""
    contribution = BY_KIND[kind]
    query = PUSH % (contribution.row_type.__name__, contribution.push_name) + PAGE
    for number, part in enumerate(parts, 1):
        given = {**delivery, "part": number, "parts": len(parts)}
        sent = [each.values for each in part]
        variables = {"delivery": given, "rows": sent}
        receipt = remote.ask(query, variables)["receipt"]
        _add(remote, receipt, part, outcome)
        report(f"part {number} of {len(parts)}: {counted(len(part), 'row', 'rows')}")
        if any(error["code"] not in STORED_ALL_THE_SAME for error in receipt["errors"]):
            return


def _parts(rows: Sequence[Sent]) -> Iterator[list[Sent]]:
    part: list[Sent] = []
    size = 0
    for row in rows:
        length = len(orjson.dumps(row.values))
        if part and (len(part) == PART_ROWS or size + length > PART_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    yield part


def _add(remote: Remote, receipt: dict[str, Any], part: Sequence[Sent], outcome: Outcome) -> None:
    if receipt["id"]:
        outcome.receipts.append(receipt["id"])
    outcome.replayed = outcome.replayed and receipt["replayed"]
    for line in receipt["summary"]:
        outcome.rows[line["outcome"]] = outcome.rows.get(line["outcome"], 0) + line["rows"]
    outcome.errors += receipt["errors"]
    for row in _with_errors(remote, receipt):
        sent = part[row["line"] - 1]
        errors = _told(sent.errors, remote.language) or row["errors"]
        told = {"line": sent.line, "externalId": row["externalId"], "errors": errors}
        (outcome.rejected if row["outcome"] == "REJECTED" else outcome.warned).append(told)


def _with_errors(remote: Remote, receipt: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a receipt that have errors: the first page came with it."""

    def ask(after: str | None) -> dict[str, Any]:
        if after is None:
            first: dict[str, Any] = receipt["rows"]
            return first
        more = remote.ask(MORE + PAGE, {"id": receipt["id"], "after": after})
        rows: dict[str, Any] = more["receipt"]["rows"]
        return rows

    for page in pages(ask):
        yield from page["nodes"]


def _told(errors: Sequence[RowError], language: Language) -> list[dict[str, Any]]:
    """Errors that were found before sending, as the hub tells its own."""
    return [asdict(error) for error in user_errors(errors, language)]


def _print(outcome: Outcome) -> None:
    for note in outcome.notes:
        click.echo(placed(note), err=True)
    for row in (*outcome.rejected, *outcome.warned):
        for error in row["errors"]:
            click.echo(f"row {row['line']} ({row['externalId'] or '?'}) {placed(error)}")
    for error in outcome.errors:
        click.echo(in_words(error), err=True)
    if outcome.rows:
        outcomes = ", ".join(f"{name} {rows}" for name, rows in outcome.rows.items())
        more = " (nothing stored: a dry run)" if outcome.dry_run else ""
        again = " (delivered before: this is the first receipt)" if outcome.replayed else ""
        click.echo(outcomes + more + again)
