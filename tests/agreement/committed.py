# SPDX-License-Identifier: EUPL-1.2
"""Texts that are made from the code and committed, so that a change shows in the diff.

`UPDATE_GOLDEN=1 pytest tests/agreement tests/golden` writes them anew; whoever does that reads the
diff.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]


def agrees(file: Path, made: str) -> None:
    """Fails unless `made` is what is committed in `file`; writes it first when asked to."""
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    committed = file.read_text(encoding="utf-8") if file.exists() else ""
    assert committed.splitlines() == made.splitlines(), (
        f"{file.relative_to(ROOT)} is not what the code makes; UPDATE_GOLDEN=1 writes it anew"
    )
