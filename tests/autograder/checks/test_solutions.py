"""The solutions as notebooks: every cell runs, says nothing on stderr, and the checks in it pass where a learner would see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import checks
from autograder.course_folder import ROOT


@pytest.mark.slow
def test_solution_notebooks_run_without_errors_or_warnings(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    env |= {"THREADLAB_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path)}
    program = Path(__file__).with_name("run_solutions.py")
    try:
        done = subprocess.run(
            [sys.executable, program, *checks.SLUGS], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600, check=False
        )
    finally:
        subprocess.run([sys.executable, "-m", "threadlab", "stop"], env=env, cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr[-2000:]
    came = [json.loads(line) for line in done.stdout.splitlines()]
    assert not [one for one in came if one["wrong"]]
    assert {one["slug"]: one["earned"] for one in came} == {slug: checks.find(slug).points for slug in checks.SLUGS}
