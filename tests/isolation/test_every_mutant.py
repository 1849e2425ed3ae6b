# SPDX-License-Identifier: EUPL-1.2
"""Mutants: whatever of the guard is dropped or loosened, something fails. The count is printed; a
survivor fails the test.

Here every eighth mutant of the list, for all of them take longer than all other tests together;
`make prove` has them all, and looks whether each that is said to change nothing is still there.
"""

from __future__ import annotations

import pytest

from tests.isolation.conftest import Bench
from tests.isolation.hunt import hunt


def test_every_mutant_is_killed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    counts = hunt(bench, range(1)).counts
    with capsys.disabled():
        print(f"\n{counts['killed']} of {counts['mutants']} mutants killed")
