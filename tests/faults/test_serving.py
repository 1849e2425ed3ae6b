# SPDX-License-Identifier: EUPL-1.2
"""`hub serve`: it ends in order, serves an external PostgreSQL, and refuses what it must not serve.

Each cluster stands in for one that others run: the hub knows only its two addresses.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from hub.database import Addresses, EmbeddedPostgres
from tests.faults.hubs import DEADLINE, environment, folder_for_all

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

SYSTEMS_15 = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class External:
    """A cluster, and what the hub is told of it."""

    addresses: Addresses
    major: int

    def hub(self, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
        """A command of the hub, run to its end."""
        return subprocess.run(
            [sys.executable, "-m", "hub", *arguments],
            env=environment(**given),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            cwd="/",
        )

    def migrate(self) -> None:
        done = self.hub("migrate", HUB_OWNER_URL=self.addresses.owner)
        assert done.returncode == 0, done.stderr

    def refusal(self, address: str | None = None) -> str:
        """What `hub serve` says when it does not serve this address."""
        refused = self.hub("serve", "--port", "0", DATABASE_URL=address or self.addresses.app)
        assert refused.returncode == 1, refused.stderr
        assert "Traceback" not in refused.stderr
        return refused.stderr

    async def run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.addresses.superuser)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def running(bindir: Path | None) -> AsyncIterator[External]:
    with folder_for_all("hub-external-") as folder:
        server = EmbeddedPostgres(
            folder / "data", bindir=bindir, durable=False, report=lambda _: None
        )
        async with server as addresses:
            yield External(addresses, int(server.version.split(".")[0]))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def external(anyio_backend: str) -> AsyncIterator[External]:
    """A migrated cluster of the newest version at hand. Tests put back what they change."""
    async with running(None) as made:
        made.migrate()
        yield made


@contextmanager
def served(**given: str) -> Iterator[str]:
    """The address at which `hub serve` serves; ended by SIGTERM, which must go well."""
    hub = subprocess.Popen(
        [sys.executable, "-m", "hub", "serve", "--port", "0"],
        env=environment(**given),
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    watchdog = threading.Timer(DEADLINE, hub.kill)
    watchdog.start()
    try:
        assert hub.stderr is not None
        found = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in hub.stderr)
        yield next(match.group() for match in found if match)
        hub.terminate()
        assert hub.wait(DEADLINE) == 0
    finally:
        watchdog.cancel()
        hub.kill()
        hub.wait()


async def readiness(address: str) -> Any:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{address}/ready")).json()


async def test_sigterm_ends_the_hub_and_its_own_database_in_order() -> None:
    with folder_for_all("hub-served-") as folder:
        for _ in range(2):
            with served(HUB_DATA=str(folder / "data")) as address:
                assert await readiness(address) == {"ready": True}
        log = (folder / "data/server.log").read_text()
        assert log.count("database system is shut down") == 2
        assert "was not properly shut down" not in log


@pytest.mark.parametrize(("major", "bindir"), [(15, SYSTEMS_15), (18, None)])
async def test_an_external_database_is_migrated_and_served(major: int, bindir: Path | None) -> None:
    if bindir is not None and not (bindir / "postgres").exists():
        pytest.skip(f"no PostgreSQL {major} of the system's")
    async with running(bindir) as external:
        assert external.major == major
        assert "hub migrate" in external.refusal()
        external.migrate()
        external.migrate()
        with served(DATABASE_URL=external.addresses.app) as address:
            assert await readiness(address) == {"ready": True}


@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_a_role_above_the_policies_is_not_served(external: External, role: str) -> None:
    said = external.refusal(getattr(external.addresses, role))
    assert {"owner": "hub_owner", "superuser": "postgres"}[role] in said
    assert "hub_app" in said


async def test_a_role_that_bypasses_the_policies_is_not_served(external: External) -> None:
    await external.run("alter role hub_app bypassrls")
    try:
        assert "hub_app" in external.refusal()
    finally:
        await external.run("alter role hub_app nobypassrls")


async def test_a_member_of_the_owners_role_is_not_served(external: External) -> None:
    await external.run("grant hub_owner to hub_app")
    try:
        assert "hub_app" in external.refusal()
    finally:
        await external.run("revoke hub_owner from hub_app")


async def test_a_newer_database_is_not_served(external: External) -> None:
    newer = "insert into hub.migrations (number, name, checksum) values (9999, 'later', 'x')"
    await external.run(newer)
    try:
        assert "9999" in external.refusal()
    finally:
        await external.run("delete from hub.migrations where number = 9999")


async def test_a_database_whose_past_was_edited_is_not_served(external: External) -> None:
    await external.run("update hub.migrations set checksum = 'x' || checksum where number = 2")
    try:
        assert "0002" in external.refusal()
    finally:
        await external.run(
            "update hub.migrations set checksum = substr(checksum, 2) where number = 2"
        )


async def test_a_database_that_is_not_there_is_told(external: External) -> None:
    for wrong in (
        external.addresses.app.replace("/hub?", "/weg?"),
        "postgresql://hub_app@127.0.0.1:1/hub",
        "postgresql://hub_app@/hub?host=/nergens",
    ):
        assert external.refusal(wrong)


async def test_migrations_run_as_the_owner_alone(external: External) -> None:
    for role in ("app", "superuser"):
        refused = external.hub("migrate", HUB_OWNER_URL=getattr(external.addresses, role))
        assert refused.returncode == 1
        assert "hub_owner" in refused.stderr and "Traceback" not in refused.stderr
