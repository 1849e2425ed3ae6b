# SPDX-License-Identifier: EUPL-1.2
"""Areas out of a GeoJSON file as CBS, PDOK or cartomap give it.

The names of the properties differ per publisher and per year; each is known here under all its
names, in any case of letters. Reading is strict: the first thing that is wrong is a `Refusal` that
names the feature (from 1), the property and what was expected, and nothing of the file is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from resolvers.areas.geometry import Boundary, BrokenGeometry, Crs, boundary, crs_of
from sql.errors import Refusal

# The first name is the one that a refusal asks for.
_WIJK_CODE = ("wijkcode", "statcode", "wk_code")
_WIJK_NAME = ("wijknaam", "statnaam", "wk_naam")
_BUURT_CODE = ("buurtcode", "statcode", "bu_code")
_BUURT_NAME = ("buurtnaam", "statnaam", "bu_naam")
_OF_WIJK = ("wijkcode", "wk_code", "wkcode")
_GEMEENTE = ("gemeentecode", "gmcode", "gm_code")
_GEMEENTE_NAME = ("gemeentenaam", "gm_naam", "gmnaam")
_FLAG = ("indelingswijziging_wijken_en_buurten", "ind_wbi")
_WATER = ("water", "h2o")
_YEAR = ("jaar", "jrstatcode", "jaarstatcode")

_WIJK = re.compile(r"WK[0-9A-Z]{6}")
_BUURT = re.compile(r"BU[0-9A-Z]{8}")
_GEMEENTE_CODE = re.compile(r"GM[0-9]{4}")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Area:
    """A wijk as a file of one year gives it. `flag` is CBS's ind_wbi (1, 2 or 3), None where the
    file has none.
    """

    gemeente: str
    code: str
    name: str
    boundary: Boundary | None
    flag: int | None = None


@dataclass(frozen=True, slots=True)
class Buurt:
    """A buurt as a file gives it, with the code that its wijk has in the same year. `feature`
    counts from 1.
    """

    gemeente: str
    code: str
    name: str
    wijk_code: str
    feature: int


@dataclass(frozen=True, slots=True)
class AreaFile:
    """What a file holds: wijken and buurten in order of code, names of gemeenten, features of water
    left out.
    """

    areas: tuple[Area, ...]
    buurten: tuple[Buurt, ...]
    gemeente_names: Mapping[str, str]
    water: int

    def gemeenten(self) -> list[str]:
        """Codes of the gemeenten that the file has areas of."""
        return sorted({a.gemeente for a in self.areas} | {b.gemeente for b in self.buurten})


def read(content: bytes | Path, year: int) -> AreaFile:
    """The areas of a GeoJSON FeatureCollection about `year`. Raises `Refusal` (AREAS_…)."""
    document = _json(content)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise Refusal("AREAS_NOT_A_COLLECTION")
    if not isinstance(features, list) or not features:
        raise Refusal("AREAS_NO_FEATURES", path=("features",))
    crs = crs_of(document.get("crs"))
    read_features = [_Feature(number, f, year) for number, f in enumerate(features, 1)]
    land = [feature for feature in read_features if not feature.is_water()]
    _refuse_twice(land)
    areas = [feature.area(crs) for feature in land if not feature.is_buurt()]
    buurten = [feature.buurt() for feature in land if feature.is_buurt()]
    _refuse_same_names(buurten)
    return AreaFile(
        areas=tuple(sorted(areas, key=lambda area: area.code)),
        buurten=tuple(sorted(buurten, key=lambda buurt: buurt.code)),
        gemeente_names={f.gemeente(): name for f in land if (name := f.gemeente_name())},
        water=len(read_features) - len(land),
    )


class _Feature:
    """One feature of the file: its properties under their many names."""

    def __init__(self, number: int, feature: object, year: int) -> None:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(feature, dict) or not isinstance(properties, dict):
            raise Refusal("AREAS_NOT_A_FEATURE", path=("features", number - 1), feature=number)
        self.number = number
        self._geometry = feature.get("geometry")
        self._properties = {key.lower(): (key, value) for key, value in properties.items()}
        self._check_year(year)

    def is_water(self) -> bool:
        """CBS gives large waters and land abroad as areas of their own: JA and B; nobody lives
        there.
        """
        return str(self._first(_WATER)[1]).upper() in ("JA", "B")

    def is_buurt(self) -> bool:
        """Whether this is a buurt: one of its properties holds a code of a buurt."""
        return any(str(value).startswith("BU") for _, value in map(self._named, _BUURT_CODE))

    def code(self) -> str:
        """The area's own code."""
        if self.is_buurt():
            return self._matching(_BUURT_CODE, _BUURT, "BU06370001")
        return self._matching(_WIJK_CODE, _WIJK, "WK063701")

    def area(self, crs: Crs) -> Area:
        """The feature as a wijk."""
        try:
            outline = boundary(self._geometry, crs)
        except BrokenGeometry as error:
            raise Refusal(
                "AREAS_GEOMETRY",
                path=("features", self.number - 1, "geometry"),
                feature=self.number,
                area=self.code(),
                why=error.why,
            ) from error
        return Area(self.gemeente(), self.code(), self._name(_WIJK_NAME), outline, self._flag())

    def buurt(self) -> Buurt:
        """The feature as a buurt; where it names no wijk, its code does: BU06370102 lies in
        WK063701.
        """
        key, _ = self._first(_OF_WIJK)
        wijk = self._matching(_OF_WIJK, _WIJK, "WK063701") if key else f"WK{self.code()[2:8]}"
        return Buurt(self.gemeente(), self.code(), self._name(_BUURT_NAME), wijk, self.number)

    def gemeente(self) -> str:
        """The gemeente that the feature names, else the one that its code is composed with."""
        key, _ = self._first(_GEMEENTE)
        if key:
            return self._matching(_GEMEENTE, _GEMEENTE_CODE, "GM0637")
        composed = f"GM{self.code()[2:6]}"
        if not _GEMEENTE_CODE.fullmatch(composed):
            raise self.refusal("AREAS_PROPERTY_MISSING", _GEMEENTE[0])
        return composed

    def gemeente_name(self) -> str | None:
        """The name of the gemeente, where the file has it."""
        key, _ = self._first(_GEMEENTE_NAME)
        return self._name(_GEMEENTE_NAME) if key else None

    def refusal(self, code: str, property_name: str, **params: object) -> Refusal:
        """A refusal that points at a property of this feature."""
        path = ("features", self.number - 1, "properties", property_name)
        return Refusal(code, path=path, feature=self.number, property=property_name, **params)

    def _check_year(self, year: int) -> None:
        key, value = self._first(_YEAR)
        if key and str(value)[:4] != str(year):
            raise self.refusal("AREAS_OTHER_YEAR", key, found=str(value)[:4], year=year)

    def _flag(self) -> int | None:
        key, value = self._first(_FLAG)
        if not key:
            return None
        if str(value) not in ("1", "2", "3"):
            raise self.refusal("AREAS_PROPERTY", key, found=str(value)[:80], expected="1, 2, 3")
        return int(str(value))

    def _matching(self, names: Iterable[str], pattern: re.Pattern[str], example: str) -> str:
        key, value = self._present(names)
        if not isinstance(value, str) or not pattern.fullmatch(value.strip()):
            raise self.refusal("AREAS_PROPERTY", key, found=str(value)[:80], expected=example)
        return value.strip()

    def _name(self, names: Iterable[str]) -> str:
        key, value = self._present(names)
        name = " ".join(value.split()) if isinstance(value, str) else ""
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            found = ascii(value)[:80]
            raise self.refusal("AREAS_PROPERTY", key, found=found, expected="Oosterheem")
        return name

    def _present(self, names: Iterable[str]) -> tuple[str, object]:
        key, value = self._first(names)
        if not key:
            raise self.refusal("AREAS_PROPERTY_MISSING", next(iter(names)))
        return key, value

    def _first(self, names: Iterable[str]) -> tuple[str, object]:
        """The first of the names that has a value: the key as the file writes it, and the value;
        else ("", None).
        """
        found = (self._named(name) for name in names)
        return next((pair for pair in found if pair[1] is not None), ("", None))

    def _named(self, name: str) -> tuple[str, object]:
        return self._properties.get(name, ("", None))


def _json(content: bytes | Path) -> object:
    try:
        text = (content.read_bytes() if isinstance(content, Path) else content).decode("utf-8-sig")
        return json.loads(text, parse_constant=_no_constant)
    except OSError as error:
        raise Refusal("AREAS_FILE", file=str(content), why=error.strerror) from error
    except json.JSONDecodeError as error:
        raise Refusal("AREAS_NOT_JSON", line=error.lineno, column=error.colno) from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # not UTF-8, NaN, a number of 5,000 digits, nested without end
        raise Refusal("AREAS_NOT_JSON", line=1, column=1) from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _refuse_twice(features: Iterable[_Feature]) -> None:
    seen: dict[str, int] = {}
    for feature in features:
        code = feature.code()
        if code in seen:
            raise feature.refusal("AREAS_CODE_TWICE", "code", area=code, first=seen[code])
        seen[code] = feature.number


def _refuse_same_names(buurten: Iterable[Buurt]) -> None:
    seen: dict[tuple[str, str], Buurt] = {}
    for buurt in buurten:
        first = seen.setdefault((buurt.wijk_code, buurt.name), buurt)
        if first is not buurt:
            raise Refusal(
                "AREAS_NAME_TWICE",
                path=("features", buurt.feature - 1, "properties"),
                feature=buurt.feature,
                first=first.feature,
                name=buurt.name,
                wijk=buurt.wijk_code,
            )
