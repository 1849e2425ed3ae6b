# SPDX-License-Identifier: EUPL-1.2
"""What a document may ask: parsed once, measured in one pass, validated, kept for the next time.

Promises: every definition of a document is looked at once, however often its fragments are used,
so 60 levels of doubling fragments cost no more than their text is long; numbers saturate; cycles
and unknown names are left to validation, which comes after the measure has been checked. A document
that was accepted stays in a bounded store with its measure, and one that was refused in another,
with the answer alone, so that the same text again costs no parsing. Each organisation has stores of
its own: in the time of an answer does not show what another asks.

The cost of an operation is the number of objects that its answer may hold:

- a field with `first` counts that many (a variable's value, else its default, else the schema's);
  when it gives a connection, its lists (`nodes`, `edges`) have that many items each;
- any other list of objects counts `LIST_SIZE` items, and `INNER_LIST_SIZE` where it stands in each
  item of a list, since nothing in the document says how many;
- values (names, dates, lists of codes) cost nothing beside the object that holds them;
- introspection costs `INTROSPECTION_COST`, whatever is asked of it, and has a depth of its own.

Rows that a mutation delivers cost nothing here: they have a cap of their own.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast
from uuid import UUID

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Token,
    TokenKind,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
)

from hub.errors import without_value
from hub.order import check_order
from hub.settings import Limits
from resolvers.plan import Plans
from schema.errors import refusal_in
from sql.errors import Refusal

LIST_SIZE = 20
INNER_LIST_SIZE = 5
INTROSPECTION_COST = 1_000
SATURATED = 1_000_000_000
SIZE_ARGUMENT = "first"
INTROSPECTION = frozenset({"__schema", "__type"})

KEPT_DOCUMENTS = 50
KEPT_CHARACTERS = 25_000
KEPT_REFUSALS = 50
KEPT_ORGANISATIONS = 40
MAX_LOCATIONS = 10

HOLDERS: frozenset[type] = frozenset({list, dict})
"""What a value of JSON can hold others in."""


class InvalidDocument(Exception):
    """A document that graphql-core refuses, with its errors and the stable code for them.

    The errors say what graphql-core said, of the document alone, but do not hold on to it.
    """

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        """Keep what is told of `errors`."""
        super().__init__(code)
        self.code = code
        self.errors = [_told(error) for error in errors]


@dataclass(frozen=True, slots=True)
class Measure:
    """What one operation asks, fragments written out; every number stops at SATURATED."""

    fields: int = 0
    depth: int = 0
    introspection_depth: int = 0
    list_depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """The measure of a selection set wherever it is used.

    Its cost for one object is `cost + paged * n`, where n is the number of items that a list in
    this very selection set holds: that is known only where the set is used.
    """

    fields: int = 0
    own_fields: int = 0
    depth: int = 0
    introspection_depth: int = 0
    list_depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    paged: int = 0

    def for_each(self, items: int) -> int:
        """The cost of one object with this selection set whose lists hold `items`."""
        return _sum(self.cost, self.paged * items)


VALUE = Part(fields=1, own_fields=1, depth=1)
ALIASED_VALUE = Part(fields=1, own_fields=1, depth=1, aliases=1)
"""A field with a value, which most fields are: it costs nothing beside what holds it."""


def _together(parts: Sequence[Part]) -> Part:
    """All parts in one selection set."""
    return Part(
        fields=_sum(*[part.fields for part in parts]),
        own_fields=_sum(*[part.own_fields for part in parts]),
        depth=max([part.depth for part in parts], default=0),
        introspection_depth=max([part.introspection_depth for part in parts], default=0),
        list_depth=max([part.list_depth for part in parts], default=0),
        aliases=_sum(*[part.aliases for part in parts]),
        directives=_sum(*[part.directives for part in parts]),
        cost=_sum(*[part.cost for part in parts]),
        paged=_sum(*[part.paged for part in parts]),
    )


def _told(error: GraphQLError) -> GraphQLError:
    """What is told of an error, without the document and the frames that it would keep alive."""
    refusal = refusal_in(error)
    told = GraphQLError(without_value(error.message), original_error=refusal and refusal.under())
    told.locations = error.locations and error.locations[:MAX_LOCATIONS]
    return told


def _again(error: Refusal | InvalidDocument) -> Refusal | InvalidDocument:
    """The same refusal, never raised before."""
    if isinstance(error, Refusal):
        return error.under()
    return InvalidDocument(error.code, error.errors)


def check_shape(measure: Measure, limits: Limits) -> None:
    """Refuse what no value of a variable can mend; says `got` and `limit`."""
    for code, got, limit in (
        ("TOO_MANY_ROOT_FIELDS", measure.root_fields, limits.root_fields),
        ("QUERY_TOO_DEEP", measure.depth, limits.depth),
        ("QUERY_TOO_DEEP", measure.introspection_depth, limits.introspection_depth),
        ("QUERY_TOO_DEEP", measure.list_depth, limits.list_depth),
        ("TOO_MANY_ALIASES", measure.aliases, limits.aliases),
        ("TOO_MANY_DIRECTIVES", measure.directives, limits.directives),
        ("TOO_MANY_FIELDS", measure.fields, limits.fields),
    ):
        if got > limit:
            raise Refusal(code, got=got, limit=limit)


def check(measure: Measure, limits: Limits) -> None:
    """Refuse, with a stable code and `got` and `limit`, what is beyond one of the limits."""
    check_shape(measure, limits)
    if measure.cost > limits.cost:
        raise Refusal("QUERY_TOO_COSTLY", got=measure.cost, limit=limits.cost)


def check_written(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document with too much in it as it is written, also where no operation uses it.

    Validation compares the fields of one name with each other, each pair of them with all that they
    hold: that is why they are counted by name.
    """
    fields = fragments = spreads = 0
    names: Counter[str] = Counter()
    waiting: list[SelectionSetNode] = []
    for definition in document.definitions:
        fragments += isinstance(definition, FragmentDefinitionNode)
        if isinstance(definition, FragmentDefinitionNode | OperationDefinitionNode):
            waiting.append(definition.selection_set)
    while waiting:
        for node in waiting.pop().selections:
            spreads += isinstance(node, FragmentSpreadNode)
            if isinstance(node, FieldNode):
                fields += 1
                if node.selection_set or node.arguments:
                    names[(node.alias or node.name).value] += 1
            if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                waiting.append(node.selection_set)
    for code, got, limit in (
        ("DOCUMENT_TOO_LARGE", fragments, limits.fragments),
        ("DOCUMENT_TOO_LARGE", spreads, limits.spreads),
        ("TOO_MANY_FIELDS", fields, limits.fields),
        ("DOCUMENT_TOO_LARGE", max(names.values(), default=0), limits.repeats),
    ):
        if got > limit:
            raise Refusal(code, got=got, limit=limit)


def check_lists(variables: Mapping[str, object], limits: Limits) -> None:
    """Refuse variables with a list, at any depth, of more items than rows are allowed."""
    waiting: list[object] = [variables]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list) and len(value) > limits.rows:
            raise Refusal("TOO_MANY_ROWS", got=len(value), limit=limits.rows)
        items = value.values() if isinstance(value, dict) else value
        if not HOLDERS.isdisjoint(map(type, items)):  # type: ignore[call-overload]
            waiting += [item for item in items if type(item) in HOLDERS]  # type: ignore[attr-defined]


class Pass:
    """One look at a document.

    `visited` counts the selections looked at; `sized` says whether a variable decides about a cost.
    Where the operations of one document give a variable different defaults, the largest counts.
    """

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, object]
    ) -> None:
        """Measure the fragments of `document`, its size variables being as in `variables`."""
        self.visited = 0
        self.sized = False
        self._schema = schema
        self._sizes = _sizes(document, variables)
        self._parts: dict[str, Part] = {}
        fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        for name in _inner_first(fragments):
            node = fragments[name]
            part = self._selections(
                node.selection_set, self._schema.get_type(node.type_condition.name.value)
            )
            self._parts[name] = _together([part, Part(directives=len(node.directives or ()))])

    def measure(self, operation: OperationDefinitionNode) -> Measure:
        """What `operation` of the document asks."""
        root = self._schema.get_root_type(operation.operation)
        part = self._selections(operation.selection_set, root)
        own = len(operation.directives or ()) + sum(
            len(node.directives or ()) for node in operation.variable_definitions or ()
        )
        return Measure(
            fields=part.fields,
            depth=part.depth,
            introspection_depth=part.introspection_depth,
            list_depth=part.list_depth,
            aliases=part.aliases,
            root_fields=part.own_fields,
            directives=_sum(part.directives, own),
            cost=part.for_each(LIST_SIZE),
        )

    def _selections(self, selection_set: SelectionSetNode, parent: object) -> Part:
        parts: list[Part] = []
        for node in selection_set.selections:
            self.visited += 1
            if isinstance(node, FieldNode):
                parts.append(self._field(node, parent))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                parts.append(self._selections(node.selection_set, inner))
            else:
                # Absent: a cycle or an unknown name, which validation refuses.
                part = self._parts.get(cast("FragmentSpreadNode", node).name.value)
                parts += [part] if part else []
            if node.directives:
                parts.append(Part(directives=len(node.directives)))
        return _together(parts)

    def _field(self, node: FieldNode, parent: object) -> Part:
        selection_set, name = node.selection_set, node.name.value
        if selection_set is None and name not in INTROSPECTION:
            return VALUE if node.alias is None else ALIASED_VALUE
        field = self._definition(parent, name)
        target = get_named_type(field.type) if field else None
        inner = self._selections(selection_set, target) if selection_set else Part()
        aliases = _sum(int(node.alias is not None), inner.aliases)
        if name in INTROSPECTION:
            return Part(
                fields=_sum(1, inner.fields),
                own_fields=1,
                depth=1,
                introspection_depth=inner.depth + 1,
                aliases=aliases,
                directives=inner.directives,
                cost=INTROSPECTION_COST,
            )
        listed = field is not None and is_list_type(get_nullable_type(field.type))
        cost, paged = self._cost(node, field, inner, listed)
        return Part(
            fields=_sum(1, inner.fields),
            own_fields=1,
            depth=inner.depth + 1,
            introspection_depth=inner.introspection_depth,
            list_depth=inner.list_depth + int(listed),
            aliases=aliases,
            directives=inner.directives,
            cost=cost,
            paged=paged,
        )

    def _cost(
        self, node: FieldNode, field: GraphQLField | None, inner: Part, listed: bool
    ) -> tuple[int, int]:
        """The cost of a field with objects, and that for each item of the list around it."""
        each = _sum(1, inner.for_each(INNER_LIST_SIZE if listed else LIST_SIZE))
        if field is None or SIZE_ARGUMENT not in field.args:
            return (0, each) if listed else (each, 0)
        size = self._size(node, field)
        if listed:
            return _sum(size * each), 0
        return _sum(1, inner.for_each(size)), 0

    def _definition(self, parent: object, name: str) -> GraphQLField | None:
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return self._schema.get_field(parent, name)
        return None

    def _size(self, node: FieldNode, field: GraphQLField) -> int:
        """What `first` is for this field, as far as it is a number; else its default."""
        argument = next((a for a in node.arguments or () if a.name.value == SIZE_ARGUMENT), None)
        size: int | None = None
        if argument is not None and isinstance(argument.value, VariableNode):
            self.sized = True
            size = self._sizes.get(argument.value.name.value)
        elif argument is not None:
            size = _literal(argument.value)
        if size is None:
            size = _number(field.args[SIZE_ARGUMENT].default_value)
        return LIST_SIZE if size is None else size


def _sum(*numbers: int) -> int:
    return min(SATURATED, sum(numbers))


def _number(value: object) -> int | None:
    """A size between 0 and SATURATED, or None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(min(SATURATED, max(0, value)))


def _literal(node: ValueNode | None) -> int | None:
    if not isinstance(node, IntValueNode):
        return None
    # Python refuses to read thousands of digits; ten are beyond every limit already.
    return SATURATED if len(node.value) > 10 else _number(int(node.value))


def _sizes(document: DocumentNode, given: Mapping[str, object]) -> dict[str, int]:
    """The number that each variable holds: as given, else the largest default."""
    sizes: dict[str, int] = {}
    for operation in operations(document):
        for node in operation.variable_definitions or ():
            name = node.variable.name.value
            default = _literal(node.default_value)
            if default is not None:
                sizes[name] = max(default, sizes.get(name, 0))
    numbers = {name: _number(value) for name, value in given.items()}
    return sizes | {name: number for name, number in numbers.items() if number is not None}


def _spreads(selection_set: SelectionSetNode) -> Iterator[str]:
    waiting = [selection_set]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                yield node.name.value
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                waiting.append(node.selection_set)


def _inner_first(fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """Names of fragments, each after those that it spreads; without recursion, cycles cut."""
    seen: set[str] = set()
    for root in fragments:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, _spreads(fragments[root].selection_set))]
        while path:
            name, spreads = path[-1]
            inner = next((s for s in spreads if s in fragments and s not in seen), None)
            if inner is None:
                path.pop()
                yield name
            else:
                seen.add(inner)
                path.append((inner, _spreads(fragments[inner].selection_set)))


def operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    """The operations of a document, in its order."""
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A document that may be executed, with the measure of each operation by name, and the plans
    by which it is.

    `sized`: a variable decides about the cost, so that it is to be measured with its values.
    """

    document: DocumentNode
    measures: Mapping[str | None, Measure]
    sized: bool
    plans: Plans

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation called `name`, or the only one; else a Refusal UNKNOWN_OPERATION."""
        found = [
            node
            for node in operations(self.document)
            if name is None or (node.name is not None and node.name.value == name)
        ]
        if len(found) != 1:
            raise Refusal("UNKNOWN_OPERATION")
        return found[0]


class Stores:
    """The documents of each organisation; those of the organisations that asked last are kept."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        """Accept documents for `schema` within `limits`."""
        self._schema = schema
        self._limits = limits
        self._kept: OrderedDict[UUID, Documents] = OrderedDict()

    def of(self, organisation: UUID) -> "Documents":
        """The documents of an organisation."""
        documents = self._kept.get(organisation)
        if documents is None:
            documents = self._kept[organisation] = Documents(self._schema, self._limits)
            if len(self._kept) > KEPT_ORGANISATIONS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(organisation)
        return documents


class Documents:
    """Texts to accepted documents; the ones used last are kept, up to a number and a size.

    Of the texts that were refused last, a digest and the answer are kept.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        """Accept documents for `schema` within `limits`."""
        self._schema = schema
        self._limits = limits
        self._kept: OrderedDict[str, Accepted] = OrderedDict()
        self._characters = 0
        self._refused: OrderedDict[bytes, Refusal | InvalidDocument] = OrderedDict()

    def __len__(self) -> int:
        """How many documents are kept."""
        return len(self._kept)

    def accept(self, text: str) -> Accepted:
        """The document, or InvalidDocument, or a Refusal when it asks too much."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        digest = sha256(text.encode()).digest()
        refused = self._refused.get(digest)
        if refused is not None:
            self._refused.move_to_end(digest)
            raise _again(refused)
        try:
            accepted = self._accept(text)
        except (Refusal, InvalidDocument) as error:
            self._refused[digest] = _again(error)
            while len(self._refused) > KEPT_REFUSALS:
                self._refused.popitem(last=False)
            raise
        self._keep(text, accepted)
        return accepted

    def measure(
        self, accepted: Accepted, operation: OperationDefinitionNode, values: Mapping[str, object]
    ) -> Measure:
        """What `operation` asks when its variables have these values."""
        if accepted.sized:
            return Pass(self._schema, accepted.document, values).measure(operation)
        return accepted.measures[_name(operation)]

    def _accept(self, text: str) -> Accepted:
        document = self._parse(text)
        look = Pass(self._schema, document, {})
        measures = {_name(node): look.measure(node) for node in operations(document)}
        for measure in measures.values():
            check_shape(measure, self._limits)
        check_written(document, self._limits)
        errors = validate(self._schema, document, hide_suggestions=True)
        if errors:
            raise InvalidDocument("GRAPHQL_VALIDATION_FAILED", errors)
        check_order(document)
        return Accepted(document, measures, look.sized, Plans(self._schema, document))

    def _parse(self, text: str) -> DocumentNode:
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            # graphql-core has no other sign for it; a test holds it to these words.
            if error.message.endswith("tokens. Parsing aborted."):
                raise Refusal("TOO_MANY_TOKENS", limit=self._limits.tokens) from None
            raise InvalidDocument("GRAPHQL_PARSE_FAILED", [error]) from None
        if "\\u" in text and _holds_nul(document):
            raise Refusal("TEXT_UNREADABLE")
        _unlink_tokens(document)
        return document

    def _keep(self, text: str, accepted: Accepted) -> None:
        if len(text) > KEPT_CHARACTERS // 2:
            return
        self._kept[text] = accepted
        self._characters += len(text)
        while len(self._kept) > KEPT_DOCUMENTS or self._characters > KEPT_CHARACTERS:
            dropped, _ = self._kept.popitem(last=False)
            self._characters -= len(dropped)


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def _tokens(document: DocumentNode) -> Iterator[Token]:
    """What the document was read as, in order; each may be taken out of its row meanwhile."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following = token.next
        yield token
        token = following


def _unlink_tokens(document: DocumentNode) -> None:
    """Ends the circle of tokens, which know the one before and after them: a document that is no
    longer kept is gone at once, and does not wait for the collector, which seldom looks that far.
    """
    for token in _tokens(document):
        token.prev = token.next = None


def _holds_nul(document: DocumentNode) -> bool:
    """Whether a string of the document has the character NUL, which no column can hold."""
    return any(
        token.kind is TokenKind.STRING and "\x00" in (token.value or "")
        for token in _tokens(document)
    )
