# SPDX-License-Identifier: EUPL-1.2
"""What a kind can ask of its columns beside what signals ask: planned days, an end, a range."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from resolvers.kinds import Column, Kind
from resolvers.writes.rows import Checked, Writer, check_values

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

DAYS = Kind(
    name="PROJECT",
    table="projects",
    columns=(
        Column("starts_on", "startsOn", required=True),
        Column("ends_on", "endsOn"),
        Column("homes", "homes", required=True, between=(1, 100)),
    ),
    when="starts_on",
    until="ends_on",
    planned=True,
    editable=(),
)
MOMENTS = Kind(
    name="EVENT",
    table="events",
    columns=(Column("starts_at", "startsAt", required=True), Column("ends_at", "endsAt")),
    when="starts_at",
    until="ends_at",
    editable=(),
)


def errors(kind: Kind, **row: Any) -> list[tuple[object, str]]:
    """The field and code of each reason not to take a row."""
    checked = Checked(line=1)
    check_values(kind, row, Writer(now=NOW, today=NOW.date(), strict=False), checked)
    return [(error.path[0], error.code) for error in checked.errors]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"starts_on": date(2027, 3, 1), "ends_on": date(2027, 3, 1), "homes": 1}, []),
        ({"starts_on": date(2001, 3, 1), "homes": 100}, []),
        ({"starts_on": date(2500, 1, 1)}, [("startsOn", "BAD_VALUE")]),
        ({"starts_on": date(1999, 12, 31)}, [("startsOn", "DATE_TOO_OLD")]),
        ({"starts_on": None}, [("startsOn", "BAD_VALUE")]),
        ({"starts_on": date(2027, 3, 1), "ends_on": date(2027, 2, 28)}, [("endsOn", "BAD_VALUE")]),
        ({"ends_on": date(2500, 1, 1)}, [("endsOn", "BAD_VALUE")]),
        ({"homes": 0}, [("homes", "BAD_VALUE")]),
        ({"homes": 101}, [("homes", "BAD_VALUE")]),
        ({"homes": None}, [("homes", "BAD_VALUE")]),
    ],
)
def test_what_is_planned_may_lie_ahead_and_ends_after_it_begins(
    row: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert errors(DAYS, **row) == found


def test_a_day_of_what_happened_is_todays_at_the_latest() -> None:
    happened = replace(DAYS, planned=False)
    assert errors(happened, starts_on=NOW.date()) == []
    assert errors(happened, starts_on=date(2026, 11, 24)) == [("startsOn", "DATE_IN_FUTURE")]


@pytest.mark.parametrize(
    ("starts", "ends", "found"),
    [
        (NOW, NOW, []),
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), None, []),
        (datetime(2026, 11, 24, 9, 31, tzinfo=UTC), None, [("startsAt", "DATE_IN_FUTURE")]),
        (NOW, datetime(2026, 11, 23, 9, 29, tzinfo=UTC), [("endsAt", "BAD_VALUE")]),
        (NOW, datetime(2027, 11, 23, tzinfo=UTC), []),
    ],
)
def test_moments_are_checked_as_days_are(
    starts: datetime, ends: datetime | None, found: list[tuple[str, str]]
) -> None:
    assert errors(MOMENTS, starts_at=starts, ends_at=ends) == found
