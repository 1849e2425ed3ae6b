# SPDX-License-Identifier: EUPL-1.2
"""GraphiQL: where it is and is not, what its page may load, and what the build was made of."""

from __future__ import annotations

import gzip
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import parse, print_ast

from hub.app import create_app
from hub.settings import Settings
from tests.conftest import World

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "hub/pages/graphiql"
BUILT = SOURCES / "built"
MANIFEST: dict[str, dict[str, str]] = json.loads((BUILT / "manifest.json").read_text("utf-8"))


async def get(path: str, *, production: bool = False, **headers: str) -> httpx.Response:
    app = create_app(Settings(production=production), None)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    parts = answer.headers["content-security-policy"].split(";")
    return {name: values for name, *values in (part.split() for part in parts)}


@pytest.mark.parametrize("path", ["/graphiql", "/graphiql/page.js", "/graphiql/manifest.json"])
async def test_in_production_there_is_no_graphiql(path: str) -> None:
    answer, unknown = await get(path, production=True), await get("/weg", production=True)
    assert (answer.status_code, answer.content) == (404, unknown.content)
    assert Settings.from_environment({}).production


@pytest.mark.parametrize("production", [True, False])
async def test_the_first_page_leads_to_it_where_it_is(world: World, production: bool) -> None:
    app = create_app(Settings(production=production), world.database)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as to:
        page = (await to.get("/")).text
    assert ('<a href="/graphiql">' in page) is not production


async def test_the_page_loads_from_the_hub_alone_and_runs_nothing_inline() -> None:
    answer = await get("/graphiql")
    assert answer.status_code == 200
    allowed = policy(answer)
    nonce = re.findall(r"nonce=\"([^\"]+)\"", answer.text)[0]
    assert len(nonce) >= 20
    assert allowed == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "worker-src": ["'self'"],
        "connect-src": ["'self'"],
        "style-src": ["'self'", f"'nonce-{nonce}'"],
        "style-src-attr": ["'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    assert "//" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert nonce not in (await get("/graphiql")).text


async def test_the_page_speaks_the_readers_language() -> None:
    dutch, english = await get("/graphiql"), await get("/graphiql", accept_language="en")
    assert 'lang="nl"' in dutch.text and "vragen proberen" in dutch.text
    assert 'lang="en"' in english.text and "try queries" in english.text


async def test_the_first_query_is_that_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    first = json.loads(re.findall(r"--data '(\{\"query\": .*\})'", readme, re.MULTILINE)[0])
    ours = (SOURCES / "first.graphql").read_text("utf-8")
    assert print_ast(parse(ours)) == print_ast(parse(first["query"]))


async def test_files_come_packed_and_are_not_sent_twice() -> None:
    packed = await get("/graphiql/page.css", accept_encoding="gzip, br")
    plain = await get("/graphiql/page.css", accept_encoding="identity")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["content-type"].startswith("text/css")
    again = await get("/graphiql/page.css", if_none_match=packed.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    for name in ("page.js", "graphql.worker.js"):
        answer = await get(f"/graphiql/{name}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert policy(answer) == {"default-src": ["'none'"]}


@pytest.mark.parametrize(
    "name", ["page.jsx", "manifest.json", "..%2Findex.html", "page.js.gz", "%2e%2e/__init__.py"]
)
async def test_nothing_else_of_the_folder_is_given(name: str) -> None:
    assert (await get(f"/graphiql/{name}")).status_code == 404


def test_the_build_is_of_these_sources_and_whole() -> None:
    sources = {name: digest(SOURCES / name) for name in MANIFEST["inputs"]}
    assert sources == MANIFEST["inputs"], "run: make graphiql"
    files = {path.stem: digest(path) for path in BUILT.glob("*.gz")}
    assert files == MANIFEST["files"]
    not_built = {"__init__.py", "index.html", "first.graphql"}
    assert {path.name for path in SOURCES.iterdir() if path.is_file()} == {*sources, *not_built}


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_the_lock_names_packages_by_hash_and_no_address() -> None:
    lock: dict[str, Any] = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    for name, each in packages.items():
        assert each["integrity"].startswith("sha512-"), name
        assert "resolved" not in each, name


def test_no_file_asks_anything_of_another_host() -> None:
    """Addresses in the code are names of formats and links in messages; none is fetched, as the
    page's policy would not let it. Those that load are not there at all.
    """
    for path in BUILT.glob("*.gz"):
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        assert not re.search(r"url\(['\"]?(https?:)?//", text), path.name
        assert not re.search(r"@import\b|unpkg\.com|jsdelivr|esm\.sh|sourceMappingURL", text)


def test_each_package_in_the_build_has_its_licence_beside_it() -> None:
    notice = (BUILT / "NOTICE.txt").read_text("utf-8")
    for name in ("graphiql 5.", "monaco-editor 0.", "react 19.", "graphql 16.", "Roboto"):
        assert name in notice
    assert notice.count("MIT") > 50
    assert "GPL" not in notice
