"""nbgrader's own pages, clicked through: what a teacher and a student click on does with our execution what it does with stock nbgrader's.

Pictures of every step are left in tests/artifacts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.autograder.course_copy import SLUG, rows
from tests.threadlab.widgets.chrome import Page
from tests.threadlab.widgets.conftest import ARTIFACTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[[str], Page]


def click(page: Page, selector: str) -> None:
    page.wait(f"document.querySelector({json.dumps(selector)})", selector)
    page.run(f"document.querySelector({json.dumps(selector)}).click()")


def command(page: Page, name: str) -> None:
    """One of the entries in Lab's menu."""
    page.wait(f"window.jupyterapp && jupyterapp.commands.hasCommand({name!r})", name)
    page.run(f"jupyterapp.commands.execute({name!r}).then(() => true)")


def test_formgrader_grades_in_our_sandbox(opened: Open, course: Path) -> None:
    page = opened(f"/formgrader/manage_submissions/{SLUG}")
    click(page, "td.autograde a")
    page.wait("document.querySelector('.modal.in .modal-body')", "what came of autograding")
    page.picture(ARTIFACTS / "formgrader-autograded.png")
    assert "Successfully autograded" in page.run("document.querySelector('.modal.in .modal-body').innerText")
    book = rows(course)
    score = book["grade"][0][2]
    assert book["submitted_assignment"][0][0] == "ann"
    assert isinstance(score, float)
    assert 0 < score < 10
    # Only our execution leaves this.
    assert (course / "autograder" / "work" / "autograded" / "ann" / SLUG / f"{SLUG}.verdicts.json").exists()
    page.run("document.querySelector('.modal.in button[data-dismiss]').click()")
    page.wait(f"document.querySelector('td.score').innerText === '{score:g} / 10'", "the score in the list")

    page.open(page.run("location.origin") + f"/formgrader/gradebook/{SLUG}/{SLUG}")
    click(page, "table a[href*='/formgrader/submissions/']")
    page.wait("document.querySelector('.nbgrader_cell input.score')", "the submission with its scores")
    page.picture(ARTIFACTS / "formgrader-submission.png")
    assert page.run("document.querySelector('.nbgrader_cell input.score').placeholder") == f"{score:g}"
    assert "[FAIL]" in page.run("document.body.innerText")

    page.open(page.run("location.origin") + f"/formgrader/manage_submissions/{SLUG}")
    click(page, "td.generate-feedback a")
    page.wait("document.querySelector('.modal.in .modal-body')", "what came of the feedback")
    assert (course / "autograder" / "work" / "feedback" / "ann" / SLUG / f"{SLUG}.html").exists()
    assert not [one for one in page.problems if "MathJax" not in one]  # nbgrader's page fetches that from the network


def test_formgrader_is_in_the_menu(opened: Open) -> None:
    page = opened("/lab?reset")
    command(page, "nbgrader:open-formgrader")
    inside = "document.querySelector('iframe[src*=formgrader]')?.contentDocument"
    page.wait(f"{inside}?.querySelector('#main-table, table')?.innerText.includes({SLUG!r})", "the list of assignments")
    page.picture(ARTIFACTS / "formgrader.png")
    assert "released" in page.run(f"{inside}.body.innerText")


def test_exercise_is_fetched_and_submitted_from_the_menu(opened: Open, course: Path) -> None:
    page = opened("/lab?reset")
    command(page, "nbgrader:open-assignment-list")
    click(page, "#released_assignments_list .list_item button")
    page.wait(f"document.querySelector('#fetched_assignments_list').innerText.includes({SLUG!r})", "the fetched exercise")
    assert (course / SLUG / f"{SLUG}.ipynb").exists()
    page.run("[...document.querySelectorAll('#fetched_assignments_list button')].find(one => one.innerText === 'Submit').click()")
    page.wait(f"document.querySelector('#submitted_assignments_list').innerText.includes({SLUG!r})", "the submission")
    page.picture(ARTIFACTS / "assignment-list.png")
    handed_in = list((course.parent / "exchange" / "threads" / "inbound").glob(f"*+{SLUG}+*/{SLUG}.ipynb"))
    assert len(handed_in) == 1


def test_validate_says_that_a_blank_fails(opened: Open) -> None:
    page = opened(f"/doc/tree/exercises/{SLUG}/{SLUG}.ipynb?reset")
    page.wait("document.querySelector('.jp-Notebook .jp-CodeCell .cm-content')", "the notebook")
    click(page, ".validate-button")
    page.wait("document.querySelector('.jp-Dialog, .nbgrader-Dialog, .validate-modal')", "the verdict")
    page.picture(ARTIFACTS / "validate.png")
    said = page.run("document.querySelector('.jp-Dialog').innerText")
    assert "Success" not in said
