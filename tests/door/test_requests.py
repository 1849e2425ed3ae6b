# SPDX-License-Identifier: EUPL-1.2
"""What the door does with HTTP requests: which it reads, how it answers, what its answers tell."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.errors import Unavailable

pytestmark = pytest.mark.anyio

MODERN = "application/graphql-response+json"
HELLO = {"query": "{hello}"}


def code(response: httpx.Response) -> str:
    """The code of the only error of an answer without data."""
    answer = response.json()
    assert "data" not in answer
    (error,) = answer["errors"]
    assert error["message"]
    return str(error["extensions"]["code"])


# ── Method, type, language ───────────────────────────────────────────────────────────────────────


async def test_a_post_of_json_is_answered(door: Any) -> None:
    response = await door.send(HELLO)

    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello wijk"}
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE", "HEAD"])
async def test_other_methods_are_refused_and_told_which_works(door: Any, method: str) -> None:
    response = await door.send(HELLO, method=method)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
        "",
    ],
)
async def test_only_json_in_utf8_is_read(door: Any, content_type: str) -> None:
    response = await door.send(HELLO, content_type=content_type)

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_compressed_body_is_refused(door: Any) -> None:
    response = await door.send(b"\x1f\x8b", content_encoding="gzip")

    assert response.status_code == 415


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", 'Application/JSON; Charset="UTF-8"']
)
async def test_utf8_may_be_said(door: Any, content_type: str) -> None:
    assert (await door.send(HELLO, content_type=content_type)).status_code == 200


@pytest.mark.parametrize(
    ("accept", "modern"),
    [
        (MODERN, True),
        (f"{MODERN}, application/json", True),
        (f"{MODERN};q=0.5, application/json", False),
        (f"{MODERN};q=0", False),
        (f"{MODERN};q=nonsense", False),
        ("*/*", False),
        ("text/html", False),
    ],
)
async def test_the_media_type_is_the_one_that_the_caller_prefers(
    door: Any, accept: str, modern: bool
) -> None:
    response = await door.send({"query": "{nope}"}, accept=accept)

    assert response.headers["content-type"].startswith(MODERN if modern else "application/json")
    assert response.status_code == (400 if modern else 200)
    assert code(response) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "nl"),
        ("en", "en"),
        ("en-GB,en;q=0.9,nl;q=0.5", "en"),
        ("nl, en;q=0.9", "nl"),
        ("de", "nl"),
        ("*", "nl"),
        ("en;q=x", "nl"),
    ],
)
async def test_people_are_answered_in_their_language(door: Any, accept: str, language: str) -> None:
    response = await door.send({"query": "{who}"}, accept_language=accept)

    assert response.headers["content-language"] == language
    assert response.json()["data"] == {"who": f"tester {language}"}


async def test_answers_are_for_the_caller_alone(door: Any) -> None:
    headers = (await door.send(HELLO, origin="https://elsewhere.example")).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert not [name for name in headers if name.startswith("access-control-")]


# ── Who asks ─────────────────────────────────────────────────────────────────────────────────────


async def test_every_credential_that_does_not_count_gives_the_same_bytes(door: Any) -> None:
    answers = [
        await door.send(content, token=token)
        for token in ("wrong", "hub_expired", "", "wri ter", None)
        for content in (HELLO, b"{", {"query": "{__schema{types{name}}}"})
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert code(answers[0]) == "UNAUTHENTICATED"


async def test_the_body_of_an_unknown_caller_is_not_read(door: Any) -> None:
    asked = []

    async def receive() -> Any:
        asked.append(1)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    await door.endpoint({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert sent[0]["status"] == 401
    assert asked == []


async def test_a_credential_without_the_scope_is_refused_and_nothing_begins(door: Any) -> None:
    change = {"query": 'mutation{change(name: "x")}'}

    answers = {
        "write": [await door.send(change, token="reader")],
        "read": [await door.send(HELLO, token="pusher"), await door.send(change, token="pusher")],
    }

    for missing, refused in answers.items():
        for answer in refused:
            assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
            assert f"'{missing}'" in answer.json()["errors"][0]["message"]
    assert door.database.told == []


async def test_introspection_is_answered_to_a_known_caller_only(door: Any) -> None:
    question = {"query": "{__schema{queryType{name}}}"}

    assert (await door.send(question)).json()["data"]
    assert (await door.send(question, token=None)).status_code == 401


async def test_a_lost_database_at_the_look_up_of_a_token_is_told(
    open_door: Callable[..., Any],
) -> None:
    async def authenticate(headers: Any) -> Any:
        raise Unavailable("lost")

    response = await open_door(authenticate).send(HELLO)

    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    assert response.headers["retry-after"] == "1"


# ── Bodies ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "BAD_JSON"),
        (b"{", "BAD_JSON"),
        (b'{"query": "{hello}"} x', "BAD_JSON"),
        (b'{"query": "\xff"}', "BAD_JSON"),
        (b'{"query": "\\ud800"}', "BAD_JSON"),
        (b'{"query": NaN}', "BAD_JSON"),
        (b"[" * 100_000, "BAD_JSON"),
        (b"[]", "BATCH_NOT_SUPPORTED"),
        (b'[{"query": "{hello}"}]', "BATCH_NOT_SUPPORTED"),
        (b"null", "BAD_REQUEST"),
        (b'"{hello}"', "BAD_REQUEST"),
        (b"{}", "BAD_REQUEST"),
        (b'{"query": 1}', "BAD_REQUEST"),
        (b'{"query": null}', "BAD_REQUEST"),
        (b'{"query": "{hello}", "variables": []}', "BAD_REQUEST"),
        (b'{"query": "{hello}", "variables": "x"}', "BAD_REQUEST"),
        (b'{"query": "{hello}", "operationName": {}}', "BAD_REQUEST"),
        (b'{"query": "{hello}", "extensions": 7}', "BAD_REQUEST"),
    ],
)
async def test_a_body_that_is_no_request_is_refused(door: Any, body: bytes, expected: str) -> None:
    response = await door.send(body)

    assert (response.status_code, code(response)) == (400, expected)


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{hello}\\u0000"}',
        b'{"query": "query A{hello}", "operationName": "A\\u0000"}',
        b'{"query": "query($t: String!){hello(to: $t)}", "variables": {"t": "a\\u0000b"}}',
        b'{"query": "{hello}", "variables": {"a\\u0000b": 1}}',
        b'{"query": "{hello(to: \\"a\\\\u0000b\\")}"}',
    ],
)
async def test_a_nul_anywhere_is_refused(door: Any, body: bytes) -> None:
    response = await door.send(body)

    assert code(response) == "TEXT_UNREADABLE"
    assert "begin read" not in door.database.told


async def test_the_two_characters_of_an_escape_are_no_nul(door: Any) -> None:
    question = {"query": "query($t: String!){hello(to: $t)}", "variables": {"t": "\\u0000"}}

    assert (await door.send(question)).json()["data"] == {"hello": "hello \\u0000"}


@pytest.mark.parametrize("absent", [{}, {"variables": None, "operationName": None}])
async def test_variables_and_name_may_be_absent_or_null(door: Any, absent: Any) -> None:
    assert (await door.send({**HELLO, **absent, "extensions": None})).json()["data"]


async def test_a_body_beyond_the_cap_is_refused_by_its_declared_length(
    open_door: Callable[..., Any],
) -> None:
    response = await open_door(body_bytes=1_000, bulk_body_bytes=2_000).send(b" " * 3_000)

    assert (response.status_code, code(response)) == (413, "BODY_TOO_LARGE")
    assert response.headers["connection"] == "close"


async def test_a_body_without_a_length_is_read_no_further_than_the_cap(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(body_bytes=1_000, bulk_body_bytes=2_000)
    given_out = []

    async def receive() -> Any:
        given_out.append(1)
        return {"type": "http.request", "body": b" " * 500, "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer writer")]
    await door.endpoint({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert sent[0]["status"] == 413
    assert len(given_out) == 5


async def test_only_a_delivery_of_rows_may_be_larger_than_an_ordinary_body(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(body_bytes=1_000, bulk_body_bytes=5_000)
    push = "mutation($rows: [ThingRow!]!){push(input: {rows: $rows}){stored}}"
    padded = " " * 2_000

    delivery = await door.send({"query": push + padded, "variables": {"rows": []}})
    question = await door.send({"query": "{hello}" + padded})
    reader = await door.send({"query": push + padded, "variables": {"rows": []}}, token="reader")

    assert delivery.json()["data"] == {"push": {"stored": []}}
    assert (question.status_code, code(question)) == (413, "BODY_TOO_LARGE")
    assert (reader.status_code, code(reader)) == (413, "BODY_TOO_LARGE")


async def test_a_document_that_is_too_long_is_refused_before_it_is_read(door: Any) -> None:
    fits = await door.send({"query": "{hello}" + " " * 99_993})
    beyond = await door.send({"query": "{hello " + "é" * 50_000})

    assert fits.json()["data"] == {"hello": "hello wijk"}
    assert (beyond.status_code, code(beyond)) == (413, "BODY_TOO_LARGE")
    assert "100000" in beyond.text


@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_bytes_get_a_well_formed_answer_with_a_code(door: Any, body: bytes) -> None:
    response = await door.send(body)

    assert response.status_code == 400
    assert code(response)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
QUERIES = st.sampled_from(
    [
        "{hello}",
        "query($t: String!){hello(to: $t)}",
        "query($t: Moment!){at(moment: $t)}",
        "mutation($t: PushInput!){push(input: $t){stored}}",
        "mutation($t: [ThingRow!]!){push(input: {rows: $t}){stored}}",
    ]
)


@given(
    content=st.fixed_dictionaries(
        {"query": QUERIES | JSON},
        optional={
            "variables": st.fixed_dictionaries({"t": JSON}) | JSON,
            "operationName": JSON,
            "extensions": JSON,
        },
    )
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_json_gets_a_well_formed_answer_and_never_a_fault(
    door: Any, content: Any
) -> None:
    response = await door.send(content)

    assert response.status_code in (200, 400)
    for error in response.json().get("errors", []):
        assert error["message"]
        assert error["extensions"]["code"] != "INTERNAL"


# ── Documents ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        ("{hello", None, "GRAPHQL_PARSE_FAILED"),
        ("", None, "GRAPHQL_PARSE_FAILED"),
        ("{helo}", None, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription{hello}", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query($t: String!){hello(to: $t)}", {}, "BAD_VARIABLE"),
        ("query($t: String!){hello(to: $t)}", {"t": 1}, "BAD_VARIABLE"),
        ("query($t: String){hello(to: $t)}", {"t": None}, "BAD_VARIABLE"),
        ("query A{hello} query B{hello}", None, "UNKNOWN_OPERATION"),
        ("{all{parts{parts{parts{parts{name}}}}}}", None, "QUERY_TOO_COSTLY"),
        ("query($t: [Int]){hello}", {"t": [1] * 5001}, "GRAPHQL_VALIDATION_FAILED"),
        ("{hello}", {"t": [1] * 5001}, "TOO_MANY_ROWS"),
    ],
)
@pytest.mark.parametrize(("accept", "status"), [(MODERN, 400), ("application/json", 200)])
async def test_a_refused_document_or_variable_has_a_code_and_a_cure(
    door: Any, query: str, variables: Any, expected: str, accept: str, status: int
) -> None:
    response = await door.send({"query": query, "variables": variables}, accept=accept)

    if expected == "BAD_VARIABLE" and variables == {"t": None}:
        status = 200  # graphql-core finds this one at the field
    assert response.status_code == status
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == expected
    assert error["extensions"]["hint"]


async def test_nothing_is_suggested(door: Any) -> None:
    row = {"externalId": "1", "colour": "REDD", "seenAt": "2026-11-23T10:00:00Z"}
    push = "mutation($input: PushInput!){push(input: $input){stored}}"

    for query, variables in (
        ("{helo}", None),
        ("{hello(tto: 1)}", None),
        ("{... on Thingg{name}}", None),
        (push, {"input": {"rows": [row], "dryRunn": True}}),
    ):
        answer = await door.ask(query, variables)
        assert answer["errors"]
        assert "mean" not in str(answer["errors"])


async def test_a_message_about_a_variable_does_not_repeat_the_whole_of_it(door: Any) -> None:
    push = "mutation($input: PushInput!){push(input: $input){stored}}"

    answer = await door.ask(push, {"input": {"secret": "geheim"}})

    assert "geheim" not in str(answer)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{at(moment: "2026-11-23T10:00:00")}', None),
        ("query($m: Moment!){at(moment: $m)}", {"m": "2026-11-23T10:00:00"}),
    ],
)
async def test_a_scalar_refuses_in_the_catalogues_own_words(
    door: Any, query: str, variables: Any
) -> None:
    assert await door.codes(query, variables) == ["DATE_WITHOUT_OFFSET"]


async def test_one_of_several_operations_is_chosen_by_name(door: Any) -> None:
    document = 'query A{hello(to: "a")} query B{hello(to: "b")}'

    answer = (await door.send({"query": document, "operationName": "B"})).json()

    assert answer["data"] == {"hello": "hello b"}


# ── Cost and rate ────────────────────────────────────────────────────────────────────────────────


async def test_the_answer_says_what_was_spent_and_what_is_left(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(cost=100, rate_burst=102, query_bytes=100, rate_per_second=10)

    first = await door.ask("{things(first: 5){nodes{name}}}")
    second = await door.ask("{things(first: 5){nodes{name}}}")

    assert first["extensions"]["cost"] == {"requested": 6, "limit": 102, "remaining": 95}
    assert second["extensions"]["cost"] == {"requested": 6, "limit": 102, "remaining": 88}


async def test_who_spends_too_fast_is_told_when_to_come_back(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(cost=100, rate_burst=102, query_bytes=100, rate_per_second=10)
    question = {"query": "{things(first: 79){nodes{name}}}"}
    assert (await door.send(question)).status_code == 200

    refused = await door.send(question)
    door.now += int(refused.headers["retry-after"])

    assert (refused.status_code, code(refused)) == (429, "RATE_LIMITED")
    assert refused.headers["retry-after"] == "7"
    assert refused.json()["extensions"]["cost"]["remaining"] == 20  # both readings taken off
    assert (await door.send(question)).status_code == 200


@pytest.mark.parametrize(
    "refused",
    [
        "{hello",
        "{helo}",
        "{a: hello b: hello " + "c: hello " * 30 + "}",
        "{all{parts{parts{parts{parts{name}}}}}}",
        "query A{hello} query B{hello}",
    ],
    ids=["parse", "validation", "shape", "cost", "operation"],
)
async def test_a_refused_document_is_paid_for_and_then_nothing_is_parsed(
    open_door: Callable[..., Any], refused: str
) -> None:
    door = open_door(rate_burst=11_001, rate_per_second=10)
    paid = 500 + 1 + len(refused) // 100

    for _ in range(11_001 // paid + 1):
        assert await door.codes(refused) not in ([], ["RATE_LIMITED"])
    beyond = await door.send({"query": refused})

    assert (beyond.status_code, code(beyond)) == (429, "RATE_LIMITED")
    assert beyond.json()["extensions"]["cost"]["remaining"] == 0
    assert await door.codes(HELLO["query"]) == ["RATE_LIMITED"]
    assert await door.codes(HELLO["query"], token="other") == []
    door.now += int(beyond.headers["retry-after"])
    assert await door.codes(HELLO["query"]) == []


async def test_a_long_text_costs_more_to_read(open_door: Callable[..., Any]) -> None:
    door = open_door(rate_burst=11_001)

    answer = await door.ask("{hello}" + " " * 9_993)

    assert answer["extensions"]["cost"] == {"requested": 1, "limit": 11_001, "remaining": 10_899}


async def test_what_one_organisation_spends_does_not_show_to_another(
    open_door: Callable[..., Any],
) -> None:
    alone, beside = open_door(rate_burst=11_001), open_door(rate_burst=11_001)
    await beside.send({"query": "{all{parts{name}}}"}, token="writer")

    answers = [await door.send(HELLO, token="other") for door in (alone, beside)]

    assert answers[0].content == answers[1].content
