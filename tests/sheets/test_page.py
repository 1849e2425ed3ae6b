# SPDX-License-Identifier: EUPL-1.2
"""The page for employees: what it holds, what it may do, and that its script is answered."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import httpx
import pytest
from graphql import parse, validate

from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.texts import CODES
from tests.conftest import World
from tests.sheets.files import GOOD, HEADER, csv_file, form, post_form

pytestmark = pytest.mark.anyio
API_WORDS = re.compile(r"mapping|header|path|externalId|idempotencyKey|Retry-After|'[a-z]+'")
SCRIPT = (files("hub.pages") / "static" / "sheet.js").read_text("utf-8")


class Page(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


async def get(world: World, path: str, language: str = "nl") -> httpx.Response:
    transport = httpx.ASGITransport(app=world.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.get(path, headers={"Accept-Language": language})


def operation(name: str) -> str:
    """An operation of the script, written out."""
    receipt = re.search(r"const RECEIPT = `([^`]*)`", SCRIPT)
    found = re.search(rf"const {name} = `([^`]*)`", SCRIPT)
    assert receipt and found
    return found[1].replace("${RECEIPT}", receipt[1])


async def test_the_first_page_leads_to_it(world: World) -> None:
    assert '<a href="/sheet">' in (await get(world, "/")).text


@pytest.mark.parametrize(
    ("language", "title"), [("nl", "Een bestand aanleveren"), ("en", "Deliver a file")]
)
async def test_it_needs_no_token_and_speaks_both_languages(
    world: World, language: str, title: str
) -> None:
    answer = await get(world, "/sheet", language)
    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    assert re.search(rf"<title>Wijk ?hub: {title}</title>", answer.text)
    assert f'<html lang="{language}">' in answer.text
    assert "$" not in answer.text


async def test_in_a_demonstration_it_says_so_as_the_first_page_does(world: World) -> None:
    said = "Dit is een demonstratie."
    for path in ("/", "/sheet"):
        assert said not in (await get(world, path)).text
    async with world.connect("superuser") as connection:
        await connection.execute("insert into hub.demo (seed) values ('x')")
    for path in ("/", "/sheet"):
        assert said in (await get(world, path)).text


async def test_what_it_advises_can_be_done_on_it(world: World) -> None:
    """The hub's own hints of these codes are for programs."""
    (result,) = Page((await get(world, "/sheet")).text).all("section")
    cures = json.loads(result["data-cures"] or "")
    wrong = await world.partner("buurtwerk").answer("{ me { login } }", Authorization="Bearer x")
    assert wrong["errors"][0]["extensions"]["code"] in cures
    assert cures.keys() <= CODES.keys()
    assert not API_WORDS.search(" ".join(cures.values()))


async def test_what_can_be_wrong_with_a_list_is_told_without_words_of_the_api(
    world: World,
) -> None:
    (result,) = Page((await get(world, "/sheet")).text).all("section")
    cures = json.loads(result["data-cures"] or "")
    wrong = [
        ("W-1", "Nergenshuizen", *GOOD[2:]),
        ("W-2", "WK063713", *GOOD[2:]),
        ("W-3", *GOOD[1:]),
        ("W-3", *GOOD[1:]),
    ]
    given = {"file": None, "kind": "SIGNAL", "dataset": "blad", "idempotencyKey": "of-the-page-5"}
    parts = form(operation("UPLOAD"), {"in": given}, csv_file([GOOD, *wrong]))
    receipt = (await post_form(world.partner("buurtwerk"), parts)).json()["data"]["receipt"]
    told = [error for row in receipt["rows"]["nodes"] for error in row["errors"]]
    assert {error["code"] for error in told} == {"UNKNOWN_WIJK", "NOT_YOUR_WIJK", "DOUBLE_ROW"}
    refused = (await post_form(world.partner("raad"), parts)).json()["errors"]
    told += [{"hint": None, **error["extensions"]} for error in refused]
    assert not API_WORDS.search(" ".join(cures.get(e["code"], e["hint"]) for e in told))


@pytest.mark.parametrize("path", ["/nope", "/sheets/template/foo.csv", "/static/nope.css"])
async def test_an_address_at_which_there_is_nothing_says_so(world: World, path: str) -> None:
    for language, said in (("nl", "Deze pagina is er niet"), ("en", "There is no such page")):
        answer = await get(world, path, language)
        assert answer.status_code == 404
        assert f"<h1>{said}</h1>" in answer.text
        assert "$" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_it_loads_nothing_from_elsewhere_and_runs_only_the_hubs_own_script(
    world: World,
) -> None:
    answer = await get(world, "/sheet")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; ")
    assert "form-action 'none'; frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    page = Page(answer.text)
    assert [script["src"] for script in page.all("script")] == ["/static/sheet.js"]
    used = [value for _, each in page.elements for name, value in each.items()
            if name in ("src", "href", "action")]  # fmt: skip
    assert all(value and value.startswith("/") for value in used)
    assert not [name for _, each in page.elements for name in each if name.startswith("on")]
    assert "innerHTML" not in SCRIPT
    assert "Storage" not in SCRIPT
    for path in {value for value in used if value}:
        assert (await get(world, path)).status_code == 200, path


async def test_every_field_has_a_label_and_what_explains_it_exists(world: World) -> None:
    page = Page((await get(world, "/sheet")).text)
    ids = {each["id"] for _, each in page.elements if "id" in each}
    labelled = {each["for"] for each in page.all("label")}
    for each in page.all("input", "select"):
        assert each["id"] in labelled
        assert each.get("aria-describedby", each["id"]) in ids
    for used in re.findall(r'\bat\("([^"]+)"\)', SCRIPT):
        assert used in ids, used


async def test_every_kind_can_be_chosen_and_has_its_templates(world: World) -> None:
    page = Page((await get(world, "/sheet")).text)
    kinds = [each.kind.name for each in CONTRIBUTIONS]
    assert [each["value"] for each in page.all("option")] == kinds
    links = [each["href"] for each in page.all("a")]
    for kind in kinds:
        assert f"/sheets/template/{kind.lower()}.xlsx" in links


async def test_what_the_script_asks_of_an_upload_and_its_commit_is_answered(world: World) -> None:
    assert validate(build()._schema, parse(operation("UPLOAD"))) == []
    given = {
        "file": None, "kind": "SIGNAL", "dataset": "blad", "dryRun": True,
        "idempotencyKey": "of-the-page-1",
    }  # fmt: skip
    parts = form(operation("UPLOAD"), {"in": given}, csv_file([GOOD]))
    receipt = (await post_form(world.partner("buurtwerk"), parts)).json()["data"]["receipt"]
    assert receipt["id"]
    assert receipt["summary"] == [{"outcome": "CREATED", "rows": 1}]
    asked = {"receipt": receipt["id"], "idempotencyKey": "of-the-page-2"}
    done = await world.partner("buurtwerk").ask(operation("CARRY_OUT"), {"in": asked})
    assert done["receipt"]["summary"] == [{"outcome": "CREATED", "rows": 1}]
    assert done["receipt"]["errors"] == []


async def test_a_file_with_a_column_that_is_not_used_can_be_carried_out(world: World) -> None:
    given = {"file": None, "kind": "SIGNAL", "dataset": "blad", "idempotencyKey": "of-the-page-3"}
    file = csv_file([(*GOOD, "1")], header=(*HEADER, "Eigen"))
    parts = form(operation("UPLOAD"), {"in": given}, file)
    tried = (await post_form(world.partner("buurtwerk"), parts)).json()["data"]["receipt"]
    told = [error["message"] for error in tried["errors"]]
    assert len(told) == 1
    asked = {"receipt": tried["id"], "idempotencyKey": "of-the-page-4"}
    done = await world.partner("buurtwerk").ask(operation("CARRY_OUT"), {"in": asked})
    assert done["receipt"]["summary"] == [{"outcome": "CREATED", "rows": 1}]


async def test_every_outcome_and_every_word_that_the_script_uses_is_on_the_page(
    world: World,
) -> None:
    (result,) = Page((await get(world, "/sheet")).text).all("section")
    for word in re.findall(r"\bwords\.(\w+)", SCRIPT):
        name = re.sub(r"[A-Z]", lambda found: f"-{found[0].lower()}", word)
        assert result[f"data-{name}"], word
    for outcome in build()._schema.type_map["RowOutcome"].values:  # type: ignore[attr-defined]
        assert result[f"data-{outcome.lower()}"]
