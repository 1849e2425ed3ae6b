# SPDX-License-Identifier: EUPL-1.2
"""The documentation says what is so: its examples run, its links lead somewhere, and each command,
setting, code and file that it names exists.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import click
import pytest
from graphql import parse, validate

from hub.cli import main
from hub.settings import Limits, Settings, documented
from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.parts import ContributionKind
from schema.texts import CODES, LABELS
from sql.principal import ROLES
from tests.conftest import World
from tests.docs.pages import (
    PAGES,
    ROOT,
    Block,
    anchors_of,
    blocks_of,
    code_of,
    differences,
    filled,
    links_of,
    steps_of,
)
from tests.served import served

ADDRESS = "127.0.0.1:8731"
TALKS = [page for page in PAGES if any(block.is_example for block in blocks_of(page))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


pages = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pages
def test_links_lead_to_a_page_that_exists_and_a_heading_in_it(page: Path) -> None:
    for link in links_of(page):
        target, _, anchor = link.partition("#")
        if target.startswith(("https:", "http:", "mailto:")):
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), f"{name_of(page)}: {link}"
        assert found.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors_of(found), f"{name_of(page)}: {link}"


@pages
def test_commands_and_their_options_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for code in code_of(page):
        for target in re.findall(r"(?<![\w-])make ([a-z]+)\b", code):
            assert target in targets, f"{name_of(page)}: make {target}"
        for line in re.findall(r"(?:^|&& |-m |^[A-Z_]+=\S+ )hub ([a-z].*)$", code, re.MULTILINE):
            check_command(line.split(), f"{name_of(page)}: hub {line}")


def check_command(words: list[str], where: str) -> None:
    """Follows the words through the groups of `hub`, and looks for the options at the end."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, where
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, where


def test_every_command_is_described() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES if page.name != "CHANGELOG.md")
    for name, command in main.commands.items():
        for words in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert f"hub {words}" in text, f"hub {words}"


@pages
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {s.metadata["env"] for s in (*documented(Settings), *documented(Limits))}
    known |= set(re.findall(r"HUB_\w+", (ROOT / "docker-compose.yml").read_text()))
    known |= {"HUB_TOKEN", "HUB_URL"}  # of the commands that speak with a hub elsewhere
    named = set(re.findall(r"\bHUB_[A-Z_]*[A-Z]\b(?!_?\*)", page.read_text("utf-8")))
    assert named <= known, name_of(page)


@pages
def test_codes_and_values_in_capitals_are_those_of_the_api(page: Path) -> None:
    known = {*CODES, *ROLES, *re.findall(r"\b[A-Z][A-Z_]+\b", build().as_str())}
    known |= {key.removeprefix("audit.") for key in LABELS if key.startswith("audit.")}
    for code in code_of(page):
        for word in re.findall(r"^[A-Z]+(?:_[A-Z]+)+$", code):
            assert word in known or is_a_setting(word), f"{name_of(page)}: {word}"


def is_a_setting(word: str) -> bool:
    """Whether it is the name of a variable of the environment that the hub or its compose file
    reads.
    """
    return word.startswith("HUB_") or word in {"DATABASE_URL", "POSTGRES_PASSWORD"}


@pages
def test_files_that_are_named_exist(page: Path) -> None:
    folders = r"(?:hub|schema|resolvers|sql|tests|docs|\.ci)/"
    for code in code_of(page):
        for path in re.findall(rf"(?:^|\s)({folders}[\w./-]+)", code):
            assert (ROOT / path).exists(), f"{name_of(page)}: {path}"


@pages
def test_operations_are_valid(page: Path) -> None:
    schema = build()._schema
    for block in blocks_of(page):
        if block.language == "graphql":
            errors = validate(schema, parse(block.text))
            assert errors == [], f"{block.page}:{block.line}: {errors[0].message}"


@pytest.mark.anyio
@pytest.mark.parametrize("page", TALKS, ids=name_of)
async def test_examples_do_what_the_page_says(page: Path, world: World, tmp_path: Path) -> None:
    """In the order of the page, on one hub with the demo's partners and no records yet."""
    (tmp_path / ".hub").mkdir()
    (tmp_path / ".hub/tokens.json").write_text(json.dumps(world.cluster.tokens))
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    steps = {step.block: step for step in steps_of(page)}
    known: dict[str, str] = {}
    async with served(world) as address:
        for block in blocks_of(page):
            if block.info == "run":
                await run(block, world, address, tmp_path)
            elif block.language == "sql" and block.asker:
                async with world.connect(block.asker) as connection:
                    await connection.execute(block.text)
            elif step := steps.get(block):
                variables = filled(step.variables, known)
                partner = world.partner(step.asker)
                headers = {"Accept-Language": block.answered_in}
                got = await partner.answer(block.text, variables, **headers)
                got.pop("extensions", None)
                assert step.answer is not None, f"{block.page}:{block.line} shows no answer"
                found = list(differences(step.answer, got, known))
                assert not found, f"{block.page}:{block.line}: {found}"
    assert written(tmp_path) <= ignored(), "who follows the page in a checkout: add to .gitignore"


def written(folder: Path) -> set[str]:
    """The files that the examples of a page left in the folder in which they ran."""
    return {f"/{path.name}" for path in folder.iterdir()} - {"/docs", "/.hub"}


def ignored() -> set[str]:
    """What git leaves out."""
    return set((ROOT / ".gitignore").read_text("utf-8").split())


async def run(block: Block, world: World, address: str, folder: Path) -> None:
    """Runs a block as it stands, but for the port of the hub, with the world's database at hand."""
    if "curl" in block.text and shutil.which("curl") is None:
        return
    program = {
        "sh": ["bash", "-euo", "pipefail", "-c"],
        "python": [sys.executable, "-W", "error::SyntaxWarning", "-c"],
    }[block.language]
    process = await asyncio.create_subprocess_exec(
        *program,
        block.text.replace(ADDRESS, address),
        cwd=folder,
        env={
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DATABASE_URL": world.dsn("app"),
            "HUB_OWNER_URL": world.dsn("owner"),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, f"{block.page}:{block.line}: {output.decode()}"
    assert output.strip(), f"{block.page}:{block.line} says nothing"


@pytest.mark.anyio
@pytest.mark.parametrize("each", CONTRIBUTIONS, ids=lambda each: each.typename)
async def test_the_table_of_fields_is_that_of_the_database(
    world: World, each: ContributionKind
) -> None:
    page = (ROOT / "docs/permissions.md").read_text("utf-8")
    _, _, text = page.partition(f"\n### {each.typename}\n")
    text, _, _ = text.partition("\n### ")
    said = {
        tuple(cell.strip(" `") for cell in line.strip("|").split("|"))
        for line in re.findall(r"^\| `\w+`(?: \| (?:yes|if listed|–)){3} \|$", text, re.MULTILINE)
    }
    async with world.connect("superuser") as connection:
        rows = await connection.fetch(
            "select field, shown_from, listed from hub.contribution_fields where kind = $1",
            each.kind.name,
        )
    assert said == {tuple(shown(row["shown_from"], row["listed"], row["field"])) for row in rows}


def shown(shown_from: str, listed: bool, field: str) -> list[str]:
    """A field's line in the table: what each precision shows of it."""
    if shown_from == "OWN":
        return [field, "–", "–", "–"]
    ladder = ("WIJK", "BUURT", "EXACT")
    yes = "if listed" if listed else "yes"
    begins = ladder.index(shown_from)
    return [field, *(yes if place >= begins else "–" for place in range(3))]


def test_planted_faults_in_an_answer_are_found() -> None:
    said = {"id": "<signal>", "status": "NEW", "label": "…", "nodes": [1, "…"]}
    good = {"id": "abc", "status": "NEW", "label": "anything", "nodes": [1, 2]}
    assert list(differences(said, good, {})) == []
    for planted in (
        {**good, "status": "DONE"},
        {**good, "nodes": [2]},
        {**good, "nodes": []},
        {**good, "label": None},
        {**good, "more": 1},
        {name: value for name, value in good.items() if name != "id"},
    ):
        assert list(differences(said, planted, {})), planted
    assert list(differences(said, good, {"signal": "other"}))
