# SPDX-License-Identifier: EUPL-1.2
"""Pushes that are undone: their records are what they were before, and may be delivered again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import NOW, World
from tests.contract.receipts import commit, content, undo
from tests.contract.test_kinds import FEED, HISTORY, NODE, SUBJECTS, Subject, share
from tests.contract.writing import (
    NOTHING,
    OOSTERHEEM,
    RECEIPT,
    UPDATE,
    codes,
    new_key,
    only_row,
    outcomes,
    push,
    row,
    signal,
)
from tests.partner import Partner

pytestmark = pytest.mark.anyio


def three(**changes: Any) -> list[dict[str, Any]]:
    return [row(f"a-{number}", **changes) for number in (1, 2, 3)]


def changed(subject: Subject, given: dict[str, Any]) -> dict[str, Any]:
    """The row with the last value instead of the first in every field that takes one of a list, and
    another day or moment.
    """
    _, row_type = subject.push
    other = dict(given)
    for name, field in row_type.fields.items():
        values = getattr(getattr(field.type, "of_type", field.type), "values", None)
        if values and name in given:
            other[name] = list(values)[-1]
        elif isinstance(given.get(name), int) and not isinstance(given[name], bool):
            other[name] = given[name] + 1
        elif isinstance(given.get(name), str) and given[name].startswith("2026-11-20"):
            other[name] = given[name].replace("2026-11-20", "2026-11-19")
    return other


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.kind.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


async def settle(partner: Partner, done: dict[str, Any]) -> None:
    """Whether the receipt reads back as it was given."""
    again = (await partner.ask(RECEIPT, {"id": done["id"]}))["pushReceipt"]
    assert again["summary"] == done["summary"]
    assert [line["outcome"] for line in again["rows"]["nodes"]] == [
        line["outcome"] for line in done["rows"]["nodes"]
    ]


# -- every kind


async def test_what_a_push_created_goes_and_may_come_again(subject: Subject, world: World) -> None:
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    await share(subject, buurtwerk, handhaving, "EXACT")
    made = await subject.deliver(buurtwerk, [subject.row()])
    record = made["rows"]["nodes"][0]["recordId"]
    assert len(await subject.listed(handhaving)) == 1
    done = await undo(buurtwerk, made["id"])
    (line,) = done["rows"]["nodes"]
    assert (line["outcome"], line["recordId"], line["version"]) == ("REMOVED", record, None)
    assert (line["externalId"], line["line"], line["errors"]) == ("een", 1, [])
    await settle(buurtwerk, done)
    for partner in (buurtwerk, handhaving):
        assert await subject.listed(partner) == []
        assert (await partner.ask(NODE, {"id": record}))["node"] is None
        feed = (await partner.ask(FEED, {"wijk": OOSTERHEEM}))["wijk"]["feed"]["nodes"]
        assert [(item["change"], item["recordId"]) for item in feed if item["recordId"]] == [
            ("CREATED", record),
            ("WITHDRAWN", record),
        ]
    assert outcomes(await subject.deliver(buurtwerk, [subject.row()])) == {"CREATED": 1}


async def test_what_a_push_changed_has_its_former_values_again(
    subject: Subject, world: World
) -> None:
    buurtwerk = world.partner("buurtwerk")
    given = subject.row()
    record = await subject.create(buurtwerk)
    before = await content(world, subject.kind.table)
    other = {**changed(subject, given), "sourceVersion": "2"}
    made = await subject.deliver(buurtwerk, [other])
    assert outcomes(made) == {"UPDATED": 1}
    assert await content(world, subject.kind.table) != before
    done = await undo(buurtwerk, made["id"])
    assert outcomes(done) == {"UPDATED": 1}
    assert await content(world, subject.kind.table) == before
    told = (await buurtwerk.ask(HISTORY, {"id": record}))["node"]
    assert [change["change"] for change in told["history"]["nodes"]] == [
        "UPDATED", "UPDATED", "CREATED",
    ]  # fmt: skip
    assert told["version"] == done["rows"]["nodes"][0]["version"] == 3
    assert outcomes(await subject.deliver(buurtwerk, [other])) == {"UPDATED": 1}
    older = {**given, "sourceVersion": "1"}
    await undo(
        buurtwerk, (await subject.deliver(buurtwerk, [{**older, "sourceVersion": "3"}]))["id"]
    )
    assert outcomes(await subject.deliver(buurtwerk, [older])) == {"UPDATED": 1}


async def test_what_a_full_list_closed_and_reopened_is_so_no_more(
    subject: Subject, world: World
) -> None:
    buurtwerk = world.partner("buurtwerk")
    rows = [subject.row("een"), subject.row("twee")]
    await subject.deliver(buurtwerk, rows)
    opened = await content(world, subject.kind.table)
    shorter = await subject.deliver(buurtwerk, rows[:1], mode="SNAPSHOT")
    closed = await content(world, subject.kind.table)
    await world.set_now(NOW + timedelta(days=1))
    back = await subject.deliver(buurtwerk, rows, mode="SNAPSHOT")
    assert outcomes(back) == {"UNCHANGED": 1, "REOPENED": 1}
    done = await undo(buurtwerk, back["id"])
    assert outcomes(done) == {"CLOSED": 1}
    assert await content(world, subject.kind.table) == closed  # on its former day
    assert outcomes(await undo(buurtwerk, shorter["id"])) == {"REJECTED": 1}  # it changed since
    again = await subject.deliver(buurtwerk, rows[:1], mode="SNAPSHOT")
    assert outcomes(again) == {"UNCHANGED": 1}
    assert await content(world, subject.kind.table) == closed
    await undo(buurtwerk, (await subject.deliver(buurtwerk, [rows[1]]))["id"])
    assert await content(world, subject.kind.table) == closed != opened


async def test_a_record_that_a_push_moved_is_where_it_was_with_every_value(world: World) -> None:
    partner = world.partner("corporatie-b")
    whole = row(
        "a-1", buurt="noord", lon=4.5512345678, lat=52.0598765432, summary="Één portiek",
        internalNote='zelf "nagaan"', subcategory="portiek",
    )  # fmt: skip
    await push(partner, [whole, row("a-2")])
    before = await content(world)
    moved = row("a-1", wijk="WK063708", category="GREEN", seenAt="2026-11-19T01:00:00Z")
    made = await push(partner, [moved, {**whole, "externalId": "a-2"}])
    assert outcomes(await undo(partner, made["id"])) == {"UPDATED": 2}
    assert await content(world) == before


async def test_a_kind_that_comes_later_can_be_undone_with_its_lists(world: World) -> None:
    a, b = uuid4(), uuid4()
    async with world.migration() as owner:
        await owner.execute("""
            create table hub.visits (category text not null, on_day date not null,
              wijken uuid[], marks int[]);
            insert into hub.contribution_fields (kind, field, columns, shown_from) values
              ('VISIT', 'category', '{category}', 'WIJK'), ('VISIT', 'wijken', '{wijken}', 'WIJK');
            select hub.make_contribution('VISIT', 'visits', 'on_day')""")
    async with world.connect("app") as app, app.transaction():
        await app.execute("select set_config('hub.gemeente', 'GM0637', true)")
        place = await app.fetchrow("select organisation, wijk from hub.organisation_wijken limit 1")
        assert place is not None
        who = str(place["organisation"])
        await app.execute("select set_config('hub.organisation', $1, true)", who)
        await app.execute("insert into hub.datasets (dataset, kind) values ('x', 'VISIT')")
        await app.execute(
            "insert into hub.visits (id, dataset, wijk, category, on_day, wijken, marks)"
            " values ($1, 'x', $2, 'NOISE', '2026-11-20', $3, '{1,null,3}')",
            *(a, place["wijk"], [a, b]),
        )
        await app.execute("update hub.visits set wijken = '{}', marks = null, version = 2")
        await app.execute(
            "insert into hub.receipts (id, dataset, kind, mode, dry_run, summary)"
            " values ($1, 'x', 'VISIT', 'UPSERT', false, '[]')",
            b,
        )
        await app.execute(
            "insert into hub.receipt_rows (receipt, line, outcome, record, version)"
            " values ($1, 1, 'UPDATED', $2, 2)",
            *(b, a),
        )
        (line,) = await app.fetch("select outcome, version, code from hub.undo_lines($1)", b)
        assert tuple(line) == ("UPDATED", 3, None)
        (found,) = await app.fetch("select wijken, marks from hub.visits")
        assert tuple(found) == ([a, b], [1, None, 3])


# -- what is left alone


async def test_a_record_that_changed_since_is_left_alone_and_named(world: World) -> None:
    partner = world.partner("corporatie-a")
    made = await push(partner, three())
    records = [line["recordId"] for line in made["rows"]["nodes"]]
    await partner.ask(UPDATE, {"in": {"id": records[0], "version": 1, "summary": "Anders"}})
    await push(partner, [row("a-2", status="DONE")])
    done = await undo(partner, made["id"])
    assert outcomes(done) == {"REMOVED": 1, "REJECTED": 2}
    assert [(n["version"], codes(n)) for n in done["rows"]["nodes"]] == [
        (2, ["CONFLICT"]),
        (2, ["CONFLICT"]),
        (None, []),
    ]
    assert (await signal(partner, records[0]))["summary"] == "Anders"
    await settle(partner, done)


async def test_rows_that_did_nothing_give_nothing(world: World) -> None:
    partner = world.partner("corporatie-a")
    await push(partner, [row("a-1")])
    rows = [row("a-1"), row("a-2", wijk="WK999999"), row("a-3")]
    made = await push(partner, rows, maxRejected=1)
    done = await undo(partner, made["id"])
    assert [(n["line"], n["externalId"]) for n in done["rows"]["nodes"]] == [(3, "a-3")]
    assert len(await content(world)) == 1


async def test_where_one_works_no_more_a_record_stays_and_the_others_go_back(world: World) -> None:
    partner = world.partner("corporatie-b")
    rows = [row("a-1"), row("a-2", wijk="WK063708")]
    await push(partner, rows)
    made = await push(partner, [*({**r, "status": "DONE"} for r in rows), row("a-3"),
                                row("a-4", wijk="WK063708")])  # fmt: skip
    async with world.connect("superuser") as connection:
        await connection.execute(
            "update hub.organisation_wijken o set works_until = hub.today() - 1"
            " from hub.wijk_versions v where v.wijk = o.wijk and v.code = 'WK063708'"
        )
    done = await undo(partner, made["id"])
    assert [(n["outcome"], codes(n)) for n in done["rows"]["nodes"]] == [
        ("UPDATED", []),
        ("REJECTED", ["NOT_YOUR_WIJK"]),
        ("REMOVED", []),
        ("REMOVED", []),  # taking away stays possible
    ]
    assert [record["status"] for record in await content(world)] == ["NEW", "DONE"]


@pytest.mark.parametrize(
    "policy",
    [
        "create policy closed on hub.signals as restrictive for update to hub_app"
        " with check (category <> 'NOISE')",
        "create policy closed on hub.signals as restrictive for update to hub_app"
        " using (category <> 'NOISE')",
    ],
)
async def test_what_a_policy_of_a_kind_refuses_stays_and_is_named(
    world: World, policy: str
) -> None:
    partner = world.partner("corporatie-a")
    rows = [row("a-1"), row("a-2", category="LITTER")]
    await push(partner, rows)
    made = await push(partner, [{**r, "status": "DONE"} for r in rows])
    async with world.connect("owner") as owner:
        await owner.execute(policy)
    done = await undo(partner, made["id"])
    assert [(n["outcome"], codes(n)) for n in done["rows"]["nodes"]] == [
        ("REJECTED", ["UNDO_NOT_ALLOWED"]),
        ("UPDATED", []),
    ]
    assert [record["status"] for record in await content(world)] == ["DONE", "NEW"]


# -- once, and only what can be undone


async def test_a_push_is_undone_once(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    made = await push(partner, three())
    first = await undo(partner, made["id"], key)
    assert await undo(partner, made["id"], key) == {**first, "replayed": True}
    (error,) = (await undo(partner, made["id"]))["errors"]
    assert (error["code"], error["path"]) == ("ALREADY_UNDONE", ["input", "receipt"])
    assert codes(await undo(partner, made["id"], key, reason="Anders")) == [
        "IDEMPOTENCY_KEY_REUSED"
    ]


async def test_two_undos_at_once_undo_it_once(world: World) -> None:
    partner = world.partner("corporatie-a")
    made = await push(partner, three())
    answers = await asyncio.gather(*(undo(partner, made["id"]) for _ in range(3)))
    assert sorted(codes(answer) for answer in answers) == [
        [], ["ALREADY_UNDONE"], ["ALREADY_UNDONE"],
    ]  # fmt: skip


async def test_an_undone_push_answers_its_receipt_to_a_retry_and_does_nothing(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    made = await push(partner, three(), idempotencyKey=key)
    await undo(partner, made["id"])
    assert await push(partner, three(), idempotencyKey=key) == {**made, "replayed": True}
    assert await content(world) == []


async def test_what_stored_nothing_cannot_be_undone(world: World) -> None:
    partner = world.partner("corporatie-a")
    made = await push(partner, three())
    dry = await push(partner, three(status="DONE"), dryRun=True)
    refused = await push(partner, [row("a-1", wijk="WK999999")])
    given = {"dataset": "meldingen", "wijk": OOSTERHEEM, "period": "2026-W47"}
    nothing = (await partner.ask(NOTHING, {"in": {**given, "idempotencyKey": new_key()}}))[
        "reportNothing"
    ]
    for receipt in (dry, refused, nothing):
        (error,) = (await undo(partner, receipt["id"]))["errors"]
        assert (error["code"], error["path"]) == ("NOTHING_TO_UNDO", ["input", "receipt"])
    undone = await undo(partner, made["id"])
    assert codes(await undo(partner, undone["id"])) == ["UNDO_OF_UNDO"]


async def test_anothers_push_and_one_that_never_was_are_not_found_alike(world: World) -> None:
    partner = world.partner("corporatie-a")
    theirs = await push(world.partner("corporatie-b"), three())
    absent = theirs["id"][:-6] + "AAAAAA"
    answers = [await undo(partner, receipt) for receipt in (theirs["id"], absent, "niets")]
    assert codes(answers[0]) == ["NOT_FOUND"]
    assert answers[0]["errors"][0]["path"] == ["input", "receipt"]
    assert [answer == answers[0] for answer in answers] == [True] * 3
    assert len(await content(world)) == 3


async def test_a_dry_run_that_was_carried_out_is_undone_like_a_push(world: World) -> None:
    partner = world.partner("corporatie-a")
    done = await commit(partner, (await push(partner, three(), dryRun=True))["id"])
    assert outcomes(await undo(partner, done["id"])) == {"REMOVED": 3}


# -- the reason


async def reasons(world: World) -> list[str | None]:
    async with world.connect("superuser") as connection:
        rows = await connection.fetch("select reason from hub.receipts where mode = 'UNDO'")
    return [r["reason"] for r in rows]


async def test_the_reason_is_kept_with_the_receipt(world: World) -> None:
    partner = world.partner("corporatie-a")
    made = await push(partner, three())
    for reason, code in (("", "MISSING_FIELD"), ("Van 123456782", "PERSONAL_DATA")):
        (error,) = (await undo(partner, made["id"], reason=reason))["errors"]
        assert (error["code"], error["path"]) == (code, ["input", "reason"])
    await undo(partner, made["id"], reason=" Verkeerde  lijst ")
    assert await reasons(world) == ["Verkeerde  lijst"]


async def test_of_police_and_enforcement_no_reason_is_kept(world: World) -> None:
    partner = world.partner("handhaving")
    record = (await only_row(partner, row()))["recordId"]
    assert record
    receipts = """{ mySlice { pushes(first: 1) { nodes { id } } } }"""
    (made,) = (await partner.ask(receipts))["mySlice"]["pushes"]["nodes"]
    assert outcomes(await undo(partner, made["id"], reason="Te vroeg")) == {"REMOVED": 1}
    assert await reasons(world) == [None]


async def test_a_push_of_five_thousand_rows_is_undone(world: World) -> None:
    partner = world.partner("corporatie-a")
    rows = [row(f"a-{n}") for n in range(5000)]
    await push(partner, rows[:2500])
    made = await push(partner, [{**r, "status": "DONE"} for r in rows])
    assert outcomes(await undo(partner, made["id"])) == {"UPDATED": 2500, "REMOVED": 2500}
