"""The predictions that the lessons ask for: options, which is right, and what is to be said about each.

They stand here and not in the notebooks so that nobody reads an answer by accident. A wrong option bears the name of the misconception
behind it; the same name marks wrong submissions and feedback.
"""

from threadlab.prediction import Option, Question
from threadlab.predictions_care import CARE
from threadlab.predictions_early import EARLY
from threadlab.predictions_last import LAST
from threadlab.predictions_late import LATE
from threadlab.predictions_limits import LIMITS
from threadlab.predictions_sunset import SUNSET

__all__ = ["QUESTIONS", "Option", "Question"]

QUESTIONS: dict[str, Question] = EARLY | LATE | LIMITS | CARE | SUNSET | LAST
