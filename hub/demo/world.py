# SPDX-License-Identifier: EUPL-1.2
"""Makes the demo's world: half a year of agreements and deliveries, through the public API.

The hub's clock moves along, so what the hub says of when something came in, who is late and what
was published is what really happened in it. The clock stands still during each call; who begins the
world sets it right at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from starlette.applications import Starlette
from strawberry.utils.str_converters import to_camel_case

from hub.daily import run_daily
from hub.demo.caller import Caller, Refused
from hub.demo.convenanten import Convenant, convenanten
from hub.demo.deliveries import (
    MAY_CLOSE,
    MAY_REJECT,
    Call,
    Counts,
    Night,
    Nothing,
    Push,
    Report,
    Update,
    calls,
)
from hub.demo.scene import GEMEENTE, ROLES
from resolvers.numbers.publishing import publish_due
from schema.contributions import BY_KIND
from schema.parts import plural_of
from sql.session import Database

# After how many steps the planner's idea of the tables would be far off.
STATISTICS_AFTER = frozenset({16, 40, 100, 200})

ORGANISATIONS = "query Partners { organisations { id name } }"

PROPOSE = """mutation Voorstel($in: AgreementInput!) {
  proposeAgreement(input: $in) { agreement { id version } errors { path code message } }
}"""
ACCEPT = """mutation Akkoord($in: AgreementDecisionInput!) {
  acceptAgreement(input: $in) { agreement { id } errors { path code message } }
}"""
REVOKE = """mutation Intrekken($in: AgreementDecisionInput!) {
  revokeAgreement(input: $in) { agreement { id } errors { path code message } }
}"""
# Of whatever kind, by the name of its list ("Signals") or of its type ("Signal").
PUSH = """mutation Aanlevering($in: Push{kind}Input!) {{
  push{kind}(input: $in) {{ id summary {{ outcome rows }} errors {{ path code message }} }}
}}"""
REPORT = """mutation WelDatNietWie($in: Report{kind}Input!) {{
  report{kind}(input: $in) {{ record: {field} {{ id version }} errors {{ path code message }} }}
}}"""
UPDATE = """mutation Bijwerken($in: UpdateSignalInput!) {
  updateSignal(input: $in) { signal { id } errors { path code message } }
}"""
SUBMIT = """mutation AlleenAantallen($in: SubmitCountsInput!) {
  submitCounts(input: $in) { accepted errors { path code message } }
}"""


async def make_world(
    app: Starlette,
    database: Database,
    owner: Database,
    tokens: Mapping[str, str],
    *,
    today: date,
    seed: str,
    report: Callable[[str], None],
) -> None:
    """Fills a database in which the scene is set, and leaves its clock at the start of `today`.

    `database` is the app's own (the role that serves), `owner` moves the clock. Raises `Refused`
    when the hub does not take what the demo delivers.
    """
    with _quiet():
        world = _World(Caller(app, tokens), database, owner)
        await world.meet_partners()
        month = ""
        for done, (at, step) in enumerate(_timeline(today, seed)):
            if f"{at:%Y-%m}" != month:
                month = f"{at:%Y-%m}"
                report(f"De demowereld: {month}")
            if done in STATISTICS_AFTER:
                await world.refresh_statistics()
            await world.at(at)
            await world.carry_out(step)


Step = Convenant | tuple[str, Convenant] | Call


def _timeline(today: date, seed: str) -> list[tuple[datetime, Step]]:
    """Everything that happens in the demo's world, in the order of time."""
    agreed = convenanten(today)
    steps: list[tuple[datetime, Step]] = [
        (convenant.proposed_at, convenant) for convenant in agreed
    ]
    steps += [
        (convenant.revoked_at, (convenant.revoked_by, convenant))
        for convenant in agreed
        if convenant.revoked_by is not None and convenant.revoked_at is not None
    ]
    steps += [(call.at, call) for call in calls(today, seed)]
    return sorted(steps, key=lambda step: step[0])


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a line in the log for each of some hundreds of operations that nobody asked for."""
    log = logging.getLogger("hub")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


class _World:
    """The demo's world while it is made: what later steps must know of earlier ones."""

    def __init__(self, caller: Caller, database: Database, owner: Database) -> None:
        self._caller = caller
        self._database = database
        self._owner = owner
        self._partners: dict[str, str] = {}
        self._agreements: dict[str, dict[str, Any]] = {}
        self._reports: dict[str, dict[str, Any]] = {}

    async def meet_partners(self) -> None:
        """Learns the ids of the partners, by the names of their tokens."""
        answer = await self._caller.ask("wijkregisseur", ORGANISATIONS)
        by_name = {partner["name"]: partner["id"] for partner in answer["organisations"]}
        self._partners = {role.token: by_name[role.name] for role in ROLES}

    async def at(self, now: datetime) -> None:
        """Puts the hub's clock at this moment."""
        async with self._owner.administration() as session:
            await session.fetch("clock_set", now, None)

    async def refresh_statistics(self) -> None:
        """Lets the planner know what came in."""
        async with self._owner.administration() as session:
            await session.fetch("demo_statistics")

    async def carry_out(self, step: Step) -> None:
        """Does what happens now."""
        match step:
            case Convenant():
                await self._agree(step)
            case (str(party), Convenant() as convenant):
                await self._revoke(party, convenant)
            case Push():
                await self._push(step)
            case Nothing():
                await self._report_nothing(step)
            case Report():
                await self._report(step)
            case Update():
                await self._update(step)
            case Counts():
                await self._count(step)
            case Night():
                await run_daily(self._database, [GEMEENTE])
                if step.weeks is None or step.weeks:  # else nothing is due
                    await publish_due(self._owner)

    async def _agree(self, convenant: Convenant) -> None:
        made = await self._do(
            convenant.proposer, PROPOSE, "proposeAgreement", self._draft(convenant)
        )
        agreement = self._agreements[convenant.key] = made["agreement"]
        for party in convenant.accepting:
            await self._do(
                party,
                ACCEPT,
                "acceptAgreement",
                {**agreement, "signedBy": "tekenbevoegde (verzonnen)"},
            )

    def _draft(self, convenant: Convenant) -> dict[str, Any]:
        return {
            "idempotencyKey": f"convenant-{convenant.key}",
            "title": convenant.title,
            "purpose": convenant.purpose,
            "legalBasis": convenant.legal_basis,
            "from": convenant.begins.isoformat(),
            "until": convenant.ends.isoformat(),
            "contact": "wijkregie (verzonnen)",
            **convenant.of_police,
            "rules": [
                {
                    "provider": self._partners[rule.provider],
                    "receiver": self._partners[rule.receiver],
                    "wijken": list(rule.wijken),
                    "kind": rule.kind,
                    "category": rule.category,
                    "fields": list(rule.fields),
                    "precision": rule.precision,
                }
                for rule in convenant.rules
            ],
        }

    async def _revoke(self, party: str, convenant: Convenant) -> None:
        given = {
            **self._agreements[convenant.key],
            "reason": "Verzonnen: na een half jaar bleek het niet nodig.",
        }
        await self._do(party, REVOKE, "revokeAgreement", given)

    async def _push(self, push: Push) -> None:
        delivery: dict[str, Any] = {
            "dataset": push.dataset,
            "idempotencyKey": push.key,
            "mode": push.mode,
            "maxRejected": MAY_REJECT,
        }
        if push.mode == "SNAPSHOT":
            delivery["mayClose"] = MAY_CLOSE
        kind = plural_of(BY_KIND[push.kind].kind)
        given = {"delivery": delivery, "rows": push.rows}
        made = await self._do(push.sender, PUSH.format(kind=kind), f"push{kind}", given)
        outcomes = {line["outcome"]: line["rows"] for line in made["summary"]}
        if outcomes.get("REJECTED", 0) != push.bad:
            raise Refused(f"{push.sender} {push.key}: {outcomes}, where {push.bad} rows are wrong")

    async def _report_nothing(self, nothing: Nothing) -> None:
        """One request for all wijken."""
        given = {
            f"w{number}": {
                "dataset": nothing.dataset,
                "wijk": wijk,
                "period": nothing.week,
                "idempotencyKey": f"niets-{nothing.dataset}-{nothing.at.date()}-{wijk}",
            }
            for number, wijk in enumerate(nothing.wijken)
        }
        declared = " ".join(f"${name}: ReportNothingInput!" for name in given)
        fields = " ".join(
            f"{name}: reportNothing(input: ${name}) {{ id errors {{ path code message }} }}"
            for name in given
        )
        query = f"mutation NietsTeMelden({declared}) {{ {fields} }}"
        answer = await self._caller.ask(nothing.sender, query, given)
        for name in given:
            _check(nothing.sender, answer[name])

    async def _report(self, report: Report) -> None:
        given: dict[str, Any] = {**report.row, "idempotencyKey": report.key}
        if report.caps:
            given["shareAt"] = [
                {"organisation": self._partners[receiver], "precision": precision}
                for receiver, precision in report.caps.items()
            ]
        kind, field = BY_KIND[report.kind].typename, to_camel_case(report.kind.lower())
        mutation = REPORT.format(kind=kind, field=field)
        made = await self._do(report.sender, mutation, f"report{kind}", given)
        self._reports[report.key] = made["record"]

    async def _count(self, counts: Counts) -> None:
        given = {
            "measure": "schoolverzuim",
            "period": counts.week,
            "idempotencyKey": f"verzuim-{counts.week}",
            "cells": counts.cells,
        }
        await self._do(counts.sender, SUBMIT, "submitCounts", given)

    async def _update(self, update: Update) -> None:
        given = {**self._reports[update.key], "status": update.status}
        await self._do(update.sender, UPDATE, "updateSignal", given)

    async def _do(self, token: str, mutation: str, field: str, given: Mapping[str, Any]) -> Any:
        """The payload of a mutation that must succeed."""
        answer = await self._caller.ask(token, mutation, {"in": given})
        return _check(token, answer[field])


def _check(token: str, payload: Any) -> Any:
    if payload is None or payload["errors"]:
        raise Refused(f"{token}: {payload and payload['errors']}")
    return payload
