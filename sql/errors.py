# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong on the way to the database, in the hub's own terms.

A `Refusal` is something that a caller caused and can mend: it carries a stable code and the values
that its message needs, never a sentence (those are in the catalogue of texts) and never a message
of the database. `Unavailable` is something that time mends. Everything else is a fault of the hub
and is masked before it reaches a caller.
"""

from __future__ import annotations

import asyncpg


class Refusal(Exception):
    """A caller asked for what it may not or cannot have."""

    def __init__(self, code: str, /, *, path: tuple[str | int, ...] = (), **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.path = path
        self.params = params

    def under(self, *path: str | int) -> Refusal:
        """The same refusal, its path seen from further up."""
        return Refusal(self.code, path=(*path, *self.path), **self.params)


class Unavailable(Exception):
    """The database cannot be reached, or has no room for one more; the same request may succeed
    shortly.
    """


class Ended(Exception):
    """The transaction is over: the operation that it was for does not wait for this any more."""


# What the database decides, by SQLSTATE or by the name of the constraint that refused. A constraint
# that is not named here should have been checked before: its failure is a fault of the hub, masked
# as such.
_BY_STATE = {
    "HB001": "ALREADY_DECIDED",  # these two by hub.check_decision()
    "HB014": "PROPOSAL_LAPSED",
    "HB011": "NOTHING_TO_REPLACE",  # these three by hub.number_version()
    "HB012": "VERSION_WAITS",
    "HB013": "PROPOSAL_OPEN",
    "HB021": "TOO_MANY_PARTNERS",  # raised by hub.onboard_partner()
    "HB038": "UNKNOWN_RETENTION",  # these two by hub.check_retention()
    "HB040": "RETENTION_NOT_ALLOWED",
    "HB039": "OFFBOARDING_REFUSED",  # these two by hub.offboard()
    "HB041": "UNKNOWN_ORGANISATION",
    "40001": "CONFLICT",
    "40P01": "BUSY",
    "55P03": "BUSY",
}
# What a check before the write cannot see: that a row of the same delivery, which would have made
# room for another, is not written after all; what somebody else wrote meanwhile; or what day it is
# to the database.
_BY_CONSTRAINT = {
    "counts_one_per_cell": "DOUBLE_CELL",
    "counts_unmixed": "MIXED_CELLS",
    "organisations_gemeente_slug_key": "NAME_TAKEN",
    "organisation_wijken_check": "LAST_DAY_TOO_EARLY",
}
_NOT_ALLOWED = "42501"
_TIMED_OUT = "57014"
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the state that a server leaves behind that went away midway
    ConnectionError,
    OSError,
)
FROM_DRIVER = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""Whatever the driver raises; `translated` says what it means."""

_NO_ROOM = ("53100", "53200", "53300")


def translated(error: BaseException) -> BaseException:
    """The hub's own error for a driver's error; any other error as it is."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state == _NOT_ALLOWED and "row-level security" in error.message:
            # a policy's WITH CHECK: the only one that a checked write can meet is the term in a
            # wijk
            return Refusal("NOT_YOUR_WIJK")
        if state in _BY_STATE:
            return Refusal(_BY_STATE[state])
        if error.constraint_name in _BY_CONSTRAINT:
            return Refusal(_BY_CONSTRAINT[error.constraint_name])
        if isinstance(error, asyncpg.DataError):
            return Refusal(
                "BAD_VALUE"
            )  # a value that no column could hold, such as of a made-up cursor
        if state == _TIMED_OUT:
            return Refusal("TIMEOUT")
        if state in _NO_ROOM or isinstance(error, _AWAY):
            return Unavailable(type(error).__name__)
        return error
    return Unavailable(type(error).__name__) if isinstance(error, _AWAY) else error
