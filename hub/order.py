# SPDX-License-Identifier: EUPL-1.2
"""In which order an operation may do things: a decision on an agreement comes last, and alone.

What a decision changes is locked until its operation ends. So nothing of the caller's choosing
comes after it, and no operation waits for one agreement while it holds another.
"""

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from sql.errors import Refusal

DECISIONS = frozenset({"acceptAgreement", "rejectAgreement", "revokeAgreement", "offboardPartner"})
"""The mutations by which an agreement begins or ends for others."""


def check_order(document: DocumentNode) -> None:
    """Refuse (DECISION_NOT_LAST) a valid document with a mutation in which anything comes after a
    decision, as it is written: `@skip` and `@include` count for nothing.
    """
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION:
            _check_operation(node, fragments)


def _check_operation(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> None:
    # by what the answer calls it, which is carried out once, where it first stands
    done = {
        (node.alias or node.name).value: node.name.value
        for node in _fields(operation.selection_set, fragments, set())
    }
    for name in list(done.values())[:-1]:
        if name in DECISIONS:
            raise Refusal("DECISION_NOT_LAST", field=name)


def _fields(
    selection_set: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    seen: set[str],
) -> Iterator[FieldNode]:
    """The fields of an operation in the order in which they are carried out."""
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments, seen)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            yield from _fields(fragments[node.name.value].selection_set, fragments, seen)
