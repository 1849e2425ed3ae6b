# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Plays a world of the model in the database, as the serving role under each organisation's identity.

Whatever happens, happens in both: a step is carried out in the database and told to the model, and whether the database
refuses is compared at once. Each world is a gemeente of its own, so that many fit in one database.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import asyncpg

from tests.isolation.model import (
    KINDS,
    Agreement,
    Announcement,
    Cap,
    Decision,
    Item,
    Record,
    Rule,
    Wanted,
    World,
    column_of,
    noon,
)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
NAMES = UUID("5f7d64a0-6f0f-4f86-9d7c-0e64b8f5a001")
CATEGORIES = ("NOISE", "LITTER", "GREEN")
DATASET = "meldingen"
INNER = "binnenskamers"
"""A dataset of everybody's that can be marked: never share."""


def named(*parts: object) -> UUID:
    """An id that follows from its name."""
    return uuid5(NAMES, "/".join(map(str, parts)))


@asynccontextmanager
async def as_asker(
    connection: Connection, gemeente: str, asker: UUID | None
) -> AsyncIterator[None]:
    """A transaction of an organisation."""
    async with connection.transaction():
        if asker is not None:
            await identify(connection, gemeente, asker)
        yield


async def identify(connection: Connection, gemeente: str, asker: UUID) -> None:
    """Tells the database who asks, until the transaction ends."""
    await connection.execute(
        "select set_config('hub.gemeente', $1, true), set_config('hub.organisation', $2, true), set_config('hub.actor', 'test', true)",
        gemeente,
        str(asker),
    )


LOG_READS = "select * from hub.log_reads($1, $2, $3, $4, $5, $6, $7, $8)"


@dataclass(frozen=True, slots=True)
class Read:
    """Records of one owner, read under an agreement: so many, of which those in `ids` were shown."""

    owner: UUID
    agreement: UUID
    records: int = 1
    hidden: tuple[str, ...] = ()
    ids: tuple[UUID, ...] = ()
    kind: str = "SIGNAL"


def log_reads(operation: str, *reads: Read) -> tuple[Any, ...]:
    """The arguments of LOG_READS."""
    return (
        [one.kind for one in reads],
        [one.owner for one in reads],
        [one.agreement for one in reads],
        [",".join(one.hidden) for one in reads],
        [one.records for one in reads],
        [len(one.ids) for one in reads],
        [id_ for one in reads for id_ in one.ids],
        operation,
    )


@dataclass(slots=True)
class Play:
    """One world, and the connections through which things happen in it."""

    world: World
    owner: Connection
    app: Connection

    @classmethod
    async def begin(
        cls,
        owner: Connection,
        app: Connection,
        gemeente: str,
        today: date,
        *,
        names: str = "",
        works: set[tuple[int, int]] | None = None,
    ) -> Play:
        """Three organisations and two wijken with two buurten each; `works`: who works where, by default all everywhere."""
        names = names or gemeente
        organisations = tuple(named(names, "organisation", n) for n in range(3))
        wijken = {
            named(names, "wijk", w): tuple(named(names, "buurt", w, b) for b in range(2))
            for w in range(2)
        }
        places = list(wijken)
        pairs = works if works is not None else {(o, w) for o in range(3) for w in range(2)}
        world = World(
            gemeente,
            organisations,
            wijken,
            {(organisations[o], places[w]) for o, w in pairs},
            today,
        )
        play = cls(world, owner, app)
        await play._set_clock()
        async with owner.transaction():
            await owner.execute("insert into hub.gemeenten values ($1, $1)", gemeente)
            await owner.execute(
                "insert into hub.measures (gemeente, code, label, categories, position)"
                " values ($1, 'jeugdoverlast', 'Proef', '{NOISE}', 1)",
                gemeente,
            )
            await owner.executemany(
                "insert into hub.wijken (gemeente, id) values ($1, $2)",
                [(gemeente, wijk) for wijk in wijken],
            )
            await owner.executemany(
                "insert into hub.buurten (gemeente, id, wijk, name) values ($1, $2::uuid, $3, $2::uuid::text)",
                [(gemeente, buurt, wijk) for wijk, buurten in wijken.items() for buurt in buurten],
            )
            await owner.executemany(
                "insert into hub.organisations (gemeente, id, slug, name, kind) values ($1, $2, $3::text, $3::text, 'WELFARE')",
                [(gemeente, id_, f"organisation-{n}") for n, id_ in enumerate(organisations)],
            )
            await owner.executemany(
                "insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from) values ($1, $2, $3, '2020-01-01')",
                [(gemeente, *pair) for pair in sorted(world.works)],
            )
            await owner.executemany(
                "insert into hub.datasets (gemeente, owner, dataset, kind) values ($1, $2, $3, 'SIGNAL')",
                [(gemeente, id_, name) for id_ in organisations for name in (DATASET, INNER)],
            )
        return play

    async def _set_clock(self) -> None:
        await self.owner.execute(
            "insert into hub.clock (frozen_at) values ($1) on conflict (only_row) do update set frozen_at = excluded.frozen_at",
            noon(self.world.today),
        )

    # -- what can happen ------------------------------------------------------------------------------------------

    async def pass_days(self, days: int) -> None:
        """Nothing happens but time, and what the hub does every day."""
        self.world.today += timedelta(days=days)
        await self._set_clock()
        await self.app.fetchval("select hub.announce_agreements($1, null)", self.world.gemeente)
        # of some slices alone, so that totals are made of what is folded and of what is not
        await self.app.fetchval("select hub.fold_rollups($1, 12)", self.world.gemeente)
        self.world.announce()

    async def create(self, record: Record) -> None:
        """A record, on the day that it is."""
        profile = await self._profile(record)
        columns = ("id", "dataset", "external_id", "wijk", "buurt", "category", *record.WRITTEN)
        places = ", ".join(f"${n}" for n in range(2, len(columns) + 2))
        async with as_asker(self.app, self.world.gemeente, record.owner):
            await self.app.execute(
                f"insert into hub.{record.TABLE} (profile, {', '.join(columns)})"
                f" values (coalesce($1, hub.as_agreed()), {places})",
                profile,
                *(column_of(record, column) for column in columns),
            )
        self.world.create(record)

    async def _profile(self, record: Record) -> UUID | None:
        if record.caps is None:
            return None
        profile = named(self.world.gemeente, "profile", record.id)
        async with as_asker(self.app, self.world.gemeente, record.owner):
            for receiver, cap in record.caps:
                await self.app.execute(
                    "insert into hub.share_caps (profile, receiver, precision, with_text) values ($1, $2, $3, $4)",
                    *(profile, receiver, cap.precision, cap.with_text),
                )
        return profile

    async def change(self, record: UUID, changes: dict[str, Any]) -> None:
        """New values of a record's columns."""
        owner, table = self.world.records[record].owner, self.world.records[record].TABLE
        columns = ", ".join(f"{name} = ${n}" for n, name in enumerate(changes, start=2))
        async with as_asker(self.app, self.world.gemeente, owner):
            await self.app.execute(
                f"update hub.{table} set {columns}, version = version + 1 where id = $1",
                record,
                *changes.values(),
            )
        self.world.change(record, changes)

    async def mark(self, owner: UUID, dataset: str, *, never: bool, past: bool = False) -> None:
        """A dataset is marked, or its mark is taken off; with `past` what is there is shared again."""
        async with as_asker(self.app, self.world.gemeente, owner):
            await self.app.execute(
                "update hub.datasets set never_share = $2 where dataset = $1", dataset, never
            )
            if past:  # does nothing while it is marked
                await self.app.execute("select hub.share_what_was_kept($1)", dataset)
        self.world.mark(owner, dataset, never=never, past=past)

    async def withdraw(self, record: UUID) -> None:
        """A record goes."""
        gone = self.world.records[record]
        async with as_asker(self.app, self.world.gemeente, gone.owner):
            await self.app.execute(f"delete from hub.{gone.TABLE} where id = $1", record)
        self.world.withdraw(record)

    async def propose(self, proposer: UUID, agreement: Agreement) -> bool:
        """An agreement as its proposer puts it, before anybody accepts; a next version is taken exactly when the model does."""
        allowed = agreement.version == 1 or self.world.may_replace(proposer, agreement.id)
        try:
            async with as_asker(self.app, self.world.gemeente, proposer):
                version = await self.app.fetchval(
                    """insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from, valid_until, parties, publish)
                      values ($1, 'Titel', 'Doel', 'Grondslag', 'loket', $2, $3, $4, $5) returning version""",
                    *(
                        agreement.id,
                        agreement.valid_from,
                        agreement.valid_until,
                        list(agreement.parties),
                        agreement.publish,
                    ),
                )
                for number, rule in enumerate(agreement.rules, start=1):
                    await add_rule(self.app, agreement.id, number, rule, version)
        except asyncpg.PostgresError as error:
            assert error.sqlstate in ("HB011", "HB012", "HB013"), error
            assert not allowed, error
            return False
        assert allowed, "a version was taken that nobody could propose"
        assert version == agreement.version
        self.world.propose(agreement)
        return True

    async def decide(self, agreement: UUID, organisation: UUID, decision: str) -> None:
        """A party's word on a version, which the database takes exactly when the model does."""
        made = self.world.agreements[agreement]
        before = made.decisions
        allowed = (
            organisation in made.parties
            and not made.is_replaced(self.world.today)
            and not made.has_lapsed(self.world.today)
            and not any(word.decision in ("REJECT", "REVOKE") for word in before)
            and not any(
                word.organisation == organisation and decision in (word.decision, "REJECT")
                for word in before
            )
        )
        try:
            async with as_asker(self.app, self.world.gemeente, organisation):
                await add_decision(self.app, made.id, decision, made.version)
        except asyncpg.PostgresError as error:
            refused = isinstance(error, asyncpg.InsufficientPrivilegeError)
            assert (refused or error.sqlstate in ("HB001", "HB014")) and not allowed, error
        else:
            assert allowed, "a decision was taken that nobody could make"
            made.decisions.append(Decision(organisation, decision, noon(self.world.today)))
            self.world.announce(made.id)

    async def cut(self) -> None:
        """The feed's batch of the day."""
        await self._settled()
        if await self.app.fetchval("select hub.cut_feed_batch($1)", self.world.gemeente):
            self.world.cut()

    async def _settled(self) -> None:
        """Waits until no transaction runs, autovacuum's included: only then everything stands in the feed."""
        until = time.monotonic() + 10
        question = "select pg_snapshot_xmin(s) = pg_snapshot_xmax(s) from pg_current_snapshot() s"
        while not await self.app.fetchval(question):
            assert time.monotonic() < until, "some transaction does not end"
            await asyncio.sleep(0)

    # -- what everybody sees --------------------------------------------------------------------------------------

    async def compare(self, questions: Sequence[Wanted] = (Wanted(),)) -> None:
        """Every asker's every door against the model, for whole wijken and for the given questions in small pages."""
        await self._settled()
        for asker in self.world.organisations:
            async with as_asker(self.app, self.world.gemeente, asker):
                await self._compare_ids(asker)
                for wijk in self.world.wijken:
                    await self._compare_feed(asker, wijk)
                    for wanted in questions:
                        await self._compare_pages(asker, wijk, wanted, newest=True)
                        await self._compare_pages(asker, wijk, wanted, newest=False)
                await self._compare_totals(asker, questions)
                await self._compare_shown(asker)
                await self._compare_slice(asker, questions)
                await self._compare_agreements(asker)

    async def _compare_ids(self, asker: UUID) -> None:
        everything = list(self.world.records)
        for kind in KINDS:
            door = f"select * from hub.{kind.TABLE}_by_id($1)"
            found = by_id(await self.app.fetch(door, everything))
            assert found == by_id(self.world.rows(asker, kind))
            own = {row["id"] for row in await self.app.fetch(f"select id from hub.{kind.TABLE}")}
            records = [one for one in self.world.records.values() if isinstance(one, kind)]
            assert own == {record.id for record in records if record.owner == asker}

    async def _compare_pages(
        self, asker: UUID, wijk: UUID, wanted: Wanted, *, newest: bool
    ) -> None:
        for kind in KINDS:
            door = f"{kind.TABLE}_{'newest' if newest else 'oldest'}"
            query = f"select * from hub.{door}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 3)"
            after: tuple[date, UUID] | None = None
            full = True
            while full:
                given = (*wanted.arguments(), *(after or (None, None)))
                found = [plain(row) for row in await self.app.fetch(query, wijk, *given)]
                page = self.world.page(asker, kind, wijk, wanted, newest=newest, after=after, n=3)
                assert found == page
                full = len(found) == 3
                after = (found[-1]["day"], found[-1]["id"]) if found else None

    async def _compare_totals(self, asker: UUID, questions: Sequence[Wanted]) -> None:
        """What is added up without looking at a record: as many as there are to page through, by whose and which agreement."""
        shared = "select wijk, owner, agreement, hidden, records from hub.shared_totals($1, $2, $3, $4, $5)"
        own = "select wijk, records from hub.own_totals($1, $2, $3, $4)"
        for kind, wanted, wijk in itertools.product(KINDS, questions, (*self.world.wijken, None)):
            categories = None if wanted.categories is None else list(wanted.categories)
            if wanted != Wanted(wanted.owner, wanted.categories, closed=wanted.closed):
                continue  # asks for what only a record tells
            wijken = list(self.world.wijken) if wijk is None else [wijk]
            given = (kind.TABLE, wijken, wanted.owner, categories, wanted.closed)
            rows = await self.app.fetch(shared, *given)
            found = Counter((*row[:3], *row["hidden"], row["records"]) for row in rows)
            expected = self.world.shared_totals(asker, kind, wijken, wanted)
            assert found == Counter((*key, n) for key, n in expected.items())
            given_own = (kind.TABLE, None if wijk is None else wijken, categories, wanted.closed)
            mine = {row["wijk"]: row["records"] for row in await self.app.fetch(own, *given_own)}
            assert mine == self.world.own_totals(asker, kind, wijken, replace(wanted, owner=None))

    async def _compare_slice(self, asker: UUID, questions: Sequence[Wanted]) -> None:
        """The asker's own slice, whole and through everybody's eyes; the asker is itself again after each look."""
        for kind in KINDS:
            arguments = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 3"
            for wanted in questions:
                query = f"select * from hub.own_{kind.TABLE}({arguments})"
                found = await self._in_pages(query, *wanted.arguments())
                assert found == placed(self.world.own(asker, kind, wanted))
            for receiver in (*self.world.organisations, named("nobody")):
                query = f"select * from hub.seen_{kind.TABLE}($1, $2, $3, 3)"
                found = await self._in_pages(query, receiver)
                assert found == placed(self.world.seen(receiver, asker, kind))
                assert await self.app.fetchval("select hub.asker()") == asker

    async def _compare_agreements(self, asker: UUID) -> None:
        """Which versions the asker reads, and which of them are in force today and in the days around it."""
        versions = [one for one in self.world.agreements.values() if asker in one.parties]
        read = await self.app.fetch("select id, version from hub.agreements")
        assert {tuple(row) for row in read} == {(one.id, one.version) for one in versions}
        for days in (-3, 0, 4):
            day = self.world.today + timedelta(days=days)
            found = await self.app.fetch(
                "select distinct agreement, version from hub.rules_on($1, $2)",
                *(self.world.gemeente, day),
            )
            known = [one for one in versions if one.was_in_force(day, self.world.today)]
            assert {tuple(row) for row in found} == {(one.id, one.version) for one in known}
        replaced = await self.app.fetch(
            "select agreement, version, from_day from hub.replaced_versions"
        )
        assert {tuple(row) for row in replaced} == {
            (one.id, one.version, one.replaced_from)
            for one in versions
            if one.replaced_from is not None
        }
        query = "select valid_from, valid_until, parties from hub.published_agreements($1)"
        published = [
            (one.valid_from, one.valid_until, list(one.parties))
            for one in self.world.agreements.values()
            if one.publish and one.in_force(self.world.today)
        ]
        told = [tuple(row) for row in await self.app.fetch(query, self.world.gemeente)]
        assert sorted(told) == sorted(published)
        move = "select set_config('hub.gemeente', $1, true)"
        await self.app.fetchval(move, "elsewhere")
        assert await self.app.fetch(query, self.world.gemeente) == []
        await self.app.fetchval(move, self.world.gemeente)

    async def _in_pages(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """All rows of a list that goes newest first in pages of 3."""
        found: list[dict[str, Any]] = []
        after: tuple[date | None, UUID | None] = (None, None)
        while True:
            rows = await self.app.fetch(query, *arguments, *after)
            found += [plain(row) for row in rows]
            if len(rows) < 3:
                return found
            after = (rows[-1]["day"], rows[-1]["id"])

    async def _compare_feed(self, asker: UUID, wijk: UUID) -> None:
        expected_exact, expected_reduced = self.world.feed(asker, wijk)
        for size in (2, 100):  # pages that end within a batch, and one that goes past all of them
            exact, reduced = await read_feed(self.app, wijk, size)
            assert exact == [told(item) for item in expected_exact]
            assert sorted(reduced) == sorted(told(item) for item in expected_reduced)

    async def _compare_shown(self, asker: UUID) -> None:
        for record in self.world.records.values():
            query = "select * from hub.shown_as($1, $2)"
            shown = await self.app.fetch(query, record.KIND, record.id)
            expected = self.world.shown_as(record) if record.owner == asker else []
            assert sorted(map(dict, shown), key=lambda row: row["receiver"]) == expected


def by_id(rows: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
    """Rows by their id, each of them once."""
    found = {row["id"]: plain(row) for row in rows}
    assert len(found) == len(rows), "a record is there twice"
    return found


def placed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the lists of one's own slice give them: a kind without a point has an empty one."""
    return [{"lon": None, "lat": None, **row} for row in rows]


def plain(row: Any) -> dict[str, Any]:
    """A row of a door as the model writes it."""
    return {**row, "hidden": list(row["hidden"])}


def told(item: Item | Announcement) -> tuple[Any, ...]:
    """What the feed says of an item."""
    if isinstance(item, Announcement):
        return (item.change, None, item.owner, None, item.on_day, item.agreement)
    return (item.change, item.record.id, item.record.owner, item.record.category, item.on_day, None)


async def read_feed(
    app: Connection, wijk: UUID, size: int
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The whole feed of a wijk in pages, as its two streams."""
    position: dict[str, UUID | None] = {"EXACT": None, "REDUCED": None}
    streams: dict[str, list[tuple[Any, ...]]] = {"EXACT": [], "REDUCED": []}
    for _ in range(500):
        rows = await app.fetch(
            "select * from hub.feed_of_wijk($1, null, $2, $3, $4)",
            wijk,
            position["EXACT"],
            position["REDUCED"],
            size,
        )
        for row in rows:
            position[row["stream"]] = row["id"]
            streams[row["stream"]].append(
                (
                    row["change"],
                    row["record"],
                    row["owner"],
                    row["category"],
                    row["on_day"],
                    row["agreement"],
                )
            )
        if len(rows) < size:
            return streams["EXACT"], streams["REDUCED"]
    raise AssertionError("the feed does not end")


async def add_rule(
    app: Connection, agreement: UUID, number: int, rule: Rule, version: int = 1
) -> None:
    """A rule of a proposal, in the asker's name."""
    await app.execute(
        """insert into hub.agreement_rules (agreement, version, number, provider, receiver, wijken, kind, category, fields, precision,
          keep_days, includes_past) values ($1, $12, $2, $3, $4, $5, $11, $6, $7, $8, $9, $10)""",
        *(agreement, number, rule.provider, rule.receiver, list(rule.wijken), rule.category),
        *(
            list(rule.fields),
            rule.precision,
            rule.keep_days,
            rule.includes_past,
            rule.kind,
            version,
        ),
    )


async def add_decision(app: Connection, agreement: UUID, decision: str, version: int = 1) -> None:
    """The asker's word on a version of an agreement."""
    await app.execute(
        "insert into hub.agreement_decisions (agreement, version, decision) values ($1, $3, $2)",
        agreement,
        decision,
        version,
    )


__all__ = [
    "CATEGORIES",
    "DATASET",
    "Cap",
    "Play",
    "add_decision",
    "add_rule",
    "as_asker",
    "identify",
    "named",
]
