# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Random sessions of one organisation, made from the schema itself.

Operations, selections, arguments and inputs are enumerated from the built schema; what a value can be stands in VALUES, by
the argument or input field that takes it. A field, argument or input that is new to the schema has no value here yet, and
the test that compares the two fails. Values come from what the caller was told before, from what it can guess, and from
what it may not know: other organisations' ids, keys and words.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from schema.build import build
from schema.ids import encode

SCHEMA: GraphQLSchema = build()._schema
MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with an operation."""

    content: bytes


@dataclass(slots=True)
class Memory:
    """What the caller knows, was told or guesses."""

    own_dataset: str
    wijken: list[str]
    wijk_ids: list[str]
    buurten: list[str]
    organisations: list[str]
    guesses: list[str]
    keys: list[str]
    external_ids: list[str]
    words: list[str]
    days: list[str]
    ids: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def learn(self, answer: Any) -> None:
        """Remembers ids, cursors and versions of an answer."""
        if isinstance(answer, list):
            for one in answer:
                self.learn(one)
        if not isinstance(answer, dict):
            return
        for name, value in answer.items():
            if isinstance(value, str) and name in ("id", "recordId"):
                self.ids.append(value)
                if isinstance(answer.get("version"), int):
                    self.versions[value] = answer["version"]
            elif isinstance(value, str) and name in ("cursor", "startCursor", "endCursor"):
                self.cursors.append(value)
            else:
                self.learn(value)
        self.ids, self.cursors = self.ids[-60:], self.cursors[-30:]


Pick = Callable[[random.Random, Memory], Any]


def _of(*names: str) -> Pick:
    return lambda rng, memory: rng.choice(
        [one for name in names for one in getattr(memory, name)] or ["x"]
    )


def _one(*values: Any) -> Pick:
    return lambda rng, memory: rng.choice(values)


def _version(rng: random.Random, memory: Memory) -> int:
    return rng.choice([*memory.versions.values(), 1, 2])


def _own_id(rng: random.Random, memory: Memory) -> str:
    return rng.choice([*(list(memory.versions) * 3), *memory.ids, *memory.guesses])


def _own_receipt(rng: random.Random, memory: Memory) -> str:
    receipts = [id_ for id_ in memory.ids if id_.startswith(encode("PushReceipt", ""))]
    return rng.choice([*(receipts * 3), *memory.ids, *memory.guesses])


_FIRST = _one(1, 2, 3, 5, 20, 100, 101)
_AFTER = _of("cursors", "cursors", "guesses")
_DAY = _of("days")
_WIJK = _of("wijken", "wijken", "wijken", "wijk_ids")


def _sheet(rng: random.Random, memory: Memory) -> File:
    """A CSV of signals, with names of columns that the hub knows or not."""
    header = rng.choice(("Nummer;Wijkcode;Categorie;Gezien op;Status;Samenvatting;Buurt",
                         "Zaak;wijk;category;seenAt;Stand;summary;buurt"))  # fmt: skip
    rows = [
        ";".join((
            rng.choice(memory.external_ids), rng.choice(memory.wijken), "geluid",
            "22-11-2026 10:00", "nieuw", rng.choice(("lamp stuk", "", "bel 06-12345678")),
            rng.choice(("", "", *memory.buurten)),
        ))
        for _ in range(rng.randrange(3))
    ]  # fmt: skip
    return File("\n".join((header, *rows)).encode())


_TEXT = _one("lamp stuk", "glas op straat", "bel 06-12345678", "", None)
_MOMENT = _one(
    "2026-11-23T09:00:00+01:00",
    "2026-11-22T23:30:00Z",
    "2026-11-21T10:15:00Z",
    "2026-11-23T09:00:00",
)
_LON, _LAT = _one(4.49, 4.49, 4.5, 200.0), _one(52.06, 52.06, 52.07)

_LOGIN = _one(None, "buurtwerk", "iemand-1", "token-1")
_CODE = _one("toezicht", "toezicht", "Geheim", "geheim")

_MEASURE = _one("jeugdoverlast", "jeugdoverlast", "schoolverzuim", "zorg", "geheim")
_PERIOD = _one("2026-W48", "2026-W48", "2026-W47", "2026-W49", "2026-Q4")
_GROUP = _one(None, None, "onderbouw", "bovenbouw", "brugklas")

VALUES: dict[str, Pick] = {
    "Query.node.id": _of("ids", "ids", "guesses"),
    "Query.wijk.id": _of("wijk_ids", "guesses"),
    "Query.wijk.code": _of("wijken"),
    "Query.wijk.year": _one(2024, 2025, 1999),
    "Query.wijken.gemeente": _one("GM0637", "GM0001"),
    "Query.agreements.activeOn": _DAY,
    "Query.agreements.first": _FIRST,
    "Query.agreements.after": _AFTER,
    "Query.accessMatrix.on": _DAY,
    "Query.accessMatrix.provider": _of("organisations"),
    "Query.accessMatrix.receiver": _of("organisations"),
    "ExplainInput.node": _of("ids", "guesses", "guesses"),
    "ExplainInput.field": _one(
        "Signal", "Signal.summary", "Activity.title", "Signal.geheim", "summary", "CountRecord"
    ),
    "ExplainInput.owner": _of("organisations", "guesses"),
    "ExplainInput.on": _DAY,
    "ExplainInput.wijk": _of("wijken"),
    "Query.pushReceipt.id": _of("ids", "guesses"),
    "Query.readLedger.since": _MOMENT,
    "Query.readLedger.until": _MOMENT,
    "Query.readLedger.organisation": _of("organisations"),
    "Query.readLedger.agreement": _of("ids", "guesses"),
    "Query.readLedger.login": _LOGIN,
    "Query.readLedger.first": _FIRST,
    "Query.readLedger.after": _AFTER,
    "Query.auditLog.since": _MOMENT,
    "Query.auditLog.until": _MOMENT,
    "Query.auditLog.first": _FIRST,
    "Query.auditLog.after": _AFTER,
    "Query.processingActivities.everyVersion": _one(True, False),
    "BreachReport.reads.first": _FIRST,
    "BreachReport.reads.after": _AFTER,
    "BreachReport.records.first": _FIRST,
    "BreachReport.records.after": _AFTER,
    "BreachInput.since": _MOMENT,
    "BreachInput.until": _MOMENT,
    "BreachInput.organisation": _of("organisations"),
    "BreachInput.login": _LOGIN,
    "ProcessingActivityInput.idempotencyKey": _of("keys"),
    "ProcessingActivityInput.code": _CODE,
    "ProcessingActivityInput.version": _one(0, 0, 1, 2),
    "ProcessingActivityInput.from": _DAY,
    "ProcessingActivityInput.name": _one("Toezicht", "lamp stuk", "bel 06-12345678"),
    "ProcessingActivityInput.purpose": _one("Samen kijken"),
    "ProcessingActivityInput.legalBasis": _one("Convenant"),
    "ProcessingActivityInput.categories": _one("meldingen", ""),
    "ProcessingActivityInput.retention": _one(None, "P1Y", "lang"),
    "ProcessingActivityInput.recipients": _one("gemeente"),
    "ProcessingActivityInput.measures": _one("rollen"),
    "AssignActivityInput.agreement": _of("ids", "guesses"),
    "AssignActivityInput.code": _CODE,
    "Organisation.contact.wijk": _of("wijk_ids"),
    "Buurt.figures.measure": _one("a_inw"),
    "Buurt.figures.year": _one(2023),
    "Gemeente.figures.measure": _one("a_inw"),
    "Gemeente.figures.year": _one(2023),
    "Wijk.figures.measure": _one("a_inw"),
    "Wijk.figures.year": _one(2023),
    "Wijk.signals.first": _FIRST,
    "Wijk.signals.after": _AFTER,
    "Wijk.feed.first": _FIRST,
    "Wijk.feed.after": _AFTER,
    "Wijk.actions.first": _FIRST,
    "Wijk.actions.after": _AFTER,
    "Wijk.actions.open": _one(True, False),
    "Wijk.trend.measure": _MEASURE,
    "Wijk.trend.weeks": _one(1, 4, 13, 53, 54),
    "Wijk.budget.year": _one(2025, 2026),
    "Wijk.overview.week": _one("2026-W46", "2026-W45", "2026-W47", "2026-Q3"),
    "Overview.newSince.cursor": _AFTER,
    "Contribution.history.first": _FIRST,
    "Contribution.history.after": _AFTER,
    "MySlice.signals.first": _FIRST,
    "MySlice.signals.after": _AFTER,
    "MySlice.asSeenBy.organisation": _of("organisations"),
    "MySlice.readers.since": _DAY,
    "MySlice.readers.first": _FIRST,
    "MySlice.readers.after": _AFTER,
    "SliceView.signals.first": _FIRST,
    "SliceView.signals.after": _AFTER,
    "MySlice.pushes.first": _FIRST,
    "MySlice.pushes.after": _AFTER,
    "PushReceipt.rows.withErrors": _one(True, False),
    "PushReceipt.rows.first": _FIRST,
    "PushReceipt.rows.after": _AFTER,
    "SignalFilter.owner": _of("organisations"),
    "SignalFilter.mine": _one(True, False),
    "SignalFilter.buurt": _of("buurten"),
    "SignalFilter.from": _DAY,
    "SignalFilter.until": _DAY,
    "SignalFilter.closed": _one(True, False),
    "SignalFilter.text": _of("words"),
    "Delivery.dataset": lambda rng, memory: rng.choice(
        [memory.own_dataset] * 3 + ["meldingen", "nieuw"]
    ),
    "Delivery.idempotencyKey": _of("keys"),
    "Delivery.part": _one(1, 1, 1, 2),
    "Delivery.parts": _one(1, 1, 2),
    "Delivery.dryRun": _one(False, False, True),
    "Delivery.maxRejected": _one(0, 5),
    "Delivery.mayClose": _one(0, 100, None),
    "UploadSheetInput.file": _sheet,
    "OffboardInput.organisation": _of("organisations"),
    "OffboardInput.reason": _of("words"),
    "OffboardInput.erase": _one(True, False),
    "UploadSheetInput.dataset": lambda rng, memory: rng.choice(
        [memory.own_dataset] * 3 + ["meldingen", "nieuw"]
    ),
    "UploadSheetInput.mapping": _one(
        None, {}, {"Stand": "status", "Zaak": "externalId"}, {"Status": "geheim"}
    ),
    "UploadSheetInput.dryRun": _one(True, False),
    "UploadSheetInput.idempotencyKey": _of("keys"),
    "SignalRow.externalId": _of("external_ids"),
    "SignalRow.sourceVersion": _one("1", "2", None),
    "SignalRow.wijk": _WIJK,
    "SignalRow.buurt": _of("buurten"),
    "SignalRow.lon": _LON,
    "SignalRow.lat": _LAT,
    "SignalRow.subcategory": _TEXT,
    "SignalRow.seenAt": _MOMENT,
    "SignalRow.summary": _TEXT,
    "SignalRow.internalNote": _TEXT,
    "SubmitCountsInput.measure": _MEASURE,
    "SubmitCountsInput.period": _PERIOD,
    "SubmitCountsInput.idempotencyKey": _of("keys"),
    "SubmitCountsInput.dryRun": _one(False, True),
    "CountCell.wijk": _WIJK,
    "CountCell.buurt": _of("buurten"),
    "CountCell.group": _GROUP,
    "CountCell.count": _one(0, 4, 12, -1),
    "ReportNothingInput.dataset": lambda rng, memory: rng.choice([memory.own_dataset, "meldingen"]),
    "ReportNothingInput.wijk": _WIJK,
    "ReportNothingInput.period": _one("2026-W46", "2026-W47"),
    "ReportNothingInput.idempotencyKey": _of("keys"),
    "ReportSignalInput.idempotencyKey": _of("keys"),
    "ReportSignalInput.wijk": _WIJK,
    "ReportSignalInput.buurt": _of("buurten"),
    "ReportSignalInput.seenAt": _MOMENT,
    "ReportSignalInput.lon": _LON,
    "ReportSignalInput.lat": _LAT,
    "ReportSignalInput.summary": _TEXT,
    "ReportSignalInput.internalNote": _TEXT,
    "ShareAt.organisation": _of("organisations"),
    "ShareAt.withSummary": _one(True, False),
    "UpdateSignalInput.id": _own_id,
    "UpdateSignalInput.version": _version,
    "UpdateSignalInput.seenAt": _MOMENT,
    "UpdateSignalInput.summary": _TEXT,
    "UpdateSignalInput.internalNote": _TEXT,
    "CommitDryRunInput.receipt": _own_receipt,
    "CommitDryRunInput.idempotencyKey": _of("keys"),
    "UndoPushInput.receipt": _own_receipt,
    "UndoPushInput.reason": _one("verkeerde lijst", "dubbel", ""),
    "UndoPushInput.idempotencyKey": _of("keys"),
    "WithdrawInput.id": _own_id,
    "WithdrawInput.version": _version,
    "WithdrawInput.reason": _one("vergissing", "dubbel"),
    "Query.draftAgreement.template": _one(
        "basis-wijk", "jeugdoverlast", "alleen-aantallen", "geen"
    ),
    "Query.draftAgreement.partners": _of("organisations", "organisations", "guesses"),
    "Query.draftAgreement.wijken": _of("wijken"),
    "Query.draftAgreement.from": _DAY,
    "Query.draftAgreement.until": _DAY,
    "OnboardInput.idempotencyKey": _of("keys"),
    "OnboardInput.name": _one("Nieuwe partner", "Buurtwerk", ""),
    "OnboardInput.wijken": _of("wijken"),
    "OnboardInput.contactEmail": _one("loket@partner.example", "geen adres"),
    "OnboardInput.template": _one("basis-wijk", "geen"),
    "MarkDatasetInput.dataset": _one("meldingen", "binnenskamers", "hub", "nieuw", "Fout!"),
    "MarkDatasetInput.neverShare": _one(True, False),
    "MarkDatasetInput.pastToo": _one(True, False),
    "AgreementInput.idempotencyKey": _of("keys"),
    "AgreementInput.title": _one("Afspraak"),
    "AgreementInput.purpose": _one("Samen kijken"),
    "AgreementInput.legalBasis": _one("Convenant"),
    "AgreementInput.from": _DAY,
    "AgreementInput.until": _one("2027-06-30", "2026-12-31"),
    "AgreementInput.contact": _one("loket"),
    "AgreementInput.replaces": _of("ids", "guesses"),
    "AgreementInput.dpia": _one(None, "ja"),
    "AgreementInput.dpiaOn": _DAY,
    "AgreementInput.interest": _one(None, "veiligheid"),
    "AgreementInput.partnership": _one(None, "wijkteam"),
    "AgreementInput.conditions": _one(None, "niet verder delen"),
    "AgreementInput.publish": _one(False, True),
    "AgreementInput.signedBy": _one(None, "directie"),
    "AgreementInput.document": _one(None, "kast 3", "https://archief.example/1", "http://x"),
    "AgreementControllerInput.organisation": _of("organisations"),
    "AgreementRuleInput.provider": _of("organisations"),
    "AgreementRuleInput.receiver": _of("organisations"),
    "AgreementRuleInput.wijken": _of("wijken"),
    "AgreementRuleInput.fields": _one("summary", "point", "geheim"),
    "AgreementRuleInput.keepDays": _one(30, 365, 0),
    "AgreementRuleInput.minCell": _one(5, 10, 1),
    "AgreementRuleInput.includesPast": _one(True, False),
    "AgreementRuleInput.alone": _one(False, True),
    "AgreementDecisionInput.id": _of("ids", "guesses"),
    "AgreementDecisionInput.version": _one(1, 1, 1, 2),
    "AgreementDecisionInput.reason": _one(None, "niet meer nodig"),
    "AgreementDecisionInput.signedBy": _one(None, "directie"),
    "AgreementDecisionInput.document": _one(None, "kast 3", "http://x"),
    "RecordFilter.owner": _of("organisations"),
    "RecordFilter.mine": _one(True, False),
    "RecordFilter.buurt": _of("buurten"),
    "RecordFilter.from": _DAY,
    "RecordFilter.until": _DAY,
    "RecordFilter.closed": _one(True, False),
    "RecordFilter.text": _of("words"),
}

# The kinds beside signals: the field of a wijk, and what their inputs take of their own.
_OTHERS: dict[str, tuple[str, dict[str, Pick]]] = {
    "EnforcementAction": ("enforcementActions", {"happenedOn": _DAY}),
    "PoliceNotice": ("policeNotices", {"on": _DAY, "until": _DAY}),
    "HousingProject": (
        "housingProjects",
        {
            "title": _one("Nieuwe kozijnen", "bel 06-12345678", ""),
            "homes": _one(1, 48, 0),
            "startsOn": _DAY,
            "endsOn": _DAY,
        },
    ),
    "Activity": (
        "activities",
        {
            "title": _one("Koffie", "lamp stuk", "bel 06-12345678", ""),
            "audience": _TEXT,
            "startsAt": _MOMENT,
            "endsAt": _one("2026-12-23T09:00:00+01:00", None),
            "facility": _TEXT,
            "attendance": _one(0, 4, -1, None),
        },
    ),
    "CountRecord": (
        "counts",
        {"measure": _MEASURE, "period": _PERIOD, "group": _GROUP, "count": _one(0, 4, 12, -1)},
    ),
}
_SEVERAL = {"Activity"}
for _name, (_field, _own) in _OTHERS.items():
    for _holder in ("Wijk", "MySlice", "SliceView"):
        VALUES |= {f"{_holder}.{_field}.first": _FIRST, f"{_holder}.{_field}.after": _AFTER}
    for _input in ("Row", "Report", "Update"):
        _typename = f"{_name}Row" if _input == "Row" else f"{_input}{_name}Input"
        VALUES |= {f"{_typename}.{_each}": _pick for _each, _pick in _own.items()}
        VALUES |= {
            f"{_typename}.{_each}": VALUES[f"{_typename.replace(_name, 'Signal')}.{_each}"]
            for _each in {
                "Row": ("externalId", "sourceVersion", "wijk", "buurt"),
                "Report": ("idempotencyKey", "wijk", "buurt"),
                "Update": ("id", "version"),
            }[_input]
        }
        if _name in _SEVERAL and _input != "Update":
            VALUES[f"{_typename}.wijken"] = VALUES.pop(f"{_typename}.wijk")

for _each in ("measure", "period", "group"):  # of what it is a count does not change
    del VALUES[f"UpdateCountRecordInput.{_each}"]
VALUES |= {
    f"CountFilter.{_each}": VALUES[f"RecordFilter.{_each}"]
    for _each in ("owner", "mine", "buurt", "from", "until", "closed", "text")
} | {"CountFilter.measure": _MEASURE}

# How often what may be left out is given.
LIKELY = {
    "filter": 0.6,
    "after": 0.2,
    "first": 0.2,
    "year": 0.1,
    "SignalFilter": 0.1,
    "SignalFilter.text": 0.5,
    "SignalRow.buurt": 0.1,
    "ActivityRow.buurt": 0.1,
    "ExplainInput.node": 0.6,
    "ExplainInput.field": 0.5,
    "ExplainInput.on": 0.1,
    "ExplainInput.wijk": 0.2,
    "ExplainInput.category": 0.1,
}


def taking_values() -> Iterator[str]:
    """Every argument and input field of the schema that takes neither an enum nor an input object, by name."""
    for name, type_ in SCHEMA.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            for field_name, one in type_.fields.items():
                for argument, given in one.args.items():
                    if _needs_value(given):
                        yield argument_key(type_, field_name, argument)
        elif isinstance(type_, GraphQLInputObjectType):
            yield from (
                f"{name}.{given}" for given, one in type_.fields.items() if _needs_value(one)
            )


def clashing_leaves(types: Iterable[GraphQLObjectType]) -> frozenset[str]:
    """The leaves that some of these types give another type: one answer cannot hold both under one name."""
    found: dict[str, set[str]] = {}
    for one in types:
        for name, field_ in one.fields.items():
            if is_leaf_type(get_named_type(field_.type)):
                found.setdefault(name, set()).add(str(field_.type))
    return frozenset(name for name, given in found.items() if len(given) > 1)


def _needs_value(given: GraphQLArgument | GraphQLInputField) -> bool:
    named = get_named_type(given.type)
    return not isinstance(named, (GraphQLEnumType, GraphQLInputObjectType))


def argument_key(type_: Any, field_name: str, argument: str) -> str:
    """The argument by the interface that brings it, if one does."""
    for interface in getattr(type_, "interfaces", ()):
        if field_name in interface.fields:
            return f"{interface.name}.{field_name}.{argument}"
    return f"{type_.name}.{field_name}.{argument}"


@dataclass(frozen=True, slots=True)
class Operation:
    """A request: a document, its variables, and headers that differ from time to time."""

    query: str
    variables: dict[str, Any]
    headers: dict[str, str]

    def request(self) -> dict[str, Any]:
        """The request, as httpx takes it: JSON, or a form when it brings a file."""
        places = list(_files(self.variables, "variables"))
        if not places:
            content = {"query": self.query, "variables": self.variables}
            return {"url": "/graphql", "json": content, "headers": self.headers}
        variables = json.loads(json.dumps(self.variables, default=lambda _: None))
        asked = {"query": self.query, "variables": variables}
        mapped = {str(n): [place] for n, (place, _) in enumerate(places)}
        parts: dict[str, Any] = {
            "operations": (None, json.dumps(asked)), "map": (None, json.dumps(mapped)),
        }  # fmt: skip
        parts |= {str(n): ("blad.csv", file.content) for n, (_, file) in enumerate(places)}
        headers = {**self.headers, "GraphQL-Require-Preflight": "1"}
        return {"url": "/upload", "files": parts, "headers": headers}


def _files(value: Any, place: str) -> Iterator[tuple[str, File]]:
    """The files in variables, each with its place as a form names it."""
    if isinstance(value, File):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _files(inner, f"{place}.{name}")


@dataclass(frozen=True, slots=True)
class Question:
    """A document, and the type and the key in VALUES of what each of its variables takes."""

    query: str
    takes: Mapping[str, tuple[Any, str]]

    def asked(self, rng: random.Random, memory: Memory) -> Operation:
        """The document with values of its own."""
        asking = Asking(rng, memory)
        variables = {place: asking.value(*taken) for place, taken in self.takes.items()}
        return Operation(self.query, variables, asking.headers())


@dataclass(slots=True)
class Asking:
    """Makes one operation."""

    rng: random.Random
    memory: Memory
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    takes: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def question(self) -> Question:
        """A document to be asked with any values."""
        return Question(self.operation().query, self.takes)

    def operation(self, kind: str | None = None, root: str | None = None) -> Operation:
        """A query or a mutation of one root field, or a small choice of them."""
        kind = kind or self.rng.choice(("query", "query", "mutation"))
        type_ = SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type
        assert type_ is not None
        roots = [root] if root else [self._root(type_)]
        body = " ".join(f"r{n}: {self._field(type_, name, 0)}" for n, name in enumerate(roots))
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        return Operation(f"{kind} Vraag{declared} {{ {body} }}", self.variables, self.headers())

    def headers(self) -> dict[str, str]:
        """What kind of answer is asked for, and in which language."""
        return {
            "Accept": self.rng.choice(("application/json", "application/graphql-response+json")),
            "Accept-Language": self.rng.choice(("nl", "en")),
        }

    def _root(self, type_: GraphQLObjectType) -> str:
        names = list(type_.fields)
        if type_ is SCHEMA.query_type:
            names += ["wijk"] * 10 + ["node", "mySlice"] * 3 + ["agreements", "wijken"]
            names += ["explainAccess"] * 3
        else:
            names += ["pushSignals"] * 4 + ["updateSignal", "reportSignal", "withdraw"] * 4
            names += ["commitDryRun", "undoPush"] * 2
            names += ["pushActivities", "reportActivity", "updateActivity"] * 2
        return self.rng.choice(names)

    def _field(self, type_: Any, name: str, depth: int) -> str:
        one: GraphQLField = type_.fields[name]
        given = []
        for argument, taken in one.args.items():
            required = isinstance(taken.type, GraphQLNonNull) and taken.default_value is Undefined
            if (
                type_ is SCHEMA.query_type
                and name == "wijk"
                and argument == "code"
                and self.rng.random() < 0.8
            ):
                required = True
            elif not required and self.rng.random() > LIKELY.get(argument, 0.3):
                continue
            place = f"v{len(self.variables)}"
            self.takes[place] = (taken.type, argument_key(type_, name, argument))
            self.variables[place] = self.value(*self.takes[place])
            self.declared.append(f"${place}: {taken.type}")
            given.append(f"{argument}: ${place}")
        arguments = f"({', '.join(given)})" if given else ""
        return f"{name}{arguments}{self._selection(get_named_type(one.type), depth + 1)}"

    def _selection(self, type_: Any, depth: int, clashing: frozenset[str] = frozenset()) -> str:
        if is_leaf_type(type_):
            return ""
        if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
            kinds = SCHEMA.get_possible_types(type_)
            parts = [
                f"... on {one.name} {self._selection(one, depth, clashing_leaves(kinds))}"
                for one in kinds
            ]
            return " { __typename " + " ".join(parts) + " }"
        chosen = []
        for name, one in type_.fields.items():
            named = get_named_type(one.type)
            if is_leaf_type(named) or (
                depth < MAX_DEPTH
                and (
                    self.rng.random() < (0.6, 0.5, 0.35, 0.2)[depth - 1]
                    or name in ("signals", "activities", "feed", "nodes", "pageInfo", "errors")
                )
            ):
                text = self._alias(name, self._field(type_, name, depth))
                own = name in clashing and ":" not in text
                chosen.append(f"{name}{type_.name}: {text}" if own else text)
        return " { " + " ".join(chosen or ["__typename"]) + " }"

    def _alias(self, name: str, text: str) -> str:
        """Fields with arguments get an alias of their own, because fragments on several types may ask them differently."""
        return f"{name}{len(self.variables)}: {text}" if "(" in text.split("{")[0] else text

    def value(self, type_: Any, key: str) -> Any:
        """Something that an argument or a field of an input can be given."""
        if isinstance(type_, GraphQLNonNull):
            return self.value(type_.of_type, key)
        if isinstance(type_, GraphQLList):
            return [self.value(type_.of_type, key) for _ in range(self.rng.choice((0, 1, 1, 2, 3)))]
        if isinstance(type_, GraphQLEnumType):
            return self.rng.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            made = {
                name: self.value(one.type, f"{type_.name}.{name}")
                for name, one in type_.fields.items()
                if (isinstance(one.type, GraphQLNonNull) and one.default_value is Undefined)
                or self.rng.random()
                < LIKELY.get(f"{type_.name}.{name}", LIKELY.get(type_.name, 0.25))
            }
            if (
                len(made.keys() & {"lon", "lat"}) == 1 and self.rng.random() < 0.8
            ):  # a point is both
                made = {name: value for name, value in made.items() if name not in ("lon", "lat")}
            return made
        return VALUES[key](self.rng, self.memory)


def global_id(typename: str, id_: Any) -> str:
    """An id as the API writes it."""
    return encode(typename, id_)
