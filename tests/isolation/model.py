# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""What each organisation may see, decided a second time and independently of the database.

A small world of organisations, records, agreements and days, and the rules of who sees what written as plain Python over
it: no grants are compiled, no slices made; every question is answered from the agreements and the record alone. The tests
compare the database's doors with it, row by row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, ClassVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

NETHERLANDS = ZoneInfo("Europe/Amsterdam")
LADDER = ("COUNT", "WIJK", "BUURT", "EXACT")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: its columns, from which precision on it is shown, and whether a rule must list it."""

    columns: tuple[str, ...]
    shown_from: str
    listed: bool = False
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that one receiver may see of a record."""

    precision: str
    with_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What records of every kind have. `caps` None: as agreed; else per receiver, and nothing for those left out.

    `kept`: of a dataset that is never shared, so with its owner, whatever is agreed.

    A kind has its `FIELDS`, the columns that are its owner's alone, and those that its owner writes.
    """

    KIND: ClassVar[str]
    TABLE: ClassVar[str]
    FIELDS: ClassVar[dict[str, Field]]
    OWN_COLUMNS: ClassVar[tuple[str, ...]]
    WRITTEN: ClassVar[tuple[str, ...]]
    DAY: ClassVar[str]
    TEXTS: ClassVar[tuple[str, ...]]

    id: UUID
    owner: UUID
    wijk: UUID
    category: str
    recorded_on: date
    dataset: str = "meldingen"
    external_id: str | None = None
    buurt: UUID | None = None
    closed_on: date | None = None
    version: int = 1
    caps: tuple[tuple[UUID, Cap], ...] | None = None
    kept: bool = False

    @property
    def places(self) -> tuple[UUID, ...]:
        """Every wijk that it is about."""
        return (self.wijk,)

    @property
    def day(self) -> date:
        """The day that it is ordered by."""
        found: date = getattr(self, self.DAY)
        return found


COMMON = {
    "buurt": Field(("buurt",), "BUURT"),
    "category": Field(("category",), "WIJK"),
    "closedOn": Field(("closed_on",), "WIJK"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Record):
    """A signal as its owner has it."""

    KIND = "SIGNAL"
    TABLE = "signals"
    FIELDS: ClassVar[dict[str, Field]] = {
        **COMMON,
        "point": Field(("lon", "lat"), "EXACT", listed=True),
        "seenAt": Field(("seen_at",), "EXACT", listed=True),
        "seenOn": Field(("seen_on",), "WIJK"),
        "status": Field(("status",), "WIJK"),
        "subcategory": Field(("subcategory",), "WIJK", listed=True),
        "summary": Field(("summary",), "WIJK", listed=True, is_text=True),
    }
    OWN_COLUMNS = ("internal_note", "dataset", "external_id", "version")
    WRITTEN = ("subcategory", "seen_at", "lon", "lat", "status", "summary", "internal_note")
    DAY = "seen_on"
    TEXTS = ("summary", "internal_note")

    seen_at: datetime
    lon: float | None = None
    lat: float | None = None
    status: str = "NEW"
    subcategory: str | None = None
    summary: str | None = None
    internal_note: str | None = None

    @property
    def seen_on(self) -> date:
        """The day in the Netherlands on which it was seen."""
        return self.seen_at.astimezone(NETHERLANDS).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Record):
    """An activity as its owner has it: one record, about one or several wijken."""

    KIND = "ACTIVITY"
    TABLE = "activities"
    FIELDS: ClassVar[dict[str, Field]] = {
        **COMMON,
        "attendance": Field(("attendance",), "EXACT", listed=True),
        "audience": Field(("audience",), "WIJK", listed=True, is_text=True),
        "endsAt": Field(("ends_at",), "EXACT", listed=True),
        "facility": Field(("facility",), "WIJK", listed=True, is_text=True),
        "startsAt": Field(("starts_at",), "EXACT", listed=True),
        "startsOn": Field(("starts_on",), "WIJK"),
        "title": Field(("title",), "WIJK", listed=True, is_text=True),
        "wijken": Field(("wijken",), "WIJK"),
    }
    OWN_COLUMNS = ("dataset", "external_id", "version")
    WRITTEN = ("wijken", "title", "audience", "starts_at", "ends_at", "facility", "attendance")
    DAY = "starts_on"
    TEXTS = ("title", "audience", "facility")

    wijken: tuple[UUID, ...]
    title: str
    starts_at: datetime
    audience: str | None = None
    ends_at: datetime | None = None
    facility: str | None = None
    attendance: int | None = None

    @property
    def places(self) -> tuple[UUID, ...]:
        """Every wijk that it is about."""
        return self.wijken

    @property
    def starts_on(self) -> date:
        """The day in the Netherlands on which it begins."""
        return self.starts_at.astimezone(NETHERLANDS).date()


KINDS: tuple[type[Record], ...] = (Signal, Activity)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one party shows another under an agreement."""

    provider: UUID
    receiver: UUID
    wijken: tuple[UUID, ...]
    category: str | None = None
    fields: tuple[str, ...] = ()
    precision: str = "EXACT"
    keep_days: int = 365
    includes_past: bool = False
    kind: str = "SIGNAL"


@dataclass(frozen=True, slots=True)
class Decision:
    """One party's word on an agreement."""

    organisation: UUID
    decision: str
    at: datetime


@dataclass(slots=True)
class Agreement:
    """A proposal with its parties, its term (both days included) and what was decided on it."""

    id: UUID
    parties: tuple[UUID, ...]
    valid_from: date
    valid_until: date
    rules: tuple[Rule, ...]
    decisions: list[Decision] = field(default_factory=list)
    version: int = 1
    publish: bool = False
    later: list[Agreement] = field(default_factory=list)
    """The versions of it that were proposed after this one."""

    def in_force(self, today: date) -> bool:
        """Every party accepted, nobody went back on it, no later version came in its place, and the day lies in its term."""
        replaced = self.is_replaced(today)
        return self.accepted and not replaced and self.valid_from <= today <= self.valid_until

    def was_in_force(self, day: date, today: date) -> bool:
        """Whether it was in force at the end of a day, or will be, by what was decided until then."""
        if day >= today:
            return self.in_force(day)
        decided = [word for word in self.decisions if word.at.date() <= day]
        return replace(self, decisions=decided).in_force(day)

    @property
    def begins(self) -> date | None:
        """The first day on which it is in force, if it ever was or will be."""
        accepted = {w.organisation: w.at.date() for w in self.decisions if w.decision == "ACCEPT"}
        if accepted.keys() != set(self.parties):
            return None
        first = max(self.valid_from, *accepted.values())
        gone = [
            w.at.date() for w in self.decisions if w.decision == "REVOKE" and w.at.date() < first
        ]
        return None if gone or first > self.valid_until else first

    @property
    def replaced_from(self) -> date | None:
        """The day on which a later version came, or will come, in its place; None where it was over by then."""
        begun = [one.begins for one in self.later if one.begins is not None]
        if not begun or self.begins is None or not self.accepted:
            return None
        return min(begun) if min(begun) <= self.valid_until else None

    def is_replaced(self, today: date) -> bool:
        """Whether a later version is there in its place."""
        return self.replaced_from is not None and self.replaced_from <= today

    def is_open(self, today: date) -> bool:
        """Somebody has yet to decide on it, and it can still come into force."""
        ended = any(word.decision in ("REJECT", "REVOKE") for word in self.decisions)
        return not (self.accepted or ended or self.has_lapsed(today)) and today <= self.valid_until

    def has_lapsed(self, today: date) -> bool:
        """Not every party accepted it within 90 days of when its proposer did."""
        made = min((word.at.date() for word in self.decisions), default=today)
        return not self.accepted and today > made + timedelta(days=90)

    def goes_on(self, newer: Agreement, receiver: UUID, owner: UUID, wijk: UUID) -> bool:
        """Whether a newer version shows a receiver no less of an owner in a wijk than this one."""

        def shown(one: Agreement) -> list[Rule]:
            return [
                rule
                for rule in one.rules
                if (rule.receiver, rule.provider) == (receiver, owner)
                and wijk in rule.wijken
                and rule.precision != "COUNT"
            ]

        def first(one: Agreement, rule: Rule) -> date:
            return date.min if rule.includes_past else one.valid_from

        return all(
            any(
                new.kind == old.kind
                and new.category in (None, old.category)
                and LADDER.index(new.precision) >= LADDER.index(old.precision)
                and set(new.fields) >= set(old.fields)
                and new.keep_days >= old.keep_days
                and first(newer, new) <= first(self, old)
                for new in shown(newer)
            )
            for old in shown(self)
        )

    @property
    def accepted(self) -> bool:
        """Every party accepted, and nobody went back on it."""
        accepted = {word.organisation for word in self.decisions if word.decision == "ACCEPT"}
        ended = any(word.decision in ("REJECT", "REVOKE") for word in self.decisions)
        return accepted == set(self.parties) and not ended

    @property
    def revoked(self) -> bool:
        """A party took its word back."""
        return any(word.decision == "REVOKE" for word in self.decisions)

    @property
    def agreed_at(self) -> datetime:
        """When the last party accepted."""
        return max(word.at for word in self.decisions if word.decision == "ACCEPT")


@dataclass(frozen=True, slots=True)
class View:
    """How a receiver sees a record: how exactly, by which agreement, and which fields."""

    of: type[Record]
    precision: str
    agreement: UUID
    fields: frozenset[str]

    @property
    def hidden(self) -> list[str]:
        """The fields that the rule leaves out."""
        return sorted(self.of.FIELDS.keys() - self.fields)

    @property
    def columns(self) -> set[str]:
        """The columns that are shown."""
        return {column for name in self.fields for column in self.of.FIELDS[name].columns}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question for a page of a wijk's records; None asks for all."""

    owner: UUID | None = None
    categories: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    buurt: UUID | None = None
    from_day: date | None = None
    until_day: date | None = None
    closed: bool | None = None
    words: str | None = None

    def arguments(self) -> tuple[Any, ...]:
        """As a door takes them, after the wijk."""
        lists = [None if some is None else list(some) for some in (self.categories, self.statuses)]
        return (
            self.owner,
            *lists,
            self.buurt,
            self.from_day,
            self.until_day,
            self.closed,
            self.words,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """Something that happened in a wijk, as the recorder notes it: with the record as sharing sees it at that moment."""

    change: str
    record: Record
    wijk: UUID
    on_day: date
    changed: frozenset[str] = frozenset()
    for_owner: bool = True
    batch: int | None = None
    seen_by: frozenset[UUID] = frozenset()
    """Of a record that leaves a slice: who could see it there."""

    @property
    def slice(self) -> tuple[Any, ...]:
        """What it is shared by, as far as that of one record can change."""
        return self.slice_in(self.wijk)

    def slice_in(self, wijk: UUID) -> tuple[Any, ...]:
        """The same in another of the wijken of the record."""
        return self.record.id, wijk, self.record.category, self.record.kept


@dataclass(frozen=True, slots=True)
class Announcement:
    """A receiver is told that an agreement has begun, or ended, to show it an owner's records in a wijk."""

    change: str
    agreement: UUID
    receiver: UUID
    owner: UUID
    wijk: UUID
    on_day: date
    version: int = 1

    @property
    def key(self) -> tuple[Any, ...]:
        """What is told once."""
        of = (self.agreement, self.receiver, self.owner, self.wijk)
        return (*of, self.change, self.version)


@dataclass(slots=True)
class World:
    """Everything that was recorded and agreed in one gemeente, and the day on which questions are asked."""

    gemeente: str
    organisations: tuple[UUID, ...]
    wijken: dict[UUID, tuple[UUID, ...]]
    works: set[tuple[UUID, UUID]]
    today: date
    records: dict[UUID, Record] = field(default_factory=dict)
    agreements: dict[UUID, Agreement] = field(default_factory=dict)
    items: list[Item | Announcement] = field(default_factory=list)
    marked: set[tuple[UUID, str]] = field(default_factory=set)
    """Whose datasets are never shared."""
    begun: int | None = None
    """With how many items the transaction began in which everything happens since; None: each thing has its own."""

    # -- who sees what --------------------------------------------------------------------------------------------

    def rights(
        self,
        receiver: UUID,
        record: Record,
        wijk: UUID | None = None,
        but: Set[UUID] = frozenset(),
    ) -> list[View]:
        """Every view that some rule in force, maybe only of one wijk, or of none of some, gives of a record: the one that applies first;
        COUNT too.
        """
        found = []
        wijken = (set(record.places) if wijk is None else {wijk} & set(record.places)) - but
        for agreement in self.agreements.values():
            for number, rule in enumerate(agreement.rules, start=1):
                if rule.provider != record.owner or rule.receiver != receiver:
                    continue
                view = self._view(agreement, rule, receiver, record)
                if view is None or wijken.isdisjoint(rule.wijken):
                    continue
                if agreement.in_force(self.today):
                    order = (
                        -LADDER.index(view.precision),
                        agreement.agreed_at,
                        agreement.id,
                        number,
                    )
                    found.append((order, view))
        return [view for _, view in sorted(found, key=lambda one: one[0])]

    def _view(
        self, agreement: Agreement, rule: Rule, receiver: UUID, record: Record
    ) -> View | None:
        first = date.min if rule.includes_past else agreement.valid_from
        if record.kept:
            return None
        if rule.kind != record.KIND or rule.category not in (None, record.category):
            return None
        if not first <= record.recorded_on <= agreement.valid_until:
            return None
        if self.today >= record.recorded_on + timedelta(days=rule.keep_days):
            return None
        cap = Cap("EXACT", True)
        if record.caps is not None:
            given = dict(record.caps)
            if receiver not in given:
                return None
            cap = given[receiver]
        rank = min(LADDER.index(rule.precision), LADDER.index(cap.precision))
        shown = shown_by(type(record), rank, rule.fields, cap.with_text)
        return View(type(record), LADDER[rank], agreement.id, shown)

    def view(
        self,
        receiver: UUID,
        record: Record,
        wijk: UUID | None = None,
        but: Set[UUID] = frozenset(),
    ) -> View | None:
        """How a receiver sees another's record, or None; being counted is not being seen.

        In a wijk it is met by a rule about that wijk; the best rule about any of its wijken, but for some, says how.
        """
        here = self.rights(receiver, record, wijk, but)
        if not here or here[0].precision == "COUNT":
            return None
        return self.rights(receiver, record, but=but)[0]

    def row(self, asker: UUID, record: Record, wijk: UUID | None = None) -> dict[str, Any] | None:
        """The record as a door shows it to the asker, in one wijk or wherever it is, or None."""
        row: dict[str, Any] = {
            "id": record.id,
            "owner": record.owner,
            "wijk": record.wijk,
            "day": record.day,
            "recorded_on": record.recorded_on,
            "invented": False,
        }
        if record.owner == asker:
            columns = [column for known in record.FIELDS.values() for column in known.columns]
            shown = {
                column: column_of(record, column) for column in (*columns, *record.OWN_COLUMNS)
            }
            return {**row, "precision": "EXACT", "agreement": None, "hidden": [], **shown}
        view = self.view(asker, record, wijk)
        if view is None:
            return None
        shown = {
            column: column_of(record, column) if name in view.fields else None
            for name, known in record.FIELDS.items()
            for column in known.columns
        }
        shown.update(dict.fromkeys(record.OWN_COLUMNS))
        return {
            **row,
            "precision": view.precision,
            "agreement": view.agreement,
            "hidden": view.hidden,
            **shown,
        }

    def rows(
        self, asker: UUID, kind: type[Record] = Record, wijk: UUID | None = None
    ) -> list[dict[str, Any]]:
        """Every record that the asker may see, of one kind or all, in one wijk or all, as it sees it."""
        found = (
            self.row(asker, record, wijk)
            for record in self.records.values()
            if isinstance(record, kind) and (wijk is None or wijk in record.places)
        )
        return [row for row in found if row is not None]

    def page(
        self,
        asker: UUID,
        kind: type[Record],
        wijk: UUID,
        wanted: Wanted,
        *,
        newest: bool,
        after: tuple[date, UUID] | None,
        n: int | None,
    ) -> list[dict[str, Any]]:
        """A page of a wijk: filters, order and cursor look at what the asker sees, and at nothing else."""
        rows = [row for row in self.rows(asker, kind, wijk) if _matches(row, kind.TEXTS, wanted)]
        rows.sort(key=lambda row: (row["day"], row["id"]), reverse=newest)
        if after is not None:
            rows = [
                row
                for row in rows
                if ((row["day"], row["id"]) < after if newest else (row["day"], row["id"]) > after)
            ]
        return rows[:n]

    def own(self, asker: UUID, kind: type[Record], wanted: Wanted) -> list[dict[str, Any]]:
        """The asker's own records over all wijken, newest first."""
        own = [row for row in self.rows(asker, kind) if row["owner"] == asker]
        rows = [row for row in own if _matches(row, kind.TEXTS, wanted)]
        return sorted(rows, key=lambda row: (row["day"], row["id"]), reverse=True)

    def shared_totals(
        self, asker: UUID, kind: type[Record], wijken: Sequence[UUID], wanted: Wanted
    ) -> Counter[tuple[Any, ...]]:
        """How many records of others the asker can page through in each wijk, by wijk, owner, agreement and what that hides; nothing
        of a kind with records in several wijken.
        """
        pages = (
            (wijk, row)
            for wijk in wijken
            for row in self.page(asker, kind, wijk, wanted, newest=True, after=None, n=None)
            if row["agreement"] is not None and not issubclass(kind, Activity)
        )
        return Counter(
            (wijk, row["owner"], row["agreement"], *row["hidden"]) for wijk, row in pages
        )

    def own_totals(
        self, asker: UUID, kind: type[Record], wijken: Sequence[UUID], wanted: Wanted
    ) -> Counter[UUID]:
        """How many own records the asker has, by the wijk that comes first in them."""
        return Counter(
            row["wijk"] for row in self.own(asker, kind, wanted) if row["wijk"] in wijken
        )

    def seen(self, receiver: UUID, owner: UUID, kind: type[Record]) -> list[dict[str, Any]]:
        """What another organisation gets of an owner's records over all wijken, newest first; nobody is another to itself."""
        rows = [row for row in self.rows(receiver, kind) if owner == row["owner"] != receiver]
        return sorted(rows, key=lambda row: (row["day"], row["id"]), reverse=True)

    def shown_as(self, record: Record) -> list[dict[str, Any]]:
        """What each receiver sees of a record, by receiver."""
        found = []
        for receiver in sorted(set(self.organisations) - {record.owner}):
            rights = self.rights(receiver, record)
            if rights:
                view = rights[0]
                counted = view.precision == "COUNT"
                found.append(
                    {
                        "receiver": receiver,
                        "precision": view.precision,
                        "fields": [] if counted else sorted(view.fields),
                        "agreement": view.agreement,
                        "wijk": record.wijk,
                        "buurt": record.buurt if "buurt" in view.fields else None,
                    }
                )
        return found

    def feed(self, asker: UUID, wijk: UUID) -> tuple[list[Item | Announcement], list[Item]]:
        """What happened in a wijk: the stream that the asker sees exactly, in order, and the one by batch.

        Of a record that left is told what whoever asks could see of it until then, of each stay by itself.
        """
        exact: list[Item | Announcement] = []
        reduced: list[Item] = []
        departures: defaultdict[tuple[Any, ...], list[tuple[int, Item]]] = defaultdict(list)
        for number, item in enumerate(self.items):
            if isinstance(item, Item) and item.change == "WITHDRAWN":
                departures[item.slice].append((number, item))

        def end_of_stay(number: int, slice_: tuple[Any, ...]) -> Item | None:
            """By which the record left, after what happened to it there."""
            return next((one for at, one in departures[slice_] if at >= number), None)

        for number, item in enumerate(self.items):
            if isinstance(item, Announcement):
                if (item.receiver, item.wijk) == (asker, wijk):
                    exact.append(item)
                continue
            if item.wijk != wijk:
                continue
            if item.record.owner == asker:
                if item.for_owner:
                    exact.append(item)
                continue
            unseen = {
                one
                for one in item.record.places
                if (end := end_of_stay(number, item.slice_in(one))) and asker not in end.seen_by
            }
            view = self.view(asker, item.record, wijk, but=unseen)
            if view is None or (
                item.change == "UPDATED" and not item.changed & (view.columns | {"slice"})
            ):
                continue
            if (
                item.change == "UPDATED"
                and "slice" not in item.changed
                and end_of_stay(number, item.slice)
            ):
                continue
            if view.precision == "EXACT":
                exact.append(item)
            elif item.batch is not None:
                reduced.append(item)
        return exact, sorted(reduced, key=lambda item: item.batch or 0)

    # -- what happens ---------------------------------------------------------------------------------------------

    def create(self, record: Record) -> None:
        """A new record."""
        record = replace(record, kept=(record.owner, record.dataset) in self.marked)
        self.records[record.id] = record
        self.items += [Item("CREATED", record, wijk, self.today) for wijk in record.places]

    def change(self, record: UUID, changes: dict[str, Any]) -> Record:
        """A record with other values, and a version more."""
        old = self.records[record]
        new = replace(old, **changes, version=old.version + 1)
        if new.dataset != old.dataset:
            new = replace(new, kept=(new.owner, new.dataset) in self.marked)
        self.records[record] = new
        columns = {name for name in changes if getattr(old, name) != getattr(new, name)}
        if new.day != old.day:
            columns.add(new.DAY)
        if not columns:
            return new
        other = (old.category, old.kept) != (new.category, new.kept)
        left = old.places if other else set(old.places) - set(new.places)
        for (
            wijk
        ) in left:  # its owner knows, unless it is the wijk of a record in several that is left
            told = isinstance(old, Activity) and wijk not in new.places
            self.items.append(self._departure(old, wijk, for_owner=told))
        kind = "UPDATED"
        if (old.closed_on is None) != (new.closed_on is None):
            kind = "CLOSED" if old.closed_on is None else "REOPENED"
        for wijk in new.places:  # news for whoever sees the new slice
            is_new = other or wijk not in old.places
            changed = frozenset(columns | ({"slice"} if is_new else set()))
            self.items.append(Item(kind, new, wijk, self.today, changed))
        return new

    def mark(self, owner: UUID, dataset: str, *, never: bool, past: bool = False) -> None:
        """A dataset is never shared from now on, or is again: with `past` what is there as well."""
        if never:
            self.marked.add((owner, dataset))
        else:
            self.marked.discard((owner, dataset))
        moved = [
            one
            for one in self.records.values()
            if (one.owner, one.dataset) == (owner, dataset) and one.kept != never
            if never or past
        ]
        moved.sort(key=lambda one: (one.TABLE, one.id))
        for old in moved:  # who saw it is told that it is gone, its owner nothing
            self.records[old.id] = replace(old, kept=never)
            for wijk in sorted(old.places):
                self.items.append(self._departure(old, wijk, for_owner=False))
        for old in moved:
            new, slice_ = self.records[old.id], frozenset({"slice"})
            for wijk in sorted(new.places):
                self.items.append(Item("UPDATED", new, wijk, self.today, slice_, for_owner=False))

    def withdraw(self, record: UUID) -> None:
        """A record is gone."""
        gone = self.records.pop(record)
        self.items += [self._departure(gone, wijk) for wijk in gone.places]

    def _departure(self, record: Record, wijk: UUID, *, for_owner: bool = True) -> Item:
        """A record leaves what it was shared by in a wijk."""
        gone = Item("WITHDRAWN", record, wijk, self.today, for_owner=for_owner)
        if self._came_now(gone):
            return gone
        others = set(self.organisations) - {record.owner}
        seen_by = frozenset(one for one in others if self.view(one, record, wijk) is not None)
        return replace(gone, seen_by=seen_by)

    def _came_now(self, gone: Item) -> bool:
        """Whether the transaction that runs brought the record to where it leaves: nobody else ever saw it there."""
        if self.begun is None:
            return False
        own = (one for one in self.items[self.begun :] if isinstance(one, Item))
        first = next((one for one in own if one.slice == gone.slice), gone)
        return first.change == "CREATED" or "slice" in first.changed

    def propose(self, agreement: Agreement) -> None:
        """A proposal; a later version of an agreement has a key of its own among the agreements."""
        for one in self.agreements.values():
            if one.id == agreement.id:
                one.later.append(agreement)
        key = (
            agreement.id if agreement.version == 1 else uuid5(agreement.id, str(agreement.version))
        )
        self.agreements[key] = agreement

    def may_replace(self, proposer: UUID, id_: UUID) -> bool:
        """Whether an organisation can propose a next version: it is a party of the newest that began, and nothing waits."""
        versions = sorted(
            (one for one in self.agreements.values() if one.id == id_), key=lambda one: one.version
        )
        standing = [one for one in versions if one.begins is not None]
        return (
            bool(standing)
            and proposer in standing[-1].parties
            and standing[-1].begins is not None
            and standing[-1].begins <= self.today
            and not versions[-1].is_open(self.today)
        )

    def announce(self, agreement: UUID | None = None) -> None:
        """Receivers are told of what began and ended, of one agreement or of all, once each."""
        told = {item.key for item in self.items if isinstance(item, Announcement)}
        found = {}
        for one in self.agreements.values():
            if agreement not in (None, one.id):
                continue
            started = one.in_force(self.today)
            ended = (
                one.revoked
                or one.is_replaced(self.today)
                or (one.accepted and self.today > one.valid_until)
            )
            for rule in one.rules:
                for wijk in rule.wijken if rule.precision != "COUNT" and (started or ended) else ():
                    of = (one.id, rule.receiver, rule.provider, wijk)
                    change = "AGREEMENT_STARTED" if started else "AGREEMENT_ENDED"
                    item = Announcement(change, *of, on_day=self.today, version=one.version)
                    begun = (*of, "AGREEMENT_STARTED", one.version) in told
                    if started or (begun and not self._goes_on(one, of, told)):
                        found[item.key] = item
        self.items += [
            item for key, item in sorted(found.items(), key=lambda one: one[0]) if key not in told
        ]

    def _goes_on(self, one: Agreement, of: tuple[UUID, ...], told: set[tuple[Any, ...]]) -> bool:
        """Whether a later version, in force by now, goes on where this one ends."""
        return any(
            (newer.in_force(self.today) or (*of, "AGREEMENT_STARTED", newer.version) in told)
            and one.goes_on(newer, *of[1:])
            for newer in one.later
        )

    def cut(self) -> None:
        """A batch of the feed holds what happened since the one before it."""
        items = [item for item in self.items if isinstance(item, Item)]
        number = 1 + max((item.batch or 0 for item in items), default=0)
        self.items = [
            replace(item, batch=item.batch or number) if isinstance(item, Item) else item
            for item in self.items
        ]


@cache
def shown_by(
    kind: type[Record], rank: int, listed: tuple[str, ...], with_text: bool
) -> frozenset[str]:
    """The fields that a rule shows which lists these, at this place on the ladder."""
    texts = {name for name, known in kind.FIELDS.items() if known.is_text}
    told = set(listed) - (set() if with_text else texts)
    return frozenset(
        name
        for name, known in kind.FIELDS.items()
        if rank >= LADDER.index(known.shown_from) and (not known.listed or name in told)
    )


def column_of(record: Record, column: str) -> Any:
    """What a column of a record holds, as the database gives it."""
    value = getattr(record, column)
    return list(value) if isinstance(value, tuple) else value


def _matches(row: dict[str, Any], texts: tuple[str, ...], wanted: Wanted) -> bool:
    tests = (
        wanted.owner in (None, row["owner"]),
        wanted.categories is None or row["category"] in wanted.categories,
        wanted.statuses is None or row.get("status") in wanted.statuses,
        wanted.buurt in (None, row["buurt"]),
        wanted.from_day is None or row["day"] >= wanted.from_day,
        wanted.until_day is None or row["day"] <= wanted.until_day,
        wanted.closed is None or (row["closed_on"] is not None) == wanted.closed,
        wanted.words is None
        or any(wanted.words.lower() in (row[name] or "").lower() for name in texts),
    )
    return all(tests)


def noon(day: date) -> datetime:
    """A moment in the middle of a day."""
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
