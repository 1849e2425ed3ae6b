# SPDX-License-Identifier: EUPL-1.2
"""What a proof is: a function that carries out numbered pieces of it, and counts what it did.

A piece is whatever the proof repeats: a session, a world, a round of reads. It follows from its
number, so the same numbers give the same proof, and pieces can be spread over processes. A piece
that finds something wrong raises AssertionError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.conftest import Cluster

Counts: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done: numbers, which add up, and names that were met, which join."""

    counts: Counts
    met: Mapping[str, frozenset[str]] = field(default_factory=dict)


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """What several pieces did."""
    counts: Counter[str] = Counter()
    met: dict[str, frozenset[str]] = {}
    for one in outcomes:
        for name, number in one.counts.items():
            counts[name] += number
        for name, names in one.met.items():
            met[name] = met.get(name, frozenset()) | names
    return Outcome(dict(counts), met)


def as_it_is(outcome: Outcome) -> Counts:
    """The counts, and how many names were met, of a proof that asks no more of the whole."""
    return {**outcome.counts, **{name: len(names) for name, names in outcome.met.items()}}


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the proofs.

    `number` is its number among the nine (docs/proofs.md). `carry_out` does the pieces with these
    numbers on a server of its own. `long` is how many there are in `make prove`, `share` how many
    go together; a range of pieces begins where a share does. `whole` looks at everything that a run
    of that size did: it raises AssertionError when that proves less than it should, and gives the
    counts to write down.
    """

    name: str
    number: int
    piece: str
    carry_out: Callable[[Cluster, range], Outcome]
    long: int
    share: int
    whole: Callable[[Outcome], Counts] = as_it_is

    def shares(self, numbers: range) -> Iterator[range]:
        """The numbers of the pieces, in shares; they begin at one."""
        return (
            range(n, min(n + self.share, numbers.stop))
            for n in range(numbers.start, numbers.stop, self.share)
        )

    def counted(self, outcome: Outcome, numbers: range) -> Counts:
        """What is told of an outcome: of the whole when it is that, else as it is."""
        is_whole = numbers.start == 0 and numbers.stop >= self.long
        return self.whole(outcome) if is_whole else as_it_is(outcome)
