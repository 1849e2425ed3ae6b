# SPDX-License-Identifier: EUPL-1.2
"""Where the values of a field come from, for all parents of a level at once: a column, what the
field declares beside it (resolvers/batch.py), or a resolver that is called for each parent.

`values` gives one for each row, in their order; a `Failure` where there is an error instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import get_argument_values
from graphql.pyutils import is_awaitable
from strawberry import Info
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers.batch import LEVEL, TRIPS, FromRow, Source, is_made, value_of
from resolvers.plan.leaves import Names
from resolvers.plan.running import Run, together
from sql.reference import REFERENCE

if TYPE_CHECKING:
    from strawberry.types.fields.resolver import StrawberryResolver


@dataclass(frozen=True, slots=True)
class Document:
    """The operation that a plan is of, and the fragments beside it."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as the document asks for it: of which type, and all nodes that name it."""

    document: Document
    parent: GraphQLObjectType
    definition: GraphQLField
    nodes: list[FieldNode]


class Values(Protocol):
    """Where the values of a field come from."""

    waits: bool
    """Whether they are awaited: of the database, or of a resolver."""

    @property
    def trips(self) -> float:
        """For how many statements, of which reference rows need none."""

    async def values(self, run: Run, rows: Sequence[Any]) -> list[Any]:
        """The value of each row."""


class Read:
    """What is read of the row alone."""

    waits = False
    trips = 0

    def of(self, row: Any) -> Any:
        """The value of a row."""
        raise NotImplementedError

    def code(self, names: Names, *, made: bool) -> str:
        """Python that reads it of `row`, which is `made` by a resolver or has columns."""
        return f"{names.bind(self.of)}(row)"

    def of_all(self, rows: Sequence[Any]) -> list[Any]:
        """The value of each row, where none fails."""
        return [self.of(row) for row in rows]

    async def values(self, run: Run, rows: Sequence[Any]) -> list[Any]:
        """The value of each row."""
        try:
            return self.of_all(rows)
        except Exception:
            return [run.attempt(self.of, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Column(Read):
    """A column of a row, or an attribute of what a resolver made."""

    name: str

    def of(self, row: Any) -> Any:
        """The value of a row."""
        return value_of(row, self.name)

    def code(self, names: Names, *, made: bool) -> str:
        """Python that reads it of `row`."""
        return f"row.{self.name}" if made else f"row[{self.name!r}]"

    def of_all(self, rows: Sequence[Any]) -> list[Any]:
        """The value of each row."""
        if any(map(is_made, set(map(type, rows)))):
            return Read.of_all(self, rows)
        return list(map(itemgetter(self.name), rows))


@dataclass(frozen=True, slots=True)
class Computed(Read):
    """What a field computes of the row."""

    source: FromRow

    def of(self, row: Any) -> Any:
        """The value of a row."""
        return self.source.read(row)

    def code(self, names: Names, *, made: bool) -> str:
        """Python that computes it of `row`."""
        return f"{names.bind(self.source.read)}(row)"


@dataclass(frozen=True, slots=True)
class TypeName(Read):
    """The name of the type itself."""

    name: str

    def of(self, row: Any) -> Any:
        """The name."""
        return self.name

    def code(self, names: Names, *, made: bool) -> str:
        """The name, as Python writes it."""
        return repr(self.name)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a declared source fetches: one statement for all rows."""

    source: Source
    waits = True

    @property
    def trips(self) -> float:
        """One for each of its loads, but for reference rows."""
        return sum(each.statement not in REFERENCE for each in self.source.batches)

    async def values(self, run: Run, rows: Sequence[Any]) -> list[Any]:
        """The value of each row; where not all can be had, each row is asked for on its own."""
        try:
            return await self.source.of_all(run.context, rows)
        except Exception:
            return await together([run.awaited(self.source.of(run.context, row)) for row in rows])


class Called:
    """What a resolver gives that is called for each row, with arguments that are read once."""

    def __init__(self, asked: Asked, declared: StrawberryField) -> None:
        resolver = cast("StrawberryResolver[Any]", declared.base_resolver)
        self.waits = declared.is_async
        self.trips = declared.metadata.get(TRIPS, inf if self.waits else 0)
        self._level: Callable[..., Awaitable[list[Any]]] | None = declared.metadata.get(LEVEL)
        self._asked = asked
        self._declared = declared
        self._resolve: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]
        parents = (resolver.self_parameter, resolver.parent_parameter, resolver.root_parameter)
        self._takes_row = any(each is not None for each in parents)
        info = resolver.info_parameter
        self._info_name = None if info is None else info.name
        self._fragments = {name: each.definition for name, each in asked.document.fragments.items()}
        schema = asked.document.schema._strawberry_schema  # type: ignore[attr-defined]
        self._converter = schema.schema_converter
        self._varies = _names_variables(asked.nodes[0])
        self._same: Mapping[str, Any] | None = None
        """The arguments, where the document itself gives them."""

    async def values(self, run: Run, rows: Sequence[Any]) -> list[Any]:
        """The value of each row; arguments that do not fit are a failure of each."""
        try:
            given = self._arguments(run)
        except Exception as error:
            return [run.fail(error) for _ in rows]
        if self._level is not None:
            try:
                return await self._level(run.context, rows, **given)
            except Exception:  # noqa: S110 -- found again below, and put in its place
                pass
        if self._info_name is not None:
            given = {**given, self._info_name: self._info(run)}
        call = self._of_row(given)
        if self.waits:
            return await together([run.awaited(call(row)) for row in rows])
        try:
            return [call(row) for row in rows]
        except Exception:
            return [run.attempt(call, row) for row in rows]

    def _of_row(self, given: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Calls the resolver for a row: its first parameter, where it takes one."""
        resolve = self._resolve
        if self._takes_row:
            return lambda row: resolve(row, **given)
        return lambda _: resolve(**given)

    def _arguments(self, run: Run) -> Mapping[str, Any]:
        """The field's arguments in this operation; those that are the same each time are read
        once.
        """
        if self._same is not None:
            return self._same
        given = self._converted(run)
        if not self._varies:
            self._same = given
        return given

    def _converted(self, run: Run) -> Mapping[str, Any]:
        """The arguments as graphql-core coerces and Strawberry converts them."""
        asked = self._asked
        if not asked.definition.args:
            return {}
        return convert_arguments(
            get_argument_values(asked.definition, asked.nodes[0], run.variables, None, True),
            self._declared.arguments,
            self._converter.scalar_registry,
            self._converter.config,
        )

    def _info(self, run: Run) -> Info[Any, Any]:
        """What a resolver may know of its field. One for all rows, so without a path."""
        asked = self._asked
        raw = GraphQLResolveInfo(
            field_name=asked.nodes[0].name.value,
            field_nodes=asked.nodes,
            return_type=asked.definition.type,
            parent_type=asked.parent,
            path=None,  # type: ignore[arg-type]
            schema=asked.document.schema,
            fragments=self._fragments,
            root_value=None,
            operation=asked.document.operation,
            variable_values=run.variables,
            context=run.context,
            is_awaitable=is_awaitable,
            abort_signal=None,
            async_helpers=None,  # type: ignore[arg-type]
        )
        return Info(_raw_info=raw, _field=self._declared)


def _names_variables(field: FieldNode) -> bool:
    """Whether an argument of a field depends on a variable."""
    given = FieldNode(name=field.name, arguments=field.arguments)
    variables = _Variables()
    visit(given, variables)
    return variables.found


class _Variables(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> Any:
        self.found = True
        return self.BREAK
