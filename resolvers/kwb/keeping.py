# SPDX-License-Identifier: EUPL-1.2
"""Figures on their way into the database, many at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from resolvers.kwb.measures import NullReason
from sql.session import Session


@dataclass(slots=True)
class Figures:
    """Figures of one gemeente: what is counted once, then the values of its areas."""

    gemeente: str
    _counted: list[dict[str, object]] = field(default_factory=list)
    _values: list[tuple[Any, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._values)

    def count(
        self,
        measure: str,
        label: str,
        unit: str | None,
        year: int,
        *,
        status: Literal["PROVISIONAL", "DEFINITIVE"],
        source: str,
        measured_on: date | None = None,
        note: str | None = None,
    ) -> int:
        """The number by which values say what they count."""
        self._counted.append(
            {
                "number": len(self._counted),
                "measure": measure,
                "label": label,
                "unit": unit,
                "year": year,
                "measured_on": measured_on and measured_on.isoformat(),
                "status": status,
                "source": source,
                "note": note,
            }
        )
        return len(self._counted) - 1

    def add(
        self,
        number: int,
        value: float | NullReason,
        *,
        wijk: UUID | None = None,
        buurt: UUID | None = None,
        comparability: str | None = None,
    ) -> None:
        """One figure, of a wijk, of a buurt, or of the gemeente itself."""
        known = isinstance(value, float)
        self._values.append(
            (
                number,
                wijk,
                buurt,
                comparability,
                value if known else None,
                None if known else value,
            )
        )

    async def keep(self, session: Session) -> int:
        """Stores them in place of what was there; returns how many rows changed."""
        columns = [list(column) for column in zip(*self._values, strict=True)]
        if not columns:
            return 0
        changed = await session.fetchval("figures_keep", self.gemeente, self._counted, *columns)
        return int(changed)
