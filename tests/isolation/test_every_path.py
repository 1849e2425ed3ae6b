# SPDX-License-Identifier: EUPL-1.2
"""By no path does anybody get what is a stranger's."""

from __future__ import annotations

import asyncio

import pytest

from tests.conftest import Cluster
from tests.isolation.outside import (
    COMMANDS,
    PAGES,
    addresses,
    partners_commands,
    told_by_commands,
    told_by_pages,
)
from tests.isolation.pair import Plant, rewrite
from tests.isolation.paths import NOT_THERE, OPEN, PATHS, Path, a_world, all_paths, tried
from tests.isolation.play import Connection
from tests.proofs.proof import Outcome


def test_paths_are_found_from_the_schema() -> None:
    paths = {str(path) for path in all_paths()}
    assert "Query.node > Signal" in paths
    assert "Query.mySlice > MySlice.asSeenBy > SliceView.signals > SignalConnection" in paths
    assert len(paths) == len(all_paths()) > 1000


def test_a_part_of_all_paths_gives_nothing_of_what_is_a_strangers(cluster: Cluster) -> None:
    assert PATHS.carry_out(cluster, range(1)).counts["paths"] > 100


def _from(*roots: str) -> list[Path]:
    return [path for path in all_paths() if path.steps[0][1] in roots]


FAULTS: dict[str, tuple[str, Plant]] = {
    "a ledger of every owner's records": (
        "readLedger",
        lambda superuser: rewrite(
            superuser, ("lines_about_asker",), "l.owner = hub.asker()", "true"
        ),
    ),
    "an agreement that is published before it is accepted": (
        "publishedAgreements",
        lambda superuser: rewrite(
            superuser, ("published_agreements",), "= 'IN_FORCE'", "in ('PROPOSED', 'IN_FORCE')"
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_leak_is_found(cluster: Cluster, fault: str) -> None:
    root, plant = FAULTS[fault]
    with pytest.raises(AssertionError, match=f"{root} > .* gives "):
        asyncio.run(tried(cluster, _from(root), plant))


def test_what_is_refused_counts_as_nothing(cluster: Cluster) -> None:
    async def take_roles(superuser: Connection) -> None:
        await superuser.execute("update hub.tokens set roles = '{}'")

    paths = _from("auditLog", "registerProcessingActivity")
    refused = asyncio.run(tried(cluster, paths, take_roles)).met["types met"]
    assert refused.isdisjoint({"AuditEntry", "ProcessingActivityPayload"})


def test_a_whole_that_gives_its_owner_nothing_of_a_type_is_told() -> None:
    guarded = {path.target for path in all_paths()} - OPEN.keys() - NOT_THERE.keys()
    PATHS.whole(Outcome({}, {"types met": frozenset(guarded)}))
    with pytest.raises(AssertionError, match="nothing of: \\['AuditEntry'\\]"):
        PATHS.whole(Outcome({}, {"types met": frozenset(guarded - {"AuditEntry"})}))


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
