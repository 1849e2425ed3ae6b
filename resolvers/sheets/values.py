# SPDX-License-Identifier: EUPL-1.2
"""A cell as a person wrote it, to a value as a program sends it to the API.

Dates are Dutch (23-11-2026) or ISO (2026-11-23). A moment without an offset is local time of the
Netherlands; a day alone in the place of a moment is noon of that day, as the hub has it where it
keeps no time. Numbers have a decimal comma, and points between thousands. What could be read in two
ways is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from resolvers.sheets.table import Broken, Value, is_empty

Form: TypeAlias = Literal["TEXT", "WHOLE", "NUMBER", "DAY", "MOMENT", "YES_NO", "CHOICE"]

HERE = ZoneInfo("Europe/Amsterdam")
NOON = time(12)

_DUTCH_DAY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?::(\d{2})(?:\.\d{1,6})?)?(?: ?uur)?", re.IGNORECASE)
_OFFSET = re.compile(r".*\d(?:Z|[+-]\d{2}:?\d{2})", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:[,.]\d{1,15})?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d{1,15})?")
_UNCLEAR = re.compile(r"[+-]?\d{1,3}\.\d{3}")
"""4.491: with a point for thousands or for decimals, who can say."""
_BETWEEN_ITEMS = re.compile(r"[,;\n]")
_YES = frozenset({"ja", "j", "yes", "y", "true", "waar", "1"})
_NO = frozenset({"nee", "n", "no", "false", "onwaar", "0"})


class Unreadable(Exception):
    """A cell that cannot be read: a code of the catalogue with its values, but for the place of the
    cell, which is added by who knows it.
    """

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a row as sheets have it.

    `name` is its name in the API, `title` the name of its column in a template, `names` every name
    by which its column is known, folded. `choices` gives the value of the API for each folded word,
    `values` each such value with its word for people. `several`: a list of such values.
    """

    name: str
    title: str
    form: Form
    names: frozenset[str]
    required: bool = False
    several: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    values: tuple[tuple[str, str], ...] = ()


def folded(words: str) -> str:
    """A name without what people write differently: capitals, blanks, dashes, underscores."""
    return re.sub(r"[\W_]+", "", words).casefold()


def read_cell(column: Field, value: Value) -> Any:
    """The value of a cell that is not empty, as JSON has it. Raises `Unreadable`."""
    if value is Broken.CELL:
        raise Unreadable("SHEET_BROKEN_CELL")
    if not column.several:
        return _one(column, value)
    parts = _BETWEEN_ITEMS.split(value) if isinstance(value, str) else [value]
    return [_one(column, part) for part in parts if not is_empty(part)]


def moment_cell(moment: datetime) -> str:
    """A moment as people read it in a cell, local time: 2026-11-23 14:05:00. Where that would not
    be read back as the same moment (the hour that comes twice, parts of a second) with its offset.
    """
    local = moment.astimezone(HERE)
    said = local.replace(tzinfo=None).isoformat(" ")
    try:
        return said if _moment(said) == moment else local.isoformat()
    except Unreadable:
        return local.isoformat()


def _one(column: Field, value: Value) -> Any:
    match column.form:
        case "WHOLE":
            return _whole(value)
        case "NUMBER":
            return _number(value)
        case "DAY":
            return _day(value).isoformat()
        case "MOMENT":
            return _moment(value).isoformat()
        case "YES_NO":
            return _yes_or_no(value)
        case "CHOICE":
            return _choice(column, value)
        case "TEXT":
            return _text(value)


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a number of a case, which a sheet keeps as a number
    return str(value)


def _choice(column: Field, value: Value) -> str:
    found = column.choices.get(folded(_text(value)))
    if found is None:
        raise Unreadable("SHEET_CHOICE", allowed=[word for _, word in column.values])
    return found


def _yes_or_no(value: Value) -> bool:
    said = folded(_text(value))
    if said not in _YES | _NO:
        raise Unreadable("SHEET_YES_NO")
    return said in _YES


def _number(value: Value) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    said = value.strip() if isinstance(value, str) else ""
    if _UNCLEAR.fullmatch(said):
        raise Unreadable("SHEET_NUMBER_UNCLEAR")
    return _read_number(said)


def _whole(value: Value) -> int:
    if isinstance(value, str):
        number = _read_number(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    else:
        raise Unreadable("SHEET_WHOLE")
    if not float(number).is_integer():
        raise Unreadable("SHEET_WHOLE")
    return int(number)


def _read_number(said: str) -> float:
    if _THOUSANDS.fullmatch(said):
        return float(said.replace(".", "").replace(",", "."))
    if _DECIMAL.fullmatch(said):
        return float(said.replace(",", "."))
    raise Unreadable("SHEET_NUMBER")


def _day(value: Value) -> date:
    moment = _local(value)
    return moment.date() if isinstance(moment, datetime) else moment


def _moment(value: Value) -> datetime:
    local = _local(value)
    if not isinstance(local, datetime):
        local = datetime.combine(local, NOON)
    return _with_offset(local) if local.tzinfo is None else local


def _local(value: Value) -> date | datetime:
    """The day, or the moment, that a cell says; a moment has an offset where the cell gives one."""
    if isinstance(value, date):  # a datetime too
        return value
    said = " ".join(value.split()) if isinstance(value, str) else ""
    try:
        if _OFFSET.fullmatch(said) and "T" in said.upper():
            return datetime.fromisoformat(said)
        day, _, rest = said.replace("T", " ").replace(",", " ").partition(" ")
        read = _read_day(day)
        return datetime.combine(read, _read_time(rest.strip())) if rest.strip() else read
    except ValueError:
        raise Unreadable("SHEET_DATE") from None


def _read_day(said: str) -> date:
    if found := _DUTCH_DAY.fullmatch(said):
        day, month, year = map(int, found.groups())
    elif found := _ISO_DAY.fullmatch(said):
        year, month, day = map(int, found.groups())
    else:
        raise ValueError(said)
    return date(year, month, day)


def _read_time(said: str) -> time:
    found = _TIME.fullmatch(said)
    if found is None:
        raise ValueError(said)
    hour, minute, second = (int(part or 0) for part in found.groups())
    return time(hour, minute, second)


def _with_offset(local: datetime) -> datetime:
    """Local time as a moment. Once a year an hour does not exist, and once it is there twice."""
    first, second = (local.replace(tzinfo=HERE, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    gap = (first.utcoffset() or timedelta()) < (second.utcoffset() or timedelta())
    raise Unreadable("SHEET_TIME_NEVER" if gap else "SHEET_TIME_TWICE")
