# SPDX-License-Identifier: EUPL-1.2
"""Result files of long runs (benchmarks, proofs), and the page whose tables they make."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson

ROOT = Path(__file__).resolve().parents[1]

# What was found, with `at`, `date`, `commit` and `changed_since_commit` beside it.
Result: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """The files of one command in a folder, and the place on a page between two marks of a name."""

    command: str
    folder: Path
    page: Path
    mark: str

    def write(self, result: Result, path: Path | None, part: str = "") -> Path:
        """Writes a result, in the folder unless a path is given, and tells where; `part` names what
        was done of all that could be.
        """
        name = f"{result['date']}-{result['commit'] or 'unknown'}{part and '-'}{part}.json"
        path = path or self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n")
        return path

    def newest(self) -> Result:
        """The result that was written last. Raises FileNotFoundError when there is none."""
        return self.in_order()[-1]

    def in_order(self) -> list[Result]:
        """All results, oldest first. Raises FileNotFoundError when there is none."""
        found = [orjson.loads(path.read_bytes()) for path in self.folder.glob("*.json")]
        if not found:
            where = self.folder.relative_to(ROOT)
            raise FileNotFoundError(f"no result in {where}; run `{self.command}` first")
        return sorted(found, key=lambda result: result["at"])

    def fill_page(self, lines: Iterable[str]) -> None:
        """Puts what was made of results between the marks of the page."""
        begin, end = (f"<!-- {self.mark}: {which} -->" for which in ("begin", "end"))
        page = self.page.read_text(encoding="utf-8")
        before, _, rest = page.partition(begin)
        after = rest.partition(end)[2]
        made = "\n".join(lines)
        self.page.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")


def git(*command: str) -> str:
    """What git says of the checkout; empty where there is no git or no checkout."""
    try:
        found = subprocess.run(
            ["git", *command], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def head() -> str:
    """The commit of the checkout, as results name it."""
    return git("rev-parse", "--short=12", "HEAD")


def commit_of(result: Result) -> str:
    """The commit that a result was made at, and whether there was more in the checkout."""
    commit = result["commit"] or "unknown"
    return (
        f"{commit} with changes that were not committed"
        if result["changed_since_commit"]
        else commit
    )
