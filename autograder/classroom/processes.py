"""Processes of our own that grade submissions side by side. One that dies takes one submission with it, no more."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from importlib import import_module
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from autograder.execution.packing import encode, reader
from autograder.execution.rehearsal import rehearse_replies

if TYPE_CHECKING:
    from autograder.classroom.grader import Job, Outcome, Plan
    from autograder.execution.hosts import WarmUp

AHEAD = 2
"""How many submissions a worker has, one being graded: while this process waits for the disk, workers go on."""
SMALL = 50_000
"""Bytes in a job that certainly fit into a pipe that nobody reads: a socket takes 200 kB on Linux and less elsewhere."""
LINUX = sys.platform.startswith("linux")
MODULE = "autograder.classroom.grader"


class Pool(Protocol):
    """Something that grades."""

    def run(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[list[Outcome]]:
        """Outcomes as they come, in any order: all that are there when the next are asked for. `jobs` is drawn from as there is room."""

    def close(self) -> None:
        """End whatever was started. Safe to call twice."""


def _elsewhere() -> Any:
    """New processes that have the imports done where that can be had, and none of our descriptors."""
    if "forkserver" in multiprocessing.get_all_start_methods() and LINUX:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([MODULE])
        return context
    return multiprocessing.get_context("spawn")


def work(connection: Connection, trust: bool, control: socket.socket | None, inherited: Sequence[_Closes] = ()) -> None:
    """A worker's life: a plan, then jobs, an outcome for each.

    `control` is its place at the warm process. `inherited` is what it has because it was forked: other workers' pipes would never end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that has the gradebook; it ends us
    for one in inherited:
        one.close()
    from autograder.classroom.execute import shared_client
    from autograder.classroom.grader import Grader, Job, Plan
    from autograder.execution.hosts import WarmHost

    client = shared_client(trust, WarmHost(control) if control is not None else None)
    client.start()
    _limit_memory()
    read: Callable[[bytes], Plan | Job] = reader(Plan | Job)
    grader: Grader | None = None
    try:
        while True:
            message = read(connection.recv_bytes())
            if isinstance(message, Plan):
                grader = Grader(message)
            elif grader is not None:
                _limit_processor()
                connection.send_bytes(_packed(grader.grade(message)))
    except (EOFError, OSError):
        return  # whoever gave us work has gone
    finally:
        client.close()


def _packed(outcome: Outcome) -> bytes:
    """An outcome, or one that says that it could not be sent."""
    try:
        return encode(outcome)
    except Exception:
        problem = "What came of it could not be passed on: something in it is not plain text."
        return encode(msgspec.structs.replace(outcome, notebooks={}, scores={}, comments={}, verdicts={}, problem=problem))


MEMORY = 4 * 1024**3
"""Bytes of address space of a process that grades: what has been overlooked costs one submission, and not the computer."""
CPU = 1800
"""Seconds of processor time that it may use for one submission."""


def _limit_memory() -> None:
    if not LINUX:
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))


def _limit_processor() -> None:
    """Let the next submission take CPU seconds of this process, and no more: it ends then, and its student is named."""
    if not LINUX:
        return
    import resource

    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = int(spent.ru_utime + spent.ru_stime) + CPU
    resource.setrlimit(resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most))


def _import(of_the_course: bool) -> None:
    """What graders need, and what the checks of this course's exercises do first. It stays, so the garbage collector need not look through
    it meanwhile, nor later."""
    gc.disable()
    import_module(MODULE)
    if of_the_course:
        rehearse_replies()
    gc.freeze()
    gc.enable()


class _Closes(Protocol):
    def close(self) -> None: ...


class _Worker:
    """A process, and the pipe to it. It is forked from this one where `inherited` says what it has to close then."""

    def __init__(self, trust: bool, control: socket.socket | None = None, inherited: Sequence[_Closes] | None = None) -> None:
        context: Any = _elsewhere() if inherited is None else multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        more = [] if inherited is None else [*inherited, self.connection]
        self.process = context.Process(target=work, args=(theirs, trust, control, more), daemon=True)
        self.process.start()
        theirs.close()
        self.jobs: deque[Job] = deque()

    def give(self, job: Job) -> None:
        self.jobs.append(job)
        packed = encode(job)
        with contextlib.suppress(OSError):  # it has died, and `wait` will say so
            self.connection.send_bytes(packed)


class Processes:
    """A pool on this computer. `imports`: what the assignment's notebooks import; None for exercises of this course."""

    def __init__(self, workers: int | None = None, trust: bool = False, imports: Collection[str] | None = None) -> None:
        self._trust = trust
        self._imports = imports
        self._count = workers or os.cpu_count() or 1
        self._workers: list[_Worker] = []
        self._warm: WarmUp | None = None

    def start(self) -> None:
        """Start the processes; they get ready while the caller does other things.

        On Linux one warm process is started for all of them, and while it imports what submissions need, this process imports what graders
        need and forks them. Where this process has threads, which a fork does not survive, they are started anew instead.
        """
        if self._workers:
            return
        if not LINUX:
            self._workers = [_Worker(self._trust) for _ in range(self._count)]
            return
        from autograder.execution.hosts import WarmUp

        self._warm = WarmUp(self._count, self._imports)
        _import(self._imports is None)
        forked = threading.active_count() == 1
        for control in self._warm.controls:
            others = [one for one in self._warm.controls if one is not control] + [one.connection for one in self._workers]
            self._workers.append(_Worker(self._trust, control, others if forked else None))
        self._warm.release()

    def run(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[list[Outcome]]:
        self.start()
        self._plan = encode(plan)
        for worker in self._workers:
            worker.connection.send_bytes(self._plan)
        queue = iter(jobs)
        again: list[Job] = []
        retried: set[str] = set()
        self._fill(again, queue, retried)
        while busy := {worker.connection: worker for worker in self._workers if worker.jobs}:
            outcomes = []
            for connection in wait(list(busy)):
                if outcome := self._outcome(busy[connection], again, retried):
                    outcomes.append(outcome)
            self._fill(again, queue, retried)
            if outcomes:
                yield outcomes

    def _fill(self, again: list[Job], queue: Iterator[Job], tried: set[str]) -> None:
        """Give out what there is room for, to those first who have nothing.

        A second job has to fit into the pipe, or worker and giver would wait for each other; one that was with a process when it died is
        given alone, so that it is known whose fault it is.
        """
        for room in range(AHEAD):
            for worker in self._workers:
                if len(worker.jobs) > room or (job := again.pop() if again else next(queue, None)) is None:
                    continue
                if worker.jobs and (_size(job) > SMALL or {job.student, worker.jobs[0].student} & tried):
                    again.append(job)
                    continue
                worker.give(job)

    def _outcome(self, worker: _Worker, again: list[Job], tried: set[str]) -> Outcome | None:
        """What came of the worker's first job; None when it has to be tried again, in a new process."""
        from autograder.classroom.grader import Outcome

        job = worker.jobs.popleft()
        try:
            outcome: Outcome = reader(Outcome)(worker.connection.recv_bytes())
            return outcome
        except (EOFError, OSError, msgspec.MsgspecError):
            again += worker.jobs
            self._workers.remove(worker)
            _end(worker)
            self._workers.append(_Worker(self._trust))
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
        if self._warm is not None:
            self._warm.wait()
            self._warm = None


def _size(job: Job) -> int:
    return sum(map(len, [*job.notebooks.values(), *job.files.values(), *job.files]))


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.terminate()
    worker.process.join(5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
