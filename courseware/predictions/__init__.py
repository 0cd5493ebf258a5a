"""The predictions that the lessons ask for: options, which is right, and what is to be said about each.

They stand here and not in the notebooks, so that you do not read an answer by accident. A wrong option has the name of the misconception
behind it; the same name marks wrong submissions and feedback.
"""

import re

from courseware.predictions.lesson_11 import SUNSET
from courseware.predictions.lesson_13 import TODAY
from courseware.predictions.lessons_00_to_02 import EARLY
from courseware.predictions.lessons_03_to_05 import LATE
from courseware.predictions.lessons_06_and_07 import LIMITS
from courseware.predictions.lessons_08_and_09 import CARE
from courseware.predictions.lessons_10_and_12 import LAST
from courseware.predictions.question import Option, Question

__all__ = ["QUESTIONS", "Option", "Question", "asked_in"]

QUESTIONS: dict[str, Question] = EARLY | LATE | LIMITS | CARE | SUNSET | LAST | TODAY

_PREDICT = re.compile(r'^predict\("([\w-]+)"\)', re.MULTILINE)


def asked_in(source: str) -> list[str]:
    """The names of the predictions that a cell of a lesson asks for."""
    return _PREDICT.findall(source)
