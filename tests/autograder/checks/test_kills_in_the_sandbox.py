"""Databases and kills through the pipe: what a notebook's kernel shows of them, a sandboxed submission shows too."""

import pytest

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.judging.notebook import grade_notebook
from autograder.notebooks import read, solution


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["open-conversation", "resilient-turn", "retention-job"])
def test_restarted_program_is_trusted_in_the_sandbox(slug):
    notebook = read(solution(slug))
    with WorkerClient(trust=True) as client, client.open() as session:
        (verdict,) = grade_notebook(notebook, session, checks.find(slug))
    assert not verdict.lost, verdict
    assert "and started again" in verdict.coverage
