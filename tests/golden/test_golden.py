# SPDX-License-Identifier: EUPL-1.2
"""Golden operations: query, answer and every SQL statement sent, side by side in one text.

What changes for readers or costs another statement shows in the diff of answers/*.txt.
`UPDATE_GOLDEN=1 pytest tests/golden` writes them anew.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.agreement.committed import ROOT, agrees
from tests.conftest import World
from tests.golden.recording import Recorder, readable, written
from tests.golden.town import OOSTERHEEM

pytestmark = pytest.mark.anyio

OPERATIONS = ROOT / "tests" / "contract" / "operations"
ANSWERS = Path(__file__).parent / "answers"

# Operation of the contract, who asks, variables.
GOLDEN: list[tuple[str, str, dict[str, Any]]] = [
    ("0a_me", "buurtwerk", {}),
    ("0a_me", "wijkregisseur", {}),
    ("0b_wijk_state", "buurtwerk", {"wijk": OOSTERHEEM, "first": 12}),
    ("0b_wijk_state", "handhaving", {"wijk": OOSTERHEEM, "first": 12}),
    ("0b_wijk_state", "wijkregisseur", {"wijk": OOSTERHEEM, "first": 3}),
    ("0c_overview", "wijkregisseur", {"week": "2026-W47"}),
    ("0f_feed", "buurtwerk", {"wijk": OOSTERHEEM}),
    ("0f_feed", "wijkregisseur", {"wijk": OOSTERHEEM}),
    ("1a_monday", "wijkregisseur", {"wijk": OOSTERHEEM, "week": "2026-W47", "jaar": 2026}),
]

PARTS = {
    "areas": """
      gemeente { name } codes { code } predecessors { name } buurten { name }
      partners { name contact } figures { measure }""",
    "records": """
      signals(first: 3) {
        total
        nodes { owner { name } wijk { name } place { label buurt { name } } agreement { title } }
      }
      feed(first: 3) { nodes { headline by { name } record { id } } }""",
    "overview": """
      sources { organisation { name } late expectedEvery }
      overview(week: "2026-W47") {
        headlines { label now { shown scope { name } } }
        silentSources { organisation { name } }
      }""",
    "trend": """
      trend(measure: "jeugdoverlast", weeks: 4) {
        series { area breaks points { period count { shown } } }
      }""",
}


def text_of(query: str, variables: dict[str, Any], answer: Any, sent: dict[str, int]) -> str:
    parts = {
        "query": query.strip(),
        "variables": json.dumps(variables, ensure_ascii=False),
        "answer": written(readable(answer)),
        "statements": "\n".join(f"{times} {name}" for name, times in sent.items()),
    }
    return "\n".join(f"── {name}\n{part}\n" for name, part in parts.items())


async def answered(
    world: World, recorder: Recorder, query: str, partner: str, variables: dict[str, Any]
) -> dict[str, Any]:
    """The answer to a query, of which the statements are counted."""
    recorder.forget()
    return await world.partner(partner).answer(query, variables)


@pytest.mark.parametrize(
    ("operation", "partner", "variables"), GOLDEN, ids=[f"{o}.{p}" for o, p, _ in GOLDEN]
)
async def test_a_golden_operation_answers_and_asks_the_database_as_committed(
    golden: World, recorder: Recorder, operation: str, partner: str, variables: dict[str, Any]
) -> None:
    query = (OPERATIONS / f"{operation}.graphql").read_text("utf-8")
    answer = await answered(golden, recorder, query, partner, variables)
    del answer["extensions"]["cost"]["remaining"]  # of the caller's budget, which time refills
    made = text_of(query, variables, answer, recorder.sent())
    agrees(ANSWERS / f"{operation}.{partner}.txt", made)


def test_every_golden_text_belongs_to_an_operation() -> None:
    names = {f"{operation}.{partner}.txt" for operation, partner, _ in GOLDEN}
    assert {path.name for path in ANSWERS.iterdir()} == names


async def sent_for(world: World, recorder: Recorder, query: str, partner: str) -> Counter[str]:
    """How often each statement is sent for a query."""
    answer = await answered(world, recorder, query, partner, {})
    assert "errors" not in answer, answer
    return Counter(recorder.sent())


@pytest.mark.parametrize("part", PARTS)
async def test_fifteen_wijken_cost_as_many_statements_as_one(
    golden: World, recorder: Recorder, part: str
) -> None:
    wijken = "{ wijken { id } }"
    assert len((await golden.partner("wijkregisseur").ask(wijken))["wijken"]) == 15
    one = f'{{ wijk(code: "{OOSTERHEEM}") {{ name {PARTS[part]} }} }}'
    fifteen = f"{{ wijken {{ name {PARTS[part]} }} }}"
    sent = await sent_for(golden, recorder, fifteen, "wijkregisseur")
    assert sent == await sent_for(golden, recorder, one, "wijkregisseur")


async def test_forty_signals_cost_as_many_statements_as_two(
    golden: World, recorder: Recorder
) -> None:
    query = """{ wijk(code: "WK063711") { signals(first: %d) { nodes {
      owner { name contact } wijk { code } place { label buurt { name } }
      agreement { title parties { name } rules { wijken { code } } }
      history { nodes { change } } } } } }"""
    few = await sent_for(golden, recorder, query % 2, "corporatie-a")
    many = await sent_for(golden, recorder, query % 40, "corporatie-a")
    assert many == few


async def test_a_slice_of_forty_costs_as_many_statements_as_one_of_two(
    golden: World, recorder: Recorder
) -> None:
    me = "{ me { organisation { id } } }"
    partner = (await golden.partner("buurtwerk").ask(me))["me"]["organisation"]["id"]
    signals = """signals(first: %d) { total nodes { owner { name } wijk { code }
      place { label } agreement { title parties { name } } history { nodes { change } } } }"""
    view = f'asSeenBy(organisation: "{partner}") {{ agreements {{ title }} {signals} }}'
    readers = 'readers(since: "2026-11-01") { nodes { reader { name } agreement { title } } }'
    sent = []
    for many in (2, 40):
        query = f"{{ mySlice {{ {signals % many} {view % many} {readers} }} }}"
        sent.append(await sent_for(golden, recorder, query, "corporatie-a"))
    assert sent[0] == sent[1]
    assert sent[0]["seen_signals"] == sent[0]["own_signals"] == sent[0]["readers_of_asker"] == 1


async def test_two_hundred_rows_cost_as_many_statements_as_one(
    golden: World, recorder: Recorder
) -> None:
    query = (OPERATIONS / "2a_push.graphql").read_text("utf-8")

    async def push(rows: int) -> dict[str, int]:
        given = [
            {
                "externalId": f"{rows}-{number}",
                "wijk": "WK063705",
                "category": "NOISE",
                "seenAt": "2026-11-20T22:15:00+01:00",
                "status": "NEW",
            }
            for number in range(rows)
        ]
        variables = {"rows": given, "sleutel": f"nacht-van-{rows}", "proef": False}
        recorder.forget()
        receipt = (await golden.partner("corporatie-b").ask(query, variables))["pushSignals"]
        assert {"outcome": "CREATED", "rows": rows} in receipt["summary"]
        return recorder.sent()

    await push(1)  # the first list of a dataset finds nothing to close
    assert await push(200) == await push(2)
