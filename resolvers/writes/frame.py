# SPDX-License-Identifier: EUPL-1.2
"""What everything that is written begins with: when it is, who writes, and what is known of the
request.
"""

from __future__ import annotations

from sql.session import Record, Session


async def write_frame(
    session: Session, key: str | None = None, part: int | None = None, dataset: str | None = None
) -> Record:
    """The hub's moment and day (`now`, `today`) and the `kind` of the organisation that writes;
    `digest` and `result` of what it did under a key for a part; and `of`, the kind of a dataset.
    """
    frame = await session.fetchrow("write_frame", key, part, dataset)
    if frame is None:
        raise LookupError("the asker is not in the catalogue of partners")
    return frame
