# SPDX-License-Identifier: EUPL-1.2
"""Templates of agreements, and the draft that one becomes for partners and wijken."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers.batch import Batch
from resolvers.context import Context
from resolvers.templates import draft_for, template_of, templates
from resolvers.wijken import WIJK, wijk_of_code
from schema.enums import Category, OrganisationKind, Precision
from schema.fields import loaded, loaded_each
from schema.ids import decode_as
from schema.kind import Kind
from schema.organisation import Organisation
from schema.texts import label

if TYPE_CHECKING:
    from schema.wijk import Wijk


@strawberry.type(description="What organisations of some kinds show those of others.")
class TemplateRule:
    givers: list[OrganisationKind] = strawberry.field(description="Whose records are shared.")
    receivers: list[OrganisationKind] = strawberry.field(description="Who sees them.")
    kind: Kind
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
    min_cell: int = strawberry.field(description="The smallest number that may be published.")


@strawberry.type(
    description="An agreement that many make: it lacks parties, wijken and days. Nothing is in "
    "force by it; a draft of it can be changed and is proposed like any other."
)
class AgreementTemplate:
    code: str
    months: int = strawberry.field(description="How long it is in force, if no day is given.")
    purpose: str = strawberry.field(description="{wijken} becomes the names of the wijken.")
    legal_basis: str
    interest: str = strawberry.field(
        description="Said where the police show something: which weighty public interest (Wpg)."
    )
    partnership: str = strawberry.field(
        description="Said where the police show something: for which partnership (Wpg)."
    )
    conditions: str = strawberry.field(
        description="Said where the police show something: on which conditions (Wpg)."
    )
    rules: list[TemplateRule] = strawberry.field(
        description="What it asks of each kind of organisation."
    )

    @strawberry.field(description="What people call it.")
    def title(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        return label(f"template.{root['code']}", info.context.language)

    @strawberry.field(description="For what it is meant, and what it asks of who takes part.")
    def description(root: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> str:
        return label(f"template_about.{root['code']}", info.context.language)


@strawberry.type(description="A rule of a draft, as AgreementRuleInput takes it.")
class DraftRule:
    provider: Organisation = loaded(
        Batch("organisations_by_id", "provider", "one"), "Whose records are shared."
    )
    receiver: Organisation = loaded(
        Batch("organisations_by_id", "receiver", "one"), "Who sees them."
    )
    wijken: list[Annotated[Wijk, strawberry.lazy("schema.wijk")]] = loaded_each(
        WIJK, "wijken", "Of which wijken: those where the provider works."
    )
    kind: Kind
    category: Category | None
    fields: list[str] = strawberry.field(
        description="What is shown besides what the precision always shows."
    )
    precision: Precision
    keep_days: int = strawberry.field(
        description="How many days after recording a record stays visible."
    )
    min_cell: int = strawberry.field(description="The smallest number that may be published.")
    includes_past: bool = strawberry.field(
        description="Whether records from before the agreement are shared too."
    )


@strawberry.type(description="What a template becomes: to be read, changed and then proposed.")
class AgreementDraft:
    title: str
    purpose: str
    legal_basis: str
    contact: str = strawberry.field(
        description="Of the caller's organisation; empty when it has none: fill it in."
    )
    dpia: str | None
    interest: str | None = strawberry.field(
        description="If the police show something: which weighty public interest (Wpg)."
    )
    partnership: str | None = strawberry.field(
        description="If the police show something: for which partnership (Wpg)."
    )
    conditions: str | None = strawberry.field(
        description="If the police show something: on which conditions (Wpg)."
    )
    valid_from: date = strawberry.field(name="from", description="The first day.")
    valid_until: date = strawberry.field(name="until", description="The last day.")
    rules: list[DraftRule]


@strawberry.type
class TemplateQuery:
    """What templates add to the roots of queries."""

    @strawberry.field(description="The templates of agreements, the same for everybody.")
    def agreement_templates(self) -> list[AgreementTemplate] | None:
        return [asdict(each) for each in templates().values()]  # type: ignore[misc]

    @strawberry.field(
        description="A template made into a draft between the caller's organisation and partners: "
        "a rule for each pair that the template is about, in the wijken where who gives works. "
        "Proposes nothing."
    )
    async def draft_agreement(
        self,
        info: strawberry.Info[Context, None],
        template: str,
        partners: list[strawberry.ID],
        wijken: list[str],
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: date | None = None,
    ) -> AgreementDraft | None:
        context = info.context
        ids = [decode_as("Organisation", each, "partners") for each in partners]
        places = [await wijk_of_code(context, code, None) for code in dict.fromkeys(wijken)]
        draft: Any = await draft_for(
            context, template_of(template, "template"), ids, places, from_, until
        )
        return asdict(draft)  # type: ignore[return-value]
