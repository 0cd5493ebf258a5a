"""The table of contents is written once: checks, notebooks and README say the same."""

from __future__ import annotations

import re

import nbformat
import pytest

from autograder import checks
from autograder.notebooks import solution
from courseware import catalogue
from courseware.predictions import QUESTIONS
from tests.course.tiny import ROOT


def first_cell(path) -> str:
    return nbformat.read(path, as_version=4).cells[0].source


def test_slugs_are_the_checks_and_the_folders() -> None:
    assert checks.SLUGS == catalogue.SLUGS
    for name in ("solutions", "exercises", "autograder/known_answers"):
        folders = {path.name for path in (ROOT / name).iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
        assert folders == set(catalogue.SLUGS), name


def test_lessons_are_the_notebooks_in_order() -> None:
    assert [lesson.name for lesson in catalogue.LESSONS] == sorted(path.stem for path in (ROOT / "lessons").glob("*.ipynb"))


@pytest.mark.parametrize("slug", catalogue.SLUGS)
def test_points_are_what_the_behaviours_earn(slug: str) -> None:
    assert checks.find(slug).points == catalogue.find(slug).points


@pytest.mark.parametrize("lesson", catalogue.LESSONS, ids=lambda lesson: lesson.number)
def test_lesson_notebook_has_its_title_and_time(lesson: catalogue.Lesson) -> None:
    head = first_cell(ROOT / "lessons" / f"{lesson.name}.ipynb")
    assert head.startswith(f"# {lesson.number} · {lesson.title}\n")
    assert f"about {lesson.minutes} minutes" in head


@pytest.mark.parametrize("exercise", catalogue.EXERCISES, ids=lambda exercise: exercise.slug)
def test_exercise_notebook_has_its_title_time_and_points(exercise: catalogue.Exercise) -> None:
    heading = first_cell(solution(exercise.slug)).splitlines()[0]
    assert heading.lower() == f"# exercise: {exercise.title}".lower()
    line = f"Lesson {exercise.lesson} · about {exercise.minutes} minutes · {exercise.points} points"
    assert line in first_cell(solution(exercise.slug))


def test_readme_shows_the_table() -> None:
    assert catalogue.table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_prediction_belongs_to_a_lesson() -> None:
    assert {question.lesson for question in QUESTIONS.values()} <= {lesson.number for lesson in catalogue.LESSONS}


def test_no_other_module_lists_the_exercises() -> None:
    """A module that names more than half of them has a list of its own."""
    listing = []
    for path in [
        *ROOT.glob("courseware/**/*.py"),
        *ROOT.glob("threadlab/**/*.py"),
        *ROOT.glob("autograder/*/*.py"),
        *ROOT.glob("autograder/*.py"),
    ]:
        text = path.read_text(encoding="utf-8")
        named = [slug for slug in catalogue.SLUGS if re.search(rf"[\"']{slug}[\"']", text)]
        if len(named) > len(catalogue.SLUGS) / 2:
            listing.append(str(path.relative_to(ROOT)))
    assert listing == ["courseware/catalogue.py"]


def test_unknown_exercise_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalogue.find("no-such-exercise")
