# SPDX-License-Identifier: EUPL-1.2
"""Ids that tell nothing but a day.

UUIDv8 (RFC 9562): six bytes that hold the day since 1970, the rest random. The day keeps an index
local; a time or a sequence would tell when, or how much, an organisation records.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID

_EPOCH = date(1970, 1, 1)

RandomBytes = Callable[[int], bytes]


class IdSource:
    """Makes ids from one source of randomness, so that a test can make every id predictable."""

    def __init__(self, random_bytes: RandomBytes = os.urandom) -> None:
        self._random_bytes = random_bytes

    def new_id(self, day: date) -> UUID:
        """A new UUIDv8 that carries `day`, of the class that ids have when they are read."""
        number = (day - _EPOCH).days << 80 | int.from_bytes(self._random_bytes(10), "big")
        number = number & ~(0xF << 76) | (8 << 76)  # version 8
        number = number & ~(0x3 << 62) | (0x2 << 62)  # variant of RFC 9562
        return DriverUUID(number.to_bytes(16, "big"))
