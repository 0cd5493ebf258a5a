"""A hub in real browsers: a teacher and three students, from release to feedback and marks."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.autograder.course_copy import SLUG
from tests.autograder.hub.server import LONG, Hub, Person, person

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("hub")]


def releases(teacher: Person) -> None:
    """From the course list to the formgrader; generate, release."""
    teacher.sign_in(teacher.hub.passwords["teachers"])
    teacher.command("nbgrader:open-course-list")
    teacher.until("document.querySelector('a[href*=\"/services/threads\"]')", LONG)
    teacher.picture("course-list")
    teacher.visit("/services/threads/formgrader/manage_assignments")
    row = f"[...document.querySelectorAll('#main-table tr')].find(one => one.innerText.includes('{SLUG}'))"
    teacher.until(row, LONG)
    teacher.picture("assignments")
    for column in ("assign", "release"):
        teacher.until(f"{row}.querySelector('td.{column} a')", LONG)
        teacher.run(f"{row}.querySelector('td.{column} a').click(), true")
        teacher.until("document.querySelector('.modal.in .modal-body, .modal.show .modal-body')", LONG)
        teacher.picture(column)
        assert "Success" in teacher.run("document.querySelector('.modal.in, .modal.show').innerText")
        teacher.visit("/services/threads/formgrader/manage_assignments")
        teacher.until(row, LONG)


def test_class_from_release_to_feedback(hub: Hub, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        teacher, ada, bob, cleo = (stack.enter_context(person(hub, name, tmp_path)) for name in ("teacher", "ada", "bob", "cleo"))
        releases(teacher)
        for student in (ada, bob, cleo):
            student.sign_in(hub.passwords["students"])
            student.fetch()
        for student, known in ((ada, "no_run"), (bob, "step_by_step"), (cleo, "blank")):
            student.answer(known)
            student.submit()
        said = {student.name: student.feedback() for student in (ada, bob, cleo)}
        assert "does not hold" in said["ada"]
