# SPDX-License-Identifier: EUPL-1.2
"""Who is measured: the hub, and others that answer the same operations from the same database.

All serve with one process, as the same role, with as many connections, and set the identity of who
asks in each transaction. The hub looks a token up for that; the others are told the organisation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from hub.demo.scene import GEMEENTE
from hub.settings import Settings
from schema.texts import every, label
from sql.statements import statements
from tests.benchmarks.client import request_of
from tests.benchmarks.peers import NAMES, NoPeers, Peers, install
from tests.benchmarks.processes import Server, free_port, hub, python, serving
from tests.benchmarks.world import Filled

HUB, BY_HAND, REFERENCE = "hub", "by_hand", "reference"
OTHERS = (BY_HAND, REFERENCE, *NAMES)
TITLES = {
    HUB: "hub",
    BY_HAND: "by hand",
    REFERENCE: "Strawberry's executor",
    "postgraphile": "PostGraphile",
    "mercurius": "Mercurius",
}
POOL = Settings().pool_size
SETTINGS = {
    HUB: "its own; per organisation and of time its limits are lifted",
    BY_HAND: "asyncpg with prepared statements, uvicorn",
    REFERENCE: "as the hub, without plans",
    "postgraphile": "preset amber, production, prepared statements, explain and GraphiQL off",
    "mercurius": "JIT from the first request on, prepared statements, production",
}
PUSH_BY_HAND = Path(__file__).parent / "by_hand" / "push.sql"
_SUPPRESSIONS = ("WITHHELD", "PROVISIONAL", "NOT_SHARED")
_LONGEST_RHYTHM = 366


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that runs, and how it is asked."""

    name: str
    server: Server
    filled: Filled

    def request(self, operation: str, body: bytes, who: str) -> bytes:
        """The request of a partner, by the name of its token, for an operation of work.py."""
        path = f"/{operation}" if self.name == BY_HAND else "/graphql"
        if self.name in (HUB, REFERENCE):
            return request_of(path, body, authorization=f"Bearer {self.filled.tokens[who]}")
        organisation = str(self.filled.organisations[who])
        return request_of(path, body, **{"x-organisation": organisation})


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part, beside the hub, and why others do not."""

    names: tuple[str, ...]
    skipped: Mapping[str, str]
    peers: Peers | None

    @classmethod
    def gathered(cls, wanted: Sequence[str]) -> Field:
        """Those of the wanted that can run here; the peers are installed where that is possible."""
        asked = [name for name in NAMES if name in wanted]
        try:
            peers = install() if asked else None
        except NoPeers as why:
            left = tuple(name for name in wanted if name not in asked)
            return cls((HUB, *left), dict.fromkeys(asked, str(why)), None)
        return cls((HUB, *wanted), {}, peers)

    @asynccontextmanager
    async def started(
        self, dsn: str, filled: Filled, folder: Path, *, workers: int = 1
    ) -> AsyncIterator[list[Contender]]:
        """All of them on one database, while the context lasts; their logs are in the folder."""
        facts = folder / "facts.json"
        facts.write_bytes(orjson.dumps(_facts()))
        async with AsyncExitStack() as stack:
            yield [
                Contender(
                    name,
                    await stack.enter_async_context(
                        self._serving(name, dsn, facts, folder / f"{name}.log", workers)
                    ),
                    filled,
                )
                for name in self.names
            ]

    @asynccontextmanager
    async def _serving(
        self, name: str, dsn: str, facts: Path, log: Path, workers: int
    ) -> AsyncIterator[Server]:
        if name == HUB:
            async with hub(log, dsn=dsn, workers=workers) as server:
                yield server
            return
        if name == REFERENCE:
            command = python("tests.benchmarks.reference")
            async with hub(log, dsn=dsn, command=command) as server:
                yield server
            return
        port = free_port()
        environment = {
            "PEER_DSN": dsn,
            "PEER_PORT": str(port),
            "PEER_POOL": str(POOL),
            "PEER_GEMEENTE": GEMEENTE,
            "PEER_FACTS": str(facts),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
            **_libpq(dsn),
        }
        command = (
            python("tests.benchmarks.by_hand.server")
            if name == BY_HAND
            else self._installed().command(name)
        )
        async with serving(command, port, environment, log) as server:
            yield server

    def _installed(self) -> Peers:
        if self.peers is None:
            raise NoPeers("the peers are not installed")
        return self.peers


def _libpq(dsn: str) -> dict[str, str]:
    """The address of a database as node's driver reads it."""
    parts = urlsplit(dsn)
    given = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "PGHOST": given.get("host", parts.hostname or ""),
        "PGPORT": given.get("port", str(parts.port or 5432)),
        "PGUSER": parts.username or "",
        "PGDATABASE": parts.path[1:],
    }


def _facts() -> dict[str, Any]:
    """What others must know of the hub to give the same answers: its words and its statements."""
    words = {code: label(f"shown.{code}", "nl") for code in _SUPPRESSIONS}
    rhythms = {str(days): every(days, "nl") for days in range(1, _LONGEST_RHYTHM + 1)}
    return {
        "words": words | rhythms,
        "statements": {name: one.text for name, one in statements().items()},
        "push": PUSH_BY_HAND.read_text(encoding="utf-8"),
    }
