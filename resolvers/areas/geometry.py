# SPDX-License-Identifier: EUPL-1.2
"""Boundaries out of a file: checked, in longitude and latitude, ready to be kept.

What leaves this module is a GeoJSON Polygon or MultiPolygon in WGS84 with two numbers per position;
nothing else of the file comes along.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from resolvers.areas import rd
from sql.errors import Refusal

Position: TypeAlias = list[float]  # longitude, latitude
Boundary: TypeAlias = dict[str, object]
_Range: TypeAlias = tuple[float, float]
Crs: TypeAlias = Literal["RD", "DEGREES"]

# Every gemeente with its part of the sea, generously; in metres the field of the RD system.
_DEGREES = ((2.5, 8.0), (50.0, 56.0))
_METRES = ((-7_000.0, 300_000.0), (289_000.0, 800_000.0))
_CRS: dict[str, Crs] = {
    "28992": "RD",
    "4326": "DEGREES",
    "4258": "DEGREES",  # ETRS89: within a metre of WGS84
    "CRS84": "DEGREES",
}


class BrokenGeometry(Exception):
    """Why a geometry cannot be a boundary: TYPE, NESTING, POSITION, OUTSIDE, RING_SHORT or
    RING_OPEN.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def crs_of(member: object) -> Crs:
    """Which coordinates a file has, by its `crs` member; without one GeoJSON means degrees (RFC
    7946).

    Raises `Refusal` AREAS_CRS for any system but RD, WGS84 and ETRS89.
    """
    if member is None:
        return "DEGREES"
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    number = re.search(r"(\w+)$", name) if isinstance(name, str) else None
    if number is None or number[1] not in _CRS:
        raise Refusal("AREAS_CRS", path=("crs",), crs=str(name)[:80])
    return _CRS[number[1]]


def boundary(geometry: object, crs: Crs) -> Boundary | None:
    """The boundary in WGS84, or None for a null geometry. Raises `BrokenGeometry`."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise BrokenGeometry("TYPE")
    coordinates = geometry.get("coordinates")
    if geometry["type"] == "Polygon":
        return {"type": "Polygon", "coordinates": _polygon(coordinates, crs)}
    polygons = [_polygon(polygon, crs) for polygon in _items(coordinates)]
    return {"type": "MultiPolygon", "coordinates": polygons}


def _polygon(rings: object, crs: Crs) -> list[list[Position]]:
    return [_ring(ring, crs) for ring in _items(rings)]


def _ring(positions: object, crs: Crs) -> list[Position]:
    read: Callable[[object], Position] = _from_metres if crs == "RD" else _from_degrees
    ring = [read(position) for position in _items(positions)]
    if len(ring) < 4:
        raise BrokenGeometry("RING_SHORT")
    if ring[0] != ring[-1]:
        raise BrokenGeometry("RING_OPEN")
    return ring


def _items(value: object) -> list[object]:
    if not isinstance(value, list) or not value:
        raise BrokenGeometry("NESTING")
    return value


def _from_degrees(position: object) -> Position:
    return _within(position, _DEGREES)


def _from_metres(position: object) -> Position:
    return list(rd.to_degrees(*_within(position, _METRES)))


def _within(position: object, field: tuple[_Range, _Range]) -> Position:
    """The first two numbers of a position (a height is dropped); they must lie in the field."""
    if not isinstance(position, list) or len(position) < 2:
        raise BrokenGeometry("POSITION")
    x, y = position[:2]
    for number in (x, y):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BrokenGeometry("POSITION")
    (west, east), (south, north) = field
    if not (west <= x <= east and south <= y <= north):
        raise BrokenGeometry("OUTSIDE")
    return [float(x), float(y)]
