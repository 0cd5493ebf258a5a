"""Processes of our own that grade submissions side by side. One that dies takes one submission with it, no more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from autograder.submission import Job, Outcome, Plan

MODULE = "autograder.submission"


class Pool(Protocol):
    """Something that grades."""

    def run(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Outcomes as they come, in any order. `jobs` is drawn from as there is room."""

    def close(self) -> None:
        """End whatever was started. Safe to call twice."""


def _context() -> Any:
    """New processes that have the imports done where that can be had, and none of our descriptors."""
    if "forkserver" in multiprocessing.get_all_start_methods() and sys.platform.startswith("linux"):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([MODULE])
        return context
    return multiprocessing.get_context("spawn")


def work(connection: Connection, trust: bool) -> None:
    """A worker's life: a plan, then jobs, an outcome for each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that has the gradebook; it ends us
    from autograder.execute import shared_client
    from autograder.submission import Grader, Job, Plan

    client = shared_client(trust)
    client.start()
    decode, encode = msgspec.msgpack.Decoder(Plan | Job).decode, msgspec.msgpack.Encoder().encode
    grader: Grader | None = None
    try:
        while True:
            message = decode(connection.recv_bytes())
            if isinstance(message, Plan):
                grader = Grader(message)
            elif grader is not None:
                connection.send_bytes(encode(grader.grade(message)))
    except (EOFError, OSError):
        return  # whoever gave us work has gone
    finally:
        client.close()


class _Worker:
    def __init__(self, context: Any, trust: bool) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, trust), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Job | None = None

    def give(self, job: Job) -> None:
        self.job = job
        self.connection.send_bytes(msgspec.msgpack.encode(job))


class Processes:
    """A pool on this computer."""

    def __init__(self, workers: int | None = None, trust: bool = False) -> None:
        self._trust = trust
        self._context = _context()
        self._count = workers or os.cpu_count() or 1
        self._workers: list[_Worker] = []

    def start(self) -> None:
        """Start the processes, so that they get ready while the caller does other things."""
        while len(self._workers) < self._count:
            self._workers.append(_Worker(self._context, self._trust))

    def run(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Outcome]:
        self.start()
        self._plan = msgspec.msgpack.encode(plan)
        for worker in self._workers:
            worker.connection.send_bytes(self._plan)
        queue = iter(jobs)
        again: list[Job] = []
        tried: set[str] = set()
        for worker in self._workers:
            self._next(worker, again, queue)
        while busy := {worker.connection: worker for worker in self._workers if worker.job is not None}:
            for connection in wait(list(busy)):
                worker = busy[connection]
                outcome = self._outcome(worker, again, tried)
                self._next(worker if outcome is not None and worker in self._workers else self._workers[-1], again, queue)
                if outcome is not None:
                    yield outcome

    def _next(self, worker: _Worker, again: list[Job], queue: Iterator[Job]) -> None:
        job = again.pop() if again else next(queue, None)
        if job is None:
            worker.job = None
            return
        try:
            worker.give(job)
        except OSError:  # it has died, and `wait` will say so
            return

    def _outcome(self, worker: _Worker, again: list[Job], tried: set[str]) -> Outcome | None:
        """What came of the worker's job; None when it has to be tried again, in a new process."""
        from autograder.submission import Outcome

        job = worker.job
        assert job is not None
        try:
            return msgspec.msgpack.decode(worker.connection.recv_bytes(), type=Outcome)
        except (EOFError, OSError, msgspec.MsgspecError):
            self._workers.remove(worker)
            _end(worker)
            self._workers.append(_Worker(self._context, self._trust))
            self._workers[-1].connection.send_bytes(self._plan)
        if job.student not in tried:
            tried.add(job.student)
            again.append(job)
            return None
        return Outcome(job.student, problem="The process that graded it ended, twice.")

    def close(self) -> None:
        for worker in self._workers:
            _end(worker)
        self._workers = []


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.terminate()
    worker.process.join(5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
