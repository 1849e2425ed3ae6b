# SPDX-License-Identifier: EUPL-1.2
"""By no path does anybody get what is a stranger's."""

from __future__ import annotations

import asyncio

from tests.conftest import Cluster
from tests.isolation.outside import (
    COMMANDS,
    PAGES,
    addresses,
    partners_commands,
    told_by_commands,
    told_by_pages,
)
from tests.isolation.paths import PATHS, a_world, all_paths


def test_paths_are_found_from_the_schema() -> None:
    paths = {str(path) for path in all_paths()}
    assert "Query.node > Signal" in paths
    assert "Query.mySlice > MySlice.asSeenBy > SliceView.signals > SignalConnection" in paths
    assert len(paths) == len(all_paths()) > 1000


def test_a_part_of_all_paths_gives_nothing_of_what_is_a_strangers(cluster: Cluster) -> None:
    assert PATHS.carry_out(cluster, range(1)).counts["paths"] > 100


def test_every_command_for_partners_has_a_case() -> None:
    assert partners_commands() == COMMANDS.keys()


def test_pages_and_commands_tell_nothing_of_what_is_a_strangers(cluster: Cluster) -> None:
    async def tell() -> None:
        async with a_world(cluster) as world:
            assert addresses(world.side.hub) == PAGES.keys(), "an address without a case"
            pages, commands = await told_by_pages(world), await told_by_commands(world)
            assert "__schema" in pages
            assert len(commands) > 1000, "the commands hardly say anything"
            assert world.leaked(pages + commands) == set()

    asyncio.run(tell())
