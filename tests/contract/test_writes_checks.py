# SPDX-License-Identifier: EUPL-1.2
"""What a row may hold: places, moments, texts; and what the hub keeps of police and enforcement."""

from __future__ import annotations

from typing import Any

import pytest

from schema.contributions import KINDS
from tests.conftest import World
from tests.contract.agreeing import agree, rule
from tests.contract.writing import codes, kept_moments, only_row, push, row, signal

pytestmark = pytest.mark.anyio

SCHOOL_NOT_HERE = "WK063708"


async def refused(world: World, given: dict[str, Any], name: str = "corporatie-a") -> Any:
    answered = await only_row(world.partner(name), given)
    assert answered["outcome"] == "REJECTED"
    async with world.connect("superuser") as connection:
        assert await connection.fetchval("select count(*) from hub.signals") == 0
    return [(error["path"], error["code"]) for error in answered["errors"]]


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"wijk": "WK063799"}, "wijk", "UNKNOWN_WIJK"),
        ({"wijk": "Nergenshuizen"}, "wijk", "UNKNOWN_WIJK"),
        ({"wijk": "WK063700"}, "wijk", "CODE_OF_ANOTHER_YEAR"),
        ({"wijk": "WK063713"}, "wijk", "NOT_YOUR_WIJK"),
        ({"buurt": "Tuinen"}, "buurt", "UNKNOWN_BUURT"),
        ({"lon": 4.55}, "lon", "POINT_INCOMPLETE"),
        ({"lon": 52.05, "lat": 4.55}, "lon", "POINT_OUTSIDE_WIJK"),
        ({"lon": 4.30, "lat": 52.08}, "lon", "POINT_OUTSIDE_WIJK"),
        ({"seenAt": "2026-11-25T10:00:00+01:00"}, "seenAt", "DATE_IN_FUTURE"),
        ({"seenAt": "1999-12-31T10:00:00+01:00"}, "seenAt", "DATE_TOO_OLD"),
        ({"summary": "x" * 2001}, "summary", "TEXT_TOO_LONG"),
        ({"summary": "bel\x07"}, "summary", "TEXT_UNREADABLE"),
        ({"summary": "BSN 123456782"}, "summary", "PERSONAL_DATA"),
        ({"internalNote": "BSN 123456782"}, "internalNote", "PERSONAL_DATA"),
        ({"subcategory": "BSN 123456782"}, "subcategory", "PERSONAL_DATA"),
        ({"sourceVersion": "BSN 123456782"}, "sourceVersion", "PERSONAL_DATA"),
        ({"externalId": "BSN 123456782"}, "externalId", "PERSONAL_DATA"),
        ({"externalId": "  "}, "externalId", "MISSING_FIELD"),
    ],
)
async def test_a_row_is_refused_at_the_field_that_errs(
    world: World, changes: dict[str, Any], path: str, code: str
) -> None:
    assert await refused(world, row(**changes)) == [([path], code)]


async def test_everything_that_is_wrong_with_a_row_is_told_at_once(world: World) -> None:
    given = row(buurt="Nergens", summary="BSN 123456782", seenAt="2027-01-01T00:00:00Z")
    assert sorted(code for _, code in await refused(world, given)) == [
        "DATE_IN_FUTURE",
        "PERSONAL_DATA",
        "UNKNOWN_BUURT",
    ]


async def test_a_code_of_another_year_names_that_year_and_what_is_there_now(world: World) -> None:
    answered = await only_row(world.partner("corporatie-a"), row(wijk="WK063700"))
    (error,) = answered["errors"]
    assert "2024" in error["message"]
    assert "Centrum" in error["message"]
    assert "WK0637" in error["hint"]


async def test_an_external_id_that_names_a_person_is_not_kept_in_the_receipt(world: World) -> None:
    answered = await only_row(world.partner("corporatie-a"), row("BSN 123456782"))
    assert answered["externalId"] is None
    async with world.connect("superuser") as connection:
        kept = await connection.fetchval(
            "select string_agg(r::text, '') || (select coalesce(string_agg(l::text, ''), '') "
            "from hub.list_parts l)"
            " from hub.receipt_rows r"
        )
    assert "123456782" not in kept


async def test_places_may_be_given_by_id(world: World) -> None:
    partner = world.partner("corporatie-a")
    data = await partner.ask('{ wijk(code: "WK063711") { id buurten { id name } } }')
    buurt = data["wijk"]["buurten"][0]
    answered = await only_row(partner, row(wijk=data["wijk"]["id"], buurt=buurt["id"]))
    found = await signal(partner, answered["recordId"])
    assert found["place"]["buurt"] == {"name": buurt["name"]}


async def test_an_id_of_something_else_is_no_wijk(world: World) -> None:
    data = await world.partner("corporatie-a").ask("{ me { organisation { id } } }")
    given = row(wijk=data["me"]["organisation"]["id"])
    assert await refused(world, given) == [(["wijk"], "UNKNOWN_WIJK")]


async def test_a_name_of_a_buurt_is_read_in_any_case(world: World) -> None:
    partner = world.partner("corporatie-a")
    answered = await only_row(partner, row(buurt=" nOORD "))
    assert (await signal(partner, answered["recordId"]))["place"]["buurt"] == {"name": "Noord"}


async def test_text_is_stored_trimmed_and_an_empty_one_as_none(world: World) -> None:
    partner = world.partner("corporatie-a")
    answered = await only_row(partner, row(" a-1 ", summary="  Lawaai\r\n", internalNote="  "))
    found = await signal(partner, answered["recordId"])
    assert (found["summary"], found["internalNote"]) == ("Lawaai", None)
    assert answered["externalId"] == "a-1"


async def test_a_phone_number_in_a_text_is_stored_with_a_warning(world: World) -> None:
    partner = world.partner("corporatie-a")
    answered = await only_row(partner, row(summary="Bel 06 12345678 voor meer"))
    assert (answered["outcome"], codes(answered)) == ("CREATED", ["PERSONAL_DATA_WARNING"])


async def test_the_clock_of_the_hub_decides_what_lies_in_the_future(world: World) -> None:
    given = row(seenAt="2026-11-25T10:00:00+01:00")
    await refused(world, given)
    async with world.connect("superuser") as connection:
        await connection.execute("update hub.clock set frozen_at = frozen_at + interval '2 days'")
    assert (await only_row(world.partner("corporatie-a"), given))["outcome"] == "CREATED"


async def test_a_wijk_where_the_term_has_ended_is_not_ones_own(world: World) -> None:
    async with world.connect("superuser") as connection:
        await connection.execute("update hub.organisation_wijken set works_until = hub.today() - 1")
    assert await refused(world, row()) == [(["wijk"], "NOT_YOUR_WIJK")]


@pytest.mark.parametrize("token", ["wijkagent", "handhaving"])
@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"lon": 4.55, "lat": 52.05}, "lon", "POINT_NOT_ALLOWED"),
        ({"summary": "Groep jongeren"}, "summary", "FREE_TEXT_NOT_ALLOWED"),
        ({"internalNote": "Groep jongeren"}, "internalNote", "FREE_TEXT_NOT_ALLOWED"),
        ({"subcategory": "hangjeugd"}, "subcategory", "FREE_TEXT_NOT_ALLOWED"),
        ({"externalId": "06-12345678"}, "externalId", "PERSONAL_DATA"),
        ({"externalId": "groep jongeren"}, "externalId", "FREE_TEXT_NOT_ALLOWED"),
        ({"sourceVersion": "groep jongeren"}, "sourceVersion", "FREE_TEXT_NOT_ALLOWED"),
    ],
)
async def test_police_and_enforcement_leave_no_point_and_no_text(
    world: World, token: str, changes: dict[str, Any], path: str, code: str
) -> None:
    assert await refused(world, row(**changes), token) == [([path], code)]


@pytest.mark.parametrize("token", ["wijkagent", "handhaving"])
async def test_what_police_and_enforcement_call_a_record_has_no_blanks(
    world: World, token: str
) -> None:
    given = row("zaak-2026/17", summary=None, sourceVersion="v1.2")
    assert (await only_row(world.partner(token), given))["outcome"] == "CREATED"


async def test_who_may_keep_text_may_call_a_record_what_it_wants(world: World) -> None:
    given = row("zaak 17", sourceVersion="derde versie")
    assert (await only_row(world.partner("corporatie-a"), given))["outcome"] == "CREATED"


async def test_police_and_enforcement_leave_a_day_and_no_minute(world: World) -> None:
    partner = world.partner("wijkagent")
    given = row(seenAt="2026-11-20T23:45:00+01:00")
    answered = await only_row(partner, given)
    found = await signal(partner, answered["recordId"])
    assert (found["seenAt"], await kept_moments(world)) == (None, ["2026-11-20 12:00:00"])
    assert (await only_row(partner, given))["outcome"] == "UNCHANGED"


async def test_nobody_is_shown_an_hour_that_police_and_enforcement_did_not_leave(
    world: World,
) -> None:
    shown = [
        await rule(world, giver, "buurtwerk", precision="EXACT", fields=["seenAt"])
        for giver in ("handhaving", "corporatie-a")
    ]
    await agree(world, shown, "handhaving", "buurtwerk", "corporatie-a")
    for giver, expected in (("handhaving", None), ("corporatie-a", "2026-11-20T22:45:00Z")):
        given = row(seenAt="2026-11-20T23:45:00+01:00", summary=None)
        record = (await only_row(world.partner(giver), given))["recordId"]
        for reader in (giver, "buurtwerk"):
            found = await signal(world.partner(reader), record)
            assert found["seenAt"] == expected, (giver, reader)


async def test_what_is_called_a_moment_is_one_in_the_database(world: World) -> None:
    async with world.connect("superuser") as root:
        rows = await root.fetch(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'hub' and data_type like 'timestamp%'"
        )
    moments = {tuple(found) for found in rows}
    for kind in KINDS.values():
        for column in kind.columns:
            assert column.moment is ((kind.table, column.name) in moments), column


async def test_a_row_may_name_a_wijk_of_the_sender_and_of_no_other(world: World) -> None:
    rows = [row("a-1"), row("a-2", wijk=SCHOOL_NOT_HERE)]
    receipt = await push(world.partner("school-a"), rows, maxRejected=1)
    assert [line["outcome"] for line in receipt["rows"]["nodes"]] == ["CREATED", "REJECTED"]
    assert codes(receipt["rows"]["nodes"][1]) == ["NOT_YOUR_WIJK"]
