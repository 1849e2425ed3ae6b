# SPDX-License-Identifier: EUPL-1.2
"""Weeks and quarters: how they are written, where they begin and end, what comes before."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.periods import Period, parse, parse_week, week_of
from sql.errors import Refusal

DAYS = st.dates(date(1901, 1, 1), date(2990, 12, 31))
WEEKS = DAYS.map(week_of)
QUARTERS = st.builds("{}-Q{}".format, st.integers(1901, 2990), st.integers(1, 4)).map(parse)
PERIODS = WEEKS | QUARTERS


@given(PERIODS)
def test_a_period_is_read_as_it_is_written(period: Period) -> None:
    assert parse(str(period)) == period


@given(DAYS)
def test_a_day_lies_in_its_week_and_in_no_other(day: date) -> None:
    week = week_of(day)
    year, number, _ = day.isocalendar()
    assert str(week) == f"{year}-W{number:02}"
    assert week.from_day <= day <= week.until_day
    assert week.previous.until_day < day


@given(PERIODS)
def test_a_period_runs_from_a_monday_to_a_sunday_and_is_one_week_or_thirteen(
    period: Period,
) -> None:
    days = (period.until_day - period.from_day).days + 1
    assert (period.from_day.isoweekday(), period.until_day.isoweekday()) == (1, 7)
    assert days == (7 if period.unit == "W" else 91)


@given(WEEKS)
def test_weeks_follow_one_another_without_a_gap(week: Period) -> None:
    assert week.previous.until_day + timedelta(days=1) == week.from_day


@given(QUARTERS)
def test_between_two_quarters_lies_nothing_but_the_53rd_week_of_a_long_year(
    quarter: Period,
) -> None:
    gap = quarter.from_day - quarter.previous.until_day - timedelta(days=1)
    skipped = [
        week_of(quarter.previous.until_day + timedelta(days=1 + 7 * n))
        for n in range(gap.days // 7)
    ]
    assert [str(week)[-3:] for week in skipped] in ([], ["W53"])
    assert quarter.previous.unit == "Q"


@given(PERIODS)
def test_a_period_is_closed_from_the_day_after_its_last(period: Period) -> None:
    assert not period.closed(period.until_day)
    assert period.closed(period.until_day + timedelta(days=1))


def test_the_first_and_last_weeks_of_a_year_are_those_of_the_iso_calendar() -> None:
    assert parse("2026-W01").from_day == date(2025, 12, 29)
    assert parse("2026-W53").until_day == date(2027, 1, 3)
    assert str(parse("2026-W01").previous) == "2025-W52"
    assert str(parse("2027-Q1").previous) == "2026-Q4"
    assert parse("2026-Q4") == Period(date(2026, 9, 28), date(2026, 12, 27), "Q")


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-11", "2026-W00", "2026-W54", "2025-W53", "2026-W5", "2026-w47"),
        *("2026-W４７", "2026-W47 ", "2026-W47\n", "2026-Q0", "2026-Q5", "0000-W01", "9999-W52"),
    ],
)
def test_what_names_no_period_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(text)
    assert refused.value.code == "BAD_PERIOD"


def test_a_quarter_is_no_week() -> None:
    assert parse_week("2026-W47") == parse("2026-W47")
    with pytest.raises(Refusal) as refused:
        parse_week("2026-Q4")
    assert refused.value.code == "WEEK_EXPECTED"
