# SPDX-License-Identifier: EUPL-1.2
"""Deliveries of every other kind in the registry: who sends them, and rows made of their inputs."""

from __future__ import annotations

from itertools import islice, product
from typing import Any

import orjson
from graphql import GraphQLEnumType, get_named_type, is_list_type, is_required_input_field

from hub.demo.scene import INVENTED_BUURTEN, LIVED_IN, MEASURES, SEGHWAERT
from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.parts import ContributionKind
from schema.sheets import row_type

SENDERS = {
    "ENFORCEMENT_ACTION": "handhaving",
    "HOUSING_PROJECT": "corporatie-a",
    "POLICE_NOTICE": "wijkagent",
}
"""Who delivers a kind; Buurtwerk the others."""

OTHERS = tuple(each for each in CONTRIBUTIONS if each.kind.name != "SIGNAL")
WIJKEN = tuple(code for code in LIVED_IN if code != SEGHWAERT)
SAMPLES: dict[str, Any] = {
    "Date": "2026-11-20",
    "DateTime": "2026-11-20T21:15:00+01:00",
    "Int": 12,
    "String": "Aan de slag in de buurt",
}


def sender_of(contribution: ContributionKind) -> str:
    """The name of the token by which a kind is delivered."""
    return SENDERS.get(contribution.kind.name, "buurtwerk")


def rows_of(contribution: ContributionKind, count: int, round_: int) -> list[dict[str, Any]]:
    """Rows with every required field; another `round_` has other external ids. Of counts there are
    no more than there are cells in a week.
    """
    if contribution.kind.name == "COUNT":
        return list(islice(_cells(round_), count))
    required = {
        name: field
        for name, field in row_type(build()._schema, contribution).fields.items()
        if is_required_input_field(field)
    }
    rows = []
    for number in range(count):
        row = {name: _sample(field.type) for name, field in required.items()}
        wijk = WIJKEN[number % len(WIJKEN)]
        row |= {"externalId": f"meting-{round_}-{number}"}
        row |= {"wijken": [wijk, WIJKEN[0]][: 1 + (wijk != WIJKEN[0])]} if "wijken" in row else {}
        row |= {"wijk": wijk} if "wijk" in row else {}
        rows.append(row)
    return rows


def _sample(type_: Any) -> Any:
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    sample = SAMPLES[named.name]
    return [sample] if is_list_type(getattr(type_, "of_type", type_)) else sample


def _cells(round_: int) -> Any:
    """Counts of a week that is open: each buurt, and another number in each round."""
    weekly = [measure.code for measure in MEASURES if measure.breakdown != "GROUP"]
    for number, (wijk, buurt, measure) in enumerate(product(WIJKEN, INVENTED_BUURTEN, weekly)):
        yield {
            "externalId": f"meting-{number}",
            "sourceVersion": str(round_),
            "wijk": wijk,
            "buurt": buurt,
            "measure": measure,
            "period": "2026-W48",
            "count": round_ + 7,
        }


def push_body(contribution: ContributionKind, rows: list[dict[str, Any]], key: str) -> bytes:
    """The request's body of a delivery under a key."""
    mutation, row = contribution.push_name, contribution.row_type.__name__
    query = (
        f"mutation Aanlevering($rows: [{row}!]!, $delivery: Delivery!) {{"
        f" receipt: {mutation}(input: {{ delivery: $delivery, rows: $rows }}) {{"
        " id summary { outcome rows } rows(outcome: [REJECTED]) { nodes { line errors { code } } }"
        " errors { code } } }"
    )
    dataset = f"meting-{contribution.kind.table.replace('_', '-')}"
    delivery = {"dataset": dataset, "idempotencyKey": key}
    return orjson.dumps({"query": query, "variables": {"rows": rows, "delivery": delivery}})
