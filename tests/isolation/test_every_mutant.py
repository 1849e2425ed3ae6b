# SPDX-License-Identifier: EUPL-1.2
"""Mutants: whatever of the guard is dropped or loosened, something fails. The count is printed; a
survivor fails the test.
"""

from __future__ import annotations

import pytest

from tests.isolation.conftest import Bench
from tests.isolation.hunt import PARTS, hunt, whole


def test_every_mutant_is_killed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    counts = whole(hunt(bench, range(PARTS)))
    with capsys.disabled():
        print(f"\n{counts['killed']} of {counts['mutants']} mutants killed")
