# SPDX-License-Identifier: EUPL-1.2
"""Joins the parts that several modules add to one type. Two parts with the same field name are an
error at start.
"""

from __future__ import annotations

from typing import Any

import strawberry


def join(name: str, description: str, *parts: type) -> Any:
    """A type called `name` with the fields of every part, in the order of the parts."""
    owners: dict[str, str] = {}
    for part in parts:
        for field in part.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            if field.name in owners:
                raise TypeError(
                    f"{name}.{field.name} stands in {owners[field.name]} and in {part.__name__}"
                )
            owners[field.name] = part.__name__
    return strawberry.type(type(name, parts, {"__annotations__": {}}), description=description)
