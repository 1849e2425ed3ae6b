# SPDX-License-Identifier: EUPL-1.2
"""What every type with an id has in common, and the parts of a connection."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import strawberry

NodeType = TypeVar("NodeType")


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    id: strawberry.ID

    @staticmethod
    def is_type_of(obj: Any, info: Any) -> bool:
        """Rows carry no Python type: a field of an object type has rows of that type."""
        return True

    @staticmethod
    def resolve_type(obj: Any, info: Any, abstract_type: Any) -> str:
        """The name of the type that a row is, where a field may hold several."""
        typename: str = obj["typename"]
        return typename


@strawberry.type(
    description="Where a page begins and ends. An empty page keeps the cursor that it was asked "
    "after."
)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="An item and its place in the list.")
class Edge(Generic[NodeType]):
    cursor: str
    node: NodeType


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]]
    nodes: list[NodeType]
    page_info: PageInfo
