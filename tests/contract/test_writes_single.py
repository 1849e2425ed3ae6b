# SPDX-License-Identifier: EUPL-1.2
"""One record at a time: report, change, withdraw; and nothing to report."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from schema.ids import encode
from tests.conftest import World
from tests.contract.writing import (
    NOTHING,
    OOSTERHEEM,
    REPORT,
    UPDATE,
    WITHDRAW,
    codes,
    kept_moments,
    new_key,
    only_row,
    push,
    row,
    signal,
)
from tests.partner import Partner

pytestmark = pytest.mark.anyio

PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id version } errors { path code message } } }"""
ACCEPT = """mutation($in: AgreementDecisionInput!) { acceptAgreement(input: $in) {
  agreement { state } errors { code } } }"""

NO_RECORD = encode("Signal", UUID(int=1))


def reported(**changes: Any) -> dict[str, Any]:
    given = {
        "idempotencyKey": new_key(),
        "wijk": OOSTERHEEM,
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "summary": "Lawaai bij het plein",
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


async def report(partner: Partner, **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await partner.ask(REPORT, {"in": reported(**changes)}))[
        "reportSignal"
    ]
    return payload


async def update(partner: Partner, record: str, version: int, **changes: Any) -> dict[str, Any]:
    given = {"id": record, "version": version, **changes}
    payload: dict[str, Any] = (await partner.ask(UPDATE, {"in": given}))["updateSignal"]
    return payload


async def withdraw(partner: Partner, record: str, version: int, reason: str = "Dubbel") -> Any:
    given = {"id": record, "version": version, "reason": reason}
    return (await partner.ask(WITHDRAW, {"in": given}))["withdraw"]


async def organisation(partner: Partner) -> str:
    found: str = (await partner.ask("{ me { organisation { id } } }"))["me"]["organisation"]["id"]
    return found


async def agree(provider: Partner, receiver: Partner, **rule: Any) -> None:
    """An agreement in force by which the receiver sees noise in Oosterheem, per buurt and with its
    summary.
    """
    given = {
        "provider": await organisation(provider),
        "receiver": await organisation(receiver),
        "wijken": [OOSTERHEEM],
        "kind": "SIGNAL",
        "category": "NOISE",
        "fields": ["summary"],
        "precision": "BUURT",
        **rule,
    }
    proposal = {
        "idempotencyKey": new_key(),
        "title": "Samen tegen overlast",
        "purpose": "Overlast aanpakken",
        "legalBasis": "Verzonnen grondslag",
        "from": "2026-11-01",
        "until": "2027-10-31",
        "contact": "loket",
        "rules": [given],
    }
    proposed = (await provider.ask(PROPOSE, {"in": proposal}))["proposeAgreement"]
    assert proposed["errors"] == []
    accepted = await receiver.ask(ACCEPT, {"in": proposed["agreement"]})
    assert accepted["acceptAgreement"]["agreement"] == {"state": "IN_FORCE"}


# ── report ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_reported_signal_is_new_and_its_owners(world: World) -> None:
    payload = await report(world.partner("buurtwerk"), buurt="Noord", internalNote="Navragen")
    assert payload["errors"] == []
    assert payload["shownAs"] == []
    found = payload["signal"]
    assert (found["status"], found["version"], found["sourceId"]) == ("NEW", 1, "hub")
    assert (found["summary"], found["internalNote"]) == ("Lawaai bij het plein", "Navragen")


async def test_a_report_that_is_repeated_is_stored_once(world: World) -> None:
    partner, key = world.partner("buurtwerk"), new_key()
    first = await report(partner, idempotencyKey=key)
    assert await report(partner, idempotencyKey=key) == first
    other = await report(partner, idempotencyKey=key, summary="Iets anders")
    assert (other["signal"], codes(other)) == (None, ["IDEMPOTENCY_KEY_REUSED"])
    async with world.connect("superuser") as connection:
        assert await connection.fetchval("select count(*) from hub.signals") == 1


async def test_a_repeated_report_of_what_was_withdrawn_since_says_so(world: World) -> None:
    partner, key = world.partner("buurtwerk"), new_key()
    first = await report(partner, idempotencyKey=key)
    await withdraw(partner, first["signal"]["id"], 1)
    again = await report(partner, idempotencyKey=key)
    assert (again["signal"], codes(again)) == (None, ["WITHDRAWN"])


async def test_a_report_is_checked_like_a_row(world: World) -> None:
    changes = {"wijk": "WK063700", "summary": "BSN 123456782", "lon": 4.5}
    payload = await report(world.partner("buurtwerk"), **changes)
    assert payload["signal"] is None
    assert {(tuple(e["path"]), e["code"]) for e in payload["errors"]} == {
        (("input", "wijk"), "CODE_OF_ANOTHER_YEAR"),
        (("input", "summary"), "PERSONAL_DATA"),
        (("input", "lon"), "POINT_INCOMPLETE"),
    }


async def test_a_report_with_a_warning_is_stored_and_warns(world: World) -> None:
    payload = await report(world.partner("buurtwerk"), summary="Mail naar a@voorbeeld.nl")
    assert payload["signal"]["version"] == 1
    assert codes(payload) == ["PERSONAL_DATA_WARNING"]


async def test_the_writer_sees_what_each_receiver_will_see(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    payload = await report(owner, buurt="Noord", lon=4.55, lat=52.05)
    (shown,) = payload["shownAs"]
    assert shown["organisation"] == {"name": "Buurtwerk"}
    assert shown["precision"] == "BUURT"
    assert shown["place"] == "Noord, Oosterheem"
    assert "summary" in shown["fields"]
    assert "point" not in shown["fields"]
    assert shown["agreement"] == {"title": "Samen tegen overlast"}
    seen = await signal(other, payload["signal"]["id"])
    assert (seen["summary"], seen["place"]["lon"]) == ("Lawaai bij het plein", None)


async def test_a_cap_shows_less_than_was_agreed(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    cap = {"organisation": await organisation(other), "precision": "WIJK", "withSummary": False}
    payload = await report(owner, buurt="Noord", shareAt=[cap])
    (shown,) = payload["shownAs"]
    assert (shown["precision"], shown["place"]) == ("WIJK", "Oosterheem")
    seen = await signal(other, payload["signal"]["id"])
    assert (seen["summary"], seen["place"]["buurt"]) == (None, None)


async def test_a_receiver_that_a_list_leaves_out_gets_nothing(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    payload = await report(owner, shareAt=[])
    assert payload["shownAs"] == []
    assert await signal(other, payload["signal"]["id"]) is None


async def test_caps_with_the_same_content_share_a_profile(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    cap = {"organisation": await organisation(other), "precision": "WIJK"}
    for _ in range(2):
        assert codes(await report(owner, shareAt=[cap])) == []
    async with world.connect("superuser") as connection:
        assert await connection.fetchval("select count(distinct profile) from hub.signals") == 1
        assert await connection.fetchval("select count(*) from hub.share_caps") == 1


@pytest.mark.parametrize(
    ("cap", "code", "path"),
    [
        ({"precision": "EXACT"}, "PRECISION_BEYOND_AGREEMENT", "precision"),
        ({"precision": "WIJK", "withSummary": True}, "PRECISION_BEYOND_AGREEMENT", "withSummary"),
    ],
)
async def test_a_cap_beyond_the_agreement_is_an_error_not_a_silent_cut(
    world: World, cap: dict[str, Any], code: str, path: str
) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other, fields=[])
    cap = {"organisation": await organisation(other), **cap}
    payload = await report(owner, shareAt=[cap])
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == (code, ["input", "shareAt", "0", path])
    assert error["hint"]
    assert payload["signal"] is None


async def test_a_cap_for_a_receiver_without_an_agreement_is_an_error(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    cap = {"organisation": await organisation(other), "precision": "COUNT"}
    unknown = {"organisation": encode("Organisation", UUID(int=1)), "precision": "COUNT"}
    assert codes(await report(owner, shareAt=[cap], category="LITTER")) == ["NO_AGREEMENT"]
    assert codes(await report(owner, shareAt=[unknown])) == ["UNKNOWN_ORGANISATION"]
    assert codes(await report(owner, shareAt=[{**unknown, "organisation": "x"}])) == ["BAD_ID"]
    assert codes(await report(owner, shareAt=[cap, cap])) == ["BAD_VALUE"]


# ── change ───────────────────────────────────────────────────────────────────────────────────────


async def test_an_absent_field_stays_and_null_clears(world: World) -> None:
    partner = world.partner("buurtwerk")
    made = (await report(partner, internalNote="Navragen"))["signal"]
    payload = await update(partner, made["id"], 1, status="IN_PROGRESS", summary=None)
    assert payload["errors"] == []
    changed = payload["signal"]
    assert (changed["version"], changed["status"], changed["summary"]) == (2, "IN_PROGRESS", None)
    assert changed["internalNote"] == "Navragen"
    history = (await signal(partner, made["id"]))["history"]["nodes"]
    assert history[0]["before"] == {"status": "NEW", "summary": "Lawaai bij het plein"}
    assert history[0]["after"] == {"status": "IN_PROGRESS", "summary": None}


@pytest.mark.parametrize("field", ["category", "seenAt", "status"])
async def test_what_every_signal_has_cannot_be_cleared(world: World, field: str) -> None:
    partner = world.partner("buurtwerk")
    made = (await report(partner))["signal"]
    payload = await update(partner, made["id"], 1, **{field: None})
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("BAD_VALUE", ["input", field])
    assert (await signal(partner, made["id"]))["version"] == 1


async def test_a_stale_version_gives_the_record_as_it_is_now(world: World) -> None:
    partner = world.partner("buurtwerk")
    made = (await report(partner))["signal"]
    await update(partner, made["id"], 1, status="DONE")
    payload = await update(partner, made["id"], 1, status="WAITING")
    assert codes(payload) == ["CONFLICT"]
    assert (payload["signal"]["version"], payload["signal"]["status"]) == (2, "DONE")


async def test_anothers_record_and_no_record_are_refused_to_the_byte_alike(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    made = (await report(owner))["signal"]
    assert await signal(other, made["id"]) is not None
    for operation, given in (
        (UPDATE, {"version": 1, "status": "DONE"}),
        (UPDATE, {"version": 7, "summary": "BSN 123456782"}),
        (WITHDRAW, {"version": 1, "reason": "Weg ermee"}),
    ):
        answers = [
            json.dumps((await other.answer(operation, {"in": {"id": record, **given}}))["data"])
            for record in (made["id"], NO_RECORD)
        ]
        assert answers[0] == answers[1]
    assert (await signal(owner, made["id"]))["version"] == 1


async def test_an_id_of_something_else_is_refused(world: World) -> None:
    partner = world.partner("buurtwerk")
    assert codes(await update(partner, "onzin", 1)) == ["BAD_ID"]
    assert codes(await update(partner, await organisation(partner), 1)) == ["BAD_ID"]
    assert codes(await withdraw(partner, await organisation(partner), 1)) == ["NOT_FOUND"]


async def test_a_change_is_checked_like_a_row(world: World) -> None:
    partner = world.partner("buurtwerk")
    made = (await report(partner))["signal"]
    payload = await update(
        partner, made["id"], 1, summary="BSN 123456782", seenAt="2027-01-01T00:00:00Z"
    )
    assert sorted(codes(payload)) == ["DATE_IN_FUTURE", "PERSONAL_DATA"]
    assert (await signal(partner, made["id"]))["version"] == 1


async def test_of_a_police_signal_no_text_and_no_minute_comes_in_by_a_change(world: World) -> None:
    partner = world.partner("wijkagent")
    made = (await report(partner, summary=None))["signal"]
    assert (made["seenAt"], await kept_moments(world)) == (None, ["2026-11-20 12:00:00"])
    assert codes(await update(partner, made["id"], 1, summary="x")) == ["FREE_TEXT_NOT_ALLOWED"]
    moved = await update(partner, made["id"], 1, seenAt="2026-11-19T03:33:00+01:00")
    assert moved["signal"]["seenAt"] is None
    assert await kept_moments(world) == ["2026-11-19 12:00:00"]


# ── withdraw ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_withdrawn_record_is_gone_for_everyone_and_leaves_no_content(world: World) -> None:
    owner, other = world.partner("corporatie-a"), world.partner("buurtwerk")
    await agree(owner, other)
    record = (await only_row(owner, row(summary="Kanarie")))["recordId"]
    assert await signal(other, record) is not None
    assert await withdraw(owner, record, 1) == {"id": record, "errors": []}
    assert await signal(owner, record) is None
    assert await signal(other, record) is None
    async with world.connect("superuser") as connection:
        left = await connection.fetchrow(
            "select external_id, reason, t::text from hub.tombstones t"
        )
    assert (left["external_id"], left["reason"]) == ("a-1", "Dubbel")
    assert "Kanarie" not in left["t"]


@pytest.mark.parametrize("token", ["wijkagent", "handhaving"])
async def test_why_police_and_enforcement_withdrew_a_record_is_not_kept(
    world: World, token: str
) -> None:
    partner = world.partner(token)
    made = (await report(partner, summary=None))["signal"]
    assert codes(await withdraw(partner, made["id"], 1, reason="BSN 123456782")) == [
        "PERSONAL_DATA"
    ]
    assert codes(await withdraw(partner, made["id"], 1, reason="x" * 2001)) == ["TEXT_TOO_LONG"]
    gone = await withdraw(partner, made["id"], 1, reason="Kanarie bij de flat")
    assert gone == {"id": made["id"], "errors": []}
    async with world.connect("superuser") as connection:
        assert await connection.fetchval("select reason from hub.tombstones") == "ingetrokken"
        for table in ("history", "feed_items", "idempotency_keys"):
            rows = await connection.fetch(f"select t::text from hub.{table} t")
            assert not [row for row in rows if "Kanarie" in row[0]], table


async def test_withdrawing_needs_the_version_that_one_saw_and_a_reason(world: World) -> None:
    partner = world.partner("buurtwerk")
    made = (await report(partner))["signal"]
    stale = await withdraw(partner, made["id"], 2)
    assert (stale["id"], codes(stale)) == (None, ["CONFLICT"])
    assert codes(await withdraw(partner, made["id"], 1, reason="  ")) == ["MISSING_FIELD"]
    assert codes(await withdraw(partner, made["id"], 1, reason="BSN 123456782")) == [
        "PERSONAL_DATA"
    ]
    assert (await signal(partner, made["id"]))["version"] == 1


# ── nothing to report ────────────────────────────────────────────────────────────────────────────


async def nothing(partner: Partner, **changes: Any) -> dict[str, Any]:
    given = {
        "dataset": "woonoverlast-meldingen",
        "wijk": OOSTERHEEM,
        "period": "2026-W47",
        "idempotencyKey": new_key(),
        **changes,
    }
    payload: dict[str, Any] = (await partner.ask(NOTHING, {"in": given}))["reportNothing"]
    return payload


async def test_nothing_to_report_is_a_delivery_with_a_receipt(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    first = await nothing(partner, idempotencyKey=key)
    assert (first["errors"], first["summary"], first["replayed"]) == ([], [], False)
    assert await nothing(partner, idempotencyKey=key) == {**first, "replayed": True}
    async with world.connect("superuser") as connection:
        rows = await connection.fetch("select dataset, nothing from hub.deliveries")
    assert [tuple(r) for r in rows] == [("woonoverlast-meldingen", True)]


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"period": "2026-W49"}, "PERIOD_NOT_BEGUN", "period"),
        ({"period": "2025-W53"}, "BAD_PERIOD", "period"),
        ({"period": "2027-Q1"}, "PERIOD_NOT_BEGUN", "period"),
        ({"dataset": "onbekend"}, "UNKNOWN_DATASET", "dataset"),
        ({"dataset": "Niet Goed"}, "BAD_DATASET", "dataset"),
        ({"wijk": "WK063713"}, "NOT_YOUR_WIJK", "wijk"),
        ({"wijk": "WK063700"}, "CODE_OF_ANOTHER_YEAR", "wijk"),
        ({"idempotencyKey": "kort"}, "BAD_IDEMPOTENCY_KEY", "idempotencyKey"),
    ],
)
async def test_nothing_to_report_is_refused_at_the_field_that_errs(
    world: World, changes: dict[str, Any], code: str, path: str
) -> None:
    payload = await nothing(world.partner("corporatie-a"), **changes)
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == (code, ["input", path])
    assert payload["id"] is None


async def test_a_key_of_a_push_is_not_a_key_of_a_report(world: World) -> None:
    partner, key = world.partner("corporatie-a"), new_key()
    await push(partner, [row()], idempotencyKey=key)
    assert codes(await nothing(partner, idempotencyKey=key)) == ["IDEMPOTENCY_KEY_REUSED"]
    assert codes(await report(partner, idempotencyKey=key)) == ["IDEMPOTENCY_KEY_REUSED"]
