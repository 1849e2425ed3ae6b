# SPDX-License-Identifier: EUPL-1.2
"""Somebody who speaks to the hub as a partner's program does: over HTTP, with a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette


@dataclass(frozen=True, slots=True)
class Partner:
    """A caller with a token."""

    app: Starlette
    token: str

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """The HTTP answer to an operation."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.post(
                "/graphql",
                json={"query": query, "variables": variables or {}},
                headers={"Authorization": f"Bearer {self.token}", **headers},
            )

    async def answer(
        self, query: str, variables: dict[str, Any] | None = None, **headers: str
    ) -> dict[str, Any]:
        """The whole JSON of the answer: data, errors, extensions."""
        body: dict[str, Any] = (await self.post(query, variables, **headers)).json()
        return body

    async def ask(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> Any:
        """The data of an answer that must have no errors."""
        body = await self.answer(query, variables, **headers)
        assert "errors" not in body, body["errors"]
        return body["data"]
