"""Stock nbgrader on top: its commands grade a class as our own command does, in a clone that has no gradebook."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.notebooks import grade_id, is_solution, read, read_answers

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("autograder", "courseware", "threadlab", "solutions", "exercises", "pyproject.toml")


def clone(to):
    """The course in another folder, without anything that grading leaves behind."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("work", "__pycache__"))
        else:
            shutil.copy(source, to / name)
    return to


def hand_in(course, count=12):
    """The corpus as a class: `count` students, right and wrong ones."""
    answers = sorted((course / "autograder" / "known_answers" / "sixth-message").glob("*/*.py"))
    chosen = answers[:6] + answers[-(count - 6) :]
    for path in chosen:
        cells, _ = read_answers(path)
        notebook = read(course / "exercises" / "sixth-message" / "sixth-message.ipynb")
        for cell in notebook.cells:
            if is_solution(cell):
                cell.source = cells.get(grade_id(cell), cell.source)
        folder = course / "autograder" / "work" / "submitted" / f"{path.parent.name}-{path.stem}" / "sixth-message"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "sixth-message.ipynb")
    return {f"{path.parent.name}-{path.stem}" for path in chosen}


def command(course, *words, cwd="autograder"):
    environment = {**os.environ, "PYTHONPATH": str(course), "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=course / cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def scores(course):
    command(course, "nbgrader", "export")
    with (course / "autograder" / "grades.csv").open() as file:
        return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}


@pytest.mark.slow
def test_plain_nbgrader_gives_the_scores_of_our_command(tmp_path):
    found = []
    for name, words in (
        ("plain", ("nbgrader", "autograde", "sixth-message", "--ExecuteInSandbox.trust_submissions=True")),
        ("ours", ("autograder", "grade", "sixth-message", "--trust-submissions", "--feedback")),
    ):
        (tmp_path / name).mkdir()
        course = clone(tmp_path / name)
        students = hand_in(course)
        before = (course / "exercises" / "sixth-message" / "sixth-message.ipynb").read_bytes()
        command(course, *words)
        found.append(scores(course))
        assert set(found[-1]) == students
        assert (course / "exercises" / "sixth-message" / "sixth-message.ipynb").read_bytes() == before, (
            "a learner's notebook was overwritten"
        )
    assert found[0] == found[1]
    assert len(found[0]) == 12
    for student, (score, most) in found[0].items():
        assert most == 16
        assert (score == 16) == student.startswith("right"), student
    pages = list((tmp_path / "ours" / "autograder" / "work" / "feedback").glob("*/sixth-message/*.html"))
    assert len(pages) == 12
