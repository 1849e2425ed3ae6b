# SPDX-License-Identifier: EUPL-1.2
"""Results of ranges that follow on each other, as one: a long proof in several sittings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.proofs.proof import Counts, Outcome, Proof, together

# A result file, and what it says of one proof.
Part = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Joined:
    """Results of one proof, of its pieces from 0 on."""

    proof: Proof
    parts: Sequence[Part]

    @property
    def size(self) -> int:
        """How many pieces were carried out."""
        return _numbers(self.parts[-1]).stop

    @property
    def seconds(self) -> float:
        """How long one process would have worked."""
        return sum(one["seconds"] for _, one in self.parts)

    @property
    def counts(self) -> Counts:
        """The counts of all parts together. Raises AssertionError when all pieces together prove
        less than they should.
        """
        if len(self.parts) == 1:
            counts: Counts = self.parts[0][1]["counts"]
            return counts
        outcome = together(_outcome(one) for _, one in self.parts)
        try:
            return self.proof.counted(outcome, range(self.size))
        except AssertionError as error:
            raise AssertionError(f"{self.proof.name}, as a whole: {error}") from error


def joined(proof: Proof, results: Sequence[dict[str, Any]]) -> Joined | None:
    """The newest results that together are a whole, else those that come furthest; `results` are
    in order. A range is joined to one that ends where it begins, and to no other.
    """
    parts = [(made, made["proofs"][proof.name]) for made in results if proof.name in made["proofs"]]
    found = [Joined(proof, chain) for chain in _chains(parts)]
    return max(found, key=lambda one: (min(one.size, proof.long), _oldest(one)), default=None)


def _chains(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """From each result that begins at 0, as far as it goes on; of two next ones the newest."""
    nexts = {_numbers(part).start: part for part in parts if "met" in part[1]}
    for part in parts:
        if _numbers(part).start == 0:
            chain = [part]
            while "met" in part[1] and (after := nexts.get(_numbers(chain[-1]).stop)):
                chain.append(after)
            yield chain


def _numbers(part: Part) -> range:
    """The pieces that a result is of; a file of before there were ranges begins at 0."""
    first = part[1].get("from", 0)
    return range(first, first + part[1].get("size", 0))


def _outcome(one: dict[str, Any]) -> Outcome:
    return Outcome(one["numbers"], {name: frozenset(met) for name, met in one["met"].items()})


def _oldest(one: Joined) -> str:
    return min(str(made["at"]) for made, _ in one.parts)
