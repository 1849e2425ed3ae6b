# SPDX-License-Identifier: EUPL-1.2
"""What stands before anyone delivers: real wijken, buurten, partners, datasets, measures, tokens.

The boundaries and codes are real (see hub/data/SOURCES.md), as are the published figures and the
second gemeente, Utrecht, which has wijken and buurten but no partners. Tuinen, Vaarten and Weiden
in Seghwaert are named in a source; the other buurten and the organisations that are marked so do
not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from resolvers.areas import import_areas
from resolvers.holidays import import_holidays
from resolvers.kwb import import_facts, import_kwb
from resolvers.partners import (
    Partner,
    create_token,
    declare_dataset,
    save_partner,
    set_working_area,
)
from sql.ids import IdSource
from sql.session import Database, Session

GEMEENTE = "GM0637"
SOURCE = "CBS en Kadaster via PDOK, vereenvoudigd door cartomap"
DEMO_ROLE_DAYS = 365

# The wijken where people live, in the division of 2025.
OOSTERHEEM, SEGHWAERT = "WK063711", "WK063708"
LIVED_IN = tuple(f"WK0637{number:02}" for number in range(1, 13))
REAL_BUURTEN = {SEGHWAERT: ("Tuinen", "Vaarten", "Weiden")}
INVENTED_BUURTEN = ("Noord", "Midden", "Zuid")


@dataclass(frozen=True, slots=True)
class Promise:
    """A dataset that a partner said it would deliver, and how often."""

    dataset: str
    rhythm_days: int | None
    kind: str = "SIGNAL"


@dataclass(frozen=True, slots=True)
class Role:
    """A partner of the demo, and the token by which it can be played.

    `wijken` None: works in all of them.
    """

    token: str
    slug: str
    name: str
    kind: str
    wijken: Sequence[str] | None
    promises: tuple[Promise, ...] = ()
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("read", "write")
    holder: str = "machine"
    invented: bool = False
    contact: str | None = None


TELLINGEN = Promise("tellingen", 7, "COUNT")
PROJECTEN = Promise("projecten", 28, "HOUSING_PROJECT")

ROLES = (
    Role(
        "wijkregisseur",
        "gemeente",
        "Gemeente Zoetermeer",
        "MUNICIPALITY",
        None,
        (Promise("meldingen-openbare-ruimte", 1),),
        ("WIJKREGISSEUR",),
        holder="person",
        contact="loket wijkregie",
    ),
    Role(
        "beheer",
        "beheer",
        "Hubbeheer Zoetermeer",
        "MUNICIPALITY",
        (),
        roles=("ADMINISTRATOR",),
        holder="person",
    ),
    Role(
        "raad",
        "raad",
        "Gemeenteraad Zoetermeer",
        "MUNICIPALITY",
        (),
        (),
        ("COUNCIL",),
        ("read",),
        "person",
    ),
    Role(
        "buurtwerk",
        "buurtwerk",
        "Buurtwerk",
        "WELFARE",
        LIVED_IN,
        (Promise("straatcontacten", 7), Promise("agenda", 14, "ACTIVITY")),
        contact="teampost Buurtwerk",
    ),
    Role(
        "corporatie-a",
        "corporatie-a",
        "Corporatie A (verzonnen)",
        "HOUSING",
        LIVED_IN,
        (Promise("woonoverlast-meldingen", 7), PROJECTEN),
        invented=True,
        contact="leefbaarheid Corporatie A",
    ),
    Role(
        "corporatie-b",
        "corporatie-b",
        "Corporatie B (verzonnen)",
        "HOUSING",
        (OOSTERHEEM, SEGHWAERT, "WK063705", "WK063710"),
        (Promise("overlast-en-onderhoud", 7), PROJECTEN),
        invented=True,
        contact="wijkbeheer Corporatie B",
    ),
    Role(
        "handhaving",
        "handhaving",
        "Team Handhaving",
        "ENFORCEMENT",
        None,
        (Promise("handhaving-signalen", 4), Promise("handhaving-acties", 7, "ENFORCEMENT_ACTION")),
        contact="meldkamer handhaving",
    ),
    Role(
        "wijkagent",
        "politie",
        "Politie, wijkagenten",
        "POLICE",
        None,
        (Promise("wijkagent-signalen", 7), Promise("wijkagent-berichten", 14, "POLICE_NOTICE")),
        holder="person",
        contact="wijkbureau",
    ),
    Role(
        "school-a",
        "school-a",
        "School A (verzonnen)",
        "SCHOOL",
        (OOSTERHEEM,),
        (Promise("rond-de-school", 14), TELLINGEN),
        invented=True,
        contact="administratie School A",
    ),
    Role(
        "school-b",
        "school-b",
        "School B (verzonnen)",
        "SCHOOL",
        (SEGHWAERT,),
        (Promise("rond-de-school", 14), TELLINGEN),
        invented=True,
        contact="administratie School B",
    ),
    *(
        Role(
            f"school-{letter.lower()}",
            f"school-{letter.lower()}",
            f"School {letter} (verzonnen)",
            "SCHOOL",
            (OOSTERHEEM, SEGHWAERT),
            (TELLINGEN,),
            invented=True,
            contact=f"administratie School {letter}",
        )
        for letter in "CD"
    ),
    Role(
        "wijkzorgteam",
        "wijkzorgteam",
        "Wijkzorgteam",
        "CARE",
        LIVED_IN,
        (Promise("zorgsignalen", 14),),
        contact="wijkzorgteam",
    ),
    Role(
        "bewoners",
        "bewoners-seghwaert",
        "Bewoners Seghwaert (verzonnen)",
        "RESIDENTS",
        (SEGHWAERT,),
        (Promise("buurtmeldingen", None),),
        invented=True,
    ),
    # privacy officers, of an organisation that is there already
    *(
        Role(
            f"fg-{slug}",
            slug,
            name,
            kind,
            (),
            roles=("PRIVACY_OFFICER",),
            scopes=("read",),
            holder="person",
        )
        for slug, name, kind in (
            ("buurtwerk", "Buurtwerk", "WELFARE"),
            ("gemeente", "Gemeente Zoetermeer", "MUNICIPALITY"),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What the overview counts: a group of categories, of which no other measure has one."""

    code: str
    label: str
    categories: tuple[str, ...]
    breakdown: str | None = None
    groups: tuple[str, ...] = ()


MEASURES = (
    Measure("jeugdoverlast", "Overlast van jongeren", ("YOUTH_NUISANCE",), "BUURT"),
    Measure("woonoverlast", "Overlast rond de woning", ("NOISE", "HOUSING")),
    Measure(
        "openbare-ruimte",
        "Straat, groen en afval",
        ("LITTER", "VANDALISM", "PAVING", "GREEN", "LIGHTING"),
    ),
    Measure("veiligheid", "Veiligheid en verkeer", ("SAFETY", "TRAFFIC")),
    Measure("zorg", "Zorg en contact", ("CARE", "SOCIAL_CONTACT")),
    Measure(
        "schoolverzuim",
        "Leerlingen die verzuimen",
        ("ABSENTEEISM",),
        "GROUP",
        ("onderbouw", "bovenbouw"),
    ),
)


async def set_scene(owner: Database, ids: IdSource, today: date) -> dict[str, str]:
    """Sets the scene in an empty database, and returns the tokens by their names."""
    await _import_wijken(owner)
    await _import_figures(owner)
    await _import_holidays(owner, today)
    began = today - timedelta(days=200)
    async with owner.administration() as session:
        await _add_buurten(session, ids, today)
        for position, measure in enumerate(MEASURES, start=1):
            await _add_measure(session, measure, position)
        return {role.token: await _add_role(session, ids, role, began) for role in ROLES}


async def _import_wijken(owner: Database) -> None:
    for year in (2024, 2025):
        content = (files("hub") / "data" / f"zoetermeer_wijken_{year}.geojson").read_bytes()
        await import_areas(
            owner,
            content,
            year=year,
            source=SOURCE,
            gemeente=GEMEENTE,
            gemeente_name="Zoetermeer",
            confirm="names",
        )


async def _import_figures(owner: Database) -> None:
    """What Zoetermeer published, and Utrecht as CBS has it: no figures per wijk of Zoetermeer."""
    data = files("hub") / "data"
    await import_facts(owner, (data / "zoetermeer_facts.csv").read_bytes())
    for year in (2023, 2024):
        content = (data / "kwb" / f"CBS-Utrecht-kwb-{year}.xlsx").read_bytes()
        await import_kwb(owner, content, year=year)


def holiday_before(today: date) -> date:
    """The Monday of the schools' invented holiday: the week before the last closed one."""
    return today - timedelta(days=today.weekday(), weeks=2)


async def _import_holidays(owner: Database, today: date) -> None:
    """The school holidays as they are, and one week that explains why a school delivers later."""
    real = (files("hub") / "data" / "school_holidays.csv").read_bytes()
    monday = holiday_before(today)
    week = f"{monday};{monday + timedelta(days=6)}"
    await import_holidays(
        owner, real + f"schoolvakantie (verzonnen);{week};verzonnen\n".encode(), GEMEENTE
    )


async def _add_buurten(session: Session, ids: IdSource, today: date) -> None:
    for code in LIVED_IN:
        real = REAL_BUURTEN.get(code)
        for name in real or INVENTED_BUURTEN:
            await session.fetch("buurt_save", GEMEENTE, code, ids.new_id(today), name, real is None)


async def _add_measure(session: Session, measure: Measure, position: int) -> None:
    await session.fetch(
        "measure_save",
        GEMEENTE,
        measure.code,
        measure.label,
        list(measure.categories),
        position,
        "WEEK",
        0,
        measure.breakdown,
        list(measure.groups),
    )


async def _add_role(session: Session, ids: IdSource, role: Role, began: date) -> str:
    partner = await save_partner(
        session, ids, GEMEENTE, role.slug, role.name, role.kind, invented=role.invented
    )
    if role.wijken is None or role.wijken:
        await set_working_area(session, partner, role.wijken, began, contact=role.contact)
    for promise in role.promises:
        await declare_dataset(
            session,
            partner,
            promise.dataset,
            promise.kind,
            promise.rhythm_days,
            role.contact,
            began,
        )
    return await _token(session, partner, role)


async def renew_tokens(owner: Database, ids: IdSource) -> dict[str, str]:
    """New tokens of every role by their names; those of before stop working."""
    async with owner.administration() as session:
        return {role.token: await _renew_token(session, ids, role) for role in ROLES}


async def _renew_token(session: Session, ids: IdSource, role: Role) -> str:
    partner = await save_partner(
        session, ids, GEMEENTE, role.slug, role.name, role.kind, invented=role.invented
    )
    await session.fetch("partner_revoke_tokens", GEMEENTE, partner.id, role.token)
    return await _token(session, partner, role)


async def _token(session: Session, partner: Partner, role: Role) -> str:
    return await create_token(
        session,
        partner,
        role.token,
        roles=role.roles,
        scopes=role.scopes,
        holder=role.holder,
        days=DEMO_ROLE_DAYS,
    )
