# SPDX-License-Identifier: EUPL-1.2
"""Is this row fit to be stored? Each row is looked at on its own, so that one bad row does not fail
the others.

A row comes as a mapping by column name. `wijk`, or `wijken` of a kind of several, and `buurt` are
what the sender wrote: a code or name, or the id that the hub gave. Checks add up: a row is told
everything that is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from resolvers.context import RejectedRow, RowError
from resolvers.kinds import EXTERNAL_ID, FIELDS, SOURCE_VERSION, STRICT_OWNERS, Column, Kind
from resolvers.text_checks import Finding, clean, find, refused
from resolvers.writes.idempotency import digest_of
from sql.errors import Refusal
from sql.session import Record, Session

Row = Mapping[str, Any]
Path = tuple[str | int, ...]

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far in the future a moment may lie of what happened: clocks and time zones of sources differ.
A day may not: it is over, or it is the hub's own.
"""

AHEAD_PLANNED = timedelta(days=3650)
"""How far in the future what is planned may lie."""

NEAR_LON, NEAR_LAT = 0.0073, 0.0045
"""Some 500 m in degrees at this latitude: how far outside the box around its wijk a point may lie.
"""

MOST_WIJKEN = 50
"""Of one record."""

# What a message may repeat of what the sender wrote in the place of a code.
_CODE = re.compile(r"WK\w{0,10}|[^\W\d_]{1,40}")

_WITHOUT_BLANKS = re.compile(r"[^\s]{1,200}")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes and when: the hub's moment and day, and whether the strict rules for police and
    enforcement hold.
    """

    now: datetime
    today: date
    strict: bool

    @classmethod
    def of(cls, frame: Record) -> Writer:
        """The writer of the statement `write_frame`."""
        strict = frame["kind"] in STRICT_OWNERS
        return cls(now=frame["now"], today=frame["today"], strict=strict)


@dataclass(slots=True)
class Checked:
    """A row that was looked at: what is stored when there are no `errors`, and what its sender
    should know.
    """

    line: int
    external_id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)
    identified: bool = True

    def refuse(self, field: str | Path, reason: str, /, **params: object) -> None:
        """Adds a reason, a code of the catalogue with its values, why the row is not taken."""
        path = (field,) if isinstance(field, str) else field
        self.errors.append(RowError(path, reason, params))


Named = tuple[tuple[Path, str | UUID], ...]
"""What a row calls its wijken, each with the place where it stands."""


def named_wijken(row: Row) -> Named:
    """What the row calls its wijken."""
    if "wijken" in row:
        return tuple((("wijken", place), name) for place, name in enumerate(row["wijken"]))
    return ((("wijk",), row["wijk"]),)


class Areas:
    """The wijken of the gemeente as they are now, the buurten of those that rows name, and the
    boxes around these.
    """

    def __init__(
        self,
        wijken: Iterable[Record],
        buurten: Iterable[Record],
        boxes: Iterable[Record],
        former: Mapping[str, Row],
    ) -> None:
        self._wijken: dict[str | UUID, Record] = {}
        for wijk in wijken:
            for name in (wijk["code"], wijk["wijk"], wijk["name"].casefold()):
                self._wijken[name] = wijk
        self._buurten: dict[tuple[UUID, str | UUID], UUID] = {}
        for buurt in buurten:
            for name in (buurt["id"], buurt["code"], buurt["name"].casefold()):
                if name is not None:
                    self._buurten[buurt["wijk"], name] = buurt["id"]
        self._boxes = {box["wijk"]: box for box in boxes}
        self._former = former
        # Many rows name the same.
        self._looked_up: dict[Named, tuple[list[Record], list[RowError]]] = {}

    @classmethod
    async def named_by(cls, session: Session, rows: Sequence[Row]) -> Areas:
        """What must be known of areas to check these rows: a statement, and one more each when they
        name buurten, have points, or codes that are not of today.
        """
        wijken = await session.fetch("write_wijken")
        known = {name for wijk in wijken for name in (wijk["code"], wijk["name"].casefold())}
        names = {name for row in rows for _, name in named_wijken(row)}
        named = {_folded(name) for name in names}
        unknown = [name for name in named if isinstance(name, str) and name not in known]
        former = await _former(session, unknown) if unknown else {}
        asked = [
            wijk["wijk"]
            for wijk in wijken
            if not named.isdisjoint((wijk["code"], wijk["wijk"], wijk["name"].casefold()))
        ]
        with_buurten = any(row.get("buurt") is not None for row in rows)
        buurten = await session.fetch("write_buurten", asked) if with_buurten else []
        with_points = any(row.get("lon") is not None for row in rows)
        boxes = await session.fetch("write_boxes", asked) if with_points else []
        return cls(wijken, buurten, boxes, former)

    def place(self, row: Row, checked: Checked) -> None:
        """Puts the ids of what the row names into `checked`, or says what is wrong with it.

        `wijk`, the first of `wijken`, is where its buurt lies, or else the one named first.
        """
        values = checked.values
        values["wijk"], values["wijken"], values["buurt"] = None, [], None
        wijken = self._wijken_of(row, checked)
        if not wijken:
            return
        buurt = self._buurt(wijken, row.get("buurt"), checked)
        home = wijken[0] if buurt is None else self._wijken[buurt[0]]
        values["wijk"], values["wijken"] = home["wijk"], [home["wijk"]]
        if len(wijken) > 1:
            values["wijken"] += sorted(wijk["wijk"] for wijk in wijken if wijk is not home)
        values["buurt"] = buurt and buurt[1]
        _check_point(row.get("lon"), row.get("lat"), self._boxes.get(home["wijk"]), checked)

    def _wijken_of(self, row: Row, checked: Checked) -> list[Record]:
        """The wijken that the row names, in its order; none when one of them is not known."""
        named = named_wijken(row)
        looked_up = self._looked_up.get(named)
        if looked_up is None:
            seen = Checked(line=0)
            looked_up = self._looked_up[named] = self._look_up(named, seen), seen.errors
        wijken, errors = looked_up
        checked.errors += errors
        return wijken

    def _look_up(self, named: Named, checked: Checked) -> list[Record]:
        if not 1 <= len(named) <= MOST_WIJKEN:
            checked.refuse("wijken", "BAD_VALUE" if named else "MISSING_FIELD")
            return []
        found: list[Record] = []
        for path, name in named:
            wijk = self._wijken.get(_folded(name))
            if wijk is None:
                self._refuse_wijk(path, name, checked)
            elif wijk in found:
                checked.refuse(path, "BAD_VALUE")
            else:
                found.append(wijk)
                if not wijk["works"]:
                    checked.refuse(path, "NOT_YOUR_WIJK")
        return found if all(_folded(name) in self._wijken for _, name in named) else []

    def _refuse_wijk(self, path: Path, name: str | UUID, checked: Checked) -> None:
        former = self._former.get(str(name))
        if former is not None:
            checked.refuse(path, "CODE_OF_ANOTHER_YEAR", **former)
        else:
            shown = name if isinstance(name, str) and _CODE.fullmatch(name) else "?"
            checked.refuse(path, "UNKNOWN_WIJK", code=shown)

    def _buurt(
        self, wijken: Sequence[Record], name: str | UUID | None, checked: Checked
    ) -> tuple[UUID, UUID] | None:
        """The wijk and the buurt of this name, in the first of the wijken that has one."""
        if name is None or name == "":
            return None
        names = (name, name.strip().casefold()) if isinstance(name, str) else (name,)
        for wijk in wijken:
            for each in names:
                if (found := self._buurten.get((wijk["wijk"], each))) is not None:
                    return wijk["wijk"], found
        checked.refuse("buurt", "UNKNOWN_BUURT")
        return None


def _folded(name: str | UUID) -> str | UUID:
    """A wijk as a row names it: a code and an id as they are, a name however it is written."""
    if isinstance(name, str) and not name.startswith("WK"):
        return name.strip().casefold()
    return name


async def _former(session: Session, codes: list[str]) -> dict[str, Row]:
    """What is known of codes of earlier divisions: the year, the name then, and what is there now,
    in words.
    """
    found = await session.fetch("write_other_years", codes)
    return {
        row["code"]: {
            "code": row["code"],
            "year": row["year"],
            "name": row["name"],
            "now": await session.fetchval("wijk_nowadays", row["wijk"]),
        }
        for row in found
    }


def _check_point(
    lon: float | None, lat: float | None, box: Record | None, checked: Checked
) -> None:
    if lon is None or lat is None:
        return
    if box is None:
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            checked.refuse("lon", "BAD_VALUE")
        return
    near = (
        box["west"] - NEAR_LON <= lon <= box["east"] + NEAR_LON
        and box["south"] - NEAR_LAT <= lat <= box["north"] + NEAR_LAT
    )
    if not near:
        checked.refuse("lon", "POINT_OUTSIDE_WIJK")


def check_values(kind: Kind, row: Row, writer: Writer, checked: Checked) -> None:
    """Puts the values that the row gives for the kind's own columns into `checked`, or says what is
    wrong with them.

    Columns that the row does not name are left out.
    """
    for column in kind.columns:
        if column.name not in row:
            continue
        value = row[column.name]
        if column.limit is not None:
            value = checked_text(column, value, writer.strict, checked)
        elif value is None:
            if column.required:
                checked.refuse(column.field, "BAD_VALUE")
        elif column.between and not column.between[0] <= value <= column.between[1]:
            checked.refuse(column.field, "BAD_VALUE")
        elif column.check is not None:
            _check_value(column, value, checked)
        checked.values[column.name] = value
    _check_when(kind, writer, checked)
    _check_whole_point(kind, writer, checked)


def _check_value(column: Column, value: Any, checked: Checked) -> None:
    try:
        if column.check is not None:
            column.check(value)
    except Refusal as refusal:
        checked.refuse(column.field, refusal.code, **refusal.params)


async def check_in_database(
    session: Session,
    kind: Kind,
    dataset: str,
    rows: Sequence[Checked],
    record: UUID | None = None,
) -> None:
    """Adds to rows what the database says against them, of a kind that asks it: all rows in one
    statement.

    `dataset` is where they would be written, `record` the one that they would change.
    """
    good = [row for row in rows if not row.errors]
    if not kind.checked_in_database or not good:
        return
    names = ["wijk", "buurt", *(column.name for column in kind.columns)]
    columns = [[row.values.get(name) for row in good] for name in names]
    external_ids = [row.external_id for row in good]
    found = await session.fetch(f"{kind.table}_checks", dataset, record, external_ids, *columns)
    for wrong in found:
        good[wrong["place"] - 1].refuse(wrong["field"], wrong["code"], **wrong["params"])


def checked_text(column: Column, value: str | None, strict: bool, checked: Checked) -> str | None:
    """The text as it is stored; what it holds that it may not is added to `checked`."""
    if value is None:
        if column.required:
            checked.refuse(column.field, "MISSING_FIELD")
        return None
    try:
        text = clean(value, column.limit or 0)
    except Refusal as refusal:
        checked.refuse(column.field, refusal.code, **refusal.params)
        return None
    if not text:
        if column.required:
            checked.refuse(column.field, "MISSING_FIELD")
        return None
    if strict and column.free_text:
        checked.refuse(column.field, "FREE_TEXT_NOT_ALLOWED")
        return None
    findings = find(text)
    return _without_persons(column, text, findings, strict, checked) if findings else text


def _checked_name(column: Column, value: str | None, strict: bool, checked: Checked) -> str | None:
    """What a source calls a record or a version of it; under the strict rules it has no blanks, so
    that it is no way to store a text.
    """
    name = checked_text(column, value, strict, checked)
    if strict and name is not None and not _WITHOUT_BLANKS.fullmatch(name):
        checked.refuse(column.field, "FREE_TEXT_NOT_ALLOWED")
        return None
    return name


def _without_persons(
    column: Column, text: str, findings: list[Finding], strict: bool, checked: Checked
) -> str | None:
    kept_out = refused(findings, strict)
    for kind in dict.fromkeys(finding.kind for finding in kept_out):
        checked.refuse(column.field, "PERSONAL_DATA", kind=kind)
    for kind in dict.fromkeys(f.kind for f in findings if f not in kept_out):
        checked.warnings.append(RowError((column.field,), "PERSONAL_DATA_WARNING", {"kind": kind}))
    return None if kept_out else text


def _check_when(kind: Kind, writer: Writer, checked: Checked) -> None:
    begins = checked.values.get(kind.when) if kind.when else None
    if kind.when and begins is not None:
        if begins > _newest(kind, begins, writer):
            too_late = "BAD_VALUE" if kind.planned else "DATE_IN_FUTURE"
            checked.refuse(kind.field_of(kind.when), too_late)
        elif begins < _like(begins, OLDEST):
            checked.refuse(kind.field_of(kind.when), "DATE_TOO_OLD")
    ends = checked.values.get(kind.until) if kind.until else None
    if kind.until and ends is not None:
        too_early = begins is not None and ends < begins
        if too_early or ends > _like(ends, writer.now + AHEAD_PLANNED):
            checked.refuse(kind.field_of(kind.until), "BAD_VALUE")


def _newest(kind: Kind, begins: date, writer: Writer) -> date:
    """The last day or moment on which it may begin."""
    if kind.planned:
        return _like(begins, writer.now + AHEAD_PLANNED)
    return writer.now + AHEAD if isinstance(begins, datetime) else writer.today


def _like(value: date, moment: datetime) -> date:
    """The moment as what `value` is, a day or a moment."""
    return moment if isinstance(value, datetime) else moment.date()


def _check_whole_point(kind: Kind, writer: Writer, checked: Checked) -> None:
    if kind.point is None:
        return
    lon, lat = map(checked.values.get, kind.point)
    if (lon is None) != (lat is None):
        checked.refuse(kind.point[0], "POINT_INCOMPLETE")
    elif lon is not None and writer.strict:
        checked.refuse(kind.point[0], "POINT_NOT_ALLOWED")


async def without_minutes(
    session: Session, kind: Kind, writer: Writer, rows: Sequence[Checked]
) -> None:
    """Where the strict rules hold, moves every moment to noon of its day: no minute is stored."""
    timed = [
        (row, column.name)
        for row in rows
        if writer.strict and not row.errors
        for column in kind.columns
        if isinstance(row.values.get(column.name), datetime)
    ]
    if not timed:
        return
    noons = await session.fetchval("write_noons", [row.values[name] for row, name in timed])
    for (row, name), noon in zip(timed, noons, strict=True):
        row.values[name] = noon


class DeliveredRows:
    """Checks the rows of one delivery; what they have in common (areas, the writer) was fetched
    before.
    """

    def __init__(self, kind: Kind, writer: Writer, areas: Areas) -> None:
        self._kind = kind
        self._writer = writer
        self._areas = areas
        self._seen: set[str] = set()

    def check(self, line: int, row: Row) -> Checked:
        """The row, looked at; a second row of one external id is refused."""
        checked = Checked(line)
        _identify(row.get("external_id"), self._writer.strict, checked)
        if checked.external_id in self._seen:
            checked.refuse(EXTERNAL_ID.field, "DOUBLE_ROW")
        elif checked.external_id is not None:
            self._seen.add(checked.external_id)
        checked.values["source_version"] = _checked_name(
            SOURCE_VERSION, row.get("source_version"), self._writer.strict, checked
        )
        self._areas.place(row, checked)
        whole = {column.name: row.get(column.name) for column in self._kind.columns}
        check_values(self._kind, whole, self._writer, checked)
        return checked


def unreadable(row: RejectedRow, writer: Writer) -> Checked:
    """A row that could not be read at all, with the name that its source gave it, if that could
    be.
    """
    checked = Checked(row.line)
    _identify(row.external_id, writer.strict, checked)
    checked.errors = list(row.errors)
    return checked


def without_words(errors: Iterable[RowError]) -> list[RowError]:
    """Errors as a receipt may keep them where the strict rules hold: what a sender made up, a
    field's name or a code, is left out of them.
    """
    known = {"wijk", "wijken", "buurt", EXTERNAL_ID.field, SOURCE_VERSION.field, *FIELDS}
    return [
        RowError(
            tuple(key if key in known or str(key).isdigit() else "?" for key in error.path),
            error.code,
            {**error.params, "code": "?"} if error.code == "UNKNOWN_WIJK" else error.params,
            error.message,
        )
        for error in errors
    ]


def with_cells(errors: Iterable[RowError], line: int, columns: Mapping[str, str]) -> list[RowError]:
    """Errors of a row of a sheet with the cell that each is about, so that words can name it."""
    return [
        replace(error, params={"cell": f"{columns[name]}{line}", **error.params})
        if (name := str(next(iter(error.path), ""))) in columns
        else error
        for error in errors
    ]


def _identify(external_id: str | None, strict: bool, checked: Checked) -> None:
    """Notes by which name its source knows the row, if that can be read."""
    before = len(checked.errors)
    checked.external_id = _checked_name(EXTERNAL_ID, external_id, strict, checked)
    if len(checked.errors) > before:
        # What names a person was read, but is not kept: no record can have that name either.
        told = {error.code for error in checked.errors[before:]}
        checked.identified = "PERSONAL_DATA" in told


def delivered_digest(kind: Kind, values: Row) -> bytes:
    """A digest of what a source says of a record, whatever it calls that version."""
    wijk = sorted(values["wijken"]) if kind.several else values["wijk"]
    return digest_of(wijk, values["buurt"], *[values[column.name] for column in kind.columns])
