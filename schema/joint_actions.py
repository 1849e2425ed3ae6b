# SPDX-License-Identifier: EUPL-1.2
"""Joint actions: what partners do together, one step per organisation.

Their types are here so that screens can be written against them; the actions themselves come in a
later version of the hub. Until then every list of them is empty.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers.batch import Batch
from resolvers.paging import page_of, page_size
from schema.enums import Category
from schema.fields import loaded
from schema.node import Connection
from schema.organisation import Organisation

if TYPE_CHECKING:
    from schema.overview import Count

LATER = "Joint actions come in a later version of the hub; until then there are none."


@strawberry.enum(description="How far a step of a joint action is.")
class StepStatus(StrEnum):
    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    BLOCKED = "BLOCKED"
    CANCELLED = "CANCELLED"


@strawberry.type(description=f"What one organisation does in a joint action. {LATER}")
class ActionStep:
    id: strawberry.ID = strawberry.field(description="Opaque and lasting.")
    organisation: Organisation = loaded(
        Batch("organisations_by_id", "organisation", "one"), "Who does it, and alone may change it."
    )
    title: str = strawberry.field(description="What is to be done.")
    due: date | None = strawberry.field(description="The last day on which it is on time.")
    status: StepStatus = strawberry.field(description="How far it is.")
    outcome: str | None = strawberry.field(description="What came of it.")
    version: int = strawberry.field(description="To be given back with a change.")


@strawberry.type(description=f"What a plan wants to reach, as a number. {LATER}")
class Goal:
    text: str = strawberry.field(description="What is to be reached.")
    target: int = strawberry.field(description="The number to reach.")
    now: Annotated[Count, strawberry.lazy("schema.overview")] | None = strawberry.field(
        description="The published number."
    )


@strawberry.type(description=f"What partners do together about one theme in one wijk. {LATER}")
class JointAction:
    id: strawberry.ID = strawberry.field(description="Opaque and lasting.")
    title: str = strawberry.field(description="What it is for.")
    theme: Category = strawberry.field(description="What it is about.")
    lead: Organisation = loaded(
        Batch("organisations_by_id", "lead", "one"), "Who sees to it that the action ends well."
    )
    participants: list[Organisation] = strawberry.field(description="Who may see it.")
    steps: list[ActionStep] = strawberry.field(description="One or more per participant.")
    goal: Goal | None = strawberry.field(description="Which goal it serves.")
    outcome: str | None = strawberry.field(description="What came of it; null while it is open.")
    closed_on: date | None = strawberry.field(description="The day on which it was closed.")
    version: int = strawberry.field(description="To be given back with a change.")


@strawberry.type(description=f"A page of joint actions. {LATER}")
class JointActionConnection(Connection[JointAction]):
    total: int = strawberry.field(description="How many the caller can page through.")


@strawberry.type
class ActionsOfWijk:
    """What joint actions add to a wijk."""

    @strawberry.field(
        description=f"The joint actions of this wijk that the caller may see. {LATER}"
    )
    def actions(
        root: strawberry.Parent[Any],
        theme: Category | None = None,
        open: bool | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> JointActionConnection | None:
        return page_of((), page_size(first), after, str, total=0)  # type: ignore[return-value]
