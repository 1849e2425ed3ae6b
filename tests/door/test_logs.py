# SPDX-License-Identifier: EUPL-1.2
"""What the hub writes down, in both formats, and what it never does."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from hub import logs
from hub.settings import LogFormat

SECRET = "Marie woont op nummer 7"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, hub = logging.getLogger(), logging.getLogger("hub")
    before = root.handlers[:], root.level, hub.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    hub.setLevel(before[2])


def written(log_format: LogFormat) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(log_format, stream)
    return stream


def fault() -> BaseException:
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError as error:
        return error


def test_an_event_is_a_line_of_json() -> None:
    stream = written("json")

    logs.event(logging.getLogger("hub.x"), logging.INFO, "operation", code="TIMEOUT", cost=7)

    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "hub.x",
        "event": "operation",
        "code": "TIMEOUT",
        "cost": 7,
    }


def test_each_line_of_a_worker_says_which_one_wrote_it() -> None:
    stream = io.StringIO()
    logs.configure("json", stream, worker=2)

    logs.event(logging.getLogger("hub.x"), logging.INFO, "operation", code="TIMEOUT")
    logging.getLogger("library").error("bad row %s", SECRET, exc_info=fault())

    own, library = map(json.loads, stream.getvalue().splitlines())
    assert (own["worker"], own["code"]) == (2, "TIMEOUT")
    assert library["worker"] == 2
    assert "builtins.RuntimeError" in library["places"]
    assert SECRET not in stream.getvalue()


def test_an_event_is_readable_for_people() -> None:
    stream = written("human")

    logs.event(logging.getLogger("hub.x"), logging.INFO, "operation", code=None, cost=7)

    assert stream.getvalue().endswith("info    operation cost=7\n")


def test_a_fault_tells_types_and_places_and_no_messages() -> None:
    for log_format in ("json", "human"):
        stream = written(log_format)
        logs.event(logging.getLogger("hub.x"), logging.ERROR, "fault", places=logs.places(fault()))
        assert "builtins.ValueError" in stream.getvalue()
        assert "test_logs.py:" in stream.getvalue()
        assert SECRET not in stream.getvalue()


def test_what_a_library_logs_has_no_values_either() -> None:
    for log_format in ("json", "human"):
        stream = written(log_format)
        logging.getLogger("library").error("bad row %s", SECRET, exc_info=fault())
        logging.getLogger("library").warning(f"future failed\n{SECRET}")
        assert "bad row %s" in stream.getvalue()
        assert "builtins.RuntimeError" in stream.getvalue()
        assert SECRET not in stream.getvalue()


def test_chatter_of_libraries_is_left_out() -> None:
    stream = written("json")

    logging.getLogger("library").info("hello")

    assert stream.getvalue() == ""
