"""The browser edition, built once, and tabs on it. Skipped where there is no Chromium or no npm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.courseware.browser.tab import Tab, served, tab
from tests.threadlab.widgets import chrome

ROOT = Path(__file__).resolve().parents[3]
ARTIFACTS = ROOT / "tests" / "artifacts" / "browser"
GIVEN = "THREADS_BROWSER_SITE"
"""The folder of a site that is built already, to spare the build while one works on the tests."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `course.py browser` makes."""
    if chrome.binary() is None:
        pytest.skip("there is no Chromium here")
    if given := os.environ.get(GIVEN):
        return Path(given)
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    shared = tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()
    folder = shared / "browser-site"
    with FileLock(shared / "browser-site.lock"):
        if not (folder / "course.json").exists():
            command = [sys.executable, "-P", "-m", "courseware.browser", str(folder)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
            assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where that folder is served."""
    with served(site) as at:
        yield at


@pytest.fixture
def fresh_tab(address: str, tmp_path: Path) -> Iterator[Tab]:
    """A browser that has never been here. Nothing but the site may be asked for anything."""
    with tab(address, tmp_path / "profile") as opened:
        yield opened
        assert opened.asked == []
