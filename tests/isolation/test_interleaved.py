# SPDX-License-Identifier: EUPL-1.2
"""Each row belongs to its asker and each connection comes back clean; planted faults are found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import hub.app
import sql.session
from resolvers.loaders import Loaders
from sql.at_once import AtOnce
from tests.conftest import Cluster
from tests.isolation.bouncer import PROGRAM, bounced
from tests.isolation.interleaved import CONCURRENCY, a_scene, interleaved

setting = sql.session._setting
call = AtOnce.call


def test_fifty_organisations_on_four_connections_get_their_own_rows_and_leave_nothing_behind(
    cluster: Cluster,
) -> None:
    done = CONCURRENCY.carry_out(cluster, range(1000))
    assert done.counts["cancelled"] > 200
    assert done.counts["carried out"] > 300


@pytest.mark.skipif(PROGRAM is None, reason="no PgBouncer (1.21 or later) is installed")
def test_the_same_by_way_of_pgbouncer_in_transaction_mode(cluster: Cluster) -> None:
    async def prove() -> None:
        async with a_scene(cluster, bounced) as scene:
            done = await interleaved(scene, range(1000))
        assert done.counts["cancelled"] > 200
        assert done.counts["carried out"] > 300

    asyncio.run(prove())


def _of_the_connection(identity: tuple[str, ...]) -> str:
    return setting(identity).replace("true)", "false)")


def _before_the_transaction(identity: tuple[str, ...]) -> str:
    transaction = "begin isolation level read committed"
    return f"rollback; {transaction}; {setting(identity)}; commit; {transaction}"


def _of_the_connection_in_one_trip(each: AtOnce, arguments: int) -> str:
    asker = f"set_config('hub.organisation', (${arguments + 1}::text[])[2], false)"
    return f"select r.* from (select {asker} offset 0) a, lateral ({call(each, arguments)}) r"


async def _then_another_role(session: sql.session.Session) -> None:
    await session._connection.execute("commit; set role pg_read_all_stats")


async def _nothing(connection: object) -> None:
    """Leaves the transaction as it is."""


def _forgetful(made: list[Loaders]) -> Callable[[sql.session.Session], Loaders]:
    """The loaders of the first request, for all."""

    def loaders(session: sql.session.Session) -> Loaders:
        made.append(Loaders(session))
        return made[0]

    return loaders


FAULTS: dict[str, tuple[object, str, object, str]] = {
    "an identity of the connection": (
        sql.session, "_setting", _of_the_connection, "it knows who asked",
    ),
    "an identity before the transaction": (
        sql.session, "_setting", _before_the_transaction, "rows are another's|INTERNAL",
    ),
    "an identity of the connection, by one trip": (
        AtOnce, "call", _of_the_connection_in_one_trip, "it knows who asked",
    ),
    "a role that stays": (
        sql.session.Session, "commit", _then_another_role, "it acts as another role",
    ),
    "a connection given back without a rollback": (
        sql.session, "_roll_back", _nothing, "a transaction is open",
    ),
    "loaders shared between requests": (
        hub.app, "Loaders", _forgetful([]), "another's|nobody asked for it|INTERNAL",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    module, name, planted, told = FAULTS[fault]

    async def prove() -> None:
        async with a_scene(cluster) as scene:
            await scene.superuser.execute("grant pg_read_all_stats to hub_app")
            try:
                monkeypatch.setattr(module, name, planted)
                await interleaved(scene, range(300))
            finally:
                await scene.superuser.execute("revoke pg_read_all_stats from hub_app")

    with pytest.raises(AssertionError, match=told):
        asyncio.run(prove())
