# SPDX-License-Identifier: EUPL-1.2
"""The floors hold: imports go down only, and every code that the source can give is explained."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema.texts import CODES
from tests.agreement.committed import ROOT

FLOORS = ("hub", "schema", "resolvers", "sql")

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# By floor, an import that does not belong there, and the rule that says so.
VIOLATIONS = [
    ("sql/ids.py", "import resolvers.paging", "Floors"),
    ("resolvers/paging.py", "import schema.texts", "Floors"),
    ("schema/ids.py", "import hub.settings", "Floors"),
    ("resolvers/paging.py", "import asyncpg", "Only sql talks to the database"),
    ("resolvers/paging.py", "import starlette.requests", "HTTP and commands stay in hub"),
    ("sql/ids.py", "import graphql", "GraphQL stays in schema, hub and the plan executor"),
    (
        "resolvers/paging.py",
        "import strawberry",
        "GraphQL stays in schema, hub and the plan executor",
    ),
    (
        "schema/ids.py",
        "import resolvers.plan.plans",
        "Nothing below hub knows the plan executor",
    ),
    ("schema/ids.py", "import aiodataloader", "Loaders are made in resolvers"),
    (
        "schema/contributions/planted.py",
        "import schema.contributions.signals",
        "Contributions do not know one another",
    ),
]


# -- imports


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source, to plant violations in."""
    folder = tmp_path_factory.mktemp("floors")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, folder / floor, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken_rules(folder: Path) -> list[str]:
    """The names of the import rules that the source in a folder breaks."""
    done = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(folder), "PATH": ""},
    )
    broken = re.findall(r"^(.+) BROKEN(?: \(.+\))?$", done.stdout, re.MULTILINE)
    assert (done.returncode == 0) == (broken == []), done.stdout + done.stderr
    assert "contracts: " in done.stdout.lower(), done.stdout + done.stderr
    return [rule.strip() for rule in broken]


def test_imports_go_down_only_and_each_library_has_one_home(copy: Path) -> None:
    assert broken_rules(copy) == []


@pytest.mark.parametrize(("file", "line", "rule"), VIOLATIONS)
def test_a_planted_import_is_found(copy: Path, file: str, line: str, rule: str) -> None:
    path = copy / file
    kept = path.read_text("utf-8") if path.exists() else None
    try:
        path.write_text(f"{kept or ''}\n{line}\n", encoding="utf-8")
        assert any(name.startswith(rule) for name in broken_rules(copy))
    finally:
        path.unlink() if kept is None else path.write_text(kept, encoding="utf-8")


# -- codes

REFUSES = re.compile(r"refus|RowError|InvalidDocument|_spoken", re.IGNORECASE)
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|BUSY|CONFLICT|FORBIDDEN|TIMEOUT|INTERNAL|WITHDRAWN")

# Tables at the top of a module from which codes are taken.
TABLES = {
    ("sql/errors.py", "_BY_STATE"),
    ("hub/graphql.py", "STATUS"),
}


def texts_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def refusals_in(node: ast.AST) -> Iterator[ast.Call]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = getattr(part.func, "id", getattr(part.func, "attr", ""))
            if REFUSES.search(name):
                yield part


def codes_in(file: str, tree: ast.Module) -> Iterator[str]:
    """The codes that a module gives: in refusals, in tables, and in functions that choose one."""
    for call in refusals_in(tree):
        yield from (text for arg in call.args for text in texts_in(arg) if CODE.fullmatch(text))
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any((file, getattr(target, "id", "")) in TABLES for target in targets):
            yield from (text for text in texts_in(node) if CODE.fullmatch(text))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            isinstance(arg, ast.Name) and arg.id == "code"
            for call in refusals_in(node)
            for arg in call.args
        ):
            yield from (text for text in texts_in(node) if CODE.fullmatch(text))


def codes_of_source() -> dict[str, str]:
    """Every code that the source gives, and a module that gives it."""
    found = {}
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            for code in codes_in(file, ast.parse(path.read_text("utf-8"))):
                found[code] = file
    return found


def test_every_code_that_the_source_gives_is_in_the_catalogue() -> None:
    unknown = {code: file for code, file in codes_of_source().items() if code not in CODES}
    assert unknown == {}


def test_the_tables_of_codes_are_where_this_test_looks() -> None:
    codes = codes_of_source()
    assert {"ALREADY_DECIDED", "METHOD_NOT_ALLOWED", "QUERY_TOO_DEEP"} <= codes.keys()


@pytest.mark.parametrize(
    "planted",
    [
        "raise Refusal('NO_SUCH_CODE')",
        "errors.append(RowError(('wijk',), 'NO_SUCH_CODE'))",
        "checked.refuse('wijk', 'NO_SUCH_CODE')",
        "_BY_STATE = {'HB001': 'NO_SUCH_CODE'}",
        "def f(x):\n    code = 'NO_SUCH_CODE' if x else 'BAD_ID'\n    raise Refusal(code)",
    ],
)
def test_a_planted_code_is_found_wherever_it_stands(planted: str) -> None:
    assert "NO_SUCH_CODE" in codes_in("sql/errors.py", ast.parse(planted))
