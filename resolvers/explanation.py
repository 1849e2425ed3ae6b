# SPDX-License-Identifier: EUPL-1.2
"""Why somebody may, or may not, see or change something: answers in codes, from the rules that the
database applies.

About another's records the answer follows from rules alone: whether there is a record changes
nothing of it. About a record that the asker sees, it follows from the record as its door shows it.
The words are added where the answer leaves the hub.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from resolvers.context import Context
from resolvers.kinds import STRICT_OWNERS, Kind
from sql.errors import Refusal
from sql.session import Record

Verdict = Literal["VISIBLE", "VISIBLE_REDUCED", "NOT_VISIBLE", "ALLOWED", "NOT_ALLOWED"]
Outcome = Literal["ALLOWS", "LIMITS", "REFUSES"]

# What every record shows to whoever sees it.
ALWAYS = frozenset(
    {"id", "owner", "wijk", "recordedOn", "invented", "precision", "agreement", "hidden"}
)
# What is computed from other fields, or is of the owner alone, beside what the database lists.
PLACE = "place"
HISTORY = "history"
_OF_RECORDS = ALWAYS | {PLACE, HISTORY}

_RANK = {"COUNT": 0, "WIJK": 1, "BUURT": 2, "EXACT": 3}
MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One reason: a rule by its code, what follows from it, the agreements that say so, the
    receiver that it is about when there are several, and the values of its words.
    """

    rule: str
    outcome: Outcome
    agreements: tuple[UUID, ...] = ()
    organisation: UUID | None = None
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cure:
    """Something that would help, by its code, and the values of its words."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer; `ask` is the organisation to ask, and `about` the wijk."""

    verdict: Verdict
    precision: str | None
    steps: Sequence[Step]
    cures: Sequence[Cure] = ()
    ask: UUID | None = None
    about: UUID | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a kind of record: of whom, which field (None: the record), as of which
    day (None: today), in which wijk (None: any) and of which categories.
    """

    kind: Kind
    owner: UUID
    field: str | None = None
    on: date | None = None
    wijk: UUID | None = None
    categories: Sequence[str] = ()


Fields = Mapping[str, Record]


async def fields_of(context: Context, kind: Kind, asked: str | None) -> Fields:
    """What a kind has to show, by name; refuses (BAD_ARGUMENT) a field that it does not have."""
    fields = {row["field"]: row for row in await context.session.fetch("fields_of_kind", kind.name)}
    if asked is not None and asked not in fields and asked not in _OF_RECORDS:
        raise Refusal("BAD_ARGUMENT", path=("input", "field"), name="field", why="UNKNOWN")
    return fields


# -- reading, by the rules ------------------------------------------------------------------------


async def explain_reading(context: Context, question: Question, fields: Fields) -> Explanation:
    """Whether the asker would see a record of another that it asks about, and by which rules."""
    me = context.principal.organisation
    if question.owner == me:
        return Explanation("VISIBLE", "EXACT", [Step("OWN", "ALLOWS")])
    owner = await _organisation(context, question.owner)
    rows = await _rules(context, question, me)
    reading = _Reading(question, fields, owner, rows)
    steps = reading.steps()
    return Explanation(
        reading.verdict(),
        reading.precision(),
        steps,
        _distinct(reading.cures(steps)) if reading.verdict() != "VISIBLE" else (),
        question.owner,
        question.wijk,
    )


async def _organisation(context: Context, id_: UUID) -> Record:
    today = await context.session.fetchval("hub_today")
    found = await context.session.fetch("organisations_at_work", [id_], today, today)
    if not found:
        raise Refusal("UNKNOWN_ORGANISATION", path=("input", "owner"))
    return found[0]


async def _rules(context: Context, question: Question, receiver: UUID | None) -> list[Record]:
    day = question.on or await context.session.fetchval("hub_today")
    return await context.session.fetch(
        "explain_rules",
        question.owner,
        receiver,
        question.kind.name,
        day,
        None if question.wijk is None else [question.wijk],
        question.categories,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """The rules by which one organisation could show the asker what is asked for."""

    question: Question
    fields: Fields
    owner: Record
    rows: Sequence[Record]

    def verdict(self) -> Verdict:
        """Of the records that an agreement shows: all as asked, some or less, or none."""
        winning = [row for row in self.rows if row["wins"]]
        if not winning or self._never():
            return "NOT_VISIBLE"
        shown = [self._shows(row) for row in winning]
        if all(shown):
            return "VISIBLE"
        partly = self.question.field in (None, PLACE) or any(shown)
        return "VISIBLE_REDUCED" if partly else "NOT_VISIBLE"

    def precision(self) -> str | None:
        """The best precision at which records are shown; COUNT when they only count."""
        here = [row["precision"] for row in self.rows if row["in_force"] and _about(row)]
        return max(here, key=_RANK.__getitem__, default=None)

    def steps(self) -> list[Step]:
        """The reasons: what holds for everybody, then the agreements, those in force first."""
        asked = self.question.field
        if self._owners_alone():
            return [Step("OWNER_ONLY", "REFUSES", values={"fields": (asked,)})]
        steps = []
        if self.question.kind.name == "COUNT":
            steps.append(Step("COUNTS_ONLY", "REFUSES"))
        if self.owner["kind"] in STRICT_OWNERS and (self._codes_alone() or asked is None):
            steps.append(Step("CODES_ONLY", "REFUSES" if self._codes_alone() else "LIMITS"))
        if not any(row["in_force"] and _about(row) for row in self.rows):
            steps.append(Step("NO_AGREEMENT", "REFUSES"))
        for row in self.rows:
            steps += self._of_rule(row)
        return steps[:MOST_STEPS]

    def cures(self, steps: Iterable[Step]) -> Iterator[Cure]:
        """What would help, by what stands in the way: nothing where no agreement could show it."""
        if self._never():
            return
        owner = {"organisation": self.owner["name"]}
        helping = {(_standing(row).rule, row["agreement"]) for row in self.rows
                   if not row["in_force"] and self._would_help(row)}  # fmt: skip
        waits = False
        for step in steps:
            told = {**owner, **step.values}
            match step.rule:
                case "AGREEMENT_NOT_ACCEPTED" | "AGREEMENT_NOT_STARTED" | "AGREEMENT_ENDED":
                    if (step.rule, *step.agreements) in helping:
                        waits = waits or step.rule != "AGREEMENT_ENDED"
                        yield Cure(_CURE_OF[step.rule], told)
                case "AGREEMENT_LEAVES_OUT" | "PRECISION_TOO_LOW":
                    if fields := self._kept(step):
                        told["needed"] = _needed(self.fields, fields)
                        yield Cure(_CURE_OF[step.rule], {**told, "fields": fields})
        if not waits and any(step.rule in ("NO_AGREEMENT", "ONLY_COUNTED") for step in steps):
            yield Cure("PROPOSE", owner)

    def _owners_alone(self) -> bool:
        known = self.fields.get(self.question.field or "")
        owners = known is not None and known["shown_from"] == "OWN"
        return owners or self.question.field == HISTORY

    def _codes_alone(self) -> bool:
        """Whether the hub stores nothing in the field that is asked for, of such an owner."""
        kind, asked = self.question.kind, self.question.field
        return self.owner["kind"] in STRICT_OWNERS and asked in kind.not_kept

    def _kept(self, step: Step) -> tuple[str, ...]:
        """Of the fields that a rule leaves out those that the hub can have of such an owner."""
        fields: Any = step.values["fields"]
        strict = self.owner["kind"] in STRICT_OWNERS
        never = self.question.kind.not_kept if strict else frozenset()
        return tuple(name for name in fields if name not in never)

    def _would_help(self, row: Record) -> bool:
        """Whether a rule that is not in force would show, of some records, what is asked for and
        what the asker does not see of them now.
        """
        if not row["would_win"]:
            return False
        if self.question.field not in (None, PLACE):
            return self._shows(row)
        own = [each for each in self.rows if each["agreement"] == row["agreement"]]
        return not any(each["wins"] and set(row["shown"]) <= set(each["shown"]) for each in own)

    def _never(self) -> bool:
        """Whether no agreement could show it."""
        return self._owners_alone() or self._codes_alone() or self.question.kind.name == "COUNT"

    def _shows(self, row: Record) -> bool:
        return not self._hidden(row)

    def _hidden(self, row: Record) -> list[str]:
        """What a rule leaves out of what is asked for."""
        shown = row["shown"]
        match self.question.field:
            case None:
                wanted = [name for name, one in self.fields.items() if one["shown_from"] != "OWN"]
            case "place":
                wanted = [name for name in ("buurt", "point") if name in self.fields]
            case asked if asked in ALWAYS:
                wanted = []
            case asked:
                wanted = [asked]
        return [name for name in wanted if name not in shown]

    def _of_rule(self, row: Record) -> list[Step]:
        agreement, title = (row["agreement"],), {"title": row["title"]}
        if not _about(row):
            return [_elsewhere(row)] if row["in_force"] else []
        if not row["in_force"]:
            return [_standing(row)]
        if row["precision"] == "COUNT":
            return [Step("ONLY_COUNTED", "REFUSES", agreement, values=title)]
        if not row["wins"]:
            return [Step("BETTER_AGREEMENT", "LIMITS", agreement, values=title)]
        hidden = self._hidden(row)
        allows = self.question.field in (None, PLACE) or not hidden
        steps = [Step("AGREEMENT_ALLOWS", "ALLOWS", agreement, values=title)] if allows else []
        outcome: Outcome = "LIMITS" if allows else "REFUSES"
        return steps + list(_left_out(self.fields, row, hidden, outcome))


_CURE_OF = {
    "AGREEMENT_NOT_ACCEPTED": "ACCEPTANCE",
    "AGREEMENT_NOT_STARTED": "WAIT",
    "AGREEMENT_ENDED": "RENEW",
    "AGREEMENT_LEAVES_OUT": "ASK_FIELDS",
    "PRECISION_TOO_LOW": "ASK_PRECISION",
}


def _needed(fields: Fields, names: Iterable[str]) -> str:
    """The precision from which on all of these fields are shown."""
    needed: str = max((fields[name]["shown_from"] for name in names), key=_RANK.__getitem__)
    return needed


def _about(row: Record) -> bool:
    return bool(row["about_wijk"] and row["about_category"])


def _standing(row: Record, organisation: UUID | None = None) -> Step:
    """Why a rule does not hold on the day that is asked about."""
    rule, values = {
        "PROPOSED": ("AGREEMENT_NOT_ACCEPTED", {"waiting": tuple(row["waiting_for"])}),
        "ACCEPTED": ("AGREEMENT_NOT_STARTED", {"from_day": row["valid_from"]}),
        "ENDED": ("AGREEMENT_ENDED", {"until": row["valid_until"]}),
        "REVOKED": ("AGREEMENT_REVOKED", {}),
        "REJECTED": ("AGREEMENT_REJECTED", {}),
        "LAPSED": ("AGREEMENT_LAPSED", {}),
    }[row["state"]]
    values = {"title": row["title"], **values}
    return Step(rule, "REFUSES", (row["agreement"],), organisation, values)


def _left_out(
    fields: Fields,
    row: Record,
    hidden: Sequence[str],
    outcome: Outcome,
    organisation: UUID | None = None,
) -> Iterator[Step]:
    """Why a rule in force leaves fields out: it is less exact, it does not list them, or the
    writer chose to show less.
    """
    agreement = (row["agreement"],)
    coarse = [name for name in hidden if row["rank"] < _RANK[fields[name]["shown_from"]]]
    unlisted = [
        name
        for name in hidden
        if name not in coarse and fields[name]["listed"] and name not in row["listed"]
    ]
    capped = [name for name in hidden if name not in coarse and name not in unlisted]
    if coarse:
        needed = _needed(fields, coarse)
        values = {"title": row["title"], "precision": row["precision"], "needed": needed}
        values["fields"] = tuple(coarse)
        yield Step("PRECISION_TOO_LOW", outcome, agreement, organisation, values)
    if unlisted:
        values = {"title": row["title"], "fields": tuple(unlisted)}
        yield Step("AGREEMENT_LEAVES_OUT", outcome, agreement, organisation, values)
    if capped:
        yield Step("WRITERS_CAP", outcome, agreement, organisation, {"fields": tuple(capped)})


def _distinct(cures: Iterable[Cure]) -> list[Cure]:
    found: list[Cure] = []
    for cure in cures:
        if cure not in found:
            found.append(cure)
    return found


# -- reading, of a record -------------------------------------------------------------------------

HIDDEN_OR_ABSENT = Explanation(
    "NOT_VISIBLE", None, [Step("HIDDEN_OR_ABSENT", "REFUSES")], [Cure("ASK_ABOUT_RULES")]
)
"""Of what is not there as of what may not be seen: the same, so that neither can be told."""


def explain_public(rule: str) -> Explanation:
    """Of something that is not a record and that the asker sees."""
    return Explanation("VISIBLE", None, [Step(rule, "ALLOWS")])


async def explain_record(
    context: Context, kind: Kind, fields: Fields, row: Any, asked: str | None
) -> Explanation:
    """Why the asker sees a record as it does; of its own record, what every other sees and why."""
    if row["agreement"] is None:
        steps = [Step("OWN", "ALLOWS"), *await _receivers(context, kind, row, fields)]
        return Explanation("VISIBLE", "EXACT", steps[:MOST_STEPS])
    return await _of_other(context, kind, row, fields, asked)


async def _of_other(
    context: Context, kind: Kind, row: Any, fields: Fields, asked: str | None
) -> Explanation:
    wijken = list(row["wijken"]) if kind.several else [row["wijk"]]
    owner = await _organisation(context, row["owner"])
    today = await context.session.fetchval("hub_today")
    me = context.principal.organisation
    about = (kind.name, today, wijken, [row["category"]])
    rules = await context.session.fetch("explain_rules", row["owner"], me, *about)
    rule = _rule_of(rules, row["agreement"], row["recorded_on"], today)
    owners = {name for name, one in fields.items() if one["shown_from"] == "OWN"} | {HISTORY}
    hidden = [name for name in row["hidden"] if asked in (None, name)]
    if asked == PLACE:
        hidden = [name for name in row["hidden"] if name in ("buurt", "point")]
    title = {"title": rule["title"]}
    steps = [Step("AGREEMENT_ALLOWS", "ALLOWS", (rule["agreement"],), values=title)]
    verdict: Verdict = "VISIBLE"
    if asked in owners:
        steps, verdict = [Step("OWNER_ONLY", "REFUSES", values={"fields": (asked,)})], "NOT_VISIBLE"
    elif hidden:
        whole = asked in (None, PLACE)
        verdict = "VISIBLE_REDUCED" if whole else "NOT_VISIBLE"
        outcome: Outcome = "LIMITS" if whole else "REFUSES"
        if owner["kind"] in STRICT_OWNERS and not kind.not_kept.isdisjoint(hidden):
            steps.append(Step("CODES_ONLY", outcome))
        steps += _left_out(fields, rule, hidden, outcome)
    cures = _Reading(Question(kind, row["owner"], asked), fields, owner, [rule]).cures(steps)
    return Explanation(
        verdict,
        row["precision"],
        steps,
        _distinct(cures) if verdict != "VISIBLE" else (),
        row["owner"],
        row["wijk"],
    )


async def _receivers(context: Context, kind: Kind, row: Any, fields: Fields) -> list[Step]:
    """Per receiver with which there are rules: what it sees of the asker's record, and why."""
    [sharing] = await context.session.fetch(f"{kind.table}_sharing", row["id"])
    today = await context.session.fetchval("hub_today")
    about = (kind.name, today, sharing["wijken"], [sharing["category"]])
    rules = await context.session.fetch("explain_rules", row["owner"], None, *about)
    shown = {
        one["receiver"]: one
        for one in await context.session.fetch("shown_as", kind.name, row["id"])
    }
    steps: list[Step] = []
    for receiver in dict.fromkeys(rule["receiver"] for rule in rules):
        own = [rule for rule in rules if rule["receiver"] == receiver]
        if receiver in shown:
            seen = shown[receiver]
            rule = _rule_of(own, seen["agreement"], sharing["recorded_on"], today)
            steps += _seen(fields, rule, seen)
        else:
            steps += _unseen(own, sharing, receiver, today)
    return steps or [Step("SHARED_WITH_NOBODY", "LIMITS")]


def _rule_of(rules: Iterable[Record], agreement: UUID, recorded_on: date, today: date) -> Record:
    """The best rule of an agreement that covers a record: it says how the record is shown."""
    return next(
        rule
        for rule in rules
        if rule["agreement"] == agreement
        and rule["in_force"]
        and _about(rule)
        and _uncovered(rule, recorded_on, today) is None
    )


def _uncovered(rule: Record, recorded_on: date, today: date) -> str | None:
    """Why a rule in force does not reach a record, by when that came."""
    if not rule["includes_past"] and recorded_on < rule["valid_from"]:
        return "PAST_NOT_INCLUDED"
    return "KEPT_LONG_ENOUGH" if (today - recorded_on).days >= rule["keep_days"] else None


def _seen(fields: Fields, rule: Record, seen: Record) -> Iterator[Step]:
    receiver, agreement = seen["receiver"], (seen["agreement"],)
    title = {"title": rule["title"]}
    if seen["precision"] == "COUNT":
        yield Step(
            "ONLY_COUNTED" if rule["precision"] == "COUNT" else "WRITERS_CAP",
            "LIMITS",
            agreement,
            receiver,
            {**title, "fields": ()},
        )
        return
    yield Step("AGREEMENT_ALLOWS", "ALLOWS", agreement, receiver, title)
    known = [name for name, one in fields.items() if one["shown_from"] != "OWN"]
    hidden = [name for name in known if name not in seen["fields"]]
    yield from _left_out(fields, rule, hidden, "LIMITS", receiver)


def _unseen(
    rules: Sequence[Record], sharing: Record, receiver: UUID, today: date
) -> Iterator[Step]:
    """Why a receiver sees nothing of a record; rules about something else only when there are no
    others.
    """
    about = [rule for rule in rules if _about(rule)]
    for rule in about:
        values = {"title": rule["title"], "days": rule["keep_days"], "fields": ()}
        agreement = (rule["agreement"],)
        if not rule["in_force"]:
            yield _standing(rule, receiver)
        elif sharing["never_shared"]:
            yield Step("NEVER_SHARED", "REFUSES", agreement, receiver)
        elif (code := _uncovered(rule, sharing["recorded_on"], today)) is not None:
            yield Step(code, "REFUSES", agreement, receiver, values)
        else:  # in force, and it reaches the record: only its writer can have left the receiver out
            yield Step("WRITERS_CAP", "REFUSES", agreement, receiver, values)
    if not about:
        yield _elsewhere(rules[0], receiver)


def _elsewhere(rule: Record, receiver: UUID | None = None) -> Step:
    """A rule about other wijken, or else about another category."""
    code = "OTHER_CATEGORY" if rule["about_wijk"] else "OTHER_WIJK"
    return Step(code, "REFUSES", (rule["agreement"],), receiver, {"title": rule["title"]})


# -- writing --------------------------------------------------------------------------------------


async def explain_writing(
    context: Context, question: Question, record: Any | None = None
) -> Explanation:
    """Whether the asker may record or change what it asks about: its own alone, in a wijk where it
    works, with a token that may write. `record` is one that it sees.
    """
    steps = [step async for step in _writing(context, question, record)]
    refused = any(step.outcome == "REFUSES" for step in steps)
    owner = question.owner if question.owner != context.principal.organisation else None
    cures = {
        "NOT_YOURS": "ASK_OWNER",
        "SCOPE_LACKING": "ASK_SCOPE",
        "WORK_IN_WIJK": "ASK_WIJK",
        "CODES_ONLY": "USE_CODES",
    }
    return Explanation(
        "NOT_ALLOWED" if refused else "ALLOWED",
        None,
        steps,
        [Cure(cures[step.rule], step.values) for step in steps if step.rule in cures],
        owner,
        question.wijk,
    )


async def _writing(context: Context, question: Question, record: Any | None) -> Any:
    me = context.principal.organisation
    asked = question.field
    kind = question.kind
    if "write" not in context.principal.scopes:
        yield Step("SCOPE_LACKING", "REFUSES", values={"scope": "write"})
    if question.owner != me:
        name = (await _organisation(context, question.owner))["name"]
        yield Step("NOT_YOURS", "REFUSES", values={"organisation": name})
        return
    yield Step("OWN", "ALLOWS")
    wijken = [question.wijk] if question.wijk else []
    if record is not None:
        wijken = list(record["wijken"]) if kind.several else [record["wijk"]]
    if not wijken:
        wijken = [row["id"] for row in await context.session.fetch("wijken_of_asker")][:1]
    works = await context.session.fetchval("asker_works_in", wijken)
    yield Step("WORKS_HERE", "ALLOWS") if works else Step("WORK_IN_WIJK", "REFUSES")
    own = await _organisation(context, me)
    if own["kind"] in STRICT_OWNERS and asked in kind.refused:
        yield Step("CODES_ONLY", "REFUSES")
    if asked is not None and asked not in _written(kind):
        yield Step("HUB_KEEPS", "REFUSES", values={"fields": (asked,)})
    if kind.name == "COUNT" and record is not None:
        when = (record["measure"], record["period"])
        if not await context.session.fetchval("count_is_open", *when):
            yield Step("PERIOD_CLOSED", "REFUSES", values={"period": record["period"]})


def _written(kind: Kind) -> Collection[str]:
    """The fields of a kind that its owner writes."""
    place = {"buurt", PLACE, "wijk", "wijken", "sourceId"}
    return {column.field for column in kind.columns} | place | ({"point"} if kind.point else set())
