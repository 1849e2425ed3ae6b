# SPDX-License-Identifier: EUPL-1.2
"""Arguments by which the owner of something is given it: what a path needs to lead anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, Undefined

from schema.contributions import CONTRIBUTIONS
from tests.isolation.matrix import WIJK, value_of, ways
from tests.isolation.play import named
from tests.isolation.sessions import Asking, global_id

LONG_AGO = "2026-01-01T00:00:00+01:00"
WEEK = "2026-W48"
DATASET = "rond-de-school"
CANARY, RECORD = named("canary"), named("canary record")
"""What the ids of the owner's agreement and receipt are made of, and its signal."""


@dataclass(slots=True)
class Aiming(Asking):
    """As Asking, of what must be given alone, and with the values that are aimed."""

    aims: Mapping[str, Any] = field(default_factory=dict)
    """By argument or field of an input."""

    def value(self, type_: Any, key: str) -> Any:
        """What is aimed; else lists of one, inputs with what they need, and a value at random."""
        if key in self.aims:
            return self.aims[key]
        if isinstance(type_, GraphQLList):
            return [self.value(type_.of_type, key)]
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self.value(one.type, f"{type_.name}.{name}")
                for name, one in type_.fields.items()
                if f"{type_.name}.{name}" in self.aims
                or (isinstance(one.type, GraphQLNonNull) and one.default_value is Undefined)
            }
        return Asking.value(self, type_, key)


def aims(owner: UUID, asker: UUID, once: str) -> dict[str, Any]:
    """The values that lead to something of the owner's; `once` is a name that is used once."""
    organisations = [global_id("Organisation", one) for one in (owner, asker)]
    record, receipt = global_id("Signal", RECORD), global_id("PushReceipt", CANARY)
    return {
        **dict(_of_records()),
        **_of_agreements(*organisations),
        "Query.pushReceipt.id": receipt,
        "CommitDryRunInput.receipt": receipt,
        "UndoPushInput.receipt": receipt,
        "ReportNothingInput.dataset": DATASET,
        "Query.readLedger.since": LONG_AGO,
        "Query.auditLog.since": LONG_AGO,
        "BreachInput.since": LONG_AGO,
        "ExplainInput.node": record,
        "WithdrawInput.id": record,
        "WithdrawInput.version": 1,
        "WithdrawInput.reason": "vergissing",
        "Delivery.dataset": once,
        "MarkDatasetInput.dataset": DATASET,
        "SubmitCountsInput.measure": "zorg",  # of another there is a record already
        "SubmitCountsInput.period": WEEK,
        "CountCell.wijk": WIJK,
        "CountCell.count": 12,
        "ProcessingActivityInput.code": once,
        "ProcessingActivityInput.name": "Toezicht",
        "OffboardInput.organisation": organisations[1],
        "OffboardInput.erase": True,
        "OnboardInput.name": once,
        "OnboardInput.kind": "CARE",
        "OnboardInput.wijken": [WIJK],
        "OnboardInput.contactEmail": "loket@partner.example",
        "OnboardInput.template": "basis-wijk",
    }


def _of_records() -> Iterator[tuple[str, Any]]:
    """Everything that must be given of a record that is reported, delivered or changed."""
    for each in CONTRIBUTIONS:
        table = each.kind.table
        record = RECORD if table == "signals" else named("canary", table)
        known = {"id": global_id(each.typename, record), "version": 1}
        for way in ways(each):
            for name, needed in way.fields().items():
                if needed and name not in ("externalId", "idempotencyKey"):
                    value = known[name] if name in known else value_of(way.typename, name)
                    yield f"{way.input}.{name}", value


def _of_agreements(provider: str, receiver: str) -> dict[str, Any]:
    """An agreement by which one shows the other all that it has, drafted or proposed."""
    return {
        "AgreementDecisionInput.id": global_id("Agreement", CANARY),
        "AgreementDecisionInput.version": 2,
        "Query.draftAgreement.template": "basis-wijk",
        "Query.draftAgreement.partners": [provider, receiver],
        "Query.draftAgreement.wijken": [WIJK],
        "AgreementInput.from": "2026-11-23",
        "AgreementInput.until": "2027-06-30",
        "AgreementRuleInput.provider": provider,
        "AgreementRuleInput.receiver": receiver,
        "AgreementRuleInput.wijken": [WIJK],
        "AgreementRuleInput.kind": "SIGNAL",
        "AgreementRuleInput.precision": "EXACT",
        "AgreementRuleInput.fields": ["summary"],
        "AgreementRuleInput.includesPast": True,
    }
