# SPDX-License-Identifier: EUPL-1.2
"""The contract's reading operations are answered on a filled database."""

from __future__ import annotations

import pytest

from hub.database import Addresses
from tests.scale.conftest import SHAPES
from tests.scale.operations import GOALS, Took, bodies, compare, table
from tests.scale.world import Gemeente

pytestmark = pytest.mark.anyio


async def test_every_operation_is_answered_in_both_worlds(shapes: Addresses) -> None:
    gemeente = Gemeente(SHAPES, 0)
    took = await compare(shapes, shapes, gemeente, rounds=1)
    assert [one.name for one in took] == list(bodies(gemeente))
    assert len(list(table(SHAPES, SHAPES, took))) == 2 + len(took)


@pytest.mark.parametrize(("ratio", "verdict"), [(1.15, "PASS"), (1.16, "FAIL")])
def test_an_overview_that_grows_with_the_records_is_told(ratio: float, verdict: str) -> None:
    assert "0c_overview" in GOALS
    assert Took("0c_overview", 1.0, ratio, ratio).verdict == verdict
    assert Took("0a_me", 1.0, ratio, ratio).verdict == "–"
