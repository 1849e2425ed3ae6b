# SPDX-License-Identifier: EUPL-1.2
"""Periods of published numbers: ISO weeks, and quarters of 13 such weeks.

A quarter is made of whole weeks, so that numbers of weeks nest in it: Q1 is weeks 1 to 13, Q4 is
weeks 40 to 52. The 53rd week that some years have belongs to no quarter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sql.errors import Refusal

Unit = Literal["W", "Q"]

WEEKS_IN_QUARTER = 13
_WRITTEN = re.compile(r"([0-9]{4})-(?:(W)([0-9]{2})|(Q)([1-4]))")
_YEARS = range(1900, 3000)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A week or a quarter: from a Monday (`from_day`) to a Sunday (`until_day`), inclusive."""

    from_day: date
    until_day: date
    unit: Unit

    def __str__(self) -> str:
        """As in the API and in the database: '2026-W47', '2026-Q4'."""
        year, week, _ = self.from_day.isocalendar()
        number = f"{week:02}" if self.unit == "W" else week // WEEKS_IN_QUARTER + 1
        return f"{year}-{self.unit}{number}"

    @property
    def year(self) -> int:
        """The year of its weeks."""
        return self.from_day.isocalendar().year

    @property
    def previous(self) -> Period:
        """The week before this week, or the quarter before this quarter."""
        if self.unit == "W":
            return week_of(self.from_day - timedelta(days=1))
        year, week, _ = self.from_day.isocalendar()
        return _quarter(year, week // WEEKS_IN_QUARTER) if week > 1 else _quarter(year - 1, 4)

    def closed(self, today: date) -> bool:
        """Whether the period is over on `today`: its last day is not."""
        return self.until_day < today


def parse(text: str) -> Period:
    """The period that `text` names; refuses (BAD_PERIOD) week 53 of a year of 52, and any other."""
    match = _WRITTEN.fullmatch(text)
    if match is None or int(match[1]) not in _YEARS:
        raise Refusal("BAD_PERIOD")
    if match[4]:
        return _quarter(int(match[1]), int(match[5]))
    try:
        return week_of(date.fromisocalendar(int(match[1]), int(match[3]), 1))
    except ValueError as error:
        raise Refusal("BAD_PERIOD") from error


def parse_week(text: str) -> Period:
    """The week that `text` names; refuses a quarter (WEEK_EXPECTED), and BAD_PERIOD."""
    period = parse(text)
    if period.unit != "W":
        raise Refusal("WEEK_EXPECTED")
    return period


def week_of(day: date) -> Period:
    """The ISO week in which `day` lies."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6), "W")


def closed_periods(unit: Unit, today: date, weeks: int) -> list[Period]:
    """The weeks, or the whole quarters, among the last closed weeks, oldest first."""
    last = week_of(today).previous
    mondays = [last.from_day - timedelta(weeks=back) for back in reversed(range(weeks))]
    if unit == "W":
        return [week_of(monday) for monday in mondays]
    years = range(mondays[0].year - 1, last.from_day.year + 2)
    quarters = [_quarter(year, number) for year in years for number in (1, 2, 3, 4)]
    return [
        each
        for each in quarters
        if mondays[0] <= each.from_day and each.until_day <= last.until_day
    ]


def _quarter(year: int, number: int) -> Period:
    monday = date.fromisocalendar(year, WEEKS_IN_QUARTER * (number - 1) + 1, 1)
    return Period(monday, monday + timedelta(weeks=WEEKS_IN_QUARTER, days=-1), "Q")
