# SPDX-License-Identifier: EUPL-1.2
"""The schema, joined from its parts. `python -m schema.build` prints it; schema/schema.graphql is
that print, committed.
"""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.batch import value_of
from schema.access import AccessQuery
from schema.agreement_templates import TemplateQuery
from schema.agreements_write import AgreementMutations
from schema.contributions import CONTRIBUTIONS
from schema.counts_submit import CountsMutations
from schema.datasets import DatasetMutations
from schema.explanation import ExplanationQuery
from schema.joining import join
from schema.ledger import LedgerQuery
from schema.offboarding import OffboardingMutations
from schema.onboarding import OnboardingMutations
from schema.processing import ProcessingMutations, ProcessingQuery
from schema.push import PushMutations, PushQuery
from schema.query import GroundQuery
from schema.receipt_mutations import ReceiptMutations
from schema.scalars import SCALARS
from schema.simulation import SimulationQuery
from schema.upload import SheetMutations

Query = join(
    "Query",
    "What can be asked.",
    GroundQuery,
    AccessQuery,
    ExplanationQuery,
    SimulationQuery,
    PushQuery,
    LedgerQuery,
    ProcessingQuery,
    TemplateQuery,
)
Mutation = join(
    "Mutation",
    "What can be done. Every mutation has one input; what its caller can mend comes back in "
    "`errors`, and nothing else changed. What decides on an agreement or lets a partner stop comes "
    "last in its operation.",
    PushMutations,
    SheetMutations,
    ReceiptMutations,
    *(contribution.mutation_part for contribution in CONTRIBUTIONS),
    CountsMutations,
    AgreementMutations,
    DatasetMutations,
    ProcessingMutations,
    OffboardingMutations,
    OnboardingMutations,
)


@cache
def build() -> strawberry.Schema:
    """The schema of the hub."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[contribution.record_type for contribution in CONTRIBUTIONS],
        config=StrawberryConfig(
            default_resolver=value_of, scalar_map=SCALARS, disable_field_suggestions=True
        ),
    )


if __name__ == "__main__":
    print(build().as_str())
