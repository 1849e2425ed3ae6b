# SPDX-License-Identifier: EUPL-1.2
"""`hub template`: the same template as the hub serves, written to a file."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from hub.cli import main
from hub.sheet_templates import template


def test_it_writes_what_the_hub_serves_and_says_where(tmp_path: Path) -> None:
    for format_ in ("csv", "xlsx"):
        path = tmp_path / f"blad.{format_}"
        done = CliRunner().invoke(
            main, ["template", "signal", "--format", format_, "--output", str(path)]
        )
        assert done.exit_code == 0, done.output
        assert done.output.strip() == str(path)
        assert path.read_bytes() == template("SIGNAL", format_)  # type: ignore[arg-type]


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    done = CliRunner().invoke(main, ["template", "wens"])
    assert done.exit_code == 2
    assert "'signal'" in done.output
