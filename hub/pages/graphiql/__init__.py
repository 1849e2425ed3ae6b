# SPDX-License-Identifier: EUPL-1.2
"""GraphiQL, the page on which a developer tries queries, from the hub itself: nothing is fetched
elsewhere.

It is for developers: a hub in production does not have it. The page may load the hub's own files
and nothing else, runs no script and makes no style element without the nonce of its answer, and
keeps the token for as long as its tab is open. `make graphiql` builds what is in `built/`.
"""

from __future__ import annotations

import gzip
import json
import secrets
from html import escape
from importlib.resources import files
from mimetypes import guess_type
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hub.requests import language_of
from schema.texts import label

_HERE = files("hub.pages.graphiql")
_WORDS = (
    "graphiql_title",
    "graphiql_token",
    "graphiql_how",
    "graphiql_unknown",
    "graphiql_script",
)

# The editor writes its lines as HTML with style attributes (where each line stands), so those are
# allowed; a style element needs the nonce.
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self';"
    " style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; font-src 'self' data:;"
    " img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes() -> list[Route]:
    """The page and its files."""
    page = Template((_HERE / "index.html").read_text("utf-8"))
    query = (_HERE / "first.graphql").read_text("utf-8")
    tags: dict[str, str] = json.loads((_HERE / "built/manifest.json").read_text("utf-8"))["files"]

    async def show(request: Request) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        nonce = secrets.token_urlsafe(16)
        words = {name: escape(label(f"page.{name}", language)) for name in _WORDS}
        return HTMLResponse(
            page.substitute(words, lang=language, nonce=nonce, query=escape(query)),
            headers={
                **_HEADERS,
                "Content-Security-Policy": _POLICY.format(nonce=nonce),
                "Content-Language": language,
                "Cache-Control": "no-store",
                "Vary": "Accept-Language",
            },
        )

    async def file(request: Request) -> Response:
        """A built file, packed as it is kept unless the browser cannot unpack it."""
        name = request.path_params["name"]
        if name not in tags:
            return Response(status_code=404)
        tag = f'"{tags[name][:32]}"'
        headers = _HEADERS | {
            "Cache-Control": "no-cache",
            "ETag": tag,
            "Vary": "Accept-Encoding",
            # for the workers, which have a policy of their own
            "Content-Security-Policy": "default-src 'none'",
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        content = (_HERE / f"built/{name}.gz").read_bytes()
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            content = gzip.decompress(content)
        return Response(content, headers=headers, media_type=guess_type(name)[0])

    return [Route("/graphiql", show), Route("/graphiql/{name}", file)]
