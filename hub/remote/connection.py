# SPDX-License-Identifier: EUPL-1.2
"""A hub at the other end of an address: questions in, answers out, or one clear message."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx

from hub.commands import Stopped, report
from schema.texts import Language, text

DEFAULT_ADDRESS = "http://127.0.0.1:8731"
WAIT_SECONDS = 60.0
"""Longer than the hub takes for its dearest operation."""

TRIES = 6
LONGEST_PAUSE = 30.0
TRY_AGAIN = frozenset({408, 429, 502, 503, 504})

F = TypeVar("F", bound=Callable[..., Any])


class Remote:
    """A hub, asked by one caller."""

    def __init__(
        self, client: httpx.Client, language: Language, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """`client` has the hub's address and the caller's token; `pause` waits between tries."""
        self._client = client
        self._pause = pause
        self.language = language

    @property
    def address(self) -> str:
        """The hub's address."""
        return str(self._client.base_url)

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of an answer.

        Asked again when the hub is away or busy, so a mutation needs an idempotency key or must be
        harmless to repeat. Ends the command when the hub refuses the question.
        """
        body = {"query": query, "variables": variables or {}}
        answer = self._answer(lambda: self._client.post("/graphql", json=body))
        if answer.get("errors"):
            raise Stopped("\n".join(map(in_words, answer["errors"])))
        data: dict[str, Any] = answer["data"]
        return data

    def _answer(self, send: Callable[[], httpx.Response]) -> dict[str, Any]:
        for tried in range(1, TRIES + 1):
            try:
                response = send()
            except httpx.UnsupportedProtocol:
                raise  # no hub will ever be there
            except httpx.TransportError as error:
                problem, wait = f"{self.address}: {error}", 2.0**tried
            else:
                if response.status_code not in TRY_AGAIN:
                    return self._read(response)
                problem = self._said(response)
                wait = float(response.headers.get("retry-after", 2.0**tried))
            if tried < TRIES:
                report(f"{problem} ({tried}/{TRIES})")
                self._pause(min(wait, LONGEST_PAUSE))
        found = text("NO_ANSWER", self.language, url=self.address)
        raise Stopped(f"{found.message} {found.hint}")

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            answer = response.json()
        except json.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
            found = text("NOT_A_HUB", self.language, url=self.address)
            raise Stopped(f"{found.message} {found.hint}")
        return answer

    def _said(self, response: httpx.Response) -> str:
        try:
            return in_words(response.json()["errors"][0])
        except (ValueError, LookupError, TypeError):
            return f"{self.address}: {response.status_code}"


def pages(ask: Callable[[str | None], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The pages of a list, each asked for with the cursor at the end of the one before."""
    after = None
    while True:
        page = ask(after)
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def in_words(error: Mapping[str, Any]) -> str:
    """An error of an answer or payload as a person reads it: what, what helps, and the code."""
    more = error.get("extensions") or error
    said = " ".join(part for part in (error.get("message"), more.get("hint")) if part)
    return f"{said} [{more['code']}]" if more.get("code") else said


def placed(error: Mapping[str, Any]) -> str:
    """An error in words, after the place of what it is about; one about the whole has none."""
    place = ".".join(map(str, error["path"]))
    return f"{place}: {in_words(error)}" if place else in_words(error)


def key_of_file(said: bytes) -> str:
    """An idempotency key that follows from a file and what is asked of it."""
    return f"file-{sha256(said).hexdigest()[:48]}"


@contextmanager
def connected(url: str, token: str, language: Language) -> Iterator[Remote]:
    """A hub at an address, asked with a token."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
    with httpx.Client(base_url=url, headers=headers, timeout=WAIT_SECONDS) as client:
        yield Remote(client, language)


def remote_command(command: F) -> F:
    """Gives a command the options that say which hub and who asks; it gets a `Remote` as its first
    argument.
    """

    @wraps(command)
    def with_remote(
        *args: Any, url: str, token_file: Path | None, language: Language, **kwargs: Any
    ) -> Any:
        token = _token(token_file)
        try:
            with connected(url, token, language) as remote:
                return command(remote, *args, **kwargs)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise click.UsageError(f"--url {url}: {error}") from None

    for option in (
        click.option(
            "--language",
            type=click.Choice(["nl", "en"]),
            default="nl",
            show_default=True,
            help="Of the hub's messages.",
        ),
        click.option(
            "--token-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A file with the token in it. Default: the variable HUB_TOKEN. (On a command line "
            "others on this machine could read it.)",
        ),
        click.option(
            "--url",
            envvar="HUB_URL",
            default=DEFAULT_ADDRESS,
            show_default=True,
            help="The hub's address; also the variable HUB_URL.",
        ),
    ):
        with_remote = option(with_remote)
    return with_remote  # type: ignore[return-value]


def _token(file: Path | None) -> str:
    token = file.read_text("utf-8").strip() if file else os.environ.get("HUB_TOKEN", "").strip()
    if not token:
        raise click.UsageError("Say who asks: set HUB_TOKEN to your token, or give --token-file.")
    if not token.isascii() or not token.isprintable():
        raise click.UsageError("That is no token: it starts with hub_ and is on one line.")
    return token
