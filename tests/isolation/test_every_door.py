# SPDX-License-Identifier: EUPL-1.2
"""Each asker sees what the model says, and not a row more."""

from __future__ import annotations

from tests.isolation.conftest import Bench
from tests.isolation.doors import play_worlds


def test_every_door_shows_each_asker_exactly_what_the_agreements_say(bench: Bench) -> None:
    play_worlds(bench, 100)
