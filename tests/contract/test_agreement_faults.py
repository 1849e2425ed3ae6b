# SPDX-License-Identifier: EUPL-1.2
"""Faults that systems elsewhere had with sharing, each tried here: terms changed by sharing again,
records that nobody can read, what hangs on a record left behind, an agreement that gives more than
its giver has, an end that is seen late.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import asyncpg
import pytest
from starlette.datastructures import Headers

from hub.app import create_app
from hub.identity.tokens import TokenAdapter
from hub.settings import Settings
from schema.ids import decode_as
from sql.errors import Unavailable
from sql.session import Database
from tests.conftest import World
from tests.contract.agreeing import agree, decide, organisation, propose, rule, try_to_propose
from tests.contract.test_agreement_versions import A, B, C, day, report, seen
from tests.isolation.play import as_asker
from tests.partner import Partner

pytestmark = pytest.mark.anyio

OWN = """query($id: ID!) { node(id: $id) { ... on Signal {
  precision agreement { title } hidden summary internalNote version
  history { nodes { change } } wijk { code } } } }"""
REPORT = """mutation($in: ReportSignalInput!) { reportSignal(input: $in) {
  signal { id version } errors { code } } }"""
ACTIVITY = """mutation($in: ReportActivityInput!) { reportActivity(input: $in) {
  activity { id } errors { code } } }"""
FEED = """query($wijk: String!) { wijk(code: $wijk) {
  feed { nodes { change recordId record { id } } }
  activities { nodes { id wijken { code } } }
  signals { total nodes { id history { nodes { change } } } } } }"""
WHOLE = {"precision": "EXACT", "fields": ["summary", "point", "seenAt"]}
NORTH, SOUTH = "WK063711", "WK063708"
"""Oosterheem and Seghwaert."""


async def signal(world: World, token: str, key: str, **more: Any) -> str:
    """The id of a signal with a text."""
    given = {
        "idempotencyKey": key,
        "wijk": NORTH,
        "category": "NOISE",
        "seenAt": "2026-11-22T21:00:00+01:00",
        "summary": "lawaai in het portiek",
        **more,
    }
    done = (await world.partner(token).ask(REPORT, {"in": given}))["reportSignal"]
    assert done["errors"] == []
    id_: str = done["signal"]["id"]
    return id_


async def as_read(world: World, token: str, record: str) -> dict[str, Any] | None:
    """A record by its id, as a partner reads it."""
    found: dict[str, Any] | None = (await world.partner(token).ask(OWN, {"id": record}))["node"]
    return found


# -- terms changed by sharing again


async def test_sharing_again_changes_no_terms_until_every_party_accepts(world: World) -> None:
    record = await signal(world, A, "een-melding")
    old = await agree(world, [await rule(world, A, B)], A, B, title="Oud")
    before = await as_read(world, B, record)
    assert before is not None
    assert (before["precision"], before["summary"]) == ("BUURT", None)
    more = await rule(world, A, B, **WHOLE, includesPast=True)
    # what the receiver proposes is nothing until the owner accepts: a version, or one beside it
    term = {"from": "2026-11-01", "idempotencyKey": "meer-in-een-versie", "replaces": old[0]}
    version = await propose(world, B, [more], title="Meer", **term)
    another = await propose(world, B, [more], title="Ook meer", idempotencyKey="meer-ernaast")
    assert await as_read(world, B, record) == before
    await decide(world, A, "reject", version)
    await decide(world, A, "reject", another)
    assert await as_read(world, B, record) == before


async def test_a_second_agreement_that_shows_less_or_ends_takes_nothing_from_the_first(
    world: World,
) -> None:
    record = await signal(world, A, "een-melding")
    await agree(world, [await rule(world, A, B)], A, B, title="Oud")
    before = await as_read(world, B, record)
    less = [await rule(world, A, B, precision="WIJK", fields=["summary"])]
    second = await agree(world, less, A, B, title="Minder", idempotencyKey="minder-ernaast")
    assert await as_read(world, B, record) == before  # one agreement, whole: no field of the other
    await decide(world, B, "revoke", second)
    assert await as_read(world, B, record) == before


async def test_the_writers_cap_holds_under_every_later_version_and_agreement(world: World) -> None:
    old = await agree(world, [await rule(world, A, B, **WHOLE)], A, B)
    cap = {"organisation": await organisation(world, B), "precision": "WIJK", "withSummary": False}
    record = await signal(world, A, "met-een-grens", shareAt=[cap])
    capped = await as_read(world, B, record)
    assert capped is not None
    assert (capped["precision"], capped["summary"]) == ("WIJK", None)
    await agree(
        world,
        [await rule(world, A, B, **WHOLE, includesPast=True)],
        A,
        B,
        **{"idempotencyKey": "de-tweede-versie", "replaces": old[0]},
    )
    wide = [await rule(world, A, who, **WHOLE, includesPast=True) for who in (B, C)]
    await agree(world, wide, A, B, C, idempotencyKey="nog-een-convenant")
    later = await as_read(world, B, record)
    assert later is not None
    assert (later["precision"], later["summary"]) == ("WIJK", None)
    assert (
        await as_read(world, C, record) is None
    )  # left out of the list: nothing, whatever is agreed


# -- a record that nobody can read


async def test_its_owner_reads_a_record_whole_whatever_becomes_of_agreements(world: World) -> None:
    record = await signal(world, A, "een-melding", internalNote="voor onszelf")
    whole = await as_read(world, A, record)
    assert whole is not None
    assert (whole["precision"], whole["summary"]) == ("EXACT", "lawaai in het portiek")
    assert (whole["internalNote"], whole["hidden"]) == ("voor onszelf", [])
    old = await agree(world, [await rule(world, A, B)], A, B)
    given = {"idempotencyKey": "de-tweede-versie", "replaces": old[0]}
    new = await agree(world, [await rule(world, A, B, wijken=[SOUTH])], A, B, **given)
    assert (await as_read(world, A, record), await as_read(world, B, record)) == (whole, None)
    async with world.connect("app") as by_hand:
        me = decode_as("Organisation", await organisation(world, A))
        async with as_asker(by_hand, "GM0637", me):
            await by_hand.execute(
                "update hub.signals set version = version + 1, wijk = (select v.wijk"
                " from hub.wijk_versions v where v.code = $1"
                " order by v.year desc limit 1)",
                SOUTH,
            )
    after = await as_read(world, A, record)
    assert after is not None
    assert (after["wijk"], after["summary"]) == ({"code": SOUTH}, whole["summary"])
    assert await as_read(world, B, record) is not None  # met where it is now
    await decide(world, A, "revoke", new)
    assert (await as_read(world, A, record), await as_read(world, B, record)) == (after, None)


# -- what hangs on a record


async def test_what_hangs_on_a_record_goes_with_the_right_to_see_it(world: World) -> None:
    rules = [
        await rule(world, A, B, **WHOLE),
        await rule(world, A, B, kind="ACTIVITY", precision="EXACT", wijken=[NORTH]),
    ]
    old = await agree(world, rules, A, B)
    await signal(world, A, "een-melding")
    fete = {
        "idempotencyKey": "een-activiteit",
        "wijken": [NORTH, SOUTH],
        "category": "SOCIAL_CONTACT",
        "title": "Straatfeest",
        "startsAt": "2026-12-10T19:30:00+01:00",
    }
    done = (await world.partner(A).ask(ACTIVITY, {"in": fete}))["reportActivity"]
    assert done["errors"] == []
    ask = {"wijk": NORTH}
    before = (await world.partner(B).ask(FEED, ask))["wijk"]
    assert [one["change"] for one in before["feed"]["nodes"]].count("CREATED") == 2
    assert len(before["activities"]["nodes"][0]["wijken"]) == 2
    assert before["signals"]["nodes"][0]["history"] is None  # the owner's alone, also while shared
    given = {"idempotencyKey": "zonder-activiteiten", "replaces": old[0]}
    new = await agree(world, rules[:1], A, B, **given)
    then = (await world.partner(B).ask(FEED, ask))["wijk"]
    assert then["activities"]["nodes"] == []
    assert [one["change"] for one in then["feed"]["nodes"]].count("CREATED") == 1
    await decide(world, B, "revoke", new)
    for wijk in (NORTH, SOUTH):
        after = (await world.partner(B).ask(FEED, {"wijk": wijk}))["wijk"]
        assert (after["signals"], after["activities"]["nodes"]) == ({"total": 0, "nodes": []}, [])
        assert all(one["recordId"] is None for one in after["feed"]["nodes"])


# -- more than the giver has


async def test_what_is_anothers_cannot_be_given_away(world: World) -> None:
    record = await signal(world, C, "een-melding")
    # B as provider of what is C's: its own slice is all that a rule of B reaches
    await agree(world, [await rule(world, B, A, **WHOLE, includesPast=True)], B, A)
    assert await as_read(world, A, record) is None
    alone = await try_to_propose(
        world, A, [await rule(world, C, A)], idempotencyKey="in-naam-van-een-ander"
    )
    assert alone["errors"] == []  # nothing but a proposal until C itself accepts
    assert await as_read(world, A, record) is None


async def test_a_receiver_passes_nothing_on(world: World) -> None:
    record = await signal(world, A, "een-melding")
    await agree(world, [await rule(world, A, B, **WHOLE, includesPast=True)], A, B)
    assert await as_read(world, B, record) is not None
    onward = [await rule(world, B, C, **WHOLE, includesPast=True)]
    await agree(world, onward, B, C, idempotencyKey="doorgeven-aan-c")
    assert await as_read(world, C, record) is None


async def test_a_record_with_the_id_of_anothers_tells_its_owner_nothing_of_that_one(
    world: World,
) -> None:
    record = decode_as("Signal", await signal(world, A, "een-melding"))
    await agree(world, [await rule(world, A, B, **WHOLE, includesPast=True)], A, B)
    await signal(world, C, "ook-een-melding")
    await agree(world, [await rule(world, C, B, includesPast=True)], C, B)
    thief = decode_as("Organisation", await organisation(world, C))
    async with world.connect("app") as app, as_asker(app, "GM0637", thief):
        await app.execute(
            "insert into hub.signals (id, dataset, wijk, category, seen_at) select $1, s.dataset,"
            " s.wijk, s.category, s.seen_at from hub.signals s",
            record,
        )
        shown = await app.fetch("select * from hub.shown_as('SIGNAL', $1)", record)
    assert [row["precision"] for row in shown] == ["BUURT"]  # its own alone, and not A's at EXACT


async def test_a_rule_about_a_wijk_where_its_provider_does_not_work_gives_nothing(
    world: World,
) -> None:
    places = "{ wijken { code } me { wijken { code } } }"
    known = await world.partner(C).ask(places)
    works = {wijk["code"] for wijk in known["me"]["wijken"]}
    elsewhere = next(wijk["code"] for wijk in known["wijken"] if wijk["code"] not in works)
    await agree(world, [await rule(world, C, B, wijken=[elsewhere], **WHOLE)], C, B)
    given = {
        "idempotencyKey": "buiten-het-werkgebied",
        "wijk": elsewhere,
        "category": "NOISE",
        "seenAt": "2026-11-22T21:00:00+01:00",
    }
    done = (await world.partner(C).ask(REPORT, {"in": given}))["reportSignal"]
    assert [error["code"] for error in done["errors"]] == ["NOT_YOUR_WIJK"]


@pytest.mark.parametrize("field", ["internalNote", "sourceId", "version"])
async def test_what_is_the_owners_alone_cannot_be_listed_and_would_not_be_shown(
    world: World, field: str
) -> None:
    record = await signal(world, A, "een-melding", internalNote="voor onszelf")
    rules = [await rule(world, A, B, precision="EXACT", fields=[field])]
    refused = await try_to_propose(world, A, rules)
    assert [error["code"] for error in refused["errors"]] == ["BAD_RULE"]
    # a rule that was written past the hub shows it no more
    good = await rule(world, A, B, precision="EXACT", includesPast=True)
    await agree(world, [good], A, B)
    async with world.connect("superuser") as root:
        await root.execute("update hub.agreement_rules set fields = array[$1]", field)
        await root.execute(
            "select hub.compile_grants('GM0637', null, (select id from hub.agreements))"
        )
    found = await as_read(world, B, record)
    assert found is not None
    assert (found["internalNote"], found["version"], found["history"]) == (None, None, None)


# -- an end that is seen late


@pytest.fixture
async def second(world: World) -> AsyncIterator[Partner]:
    """B over another hub with a pool of its own over the same database."""
    database = await Database.open(world.dsn("app"), size=2)
    try:
        yield Partner(create_app(Settings(), database), world.cluster.tokens[B])
    finally:
        await database.close()


async def test_a_revocation_is_seen_by_the_next_request_at_every_hub(
    world: World, second: Partner
) -> None:
    record = await signal(world, A, "een-melding")
    agreement = await agree(world, [await rule(world, A, B, includesPast=True)], A, B)
    partners = (world.partner(B), second)
    for partner in partners:
        assert (await partner.ask(OWN, {"id": record}))["node"] is not None
        assert (await partner.ask(FEED, {"wijk": NORTH}))["wijk"]["signals"]["total"] == 1
    await decide(world, A, "revoke", agreement)
    as_seen = """query($b: ID!) { mySlice { asSeenBy(organisation: $b) {
      agreements { title } signals { total nodes { id } } } } }"""
    for partner in partners:
        assert (await partner.ask(OWN, {"id": record}))["node"] is None
        state = (await partner.ask(FEED, {"wijk": NORTH}))["wijk"]
        assert state["signals"] == {"total": 0, "nodes": []}
        told = [one["change"] for one in state["feed"]["nodes"]]
        assert told == ["AGREEMENT_STARTED", "AGREEMENT_ENDED"]
    slice_ = (await world.partner(A).ask(as_seen, {"b": await organisation(world, B)}))["mySlice"]
    assert slice_["asSeenBy"] == {"agreements": [], "signals": {"total": 0, "nodes": []}}


@pytest.mark.parametrize("alone", [True, False], ids=["one trip", "a transaction"])
@pytest.mark.parametrize(("seconds", "answers"), [(0.4, True), (0.6, False)])
async def test_a_read_that_was_under_way_is_given_for_no_longer_than_a_moment(
    world: World, seconds: float, answers: bool, alone: bool
) -> None:
    record = decode_as("Signal", await signal(world, A, "een-melding"))
    agreement = await agree(world, [await rule(world, A, B, includesPast=True)], A, B)
    now = 0.0
    database = await Database.open(world.dsn("app"), size=2, clock=lambda: now)
    headers = Headers({"authorization": f"Bearer {world.cluster.tokens[B]}"})
    principal = await TokenAdapter(database)(headers)
    try:
        with nullcontext() if answers else pytest.raises(Unavailable):
            async with database.session(principal) as session:
                session.alone = alone
                rows = await session.fetch("signals_by_id", [record])
                session.tally("SIGNAL", rows)
                assert len(rows) == 1
                await decide(world, A, "revoke", agreement)
                now = seconds
    finally:
        await database.close()


async def test_a_long_read_is_given_when_nothing_ended_meanwhile(world: World) -> None:
    record = await signal(world, A, "een-melding")
    await agree(world, [await rule(world, A, B, includesPast=True)], A, B)
    moments = itertools.count(step=9)
    database = await Database.open(world.dsn("app"), size=2, clock=lambda: next(moments))
    try:
        slow = Partner(create_app(Settings(), database), world.cluster.tokens[B])
        assert (await slow.ask(OWN, {"id": record}))["node"] is not None
    finally:
        await database.close()


async def test_the_end_of_a_term_is_seen_at_every_hub_without_anyone_acting(
    world: World, second: Partner
) -> None:
    record = await signal(world, A, "een-melding")
    await agree(
        world, [await rule(world, A, B, includesPast=True)], A, B, **{"until": "2026-11-25"}
    )
    assert (await second.ask(OWN, {"id": record}))["node"] is not None
    await day(world, 11, 26)
    for partner in (world.partner(B), second):
        assert (await partner.ask(OWN, {"id": record}))["node"] is None
        assert await seen(world, B) == []
    assert await report(world, A)


async def test_of_two_next_versions_at_the_same_moment_one_is_proposed(world: World) -> None:
    agreement = await agree(world, [await rule(world, A, B)], A, B)
    a, b = [decode_as("Organisation", await organisation(world, who)) for who in (A, B)]
    id_ = decode_as("Agreement", agreement[0])
    insert = """insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from,
      valid_until, parties) values ($1, 'T', 'D', 'G', 'C', '2026-11-01', '2027-12-01', $2)
      returning version"""

    async def next_version(asker: Any) -> str:
        async with world.connect("app") as by_hand:
            try:
                async with as_asker(by_hand, "GM0637", asker):
                    return str(await by_hand.fetchval(insert, id_, [a, b]))
            except asyncpg.PostgresError as error:
                return str(error.sqlstate)

    assert sorted(await asyncio.gather(next_version(a), next_version(b))) == ["2", "HB013"]
