# SPDX-License-Identifier: EUPL-1.2
"""A gemeente for one test, built as partners build it, and the numbers that it ought to publish.

Everything that a partner does goes in as hub_app under that partner's identity, so through
policies and triggers. `Plan` says what to build; `expected` computes from the plan alone, in plain
loops, what the database has to publish, and `unsafe` names what it should never have shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from resolvers.numbers.complements import complements
from sql.statements import statements

MONDAY = date(2026, 11, 16)
WEEK = "2026-W47"
TODAY = date(2026, 11, 23)
RANKS = {"COUNT": 0, "WIJK": 1, "BUURT": 2, "EXACT": 3}

_numbers = count(1000)


@dataclass(frozen=True)
class Rule:
    """An agreement with one rule. Organisations and wijken by place; days count from MONDAY."""

    provider: int
    audience: int = 0
    wijken: tuple[int, ...] = (0,)
    category: str | None = None
    precision: str = "COUNT"
    min_cell: int = 5
    keep_days: int = 365
    includes_past: bool = False
    valid_from: int = -100
    valid_until: int = 100
    state: str = "ACCEPTED"
    kind: str = "SIGNAL"
    alone: bool = False
    """`state` ENDED: it was revoked after the audience could see under it."""

    @property
    def covers_from(self) -> float:
        return float("-inf") if self.includes_past else self.valid_from

    def in_force(self, today: int) -> bool:
        return self.state == "ACCEPTED" and self.valid_from <= today <= self.valid_until

    def whole_week(self, today: int) -> bool:
        """Whether it shares what was seen on each day of the week that begins on day 0."""
        return self.in_force(today) and self.covers_from <= 0 and today < self.keep_days

    def covers(self, recorded: int, today: int) -> bool:
        """Whether it still shares what was recorded on a day."""
        return (
            self.covers_from <= recorded <= self.valid_until and recorded > today - self.keep_days
        )

    def about(self, categories: tuple[str, ...]) -> bool:
        """Whether it shares something of a measure: of a count all that it counts, or nothing."""
        if self.category is None or categories == (self.category,):
            return True
        return self.kind == "SIGNAL" and self.category in categories


@dataclass(frozen=True)
class Seen:
    """Signals of one organisation, alike. A cap leaves out every receiver but `capped_for`."""

    owner: int
    times: int = 1
    wijk: int = 0
    category: str = "NOISE"
    day: int = 2
    recorded: int = 2
    cap: str | None = None
    capped_for: int = 0
    buurt: int | None = None

    def rank_under(self, rule: Rule) -> int | None:
        """How exactly the rule shows it to its audience: 0 as a number only, None not at all."""
        same = (rule.provider, rule.category or self.category) == (self.owner, self.category)
        if not same or self.wijk not in rule.wijken or rule.kind != "SIGNAL":
            return None
        if not rule.covers_from <= self.recorded <= rule.valid_until:
            return None
        if self.cap is None:
            return RANKS[rule.precision]
        if rule.audience != self.capped_for:
            return None
        return min(RANKS[rule.precision], RANKS[self.cap])


@dataclass(frozen=True)
class Given:
    """A count of one organisation over the week; `part` is the place of a buurt or a group."""

    owner: int
    count: int
    wijk: int = 0
    measure: int = 0
    recorded: int = 6
    part: int | None = None


@dataclass(frozen=True)
class Plan:
    """What a gemeente has and does until `today`, a number of days after MONDAY."""

    rules: tuple[Rule, ...]
    signals: tuple[Seen, ...] = ()
    measures: tuple[tuple[str, ...], ...] = (("NOISE", "LITTER"), ("GREEN",))
    counts: tuple[Given, ...] = ()
    breakdown: str | None = None
    """By what every measure is told: BUURT, GROUP, or as a whole."""
    sensitive: bool = False
    organisations: int = 5
    wijken: int = 2
    today: int = 7


class Cell(NamedTuple):
    value: int | None
    suppression: str
    scope: tuple[int, ...]


Cells = dict[tuple[int, int, int], Cell]  # by audience, measure and wijk
Parts = dict[tuple[int, int, int, int | None], int | None]  # and by buurt or group
GROUPS = ("g0", "g1")
BUURTEN = 2


class Town:
    """One gemeente, in a database of its own or beside others."""

    def __init__(self, owner: Any, app: Any) -> None:
        self.gemeente = f"GM{next(_numbers)}"
        self._owner = owner
        self._app = app
        self.organisations: list[UUID] = []
        self.wijken: list[UUID] = []
        self.buurten: list[list[UUID]] = []

    # ── What the administration does ─────────────────────────────────────────────────────────────

    async def begin(self, organisations: int, wijken: int) -> None:
        """The first organisation is the municipality; all of them work in every wijk."""
        await self.today(MONDAY)
        await self.administer("insert into hub.gemeenten values ($1, 'Proefstad')", self.gemeente)
        for number in range(wijken):
            self.wijken.append(await self._new_wijk(number))
        for number in range(organisations):
            self.organisations.append(await self._new_organisation(number))

    async def _new_wijk(self, number: int) -> UUID:
        wijk = uuid4()
        await self.administer("insert into hub.wijken values ($1, $2)", self.gemeente, wijk)
        await self.administer(
            "insert into hub.divisions values ($1, 2025, 'test') on conflict do nothing",
            self.gemeente,
        )
        await self.administer(
            "insert into hub.wijk_versions (gemeente, wijk, year, code, name)"
            " values ($1, $2, 2025, $3, $3)",
            self.gemeente,
            wijk,
            f"WK{self.gemeente[2:]}{number:02}",
        )
        self.buurten.append([uuid4() for _ in range(BUURTEN)])
        await self.administer(
            "insert into hub.buurten (gemeente, id, wijk, name)"
            " select $1, b, $2, 'Buurt ' || n from unnest($3::uuid[]) with ordinality u(b, n)",
            self.gemeente,
            wijk,
            self.buurten[-1],
        )
        return wijk

    async def _new_organisation(self, number: int) -> UUID:
        organisation = uuid4()
        await self.administer(
            "insert into hub.organisations (gemeente, id, slug, name, kind)"
            " values ($1, $2, $3, $3, $4)",
            self.gemeente,
            organisation,
            f"partner-{number}",
            "WELFARE" if number else "MUNICIPALITY",
        )
        await self.administer(
            "insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from,"
            " contact) select $1, $2, w, '2020-01-01', 'balie@partner.example'"
            " from unnest($3::uuid[]) w",
            self.gemeente,
            organisation,
            self.wijken,
        )
        return organisation

    async def administer(self, statement: str, *args: object) -> None:
        await self._owner.execute(statement, *args)

    async def today(self, day: date) -> None:
        """Freezes the hub's clock at noon of `day`."""
        await self.administer(
            "insert into hub.clock (frozen_at) values ($1)"
            " on conflict (only_row) do update set frozen_at = excluded.frozen_at",
            datetime.combine(day, time(12), UTC),
        )

    async def measure(
        self,
        code: str,
        categories: Sequence[str],
        position: int = 0,
        breakdown: str | None = None,
        **more: Any,
    ) -> None:
        await self.administer(
            "insert into hub.measures"
            " (gemeente, code, label, categories, position, breakdown, groups, period, open_days,"
            " sensitive) values ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.gemeente,
            code,
            list(categories),
            position,
            breakdown,
            list(GROUPS) if breakdown == "GROUP" else [],
            more.get("period", "WEEK"),
            more.get("open_days", 0),
            more.get("sensitive", False),
        )

    async def dataset(
        self,
        owner: int,
        dataset: str,
        rhythm_days: int | None = 7,
        declared_on: date = date(2026, 1, 1),
        **more: object,
    ) -> None:
        await self.administer(
            "insert into hub.datasets (gemeente, owner, dataset, kind, rhythm_days, declared_on,"
            " contact) values ($1, $2, $3, $4, $5, $6, $7)",
            self.gemeente,
            self.organisations[owner],
            dataset,
            more.get("kind", "SIGNAL"),
            rhythm_days,
            declared_on,
            more.get("contact"),
        )

    # ── What partners do ─────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def acting(self, organisation: int) -> AsyncIterator[Any]:
        """A transaction of one organisation, as the serving role."""
        async with self._app.transaction():
            await self._app.execute(
                "select set_config('hub.gemeente', $1, true),"
                " set_config('hub.organisation', $2, true)",
                self.gemeente,
                str(self.organisations[organisation]),
            )
            yield self._app

    async def agree(self, rule: Rule) -> UUID:
        """Proposes an agreement of one rule; its parties accept it unless its state is PROPOSED."""
        agreement = uuid4()
        days = [MONDAY + timedelta(days=n) for n in (rule.valid_from, rule.valid_until)]
        parties = [self.organisations[n] for n in (rule.provider, rule.audience)]
        async with self.acting(rule.provider) as app:
            await app.execute(
                "insert into hub.agreements (id, title, purpose, legal_basis, contact, valid_from,"
                " valid_until, parties)"
                " values ($1, 'Proef', 'proef', 'proef', 'proef', $2, $3, $4)",
                agreement,
                *days,
                parties,
            )
            await app.execute(
                "insert into hub.agreement_rules (agreement, version, number, provider, receiver,"
                " wijken, kind, category, precision, keep_days, min_cell, includes_past, alone)"
                " values ($1, 1, 1, $2, $3, $4, $10, $5, $6, $7, $8, $9, $11)",
                agreement,
                *parties,
                [self.wijken[n] for n in rule.wijken],
                rule.category,
                rule.precision,
                rule.keep_days,
                rule.min_cell,
                rule.includes_past,
                rule.kind,
                rule.alone,
            )
        await self.decide(rule.provider, agreement, "ACCEPT")
        if rule.state != "PROPOSED":
            await self.decide(rule.audience, agreement, "ACCEPT")
        if rule.state == "REVOKED":
            await self.decide(rule.provider, agreement, "REVOKE")
        return agreement

    async def decide(self, party: int, agreement: UUID, decision: str) -> None:
        async with self.acting(party) as app:
            await app.execute(
                "insert into hub.agreement_decisions (agreement, version, decision)"
                " values ($1, 1, $2)",
                agreement,
                decision,
            )

    async def see(self, seen: Seen) -> None:
        """Records signals on the day on which they were recorded."""
        await self.today(MONDAY + timedelta(days=seen.recorded))
        async with self.acting(seen.owner) as app:
            await app.execute(
                "insert into hub.datasets (dataset, kind) values ('signals', 'SIGNAL')"
                " on conflict do nothing"
            )
            profile = UUID(int=0) if seen.cap is None else uuid4()
            if seen.cap is not None:
                await app.execute(
                    "insert into hub.share_caps (profile, receiver, precision, with_text)"
                    " values ($1, $2, $3, true)",
                    profile,
                    self.organisations[seen.capped_for],
                    seen.cap,
                )
            await app.execute(
                "insert into hub.signals (id, dataset, wijk, category, seen_at, profile, buurt)"
                " select gen_random_uuid(), 'signals', $1, $2, $3, $4, $6"
                " from generate_series(1, $5)",
                self.wijken[seen.wijk],
                seen.category,
                datetime.combine(MONDAY + timedelta(days=seen.day), time(12), UTC),
                profile,
                seen.times,
                None if seen.buurt is None else self.buurten[seen.wijk][seen.buurt],
            )

    async def give(self, given: Given, breakdown: str | None = None, period: str = WEEK) -> None:
        """Gives a count on its day, by buurt or group as the measure is told."""
        await self.today(MONDAY + timedelta(days=given.recorded))
        buurt = group = None
        if given.part is not None and breakdown == "BUURT":
            buurt = self.buurten[given.wijk][given.part]
        elif given.part is not None:
            group = GROUPS[given.part]
        async with self.acting(given.owner) as app:
            await app.execute(
                "insert into hub.datasets (dataset, kind) values ('counts', 'COUNT')"
                " on conflict do nothing"
            )
            await app.execute(
                'insert into hub.counts (id, dataset, wijk, measure, period, buurt, "group", count)'
                " values (gen_random_uuid(), 'counts', $1, $2, $3, $4, $5, $6)",
                self.wijken[given.wijk],
                f"m{given.measure}",
                period,
                buurt,
                group,
                given.count,
            )

    async def deliver(self, owner: int, dataset: str, day: date, wijk: int = 0) -> None:
        await self.today(day)
        async with self.acting(owner) as app:
            await app.execute(
                "insert into hub.deliveries (dataset, wijk) values ($1, $2)",
                dataset,
                self.wijken[wijk],
            )

    # ── Numbers ──────────────────────────────────────────────────────────────────────────────────

    async def publish(self, period: str = WEEK) -> int:
        """As the hub's administrator does; how many numbers of wijken that were."""
        async with self._owner.transaction():
            return await publish_by_hand(self._owner, self.gemeente, period)

    async def publish_what_is_due(self) -> int:
        """Every period of which numbers are due; how many numbers of wijken that were."""
        due = "select period from hub.periods_due() where gemeente = $1"
        periods = [row["period"] for row in await self._owner.fetch(due, self.gemeente)]
        return sum([await self.publish(period) for period in periods])

    async def published(self, period: str = WEEK, edition: int = 1) -> Cells:
        """Every number that some organisation can read, each read as that organisation."""
        found: Cells = {}
        places = {id_: place for place, id_ in enumerate(self.organisations)}
        for asker in range(len(self.organisations)):
            async with self.acting(asker) as app:
                cells = "select * from hub.edition_cells where (period, edition) = ($1, $2)"
                rows = await app.fetch(cells, period, edition)
            for row in rows:
                key = (asker, int(row["measure"].removeprefix("m")), self.wijken.index(row["wijk"]))
                assert row["audience"] == self.organisations[asker]
                assert key not in found
                scope = tuple(sorted(places[id_] for id_ in row["scope"]))
                found[key] = Cell(row["value"], row["suppression"], scope)
        return found

    async def published_parts(self, period: str = WEEK, edition: int = 1) -> Parts:
        """Every number of a part that some organisation can read; None where it is withheld."""
        found: Parts = {}
        places = {b: n for buurten in self.buurten for n, b in enumerate(buurten)}
        for asker in range(len(self.organisations)):
            async with self.acting(asker) as app:
                parts = "select * from hub.edition_parts where (period, edition) = ($1, $2)"
                rows = await app.fetch(parts, period, edition)
            for row in rows:
                part = places[row["buurt"]] if row["buurt"] else None
                part = GROUPS.index(row["group"]) if row["group"] else part
                key = (
                    asker,
                    int(row["measure"].removeprefix("m")),
                    self.wijken.index(row["wijk"]),
                    part,
                )
                assert row["audience"] == self.organisations[asker]
                assert key not in found
                found[key] = row["value"]
        return found


async def publish_by_hand(owner: Any, gemeente: str, period: str) -> int:
    """Publishes a period over a plain connection of the owner's, in its transaction."""
    texts = statements()
    numbers = await owner.fetch(texts["numbers_for_solver"].text, gemeente, period)
    digest = numbers[0]["digest"] if numbers else None
    made = await owner.fetchrow(
        texts["numbers_publish"].text, gemeente, period, complements(numbers), digest
    )
    cells: int = made["cells"]
    return cells


async def build(owner: Any, app: Any, plan: Plan) -> Town:
    """A gemeente as planned, its clock at the plan's day, nothing published."""
    town = Town(owner, app)
    await town.begin(plan.organisations, plan.wijken)
    for number, categories in enumerate(plan.measures):
        sensitive = plan.sensitive
        await town.measure(f"m{number}", categories, number, plan.breakdown, sensitive=sensitive)
    # whether an agreement or its records came first makes no difference
    for rule in plan.rules[::2]:
        await town.agree(rule)
    for seen in plan.signals:
        await town.see(seen)
    for given in plan.counts:
        await town.give(given, plan.breakdown)
    for rule in plan.rules[1::2]:
        await town.agree(rule)
    await town.today(MONDAY + timedelta(days=plan.today))
    return town


# ── What ought to be published, from the plan alone ──────────────────────────────────────────────


class Hidden(NamedTuple):
    """What stands behind a cell: who could contribute, how much, and whose part of it is unseen."""

    scope: tuple[int, ...]
    min_cell: int
    total: int
    unseen: dict[int, int]
    opened: dict[int, int]
    """Whose part of it could be unseen: where a count stands, who knows what is behind it."""
    records: dict[int, int]
    """Whose part of it is how much."""
    shares: dict[int, frozenset[str]]
    """By what who could contribute does so: the categories, or COUNT."""
    givers: frozenset[int]
    """Whose count stands in the place of its signals."""

    @property
    def open(self) -> int:
        """How much of it could be unseen."""
        return sum(self.opened.values())


Key = tuple[int, int, int]
Behind = dict[int | str | None, Hidden]  # WHOLE, and each part where the measure is broken down
WHOLE = "whole"


def behind(plan: Plan) -> Iterator[tuple[Key, Behind]]:
    """Each cell that some rule gives rise to."""
    for audience in range(plan.organisations):
        for measure, categories in enumerate(plan.measures):
            for wijk in range(plan.wijken):
                rules = [
                    rule
                    for rule in plan.rules
                    if rule.whole_week(plan.today)
                    and rule.audience == audience
                    and wijk in rule.wijken
                    and rule.about(categories)
                ]
                if rules:
                    signals = [
                        s
                        for s in plan.signals
                        if s.wijk == wijk and s.category in categories and 0 <= s.day <= 6
                    ]
                    counts = [c for c in plan.counts if (c.wijk, c.measure) == (wijk, measure)]
                    maybe = [
                        s
                        for s in plan.signals
                        if s.wijk == wijk and s.category in categories and s.recorded >= -1
                    ]
                    yield (
                        (audience, measure, wijk),
                        _behind(plan, audience, categories, rules, signals, counts, maybe),
                    )


def _behind(
    plan: Plan,
    audience: int,
    categories: tuple[str, ...],
    rules: list[Rule],
    signals: list[Seen],
    counts: list[Given],
    maybe: list[Seen],
) -> Behind:
    """`maybe` are the signals that could stand behind a count."""
    counts = [
        given
        for given in counts
        if any(
            rule.kind == "COUNT"
            and rule.provider == given.owner
            and rule.covers(given.recorded, plan.today)
            for rule in rules
        )
    ]
    givers = {given.owner for given in counts}
    counted = [
        seen
        for seen in signals
        if seen.owner not in givers
        and any(
            seen.rank_under(rule) is not None and rule.covers(seen.recorded, plan.today)
            for rule in rules
        )
    ]
    known = dict.fromkeys(range(plan.organisations), 0)
    for seen in maybe:
        if seen.owner in givers and _visible(plan, audience, seen):
            known[seen.owner] += seen.times
    scope = tuple(sorted({rule.provider for rule in rules}))
    shares = {
        owner: frozenset(
            what
            for rule in rules
            if rule.provider == owner
            for what in ((rule.category or "ALL",) if rule.kind == "SIGNAL" else ("COUNT",))
        )
        for owner in scope
    }
    shares = {
        owner: each - {"ALL"} | (frozenset(categories) if "ALL" in each else frozenset())
        for owner, each in shares.items()
    }
    places: list[int | str | None] = [WHOLE]
    if plan.breakdown is not None:
        places += [None, *range(len(GROUPS) if plan.breakdown == "GROUP" else BUURTEN)]
    found: Behind = {}
    for place in places:
        total = 0
        unseen = dict.fromkeys(range(plan.organisations), 0)
        records = dict.fromkeys(range(plan.organisations), 0)
        for seen in counted:
            part = seen.buurt if plan.breakdown == "BUURT" else None
            if place in (WHOLE, part):
                total += seen.times
                records[seen.owner] += seen.times
                unseen[seen.owner] += 0 if _visible(plan, audience, seen) else seen.times
        for given in counts:
            if place in (WHOLE, given.part):
                total += given.count
                records[given.owner] += given.count
                unseen[given.owner] += given.count
        could_be = dict(unseen)
        unseen = {owner: max(0, number - known[owner]) for owner, number in unseen.items()}
        min_cell = max(rule.min_cell for rule in rules)
        found[place] = Hidden(
            scope, min_cell, total, unseen, could_be, records, shares, frozenset(givers)
        )
    return found


def _visible(plan: Plan, audience: int, seen: Seen) -> bool:
    """Whether the audience could see it as a record: now, before, or once a rule begins."""
    return any(
        rule.audience == audience
        and rule.state in ("ACCEPTED", "ENDED")
        and (seen.rank_under(rule) or 0) > 0
        for rule in plan.rules
    )


def expected(plan: Plan) -> Cells:
    """The numbers that a plan has to publish."""
    cells: Cells = {}
    hidden = dict(behind(plan))
    shown = shown_together(plan, hidden)
    for key, of_wijk in hidden.items():
        whole = of_wijk[WHOLE]
        value = whole.total if key in shown else None
        cells[key] = Cell(value, "WITHHELD" if value is None else "NONE", whole.scope)
    return cells


def expected_parts(plan: Plan) -> Parts:
    """The numbers of parts that a plan has to publish: those that are safe, but for those that
    are withheld so that the others do not follow.
    """
    parts: Parts = {}
    hidden = dict(behind(plan))
    shown = shown_together(plan, hidden)
    for key, of_wijk in hidden.items():
        alike = [other for other in shown if other[1:] == key[1:] and in_common(hidden, key, other)]
        group = [of_wijk, *(hidden[other] for other in alike if other != key)]
        withheld = withheld_parts(plan, group) if key in shown else set(places(of_wijk))
        for part in places(of_wijk):
            parts[*key, part] = None if part in withheld else of_wijk[part].total
    return parts


# ── Two audiences ────────────────────────────────────────────────────────────────────────────────


def shown_together(plan: Plan, hidden: dict[Key, Behind]) -> set[Key]:
    """Which numbers of wijken are shown: of those that are safe by themselves the largest scope
    first, but for those that tell more beside one that is shown already.
    """
    safe = {key: each for key, each in hidden.items() if is_safe(plan, each[WHOLE])}
    apart = {
        key: {
            other
            for other in safe
            if other[0] != key[0] and other[1:] == key[1:] and tells_more(safe, key, other)
        }
        for key in safe
    }
    shown: set[Key] = set()
    for key in sorted(safe, key=lambda k: (-len(safe[k][WHOLE].scope), len(apart[k]), k)):
        if not apart[key] & shown:
            shown.add(key)
    return shown


def tells_more(hidden: dict[Key, Behind], one: Key, other: Key) -> bool:
    """Whether two audiences together would know more of others than one and what the other gave."""
    ours, theirs = hidden[one], hidden[other]
    if ours[WHOLE].total == theirs[WHOLE].total == 0:
        return False
    if not in_common(hidden, one, other):
        return False
    others = {*ours[WHOLE].scope, *theirs[WHOLE].scope} - {one[0], other[0]}
    return any(
        ours[place].shares.get(who) != theirs[place].shares.get(who)
        or ours[place].records.get(who, 0) != theirs[place].records.get(who, 0)
        for place in ours
        for who in others
    )


def in_common(hidden: dict[Key, Behind], one: Key, other: Key) -> bool:
    """Whether some organisation, but for the two that ask, could contribute to both."""
    ours, theirs = hidden[one][WHOLE].scope, hidden[other][WHOLE].scope
    return bool(set(ours) & set(theirs) - {one[0], other[0]})


def places(hidden: Behind) -> list[int | None]:
    """The parts of a wijk in the order in which they are withheld: what has none is the last."""
    parts = [part for part in hidden if not isinstance(part, str)]
    return sorted(parts, key=lambda part: (part is None, part))


def withheld_parts(plan: Plan, group: Sequence[Behind]) -> set[int | None]:
    """The parts that are not safe for each audience of a group whose numbers are shown, and as
    many others as it takes to hide them.
    """
    parts = places(group[0])
    withheld = {part for part in parts if not all(is_safe(plan, each[part]) for each in group)}
    if not withheld:
        return withheld
    others = [part for part in parts if part not in withheld]
    for part in (part for part in others if all(each[part].total for each in group)):
        withheld = withheld | {part}
        if all(_hide(plan, each, withheld) for each in group):
            return withheld
    return set(parts)


def _hide(plan: Plan, hidden: Behind, withheld: set[int | None]) -> bool:
    """Whether an unsafe part may be 0 to minCell - 1 while each other withheld one is 1 or more."""
    if all(is_safe(plan, hidden[part]) for part in withheld):
        return True
    whole = hidden[WHOLE]
    others = sum(hidden[part].open for part in places(hidden) if part not in withheld)
    rest = sum(whole.unseen.values()) - others
    return rest - (len(withheld) - 1) >= whole.min_cell - 1


def is_safe(plan: Plan, hidden: Hidden) -> bool:
    """The rule for a number that is shown, organisation by organisation."""
    if len(hidden.scope) < 3:
        return False
    if hidden.total == 0:
        return True
    everything = sum(hidden.unseen.values())
    return all(
        everything - hidden.unseen.get(organisation, 0) >= hidden.min_cell
        for organisation in range(plan.organisations)
    )


def unsafe(plan: Plan, cells: Cells) -> list[Key]:
    """The cells that show a number which the rule does not allow to be shown."""
    hidden = dict(behind(plan))
    return [
        key
        for key, cell in cells.items()
        if cell.value is not None and not (key in hidden and is_safe(plan, hidden[key][WHOLE]))
    ]


def unsafe_parts(plan: Plan, parts: Parts) -> list[tuple[int, int, int, int | None]]:
    """The parts that are shown though they, or their wijk's number, or what the wijk's withheld
    parts add up to, may not be.
    """
    hidden = dict(behind(plan))
    found = []
    for (audience, measure, wijk, part), value in parts.items():
        of_wijk = hidden[audience, measure, wijk]
        rest = [
            of_wijk[each]
            for each in places(of_wijk)
            if parts[audience, measure, wijk, each] is None
        ]
        safe = [of_wijk[WHOLE], of_wijk[part], *([together(rest)] if rest else [])]
        if value is not None and not all(is_safe(plan, each) for each in safe):
            found.append((audience, measure, wijk, part))
    return found


def together(parts: Sequence[Hidden]) -> Hidden:
    """Parts as if they were one."""
    unseen: dict[int, int] = {}
    for part in parts:
        for owner, number in part.unseen.items():
            unseen[owner] = unseen.get(owner, 0) + number
    total = sum(part.total for part in parts)
    return parts[0]._replace(total=total, unseen=unseen, opened=unseen)
