# SPDX-License-Identifier: EUPL-1.2
"""Coordinates of the Rijksdriehoek (RD, EPSG:28992) as longitude and latitude.

The approximation of F.H. Schreutelkamp and G.L. Strang van Hees, "Benaderingsformules voor de
transformatie tussen RD- en WGS84-kaartcoördinaten", Geodesia 43 (2001), pp. 64-69: within some 25
cm everywhere on land, which is far finer than what a wijk's boundary needs and spares the hub a
projection library.
"""

from __future__ import annotations

_AMERSFOORT_METRES = (155_000.0, 463_000.0)
_AMERSFOORT_DEGREES = (5.38720621, 52.15517440)
_DECIMALS = 7  # about a centimetre

# Seconds of arc per power of (easting, northing) from Amersfoort, in units of 100 km.
_LONGITUDE = (
    (1, 0, 5260.52916),
    (1, 1, 105.94684),
    (1, 2, 2.45656),
    (3, 0, -0.81885),
    (1, 3, 0.05594),
    (3, 1, -0.05607),
    (0, 1, 0.01199),
    (3, 2, -0.00256),
    (1, 4, 0.00128),
    (0, 2, 0.00022),
    (2, 0, -0.00022),
    (5, 0, 0.00026),
)
_LATITUDE = (
    (0, 1, 3235.65389),
    (2, 0, -32.58297),
    (0, 2, -0.24750),
    (2, 1, -0.84978),
    (0, 3, -0.06550),
    (2, 2, -0.01709),
    (1, 0, -0.00738),
    (4, 0, 0.00530),
    (2, 3, -0.00039),
    (4, 1, 0.00033),
    (1, 1, -0.00012),
)


def to_degrees(x: float, y: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, WGS84, of a point given as RD metres."""
    dx = (x - _AMERSFOORT_METRES[0]) / 100_000
    dy = (y - _AMERSFOORT_METRES[1]) / 100_000
    longitude = sum(k * dx**p * dy**q for p, q, k in _LONGITUDE)
    latitude = sum(k * dx**p * dy**q for p, q, k in _LATITUDE)
    return (
        round(_AMERSFOORT_DEGREES[0] + longitude / 3600, _DECIMALS),
        round(_AMERSFOORT_DEGREES[1] + latitude / 3600, _DECIMALS),
    )
