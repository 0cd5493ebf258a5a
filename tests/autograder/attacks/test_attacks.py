"""A class full of attackers, with honest students between them, graded as a teacher grades.

No attack earns a point, none harms another's result or the machine, and the report has a line about each.
"""

import os
import sys
from pathlib import Path

import msgspec
import nbformat
import pytest

from autograder.classroom.assignment import Record
from autograder.sandbox import available
from tests.autograder.attacks.attacks import ANSWERS, CELLS, EDITS, RAW, submissions
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in, rows

HONEST = 3
NAMES = [*CELLS, *ANSWERS, *EDITS, *RAW, "links_to_others", "notebook_is_a_link", "strange_file_names", "fifty_megabytes"]
NAMED = {
    "gradebook write": "gradebook_write",
    "hidden checks read": "hidden_checks_read",
    "solution read": "solution_read",
    "other student read": "other_student_read",
    "network out": "network_out",
    "fork bomb": "fork_bomb",
    "memory bomb": "memory_bomb",
    "disk fill": "disk_fill",
    "endless output": "endless_output",
    "endless loop": "endless_loop",
    "os._exit": "exit_hard",
    "ast_transformers": "ast_transformer",
    "patched check": "patched_check",
    "patched json": "patched_json",
    "patched transport": "patched_transport",
    "forged pipe messages": "forged_frames",
    "symlinks": "symlinks_out",
    "signals to the parent": "signal_to_the_grader",
    "/proc": "proc_of_others",
    "environment": "environment_of_the_teacher",
    "pickle": "pickle_on_the_pipe",
    "stack exhaustion": "stack_exhaustion",
    "giant repr": "giant_repr",
    "dunder tricks": "dunder_tricks",
    "monkeypatched builtins": "patched_builtins",
    "threads left behind": "threads_left_behind",
    "exit hooks": "exit_hook",
    "kernel spec swap": "kernel_swap",
    "metadata edits": "more_points",
    "cell injection": "graded_cell_injected",
}
"""What every autograder is asked about, and the attack that tries it."""
pytestmark = pytest.mark.slow


PLAIN = (
    *("gradebook_write", "solution_read", "other_student_read", "network_out", "exit_hard", "endless_loop", "ast_transformer"),
    *("patched_check", "patched_json", "patched_transport", "everything_is_equal", "forged_frames", "pickle_on_the_pipe", "exit_hook"),
    *("prints_its_score", "not_graded_any_more", "more_points", "graded_cell_injected", "check_replaced", "output_brought_along"),
    *("kernel_swap", "newer_schema", "checksum_of_its_own", "deep_json"),
)
"""Those that nbgrader's own command meets as well."""


def impatient(course):
    """Cells have four seconds."""
    config = course / "autograder" / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ExecuteInSandbox.timeout = 4\n")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The records of everybody, and the course."""
    if not available().complete:
        pytest.skip(available().sentence())
    course = clone(tmp_path_factory.mktemp("attacked"))
    impatient(course)
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
def test_attack_earns_no_point(graded, name):
    _, records, _ = graded
    assert records[name].score == 0, records[name]


@pytest.mark.parametrize("name", NAMES)
def test_attack_is_mentioned(graded, name):
    _, records, _ = graded
    record = records[name]
    said = [finding.sentence for found in record.verdicts.values() for verdict in found for finding in verdict.findings]
    said += [verdict.note for found in record.verdicts.values() for verdict in found]
    assert [line for line in [record.problem, *record.incidents, *said] if line], record


def test_attacks_that_everybody_asks_about_are_there():
    assert set(NAMED.values()) <= set(NAMES)
    assert len(NAMES) >= 40


def test_honest_student_keeps_full_marks(graded):
    _, records, _ = graded
    honest = [record for name, record in records.items() if "honest" in name]
    assert len(honest) == HONEST + 1
    assert [record.score for record in honest] == [10] * len(honest)
    assert not [record.incidents for record in honest if record.incidents]


def test_gradebook_is_written_by_the_grader_alone(graded):
    course, _, _ = graded
    found = rows(course)
    assert {row[3] for row in found["grade"]} == {None}  # no manual scores
    assert all(0 <= (row[2] or 0) <= 10 for row in found["grade"])
    assert len(found["student"]) == len(NAMES) + HONEST + 1


def test_nothing_outlives_the_class(graded):
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"\0attack-{os.getpid()}".encode() in Path("/proc", pid, "cmdline").read_bytes():
                left.append(pid)
        except OSError:
            continue
    assert not left
    assert sys.executable


def test_course_is_unchanged(graded):
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
        ("gradebook_read", "refused a cell something: .*No such file"),
        ("network_out", "refused a cell something: .*[Nn]etwork is unreachable"),
        ("memory_bomb", "needed more memory|did not come to an end|used up its memory"),
        ("links_to_others", "is a link"),
        ("notebook_is_a_link", "no notebook to grade"),
        ("check_twice", "Two cells are named"),
        ("all_cells_deleted", "put back"),
        ("more_points", "had been changed"),
        ("graded_cell_injected", "no such cell in the release"),
        ("deep_json", "cannot be read|nested too deeply|not a notebook"),
        ("broken_json", "not a notebook"),
    ],
)
def test_report_says_what_happened(graded, name, words):
    import re

    _, records, _ = graded
    assert re.search(words, " ".join([records[name].problem, *records[name].incidents])), records[name]


def test_graded_notebook_holds_nothing_that_a_link_led_to(graded):
    course, _, _ = graded
    assert not list((course / "autograder" / "work" / "autograded" / "links_to_others").rglob("*.db"))


def test_terminal_is_sent_no_control_characters(graded):
    _, _, said = graded
    assert "\x1b" not in said


def test_plain_nbgrader_is_as_careful(tmp_path):
    if not available().complete:
        pytest.skip(available().sentence())
    course = clone(tmp_path)
    impatient(course)
    blank = nbformat.read(course / "exercises" / SLUG / f"{SLUG}.ipynb", as_version=4)
    made = submissions(blank, work=course / "autograder" / "work", course=course, pid=os.getpid())
    for name in PLAIN:
        hand_in(course, name, made[name])
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    for name in ("a-honest", "honest-1", "z-honest"):
        hand_in(course, name, right)
    hand_in(course, "links_to_others", blank)
    (course / "autograder" / "work" / "submitted" / "links_to_others" / SLUG / "book.db").symlink_to("../../../gradebook.db")
    command(course, "nbgrader", "autograde", SLUG, code=None)
    scores = {}
    for grade in rows(course)["grade"]:
        assert grade[3] is None, grade  # no manual score
        scores[grade[0].split("/")[0]] = grade[2] or 0
    assert {name: score for name, score in scores.items() if score} == {"a-honest": 10, "honest-1": 10, "z-honest": 10}
    assert set(scores) == {*PLAIN, "a-honest", "honest-1", "z-honest", "links_to_others"}
    assert not list((course / "autograder" / "work" / "autograded" / "links_to_others").rglob("*.db"))
