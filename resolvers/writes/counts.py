# SPDX-License-Identifier: EUPL-1.2
"""Counts of one measure and period at once: a push of them, told in the words of who counts.

They are delivered to one dataset, each under a name that follows from what it is a count of. So a
second submission corrects the first while the period is open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from resolvers.context import Context
from resolvers.kinds import Kind
from resolvers.writes.push import push
from resolvers.writes.receipts import Outcome, every_row
from resolvers.writes.rows import Areas, Checked

DATASET = "tellingen"
"""Where what is submitted goes: one dataset of each organisation."""

MOST_CELLS = 1000
_OF_THE_WHOLE = ("measure", "period")
# An id as letters: in a row of digits somebody's number could be recognised.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_REJECTED: Outcome = "REJECTED"

Cell = Mapping[str, Any]


async def submit_counts(context: Context, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Delivers the cells as counts, all or none, and says what becomes of them.

    `given` has `measure`, `period`, `idempotency_key`, `dry_run` and `cells`: mappings with `wijk`,
    `buurt`, `group` and `count`. The answer has `accepted`, `replayed`, `errors` as they are
    stored, and `will_publish`: the place of a cell, a rule and a day.
    """
    cells = given["cells"]
    if not 0 < len(cells) <= MOST_CELLS:
        code = "TOO_MANY_ROWS" if cells else "MISSING_FIELD"
        return _nothing({"path": ["input", "cells"], "code": code, "message": None,
                         "params": {"got": len(cells), "limit": MOST_CELLS}})  # fmt: skip
    places = await _places(context, cells)
    rows = [_row(given, cell, place) for cell, place in zip(cells, places, strict=True)]
    delivery = {
        "dataset": DATASET,
        "idempotency_key": given["idempotency_key"],
        "dry_run": given["dry_run"],
    }
    receipt = await push(context, kind, delivery, rows)
    lines = await every_row(context, receipt["id"], MOST_CELLS) if receipt["id"] else []
    taken = [
        line["line"] - 1 for line in lines if line["outcome"] != _REJECTED and not line["errors"]
    ]
    return {
        "accepted": len(taken),
        "replayed": receipt["replayed"],
        "errors": _errors(receipt, lines),
        "will_publish": await _will_publish(context, given, places, taken),
    }


def _nothing(error: dict[str, Any]) -> dict[str, Any]:
    return {"accepted": 0, "replayed": False, "errors": [error], "will_publish": []}


async def _places(context: Context, cells: Sequence[Cell]) -> Sequence[Cell]:
    """The wijk and buurt of each cell, by their ids where they are known."""
    areas = await Areas.named_by(context.session, cells)
    places = []
    for line, cell in enumerate(cells, start=1):
        checked = Checked(line)
        areas.place(cell, checked)
        known = {name: checked.values[name] or cell.get(name) for name in ("wijk", "buurt")}
        places.append(known)
    return places


def _row(given: Mapping[str, Any], cell: Cell, place: Cell) -> dict[str, Any]:
    """The row of a delivery for one cell."""
    of = (given["measure"], given["period"], place["wijk"], place["buurt"], cell.get("group"))
    return {
        "external_id": "/".join(map(_name, of)),
        **place,
        "measure": given["measure"],
        "period": given["period"],
        "group": cell.get("group"),
        "count": cell["count"],
    }


def _name(part: object) -> str:
    if isinstance(part, UUID):
        return part.hex.translate(_LETTERS)
    return str(part or "-")[:40]


def _errors(receipt: Mapping[str, Any], lines: Sequence[Any]) -> list[dict[str, Any]]:
    """What is wrong, where the caller wrote it; of the measure and period once."""
    found = [
        {**error, "path": ["input", *error["path"][2:]]}
        for error in receipt["errors"]
        if error["code"] != "TOO_MANY_REJECTED"  # the cells themselves say why
    ]
    for line in lines:
        for error in line["errors"]:
            told = _told(line["line"] - 1, error)
            if told not in found:
                found.append(told)
    return found


def _told(cell: int, error: Mapping[str, Any]) -> dict[str, Any]:
    field, *_ = error["path"]
    if error["code"] == "DOUBLE_ROW":
        return {**error, "path": ["input", "cells", cell], "code": "DOUBLE_CELL"}
    if field == "externalId":  # what the caller wrote of it is the measure and the group
        return {**error, "path": ["input", "cells", cell]}
    if field in _OF_THE_WHOLE:
        return {**error, "path": ["input", field]}
    return {**error, "path": ["input", "cells", cell, field]}


async def _will_publish(
    context: Context, given: Mapping[str, Any], places: Sequence[Cell], taken: Sequence[int]
) -> list[dict[str, Any]]:
    """Per cell that was taken and agreement: by which rule and when its number is published."""
    if not taken:
        return []
    wijken = sorted({places[cell]["wijk"] for cell in taken})
    rules = await context.session.fetch(
        "publication_of_counts", wijken, given["measure"], given["period"], DATASET
    )
    return [
        {
            "cell": cell,
            "title": r["title"],
            "minimum": r["min_cell"],
            "alone": r["alone"],
            "on": r["on_day"],
        }
        for cell in taken
        for r in rules
        if r["wijk"] == places[cell]["wijk"]
    ]
