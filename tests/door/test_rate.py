# SPDX-License-Identifier: EUPL-1.2
"""How fast an organisation may spend, and that the memory of it is bounded."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import rate
from hub.rate import Buckets, Places, Spent, Turns
from sql.errors import Refusal

A, B = UUID(int=1), UUID(int=2)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def buckets(clock: Clock, burst: int = 100, per_second: float = 10) -> Buckets:
    return Buckets(burst=burst, per_second=per_second, clock=clock)


def test_what_is_spent_comes_back_with_time_up_to_the_burst() -> None:
    clock = Clock()
    limited = buckets(clock)

    assert limited.spend(A, 60) == Spent(40, None)
    clock.now = 2
    assert limited.spend(A, 10) == Spent(50, None)
    clock.now = 1_000
    assert limited.spend(A, 0) == Spent(100, None)


def test_a_refusal_takes_nothing_and_says_when() -> None:
    clock = Clock()
    limited = buckets(clock)
    limited.spend(A, 95)

    refused = limited.spend(A, 50)
    assert refused == Spent(5, 5)

    clock.now = 5
    assert limited.spend(A, 50).retry_after is None


def test_what_was_done_already_is_owed_until_time_pays_for_it() -> None:
    clock = Clock()
    limited = buckets(clock)

    limited.charge(A, 150)
    assert limited.spend(A, 1) == Spent(0, 6)

    clock.now = 6
    assert limited.spend(A, 1) == Spent(9, None)


def test_organisations_do_not_share() -> None:
    limited = buckets(Clock())
    limited.spend(A, 100)

    assert limited.spend(B, 100) == Spent(0, None)


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 20)), max_size=30))
def test_no_sequence_spends_more_than_the_burst_and_the_time_allow(
    steps: list[tuple[int, float]],
) -> None:
    clock = Clock()
    limited = buckets(clock)
    spent = 0

    for cost, pause in steps:
        clock.now += pause
        if limited.spend(A, cost).retry_after is None:
            spent += cost

    assert spent <= 100 + clock.now * 10 + 1e-6


def test_only_so_many_organisations_are_remembered() -> None:
    limited = buckets(Clock())

    for number in range(rate.KEPT + 50):
        limited.spend(UUID(int=number), 1)

    assert len(limited) == rate.KEPT
    assert limited.spend(UUID(int=0), 0) == Spent(100, None)


@pytest.mark.anyio
async def test_turns_are_taken_in_order_and_leave_no_memory_behind() -> None:
    turns = Turns(at_once=1, waiting=3)
    order: list[int] = []
    first = turns.turn(A)
    await first.__aenter__()

    async def work(number: int) -> None:
        async with turns.turn(A):
            order.append(number)

    waiting = [asyncio.create_task(work(number)) for number in range(4)]
    with pytest.raises(Refusal) as caught:
        await waiting[3]
    waiting[1].cancel()
    async with turns.turn(B):
        assert (len(turns), order) == (2, [])
    await first.__aexit__(None, None, None)
    await asyncio.gather(*waiting, return_exceptions=True)

    assert caught.value.code == "RATE_LIMITED"
    assert order == [0, 2]
    assert len(turns) == 0


def test_places_are_of_an_organisation_and_leave_no_memory_behind() -> None:
    places = Places(1)
    with places.place(A), places.place(B):
        with pytest.raises(Refusal) as caught, places.place(A):
            pass
        assert len(places) == 2

    assert caught.value.code == "RATE_LIMITED"
    assert len(places) == 0
