"""The widgets as a reader meets them: in JupyterLab, in a headless Chromium.."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.threadlab.widgets.chrome import Page
from tests.threadlab.widgets.conftest import ARTIFACTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[..., Page]

WIDGET = ".threadlab-w"
RACE = """from courseware.race import SIXTH, five_messages, hurried
from threadlab.trials.trial import ASYNC_CLIENT, CLIENT, World
from courseware import Answers, Progress, Quiz
from threadlab.widgets import *

world = World(five_messages)
race = Race(hurried, ASYNC_CLIENT, *world.given, SIXTH, world=world)
race"""
EVERY = (
    RACE,
    "RunLife(race.evidence)",
    "Polls()",
    "Quiz('first-status', 'A run is created, and the call returns. What is in `run.status`?', answers=True)",
    "ThreadView(race.evidence, world.given[0])",
    """def turn(client, thread_id, assistant_id):
    client.beta.threads.messages.create(thread_id, role="user", content="And Italy?")
    return client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id).status

faults = ("delay", "reply_lost", "500", "run_failed")
FaultKnobs(turn, CLIENT, setup=five_messages, faults=faults, fails=lambda one: one.value != "completed")""",
    "CostMeter()",
    "Progress({'first-turn': {'best': 10, 'points': 10}, 'open-conversation': {'best': 3, 'points': 10}}, here='01')",
)


def said(page: Page, number: int = 0) -> str:
    return str(page.run(f"document.querySelectorAll('{WIDGET}')[{number}].querySelector('[role=status]').innerText"))


def control(act: str, value: str | None = None, number: int = 0) -> str:
    return f'[data-act="{act}"]' + (f'[data-value="{value}"]' if value is not None else "")


def until_said(page: Page, part: str) -> None:
    page.wait(f"[...document.querySelectorAll('{WIDGET} [role=status]')].some((one) => one.innerText.includes({part!r}))", part)


def test_race_is_stepped_and_chosen_by_keyboard(notebook: Open) -> None:
    page = notebook(RACE)
    page.picture(ARTIFACTS / "race.png")
    page.run("document.querySelector('.threadlab-w select').focus()")
    page.tab_to(control("move", "next"))
    page.press("Enter")
    until_said(page, "Moment 3: at 0.00 s")
    page.press(" ")
    until_said(page, "Moment 4:")
    assert page.run(f"document.activeElement.matches('{control('move', 'next')}')"), "the focus was lost by stepping"
    page.tab_to(control("step"))
    page.press("Home")
    page.wait("document.querySelector('.threadlab-w').innerText.includes('0 of 13')", "the beginning")
    page.press("ArrowRight")
    page.press("ArrowRight")
    page.wait("document.querySelector('.threadlab-w fieldset')", "the choice")
    page.tab_to(f"{control('choose')}[aria-pressed=false]")
    page.press("Enter")
    until_said(page, "You chose: deliver create message")
    until_said(page, "Lisbon")
    page.picture(ARTIFACTS / "race-chosen.png", WIDGET)
    assert page.run("document.querySelector('.threadlab-w select').selectedOptions[0].text.includes('passes')")
    assert page.problems == []


def test_static_form_is_shown_once(notebook: Open) -> None:
    page = notebook("from courseware import Progress\nProgress()")
    page.wait(
        "document.querySelector('details[class^=threadlab-static]') && document.querySelector('details[class^=threadlab-static]').hidden"
    )


def test_quiz_works_by_keyboard(notebook: Open) -> None:
    page = notebook("from courseware import Quiz\nquiz = Quiz('first-status', answers=True)\nquiz")
    page.run("document.querySelector('.jp-OutputArea-output').tabIndex = -1; document.querySelector('.jp-OutputArea-output').focus()")
    page.tab_to(f"{WIDGET} input[type=radio]")
    page.press(" ")
    page.press("ArrowDown")
    page.wait("document.querySelector('.threadlab-w input[value=B]').checked")
    page.wait(f"document.querySelector('{WIDGET} {control('predict')}').getAttribute('aria-disabled') !== 'true'", "the button")
    assert "starts in the queue" not in page.run("document.querySelector('.threadlab-w').innerText")
    page.tab_to(f"{WIDGET} {control('predict')}")
    page.press("Enter")
    until_said(page, "Your prediction: B")
    page.tab_to(f"{WIDGET} {control('reveal')}")
    page.press("Enter")
    until_said(page, "You were right.")
    page.picture(ARTIFACTS / "quiz.png", WIDGET)


def test_knob_changes_the_scenario(notebook: Open) -> None:
    page = notebook(RACE.removesuffix("race"), EVERY[5])
    page.run("document.querySelector('.threadlab-w input[type=checkbox][data-value=run_failed]').focus()")
    page.press(" ")
    until_said(page, "run_failed")
    page.tab_to(f"{WIDGET} {control('percent', 'run_failed')}")
    for _ in range(3):
        page.press("ArrowLeft")
    until_said(page, "run_failed%97")
    page.press("Home")
    page.run("document.querySelector('.threadlab-w [data-act=percent]').value = 50")
    page.press("ArrowRight")
    until_said(page, "run_failed%51")
    page.tab_to(f"{WIDGET} {control('run')}")
    page.press("Enter")
    until_said(page, "of 10 seeds fail")
    assert page.run("document.querySelectorAll('.threadlab-w tbody tr').length") == 10
    page.picture(ARTIFACTS / "knobs.png", WIDGET)


AXE = """axe.run({include: [['.threadlab-w']]}, {resultTypes: ['violations']}).then((found) => found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 200) + ' ' + node.failureSummary).slice(0, 3).join(' | ')))"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(notebook: Open, axe: str, dark: bool) -> None:
    page = notebook(*EVERY, dark=dark)
    page.wait(f"document.querySelectorAll('{WIDGET}').length === {len(EVERY)}", "all widgets")
    page.run(axe + "; 0")
    page.run("document.querySelectorAll('.threadlab-w details').forEach((one) => { one.open = true; }); 0")
    shade = "dark" if dark else "light"
    for number in range(len(EVERY)):
        page.run(f"document.querySelectorAll('{WIDGET}').forEach((one, at) => one.toggleAttribute('data-shot', at === {number}))")
        page.picture(ARTIFACTS / f"{shade}-{number}.png", "[data-shot]")
    assert page.run(AXE) == []
    assert page.problems == []
