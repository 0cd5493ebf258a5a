"""A pool on a Dask cluster: the same work as on this computer, on the workers that a scheduler has.

    python3 course.py grade --cluster tcp://127.0.0.1:8786

So it also runs on SLURM, Kubernetes and whatever else Dask can be deployed on. A worker needs the course and its packages installed, and
Linux for the sandbox; it needs no gradebook and no shared folder. One that dies has its submissions done by the others. Start workers
with one thread each (`dask worker ADDRESS --nworkers N --nthreads 1`): a submission may use a processor for itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from autograder.classroom.grader import Grader, Job, Outcome, Plan
from autograder.execution.packing import encode, reader
from threadlab.errors import ThreadlabError

AHEAD = 3
"""How many submissions a worker has at once, one being graded; the rest wait where they are cheap: on the disk here."""

WORKERS = 10
"""Seconds until a scheduler must have a worker."""

_read_plan, _read_job, _read_outcome = reader(Plan), reader(Job), reader(Outcome)
_one_at_a_time = threading.Lock()
_graders: dict[bytes, Grader] = {}


def grade_on_worker(plan: bytes, job: bytes, trust: bool) -> bytes:
    """On a worker: an outcome for a job. The worker's process keeps its warm process from one to the next."""
    from autograder.classroom.execute import shared_client

    with _one_at_a_time:  # one client belongs to one thread at a time
        shared_client(trust)
        if plan not in _graders:
            _graders.clear()
            _graders[plan] = Grader(_read_plan(plan))
        return encode(_graders[plan].grade(_read_job(job)))


class Cluster:
    """The pool. Raises ThreadlabError when nobody answers at the address."""

    def __init__(self, address: str, trust: bool = False) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise ThreadlabError("A cluster needs Dask: pip install 'threads-course[cluster]' -c constraints.txt") from None
        self._trust = trust
        try:
            self._client: Any = Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise ThreadlabError(f"There is no Dask scheduler at {address}: {str(error)[:200] or type(error).__name__}") from None
        try:
            self._client.wait_for_workers(1, timeout=WORKERS)
        except TimeoutError:
            self.close()
            raise ThreadlabError(
                f"The scheduler at {address} has no workers, so nothing would be graded. Start some, on computers with the course: "
                f"dask worker {address} --nworkers 2 --nthreads 1"
            ) from None

    def run(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[list[Outcome]]:
        """Few jobs are on their way at a time, so that a large class is never in memory as a whole."""
        import distributed

        encoded, waiting = encode(plan), iter(jobs)
        students: dict[str, str] = {}

        def submit() -> Any:
            job = next(waiting, None)
            if job is None:
                return None
            future = self._client.submit(grade_on_worker, encoded, encode(job), self._trust, pure=False, retries=1)
            students[future.key] = job.student
            return future

        room = AHEAD * max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))
        first = [future for future in (submit() for _ in range(room)) if future is not None]
        arriving: Any = distributed.as_completed(first, loop=self._client.loop)  # type: ignore[no-untyped-call]
        for future in arriving:
            student = students.pop(future.key)
            if future.status == "finished":
                yield [_read_outcome(future.result())]
            else:
                yield [Outcome(student, problem=f"The cluster could not grade it: {type(future.exception()).__name__}.")]
            future.release()
            if (following := submit()) is not None:
                arriving.add(following)

    def close(self) -> None:
        self._client.close()
