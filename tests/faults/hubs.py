# SPDX-License-Identifier: EUPL-1.2
"""Real hub processes for the tests of faults: started, asked over HTTP, killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx

ROOT = Path(__file__).parents[2]
KILLABLE = Path(__file__).with_name("killable_hub.py")
DEADLINE = 60.0


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing of ours in it but the checkout and the packages."""
    packages = Path(asyncpg.__file__).parents[1]
    path = os.pathsep.join([str(ROOT), str(packages)])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """What the condition answers as soon as it is true; fails at the deadline."""
    limit = time.monotonic() + DEADLINE
    while time.monotonic() < limit:
        if answer := await condition():
            return answer
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not become true in time")


class KillableHub:
    """A hub process with an embedded database of its own in `data`."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, str(KILLABLE), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(**settings),
        )
        started = self._read()
        self.address: str = started["address"]
        self.superuser: str = started["superuser"]
        self.tokens: dict[str, str] = started["tokens"]
        self.client = httpx.AsyncClient(base_url=self.address, timeout=30)

    def _read(self) -> dict[str, Any]:
        watchdog = threading.Timer(DEADLINE, self.process.kill)
        watchdog.start()
        try:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, f"the hub ended with {self.process.wait(DEADLINE)}"
            answer: dict[str, Any] = json.loads(line)
            return answer
        finally:
            watchdog.cancel()

    def kill_at(self, point: str, victim: str) -> None:
        """Asks that the hub or the postmaster be killed at a point of the next mutation."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"kill": victim, "at": point}) + "\n")
        self.process.stdin.flush()
        assert self._read() == {"asked": True}

    @property
    def postmaster(self) -> int:
        return int((self.data / "pgdata/postmaster.pid").read_text().split()[0])

    def servers(self) -> list[int]:
        """Living processes of the embedded server."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "cwd").readlink() == self.data / "pgdata":
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        """SIGTERM, as a service manager ends it."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)


@contextmanager
def folder_for_all(prefix: str) -> Iterator[Path]:
    """A folder that every user can reach: a server of root's runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def gone_afterwards(hubs: list[KillableHub]) -> Iterator[None]:
    """Whatever happens, no hub and no server of these is left."""
    try:
        yield
    finally:
        limit = time.monotonic() + DEADLINE
        for hub in hubs:
            hub.kill()
        while any(hub.servers() for hub in hubs) and time.monotonic() < limit:
            time.sleep(0.01)


async def post(hub: KillableHub, token: str, query: str, variables: Any = None) -> httpx.Response:
    """The HTTP answer to an operation; no patience beyond what the hub promises."""
    body = {"query": query, "variables": variables or {}}
    return await hub.client.post(
        "/graphql", json=body, headers={"Authorization": f"Bearer {token}"}
    )


async def is_ready(hub: KillableHub) -> bool:
    """Whether the hub says that it can serve."""
    return (await hub.client.get("/ready")).status_code == 200
