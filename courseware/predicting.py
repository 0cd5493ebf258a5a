"""Predictions, as the lessons' notebooks use them: choose an answer first, see what happens, then read about every answer.

    predict("first-status")         # before the cell that shows it: radio buttons
    reveal("first-status")          # after it: what is right or wrong about each answer

Where there are no widgets (a terminal, or with THREADS_PLAIN=1 for a screen reader), the options are printed instead, and the answer is
given as a letter: `predict("first-status", "B")`. Predictions are kept over a restart. A question without an answer stops nothing: the
notebook still runs to its end, but what the cells between the two calls show is withheld until there is one.
"""

from __future__ import annotations

import os
from typing import Any

from courseware import withholding
from courseware.quiz_widget import Answers, Quiz
from courseware.records import commit, find, load, predicted, told


def predict(question: str, choice: str = "") -> None:
    """Ask `question`; with a letter as `choice`, record it as the prediction.

    A prediction can be changed until the answer was revealed. Raises ThreadlabError for a question that does not exist.
    """
    find(question)
    load()
    if choice == "":
        if question not in predicted:
            withholding.begin(question)
        _ask(question)
        return
    print(commit(question, choice))


def reveal(question: str) -> None:
    """What is right or wrong about each option; only once there is a prediction.

    Raises ThreadlabError for a question that does not exist.
    """
    find(question)
    load()
    withholding.end(question)
    if withholding.reading() or _widgets():
        answers = Answers(question)
        if question in predicted and not withholding.reading():
            answers.act("reveal")
        _show(answers)
        return
    print(told(question))


# ---- showing ----------------------------------------------------------------------------------------------------------------------------


def _widgets() -> bool:
    """Whether this is a notebook that can show widgets."""
    if os.environ.get("THREADS_PLAIN") or withholding.shell() is None:
        return False
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return False
    return True


def _ask(question: str) -> None:
    quiz = Quiz(question)
    if withholding.reading() or _widgets():
        _show(quiz)
    else:
        print(f'{quiz.text()}\nTo answer: predict("{question}", "{next(iter(quiz.asked.options))}"), with your letter.')


def _show(widget: Any) -> None:
    from IPython.display import display  # type: ignore[attr-defined,unused-ignore]

    if withholding.reading():
        display({"text/html": widget.page(), "text/plain": widget.text()}, raw=True)  # type: ignore[no-untyped-call,unused-ignore]
    else:
        display(widget)  # type: ignore[no-untyped-call,unused-ignore]
