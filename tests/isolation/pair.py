# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Two worlds that one organisation cannot tell apart, and the same session of that organisation in both.

Both are copies of one base. Then each is changed at will in what the asker may not see: a change is drawn at random, and
the model says whether the asker would see it, under any of its agreements; if so, it is dropped. What the database itself
makes up is the same in both: the clock stands still, ids follow from what they name, and the hub's own come from a seed.
"""

from __future__ import annotations

import copy
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
from starlette.applications import Starlette

from hub.app import create_app
from hub.limits import Documents
from hub.settings import Settings
from sql.ids import IdSource
from sql.session import Database
from tests.conftest import NOW, TEMPLATE, Cluster
from tests.isolation.asked import ForAll, of_a_pair
from tests.isolation.covered import Covered
from tests.isolation.model import (
    KINDS,
    Activity,
    Agreement,
    Announcement,
    Cap,
    Decision,
    Item,
    Record,
    Rule,
    Signal,
    World,
    noon,
)
from tests.isolation.play import (
    CATEGORIES,
    INNER,
    LOG_READS,
    Connection,
    Play,
    Read,
    as_asker,
    log_reads,
    named,
    told,
)
from tests.isolation.sessions import Asking, Memory, Operation, global_id

# What is known by design, and therefore the same in both worlds: everything else is compared.
DECLASSIFIED = {
    "published numbers": "the editions of a cube, for their audience: proof 7 is about them",
    "lateness of sources": "on which day each dataset was delivered, to the parties of that dataset",
    "catalogue of partners": "who works where, and whom to call",
    "beginning and end of agreements": "of those that the asker is a party of, at the decision or on the day",
    "reading of one's own records": "how many of them an organisation read on a day, under which agreement and with which fields;"
    " not in how many requests, in which order, by whom and for what query",
}

GEMEENTE = "GM0637"
WIJKEN = ("WK063711", "WK063708")
PARTNERS = ("buurtwerk", "corporatie-a", "corporatie-b", "gemeente", "wijkzorgteam")
TOKENS = {"gemeente": "wijkregisseur"}
WORDS = ("lamp stuk", "glas op straat", "lawaai in het portiek")
SAME_KEYS = tuple(f"sleutel-{n:04}" for n in range(12))
SAME_NUMBERS = tuple(f"nr-{n}" for n in range(8))

# Ids that the database makes: from what they name, so that how much others do does not shift them.
PREDICTABLE = """
create function hub.test_ids() returns trigger language plpgsql security definer as $$
declare
  what text := concat_ws('/', new.record, new.change, new.changed, new.for_owner, new.receiver, new.owner, new.wijk, new.agreement);
  nth int := (select count(*) from hub.feed_items f where what =
    concat_ws('/', f.record, f.change, f.changed, f.for_owner, f.receiver, f.owner, f.wijk, f.agreement));
begin
  new.id := md5(what || '/' || nth)::uuid;
  new.reduced_id := md5('reduced/' || what || '/' || nth)::uuid;
  return new;
end $$;
create trigger test_ids before insert on hub.feed_items for each row execute function hub.test_ids();

create table hub.test_counts (what text primary key, n int not null);
create function hub.test_id() returns trigger language plpgsql security definer as $$
declare
  content text := tg_argv[0] || (to_jsonb(new) - array['id', 'actor', 'trace', 'xid', 'ids'])::text;
  nth int;
begin
  insert into hub.test_counts as c values (content, 1) on conflict (what) do update set n = c.n + 1 returning n into nth;
  new.id := md5(content || '/' || nth)::uuid;
  return new;
end $$;
create trigger test_id before insert on hub.noted_reads for each row execute function hub.test_id('read');
create trigger test_id before insert on hub.audit_log for each row execute function hub.test_id('entry');
"""


Plant = Callable[[Connection], Awaitable[object]]


@dataclass(slots=True)
class Side:
    """One of the two worlds: its database, the model's idea of it, and the hub over it for the asker."""

    play: Play
    hub: Starlette
    client: httpx.AsyncClient
    documents: Documents
    """Which it accepted."""
    superuser: Connection
    audits: bool
    """Whether the asker is its organisation's privacy officer, who sees each request of others."""

    async def ask(self, operation: Operation) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body of the answer."""
        answer = await self.client.post(**operation.request())
        return (
            answer.status_code,
            [(k, v) for k, v in answer.headers.raw if k != b"date"],
            answer.content,
        )


@dataclass(slots=True)
class Base:
    """A world before it is split in two, with who will ask."""

    cluster: Cluster
    name: str
    asker: UUID
    token: str
    world: World
    audits: bool = False
    """Whether the asker is its organisation's privacy officer."""


@asynccontextmanager
async def connections(
    cluster: Cluster, name: str
) -> AsyncIterator[tuple[Connection, Connection, Connection]]:
    """Connections of the superuser, the owner and the serving role."""
    async with AsyncExitStack() as stack:
        made = []
        for role in ("superuser", "owner", "app"):
            connection = await asyncpg.connect(cluster.dsn(role, name))
            stack.push_async_callback(connection.close)
            made.append(connection)
        yield made[0], made[1], made[2]


async def copied(root: Connection, template: str, name: str) -> None:
    """A copy of a database to which nobody is connected."""
    await root.execute(
        f"create database {name} template {template} owner hub_owner strategy file_copy"
    )


async def make_base(cluster: Cluster, root: Connection, name: str, asker: str, seed: int) -> Base:
    """A world in which the asker sees others' records exactly, reduced, counted, and not at all."""
    rng = random.Random(seed)
    await copied(root, TEMPLATE, name)
    async with connections(cluster, name) as (superuser, owner, app):
        await superuser.execute(PREDICTABLE)
        world = await _scene(superuser, rng)
        play = Play(world, owner, app)
        who = await superuser.fetchval("select id from hub.organisations where slug = $1", asker)
        await _deliver_everything(superuser)
        await _fill(play, who, rng)
        await play.compare()
    return Base(cluster, name, who, cluster.tokens[TOKENS.get(asker, asker)], world)


async def _scene(superuser: Connection, rng: random.Random) -> World:
    """The model's view of the scene in the template: five partners, two wijken with their buurten."""
    ids = dict(await superuser.fetch("select slug, id from hub.organisations"))
    wijken = {}
    for code in WIJKEN:
        wijk = await superuser.fetchval(
            "select wijk from hub.wijk_versions where code = $1 and year = 2025", code
        )
        rows = await superuser.fetch(
            "select id from hub.buurten where wijk = $1 order by name", wijk
        )
        wijken[wijk] = tuple(row[0] for row in rows)
    partners = tuple(ids[slug] for slug in PARTNERS)
    works = {(partner, wijk) for partner in partners for wijk in wijken}
    await superuser.execute("update hub.organisations set invented = false")
    await superuser.executemany(
        "insert into hub.datasets (gemeente, owner, dataset, kind) values ($1, $2, 'meldingen', 'SIGNAL') on conflict do nothing",
        [(GEMEENTE, partner) for partner in partners],
    )
    await superuser.executemany(
        "insert into hub.datasets (gemeente, owner, dataset, kind, never_share) values ($1, $2, $3, 'SIGNAL', true)",
        [(GEMEENTE, partner, INNER) for partner in partners],
    )
    marked = {(partner, INNER) for partner in partners}
    return World(GEMEENTE, partners, wijken, works, NOW.date(), marked=marked)


async def _deliver_everything(superuser: Connection) -> None:
    """Every dataset was delivered today: further deliveries change nothing of what is told about lateness."""
    await superuser.execute(
        "insert into hub.deliveries (gemeente, owner, dataset, wijk, on_day) select d.gemeente, d.owner, d.dataset, w.wijk, $1"
        " from hub.datasets d join hub.organisation_wijken w on (w.gemeente, w.organisation) = (d.gemeente, d.owner)",
        NOW.date(),
    )


async def _fill(play: Play, asker: UUID, rng: random.Random) -> None:
    world = play.world
    others = [partner for partner in world.organisations if partner != asker]
    shapes = (
        ("EXACT", ("summary", "seenAt"), True),
        ("WIJK", ("subcategory",), True),
        ("BUURT", (), True),
        ("COUNT", (), True),
        ("EXACT", ("point", "subcategory"), False),
    )
    for number, (precision, fields, accepted) in enumerate(shapes):
        provider = others[number % len(others)]
        rules = (
            Rule(
                provider,
                asker,
                tuple(world.wijken),
                None if number < 3 else "NOISE",
                fields,
                precision,
                includes_past=rng.random() < 0.5,
            ),
            Rule(
                asker,
                provider,
                tuple(world.wijken),
                None,
                ("summary",),
                rng.choice(("EXACT", "WIJK")),
            ),
            Rule(
                provider,
                asker,
                tuple(world.wijken)[number % 2 :],
                None,
                ("title", "startsAt")[: number % 3],
                precision,
                includes_past=rng.random() < 0.5,
                kind="ACTIVITY",
            ),
            # what is agreed about one of the wijken of an activity, and how, differs from the other
            Rule(
                provider,
                asker,
                tuple(world.wijken)[:1],
                None,
                ("facility", "attendance"),
                rng.choice(("EXACT", "BUURT", "WIJK", "COUNT")),
                kind="ACTIVITY",
            ),
        )
        await _agree(play, f"base-{number}", (asker, provider), rules, accepted)
    # what the asker will see once it agrees to it, and nobody shows it yet
    waiting = (
        Rule(others[3], asker, tuple(world.wijken), WAITING, (), "EXACT", includes_past=True),
    )
    await _agree(play, "base-waiting", (asker, others[3]), waiting, accepted=False)
    for number in range(48):
        owner = rng.choice((asker, *others, *others))
        await play.create(random_record(world, rng, f"base-{number}", owner))
    await play.cut()


async def _agree(
    play: Play, name: str, parties: tuple[UUID, UUID], rules: tuple[Rule, ...], accepted: bool
) -> None:
    today = play.world.today
    made = Agreement(
        named("pair", name),
        tuple(sorted(parties)),
        today - timedelta(days=3),
        today + timedelta(days=90),
        rules,
    )
    await play.propose(parties[1], made)
    await play.decide(made.id, parties[1], "ACCEPT")
    if accepted:
        await play.decide(made.id, parties[0], "ACCEPT")


def random_record(world: World, rng: random.Random, name: str, owner: UUID) -> Record:
    """A record as anybody could have it: a signal, or an activity in one or both of the wijken."""
    wijken = rng.sample(list(world.wijken), rng.choice((1, 2)))
    day = world.today - timedelta(days=rng.randrange(3))
    caps = None
    if rng.random() < 0.3:
        receivers = rng.sample([one for one in world.organisations if one != owner], 2)
        caps = tuple(
            (one, Cap(rng.choice(("EXACT", "WIJK", "COUNT")), rng.random() < 0.5))
            for one in receivers
        )
    moment = datetime(
        day.year, day.month, day.day, rng.randrange(6, 20), rng.randrange(60), tzinfo=UTC
    )
    words = f"{rng.choice(WORDS)} {rng.randrange(10**6)}"
    common: dict[str, Any] = {
        "id": named("pair", "record", name),
        "owner": owner,
        "wijk": wijken[0],
        "category": rng.choice(CATEGORIES),
        "recorded_on": world.today,
        "external_id": f"{name}-{rng.randrange(10**6)}",
        "buurt": rng.choice((None, *world.wijken[wijken[0]])),
        "caps": caps,
        "dataset": INNER if _apart(name) < 0.15 else "meldingen",
    }
    if rng.random() < 0.4:
        return Activity(
            wijken=tuple(wijken),
            title=words,
            audience=rng.choice((None, "jongeren")),
            starts_at=moment,
            ends_at=rng.choice((None, moment + timedelta(hours=2))),
            facility=rng.choice((None, "plein")),
            attendance=rng.choice((None, rng.randrange(40))),
            **common,
        )
    return Signal(
        seen_at=moment,
        lon=4.49,
        lat=round(52.05 + rng.random() / 100, 6),
        status=rng.choice(("NEW", "DONE")),
        subcategory=rng.choice((None, "eigen soort")),
        summary=words,
        internal_note=f"notitie {rng.randrange(10**6)}",
        **common,
    )


# -- what the asker may not see -------------------------------------------------------------------------------------


def sight(world: World, asker: UUID) -> Any:
    """All that an asker sees, or would see if only one of its agreements were in force, whichever it is."""
    theirs = [one for one in world.agreements.values() if asker in one.parties]
    return [_seen(_with(world, kept), asker) for kept in (theirs, [], *([one] for one in theirs))]


def notices(before: World, after: World, asker: UUID) -> bool:
    """Whether an asker's sight of two worlds differs.

    A record or an item that is the very same in both is seen alike in both, as long as the asker's
    agreements are the same: only the others are looked at.
    """
    theirs = [
        [one for one in world.agreements.values() if asker in one.parties]
        for world in (before, after)
    ]
    if theirs[0] != theirs[1]:
        return True
    return bool(sight(_beside(before, after), asker) != sight(_beside(after, before), asker))


def _beside(world: World, other: World) -> World:
    """A world with what it has beside the other: its own records, and its items from the first that differs on, with those before that
    tell of records of which something has left since; all as after the next batch.
    """
    same = 0
    for one, another in zip(world.items, other.items, strict=False):
        if one is not another:
            break
        same += 1
    left = {
        item.record.id
        for item in (*world.items[same:], *other.items[same:])
        if isinstance(item, Item) and item.change == "WITHDRAWN"
    }
    before = [one for one in world.items[:same] if isinstance(one, Item) and one.record.id in left]
    records = {id_: one for id_, one in world.records.items() if other.records.get(id_) is not one}
    items = [_in_batch(one) for one in (*before, *world.items[same:])]
    return replace(world, records=records, items=items)


def _in_batch(one: Item | Announcement) -> Item | Announcement:
    return replace(one, batch=0) if isinstance(one, Item) and one.batch is None else one


def _with(world: World, kept: list[Agreement]) -> World:
    every = []
    for one in kept:
        words = [Decision(party, "ACCEPT", noon(world.today)) for party in one.parties]
        every.append(replace(one, decisions=one.decisions if len(kept) > 1 else words))
    return replace(world, agreements={one.id: one for one in every})


def _seen(world: World, asker: UUID) -> Any:
    rows = [
        sorted(world.rows(asker, Record, wijk), key=lambda row: row["id"])
        for wijk in (None, *world.wijken)
    ]
    feeds = [
        [[told(item) for item in stream] for stream in world.feed(asker, wijk)]
        for wijk in world.wijken
    ]
    return (
        rows,
        feeds,
        [world.shown_as(one) for one in world.records.values() if one.owner == asker],
    )


async def hidden_changes(
    side: Side, asker: UUID, rng: random.Random, count: int, name: str
) -> list[str]:
    """Changes at will what the asker may not see, and returns ids of records and agreements that it might guess."""
    play, guesses = side.play, []
    for number in range(count):
        change = _draw(play.world, asker, rng, f"{name}-{number}")
        tried = _copy(play.world)
        change_model(tried, change)
        if not notices(play.world, tried, asker):
            guesses += await _carry_out(play, change)
    await _noise(side, asker, rng, name)
    guesses += await _counts(play, asker, rng, name)
    return guesses


MISTAKES = 6
WAITING = "GREEN"
"""The category of the signals that the asker can agree to see, of a partner that shows it nothing yet."""

AGREES_AT = 3
"""The step at which it does, in every other pair of worlds."""

AGREE = """mutation($id: ID!) { acceptAgreement(input: { id: $id, version: 1 }) {
  agreement { state } errors { code } } }"""


def agreeing() -> Operation:
    """The asker agrees to what it is waited for."""
    id_ = global_id("Agreement", named("pair", "base-waiting"))
    return Operation(AGREE, {"id": id_}, {"Accept": "application/json"})


async def hidden_mistakes(side: Side, asker: UUID, rng: random.Random, name: str) -> list[str]:
    """Others record what the asker may not see, and withdraw it: it is nobody's to hear of, whatever is agreed later.

    Only before the asker has done anything: the model does not know what it agrees to by itself.
    """
    play, guesses = side.play, []
    others = [partner for partner in play.world.organisations if partner != asker]
    for number in range(MISTAKES):
        made = random_record(play.world, rng, f"{name}-mistake-{number}", rng.choice(others))
        if number % 2 and isinstance(made, Signal):
            made = replace(made, owner=others[3], category=WAITING, caps=None, dataset="meldingen")
        tried = _copy(play.world)
        change_model(tried, ("mistake", made, None))
        if not notices(play.world, tried, asker):
            guesses += await _carry_out(play, ("mistake", made, None))
    return guesses


def _copy(world: World) -> World:
    """A world that can go its own way: what it holds is never changed, but replaced."""
    return replace(
        world,
        records=dict(world.records),
        agreements=dict(world.agreements),
        items=list(world.items),
    )


Change = tuple[str, Any, Any]


def _draw(world: World, asker: UUID, rng: random.Random, name: str) -> Change:
    others = [partner for partner in world.organisations if partner != asker]
    theirs = [one for one in world.records.values() if one.owner != asker]
    kind = rng.choice(
        ("create", "create", "change", "change", "change", "change", "withdraw", "agree")
    )
    if kind == "create":
        return "create", random_record(world, rng, name, rng.choice(others)), None
    if kind == "agree":
        provider, receiver = rng.sample(others, 2)
        made = [
            Rule(
                *(provider, receiver, tuple(world.wijken), None),
                tuple(sorted(name for name, known in one.FIELDS.items() if known.listed)),
                includes_past=True,
                kind=one.KIND,
            )
            for one in KINDS
        ]
        agreement = Agreement(
            named("pair", name),
            tuple(sorted((provider, receiver))),
            world.today,
            world.today + timedelta(days=9),
            tuple(made),
        )
        return "agree", agreement, provider
    picked = rng.choice(theirs)
    if kind == "withdraw":
        return "withdraw", picked.id, None
    if _apart(name) < 0.15:
        return "change", picked.id, {"dataset": "meldingen" if picked.kept else INNER}
    if isinstance(picked, Activity):
        return "change", picked.id, _anew(world, picked, rng, name)
    assert isinstance(picked, Signal)
    day = picked.seen_at
    values: dict[str, Any] = rng.choice(
        (
            {"summary": f"anders {rng.randrange(10**6)}"},
            {"summary": f"anders {rng.randrange(10**6)}"},
            {"internal_note": f"anders {rng.randrange(10**6)}"},
            {"lat": round(52.05 + rng.random() / 100, 6)},
            {"seen_at": day.replace(hour=rng.randrange(6, 20))},
            {"buurt": rng.choice((None, *world.wijken[picked.wijk]))},
            {"subcategory": f"soort {rng.randrange(9)}"},
            {"external_id": f"ander-{name}"},
            {"category": rng.choice(CATEGORIES)},
        )
    )
    return "change", picked.id, values


def _apart(name: str) -> float:
    """A number of its own for a name: what it decides shifts nothing else that is drawn."""
    return random.Random(f"apart/{name}").random()


def _anew(world: World, one: Activity, rng: random.Random, name: str) -> dict[str, Any]:
    """Something else about an activity."""
    wijken = tuple(rng.sample(list(world.wijken), rng.choice((1, 2))))
    begins = one.starts_at.replace(hour=rng.randrange(6, 20))
    choices: tuple[dict[str, Any], ...] = (
        {"title": f"anders {rng.randrange(10**6)}"},
        {"title": f"anders {rng.randrange(10**6)}"},
        {"audience": f"anders {rng.randrange(10**6)}"},
        {"facility": f"anders {rng.randrange(10**6)}"},
        {"attendance": rng.randrange(99)},
        {"starts_at": begins, "ends_at": None},
        {"external_id": f"ander-{name}"},
        {"category": rng.choice(CATEGORIES)},
        {"buurt": rng.choice((None, *world.wijken[one.wijk]))},
        {"wijken": wijken, "wijk": wijken[0], "buurt": None},
    )
    return rng.choice(choices)


def change_model(world: World, change: Change) -> None:
    """A change in the model alone."""
    kind, what, more = change
    if kind in ("create", "mistake"):
        world.create(what)
        if kind == "mistake":
            world.withdraw(what.id)
    elif kind == "withdraw":
        world.withdraw(what)
    elif kind == "change":
        world.change(what, more)
    else:
        accepted = [Decision(party, "ACCEPT", noon(world.today)) for party in what.parties]
        world.agreements[what.id] = replace(what, decisions=accepted)
        world.announce(what.id)


async def _carry_out(play: Play, change: Change) -> list[str]:
    kind, what, more = change
    if kind in ("create", "mistake"):
        await play.create(what)
        if kind == "mistake":
            await play.withdraw(what.id)
        return [global_id(type(what).__name__, what.id)]
    if kind == "withdraw":
        typename = type(play.world.records[what]).__name__
        await play.withdraw(what)
        return [global_id(typename, what)]
    if kind == "change":
        await play.change(what, more)
        return []
    await play.propose(more, what)
    for party in what.parties:
        await play.decide(what.id, party, "ACCEPT")
    return [global_id("Agreement", what.id)]


COUNT = """insert into hub.counts (id, dataset, external_id, wijk, buurt, measure, period, count)
  select $1, 'meldingen', $2, $3::uuid, $4, 'jeugdoverlast', '2026-W48', $5
  where not exists (select from hub.counts c where c.id = $1 or c.external_id = $2 or c.wijk = $3)"""


async def _counts(play: Play, asker: UUID, rng: random.Random, name: str) -> list[str]:
    """Counts that others give, correct and withdraw, whatever is agreed: they are nobody's but theirs."""
    guesses = []
    for organisation in play.world.organisations:
        if organisation == asker:
            continue
        async with as_asker(play.app, play.world.gemeente, organisation):
            for number in range(rng.randrange(4)):
                wijk = rng.choice(list(play.world.wijken))
                buurt = rng.choice((None, *play.world.wijken[wijk]))
                made = named("pair", "count", name, organisation, number)
                await play.app.execute(
                    COUNT, made, rng.choice(SAME_NUMBERS), wijk, buurt, rng.randrange(100)
                )
                guesses.append(global_id("CountRecord", made))
            await play.app.execute(
                "update hub.counts set count = count + $1, version = version + 1 where count % 3 = 0",
                rng.randrange(1, 9),
            )
            await play.app.execute("delete from hub.counts where count % 7 = $1", rng.randrange(7))
    return guesses


async def _noise(side: Side, asker: UUID, rng: random.Random, name: str) -> None:
    """What others leave behind: what they read, and receipts, keys, tombstones, lists and tokens, under keys that the asker uses too."""
    play = side.play
    await _reads(play, asker, rng, alike=side.audits)
    for organisation in play.world.organisations:
        if organisation == asker:
            continue
        async with as_asker(play.app, play.world.gemeente, organisation):
            for _ in range(rng.randrange(3)):
                await play.app.execute(
                    "insert into hub.idempotency_keys (key, operation, digest, result) values ($1, 'pushSignals', 'x', gen_random_uuid())"
                    " on conflict do nothing",
                    rng.choice(SAME_KEYS),
                )
                await play.app.execute(
                    "insert into hub.sheet_mappings (dataset, kind, mapping) select $1, 'SIGNAL', $2::jsonb where not hub.keeps_codes_only()"
                    " on conflict do nothing",
                    rng.choice(("meldingen", "nieuw")),
                    '{"Stand": "status", "Zaak": "externalId"}',
                )
                await play.app.execute(
                    "with made as (insert into hub.receipts (id, dataset, kind, mode, dry_run, summary)"
                    "   values (gen_random_uuid(), 'meldingen', 'SIGNAL', 'UPSERT', true, '[]') returning id)"
                    " insert into hub.dry_runs (receipt, kind, delivery, rows) select id, 'SIGNAL', '{}', '[]' from made"
                )
                await play.app.execute(
                    "insert into hub.tombstones (kind, id, dataset, external_id, reason) values ('SIGNAL', gen_random_uuid(), 'meldingen', $1, 'x')",
                    rng.choice(SAME_NUMBERS),
                )
                await play.app.execute(
                    "with made as (insert into hub.datasets (dataset, kind, never_share) values ($1, 'SIGNAL', true) on conflict do nothing)"
                    " insert into hub.deliveries (dataset, wijk) select $1, o.wijk from hub.organisation_wijken o"
                    " where o.organisation = hub.asker() on conflict do nothing",
                    f"geheim-{int(3 * _apart(f'{name}/{organisation}'))}",
                )
                await play.app.execute(
                    "insert into hub.list_parts (dataset, key, part, parts, complete, external_ids) values ('meldingen', $1, 1, 2, true, '{}')"
                    " on conflict do nothing",
                    rng.choice(SAME_KEYS),
                )
        await play.owner.execute(
            "insert into hub.tokens (gemeente, organisation, name, digest, expires_at) values ($1, $2, $3, sha256($4), hub.now() + interval '1 day')",
            *(
                play.world.gemeente,
                organisation,
                f"token-{rng.randrange(99)}",
                f"{name}{organisation}{rng.random()}".encode(),
            ),
        )


READS_OF_THE_ASKERS = 6


async def _reads(play: Play, asker: UUID, rng: random.Random, *, alike: bool) -> None:
    """Everybody reads: of the asker's records as many in both worlds, in requests of any size or, for who sees each, `alike`; of
    others' any number. Under any name, in any order.
    """
    lines = []
    for agreement in play.world.agreements.values():
        for rule in agreement.rules:
            total = READS_OF_THE_ASKERS if rule.provider == asker else rng.randrange(9)
            while total > 0:
                part = total if alike and rule.provider == asker else rng.randint(1, total)
                total -= part
                read = Read(rule.provider, agreement.id, part, ("seenAt",))
                lines.append((rule.receiver, read))
    rng.shuffle(lines)
    for reader, line in lines:
        if reader != asker:
            async with as_asker(play.app, play.world.gemeente, reader):
                actor = f"iemand-{rng.randrange(9)}"
                await play.app.execute("select set_config('hub.actor', $1, true)", actor)
                operation = "Lezen" if alike and line.owner == asker else actor
                await play.app.fetch(LOG_READS, *log_reads(operation, line))


# What a document may ask is another matter (tests/door): here it may be as large as it comes.
WITHOUT_END = replace(
    Settings().limits,
    rate_burst=10**10,
    cost=10**9,
    fields=10**6,
    tokens=10**6,
    aliases=10**6,
    depth=40,
    list_depth=40,
)

DOORS = ("shared_signals_newest", "shared_signals_oldest", "shared_signals_by_id")
DOORS_OF_SEVERAL = tuple(door.replace("signals", "activities") for door in DOORS)
SUMMARY = "case when g.rank >= 1 and 'summary' = any (g.fields) then s.summary end"
TITLE = SUMMARY.replace("summary", "title")


# -- the same session in both ---------------------------------------------------------------------------------------


@asynccontextmanager
async def a_pair(
    base: Base,
    root: Connection,
    seed: int,
    plant: Plant | None = None,
    *,
    planned: tuple[bool, bool] = (True, True),
    documents: tuple[Documents, Documents] | None = None,
) -> AsyncIterator[tuple[Side, Side]]:
    """Two copies of a base with a hub over each, which carries out operations by plans or not, and
    has `documents`, by default none yet; `plant` puts a fault in both.
    """
    async with AsyncExitStack() as stack:
        sides = []
        known = documents or of_a_pair(WITHOUT_END)
        for variant, (by_plan, own) in enumerate(zip(planned, known, strict=True), 1):
            name = f"{base.name}_{variant}"
            await copied(root, base.name, name)
            stack.push_async_callback(root.execute, f"drop database if exists {name} with (force)")
            sides.append(await _side(base, name, seed, stack, plant, own, planned=by_plan))
        yield sides[0], sides[1]


async def _side(
    base: Base,
    name: str,
    seed: int,
    stack: AsyncExitStack,
    plant: Plant | None,
    documents: Documents,
    *,
    planned: bool,
) -> Side:
    superuser, owner, app = await stack.enter_async_context(connections(base.cluster, name))
    if plant is not None:
        await plant(superuser)
    database = await Database.open(base.cluster.dsn("app", name), size=2)
    stack.push_async_callback(database.close)
    errors = iter(range(10**6))
    application = create_app(
        replace(Settings(), limits=WITHOUT_END, production=False),
        database,
        ids=IdSource(random.Random(seed).randbytes),
        clock=lambda: 0.0,
        documents=ForAll(documents),
        planned=planned,
        new_error_id=lambda: f"{next(errors):016}",
        random_bytes=random.Random(f"traces {seed}").randbytes,
    )
    transport = httpx.ASGITransport(app=application)
    client = httpx.AsyncClient(
        transport=transport,
        base_url="http://hub",
        headers={"Authorization": f"Bearer {base.token}"},
    )
    await stack.enter_async_context(client)
    play = Play(copy.deepcopy(base.world), owner, app)
    return Side(play, application, client, documents, superuser, base.audits)


def memory_of(base: Base, guesses: list[str]) -> Memory:
    """What the asker starts from."""
    world = base.world
    return Memory(
        own_dataset="meldingen",
        wijken=[*WIJKEN * 3, "WK063700"],
        wijk_ids=[global_id("Wijk", wijk) for wijk in world.wijken],
        buurten=[global_id("Buurt", buurt) for some in world.wijken.values() for buurt in some],
        organisations=[global_id("Organisation", one) for one in world.organisations],
        guesses=[*guesses, "x", global_id("Signal", UUID(int=5))],
        keys=[*SAME_KEYS, "sleutel-van-mij-1", "sleutel-van-mij-2"],
        external_ids=list(SAME_NUMBERS),
        words=["lamp", "anders", "anders", "notitie"],
        days=["2026-11-23", "2026-11-21", "2026-12-31"],
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the two worlds could be told apart."""

    operation: Operation
    answers: tuple[Any, Any]

    def __str__(self) -> str:
        first, second = (repr(answer) for answer in self.answers)
        place = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
        shown = [text[max(0, place - 150) : place + 150] for text in (first, second)]
        return (
            f"{self.operation.query[:400]} {self.operation.variables}\n  {shown[0]}\n  {shown[1]}"
        )


Ask = Callable[[random.Random, Memory], Operation]


def anything(rng: random.Random, memory: Memory) -> Operation:
    """An operation that nobody asked before."""
    return Asking(rng, memory).operation()


async def session(
    base: Base,
    sides: tuple[Side, Side],
    seed: int,
    steps: int,
    covered: Covered,
    ask: Ask = anything,
    *,
    begins: bool = False,
) -> tuple[Difference | None, int]:
    """The first difference in a random session of the asker, and how many answers were not empty; what they tell is noted.

    `begins`: the asker has not done anything yet in these worlds.
    """
    rng = random.Random(seed)
    hidden = [random.Random(f"{seed}-{variant}") for variant in (1, 2)]
    guesses: list[str] = []
    for side, own in zip(sides, hidden, strict=True):
        if begins:
            guesses += await hidden_mistakes(side, base.asker, own, f"{seed}")
        guesses += await hidden_changes(side, base.asker, own, 12, f"{seed}")
    memory = memory_of(base, sorted(guesses))
    told_something = 0
    for step in range(steps):
        if step % 6 == 5:
            for side, own in zip(sides, hidden, strict=True):
                await hidden_changes(side, base.asker, own, 2, f"{seed}-{step}")
        if step % 5 == 2:  # what others do is the same in both worlds, too
            others = [one for one in base.world.organisations if one != base.asker]
            record = random_record(
                sides[0].play.world, rng, f"both-{seed}-{step}", rng.choice(others)
            )
            for side in sides:
                await side.play.create(record)
        if step % 8 == 7:
            await settle(sides)
        agrees = begins and step == AGREES_AT and _apart(f"{seed} agrees") < 0.5
        operation = agreeing() if agrees else ask(rng, memory)
        answers = [await side.ask(operation) for side in sides]
        if answers[0] != answers[1]:
            return Difference(operation, (answers[0], answers[1])), told_something
        body = orjson.loads(answers[0][2])
        memory.learn(body.get("data"))
        if body.get("data"):
            covered.note(sides[0].documents.accept(operation.query).document, body["data"])
        told_something += bool(body.get("data"))
    return None, told_something


async def retained(side: Side, days: int, batches: int) -> int:
    """Retention as if so many days had passed, at most so many batches for each term; how many rows went."""
    play, real = side.play, side.play.world.today
    gone = 0
    await _at(play, real + timedelta(days=days))
    terms = "select kind, state from hub.retention_terms($1) order by place, kind, state"
    for term in await play.owner.fetch(terms, GEMEENTE):
        for _ in range(batches):
            done = await play.owner.fetchval(
                "select hub.retain($1, $2, $3, 4)", GEMEENTE, term["kind"], term["state"]
            )
            gone += done
            if not done:
                break
    await _at(play, real)
    return gone


async def _at(play: Play, day: date) -> None:
    play.world.today = day
    await play.owner.execute("update hub.clock set frozen_at = $1", noon(day))


async def session_after_retention(
    base: Base, sides: tuple[Side, Side], seed: int, steps: int, *, batches: int
) -> Difference | None:
    """As `session`, of worlds in which retention ran after they were changed; it took away much of both."""
    rng = random.Random(seed)
    guesses: list[str] = []
    for variant, side in enumerate(sides):
        own = random.Random(f"{seed}-{variant}")
        guesses += await hidden_changes(side, base.asker, own, 12, f"{seed}")
        assert await retained(side, 400, batches) > 0
    await settle(sides)
    memory = memory_of(base, sorted(guesses))
    for _ in range(steps):
        operation = anything(rng, memory)
        answers = [await side.ask(operation) for side in sides]
        if answers[0] != answers[1]:
            return Difference(operation, (answers[0], answers[1]))
        memory.learn(orjson.loads(answers[0][2]).get("data"))
    return None


async def rewrite(superuser: Connection, names: tuple[str, ...], old: str, new: str) -> None:
    """Puts a fault in functions: `new` where `old` stands."""
    for name in names:
        body = await superuser.fetchval(
            "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'hub'::regnamespace and proname = $1",
            name,
        )
        assert old in body, f"{old!r} does not stand in hub.{name}"
        await superuser.execute(body.replace(old, new))


async def settle(sides: tuple[Side, Side]) -> None:
    """A new batch of the feed in both worlds: on the next day, to which the clocks go on together."""
    for side in sides:
        await side.play.pass_days(1)
        await side.play.cut()


__all__ = [
    "DOORS",
    "DOORS_OF_SEVERAL",
    "SUMMARY",
    "TITLE",
    "Base",
    "Difference",
    "Plant",
    "a_pair",
    "make_base",
    "rewrite",
    "session",
    "session_after_retention",
]
