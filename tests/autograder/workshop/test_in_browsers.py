"""A workshop in real browsers: three participants and a board, a restart in the middle, hand-ins that come back graded, the report."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autograder.course_copy import command
from tests.autograder.workshop.server import SLUG, Workshop, cell_of, opened
from tests.autograder.workshop.test_restart import TRUST
from tests.courseware.browser.conftest import ARTIFACTS
from tests.courseware.browser.tab import Tab, tab

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser_edition")]

LONG = 240.0
"""Seconds of patience: four browsers start three Pythons at the same time."""
EXERCISE = f"exercises/{SLUG}/{SLUG}.ipynb"
PICTURES = ARTIFACTS.parent / "workshop"


@pytest.fixture
def tabs(site: Path, course: Path, tmp_path: Path) -> Iterator[tuple[Workshop, dict[str, Tab]]]:
    """The workshop, and a browser for each person; whatever one of them asks of anybody else is refused and remembered."""
    with contextlib.ExitStack() as stack:
        workshop = stack.enter_context(opened(Workshop(course, site, *TRUST)))
        names = ("teacher", "Ada", "Bob", "Cleo")
        made = {name: stack.enter_context(tab(f"{workshop.address}/course/", tmp_path / name)) for name in names}
        yield workshop, made


def join(opened_tab: Tab, workshop: Workshop, name: str) -> None:
    """As somebody does who has read the QR code: the code is filled in."""
    page = opened_tab.page
    page.open(f"{workshop.address}/?code={workshop.code}")
    opened_tab.until("document.activeElement?.id === 'name'", LONG)
    page.call("Input.insertText", text=name)
    page.run("document.querySelector('form').requestSubmit(), true")
    opened_tab.until(f"document.querySelector('#threads-room')?.innerText.includes({json.dumps(name)})", LONG)


def button(opened_tab: Tab, label: str) -> None:
    wanted = f"[...document.querySelectorAll('#threads-room button')].find(one => one.textContent.startsWith({json.dumps(label)}))"
    opened_tab.until(f"{wanted} && !{wanted}.disabled", LONG)
    opened_tab.run(f"({wanted}).click(), true")


def answer(opened_tab: Tab, name: str) -> None:
    """Write one of the known answers into the exercise's answer cell."""
    script = """(text => {
        const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
        cells.find(cell => cell.getMetadata("nbgrader")?.solution).sharedModel.setSource(text);
        return true;
    })"""
    assert opened_tab.run(f"{script}({json.dumps(cell_of(name))})")


def shows(board: Tab, part: str, *texts: str, seconds: float = LONG) -> None:
    """Until a part of the board says all this."""
    for text in texts:
        board.until(f"document.querySelector('[data-part={part}]')?.innerText.includes({json.dumps(text)})", seconds)


def told(board: Tab, sentence: str) -> None:
    """Until the board says that a button did what it is for."""
    board.until(f"document.getElementById('said').innerText === {json.dumps(sentence)}", 30.0)


def comes_in(workshop: Workshop, of: dict[str, Tab]) -> None:
    board = of["teacher"]
    board.page.open(workshop.board)
    shows(board, "people", "Nobody has joined yet")
    assert board.run("location.search") == ""  # the key is not to be read off a wall
    for name in ("Ada", "Bob", "Cleo"):
        join(of[name], workshop, name)
    shows(board, "numbers", "3 joined, 3 here now")


def works(board: Tab, ada: Tab, bob: Tab, cleo: Tab) -> None:
    """Ada's check loses behaviours; Cleo predicts and raises her hand."""
    for one in (ada, bob):
        one.idle(LONG)
        one.open(EXERCISE)
    shows(board, "people", "Exercise: A first turn")
    answer(ada, "no_run")
    ada.idle(LONG)
    ada.run_all()
    shows(board, "hard", "waits_for_the_end", "1 of 1")
    cleo.idle(LONG)
    cleo.execute("from courseware import predict; predict('first-status', 'A')")
    button(cleo, "Raise hand")
    shows(board, "hands", "Cleo")
    shows(board, "questions", "first-status, lesson 00: 1 of 3 have predicted")


def is_killed_and_goes_on(workshop: Workshop, board: Tab, ada: Tab, bob: Tab) -> None:
    """What happens while the server is away is told when it is back, and what was handed in meanwhile is graded."""
    bob.visit(EXERCISE)  # a page that has shown nothing but the first message
    bob.until("document.body.innerText.includes('You are in the workshop as Bob.')")
    workshop.stop(signal.SIGKILL)
    board.until("document.getElementById('line').innerText.includes('does not answer')")
    ada.execute("from courseware import predict; predict('first-status', 'B')")
    button(bob, "Hand in")
    bob.until("document.body.innerText.includes('first-turn is kept in this browser, and handed in when it can.')")
    workshop.start()
    bob.until("document.body.innerText.includes('first-turn: 0 of 10 points.')", LONG)
    shows(board, "questions", "first-status, lesson 00: 2 of 3 have predicted")
    shows(board, "hands", "Cleo")
    shows(board, "numbers", "3 joined, 3 here now")
    assert board.run("document.getElementById('line').innerText") == ""


def hands_in(board: Tab, ada: Tab, bob: Tab) -> None:
    button(ada, "Hand in")
    answer(bob, "step_by_step")
    button(bob, "Hand in")
    ada.until("document.body.innerText.includes('first-turn: 2 of 10 points.')", LONG)
    bob.until("document.body.innerText.includes('first-turn: 10 of 10 points.')", LONG)
    assert "Ada" not in bob.run("document.body.innerText")
    ada.run("[...document.querySelectorAll('button')].find(one => one.innerText === 'Line by line').click(), true")
    ada.until("document.querySelector('.jp-Dialog')?.innerText.includes('one_run (0/2)')")
    shows(board, "people", "first-turn 2/10", "first-turn 10/10")


def is_led_by_keyboard(workshop: Workshop, board: Tab, cleo: Tab) -> None:
    """The hand comes down; the predictions go to the projector, then the right answer, then the way in again."""
    board.page.tab_to("[data-act='lower']")
    board.page.press("Enter")
    told(board, "Cleo’s hand is down.")
    shows(board, "hands", "None.")
    cleo.until("document.querySelector('#threads-room').innerText.includes('Raise hand')")
    board.page.tab_to("[data-act='show']")
    board.page.press("Enter")
    told(board, "The predictions are on the projector.")
    shows(board, "questions", "· on the projector")
    board.page.tab_to("[data-act='answer']")
    board.page.press(" ")
    told(board, "The right answer is marked on the projector.")
    shows(board, "questions", "✓ right")
    board.page.open(f"{workshop.address}/teacher/projector")
    shows(board, "chart", "What do you find in run.status?", "1 (50 %)", "✓ right")
    assert "Ada" not in board.run("document.body.innerText")
    board.run("fetch('/teacher/act', {method: 'POST', body: JSON.stringify({do: 'hide'})}).then(() => true)")
    board.until("!document.querySelector('[data-unless]').hidden")


def test_workshop_of_three_goes_from_the_join_page_to_the_report(tabs: tuple[Workshop, dict[str, Tab]]) -> None:
    workshop, of = tabs
    board, ada, bob, cleo = of["teacher"], of["Ada"], of["Bob"], of["Cleo"]
    comes_in(workshop, of)
    works(board, ada, bob, cleo)
    is_killed_and_goes_on(workshop, board, ada, bob)
    hands_in(board, ada, bob)
    board.page.picture(PICTURES / "board-of-three.png")
    ada.page.picture(PICTURES / "tab.png")
    is_led_by_keyboard(workshop, board, cleo)
    for name, one in of.items():
        assert one.asked == [], name
        assert one.page.problems == [], name
    workshop.stop()
    command(workshop.course, "autograder", "report", SLUG)
    report = json.loads((workshop.work / "reports" / f"{SLUG}.json").read_bytes())
    assert {row["student"]: row["score"] for row in report["rows"]} == {"ada": 2, "bob": 10}
