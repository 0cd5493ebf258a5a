"""Predictions, as the lessons' notebooks use them: choose an answer first, see what happens, then read about every answer.

    predict("first-status")         # before the cell that shows it: radio buttons
    reveal("first-status")          # after it: what is right or wrong about each answer

Where there are no widgets (a terminal, or with THREADS_PLAIN=1 for a screen reader), the options are printed instead, and the answer is
given as a letter: `predict("first-status", "B")`. Predictions are kept over a restart. A question without an answer stops nothing: the
notebook still runs to its end, but what the cells between the two calls show is withheld until there is one.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from courseware import withholding
from courseware.predictions import QUESTIONS, Question
from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import Home

_predicted: dict[str, str] = {}
_revealed: set[str] = set()
_loaded: Path | None = None

FIRST = "First make a prediction in the cell above. Then run this cell again to read about each answer."


def predict(question: str, choice: str = "") -> None:
    """Ask `question`; with a letter as `choice`, record it as the prediction.

    A prediction can be changed until the answer was revealed. Raises ThreadlabError for a question that does not exist.
    """
    find(question)
    _load()
    if choice == "":
        if question not in _predicted:
            withholding.begin(question)
        _ask(question)
        return
    print(commit(question, choice))


def reveal(question: str) -> None:
    """What is right or wrong about each option; only once there is a prediction.

    Raises ThreadlabError for a question that does not exist.
    """
    find(question)
    _load()
    withholding.end(question)
    if withholding.reading() or _widgets():
        from courseware.quiz_widget import Answers

        answers = Answers(question)
        if question in _predicted and not withholding.reading():
            answers.act("reveal")
        _show(answers)
        return
    print(told(question))


def commit(question: str, choice: str) -> str:
    """Record a prediction; the sentence that says so, or says why not."""
    options = find(question).options
    letter = choice.strip().upper() if isinstance(choice, str) else ""
    if letter not in options:
        letters = " or ".join([", ".join(list(options)[:-1]), list(options)[-1]])
        return f"No prediction yet: choose one of the letters {letters}."
    if question in _revealed and _predicted[question] != letter:
        return f"You have seen the answer, so your prediction stays {_predicted[question]}."
    _predicted[question] = letter
    _keep()
    withholding.release(question)
    return f"Your prediction: {letter}. {options[letter].text} Now go on and see."


def told(question: str) -> str:
    """What there is to say about each option, as text; counts as having seen the answer."""
    asked = find(question)
    if question not in _predicted:
        return FIRST
    _revealed.add(question)
    _keep()
    mine = _predicted[question]
    lines = ["You were right." if mine == asked.right else f"You predicted {mine}; the answer is {asked.right}."]
    for letter, option in asked.options.items():
        verdict = "right" if letter == asked.right else f"misconception: {option.name}"
        lines.append(f"\n{letter} ({verdict}{', your prediction' if letter == mine else ''}). {option.why}")
    return "\n".join(lines)


def find(name: str) -> Question:
    """The question of this name. Raises ThreadlabError."""
    if name in QUESTIONS:
        return QUESTIONS[name]
    near = get_close_matches(name, QUESTIONS, n=1)
    raise ThreadlabError(f"there is no question {name!r}{f'; perhaps {near[0]!r}?' if near else '.'}")


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
    from courseware.quiz_widget import Quiz

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


# ---- keeping ----------------------------------------------------------------------------------------------------------------------------


def _file() -> Path:
    return Home().folder / "predictions.json"


def _load() -> None:
    """What earlier kernels were told; read once for each data folder."""
    global _loaded
    if _loaded == _file() or withholding.reading():
        return
    _loaded = _file()
    with contextlib.suppress(OSError, ValueError):
        kept = json.loads(_loaded.read_text(encoding="utf-8"))
        for name, one in kept.items():
            if name in QUESTIONS and one.get("predicted") in QUESTIONS[name].options:
                _predicted.setdefault(name, one["predicted"])
                if one.get("revealed"):
                    _revealed.add(name)


def _keep() -> None:
    """A folder that cannot be written only means that nothing is kept."""
    if "ipykernel" not in sys.modules or withholding.shell() is None:
        return
    file = _file()
    kept: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        kept = json.loads(file.read_text(encoding="utf-8"))  # another notebook may have written since
    kept |= {name: {"predicted": letter, "revealed": name in _revealed} for name, letter in _predicted.items()}
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        os.replace(new, file)
