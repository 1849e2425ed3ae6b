# SPDX-License-Identifier: EUPL-1.2
"""The money of a wijk: what the council granted, and what became of it.

The type is here so that screens can be written against it; budgets themselves come in a later
version of the hub. Until then there is none.
"""

from __future__ import annotations

import strawberry

from schema.scalars import Cents

LATER = "Budgets come in a later version of the hub; until then there is none."


@strawberry.type(description=f"The money of a wijk in one year. {LATER}")
class Budget:
    year: int
    granted: Cents = strawberry.field(description="What the council granted.")
    allocated: Cents = strawberry.field(description="What is set aside for a goal or a plan.")
    spent: Cents = strawberry.field(description="What was paid.")
    accounted: Cents = strawberry.field(description="Of what was paid: what was accounted for.")


@strawberry.type
class BudgetOfWijk:
    """What budgets add to a wijk."""

    @strawberry.field(description=f"The money of this wijk in a year. {LATER}")
    def budget(self, year: int) -> Budget | None:
        return None
