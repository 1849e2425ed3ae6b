# SPDX-License-Identifier: EUPL-1.2
"""Agreements (convenanten), as their parties see them. Who is not a party sees nothing of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.batch import Batch
from schema.enums import AgreementState, Category, Precision
from schema.fields import global_id, loaded, loaded_rows
from schema.node import Node
from schema.organisation import ORGANISATION, Organisation

if TYPE_CHECKING:
    from schema.kind import Kind
    from schema.wijk import Wijk

AGREEMENT = Batch("agreements_by_id", returns="one")
RULES = Batch("rules_of_agreements")
PARTIES = Batch("parties_of_agreements")
ACCEPTED = Batch("accepted_by_of_agreements")
WAITING = Batch("waiting_for_of_agreements")
WIJKEN_OF_RULES = Batch("wijken_of_rules", key="rule_key")
WIJK = Batch("wijken_by_id", returns="one")


@strawberry.type(
    description="What one party shows another: of which wijken, kind and category, how exactly, "
    "and for how long."
)
class AgreementRule:
    provider: Organisation = loaded(
        Batch("organisations_by_id", "provider", "one"), "Whose records are shared."
    )
    receiver: Organisation = loaded(
        Batch("organisations_by_id", "receiver", "one"), "Who sees them."
    )
    wijken: list[Annotated[Wijk, strawberry.lazy("schema.wijk")]] = loaded_rows(
        WIJKEN_OF_RULES, WIJK, "Of which wijken."
    )
    kind: Annotated[Kind, strawberry.lazy("schema.kind")]
    category: Category | None = strawberry.field(
        description="Only this category; null: every category."
    )
    fields: list[str] = strawberry.field(
        description="What is shown besides what the precision always shows."
    )
    precision: Precision
    keep_days: int = strawberry.field(
        description="How many days after recording a record stays visible."
    )
    min_cell: int = strawberry.field(
        description="The smallest number that may be published from these records."
    )
    includes_past: bool = strawberry.field(
        description="Whether records from before the agreement are shared too."
    )
    alone: bool = strawberry.field(
        description="Whether numbers under this rule may be of the provider alone."
    )


@strawberry.type(
    description="A convenant: in force when every party has accepted its version and today lies "
    "in its term."
)
class Agreement(Node):
    id: strawberry.ID = global_id("Agreement")
    version: int = strawberry.field(description="To be given back with a decision on it.")
    state: AgreementState
    title: str
    parties: list[Organisation] = loaded_rows(PARTIES, ORGANISATION, "Who agrees.")
    purpose: str
    legal_basis: str
    valid_from: date = strawberry.field(name="from", description="The first day.")
    valid_until: date = strawberry.field(name="until", description="The last day.")
    rules: list[AgreementRule] = loaded(RULES, "What is shared.")
    accepted_by: list[Organisation] = loaded_rows(
        ACCEPTED, ORGANISATION, "Which parties have accepted this version."
    )
    waiting_for: list[Organisation] = loaded_rows(
        WAITING, ORGANISATION, "Which parties have yet to accept it."
    )
    contact: str | None
    dpia: str | None
