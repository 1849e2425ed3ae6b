# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Whatever was recorded, agreed, capped, revoked or left to expire: each asker sees what the model says, and not a row more."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.conftest import Cluster
from tests.isolation.conftest import Bench, a_bench
from tests.isolation.model import (
    KINDS,
    LADDER,
    NETHERLANDS,
    Activity,
    Agreement,
    Cap,
    Record,
    Rule,
    Signal,
    Wanted,
)
from tests.isolation.play import CATEGORIES, DATASET, INNER, Play, named
from tests.proofs.proof import Outcome, Proof

FIRST_DAY = date(2026, 10, 1)
WORDS = ("lamp stuk", "Lawaai bij de Speeltuin", "glas op straat")
LISTABLE = {
    kind.KIND: sorted(name for name, known in kind.FIELDS.items() if known.listed) for kind in KINDS
}

who = st.integers(0, 2)
category = st.sampled_from(CATEGORIES[:2])
precision = st.sampled_from(LADDER)
dataset = st.sampled_from((DATASET, DATASET, INNER))
maybe_words = st.none() | st.sampled_from(WORDS)


@dataclass(frozen=True, slots=True)
class Create:
    owner: int
    wijk: int
    several: bool | None
    buurt: int | None
    category: str
    days_ago: int
    hour: int
    status: str
    summary: str | None
    note: str | None
    point: bool
    caps: dict[int, tuple[str, bool]] | None
    dataset: str


@dataclass(frozen=True, slots=True)
class Mark:
    owner: int
    dataset: str
    never: bool
    past: bool


@dataclass(frozen=True, slots=True)
class Change:
    pick: int
    values: dict[type[Record], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Withdraw:
    pick: int


@dataclass(frozen=True, slots=True)
class Propose:
    proposer: int
    third: bool
    starts: int
    lasts: int
    rules: list[dict[str, Any]]
    accepted: bool
    publish: bool


@dataclass(frozen=True, slots=True)
class Renew:
    pick: int
    anyone: bool
    proposal: Propose


@dataclass(frozen=True, slots=True)
class Decide:
    pick: int
    organisation: int
    decision: str


@dataclass(frozen=True, slots=True)
class Cut:
    pass


@dataclass(frozen=True, slots=True)
class Pass:
    days: int


pairs = st.sampled_from(((0, 2), (0, 2), (0, 1), (1, 2), (2, 0)))
rules = st.fixed_dictionaries(
    {
        "pair": pairs,
        "wijken": st.sampled_from([(0, 1), (0,), (0, 1), (1,)]),
        "category": st.sampled_from((None, None, *CATEGORIES[:2])),
        "kind": st.sampled_from(sorted(LISTABLE)),
        "fields": st.sets(st.sampled_from(sorted({*LISTABLE["SIGNAL"], *LISTABLE["ACTIVITY"]}))),
        "precision": st.sampled_from(("EXACT", "WIJK", "BUURT", "EXACT", "COUNT")),
        "keep_days": st.sampled_from([365, 30, 9, 1]),
        "includes_past": st.booleans(),
    }
)
creates = st.builds(
    Create,
    owner=st.sampled_from((0, 0, 1, 2)),
    wijk=st.sampled_from((0, 0, 1)),
    several=st.sampled_from((None, None, True, True, False)),
    buurt=st.none() | st.integers(0, 1),
    category=category,
    days_ago=st.integers(0, 4),
    hour=st.integers(0, 23),
    status=st.sampled_from(("NEW", "DONE")),
    summary=maybe_words,
    note=maybe_words,
    point=st.booleans(),
    caps=st.none()
    | st.none()
    | st.dictionaries(st.sampled_from((2, 1, 0)), st.tuples(precision, st.booleans()), min_size=1),
    dataset=dataset,
)
marks = st.builds(
    Mark,
    owner=st.sampled_from((0, 0, 1, 2)),
    dataset=st.sampled_from((INNER, INNER, DATASET)),
    never=st.booleans(),
    past=st.booleans(),
)
common_changes = st.one_of(
    st.fixed_dictionaries({"category": category}),
    st.fixed_dictionaries({"buurt": st.none() | st.integers(0, 1)}),
    st.fixed_dictionaries({"closed_on": st.none() | st.just("today")}),
    st.fixed_dictionaries({"dataset": dataset}),
)
changes = st.builds(
    Change,
    pick=st.integers(0, 20),
    values=st.fixed_dictionaries(
        {
            Signal: common_changes
            | st.one_of(
                st.fixed_dictionaries({"summary": maybe_words}),
                st.fixed_dictionaries({"internal_note": maybe_words}),
                st.fixed_dictionaries({"status": st.sampled_from(("NEW", "DONE"))}),
                st.fixed_dictionaries({"lon": st.just(4.5), "lat": st.just(52.05)}),
            ),
            Activity: common_changes
            | st.one_of(
                st.fixed_dictionaries({"audience": maybe_words}),
                st.fixed_dictionaries({"facility": maybe_words}),
                st.fixed_dictionaries({"attendance": st.none() | st.integers(0, 3)}),
                st.fixed_dictionaries({"wijken": st.sampled_from(((0, 1), (1, 0), (0,), (1,)))}),
                st.fixed_dictionaries({"wijken": st.sampled_from(((0, 1), (1, 0), (0,), (1,)))}),
            ),
        }
    ),
)
proposals = st.builds(
    Propose,
    proposer=who,
    third=st.booleans(),
    starts=st.sampled_from((0, -6, -1, 0, 3)),
    lasts=st.sampled_from((30, 5, 12, 30)),
    rules=st.lists(rules, min_size=1, max_size=4),
    accepted=st.sampled_from((True, True, True, False)),
    publish=st.booleans(),
)
renewals = st.builds(
    Renew,
    pick=st.integers(0, 5),
    anyone=st.sampled_from((False, False, False, True)),
    proposal=proposals,
)
decisions = st.builds(
    Decide,
    pick=st.integers(0, 5),
    organisation=who,
    decision=st.sampled_from(("ACCEPT", "REJECT", "REVOKE")),
)
anything = st.one_of(
    creates,
    changes,
    changes,
    proposals,
    renewals,
    renewals,
    st.builds(Withdraw, st.integers(0, 20)),
    decisions,
    marks,
    st.builds(Cut),
    st.builds(Pass, st.integers(1, 6)),
)
steps = st.tuples(
    st.lists(marks, max_size=2),
    st.lists(creates, max_size=2),
    st.lists(proposals, min_size=1, max_size=3),
    st.lists(creates, min_size=2, max_size=7),
    st.lists(renewals, max_size=2),
    st.lists(anything, max_size=14),
).map(lambda parts: [step for part in parts for step in part])
questions = st.builds(
    Wanted,
    owner=st.none() | who,  # type: ignore[arg-type]
    categories=st.none() | st.tuples(category),
    statuses=st.none() | st.just(("DONE",)),
    buurt=st.none() | st.integers(0, 3),  # type: ignore[arg-type]
    from_day=st.none() | st.dates(FIRST_DAY, FIRST_DAY + timedelta(days=20)),
    until_day=st.none() | st.dates(FIRST_DAY, FIRST_DAY + timedelta(days=20)),
    closed=st.none() | st.booleans(),
    words=st.none() | st.sampled_from(("LAMP", "speeltuin", "straat")),
)

_gemeenten = (f"GM{number:04}" for number in itertools.count(1))


def play_worlds(bench: Bench, examples: int, number: int | None = None) -> None:
    """Plays so many worlds: those that follow from a number, or others each time. Raises when a door disagrees."""

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        **({} if number is None else {"database": None}),
    )
    @given(steps=steps, wanted=st.lists(questions, max_size=2), later=st.integers(1, 12))
    def agree(steps: list[Any], wanted: list[Wanted], later: int) -> None:
        bench.runner.run(_play(bench, next(_gemeenten), steps, wanted, later))

    (agree if number is None else seed(number)(agree))()


def _prove(cluster: Cluster, worlds: range) -> Outcome:
    with a_bench(cluster, "doors") as bench:
        play_worlds(bench, len(worlds), worlds.start)
    return Outcome({"worlds": len(worlds)})


DOORS = Proof("doors", 1, "world", _prove, long=500, share=100)


async def _play(
    bench: Bench, gemeente: str, steps: list[Any], wanted: list[Wanted], later: int
) -> None:
    play = await Play.begin(bench.owner, bench.app, gemeente, FIRST_DAY)
    asked = [Wanted(), *(_about(play, one) for one in wanted)]
    for number, step in enumerate(steps):
        await _carry_out(play, number, step)
    await play.compare(asked)
    await play.pass_days(later)
    await play.cut()
    await play.compare()


def _about(play: Play, wanted: Any) -> Wanted:
    """The question about this world's organisation and buurt instead of their numbers."""
    buurten = [buurt for some in play.world.wijken.values() for buurt in some]
    owner = None if wanted.owner is None else play.world.organisations[wanted.owner]
    buurt = None if wanted.buurt is None else buurten[wanted.buurt]
    return Wanted(
        owner,
        wanted.categories,
        wanted.statuses,
        buurt,
        wanted.from_day,
        wanted.until_day,
        wanted.closed,
        wanted.words,
    )


async def _carry_out(play: Play, number: int, step: Any) -> None:
    world = play.world
    match step:
        case Create():
            await play.create(_record(play, number, step))
        case Change() if world.records:
            record = _picked(world.records, step.pick)
            values = dict(step.values[type(world.records[record])])
            if "wijken" in values:
                places = tuple(list(world.wijken)[n] for n in values["wijken"])
                values |= {"wijken": places, "wijk": places[0], "buurt": None}
            if values.get("buurt") is not None:
                values["buurt"] = world.wijken[world.records[record].wijk][values["buurt"]]
            if values.get("closed_on") is not None:
                values["closed_on"] = world.today
            await play.change(record, values)
        case Withdraw() if world.records:
            await play.withdraw(_picked(world.records, step.pick))
        case Propose():
            await _propose(play, number, step)
        case Renew() if world.agreements:
            await _renew(play, number, step)
        case Decide() if world.agreements:
            organisation = world.organisations[step.organisation]
            await play.decide(_picked(world.agreements, step.pick), organisation, step.decision)
        case Mark():
            owner = world.organisations[step.owner]
            await play.mark(owner, step.dataset, never=step.never, past=step.past)
        case Cut():
            await play.cut()
        case Pass():
            await play.pass_days(step.days)


def _picked(things: dict[Any, Any], pick: int) -> Any:
    return list(things)[pick % len(things)]


def _record(play: Play, number: int, step: Create) -> Record:
    """A signal, or an activity in one or both of the wijken."""
    world = play.world
    first, other = list(world.wijken) if step.wijk == 0 else list(world.wijken)[::-1]
    day = world.today - timedelta(days=step.days_ago)
    caps = None
    if step.caps is not None:
        caps = tuple(
            (world.organisations[n], Cap(*cap))
            for n, cap in sorted(step.caps.items())
            if n != step.owner
        )
    common: dict[str, Any] = {
        "id": named(world.gemeente, "record", number),
        "owner": world.organisations[step.owner],
        "wijk": first,
        "category": step.category,
        "recorded_on": world.today,
        "external_id": f"nr-{number}",
        "buurt": None if step.buurt is None else world.wijken[first][step.buurt],
        "caps": caps,
        "dataset": step.dataset,
    }
    moment = datetime(day.year, day.month, day.day, step.hour, tzinfo=NETHERLANDS)
    if step.several is not None:
        return Activity(
            wijken=(first, other) if step.several else (first,),
            title=step.summary or "Koffie",
            audience=step.note,
            starts_at=moment,
            ends_at=moment + timedelta(hours=1) if step.point else None,
            facility=step.summary,
            attendance=step.hour,
            **common,
        )
    return Signal(
        seen_at=moment,
        lon=4.49 if step.point else None,
        lat=52.06 if step.point else None,
        status=step.status,
        subcategory="eigen soort" if step.point else None,
        summary=step.summary,
        internal_note=step.note,
        **common,
    )


async def _renew(play: Play, number: int, step: Renew) -> None:
    """A next version, proposed by who may do that, if there is anybody, or by anyone."""
    world = play.world
    able = {
        (one.id, who): None
        for one in world.agreements.values()
        for who in range(len(world.organisations))
        if step.anyone or world.may_replace(world.organisations[who], one.id)
    }
    if able:
        id_, who = _picked(able, step.pick)
        await _propose(play, number, replace(step.proposal, proposer=who), id_)


async def _propose(play: Play, number: int, step: Propose, replaces: UUID | None = None) -> None:
    world = play.world
    members = {step.proposer, *(party for rule in step.rules for party in rule["pair"])}
    members |= {0, 1, 2} if step.third else set()
    parties = tuple(world.organisations[n] for n in sorted(members))
    first = world.today + timedelta(days=step.starts)
    id_ = replaces or named(world.gemeente, "agreement", number)
    agreement = Agreement(
        id=id_,
        parties=parties,
        valid_from=first,
        valid_until=first + timedelta(days=step.lasts),
        rules=tuple(_rule(play, rule) for rule in step.rules),
        version=1 + sum(one.id == id_ for one in world.agreements.values()),
        publish=step.publish,
    )
    if await play.propose(world.organisations[step.proposer], agreement) and step.accepted:
        for party in parties:
            await play.decide(list(world.agreements)[-1], party, "ACCEPT")


def _rule(play: Play, given: dict[str, Any]) -> Rule:
    wijken = list(play.world.wijken)
    return Rule(
        provider=play.world.organisations[given["pair"][0]],
        receiver=play.world.organisations[given["pair"][1]],
        wijken=tuple(wijken[n] for n in given["wijken"]),
        category=given["category"],
        kind=given["kind"],
        fields=tuple(sorted(given["fields"])),
        precision=given["precision"],
        keep_days=given["keep_days"],
        includes_past=given["includes_past"],
    )
