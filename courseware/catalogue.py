"""The course's table of contents: every lesson and every exercise, in order. Nothing here is written down a second time.

Checks, widgets, `watch` and reports read it; README's table is what `python -m courseware.catalogue` prints, and a test compares the two.
"""

from __future__ import annotations

from typing import NamedTuple


class Exercise(NamedTuple):
    """One exercise, as it stands in the table of contents."""

    slug: str
    """Names its folder, its notebook, its assignment in the gradebook and its check."""
    title: str
    minutes: int
    """About how long it takes."""
    points: int
    """What all behaviours of its parts earn together; a test compares."""
    lesson: str = ""
    """The number of its lesson, two digits."""
    lesson_title: str = ""


class Lesson(NamedTuple):
    """One lesson. Its notebook is `lessons/{name}.ipynb`."""

    name: str
    title: str
    minutes: int
    """About how long reading it takes, without the exercises."""
    exercises: tuple[Exercise, ...]

    @property
    def number(self) -> str:
        """Two digits."""
        return self.name[:2]


def _lesson(name: str, title: str, minutes: int, *exercises: Exercise) -> Lesson:
    return Lesson(name, title, minutes, tuple(one._replace(lesson=name[:2], lesson_title=title) for one in exercises))


LESSONS: tuple[Lesson, ...] = (
    _lesson("00-first-conversation", "First conversation", 25, Exercise("first-turn", "A first turn", 15, 10)),
    _lesson("01-threads", "Threads", 35, Exercise("open-conversation", "Open a conversation", 25, 15)),
    _lesson(
        "02-messages-and-confirmation",
        "Messages and confirmation",
        35,
        Exercise("confirmed-answer", "A confirmed answer", 25, 14),
    ),
    _lesson("03-runs-and-polling", "Runs and backoff polling", 35, Exercise("wait-for-run", "Wait for a run", 35, 16)),
    _lesson(
        "04-order-and-races",
        "Order and races: the sixth message",
        40,
        Exercise("sixth-message", "The sixth message", 25, 16),
        Exercise("thread-lane", "A lane for each thread", 35, 11),
    ),
    _lesson("05-error-recovery", "Error recovery", 40, Exercise("resilient-turn", "A resilient turn", 60, 21)),
    _lesson("06-rate-limits-and-queues", "Rate limits and queues", 40, Exercise("run-queue", "A queue for runs", 60, 19)),
    _lesson("07-cost-and-context", "Cost and context", 40, Exercise("conversation-budget", "A conversation on a budget", 70, 23)),
    _lesson("08-cleanup", "Cleanup", 35, Exercise("retention-job", "A retention job", 45, 22)),
    _lesson("09-tools-and-the-audit-trail", "Tools and the audit trail", 40, Exercise("tool-loop", "A tool loop", 50, 21)),
    _lesson("10-streaming", "Streaming", 35, Exercise("stream-turn", "A streamed turn", 45, 20)),
    _lesson(
        "11-after-the-sunset", "After the sunset: Conversations and Responses", 40, Exercise("migrate-thread", "Migrate a thread", 75, 49)
    ),
    _lesson("12-support-desk", "Capstone: a support desk", 40, Exercise("support-desk", "A support desk", 120, 28)),
    _lesson("13-the-same-question-today", "The same question today", 40, Exercise("busy-thread", "A busy thread", 50, 19)),
)

EXERCISES: tuple[Exercise, ...] = tuple(exercise for lesson in LESSONS for exercise in lesson.exercises)
SLUGS: tuple[str, ...] = tuple(exercise.slug for exercise in EXERCISES)
"""The exercises there are, in the order of the course."""


def find(slug: str) -> Exercise:
    """The exercise of this name. Raises KeyError for a name that no exercise has."""
    for exercise in EXERCISES:
        if exercise.slug == slug:
            return exercise
    raise KeyError(slug)


def table() -> str:
    """README's table of the lessons."""
    lines = ["| | lesson | exercises |", "|---|---|---|"]
    for lesson in LESSONS:
        exercises = ", ".join(f"[`{one.slug}`](exercises/{one.slug}/{one.slug}.ipynb)" for one in lesson.exercises)
        lines.append(f"| {lesson.number} | [{lesson.title}](lessons/{lesson.name}.ipynb) | {exercises} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
