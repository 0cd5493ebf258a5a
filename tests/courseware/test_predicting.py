"""Predictions: made first, explained afterwards; what the cells between show is withheld until then."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from courseware import predicting, records
from courseware.predictions import QUESTIONS
from tests import kernels
from threadlab.errors import ThreadlabError

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def fresh_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("THREADLAB_HOME", str(tmp_path / "home"))
    records.predicted.clear()
    records.revealed.clear()
    yield
    records.predicted.clear()
    records.revealed.clear()


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_hidden_until_a_prediction(name: str, capsys: Output) -> None:
    predicting.reveal(name)
    shown = capsys.readouterr().out
    assert shown.startswith("First make a prediction")
    assert not any(option.why in shown or option.text in shown for option in QUESTIONS[name].options.values())


@pytest.mark.parametrize("choice", [" ", "?", "...", "AB", "D", "1", None])
def test_prediction_that_is_no_letter_is_not_recorded(choice: str, capsys: Output) -> None:
    predicting.predict("first-status", choice)
    predicting.reveal("first-status")
    shown = capsys.readouterr().out
    assert "No prediction yet" in shown
    assert "A, B or C" in shown
    assert "First make a prediction" in shown


def test_small_letter_and_blanks_are_accepted(capsys: Output) -> None:
    predicting.predict("first-status", " b ")
    assert "Your prediction: B." in capsys.readouterr().out


def test_every_option_is_explained(capsys: Output) -> None:
    question = QUESTIONS["first-status"]
    predicting.predict("first-status", "A")
    predicting.reveal("first-status")
    shown = capsys.readouterr().out
    assert "You predicted A; the answer is B." in shown
    assert all(option.why in shown for option in question.options.values())
    assert "misconception: created means finished, your prediction" in shown


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
    assert "You predicted A" in capsys.readouterr().out


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


def test_right_answers_are_spread_evenly_over_the_letters() -> None:
    for number in {question.lesson for question in QUESTIONS.values()}:
        assert len({question.right for question in QUESTIONS.values() if question.lesson == number}) > 1
    letters = Counter(question.right for question in QUESTIONS.values())
    assert max(letters.values()) - min(letters.values()) <= 1, letters


def test_question_without_widgets_shows_its_options_and_how_to_answer(capsys: Output) -> None:
    predicting.predict("first-status")
    shown = capsys.readouterr().out
    assert all(option.text in shown for option in QUESTIONS["first-status"].options.values())
    assert not any(option.why in shown for option in QUESTIONS["first-status"].options.values())
    assert 'predict("first-status", "A")' in shown


# ---- in a kernel ------------------------------------------------------------------------------------------------------------------------

CELLS = (
    "from courseware import predict, reveal\nfrom IPython.display import HTML, display",
    'predict("first-status")',
    "found = 'queued'\nprint('spoilt')\ndisplay(HTML('<b>spoilt too</b>'))\nfound",
    'reveal("first-status")',
    "print('after', found)",
)


def executed(cells: tuple[str, ...], home: Path) -> list[str]:
    """What each cell shows, as one text, in a kernel with this data folder."""
    import os

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])  # type: ignore[no-untyped-call]
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    kernels.executed(notebook, env={**os.environ, "THREADLAB_HOME": str(home)})
    return ["".join(str(output.get("text", output.get("data", ""))) for output in cell.outputs) for cell in notebook.cells]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_run_all_gives_nothing_away_and_a_prediction_releases_what_was_withheld(tmp_path: Path) -> None:
    blind = executed(CELLS, tmp_path)
    assert not any("spoilt" in shown or "queued" in shown.partition("B</strong>")[0] for shown in blind[2:4])
    assert "Make your prediction" in blind[2]
    assert blind[4] == "after queued\n"
    seeing = executed((*CELLS, 'predict("first-status", "A")'), tmp_path)
    assert "spoilt too" in seeing[2]
    assert "queued" in seeing[2]
    kept: Any = executed(CELLS, tmp_path)
    assert "spoilt" in kept[2], "the prediction is remembered by the next kernel"
    assert "created means finished" in kept[3]
