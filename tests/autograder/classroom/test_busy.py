"""A busy computer takes no points: a submission is charged for its own work, and one that cannot be judged now is graded again later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
import pytest

from autograder.classroom.grader import Job
from autograder.execution import client as execution
from autograder.execution.client import GraderBusy, WorkerClient
from autograder.notebooks import read_answers, with_answers
from tests.autograder.classroom.six_ways import judges
from tests.autograder.course_copy import SLUG, corpus

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cannot put processes onto one processor here")
LIMIT = 1.5
"""Seconds that a cell may take."""


@contextmanager
def crowded(others: int) -> Iterator[None]:
    """What is started here shares one processor with programs that never rest."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()
        os.sched_setaffinity(0, before)


@pytest.mark.slow
def test_time_spent_waiting_for_a_processor_is_not_charged() -> None:
    with crowded(3), WorkerClient(trust=True) as client, client.open() as session:
        source = f"import time\nstart = time.process_time()\nwhile time.process_time() - start < {LIMIT / 2}: pass\n'came to its end'"
        result = session.run_cell(source, LIMIT)
        assert [one.get("data", one) for one in result.outputs] == [{"text/plain": "'came to its end'"}]


@pytest.mark.slow
def test_submission_that_gets_no_processor_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "LOOK", 0.05)
    monkeypatch.setattr(execution, "BUSY_AFTER", 0.0)
    with WorkerClient(trust=True) as client, client.open() as session, pytest.raises(GraderBusy, match="Grade it again"):
        session.run_cell("while True: pass", 60)


@pytest.mark.slow
def test_submission_that_could_not_be_judged_has_no_score_and_is_graded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    right = with_answers(SLUG, read_answers(next(path for path in corpus() if path.parent.name == "right"))[0])
    right.cells.append(nbformat.v4.new_code_cell("import time\nstart = time.process_time()\nwhile time.process_time() - start < 1: pass"))
    job = Job("ann", {SLUG: json.dumps(right).encode()}, {})
    with judges(SLUG) as ways:
        with monkeypatch.context() as busy:
            busy.setattr(execution, "LOOK", 0.05)
            busy.setattr(execution, "BUSY_AFTER", 0.0)
            outcome = ways.grader.grade(job)
        assert "too busy" in outcome.problem
        assert outcome.scores == {}
        again = ways.grader.grade(job)
        assert again.problem == ""
        assert sum(score or 0 for scores in again.scores.values() for score in scores.values()) == ways.points
