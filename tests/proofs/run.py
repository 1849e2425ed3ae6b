# SPDX-License-Identifier: EUPL-1.2
"""Carries out proofs in several processes, each with a PostgreSQL of its own.

One server for all would not do: what runs in one of its databases holds up the feed in another.
"""

from __future__ import annotations

import multiprocessing
import queue
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import a_cluster
from tests.proofs.proof import Counts, Outcome, Proof, as_it_is, together

Tell = Callable[[str], None]
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Done:
    """A share that was carried out: what it did, or how it failed."""

    proof: str
    pieces: int
    seconds: float
    outcome: Outcome | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the proofs: counts and seconds of work by name; what failed, in words."""

    counts: Mapping[str, Counts]
    seconds: Mapping[str, float]
    failures: Sequence[str]


def run(sizes: Sequence[tuple[Proof, int]], processes: int, tell: Tell) -> Result:
    """Every proof at its size, the shares of all of them spread over the processes."""
    spawning = multiprocessing.get_context("spawn")
    tasks: Any = spawning.SimpleQueue()
    answers: Any = spawning.Queue()
    waiting = [(proof, share) for proof, size in sizes for share in proof.shares(size)]
    workers = [
        spawning.Process(target=_work, args=(tasks, answers), daemon=True) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    for task in [*waiting, *[None] * processes]:
        tasks.put(task)
    progress = _Progress({proof.name: size for proof, size in sizes}, tell)
    done = []
    for _ in waiting:
        done.append(_next(answers, workers))
        progress.note(done[-1])
    for worker in workers:
        worker.join()
    return _result(sizes, done)


def _work(tasks: Any, answers: Any) -> None:
    """One process: carries out shares until there are none."""
    with a_cluster() as cluster:
        while (task := tasks.get()) is not None:
            proof, share = task
            started = time.perf_counter()
            outcome, failure = None, None
            try:
                outcome = proof.carry_out(cluster, share)
            except Exception:
                failure = f"{proof.name}, {share}:\n{traceback.format_exc()}"
            seconds = time.perf_counter() - started
            answers.put(Done(proof.name, len(share), seconds, outcome, failure))


def _next(answers: Any, workers: Sequence[Any]) -> Done:
    """The next share that is done. Raises RuntimeError when a process ended before its work."""
    while True:
        try:
            done: Done = answers.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            if any(worker.exitcode for worker in workers):
                raise RuntimeError("a process ended before its proofs were done") from None
        else:
            return done


@dataclass(slots=True)
class _Progress:
    """Tells who waits how far each proof is."""

    sizes: Mapping[str, int]
    tell: Tell
    started: float = field(default_factory=time.monotonic)
    pieces: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, done: Done) -> None:
        """A share more is done."""
        self.pieces[done.proof] += done.pieces
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        how = "FAILED" if done.failure else f"{self.pieces[done.proof]:,}"
        self.tell(f"{minutes:3}:{seconds:02}  {done.proof}: {how} of {self.sizes[done.proof]:,}")


def _result(sizes: Sequence[tuple[Proof, int]], done: Sequence[Done]) -> Result:
    """The whole of each proof; one that failed in a share has no counts."""
    failures = [one.failure for one in done if one.failure is not None]
    counts: dict[str, Counts] = {}
    seconds: dict[str, float] = {}
    for proof, size in sizes:
        its = [one for one in done if one.proof == proof.name]
        seconds[proof.name] = sum(one.seconds for one in its)
        if any(one.failure for one in its):
            continue
        whole = proof.whole if size >= proof.long else as_it_is
        try:
            counts[proof.name] = whole(together(one.outcome for one in its if one.outcome))
        except AssertionError as error:
            failures.append(f"{proof.name}, as a whole: {error}")
    return Result(counts, seconds, failures)
