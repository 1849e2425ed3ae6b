# SPDX-License-Identifier: EUPL-1.2
"""The wijk: its own ground, joined with what overview, trend, budget, feed and every kind of
contribution add to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.areas import Buurt, WijkGround
from schema.budget import BudgetOfWijk
from schema.contributions import CONTRIBUTIONS
from schema.feed import FeedOfWijk
from schema.joining import join
from schema.overview import WijkOverview
from schema.trend import TrendOfWijk

if TYPE_CHECKING:

    class Wijk(WijkGround, FeedOfWijk, WijkOverview, TrendOfWijk, BudgetOfWijk):
        """As type checkers see it: without the parts of contributions."""

else:
    Wijk = join(
        "Wijk",
        "Lasting identity of a district as people know it; CBS codes, names and boundaries are "
        "dated versions of it. A split or a "
        "merger makes a new one, with its predecessors.",
        WijkGround,
        *(contribution.wijk_part for contribution in CONTRIBUTIONS),
        FeedOfWijk,
        WijkOverview,
        TrendOfWijk,
        BudgetOfWijk,
    )

__all__ = ["Buurt", "Wijk"]
