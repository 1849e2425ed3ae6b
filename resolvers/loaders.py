# SPDX-License-Identifier: EUPL-1.2
"""Loaders of one operation: what fields ask for one by one is fetched a level at a time. Never kept
longer.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable
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
            return None if batch.returns == "one" else []
        # without the parent's column: fields that fetch the same rows share them
        source = (batch.statement, batch.returns, batch.records, arguments)
        loader = self._loaders.get(source)
        if loader is None:
            loader = DataLoader(partial(self._fetch, batch, arguments))
            self._loaders[source] = loader
        loading = loader.load(key)
        loading.add_done_callback(_take_note)  # also where nobody waits for it any more
        try:
            # shielded: who asks may be cancelled, and others wait for the same rows
            return await asyncio.shield(loading)
        except Ended:  # a sibling's fault ended the operation: nobody waits for this any more
            raise asyncio.CancelledError from None

    async def load_many(
        self, batch: Batch, keys: Iterable[Hashable], *arguments: Hashable
    ) -> list[Any]:
        """What `load` gives for each of the keys, in their order, fetched together."""
        return await asyncio.gather(*(self.load(batch, key, *arguments) for key in keys))

    def forget(self) -> None:
        """Drops what was loaded: after a write, rows are read anew."""
        self._loaders.clear()

    async def _fetch(self, batch: Batch, arguments: Arguments, keys: list[Hashable]) -> list[Any]:
        rows = await self._session.fetch(batch.statement, keys, *map(_parameter, arguments))
        if batch.records is not None:
            self._session.tally(batch.records, rows)
        if batch.returns == "one":
            found = {row["key"]: row for row in rows}
            return [found.get(key) for key in keys]
        lists: dict[Hashable, list[Record]] = defaultdict(list)
        for row in rows:
            lists[row["key"]].append(row)
        return [lists[key] for key in keys]


def _take_note(loading: asyncio.Future[Any]) -> None:
    """Looks at a fault, so that one that nobody waits for is not told as an overlooked one."""
    if not loading.cancelled():
        loading.exception()


def _parameter(argument: Hashable) -> Any:
    return list(argument) if isinstance(argument, tuple) else argument
