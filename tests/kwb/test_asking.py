# SPDX-License-Identifier: EUPL-1.2
"""Figures as partners find them: of wijken, of buurten and of the gemeente, with their source."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import World

pytestmark = pytest.mark.anyio

FIGURE = "{ measure label unit year value nullReason status comparability source note invented }"


async def ask(world: World, query: str) -> list[dict[str, Any]]:
    answer = await world.partner("buurtwerk").ask(query)
    wijken: list[dict[str, Any]] = answer["wijken"]
    return wijken


async def test_a_wijk_of_another_gemeente_is_there_for_who_asks(world: World) -> None:
    wijken = await ask(world, '{ wijken(gemeente: "GM0344") { name gemeente { name } } }')
    assert len(wijken) == 10
    assert wijken[0] == {"name": "Wijk 01 West", "gemeente": {"name": "Utrecht"}}


async def test_who_does_not_ask_sees_its_own_gemeente(world: World) -> None:
    wijken = await ask(world, "{ wijken { gemeente { code } } }")
    assert {wijk["gemeente"]["code"] for wijk in wijken} == {"GM0637"}


async def test_a_figure_of_a_wijk_says_what_where_when_and_who(world: World) -> None:
    query = '{ wijken(gemeente: "GM0344") { figures(measure: ["a_inw"], year: 2023) %s } }'
    assert (await ask(world, query % FIGURE))[0]["figures"] == [
        {
            "measure": "a_inw",
            "label": "Aantal inwoners",
            "unit": "aantal",
            "year": 2023,
            "value": 29040.0,
            "nullReason": None,
            "status": "DEFINITIVE",
            "comparability": "UNCHANGED",
            "source": "CBS, Kerncijfers wijken en buurten 2023",
            "note": None,
            "invented": False,
        }
    ]


async def test_without_a_year_each_measure_is_the_newest_that_was_published(world: World) -> None:
    query = """{ wijken(gemeente: "GM0344") {
      figures(measure: ["a_inw", "a_woning", "g_gas"]) { measure year value status } } }"""
    assert (await ask(world, query))[0]["figures"] == [
        {"measure": "a_inw", "year": 2024, "value": 29710.0, "status": "DEFINITIVE"},
        {"measure": "a_woning", "year": 2023, "value": 13097.0, "status": "DEFINITIVE"},
        {"measure": "g_gas", "year": 2024, "value": None, "status": "PROVISIONAL"},
    ]


async def test_a_year_that_is_asked_for_says_that_it_is_still_to_come(world: World) -> None:
    query = """{ wijken(gemeente: "GM0344") {
      figures(measure: ["a_woning"], year: 2024) { value nullReason status } } }"""
    assert (await ask(world, query))[0]["figures"] == [
        {"value": None, "nullReason": "UNKNOWN_OR_SECRET", "status": "PROVISIONAL"}
    ]


async def test_buurten_and_the_gemeente_have_figures_of_their_own(world: World) -> None:
    query = """{ wijken(gemeente: "GM0344") {
      gemeente { figures(measure: ["a_inw"], year: 2023) { value } }
      buurten { name figures(measure: ["a_inw"], year: 2023) { value } } } }"""
    wijk = (await ask(world, query))[0]
    assert wijk["gemeente"]["figures"] == [{"value": 367947.0}]
    buurten = {buurt["name"]: buurt["figures"] for buurt in wijk["buurten"]}
    assert buurten["Welgelegen, Den Hommel"] == [{"value": 1810.0}]


async def test_zoetermeer_has_its_own_totals_and_no_figures_per_wijk(world: World) -> None:
    query = """{ wijken { figures { value }
      gemeente { figures(measure: ["a_inw"]) { year value measuredOn source } } } }"""
    wijken = await ask(world, query)
    assert [wijk["figures"] for wijk in wijken] == [[]] * 15
    [figure] = wijken[0]["gemeente"]["figures"]
    assert figure.pop("source").startswith("https://zoetermeer.begrotingsapp.nl/")
    assert figure == {"year": 2023, "value": 127031.0, "measuredOn": "2023-01-01"}


async def test_two_counts_of_one_year_are_both_shown_with_their_day(world: World) -> None:
    query = """{ wijken { gemeente { figures(measure: ["a_woning"], year: 2021) {
      value measuredOn } } } }"""
    figures = (await ask(world, query))[0]["gemeente"]["figures"]
    assert sorted((figure["measuredOn"], figure["value"]) for figure in figures) == [
        ("2021-01-01", 56414.0),
        ("2021-12-31", 56671.0),
    ]
