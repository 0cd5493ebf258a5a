"""The table of contents is written once: checks, notebooks and README say the same."""

from __future__ import annotations

import re

import nbformat
import pytest

from autograder import checks
from autograder.notebooks import solution
from courseware import catalogue, times, workshop
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
    (lesson,) = [one for one in catalogue.LESSONS if one.number == exercise.lesson]
    line = f"[Lesson {exercise.lesson}](../../lessons/{lesson.name}.ipynb) · about {exercise.minutes} minutes · {exercise.points} points"
    assert line in first_cell(solution(exercise.slug))


def test_readme_shows_the_table_and_the_totals() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert catalogue.table() in readme
    assert catalogue.totals() in readme


@pytest.mark.parametrize("lesson", catalogue.LESSONS, ids=lambda lesson: lesson.number)
def test_lesson_takes_about_as_long_as_is_measured(lesson: catalogue.Lesson) -> None:
    """Within five minutes, so that one more sentence does not change a table."""
    assert abs(times.lesson(times.lesson_notebook(lesson.name)) - lesson.minutes) <= 5


@pytest.mark.parametrize("exercise", catalogue.EXERCISES, ids=lambda exercise: exercise.slug)
def test_exercise_takes_about_as_long_as_is_measured(exercise: catalogue.Exercise) -> None:
    assert abs(times.exercise(times.solution_notebook(exercise.slug)) - exercise.minutes) <= 5


@pytest.mark.parametrize("slot", [slot for slot in workshop.PLAN if slot.lesson], ids=lambda slot: slot.lesson)
def test_workshop_gives_a_lesson_the_time_it_takes(slot: workshop.Slot) -> None:
    assert times.lesson(times.lesson_notebook(slot.lesson), slot.without) + slot.exercise <= slot.minutes


def test_workshop_fits_into_half_a_day_and_the_guide_has_its_plan() -> None:
    assert workshop.total() <= workshop.LONGEST
    guide = (ROOT / "autograder" / "README.md").read_text(encoding="utf-8")
    assert workshop.table() in guide
    spent = f"{workshop.total() // 60} hours and {workshop.total() % 60} minutes"
    assert spent in guide
    assert spent in (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_every_lesson_has_notes_for_instructors_that_name_what_is_there() -> None:
    text = (ROOT / "docs" / "instructor-notes.md").read_text(encoding="utf-8")
    for lesson in catalogue.LESSONS:
        found = re.search(rf"^### {lesson.number} · [^\n]*\((\d+) minutes\)\n(.*?)(?=^### |\Z)", text, re.M | re.S)
        assert found, lesson.number
        assert int(found[1]) == lesson.minutes
        asked = re.search(r"\*\*Goes wrong:\*\* `([\w-]+)`, as\s+“([^”]+)”", found[2])
        assert asked, lesson.number
        question = QUESTIONS[asked[1]]
        assert question.lesson == lesson.number
        assert asked[2] in {option.name for option in question.options.values()}
        skip = re.search(r"\*\*Skip\*\* (.*?)(?=\n- |\Z)", found[2], re.S)
        assert skip, lesson.number
        headings = times.sections(times.lesson_notebook(lesson.name))
        assert set(re.findall(r"\*([^*]+?)\*", skip[1].replace("\n  ", " "))) <= set(headings)


@pytest.mark.parametrize("slot", [slot for slot in workshop.PLAN if slot.lesson], ids=lambda slot: slot.lesson)
def test_notes_name_more_to_leave_out_of_the_half_day_than_its_plan_does(slot: workshop.Slot) -> None:
    text = (ROOT / "docs" / "instructor-notes.md").read_text(encoding="utf-8")
    notes = re.search(rf"^### {slot.lesson[:2]} · .*?(?=^### |\Z)", text, re.M | re.S)
    assert notes
    note = re.search(r"\*\*In the half day\*\*(.*?)(?=\n- |\Z)", notes[0], re.S)
    assert note
    measured = times.sections(times.lesson_notebook(slot.lesson))
    named = re.findall(r"\*([^*]+?)\*\s\((\d+) minutes?\)", note[1].replace("\n  ", " "))
    assert named
    for heading, minutes in named:
        assert heading not in slot.without
        assert abs(measured[heading] - int(minutes)) <= 1


@pytest.mark.parametrize("lesson", catalogue.LESSONS, ids=lambda lesson: lesson.number)
def test_link_to_another_lesson_has_its_title(lesson: catalogue.Lesson) -> None:
    titles = {one.name: f"{one.number} · {one.title}" for one in catalogue.LESSONS}
    text = (ROOT / "lessons" / f"{lesson.name}.ipynb").read_text(encoding="utf-8")
    links = re.findall(r"\[(\d\d · [^\]]+)\]\((\d\d-[a-z-]+)\.ipynb\)", text)
    assert links
    assert [(title, name) for title, name in links if titles[name] != title] == []
