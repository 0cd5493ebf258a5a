"""A class full of attackers, with honest students between them, graded as a teacher grades.

No attack earns a point, none harms another's result or the machine, and the report has a line about each.
"""

import os
import sys
from pathlib import Path

import msgspec
import nbformat
import pytest

from autograder.classroom import Record
from autograder.sandbox import available
from tests.autograder.attacks.attacks import ANSWERS, CELLS, EDITS, RAW, submissions
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in, rows

HONEST = 3
NAMES = [*CELLS, *ANSWERS, *EDITS, *RAW, "links_to_others", "notebook_is_a_link", "strange_file_names", "fifty_megabytes"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The records of everybody, and the course."""
    if not available().complete:
        pytest.skip(available().sentence())
    course = clone(tmp_path_factory.mktemp("attacked"))
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ExecuteInSandbox.timeout = 4\n")
    (course / "autograder" / "hidden").mkdir(exist_ok=True)
    (course / "autograder" / "hidden" / "first-turn.py").write_text("SCENES = {}\n# the hidden text\n")
    work = course / "autograder" / "work"
    blank = nbformat.read(course / "exercises" / SLUG / f"{SLUG}.ipynb", as_version=4)
    for name, notebook in submissions(blank, work=work, course=course, pid=os.getpid()).items():
        hand_in(course, name, notebook)
    right = next(path for path in corpus() if path.parent.name == "right")
    for number in range(HONEST):
        hand_in(course, f"{'ahoz'[number]}-honest-{number}", answered(course, SLUG, right))
    hand_in(course, "honest-1", answered(course, SLUG, right))
    folder = hand_in(course, "links_to_others", blank)
    (folder / "book.db").symlink_to(work / "gradebook.db")
    (folder / "all").symlink_to(course, target_is_directory=True)
    folder = hand_in(course, "notebook_is_a_link", blank)
    (folder / f"{SLUG}.ipynb").unlink()
    (folder / f"{SLUG}.ipynb").symlink_to(work / "submitted" / "honest-1" / SLUG / f"{SLUG}.ipynb")
    folder = hand_in(course, "strange_file_names", blank)
    for name in ("-rf", "a\nb", "$(touch x)", "<b>.txt", "ü" * 60, "sitecustomize.py", "openai.py", "..hidden"):
        (folder / name).write_text("raise SystemExit(1)")
    big = nbformat.from_dict(blank)
    big.cells.append(nbformat.v4.new_markdown_cell("x" * 50_000_000))
    hand_in(course, "fifty_megabytes", big)
    done = command(course, "autograder", "grade", SLUG, "--workers", "2", code=None)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    records = {path.stem: msgspec.json.decode(path.read_bytes(), type=Record) for path in (work / "records" / SLUG).glob("*.json")}
    return course, records, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_attack_earns_a_point(graded, name):
    _, records, _ = graded
    assert records[name].score == 0, records[name]


@pytest.mark.parametrize("name", NAMES)
def test_attack_goes_unmentioned(graded, name):
    _, records, _ = graded
    record = records[name]
    said = [finding.sentence for found in record.verdicts.values() for verdict in found for finding in verdict.findings]
    said += [verdict.note for found in record.verdicts.values() for verdict in found]
    assert [line for line in [record.problem, *record.incidents, *said] if line], record


def test_honest_student_suffers(graded):
    _, records, _ = graded
    honest = [record for name, record in records.items() if "honest" in name]
    assert len(honest) == HONEST + 1
    assert [record.score for record in honest] == [10] * len(honest)
    assert not [record.incidents for record in honest if record.incidents]


def test_gradebook_was_written_by_somebody_else(graded):
    course, _, _ = graded
    found = rows(course)
    assert {row[3] for row in found["grade"]} == {None}  # no manual scores
    assert all(0 <= (row[2] or 0) <= 10 for row in found["grade"])
    assert len(found["student"]) == len(NAMES) + HONEST + 1


def test_something_outlives_the_class(graded):
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"\0attack-{os.getpid()}".encode() in Path("/proc", pid, "cmdline").read_bytes():
                left.append(pid)
        except OSError:
            continue
    assert not left
    assert sys.executable


def test_course_was_changed(graded):
    course, _, _ = graded
    assert (course / "solutions" / SLUG / f"{SLUG}.ipynb").exists()
    assert (course / "autograder" / "work" / "submitted" / "honest-1" / SLUG / f"{SLUG}.ipynb").stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("forged_frames", "wrote to the grader's pipe"),
        ("ending_in_the_middle", "wrote to the grader's pipe"),
        ("same_number_twice", "wrote to the grader's pipe"),
        ("unknown_numbers", "wrote to the grader's pipe"),
        ("exit_hard", "ended its own process"),
        ("segfault", "crashed with SIGSEGV"),
        ("endless_loop", "did not come to an end"),
        ("gradebook_read", "FileNotFoundError"),
        ("network_out", "OSError"),
        ("memory_bomb", "MemoryError|did not come to an end|used up its memory"),
        ("links_to_others", "is a link"),
        ("notebook_is_a_link", "no notebook to grade"),
        ("check_twice", "twice"),
        ("all_cells_deleted", "put back"),
        ("more_points", "had been changed"),
        ("graded_cell_injected", "no such cell in the release"),
        ("deep_json", "cannot be read|nested too deeply|not a notebook"),
        ("broken_json", "not a notebook"),
    ],
)
def test_report_says_something_else(graded, name, words):
    import re

    _, records, _ = graded
    assert re.search(words, " ".join([records[name].problem, *records[name].incidents])), records[name]


def test_graded_notebook_holds_what_a_link_led_to(graded):
    course, _, _ = graded
    assert not list((course / "autograder" / "work" / "autograded" / "links_to_others").rglob("*.db"))


def test_terminal_is_sent_control_characters(graded):
    _, _, said = graded
    assert "\x1b" not in said
