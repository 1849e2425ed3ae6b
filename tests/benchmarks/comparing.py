# SPDX-License-Identifier: EUPL-1.2
"""Whoever is measured must do the same: the same data in answers, the same rows after pushes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tests.benchmarks.client import Connection, Refused


async def data_of(port: int, request: bytes) -> Any:
    """The data of an answer; raises Refused when there are errors beside it."""
    connection = await Connection.open(port)
    try:
        status, body = await connection.ask(request)
    finally:
        connection.close()
    return data_in(status, body)


def data_in(status: int, body: bytes) -> Any:
    """The data in an answer; raises Refused when there are errors beside it."""
    if status != 200:
        raise Refused(f"{status}: {body[:2000].decode(errors='replace')}")
    answer = orjson.loads(body)
    if "errors" in answer:
        raise Refused(f"{status}: {body[:2000].decode(errors='replace')}")
    return answer["data"]


def check_same(what: str, found: Mapping[str, Any]) -> None:
    """Raises Refused unless all found the same, in whatever order their keys are."""
    (first, ours), *others = found.items()
    for name, theirs in others:
        if ours != theirs:
            where = difference(ours, theirs)
            raise Refused(f"{what}: {first} and {name} differ\n{where}")


def difference(ours: Any, theirs: Any, path: str = "") -> str:
    """The first place where two answers differ, and both values there."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = [(f"{path}.{key}", ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(f"{path}[{n}]", a, b) for n, (a, b) in enumerate(zip(ours, theirs, strict=True))]
    else:
        return f"{path}: {ours!r:.300} | {theirs!r:.300}"
    return next(difference(a, b, where) for where, a, b in pairs if a != b)
