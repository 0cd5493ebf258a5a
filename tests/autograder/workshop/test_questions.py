"""The question above the answers on the board and the projector: in the words of the lesson that asks it."""

from __future__ import annotations

from pathlib import Path

from autograder.workshop.questions import wording
from courseware.predictions import QUESTIONS

ASKED_BY_A_SECTION = {"order-of-opening", "order-of-a-wait", "order-of-a-turn"}
"""Lines to put in order: the question is several paragraphs and a program."""


def test_question_has_the_words_of_its_lesson() -> None:
    assert wording()["first-status"] == "The next call creates a run, and returns. What do you find in `run.status`?"


def test_every_prediction_that_a_sentence_asks_has_its_words() -> None:
    assert QUESTIONS.keys() - wording().keys() == ASKED_BY_A_SECTION


def test_folder_without_lessons_has_no_words(tmp_path: Path) -> None:
    assert wording(tmp_path) == {}
