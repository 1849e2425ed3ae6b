# SPDX-License-Identifier: EUPL-1.2
"""What figures count: label, unit, and what CBS says about how final they are.

Labels are CBS's, with their heading before those that mean nothing alone ("Appartement"). Units and
the sentence in `provisional` are those of CBS's own explanation ("Toelichting Kerncijfers wijken en
buurten 2024": "Definitief, tenzij in de toelichting bij het onderwerp expliciet is vermeld dat het
voorlopige cijfers betreft"). It is the newest explanation at hand, so it is followed for every
year: at worst a figure is called provisional for longer than it was.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, TypeAlias

NullReason: TypeAlias = Literal["UNKNOWN_OR_SECRET", "NOT_APPLICABLE"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a figure counts. `provisional` is CBS's own sentence, None where it is definitive."""

    name: str
    label: str
    unit: str
    provisional: str | None


@cache
def measures() -> Mapping[str, Measure]:
    """Every measure that the hub knows, by the name of its column."""
    lines = (files("resolvers.kwb") / "measures.csv").read_text("utf-8").splitlines()
    found = [
        Measure(row["measure"], row["label"], row["unit"], row["provisional"] or None)
        for row in csv.DictReader(lines)
    ]
    return MappingProxyType({measure.name: measure for measure in found})
