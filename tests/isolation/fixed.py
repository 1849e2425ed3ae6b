# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""A small world in which every predicate of the policies and doors decides something, played twice.

The second gemeente has organisations, wijken and records under the same ids as the first: what forgets to ask in which
gemeente it is, shows. Both stand committed in the database; the battery reads them, and writes on within a transaction.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations, product
from typing import Any
from uuid import UUID

import asyncpg

from sql import checks
from tests.isolation.logs import Logs
from tests.isolation.model import (
    KINDS,
    Activity,
    Agreement,
    Announcement,
    Cap,
    Item,
    Record,
    Rule,
    Signal,
    Wanted,
    World,
)
from tests.isolation.play import (
    INNER,
    LOG_READS,
    Connection,
    Play,
    Read,
    as_asker,
    log_reads,
    named,
)

DAY = date(2026, 10, 1)
SAME = UUID(int=7)
LONG = UUID(int=99)
TOKEN = bytes(range(32))
READERS = "select count(*) from hub.readers_of_asker('-infinity', null)"


def record(play: Play, name: str, owner: int = 0, wijk: int = 0, **values: Any) -> Signal:
    """A signal in the twins' shared names."""
    given: dict[str, Any] = {
        "category": "NOISE",
        "seen_at": datetime(
            play.world.today.year, play.world.today.month, play.world.today.day, 10, tzinfo=UTC
        ),
        "summary": f"lamp stuk {name}",
        "internal_note": f"notitie {name}",
        "subcategory": "eigen soort",
        "lon": 4.49,
        "lat": 52.06,
    }
    place = list(play.world.wijken)[wijk]
    given.update(values)
    if isinstance(given.get("buurt"), int):
        given["buurt"] = play.world.wijken[place][given["buurt"]]
    return Signal(
        id=named("twin", name),
        owner=play.world.organisations[owner],
        wijk=place,
        recorded_on=play.world.today,
        external_id=f"nr-{name}",
        **given,
    )


def activity(
    play: Play, name: str, owner: int = 0, wijken: tuple[int, ...] = (0, 1), **values: Any
) -> Activity:
    """An activity in the twins' shared names, in wijken by their numbers."""
    today = play.world.today
    places = tuple(list(play.world.wijken)[n] for n in wijken)
    given: dict[str, Any] = {
        "category": "NOISE",
        "title": f"lamp stuk {name}",
        "audience": f"notitie {name}",
        "starts_at": datetime(today.year, today.month, today.day, 10, tzinfo=UTC),
        "ends_at": datetime(today.year, today.month, today.day, 20, tzinfo=UTC),
        "facility": f"plein {name}",
        "attendance": 3,
    }
    given.update(values)
    if isinstance(given.get("buurt"), int):
        given["buurt"] = play.world.wijken[places[0]][given["buurt"]]
    return Activity(
        id=named("twin", "activity", name),
        owner=play.world.organisations[owner],
        wijk=places[0],
        wijken=places,
        recorded_on=today,
        external_id=f"nr-{name}",
        **given,
    )


# What a rule about activities lists where one about signals lists this.
ALIKE = {
    "summary": "title",
    "point": "attendance",
    "seenAt": "startsAt",
    "subcategory": "audience",
}


def _of_activities(rule: Rule) -> Rule:
    """The same rule about activities."""
    return replace(rule, kind="ACTIVITY", fields=tuple(ALIKE[name] for name in rule.fields))


async def agree(
    play: Play,
    name: str,
    first: int,
    last: int,
    *rules: Rule,
    accept: bool = True,
    id_: UUID | None = None,
    by: int = 0,
    publish: bool = False,
) -> UUID:
    """An agreement of the parties of its rules, from and until so many days after today: of activities what it says of signals.

    With the id of one that is there it is its next version, if `by` which of its parties may propose that. Its key in the world.
    """
    rules += tuple(_of_activities(one) for one in rules if one.kind == "SIGNAL")
    parties = tuple(sorted({party for rule in rules for party in (rule.provider, rule.receiver)}))
    today = play.world.today
    id_ = id_ or named(play.world.gemeente, name)
    made = Agreement(
        id_,
        parties,
        today + timedelta(days=first),
        today + timedelta(days=last),
        rules,
        version=1 + sum(one.id == id_ for one in play.world.agreements.values()),
        publish=publish,
    )
    key = id_
    if await play.propose(parties[by], made):
        key = list(play.world.agreements)[-1]
        for party in parties if accept else (parties[by],):
            await play.decide(key, party, "ACCEPT")
    return key


def rule(
    play: Play, provider: int, receiver: int, wijken: tuple[int, ...] = (0, 1), **values: Any
) -> Rule:
    """A rule between organisations and in wijken by their numbers."""
    places = list(play.world.wijken)
    who = play.world.organisations
    return Rule(who[provider], who[receiver], tuple(places[n] for n in wijken), **values)


# The kinds beside signals, by table: what a row must have of its own, and that.
OTHER_KINDS = {
    "enforcement_actions": ("measure, happened_on", "'PATROL', hub.today()"),
    "police_notices": ("noticed_on", "hub.today()"),
    "housing_projects": (
        "title, work, homes, starts_on, status",
        "'x', 'RENOVATION', 4, hub.today(), 'PLANNED'",
    ),
    "activities": ("title, starts_at, wijken", "'x', hub.now(), array[{wijk}]"),
    "counts": (
        "measure, period, count, closed_on",
        "'jeugdoverlast', to_char(hub.today() + 0, 'IYYY\"-W\"IW'), 4, hub.today()",
    ),
}


WITH_TITLES = ("housing_projects", "activities")


def insert_into(table: str) -> str:
    """The statement that adds a record of another kind than signals, in the wijk $1."""
    columns, values = OTHER_KINDS[table]
    values = values.format(wijk="$1::uuid")
    return f"insert into hub.{table} (id, dataset, wijk, category, {columns}) values (gen_random_uuid(), 'meldingen', $1, 'NOISE', {values})"


DATASETS: dict[str, tuple[str, ...] | None] = {
    "meldingen": None,
    INNER: None,
    "sleutel-1": ("LITTER",),
}
"""The datasets of everybody, and of which categories each was declared."""


def _week(days: int) -> str:
    """The week that is so many days from today, in SQL."""
    return f"to_char(hub.today() + {days}, 'IYYY\"-W\"IW')"


def _count_of(days: int) -> str:
    """The statement that adds a count of that week, in the wijk $1."""
    return insert_into("counts").replace(_week(0), _week(days))


EVERYTHING = ("point", "seenAt", "subcategory", "summary")


async def play_world(play: Play) -> None:
    """The first gemeente: days 0 to 20."""
    organisations = play.world.organisations
    await play.mark(organisations[0], INNER, never=True)
    await play.create(record(play, "inner", buurt=0, dataset=INNER))
    await play.create(activity(play, "inner", dataset=INNER))
    await play.create(record(play, "before", buurt=0))
    await play.create(record(play, "before-elsewhere", wijk=1))
    await play.create(record(play, "before-c", owner=2, buurt=0))
    await play.create(activity(play, "before", buurt=0))
    await play.create(activity(play, "before-c", owner=2, wijken=(1, 0)))
    await agree(
        play, "long", 0, 60, rule(play, 2, 1, (0,), precision="WIJK", includes_past=True), id_=LONG
    )
    await agree(
        play,
        "other-kind",
        0,
        90,
        rule(play, 0, 1, fields=EVERYTHING, includes_past=True, kind="OTHER"),
    )
    await play.create(record(play, "own-early", owner=1))
    await play.create(activity(play, "own-early", owner=1))
    await agree(play, "counted-once", 0, 4, rule(play, 1, 2, (0,), precision="COUNT"))
    await agree(
        play,
        "ended",
        0,
        4,
        rule(play, 0, 1, precision="EXACT", fields=EVERYTHING, includes_past=True),
    )
    await agree(
        play,
        "not-accepted",
        0,
        90,
        rule(play, 0, 1, fields=EVERYTHING, includes_past=True),
        accept=False,
    )
    rejected = await agree(
        play,
        "rejected",
        0,
        90,
        rule(play, 0, 1, fields=EVERYTHING, includes_past=True),
        accept=False,
    )
    await play.decide(rejected, organisations[1], "REJECT")
    revoked = await agree(
        play, "revoked", 0, 90, rule(play, 0, 1, fields=EVERYTHING, includes_past=True)
    )
    await play.create(record(play, "early", buurt=1, category="LITTER"))
    await play.create(activity(play, "early", buurt=1, category="LITTER"))
    returning = (named("twin", "returns"), named("twin", "activity", "returns"))
    await play.create(record(play, "returns", category="GREEN"))
    await play.create(activity(play, "returns", category="GREEN"))
    await play.create(activity(play, "shrinks", category="GREEN"))
    await play.change(returning[0], {"summary": "anders"})
    for id_ in (returning[1], named("twin", "activity", "shrinks")):
        await play.change(id_, {"attendance": 5})
    for id_ in returning:
        await play.change(id_, {"category": "LITTER"})
    await play.decide(revoked, organisations[0], "REVOKE")
    await play.cut()
    await play.pass_days(6)
    # nobody sees the second stay in GREEN, nor that one of the two wijken is left
    for id_, category in product(returning, ("GREEN", "LITTER")):
        await play.change(id_, {"category": category})
    inner = (next(iter(play.world.wijken)),)
    await play.change(named("twin", "activity", "shrinks"), {"wijken": inner})
    green = rule(play, 0, 1, fields=EVERYTHING, category="GREEN", includes_past=True)
    await agree(play, "green", 0, 60, green)
    # from here on: the second sees the first's records at BUURT, without text; the third at WIJK with the summary, or counts
    await agree(
        play,
        "buurt",
        0,
        60,
        rule(play, 0, 1, (0,), precision="BUURT", fields=("subcategory", "point", "seenAt")),
    )
    await agree(
        play,
        "wijk",
        0,
        60,
        rule(
            play, 0, 2, (0, 1), precision="WIJK", fields=("summary",), category="NOISE", keep_days=9
        ),
        rule(play, 0, 2, (0,), precision="COUNT", includes_past=True),
    )
    await agree(
        play,
        "future",
        40,
        90,
        rule(play, 0, 1, precision="EXACT", fields=EVERYTHING, includes_past=True),
    )
    await agree(play, "back", 0, 60, rule(play, 2, 0, (0,), precision="EXACT", fields=("point",)))
    await agree(
        play, "short", 0, 10, rule(play, 2, 1, (0, 1), precision="EXACT", fields=("seenAt",))
    )
    await agree(
        play,
        "brief",
        0,
        60,
        rule(play, 2, 1, (0,), precision="EXACT", fields=EVERYTHING, keep_days=9),
    )
    # met in the other wijk as well, in which less is agreed: shown as in the first
    other = rule(play, 0, 1, (1,), precision="WIJK", fields=("facility",), kind="ACTIVITY")
    await agree(play, "other-wijk", 0, 60, other, rule(play, 2, 1, (1,), precision="COUNT"))
    await play.create(activity(play, "a", buurt=0))
    await play.create(activity(play, "b", wijken=(1, 0), category="LITTER"))
    await play.create(activity(play, "one", wijken=(1,), buurt=1))
    await play.create(activity(play, "own", owner=1, buurt=0))
    for name in ("c", "d"):
        await play.create(activity(play, name, owner=2, wijken=(1, 0), buurt=1))
    caps = ((organisations[1], Cap("WIJK", True)), (organisations[2], Cap("EXACT", False)))
    await play.create(activity(play, "capped", buurt=0, caps=caps))
    left_out = ((organisations[2], Cap("COUNT", True)),)
    await play.create(activity(play, "left-out", buurt=0, caps=left_out))
    await play.change(named("twin", "activity", "a"), {"facility": "anders"})
    await play.change(named("twin", "activity", "a"), {"attendance": 4})
    await play.change(named("twin", "activity", "b"), {"category": "NOISE"})
    await play.create(record(play, "a", buurt=0, status="DONE"))
    await play.create(record(play, "b", buurt=1, category="LITTER"))
    await play.create(record(play, "a-elsewhere", wijk=1, buurt=0))
    await play.create(record(play, "own", owner=1, buurt=0))
    await play.create(record(play, "own-elsewhere", owner=1, wijk=1))
    for name, owner in (("c", 2), ("d", 2)):
        await play.create(record(play, name, owner=owner, buurt=1))
    caps = ((organisations[1], Cap("WIJK", True)), (organisations[2], Cap("EXACT", False)))
    await play.create(record(play, "capped", buurt=0, caps=caps))
    await play.create(
        record(play, "left-out", buurt=0, caps=((organisations[2], Cap("COUNT", True)),))
    )
    await play.create(
        record(play, "capped-c", owner=2, caps=((organisations[1], Cap("BUURT", False)),))
    )
    await play.change(named("twin", "a"), {"internal_note": "anders"})
    await play.change(named("twin", "a"), {"lon": 4.5, "lat": 52.07})
    await play.change(named("twin", "b"), {"category": "NOISE"})
    await play.change(named("twin", "c"), {"status": "DONE"})
    await _keep(play)
    # what changes in a stay that goes on: a field that the second is shown, and one that it is not; and a wijk that is left
    await play.create(activity(play, "narrows", category="GREEN"))
    for name in ("a", "narrows"):
        for field in ({"attendance": 7}, {"facility": "nog anders"}):
            await play.change(named("twin", "activity", name), field)
    await play.change(named("twin", "activity", "narrows"), {"wijken": inner})
    await play.cut()
    await play.pass_days(5)
    await play.create(record(play, "mover"))
    wijken = tuple(play.world.wijken)
    await play.change(named("twin", "mover"), {"wijk": wijken[1]})
    await play.create(activity(play, "mover"))
    await play.create(activity(play, "mover-c", owner=2, wijken=(1,)))
    await play.change(named("twin", "activity", "mover"), {"wijken": wijken[1:], "wijk": wijken[1]})
    await play.change(named("twin", "activity", "mover-c"), {"wijken": wijken[::-1]})
    # as good as an older one, and with the smaller id
    younger = rule(play, 0, 1, (0,), precision="BUURT", fields=("summary",))
    await agree(play, "buurt-younger", -5, 60, younger, id_=UUID(int=1))
    await play.create(record(play, "e", buurt=0))
    await play.create(record(play, "f", owner=2, buurt=0))
    await play.change(named("twin", "a"), {"closed_on": play.world.today})
    await play.withdraw(named("twin", "d"))
    await play.create(activity(play, "f", owner=2, buurt=0))
    await play.change(named("twin", "activity", "a"), {"closed_on": play.world.today})
    await play.withdraw(named("twin", "activity", "d"))
    await play.cut()
    await play.pass_days(4)
    await play.create(record(play, "g", buurt=1))
    await play.create(record(play, "h", owner=2, buurt=1, wijk=1))
    await play.change(named("twin", "f"), {"summary": "nieuwe tekst"})
    # of one day: by the hour they stand in the opposite order of their ids
    names = sorted((f"hour-{n}" for n in range(5)), key=lambda name: named("twin", name))
    for hour, name in zip(range(20, 0, -3), names, strict=False):
        day = play.world.today
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        await play.create(record(play, name, wijk=1, seen_at=moment))
    names.sort(key=lambda name: named("twin", "activity", name))
    for hour, name in zip(range(20, 0, -3), names, strict=False):
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        await play.create(activity(play, name, starts_at=moment))


async def _keep(play: Play) -> None:
    """Datasets that are never shared, and some that are again: what was shared is gone, what was not comes, what was kept stays."""
    first, _, third = play.world.organisations
    for made in (record, activity):
        await play.create(made(play, "inner-b", buurt=0, dataset=INNER))
        await play.create(made(play, "moves-in", buurt=0))
        await play.create(made(play, "moves-out", buurt=0, dataset=INNER))
        await play.create(made(play, "inner-c", owner=2, dataset=INNER))
    for prefix in ((), ("activity",)):
        await play.change(named("twin", *prefix, "moves-in"), {"dataset": INNER})
        await play.change(named("twin", *prefix, "moves-out"), {"dataset": "meldingen"})
    await play.mark(third, INNER, never=True)
    await play.create(record(play, "inner-d", owner=2, dataset=INNER))
    await play.mark(third, INNER, never=False)
    await play.create(record(play, "inner-e", owner=2, dataset=INNER))
    await play.create(activity(play, "inner-e", owner=2, dataset=INNER))
    await play.mark(first, "meldingen", never=True)
    await play.mark(first, "meldingen", never=False, past=True)


async def play_twin(play: Play) -> None:
    """The other gemeente: the same ids, everything shared with everybody."""
    everyone = [(p, r) for p in range(3) for r in range(3) if p != r]
    rules = (rule(play, p, r, fields=EVERYTHING, includes_past=True) for p, r in everyone)
    await agree(play, "everything", -90, 90, *rules, id_=LONG)
    for owner, name in enumerate(("a", "own", "c")):
        await play.create(record(play, name, owner=owner, buurt=1, summary=f"tweeling {name}"))
        await play.create(activity(play, name, owner=owner, title=f"tweeling {name}"))
    await play.create(record(play, "twin-elsewhere", wijk=1))
    await play.create(record(play, "inner", owner=1, dataset=INNER))
    await play.mark(play.world.organisations[1], INNER, never=True)
    await play.mark(play.world.organisations[1], INNER, never=False)
    await play.create(record(play, "inner-b", owner=1, dataset=INNER))
    await play.cut()


async def leave_traces(play: Play) -> None:
    """A row of everybody's in each table that the hub writes for it, under the same keys."""
    for organisation in play.world.organisations:
        async with as_asker(play.app, play.world.gemeente, organisation):
            await write_traces(play.app, SAME, "sleutel-1")
    await play.owner.execute(
        "update hub.datasets set categories = $2 where dataset = $1",
        "sleutel-1",
        list(DATASETS["sleutel-1"] or ()),
    )


async def write_traces(app: Any, key: UUID, text: str) -> None:
    """The asker's own row in each of these tables."""
    await app.execute(
        "insert into hub.receipts (id, dataset, kind, mode, dry_run, summary) values ($1, 'meldingen', 'SIGNAL', 'UPSERT', false, '[]')",
        key,
    )
    await app.execute(
        "insert into hub.receipt_rows (receipt, line, outcome) values ($1, 1, 'CREATED')", key
    )
    await app.execute(
        "insert into hub.dry_runs (receipt, kind, delivery, rows) values ($1, 'SIGNAL', '{}', '[]')",
        key,
    )
    await app.execute(
        "insert into hub.idempotency_keys (key, operation, digest, result) values ($2, 'x', 'x', $1)",
        key,
        text,
    )
    await app.execute(
        "insert into hub.list_parts (dataset, key, part, parts, complete, external_ids) values ('meldingen', $1, 1, 2, true, '{}')",
        text,
    )
    await app.execute(
        "insert into hub.tombstones (kind, id, reason) values ('SIGNAL', $1, 'vergissing')", key
    )
    await app.execute(
        "insert into hub.share_caps (profile, receiver, precision, with_text) select $1, o.id, 'WIJK', false from hub.organisations o"
        " where o.id <> hub.asker() order by o.id limit 1",
        key,
    )
    await app.execute("insert into hub.datasets (dataset, kind) values ($1, 'SIGNAL')", text)
    await app.execute(
        "insert into hub.sheet_mappings (dataset, kind, mapping) select $1, 'SIGNAL', '{}' where not hub.keeps_codes_only()",
        text,
    )
    await app.execute(
        "insert into hub.deliveries (dataset, wijk) select $1, o.wijk from hub.organisation_wijken o where o.organisation = hub.asker()",
        text,
    )


@dataclass(slots=True)
class Acting:
    """The superuser's connection acting as a role, so that what a role does can be undone together with a change of the schema.

    Row-level security and privileges are those of the role that acts.
    """

    connection: Connection
    role: str

    async def execute(self, query: str, *args: Any) -> Any:
        await self._become()
        return await self.connection.execute(query, *args)

    async def executemany(self, query: str, rows: Any) -> None:
        await self._become()
        await self.connection.executemany(query, rows)

    async def fetch(self, query: str, *args: Any) -> Any:
        await self._become()
        return await self.connection.fetch(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        await self._become()
        return await self.connection.fetchval(query, *args)

    def transaction(self) -> Any:
        return self.connection.transaction()

    async def _become(self) -> None:
        await self.connection.execute(f"set local role {self.role}")


class Unsettled(Play):
    """A world played on within a transaction: what happens in it is not yet for the feed."""

    def __init__(self, world: World, owner: Connection, app: Connection) -> None:
        super().__init__(world, owner, app)
        if world.begun is None:
            world.begun = len(world.items)

    async def _settled(self) -> None:
        """The transaction is its own."""


@dataclass(slots=True)
class Battery:
    """The fixed worlds, and everything that is asked of them."""

    play: Play
    questions: list[Wanted]
    found: checks.Findings
    executable: list[str]

    @classmethod
    async def prepare(cls, owner: Connection, app: Connection) -> Battery:
        """Plays both worlds, for good."""
        twin = await Play.begin(owner, app, "GM0002", DAY, names="twin")
        await play_twin(twin)
        await leave_traces(twin)
        play = await Play.begin(
            owner,
            app,
            "GM0001",
            DAY,
            names="twin",
            works={(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)},
        )
        await play_world(play)
        await leave_traces(play)
        await app.fetchval("select hub.cut_feed_batch('GM0002')")
        await owner.execute(
            "insert into hub.tokens (gemeente, organisation, name, digest, expires_at) values ('GM0001', $1, 'a', $2, hub.now() + interval '1 day')",
            *(play.world.organisations[0], TOKEN),
        )
        await play._settled()
        return cls(play, _questions(play), await checks.findings(app), await checks.executable(app))

    async def run(self, superuser: Connection, first: str = "catalogue") -> None:
        """Asks everything, as each asker, within the superuser's transaction; raises when an answer is not as it should be.

        `first` names the part to begin with: where the fault is expected to show.
        """
        await superuser.execute("reset role")
        parts = self._parts(superuser)
        for name in sorted(parts, key=lambda name: name != first):
            await parts[name]()

    def _parts(self, superuser: Connection) -> dict[str, Callable[[], Awaitable[None]]]:
        app, owner, recorder = (
            Acting(superuser, f"hub_{role}") for role in ("app", "owner", "recorder")
        )
        play = Unsettled(copy.deepcopy(self.play.world), owner, app)  # type: ignore[arg-type]
        wijken = list(play.world.wijken)

        async def ids(asker: UUID) -> None:
            await play._compare_ids(asker)

        async def shown(asker: UUID) -> None:
            await play._compare_shown(asker)

        async def slices(asker: UUID) -> None:
            await play._compare_slice(asker, self.questions)

        async def totals(asker: UUID) -> None:
            await play._compare_totals(asker, self.questions)

        async def feed(asker: UUID) -> None:
            for wijk in wijken:
                await play._compare_feed(asker, wijk)

        async def pages(asker: UUID, newest: bool) -> None:
            for wijk in wijken:
                for wanted in self.questions:
                    await play._compare_pages(asker, wijk, wanted, newest=newest)

        def by_everybody(
            part: Callable[..., Awaitable[None]], *args: Any
        ) -> Callable[[], Awaitable[None]]:
            async def ask() -> None:
                for asker in play.world.organisations:
                    async with as_asker(app, play.world.gemeente, asker):  # type: ignore[arg-type]
                        await part(asker, *args)

            return ask

        async def writing() -> None:
            other = Unsettled(copy.deepcopy(self.play.world), owner, app)  # type: ignore[arg-type]
            async with undone(app):
                await self._write(other, recorder)

        async def logs() -> None:
            world = self.play.world
            async with undone(app):
                second, shared = world.organisations[1], named(world.gemeente, "buurt")
                others = tuple(
                    id_
                    for id_, one in world.agreements.items()
                    if second in one.parties and id_ != shared
                )
                await Logs(
                    world.gemeente, world.organisations, others, superuser, app, owner
                ).prove()

        return {
            "logs": logs,
            "catalogue": lambda: self._catalogue(superuser),
            "owner": lambda: self._owners_hands(owner),
            "nobody": lambda: self._nobody(app),
            "tables": lambda: self._tables(play),
            "ids": by_everybody(ids),
            "feed": by_everybody(feed),
            "shown": by_everybody(shown),
            "slice": by_everybody(slices),
            "totals": by_everybody(totals),
            "newest": by_everybody(pages, True),
            "oldest": by_everybody(pages, False),
            "writing": writing,
        }

    async def _catalogue(self, superuser: Connection) -> None:
        await superuser.execute("reset role")
        assert await checks.findings(superuser) == self.found
        assert await checks.executable(superuser) == self.executable

    async def _owners_hands(self, owner: Acting) -> None:
        """The owner administers the catalogue of partners, and sees nobody's records."""
        for table in ("organisations", "organisation_wijken", "datasets", "tokens"):
            assert await owner.fetchval(f"select count(*) from hub.{table}") > 0
        for kind in KINDS:
            assert await owner.fetchval(f"select count(*) from hub.{kind.TABLE}") == 0

    async def _nobody(self, app: Acting) -> None:
        async with app.transaction():
            await app.execute(
                "select set_config('hub.gemeente', '', true), set_config('hub.organisation', '', true)"
            )
            for table in (
                "organisations",
                "organisation_wijken",
                "datasets",
                "agreements",
                "agreement_rules",
                "agreement_decisions",
                *(kind.TABLE for kind in KINDS),
            ):
                assert await app.fetchval(f"select count(*) from hub.{table}") == 0
            await app.execute(
                "select set_config('hub.gemeente', $1, true)", self.play.world.gemeente
            )
            for receiver in self.play.world.organisations:
                look = "select * from hub.seen_signals($1, null, null, 9)"
                assert await app.fetch(look, receiver) == []
            known = await app.fetch("select * from hub.principal_of($1)", TOKEN)
            assert len(known) == 1
            assert await app.fetch("select * from hub.principal_of($1)", bytes(32)) == []

    async def _tables(self, play: Play) -> None:
        """Every guarded table by hand: own rows only, in one's own gemeente only, and some."""
        for asker in play.world.organisations:
            async with as_asker(play.app, play.world.gemeente, asker):
                for table, some in (
                    *(
                        (name, True)
                        for name in (
                            *(kind.TABLE for kind in KINDS),
                            *("history", "tombstones", "receipts", "receipt_rows"),
                        )
                    ),
                    *(
                        (name, True)
                        for name in (
                            "idempotency_keys",
                            "list_parts",
                            "dry_runs",
                            "deliveries",
                            "share_caps",
                            "datasets",
                        )
                    ),
                    ("sheet_mappings", False),
                ):
                    rows = await play.app.fetch(f"select distinct gemeente, owner from hub.{table}")
                    assert [tuple(row) for row in rows] in (
                        [(play.world.gemeente, asker)],
                        [] if not some else None,
                    ), table
                for wijk in play.world.wijken:
                    found = await play.app.fetch(
                        "select owner, dataset from hub.source_states(array[$1::uuid], hub.today())",
                        wijk,
                    )
                    expected = [
                        (who, name)
                        for name, categories in DATASETS.items()
                        for who in self._parties(play, asker, wijk, categories)
                        if who == asker or (who, name) not in play.world.marked
                    ]
                    assert sorted(tuple(row) for row in found) == sorted(expected)
                seen = {row["id"] for row in await play.app.fetch("select id from hub.agreements")}
                assert seen == {a.id for a in play.world.agreements.values() if asker in a.parties}
                for table in ("agreement_rules", "agreement_decisions"):
                    rows = await play.app.fetch(
                        f"select distinct gemeente, agreement from hub.{table}"
                    )
                    assert {tuple(row) for row in rows} == {
                        (play.world.gemeente, id_) for id_ in seen
                    }

    def _parties(
        self, play: Play, asker: UUID, wijk: UUID, categories: tuple[str, ...] | None
    ) -> set[UUID]:
        """Whose datasets of these categories an asker hears of in a wijk: its own, and those of whom a rule in force gives it
        records or counts of them.
        """
        given = {
            rule.provider
            for agreement in play.world.agreements.values()
            if agreement.in_force(play.world.today)
            for rule in agreement.rules
            if rule.receiver == asker and wijk in rule.wijken and rule.kind == "SIGNAL"
            if categories is None or rule.category in (None, *categories)
        }
        return given | {who for who, place in play.world.works if (who, place) == (asker, wijk)}

    async def _write(self, play: Play, recorder: Acting) -> None:
        """Goes on in the same world: others' keys, others' rows, new agreements, new records, and the ends of agreements."""
        committed = list(play.world.items)
        first, second, third = play.world.organisations
        # what somebody else holds already can be used; what is somebody else's cannot be touched
        await play.create(record(play, "x", owner=1, buurt=0))
        await play.create(activity(play, "x", owner=1))
        await _insert(play, record(play, "x", owner=2))
        await _insert(play, activity(play, "x", owner=2))
        for organisation in play.world.organisations:
            async with as_asker(play.app, play.world.gemeente, organisation):
                await write_traces(play.app, UUID(int=8), "sleutel-2")
        async with undone(play.app):
            async with as_asker(play.app, play.world.gemeente, second):
                await play.app.execute(
                    "update hub.signals set summary = 'x', version = version + 1 where id = $1",
                    named("twin", "a"),
                )
                await play.app.execute("delete from hub.signals where id = $1", named("twin", "a"))
            assert (
                await _of(play, first, named("twin", "a"))
                == play.world.records[named("twin", "a")].summary
            )
        theirs = "where owner <> hub.asker() or gemeente <> hub.gemeente()"
        for kind in KINDS:
            for statement in (
                f"update hub.{kind.TABLE} set category = 'GREEN', version = version + 1 {theirs}",
                f"delete from hub.{kind.TABLE} {theirs}",
            ):
                async with as_asker(play.app, play.world.gemeente, second):
                    assert (await play.app.execute(statement)).endswith(" 0")
        await self._refusals(play)
        await self._versions(play, committed)
        await self._ledger(play)
        await self._forgetting(play)
        # what is agreed now counts at once, for records before and after
        new = await agree(
            play,
            "new",
            0,
            20,
            rule(play, 1, 0, (0,), precision="BUURT", fields=("summary",)),
            rule(play, 1, 2, precision="COUNT"),
        )
        await agree(
            play,
            "new-category",
            0,
            20,
            rule(play, 1, 2, (1,), category="GREEN", includes_past=True),
        )
        await agree(
            play,
            "new-kind",
            0,
            20,
            rule(play, 1, 0, fields=EVERYTHING, includes_past=True, kind="OTHER"),
        )
        await play.create(record(play, "y", owner=1, buurt=1))
        await play.create(record(play, "y-green", owner=1, wijk=1, category="GREEN"))
        await play.create(record(play, "y-noise", owner=1, wijk=1))
        await play.create(record(play, "y-capped", owner=1, caps=((first, Cap("WIJK", False)),)))
        await play.create(record(play, "y-hidden", owner=1, caps=((third, Cap("EXACT", True)),)))
        await play.change(named("twin", "y"), {"category": "GREEN"})
        await play.create(activity(play, "y", owner=1, buurt=1))
        await play.create(activity(play, "y-green", owner=1, wijken=(1,), category="GREEN"))
        await play.create(activity(play, "y-one", owner=1, wijken=(0,)))
        wijken = tuple(play.world.wijken)
        await play.change(named("twin", "activity", "y-one"), {"wijken": wijken})
        await play.change(named("twin", "activity", "y-one"), {"category": "GREEN"})
        await play.change(
            named("twin", "activity", "y-one"), {"wijken": wijken[1:], "wijk": wijken[1]}
        )
        await self._again(play, committed)
        await self._marks(play, committed, recorder)
        await play.decide(new, second, "ACCEPT")  # once is enough: the model expects a refusal
        await play.decide(new, first, "REJECT")
        await play.decide(new, first, "REVOKE")
        await play.decide(new, second, "REVOKE")
        half = await agree(
            play, "half", 0, 20, rule(play, 1, 0, (0,), fields=EVERYTHING), accept=False
        )
        # the daily look at agreements tells nobody of what a party has yet to accept
        every = "select hub.announce_agreements($1, null)"
        assert await play.app.fetchval(every, play.world.gemeente) == 0
        # a slice that is made while a party has yet to accept is not shared either
        await play.create(record(play, "y-new-slice", owner=1, category="LITTER"))
        await play.create(activity(play, "y-new-slice", owner=1, wijken=(0,), category="LITTER"))
        await self._again(play, committed)
        await play.decide(half, play.world.organisations[0], "REJECT")
        for party in play.world.agreements[half].parties:
            await play.decide(half, party, "ACCEPT")
        await play.withdraw(named("twin", "y"))
        await play.decide(LONG, second, "REVOKE")
        await self._again(play, committed)
        await self._history(play)
        await self._noted(play)
        await self._announced(play, recorder)
        await self._departures(play)

    async def _marks(self, play: Play, committed: list[Any], recorder: Acting) -> None:
        """The second marks a dataset, and takes the mark off: what is there goes, stays away, and comes back when it says so."""
        first, second, third = play.world.organisations
        caps = ((first, Cap("WIJK", False)),)
        for made in (record, activity):
            await play.create(made(play, "z", owner=1, dataset=INNER))
            await play.create(made(play, "z-out", owner=1, dataset=INNER))
            await play.create(made(play, "z-capped", owner=1, dataset=INNER, caps=caps))
            await play.create(made(play, "z-other", owner=0, dataset="meldingen"))
        await play.mark(second, "sleutel-1", never=True)
        await play.create(record(play, "z-elsewhere", owner=1, dataset="sleutel-1"))
        await play.mark(second, "sleutel-1", never=False)
        await play.mark(second, INNER, never=True)
        await play.create(record(play, "z-new", owner=1, dataset=INNER))
        await play.create(record(play, "z-new-capped", owner=1, dataset=INNER, caps=caps))
        await play.create(activity(play, "z-new", owner=1, dataset=INNER))
        await play.change(named("twin", "z"), {"category": "LITTER"})
        await play.change(named("twin", "y-noise"), {"dataset": INNER})
        await play.change(named("twin", "z-out"), {"dataset": "meldingen"})
        await play.change(named("twin", "activity", "z-out"), {"dataset": "meldingen"})
        await play.change(named("twin", "z-new-capped"), {"dataset": "meldingen"})
        await self._again(play, committed)
        assert await self._kept(recorder, "GM0002") == 1
        await play.mark(second, INNER, never=True, past=True)  # while it is marked, nothing
        await play.mark(second, INNER, never=False)
        await play.create(record(play, "z-after", owner=1, dataset=INNER))
        await play.change(named("twin", "z-new"), {"dataset": INNER})  # where it is already
        await self._again(play, committed)
        await play.mark(second, INNER, never=False, past=True)
        await self._again(play, committed)
        assert await self._kept(recorder, "GM0002") == 1
        never = "insert into hub.share_caps (profile, receiver, precision, with_text) values (hub.never_shared(), $1, 'EXACT', true)"
        await refused(play, second, never, third)

    async def _kept(self, recorder: Acting, gemeente: str) -> int:
        """How many signals of a gemeente are never shared."""
        count: int = await recorder.fetchval(
            "select count(*) from hub.signals where gemeente = $1 and profile = hub.never_shared()",
            gemeente,
        )
        return count

    async def _versions(self, play: Play, committed: list[Any]) -> None:
        """A next version comes in the place of the old one when all of its parties accepted it and it begins, and no sooner.

        Organisations are parties in the order of their ids; what nobody may is in the model too, and is tried here.
        """
        first, second, third = play.world.organisations
        parties = sorted((first, second, third))
        number = {who: play.world.organisations.index(who) for who in parties}
        a, b, c = (number[who] for who in parties)
        shown = rule(play, a, b, (0,), precision="EXACT", fields=("summary",), includes_past=True)
        of = {"id_": named(play.world.gemeente, "versions")}
        old = await agree(
            play, "", 0, 40, shown, rule(play, a, c, precision="BUURT"), publish=True, **of
        )
        await self._again(play, committed)
        # the third is left out; not all have accepted, so nothing changes, and nobody can propose another
        less = replace(shown, precision="WIJK")
        open_one = await agree(play, "", 0, 40, less, accept=False, **of)
        await agree(play, "", 0, 40, less, accept=False, by=1, **of)
        await self._again(play, committed)
        await play.decide(open_one, parties[2], "ACCEPT")  # no party of this version
        await play.decide(open_one, parties[1], "ACCEPT")
        await self._again(play, committed)
        await play.decide(old, parties[2], "REVOKE")  # is over
        by_third = (less, rule(play, c, a, (0,)))
        await agree(
            play, "", 0, 40, *by_third, by=2, accept=False, **of
        )  # not the third's to replace
        # one that has yet to begin keeps the next one waiting, and is nothing when it is revoked before
        to_come = await agree(play, "", 5, 45, shown, **of)
        await agree(play, "", 0, 40, shown, accept=False, **of)
        await self._again(play, committed)
        await play.decide(to_come, parties[1], "REVOKE")
        await self._again(play, committed)
        # nor is one that the second and third had between them, of which one rejected it
        rejected = await agree(play, "", 0, 40, rule(play, b, c, (0,)), accept=False, **of)
        await play.decide(rejected, parties[2], "REJECT")
        await self._again(play, committed)
        # each of these shows less in one way than the one before; of the last that ended is told, for it counts only
        counted = replace(
            shown, precision="COUNT", keep_days=999
        )  # is not shown: no end of it is told
        await agree(play, "", 0, 40, shown, counted, **of)
        for less in (
            shown,
            replace(shown, fields=()),
            replace(shown, fields=(), keep_days=30),
            replace(shown, fields=(), keep_days=30, includes_past=False),
            replace(shown, fields=(), keep_days=30, includes_past=False, category="NOISE"),
            replace(
                shown,
                fields=(),
                keep_days=30,
                includes_past=False,
                category="NOISE",
                kind="ACTIVITY",
            ),
            replace(shown, precision="COUNT", kind="COUNT", fields=()),
        ):
            await agree(play, "", 0, 40, less, **of)
            await self._again(play, committed)
        await agree(play, "", -1, 40, shown, accept=False, **of)
        # of two alone: the third reads nothing of it, though it has a first version of others
        alone = {"id_": named(play.world.gemeente, "versions of two")}
        for begins, precision in ((0, "BUURT"), (-3, "WIJK")):
            await agree(play, "", begins, 40, replace(shown, precision=precision), **alone)
        await self._again(play, committed)

    async def _again(self, play: Play, committed: list[Any]) -> None:
        """Ids, tables and feed anew; the feed shows nothing yet of a transaction that still runs."""
        now = play.world.items
        for asker in play.world.organisations:
            async with as_asker(play.app, play.world.gemeente, asker):
                await play._compare_ids(asker)
                await play._compare_shown(asker)
                await play._compare_agreements(asker)
                play.world.items = committed
                for wijk in play.world.wijken:
                    await play._compare_feed(asker, wijk)
                play.world.items = now

    async def _refusals(self, play: Play) -> None:
        """What nobody may, whoever asks."""
        first, second, third = play.world.organisations
        wijk = next(iter(play.world.wijken))
        open_one = await agree(play, "open", 0, 9, rule(play, 0, 1), accept=False)
        untouched = Agreement(
            named(play.world.gemeente, "untouched"), (first, second), DAY, DAY, ()
        )
        await play.propose(first, untouched)
        add = """insert into hub.agreement_rules (agreement, version, number, provider, receiver, wijken, kind, precision)
          values ($1, 1, 9, $2, $3, $4, 'SIGNAL', 'EXACT')"""
        decide = "insert into hub.agreement_decisions (agreement, version, decision) values ($1, 1, 'REVOKE')"
        works = "update hub.organisation_wijken set works_until = hub.today() - 1 where gemeente = 'GM0001' and organisation = $1"
        signal = "insert into hub.signals (id, dataset, wijk, category, seen_at) values (gen_random_uuid(), 'meldingen', $1, 'NOISE', now())"
        # not to a proposal of an earlier transaction, which others may have read
        earlier = named(play.world.gemeente, "buurt")
        await refused(play, first, add, earlier, first, second, [wijk])
        await refused(play, second, add, untouched.id, first, second, [wijk])
        await refused(play, third, add, untouched.id, first, second, [wijk])
        await refused(play, first, add, untouched.id, first, third, [wijk])
        await refused(play, first, add, untouched.id, third, first, [wijk])
        await refused(play, third, decide, open_one)
        async with undone(play.app):
            async with as_asker(play.app, play.world.gemeente, first):
                for table in OTHER_KINDS:
                    await play.app.execute(insert_into(table), wijk)
            await play.owner.execute(works, first)
            new = {"signals": signal, **{table: insert_into(table) for table in OTHER_KINDS}}
            for table, statement in new.items():
                await refused(play, first, statement, wijk)
                change = f"update hub.{table} set category = 'GREEN', version = version + 1"
                await refused(play, first, f"{change} where wijk = $1", wijk)
                async with as_asker(play.app, play.world.gemeente, first):
                    gone = await play.app.execute(f"delete from hub.{table} where wijk = $1", wijk)
                    assert gone != "DELETE 0"
        await self._every_wijk(play)
        await self._newcomers(play)
        await self._codes_only(play)
        await self._open_periods(play)
        for column in ("valid_until = '2099-01-01'", "parties = parties"):
            await refused(play, first, f"update hub.agreements set {column}")
        async with undone(play.app):
            await play.owner.execute("update hub.tokens set revoked_at = hub.now()")
            assert await play.app.fetch("select * from hub.principal_of($1)", TOKEN) == []
        async with undone(play.app):
            await play.owner.execute(
                "update hub.tokens set created_at = hub.now() - interval '9 days', expires_at = hub.now() - interval '1 day'"
            )
            assert await play.app.fetch("select * from hub.principal_of($1)", TOKEN) == []

    async def _departures(self, play: Play) -> None:
        """Who saw each record that leaves, among those who will, who see only newer ones, and who see only those of today."""
        going = Unsettled(copy.deepcopy(play.world), play.owner, play.app)
        async with undone(play.app):
            for name, first, seeing in (
                ("leaving-to-come", 1, {"includes_past": True}),
                ("leaving-newer", 0, {"includes_past": False}),
                ("leaving-of-today", 0, {"includes_past": True, "keep_days": 1}),
            ):
                rules = (rule(going, *pair, **seeing) for pair in permutations(range(3), 2))
                await agree(going, name, first, 9, *rules)
            # what left its slice long ago is there again for no longer than this transaction
            await going.change(named("twin", "b"), {"category": "LITTER"})
            for id_ in list(going.world.records):
                await going.withdraw(id_)
            await self._noted(going)

    async def _every_wijk(self, play: Play) -> None:
        """A record in several wijken is written by who works in all of them."""
        first, (left, wijk) = play.world.organisations[0], play.world.wijken
        both = insert_into("activities").replace("array[$1::uuid]", "array[$1::uuid, $2]")
        change = "update hub.activities set wijken = array[$1::uuid, $2], version = version + 1"
        ended = "update hub.organisation_wijken set works_until = hub.today() - 1 where organisation = $1 and wijk = $2"
        async with undone(play.app):
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(both, wijk, left)
            await play.owner.execute(ended, first, left)
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(insert_into("activities"), wijk)
            await refused(play, first, both, wijk, left)
            await refused(play, first, f"{change} where wijken = array[$1::uuid]", wijk, left)

    async def _newcomers(self, play: Play) -> None:
        """A partner is added by an administrator of what is the municipality in its own gemeente, and by nobody else."""
        first, second, third = play.world.organisations
        add = """select set_config('hub.roles', $1, true), hub.onboard_partner(hub.new_id(), 'nieuw', 'Nieuw', 'CARE', '{}', 'loket', '{}',
          '{}', 'nieuw', sha256('nieuw'))"""
        city = "update hub.organisations set kind = 'MUNICIPALITY' where (gemeente, id) in (($1, $2), ('GM0002', $3))"
        async with undone(play.app):
            await play.owner.execute(city, play.world.gemeente, first, third)
            await refused(play, first, add, "COUNCIL,PRIVACY_OFFICER")
            for asker in (second, third):
                await refused(play, asker, add, "ADMINISTRATOR")
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(add, "ADMINISTRATOR,COUNCIL")

    async def _ledger(self, play: Play) -> None:
        """A read is told to the owner when there is an agreement under which it could be."""
        first, second, third = play.world.organisations
        line = Read(first, named(play.world.gemeente, "buurt"))
        stranger = replace(line, owner=third)  # no provider in that agreement
        async with as_asker(play.app, play.world.gemeente, second):
            await play.app.fetch(LOG_READS, *log_reads("test", stranger))
        async with as_asker(play.app, play.world.gemeente, third):
            assert await play.app.fetchval(READERS) == 0
        for reader, expected in ((third, 0), (second, 1)):
            async with as_asker(play.app, play.world.gemeente, reader):
                await play.app.fetch(LOG_READS, *log_reads("test", line))
            async with as_asker(play.app, play.world.gemeente, first):
                assert await play.app.fetchval(READERS) == expected

    async def _forgetting(self, play: Play) -> None:
        """Dry runs and keys are forgotten when their time is over, in the gemeente that is asked for."""
        for what, kept in (("dry_runs", 1), ("keys", 2)):
            forget = f"select hub.forget_{what}($1)"
            async with undone(play.app):
                await play.owner.execute(
                    "update hub.clock set frozen_at = frozen_at + interval '7 days'"
                )
                assert await play.app.fetchval(forget, play.world.gemeente) == 0
                await play.owner.execute(
                    "update hub.clock set frozen_at = frozen_at + interval '1 day'"
                )
                assert await play.app.fetchval(forget, "GM9999") == 0
                assert await play.app.fetchval(forget, play.world.gemeente) >= kept

    async def _codes_only(self, play: Play) -> None:
        """Of police and enforcement neither point nor text nor minute is stored, nor how they call their columns."""
        first, wijk = play.world.organisations[0], next(iter(play.world.wijken))
        signal = "insert into hub.signals (id, dataset, wijk, category, seen_at{}) values ({}, 'meldingen', $1, 'NOISE', {}{})"
        noon = "timestamptz '2026-10-16 12:00 Europe/Amsterdam'"
        undo = (
            "insert into hub.receipts (id, dataset, kind, mode, dry_run, summary, undoes, reason)"
            " values (gen_random_uuid(), 'meldingen', 'SIGNAL', 'UNDO', false, '[]', $1, {})"
        )
        async with undone(play.app):
            async with as_asker(play.app, play.world.gemeente, first):
                for table in WITH_TITLES:
                    await play.app.execute(insert_into(table), wijk)
            await play.owner.execute(
                "update hub.organisations set kind = 'POLICE' where id = $1", first
            )
            await refused(play, first, undo.format("'x'"), SAME)
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(undo.format("null"), SAME)
            withdrawn = "insert into hub.tombstones (kind, id, reason) values ('SIGNAL', gen_random_uuid(), {})"
            await refused(play, first, withdrawn.format("'om een reden'"))
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(withdrawn.format("'ingetrokken'"))
            names = "insert into hub.sheet_mappings (dataset, kind, mapping) values ('blad', 'SIGNAL', '{}')"
            await refused(play, first, names)
            await refused(play, first, 'update hub.sheet_mappings set mapping = \'{"a": "b"}\'')
            for table in WITH_TITLES:
                await refused(play, first, insert_into(table), wijk)
                change = f"update hub.{table} set title = 'y', version = version + 1"
                await refused(play, first, f"{change} where wijk = $1 and version = 1", wijk)
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(signal.format("", "$2", noon, ""), wijk, SAME)
            for column in ("subcategory", "summary", "internal_note"):
                await refused(
                    play,
                    first,
                    signal.format(f", {column}", "gen_random_uuid()", noon, ", 'x'"),
                    wijk,
                )
                await refused(
                    play,
                    first,
                    f"update hub.signals set {column} = 'x', version = 2 where id = $1",
                    SAME,
                )
            await refused(
                play,
                first,
                "update hub.signals set lon = 4, lat = 52, version = 2 where id = $1",
                SAME,
            )
            await refused(
                play,
                first,
                "update hub.signals set seen_at = now() + interval '1 minute', version = 2 where id = $1",
                SAME,
            )

    async def _open_periods(self, play: Play) -> None:
        """A count is taken and changed while its period is open, and neither before nor after."""
        first, wijk = play.world.organisations[0], next(iter(play.world.wijken))
        move = "update hub.counts set version = version + 1, period = {}"
        async with undone(play.app):
            await play.owner.execute("update hub.measures set open_days = 7")
            async with as_asker(play.app, play.world.gemeente, first):
                await play.app.execute(_count_of(-7), wijk)
            await play.owner.execute("update hub.measures set open_days = 0")
            for days in (-7, 7):
                await refused(play, first, _count_of(days), wijk)
            async with as_asker(play.app, play.world.gemeente, first):
                assert await play.app.execute(move.format(_week(0))) == "UPDATE 0"
                gone = await play.app.execute(f"delete from hub.counts where period = {_week(-7)}")
                assert gone == "DELETE 0"
                await play.app.execute(_count_of(0), wijk)
            for days in (-7, 7):
                await refused(play, first, move.format(_week(days)))

    async def _announced(self, play: Play, recorder: Acting) -> None:
        """What receivers are told of agreements, and that the recorder reads nothing else of the feed, but what has left and its own."""
        rows = await recorder.fetch(
            "select gemeente, change, agreement, version, receiver, owner, wijk, on_day, xid = pg_current_xact_id() as own from hub.feed_items"
        )
        expected = {
            (
                play.world.gemeente,
                item.change,
                item.agreement,
                item.version,
                item.receiver,
                item.owner,
                item.wijk,
                item.on_day,
            )
            for item in play.world.items
            if isinstance(item, Announcement)
        }
        here = [row for row in rows if row["gemeente"] == play.world.gemeente]
        assert {tuple(row)[:-1] for row in here if row["receiver"] is not None} == expected
        records = [(row["change"], row["own"]) for row in rows if row["receiver"] is None]
        assert {change for change, own in records if not own} == {"WITHDRAWN"}
        assert ("CREATED", True) in records

    async def _noted(self, play: Play) -> None:
        """Every item of the feed is as the model has it, also those of this transaction, which nobody is shown yet."""
        await play.app.execute("reset role")
        rows = await play.app.connection.fetch(  # type: ignore[attr-defined]
            "select change, record, wijk, changed, for_owner, seen_by, slice = any (slices) as within from hub.feed_items"
            " where gemeente = $1 and receiver is null",
            play.world.gemeente,
        )
        found = [
            (
                row["change"],
                row["record"],
                row["wijk"],
                tuple(sorted(row["changed"])),
                row["for_owner"],
                tuple(sorted(row["seen_by"] or ())),
            )
            for row in rows
        ]
        expected = [
            (
                item.change,
                item.record.id,
                item.wijk,
                tuple(sorted(item.changed)),
                item.for_owner,
                tuple(sorted(item.seen_by)),
            )
            for item in play.world.items
            if isinstance(item, Item)
        ]
        assert sorted(found) == sorted(expected)
        several = {item.record.id for item in play.world.items if isinstance(item, Item)
                   and isinstance(item.record, Activity)}  # fmt: skip
        assert all(row["within"] is (True if row["record"] in several else None) for row in rows)

    async def _history(self, play: Play) -> None:
        """Whatever was done is remembered once, for its owner."""
        second = play.world.organisations[1]
        async with as_asker(play.app, play.world.gemeente, second):
            rows = await play.app.fetch(
                "select change from hub.history where record = $1 order by version",
                named("twin", "y"),
            )
        assert [row[0] for row in rows] == ["CREATED", "UPDATED", "WITHDRAWN"]


async def _insert(play: Play, made: Record) -> None:
    """A record whose id is in use by another: it must not be noticed. The model keeps the other one."""
    kept = play.world.records[made.id], list(play.world.items)
    async with undone(play.app):
        await play.create(made)
    play.world.records[made.id], play.world.items = kept


async def _of(play: Play, asker: UUID, id_: UUID) -> str | None:
    async with as_asker(play.app, play.world.gemeente, asker):
        summary: str | None = await play.app.fetchval(
            "select summary from hub.signals where id = $1", id_
        )
        return summary


async def refused(play: Play, asker: UUID, statement: str, *args: Any) -> None:
    """The database does not take a statement of an asker."""
    try:
        async with as_asker(play.app, play.world.gemeente, asker):
            await play.app.execute(statement, *args)
    except asyncpg.PostgresError:
        return
    raise AssertionError(f"taken: {statement}")


class _Undo(Exception):
    pass


@asynccontextmanager
async def undone(app: Any) -> AsyncIterator[None]:
    """What is done inside is undone at its end."""
    try:
        async with app.transaction():
            yield
            raise _Undo
    except _Undo:
        pass


def _questions(play: Play) -> list[Wanted]:
    """Each argument of the doors once, where it makes a difference."""
    wijk = next(iter(play.world.wijken))
    buurt = play.world.wijken[wijk][0]
    return [
        Wanted(),
        Wanted(owner=play.world.organisations[0]),
        Wanted(categories=("LITTER",)),
        Wanted(categories=("NOISE", "GREEN")),
        Wanted(statuses=("DONE",)),
        Wanted(buurt=buurt),
        Wanted(from_day=DAY + timedelta(days=7)),
        Wanted(until_day=DAY + timedelta(days=7)),
        Wanted(closed=True),
        Wanted(closed=False),
        Wanted(words="LAMP"),
        Wanted(words="notitie"),
    ]
