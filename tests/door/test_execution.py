# SPDX-License-Identifier: EUPL-1.2
"""When a transaction begins and ends, what a fault tells, and what stops an operation."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from sql.errors import Refusal, Unavailable

pytestmark = pytest.mark.anyio

SECRET = "Marie woont op nummer 7"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_query_reads_and_a_mutation_writes_in_one_transaction(door: Any) -> None:
    await door.ask("query Groet{hello}")
    assert door.database.told == ["begin read Groet", "commit"]

    door.database.told.clear()
    await door.ask('mutation{a: change(name: "1") b: change(name: "2")}')
    assert door.database.told == ["begin write", "change 1", "change 2", "commit"]


async def test_the_answer_leaves_after_the_commit(door: Any) -> None:
    told: list[str] = door.database.told
    sent: list[Any] = []

    async def receive() -> Any:
        if not sent:
            sent.append(None)
            return {"type": "http.request", "body": b'{"query": "{hello}"}', "more_body": False}
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        told.append(message["type"])

    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer writer")]
    await door.endpoint({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert told[-3:] == ["commit", "http.response.start", "http.response.body"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Unavailable("lost"), 503, "UNAVAILABLE"),
        (RuntimeError(SECRET), 500, "INTERNAL"),
        (Refusal("CONFLICT"), 200, "CONFLICT"),
    ],
)
async def test_a_commit_that_fails_gives_an_error_and_no_data(
    door: Any, fault: Exception, status: int, code: str
) -> None:
    door.database.fault_at_commit = fault

    response = await door.send({"query": 'mutation{change(name: "1")}'})

    assert response.status_code == status
    assert "data" not in response.json()
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == [code]


async def test_a_database_that_cannot_be_reached_is_503_with_a_time(door: Any) -> None:
    door.database.fault_at_begin = Unavailable("no room")

    response = await door.send({"query": "{hello}"})

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"


async def test_a_database_that_is_lost_half_way_rolls_everything_back(door: Any) -> None:
    response = await door.send({"query": "{hello away}"})

    assert response.status_code == 503
    assert "data" not in response.json()
    assert door.database.told == ["begin read", "rollback"]


async def test_a_refusal_at_a_field_is_in_words_and_names_field_and_argument(door: Any) -> None:
    answer = await door.ask("{hello refused}", accept_language="en")

    assert answer["data"] == {"hello": "hello wijk", "refused": None}
    (error,) = answer["errors"]
    assert error["message"] == "This buurt does not exist in this wijk."
    assert error["path"] == ["refused"]
    assert error["locations"] == [{"line": 1, "column": 8}]
    assert error["extensions"]["code"] == "UNKNOWN_BUURT"
    assert error["extensions"]["argument"] == ["filter", "buurt"]
    assert error["extensions"]["hint"]


@pytest.mark.parametrize("query", ["{broken}", "{number}", "mutation{fail}"])
async def test_a_fault_is_masked_with_an_id_that_the_log_has_too(
    door: Any, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "hub"):
        response = await door.send({"query": query})

    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["errorId"] == "fault-1"
    assert SECRET not in response.text
    logged = [record.__dict__["fields"] for record in caplog.records]
    assert [fields["errorId"] for fields in logged] == ["fault-1", "fault-1"]
    assert any(place.startswith("conftest.py:") for place in logged[0]["places"]) or (
        query == "{number}"  # graphql-core's own code refuses that one
    )
    assert SECRET not in str(logged)


async def test_other_fields_are_answered_beside_a_fault(door: Any) -> None:
    answer = await door.ask("{broken hello}")

    assert answer["data"] == {"broken": None, "hello": "hello wijk"}
    assert door.database.told[-1] == "commit"


async def test_many_faults_of_one_request_do_not_fill_the_log(
    door: Any, caplog: pytest.LogCaptureFixture
) -> None:
    aliases = " ".join(f"a{n}: broken" for n in range(15))

    with caplog.at_level(logging.INFO, "hub"):
        answer = await door.ask("{" + aliases + "}")

    assert len(answer["errors"]) == 15
    assert len([r for r in caplog.records if r.msg == "fault"]) == 5


async def test_the_log_tells_what_was_done_without_values_tokens_or_text(
    door: Any, caplog: pytest.LogCaptureFixture
) -> None:
    query = "query Groet($t: String!){hello(to: $t)}"

    with caplog.at_level(logging.INFO, "hub"):
        await door.ask(query, {"t": SECRET}, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")

    (record,) = caplog.records
    assert record.__dict__["fields"] == {
        "status": 200,
        "code": None,
        "operation": "Groet",
        "kind": "query",
        "organisation": "6d1f0a52-0000-4000-8000-000000000001",
        "cost": 1,
        "milliseconds": 0,
        "errorId": None,
        "trace": TRACE,
    }
    assert SECRET not in str(record.__dict__)
    assert "writer" not in str(record.__dict__)


@pytest.mark.parametrize(
    "header",
    [
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}",
        SECRET,
    ],
)
async def test_what_names_no_trace_is_not_written_down(
    door: Any, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    with caplog.at_level(logging.INFO, "hub"):
        await door.ask("{hello}", traceparent=header)

    (record,) = caplog.records
    trace = record.__dict__["fields"]["trace"]
    assert len(trace) == 32
    assert trace not in header


async def test_an_operation_that_takes_too_long_is_stopped_and_rolled_back(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(operation_seconds=0.05)

    response = await door.send({"query": "{slow}"})

    assert response.status_code == 504
    assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
    assert door.database.told == ["begin read", "started", "cancelled", "rollback"]


async def test_a_caller_that_goes_away_takes_the_work_with_it(door: Any) -> None:
    gone = asyncio.Event()
    messages = [{"type": "http.request", "body": b'{"query": "{slow}"}', "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer writer")]
    scope = {"type": "http", "method": "POST", "headers": headers}
    request = asyncio.create_task(door.endpoint(scope, receive, send))
    await door.database.until("started")
    gone.set()
    await request

    assert door.database.told == ["begin read", "started", "cancelled", "rollback"]
    assert sent == []


async def test_a_server_that_stops_takes_its_work_back(door: Any) -> None:
    request = asyncio.create_task(door.send({"query": "{slow}"}))
    await door.database.until("started")

    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request

    assert door.database.told[-1] == "rollback"


async def test_work_beyond_the_places_is_refused_at_once(open_door: Callable[..., Any]) -> None:
    door = open_door(concurrency=1)
    first = asyncio.create_task(door.send({"query": "{slow}"}))
    await door.database.until("started")

    refused = await door.send({"query": "{hello}"})
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert (await door.send({"query": "{hello}"})).status_code == 200


async def test_one_organisation_works_in_turns_and_leaves_room_for_others(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(organisation_concurrency=2, organisation_waiting=1)
    running = [asyncio.create_task(door.send({"query": "{slow}"})) for _ in range(2)]
    await door.database.until("started", times=2)
    later = [asyncio.create_task(door.send({"query": "query Later{hello}"})) for _ in range(2)]
    (told,), (waiting,) = await asyncio.wait(later, return_when=asyncio.FIRST_COMPLETED)
    refused = told.result()

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert (await door.send({"query": "{hello}"}, token="other")).status_code == 200
    assert "begin read Later" not in door.database.told
    running[0].cancel()
    assert (await waiting).json()["data"] == {"hello": "hello wijk"}
    running[1].cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_who_waits_for_a_turn_waits_no_longer_than_an_operation_may_take(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(organisation_concurrency=1, operation_seconds=0.05)

    answers = await asyncio.gather(*(door.send({"query": "{slow}"}) for _ in range(3)))

    assert [answer.status_code for answer in answers] == [504] * 3
    assert (await door.send({"query": "{hello}"})).status_code == 200
