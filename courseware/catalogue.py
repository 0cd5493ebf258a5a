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
    _lesson("00-first-conversation", "First conversation", 40, Exercise("first-turn", "A first turn", 15, 10)),
    _lesson("01-threads", "Threads", 45, Exercise("open-conversation", "Open a conversation", 20, 15)),
    _lesson(
        "02-messages-and-confirmation",
        "Messages and confirmation",
        40,
        Exercise("confirmed-answer", "A confirmed answer", 20, 14),
    ),
    _lesson("03-runs-and-polling", "Runs and backoff polling", 50, Exercise("wait-for-run", "Wait for a run", 35, 16)),
    _lesson(
        "04-order-and-races",
        "Order and races: the sixth message",
        55,
        Exercise("sixth-message", "The sixth message", 25, 16),
        Exercise("thread-lane", "A lane for each thread", 30, 11),
    ),
    _lesson("05-error-recovery", "Error recovery", 55, Exercise("resilient-turn", "A resilient turn", 80, 21)),
    _lesson("06-rate-limits-and-queues", "Rate limits and queues", 50, Exercise("run-queue", "A queue for runs", 120, 19)),
    _lesson("07-cost-and-context", "Cost and context", 45, Exercise("conversation-budget", "A conversation on a budget", 60, 23)),
    _lesson("08-cleanup", "Cleanup", 45, Exercise("retention-job", "A retention job", 50, 22)),
    _lesson("09-tools-and-the-audit-trail", "Tools and the audit trail", 50, Exercise("tool-loop", "A tool loop", 85, 21)),
    _lesson("10-streaming", "Streaming", 45, Exercise("stream-turn", "A streamed turn", 50, 20)),
    _lesson(
        "11-after-the-sunset", "After the sunset: Conversations and Responses", 50, Exercise("migrate-thread", "Migrate a thread", 130, 49)
    ),
    _lesson("12-support-desk", "Capstone: a support desk", 45, Exercise("support-desk", "A support desk", 160, 28)),
    _lesson("13-the-same-question-today", "The same question today", 35, Exercise("busy-thread", "A busy thread", 65, 19)),
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


def hours(minutes: int) -> str:
    """In hours and half hours."""
    halves = round(minutes / 30)
    return f"{halves // 2}{' and a half' if halves % 2 else ''} hours"


def totals() -> str:
    """How long the whole course takes, as README says it."""
    reading, working = sum(one.minutes for one in LESSONS), sum(one.minutes for one in EXERCISES)
    return f"The {len(LESSONS)} lessons take about {hours(reading)}, the {len(EXERCISES)} exercises about {hours(working)}"


def table() -> str:
    """README's table of the lessons."""
    lines = ["| | lesson | minutes | exercises, minutes |", "|---|---|---|---|"]
    for lesson in LESSONS:
        exercises = ", ".join(f"[`{one.slug}`](exercises/{one.slug}/{one.slug}.ipynb) {one.minutes}" for one in lesson.exercises)
        lines.append(f"| {lesson.number} | [{lesson.title}](lessons/{lesson.name}.ipynb) | {lesson.minutes} | {exercises} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
