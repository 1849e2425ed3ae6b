# SPDX-License-Identifier: EUPL-1.2
"""The documents that many sessions ask, each time with other values for their variables.

A hundred sessions, in ten worlds and by every asker, draw what they ask from one pool; the next
hundred have another, so 10,000 sessions ask 16,000 documents. What a document costs the hub at
first sight (parsing, its measure, validation) looks at the text and the schema alone, never at who
asks or at a row: it is done once in a process. What carries a document out is not shared between
the two worlds of a pair: each has plans of its own.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from hub.limits import Accepted, Documents, Stores
from hub.settings import Limits
from resolvers.plan import Plans
from tests.isolation.sessions import SCHEMA, Asking, Memory, Operation, Question

SESSIONS_PER_POOL = 100
DOCUMENTS_PER_POOL = 160

NOBODY = Memory(
    own_dataset="meldingen",
    wijken=["x"],
    wijk_ids=["x"],
    buurten=["x"],
    organisations=["x"],
    guesses=["x"],
    keys=["x"],
    external_ids=["x"],
    words=["x"],
    days=["x"],
)
"""Who makes documents, and throws the values away."""


class Kept(Documents):
    """Documents that are all kept, however many and large."""

    def _keep(self, text: str, accepted: Accepted) -> None:
        self._kept[text] = accepted


class Own(Kept):
    """The documents of one hub: looked at once for all who share `checked`, with its own plans."""

    def __init__(self, checked: Documents) -> None:
        """`checked` says which texts are documents."""
        super().__init__(checked._schema, checked._limits)
        self._checked = checked

    def _accept(self, text: str) -> Accepted:
        accepted = self._checked.accept(text)
        return replace(accepted, plans=Plans(self._schema, accepted.document))


class ForAll(Stores):
    """The same documents for every organisation."""

    def __init__(self, documents: Documents) -> None:
        """Gives these."""
        self._documents = documents

    def of(self, organisation: UUID) -> Documents:
        """The documents, whoever asks."""
        return self._documents


class Pool:
    """What a hundred sessions ask, and the documents of the first and of the second hub of each
    pair.
    """

    def __init__(self, number: int, limits: Limits) -> None:
        """The pool with this number: the same number gives the same documents."""
        self._questions: list[Question] = [
            Asking(random.Random(f"document {number}-{n}"), NOBODY).question()
            for n in range(DOCUMENTS_PER_POOL)
        ]
        self.documents = of_a_pair(limits)

    def operation(self, rng: random.Random, memory: Memory) -> Operation:
        """One of the documents, with values of this session."""
        return rng.choice(self._questions).asked(rng, memory)


def of_a_pair(limits: Limits) -> tuple[Documents, Documents]:
    """Documents for two hubs, which accept the same."""
    checked = Kept(SCHEMA, limits)
    return Own(checked), Own(checked)


@lru_cache(maxsize=1)
def pool_of(session: int, limits: Limits) -> Pool:
    """The pool from which a session draws."""
    return Pool(session // SESSIONS_PER_POOL, limits)
