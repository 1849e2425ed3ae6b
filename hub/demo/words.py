# SPDX-License-Identifier: EUPL-1.2
"""What partners write in the demo: invented, about places and phenomena, never about a person.

Each partner has a style of its own. Police and enforcement write nothing: the hub keeps no free
text of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

# Per category: the sender's own word for it, and what was seen.
PHENOMENA: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = MappingProxyType(
    {
        "YOUTH_NUISANCE": (
            (
                "hangplek",
                ("lawaai op de hangplek", "rommel na het hangen", "een geblokkeerde doorgang"),
            ),
            ("vuurwerk", ("knallen van vuurwerk", "resten van vuurwerk")),
            ("scooters", ("rondjes met scooters", "scooters over het plein")),
        ),
        "NOISE": (
            ("muziek", ("harde muziek", "muziek tot na middernacht", "dreunende bassen")),
            ("klussen", ("boren laat op de avond", "geluid van klussen op zondag")),
            ("dieren", ("lang blaffende honden",)),
        ),
        "LITTER": (
            ("zwerfvuil", ("zwerfvuil", "blikjes en etensresten", "papier en plastic")),
            (
                "bijplaatsing",
                ("vuilniszakken naast de container", "gedumpt grofvuil", "een oude matras"),
            ),
        ),
        "VANDALISM": (
            ("vernieling", ("een kapotte prullenbak", "een vernield bankje", "kapot glas")),
            ("graffiti", ("verse graffiti", "een bekladde muur")),
        ),
        "PAVING": (
            ("stoep", ("losse tegels", "een verzakte stoep", "tegels omhoog door wortels")),
            ("rijweg", ("een gat in het wegdek", "een diepe plas op de weg")),
        ),
        "GREEN": (
            ("onkruid", ("hoog onkruid", "een dichtgegroeid pad")),
            ("bomen", ("laaghangende takken", "een afgebroken tak")),
        ),
        "LIGHTING": (
            ("verlichting", ("een lamp die niet brandt", "knipperend licht", "een donkere hoek")),
        ),
        "TRAFFIC": (
            ("snelheid", ("auto's die te hard rijden", "brommers op het fietspad")),
            ("parkeren", ("fout geparkeerde auto's", "een volle stoep door parkeren")),
        ),
        "SAFETY": (
            ("gevoel", ("een onveilig gevoel in het donker", "een onoverzichtelijke hoek")),
            ("toegang", ("een opengebroken berging", "een deur die niet sluit")),
        ),
        "HOUSING": (
            (
                "portiek",
                ("spullen in het portiek", "een kapotte toegangsdeur", "vuil in het trappenhuis"),
            ),
            ("onderhoud", ("een lekkende dakgoot", "vocht in de gang", "een kapotte intercom")),
        ),
        "CARE": (
            ("vragen", ("veel vragen over hulp in huis", "weinig bekendheid van het spreekuur")),
            (
                "druk",
                ("langere wachttijd voor dagbesteding", "meer vragen over vervoer naar de dokter"),
            ),
        ),
        "SOCIAL_CONTACT": (
            (
                "ontmoeten",
                ("behoefte aan een plek om elkaar te zien", "weinig aanloop bij de koffie-inloop"),
            ),
            (
                "activiteiten",
                ("vraag naar activiteiten overdag", "een volle wachtlijst voor de eettafel"),
            ),
        ),
        "ABSENTEEISM": (
            (
                "aanwezigheid",
                ("meer verzuim dan in andere weken", "veel te laat komen in de ochtend"),
            ),
        ),
    }
)

PLACES = (
    "bij het winkelcentrum",
    "achter de sporthal",
    "op het speelveld",
    "bij de bushalte",
    "langs het fietspad",
    "onder het viaduct",
    "bij de ondergrondse containers",
    "bij de flats",
    "op het schoolplein",
    "bij de tramhalte",
    "in het park",
    "bij de vijver",
    "op het parkeerterrein",
    "bij de fietstunnel",
    "rond het buurthuis",
    "op het basketbalveldje",
    "langs de singel",
    "bij de garageboxen",
)

PLACES_AT_HOME = (
    "in de flats bij het park",
    "in het complex aan de singel",
    "in de portieken bij het plein",
    "op de galerijen",
    "in het woonblok bij de tramhalte",
    "in de flats bij het winkelcentrum",
    "in de rijtjes achter de school",
)

# Phenomena around homes, and those without a place.
AT_HOME = frozenset({"NOISE", "HOUSING"})
PLACELESS = frozenset({"CARE", "SOCIAL_CONTACT", "ABSENTEEISM"})

STYLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "buurtwerk": (
            "Straatronde: {what}.",
            "Tijdens de ronde gezien: {what}. We komen hier deze week terug.",
            "{What}. Besproken in het team, we houden het in de gaten.",
            "Gehoord in het buurthuis: {what}.",
        ),
        "corporatie-a": (
            "Melding woonomgeving: {what}. Opgepakt door leefbaarheid.",
            "{What}, meer dan één keer deze week.",
            "Melding: {what}. Wij gaan kijken.",
        ),
        "corporatie-b": (
            "{what}; terugkerend",
            "{what}; eerste melding",
            "{what}; doorgezet naar wijkbeheer",
        ),
        "wijkregisseur": (
            "{What}.",
            "{What}. Ingepland bij wijkbeheer.",
            "Melding openbare ruimte: {what}.",
        ),
        "school-a": ("Rond de school: {what}.", "{What}, vooral rond begin- en eindtijd."),
        "school-b": ("Deze weken opgevallen: {what}.", "{What}. Ook besproken in het wijkoverleg."),
        "wijkzorgteam": ("Signaal uit het werk: {what}.", "In het spreekuur valt op: {what}."),
        "bewoners": (
            "Wij zien {what}.",
            "Al een paar dagen {what}.",
            "{What}. Kan hier iemand naar kijken?",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Something in the programme of Buurtwerk: on a weekday (0 is Monday) from this hour on."""

    title: str
    category: str
    audience: str
    facilities: tuple[str, ...]
    weekday: int
    hour: int


PROGRAMME = (
    Plan(
        "Voetbal op het plein",
        "YOUTH_NUISANCE",
        "jongens en meiden van 10 tot 15 jaar",
        ("Cruyff Court", "het basketbalveldje"),
        2,
        15,
    ),
    Plan(
        "Meidenavond",
        "YOUTH_NUISANCE",
        "meiden van 12 tot 16 jaar",
        ("jongerencentrum", "buurthuis"),
        3,
        19,
    ),
    Plan(
        "Open inloop met muziekstudio",
        "YOUTH_NUISANCE",
        "jongeren van 14 tot 21 jaar",
        ("jongerencentrum",),
        4,
        19,
    ),
    Plan("Koffie-inloop", "SOCIAL_CONTACT", "iedereen", ("buurthuis", "wijkcentrum"), 1, 10),
    Plan("Samen eten", "SOCIAL_CONTACT", "wie graag aanschuift", ("buurthuis",), 3, 17),
    Plan("Huiswerk in de buurt", "SOCIAL_CONTACT", "leerlingen", ("bibliotheek", "school"), 1, 15),
    Plan("Wijkschoonmaak", "LITTER", "de hele buurt", ("het park", "het winkelcentrum"), 5, 10),
    Plan("Spreekuur geld en brieven", "CARE", "iedereen", ("wijkcentrum", "bibliotheek"), 0, 13),
    Plan("Wandelgroep", "CARE", "iedereen die in beweging wil komen", ("wijkcentrum",), 2, 10),
    Plan("Spelmiddag", "SOCIAL_CONTACT", "kinderen tot 12 jaar", ("de speeltuin", "school"), 5, 14),
)

# What corporations do with homes; a place follows.
WORK = (
    ("MAINTENANCE", "Schilderwerk"),
    ("MAINTENANCE", "Nieuwe liften"),
    ("RENOVATION", "Nieuwe keukens en badkamers"),
    ("RENOVATION", "Dakisolatie en nieuwe kozijnen"),
    ("NEW_BUILD", "Woningen erbij"),
    ("LETTING", "Nieuwe verhuur"),
)


def subcategory_of(category: str, dice: Random) -> str:
    """A word of a sender's own list for something of this category."""
    return dice.choice(PHENOMENA[category])[0]


def summary_of(sender: str, category: str, subcategory: str, dice: Random) -> str | None:
    """What this sender writes about it; None for a sender that writes no text."""
    if sender not in STYLES:
        return None
    what = dice.choice(dict(PHENOMENA[category])[subcategory])
    if category not in PLACELESS:
        what = f"{what} {dice.choice(PLACES_AT_HOME if category in AT_HOME else PLACES)}"
    return dice.choice(STYLES[sender]).format(what=what, What=what[0].upper() + what[1:])
