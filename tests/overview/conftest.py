# SPDX-License-Identifier: EUPL-1.2
"""A test's connections: the owner, who administers and plants faults, and the serving role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from resolvers.context import Context
from resolvers.loaders import Loaders
from schema.build import build
from sql.ids import IdSource
from sql.principal import Principal
from tests.conftest import World, as_migration
from tests.overview.town import Town


class Connections(NamedTuple):
    owner: Any
    app: Any

    @asynccontextmanager
    async def with_function(self, signature: str, right: str, wrong: str) -> AsyncIterator[None]:
        """Within, a function has `wrong` where `right` stands in its body."""
        owner = "select proowner::regrole::text from pg_proc where oid = $1::regprocedure"
        role = await self.owner.fetchval(owner, signature)
        definition = "select pg_get_functiondef($1::regprocedure)"
        body = await self.owner.fetchval(definition, signature)
        assert body.count(right) == 1, f"{right!r} does not stand once in {signature}"
        await self.acting_as(role, body.replace(right, wrong))
        try:
            yield
        finally:
            await self.acting_as(role, body)

    async def acting_as(self, role: str, statement: str) -> None:
        """As a migration does, which may act for the roles that own functions."""
        async with as_migration(self.owner):
            await self.owner.execute(f"set local role {role}")
            await self.owner.execute(statement)
            await self.owner.execute("reset role")


@pytest.fixture
async def connections(world: World) -> AsyncIterator[Connections]:
    async with world.connect("owner") as owner, world.connect("app") as app:
        yield Connections(owner, app)


Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask(world: World) -> Ask:
    """Asks the schema something as one organisation of a gemeente; the answer has no errors."""

    async def execute(town: Town, asker: int, query: str, language: str = "nl") -> Any:
        principal = Principal(
            town.gemeente,
            town.organisations[asker],
            "test",
            "machine",
            frozenset(),
            frozenset({"read"}),
            datetime.max.replace(tzinfo=UTC),
        )
        async with world.database.session(principal) as session:
            context = Context(session, principal, Loaders(session), IdSource(), language)
            result = await build().execute(query, context_value=context)
        assert result.errors is None
        return result.data

    return execute
