# SPDX-License-Identifier: EUPL-1.2

"""No canary is heard; one that is let out by a planted fault is."""

from __future__ import annotations

from tests.conftest import Cluster
from tests.isolation.canaries import CANARIES, heard
from tests.isolation.pair import DOORS, SUMMARY, rewrite
from tests.isolation.play import Connection


def test_no_byte_of_what_is_answered_or_logged_comes_from_what_may_not_be_seen(
    cluster: Cluster,
) -> None:
    assert CANARIES.carry_out(cluster, range(1)).counts["canaries"] > 200


def test_a_canary_is_heard_through_a_door_that_gives_the_summary_always(cluster: Cluster) -> None:
    async def fault(superuser: Connection) -> None:
        await rewrite(superuser, DOORS, f"{SUMMARY} as", "s.summary as")

    leaked, _ = heard(cluster, 0, fault)
    assert leaked == {"signals.summary"}
