# SPDX-License-Identifier: EUPL-1.2
"""A school that gives counts only: what is taken, by which rule and when it is published, and what
must be mended.

The hub's day in these tests is Monday 23 November 2026, the first day of 2026-W48.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers.numbers.publishing import publish_due
from tests.agreement.committed import ROOT
from tests.conftest import World
from tests.contract.agreeing import organisation
from tests.contract.writing import OOSTERHEEM, SEGHWAERT, new_key

pytestmark = pytest.mark.anyio

SUBMIT = (ROOT / "tests" / "contract" / "operations" / "4a_school.graphql").read_text("utf-8")
COUNTS = """query($wijk: String!) { wijk(code: $wijk) { counts { nodes {
  measure period group count sourceId place { buurt { name } } } } } }"""
PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id version } errors { code } } }"""
ACCEPT = """mutation($in: AgreementDecisionInput!) { acceptAgreement(input: $in) {
  agreement { state } errors { code } } }"""
SCHOOL, WEEK, VERZUIM = "school-a", "2026-W48", "schoolverzuim"


def cell(count: int = 4, **more: Any) -> dict[str, Any]:
    return {"wijk": OOSTERHEEM, "count": count, **more}


async def submit(
    world: World, *cells: dict[str, Any], partner: str = SCHOOL, **given: Any
) -> dict[str, Any]:
    """The answer to the operation of the contract."""
    made = {"measure": VERZUIM, "period": WEEK, "idempotencyKey": new_key(), **given}
    answer = await world.partner(partner).ask(SUBMIT, {"in": {**made, "cells": list(cells)}})
    payload: dict[str, Any] = answer["submitCounts"]
    return payload


async def stored(world: World, partner: str = SCHOOL) -> list[tuple[str | None, int]]:
    """The group and number of each count that the partner has in the wijk."""
    answer = await world.partner(partner).ask(COUNTS, {"wijk": OOSTERHEEM})
    return sorted((n["group"], n["count"]) for n in answer["wijk"]["counts"]["nodes"])


def told(payload: dict[str, Any]) -> list[tuple[list[str], str]]:
    return [(error["path"], error["code"]) for error in payload["errors"]]


async def share(world: World, provider: str, title: str, **more: Any) -> None:
    """An agreement in force by which the gemeente has counts of a partner in its numbers."""
    rule = {
        "provider": await organisation(world, provider),
        "receiver": await organisation(world, "wijkregisseur"),
        "wijken": [OOSTERHEEM],
        "kind": "COUNT",
        "precision": "COUNT",
        "includesPast": True,
        **more.pop("rule", {}),
    }
    words = {"title": title, "purpose": "proef", "legalBasis": "proef", "contact": "loket"}
    term = {"from": "2026-11-01", "until": "2026-12-31", **more}
    given = {"idempotencyKey": new_key(), **words, **term, "rules": [rule]}
    made = (await world.partner(provider).ask(PROPOSE, {"in": given}))["proposeAgreement"]
    assert made["errors"] == []
    decision = {"in": made["agreement"]}
    agreed = (await world.partner("wijkregisseur").ask(ACCEPT, decision))["acceptAgreement"]
    assert agreed["errors"] == []


# ── What is taken ────────────────────────────────────────────────────────────────────────────────


async def test_counts_are_taken_and_a_second_submission_corrects_the_first(world: World) -> None:
    cells = cell(4, group="onderbouw"), cell(0, group="bovenbouw")
    first = await submit(world, *cells)
    assert first == {"accepted": 2, "replayed": False, "willPublish": [], "errors": []}
    assert await stored(world) == [("bovenbouw", 0), ("onderbouw", 4)]
    again = await submit(world, cell(6, group="onderbouw"))
    assert again["accepted"] == 1
    assert await stored(world) == [("bovenbouw", 0), ("onderbouw", 6)]
    assert (await submit(world, cell(6, group="onderbouw")))["accepted"] == 1


async def test_the_same_request_again_answers_the_first_result(world: World) -> None:
    key = new_key()
    await submit(world, cell(4), idempotencyKey=key)
    await submit(world, cell(5))
    again = await submit(world, cell(4), idempotencyKey=key)
    assert (again["accepted"], again["replayed"]) == (1, True)
    assert await stored(world) == [(None, 5)]
    other = await submit(world, cell(6), idempotencyKey=key)
    assert told(other) == [(["input"], "IDEMPOTENCY_KEY_REUSED")]
    assert (other["accepted"], await stored(world)) == (0, [(None, 5)])


async def test_a_trial_says_what_would_happen_and_stores_nothing(world: World) -> None:
    await share(world, SCHOOL, "Tellingen")
    tried = await submit(world, cell(4), dryRun=True)
    assert (tried["accepted"], len(tried["willPublish"]), tried["errors"]) == (1, 1, [])
    assert await stored(world) == []


async def test_a_wijk_by_its_id_is_the_wijk_by_its_code(world: World) -> None:
    answer = await world.partner(SCHOOL).ask(f'{{ wijk(code: "{OOSTERHEEM}") {{ id }} }}')
    await submit(world, cell(4))
    assert (await submit(world, cell(5, wijk=answer["wijk"]["id"])))["errors"] == []
    assert await stored(world) == [(None, 5)]


async def test_the_counts_of_another_are_another_matter(world: World) -> None:
    await submit(world, cell(4))
    assert (await submit(world, cell(9), partner="buurtwerk"))["accepted"] == 1
    assert await stored(world) == [(None, 4)]
    assert await stored(world, "buurtwerk") == [(None, 9)]


# ── What must be mended ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"count": -1}, (["input", "cells", "1", "count"], "BAD_VALUE")),
        ({"wijk": "WK999999"}, (["input", "cells", "1", "wijk"], "UNKNOWN_WIJK")),
        ({"wijk": SEGHWAERT}, (["input", "cells", "1", "wijk"], "NOT_YOUR_WIJK")),
        ({"buurt": "Nergens"}, (["input", "cells", "1", "buurt"], "UNKNOWN_BUURT")),
        ({"group": "brugklas"}, (["input", "cells", "1", "group"], "UNKNOWN_GROUP")),
        ({"group": "onderbouw"}, (["input", "cells", "1"], "DOUBLE_CELL")),
    ],
)
async def test_one_wrong_cell_is_named_and_nothing_is_stored(
    world: World, wrong: dict[str, Any], expected: tuple[list[str], str]
) -> None:
    payload = await submit(world, cell(group="onderbouw"), cell(**{"count": 4, **wrong}))
    assert told(payload) == [expected]
    assert (payload["accepted"], payload["willPublish"]) == (0, [])
    assert payload["errors"][0]["message"] and payload["errors"][0]["hint"]
    assert await stored(world) == []


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"measure": "verzuim"}, (["input", "measure"], "UNKNOWN_MEASURE")),
        ({"period": "2026-W47"}, (["input", "period"], "PERIOD_CLOSED")),
        ({"period": "2026-Q4"}, (["input", "period"], "WRONG_PERIOD")),
        ({"idempotencyKey": "kort"}, (["input", "idempotencyKey"], "BAD_IDEMPOTENCY_KEY")),
    ],
)
async def test_what_is_wrong_with_all_of_it_is_said_once(
    world: World, wrong: dict[str, Any], expected: tuple[list[str], str]
) -> None:
    payload = await submit(world, cell(group="onderbouw"), cell(group="bovenbouw"), **wrong)
    assert told(payload) == [expected]
    assert (payload["accepted"], await stored(world)) == (0, [])


async def test_the_wijk_beside_its_parts_is_refused(world: World) -> None:
    wrong = [(["input", "cells", n, "wijk"], "MIXED_CELLS") for n in "01"]
    assert told(await submit(world, cell(9), cell(4, group="onderbouw"))) == wrong
    await submit(world, cell(9))
    assert told(await submit(world, cell(4, group="onderbouw"))) == wrong[:1]


async def test_no_cell_and_too_many_cells_are_refused(world: World) -> None:
    assert told(await submit(world)) == [(["input", "cells"], "MISSING_FIELD")]
    many = await submit(world, *[cell()] * 1001)
    assert told(many) == [(["input", "cells"], "TOO_MANY_ROWS")]


# ── When it is published, by which rule ──────────────────────────────────────────────────────────


async def test_the_answer_says_by_which_rule_and_on_which_day_a_count_is_published(
    world: World,
) -> None:
    await share(world, SCHOOL, "Basis")
    await share(world, SCHOOL, "Verzuim", rule={"category": "ABSENTEEISM", "minCell": 10})
    await share(world, SCHOOL, "Jeugd", rule={"category": "YOUTH_NUISANCE"})
    await share(world, SCHOOL, "Voorbij op tijd", until="2026-11-29")
    await share(world, SCHOOL, "Kort bewaard", rule={"keepDays": 7})
    await share(world, SCHOOL, "Meldingen", rule={"kind": "SIGNAL"})
    payload = await submit(world, cell(4, group="onderbouw"))
    assert [
        (each["wijk"], each["buurt"], each["group"], each["on"]) for each in payload["willPublish"]
    ] == [(OOSTERHEEM, None, "onderbouw", "2026-11-30")] * 2
    basis, verzuim = (each["rule"] for each in payload["willPublish"])
    assert "'Basis'" in basis and "minstens 3 organisaties" in basis and "minstens 5" in basis
    assert "'Verzuim'" in verzuim and "minstens 10" in verzuim
    assert payload["accepted"] == 1


async def test_a_measure_that_stays_open_longer_is_published_later(world: World) -> None:
    async with world.connect("owner") as owner:
        await owner.execute("update hub.measures set open_days = 7 where code = $1", VERZUIM)
    await share(world, SCHOOL, "Basis")
    [rule] = (await submit(world, cell(4)))["willPublish"]
    assert rule["on"] == "2026-12-07"


async def test_the_answer_does_not_depend_on_what_others_give(world: World) -> None:
    for partner in (SCHOOL, "buurtwerk", "wijkzorgteam"):
        await share(world, partner, f"Tellingen van {partner}")
    key = new_key()
    alone = await submit(world, cell(4), idempotencyKey=key)
    for partner in ("buurtwerk", "wijkzorgteam"):
        await submit(world, cell(40), partner=partner)
    assert await submit(world, cell(4)) == alone
    assert await submit(world, cell(4), idempotencyKey=key) == {**alone, "replayed": True}


async def test_what_was_submitted_stands_in_the_numbers_of_its_week(world: World) -> None:
    givers = {SCHOOL: 4, "buurtwerk": 7, "wijkzorgteam": 3}
    for partner, count in givers.items():
        await share(world, partner, f"Tellingen van {partner}")
        await submit(world, cell(count), partner=partner)
    await world.set_now(datetime(2026, 11, 30, 6, tzinfo=UTC))
    async with world.owner() as owner:
        await publish_due(owner)
    query = f"""{{ wijk(code: "{OOSTERHEEM}") {{ overview(week: "{WEEK}") {{
      headlines {{ measure now {{ shown scope {{ name }} }} }} }} }} }}"""
    answer = await world.partner("wijkregisseur").ask(query)
    headlines = answer["wijk"]["overview"]["headlines"]
    shown = {each["measure"]: each["now"]["shown"] for each in headlines}
    assert shown[VERZUIM] == "14"
