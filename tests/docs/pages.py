# SPDX-License-Identifier: EUPL-1.2
"""The pages that people read, taken apart: fenced blocks, steps of a conversation, links.

How a page says what a block is (the first word after the fence is the language, as readers of
Markdown expect; the rest is for the tests):

    ```graphql as=buurtwerk    an operation, sent by the partner whose token has this name; it asks
                               for English, and with a last word "nl" for Dutch
    ```json variables          its variables; <name> stands for what an earlier answer held there
    ```json answer             its answer; "…" is any text, <name> a text that is used later on,
                               and a list that ends with "…" may go on
    ```sh run                  commands that are run beside a served hub, as they stand
    ```python run              a program, run in the same way
    ```sql as=superuser        statements, run by that role (owner, app, superuser)
    ```sh                      commands that other tests run, or that need what a test has not
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]))

_FENCE = re.compile(r"^```(\w*)[ ]*([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_NAME = re.compile(r"<([a-z]+)>")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it begins, its language, what else its fence says, and its text."""

    page: str
    line: int
    language: str
    info: str
    text: str

    @property
    def asker(self) -> str | None:
        """Who carries it out: the name of a token for an operation, a role for statements."""
        return self.info[3:].removesuffix(" nl") if self.info.startswith("as=") else None

    @property
    def answered_in(self) -> str:
        """The language that an operation asks for."""
        return "nl" if self.info.endswith(" nl") else "en"

    @property
    def is_example(self) -> bool:
        """Whether it is carried out by the tests of the documentation."""
        return self.info == "run" or self.asker is not None


@dataclass(slots=True)
class Step:
    """A turn of a conversation with the hub: an operation, and what a page says of its answer."""

    block: Block
    asker: str
    variables: dict[str, Any] = field(default_factory=dict)
    answer: Any = None


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    name = str(page.relative_to(ROOT))
    return [
        Block(name, text.count("\n", 0, found.start()) + 1, found[1], found[2].strip(), found[3])
        for found in _FENCE.finditer(text)
    ]


def steps_of(page: Path) -> list[Step]:
    """The conversation that a page holds."""
    steps: list[Step] = []
    for block in blocks_of(page):
        if block.language == "graphql" and block.asker:
            steps.append(Step(block, block.asker))
        elif block.info == "variables":
            steps[-1].variables = json.loads(block.text)
        elif block.info == "answer":
            steps[-1].answer = json.loads(block.text)
    return steps


def links_of(page: Path) -> list[str]:
    """Where the links of a page go."""
    return _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))


def code_of(page: Path) -> list[str]:
    """What a page sets in code: each inline span, and each block of shell commands."""
    text = page.read_text("utf-8")
    spans = re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))
    return spans + [block.text for block in blocks_of(page) if block.language == "sh"]


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and GitLab make them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def filled(given: Any, known: dict[str, str]) -> Any:
    """Variables with what earlier answers held in the place of <name>."""
    if isinstance(given, dict):
        return {name: filled(value, known) for name, value in given.items()}
    if isinstance(given, list):
        return [filled(value, known) for value in given]
    if isinstance(given, str):
        return _NAME.sub(lambda found: known[found[1]], given)
    return given


def differences(said: Any, got: Any, known: dict[str, str], path: str = "") -> Iterator[str]:
    """Where an answer is not what a page says; notes in `known` what the page names."""
    if isinstance(said, dict) and isinstance(got, dict):
        for name in said.keys() | got.keys():
            if name in said and name in got:
                yield from differences(said[name], got[name], known, f"{path}.{name}")
            else:
                yield f"{path}.{name} is {'not said' if name in got else 'not in the answer'}"
    elif isinstance(said, list) and isinstance(got, list):
        goes_on = bool(said) and said[-1] == "…"
        items = said[:-1] if goes_on else said
        if len(items) > len(got) or (len(items) < len(got) and not goes_on):
            yield f"{path} has {len(got)} items"
        for place, (item, other) in enumerate(zip(items, got, strict=False)):
            yield from differences(item, other, known, f"{path}[{place}]")
    elif isinstance(said, str) and isinstance(got, str) and (name := _NAME.fullmatch(said)):
        if known.setdefault(name[1], got) != got:
            yield f"{path} is another <{name[1]}> than before"
    elif said != got and not (said == "…" and isinstance(got, str)):
        yield f"{path} is {got!r}, not {said!r}"
