# SPDX-License-Identifier: EUPL-1.2
"""How much of each area of one division lies in each area of another.

Shapely (and numpy with it) is loaded on the first call, not on import: a hub that only serves never
needs it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from resolvers.areas.geometry import Boundary

# Boundaries count as the same when what only one of the two covers is less than this part of the
# larger one. CBS speaks of a change from some 5 metres on: on a wijk of 1 km² that is 2 % of its
# area when it happens all around, and mostly it happens on one side. A file that is simplified to
# 100 metres may thus have an unchanged boundary called changed; that is the safe side, since
# figures of the two years are then not compared.
SAME_BOUNDARY = 0.01

_METRES_PER_DEGREE = 111_320.0
_NewKey = TypeVar("_NewKey")
_OldKey = TypeVar("_OldKey")


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a new and an old area have in common, as a share (0 to 1) of each."""

    of_new: float
    of_old: float

    @property
    def same_boundary(self) -> bool:
        """Whether the two areas are one but for less than `SAME_BOUNDARY`.

        With n = common / of_new and o = common / of_old, n + o - 2 common is what only one of the
        two covers.
        """
        smaller, larger = sorted((self.of_new, self.of_old))
        outside = 1 + smaller / larger - 2 * smaller
        return outside < SAME_BOUNDARY


def overlaps(
    new: Mapping[_NewKey, Boundary], old: Mapping[_OldKey, Boundary]
) -> dict[tuple[_NewKey, _OldKey], Overlap]:
    """The overlap of each pair that has ground in common.

    Shares of a new area add up to 1 where the old division covers it without overlaps of its own.
    Computed in a local projection (longitude scaled by the cosine of the mean latitude), whose
    error in a share is far below a thousandth.
    """
    scale = _scale([*new.values(), *old.values()])
    new_shapes = {key: _shape(boundary, scale) for key, boundary in new.items()}
    old_shapes = {key: _shape(boundary, scale) for key, boundary in old.items()}
    found = {}
    for new_key, a in new_shapes.items():
        for old_key, b in old_shapes.items():
            common = a.intersection(b).area if a.intersects(b) else 0.0
            if common > 0:
                found[new_key, old_key] = Overlap(
                    min(1.0, common / a.area), min(1.0, common / b.area)
                )
    return found


def _shape(boundary: Boundary, scale: float) -> Any:
    """A valid shapely geometry in metres; simplified boundaries may cross themselves, which is
    mended here.
    """
    from shapely import make_valid, transform
    from shapely.geometry import shape

    metres = transform(shape(boundary), lambda degrees: degrees * (scale, _METRES_PER_DEGREE))
    return metres if metres.is_valid else make_valid(metres)


def _scale(boundaries: Sequence[Boundary]) -> float:
    """Metres per degree of longitude in the middle of all boundaries."""
    latitudes = [y for boundary in boundaries for _, y in _positions(boundary["coordinates"])]
    middle = (min(latitudes) + max(latitudes)) / 2 if latitudes else 52.0
    return _METRES_PER_DEGREE * math.cos(math.radians(middle))


def _positions(coordinates: Any) -> Iterator[Sequence[float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates
        return
    for part in coordinates:
        yield from _positions(part)
