"""Reading nbgrader's configuration changes nothing; what a command needs is there when the command starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.autograder.course_copy import SLUG, answered, clone, corpus, hand_in

READ = """
import json, os, sys, warnings
from pathlib import Path
from traitlets.config.loader import PyFileConfigLoader
import nbconvert.preprocessors, nbgrader.apps, nbgrader.auth, sqlalchemy
import autograder.classroom.execute, autograder.classroom.preprocessors
started = []
EFFECTS = ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.mkdir")
sys.addaudithook(lambda event, args: started.append(event) if event in EFFECTS else None)
sys.argv = ["/usr/bin/nbgrader", "autograde", "first-turn"]
before = dict(os.environ), list(warnings.filters)
config = PyFileConfigLoader("nbgrader_config.py", path="autograder").load_config()
after = dict(os.environ), list(warnings.filters)
unchanged = [before[0] == after[0], before[1] == after[1]]
print(json.dumps([started, *unchanged, Path("autograder/work").exists(), config.CourseDirectory.course_id]))
"""


def python(course: Path, *arguments: str, cwd: str = ".") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(course), "PATH": os.defpath}  # without the folder in which alembic is
    environment.pop("JUPYTER_CONFIG_PATH", None)
    return subprocess.run([sys.executable, *arguments], cwd=course / cwd, env=environment, capture_output=True, text=True, check=False)


def test_reading_the_configuration_changes_nothing(tmp_path: Path) -> None:
    course = clone(tmp_path)
    shutil.rmtree(course / "autograder" / "work")  # in which the copies of the tests have their secret
    done = python(course, "-c", READ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], True, True, False, "threads"]


@pytest.mark.slow
def test_python_interface_has_the_folder_of_the_gradebook(tmp_path: Path) -> None:
    course = clone(tmp_path)
    program = "from autograder.classroom.nbgrader_steps import nbgrader_api; print(sorted(nbgrader_api().gradebook.students))"
    done = python(course, "-c", program)
    assert done.stdout == "[]\n", done.stderr
    assert (course / "autograder/work/gradebook.db").exists()


@pytest.mark.slow
def test_export_works_in_a_fresh_clone(tmp_path: Path) -> None:
    course = clone(tmp_path)
    done = python(course, "-m", "nbgrader", "export", cwd="autograder")
    assert done.returncode == 0, done.stderr
    assert (course / "autograder/grades.csv").exists()


@pytest.mark.slow
def test_autograde_enters_its_assignment_and_no_other(tmp_path: Path) -> None:
    course = clone(tmp_path)
    hand_in(course, "ada", answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right")))
    done = python(course, "-m", "nbgrader", "autograde", SLUG, "--ExecuteInSandbox.trust_submissions=True", cwd="autograder")
    assert done.returncode == 0, done.stderr[-3000:]
    program = (
        "from autograder.classroom.nbgrader_steps import nbgrader_api\ng = nbgrader_api().gradebook; print([a.name for a in g.assignments])"
    )
    assert python(course, "-c", program).stdout == f"['{SLUG}']\n"
    assert (course / "autograder/work/autograded/ada" / SLUG).is_dir()


@pytest.mark.slow
def test_autograde_with_another_gradebook_enters_the_assignment_there(tmp_path: Path) -> None:
    course = clone(tmp_path)
    hand_in(course, "ada", answered(course, SLUG, corpus()[0]))
    url = f"sqlite:///{tmp_path / 'other.db'}"
    words = ("autograde", SLUG, f"--db={url}", "--ExecuteInSandbox.trust_submissions=True")
    done = python(course, "-m", "nbgrader", *words, cwd="autograder")
    assert done.returncode == 0, done.stderr[-3000:]
    assert not (course / "autograder/work/gradebook.db").exists()
