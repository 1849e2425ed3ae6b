# SPDX-License-Identifier: EUPL-1.2
"""What a GraphQL request over HTTP says, and how its caller wants to be answered.

Promises: nothing is read beyond a cap; what is not a GraphQL request is refused with a code of its
own.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import orjson
from graphql import OperationDefinitionNode, OperationType
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from hub.settings import Limits
from resolvers.context import Language
from sql.errors import Refusal
from sql.principal import Principal

MODERN = "application/graphql-response+json"
LEGACY = "application/json"

NUL_ESCAPE = b"\\u0000"

WATCHED_AFTER_SECONDS = 0.02

T = TypeVar("T")


class Question(NamedTuple):
    """A GraphQL request as it stood in the body; `suspect` when a NUL may be in its strings."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None
    suspect: bool


class Gone(Exception):
    """The caller closed the connection; nobody is there to answer."""


def weights(header: str) -> dict[str, float]:
    """Names and their `q` in an Accept or Accept-Language header, in its order."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            found[name] = float(quality)
        except ValueError:
            found[name] = 0.0
    return found


def wants_modern(accept: str) -> bool:
    """Whether the answer is to be application/graphql-response+json."""
    quality = weights(accept)
    return quality.get(MODERN, 0) > 0 and quality[MODERN] >= quality.get(LEGACY, 0)


def language_of(accept: str) -> Language:
    """The language to answer in: Dutch unless English is preferred."""
    best: dict[str, float] = {}
    for name, quality in weights(accept).items():
        language = name.partition("-")[0]
        best[language] = max(quality, best.get(language, 0))
    return "en" if best.get("en", 0) > best.get("nl", 0) else "nl"


def check_head(method: str, headers: Headers) -> None:
    """Refuse whatever is not a POST of JSON in UTF-8."""
    if method != "POST":
        raise Refusal("METHOD_NOT_ALLOWED")
    kind, *parameters = (p.strip().lower() for p in headers.get("content-type", "").split(";"))
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    charset = all(p.replace('"', "") in ("", "charset=utf-8", "charset=utf8") for p in parameters)
    if kind != LEGACY or not charset or not plain:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE")


async def read_body(
    receive: Receive, cap: int, *, ordinary: int, when_larger: Callable[[], None]
) -> bytes:
    """The whole body; a Refusal as soon as it is larger than `cap`, Gone when it ends half-way.

    Calls `when_larger`, which may refuse, once it has more than `ordinary` bytes.
    """
    body = bytearray()
    larger = False
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > cap:
            raise Refusal("BODY_TOO_LARGE", limit=cap)
        if len(body) > ordinary and not larger:
            larger = True
            when_larger()
        if not message.get("more_body", False):
            return bytes(body)


def read_question(body: bytes, query_cap: int) -> Question:
    """The GraphQL request in `body`; a Refusal when it is not one, or when its document has more
    than `query_cap` bytes. `extensions` are not used.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal("BAD_JSON") from None
    if isinstance(content, list):
        raise Refusal("BATCH_NOT_SUPPORTED")
    if not isinstance(content, dict):
        raise Refusal("BAD_REQUEST", parameter="query")
    query = _parameter(content, "query", str)
    if query is None:
        raise Refusal("BAD_REQUEST", parameter="query")
    if len(query.encode()) > query_cap:
        raise Refusal("BODY_TOO_LARGE", limit=query_cap)
    variables = _parameter(content, "variables", dict)
    name = _parameter(content, "operationName", str)
    _parameter(content, "extensions", dict)
    if "\x00" in query or "\x00" in (name or ""):
        raise Refusal("TEXT_UNREADABLE")
    return Question(query, variables or {}, name or None, NUL_ESCAPE in body)


def _parameter(content: dict[str, Any], name: str, kind: type[object]) -> Any:
    value = content.get(name)
    if value is not None and not isinstance(value, kind):
        raise Refusal("BAD_REQUEST", parameter=name)
    return value


def check_scope(principal: Principal, operation: OperationDefinitionNode) -> None:
    """Refuse an operation that the caller's credential is not meant for.

    A mutation needs the right to read as well: what it gives back can lead to any record.
    """
    reads_only = operation.operation is OperationType.QUERY
    for needed in ("read",) if reads_only else ("write", "read"):
        if needed not in principal.scopes:
            raise Refusal("FORBIDDEN", scope=needed)


class Manner(NamedTuple):
    """How a request says its question: a check of its head before anybody is known, and the reading
    of its body. `bulk`: as large as a delivery may be, whatever the operation.
    """

    check_head: Callable[[str, Headers], None]
    read: Callable[[Headers, bytes, Limits], Question]
    bulk: bool = False


AS_JSON = Manner(check_head, lambda _, body, limits: read_question(body, limits.query_bytes))


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; cancelled, and Gone raised, when the caller closes the connection. That
    is watched for after a moment: most of the work is done before, and needs no task beside it.
    """
    worker = asyncio.current_task()
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if worker is not None:
            worker.cancel()

    watching: list[asyncio.Future[None]] = []
    soon = asyncio.get_running_loop().call_later(
        WATCHED_AFTER_SECONDS, lambda: watching.append(asyncio.ensure_future(watch()))
    )
    try:
        return await work
    except asyncio.CancelledError:
        if gone and worker is not None and worker.uncancel() == 0:
            raise Gone from None
        raise
    finally:
        soon.cancel()
        for each in watching:
            each.cancel()
