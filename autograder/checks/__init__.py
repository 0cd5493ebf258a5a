"""The checks, one module an exercise. `find` loads the one that is wanted and no other."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from threadlab.errors import ThreadlabError

if TYPE_CHECKING:
    from autograder.behaviours import Exercise

SLUGS: tuple[str, ...] = (
    "first-turn",
    "open-conversation",
    "confirmed-answer",
    "wait-for-run",
    "sixth-message",
    "thread-lane",
    "resilient-turn",
    "run-queue",
    "conversation-budget",
    "retention-job",
    "tool-loop",
    "stream-turn",
    "migrate-thread",
    "support-desk",
)
"""The exercises there are, in the order of the course."""


class UnknownExercise(ThreadlabError):
    """A name that no exercise bears."""


def find(slug: str) -> Exercise:
    """The exercise of this name. Raises UnknownExercise, with the names there are."""
    if slug not in SLUGS:
        raise UnknownExercise(f"There is no exercise {slug!r}. There are: {', '.join(SLUGS)}.")
    exercise: Exercise = import_module(f"autograder.checks.{slug.replace('-', '_')}").EXERCISE
    return exercise
