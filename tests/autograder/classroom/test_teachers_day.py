"""A teacher's day with the files that real classes hand in: times, names, late work, plugins, forgetting. A line each."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import msgspec
import nbformat
import pytest
from sqlalchemy.exc import OperationalError

from autograder.classroom.assignment import Record
from autograder.classroom.forgetting import forget
from autograder.classroom.grader import _of_another
from autograder.classroom.nbgrader_steps import nbgrader_api, not_looked_at
from autograder.classroom.one_grader import alone
from autograder.classroom.released import Release
from autograder.classroom.report import REPORTS, ClassReport, Row
from autograder.classroom.similar import Similar
from autograder.judging import hidden
from autograder.judging.prepared import MarkedCell, ReleasedNotebook
from autograder.lms import handed_in_at
from autograder.notebooks import read
from tests.autograder.course_copy import ROOT, SLUG, answered, clone, command, corpus, environment, hand_in
from threadlab.errors import ThreadlabError

PLUGIN = """
from nbgrader.plugins import BasePlugin

class SubMarks(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return round(total_seconds_late / 3600, 0)
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2026-11-02 10:00:00 UTC", "2026-11-02 10:00:00"),
        (b"2026-11-02 10:00:00.250000 UTC", "2026-11-02 10:00:00.250000"),
        (b"2026-11-02T10:00:00Z", "2026-11-02 10:00:00"),
        (b"2026-11-02T10:00:00+01:00", "2026-11-02 09:00:00"),
        (b"2026-11-02 10:00 CET", "2026-11-02 09:00:00"),
        ("2026-11-02 10:00:00 UTC".encode("utf-8-sig"), "2026-11-02 10:00:00"),
        ("2026-11-02 10:00:00 UTC".encode("utf-16"), "2026-11-02 10:00:00"),
    ],
)
def test_time_that_is_certain_is_read(text: bytes, expected: str) -> None:
    assert handed_in_at.read(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is empty"),
        (b"But I want to be a timestamp string :(", "cannot be read"),
        (b"02.11.2026 10:00", "can be read in two ways"),
        (b"11/02/2026 10:00", "can be read in two ways"),
        (b"2026-11-02 10:00 CST", "stands for more than one zone"),
        (b"2026-11-02 10:00 PM", "has twelve hours and no zone"),
        (b"2026-02-31 10:00:00 UTC", "is not a date in the calendar"),
        (b"0001-01-01 00:00:00+14:00", "is not a date in the calendar"),
        (b"\xff\xfe\xff", "not UTF-8"),
        (b"\x81\x82", "not UTF-8"),
    ],
)
def test_time_that_is_not_certain_is_named_and_set_aside(tmp_path: Path, text: bytes, why: str) -> None:
    (tmp_path / "timestamp.txt").write_bytes(text)
    handed_in_at.put_right(tmp_path)
    moment, said = handed_in_at.of(tmp_path)
    assert moment is None
    assert why in said[0]
    assert not (tmp_path / "timestamp.txt").exists(), "nbgrader and its formgrader stop at a time that they cannot read"


def test_second_grader_is_told_of_the_first(tmp_path: Path) -> None:
    with alone(tmp_path) as first:
        assert first == ""
        with alone(tmp_path) as second:
            assert "is being graded already, by process" in second
    with alone(tmp_path) as third:
        assert third == ""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A class that was graded after the due date was set and the manual's late-penalty plugin put beside the configuration."""
    course = clone(tmp_path_factory.mktemp("day"))
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    (course / "autograder" / "late.py").write_text(PLUGIN)
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.AssignLatePenalties.plugin_class = 'late.SubMarks'\n")
    hand_in(course, "late", right, timestamp="2026-11-02 13:00:00 UTC")
    hand_in(course, "early", right, timestamp="2026-11-02 09:00:00 UTC")
    hand_in(course, "unclear", right, timestamp="02.11.2026 13:00")
    folder = hand_in(course, "renamed", right)
    (folder / f"{SLUG}.ipynb").rename(folder / f"{SLUG} (1).ipynb")
    folder = hand_in(course, "other", b"{}")
    (folder / f"{SLUG}.ipynb").rename(folder / "homework.ipynb")
    command(course, "nbgrader", "generate_assignment", SLUG, "--create", "--force")
    with sqlite3.connect(course / "autograder" / "work" / "gradebook.db") as db:
        db.execute("update assignment set duedate = '2026-11-02 10:00:00.000000' where name = ?", (SLUG,))
    # As course.py starts it, Python takes no module from the folder that it is started in.
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", "--feedback", code=1, PYTHONSAFEPATH="1")
    return course, done.stdout + done.stderr


def record(course: Path, student: str) -> Record:
    return msgspec.json.decode((course / "autograder/work/records" / SLUG / f"{student}.json").read_bytes(), type=Record)


@pytest.mark.slow
def test_penalty_of_a_plugin_beside_the_configuration_is_taken_off_and_shown(day: tuple[Path, str]) -> None:
    course, said = day
    assert (record(course, "late").score, record(course, "late").penalty) == (7, 3)
    assert record(course, "early").score == 10
    assert "3 for being late" in said


@pytest.mark.slow
def test_report_shows_what_was_taken_off(day: tuple[Path, str]) -> None:
    course, _ = day
    command(course, "autograder", "report", SLUG)
    reports = course / "autograder/work/reports"
    assert '<th scope="row">late</th><td>7</td><td>3 for being late</td>' in (reports / f"{SLUG}.html").read_text()
    with (reports / f"{SLUG}.csv").open() as file:
        assert {row["student"]: row["taken off for being late"] for row in csv.DictReader(file)}["late"] == "3"


LISTED = f"""
import json
from autograder.classroom.nbgrader_steps import nbgrader_api
api = nbgrader_api()
print(json.dumps([sorted(api.get_autograded_students({SLUG!r})), sorted(one["student"] for one in api.get_submissions({SLUG!r}))]))
"""


@pytest.mark.slow
def test_formgrader_lists_everybody_beside_an_unclear_time(day: tuple[Path, str]) -> None:
    """By the calls that its page of submissions makes."""
    course, _ = day
    done = subprocess.run([sys.executable, "-c", LISTED], cwd=course, env=environment(course), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["early", "late", "renamed", "unclear"], ["early", "late", "other", "renamed", "unclear"]]


@pytest.mark.slow
def test_renamed_notebook_is_graded_and_named(day: tuple[Path, str]) -> None:
    course, said = day
    assert record(course, "renamed").score == 10
    assert f"handed in as {SLUG} (1).ipynb" in said


@pytest.mark.slow
def test_notebook_of_another_name_and_content_is_named_with_what_was_expected(day: tuple[Path, str]) -> None:
    assert f"{SLUG}.ipynb was expected, and homework.ipynb is there" in day[1]


@pytest.mark.slow
def test_unclear_time_costs_nobody_else_a_page(day: tuple[Path, str]) -> None:
    course, said = day
    assert "can be read in two ways" in said
    assert {path.parent.parent.name for path in (course / "autograder/work/feedback").glob("*/*/*.html")} == {
        "late",
        "early",
        "unclear",
        "renamed",
    }


@pytest.mark.slow
def test_extension_means_another_grading_and_forget_leaves_nothing(day: tuple[Path, str]) -> None:
    """In this order, on the class of the other tests."""
    course, _ = day
    with sqlite3.connect(course / "autograder" / "work" / "gradebook.db") as db:
        db.execute("update submitted_assignment set extension = '1970-01-01 05:00:00.000000' where student_id = 'late'")
    command(course, "autograder", "grade", SLUG, "--trust-submissions", code=1)
    assert (record(course, "late").score, record(course, "late").penalty) == (10, 0)

    command(course, "autograder", "report", SLUG)
    done = command(course, "autograder", "forget", "late")
    assert "What this cannot reach" in done.stdout
    left = [path for path in (course / "autograder" / "work").rglob("*") if "late" in path.parts or path.stem == "late"]
    assert left == []
    with sqlite3.connect(course / "autograder" / "work" / "gradebook.db") as db:
        assert db.execute("select count(*) from student where id = 'late'").fetchone() == (0,)
    assert not any('"late"' in path.read_text(errors="replace") for path in (course / "autograder/work/reports").glob("*"))


@pytest.mark.slow
def test_other_due_date_or_plugin_means_another_grading(day: tuple[Path, str]) -> None:
    course, _ = day
    hand_in(course, "slow", answered(course, SLUG, corpus()[0]), timestamp="2026-11-02 13:00:00 UTC")
    command(course, "autograder", "grade", SLUG, "--trust-submissions", code=1)
    assert record(course, "slow").penalty == 3

    command(course, "nbgrader", "db", "assignment", "add", SLUG, "--duedate=2026-11-02 11:00:00 UTC")
    command(course, "autograder", "grade", SLUG, "--trust-submissions", code=1)
    assert record(course, "slow").penalty == 2

    (course / "autograder" / "late.py").write_text(PLUGIN.replace("/ 3600", "/ 7200"))
    command(course, "autograder", "grade", SLUG, "--trust-submissions", code=1)
    assert record(course, "slow").penalty == 1


@pytest.mark.slow
def test_plugin_that_fails_stops_once_with_its_line(day: tuple[Path, str]) -> None:
    course, _ = day
    (course / "autograder" / "late.py").write_text(PLUGIN.replace("round(", "rond("))
    hand_in(course, "later", json.loads(json.dumps(answered(course, SLUG, corpus()[0]))), timestamp="2026-11-02 13:00:00 UTC")
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", code=2)
    assert "late.py, line 6" in done.stderr
    assert done.stderr.count("The late-penalty plugin fails") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_scene_of_the_guide_grades_and_one_that_cannot_be_set_up_stops_once(tmp_path: Path) -> None:
    course = clone(tmp_path)
    (course / "autograder" / "hidden").mkdir()
    kept_back = course / "autograder" / "hidden" / f"{SLUG}.py"
    shown = "\n".join(line[4:] for line in (hidden.__doc__ or "").splitlines() if line.startswith("    "))
    kept_back.write_text(shown)
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    for student in ("ann", "bob"):
        hand_in(course, student, right)
    command(course, "autograder", "grade", SLUG, "--trust-submissions")
    assert [record(course, student).score for student in ("ann", "bob")] == [10, 10]

    kept_back.write_text(shown.replace('_asking("slow")', '_asking("slow", args)'))
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", code=2)
    assert "the scene 'a slow answer' cannot be set up: NameError: name 'args' is not defined" in done.stderr
    assert f"{SLUG}.py, line " in done.stderr
    assert done.stderr.count("NameError") == 1
    assert "Traceback" not in done.stderr
    for student in ("ann", "bob"):
        assert (course / "autograder/work/autograded" / student / SLUG / f"{SLUG}.ipynb").is_file()


MISFITS = {
    "arguments of another exercise": 'Scene("odd", lambda: World(_asking("secret")), lambda made: [*_args(made), "one more"])',
    "slower than a trial may be": 'Scene("odd", lambda: World(_asking("secret"), scenario="slow:100000"), _args)',
}


@pytest.mark.slow
@pytest.mark.parametrize("scene", MISFITS.values(), ids=MISFITS)
def test_hidden_scene_that_the_solution_does_not_pass_stops_before_anybody_is_graded(tmp_path: Path, scene: str) -> None:
    course = clone(tmp_path)
    (course / "autograder" / "hidden").mkdir()
    (course / "autograder" / "hidden" / f"{SLUG}.py").write_text(
        "from autograder.judging.behaviours import Scene\nfrom autograder.checks.first_turn import _args, _asking\n"
        f"from threadlab.trials.trial import World\nSCENES = {{'first_turn': [{scene}]}}\nMUST_HOLD = {{'odd': ['returns_the_answer']}}\n"
    )
    hand_in(course, "ann", answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right")))

    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", code=None)

    assert done.returncode == 2
    assert "the course's own solution loses returns_the_answer in the scene 'odd'" in " ".join(done.stderr.split())
    assert not (course / "autograder" / "work" / "records" / SLUG).exists()


def test_notebook_of_another_exercise_is_said_to_be_one() -> None:
    cells = [MarkedCell("1", "check_first_turn", 10)], [MarkedCell("2", "first_turn")]
    release = Release("1", SLUG, None, [ReleasedNotebook("1", SLUG, "", [], *cells, [])])

    def said(slug: str) -> list[str]:
        return _of_another(read(ROOT / "exercises" / slug / f"{slug}.ipynb"), release, SLUG)

    assert said(SLUG) == []
    assert said("sixth-message") == [
        "It has the cells of sixth-message, and was handed in as first-turn: put it into a folder sixth-message, and grade that."
    ]
    assert _of_another(nbformat.v4.new_notebook(), release, SLUG) == []


@pytest.mark.slow
def test_report_and_replay_before_any_grading_say_that_grading_helps(tmp_path: Path) -> None:
    course = clone(tmp_path / "course")
    for words in (("report", SLUG), ("replay", SLUG, "jo")):
        assert f"python3 course.py grade {SLUG}" in command(course, "autograder", *words, code=2).stderr


def test_what_lies_where_grading_does_not_look_is_named(tmp_path: Path) -> None:
    api = nbgrader_api(root=str(tmp_path))
    top = tmp_path / api.coursedir.submitted_directory
    assert not_looked_at(api) == []
    for place in (
        f"right/{SLUG}/{SLUG}.ipynb",
        f"right/{SLUG}/more/notes.ipynb",
        f"caps/{SLUG.title()}/{SLUG}.ipynb",
        f"Jane Doe_11_assignsubmission_file_/{SLUG}.ipynb",
        "deep/week 2/mine/a.ipynb",
        "zipped/work.ZIP",
        f"saved/.ipynb_checkpoints/{SLUG}.ipynb",
        "none/data/table.csv",
        "loose.ipynb",
    ):
        (top / place).parent.mkdir(parents=True, exist_ok=True)
        (top / place).touch()
    said = not_looked_at(api)
    named = ["", "Jane Doe_11_assignsubmission_file_", f"caps/{SLUG.title()}", "deep/week 2", "zipped"]
    assert [line.partition(": was not looked at.")[0] for line in said] == [str(top / one) for one in named]
    assert [f"Rename it to {SLUG}." in line for line in said] == [one.startswith("caps") for one in named]
    for number in range(30):
        (top / f"s{number}").mkdir()
        (top / f"s{number}" / "a.ipynb").touch()
    assert len(not_looked_at(api)) == 21
    assert not_looked_at(api)[-1] == "Nor was what is in 15 more such folders."


# ---- forgetting


def kept(root: Path, reports: dict[str, str], *students: str) -> SimpleNamespace:
    """A course's folder in which these have handed in, with these reports; returns nbgrader's interface to it, without a gradebook."""
    places = {"submitted_directory": "submitted", "autograded_directory": "autograded", "feedback_directory": "feedback"}
    for student in students:
        (root / "submitted" / student).mkdir(parents=True)
    (root / REPORTS).mkdir(parents=True)
    for name, text in reports.items():
        (root / REPORTS / name).write_text(text)
    return SimpleNamespace(coursedir=SimpleNamespace(**places, db_url=f"sqlite:///{root}/gradebook.db"))


@pytest.mark.parametrize("nobody", ["00righ", "sixth-message", "score"])
def test_forgetting_nobody_takes_nothing_away(tmp_path: Path, nobody: str) -> None:
    api = kept(tmp_path, {"sixth-message.csv": '"student","score"\n"00right","16"\n', "sixth-message.json": '{"rows": []}'}, "00right")
    before = sorted(tmp_path.rglob("*"))
    assert forget(nobody, api, tmp_path) == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "text", "gone"),
    [
        ("jo", '"jo","16"', True),
        ("jo", "<td>ann, jo</td>", True),
        ("jo", "<summary>jo: 3 of 16</summary>", True),
        ("jo", "Ann and jo.", True),
        ("jo", '"jo-ann","16"', False),
        ("jo", '"jo.roe@uni.edu"', False),
        ("jo", '"ann.jo","mojo","jo@uni.edu"', False),
        ("-x", '"\'-x","3"', True),
        ('a"b', '{"student": "a\\"b"}', True),
        ('a"b', '"a""b"', True),
        ("a&b", "<td>a&amp;b</td>", True),
    ],
)
def test_forgetting_somebody_takes_the_reports_that_have_the_whole_name(tmp_path: Path, name: str, text: str, gone: bool) -> None:
    api = kept(tmp_path, {"a.txt": text}, name)
    forget(name, api, tmp_path)
    assert (tmp_path / REPORTS / "a.txt").exists() != gone


def test_somebody_who_is_in_a_report_only_is_forgotten_too(tmp_path: Path) -> None:
    report = ClassReport("first-turn", "First", 10, [Row("jo", 7, [], 0.1, [], "")], [], [], Similar([], 0, 0))
    api = kept(tmp_path, {"first-turn.json": msgspec.json.encode(report).decode(), "bad.json": "{", "first-turn.csv": '"jo","7"'})
    assert len(forget("jo", api, tmp_path)) == 2
    assert [path.name for path in (tmp_path / REPORTS).iterdir()] == ["bad.json"]


def test_forgetting_makes_no_gradebook_and_one_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    def locked() -> None:
        raise OperationalError("", {}, Exception("attempt to write a readonly database"))

    class Api(SimpleNamespace):
        gradebook = property(lambda self: locked())

    api = Api(**vars(kept(tmp_path, {})))
    assert forget("jo", api, tmp_path) == []
    assert not (tmp_path / "gradebook.db").exists()
    (tmp_path / "gradebook.db").touch()
    with pytest.raises(ThreadlabError, match="cannot be written: attempt to write a readonly database"):
        forget("jo", api, tmp_path)
