# SPDX-License-Identifier: EUPL-1.2
"""What a privacy officer sees of the ledger of its own organisation, and the question after a
breach.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.admin.commands import done
from tests.audit.looking import LOOK, officer, report, share
from tests.conftest import World
from tests.contract.agreeing import decide, organisation
from tests.contract.test_ledger import PAST_THE_END

pytestmark = pytest.mark.anyio

SINCE = "2026-11-01T00:00:00Z"
LEDGER = """query($since: DateTime!, $side: LedgerSide! = READ_BY_OTHERS, $until: DateTime,
  $organisation: ID, $agreement: ID, $kind: Kind, $login: String, $first: Int! = 50,
  $after: String) {
  readLedger(since: $since, side: $side, until: $until, organisation: $organisation,
    agreement: $agreement, kind: $kind, login: $login, first: $first, after: $after) {
    nodes { at owner { name } reader { name } login agreement { title } version purpose
      processingActivity kind records shown fields operation trace }
    pageInfo { endCursor hasNextPage } } }"""
BREACH = """query($in: BreachInput!, $first: Int! = 50, $after: String) { breachReport(input: $in) {
  reads(first: $first) { nodes { owner { name } reader { name } login agreement { title } version
    purpose processingActivity kind operation fields firstAt lastAt reads distinctRecords counted }
    pageInfo { endCursor hasNextPage } }
  records(first: $first, after: $after) { nodes { record kind owner { name } reader { name } fields
    firstAt lastAt reads withdrawnOn } pageInfo { endCursor hasNextPage } } } }"""
COUNT = """query Tellen($after: String) {
  wijk(code: "WK063711") { signals(after: $after) { total } } }"""
WITHDRAW = """mutation($id: ID!) { withdraw(input: {id: $id, version: 1, reason: "weg"}) {
  errors { code } } }"""


async def lines(world: World, who: Any, **asked: Any) -> list[dict[str, Any]]:
    page = (await who.ask(LEDGER, {"since": SINCE, **asked}))["readLedger"]
    found: list[dict[str, Any]] = page["nodes"]
    return found


async def breach(world: World, who: Any, **asked: Any) -> dict[str, Any]:
    answer = await who.ask(BREACH, {"in": {"since": SINCE, **asked}})
    found: dict[str, Any] = answer["breachReport"]
    return found


async def at(world: World, hour: int) -> None:
    await world.set_now(datetime(2026, 11, 23, hour, 30, tzinfo=UTC))


async def test_an_officer_sees_with_times_who_read_and_no_person_of_another(world: World) -> None:
    await share(world)
    await report(world, 1)
    await world.partner("buurtwerk").post(LOOK, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    (line,) = await lines(world, await officer(world, "corporatie-a"))
    activity = line.pop("processingActivity")
    assert activity.startswith("urn:wijkhub:agreement:") and activity.endswith(":1")
    assert line == {
        "at": "2026-11-23T09:30:00Z",
        "owner": {"name": "Corporatie A (verzonnen)"},
        "reader": {"name": "Buurtwerk"},
        "login": None,
        "agreement": {"title": "Proefconvenant"},
        "version": 1,
        "purpose": "samen kijken",
        "kind": "SIGNAL",
        "records": 1,
        "shown": 1,
        "fields": ["buurt", "category", "closedOn", "seenOn", "status", "summary"],
        "operation": "Kijken",
        "trace": None,
    }


async def test_an_officer_sees_what_its_own_people_read_with_which_log_in(world: World) -> None:
    await share(world)
    await report(world, 1)
    await world.partner("buurtwerk").post(LOOK, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    fg = world.partner("fg-buurtwerk")
    (line,) = await lines(world, fg, side="READ_BY_US")
    assert (line["login"], line["trace"]) == ("buurtwerk", "a" * 32)
    assert await lines(world, fg) == []
    assert await lines(world, fg, side="READ_BY_US", login="fg-buurtwerk") == []
    refused = await fg.answer(LEDGER, {"since": SINCE, "login": "buurtwerk"})
    assert refused["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT"


async def test_nobody_sees_the_ledger_of_another_nor_without_the_role(world: World) -> None:
    """The municipality's officer does not see what was read of the police, nor any other."""
    await share(world)
    await report(world, 1)
    await world.partner("buurtwerk").ask(LOOK)
    for who in (world.partner("fg-gemeente"), await officer(world, "politie")):
        for side in ("READ_BY_OTHERS", "READ_BY_US"):
            assert await lines(world, who, side=side) == []
            found = await breach(world, who, side=side)
            assert (found["reads"]["nodes"], found["records"]["nodes"]) == ([], [])
    for token in ("corporatie-a", "buurtwerk", "beheer", "wijkregisseur"):
        for query, asked in ((LEDGER, {"since": SINCE}), (BREACH, {"in": {"since": SINCE}})):
            answer = await world.partner(token).answer(query, asked)
            assert [*answer["data"].values()] == [None]
            assert answer["errors"][0]["extensions"]["code"] == "ROLE_REQUIRED"


async def test_by_hand_the_times_are_not_to_be_had_without_the_role(world: World) -> None:
    await share(world)
    await report(world, 1)
    await world.partner("buurtwerk").ask(LOOK)
    async with world.connect("app") as app, app.transaction():
        ids = dict(await app.fetch("select slug, id from hub.organisations"))
        assert ids == {}
        owner = await organisation_of(world, "corporatie-a")
        await app.execute(
            "select set_config('hub.gemeente', 'GM0637', true),"
            " set_config('hub.organisation', $1, true)",
            owner,
        )
        ask = "select count(*) from hub.ledger_lines(false, '-infinity'{})".format(
            ", null" * 7 + ", 9"
        )
        assert await app.fetchval(ask) == 0
        await app.execute("select set_config('hub.roles', 'PRIVACY_OFFICER', true)")
        assert await app.fetchval(ask) == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with app.transaction():
                await app.fetch("select at, actor, ids from hub.read_ledger")


async def organisation_of(world: World, slug: str) -> str:
    async with world.connect("superuser") as root:
        return str(await root.fetchval("select id from hub.organisations where slug = $1", slug))


async def test_the_ledger_is_filtered_and_comes_in_pages(world: World) -> None:
    made = await share(world)
    await share(world, "wijkzorgteam")
    await report(world, 1)
    for hour, token in ((10, "buurtwerk"), (11, "wijkzorgteam"), (12, "buurtwerk")):
        await at(world, hour)
        await world.partner(token).ask(LOOK)
    fg = await officer(world, "corporatie-a")
    buurtwerk = await organisation(world, "buurtwerk")

    async def hours(**asked: Any) -> list[int]:
        return [int(one["at"][11:13]) for one in await lines(world, fg, **asked)]

    assert await hours() == [12, 11, 10]
    assert await hours(organisation=buurtwerk) == [12, 10]
    assert await hours(agreement=made[0]) == [12, 10]
    assert await hours(kind="ACTIVITY") == []
    assert await hours(since="2026-11-23T11:00:00Z", until="2026-11-23T12:00:00Z") == [11]
    assert await hours(since="2026-11-23T11:30:00Z", until="2026-11-23T12:30:00Z") == [11]
    first = (await fg.ask(LEDGER, {"since": SINCE, "first": 2}))["readLedger"]
    assert first["pageInfo"]["hasNextPage"]
    assert await hours(first=2, after=first["pageInfo"]["endCursor"]) == [10]
    wrong = await fg.answer(LEDGER, {"since": SINCE, "until": "2026-10-01T00:00:00Z"})
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT"


# -- after a breach


async def test_a_breach_is_told_in_one_operation_with_records_that_are_gone(world: World) -> None:
    await share(world)
    kept, gone = await report(world, 1), await report(world, 2)
    await at(world, 10)
    await world.partner("buurtwerk").ask(LOOK)
    answer = await world.partner("corporatie-a").ask(WITHDRAW, {"id": gone})
    assert answer["withdraw"]["errors"] == []
    await at(world, 12)
    await world.partner("buurtwerk").ask(LOOK)
    await world.partner("buurtwerk").ask(COUNT, {"after": PAST_THE_END})
    found = await breach(world, await officer(world, "corporatie-a"))
    reads = {one["operation"]: one for one in found["reads"]["nodes"]}
    assert reads.keys() == {"Kijken", "Tellen"}
    looked = reads["Kijken"]
    assert (looked["reads"], looked["distinctRecords"], looked["counted"]) == (2, 2, None)
    assert (looked["firstAt"][11:16], looked["lastAt"][11:16]) == ("10:30", "12:30")
    assert (looked["reader"], looked["login"]) == ({"name": "Buurtwerk"}, None)
    counted = reads["Tellen"]
    assert (counted["reads"], counted["distinctRecords"], counted["counted"]) == (1, 0, 1)
    records = {one["record"]: one for one in found["records"]["nodes"]}
    assert records.keys() == {kept, gone}
    assert (records[gone]["withdrawnOn"], records[gone]["reads"]) == ("2026-11-23", 1)
    assert (records[kept]["withdrawnOn"], records[kept]["reads"]) == (None, 2)
    assert "summary" in records[gone]["fields"]


async def test_what_was_read_with_a_log_in_that_leaked_is_told_by_owner(world: World) -> None:
    await share(world)
    await share(world, "wijkzorgteam")
    made = await report(world, 1)
    for token in ("buurtwerk", "wijkzorgteam"):
        await world.partner(token).ask(LOOK)
    other = await officer(world, "buurtwerk", "COUNCIL", name="ander")
    await other.ask(LOOK)
    fg = world.partner("fg-buurtwerk")
    for login, expected in (("buurtwerk", 1), ("ander", 1), ("fg-buurtwerk", 0)):
        found = await breach(world, fg, side="READ_BY_US", login=login)
        assert len(found["reads"]["nodes"]) == expected
        assert [one["record"] for one in found["records"]["nodes"]] == [made] * expected
    both = (await breach(world, fg, side="READ_BY_US"))["reads"]["nodes"]
    assert sorted(one["login"] for one in both) == ["ander", "buurtwerk"]
    assert {one["owner"]["name"] for one in both} == {"Corporatie A (verzonnen)"}
    theirs = await fg.answer(BREACH, {"in": {"since": SINCE, "login": "buurtwerk"}})
    assert theirs["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT"


async def test_a_log_in_that_never_was_one_is_refused_and_one_that_was_erased_can_be_asked(
    world: World,
) -> None:
    await share(world)
    made = await report(world, 1)
    await (await officer(world, "buurtwerk", "COUNCIL", name="j-jansen")).ask(LOOK)
    fg = world.partner("fg-buurtwerk")
    here = ("account", "erase", "buurtwerk", "--gemeente", "GM0637", "--name", "j-jansen")
    await done(world, *here)
    side = {"since": SINCE, "side": "READ_BY_US"}
    [line] = (await breach(world, fg, side="READ_BY_US"))["reads"]["nodes"]
    erased = await breach(world, fg, side="READ_BY_US", login=line["login"])
    assert [one["record"] for one in erased["records"]["nodes"]] == [made]
    # its own old name, a name of another organisation, a name of nobody: alike
    for login in ("j-jansen", "corporatie-a", "niemand"):
        for query, asked in ((LEDGER, {**side, "login": login}),
                             (BREACH, {"in": {**side, "login": login}})):  # fmt: skip
            answer = await fg.answer(query, asked)
            assert [one["extensions"]["code"] for one in answer["errors"]] == ["UNKNOWN_LOGIN"]
            assert set(answer["data"].values()) == {None}


async def test_by_hand_nobody_but_the_officer_learns_which_log_ins_there_are(world: World) -> None:
    owner = await organisation_of(world, "buurtwerk")
    ask = "select hub.knows_login('buurtwerk')"
    async with world.connect("app") as app, app.transaction():
        assert not await app.fetchval(ask)
        identity = "select set_config('hub.gemeente', 'GM0637', true), set_config($1, $2, true)"
        await app.execute(identity, "hub.organisation", owner)
        assert not await app.fetchval(ask)
        await app.execute(identity, "hub.roles", "PRIVACY_OFFICER")
        assert await app.fetchval(ask)
        assert not await app.fetchval("select hub.knows_login('corporatie-a')")


async def test_a_breach_is_told_of_one_reader_and_time_and_in_pages(world: World) -> None:
    await share(world)
    await share(world, "wijkzorgteam")
    for number in range(5):
        await report(world, number)
    for hour, token in ((10, "buurtwerk"), (12, "wijkzorgteam")):
        await at(world, hour)
        await world.partner(token).ask(LOOK)
    fg = await officer(world, "corporatie-a")
    zorg = await organisation(world, "wijkzorgteam")
    alone = await breach(world, fg, organisation=zorg)
    assert {one["reader"]["name"] for one in alone["records"]["nodes"]} == {"Wijkzorgteam"}
    early = await breach(world, fg, until="2026-11-23T11:00:00Z")
    assert [one["reader"]["name"] for one in early["reads"]["nodes"]] == ["Buurtwerk"]
    seen: list[tuple[str, str]] = []
    after = None
    for _ in range(3):
        asked = {"in": {"since": SINCE}, "first": 4, "after": after}
        page = (await fg.ask(BREACH, asked))["breachReport"]["records"]
        seen += [(one["record"], one["reader"]["name"]) for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == len(set(seen)) == 10
    assert not page["pageInfo"]["hasNextPage"]


async def test_an_officer_learns_nothing_of_reads_between_others(world: World) -> None:
    """Whatever others read of each other, a third's officer is told the same."""
    await share(world)
    await report(world, 1)
    before = await told(world, "fg-gemeente")
    for _ in range(3):
        await world.partner("buurtwerk").ask(LOOK)
    made = await share(world, "wijkzorgteam")
    await decide(world, "wijkzorgteam", "revoke", made)
    assert await told(world, "fg-gemeente") == before


async def told(world: World, token: str) -> list[Any]:
    """All that the logs tell an officer, from both sides."""
    fg = world.partner(token)
    audit = "query($since: DateTime!) { auditLog(since: $since) { nodes { action subject at } } }"
    return [
        await fg.ask(audit, {"since": SINCE}),
        *[
            await fg.ask(query, asked)
            for side in ("READ_BY_OTHERS", "READ_BY_US")
            for query, asked in (
                (LEDGER, {"since": SINCE, "side": side}),
                (BREACH, {"in": {"since": SINCE, "side": side}}),
            )
        ],
    ]


# -- reads of the police are told later


async def test_reads_of_the_police_are_told_to_the_owner_after_the_days_that_it_set(
    world: World,
) -> None:
    readers = """query { mySlice { readers(since: "2026-11-01") { nodes { on reader { name }
      processingActivity } } } }"""
    async with world.connect("owner") as owner:
        await owner.execute(
            "update hub.organisations set ledger_delay_days = 3 where slug = 'politie'"
        )
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "update hub.organisations set ledger_delay_days = 3 where slug = 'buurtwerk'"
            )
    await share(world, "wijkagent")
    await share(world)
    await report(world, 1)
    await world.partner("wijkagent").ask(LOOK)
    await world.partner("buurtwerk").ask(LOOK)
    told: dict[int, set[str]] = {}
    for day in (23, 25, 26):
        await world.set_now(datetime(2026, 11, day, 12, tzinfo=UTC))
        nodes = (await world.partner("corporatie-a").ask(readers))["mySlice"]["readers"]["nodes"]
        told[day] = {one["reader"]["name"] for one in nodes}
        assert {one["on"] for one in nodes} == {"2026-11-23"}
    assert told[23] == told[25] == {"Buurtwerk"}
    assert told[26] == {"Buurtwerk", "Politie, wijkagenten"}
    # the owner's privacy officer must be able to answer after a breach: it is told at once
    await world.set_now(datetime(2026, 11, 23, 12, tzinfo=UTC))
    fg = await officer(world, "corporatie-a")
    assert len(await lines(world, fg)) == 2


@pytest.mark.parametrize("token", ["fg-buurtwerk", "fg-gemeente"])
async def test_the_officers_of_the_demo_look_and_change_nothing(world: World, token: str) -> None:
    assert await lines(world, world.partner(token)) == []
    refused = await world.partner(token).answer(WITHDRAW, {"id": "x"})
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"]
