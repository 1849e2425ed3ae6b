# SPDX-License-Identifier: EUPL-1.2
"""GraphiQL in a browser: it asks the hub, and the policy of its page has nothing to complain of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn

from hub.app import create_app
from hub.http import http_config
from hub.serve import address_of, claim
from hub.settings import Settings
from tests.conftest import World
from tests.door.browser import Page, browser, installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(installed() is None, reason="no Chromium is installed"),
]

READY = "!!document.querySelector('.graphiql-execute-button')"
ANSWER = "document.querySelector('.graphiql-response')?.innerText.includes('{}')"
EDITED = "document.querySelectorAll('.graphiql-query-editor .view-line').length > 10"


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    """The hub over this world, on a port of its own, as developers have it."""
    listening = claim("127.0.0.1", 0)
    app = create_app(Settings(production=False), world.database)
    server = uvicorn.Server(http_config(app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield address_of(listening)
    server.should_exit = True
    await serving


async def asked(page: Page, address: str, token: str) -> None:
    """The page, with this token in the memory of its tab, has asked its first query."""
    await page.open(f"sessionStorage.setItem('hub-token', {token!r})", f"{address}/graphiql")
    await page.until(f"{READY} && {EDITED}")
    await page.value("document.querySelector('.graphiql-execute-button').click()")


async def test_the_first_query_is_answered_under_the_policy(world: World, address: str) -> None:
    async with browser(str(installed())) as page:
        await asked(page, address, world.cluster.tokens["buurtwerk"])
        await page.until(ANSWER.format("Oosterheem"))
        # the schema came as well, by introspection with the same token
        await page.value("document.querySelector('.graphiql-sidebar button').click()")
        await page.until("document.body.innerText.includes('query: Query')")
        assert page.complaints == []
        assert await page.value("localStorage.length") == 0
        assert await page.value("document.cookie") == ""


async def test_without_a_token_the_page_says_what_is_missing(address: str) -> None:
    async with browser(str(installed())) as page:
        await asked(page, address, "")
        await page.until(ANSWER.format("token"))
        assert page.complaints == []


async def test_a_page_with_a_stricter_policy_would_complain(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the silence above means something."""
    from hub.pages import graphiql

    stricter = graphiql._POLICY.replace("style-src-attr 'unsafe-inline';", "")
    monkeypatch.setattr(graphiql, "_POLICY", stricter)
    async with browser(str(installed())) as page:
        await asked(page, address, world.cluster.tokens["buurtwerk"])
        assert any("Content Security Policy" in complaint for complaint in page.complaints)
