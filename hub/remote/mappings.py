# SPDX-License-Identifier: EUPL-1.2
"""Which column is which field, remembered per hub, kind and dataset on this machine, so that it is
said once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click
import orjson

Mapping_ = Mapping[str, str | None]


def remembered(address: str, kind: str, dataset: str) -> Mapping_:
    """What was kept for a dataset; empty when nothing was."""
    found = _all().get(_name(address, kind, dataset), {})
    return found if isinstance(found, dict) else {}


def remember(address: str, kind: str, dataset: str, mapping: Mapping_) -> None:
    """Keeps a mapping for a dataset."""
    kept = {**_all(), _name(address, kind, dataset): dict(mapping)}
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
    half.replace(file)


def _all() -> dict[str, Mapping_]:
    try:
        found = orjson.loads(_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(address: str, kind: str, dataset: str) -> str:
    return f"{address} {kind} {dataset}"


def _file() -> Path:
    return Path(click.get_app_dir("wijkhub")) / "mappings.json"
