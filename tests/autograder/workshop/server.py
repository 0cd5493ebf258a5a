"""A workshop as a teacher starts it: a process of its own over a copy of the course, and people who ask it for things."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from autograder.notebooks import read_answers
from tests.autograder.course_copy import ROOT, answered, environment
from tests.threadlab.widgets.conftest import free_port

SLUG = "first-turn"


def notebook(course: Path, answer: str) -> bytes:
    """The exercise with one of the known answers in it, as a tab sends it."""
    path = next((ROOT / "autograder" / "known_answers" / SLUG).glob(f"*/{answer}.py"))
    return json.dumps(answered(course, SLUG, path)).encode()


def cell_of(answer: str) -> str:
    """The text of such an answer's cell."""
    return read_answers(next((ROOT / "autograder" / "known_answers" / SLUG).glob(f"*/{answer}.py")))[0]["first_turn"]


def begun(course: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """`python -P -m` …, over a copy of the course, and what it has said by the time that it is open."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", *words],
        cwd=course,
        env=environment(course),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    greeting = ""
    for line in process.stdout:
        greeting += line
        if "Ctrl-C" in line:
            return process, greeting
    raise AssertionError(f"{words[0]} did not open: {greeting}")


class Workshop:
    """`options` are those of `course.py workshop`. It keeps its port over a restart, as a teacher's does."""

    def __init__(self, course: Path, edition: Path, *options: str) -> None:
        self.course, self._edition, self._options, self.port = course, edition, options, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.work = course / "autograder" / "work"
        self._process: subprocess.Popen[str] | None = None
        self.greeting = self.farewell = ""
        self.visitors = contextlib.ExitStack()

    def start(self) -> Workshop:
        edition = ("--edition", str(self._edition))
        self._process, self.greeting = begun(self.course, "autograder.workshop", "--port", str(self.port), *edition, *self._options)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            assert self._process.stdout is not None
            self.farewell = self._process.stdout.read()
            self._process.stdout.close()
            self._process.wait(20)
            self._process = None

    @property
    def code(self) -> str:
        found = re.search(r"with the code (\w+)", self.greeting)
        assert found is not None
        return found[1]

    @property
    def board(self) -> str:
        """The address with the teacher's key."""
        found = re.search(r"Board: +(\S+)", self.greeting)
        assert found is not None
        return found[1]

    def visitor(self) -> httpx2.Client:
        return self.visitors.enter_context(httpx2.Client(base_url=self.address, trust_env=False, timeout=20))

    def join(self, name: str, **more: str) -> httpx2.Client:
        """Somebody who has joined."""
        made = self.visitor()
        reply = made.post("/join", data={"code": self.code, "name": name, **more})
        assert reply.status_code == 200, reply.text
        return made

    def teacher(self) -> httpx2.Client:
        made = self.visitor()
        assert made.get(self.board, follow_redirects=True).status_code == 200
        return made


def act(teacher: httpx2.Client, do: str, **more: Any) -> str:
    """Press a button of the board; what it says then."""
    reply = teacher.post("/teacher/act", json={"do": do, **more})
    assert reply.status_code == 200, reply.text
    said: str = reply.json()["said"]
    return said


def number_of(teacher: httpx2.Client, name: str) -> int:
    """The number under which the board's buttons know somebody."""
    found = re.search(rf'aria-label="More about {re.escape(name)}".*?data-participant="(\d+)"', teacher.get("/teacher/").text, re.DOTALL)
    assert found is not None
    return int(found[1])


def until_graded(someone: httpx2.Client, number: int = 1, seconds: float = 90) -> dict[str, Any]:
    """What came of somebody's hand-in."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for one in someone.get("/room/me").json()["hand_ins"]:
            if one["number"] == number and one["state"] != "waiting":
                found: dict[str, Any] = one
                return found
        time.sleep(0.2)
    raise AssertionError("it was not graded")


@contextlib.contextmanager
def opened(workshop: Workshop) -> Iterator[Workshop]:
    try:
        yield workshop.start()
    finally:
        workshop.visitors.close()
        workshop.stop()
