# SPDX-License-Identifier: EUPL-1.2
"""A hub that is away, busy, or no hub at all; a caller without a token."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.remote.connection import TRIES, Remote
from tests.conftest import World
from tests.remote.conftest import Command, said

WORDS = ["agreement", "list", "--json"]


def remote(answer: Callable[[httpx.Request], httpx.Response], pauses: list[float]) -> Remote:
    """A hub that answers so, and what is waited between tries."""
    client = httpx.Client(base_url="http://hub", transport=httpx.MockTransport(answer))
    return Remote(client, "en", pauses.append)


def test_a_busy_hub_is_asked_again_after_the_time_that_it_names() -> None:
    answers = [
        httpx.Response(429, headers={"Retry-After": "3"}, json={"errors": [{"message": "busy"}]}),
        httpx.Response(503),
        httpx.Response(200, json={"data": {"me": 1}}),
    ]
    pauses: list[float] = []
    assert remote(lambda _: answers.pop(0), pauses).ask("{ me }") == {"me": 1}
    assert pauses == [3.0, 4.0]


def test_a_hub_that_stays_away_ends_with_one_message_and_its_cure() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    pauses: list[float] = []
    with pytest.raises(click.ClickException) as ended:
        remote(away, pauses).ask("{ me }")
    assert "HUB_URL" in ended.value.message
    assert len(pauses) == TRIES - 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"ok": true}'])
def test_an_address_of_something_else_is_told(body: bytes) -> None:
    with pytest.raises(click.ClickException) as ended:
        remote(lambda _: httpx.Response(200, content=body), []).ask("{ me }")
    assert "/graphql" in ended.value.message


def test_without_a_token_nothing_is_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        env = {"HUB_URL": f"http://127.0.0.1:{closed.getsockname()[1]}", "HUB_TOKEN": ""}
        result = CliRunner(env=env).invoke(main, WORDS)
    assert result.exit_code == 2
    assert "HUB_TOKEN" in result.stderr


@pytest.mark.parametrize("url", ["foo", "localhost:8731", "http://[::1"])
def test_what_is_no_address_is_wrong_use_and_told_at_once(url: str) -> None:
    result = CliRunner(env={"HUB_URL": url, "HUB_TOKEN": "hub_one"}).invoke(main, WORDS)
    assert result.exit_code == 2
    assert f"--url {url}: " in result.stderr
    assert f"/{TRIES})" not in result.stderr


def test_a_word_in_the_place_of_a_number_is_called_so() -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "abc"])
    assert result.exit_code == 2
    assert "'abc' is not a valid integer." in result.stderr


@pytest.mark.anyio
async def test_a_wrong_token_is_refused_in_the_callers_language(
    hub: Command, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("hub_wrong\n", encoding="utf-8")
    for language, word in (("nl", "token"), ("en", "token")):
        words = [*WORDS, "--token-file", file, "--language", language]
        result = await hub("buurtwerk", *words)
        assert result.exit_code == 1
        assert "UNAUTHENTICATED" in result.stderr and word in result.stderr
        assert "Error:" not in result.stderr


@pytest.mark.anyio
async def test_a_token_from_a_file_is_as_good(world: World, hub: Command, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(world.cluster.tokens["corporatie-a"] + "\n", encoding="utf-8")
    assert said(await hub("buurtwerk", *WORDS, "--token-file", file)) == "[]\n"
