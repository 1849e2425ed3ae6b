# SPDX-License-Identifier: EUPL-1.2
"""How a field declares where its data comes from: keys in, rows out, one named statement for a
whole level of the answer.

The declaration stands beside the field in the schema and is all that an executor needs. A statement
takes the keys as its first parameter, an array; further parameters are the field's arguments, in
order; each row names its key in column `key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Batch:
    """Loads rows for many parents at once.

    `key` is the column of the parent's row that holds its key; a parent whose key is null has no
    rows. `records` names the kind of record that the rows are, when they may be others' and reading
    them is written to the ledger.
    """

    statement: str
    key: str = "id"
    returns: Literal["one", "many"] = "many"
    records: str | None = None
