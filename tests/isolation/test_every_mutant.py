# SPDX-License-Identifier: EUPL-1.2
"""Mutants: whatever of the guard is dropped or loosened, something fails. The count is printed; a
survivor fails the test.

Here every mutant of a predicate, and of those that one check of the catalogue finds alike (a grant
more, a key without its owner, a function without its path) every eighth; `make prove` has them all.
"""

from __future__ import annotations

import pytest

from tests.isolation.conftest import Bench
from tests.isolation.hunt import hunt, whole


def test_every_mutant_is_killed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    counts = whole(hunt(bench, range(1), and_every_predicate=True))
    with capsys.disabled():
        print(f"\n{counts['killed']} of {counts['mutants']} mutants killed")
