"""A class graded at once leaves what `nbgrader autograde` leaves: the same rows, the same files."""

import sqlite3

import nbformat
import pytest

from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, files, hand_in, rows

EXTRA = 'c.AssignLatePenalties.plugin_class = "late_by_the_hour.ByTheHour"\n'
PLUGIN = """
from nbgrader.plugins import BasePlugin

class ByTheHour(BasePlugin):
    def late_submission_penalty(self, student_id, score, seconds):
        return seconds / 3600
"""


def varied_class(course):
    """Right and wrong, early and late, with files, with cells that are missing or doubled, with none of the work."""
    right, *_ = [path for path in corpus() if path.parent.name == "right"]
    for path in corpus()[:6]:
        hand_in(course, f"{path.parent.name}-{path.stem}", answered(course, SLUG, path))
    solved = answered(course, SLUG, right)
    hand_in(course, "in-time", solved, timestamp="2026-01-01 10:00:00 UTC")
    hand_in(course, "late", solved, timestamp="2026-01-02 14:30:00 UTC")
    hand_in(course, "very-late", solved, timestamp="2026-01-09 12:30:00 UTC")
    folder = hand_in(course, "with files", solved, timestamp="2026-01-01 10:00:00 UTC")
    (folder / "data").mkdir()
    (folder / "data" / "größe [1].txt").write_text("1")
    (folder / "other.ipynb").write_text("{}")
    blank = nbformat.read(course / "exercises" / SLUG / f"{SLUG}.ipynb", as_version=4)
    hand_in(course, "blank", blank)
    fewer = solved.copy()
    fewer.cells = [cell for cell in solved.cells if not cell.metadata.get("nbgrader", {}).get("grade")]
    hand_in(course, "check-deleted", fewer)
    swapped = nbformat.from_dict(solved)
    swapped.metadata.kernelspec = {"name": "bash", "display_name": "Bash", "language": "bash"}
    hand_in(course, "other-kernel", swapped)
    hand_in(course, "broken", b"{not a notebook")
    loud = nbformat.from_dict(solved)
    loud.cells.append(nbformat.v4.new_code_cell("print('x\\n' * 5000)"))
    loud.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    hand_in(course, "loud", loud)


def prepared(course):
    clone(course)
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + EXTRA)
    (course / "late_by_the_hour.py").write_text(PLUGIN)
    command(course, "nbgrader", "generate_assignment", SLUG, "--force")
    with sqlite3.connect(course / "autograder" / "work" / "gradebook.db") as db:
        db.execute("update assignment set duedate = '2026-01-02 12:00:00.000000' where name = ?", (SLUG,))
    varied_class(course)
    return course


@pytest.mark.slow
def test_gradebook_and_graded_notebooks_are_as_from_stock_nbgrader(tmp_path):
    theirs, ours = prepared(tmp_path / "stock"), tmp_path / "ours"
    # One release for both, so that both grade the very same cells.
    import shutil

    shutil.copytree(theirs, ours)
    done = command(theirs, "nbgrader", "autograde", SLUG, "--ExecuteInSandbox.trust_submissions=True", code=None)
    assert "There was an error processing assignment" in done.stderr  # the broken one
    done = command(ours, "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2", code=1)
    assert "broken: could not be graded" in done.stderr
    for table, expected in rows(theirs).items():
        assert rows(ours)[table] == expected, table
    assert len(rows(ours)["student"]) == 15
    expected, found = files(theirs), files(ours)
    assert set(found) == set(expected)
    for name in expected:
        assert found[name] == expected[name], name
    penalties = dict(row[::2] for row in rows(ours)["submitted_notebook"])
    assert penalties[f"late/{SLUG}/{SLUG}"] == 2.5
    assert penalties[f"very-late/{SLUG}/{SLUG}"] == 10


@pytest.mark.slow
def test_manual_grade_survives_grading_again(tmp_path):
    theirs, ours = prepared(tmp_path / "stock"), tmp_path / "ours"
    import shutil

    command(theirs, "autograder", "grade", SLUG, "--trust-submissions", code=1)
    with sqlite3.connect(theirs / "autograder" / "work" / "gradebook.db") as db:
        db.execute("update grade set manual_score = 3.5, extra_credit = 1, needs_manual_grade = 0")
        db.execute("update comment set manual_comment = 'well done'")
        db.execute("update submitted_assignment set extension = '1970-01-02 00:00:00.000000'")
    shutil.copytree(theirs, ours)
    command(theirs, "nbgrader", "autograde", SLUG, "--force", "--ExecuteInSandbox.trust_submissions=True", code=None)
    command(ours, "autograder", "grade", SLUG, "--trust-submissions", "--force", code=1)
    for table, expected in rows(theirs).items():
        assert rows(ours)[table] == expected, table
