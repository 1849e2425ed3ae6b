# SPDX-License-Identifier: EUPL-1.2
"""What the door does with requests that bring a file: which forms it reads, and which it refuses
before or after their first byte.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.uploads import UploadEndpoint

pytestmark = pytest.mark.anyio

TAKE = "mutation Neem($file: Upload!) { take(file: $file) }"
MANY = "mutation($in: FileInput!) { takeMany(input: $in) }"
HEAD = b'Content-Disposition: form-data; name="%s"\r\n\r\n'
WRITER = "writer"
PREFLIGHT = {"graphql-require-preflight": "1"}


def part(name: str, content: bytes, head: bytes = HEAD) -> bytes:
    return b"--grens\r\n" + head % name.encode() + content + b"\r\n"


def form(operations: Any, places: Any, *files: bytes, end: bytes = b"--grens--\r\n") -> bytes:
    """A form; parts that are None are left out."""
    named = [("operations", operations), ("map", places)]
    said = [part(name, json.dumps(one).encode()) for name, one in named if one is not None]
    return b"".join(said + [part(str(n), file) for n, file in enumerate(files)]) + end


def one_file(content: bytes = b"a;b", **variables: Any) -> bytes:
    asked = {"query": TAKE, "variables": {"file": None, **variables}}
    return form(asked, {"0": ["variables.file"]}, content)


async def send(
    door: Any,
    body: bytes,
    *,
    token: str | None = WRITER,
    method: str = "POST",
    content_type: str = "multipart/form-data; boundary=grens",
    **headers: str,
) -> httpx.Response:
    sent = {"content-type": content_type, **PREFLIGHT}
    sent |= {"authorization": f"Bearer {token}"} if token else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(app=UploadEndpoint(door.endpoint))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.request(method, "/upload", content=body, headers=sent)


async def raw(door: Any, receive: Any, *headers: tuple[bytes, bytes]) -> int:
    """The status of an answer to a request whose body comes from `receive`."""
    sent: list[Any] = []

    async def take(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": list(headers)}
    await UploadEndpoint(door.endpoint)(scope, receive, take)
    status: int = sent[0]["status"]
    return status


def code(response: httpx.Response) -> str:
    """The code of the only error of an answer without data."""
    answer = response.json()
    assert "data" not in answer
    (error,) = answer["errors"]
    assert error["message"]
    return str(error["extensions"]["code"])


# ── What is read ─────────────────────────────────────────────────────────────────────────────────


async def test_a_file_comes_to_the_place_that_the_map_says(door: Any) -> None:
    response = await send(door, one_file(b"x" * 70))

    assert response.status_code == 200
    assert response.json()["data"] == {"take": "70 5000"}
    assert response.json()["extensions"]["cost"]["requested"]
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert door.database.told == ["begin write Neem", "commit"]


async def test_several_files_come_to_places_in_a_list(door: Any) -> None:
    asked = {"query": MANY, "variables": {"in": {"files": [None, None]}}}
    places = {"0": ["variables.in.files.1"], "1": ["variables.in.files.0"]}

    response = await send(door, form(asked, places, b"a", b"bcd"))

    assert response.json()["data"] == {"takeMany": [3, 1]}


async def test_a_file_may_hold_any_byte_that_is_not_the_boundary(door: Any) -> None:
    content = b"\r\n--gren\r\n--\x00\xff" + b"\r\n--grenz\r\n"

    assert (await send(door, one_file(content))).json()["data"]["take"] == f"{len(content)} 5000"


@pytest.mark.parametrize(
    "name", ["graphql_require_preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"]
)
async def test_each_header_that_clients_send_for_this_will_do(door: Any, name: str) -> None:
    response = await send(door, one_file(), **{"graphql_require_preflight": "", name: "Neem"})

    assert response.status_code == 200


# ── What is refused before it is read ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("token", [b"Bearer writer", b"Bearer wrong"])
async def test_a_form_as_another_website_could_send_it_is_refused_unread(
    door: Any, token: bytes
) -> None:
    asked = []

    async def receive() -> Any:
        asked.append(1)
        return {"type": "http.request", "body": one_file(), "more_body": False}

    kind = (b"content-type", b"multipart/form-data; boundary=grens")
    assert await raw(door, receive, kind, (b"authorization", token)) == 403
    assert asked == []
    assert door.database.told == []


async def test_a_form_without_the_header_says_what_to_send(door: Any) -> None:
    response = await send(door, one_file(), graphql_require_preflight="")

    assert (response.status_code, code(response)) == (403, "PREFLIGHT_MISSING")
    assert response.headers["connection"] == "close"


async def test_the_form_of_an_unknown_caller_is_not_read(door: Any) -> None:
    asked = []

    async def receive() -> Any:
        asked.append(1)
        return {"type": "http.request", "body": one_file(), "more_body": False}

    kind = (b"content-type", b"multipart/form-data; boundary=grens")
    assert await raw(door, receive, kind, (b"graphql-require-preflight", b"1")) == 401
    assert asked == []


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed", ""],
)
async def test_only_a_form_is_read_here(door: Any, content_type: str) -> None:
    response = await send(door, one_file(), content_type=content_type)

    assert (response.status_code, code(response)) == (415, "NOT_MULTIPART")


async def test_a_compressed_form_is_refused(door: Any) -> None:
    assert (await send(door, b"\x1f\x8b", content_encoding="gzip")).status_code == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "HEAD"])
async def test_only_post_works_and_no_other_website_is_let_in(door: Any, method: str) -> None:
    response = await send(door, b"", method=method, origin="https://elders.example")

    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_a_form_on_the_other_address_is_still_refused(door: Any) -> None:
    response = await door.send(
        one_file(), content_type="multipart/form-data; boundary=grens",
        graphql_require_preflight="1",
    )  # fmt: skip

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


# ── What is refused while it is read ─────────────────────────────────────────────────────────────


async def test_a_form_is_read_no_further_than_a_delivery_may_be_large(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(body_bytes=1_000, bulk_body_bytes=2_000)
    given_out = []

    async def receive() -> Any:
        given_out.append(1)
        return {"type": "http.request", "body": b" " * 500, "more_body": True}

    kind = (b"content-type", b"multipart/form-data; boundary=grens")
    known = ((b"authorization", b"Bearer writer"), (b"graphql-require-preflight", b"1"))
    assert await raw(door, receive, kind, *known) == 413
    assert len(given_out) == 5


async def test_a_file_may_be_as_large_as_a_delivery_and_its_operation_as_any_other(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(body_bytes=1_000, bulk_body_bytes=5_000)

    assert (await send(door, one_file(b"x" * 4_000))).status_code == 200
    assert code(await send(door, one_file(b"x" * 6_000))) == "BODY_TOO_LARGE"
    assert code(await send(door, one_file(b"", padding="x" * 2_000))) == "BODY_TOO_LARGE"
    assert code(await send(door, one_file(b"x" * 2_000), token="reader")) == "BODY_TOO_LARGE"


async def test_a_form_that_does_not_come_in_on_time_is_given_up(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(read_seconds=0.01)

    async def receive() -> Any:
        await asyncio.Event().wait()

    kind = (b"content-type", b"multipart/form-data; boundary=grens")
    known = ((b"authorization", b"Bearer writer"), (b"graphql-require-preflight", b"1"))
    assert await raw(door, receive, kind, *known) == 408


async def test_an_upload_spends_from_the_same_rate_as_every_question(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(rate_burst=20_000, rate_per_second=0.001)
    before = (await door.send({"query": "{hello}"})).json()["extensions"]["cost"]["remaining"]
    spent = (await send(door, one_file())).json()["extensions"]["cost"]
    after = (await door.send({"query": "{hello}"})).json()["extensions"]["cost"]["remaining"]

    assert before > spent["remaining"] > after


ASKED = {"query": TAKE, "variables": {"file": None}}
AT = {"0": ["variables.file"]}
TWICE = form(ASKED, AT, b"x", end=b"") + part("0", b"y") + b"--grens--\r\n"
BAD_FORMS: dict[str, bytes] = {
    "nothing": b"",
    "no form": b"zomaar iets",
    "another boundary": one_file().replace(b"grens", b"anders"),
    "no end": form(ASKED, AT, b"x", end=b""),
    "no operations": form(None, AT, b"x"),
    "no map": form(ASKED, None, b"x"),
    "no file": form(ASKED, AT),
    "no files at all": form({"query": "{hello}"}, {}),
    "a file that is not in the map": form(ASKED, AT, b"x", b"y"),
    "a map that is a list": form(ASKED, ["variables.file"], b"x"),
    "a map with a text": form(ASKED, {"0": "variables.file"}, b"x"),
    "a map without a place": form(ASKED, {"0": []}, b"x"),
    "a map with numbers": form(ASKED, {"0": [3]}, b"x"),
    "a map that is no JSON": form(ASKED, None, end=b"")
    + part("map", b"{") + part("0", b"x") + b"--grens--\r\n",
    "a place that is not there": form(ASKED, {"0": ["variables.nergens"]}, b"x"),
    "a place outside the variables": form(ASKED, {"0": ["query"]}, b"x"),
    "a place below another": form(ASKED, {"0": ["variables.file.content"]}, b"x"),
    "a place that is taken": form(
        {"query": TAKE, "variables": {"file": "x"}}, AT, b"x"
    ),
    "a place beyond a list": form(
        {"query": TAKE, "variables": {"file": [None]}}, {"0": ["variables.file.7"]}, b"x"
    ),
    "a number of five thousand digits": form(
        {"query": TAKE, "variables": {"file": [None]}}, {"0": ["variables.file." + "9" * 5000]}, b""
    ),
    "one name twice": TWICE,
    "too many files": form(ASKED, {str(n): [f"variables.f{n}"] for n in range(4)}, *[b"x"] * 4),
    "a head that is too long": form(ASKED, AT, end=b"")
    + part("0", b"x", b"X-Veel: " + b"x" * 5_000 + b"\r\n" + HEAD) + b"--grens--\r\n",
    "too many heads": form(ASKED, AT, end=b"")
    + part("0", b"x", b"X-Veel: x\r\n" * 20 + HEAD) + b"--grens--\r\n",
    "a part without a name": form(ASKED, AT, end=b"")
    + b"--grens\r\nContent-Disposition: form-data\r\n\r\nx\r\n--grens--\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FORMS)
async def test_a_form_that_is_not_as_the_spec_says_is_refused_with_a_cure(
    door: Any, name: str
) -> None:
    response = await send(door, BAD_FORMS[name])

    assert (response.status_code, code(response)) == (400, "BAD_UPLOAD")
    assert response.json()["errors"][0]["extensions"]["hint"]
    assert door.database.told == []


async def test_a_form_without_a_boundary_is_refused(door: Any) -> None:
    response = await send(door, one_file(), content_type="multipart/form-data")

    assert (response.status_code, code(response)) == (400, "BAD_UPLOAD")


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"query": TAKE}], "BATCH_NOT_SUPPORTED"),
        ({"variables": {}}, "BAD_REQUEST"),
        ("{hello}", "BAD_REQUEST"),
        ({"query": "{", "variables": {"file": None}}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{hello}", "variables": {"file": None, "a": "\0"}}, "TEXT_UNREADABLE"),
    ],
)
async def test_the_operation_in_a_form_is_judged_as_every_other(
    door: Any, operations: Any, expected: str
) -> None:
    assert code(await send(door, form(operations, AT, b"x"))) == expected


async def test_a_file_where_no_file_belongs_is_a_wrong_variable(door: Any) -> None:
    asked = {"query": "mutation($n: String!){change(name: $n)}", "variables": {"n": None}}

    response = await send(door, form(asked, {"0": ["variables.n"]}, b"geheim"))

    assert code(response) == "BAD_VARIABLE"
    assert "geheim" not in response.text
    assert door.database.told == ["begin write", "commit"]


@given(body=st.binary(max_size=300), whole=st.booleans())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_no_bytes_make_the_door_stumble(door: Any, body: bytes, whole: bool) -> None:
    sent = one_file(body) if whole else one_file()[: len(body)] + body

    assert (await send(door, sent)).status_code in (200, 400)


# ── What one organisation may have in hand ───────────────────────────────────────────────────────


def writer(*headers: tuple[bytes, bytes], token: bytes = b"writer") -> list[tuple[bytes, bytes]]:
    """The head of an upload."""
    kind = (b"content-type", b"multipart/form-data; boundary=grens")
    who = (b"authorization", b"Bearer " + token)
    return [who, kind, (b"graphql-require-preflight", b"1"), *headers]


class Unfinished:
    """A body whose first piece came in, and that goes no further."""

    def __init__(self, first: bytes) -> None:
        self._pieces = [first]
        self.waits = asyncio.Event()

    async def __call__(self) -> dict[str, Any]:
        if self._pieces:
            return {"type": "http.request", "body": self._pieces.pop(), "more_body": True}
        self.waits.set()
        await asyncio.Event().wait()
        raise AssertionError


ANNOUNCED = (b"content-length", b"2000")


@pytest.mark.parametrize("headers", [[ANNOUNCED], []], ids=["announced", "unannounced"])
async def test_of_large_bodies_an_organisation_has_only_a_few_coming_in(
    open_door: Callable[..., Any], headers: list[tuple[bytes, bytes]]
) -> None:
    door = open_door(body_bytes=1_000, bulk_body_bytes=5_000, organisation_concurrency=2)
    bodies = [Unfinished(b"a" * 1_500) for _ in range(2)]
    held = [asyncio.create_task(raw(door, body, *writer(*headers))) for body in bodies]
    for body in bodies:
        await body.waits.wait()
    further = Unfinished(b"a" * 1_500)
    sent: list[Any] = []

    async def take(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": writer(*headers)}
    await UploadEndpoint(door.endpoint)(scope, further, take)

    answer = {name.lower(): value for name, value in sent[0]["headers"]}
    assert sent[0]["status"] == 429
    assert (answer[b"retry-after"], answer[b"connection"]) == (b"1", b"close")
    assert not further.waits.is_set()
    assert (await send(door, one_file())).status_code == 200  # a small one comes in
    assert (await send(door, one_file(b"x" * 2_000), token="other")).status_code == 200
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    assert (await send(door, one_file(b"x" * 2_000))).status_code == 200


async def test_a_file_of_an_organisation_is_refused_while_another_of_it_is_in_hand(
    door: Any,
) -> None:
    slow = {
        "query": "query($file: Upload!) { slow hold(file: $file) }",
        "variables": {"file": None},
    }
    body = form(slow, {"0": ["variables.file"]}, b"a;b")
    first = asyncio.create_task(send(door, body))
    await door.database.until("started")

    refused = await send(door, one_file())

    assert (refused.status_code, code(refused)) == (429, "RATE_LIMITED")
    assert refused.headers["retry-after"] == "1"
    assert (await send(door, one_file(), token="other")).status_code == 200
    assert (await door.send({"query": "{hello}"})).status_code == 200
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await send(door, one_file())).status_code == 200


async def test_a_file_costs_by_its_bytes_what_reading_a_document_does(
    open_door: Callable[..., Any],
) -> None:
    door = open_door()
    small = (await send(door, one_file(b"x"))).json()["extensions"]["cost"]["requested"]
    large = (await send(door, one_file(b"x" * 100_001))).json()["extensions"]["cost"]["requested"]

    assert large - small == 1_000


async def test_a_file_never_costs_so_much_that_it_can_never_be_sent(
    open_door: Callable[..., Any],
) -> None:
    door = open_door(cost=100, rate_burst=1_000, query_bytes=200, rate_per_second=10)

    taken = await send(door, one_file(b"x" * 200_000))
    again = await send(door, one_file(b"x" * 200_000))

    assert taken.json()["extensions"]["cost"]["requested"] == 500
    assert (again.status_code, code(again)) == (429, "RATE_LIMITED")
    door.now += int(again.headers["retry-after"])
    assert (await send(door, one_file(b"x" * 200_000))).status_code == 200
