"""What a prediction is made of: its options, which of them is right, and what is to be said about each."""

from typing import NamedTuple


class Option(NamedTuple):
    """One possible answer."""

    text: str
    """As the notebook shows it."""
    why: str
    """Why it is right, or what is wrong with it."""
    name: str = ""
    """The misconception behind it; empty for the right answer."""


class Question(NamedTuple):
    """One prediction."""

    lesson: str
    """The number of the lesson that asks it."""
    right: str
    options: dict[str, Option]
