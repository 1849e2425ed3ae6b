# SPDX-License-Identifier: EUPL-1.2
"""The page on which an employee without a developer delivers a sheet: choose, try, look, carry out.

The page itself is the same for everybody. Its script speaks to the API as every other program does;
the token stays in the form, and is gone when the page is.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.pages import HEADERS
from hub.requests import language_of
from schema.contributions import CONTRIBUTIONS
from schema.texts import LABELS, Language, label

_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
}
_PAGE = Template((files("hub.pages") / "sheet.html").read_text("utf-8"))
_WORDS = [key.partition(".")[2] for key in LABELS if key.startswith("sheet_page.")]
_KIND = '<option value="{kind}">{name}</option>'
_TEMPLATE = (
    '<li>{name}: <a href="/sheets/template/{file}.xlsx">Excel</a>, '
    '<a href="/sheets/template/{file}.csv">CSV</a></li>'
)


async def sheet_page(request: Request) -> Response:
    """The handler of the page; it needs no token and no database."""
    language = language_of(request.headers.get("accept-language", ""))
    return HTMLResponse(_render(language), headers=_HEADERS)


def _render(language: Language) -> str:
    names = {each.kind.name: label(f"kind.{each.kind.name}", language) for each in CONTRIBUTIONS}
    outcomes = {
        key.partition(".")[2].lower(): words[language]
        for key, words in LABELS.items()
        if key.startswith("row_outcome.")
    }
    return _PAGE.substitute(
        {name: escape(label(f"sheet_page.{name}", language)) for name in _WORDS},
        lang=language,
        kinds="".join(_KIND.format(kind=kind, name=escape(n)) for kind, n in names.items()),
        templates="".join(
            _TEMPLATE.format(file=kind.lower(), name=escape(n)) for kind, n in names.items()
        ),
        outcomes=" ".join(f'data-{name}="{escape(said)}"' for name, said in outcomes.items()),
    )
