# SPDX-License-Identifier: EUPL-1.2
"""Starts PostgreSQL's programs as the right user, so that none of them outlives the hub."""

import asyncio
import ctypes
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from functools import partial

from hub.database.folder import Account

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def server_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the programs may see: no PG* of the user's, messages in English, times in UTC."""
    kept = {name: environ[name] for name in ("LD_LIBRARY_PATH",) if name in environ}
    path = environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PGCONNECT_TIMEOUT": "5", **kept}


async def spawn(
    command: list[str],
    account: Account,
    *,
    stdin: int = DEVNULL,
    stdout: int = DEVNULL,
    stderr: int = DEVNULL,
    pass_fds: tuple[int, ...] = (),
    environment: Mapping[str, str] | None = None,
    farewell: signal.Signals = signal.SIGTERM,
) -> Process:
    """A program running as `account`, in a session of its own (Ctrl-C is for the hub alone).

    It gets the signal `farewell` when the thread that calls this ends, also by kill -9 of the hub.
    So call it from the thread that runs the hub's event loop to the end.
    Raises OSError when it cannot be run.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        env={**server_environment(), **(environment or {})},
        cwd="/",
        start_new_session=True,
        preexec_fn=partial(_become, account, ending_with(os.getpid(), farewell)),
    )


def _become(account: Account, arrange_end: Callable[[], None]) -> None:
    """What the child does before it is the program. Here, for uvloop starts none as another user.

    A change of user undoes what is arranged for its end, so that comes last.
    """
    if account.drop:
        os.setgroups([])
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    arrange_end()


async def run(
    command: list[str], account: Account, *, text: str = "", pass_fds: tuple[int, ...] = ()
) -> tuple[int, str, str]:
    """Runs a program to its end, `text` on its input: exit code, output and messages."""
    process = await spawn(command, account, stdin=PIPE, stdout=PIPE, stderr=PIPE, pass_fds=pass_fds)
    if process.stdin is not None:
        if not process.stdin.is_closing():  # a program may end without having read
            process.stdin.write(text.encode())
        process.stdin.close()
    output, messages = await process.communicate()
    code = process.returncode or 0
    return code, output.decode(errors="replace"), messages.decode(errors="replace")


def ending_with(parent: int, farewell: signal.Signals) -> Callable[[], None]:
    """What a child of the process `parent` calls to get `farewell` when the thread that started it
    ends; it exits at once when that is over already.
    """

    def arrange() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, farewell)
        if os.getppid() != parent:
            os._exit(1)

    return arrange
