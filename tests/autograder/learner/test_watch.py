"""Learning in the terminal: nothing written is lost, nothing is given away too early."""

import os
import shutil
import signal
import subprocess
import sys

import nbformat
import pytest

from autograder import check, checks
from autograder.execution.client import WorkerClient
from autograder.learner import blanks, progress, watch
from autograder.notebooks import grade_id, is_solution, read, released, solution
from tests.autograder.classroom.test_resume import heeds_ctrl_c
from tests.autograder.course_copy import clone, environment


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A learner's folder with one exercise, and progress of its own."""
    notebook = tmp_path / "exercises" / "sixth-message" / "sixth-message.ipynb"
    notebook.parent.mkdir(parents=True)
    nbformat.write(blanks.blank("sixth-message"), notebook)
    for module in (watch, blanks, progress):
        monkeypatch.setattr(module, "released", lambda slug: notebook)
    monkeypatch.setattr(progress, "FILE", tmp_path / "progress.json")
    monkeypatch.setattr(progress.load, "__defaults__", (tmp_path / "progress.json",))
    monkeypatch.setattr(progress.save, "__defaults__", (tmp_path / "progress.json",))
    monkeypatch.setattr(progress.note, "__defaults__", (tmp_path / "progress.json",))
    monkeypatch.setattr(checks, "SLUGS", ("sixth-message",))
    return notebook


def solve(path):
    solved = {grade_id(cell): cell.source for cell in read(solution("sixth-message")).cells if is_solution(cell)}
    notebook = read(path)
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = solved[grade_id(cell)]
    nbformat.write(notebook, path)


@pytest.fixture
def watching(course):
    said = []
    with WorkerClient(trust=True) as client:
        yield watch.Watch(client, "sixth-message", said.append), said


@pytest.mark.slow
def test_saved_answer_is_checked_again(course, watching):
    one, said = watching
    one.look()
    assert "0 of 16 points" in said[-2]
    said.clear()
    one.look()
    assert said == []
    solve(course)
    os.utime(course, (1, 1))
    one.look()
    assert "16 of 16 points" in said[-2]
    assert progress.load()["sixth-message"].passed


def test_solution_is_shown_only_after_passing(course, watching):
    one, said = watching
    one.press("s")
    assert "once your own answer has passed" in said[-1]
    progress.note("sixth-message", 16, 16)
    one.press("s")
    assert "async def send_and_run" in said[-1]
    assert "BEGIN SOLUTION" not in said[-1]


def test_reset_asks_twice_and_keeps_the_answer(course, watching):
    one, _ = watching
    solve(course)
    before = course.read_text()
    one.press("r")
    one.press("x")
    assert course.read_text() == before
    one.press("r")
    one.press("r")
    assert not progress.touched(read(course))
    kept = list(course.parent.glob("*.old.ipynb"))
    assert [path.read_text() for path in kept] == [before]


def test_hints_come_one_by_one(course, watching):
    one, said = watching
    for number in (1, 2, 3, 3):
        one.press("h")
        assert said[-1].startswith(f"Hint {number} of 3")


def test_broken_notebook_is_reported_and_the_watch_goes_on(course, watching):
    one, said = watching
    course.write_text("{")
    one.look()
    assert "is not a notebook" in said[-1]
    assert one.press("c")


def test_files_beside_the_notebook_are_there_also_for_one_that_is_named_without_its_folder(course, monkeypatch):
    """A submission's folder is graded with all that is in it, so a check of it must find the same."""
    solve(course)
    notebook = read(course)
    answer = next(cell for cell in notebook.cells if grade_id(cell) == "send_and_run")
    (course.parent / "my_turns.py").write_text(f"import asyncio\n\n{answer.source}")
    answer.source = "from my_turns import send_and_run\n"
    nbformat.write(notebook, course)
    monkeypatch.chdir(course.parent)
    with WorkerClient(trust=True) as client:
        verdicts, _ = watch.check_now(client, "sixth-message", course.relative_to(course.parent))
    assert sum(one.earned for one in verdicts) == 16


def test_end_of_the_course_is_a_sentence(course, watching):
    one, said = watching
    progress.note("sixth-message", 16, 16)
    one.press("n")
    assert "every exercise is done" in said[-1]


def test_progress_file_with_rubbish_counts_as_empty(tmp_path):
    (tmp_path / "p.json").write_text("rubbish")
    assert progress.load(tmp_path / "p.json") == {}
    progress.note("sixth-message", 3, 16, tmp_path / "p.json")
    progress.note("sixth-message", 1, 16, tmp_path / "p.json")
    assert progress.load(tmp_path / "p.json")["sixth-message"].best == 3


def test_blank_is_taken_from_the_last_version_without_answers():
    for slug in checks.SLUGS:
        assert not progress.touched(blanks.blank(slug))


def test_release_leaves_out_solutions_answers_and_hidden_checks(tmp_path):
    from autograder.authoring import learners_copy as bundle

    bundle.make(tmp_path / "out")
    there = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert "course.py" in there
    assert "lessons/00-first-conversation.ipynb" in there
    assert not [path for path in there if path.startswith(tuple(f"{one}/" for one in bundle.KEPT_BACK))]
    for slug in checks.SLUGS:
        assert not progress.touched(read(tmp_path / "out" / "exercises" / slug / f"{slug}.ipynb"))
        assert f"autograder/blanks/{slug}.ipynb" in there


def test_release_refuses_a_folder_with_files(tmp_path):
    from autograder.authoring import learners_copy as bundle
    from threadlab.errors import ThreadlabError

    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ThreadlabError, match="not empty"):
        bundle.make(tmp_path)
    assert shutil.os.listdir(tmp_path) == ["mine.txt"]


def test_released_notebooks_are_where_check_looks():
    assert released("sixth-message").name == "sixth-message.ipynb"


def test_part_checked_in_a_notebook_is_remembered(tmp_path):
    """In a notebook each cell checks a part; together they are the exercise."""
    file = tmp_path / "p.json"
    progress.note_parts("sixth-message", {"answers": 4}, 16, file)
    progress.note_parts("sixth-message", {"send_and_run": 12}, 16, file)
    progress.note_parts("sixth-message", {"send_and_run": 3}, 16, file)
    assert progress.load(file)["sixth-message"].passed


def test_check_in_a_notebook_is_noted_as_progress(tmp_path, monkeypatch):
    monkeypatch.chdir(progress.released("first-turn").parent)
    monkeypatch.setattr(progress.note_parts, "__defaults__", (tmp_path / "p.json",))
    check("first-turn")
    assert "first-turn" in progress.load(tmp_path / "p.json")


def test_check_outside_of_the_exercises_is_not_noted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress.note_parts, "__defaults__", (tmp_path / "p.json",))
    check("first-turn")
    assert not (tmp_path / "p.json").exists()


def test_locked_cell_that_was_not_run_is_put_back_for_a_check(monkeypatch):
    """In a kernel: what the deleted cell defines is there for the answer, and nowhere else."""
    from autograder.learner import check as learning
    from autograder.notebooks import Answer

    namespace = {}
    again = learning._not_run("wait-for-run", namespace, Answer(["def wait_for_run(client):\n    raise RunTimeout"]))
    assert len(again) == 1
    assert issubclass(namespace["RunTimeout"], Exception)

    monkeypatch.setattr(learning, "handed_out", lambda slug: (_ for _ in ()).throw(ImportError("a browser tab has no nbformat")))
    assert learning._not_run("wait-for-run", {}, Answer(["def wait_for_run(client):\n    raise RunTimeout"])) == []


@pytest.mark.slow
def test_watch_checks_what_is_saved_until_it_is_stopped(tmp_path):
    there = clone(tmp_path)
    watcher = subprocess.Popen(
        [sys.executable, "-u", "-m", "autograder", "watch", "sixth-message"],
        cwd=there,
        env=environment(there),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_ctrl_c,
    )
    try:
        lines = iter(watcher.stdout.readline, "")
        assert any("Save it, and it is checked." in line for line in lines)
        assert any("0 of 16 points" in line for line in lines)
        solve(there / "exercises" / "sixth-message" / "sixth-message.ipynb")
        assert any("16 of 16 points" in line for line in lines)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=60)
    assert watcher.returncode == 130
