# SPDX-License-Identifier: EUPL-1.2
"""The file of a backup: a zip with `hub.dump`, as pg_dump wrote it, and `manifest.json`, which says
what is in it.

A zip has a checksum of each part, so damage is found; and whoever has the file can take the dump
out with any unzip, without the hub. It appears under its name when it is whole, and its owner alone
can read it.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from hub.files import half_of, whole_file
from sql.errors import Refusal
from sql.migrate import Applied

FORMAT = 1
DUMP, MANIFEST = "hub.dump", "manifest.json"
PIECE = 1 << 20
_TABLE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: when it was made, of which server, at which migration, and the rows of
    each table.
    """

    made_at: str
    server: int
    """The server's major version."""
    migrations: tuple[Applied, ...]
    rows: Mapping[str, int]

    def to_json(self) -> bytes:
        """As it stands in the file."""
        return orjson.dumps({"format": FORMAT} | _plain(self), option=orjson.OPT_INDENT_2)


def _plain(manifest: Manifest) -> dict[str, Any]:
    return {
        "made_at": manifest.made_at,
        "server": manifest.server,
        "migrations": [[m.number, m.name, m.checksum] for m in manifest.migrations],
        "rows": dict(manifest.rows),
    }


class Writing:
    """A backup that is being made, not yet under its name."""

    def __init__(self, half: Path, archive: zipfile.ZipFile) -> None:
        self.half = half
        self._archive = archive

    @contextmanager
    def dump(self) -> Iterator[IO[bytes]]:
        """Where the dump goes."""
        with self._archive.open(DUMP, "w", force_zip64=True) as part:
            yield part

    def finish(self, manifest: Manifest) -> None:
        """Adds what is in it, and closes the file."""
        self._archive.writestr(MANIFEST, manifest.to_json())
        self._archive.close()


@contextmanager
def writing(file: Path, replace: bool) -> Iterator[Writing]:
    """A new backup, which gets its name at the end; nothing is left of it when the body raises.

    Refuses (BACKUP_EXISTS) a name that is taken, unless it may be replaced.
    """
    if file.exists() and not replace:
        raise Refusal("BACKUP_EXISTS", file=file)
    with whole_file(file, "w+b") as raw:
        with zipfile.ZipFile(raw, "w") as archive:
            yield Writing(half_of(file), archive)
        raw.flush()
        os.fsync(raw.fileno())
    _keep_name(file.parent)


def _keep_name(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def manifest_of(file: Path) -> Manifest:
    """What a backup says that it holds.

    Refuses a file that is none (BACKUP_FOREIGN), that a newer hub made (BACKUP_NEWER), or that is
    damaged (BACKUP_DAMAGED).
    """
    with _damage_told(file), zipfile.ZipFile(file) as archive:
        if not {DUMP, MANIFEST} <= set(archive.namelist()):
            raise Refusal("BACKUP_FOREIGN", file=file)
        said = orjson.loads(archive.read(MANIFEST))
        if said["format"] != FORMAT:
            raise Refusal("BACKUP_NEWER", file=file)
        rows = {str(table): int(count) for table, count in said["rows"].items()}
        if not all(map(_TABLE.fullmatch, rows)):
            raise Refusal("BACKUP_FOREIGN", file=file)
        applied = tuple(Applied(*migration) for migration in said["migrations"])
        return Manifest(str(said["made_at"]), int(said["server"]), applied, rows)


def pieces_of(file: Path) -> Iterator[bytes]:
    """The dump of a backup, in pieces; refuses (BACKUP_DAMAGED) at the latest at its end."""
    with _damage_told(file), zipfile.ZipFile(file) as archive, archive.open(DUMP) as part:
        while piece := part.read(PIECE):
            yield piece


def check_whole(file: Path) -> None:
    """Reads all of a backup; refuses (BACKUP_DAMAGED) one that is not as it was written."""
    for _ in pieces_of(file):
        pass


@contextmanager
def _damage_told(file: Path) -> Iterator[None]:
    if not zipfile.is_zipfile(file):
        with suppress(OSError), file.open("rb") as raw:
            if raw.read(4) == b"PK\x03\x04":  # a zip cut short: its end is lost
                raise Refusal("BACKUP_DAMAGED", file=file)
        file.open("rb").close()  # not there, or not to be read: the system's own message
        raise Refusal("BACKUP_FOREIGN", file=file)
    try:
        yield
    except (zipfile.BadZipFile, EOFError, ValueError, KeyError, TypeError) as error:
        raise Refusal("BACKUP_DAMAGED", file=file) from error
