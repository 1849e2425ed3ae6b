# SPDX-License-Identifier: EUPL-1.2
"""API tokens: `Authorization: Bearer hub_…` → principal.

A principal is remembered for a second, so that a busy partner costs one look-up a second and a
revocation is seen within it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers

from resolvers.tokens import digest_of_token, is_well_formed
from sql.errors import Refusal
from sql.principal import Principal
from sql.session import Database, Record

REMEMBERED_SECONDS = 1.0
_ROOM = 4096


class TokenAdapter:
    """Looks up bearer tokens in the database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def __call__(self, headers: Headers) -> Principal:
        """Whose request this is. Refuses (UNAUTHENTICATED) whatever is not a token in force, all
        alike.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_well_formed(token.strip()):
            raise Refusal("UNAUTHENTICATED")
        return await self._principal(digest_of_token(token.strip()))

    async def _principal(self, digest: bytes) -> Principal:
        now = self._clock()
        remembered = self._known.get(digest)
        if remembered is not None and now - remembered[0] < REMEMBERED_SECONDS:
            return remembered[1]
        self._known.pop(digest, None)
        rows = await self._database.call("principal_of_token", digest)
        if not rows:
            raise Refusal("UNAUTHENTICATED")
        principal = _principal_of(rows[0])
        self._known[digest] = (now, principal)
        if len(self._known) > _ROOM:
            self._known.popitem(last=False)
        return principal


def _principal_of(row: Record) -> Principal:
    return Principal(
        gemeente=row["gemeente"],
        organisation=row["organisation"],
        actor=row["actor"],
        kind=row["holder"],
        roles=frozenset(row["roles"]),
        scopes=frozenset(row["scopes"]),
        expires_at=row["expires_at"],
    )
