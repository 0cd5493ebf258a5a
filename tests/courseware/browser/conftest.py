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

from tests.courseware.browser.tab import SUB_PATH, Tab, served, tab
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


@pytest.fixture(scope="session")
def one_browser(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """The one Chromium that most tests share: to start another one for each takes longer than many of them."""
    with tab(address, tmp_path_factory.mktemp("chromium") / "profile") as opened:
        yield opened


@pytest.fixture
def fresh_tab(one_browser: Tab) -> Iterator[Tab]:
    """A browser that has never been here. Nothing but the site may be asked for anything."""
    yield from _forgetting(one_browser, "all")


@pytest.fixture
def returning_tab(one_browser: Tab) -> Iterator[Tab]:
    """A browser that has the site in its cache, and nothing that was written here."""
    yield from _forgetting(one_browser, "indexeddb,local_storage")


def _forgetting(opened: Tab, what: str) -> Iterator[Tab]:
    origin = opened.address.removesuffix("/").removesuffix(SUB_PATH)
    opened.page.open("about:blank")
    opened.page.call("Storage.clearDataForOrigin", origin=origin, storageTypes=what)
    opened.asked.clear()
    yield opened
    assert opened.asked == []
