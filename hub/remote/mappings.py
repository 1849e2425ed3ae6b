# SPDX-License-Identifier: EUPL-1.2
"""Which column is which field, remembered per hub, kind and dataset on this machine, so that it is
said once.
"""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from hub.files import whole_file
from resolvers.sheets.columns import ColumnNames


def remembered(address: str, kind: str, dataset: str) -> ColumnNames:
    """What was kept for a dataset; empty when nothing was."""
    found = _all().get(_name(address, kind, dataset), {})
    return found if isinstance(found, dict) else {}


def remember(address: str, kind: str, dataset: str, mapping: ColumnNames) -> None:
    """Keeps a mapping for a dataset."""
    kept = {**_all(), _name(address, kind, dataset): dict(mapping)}
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file, "wb") as new:
        new.write(orjson.dumps(kept, option=orjson.OPT_INDENT_2))


def _all() -> dict[str, ColumnNames]:
    try:
        found = orjson.loads(_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(address: str, kind: str, dataset: str) -> str:
    return f"{address} {kind} {dataset}"


def _file() -> Path:
    return Path(click.get_app_dir("wijkhub")) / "mappings.json"
