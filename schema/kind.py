# SPDX-License-Identifier: EUPL-1.2
"""The list of kinds of record, made from the registry. Who stands below the registry names it with
`strawberry.lazy("schema.kind")`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import strawberry

from schema.contributions import CONTRIBUTIONS

if TYPE_CHECKING:

    class Kind(StrEnum):
        """As type checkers see it: without its values."""

else:
    Kind = strawberry.enum(
        StrEnum("Kind", {each.kind.name: each.kind.name for each in CONTRIBUTIONS}),
        description="The kinds of record that partners contribute.",
    )

__all__ = ["Kind"]
