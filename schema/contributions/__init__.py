# SPDX-License-Identifier: EUPL-1.2
"""The registry: every kind of record that partners contribute, in one explicit tuple. A new kind is
one more name.
"""

from __future__ import annotations

from schema.contributions.activities import CONTRIBUTION as ACTIVITIES
from schema.contributions.counts import CONTRIBUTION as COUNTS
from schema.contributions.enforcement_actions import CONTRIBUTION as ENFORCEMENT_ACTIONS
from schema.contributions.housing_projects import CONTRIBUTION as HOUSING_PROJECTS
from schema.contributions.police_notices import CONTRIBUTION as POLICE_NOTICES
from schema.contributions.signals import CONTRIBUTION as SIGNALS
from schema.parts import ContributionKind
from schema.texts import learn

CONTRIBUTIONS: tuple[ContributionKind, ...] = (
    SIGNALS,
    ACTIVITIES,
    ENFORCEMENT_ACTIONS,
    POLICE_NOTICES,
    HOUSING_PROJECTS,
    COUNTS,
)  # fmt: skip

BY_KIND = {contribution.kind.name: contribution for contribution in CONTRIBUTIONS}
BY_TYPENAME = {contribution.typename: contribution for contribution in CONTRIBUTIONS}
KINDS = {contribution.kind.name: contribution.kind for contribution in CONTRIBUTIONS}
ROW_TYPES = frozenset(contribution.row_type.__name__ for contribution in CONTRIBUTIONS)
"""The inputs whose lists are checked row by row, so that one bad row does not fail a push."""

for contribution in CONTRIBUTIONS:
    learn(contribution.words)
