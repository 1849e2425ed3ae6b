# SPDX-License-Identifier: EUPL-1.2
"""The page on which an employee without a developer delivers a sheet: choose, try, look, carry out.

The page itself is the same for everybody. Its script speaks to the API as every other program does;
the token stays in the form, and is gone when the page is.
"""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.pages import HEADERS, Handler, invented, over
from schema.contributions import CONTRIBUTIONS
from schema.texts import LABELS, Language, label
from sql.session import Database, Record

_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
}
_PAGE = Template((files("hub.pages") / "sheet.html").read_text("utf-8"))
_WORDS = [key.partition(".")[2] for key in LABELS if key.startswith("sheet_page.")]
_CURES = [key.partition(".")[2] for key in LABELS if key.startswith("sheet_cure.")]
_KIND = '<option value="{kind}">{name}</option>'
_TEMPLATE = (
    '<li>{name}: <a href="/sheets/template/{file}.xlsx">Excel</a>, '
    '<a href="/sheets/template/{file}.csv">CSV</a></li>'
)


def sheet_page(database: Database) -> Handler:
    """The handler of the page, which says whether this is a demonstration. It needs no token."""

    def answer(_: Request, language: Language, state: Record) -> Response:
        return HTMLResponse(_render(language, state["demo"]), headers=_HEADERS)

    return over(database, answer)


def _render(language: Language, demo: bool) -> str:
    names = {each.kind.name: label(f"kind.{each.kind.name}", language) for each in CONTRIBUTIONS}
    outcomes = {
        key.partition(".")[2].lower(): words[language]
        for key, words in LABELS.items()
        if key.startswith("row_outcome.")
    }
    return _PAGE.substitute(
        {name: escape(label(f"sheet_page.{name}", language)) for name in _WORDS},
        lang=language,
        hub=escape(label("page.title", language)),
        invented=invented(demo, language),
        cures=escape(json.dumps({code: label(f"sheet_cure.{code}", language) for code in _CURES})),
        kinds="".join(_KIND.format(kind=kind, name=escape(n)) for kind, n in names.items()),
        templates="".join(
            _TEMPLATE.format(file=kind.lower(), name=escape(n)) for kind, n in names.items()
        ),
        outcomes=" ".join(f'data-{name}="{escape(said)}"' for name, said in outcomes.items()),
    )
