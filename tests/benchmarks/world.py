# SPDX-License-Identifier: EUPL-1.2
"""The world that is measured: Zoetermeer's wijken, nine partners, their signals of 26 weeks.

Everything enters as the serving role, through policies and triggers, with the hub's own statements:
history, feed, slices, grants and published numbers are what they would be after half a year of
deliveries under an agreement. The same seed makes the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from starlette.datastructures import Headers

from hub.database import Addresses
from hub.demo.scene import GEMEENTE, ROLES, set_scene
from hub.identity.tokens import TokenAdapter
from resolvers.agreements import AgreementDraft, RuleDraft, decide, propose
from resolvers.context import Context
from resolvers.loaders import Loaders
from resolvers.numbers.publishing import publish_due
from resolvers.writes.idempotency import Request, digest_of
from sql.ids import IdSource
from sql.migrate import migrate
from sql.principal import Principal
from sql.session import Database, Session

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
WEEKS = 26
LONG_AGO = NOW.date() - timedelta(days=190)
STRICT = ("handhaving", "wijkagent")
"""Of these the hub stores no text, no point and no minute: noon stands for the day."""

ASKER = "wijkregisseur"
STATUSES = ("NEW", "IN_PROGRESS", "PLANNED", "DONE", "DONE", "DONE")
SUMMARIES = (
    "Groep jongeren op het plein bij de school, luide muziek tot laat in de avond",
    "Grofvuil naast de ondergrondse container, derde keer deze maand",
    "Lantaarnpaal brandt niet, het voetpad langs de sloot is donker",
    "Geluid uit het trapportaal, vooral in het weekend; bewoners vragen om een gesprek",
    "Losse stoeptegels bij de bushalte, iemand is hier gestruikeld",
    "Fietsen geblokkeerd voor de ingang, hulpdiensten kunnen er niet door",
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a partner has: its share of all signals (of 1000), its dataset, and its categories."""

    share: int
    dataset: str
    categories: tuple[str, ...]


PARTS = {
    "wijkregisseur": Part(
        50, "meldingen-openbare-ruimte", ("LITTER", "PAVING", "GREEN", "LIGHTING")
    ),
    "buurtwerk": Part(
        100, "straatcontacten", ("YOUTH_NUISANCE", "SOCIAL_CONTACT", "CARE", "SAFETY")
    ),
    "corporatie-a": Part(
        300, "woonoverlast-meldingen", ("NOISE", "HOUSING", "LITTER", "PAVING", "GREEN", "LIGHTING")
    ),
    "corporatie-b": Part(200, "overlast-en-onderhoud", ("NOISE", "HOUSING", "LITTER", "GREEN")),
    "handhaving": Part(
        150, "handhaving-signalen", ("LITTER", "TRAFFIC", "YOUTH_NUISANCE", "SAFETY")
    ),
    "wijkagent": Part(100, "wijkagent-signalen", ("SAFETY", "TRAFFIC", "YOUTH_NUISANCE", "NOISE")),
    "wijkzorgteam": Part(50, "zorgsignalen", ("CARE", "SOCIAL_CONTACT", "HOUSING")),
    "school-a": Part(25, "rond-de-school", ("ABSENTEEISM", "TRAFFIC", "YOUTH_NUISANCE")),
    "school-b": Part(25, "rond-de-school", ("ABSENTEEISM", "TRAFFIC", "YOUTH_NUISANCE")),
}

# What the asker sees as records: the provider, a category, how exactly, and which listed fields.
SHARED = (
    ("buurtwerk", "YOUTH_NUISANCE", "EXACT", ("summary", "seenAt")),
    ("buurtwerk", "SAFETY", "BUURT", ()),
    ("corporatie-a", "HOUSING", "BUURT", ("summary", "subcategory")),
    ("corporatie-b", "LITTER", "WIJK", ()),
    ("handhaving", "LITTER", "EXACT", ("subcategory",)),
)


SEES_ALL = "buurtwerk"
"""To whom every other partner shows all its records."""

SEES_LITTLE = "corporatie-b"
SHOWN_LITTLE = ("corporatie-a", ("WK063710", "WK063711"), "NOISE")
"""Of whom it sees records, in which wijken, and of which category: two slices."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What is there after filling: tokens and organisations by the name of the token, wijken by
    code, and how many signals.
    """

    tokens: dict[str, str]
    organisations: dict[str, UUID]
    signals: int
    wijken: dict[str, UUID]


async def fill(addresses: Addresses, records: int, report: Callable[[str], None]) -> Filled:
    """Fills a new, empty database with about `records` signals; its clock stands still at NOW."""
    await migrate(addresses.owner)
    owner = await Database.open(addresses.owner, size=1)
    app = await Database.open(addresses.app, size=2, command_timeout=600)
    try:
        async with owner.administration() as session:
            await session.fetch("clock_set", NOW, None)
        ids = IdSource(random.Random(1).randbytes)
        tokens = await set_scene(owner, ids, NOW.date())
        world = _World(
            owner, app, ids, {name: await _principal(app, tokens[name]) for name in PARTS}
        )
        await world.look()
        signals = await world.live(records, report)
    finally:
        await app.close()
        await owner.close()
    report("publishing and vacuuming")
    await _settle(addresses)
    organisations = {name: one.organisation for name, one in world.principals.items()}
    return Filled(tokens, organisations, signals, world.wijken)


async def _principal(app: Database, token: str) -> Principal:
    return await TokenAdapter(app)(Headers({"authorization": f"Bearer {token}"}))


async def _settle(addresses: Addresses) -> None:
    """Statistics as after a night's rest, and the numbers that the daily work publishes."""
    root = await asyncpg.connect(addresses.superuser)
    await root.execute("vacuum (analyze, freeze)", timeout=600)
    owner = await Database.open(addresses.owner, size=1, command_timeout=600)
    await publish_due(owner)
    await owner.close()
    await root.execute("checkpoint", timeout=600)
    await root.close()


class _World:
    """The database while it is filled."""

    def __init__(
        self, owner: Database, app: Database, ids: IdSource, principals: dict[str, Principal]
    ) -> None:
        self._owner = owner
        self._app = app
        self._ids = ids
        self._random = random.Random(2)
        self.principals = principals
        self.wijken: dict[str, UUID] = {}
        self._buurten: dict[UUID, list[UUID]] = {}

    async def look(self) -> None:
        """Reads the wijken and buurten that the scene made."""
        async with self._app.session(self.principals[ASKER]) as session:
            ids = [row["id"] for row in await session.fetch("wijken_of_gemeente", [GEMEENTE])]
            self.wijken = {
                row["code"]: row["id"] for row in await session.fetch("wijken_by_id", ids)
            }
            for row in await session.fetch("buurten_of_wijken", ids):
                self._buurten.setdefault(row["key"], []).append(row["id"])

    async def live(self, records: int, report: Callable[[str], None]) -> int:
        """Agrees, and then delivers week after week; gives how many signals there are."""
        made = 0
        for week in range(WEEKS):
            moment = NOW - timedelta(weeks=WEEKS - 1 - week)
            async with self._owner.administration() as session:
                await session.fetch("clock_set", moment, None)
            if week == 0:
                await self._agree()
            for name, part in PARTS.items():
                made += await self._deliver(
                    name, part, round(records * part.share / 1000 / WEEKS), moment
                )
            await self._app.call("daily_cut_feed", GEMEENTE)
            report(f"week {week + 1} of {WEEKS}: {made:,} signals")
        return made

    async def _agree(self) -> None:
        """One agreement of all: some categories as records to the asker, everything as numbers;
        everything as records to one other, and two slices to another.
        """
        rules = [
            *(
                self._rule(name, wijken_of(name), category, precision, fields)
                for name, category, precision, fields in SHARED
            ),
            *(
                self._rule(name, wijken_of(name), None, "COUNT", ())
                for name in PARTS
                if name != ASKER
            ),
            *(
                self._rule(name, wijken_of(name), None, "EXACT", ("summary",), SEES_ALL)
                for name in PARTS
                if name != SEES_ALL
            ),
            self._rule(*SHOWN_LITTLE, "EXACT", (), SEES_LITTLE),
        ]
        draft = AgreementDraft(
            title="Samen zien wat er speelt",
            purpose="Een gedeeld beeld per wijk",
            legal_basis="Verzonnen voor een meting",
            contact="loket wijkregie",
            dpia=None,
            valid_from=LONG_AGO,
            valid_until=NOW.date() + timedelta(days=365),
            rules=tuple(rules),
            interest="gemeten",
            partnership="gemeten",
            conditions="gemeten",
        )
        async with self._app.session(self.principals[ASKER], read_only=False) as session:
            proposed = await propose(self._context(session, ASKER), draft, "benchmark-agreement")
        for name in PARTS:
            if name != ASKER:
                async with self._app.session(self.principals[name], read_only=False) as session:
                    await decide(self._context(session, name), *proposed, "ACCEPT", None, None)

    def _context(self, session: Session, name: str) -> Context:
        return Context(
            session=session,
            principal=self.principals[name],
            loaders=Loaders(session),
            ids=self._ids,
        )

    def _rule(
        self,
        name: str,
        wijken: Sequence[str],
        category: str | None,
        precision: str,
        fields: Sequence[str],
        receiver: str = ASKER,
    ) -> RuleDraft:
        return RuleDraft(
            provider=self.principals[name].organisation,
            receiver=self.principals[receiver].organisation,
            wijken=tuple(self.wijken[code] for code in wijken),
            kind="SIGNAL",
            category=category,
            fields=tuple(fields),
            precision=precision,
            keep_days=365,
            min_cell=5,
            includes_past=False,
        )

    async def _deliver(self, name: str, part: Part, count: int, moment: datetime) -> int:
        rows = list(self._rows(name, part, count, moment))
        async with self._app.session(self.principals[name], read_only=False) as session:
            if rows:
                await session.fetch(
                    "signals_insert", part.dataset, None, *map(list, zip(*rows, strict=True))
                )
            key = f"vulling-{moment:%y%m%d}-{name}"
            request = Request("push SIGNAL", key, digest_of(key))
            receipt = self._ids.new_id(moment.date())
            await request.remember(session, receipt, part.dataset, nothing=not rows)
        return len(rows)

    def _rows(
        self, name: str, part: Part, count: int, moment: datetime
    ) -> Iterator[tuple[Any, ...]]:
        """Rows as `signals_insert` takes them, of the seven days before `moment`."""
        rnd, codes, strict = self._random, wijken_of(name), name in STRICT
        for number in range(count):
            wijk = self.wijken[rnd.choice(codes)]
            buurten = self._buurten.get(wijk)
            seen = moment - timedelta(minutes=rnd.randrange(7 * 24 * 60))
            pointed = not strict and rnd.random() < 0.3
            yield (
                self._ids.new_id(moment.date()),
                f"{moment:%y%m%d}-{number}",
                None,
                None,
                wijk,
                rnd.choice(buurten) if buurten else None,
                rnd.choice(part.categories),
                None if strict else rnd.choice(("klein", "groot", None)),
                noon_of(seen) if strict else seen,
                4.48 + rnd.random() / 20 if pointed else None,
                52.03 + rnd.random() / 20 if pointed else None,
                rnd.choice(STATUSES),
                None if strict else rnd.choice(SUMMARIES),
                None,
            )


def noon_of(moment: datetime) -> datetime:
    """Noon, in the Netherlands, of the day of a moment."""
    return moment.astimezone(AMSTERDAM).replace(hour=12, minute=0, second=0, microsecond=0)


def wijken_of(name: str) -> tuple[str, ...]:
    """The codes of the wijken in which a partner of the scene works."""
    role = next(role for role in ROLES if role.token == name)
    return (
        tuple(role.wijken)
        if role.wijken is not None
        else tuple(f"WK0637{n:02}" for n in range(1, 16))
    )
