# SPDX-License-Identifier: EUPL-1.2
"""What was really sent to the database, by name, and answers without what no reader can read."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from binascii import Error
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import sql.session
from sql.at_once import at_once
from sql.statements import statements

WIDTH = 110
TURNS = 100
"""Of the event loop: more than any chain of loads takes until all of them wait for a statement."""

# What the session itself sends.
OTHERS = (
    (re.compile(r"begin isolation level repeatable read; select set_config"), "begin (read)"),
    (re.compile(r"begin isolation level read committed; select set_config"), "begin (write)"),
    (re.compile(r"commit$"), "commit"),
    (re.compile(r"(release savepoint s\d+; )?savepoint s\d+$"), "savepoint"),
    (re.compile(r"rollback to savepoint"), "undo savepoint"),
)
# A token that was looked up is known for a second, and so is whether reference rows have changed.
NOT_COUNTED = ("principal_of_token", "reference_version", "reference_keys")


class Recorder:
    """Counts the statements that connections send, in the order in which they were first sent."""

    def __init__(self) -> None:
        self._names = {statement.text: name for name, statement in statements().items()}
        for name, each in at_once().items():
            arguments = len(set(re.findall(r"\$\d+", statements()[name].text)))
            self._names[each.call(arguments)] = f"{name} (at once)"
        self._sent: Counter[str] = Counter()

    @contextmanager
    def listening(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Within, new connections tell what they send, and rows wait for what is ready.

        How fast the database answers would otherwise decide which loads share a statement.
        """
        prepare = sql.session._prepare_connection
        fetch = asyncpg.Connection.fetch

        async def prepare_and_listen(connection: asyncpg.Connection[asyncpg.Record]) -> None:
            await prepare(connection)
            connection.add_query_logger(self._note)

        async def fetch_and_settle(connection: Any, *args: Any, **options: Any) -> Any:
            rows = await fetch(connection, *args, **options)
            for _ in range(TURNS):
                await asyncio.sleep(0)
            return rows

        with monkeypatch.context() as patch:
            patch.setattr(sql.session, "_prepare_connection", prepare_and_listen)
            patch.setattr(asyncpg.Connection, "fetch", fetch_and_settle)
            yield

    def forget(self) -> None:
        """Begins counting anew."""
        self._sent.clear()

    def sent(self) -> dict[str, int]:
        """How many times each statement was sent since then; unknown SQL by its own text."""
        return dict(self._sent)

    def _note(self, query: Any) -> None:
        text = query.query.strip()
        name = self._names.get(text) or self._other(text)
        if not name.startswith(NOT_COUNTED):
            self._sent[name] += 1

    @staticmethod
    def _other(text: str) -> str:
        return next((name for form, name in OTHERS if form.match(text)), text)


def readable(answer: Any) -> Any:
    """An answer whose ids and cursors are numbered by type, in the order in which they come."""
    numbers: dict[str, dict[str, int]] = {}

    def numbered(kind: str, text: str) -> str:
        known = numbers.setdefault(kind, {})
        return f"<{kind} {known.setdefault(text, len(known) + 1)}>"

    def read(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: read(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [read(part, name) for part in value]
        if not isinstance(value, str):
            return value
        if name.lower().endswith("cursor"):
            return numbered("cursor", value)
        kind = type_of_id(value)
        return value if kind is None else numbered(kind, value)

    return read(answer)


def written(value: Any, indent: int = 0) -> str:
    """JSON in which what fits on a line stands on a line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {written(part, indent + 1)}" for key, part in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{' ' * indent}}}"
    parts = [written(part, indent + 1) for part in value]
    return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{' ' * indent}]"


def type_of_id(text: str) -> str | None:
    """The type that a global id names; None for any other text."""
    try:
        kind, _, id_ = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        UUID(id_)
    except (ValueError, Error):
        return None
    return kind
