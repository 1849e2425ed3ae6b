# SPDX-License-Identifier: EUPL-1.2
"""What is delivered in the demo's world, before anything is delivered."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.demo.convenanten import convenanten
from hub.demo.deliveries import Counts, Night, Nothing, Push, Report, Row, calls, first_monday
from hub.demo.other_kinds import wijken_of
from hub.demo.scene import LIVED_IN, ROLES
from hub.demo.seen import ALL, HERE, WATCHES, seen_by
from resolvers.text_checks import clean, find
from schema.contributions.signals import SignalStatus
from schema.enums import Category

TODAY = date(2026, 11, 23)
SEED = "zoetermeer"
STRICT = {role.token for role in ROLES if role.kind in ("POLICE", "ENFORCEMENT")}
DAYS = st.dates(date(2026, 1, 5), date(2028, 12, 31))


def good_rows(push: Push) -> list[Row]:
    return list(push.rows[: len(push.rows) - push.bad])


def pushes(today: date = TODAY, seed: str = SEED) -> list[Push]:
    return [call for call in calls(today, seed) if isinstance(call, Push)]


def test_the_same_day_and_seed_give_the_same_world() -> None:
    assert calls(TODAY, SEED) == calls(TODAY, SEED)
    assert convenanten(TODAY) == convenanten(TODAY)


def test_another_seed_gives_another_world() -> None:
    assert calls(TODAY, SEED) != calls(TODAY, "another")


@settings(max_examples=5, deadline=None)
@given(today=DAYS)
def test_some_five_thousand_signals_are_seen_whatever_the_day(today: date) -> None:
    count = sum(len(seen_by(watch, today, SEED)) for watch in WATCHES)
    assert 4_500 <= count <= 6_000


@settings(max_examples=5, deadline=None)
@given(today=DAYS)
def test_nothing_is_seen_or_delivered_on_the_day_itself_or_before_the_half_year(
    today: date,
) -> None:
    begin = datetime.combine(first_monday(today), datetime.min.time(), HERE)
    end = datetime.combine(today, datetime.min.time(), HERE)
    assert first_monday(today) > today - timedelta(days=200)  # each partner works there since then
    for push in pushes(today):
        assert begin <= push.at < end
        for row in good_rows(push):
            if push.kind == "SIGNAL":
                assert begin <= datetime.fromisoformat(row["seenAt"]) <= push.at
            for day in row.keys() & {"happenedOn", "on"}:
                assert begin.date() <= date.fromisoformat(row[day]) <= push.at.date()


@settings(max_examples=5, deadline=None)
@given(today=DAYS)
def test_calls_come_in_the_order_of_time(today: date) -> None:
    moments = [call.at for call in calls(today, SEED)]
    assert moments == sorted(moments)


def test_each_sender_delivers_what_it_promised_in_wijken_where_it_works() -> None:
    roles = {role.token: role for role in ROLES}
    for push in pushes():
        role = roles[push.sender]
        assert (push.dataset, push.kind) in {(each.dataset, each.kind) for each in role.promises}
        where = set(ALL if role.wijken is None else role.wijken)
        assert {wijk for row in good_rows(push) for wijk in wijken_of(row)} <= where


def test_each_promise_with_a_rhythm_is_kept_at_some_time() -> None:
    promised = {
        (role.token, promise.dataset)
        for role in ROLES
        for promise in role.promises
        if promise.kind != "COUNT"
    }
    assert {(push.sender, push.dataset) for push in pushes()} == promised


def test_schools_count_in_wijken_where_they_work_and_as_they_promised() -> None:
    roles = {role.token: role for role in ROLES}
    counts = [call for call in calls(TODAY, SEED) if isinstance(call, Counts)]
    assert {call.sender for call in counts} == {f"school-{letter}" for letter in "abcd"}
    for call in counts:
        role = roles[call.sender]
        assert ("tellingen", "COUNT") in {(each.dataset, each.kind) for each in role.promises}
        assert {cell["wijk"] for cell in call.cells} == set(role.wijken or ())


def test_rows_have_names_of_their_own_within_a_delivery() -> None:
    for push in pushes():
        names = [row["externalId"] for row in push.rows]
        assert len(names) == len(set(names))


def test_rows_say_categories_and_states_that_the_hub_knows() -> None:
    for push in pushes():
        for row in good_rows(push):
            Category(row["category"])
            if push.kind == "SIGNAL":
                SignalStatus(row["status"])


def test_of_the_other_kinds_there_is_a_little_and_activities_lie_behind_and_ahead() -> None:
    rows = {
        (push.kind, push.sender, row["externalId"]): row
        for push in pushes()
        for row in push.rows
        if push.kind != "SIGNAL"
    }
    counted = Counter(kind for kind, _, _ in rows)
    assert counted.keys() == {
        "ACTIVITY", "ENFORCEMENT_ACTION", "POLICE_NOTICE", "HOUSING_PROJECT",
    }  # fmt: skip
    assert 100 <= counted.total() <= 200
    activities = [row for (kind, _, _), row in rows.items() if kind == "ACTIVITY"]
    assert {len(row["wijken"]) for row in activities} == {1, 2, 3}
    assert {row["startsAt"] > TODAY.isoformat() for row in activities} == {False, True}
    for row in activities:  # how many came is known when it is over
        assert ("attendance" in row) == (row["endsAt"] < TODAY.isoformat())


@settings(max_examples=5, deadline=None)
@given(today=DAYS)
def test_each_closed_week_has_the_night_in_which_it_is_published(today: date) -> None:
    nights = [call for call in calls(today, SEED) if isinstance(call, Night)]
    assert (nights[0].weeks, nights[-1].at.date()) == (None, max(n.at.date() for n in nights))
    mondays = [night.at.date() for night in nights if night.weeks is None or night.weeks]
    assert {day for day in mondays if day.weekday() == 0} == {
        first_monday(today) + timedelta(weeks=week) for week in range(27)
    }


def test_no_text_names_a_person() -> None:
    texts = {
        row[field]
        for push in pushes()
        for row in push.rows
        for field in row.keys() & {"summary", "title", "audience", "facility"}
    }
    assert len(texts) > 500
    for text in texts:
        assert clean(text, 2000) == text
        assert not find(text)


def test_agreements_say_that_they_are_invented() -> None:
    for convenant in convenanten(TODAY):
        assert "verzonnen" in convenant.title
        assert "Verzonnen" in convenant.legal_basis


def test_police_and_enforcement_give_no_text_and_no_point() -> None:
    rows = [row for push in pushes() if push.sender in STRICT for row in push.rows]
    rows += [call.row for call in calls(TODAY, SEED) if isinstance(call, Report)]
    assert rows
    for row in rows:
        assert not row.keys() & {"subcategory", "summary", "title", "internalNote", "lon", "lat"}


@settings(max_examples=5, deadline=None)
@given(today=DAYS)
def test_a_full_list_can_be_replaced_by_hand_with_may_close_200(today: date) -> None:
    full_lists = [p for p in pushes(today) if p.mode == "SNAPSHOT" and p.kind == "SIGNAL"]
    assert {push.sender for push in full_lists} == {"corporatie-a", "wijkregisseur"}
    assert max(len(push.rows) for push in full_lists) <= 150


def test_some_rows_are_wrong_and_never_many() -> None:
    wrong = Counter(push.sender for push in pushes() if push.bad)
    assert set(wrong) == {"buurtwerk", "corporatie-a", "corporatie-b", "bewoners"}
    assert all(push.bad <= 1 for push in pushes())


@pytest.mark.parametrize("weekday", range(7))
def test_in_the_last_closed_week_one_was_silent_and_one_stopped_half_way(weekday: int) -> None:
    today = TODAY + timedelta(days=weekday)
    closed = TODAY - timedelta(weeks=1)
    last: dict[str, date] = {}
    signals = {push.dataset for push in pushes(today) if push.kind == "SIGNAL"}
    for call in calls(today, SEED):
        if isinstance(call, Push | Nothing) and call.dataset in signals:
            last[call.sender] = call.at.date()
    assert last["school-b"] < closed - timedelta(weeks=1)
    assert last["handhaving"] == closed + timedelta(days=2)
    friday = closed + timedelta(days=4)
    next_friday = friday + timedelta(weeks=1)
    assert last["school-a"] == (next_friday if next_friday < today else friday - timedelta(weeks=2))
    others = last.keys() - {"school-a", "school-b", "handhaving"}
    assert min(last[sender] for sender in others) >= closed


def test_who_has_nothing_to_report_says_so_for_every_wijk() -> None:
    named: dict[tuple[str, date], set[str]] = {}
    for call in calls(TODAY, SEED):
        if isinstance(call, Push) and call.mode == "UPSERT" and call.kind == "SIGNAL":
            rows = good_rows(call)
            named.setdefault((call.sender, call.at.date()), set()).update(r["wijk"] for r in rows)
        if isinstance(call, Nothing):
            named.setdefault((call.sender, call.at.date()), set()).update(call.wijken)
    buurtwerk = [wijken for (sender, _), wijken in named.items() if sender == "buurtwerk"]
    assert len(buurtwerk) == 26
    assert all(wijken == set(LIVED_IN) for wijken in buurtwerk)
