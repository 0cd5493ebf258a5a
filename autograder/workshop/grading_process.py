"""The process that grades hand-ins: it reads a line for each, and writes one with what came of it.

It is apart from the server, so that a grading costs nobody's page a moment, and that it may end without anybody in the room noticing. It
grades as `course.py grade` does: the same sandbox, gradebook and records.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from courseware.workshop import exercises


class Wanted(msgspec.Struct, frozen=True):
    """A hand-in that lies in the class's folder."""

    participant: int
    student: str
    exercise: str
    number: int


class Came(msgspec.Struct, frozen=True):
    """What came of one."""

    participant: int
    exercise: str
    number: int
    score: float = 0.0
    of: float = 0.0
    text: str = ""
    """A line a behaviour, as the learner's own check prints it."""
    problem: str = ""


class Ready(msgspec.Struct, frozen=True):
    """The first line: it can begin, or why it cannot."""

    problem: str = ""


def main(trust: bool) -> int:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does so into the log
    with contextlib.suppress(OSError):
        os.nice(5)  # the pages come first
    from autograder.classroom.one_grader import alone
    from autograder.classroom.processes import Processes
    from autograder.sandbox import available

    if not trust and not (report := available()).complete:
        _say(replies, Ready(f"{report.sentence()} To grade all the same, say that you trust the submissions: --trust-submissions."))
        return 0
    with contextlib.closing(Processes(trust=trust)) as pool, alone() as somebody_else:
        pool.start()  # while there is no thread: it forks
        if somebody_else:
            print(somebody_else, file=sys.stderr)
        return _serve(replies, pool, trust)


def _serve(replies: IO[bytes], pool: Any, trust: bool) -> int:
    from autograder.classroom import nbgrader_steps as classes

    api = classes.nbgrader_api(trust)
    for slug in exercises():
        classes.ready(slug)  # takes seconds the first time, which nobody should have to wait for
    _say(replies, Ready())
    for batch in _batches():
        for slug in sorted({one.exercise for one in batch}):
            submissions = {one.student: one for one in batch if one.exercise == slug}
            most = None
            for student, record in classes.grade_each(slug, api, pool, list(submissions)):
                one = submissions[student]
                if record is None:
                    _say(replies, Came(one.participant, one.exercise, one.number, problem="It could not be graded here."))
                    continue
                most = classes.max_score(slug, api) if most is None else most
                _say(replies, _came(one, record, most))
    return 0


def _came(wanted: Wanted, record: Any, most: float) -> Came:
    from autograder.judging.verdict_text import render

    text = "\n\n".join(render(verdict) for verdicts in record.verdicts.values() for verdict in verdicts)
    return Came(wanted.participant, wanted.exercise, wanted.number, record.score, most, text[:20_000], record.problem)


def _batches() -> Iterator[list[Wanted]]:
    """Everything that waits, of each person and exercise the newest; ends with the server."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()
    while line := lines.get():
        batch = [msgspec.json.decode(line, type=Wanted)]
        while not lines.empty():
            if not (line := lines.get()):
                return
            batch.append(msgspec.json.decode(line, type=Wanted))
        yield list({(one.student, one.exercise): one for one in batch}.values())


def _say(replies: IO[bytes], message: msgspec.Struct) -> None:
    replies.write(msgspec.json.encode(message) + b"\n")
    replies.flush()


if __name__ == "__main__":
    sys.exit(main("--trust-submissions" in sys.argv[1:]))
