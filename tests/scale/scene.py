# SPDX-License-Identifier: EUPL-1.2
"""A gemeente of the world before anyone delivers: areas, partners, measures and the agreement of
all, made with the hub's own statements. What is there already stays as it is.
"""

from __future__ import annotations

from datetime import timedelta

from resolvers.agreements import AgreementDraft, RuleDraft, decide, propose
from resolvers.context import Context
from resolvers.loaders import Loaders
from resolvers.partners import Partner as Saved
from resolvers.partners import declare_dataset, set_working_area
from sql.ids import IdSource
from sql.principal import Principal
from sql.session import Database, Session
from tests.scale.world import DENSE, MEASURES, NOW, PARTNERS, YEAR, Gemeente, Shares

AREAS = """
with division as (
  insert into hub.divisions (gemeente, year, source) values ($1, $2, 'verzonnen')),
wijken as (
  insert into hub.wijken (gemeente, id) select $1, w.id from unnest($3::uuid[]) w(id)),
versions as (
  insert into hub.wijk_versions (gemeente, wijk, year, code, name)
  select $1, w.id, $2, w.code, 'Wijk ' || w.code from unnest($3, $4::text[]) w(id, code))
insert into hub.buurten (gemeente, id, wijk, name, code, year)
select $1, b.id, b.wijk, 'Buurt ' || b.code, b.code, $2
from unnest($5::uuid[], $6::uuid[], $7::text[]) b(id, wijk, code)
"""


async def set_scene(owner: Database, app: Database, ids: IdSource, gemeente: Gemeente) -> None:
    """Sets the scene of a gemeente, at the moment at which the hub's clock stands."""
    async with owner.administration() as session:
        known = {row["code"] for row in await session.fetch("gemeenten_all")}
        if gemeente.code not in known:
            await _add_gemeente(session, gemeente)
    await _agree(app, ids, gemeente)


def principal_of(gemeente: Gemeente, partner: str) -> Principal:
    """Who a partner is to the hub, without a token."""
    return Principal(
        gemeente=gemeente.code,
        organisation=gemeente.organisation(partner),
        actor="levering",
        kind="machine",
        roles=frozenset(),
        scopes=frozenset({"read", "write"}),
        expires_at=NOW + timedelta(days=365),
    )


def context_of(session: Session, principal: Principal, ids: IdSource) -> Context:
    """The context of an operation of this asker."""
    return Context(session=session, principal=principal, loaders=Loaders(session), ids=ids)


async def _add_gemeente(session: Session, gemeente: Gemeente) -> None:
    code = gemeente.code
    await session.fetch("areas_keep_gemeente", code, f"Gemeente {gemeente.number + 1} (verzonnen)")
    buurten = [(id_, wijk.id, name) for wijk in gemeente.wijken for id_, name in wijk.buurten]
    await session._connection.execute(
        AREAS, code, YEAR, [wijk.id for wijk in gemeente.wijken],
        [wijk.code for wijk in gemeente.wijken], *map(list, zip(*buurten, strict=True)),
    )  # fmt: skip
    for position, (measure, categories) in enumerate(MEASURES, start=1):
        await session.fetch(
            "measure_save", code, measure, measure, list(categories), position, "WEEK", 0, None, []
        )
    for partner in PARTNERS:
        saved = Saved(code, gemeente.organisation(partner.name))
        await session.fetch(
            "partner_save", code, saved.id, partner.name, partner.name, partner.kind, True
        )
        codes = [wijk.code for wijk in gemeente.works_in(partner)]
        await set_working_area(session, saved, codes, gemeente.began(), contact="loket")
        for each in partner.delivers:
            await declare_dataset(
                session, saved, each.dataset, each.kind, 7, None, gemeente.began(), each.categories
            )


async def _agree(app: Database, ids: IdSource, gemeente: Gemeente) -> None:
    """One agreement of all partners, accepted by each. Who decided before does not again."""
    first = gemeente.moment(0).date()
    draft = AgreementDraft(
        title="Samen zien wat er speelt",
        purpose="Een gedeeld beeld per wijk",
        legal_basis="Verzonnen",
        contact="loket",
        dpia=None,
        valid_from=first,
        valid_until=NOW.date() + timedelta(days=365),
        rules=tuple(_rule(gemeente, shares) for shares in gemeente.rules),
        interest="beeld",
        partnership="wijk",
        conditions="geen",
    )
    proposer = principal_of(gemeente, DENSE)
    async with app.session(proposer, read_only=False) as session:
        proposed = await propose(context_of(session, proposer, ids), draft, f"{gemeente.code}-all")
    async with app.session(proposer) as session:
        decided = {
            row["organisation"]
            for row in await session.fetch("decisions_of_agreements", [proposed.key])
        }
    for partner in PARTNERS:
        who = principal_of(gemeente, partner.name)
        if who.organisation not in decided:
            async with app.session(who, read_only=False) as session:
                await decide(context_of(session, who, ids), *proposed, "ACCEPT", None, None)


def _rule(gemeente: Gemeente, shares: Shares) -> RuleDraft:
    provider = next(partner for partner in PARTNERS if partner.name == shares.provider)
    return RuleDraft(
        provider=gemeente.organisation(shares.provider),
        receiver=gemeente.organisation(shares.receiver),
        wijken=tuple(wijk.id for wijk in gemeente.works_in(provider)[: shares.wijken]),
        kind=shares.kind,
        category=shares.category,
        fields=shares.fields,
        precision=shares.precision,
        keep_days=365,
        min_cell=5,
        includes_past=False,
    )
