# SPDX-License-Identifier: EUPL-1.2
"""What the tests of writing share: the operations, a row, and a short way to send a delivery."""

from __future__ import annotations

import itertools
from typing import Any

from tests.conftest import World
from tests.partner import Partner

PUSH = """
mutation Push($rows: [SignalRow!]!, $delivery: Delivery!) {
  pushSignals(input: { delivery: $delivery, rows: $rows }) {
    id dataset dryRun replayed
    summary { outcome rows }
    rows {
      total
      nodes { line externalId outcome recordId version errors { path code message hint } }
    }
    errors { path code message hint }
  }
}
"""

RECEIPT = """
query Bon($id: ID!) {
  pushReceipt(id: $id) {
    id dataset dryRun replayed
    summary { outcome rows }
    rows {
      total
      nodes { line externalId outcome recordId version errors { path code message hint } }
    }
    errors { path code message hint }
  }
}
"""

REPORT = """
mutation Report($in: ReportSignalInput!) {
  reportSignal(input: $in) {
    signal {
      id version status summary internalNote seenAt category sourceId
      place { label lon buurt { name } }
    }
    shownAs { organisation { name } precision place fields agreement { title } }
    errors { path code message hint }
  }
}
"""

UPDATE = """
mutation Update($in: UpdateSignalInput!) {
  updateSignal(input: $in) {
    signal { id version status summary internalNote seenAt category }
    errors { path code message hint }
  }
}
"""

WITHDRAW = """
mutation Withdraw($in: WithdrawInput!) {
  withdraw(input: $in) { id errors { path code message hint } }
}
"""

NOTHING = """
mutation Nothing($in: ReportNothingInput!) {
  reportNothing(input: $in) {
    id replayed summary { outcome rows } errors { path code message hint }
  }
}
"""

SIGNAL = """
query Signal($id: ID!) {
  node(id: $id) {
    ... on Signal {
      version status summary internalNote seenAt subcategory closedOn sourceId
      place { lon lat buurt { name } }
      history { nodes { change before after } }
    }
  }
}
"""

OOSTERHEEM = "WK063711"
SEGHWAERT = "WK063708"

_numbers = itertools.count(1)


def new_key() -> str:
    """An idempotency key that was not used before."""
    return f"sleutel-{next(_numbers)}"


def row(external_id: str = "a-1", **changes: Any) -> dict[str, Any]:
    """A good row; a change to None leaves the field out."""
    given = {
        "externalId": external_id,
        "wijk": OOSTERHEEM,
        "category": "NOISE",
        "seenAt": "2026-11-20T22:15:00+01:00",
        "status": "NEW",
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


async def push(
    partner: Partner, rows: list[dict[str, Any]], dataset: str = "meldingen", **delivery: Any
) -> dict[str, Any]:
    """The receipt of a delivery, under a key of its own unless one is given."""
    given = {"dataset": dataset, "idempotencyKey": new_key(), **delivery}
    data = await partner.ask(PUSH, {"rows": rows, "delivery": given})
    receipt: dict[str, Any] = data["pushSignals"]
    return receipt


def outcomes(receipt: dict[str, Any]) -> dict[str, int]:
    """The summary of a receipt, by outcome."""
    return {line["outcome"]: line["rows"] for line in receipt["summary"]}


def codes(given: dict[str, Any]) -> list[str]:
    """The codes of the errors of a receipt, a row or a payload."""
    return [error["code"] for error in given["errors"]]


async def only_row(partner: Partner, given: dict[str, Any], **delivery: Any) -> dict[str, Any]:
    """What became of one row that is delivered alone and may be rejected."""
    receipt = await push(partner, [given], maxRejected=1, **delivery)
    (answered,) = receipt["rows"]["nodes"]
    result: dict[str, Any] = answered
    return result


async def signal(partner: Partner, record: str) -> dict[str, Any]:
    """A signal as the partner sees it."""
    data = await partner.ask(SIGNAL, {"id": record})
    found: dict[str, Any] = data["node"]
    return found


async def kept_moments(world: World) -> list[str]:
    """The moments of all signals as the database has them, in local time."""
    async with world.connect("superuser") as root:
        rows = await root.fetch(
            "select (seen_at at time zone 'Europe/Amsterdam')::text from hub.signals order by 1"
        )
    return [moment for (moment,) in rows]
