# SPDX-License-Identifier: EUPL-1.2
"""Which version of the hub this is."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def hub_version() -> str:
    """The version of the package that is installed, or of the checkout that it runs from."""
    try:
        return version("wijk-hub")
    except PackageNotFoundError:
        project = Path(__file__).parents[1] / "pyproject.toml"
        found: str = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
        return found
