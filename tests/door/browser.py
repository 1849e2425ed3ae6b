# SPDX-License-Identifier: EUPL-1.2
"""A headless Chromium, driven over a pipe in its own protocol: no driver, no further library."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0


def installed() -> str | None:
    """The browser's program, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page, and what it complained about: warnings and errors of its console."""

    def __init__(self, reader: asyncio.StreamReader, write: int) -> None:
        self.complaints: list[str] = []
        self._reader = reader
        self._write = write
        self._session: str | None = None
        self._numbers = itertools.count(1)

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a command; what the page says meanwhile is kept."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(SECONDS):
            while True:
                said = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if said.get("id") == number:
                    assert "error" not in said, said["error"]
                    return said["result"]
                self._hear(said)

    def _hear(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Log.entryAdded":
            entry = said["params"]["entry"]
            if entry["level"] in ("warning", "error"):
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
        if said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(said["params"]["exceptionDetails"]))

    async def open(self, script: str, address: str) -> None:
        """Goes to an address; the script runs in the page before anything else of it."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for part in ("Page", "Runtime", "Log"):
            await self.call(f"{part}.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        await self.call("Page.navigate", url=address)

    async def value(self, expression: str) -> Any:
        """What an expression gives in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """What an expression gives as soon as that is true."""
        async with asyncio.timeout(SECONDS):
            while not (found := await self.value(expression)):  # noqa: ASYNC110 - in a browser
                await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def browser(program: str) -> AsyncIterator[Page]:
    """A browser with nothing in its memory; gone afterwards."""
    (their_in, our_out), (our_in, their_out) = os.pipe(), os.pipe()
    reader = asyncio.StreamReader(limit=2**26)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:

        def as_it_expects() -> None:
            os.dup2(their_in, 3)
            os.dup2(their_out, 4)

        process = await asyncio.create_subprocess_exec(
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            f"--user-data-dir={profile}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(3, 4),
            preexec_fn=as_it_expects,
        )
        os.close(their_in)
        os.close(their_out)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_in, "rb")
        )
        try:
            yield Page(reader, our_out)
        finally:
            process.kill()
            await process.wait()
            transport.close()
            os.close(our_out)
