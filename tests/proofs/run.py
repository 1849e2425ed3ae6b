# SPDX-License-Identifier: EUPL-1.2
"""Carries out proofs in several processes, each with a PostgreSQL of its own.

One server for all would not do: what runs in one of its databases holds up the feed in another.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from types import FrameType
from typing import Any

from tests.conftest import Cluster, a_cluster
from tests.proofs.proof import Counts, Outcome, Proof, together

Tell = Callable[[str], None]
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Done:
    """A share that was carried out: what it did, or how it failed."""

    proof: str
    share: range
    seconds: float
    outcome: Outcome | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was done of a proof: which pieces, what they did, what is told of it, and how long it
    took one process.
    """

    numbers: range
    outcome: Outcome
    counts: Counts
    seconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the proofs, by name; what failed, in words; whether somebody stopped them."""

    made: Mapping[str, Made]
    failures: Sequence[str]
    stopped: bool = False


def run(asked: Sequence[tuple[Proof, range]], processes: int, tell: Tell) -> Result:
    """These pieces of each proof, the shares of all of them spread over the processes.

    Ctrl-C and SIGTERM stop it: what was done of each proof without a gap is given.
    """
    spawning = multiprocessing.get_context("spawn")
    # a pipe alone is full after some hundred shares, and nobody would hear of those that are done
    tasks: Any = spawning.Queue()
    answers: Any = spawning.Queue()
    waiting = [(proof, share) for proof, numbers in asked for share in proof.shares(numbers)]
    workers = [
        spawning.Process(target=_work, args=(tasks, answers), daemon=True) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    for task in [*waiting, *[None] * processes]:
        tasks.put(task)
    progress = _Progress({proof.name: len(numbers) for proof, numbers in asked}, tell)
    done: list[Done] = []
    with _told_to_stop() as stopping:
        while len(done) < len(waiting) and not stopping.is_set():
            for one in _next(answers, workers):
                done.append(one)
                progress.note(one)
        stopped = len(done) < len(waiting)
        if stopped:
            tasks.cancel_join_thread()  # nobody takes those that are left
            done += _ended(answers, workers)
    for worker in workers:
        worker.join()
    return _result(asked, done, stopped)


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    """Is set by Ctrl-C and SIGTERM; they raise nothing, for an answer may be half read."""
    stopping = Event()
    before = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(answers: Any, workers: Sequence[Any]) -> list[Done]:
    """Ends the workers; the shares that they had done and nobody had heard of yet."""
    done: list[Done] = []
    while any(worker.is_alive() for worker in workers):
        for worker in workers:  # again and again: what a signal raises can be lost, as in a __del__
            worker.terminate()
        done += _waiting(answers, LOOK_SECONDS)
    while more := _waiting(answers, 0.1):  # what ended workers left
        done += more
    # a share that was broken off found nothing: it is carried out when the run goes on
    return [one for one in done if one.failure is None]


def _work(tasks: Any, answers: Any) -> None:
    """One process: carries out shares until there are none, or the first process ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is told to all: the first decides
    signal.signal(signal.SIGTERM, _leave)
    with a_cluster() as cluster:
        try:
            while (task := tasks.get()) is not None:
                answers.put(_done(cluster, *task))
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the server ends in peace


def _done(cluster: Cluster, proof: Proof, share: range) -> Done:
    """A share, carried out."""
    started = time.perf_counter()
    outcome, failure = None, None
    try:
        outcome = proof.carry_out(cluster, share)
    except Exception:
        failure = f"{proof.name}, {share}:\n{traceback.format_exc()}"
    return Done(proof.name, share, time.perf_counter() - started, outcome, failure)


def _leave(number: int, frame: FrameType | None) -> None:
    """Ends this process, its server too."""
    raise SystemExit(1)


def _next(answers: Any, workers: Sequence[Any]) -> list[Done]:
    """A share that is done, or nothing for a while. Raises RuntimeError when a process ended before
    its work.
    """
    done = _waiting(answers, LOOK_SECONDS)
    if not done and any(worker.exitcode for worker in workers):
        raise RuntimeError("a process ended before its proofs were done")
    return done


def _waiting(answers: Any, seconds: float) -> list[Done]:
    """The next answer, if there is one within so many seconds."""
    try:
        return [answers.get(timeout=seconds)]
    except queue.Empty:
        return []


@dataclass(slots=True)
class _Progress:
    """Tells who waits how far each proof is."""

    sizes: Mapping[str, int]
    tell: Tell
    started: float = field(default_factory=time.monotonic)
    pieces: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, done: Done) -> None:
        """A share more is done."""
        self.pieces[done.proof] += len(done.share)
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        how = "FAILED" if done.failure else f"{self.pieces[done.proof]:,}"
        self.tell(f"{minutes:3}:{seconds:02}  {done.proof}: {how} of {self.sizes[done.proof]:,}")


def _result(asked: Sequence[tuple[Proof, range]], done: Sequence[Done], stopped: bool) -> Result:
    """What was done of each proof; one that failed in a share has nothing."""
    failures = [one.failure for one in done if one.failure is not None]
    failed = {one.proof for one in done if one.failure is not None}
    made: dict[str, Made] = {}
    for proof, numbers in asked:
        its = _without_gap(numbers.start, [one for one in done if one.proof == proof.name])
        if not its or proof.name in failed:
            continue
        numbers = range(numbers.start, its[-1].share.stop)
        outcome = together(one.outcome for one in its if one.outcome)
        try:
            counts = proof.counted(outcome, numbers)
        except AssertionError as error:
            failures.append(f"{proof.name}, as a whole: {error}")
        else:
            seconds = sum(one.seconds for one in its)
            made[proof.name] = Made(numbers, outcome, counts, seconds)
    return Result(made, failures, stopped)


def _without_gap(first: int, done: Sequence[Done]) -> list[Done]:
    """The shares that follow on each other from the first piece."""
    found = []
    for one in sorted(done, key=lambda one: one.share.start):
        if one.share.start == first:
            found.append(one)
            first = one.share.stop
    return found
