"""Appeals: the trial in which a submission lost its points, run again for the teacher."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.autograder import course_copy

SLUG = "sixth-message"
ANSWER = "wrong/never_awaited.py"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which one answer with the race in it has been graded."""
    place = course_copy.clone(tmp_path_factory.mktemp("appeal"))
    notebook = course_copy.answered(place, SLUG, place / "autograder" / "known_answers" / SLUG / ANSWER)
    course_copy.hand_in(place, "ada", notebook, SLUG)
    course_copy.command(place, "autograder", "grade", SLUG)
    return place


@pytest.mark.slow
def test_replay_shows_the_order_that_was_graded(course: Path) -> None:
    done = course_copy.command(course, "autograder", "replay", SLUG, "ada")
    then = [line.partition(":")[2].strip() for line in done.stdout.splitlines() if line.startswith("as graded:")]
    now = [line.partition(":")[2].strip() for line in done.stdout.splitlines() if line.startswith("replayed:")]
    assert then
    assert now == then
    assert "in flight" in done.stdout


@pytest.mark.slow
def test_appeal_of_nobody_or_about_nothing_is_a_sentence(course: Path) -> None:
    for words, sentence in (
        (["nobody"], "was not graded"),
        (["ada", "--behaviour", "answers_in_rhyme"], "was not lost"),
    ):
        done = course_copy.command(course, "autograder", "replay", SLUG, *words, code=2)
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
