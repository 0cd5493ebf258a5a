"""nbgrader's exchange between a teacher and a student who have accounts of their own: nothing of ours is in its way."""

import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest

from tests.autograder.classroom.people import people
from tests.autograder.classroom.test_as_stock import EXTRA as BY_THE_HOUR
from tests.autograder.classroom.test_as_stock import PLUGIN
from tests.autograder.course_copy import SLUG, answered, clone, corpus, rows

SETTINGS = 'c = get_config()\nc.Exchange.root = "{}"\nc.CourseDirectory.course_id = "threads"\n'


@pytest.fixture
def base():
    """A folder that everybody may pass; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="exchange-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def due(course, when):
    with sqlite3.connect(course / "autograder" / "work" / "gradebook.db") as db:
        db.execute("update assignment set duedate = ? where name = ?", (f"{when:%Y-%m-%d %H:%M:%S.000000}", SLUG))


@pytest.mark.slow
def test_exchange_carries_submissions_and_feedback(base):
    with people(base, "teacher", "student") as (teacher, student):
        exchange = base / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)
        course = clone(base / "teacher" / "course")
        config = course / "autograder" / "nbgrader_config.py"
        config.write_text(config.read_text() + f'\nc.Exchange.root = "{exchange}"\n{BY_THE_HOUR}')
        (course / "late_by_the_hour.py").write_text(PLUGIN)
        teacher.owns(base / "teacher")
        (base / "teacher").chmod(0o700)
        (base / "student" / ".jupyter").mkdir()
        (base / "student" / ".jupyter" / "nbgrader_config.py").write_text(SETTINGS.format(exchange))
        student.owns(base / "student")

        def teaches(*words):
            return teacher.run(*words, cwd=course / "autograder", PYTHONPATH=str(course))

        def hands_in(name):
            nbformat.write(answered(course, SLUG, path[name]), base / "student" / SLUG / f"{SLUG}.ipynb")
            student.run("nbgrader", "submit", SLUG)

        def graded():
            teaches("nbgrader", "collect", SLUG, "--update")
            teaches("autograder", "grade", SLUG, "--trust-submissions", "--feedback")
            return rows(course)["grade"][0][2]

        path = {one.stem: one for one in corpus()}
        teaches("nbgrader", "generate_assignment", SLUG, "--force")
        due(course, datetime.now(UTC) + timedelta(days=1))
        teaches("nbgrader", "release_assignment", SLUG)
        student.run("nbgrader", "fetch_assignment", SLUG)
        assert (base / "student" / SLUG / f"{SLUG}.ipynb").stat().st_uid == student.uid
        hands_in("no_run")
        early = graded()
        assert early < 10
        teaches("nbgrader", "release_feedback", SLUG)
        student.run("nbgrader", "fetch_feedback", SLUG)
        (page,) = (base / "student" / SLUG / "feedback").glob(f"*/{SLUG}.html")
        assert "[FAIL]" in page.read_text()
        assert page.stat().st_uid == student.uid

        # The second one is better, and late.
        due(course, datetime.now(UTC) - timedelta(hours=2))
        hands_in("one_request")
        assert graded() == 10
        ((name, _, timestamp, _),) = rows(course)["submitted_assignment"]
        assert name == student.name
        assert datetime.fromisoformat(timestamp).replace(tzinfo=UTC) > datetime.now(UTC) - timedelta(minutes=10)
        ((_, _, penalty),) = rows(course)["submitted_notebook"]
        assert penalty == pytest.approx(2, abs=0.2)  # a point an hour

        # What is the teacher's stays the teacher's.
        said = student.run("json.tool", str(course / "solutions" / SLUG / f"{SLUG}.ipynb"), code=None)
        assert "Permission denied" in said
