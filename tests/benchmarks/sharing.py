# SPDX-License-Identifier: EUPL-1.2
"""Reads of the hub that should cost the same: of one's own records and of others', by who may see
everything and by who may see almost nothing; the first page of a list and a page deep in it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import orjson

from tests.benchmarks import reading
from tests.benchmarks.client import Refused
from tests.benchmarks.comparing import data_of
from tests.benchmarks.contenders import Contender
from tests.benchmarks.plan import Numbers, Plan, Report
from tests.benchmarks.processes import DatabaseServer
from tests.benchmarks.reading import Asked
from tests.benchmarks.world import ASKER, SEES_ALL, SEES_LITTLE, SHOWN_LITTLE, Filled

WIJK = "WK063711"
PAGE = 20
DEEP_PAGES = 40
PAIRS = {
    "sees_all": "who may see everything: one's own, and everybody's",
    "sees_little": "who may see almost nothing: one's own, and what is shared",
    "deep": "the first page of a list, and a page deep in it",
}
QUERY = """
query Bladzijde($wijk: String!, $first: Int!, $filter: SignalFilter, $after: String) {
  wijk(code: $wijk) {
    signals(first: $first, filter: $filter, after: $after) {
      nodes {
        id category subcategory seenOn status summary precision version
        wijk { name } place { buurt { name } } owner { name } agreement { id }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


async def measure(
    plan: Plan, hub: Contender, filled: Filled, database: DatabaseServer, report: Report
) -> Numbers:
    """Per pair: what is compared with what, both measured in turns."""
    provider = urlsafe_b64encode(f"Organisation:{filled.organisations[SHOWN_LITTLE[0]]}".encode())
    shared = {"owner": provider.rstrip(b"=").decode()}
    asked = {
        ("sees_all", "base"): await _page(hub, SEES_ALL, {"mine": True}, shared=False),
        ("sees_all", "other"): await _page(hub, SEES_ALL, None, shared=True),
        ("sees_little", "base"): await _page(hub, SEES_LITTLE, {"mine": True}, shared=False),
        ("sees_little", "other"): await _page(hub, SEES_LITTLE, shared, shared=True),
        ("deep", "base"): await _page(hub, ASKER, None, shared=True),
        ("deep", "other"): await _deep(hub),
    }
    found = await reading.rounds(plan, asked, 1, database, report)
    return {
        pair: {"about": about, "base": found[pair, "base"], "other": found[pair, "other"]}
        for pair, about in PAIRS.items()
    }


def _body(**variables: Any) -> bytes:
    return orjson.dumps({"query": QUERY, "variables": {"wijk": WIJK, "first": PAGE, **variables}})


async def _page(hub: Contender, who: str, filter_: Any, *, shared: bool) -> Asked:
    """A first page; raises Refused unless it is full, and of others' records when it should be."""
    asked = Asked(hub.server, hub.request("page", _body(filter=filter_), who))
    nodes = (await _signals(asked))["nodes"]
    if len(nodes) != PAGE or any(node["agreement"] is not None for node in nodes) != shared:
        raise Refused(f"not a page of {PAGE} to compare, of {who} with {filter_}: {nodes!r:.1000}")
    return asked


async def _deep(hub: Contender) -> Asked:
    """A full page, as deep as the list goes, but at most some pages of 100."""
    deepest, after = 0, None
    found: Asked | None = None
    while deepest < DEEP_PAGES:
        page = Asked(hub.server, hub.request("page", _body(first=100, after=after), ASKER))
        info = (await _signals(page))["pageInfo"]
        if not info["hasNextPage"]:
            break
        deepest, after = deepest + 1, info["endCursor"]
        deep = Asked(hub.server, hub.request("page", _body(after=after), ASKER))
        if len((await _signals(deep))["nodes"]) == PAGE:
            found = deep
    if found is None:
        raise Refused("the list has no second page")
    return found


async def _signals(asked: Asked) -> Any:
    data = await data_of(asked.server.port, asked.request)
    return data["wijk"]["signals"]
