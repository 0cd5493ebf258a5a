"""Predictions: committed first, explained after.."""

from collections.abc import Iterator

import pytest

from courseware import predicting
from courseware.predictions import QUESTIONS
from threadlab.errors import ThreadlabError

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def fresh_kernel() -> Iterator[None]:
    predicting._predicted.clear()
    predicting._revealed.clear()
    yield
    predicting._predicted.clear()
    predicting._revealed.clear()


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_hidden_until_a_prediction(name: str, capsys: Output) -> None:
    predicting.reveal(name)
    shown = capsys.readouterr().out
    assert shown.startswith("First commit")
    assert not any(option.why in shown or option.text in shown for option in QUESTIONS[name].options.values())


@pytest.mark.parametrize("choice", ["", "?", "...", "AB", "D", "1", None])
def test_prediction_that_is_no_letter_is_not_recorded(choice: str, capsys: Output) -> None:
    predicting.predict("first-status", choice)
    predicting.reveal("first-status")
    shown = capsys.readouterr().out
    assert "No prediction yet" in shown
    assert "A, B or C" in shown
    assert "First commit" in shown


def test_small_letter_and_blanks_are_accepted(capsys: Output) -> None:
    predicting.predict("first-status", " b ")
    assert "Your prediction: B." in capsys.readouterr().out


def test_every_option_is_explained(capsys: Output) -> None:
    question = QUESTIONS["first-status"]
    predicting.predict("first-status", "A")
    predicting.reveal("first-status")
    shown = capsys.readouterr().out
    assert "You said A; it is B." in shown
    assert all(option.why in shown for option in question.options.values())
    assert "not so: “created is finished”, your prediction" in shown


def test_right_prediction_is_called_right(capsys: Output) -> None:
    predicting.predict("first-status", "B")
    predicting.reveal("first-status")
    assert "You were right." in capsys.readouterr().out


def test_prediction_stays_once_the_answer_was_seen(capsys: Output) -> None:
    predicting.predict("first-status", "A")
    predicting.reveal("first-status")
    predicting.predict("first-status", "B")
    assert "stays A" in capsys.readouterr().out
    predicting.reveal("first-status")
    assert "You said A" in capsys.readouterr().out


def test_prediction_can_be_changed_before_the_answer(capsys: Output) -> None:
    predicting.predict("first-status", "A")
    predicting.predict("first-status", "B")
    predicting.reveal("first-status")
    assert "You were right." in capsys.readouterr().out


def test_mistyped_question_is_answered_with_the_nearest() -> None:
    with pytest.raises(ThreadlabError, match="perhaps 'first-status'"):
        predicting.predict("first-statsu", "A")
    with pytest.raises(ThreadlabError, match="there is no question"):
        predicting.reveal("")


@pytest.mark.parametrize("name", QUESTIONS)
def test_wrong_options_alone_are_named_after_their_mistake(name: str) -> None:
    question = QUESTIONS[name]
    assert question.right in question.options
    assert list(question.options) == sorted(question.options)
    for letter, option in question.options.items():
        assert bool(option.name) == (letter != question.right)
        assert option.why


@pytest.mark.parametrize("name", QUESTIONS)
def test_misconceptions_have_different_names(name: str) -> None:
    """Another question may be about the same misconception; within one, every wrong option is wrong in its own way."""
    names = [option.name for option in QUESTIONS[name].options.values() if option.name]
    assert len(names) == len(set(names))


def test_right_answers_stand_at_different_places() -> None:
    for number in {question.lesson for question in QUESTIONS.values()}:
        assert len({question.right for question in QUESTIONS.values() if question.lesson == number}) > 1
