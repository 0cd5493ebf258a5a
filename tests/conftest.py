"""How the tests are spread over processes: those that share something dear stay together. And what was skipped, at the end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from tests.skips import summary

# No deadline: how long an example takes says more about the machine than about the code.
settings.register_profile("course", deadline=None, derandomize=True)  # a red run shows what a change broke, not what chance found
settings.register_profile("random", deadline=None)
settings.load_profile("course")

TOGETHER = (
    "tests/autograder/attacks/",
    "tests/autograder/browser/",
    "tests/autograder/hub/",
    "tests/autograder/judging/test_replay.py",
    "tests/course/test_wheel.py",
    "tests/courseware/browser/test_lessons.py",
    "tests/courseware/browser/",
    "tests/courseware/site/",
    "tests/threadlab/clients/",
    "tests/threadlab/widgets/test_browser.py",
)
"""A graded class, a JupyterLab, a Chromium, an environment full of packages: made once, if one process has all of these tests."""

BY_PARAMETER = ("tests/autograder/checks/test_exercises.py::test_known_answer",)
"""Tests of one parameter stay together: an answer is judged once, and asked twice what came of it."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """xdist's own groups go by names that pytest 9.2 no longer lets it write into the ids of tests."""
    from xdist.scheduler import LoadGroupScheduling

    class Together(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(BY_PARAMETER):
                return nodeid.partition("[")[2]
            return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)

    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was skipped is easily overlooked, and most of it can be had with one command."""
    lines = summary(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", []))
    if lines:
        terminalreporter.section("skipped tests, and what would bring them")
        for line in lines:
            terminalreporter.write_line(line)
