"""The half day: which lessons, without which of their sections, and when. The teacher's guide shows what this module prints.

python -m courseware.workshop
"""

from __future__ import annotations

from typing import NamedTuple

from courseware import catalogue


class Slot(NamedTuple):
    """One row of the plan."""

    minutes: int
    what: str
    room: str = ""
    """What is done in the room besides reading."""
    lesson: str = ""
    """The name of its lesson; its minutes are those of the notebook without the sections below, and of the exercise."""
    without: tuple[str, ...] = ()
    """Headings that are left for afterwards."""
    exercise: int = 0
    """How many of the minutes are for an exercise."""


LONGEST = 240
"""Minutes in half a day."""
_TODAY = "The same in Conversations and Responses"

PLAN: tuple[Slot, ...] = (
    Slot(10, "What a thread is; every participant has JupyterLab open"),
    Slot(
        *(40, "00 First conversation", "`first-turn`: the first green check", "00-first-conversation"),
        ("Keys: where they come from", _TODAY),
        15,
    ),
    Slot(
        *(25, "01 Threads", "read the statement of `open-conversation` together", "01-threads"),
        ("A smaller one to order", "Two backends at the same moment", _TODAY),
    ),
    Slot(10, "Break"),
    Slot(
        *(45, "02 Messages and confirmation", "`confirmed-answer`", "02-messages-and-confirmation"),
        ("A smaller one to complete", "A long thread", _TODAY),
        20,
    ),
    Slot(
        *(30, "03 Runs and backoff polling", "predict the three ways to wait before you run them", "03-runs-and-polling"),
        ("A smaller one to order", "Worked example: until the thread is free", "Jitter: not all at once", "At the deadline", _TODAY),
    ),
    Slot(10, "Break"),
    Slot(
        *(
            50,
            "04 Order and races",
            "the questions of `sixth-message`: hands up *before* the picture is stepped",
            "04-order-and-races",
        ),
        ("A smaller one to order", "A lane for each thread", "Your own load test", _TODAY),
        15,
    ),
    Slot(10, "Which line of *our* code is never awaited?"),
)


def total() -> int:
    return sum(slot.minutes for slot in PLAN)


def exercises() -> tuple[str, ...]:
    """What is worked on in the room."""
    return tuple(slug for slot in PLAN if slot.exercise for slug in catalogue.SLUGS if f"`{slug}`" in slot.room)


def table() -> str:
    """The plan of the day, as the teacher's guide shows it."""
    lines, now = ["| Time | What | In the room | Left for afterwards |", "|---|---|---|---|"], 0
    for slot in PLAN:
        left = "; ".join(heading for heading in slot.without)
        lines.append(f"| {_clock(now)}–{_clock(now + slot.minutes)} | {slot.what} | {slot.room} | {left} |")
        now += slot.minutes
    return "\n".join(lines)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def whole_minutes() -> int:
    """Reading the same lessons from the first line to the last."""
    lessons = {slot.lesson for slot in PLAN if slot.lesson}
    return sum(lesson.minutes for lesson in catalogue.LESSONS if lesson.name in lessons)


if __name__ == "__main__":
    print(table())
