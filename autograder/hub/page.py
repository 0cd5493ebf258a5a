"""The page that comes back at once: which behaviours hold and which do not, without a mark."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from autograder.classroom.assignment import Record
from autograder.judging.behaviours import NOT_WRITTEN, Verdict
from autograder.judging.verdict_text import why
from autograder.printable import printable
from threadlab.html_page import template

HERE = Path(__file__).resolve().parent
STYLES = HERE.parent / "workshop" / "pages" / "room.css"
MARK = "threads-course: behaviours"
"""What tells such a page from nbgrader's."""
MOST_INCIDENTS = 10


def page(title: str, student: str, moment: str, verdicts: list[Verdict], record: Record) -> str:
    """The page for one notebook."""
    css = Markup(STYLES.read_text(encoding="utf-8").replace("<", ""))  # noqa: S704 - a file of the course
    return template(HERE / "pages" / "feedback.html.j2").render(
        mark=MARK,
        css=css,
        title=title,
        student=student,
        moment=printable(moment),
        problem=printable(record.problem),
        parts=[(one.part, _findings(one)) for one in verdicts],
        incidents=[printable(one) for one in record.incidents[:MOST_INCIDENTS]],
    )


def _findings(verdict: Verdict) -> list[tuple[bool, str, str]]:
    """Behaviours that are lost come first; nothing at all for a blank answer."""
    if verdict.findings and all(one.key == NOT_WRITTEN for one in verdict.findings):
        return []
    losses = [(False, one.behaviour, printable(why(one))) for one in verdict.findings if one.earned < one.points]
    return losses + [(True, one.behaviour, "") for one in verdict.findings if one.earned >= one.points]


def is_ours(file: Path) -> bool:
    """Whether a page that is there is such a one, and not the one with marks."""
    with file.open("rb") as reading:
        return MARK.encode() in reading.read(2000)
