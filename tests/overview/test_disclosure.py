# SPDX-License-Identifier: EUPL-1.2
"""Published numbers give nothing away to who puts all of them together; planted leaks show that it
would be noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace

import pytest

from resolvers.numbers import complements as withheld_as_well
from tests.overview.conftest import Connections
from tests.overview.disclosing import LATER, QUARTER, QUARTERS_WEEKS, THREE, found_in, prove, shared
from tests.overview.disclosure import Story
from tests.overview.town import Rule, Seen

pytestmark = pytest.mark.anyio


async def test_nothing_that_is_withheld_can_be_worked_out(connections: Connections) -> None:
    tally = await prove(connections, range(20))
    assert min(tally["withheld"], tally["shown"], tally["late"], tally["of two"]) > 50, tally
    assert tally["pairs"] > 10, tally


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
    "rounded parts beside their sum": (  # 20, 15 and 20 of 50
        [NO_CHECK],
        weekly(
            *(Seen(n, times, buurt=0) for n, times in ((1, 5), (2, 5), (3, 9))),
            *(Seen(n, times, buurt=1) for n, times in ((1, 5), (2, 5), (3, 4))),
            *(Seen(n, 9) for n in (1, 2)),
            breakdown="BUURT",
            sensitive=True,
        ),
    ),
    "a minCell that ended before the second edition": (
        [(DECIDED, "c.min_cell >= c.min_cell_before and", "")],
        Story(
            (*THREE, Rule(3, min_cell=8)),
            (Seen(1, 5), Seen(2, 5, recorded=20)),
            revoked=(3,),
            weeks=(0,),
            measures=(("NOISE",),),
        ),
    ),
    "one alone only since the second edition": (
        [(DECIDED, "(c.alone_before or not c.alone) and", "")],
        Story(
            (*(replace(rule, alone=True) for rule in THREE), Rule(3)),
            (Seen(1, 19), Seen(2, 1)),
            revoked=(3,),
            weeks=(0,),
            measures=(("NOISE",),),
        ),
    ),
    "rounded parts of a second edition": (  # 20, 15 and 25 of 55
        [NO_CHECK],
        weekly(
            *(Seen(n, times, buurt=0) for n, times in ((1, 6), (2, 6), (3, 7))),
            *(Seen(n, times, buurt=1) for n, times in ((1, 5), (2, 5), (3, 4))),
            *each(4),
            Seen(1, 5, recorded=20),
            Seen(2, 6, recorded=20),
            breakdown="BUURT",
            sensitive=True,
        ),
    ),
    "a sum of rounded weeks": (
        [(DECIDED, "r.apart <= r.most", "true")],
        Story(
            LATER,
            tuple(
                seen
                for week in QUARTERS_WEEKS
                for seen in each(4, day=7 * week + 2, recorded=7 * week + 2)
            ),
            weeks=QUARTERS_WEEKS,
            measures=(("NOISE",),),
            quarter=QUARTER,
            sensitive=True,
        ),
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
        patch.setattr(withheld_as_well, "_of_parts", lambda _: iter(()))
        patch.setattr(withheld_as_well, "_tells_too_much", lambda *_: False)
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


# ── Planted leaks to two audiences ───────────────────────────────────────────────────────────────

TOGETHER = "hub.decided_together(text,text)"
REFUSED = (PUBLISH, "  if tell_more then", "  if false then")
CONFLICTS = "where p.key is not null and not p.fit and not exists"


def to_two(*rules: Rule, signals: tuple[Seen, ...], **more: object) -> Story:
    of_week = {"weeks": (0,), "measures": (("NOISE",),), "organisations": 7} | more
    return Story(rules, signals, **of_week)  # type: ignore[arg-type]


SAME = (*shared(0, (1, 2, 3)), *shared(5, (1, 2, 3)))
NESTED = (*shared(0, (1, 2, 3, 4)), *shared(5, (1, 2, 3)))
EACH_OTHER = (*shared(0, (1, 2, 3, 5)), *shared(5, (0, 1, 2, 3)))

TO_TWO: dict[str, tuple[list[tuple[str, str, str]], Story]] = {
    "not looked at": (
        [(TOGETHER, CONFLICTS, f"{CONFLICTS.replace('where', 'where false and')}")],
        to_two(*NESTED, signals=(*each(5), Seen(4, 3))),
    ),
    "nothing of the one that has more": (
        [(TOGETHER, CONFLICTS, f"{CONFLICTS.replace('where', 'where false and')}")],
        to_two(*NESTED, signals=each(5)),
    ),
    "in one order only": (
        [(TOGETHER, "o.of_x = o.of_y and", "o.of_x <@ o.of_y and"), REFUSED],
        to_two(*NESTED, signals=(*each(5), Seen(4, 3))),
    ),
    "parts forgotten": (
        [
            (
                TOGETHER,
                'jsonb_object_agg(d.place, k.records) as "in"',
                'jsonb_object_agg(d.place, k.records) filter (where not d.is_part) as "in"',
            )
        ],
        to_two(
            *SAME,
            signals=(
                *each(6, buurt=0),
                *each(6, buurt=1),
                Seen(1, 3, buurt=0, cap="COUNT", capped_for=0),
                Seen(1, 3, buurt=1, cap="COUNT", capped_for=5),
            ),
            breakdown="BUURT",
        ),
    ),
    "later editions forgotten": (
        [(TOGETHER, CONFLICTS, CONFLICTS.replace("not p.fit", "not p.fit and p.edition = 1"))],
        to_two(
            *SAME,
            signals=(
                *each(6),
                *each(6, recorded=20),
                Seen(1, 3, recorded=20, cap="COUNT", capped_for=0),
            ),
        ),
    ),
    "what is published forgotten": (
        [
            (
                TOGETHER,
                "select distinct p.key from conflicts p where p.other_key is null",
                "select distinct p.key from conflicts p where false",
            )
        ],
        to_two(
            *shared(0, (1, 2, 3)),
            *shared(5, (1, 2, 3, 4), valid_from=10, includes_past=True),
            signals=(*each(5), Seen(4, 3)),
        ),
    ),
    "what came in between forgotten": (
        [(TOGETHER, "o.of_x = o.of_y and", "")],
        to_two(
            *shared(0, (1, 2, 3)),
            *shared(5, (1, 2, 3), valid_from=10, includes_past=True),
            signals=(*each(5), Seen(2, 3, recorded=9)),
        ),
    ),
    "what is shared forgotten": (
        [(TOGETHER, "jsonb_build_object('by', s.by, 'in'", "jsonb_build_object('in'")],
        to_two(
            *shared(0, (1, 2, 3)),
            *shared(5, (2, 3)),
            Rule(1, 5, category="NOISE"),
            signals=each(5),
            measures=(("NOISE", "LITTER"),),
        ),
    ),
    "a week beside a sum": (
        [
            (TOGETHER, "where s.value ? case", "where false and s.value ? case"),
        ],
        Story(
            (
                *LATER,
                *(replace(rule, audience=4) for rule in LATER),
                replace(LATER[0], provider=0, audience=4),
            ),
            tuple(
                Seen(owner, times, day=7 * week + 2, recorded=7 * week + 2)
                for week in QUARTERS_WEEKS
                for owner, times in enumerate(
                    {-9: (4, 5, 2, 0), -11: (0, 0, 3, 1)}.get(week, (0, 5, 5, 5))
                )
                if times
            ),
            weeks=QUARTERS_WEEKS,
            measures=(("NOISE",),),
            quarter=QUARTER,
        ),
    ),
    "rounded twice": (
        [
            (
                TOGETHER,
                "o.of_x = o.of_y and coalesce(x.of_each -> y.audience::text -> 'rest', '{}')",
                "o.of_x = o.of_y and coalesce(y.of_each -> x.audience::text -> 'rest', '{}')",
            )
        ],
        to_two(*EACH_OTHER, signals=(*each(6), Seen(0, 1), Seen(5, 3)), sensitive=True),
    ),
}


@pytest.mark.parametrize("leak", TO_TWO)
async def test_a_planted_leak_to_two_is_found(connections: Connections, leak: str) -> None:
    changes, story = TO_TWO[leak]
    async with AsyncExitStack() as stack:
        for signature, right, wrong in changes:
            await stack.enter_async_context(connections.with_function(signature, right, wrong))
        assert await found_in(connections, story, Counter())
    assert await found_in(connections, story, Counter()) == []
