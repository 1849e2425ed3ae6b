# SPDX-License-Identifier: EUPL-1.2
"""Files that are whole or not there, for their owner alone to read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def half_of(path: Path) -> Path:
    """Where a file is while it has not got its name."""
    return path.with_name(f".{path.name}.{os.getpid()}")


@contextmanager
def whole_file(
    path: Path, mode: str = "w", *, encoding: str | None = None, newline: str | None = None
) -> Iterator[IO[Any]]:
    """A file that gets its name, and takes the place of what had it, when the body ends; nothing is
    left of it when the body raises.
    """
    half = half_of(path)
    half.unlink(missing_ok=True)
    try:
        handle = os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, mode, encoding=encoding, newline=newline) as file:
            yield file
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
