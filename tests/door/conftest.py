# SPDX-License-Identifier: EUPL-1.2
"""A door of its own: the endpoint before a small schema, and a client that speaks to it.

The database is stood in for: what counts here is when a transaction begins and ends, not what is in
it. What the hub's own schema does over PostgreSQL is tested elsewhere.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NewType
from uuid import UUID

import httpx
import pytest
import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from hub.graphql import GraphQLEndpoint
from hub.rows import Rejected
from hub.settings import Limits
from schema.scalars import SCALARS, Upload
from sql.errors import Refusal, Unavailable
from sql.principal import Principal

ORGANISATION = UUID("6d1f0a52-0000-4000-8000-000000000001")
OTHER = UUID("6d1f0a52-0000-4000-8000-000000000002")
WRITER = "writer"
SECRET = "Marie woont op nummer 7"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# ── A small schema with something of everything ──────────────────────────────────────────────────


@dataclass
class Context:
    session: Any
    principal: Principal
    language: str
    operation: str | None
    rejected: Rejected
    delivered: Counter[str] = field(default_factory=Counter)


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal("BAD_DATE") from None
    if moment.tzinfo is None:
        raise GraphQLError("no offset", extensions={"code": "DATE_WITHOUT_OFFSET"})
    return moment


Moment = NewType("Moment", object)


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = "green"


@strawberry.type
class Thing:
    name: str

    @strawberry.field
    def owner(self) -> "Owner":
        return Owner(name="o")

    @strawberry.field
    def parts(self) -> "list[Thing]":
        return []

    @strawberry.field
    def tags(self) -> list[str]:
        return []


@strawberry.type
class Owner:
    name: str

    @strawberry.field
    def things(self, first: int = 20) -> "Things":
        return Things(nodes=[], edges=[])


@strawberry.type
class Edge:
    node: Thing


@strawberry.type
class Things:
    nodes: list[Thing]
    edges: list[Edge]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, to: str = "wijk") -> str:
        return f"hello {to}"

    @strawberry.field
    async def who(self, info: strawberry.Info) -> str:
        return f"{info.context.principal.actor} {info.context.language}"

    @strawberry.field
    def things(self, first: int = 20) -> Things:
        return Things(nodes=[Thing(name=str(n)) for n in range(first)], edges=[])

    @strawberry.field
    def all(self) -> list[Thing]:
        return []

    @strawberry.field
    def at(self, moment: Moment) -> str:
        return str(moment)

    @strawberry.field
    def number(self) -> int | None:
        return SECRET  # type: ignore[return-value]

    @strawberry.field
    async def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def refused(self) -> str | None:
        raise Refusal("UNKNOWN_BUURT", path=("filter", "buurt"))

    @strawberry.field
    async def away(self) -> str | None:
        raise Unavailable("gone")

    @strawberry.field
    def hold(self, file: Upload) -> int:
        return len(file.content)  # type: ignore[attr-defined]

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str:
        info.context.session.database.happened("started")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            info.context.session.database.happened("cancelled")
            raise
        return "never"


@strawberry.input
class PartInput:
    size: int


@strawberry.input
class ThingRow:
    external_id: str
    colour: Colour
    seen_at: Moment
    amount: int | None = None
    parts: list[PartInput] | None = None


@strawberry.input
class PushInput:
    rows: list[ThingRow]
    dry_run: bool = False


@strawberry.type
class Pushed:
    stored: list[str]
    rejected: str


@strawberry.input
class FileInput:
    files: list[Upload]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def take(self, file: Upload) -> str | None:
        return f"{len(file.content)} {file.most_rows}"  # type: ignore[attr-defined]

    @strawberry.mutation
    def take_many(self, input: FileInput) -> list[int]:
        return [len(file.content) for file in input.files]  # type: ignore[attr-defined]

    @strawberry.mutation
    def push(self, info: strawberry.Info, input: PushInput) -> Pushed | None:
        told = {
            ".".join(path): {
                "lines": list(outcome.lines),
                "rows": [
                    [row.line, row.external_id, [[list(e.path), e.code] for e in row.errors]]
                    for row in outcome.rejected
                ],
            }
            for path, outcome in info.context.rejected.items()
        }
        stored = [row.external_id for row in input.rows]
        return Pushed(stored=stored, rejected=json.dumps(told))

    @strawberry.mutation
    def change(self, info: strawberry.Info, name: str) -> str | None:
        info.context.session.database.happened(f"change {name}")
        return name

    @strawberry.mutation
    async def fail(self) -> str | None:
        raise RuntimeError(SECRET)


SCHEMA = strawberry.Schema(
    Query,
    Mutation,
    config=StrawberryConfig(
        scalar_map={
            Moment: strawberry.scalar(name="Moment", parse_value=_moment, serialize=str),
            Upload: SCALARS[Upload],
        }
    ),
)


# ── What stands around the door ──────────────────────────────────────────────────────────────────


@dataclass
class StandIn:
    """In the database's place: remembers when transactions began and how they ended."""

    told: list[str] = field(default_factory=list)
    fault_at_commit: Exception | None = None
    fault_at_begin: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def happened(self, what: str) -> None:
        self.told.append(what)
        self.changed.set()

    async def until(self, what: str, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.told.count(what) < times:
                self.changed.clear()
                await self.changed.wait()

    @asynccontextmanager
    async def session(
        self, principal: Principal, *, read_only: bool, operation: str, trace: str
    ) -> AsyncIterator[Any]:
        if self.fault_at_begin:
            raise self.fault_at_begin
        self.happened(f"begin {'read' if read_only else 'write'} {operation}".rstrip())
        try:
            yield _StandInSession(self)
        except BaseException:
            self.happened("rollback")
            raise
        if self.fault_at_commit:
            self.happened("rollback")
            raise self.fault_at_commit
        self.happened("commit")


@dataclass
class _StandInSession:
    database: StandIn


def _principal(organisation: UUID, *scopes: str) -> Principal:
    return Principal(
        gemeente="GM0637",
        organisation=organisation,
        actor="tester",
        kind="machine",
        roles=frozenset(),
        scopes=frozenset(scopes),
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
    )


CALLERS = {
    "Bearer writer": _principal(ORGANISATION, "read", "write"),
    "Bearer reader": _principal(ORGANISATION, "read"),
    "Bearer pusher": _principal(ORGANISATION, "write"),
    "Bearer other": _principal(OTHER, "read", "write"),
}


async def _authenticate(headers: Any) -> Principal:
    principal = CALLERS.get(headers.get("authorization", ""))
    if principal is None:
        raise Refusal("SOME_REASON_OF_ITS_OWN")
    return principal


@dataclass
class Door:
    """The endpoint, what stands behind it, a clock to move by hand, and a client."""

    endpoint: GraphQLEndpoint
    database: StandIn
    now: float = 0.0

    async def send(
        self, content: Any, *, token: str | None = WRITER, method: str = "POST", **headers: str
    ) -> httpx.Response:
        """POST `content`: bytes as they are, anything else as JSON."""
        sent = {"content-type": "application/json"}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        transport = httpx.ASGITransport(app=self.endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.request(method, "/graphql", content=body, headers=sent)

    async def ask(self, query: str, variables: Any = None, **options: Any) -> Any:
        """The answer to a query, as JSON."""
        response = await self.send({"query": query, "variables": variables}, **options)
        return response.json()

    async def codes(self, query: str, variables: Any = None, **options: Any) -> list[str]:
        """The codes of the errors in the answer to a query."""
        answer = await self.ask(query, variables, **options)
        return [error["extensions"]["code"] for error in answer.get("errors", [])]


@pytest.fixture
def open_door() -> Callable[..., Door]:
    """Makes a door; keyword arguments are limits that differ from the ordinary ones."""

    def open_(authenticate: Any = _authenticate, **limits: Any) -> Door:
        database = StandIn()
        door: Door
        endpoint = GraphQLEndpoint(
            SCHEMA,
            database,  # type: ignore[arg-type]
            authenticate,
            Context,
            limits=Limits(**limits),
            row_types=frozenset({"ThingRow"}),
            clock=lambda: door.now,
            new_error_id=lambda: "fault-1",
            random_bytes=lambda size: b"\x01" * size,
        )
        door = Door(endpoint, database)
        return door

    return open_


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """A door with the ordinary limits."""
    return open_door()


@pytest.fixture
def schema() -> Any:
    """The small schema, as graphql-core knows it."""
    return SCHEMA._schema
