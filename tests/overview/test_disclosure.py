# SPDX-License-Identifier: EUPL-1.2
"""Published numbers give nothing away to who puts all of them together; planted leaks show that it
would be noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest

from resolvers.numbers import complements as withheld_as_well
from tests.overview.conftest import Connections
from tests.overview.disclosing import LATER, QUARTER, QUARTERS_WEEKS, THREE, found_in, prove
from tests.overview.disclosure import Story
from tests.overview.town import Rule, Seen

pytestmark = pytest.mark.anyio


async def test_nothing_that_is_withheld_can_be_worked_out(connections: Connections) -> None:
    tally = await prove(connections, range(20))
    assert min(tally["withheld"], tally["shown"], tally["late"]) > 50, tally


# ── Planted leaks ────────────────────────────────────────────────────────────────────────────────

PUBLISH = "hub.publish(text,text,text[],text)"
DECIDED = "hub.decided(text,text)"
CUBE = "hub.cube_of(text,text,text[])"
NO_CHECK = (
    PUBLISH,
    "if exists (select from hub.unsafe",
    "if false and exists (select from hub.unsafe",
)


def weekly(*signals: Seen, **more: object) -> Story:
    return Story(THREE, signals, weeks=(0,), measures=(("NOISE",),), **more)  # type: ignore[arg-type]


def each(times: int, **more: int) -> tuple[Seen, ...]:
    return tuple(Seen(n, times, **more) for n in (1, 2, 3))


LEAKS: dict[str, tuple[list[tuple[str, str, str]], Story]] = {
    "no complements": (
        [NO_CHECK],
        weekly(*each(4, buurt=0), Seen(1, 3, buurt=1), breakdown="BUURT"),
    ),
    "the difference of two editions": (
        [(DECIDED, "g.changed and not g.shrank and g.remains >= c.min_cell", "g.changed")],
        weekly(*each(4), Seen(1, 2, recorded=20)),
    ),
    "a quarter beside twelve weeks": (
        [(DECIDED, "(q.withheld_weeks >= 2 and b.remains >= q.min_cell)", "true")],
        Story(
            LATER,
            tuple(
                Seen(n, 1 if week == -9 else 5, day=7 * week + 2, recorded=7 * week + 2)
                for week in QUARTERS_WEEKS
                for n in (1, 2, 3)
            ),
            weeks=QUARTERS_WEEKS,
            measures=(("NOISE",),),
            quarter=QUARTER,
        ),
    ),
    "rounding forgotten": (
        [
            (PUBLISH, "when f.sensitive then 'ROUNDED' else 'NONE'", "else 'NONE'"),
            (
                DECIDED,
                "when m.sensitive then hub.rounded(c.total) else c.total",
                "when true then c.total",
            ),
        ],
        weekly(*each(6), sensitive=True),
    ),
    "a neighbouring measure": (
        [],
        Story(
            THREE,
            (*each(5), Seen(1, 1, category="LITTER"), Seen(2, 1, category="LITTER")),
            weeks=(0,),
            measures=(("NOISE", "LITTER"), ("NOISE",)),
        ),
    ),
    "a threshold off by one": (
        [(CUBE, "s.remains >= s.min_cell", "s.remains >= s.min_cell - 1")],
        weekly(Seen(1, 9), Seen(2, 3), Seen(3, 1)),
    ),
    "one's own part not taken off": (
        [
            (
                CUBE,
                "coalesce(sum(p.unseen) - max(p.unseen), 0)",
                "coalesce(sum(p.unseen), 0)",
            )
        ],
        weekly(Seen(1, 9), Seen(2, 1)),
    ),
    "records that are seen not taken off": (
        [(CUBE, "(not j.seen)::int as unseen", "1 as unseen")],
        Story(
            (Rule(1, precision="WIJK"), *THREE[1:]),
            (Seen(1, 9), Seen(2, 4), Seen(3, 4)),
            weeks=(0,),
            measures=(("NOISE",),),
        ),
    ),
}


@contextmanager
def without_solver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(withheld_as_well, "_of_wijk", lambda _: iter(()))
        yield


@pytest.mark.parametrize("leak", LEAKS)
async def test_a_planted_leak_is_found(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, leak: str
) -> None:
    changes, story = LEAKS[leak]
    async with AsyncExitStack() as stack:
        stack.enter_context(without_solver(monkeypatch))
        for signature, right, wrong in changes:
            await stack.enter_async_context(connections.with_function(signature, right, wrong))
        if not changes:
            await connections.owner.execute("alter table hub.measures disable trigger disjoint")
        assert await found_in(connections, story, Counter())
    if changes:
        assert await found_in(connections, story, Counter()) == []
