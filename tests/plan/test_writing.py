# SPDX-License-Identifier: EUPL-1.2
"""What is written by plans is what the reference writes, in the order of the fields."""

from __future__ import annotations

import os

from tests.conftest import Cluster
from tests.plan.writing import carry_out

SESSIONS = int(os.environ.get("PLAN_SESSIONS", "3"))


def test_sessions_that_write_leave_the_same_world(cluster: Cluster) -> None:
    done = carry_out(cluster, range(SESSIONS))
    assert done.counts["answered with data"] > done.counts["operations"] / 2
