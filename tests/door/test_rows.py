# SPDX-License-Identifier: EUPL-1.2
"""Rows of a delivery are looked at one by one: a bad one is named and the good ones stay."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

BY_ROWS = "mutation($rows: [ThingRow!]!){push(input: {rows: $rows}){stored rejected}}"
BY_INPUT = "mutation($input: PushInput!){push(input: $input){stored rejected}}"


def row(external_id: object = "1", **other: object) -> dict[str, object]:
    good = {"externalId": external_id, "colour": "RED", "seenAt": "2026-11-23T10:00:00+01:00"}
    return {**good, **other}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in row().items() if key != name}


async def pushed(door: Any, rows: Any) -> tuple[list[str], Any]:
    """What was stored, and what was rejected, of rows that were delivered in $rows."""
    answer = await door.ask(BY_ROWS, {"rows": rows})
    assert "errors" not in answer
    return answer["data"]["push"]["stored"], json.loads(answer["data"]["push"]["rejected"])["rows"]


async def test_good_rows_all_stay_with_their_lines(door: Any) -> None:
    stored, rejected = await pushed(door, [row("1"), row("2")])

    assert stored == ["1", "2"]
    assert rejected == {"lines": [1, 2], "rows": []}


async def test_bad_rows_are_named_by_line_and_id_and_the_others_stay(door: Any) -> None:
    rows = [row("1"), row("2", colour="BLUE"), row("3"), without("seenAt"), row("5")]

    stored, rejected = await pushed(door, rows)

    assert stored == ["1", "3", "5"]
    assert rejected["lines"] == [1, 3, 5]
    assert rejected["rows"] == [
        [2, "2", [[["colour"], "UNKNOWN_VALUE"]]],
        [4, "1", [[["seenAt"], "MISSING_FIELD"]]],
    ]


async def test_more_bad_rows_than_graphql_would_name_are_all_named(door: Any) -> None:
    rows = [row(str(n), colour="BLUE") for n in range(300)] + [row("good")]

    stored, rejected = await pushed(door, rows)

    assert stored == ["good"]
    assert len(rejected["rows"]) == 300


@pytest.mark.parametrize(
    ("bad", "errors"),
    [
        (row(colour="BLUE"), [[["colour"], "UNKNOWN_VALUE"]]),
        (row(colour=7), [[["colour"], "UNKNOWN_VALUE"]]),
        (row(colour=None), [[["colour"], "MISSING_FIELD"]]),
        (row(seenAt="2026-02-30T10:00:00Z"), [[["seenAt"], "BAD_DATE"]]),
        (row(seenAt="2026-11-23T10:00:00"), [[["seenAt"], "DATE_WITHOUT_OFFSET"]]),
        (row(amount="four"), [[["amount"], "BAD_VALUE"]]),
        (row(amount=2**40), [[["amount"], "BAD_VALUE"]]),
        (row(externalId=12), [[["externalId"], "BAD_VALUE"]]),
        (row(externalId="a\0b"), [[["externalId"], "TEXT_UNREADABLE"]]),
        (row(surprise=1), [[["surprise"], "UNKNOWN_FIELD"]]),
        (row(parts=[{"size": 1}, {"size": "x"}]), [[["parts", 1, "size"], "BAD_VALUE"]]),
        (row(parts={"size": "x"}), [[["parts", "size"], "BAD_VALUE"]]),
        (row(parts=[{}]), [[["parts", 0, "size"], "MISSING_FIELD"]]),
        (without("externalId"), [[["externalId"], "MISSING_FIELD"]]),
        (
            {"colour": "BLUE", "extra": 1},
            [
                [["externalId"], "MISSING_FIELD"],
                [["seenAt"], "MISSING_FIELD"],
                [["extra"], "UNKNOWN_FIELD"],
                [["colour"], "UNKNOWN_VALUE"],
            ],
        ),
        (None, [[[], "MISSING_FIELD"]]),
        ("row", [[[], "BAD_VALUE"]]),
        ([], [[[], "BAD_VALUE"]]),
    ],
)
async def test_each_thing_that_is_wrong_has_a_place_and_a_code(
    door: Any, bad: Any, errors: Any
) -> None:
    stored, rejected = await pushed(door, [row("good"), bad])

    assert stored == ["good"]
    assert rejected["lines"] == [1]
    ((line, _, found),) = rejected["rows"]
    assert line == 2
    assert sorted(map(str, found)) == sorted(map(str, errors))


async def test_an_id_that_cannot_be_stored_is_left_out(door: Any) -> None:
    rows = [row("a\0b"), row("x" * 201, colour="BLUE"), row(7), without("externalId")]

    _, rejected = await pushed(door, rows)

    assert [external_id for _, external_id, _ in rejected["rows"]] == [None] * 4


async def test_a_name_with_a_nul_is_made_storable(door: Any) -> None:
    _, rejected = await pushed(door, [row(**{"a\0b": 1})])

    assert "\0" not in str(rejected)
    assert rejected["rows"]


async def test_a_row_with_hundreds_of_errors_names_the_first_twenty(door: Any) -> None:
    _, rejected = await pushed(door, [row(**{f"extra{n}": n for n in range(300)})])

    assert len(rejected["rows"][0][2]) == 20


async def test_rows_within_an_input_are_found_too(door: Any) -> None:
    answer = await door.ask(BY_INPUT, {"input": {"rows": [row("1"), row("2", colour="BLUE")]}})

    assert answer["data"]["push"]["stored"] == ["1"]
    assert list(json.loads(answer["data"]["push"]["rejected"])) == ["input.rows"]


async def test_one_row_counts_as_a_list_of_one(door: Any) -> None:
    stored, rejected = await pushed(door, row("1"))

    assert (stored, rejected["lines"]) == (["1"], [1])


async def test_what_is_wrong_beside_the_rows_refuses_the_whole(door: Any) -> None:
    rows = [row("1"), row("2", colour="BLUE")]

    assert await door.codes(BY_INPUT, {"input": {"rows": rows, "dryRun": "x"}}) == ["BAD_VARIABLE"]
    assert await door.codes(BY_INPUT, {"input": {"rows": rows, "dryRun": "\0"}}) == [
        "TEXT_UNREADABLE"
    ]
    assert await door.codes(BY_INPUT, {"input": None}) == ["BAD_VARIABLE"]
    assert await door.codes(BY_INPUT, {"input": {}}) == ["BAD_VARIABLE"]
    assert await door.codes(BY_INPUT, {"input": {"rows": None}}) == ["BAD_VARIABLE"]


async def test_more_rows_than_allowed_are_refused_whole(open_door: Any) -> None:
    door = open_door(rows=3)

    assert await door.codes(BY_ROWS, {"rows": [row(str(n)) for n in range(4)]}) == ["TOO_MANY_ROWS"]
    assert door.database.told == []
