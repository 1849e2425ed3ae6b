# SPDX-License-Identifier: EUPL-1.2
"""Who asks: one shape, whatever the way in. Adapters in `hub.identity` produce it; authorisation
never sees a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID

Role: TypeAlias = Literal["ADMINISTRATOR", "COUNCIL", "PRIVACY_OFFICER", "WIJKREGISSEUR"]
"""What an asker can be within its organisation (hub.tokens lists the same)."""
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated asker.

    `gemeente` is a CBS code (GM0637), `actor` names the person or machine within the organisation,
    `scopes` are what the credential may do (read, write), `expires_at` when it stops being valid.
    """

    gemeente: str
    organisation: UUID
    actor: str
    kind: Literal["person", "machine"]
    roles: frozenset[str]
    scopes: frozenset[str]
    expires_at: datetime
