"""A hub as a teacher starts it: a process of its own over a clone of the course, and people in browsers."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from autograder.hub import proxy
from tests.autograder.course_copy import ROOT
from tests.autograder.workshop.server import SLUG, begun, cell_of
from tests.course.tiny import git_clone
from tests.courseware.browser.tab import Tab, tab
from tests.threadlab.widgets.chrome import binary

PICTURES = ROOT / "tests" / "artifacts" / "hub"
LONG = 240.0
"""Seconds of patience: five browsers and as many servers share two processors."""


def needed(browsers: bool = True) -> None:
    """Skip with a sentence where a hub, or people in browsers, cannot be had."""
    if sys.platform != "linux":
        pytest.skip("the hub keeps people apart with namespaces, which are Linux's")
    if browsers and binary() is None:
        pytest.skip("there is no Chromium here")
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None or proxy.major(node) < proxy.OLDEST:
        pytest.skip(f"Node.js {proxy.OLDEST} and npm are not here: the hub's proxy needs them")


def clone(to: Path) -> Path:
    """A git clone of the course as it is in this folder, changes that are not committed included."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    return git_clone(to)


def free_ports() -> int:
    """The first of some numbers in a row that nobody uses."""
    for first in range(20_000, 30_000, 40):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + 14):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError("no ports are free")


class Hub:
    """`settings` is what `hub.toml` says; `options` are those of `course.py hub`."""

    def __init__(self, course: Path, settings: str, *options: str) -> None:
        self.course, self._options, self.port = course, options, free_ports()
        self.address = f"http://127.0.0.1:{self.port}"
        self.work = course / "autograder" / "work"
        self.data = self.work / "hub"
        self.exchange = self.data / "exchange"
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "hub.toml").write_text(settings)
        self._process: subprocess.Popen[str] | None = None
        self.greeting = self.farewell = ""

    def start(self) -> Hub:
        self._process, self.greeting = begun(self.course, "autograder.hub", "--port", str(self.port), *self._options)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self.farewell, _ = self._process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def kill(self) -> None:
        """As a power cut does it to the hub, if not to its children."""
        assert self._process is not None
        for one in [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children()]:
            one.kill()
        self._process.communicate()
        self._process = None

    @property
    def passwords(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / "passwords.json").read_text())
        return found

    @property
    def log(self) -> str:
        return (self.data / "hub.log").read_text(errors="replace")


@contextlib.contextmanager
def opened(hub: Hub) -> Iterator[Hub]:
    try:
        yield hub.start()
    finally:
        with contextlib.suppress(OSError):
            PICTURES.mkdir(parents=True, exist_ok=True)
            shutil.copy(hub.data / "hub.log", PICTURES / "hub.log")
        hub.stop()


class Person:
    """Somebody in a browser, who reaches the hub and nothing else."""

    def __init__(self, hub: Hub, tab: Tab, name: str) -> None:
        self.hub, self.tab, self.page, self.name = hub, tab, tab.page, name
        self.run, self.until = tab.run, tab.until

    def picture(self, name: str) -> None:
        self.page.picture(PICTURES / f"{self.name}-{name}.png")

    def click(self, selector: str, text: str = "") -> None:
        """The first element that fits, and whose text this is, if one is named."""
        one = f"[...document.querySelectorAll({json.dumps(selector)})].find(one => one.innerText.trim().startsWith({json.dumps(text)}))"
        self.until(one, LONG)
        self.run(f"({one}).click(), true")

    def sign_in(self, password: str) -> None:
        """Through the hub's own page, until the person's JupyterLab is there."""
        self.page.open(f"{self.hub.address}/hub/login")
        self.until("document.querySelector('#username_input')", LONG)
        for field, value in (("username", self.name), ("password", password)):
            self.run(f"document.querySelector('#{field}_input').focus(), true")
            self.page.call("Input.insertText", text=value)
        self.picture("signs-in")
        self.run("document.querySelector('#login_submit').click(), true")
        self.lab()

    def lab(self) -> None:
        self.until("window.jupyterapp?.shell?.currentWidget && document.querySelector('.jp-Notebook .jp-Cell')", LONG)

    def visit(self, path: str) -> None:
        self.page.open(self.hub.address + path)

    def command(self, name: str) -> None:
        """One of the entries in Lab's menus."""
        self.until(f"window.jupyterapp?.commands?.hasCommand({json.dumps(name)})", LONG)
        self.run(f"jupyterapp.commands.execute({json.dumps(name)}).then(() => true)")

    def fetch(self, slug: str = SLUG) -> None:
        """The exercise, from the list of what was released; then it is opened."""
        self.command("nbgrader:open-assignment-list")
        self.click("#released_assignments_list .list_item button", "Fetch")
        self.until(f"document.querySelector('#fetched_assignments_list').innerText.includes({json.dumps(slug)})", LONG)
        self.picture("fetched")
        self.tab.open(f"exercises/{slug}/{slug}.ipynb")

    def answer(self, name: str) -> None:
        """Write one of the known answers into the exercise's answer cell, and save."""
        self.write(cell_of(name))

    def write(self, text: str) -> None:
        """Write this into the exercise's answer cell, and save."""
        script = """(text => {
            const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
            cells.find(cell => cell.getMetadata("nbgrader")?.solution).sharedModel.setSource(text);
            return jupyterapp.shell.currentWidget.context.save().then(() => true);
        })"""
        assert self.run(f"{script}({json.dumps(text)})")

    def submit(self) -> None:
        self.command("nbgrader:open-assignment-list")
        before = self.run(f"({SUBMITTED}).length")
        self.click("#fetched_assignments_list button", "Submit")
        self.until(f"({SUBMITTED}).length > {before}", LONG)

    def feedback(self, has: str) -> str:
        """Ask for feedback until the newest page says this; its text."""
        self.command("nbgrader:open-assignment-list")
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            self.click(f"{LIST} button", "Fetch Feedback")
            for _ in range(20):
                if (newest := self.newest_page()) and has in (text := newest.read_text()):
                    self.picture("feedback-fetched")
                    return text
                time.sleep(0.1)
        raise AssertionError(f"{self.name} got no feedback: {self.hub.log[-3000:]}")

    def formgrader(self, column: str, name: str) -> None:
        """Press the button in this column of the row of an assignment or a student, and close what comes of it."""
        row = f"[...document.querySelectorAll('#main-table tr')].find(one => one.innerText.includes({json.dumps(name)}))"
        self.until(f"({row})?.querySelector('td.{column} a')", LONG)
        self.run(f"({row}).querySelector('td.{column} a').click(), true")
        self.until("document.querySelector('.modal.in .modal-body, .modal.show .modal-body')", LONG)
        self.picture(f"formgrader-{column}")
        assert "Success" in self.run("document.querySelector('.modal.in, .modal.show').innerText")
        self.page.call("Page.reload")
        self.until(row, LONG)

    def newest_page(self) -> Path | None:
        pages = sorted((self.home / "threads" / "exercises").glob("*/feedback/*/*.html"), key=lambda page: page.parent.name)
        return pages[-1] if pages else None

    @property
    def home(self) -> Path:
        return self.hub.data / "homes" / self.name

    def page_of_feedback(self, picture: str) -> str:
        """The page as the browser shows it."""
        newest = self.newest_page()
        assert newest is not None
        inside = newest.relative_to(self.home / "threads").as_posix()
        self.visit(f"/user/{self.name}/files/{quote(inside)}")
        self.until("document.readyState === 'complete' && document.querySelector('h1, h2, h4')", LONG)
        self.picture(picture)
        text: str = self.run("document.body.innerText")
        return text


LIST = "#submitted_assignments_list"
SUBMITTED = "[...document.querySelectorAll('#submitted_assignments_list .list_item')]"


@contextlib.contextmanager
def person(hub: Hub, name: str, profiles: Path) -> Iterator[Person]:
    with tab(hub.address, profiles / name, patience=LONG) as made:
        one = Person(hub, made, name)
        try:
            yield one
        except BaseException:
            one.picture("missing")
            raise


def uid_of(hub: Hub, name: str) -> int:
    known: dict[str, int] = json.loads((hub.data / "accounts.json").read_text())
    return known[name]
