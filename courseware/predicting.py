"""What the lessons' notebooks use: commit to a prediction, and read what is to be said about each answer only after that.

    predict("first-status", "B")   # before the cell that shows it
    reveal("first-status")          # after it

Predictions are kept in this kernel and nowhere else. A question that has no answer yet stops nothing: the notebook still runs to its end.
"""

from __future__ import annotations

from difflib import get_close_matches

from courseware.predictions import QUESTIONS, Question
from threadlab.errors import ThreadlabError

FIRST_COMMIT = "First commit to a prediction in the cell above; what is to be said about each answer follows then."

_predicted: dict[str, str] = {}
_revealed: set[str] = set()


def predict(question: str, choice: str) -> None:
    """Record `choice` (a letter) as the prediction for `question`, and say so in a line.

    It can be changed until the answer was revealed. Raises ThreadlabError for a question that does not exist.
    """
    print(commit(question, choice))


def reveal(question: str) -> None:
    """Print what is to be said about each option; only once a prediction was committed.

    Raises ThreadlabError for a question that does not exist.
    """
    find(question)
    if not prediction(question):
        print(FIRST_COMMIT)
        return
    open_answers(question)
    print(answers(question))


# ---- the same as values, for the widgets -------------------------------------------------------------------------------------------------


def find(name: str) -> Question:
    """The question of this name. Raises ThreadlabError, with the name that comes nearest."""
    if name in QUESTIONS:
        return QUESTIONS[name]
    near = get_close_matches(name, QUESTIONS, n=1)
    raise ThreadlabError(f"there is no question {name!r}{f'; perhaps {near[0]!r}?' if near else '.'}")


def commit(question: str, choice: str) -> str:
    """Record `choice` where that is possible; returns the sentence that says whether it was. Raises ThreadlabError as `find` does."""
    options = find(question).options
    letter = choice.strip().upper() if isinstance(choice, str) else ""
    if letter not in options:
        letters = " or ".join([", ".join(list(options)[:-1]), list(options)[-1]])
        return f"No prediction yet: put your letter ({letters}) between the quotation marks and run this cell again."
    if is_open(question) and prediction(question) != letter:
        return f"You have seen the answer by now; your prediction stays {prediction(question)}."
    _predicted[question] = letter
    return f"Your prediction: {letter}. {options[letter].text} Now run on and see."


def prediction(question: str) -> str:
    """The letter that was committed; empty before."""
    return _predicted.get(question, "")


def is_open(question: str) -> bool:
    """Whether its answers have been shown. From then on the prediction stays as it is."""
    return question in _revealed


def open_answers(question: str) -> None:
    """Note that the answers are shown from now on."""
    _revealed.add(question)


def verdict(question: str) -> str:
    """Whether the prediction was right, in a sentence."""
    mine, right = prediction(question), find(question).right
    return "You were right." if mine == right else f"You said {mine}; it is {right}."


def answers(question: str) -> str:
    """The verdict, and what is to be said about each option, in order."""
    asked, mine = find(question), prediction(question)
    texts = [verdict(question)]
    for letter, option in asked.options.items():
        standing = "right" if letter == asked.right else f"not so: “{option.name}”"
        texts.append(f"{letter} ({standing}{', your prediction' if letter == mine else ''}). {option.why}")
    return "\n\n".join(texts)
