# SPDX-License-Identifier: EUPL-1.2
"""The registry: every kind of record that partners contribute, in one explicit tuple. A new kind is
one more name.
"""

from __future__ import annotations

from schema.contribution import ContributionKind
from schema.contributions.signals import CONTRIBUTION as SIGNALS

CONTRIBUTIONS: tuple[ContributionKind, ...] = (SIGNALS,)

BY_KIND = {contribution.kind: contribution for contribution in CONTRIBUTIONS}
BY_TYPENAME = {contribution.record_type.__name__: contribution for contribution in CONTRIBUTIONS}
ROW_TYPES = frozenset().union(*(contribution.row_types for contribution in CONTRIBUTIONS))
"""The inputs whose lists are checked row by row, so that one bad row does not fail a push."""
