"""What the lessons' notebooks use: commit to a prediction, and read what is to be said about each answer only after that.

    predict("first-status", "B")   # before the cell that shows it
    reveal("first-status")          # after it

Predictions are kept in this kernel and nowhere else. A question that has no answer yet stops nothing: the notebook still runs to its end.
"""

from __future__ import annotations

from difflib import get_close_matches

from courseware.predictions import QUESTIONS, Question
from threadlab.errors import ThreadlabError

_predicted: dict[str, str] = {}
_revealed: set[str] = set()


def predict(question: str, choice: str) -> None:
    """Record `choice` (a letter) as the prediction for `question`, and say so in a line.

    It can be changed until the answer was revealed. Raises ThreadlabError for a question that does not exist.
    """
    options = _question(question).options
    letter = choice.strip().upper() if isinstance(choice, str) else ""
    if letter not in options:
        letters = " or ".join([", ".join(list(options)[:-1]), list(options)[-1]])
        print(f"No prediction yet: put your letter ({letters}) between the quotation marks and run this cell again.")
    elif question in _revealed and _predicted[question] != letter:
        print(f"You have seen the answer by now; your prediction stays {_predicted[question]}.")
    else:
        _predicted[question] = letter
        print(f"Your prediction: {letter}. {options[letter].text} Now run on and see.")


def reveal(question: str) -> None:
    """What is to be said about each option; only once a prediction was committed.

    Raises ThreadlabError for a question that does not exist.
    """
    asked = _question(question)
    if question not in _predicted:
        print("First commit to a prediction in the cell above; what is to be said about each answer follows then.")
        return
    _revealed.add(question)
    mine = _predicted[question]
    print("You were right." if mine == asked.right else f"You said {mine}; it is {asked.right}.")
    for letter, option in asked.options.items():
        verdict = "right" if letter == asked.right else f"not so: “{option.name}”"
        print(f"\n{letter} ({verdict}{', your prediction' if letter == mine else ''}). {option.why}")


def _question(name: str) -> Question:
    if name in QUESTIONS:
        return QUESTIONS[name]
    near = get_close_matches(name, QUESTIONS, n=1)
    raise ThreadlabError(f"there is no question {name!r}{f'; perhaps {near[0]!r}?' if near else '.'}")
