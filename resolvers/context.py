# SPDX-License-Identifier: EUPL-1.2
"""What a resolver knows of the operation it works for. Made per operation, never kept longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sql.errors import Refusal
from sql.ids import IdSource
from sql.principal import Principal, Role
from sql.session import Session

if TYPE_CHECKING:
    from resolvers.loaders import Loaders

Language = Literal["nl", "en"]


@dataclass(frozen=True, slots=True)
class RowError:
    """One reason why a row was not taken: a code of the catalogue with its values, or a message of
    its own.
    """

    path: tuple[str | int, ...]
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    message: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a delivery that could not be read at all; `line` counts from 1."""

    line: int
    external_id: str | None
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """The unreadable rows of one list, and the original line of each other row; those other rows as
    the resolvers take them, where they were `read` already and are no longer in the list.
    """

    rejected: tuple[RejectedRow, ...]
    lines: tuple[int, ...]
    read: tuple[Mapping[str, Any], ...] | None = None


@dataclass(slots=True)
class Context:
    """The asker, its transaction, its loaders and its language.

    `rejected` holds what the check before execution took out of lists of rows, by the path of the
    variable that held them. `delivered` counts the rows of deliveries by what became of them.
    """

    session: Session
    principal: Principal
    loaders: Loaders
    ids: IdSource
    language: Language = "nl"
    operation: str | None = None
    rejected: Mapping[tuple[str, ...], RejectedRows] = field(default_factory=dict)
    delivered: Counter[str] = field(default_factory=Counter)

    def require_role(self, role: Role, *others: Role) -> None:
        """Refuses (ROLE_REQUIRED) an asker that does not have this role in its organisation, nor
        one of the others that may do as well.
        """
        if not self.principal.roles & {role, *others}:
            raise Refusal("ROLE_REQUIRED", role=role, option=role)
