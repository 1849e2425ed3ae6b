# SPDX-License-Identifier: EUPL-1.2
"""What the embedded database tells people while it starts, restarts or waits."""

import logging
import time
from collections.abc import Callable

from hub.database.errors import EmbeddedError, Language

TEXTS: dict[str, dict[Language, str]] = {
    "using": {
        "nl": "Ingebouwde database: PostgreSQL {version} ({source}), gegevens in {folder}. "
        "Dit is de standaard voor ontwikkeling; voor productie is er DATABASE_URL.",
        "en": "Embedded database: PostgreSQL {version} ({source}), data in {folder}. "
        "This is the development default; for production there is DATABASE_URL.",
    },
    "creating": {
        "nl": "De database wordt voor het eerst aangemaakt.",
        "en": "The database is being created for the first time.",
    },
    "leftover": {
        "nl": "De vorige database-server (proces {pid}) stopt nog ({seconds:.0f} s).",
        "en": "The previous database server (process {pid}) is still stopping ({seconds:.0f} s).",
    },
    "starting": {
        "nl": "De database start, of herstelt zich na een storing ({seconds:.0f} s).",
        "en": "The database is starting, or recovering from a crash ({seconds:.0f} s).",
    },
    "died": {
        "nl": "De database is onverwacht gestopt en wordt opnieuw gestart.",
        "en": "The database stopped unexpectedly and is being restarted.",
    },
    "retrying": {
        "nl": "De database start nog niet ({reason}); de hub blijft het proberen.",
        "en": "The database does not start yet ({reason}); the hub keeps trying.",
    },
    "back": {
        "nl": "De database werkt weer.",
        "en": "The database works again.",
    },
}


def log_progress(text: str) -> None:
    """Where progress goes when the caller gives no place for it."""
    logging.getLogger("hub.database").info(text)


class Progress:
    """Tells one listener in one language."""

    def __init__(self, report: Callable[[str], None], language: Language) -> None:
        self._report = report
        self._language = language

    def tell(self, name: str, **params: object) -> None:
        """Reports one of TEXTS."""
        self._report(TEXTS[name][self._language].format(**params))

    def tell_error(self, error: EmbeddedError) -> None:
        """Reports a fault that does not stop the hub."""
        self._report(error.text(self._language))

    def every(self, seconds: float) -> "Waiting":
        """For a loop that waits: reports no more often than this."""
        return Waiting(self, seconds)


class Waiting:
    """Counts how long something takes, from when it was made."""

    def __init__(self, progress: Progress, every: float) -> None:
        self._progress = progress
        self._every = every
        self._since = time.monotonic()
        self._next = self._since + every

    def tell(self, name: str, **params: object) -> float:
        """Reports when it is time to; answers the seconds waited so far."""
        now = time.monotonic()
        seconds = now - self._since
        if now >= self._next:
            self._next = now + self._every
            self._progress.tell(name, seconds=seconds, **params)
        return seconds
