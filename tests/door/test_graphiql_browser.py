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

BUTTON = "document.querySelector('.graphiql-execute-button')"
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


async def pasted_and_run(page: Page, token: str) -> None:
    """A token is pasted over what is in the field, and the mouse then pressed once, on Run."""
    await page.value("document.getElementById('token').focus()")
    await page.value("document.getElementById('token').select()")
    await page.call("Input.insertText", text=token)
    box = await page.value(f"{BUTTON}.getBoundingClientRect().toJSON()")
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    for type_ in ("mousePressed", "mouseReleased"):
        await page.call("Input.dispatchMouseEvent", type=type_, button="left", clickCount=1, **at)


async def test_the_first_press_of_run_after_a_token_is_pasted_counts(
    world: World, address: str
) -> None:
    async with browser(str(installed())) as page:
        await page.open("", f"{address}/graphiql")
        await page.until(f"{READY} && {EDITED}")
        await pasted_and_run(page, "hub_wrong")
        await page.until(ANSWER.format("UNAUTHENTICATED"))
        told = await page.value("document.querySelector('.graphiql-response').innerText")
        assert "above" in told or "boven" in told
        assert "Authorization" not in told
        await pasted_and_run(page, world.cluster.tokens["buurtwerk"])
        await page.until(ANSWER.format("Oosterheem"))
        # the schema came with the new token, though nothing was loaded again
        await page.value("document.querySelector('.graphiql-sidebar button').click()")
        await page.until("document.body.innerText.includes('query: Query')")


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
