# SPDX-License-Identifier: EUPL-1.2
"""GeoJSON files for the tests: the real ones of Zoetermeer, and small ones made of squares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "hub" / "data"
ZOETERMEER = "GM0637"
YEARS = {year: DATA / f"zoetermeer_wijken_{year}.geojson" for year in (2024, 2025)}
CROSSWALK = DATA / "zoetermeer_wijk_crosswalk_2024_2025_approx.csv"

WEST, SOUTH = 4.4, 52.0
STEP = 0.01


def square(column: int, row: int, width: float = 1, height: float = 1) -> list[list[float]]:
    """A closed ring around cells of a grid in degrees."""
    x, y = WEST + column * STEP, SOUTH + row * STEP
    east, north = x + width * STEP, y + height * STEP
    return [[x, y], [east, y], [east, north], [x, north], [x, y]]


def polygon(column: int, row: int, width: float = 1, height: float = 1) -> dict[str, Any]:
    """A rectangle as a GeoJSON geometry."""
    return {"type": "Polygon", "coordinates": [square(column, row, width, height)]}


def cells(places: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """An area of separate cells as a GeoJSON geometry."""
    return {"type": "MultiPolygon", "coordinates": [[square(*place)] for place in places]}


def wijk(code: str, name: str, geometry: object = None, **more: object) -> dict[str, Any]:
    """A wijk as PDOK gives it."""
    properties = {"wijkcode": code, "wijknaam": name, "gemeentecode": ZOETERMEER, **more}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def buurt(code: str, name: str, wijkcode: str, **more: object) -> dict[str, Any]:
    """A buurt as PDOK gives it, without its boundary."""
    properties = {"buurtcode": code, "buurtnaam": name, "wijkcode": wijkcode, **more}
    return {"type": "Feature", "geometry": None, "properties": properties}


def collection(*features: Mapping[str, Any] | object, **more: object) -> bytes:
    """A file of these features."""
    document = {"type": "FeatureCollection", "features": list(features), **more}
    return json.dumps(document).encode()
