# SPDX-License-Identifier: EUPL-1.2
"""`hub new` makes a kind of contribution in four places, and taking those away removes it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from schema.contributions import CONTRIBUTIONS

ROOT = Path(__file__).parents[2]
TREE = ("hub", "schema", "resolvers", "sql", "tests", "pyproject.toml")
REGISTRY = "schema/contributions/__init__.py"
FOLDERS = ("sql/migrations", "sql/contributions", "schema/contributions")
OWN = (
    "sql/contributions/street_interviews.sql",
    "schema/contributions/street_interviews.py",
)


def copy(folder: Path, *parts: str) -> Path:
    """A copy of parts of the checkout."""
    for part in parts:
        if (ROOT / part).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        else:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, folder / part)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, but for what running leaves behind."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {"__pycache__", ".pytest_cache", ".hypothesis"} & set(path.parts)
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The folders in which a new kind is written."""
    return copy(tmp_path / "checkout", *FOLDERS)


def new(checkout: Path, *words: str) -> Result:
    """Runs the command on a checkout."""
    return CliRunner().invoke(main, ["new", *words, "--folder", str(checkout)])


def test_a_kind_is_three_files_and_a_name_in_the_registry(checkout: Path) -> None:
    before = tree(checkout)
    done = new(checkout, "street_interview")
    assert done.exit_code == 0, done.output
    after = tree(checkout)
    added = sorted(after.keys() - before.keys())
    number = sum(path.startswith("sql/migrations/") for path in before) + 1
    assert added == sorted([*OWN, f"sql/migrations/{number:04}_street_interviews.sql"])
    changed = [path for path in before if after[path] != before[path]]
    assert changed == [REGISTRY]
    lines = after[REGISTRY].decode().splitlines()
    assert [line for line in lines if line not in before[REGISTRY].decode().splitlines()] == [
        "from schema.contributions.street_interviews import CONTRIBUTION as STREET_INTERVIEWS",
        "    STREET_INTERVIEWS,",
    ]
    assert all(path in done.output for path in [*added, REGISTRY])
    assert all("%{" not in after[path].decode() for path in added)


def test_two_new_kinds_get_numbers_of_their_own(checkout: Path) -> None:
    assert new(checkout, "street_interview").exit_code == 0
    assert new(checkout, "enquiry", "--title-nl", "navraag").exit_code == 0
    names = sorted(path.name for path in (checkout / "sql/migrations").iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert names[-1].endswith("_enquiries.sql")
    assert '{"nl": "navraag", "en": "enquiry"}' in (
        checkout / "schema/contributions/enquiries.py"
    ).read_text("utf-8")


def test_nothing_is_overwritten(checkout: Path) -> None:
    (checkout / OWN[0]).write_text("-- mine\n")
    before = tree(checkout)
    done = new(checkout, "street_interview")
    assert done.exit_code == 1
    assert f"{OWN[0]} exists already" in done.output
    assert tree(checkout) == before


@pytest.mark.parametrize(
    "words",
    [
        ["Street"],
        ["street-interview"],
        ["street__interview"],
        ["../street"],
        ["street; drop table"],
        ["a" * 40],
        ["import", "--table", "class"],
        ["fish", "--table", "fish"],
        ["street_interview", "--title", 'x"\n'],
        ["street_interview", "--title-nl", "{category}"],
    ],
)
def test_a_name_that_cannot_be_is_wrong_use(checkout: Path, words: list[str]) -> None:
    before = tree(checkout)
    assert new(checkout, *words).exit_code == 2
    assert tree(checkout) == before


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        *(([each.kind.name.lower()], "already") for each in CONTRIBUTIONS),
        (["wijk"], "Wijk"),
        (["figure_of_mine", "--table", "figures"], "figures"),
        (["reader_of_mine", "--table", "readers"], "readers"),
        (["deal_of_mine", "--table", "agreements"], "agreements"),
    ],
)
def test_a_name_that_is_taken_is_refused(checkout: Path, words: list[str], taken: str) -> None:
    before = tree(checkout)
    done = new(checkout, *words)
    assert done.exit_code == 1
    assert taken in done.output
    assert tree(checkout) == before


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    done = new(tmp_path, "street_interview")
    assert done.exit_code == 1
    assert "no checkout" in done.output
    assert tree(tmp_path) == {}


def test_help_says_what_it_writes() -> None:
    done = CliRunner().invoke(main, ["new", "--help"])
    assert done.exit_code == 0
    assert "four places" in done.output


@pytest.mark.slow
def test_a_new_kind_works_at_once_and_is_gone_without_its_four_places(tmp_path: Path) -> None:
    folder = copy(tmp_path / "checkout", *TREE)
    before = tree(folder)
    words = ("street_interview", "--title", "Street interview", "--title-nl", "straatinterview")
    run(folder, "hub", "new", *words)
    added = sorted(tree(folder).keys() - before.keys())
    assert len(added) == 3

    run(
        folder,
        *("pytest", "-q", "-p", "no:cacheprovider"),
        *("tests/new/a_street_interview.py", "tests/contract/test_kinds.py"),
        *("tests/agreement/test_statements.py", "tests/isolation/test_catalogue.py"),
    )

    for path in added:
        (folder / path).unlink()
    registry = (folder / REGISTRY).read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in registry if "street_interviews" not in line.lower()]
    assert len(registry) - len(kept) == 2
    (folder / REGISTRY).write_text("".join(kept), encoding="utf-8")
    assert tree(folder) == before


def run(folder: Path, *words: str) -> None:
    """Runs a module of the copy, which must succeed: `-m` looks in its own folder first."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
