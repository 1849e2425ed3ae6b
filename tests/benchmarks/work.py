# SPDX-License-Identifier: EUPL-1.2
"""What is asked of the hub: three reads and a push, as GraphQL operations with their variables."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from tests.benchmarks.world import NOW, PARTS, STATUSES, STRICT, SUMMARIES, wijken_of

SMALL = """
query Klein($wijk: String!) {
  wijk(code: $wijk) {
    id code name
    signals(first: 5) {
      nodes {
        id owner { name } category seenOn summary place { label precision } precision status version
      }
    }
  }
}
"""

_SIGNALS = """
fragment Signalen on Wijk {
  signals(first: 100) {
    nodes {
      id category subcategory seenOn status summary precision version
      wijk { name } place { buurt { name } } owner { name }
    }
  }
}
"""
ROWS_WIJKEN = ("WK063701", "WK063705", "WK063708", "WK063710", "WK063711")
ROWS = (
    "query Rijen("
    + ", ".join(f"$w{n}: String!" for n in range(5))
    + ") {\n"
    + "\n".join(f"  w{n}: wijk(code: $w{n}) {{ ...Signalen }}" for n in range(5))
    + "\n}\n"
    + _SIGNALS
)

OVERVIEW = """
query Overzicht($week: Period!) {
  wijken {
    id code name
    overview(week: $week) {
      headlines { measure label now { value shown suppression } previous { shown } changePercent }
      openActions
      overdueSteps { organisation { name } title due }
      silentSources { organisation { name } dataset lastDelivery expectedEvery contact }
    }
    signals(first: 5) { total nodes { id owner { name } category seenOn place { label } status } }
    actions(open: true, first: 3) {
      nodes { id title lead { name } steps { organisation { name } title due status } }
    }
    sources { organisation { name } dataset late silent }
  }
}
"""

PUSH = """
mutation Aanlevering($rows: [SignalRow!]!, $sleutel: String!, $dataset: String!) {
  pushSignals(
    input: {
      delivery: { dataset: $dataset, mode: UPSERT, idempotencyKey: $sleutel, maxRejected: 20 }
      rows: $rows
    }
  ) {
    id replayed dryRun
    summary { outcome rows }
    rows(outcome: [REJECTED]) { total nodes { line externalId errors { path code message hint } } }
    errors { code message }
  }
}
"""

PUSHERS = (
    "corporatie-a",
    "corporatie-b",
    "buurtwerk",
    "wijkzorgteam",
    "handhaving",
    "wijkagent",
    "school-a",
    "wijkregisseur",
)
"""Who pushes: the first alone, then all at the same time, each to a dataset of its own."""


@dataclass(frozen=True, slots=True)
class Read:
    """An operation that changes nothing but the ledger of what was read."""

    name: str
    query: str
    variables: dict[str, Any]
    about: str

    def body(self) -> bytes:
        """The request's body."""
        return orjson.dumps({"query": self.query, "variables": self.variables})


READS = (
    Read("small", SMALL, {"wijk": "WK063711"}, "one wijk and its 5 newest signals"),
    Read(
        "rows",
        ROWS,
        {f"w{n}": code for n, code in enumerate(ROWS_WIJKEN)},
        "500 signals × 11 fields, with wijk, buurt and organisation",
    ),
    Read(
        "overview",
        OVERVIEW,
        {"week": "2026-W47"},
        "15 wijken: numbers, newest signals with totals, sources",
    ),
)


def push_rows(name: str, count: int, round_: int) -> list[dict[str, Any]]:
    """Rows of a partner's delivery; another `round_` has other external ids."""
    rnd = random.Random(round_)
    codes, categories = wijken_of(name), PARTS[name].categories
    rows = []
    for number in range(count):
        seen = NOW - timedelta(minutes=rnd.randrange(14 * 24 * 60))
        row = {
            "externalId": f"meting-{round_}-{number}",
            "sourceVersion": "1",
            "wijk": rnd.choice(codes),
            "category": rnd.choice(categories),
            "seenAt": seen.isoformat(),
            "status": rnd.choice(STATUSES),
        }
        if name not in STRICT:
            row["subcategory"] = rnd.choice(("klein", "groot"))
            row["summary"] = rnd.choice(SUMMARIES)
        rows.append(row)
    return rows


def push_body(name: str, rows: list[dict[str, Any]], key: str) -> bytes:
    """The request's body of a delivery under a key."""
    variables = {"rows": rows, "sleutel": key, "dataset": PARTS[name].dataset}
    return orjson.dumps({"query": PUSH, "variables": variables})
