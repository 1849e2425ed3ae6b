# SPDX-License-Identifier: EUPL-1.2
"""GraphQL requests that bring a file: a form (multipart/form-data) after the GraphQL multipart
request spec.

A page of another website can send a form without asking, but no header of its own choosing with it:
so a request without such a header is refused before anything of it is read. For the rest it is the
same endpoint: one rate, one turn, the same answers.
"""

from __future__ import annotations

from typing import Any

import orjson
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from hub.graphql import GraphQLEndpoint
from hub.requests import Manner, Question, read_question
from hub.settings import Limits
from resolvers.sheets.reading import UploadedFile
from sql.errors import Refusal

PREFLIGHT = ("graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name")
MOST_FILES = 3
_OPERATIONS, _MAP = "operations", "map"
_MOST_HEADERS, _LONGEST_HEADER = 4, 1_000


class UploadEndpoint:
    """An ASGI application that answers requests with files, by the endpoint that answers all."""

    def __init__(self, endpoint: GraphQLEndpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        await self._endpoint.serve(scope, receive, send, AS_FORM)


def check_head(method: str, headers: Headers) -> None:
    """Refuse whatever is not a POST of a form, and what a page of another website could send."""
    if method != "POST":
        raise Refusal("METHOD_NOT_ALLOWED")
    kind, _ = parse_options_header(headers.get("content-type", ""))
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    if kind != "multipart/form-data" or not plain:
        raise Refusal("NOT_MULTIPART")
    if not any(headers.get(name) for name in PREFLIGHT):
        raise Refusal("PREFLIGHT_MISSING")


def read_form(headers: Headers, body: bytes, limits: Limits) -> Question:
    """The GraphQL request in a form, its files at their places in the variables."""
    parts = _parts(headers, body)
    if len(parts.get(_OPERATIONS, b"")) > limits.body_bytes:
        raise Refusal("BODY_TOO_LARGE", limit=limits.body_bytes)
    question = read_question(_taken(parts, _OPERATIONS), limits.query_bytes)
    places = _places(_taken(parts, _MAP))
    if not parts or places.keys() != parts.keys():
        raise Refusal("BAD_UPLOAD", part=_MAP)
    for name, paths in places.items():
        file = UploadedFile(parts[name], limits.rows)
        for path in paths:
            _put({"variables": question.variables}, path.split("."), file)
    return question


AS_FORM = Manner(check_head, read_form, bulk=True)


def _parts(headers: Headers, body: bytes) -> dict[str, bytes]:
    """The parts of a form by their names."""
    _, options = parse_options_header(headers.get("content-type", ""))
    found: dict[str, bytes] = {}
    name = ""
    try:
        with PushMultipartParser(
            options.get("boundary", ""),
            max_header_size=_LONGEST_HEADER,
            max_header_count=_MOST_HEADERS,
            max_segment_count=MOST_FILES + 2,
            strict=True,
        ) as parser:
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    name = _new_name(event, found)
                    found[name] = b""
                elif event is not None:
                    found[name] += event
    except MultipartError:
        raise Refusal("BAD_UPLOAD", part="form") from None
    return found


def _new_name(segment: MultipartSegment, found: dict[str, bytes]) -> str:
    name: str = segment.name
    if name in found:
        raise Refusal("BAD_UPLOAD", part="form")
    return name


def _taken(parts: dict[str, bytes], name: str) -> bytes:
    if name not in parts:
        raise Refusal("BAD_UPLOAD", part=name)
    return parts.pop(name)


def _places(content: bytes) -> dict[str, list[str]]:
    """Where in the request each file belongs, by the name of its part."""
    try:
        places = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Refusal("BAD_UPLOAD", part=_MAP) from None
    if not isinstance(places, dict) or not all(map(_is_list_of_paths, places.values())):
        raise Refusal("BAD_UPLOAD", part=_MAP)
    return places


def _is_list_of_paths(paths: object) -> bool:
    return isinstance(paths, list) and bool(paths) and all(isinstance(p, str) for p in paths)


def _put(holder: Any, path: list[str], file: UploadedFile) -> None:
    """Puts a file in the place of a null."""
    for depth, step in enumerate(path, 1):
        try:
            key: Any = int(step) if isinstance(holder, list) else step
            inner = holder[key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise Refusal("BAD_UPLOAD", part=_MAP) from None
        if depth < len(path):
            holder = inner
        elif inner is None:
            holder[key] = file
        else:
            raise Refusal("BAD_UPLOAD", part=_MAP)
