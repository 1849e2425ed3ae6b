# SPDX-License-Identifier: EUPL-1.2
"""No reader can work out from all numbers that it was ever given what one of them withholds: worlds
with late deliveries, revocations, parts, counts and sums over quarters, handed to an attacker with
a solver of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from random import Random
from typing import Any

from tests.conftest import Cluster, a_world
from tests.overview.conftest import Connections
from tests.overview.disclosed_to_two import exposed_to_two
from tests.overview.disclosure import Story, Truth, exposed, knowledge, name_of
from tests.overview.town import MONDAY, Given, Rule, Seen, Town
from tests.proofs.proof import Outcome, Proof

THREE = (Rule(1), Rule(2), Rule(3))
COUNTS = tuple(Rule(n, kind="COUNT") for n in (1, 2, 3))
QUARTER = "2026-Q3"
QUARTERS_WEEKS = tuple(range(-20, -7))
LATER = tuple(replace(rule, valid_from=-400, valid_until=400) for rule in THREE)


async def live(connections: Connections, story: Story) -> Town:
    """A town in which all of a story happened: every week was looked at twice."""
    town = Town(*connections)
    await town.begin(story.organisations, 1)
    for number, categories in enumerate(story.measures):
        breakdown, sensitive = story.breakdown, story.sensitive
        await town.measure(f"m{number}", categories, number, breakdown, sensitive=sensitive)
    agreed = [await town.agree(rule) for rule in story.rules]
    looks = sorted((day, week) for week in story.weeks for day in story.looks(week))
    revoked = False
    signals = sorted(story.signals, key=lambda seen: seen.recorded)
    counts = sorted(story.counts, key=lambda count: count[0])
    for day, week in looks:
        while signals and signals[0].recorded < day:
            await town.see(signals.pop(0))
        while counts and counts[0][0] <= week and day == story.looks(week)[0]:
            at, given = counts.pop(0)
            on_day = replace(given, recorded=given.recorded + 7 * at)
            await town.give(on_day, story.breakdown, name_of(at))
        if not revoked and day > story.looks(story.weeks[-1])[0]:
            revoked = True
            await town.today(MONDAY + timedelta(days=day))
            for number in story.revoked:
                await town.decide(story.rules[number].provider, agreed[number], "REVOKE")
        await town.today(MONDAY + timedelta(days=day))
        await town.publish(name_of(week))
    if story.quarter:
        await town.today(date(2027, 1, 4))
        await town.publish(story.quarter)
    return town


async def found_in(connections: Connections, story: Story, tally: Counter[str]) -> list[str]:
    """What audiences can work out, each by itself or two together, and should not."""
    town = await live(connections, story)
    truths = {audience: Truth(story, audience) for audience in story.audiences}
    known = {audience: await knowledge(town, story, audience) for audience in story.audiences}
    alone = [each for of in truths for each in exposed(truths[of], known[of], tally)]
    together = [
        each
        for one, other in combinations(truths, 2)
        for each in exposed_to_two((truths[one], truths[other]), (known[one], known[other]), tally)
    ]
    return alone + together


# ── Every world ──────────────────────────────────────────────────────────────────────────────────


def a_story(random: Random) -> Story:
    """Any world: three weeks with numbers on the edge of what may be shown."""
    breakdown = random.choice([None, "BUURT", "BUURT", "GROUP"])
    with_counts = random.random() < 0.5
    rules = [*THREE, *(COUNTS if with_counts else ())]
    for _ in range(random.randrange(3)):
        provider = random.choice([1, 2, 3, 4])
        precision = random.choice(["COUNT", "WIJK", "BUURT"])
        rules.append(
            Rule(
                provider,
                random.choice([0, 0, 4 if provider != 4 else 0]),
                category=random.choice([None, None, "NOISE", "GREEN"]),
                precision=precision,
                min_cell=random.choice([5, 5, 8]),
                includes_past=random.random() < 0.3,
            )
        )
    revoked = tuple(n for n in range(3, len(rules)) if random.random() < 0.3)
    weeks = (-2, -1, 0)
    signals = []
    for week in weeks:
        for _ in range(random.randrange(2, 9)):
            late = random.random() < 0.35
            signals.append(
                Seen(
                    random.randrange(1, 5),
                    random.choice([1, 2, 3, 4, 5, 6, 9]),
                    category=random.choice(["NOISE", "NOISE", "LITTER", "GREEN"]),
                    day=7 * week + 2,
                    recorded=7 * week + (random.randrange(8, 34) if late else 2),
                    buurt=random.choice([None, 0, 0, 1]),
                )
            )
    measures = (("NOISE", "LITTER"), ("GREEN",))
    return Story(
        tuple(rules),
        tuple(signals),
        tuple(counts_of(random, weeks, breakdown)) if with_counts else (),
        revoked,
        weeks,
        measures,
        breakdown,
        random.random() < 0.25,
    )


def counts_of(
    random: Random, weeks: Sequence[int], breakdown: str | None, measures: Sequence[int] = (0, 1)
) -> Iterator[tuple[int, Given]]:
    """Counts of some organisations, each cell once, wholes or parts."""
    parts = [None] if breakdown is None else [None, 0, 1]
    for week in weeks:
        for owner in (1, 2, 3):
            for measure in measures:
                if random.random() < 0.4:
                    # a whole beside its parts is refused, so what has none is said alone
                    chosen = [0, 1] if len(parts) > 1 and random.random() < 0.8 else [None]
                    for part in chosen:
                        count = random.choice([0, 1, 2, 3, 5, 8])
                        yield week, Given(owner, count, measure=measure, recorded=6, part=part)


def a_quarter(random: Random) -> Story:
    """Thirteen weeks of one measure, some of them small, and their sum."""
    small = set(random.sample(QUARTERS_WEEKS, random.randrange(4)))
    signals = []
    for week in QUARTERS_WEEKS:
        for owner in (1, 2, 3):
            times = random.choice([0, 1, 2, 3]) if week in small else random.randrange(4, 7)
            if times:
                signals.append(Seen(owner, times, day=7 * week + 2, recorded=7 * week + 2))
    return Story(
        (*LATER, *(replace(rule, audience=4) for rule in LATER))
        if random.random() < 0.5
        else LATER,
        tuple(signals),
        weeks=QUARTERS_WEEKS,
        measures=(("NOISE",),),
        sensitive=random.random() < 0.3,
        quarter=QUARTER,
    )


def shared(audience: int, providers: Iterable[int], **more: Any) -> tuple[Rule, ...]:
    """Rules of each of these organisations for one audience."""
    return tuple(Rule(provider, audience, **more) for provider in providers)


AUDIENCES = {
    "the same": (*shared(0, (1, 2, 3)), *shared(5, (1, 2, 3))),
    "one more": (*shared(0, (1, 2, 3, 4)), *shared(5, (1, 2, 3))),
    "one more but for the other's": (*shared(0, (1, 2, 3, 4)), *shared(5, (0, 1, 2, 3))),
    "overlapping": (*shared(0, (1, 2, 3)), *shared(5, (2, 3, 4)), *shared(6, (1, 2, 3, 4))),
    "all with one another": tuple(
        rule for one in range(5) for rule in shared(one, {0, 1, 2, 3, 4} - {one})
    ),
    "another one joins": tuple(
        rule for one in range(4) for rule in shared(one, {0, 1, 2, 3, 4} - {one})
    ),
    "later": (*shared(0, (1, 2, 3)), *shared(5, (1, 2, 3), valid_from=10, includes_past=True)),
    "one alone": (
        Rule(1, 0, kind="COUNT", alone=True),
        *shared(5, (1, 2, 3), kind="COUNT"),
        *shared(6, (0, 1, 2, 3), kind="COUNT"),
    ),
    "counts for one": (*shared(0, (1, 2, 3)), *shared(5, (1, 2, 3)), Rule(1, 5, kind="COUNT")),
}


def of_audiences(random: Random) -> Story:
    """Several audiences, with scopes that are the same, nested or overlap."""
    shape = random.choice(list(AUDIENCES))
    rules = list(AUDIENCES[shape])
    audiences = sorted({rule.audience for rule in rules})
    if random.random() < 0.3:
        provider, audience = random.choice([1, 2, 3, 4]), random.choice(audiences)
        if provider != audience:
            rules.append(Rule(provider, audience, category=random.choice(["NOISE", "LITTER"])))
    weeks = (-1, 0)
    signals = []
    for week in weeks:
        for owner in range(5):
            for buurt in (0, 1, None):
                if random.random() < 0.6:
                    capped = random.random() < 0.1
                    late = random.random() < 0.25
                    signals.append(
                        Seen(
                            owner,
                            random.choice([1, 2, 3, 5, 5, 6, 9]),
                            category=random.choice(["NOISE", "NOISE", "LITTER"]),
                            day=7 * week + 2,
                            recorded=7 * week + (random.randrange(8, 34) if late else 2),
                            buurt=buurt,
                            cap="COUNT" if capped else None,
                            capped_for=random.choice(audiences),
                        )
                    )
    breakdown = random.choice([None, "BUURT", "BUURT"])
    with_counts = any(rule.kind == "COUNT" for rule in rules)
    return Story(
        tuple(rules),
        tuple(signals),
        tuple(counts_of(random, weeks, breakdown, measures=(0,))) if with_counts else (),
        tuple(n for n in range(len(rules)) if random.random() < 0.05),
        weeks,
        (("NOISE", "LITTER"),),
        breakdown,
        random.random() < 0.25,
        organisations=7,
    )


_KINDS = (*[a_story, of_audiences] * 4, a_story, a_quarter)


async def prove(connections: Connections, worlds: range, seed: int = 1) -> Counter[str]:
    """Numbers of these worlds, four in ten of several audiences, one in ten with a quarter, handed
    to the attackers: how many they looked at, by sort. Fails at the first that tells something.
    """
    tally: Counter[str] = Counter()
    for number in worlds:
        random = Random(f"{seed}/{number}")
        story = _KINDS[number % 10](random)
        assert await found_in(connections, story, tally) == [], (seed, number, story)
        tally["worlds"] += 1
    return tally


def _carry_out(cluster: Cluster, worlds: range) -> Outcome:
    async def carry_out() -> Counter[str]:
        async with (
            a_world(cluster) as world,
            world.connect("owner") as owner,
            world.connect("app") as app,
        ):
            return await prove(Connections(owner, app), worlds)

    return Outcome(dict(asyncio.run(carry_out())))


DISCLOSURE = Proof("disclosure", 7, "world", _carry_out, long=400, share=20)
