# SPDX-License-Identifier: EUPL-1.2
"""What the hub writes down about its own work: an event with fields, one line each.

Promises: a line holds names, codes, counts, times and the organisation's id; never a value of a
record, a token, a variable or the text of a document. A fault is told by the types of its
exceptions and the places where they passed, without their messages, because a message of the
database or of Python may quote a value.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import orjson

from hub.settings import LogFormat

FRAMES = 25


def event(logger: logging.Logger, level: int, name: str, **fields: object) -> None:
    """Write one event; `fields` are what the module's promise allows."""
    logger.log(level, name, extra={"fields": fields})


def configure(
    log_format: LogFormat, stream: TextIO = sys.stderr, *, worker: int | None = None
) -> None:
    """Send the hub's events, and warnings of libraries, to `stream` in one format; each says which
    `worker` wrote it, where there are several.
    """
    handler = logging.StreamHandler(stream)
    if worker is not None:
        handler.addFilter(_Signing(worker))
    handler.setFormatter(JsonLines() if log_format == "json" else ForPeople())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("hub").setLevel(logging.INFO)
    # tells once a second, with a traceback, that the database is away: the hub says so itself
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)


class _Signing(logging.Filter):
    """Puts the number of the worker in each event that passes."""

    def __init__(self, worker: int) -> None:
        super().__init__()
        self._worker = worker

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass, signed."""
        record.__dict__["fields"] = {"worker": self._worker, **_fields(record)}
        return True


def places(error: BaseException) -> list[str]:
    """How `error` came about: types and places, the cause first, no messages."""
    return [line for cause in _causes(error) for line in _told(cause)]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return reversed(seen)


def _told(error: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(error.__traceback__)[-FRAMES:]:
        yield f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
    yield f"{type(error).__module__}.{type(error).__qualname__}"


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """An event's own fields; a library's record gives where it came from instead of its values."""
    if "fields" in record.__dict__:
        own: dict[str, object] = record.__dict__["fields"]
        return own
    if record.exc_info and record.exc_info[1]:
        return {"places": places(record.exc_info[1])}
    return {}


def _message(record: logging.LogRecord) -> str:
    """The event's name; of a library the first line of its message, not filled in.

    What a library would fill in, or adds on further lines, may be a value.
    """
    return str(record.msg).partition("\n")[0]


class JsonLines(logging.Formatter):
    """A JSON object a line: time (UTC), level, logger, event, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without a line end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
            **_fields(record),
        }
        return orjson.dumps(line, default=str).decode()


class ForPeople(logging.Formatter):
    """Time, event and fields on a line, for a person; the places of a fault on their own lines."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several for a fault."""
        fields = dict(_fields(record))
        places_ = fields.pop("places", ())
        when = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        shown = " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
        head = f"{when} {record.levelname.lower():7} {_message(record)} {shown}".rstrip()
        return "\n    ".join([head, *map(str, places_ if isinstance(places_, list) else ())])
