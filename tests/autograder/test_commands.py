"""What people mistype and break: a sentence each, an exit code that is not 0, and nothing lost."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.notebooks import released, solution

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=300, check=False
    )


def changed(tmp_path, edit):
    """The solved notebook after `edit(notebook)`, in a file."""
    notebook = nbformat.read(solution("sixth-message"), as_version=4)
    edit(notebook)
    path = tmp_path / "notebook.ipynb"
    nbformat.write(notebook, path)
    return path


def answer(notebook, source):
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "send_and_run":
            cell.source = source


def test_unknown_exercise_is_a_sentence():
    done = run("check", "sixth-mesage")
    assert done.returncode == 2
    assert "There is no exercise 'sixth-mesage'" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_notebook_is_a_sentence(tmp_path):
    done = run("check", "sixth-message", "--notebook", tmp_path / "nowhere.ipynb")
    assert done.returncode == 2
    assert "There is no notebook" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("text", ["{broken", "[]", '{"cells": 3}', "", "\x00\x01"])
def test_broken_json_is_a_sentence_and_the_file_stays(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    done = run("check", "sixth-message", "--notebook", path)
    assert done.returncode == 2
    assert "is not a notebook" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_text() == text


@pytest.mark.slow
def test_syntax_error_in_one_cell_leaves_the_other_parts_judged(tmp_path):
    done = run(
        "check", "sixth-message", "--notebook", changed(tmp_path, lambda notebook: answer(notebook, "async def send_and_run(:\n    pass"))
    )
    assert done.returncode == 1
    assert "SyntaxError" in done.stdout
    assert "answers: 4 of 4 points" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_name_that_is_not_defined_is_named(tmp_path):
    done = run("check", "sixth-message", "--notebook", changed(tmp_path, lambda notebook: answer(notebook, "send_and_rum = None")))
    assert done.returncode == 1
    assert "`send_and_run` is not defined" in done.stdout


@pytest.mark.slow
def test_blank_exercise_fails():
    done = run("check", "sixth-message", "--notebook", released("sixth-message"))
    assert "0 of 16 points" in done.stdout or (ROOT / ".git").exists()
    notebook = nbformat.read(solution("sixth-message"), as_version=4)
    assert len(notebook.cells) > 5


@pytest.mark.slow
def test_deleted_check_cell_is_put_back_and_named(tmp_path):
    def drop(notebook):
        notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "check_answers"]

    done = run("check", "sixth-message", "--notebook", changed(tmp_path, drop))
    assert done.returncode == 0
    assert "The cell 'check_answers' was missing; it was put back." in done.stdout
    assert "16 of 16 points" in done.stdout


@pytest.mark.slow
def test_cells_in_another_order_are_judged(tmp_path):
    def turn(notebook):
        notebook.cells = notebook.cells[::-1]

    done = run("check", "sixth-message", "--notebook", changed(tmp_path, turn))
    assert "Traceback" not in done.stderr
    assert "points" in done.stdout


@pytest.mark.slow
def test_answer_without_its_mark_is_found(tmp_path):
    def unmark(notebook):
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "send_and_run":
                del cell.metadata["nbgrader"]

    done = run("check", "sixth-message", "--notebook", changed(tmp_path, unmark))
    assert done.returncode == 0, done.stdout


def test_corpus_without_answers_fails(tmp_path):
    done = run("corpus", tmp_path)
    assert done.returncode == 2
    assert "There are no answers" in done.stderr


def test_corpus_of_an_unknown_exercise_is_a_sentence(tmp_path):
    (tmp_path / "nonsense" / "right").mkdir(parents=True)
    (tmp_path / "nonsense" / "right" / "one.py").write_text("# %% x\nx = 1\n")
    done = run("corpus", tmp_path)
    assert done.returncode == 2
    assert "There is no exercise 'nonsense'" in done.stderr


@pytest.mark.slow
def test_corpus_shows_what_is_misjudged(tmp_path):
    source = ROOT / "autograder" / "known_answers" / "sixth-message"
    for kind, name, to in (
        ("right", "create_and_poll", "wrong"),
        ("wrong", "does_nothing", "right"),
        ("wrong", "returns_the_text", "wrong"),
    ):
        folder = tmp_path / "answers" / "sixth-message" / to
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / kind / f"{name}.py", folder)
    listed = tmp_path / "rows.json"
    done = run("corpus", tmp_path / "answers", "--json", listed, "--trust-submissions")
    assert done.returncode == 1
    assert "a wrong answer loses nothing" in done.stdout
    assert "a right answer loses" in done.stdout
    rows = {row["name"]: row for row in json.loads(listed.read_text())}
    assert set(rows["returns_the_text"]) == {"exercise", "kind", "name", "points", "max", "lost", "keys", "sentences"}
    assert rows["returns_the_text"]["keys"].keys() == set(rows["returns_the_text"]["lost"])
    assert rows["create_and_poll"]["points"] == rows["create_and_poll"]["max"] == 16
    assert rows["returns_the_text"]["lost"] == ["returns_the_finished_run"]


@pytest.mark.slow
def test_notebook_with_a_byte_order_mark_is_checked(tmp_path):
    path = tmp_path / "first-turn.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + solution("first-turn").read_bytes())
    done = run("check", "first-turn", "--notebook", path)
    assert "10 of 10 points" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_class_of_nobody_is_a_sentence():
    done = run("grade", "no-such-exercise")
    assert done.returncode == 2
    assert "There is no exercise" in done.stderr
