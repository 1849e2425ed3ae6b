# SPDX-License-Identifier: EUPL-1.2
"""The page that a browser gets at the hub's address: what this is, what day it is here, and a first
query.

It shows nothing that belongs to an organisation. No scripts, no foreign hosts; the words are in the
catalogue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from html import escape
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.requests import language_of
from schema.texts import Language, label
from sql.errors import Unavailable
from sql.session import Database, Record

Handler = Callable[[Request], Awaitable[Response]]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "Cache-Control": "no-store",
}
_PAGE = Template((files("hub.pages") / "index.html").read_text("utf-8"))
_NOTHING = Template((files("hub.pages") / "nothing.html").read_text("utf-8"))
_NOTHING_WORDS = ("nothing_here", "nothing_here_how", "nothing_here_home")
_ICON = (files("hub.pages") / "static" / "icon.svg").read_bytes()
_WORDS = (
    "title",
    "what",
    "who",
    "today_is",
    "first",
    "first_how",
    "more",
    "more_schema",
    "more_codes",
    "more_graphiql",
    "more_sheet",
    "more_sheet_link",
    "source",
)


def index(database: Database, *, for_developers: bool) -> Handler:
    """The handler of the page. It points to GraphiQL where that is served (`for_developers`)."""

    def answer(request: Request, language: Language, state: Record) -> Response:
        at = str(request.base_url)
        page = _render(language, state["today"], state["demo"], at, for_developers)
        return HTMLResponse(page, headers=HEADERS)

    return over(database, answer)


def over(database: Database, answer: Callable[[Request, Language, Record], Response]) -> Handler:
    """The handler of a page that says something of the hub itself: `answer` gets its state, which
    the database knows, and a browser is told when that is away.
    """

    async def handler(request: Request) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        try:
            [state] = await database.call("hub_state")
        except Unavailable:
            headers = {**HEADERS, "Retry-After": "1"}
            return HTMLResponse(label("page.away", language), 503, headers)
        return answer(request, language, state)

    return handler


def invented(demo: bool, language: Language) -> str:
    """The markup that says of a demonstration that it is one; nothing elsewhere."""
    return f'<p class="invented">{escape(label("page.invented", language))}</p>' if demo else ""


async def nothing_here(request: Request, _: Exception) -> Response:
    """What is told of an address at which there is nothing."""
    language = language_of(request.headers.get("accept-language", ""))
    words = {name: escape(label(f"page.{name}", language)) for name in ("title", *_NOTHING_WORDS)}
    return HTMLResponse(_NOTHING.substitute(words, lang=language), 404, HEADERS)


async def icon(_: Request) -> Response:
    """The hub's icon, which every browser asks for under this one name."""
    return Response(
        _ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
    )


def _render(language: Language, today: date, demo: bool, address: str, for_developers: bool) -> str:
    words = {name: escape(label(f"page.{name}", language)) for name in _WORDS}
    graphiql = f'{words["more_graphiql"]} <a href="/graphiql">GraphiQL</a>.'
    words["more_graphiql"] = f"<li>{graphiql}</li>" if for_developers else ""
    return _PAGE.substitute(
        words,
        lang=language,
        invented=invented(demo, language),
        today=f"{today.day}-{today.month}-{today.year}",
        address=escape(address),
        day=today.isoformat(),
    )
