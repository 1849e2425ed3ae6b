# SPDX-License-Identifier: EUPL-1.2
"""One's own slice: one's own records over all wijken, how another sees them, and who looked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from schema.ids import encode
from tests.agreement.committed import ROOT
from tests.conftest import World
from tests.contract.agreeing import decide, organisation, propose, rule
from tests.contract.test_first_steps import REPORT
from tests.isolation.pair import rewrite
from tests.ledger import ledger

pytestmark = pytest.mark.anyio

CHECK = (ROOT / "tests" / "contract" / "operations" / "2b_check.graphql").read_text("utf-8")
OWN = """query($filter: SignalFilter, $first: Int! = 20, $after: String) { mySlice {
  signals(filter: $filter, first: $first, after: $after) {
    total nodes { category wijk { name } version hidden agreement { title } }
    pageInfo { endCursor hasNextPage } } } }"""
SEEN = """query($partner: ID!, $first: Int! = 20, $after: String) { mySlice {
  asSeenBy(organisation: $partner) { organisation { name } agreements { title }
    signals(first: $first, after: $after) { total nodes { ...all }
      pageInfo { endCursor hasNextPage } } } } }
fragment all on Signal { id owner { name } wijk { code } category subcategory status seenOn seenAt
  summary internalNote sourceId version recordedOn closedOn invented precision hidden
  place { label precision lon lat buurt { name } } agreement { id title }
  history { nodes { change } } }"""
READERS = """query($since: Date!, $first: Int! = 50, $after: String) { mySlice {
  readers(since: $since, first: $first, after: $after) {
    nodes { on reader { name } agreement { title state } version purpose kind records fields }
    pageInfo { endCursor hasNextPage } } } }"""
LOOK = """{ wijk(code: "WK063711") { signals { nodes { id } } } }"""
NOTED = "select count(*) from hub.read_ledger"
SINCE = "2026-11-01"


async def report(world: World, token: str, number: int, **more: Any) -> str:
    """The id of a signal in Oosterheem."""
    given = {
        "idempotencyKey": f"melding-{number:04}",
        "wijk": "WK063711",
        "buurt": "Noord",
        "category": "NOISE",
        "seenAt": f"2026-11-{number:02}T22:15:00+01:00",
        "summary": f"lawaai nummer {number}",
        "internalNote": "voor onszelf",
        **more,
    }
    made = (await world.partner(token).ask(REPORT, {"in": given}))["reportSignal"]
    assert made["errors"] == []
    id_: str = made["signal"]["id"]
    return id_


async def share(world: World, precision: str = "BUURT", title: str = "Samen kijken") -> Any:
    """Corporatie A shows its signals of Oosterheem to Buurtwerk, with their text."""
    shown = {"precision": precision, "fields": ["summary"]}
    rules = [await rule(world, "corporatie-a", "buurtwerk", **shown)]
    more = {"title": title, "idempotencyKey": title}
    made = await propose(world, "corporatie-a", rules, **more)
    await decide(world, "buurtwerk", "accept", made)
    return made


async def seen(world: World, **more: Any) -> dict[str, Any]:
    """Corporatie A's slice as Buurtwerk sees it."""
    partner = await organisation(world, "buurtwerk")
    answer = await world.partner("corporatie-a").ask(SEEN, {"partner": partner, **more})
    found: dict[str, Any] = answer["mySlice"]["asSeenBy"]
    return found


async def noted(world: World) -> int:
    async with world.connect("superuser") as root:
        [row] = await ledger(root, NOTED)
    count: int = row["count"]
    return count


async def test_an_owner_checks_what_a_partner_sees_and_who_looked(world: World) -> None:
    await share(world)
    for number in (18, 19, 20):
        await report(world, "corporatie-a", number)
    await world.partner("buurtwerk").ask(LOOK)
    asked = {"partner": await organisation(world, "buurtwerk"), "sinds": SINCE}
    mine = (await world.partner("corporatie-a").ask(CHECK, asked))["mySlice"]
    assert mine["pushes"] == {"nodes": []}
    assert mine["asSeenBy"]["agreements"] == [{"title": "Samen kijken", "until": "2027-10-31"}]
    assert mine["asSeenBy"]["signals"] == {
        "total": 3,
        "nodes": [
            {
                "category": "NOISE",
                "seenOn": f"2026-11-{number}",
                "place": {"label": "Noord, Oosterheem", "precision": "BUURT"},
                "summary": f"lawaai nummer {number}",
                "hidden": ["point", "seenAt", "subcategory"],
            }
            for number in (20, 19, 18)
        ],
    }
    assert mine["readers"]["nodes"] == [
        {
            "on": "2026-11-23",
            "reader": {"name": "Buurtwerk"},
            "agreement": {"title": "Samen kijken"},
            "purpose": "samen kijken",
            "records": 3,
            "fields": ["buurt", "category", "closedOn", "seenOn", "status", "summary"],
        }
    ]


# -- one's own records


async def test_ones_own_records_of_all_wijken_come_newest_first_and_in_pages(world: World) -> None:
    for number, wijk in ((12, "WK063708"), (14, "WK063711"), (13, "WK063701")):
        await report(world, "corporatie-a", number, wijk=wijk, buurt=None)
    await report(world, "buurtwerk", 15)
    partner, names, after = world.partner("corporatie-a"), [], None
    for more in (True, True, False):
        asked = {"first": 1, "after": after}
        page = (await partner.ask(OWN, asked))["mySlice"]["signals"]
        assert (page["total"], page["pageInfo"]["hasNextPage"]) == (3, more)
        names += [node["wijk"]["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        whole = {"version": 1, "hidden": [], "agreement": None}
        assert all(whole.items() <= node.items() for node in page["nodes"])
    assert names == ["Oosterheem", "Dorp", "Seghwaert"]


async def test_a_filter_narrows_ones_own_records_and_never_adds_anothers(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 12, category="LITTER")
    await report(world, "corporatie-a", 13)
    buurtwerk, corporatie = [await organisation(world, n) for n in ("buurtwerk", "corporatie-a")]

    async def found(token: str, **filter_: Any) -> int:
        page = (await world.partner(token).ask(OWN, {"filter": filter_}))["mySlice"]["signals"]
        assert page["total"] == len(page["nodes"])
        total: int = page["total"]
        return total

    assert await found("corporatie-a") == 2
    assert await found("corporatie-a", category=["LITTER"]) == 1
    assert await found("corporatie-a", text="nummer 13") == 1
    assert await found("corporatie-a", mine=True, owner=corporatie) == 2
    assert await found("corporatie-a", owner=buurtwerk) == 0
    assert await found("buurtwerk") == 0
    assert await found("buurtwerk", owner=corporatie) == 0
    assert await noted(world) == 0


# -- as another sees them


async def test_what_a_partner_is_said_to_see_is_what_it_gets(world: World) -> None:
    await share(world)
    partner = await organisation(world, "buurtwerk")
    await report(world, "corporatie-a", 17)
    await report(world, "corporatie-a", 18, shareAt=[])
    await report(
        world, "corporatie-a", 19, shareAt=[{"organisation": partner, "precision": "WIJK"}]
    )
    fragment = SEEN[SEEN.index("fragment") :]
    got = await world.partner("buurtwerk").ask(
        '{ wijk(code: "WK063711") { signals { total nodes { ...all } } } }' + fragment
    )
    told = (await seen(world))["signals"]
    del told["pageInfo"]
    assert told == got["wijk"]["signals"]
    assert [(n["precision"], n["summary"] is None) for n in told["nodes"]] == [
        ("WIJK", True),
        ("BUURT", False),
    ]
    assert {
        (n["internalNote"], n["sourceId"], n["version"], n["history"], n["seenAt"])
        for n in told["nodes"]
    } == {(None, None, None, None, None)}


async def test_the_cursor_of_anothers_view_goes_on_where_it_ended(world: World) -> None:
    await share(world)
    made = [await report(world, "corporatie-a", number) for number in (11, 12, 13)]
    first = (await seen(world, first=2))["signals"]
    rest = (await seen(world, first=2, after=first["pageInfo"]["endCursor"]))["signals"]
    assert [n["id"] for n in (*first["nodes"], *rest["nodes"])] == made[::-1]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


async def test_to_look_through_anothers_eyes_is_no_read_by_that_other(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 17)
    await seen(world)
    assert await noted(world) == 0


async def test_what_is_only_counted_is_not_seen_and_its_agreement_is_named(world: World) -> None:
    await share(world, "COUNT")
    await report(world, "corporatie-a", 17)
    view = await seen(world)
    assert view["agreements"] == [{"title": "Samen kijken"}]
    assert (view["signals"]["total"], view["signals"]["nodes"]) == (0, [])


async def test_an_agreement_that_ended_is_in_no_view(world: World) -> None:
    made = await share(world)
    await report(world, "corporatie-a", 17)
    await decide(world, "buurtwerk", "revoke", made)
    view = await seen(world)
    assert (view["agreements"], view["signals"]["total"]) == ([], 0)


async def test_who_gives_sees_nothing_of_what_the_other_gives_back(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 17)
    partner = await organisation(world, "corporatie-a")
    answer = await world.partner("buurtwerk").ask(SEEN, {"partner": partner})
    view = answer["mySlice"]["asSeenBy"]
    assert (view["organisation"]["name"][:11], view["agreements"]) == ("Corporatie ", [])
    assert view["signals"]["total"] == 0


async def test_a_record_that_several_wijken_list_is_there_once(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 17)
    async with world.connect("superuser") as root:
        await rewrite(root, ("signals_newest", "shared_signals_newest"), "s.wijk = in_wijk", "true")
        await rewrite(root, ("shared_signals_newest",), "and g.wijk = in_wijk", "")
    own = (await world.partner("corporatie-a").ask(OWN))["mySlice"]["signals"]
    view = (await seen(world))["signals"]
    assert [(page["total"], len(page["nodes"])) for page in (own, view)] == [(1, 1), (1, 1)]


async def test_an_organisation_that_is_unknown_or_elsewhere_is_null_alike(world: World) -> None:
    elsewhere, unknown = UUID(int=12), UUID(int=13)
    async with world.connect("owner") as owner:
        await owner.execute("insert into hub.gemeenten values ('GM0001', 'Elders')")
        await owner.execute(
            "insert into hub.organisations (gemeente, id, slug, name, kind)"
            " values ('GM0001', $1, 'x', 'x', 'WELFARE')",
            elsewhere,
        )
    for id_ in (elsewhere, unknown):
        asked = {"partner": encode("Organisation", id_)}
        answer = await world.partner("buurtwerk").ask(SEEN, asked)
        assert answer == {"mySlice": {"asSeenBy": None}}


async def test_oneself_and_what_is_no_organisation_are_refused_with_a_cure(world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    for id_, code in (
        (await organisation(world, "buurtwerk"), "BAD_ARGUMENT"),
        (encode("Wijk", UUID(int=1)), "BAD_ID"),
        ("x", "BAD_ID"),
    ):
        body = await buurtwerk.answer(SEEN, {"partner": id_})
        assert body["data"] == {"mySlice": {"asSeenBy": None}}
        (error,) = body["errors"]
        assert error["extensions"]["code"] == code
        assert error["path"] == ["mySlice", "asSeenBy"]


FAULT = """
create or replace function hub.rank_of("precision" text) returns smallint
language plpgsql stable as $$
begin
  if hub.asker() = '{receiver}' then
    raise exception 'planted';
  end if;
  return 1;
end $$"""


async def test_whoever_failed_to_look_through_anothers_eyes_is_itself_again(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 17)
    async with world.connect("superuser") as root:
        ids = dict(await root.fetch("select slug, id from hub.organisations"))
        me, receiver = ids["corporatie-a"], ids["buurtwerk"]
        await root.execute(FAULT.format(receiver=receiver))
    async with world.connect("app") as app, app.transaction():
        await app.execute(
            "select set_config('hub.gemeente', 'GM0637', true),"
            " set_config('hub.organisation', $1, true)",
            str(me),
        )
        with pytest.raises(asyncpg.RaiseError, match="planted"):
            async with app.transaction():
                await app.fetch("select * from hub.seen_signals($1, null, null, 5)", receiver)
        assert await app.fetchval("select hub.asker()") == me
        assert await app.fetchval("select count(*) from hub.own_signals(" + "null, " * 10 + "9)")

    body = await world.partner("corporatie-a").answer(
        SEEN, {"partner": encode("Organisation", receiver)}
    )
    assert "planted" not in str(body)
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    for token in ("buurtwerk", "corporatie-a", "corporatie-b", "handhaving"):
        own = await world.partner(token).ask(OWN)
        assert own["mySlice"]["signals"]["total"] == (token == "corporatie-a")


# -- who looked


async def test_readers_are_told_by_day_newest_first_and_in_pages(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 17)
    for day in (23, 24, 25):
        await world.set_now(datetime(2026, 11, day, 9, 30, tzinfo=UTC))
        for _ in range(day - 22):
            await world.partner("buurtwerk").ask(LOOK)
    partner = world.partner("corporatie-a")
    found: list[dict[str, Any]] = []
    after = None
    for more in (True, True, False):
        asked = {"since": SINCE, "first": 1, "after": after}
        page = (await partner.ask(READERS, asked))["mySlice"]["readers"]
        assert page["pageInfo"]["hasNextPage"] == more
        found, after = found + page["nodes"], page["pageInfo"]["endCursor"]
    assert [(one["on"], one["records"]) for one in found] == [
        ("2026-11-25", 3),
        ("2026-11-24", 2),
        ("2026-11-23", 1),
    ]
    assert {(one["kind"], one["version"]) for one in found} == {("SIGNAL", 1)}
    later = (await partner.ask(READERS, {"since": "2026-11-25"}))["mySlice"]["readers"]
    assert later["nodes"] == found[:1]


async def test_what_was_read_under_two_agreements_is_told_apart(world: World) -> None:
    await share(world, "WIJK", "De eerste")
    await report(world, "corporatie-a", 17)
    await world.partner("buurtwerk").ask(LOOK)
    await share(world, "BUURT", "De tweede")
    await world.partner("buurtwerk").ask(LOOK)
    page = (await world.partner("corporatie-a").ask(READERS, {"since": SINCE}))["mySlice"]
    assert sorted(
        (one["agreement"]["title"], one["records"], "buurt" in one["fields"])
        for one in page["readers"]["nodes"]
    ) == [("De eerste", 1, False), ("De tweede", 1, True)]


async def test_a_read_is_still_told_with_its_agreement_when_that_has_ended(world: World) -> None:
    made = await share(world)
    await report(world, "corporatie-a", 17)
    await world.partner("buurtwerk").ask(LOOK)
    await decide(world, "corporatie-a", "revoke", made)
    page = (await world.partner("corporatie-a").ask(READERS, {"since": SINCE}))["mySlice"]
    (entry,) = page["readers"]["nodes"]
    assert entry["agreement"] == {"title": "Samen kijken", "state": "REVOKED"}


async def test_who_reads_is_told_to_the_owner_alone(world: World) -> None:
    await share(world)
    await report(world, "corporatie-a", 17)
    await world.partner("buurtwerk").ask(LOOK)
    assert await noted(world) == 1
    for token in ("buurtwerk", "corporatie-b", "wijkregisseur"):
        page = (await world.partner(token).ask(READERS, {"since": SINCE}))["mySlice"]["readers"]
        assert page["nodes"] == []
