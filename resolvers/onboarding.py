# SPDX-License-Identifier: EUPL-1.2
"""A new partner in one operation: organisation, where it works, datasets, first token, and the
agreement of a template, proposed in the asker's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from resolvers.agreements import checked, propose
from resolvers.context import Context
from resolvers.partners import LONGEST_NAME
from resolvers.templates import draft_of_newcomer, template_of
from resolvers.text_checks import find, find_own_address
from resolvers.tokens import digest_of_token, new_token
from resolvers.wijken import wijk_of_code
from resolvers.writes.idempotency import Request, check_key, digest_of
from sql.errors import Refusal

MOST_WIJKEN = 50
_OF_THE_AGREEMENT = 2
"""The part of the key under which the agreement is remembered; part 1 is the organisation."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST_SLUG = 63


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A new partner, and the agreement that waits for it. `token` opens the hub in its name; None
    when this request was carried out before: it cannot be had again. `warnings` are what the asker
    should look at.
    """

    organisation: UUID
    agreement: UUID
    client: str
    token: str | None
    wijken: tuple[UUID, ...]
    warnings: Sequence[Refusal] = ()


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A partner as it is asked for; `wijken` as the asker wrote them."""

    name: str
    kind: str
    wijken: tuple[str, ...]
    contact: str
    template: str


async def onboard(context: Context, asked: Newcomer, key: str) -> Onboarded:
    """Adds the partner, once per key.

    Refuses whoever is no administrator of the municipality (ROLE_REQUIRED) before anything else is
    looked at; a name that is taken (NAME_TAKEN); more partners than a day has room for
    (TOO_MANY_PARTNERS); and what `propose` refuses.
    """
    if not await context.session.fetchval("administers_partners"):
        raise Refusal("ROLE_REQUIRED", role="MUNICIPAL_ADMINISTRATOR", option="ADMINISTRATOR")
    check_key(key, "input", "idempotencyKey")
    name = checked(asked.name, LONGEST_NAME, "input", "name")
    contact = checked(asked.contact, 200, "input", "contactEmail")
    if not _ADDRESS.fullmatch(contact):
        raise _wrong("contactEmail", "FORMAT")
    client = slug_of(name)
    if not client:
        raise _wrong("name", "FORMAT")
    template = template_of(asked.template, "input", "template")
    wijken = await _wijken(context, asked.wijken)
    request = Request("onboardPartner", key, digest_of("onboard", asked.kind, name, contact,
                                                       template.code, wijken))  # fmt: skip
    if (earlier := await request.earlier_result(context.session)) is not None:
        agreement = await _agreement(request).earlier_result(context.session)
        if agreement is None:
            raise Refusal("IDEMPOTENCY_KEY_REUSED")
        return Onboarded(earlier, agreement, client, None, wijken, _persons_in(contact))
    token = new_token()
    gemeente = context.principal.gemeente
    if await context.session.fetch("partners_so_named", gemeente, name, client):
        raise Refusal("NAME_TAKEN", path=("input", "name"))
    organisation = context.ids.new_id(await context.session.fetchval("hub_today"))
    datasets = template.datasets_of(asked.kind)
    await context.session.fetch(
        "partner_onboard", organisation, client, name, asked.kind, list(wijken), contact,
        [dataset for dataset, _ in datasets], [kind for _, kind in datasets], client,
        digest_of_token(token),
    )  # fmt: skip
    draft = await draft_of_newcomer(context, template, organisation, wijken, contact)
    agreement = (await propose(context, draft, str(organisation))).id
    await request.remember(context.session, organisation)
    await _agreement(request).remember(context.session, agreement)
    return Onboarded(organisation, agreement, client, token, wijken, _persons_in(contact))


def slug_of(name: str) -> str:
    """The name as commands write it: small letters, digits and hyphens; empty if it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].rstrip("-")


def _persons_in(contact: str) -> list[Refusal]:
    """Where an address that every partner reads seems to be a person's own, as warnings."""
    findings = [each for each in find(contact) if each.kind != "EMAIL"] + find_own_address(contact)
    return [
        Refusal("PERSONAL_DATA_WARNING", path=("input", "contactEmail"), kind=kind)
        for kind in dict.fromkeys(each.kind for each in findings)
    ]


def _agreement(request: Request) -> Request:
    return Request(request.operation, request.key, request.digest, _OF_THE_AGREEMENT)


async def _wijken(context: Context, codes: Sequence[str]) -> tuple[UUID, ...]:
    """The wijken of the asker's gemeente that these codes name, each once."""
    if not codes:
        raise _wrong("wijken", "EMPTY")
    if len(codes) > MOST_WIJKEN:
        raise _wrong("wijken", "TOO_MANY")
    rows = await context.session.fetch("wijken_of_gemeente", [context.principal.gemeente])
    here = {row["id"] for row in rows}
    found = []
    try:
        for code in codes:
            wijk = await wijk_of_code(context, code, None)
            if wijk not in here:
                raise Refusal("UNKNOWN_WIJK", code=code)
            found.append(wijk)
    except Refusal as refusal:
        raise refusal.under("input", "wijken") from refusal
    return tuple(dict.fromkeys(found))


def _wrong(name: str, why: str) -> Refusal:
    return Refusal("BAD_ARGUMENT", path=("input", name), name=name, why=why)
