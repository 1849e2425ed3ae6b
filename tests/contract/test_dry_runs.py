# SPDX-License-Identifier: EUPL-1.2
"""Dry runs that are carried out: as they were, once, and not at all when the world has moved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.daily import run_daily
from tests.conftest import NOW, World
from tests.contract.receipts import THE_OPERATION, commit, content, undo
from tests.contract.test_kinds import SUBJECTS, Subject
from tests.contract.writing import (
    UPDATE,
    WITHDRAW,
    codes,
    kept_moments,
    new_key,
    outcomes,
    push,
    row,
    signal,
)
from tests.partner import Partner

pytestmark = pytest.mark.anyio


def three(**changes: Any) -> list[dict[str, Any]]:
    return [row(f"a-{number}", **changes) for number in (1, 2, 3)]


async def tried(partner: Partner, rows: list[dict[str, Any]], **delivery: Any) -> dict[str, Any]:
    """The receipt of a dry run."""
    return await push(partner, rows, dryRun=True, **delivery)


async def kept(world: World) -> list[Any]:
    async with world.connect("superuser") as connection:
        return [dict(r) for r in await connection.fetch("select * from hub.dry_runs")]


def told(receipt: dict[str, Any]) -> list[Any]:
    """What a receipt says of each row, but for the ids of new records."""
    return [
        (
            line["line"], line["externalId"], line["outcome"], line["version"], codes(line),
            line["outcome"] == "CREATED" or line["recordId"],
        )
        for line in receipt["rows"]["nodes"]
    ]  # fmt: skip


async def test_the_operation_of_the_contract_carries_a_dry_run_out(world: World) -> None:
    partner = world.partner("corporatie-a")
    dry = await tried(partner, three())
    given = {"receipt": dry["id"], "idempotencyKey": new_key()}
    done = (await partner.ask(THE_OPERATION, {"in": given}))["commitDryRun"]
    assert (done["errors"], done["replayed"]) == ([], False)
    assert done["summary"] == [{"outcome": "CREATED", "rows": 3}]


async def test_what_was_tried_is_done_row_by_row(world: World) -> None:
    partner = world.partner("corporatie-a")
    await push(partner, [*three(), row("a-4")])
    rows = [
        row("a-1", status="DONE", lon=4.55, lat=52.05, buurt="noord"),
        row("a-2", wijk="WK999999"),
        row("a-3"),
        row("a-5", summary="Bel mij op 06-12345678"),
        row("a-6", category="WEATHER"),
        row(None),
    ]
    dry = await tried(partner, rows, mode="SNAPSHOT", maxRejected=4, mayClose=0)
    assert "CLOSED" not in outcomes(dry) and codes(dry) == ["NOT_CLOSED"]
    done = await commit(partner, dry["id"])
    assert (told(done), codes(done), done["dryRun"]) == (told(dry), codes(dry), False)
    assert await kept(world) == []


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.kind.name)
async def test_a_dry_run_that_is_carried_out_leaves_what_the_push_itself_leaves(
    subject: Subject, world: World
) -> None:
    buurtwerk, other = world.partner("buurtwerk"), world.partner("corporatie-a")
    rows = [subject.row("een"), subject.row("twee")]
    await subject.deliver(other, rows)
    dry = await subject.deliver(buurtwerk, rows, dryRun=True)
    done = await commit(buurtwerk, dry["id"])
    assert outcomes(done) == {"CREATED": 2}
    found = await content(world, subject.kind.table)
    for record in found:
        for name in ("owner", "slice", "slices"):
            record.pop(name, None)
    assert found[0] == found[1] and found[2] == found[3]
    again = await subject.deliver(buurtwerk, rows)
    assert outcomes(again) == {"UNCHANGED": 2}


async def test_a_dry_run_is_carried_out_once(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    dry = await tried(partner, three())
    first = await commit(partner, dry["id"], key)
    again = await commit(partner, dry["id"], key)
    assert again == {**first, "replayed": True}
    assert codes(await commit(partner, dry["id"])) == ["NOT_FOUND"]
    assert len(await content(world)) == 3


async def test_two_that_carry_it_out_at_once_do_it_once(world: World) -> None:
    partner = world.partner("corporatie-a")
    dry = await tried(partner, three())
    answers = await asyncio.gather(*(commit(partner, dry["id"]) for _ in range(3)))
    assert sorted(codes(answer) for answer in answers) == [[], ["NOT_FOUND"], ["NOT_FOUND"]]
    assert len(await content(world)) == 3


async def test_a_key_of_something_else_is_refused(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, [row("b-1")], idempotencyKey=key)
    dry = await tried(partner, three())
    assert codes(await commit(partner, dry["id"], key)) == ["IDEMPOTENCY_KEY_REUSED"]
    (error,) = (await commit(partner, dry["id"], "kort"))["errors"]
    assert (error["code"], error["path"]) == ("BAD_IDEMPOTENCY_KEY", ["input", "idempotencyKey"])
    assert outcomes(await commit(partner, dry["id"])) == {"CREATED": 3}


async def edited(world: World, partner: Partner, record: str) -> None:
    await partner.ask(UPDATE, {"in": {"id": record, "version": 1, "summary": "Anders"}})


async def withdrawn(world: World, partner: Partner, record: str) -> None:
    await partner.ask(WITHDRAW, {"in": {"id": record, "version": 1, "reason": "Weg"}})


async def delivered(world: World, partner: Partner, record: str) -> None:
    await push(partner, [row("a-1", status="DONE")])


async def created(world: World, partner: Partner, record: str) -> None:
    await push(partner, [row("a-2")])


async def one_more(world: World, partner: Partner, record: str) -> None:
    await push(partner, [row("a-9")])


async def works_there_no_more(world: World, partner: Partner, record: str) -> None:
    async with world.connect("superuser") as connection:
        await connection.execute("update hub.organisation_wijken set works_until = hub.today() - 1")


async def dates_have_passed(world: World, partner: Partner, record: str) -> None:
    await world.set_now(NOW - timedelta(days=5))  # what was seen lies in the future now


@pytest.mark.parametrize(
    "happens",
    [edited, withdrawn, delivered, created, one_more, works_there_no_more, dates_have_passed],
)
async def test_when_the_world_has_moved_nothing_happens(
    world: World, happens: Callable[[World, Partner, str], Awaitable[None]]
) -> None:
    partner = world.partner("corporatie-a")
    record = (await push(partner, [row("a-1"), row("a-0")]))["rows"]["nodes"][0]["recordId"]
    rows = [row("a-1", status="WAITING"), row("a-2")]
    dry = await tried(partner, rows, mode="SNAPSHOT")
    assert outcomes(dry) == {"CREATED": 1, "UPDATED": 1, "CLOSED": 1}
    await happens(world, partner, record)
    before = await content(world)
    stale = await commit(partner, dry["id"])
    (error,) = stale["errors"]
    assert (error["code"], error["path"]) == ("DRY_RUN_STALE", ["input", "receipt"])
    assert (stale["id"], stale["summary"], stale["dataset"]) == (None, [], "meldingen")
    assert await content(world) == before
    assert len(await kept(world)) == 1


async def test_a_change_elsewhere_does_not_make_it_stale(world: World) -> None:
    partner = world.partner("corporatie-a")
    dry = await tried(partner, three())
    await push(partner, [row("z-1")])
    await push(partner, three(), dataset="ander")
    assert outcomes(await commit(partner, dry["id"])) == {"CREATED": 3}


async def test_what_cannot_be_carried_out_is_not_found_alike(world: World) -> None:
    partner, other = world.partner("corporatie-a"), world.partner("corporatie-b")
    theirs = await tried(other, three())
    real = await push(partner, [row("b-1")])
    expired = await tried(partner, three())
    await world.set_now(NOW + timedelta(days=8))
    absent = theirs["id"][:-6] + "AAAAAA"
    answers = [
        await commit(partner, receipt)
        for receipt in (theirs["id"], real["id"], expired["id"], absent, "niets")
    ]
    assert codes(answers[0]) == ["NOT_FOUND"]
    assert [answer == answers[0] for answer in answers] == [True] * 5
    assert answers[0]["dataset"] == ""


async def test_a_dry_run_is_kept_for_seven_days_and_then_forgotten(world: World) -> None:
    partner = world.partner("corporatie-a")
    old = await tried(partner, three())
    await world.set_now(NOW + timedelta(days=1))
    new = await tried(partner, three())
    await world.set_now(NOW + timedelta(days=8))
    await run_daily(world.database, ["GM0637"])
    assert len(await kept(world)) == 1
    assert codes(await commit(partner, old["id"])) == ["NOT_FOUND"]
    assert outcomes(await commit(partner, new["id"])) == {"CREATED": 3}


async def test_a_dry_run_that_was_refused_as_a_whole_cannot_be_carried_out(world: World) -> None:
    partner = world.partner("corporatie-a")
    dry = await tried(partner, [row("a-1", wijk="WK999999")])
    assert codes(dry) == ["TOO_MANY_REJECTED"]
    (error,) = (await commit(partner, dry["id"]))["errors"]
    assert (error["code"], error["path"]) == ("DRY_RUN_REFUSED", ["input", "receipt"])
    assert await kept(world) == []


async def test_of_a_rejected_row_nothing_is_kept_but_which_it_was_and_why(world: World) -> None:
    bsn = "123456782"
    rows = [
        row("a-1"),
        row("a-2", summary=f"Van {bsn}", internalNote="geheim-een"),
        row(bsn, summary="geheim-twee"),
        row("a-3", wijk="WK999999", summary="geheim-drie"),
    ]
    await tried(world.partner("corporatie-a"), rows, maxRejected=3)
    (stored,) = await kept(world)
    assert not any(word in stored["rows"] for word in (bsn, "geheim"))
    assert stored["rows"].count("values") == 1


async def test_of_police_and_enforcement_no_text_point_or_minute_is_kept(world: World) -> None:
    partner = world.partner("handhaving")
    rows = [
        row("a-1", seenAt="2026-11-20T22:15:00+01:00"),
        row("a-2", summary="geheim", seenAt="2026-11-20T22:15:00+01:00"),
        row("a-3", lon=4.55, lat=52.05),
    ]
    dry = await tried(partner, rows, maxRejected=2)
    (stored,) = await kept(world)
    assert not any(word in stored["rows"] for word in ("geheim", "22:15", "21:15", "4.55"))
    done = await commit(partner, dry["id"])
    assert outcomes(done) == {"CREATED": 1, "REJECTED": 2}
    assert (await signal(partner, done["rows"]["nodes"][0]["recordId"]))["seenAt"] is None
    assert await kept_moments(world) == ["2026-11-20 12:00:00"]


async def test_parts_of_a_list_are_carried_out_under_one_key(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, three())
    parts = {"mode": "SNAPSHOT", "idempotencyKey": key, "parts": 2}
    first = await tried(partner, [row("a-1")], part=1, **parts)
    assert outcomes(first) == {"UNCHANGED": 1}
    early = await tried(partner, [row("b-1")], part=2, **parts)
    assert outcomes(early) == {"CREATED": 1}  # no other part was delivered: it is not the last
    assert outcomes(await commit(partner, first["id"], key)) == {"UNCHANGED": 1}
    assert codes(await commit(partner, early["id"], key)) == ["DRY_RUN_STALE"]
    last = await tried(partner, [row("b-1")], part=2, **parts)
    assert outcomes(last) == {"CREATED": 1, "CLOSED": 2}
    assert outcomes(await commit(partner, last["id"], key)) == {"CREATED": 1, "CLOSED": 2}


async def test_a_list_of_five_thousand_rows_is_carried_out(world: World) -> None:
    partner = world.partner("corporatie-a")
    dry = await tried(partner, [row(f"a-{n}", summary="Lawaai " * 20) for n in range(5000)])
    assert outcomes(await commit(partner, dry["id"])) == {"CREATED": 5000}


async def test_a_dry_run_of_what_was_undone_is_stale(world: World) -> None:
    partner = world.partner("corporatie-a")
    done = await push(partner, three())
    dry = await tried(partner, three(status="DONE"))
    await undo(partner, done["id"])
    await push(partner, three())
    assert codes(await commit(partner, dry["id"])) == ["DRY_RUN_STALE"]
