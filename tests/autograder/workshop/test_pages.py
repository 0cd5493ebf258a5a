"""The workshop's own pages as people look at them: axe in both themes, on a projector and on a telephone; and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autograder.workshop.server import SLUG, Workshop, act, opened
from tests.threadlab.widgets.chrome import Page, binary, chromium
from tests.threadlab.widgets.conftest import axe

__all__ = ["axe"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workshop_pages")]

PICTURES = Path(__file__).resolve().parents[3] / "tests" / "artifacts" / "workshop"
SIZES = {"projector": (1280, 720), "phone": (390, 844)}
LOOK = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.target.join(' ') + ' ' + node.failureSummary).slice(0, 3).join('; ')))"""


@pytest.fixture(scope="module")
def workshop(course: Path, edition: Path) -> Iterator[Workshop]:
    """Some people who are at different things."""
    if binary() is None:
        pytest.skip("there is no Chromium here")
    with opened(Workshop(course, edition, "--no-grading")) as one:
        for number, name in enumerate(("Ada", "Bob", "Cleo", "Jean-Luc von der Heide")):
            someone = one.join(name)
            lost = [["one_run", "waits_for_the_end"], ["waits_for_the_end"], []][number % 3]
            someone.post(
                "/room/events",
                json=[
                    {"kind": "opened", "path": f"exercises/{SLUG}/{SLUG}.ipynb"},
                    {"kind": "predicted", "question": "first-status", "choice": "AABC"[number]},
                    {"kind": "checked", "exercise": SLUG, "part": "first_turn", "earned": 2, "lost": lost},
                    {"kind": "hand", "up": number == 2},
                ],
            )
        yield one


@pytest.fixture
def page(workshop: Workshop, tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path / "profile") as opened_page:
        opened_page.open(workshop.board)
        opened_page.wait("document.querySelector('[data-part=people]')?.innerText.includes('Jean-Luc')")
        yield opened_page


@pytest.mark.slow
def test_axe_finds_nothing_serious_on_any_page(workshop: Workshop, page: Page, axe: str) -> None:
    teacher = workshop.teacher()
    for name, path, before in (
        ("join", "/", "hide"),
        ("board", "/teacher/", "show"),
        ("board-predictions", "/teacher/", "answer"),
        ("projector-chart", "/teacher/projector", "answer"),
        ("projector", "/teacher/projector", "hide"),
    ):
        act(teacher, before, question="first-status")
        page.open(workshop.address + path)
        page.wait(f"document.readyState === 'complete' && location.pathname === '{path}' && document.querySelector('main')")
        for theme in ("light", "dark"):
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
            for size, (width, height) in SIZES.items():
                page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
                page.wait(
                    f"innerWidth === {width} && document.documentElement.scrollWidth <= innerWidth", f"{name}, no wider than a {size}"
                )
                page.picture(PICTURES / f"{name}-{theme}-{size}.png")
                page.run(axe + "; 0")
                assert page.run(LOOK) == [], f"{name}, {theme}, {size}"
    assert page.problems == []


@pytest.mark.slow
def test_board_is_led_by_keyboard_and_keeps_the_focus(workshop: Workshop, page: Page) -> None:
    ada = workshop.join("Grace")
    page.tab_to("summary[aria-label='More about Bob']")
    page.press("Enter")
    page.wait("document.activeElement.closest('details').open")
    ada.post("/room/events", json=[{"kind": "hand", "up": True}])
    page.wait("document.querySelector('[data-part=hands]').innerText.includes('Grace')")
    assert page.run("document.activeElement.getAttribute('aria-label')") == "More about Bob"
    assert page.run("document.activeElement.closest('details').open")
    page.press("Tab")
    page.press("Enter")
    page.wait("/Bob comes in again with the word [A-Z0-9]{8}, once/.test(document.getElementById('said').innerText)")
    page.tab_to("[aria-label='Lower the hand of Grace']")
    page.press(" ")
    page.wait("!document.querySelector('[data-part=hands]').innerText.includes('Grace')")
    assert page.run("document.querySelector('[data-part=hands]').contains(document.activeElement)")
    assert ada.get("/room/me").json()["hand"] is False


@pytest.mark.slow
def test_projector_has_the_question_above_the_answers(workshop: Workshop, page: Page) -> None:
    act(workshop.teacher(), "show", question="first-status")
    page.open(f"{workshop.address}/teacher/projector")
    page.wait("document.querySelector('.asked')?.innerText.endsWith('What do you find in run.status?')")
    assert page.run("document.querySelector('[data-part=chart]').innerText.indexOf('run.status?') < 200")
