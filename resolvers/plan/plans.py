# SPDX-License-Identifier: EUPL-1.2
"""The plans of a document, and how an operation is carried out by its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values

from resolvers.plan.compiling import Compiler
from resolvers.plan.objects import Objects
from resolvers.plan.running import Run
from resolvers.plan.settling import Settling
from resolvers.plan.sources import Document

if TYPE_CHECKING:
    from resolvers.context import Context

KEPT = 8
"""Of one document: more ways to choose by @skip and @include are compiled each time."""


class Plans:
    """The plans of one document: for each operation, and each choice that its @skip and @include
    make. They are kept with the document, and compiled when they are first asked for.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        """`document` was validated against `schema`, which Strawberry made."""
        self._schema = schema
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        choosing = _Choosing()
        visit(document, choosing)
        self._choosing = sorted(choosing.names)
        self._kept: OrderedDict[tuple[Any, ...], Objects] = OrderedDict()

    async def execute(
        self,
        operation: OperationDefinitionNode,
        context: Context,
        variables: Mapping[str, Any],
        *,
        most_errors: int,
    ) -> ExecutionResult:
        """The result of an operation of the document, with no more than `most_errors` of variables.
        Its data are to be written with `WRITTEN`.

        Raises NotPlanned before anything was carried out.
        """
        values = get_variable_values(
            self._schema,
            operation.variable_definitions or (),
            dict(variables),
            max_errors=most_errors,
            hide_suggestions=True,
        )
        if isinstance(values, list):
            return ExecutionResult(None, values)
        root = self._plan(operation, values)
        context.session.alone = root.trips == 1 and operation.operation is OperationType.QUERY
        run = Run(context, values)
        [answer] = await root.build(run, [None])
        if not run.failed:
            return ExecutionResult(answer, None)
        settling = Settling(run)
        return ExecutionResult(settling.answer(root, answer), settling.errors)

    def _plan(self, operation: OperationDefinitionNode, values: VariableValues) -> Objects:
        key = (id(operation), *self._choices(values))
        root = self._kept.get(key)
        if root is None:
            document = Document(self._schema, operation, self._fragments)
            root = self._kept[key] = Compiler(document, values).root()
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return root

    def _choices(self, values: VariableValues) -> tuple[Any, ...]:
        """What @skip and @include are given."""
        return tuple(values.coerced.get(name) for name in self._choosing)


class _Choosing(Visitor):
    """The variables by which a document chooses what it asks."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Looks at a directive: only @skip and @include have an argument in our schema."""
        given = [argument.value for argument in node.arguments or ()]
        self.names |= {value.name.value for value in given if isinstance(value, VariableNode)}
