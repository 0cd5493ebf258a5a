"""`course.py new-exercise`: what it refuses, without writing anything. That what it lays down works is tested by CONTRIBUTING's walk."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring import new_exercise
from courseware import catalogue
from threadlab.errors import ThreadlabError


@pytest.mark.parametrize(
    ("slug", "lesson", "why"),
    [
        ("Second", "00", "is not a valid slug: use lower-case words"),
        ("../second", "00", "is not a valid slug: use lower-case words"),
        ("second_turn", "00", "is not a valid slug: use lower-case words"),
        ("first-turn", "00", "already"),
        ("second-turn", "99", "no lesson 99"),
    ],
)
def test_exercise_that_cannot_be_made_is_a_sentence_and_writes_nothing(tmp_path: Path, slug: str, lesson: str, why: str) -> None:
    before = new_exercise.CATALOGUE.read_bytes()
    with pytest.raises(ThreadlabError, match=why):
        new_exercise.make(slug, lesson, "A title", 20, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert new_exercise.CATALOGUE.read_bytes() == before


@pytest.mark.parametrize("lesson", catalogue.LESSONS, ids=lambda lesson: lesson.number)
def test_row_is_put_after_the_lessons_other_exercises(lesson: catalogue.Lesson) -> None:
    source = new_exercise.CATALOGUE.read_text(encoding="utf-8")
    made = dict[str, object]()
    exec(compile(new_exercise.with_row(source, lesson.name, 'Exercise("second-turn", "A second turn", 15, 5)'), "catalogue", "exec"), made)
    there = {one.name: one for one in made["LESSONS"]}[lesson.name]  # type: ignore[attr-defined]
    assert [one.slug for one in there.exercises] == [*(one.slug for one in lesson.exercises), "second-turn"]
    assert there.exercises[-1].lesson == lesson.number
