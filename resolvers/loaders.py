# SPDX-License-Identifier: EUPL-1.2
"""Loaders of one operation: what fields ask for one by one is fetched a level at a time, and never
kept longer. Reference rows that the process has kept are not fetched at all.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any

from aiodataloader import DataLoader

from resolvers.batch import Batch
from sql.errors import Ended
from sql.session import Record, Session

Arguments = tuple[Hashable, ...]
Source = tuple[str, str, str | None, Arguments]


class Loaders:
    """One loader per declaration and arguments, made when first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loaders: dict[Source, DataLoader[Hashable, Any]] = {}

    async def load(self, batch: Batch, key: Hashable | None, *arguments: Hashable) -> Any:
        """The row of `key` (or None), or its list of rows, as `batch` declares; list arguments are
        given as tuples.
        """
        if key is None:
            return batch.empty()
        if (rows := self._kept_rows(batch, key)) is not None:
            return _as_declared(batch, rows)
        loading = self._loader(batch, arguments).load(key)
        loading.add_done_callback(_take_note)  # also where nobody waits for it any more
        return await _awaited(loading)

    async def load_many(
        self, batch: Batch, keys: Sequence[Hashable | None], *arguments: Hashable
    ) -> list[Any]:
        """What `load` gives for each of the keys, in their order, fetched together; each key is
        looked at once.
        """
        found: dict[Hashable | None, Any] = {}
        missing = []
        for key in dict.fromkeys(keys):
            if key is None:
                found[None] = batch.empty()
            elif (rows := self._kept_rows(batch, key)) is not None:
                found[key] = _as_declared(batch, rows)
            else:
                missing.append(key)
        if missing:
            found.update(zip(missing, await self._fetched(batch, arguments, missing), strict=True))
        return list(map(found.__getitem__, keys))

    async def _fetched(self, batch: Batch, arguments: Arguments, keys: list[Hashable]) -> list[Any]:
        """What was fetched for each of the keys. Nothing joins a statement that is foreseen to be
        the only one, so it needs no loader: that is 6 % of a small read's processor time.
        """
        if self._session.alone:
            return await _fetch(self._session, batch, arguments, keys)
        loader = self._loader(batch, arguments)
        together = asyncio.gather(*map(loader.load, keys))
        together.add_done_callback(_take_note)
        found: list[Any] = await _awaited(together)
        return found

    def _kept_rows(self, batch: Batch, key: Hashable) -> list[Record] | None:
        """What the process has kept for a key; what it has nothing of may be of elsewhere."""
        kept = self._session.kept.get(batch.statement)
        return None if kept is None else kept.get(key)

    def forget(self) -> None:
        """Drops what was loaded: after a write, rows are read anew."""
        self._loaders.clear()

    def _loader(self, batch: Batch, arguments: Arguments) -> DataLoader[Hashable, Any]:
        # without the parent's column: fields that fetch the same rows share them
        source = (batch.statement, batch.returns, batch.records, arguments)
        loader = self._loaders.get(source)
        if loader is None:
            # Nothing that a loader knows knows the loader. In a circle the rows of every answer
            # waited for the collector, which stopped everybody for tens of milliseconds.
            fetch = partial(_fetch, self._session, batch, arguments)
            loader = self._loaders[source] = DataLoader(fetch)
        return loader


async def _fetch(
    session: Session, batch: Batch, arguments: Arguments, keys: list[Hashable]
) -> list[Any]:
    rows = await session.fetch(batch.statement, keys, *map(_parameter, arguments))
    if batch.records is not None:
        session.tally(batch.records, rows)
    if batch.returns == "one":
        found = {row["key"]: row for row in rows}
        return [found.get(key) for key in keys]
    lists: dict[Hashable, list[Record]] = defaultdict(list)
    for row in rows:
        lists[row["key"]].append(row)
    return [lists[key] for key in keys]


def _as_declared(batch: Batch, rows: list[Record]) -> Any:
    """Kept rows of one key, of which there is at least one."""
    return rows[0] if batch.returns == "one" else rows


async def _awaited(loading: asyncio.Future[Any]) -> Any:
    """What is loaded. Shielded: who asks may be cancelled, and others wait for the same rows."""
    try:
        return await asyncio.shield(loading)
    except Ended:  # a sibling's fault ended the operation: nobody waits for this any more
        raise asyncio.CancelledError from None


def _take_note(loading: asyncio.Future[Any]) -> None:
    """Looks at a fault, so that one that nobody waits for is not told as an overlooked one."""
    if not loading.cancelled():
        loading.exception()


def _parameter(argument: Hashable) -> Any:
    return list(argument) if isinstance(argument, tuple) else argument
