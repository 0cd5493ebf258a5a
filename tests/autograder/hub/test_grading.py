"""The service that grades on submission, over a clone of the course, without a hub around it: it is ended and started again at will."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import available
from tests.autograder.course_copy import SLUG, answered, corpus, environment, rows
from tests.autograder.hub.server import clone

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")]

LOOKS = """
import sys
from pathlib import Path
from autograder.hub.grading import Service
from autograder.hub.plan import Plan
service = Service(Plan(Path(sys.argv[1])), "threads", trust=sys.argv[2] == "trust")
print(service.look())
service.close()
"""


class Course:
    """A course whose exercise is released, and what has been handed in to it."""

    def __init__(self, folder: Path) -> None:
        self.course, self.data = clone(folder / "course"), folder / "data"
        self.place = self.data / "exchange" / "threads"
        for name in ("inbound", "outbound", "feedback"):
            (self.place / name).mkdir(parents=True)
        self.settings()
        self.exchange = {"THREADS_COURSE": "threads", "THREADS_EXCHANGE": str(self.data / "exchange")}
        (self.place / "outbound" / SLUG).mkdir()
        released = self.course / "exercises" / SLUG / f"{SLUG}.ipynb"
        (self.place / "outbound" / SLUG / released.name).write_bytes(released.read_bytes())
        self.known = {path.stem: path for path in corpus()}

    def settings(self, **more: object) -> None:
        lines = [f"{name} = {json.dumps(value)}" for name, value in more.items()]
        (self.data / "hub.toml").write_text("\n".join(["[courses.threads]", *lines, ""]))

    def hand_in(self, student: str, known: str, minute: int) -> Path:
        folder = self.place / "inbound" / f"{student}+{SLUG}+2026-11-02 10:{minute:02}:00.000000 UTC+x"
        folder.mkdir()
        text = json.dumps(answered(self.course, SLUG, self.known[known])) if known in self.known else known
        (folder / f"{SLUG}.ipynb").write_text(text)
        folder.chmod(0o777)
        return folder

    def look(self) -> int:
        """Start the service, let it look once, and end it; how much it graded."""
        words = [sys.executable, "-c", LOOKS, str(self.data), "sandbox" if available().complete else "trust"]
        env = environment(self.course, **self.exchange)
        done = subprocess.run(words, cwd=self.course, env=env, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        self.said = done.stderr
        return int(done.stdout.split()[-1])

    def pages(self) -> list[str]:
        return sorted(path.read_text() for path in (self.place / "feedback").glob("*.html"))

    def scores(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for notebook, _, auto, *_ in rows(self.course)["grade"]:
            student = str(notebook).split("/")[0]
            found[student] = found.get(student, 0.0) + float(str(auto or 0))
        return found


def test_service_grades_when_it_is_switched_on_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    course = Course(tmp_path)
    course.hand_in("ada", "no_run", 0)
    assert course.look() == 0
    assert course.pages() == []

    course.settings(grade_on_submission=True)
    broken = course.hand_in("eve", "{this is no notebook", 1)
    (broken / "timestamp.txt").mkdir()
    (broken / "link.txt").symlink_to("/etc/passwd")
    assert course.look() == 2
    ada, eve = course.pages() if "by ada" in course.pages()[0] else course.pages()[::-1]
    assert "no run was created" in ada
    assert "could not be graded" in eve
    assert 0 < course.scores()["ada"] < 10
    assert "link.txt was left out" in course.said

    # Another process, which knows nothing of the first: what was graded stays, what is new is graded.
    kept = (course.course / "autograder" / "work" / "records" / SLUG / "ada.json").read_bytes()
    course.hand_in("bob", "step_by_step", 2)
    assert course.look() == 3
    assert (course.course / "autograder" / "work" / "records" / SLUG / "ada.json").read_bytes() == kept
    assert course.scores()["bob"] == 10
    assert len(course.pages()) == 3
    assert not any("10.0 / 10.0" in page for page in course.pages())

    # Marks at once, for what comes from then on.
    course.settings(grade_on_submission=True, feedback="marks")
    course.hand_in("ada", "step_by_step", 3)
    course.look()
    assert course.scores()["ada"] == 10
    marks = [page for page in course.pages() if "10.0 / 10.0" in page]
    assert len(marks) == 2

    # What has marks keeps them when the teacher goes back to pages without.
    course.settings(grade_on_submission=True)
    course.look()
    assert [page for page in course.pages() if "10.0 / 10.0" in page] == marks
