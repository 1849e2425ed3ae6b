# SPDX-License-Identifier: EUPL-1.2
"""Read operations made from the schema, in every way in which GraphQL lets one be written.

Fragments, inline and named and within each other, on types and on their interfaces; aliases;
fields that are asked twice and merged; @skip and @include, with constants and variables; variables
with and without defaults, given, null and left out; arguments that are refused in the middle.
What arguments can be is what the sessions of the proofs have (tests/isolation/sessions.py).
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

from tests.isolation.sessions import (
    LIKELY,
    SCHEMA,
    Asking,
    Memory,
    Operation,
    argument_key,
    clashing_leaves,
)

ROOTS = {
    "wijk": 10,
    "mySlice": 5,
    "node": 5,
    "agreements": 3,
    "organisations": 2,
    "wijken": 2,
    "me": 3,
    "pushReceipt": 4,
    "breachReport": 4,
}
"""How often a root field is asked; the others once."""
DEEPEST = 7
ROOMS = (6, 12, 25, 60)
"""About how many fields an operation has."""
CALM: dict[str, Any] = {
    "first": 3,
    "weeks": 4,
    "week": "2026-W46",
    "code": "WK063711",
    "year": 2025,
}
LOVED = frozenset(
    {"signals", "activities", "feed", "nodes", "edges", "node", "record", "pageInfo", "errors"}
)


CORNERS = (
    # an error in an object that stands in many places
    """{ wijk(code: "WK063711") { signals(first: 20) { total nodes {
      id owner { name contact(wijk: "x") } ... on Node { id } place { label } } } } }""",
    # null where the schema has none, in an item of a list
    "{ mySlice { pushes(first: 3) { nodes { dataset rows(first: 0) { total } } } } me { login } }",
    # two of them in one object: the first is told
    """{ breachReport(input: { since: "2026-11-01T00:00:00Z" }) {
      records(first: 0) { nodes { record } } reads(first: 0) { nodes { login } } } }""",
    # lists under lists under a page, with cursors
    """query Bladen($na: String) { wijken { code feed(first: 2, after: $na) { pageInfo { endCursor }
      nodes { cursor headline record { __typename id owner { id } ... on Signal { seenAt hidden }
        ... on Activity { wijken { code } } } } }
      signals(first: 1) { edges { cursor node { id wijk { code buurten { name } } } } } } }""",
)
"""What chance seldom comes to."""


@dataclass(slots=True)
class Writing:
    """Writes one operation down."""

    rng: random.Random
    memory: Memory
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: int = 0
    room: int = 0
    calm: bool = False
    """Without what is refused: unknown cursors, pages that are too large, null where it matters."""

    def operation(self) -> Operation:
        """A query of one to three root fields."""
        root = SCHEMA.query_type
        assert root is not None
        self.room = self.rng.choice(ROOMS)
        self.calm = self._chance(0.6)
        names = [name for name in root.fields for _ in range(ROOTS.get(name, 1))]
        chosen = [self.rng.choice(names) for _ in range(self.rng.choice((1, 1, 2, 3)))]
        parts = [self._field(root, name, 0) for name in chosen]
        if self._chance(0.1):
            parts.append("__typename")
        if self._chance(0.002):
            parts.append("__schema { queryType { name } }")
        body = " ".join(parts)
        declared = ", ".join(self.declared.values())
        fragments = " ".join(
            f"fragment {name} on {type_} {body}" for name, (type_, body) in self.fragments.items()
        )
        text = f"query Vraag{f'({declared})' if declared else ''} {{ {body} }} {fragments}"
        headers = {"Accept-Language": self.rng.choice(("nl", "en"))}
        return Operation(text, self.variables, headers)

    def _chance(self, likely: float) -> bool:
        return self.rng.random() < likely

    def _name(self, start: str) -> str:
        self.names += 1
        return f"{start}{self.names}"

    # -- fields ------------------------------------------------------------------------------------

    def _field(self, type_: Any, name: str, depth: int, *, apart: str = "") -> str:
        """A field with its arguments, selection and directives; `apart` is put after its name in
        the answer, where another type gives the same name something else.
        """
        self.room -= 1
        one = type_.fields[name]
        given = self._arguments(type_, name)
        alias = ""
        if given or apart or self._chance(0.15):
            alias = f"{self._name(name) if given or not apart else name + apart}: "
        directive = self._directive()
        selection = self._selection(get_named_type(one.type), depth + 1)
        return f"{alias}{name}{given}{directive}{selection}"

    def _selection(self, type_: Any, depth: int) -> str:
        if is_leaf_type(type_):
            return ""
        return " { " + " ".join(self._parts(type_, depth) or ["__typename"]) + " }"

    def _parts(self, type_: Any, depth: int) -> list[str]:
        """Some of the fields of a type, alone and in fragments."""
        if isinstance(type_, GraphQLInterfaceType):
            return self._of_interface(type_, depth)
        return self._mixed(type_, self._fields(type_, depth), depth)

    def _fields(self, type_: Any, depth: int, apart: frozenset[str] = frozenset()) -> list[str]:
        chosen = []
        names = list(type_.fields)
        first = self.rng.randrange(len(names))
        for name in names[first:] + names[:first]:  # so that no field is always too late
            one = type_.fields[name]
            leaf = is_leaf_type(get_named_type(one.type))
            if self.room <= 0 and chosen:
                break
            likely = 0.35 if leaf else (0.4, 0.35, 0.25, 0.2, 0.12, 0.08, 0)[min(depth, 6)]
            if name in LOVED and depth < DEEPEST:
                likely = 0.7
            if not self._chance(likely) or (self.room <= 0 and not leaf):
                continue
            suffix = type_.name if name in apart else ""
            chosen.append(self._field(type_, name, depth, apart=suffix))
            if "(" not in chosen[-1] and self._chance(0.08):  # once more, to be merged
                chosen.append(self._field(type_, name, depth, apart=suffix))
        if self._chance(0.2):
            chosen.insert(self.rng.randrange(len(chosen) + 1), "__typename")
        return chosen

    def _mixed(self, type_: Any, parts: list[str], depth: int) -> list[str]:
        """The parts in their order, some of them in a fragment."""
        if not parts or not self._chance(0.35):
            return parts
        start, end = sorted(self.rng.randrange(len(parts) + 1) for _ in range(2))
        inner = " ".join(parts[start:end] or ["__typename"])
        condition = self.rng.choice((type_.name, *(each.name for each in type_.interfaces), ""))
        of_interface = condition not in ("", type_.name)
        if of_interface:
            interface = SCHEMA.type_map[condition]
            inner = " ".join(self._fields(interface, max(depth, 4)) or ["__typename"])
        if condition and self._chance(0.5):
            spread = self._spread(condition, f"{{ {inner} }}")
        else:
            spread = (
                f"...{f' on {condition}' if condition else ''}{self._directive()} {{ {inner} }}"
            )
        kept = parts if of_interface else parts[:start] + parts[end:]
        again = [spread] if self._chance(0.1) and not of_interface else []
        return [*kept[:start], spread, *kept[start:], *again]

    def _spread(self, type_: str, body: str) -> str:
        """A spread of a named fragment: a new one, or one that is there for the same type."""
        known = [name for name, (of, _) in self.fragments.items() if of == type_]
        if known and self._chance(0.4):
            return f"...{self.rng.choice(known)}{self._directive()}"
        name = self._name("Deel")
        self.fragments[name] = (type_, body)
        return f"...{name}{self._directive()}"

    def _of_interface(self, type_: GraphQLInterfaceType, depth: int) -> list[str]:
        kinds = list(SCHEMA.get_possible_types(type_))
        apart = clashing_leaves(kinds)
        parts = ["__typename"] if self._chance(0.7) else []
        if self._chance(0.6):
            parts += self._fields(type_, depth)
        for one in kinds:
            if self._chance(0.5):
                fields = " ".join(self._fields(one, depth, apart) or ["__typename"])
                parts.append(f"... on {one.name}{self._directive()} {{ {fields} }}")
        return parts

    def _directive(self) -> str:
        """@skip or @include, now and then."""
        if not self._chance(0.07):
            return ""
        name = self.rng.choice(("skip", "include"))
        value = self._flag() if self._chance(0.7) else self.rng.choice(("true", "false"))
        both = f" @include(if: {self._flag()})" if name == "skip" and self._chance(0.1) else ""
        return f" @{name}(if: {value}){both}"

    def _flag(self) -> str:
        """A variable that chooses: required; or with a default, given or not, or null."""
        name = self._name("keus")
        if self._chance(0.5):
            self.declared[name] = f"${name}: Boolean!"
            self.variables[name] = self._chance(0.5)
        else:
            default = self.rng.choice(("true", "false"))
            self.declared[name] = f"${name}: Boolean = {default}"
            if self._chance(0.5):
                self.variables[name] = None if self._chance(0.005) else self._chance(0.5)
        return f"${name}"

    # -- arguments ---------------------------------------------------------------------------------

    def _arguments(self, type_: Any, name: str) -> str:
        given = []
        for argument, taken in type_.fields[name].args.items():
            required = isinstance(taken.type, GraphQLNonNull) and taken.default_value is Undefined
            wanted = (type_.name, name, argument) == ("Query", "wijk", "code")
            likely = 0.9 if wanted else LIKELY.get(argument, 0.3)
            if self.calm and argument in ("after", "cursor"):
                continue
            if not required and not self._chance(likely):
                continue
            key = argument_key(type_, name, argument)
            given.append(f"{argument}: {self._given(taken, key)}")
        return f"({', '.join(given)})" if given else ""

    def _given(self, taken: Any, key: str) -> str:
        """A value as the document has it: a constant, or a variable in one of its forms."""
        nullable = not isinstance(taken.type, GraphQLNonNull)
        value = None
        if not (nullable and not self.calm and self._chance(0.08)):
            value = self._value(taken, key)
        if self._chance(0.4):
            return written(value, taken.type)
        name = self._name("v")
        self.declared[name] = f"${name}: {taken.type}"
        if nullable and self._chance(0.1):  # declared, and not given
            return f"${name}"
        if self._chance(0.2):
            self.declared[name] += f" = {written(value, taken.type)}"
            if self._chance(0.6):
                return f"${name}"
            value = self._value(taken, key)
        self.variables[name] = value if not self._chance(0.003) else {"x": 1}
        return f"${name}"

    def _value(self, taken: Any, key: str) -> Any:
        if not self.calm and str(get_named_type(taken.type)) == "ID" and self._chance(0.25):
            unknown = self.rng.choice(self.memory.guesses)
            return [unknown] if isinstance(get_nullable_type(taken.type), GraphQLList) else unknown
        value = Asking(self.rng, self.memory).value(taken.type, key)
        return CALM.get(key.rpartition(".")[2], value) if self.calm else value


def written(value: Any, type_: Any) -> str:
    """A value as a document writes it."""
    if isinstance(type_, GraphQLNonNull):
        return written(value, type_.of_type)
    if value is None:
        return "null"
    if isinstance(type_, GraphQLList):
        return f"[{', '.join(written(each, type_.of_type) for each in value)}]"
    if isinstance(type_, GraphQLEnumType):
        return str(value)
    if isinstance(type_, GraphQLInputObjectType):
        fields = (
            f"{name}: {written(each, type_.fields[name].type)}" for name, each in value.items()
        )
        return f"{{{', '.join(fields)}}}"
    return json.dumps(value, ensure_ascii=False)


def types_of_objects() -> list[GraphQLObjectType]:
    """The object types that a query can come to."""
    return [
        type_
        for type_ in SCHEMA.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
    ]
