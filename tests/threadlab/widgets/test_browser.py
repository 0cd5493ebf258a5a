"""The widgets as a reader meets them: in JupyterLab, in a headless Chromium. Each test is named after the mistake it catches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.threadlab.widgets.chrome import Page
from tests.threadlab.widgets.conftest import ARTIFACTS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("lab")]
Open = Callable[..., Page]

RACE = """
from threadlab.race import SIXTH, five_messages, hurried
from threadlab.trial import ASYNC_CLIENT, World
from threadlab.widgets import Race

world = World(five_messages)
Race(hurried, ASYNC_CLIENT, *world.given, SIXTH, world=world)
"""
WIDGET = ".threadlab-w"


def said(page: Page) -> str:
    return str(page.run(f"document.querySelector('{WIDGET} [role=status]').innerText"))


def test_race_cannot_be_stepped_or_chosen(notebook: Open) -> None:
    page = notebook(RACE)
    page.picture(ARTIFACTS / "race.png")
    page.picture(ARTIFACTS / "race-widget.png", WIDGET)
    assert page.problems == []
