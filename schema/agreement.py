# SPDX-License-Identifier: EUPL-1.2
"""Agreements (convenanten), as their parties see them. Who is not a party sees nothing of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers.agreements import AGREEMENT, NEWER_VERSION
from resolvers.batch import Batch
from resolvers.context import Context
from schema.enums import AgreementState, AgreementVerdict, Category, ControllerRole, Precision
from schema.errors import UserError, user_error
from schema.fields import global_id, loaded, loaded_rows
from schema.node import Node
from schema.organisation import ORGANISATION, Organisation
from schema.public_text import public_text
from sql.errors import Refusal

if TYPE_CHECKING:
    from schema.kind import Kind
    from schema.wijk import Wijk

VERSIONS = Batch("versions_of_agreements")
RULES = Batch("rules_of_agreements", key="version_key")
PARTIES = Batch("parties_of_agreements", key="version_key")
ACCEPTED = Batch("accepted_by_of_agreements", key="version_key")
WAITING = Batch("waiting_for_of_agreements", key="version_key")
CONTROLLERS = Batch("controllers_of_agreements", key="version_key")
DECISIONS = Batch("decisions_of_agreements", key="version_key")
ENDS_IN = {60: "AGREEMENT_ENDS_IN_60", 30: "AGREEMENT_ENDS_IN_30", 7: "AGREEMENT_ENDS_IN_7"}
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


@strawberry.type(description="How a party answers for the data.")
class AgreementController:
    organisation: Organisation = loaded(
        Batch("organisations_by_id", "organisation", "one"), "Which party."
    )
    role: ControllerRole = strawberry.field(description="On whose behalf.")


@strawberry.type(description="What a party decided on a version of an agreement.")
class AgreementDecision:
    organisation: Organisation = loaded(
        Batch("organisations_by_id", "organisation", "one"), "Which party."
    )
    decision: AgreementVerdict = strawberry.field(description="What it decided.")
    on_day: date = strawberry.field(name="on", description="The day.")
    signed_by: str | None = strawberry.field(description="The function of who signed, not a name.")
    reason: str | None = strawberry.field(description="Why, in its own words.")
    document: str | None = strawberry.field(
        description="Where the signed document is: a reference, or an https address."
    )


@strawberry.type(
    description="A convenant: in force when every party has accepted its version and today lies "
    "in its term. By its id it is the version in force, else the newest that the caller may read. "
    "A newer version comes in its place when all its parties have accepted it and its first day "
    "is there."
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
    decisions: list[AgreementDecision] = loaded(
        DECISIONS, "What was decided on this version, in order."
    )
    contact: str | None
    controllers: list[AgreementController] = loaded(CONTROLLERS, "Which parties answer for what.")
    dpia: str | None = strawberry.field(description="The assessment of risks (DPIA), in words.")
    dpia_on: date | None = strawberry.field(description="The day of that assessment.")
    interest: str | None = strawberry.field(
        description="Of a sharing decision of the police (Wpg): which weighty public interest."
    )
    partnership: str | None = strawberry.field(
        description="Of a sharing decision of the police (Wpg): for which partnership."
    )
    conditions: str | None = strawberry.field(
        description="Of a sharing decision of the police (Wpg): on which conditions."
    )
    publish: bool = strawberry.field(
        description="Whether every partner of the gemeente may know of it while it is in force."
    )
    proposed_version: Annotated[Agreement, strawberry.lazy("schema.agreement")] | None = loaded(
        NEWER_VERSION, "A newer version that is proposed, or accepted and yet to begin."
    )
    versions: list[Annotated[Agreement, strawberry.lazy("schema.agreement")]] = loaded(
        VERSIONS, "Every version to which the caller's organisation is a party, newest first."
    )
    decide_by: date | None = strawberry.field(
        description="The last day on which the parties can accept a proposal: 90 days after it was "
        "made, or the last day of its term. After that it lapses. Null for what is not open."
    )
    ends_in: int | None = strawberry.field(
        description="In how many days the last day of the version in force comes; 0 is today."
    )

    @strawberry.field(
        description="That it ends within 60, 30 or 7 days and nothing comes after it for the "
        "caller, and what to do."
    )
    def warning(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> UserError | None:
        if root["threshold"] is None:
            return None
        ends = Refusal(ENDS_IN[root["threshold"]], days=root["ends_in"])
        return user_error(ends, info.context.language)

    @strawberry.field(
        description="What it says in plain words, for people who are no party: the text that every "
        "partner of the gemeente reads if it is published."
    )
    async def public_text(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> str:
        rules = await info.context.loaders.load(RULES, root["version_key"])
        return await public_text(info.context, root, rules)


@strawberry.type(
    description="What every partner of the gemeente may know of an agreement in force that its "
    "parties published."
)
class PublishedAgreement:
    title: str

    @strawberry.field(description="Who agrees, by name.")
    async def parties(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> list[Organisation]:
        rows = await info.context.loaders.load_many(ORGANISATION, root["parties"])
        return sorted(rows, key=lambda row: (row["name"], row["id"]))

    purpose: str
    legal_basis: str
    valid_from: date = strawberry.field(name="from", description="The first day.")
    valid_until: date = strawberry.field(name="until", description="The last day.")

    @strawberry.field(
        description="Who shows whom what, how exactly, why and until when; where the police show "
        "something, also what they weighed."
    )
    async def public_text(
        root: strawberry.Parent[Any], info: strawberry.Info[Context, None]
    ) -> str:
        return await public_text(info.context, root, root["rules"])


__all__ = ["AGREEMENT", "Agreement", "PublishedAgreement"]
