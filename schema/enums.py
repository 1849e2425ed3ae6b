# SPDX-License-Identifier: EUPL-1.2
"""The lists of values that several types share. Few and stable; what a municipality words in its
own way is data.
"""

from __future__ import annotations

from enum import StrEnum, auto

import strawberry


class Upper(StrEnum):
    """A list whose values are their own names."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        return name


@strawberry.enum(
    description="How exactly a record is shown to a receiver. EXACT: place, time and text as "
    "the rule's fields say. "
    "BUURT, WIJK: the place so coarse, the time as a day. COUNT: no record, it only adds to "
    "published numbers."
)
class Precision(Upper):
    EXACT = auto()
    BUURT = auto()
    WIJK = auto()
    COUNT = auto()


@strawberry.enum(description="What kind of organisation a partner is.")
class OrganisationKind(Upper):
    MUNICIPALITY = auto()
    WELFARE = auto()
    HOUSING = auto()
    ENFORCEMENT = auto()
    POLICE = auto()
    SCHOOL = auto()
    CARE = auto()
    RESIDENTS = auto()
    RESEARCH = auto()


@strawberry.enum(description="What a record is about. Subcategories are each municipality's own.")
class Category(Upper):
    YOUTH_NUISANCE = auto()
    NOISE = auto()
    LITTER = auto()
    VANDALISM = auto()
    PAVING = auto()
    GREEN = auto()
    LIGHTING = auto()
    TRAFFIC = auto()
    SAFETY = auto()
    HOUSING = auto()
    ABSENTEEISM = auto()
    SOCIAL_CONTACT = auto()
    CARE = auto()
    OTHER = auto()


@strawberry.enum(
    description="The part of a day in which something happened, of a record that keeps no time."
)
class DayPart(Upper):
    NIGHT = auto()
    MORNING = auto()
    AFTERNOON = auto()
    EVENING = auto()


@strawberry.enum(
    description="The order of a list. NEWEST and OLDEST go by day, and within a day by a fixed "
    "order that tells nothing."
)
class RecordOrder(Upper):
    NEWEST = auto()
    OLDEST = auto()


@strawberry.enum(description="What happened to a record or an agreement.")
class Change(Upper):
    CREATED = auto()
    UPDATED = auto()
    CLOSED = auto()
    REOPENED = auto()
    WITHDRAWN = auto()
    AGREEMENT_STARTED = auto()
    AGREEMENT_ENDED = auto()
    AGREEMENT_ENDS_IN_60 = auto()
    AGREEMENT_ENDS_IN_30 = auto()
    AGREEMENT_ENDS_IN_7 = auto()


@strawberry.enum(
    description="Whether a wijk can be compared with the division before (CBS: ind_wbi)."
)
class Comparability(Upper):
    UNCHANGED = auto()
    CODE_CHANGED = auto()
    BOUNDARY_CHANGED = auto()


@strawberry.enum(description="Why a figure has no value.")
class NullReason(Upper):
    UNKNOWN_OR_SECRET = auto()
    NOT_APPLICABLE = auto()


@strawberry.enum(description="Whether a figure can still change.")
class FigureStatus(Upper):
    PROVISIONAL = auto()
    DEFINITIVE = auto()


@strawberry.enum(
    description="How far a version of an agreement is. ACCEPTED: by every party, but its term has "
    "not begun. REPLACED: a later version came in its place. LAPSED: a proposal that not every "
    "party accepted within 90 days."
)
class AgreementState(Upper):
    PROPOSED = auto()
    ACCEPTED = auto()
    IN_FORCE = auto()
    ENDED = auto()
    REPLACED = auto()
    REVOKED = auto()
    REJECTED = auto()
    LAPSED = auto()


@strawberry.enum(
    description="How a party answers for the data of an agreement. JOINT: as one of several "
    "controllers (AVG 26). SEPARATE: as a controller for itself. PROCESSOR: on behalf of another "
    "(AVG 28)."
)
class ControllerRole(Upper):
    JOINT = auto()
    SEPARATE = auto()
    PROCESSOR = auto()


@strawberry.enum(description="What a party decided on a version of an agreement.")
class AgreementVerdict(Upper):
    ACCEPT = auto()
    REJECT = auto()
    REVOKE = auto()
