"""A class that hands in what real classes hand in, graded once with feedback: files that are not as they should be, and odd names."""

from __future__ import annotations

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.notebooks import read
from tests.autograder import course_copy
from tests.autograder.course_copy import SLUG, answered, clone, command, corpus, hand_in

pytestmark = pytest.mark.slow

PART = "first_turn"
NAMES = ("Ada Lovelace", "O'Brien", "123 [abc]", "-x", "=1+1", "数学", "a.b", "n" * 100, "jane+doe@uni.example", "a\\b", "Mu\u0308ller")


def retyped(notebook: Any) -> None:
    cell = at(notebook, PART)
    cell["cell_type"] = "markdown"
    cell.pop("outputs", None)
    cell.pop("execution_count", None)


def copied(notebook: Any) -> None:
    place = notebook["cells"].index(at(notebook, PART))
    twin = copy.deepcopy(notebook["cells"][place])
    twin["id"] = "twin"
    notebook["cells"].insert(place + 1, twin)


def one_id(notebook: Any) -> None:
    for cell in notebook["cells"]:
        cell["id"] = "same"


def no_metadata(notebook: Any) -> None:
    del notebook["metadata"]


def no_kernel(notebook: Any) -> None:
    notebook["metadata"]["kernelspec"] = None


def many_points(notebook: Any) -> None:
    at(notebook, f"check_{PART}")["metadata"]["nbgrader"]["points"] = 1000


def no_locked_cells(notebook: Any) -> None:
    """As a version of VS Code saved them: without the cells that cannot be edited (vscode#231530)."""
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("nbgrader", {}).get("locked")]
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        cell.pop("id", None)


def graded_as_raw(notebook: Any) -> None:
    cell = at(notebook, f"check_{PART}")
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]


def locked_text_twice(notebook: Any) -> None:
    """A locked cell without points, copied with its marks (nbgrader#1933)."""
    place = notebook["cells"].index(at(notebook, "setup"))
    notebook["cells"].insert(place + 1, {**copy.deepcopy(notebook["cells"][place]), "id": "twin"})


def newer_format(notebook: Any) -> None:
    notebook["nbformat_minor"] = 10


def no_answer(notebook: Any) -> None:
    notebook["cells"].remove(at(notebook, PART))


FULL: tuple[Callable[[Any], None], ...] = (
    copied,
    one_id,
    no_metadata,
    no_kernel,
    many_points,
    no_locked_cells,
    graded_as_raw,
    locked_text_twice,
    newer_format,
)
SAID = {
    "graded_as_raw": "had been made a raw cell; it was made a code cell again",
    "locked_text_twice": "Two cells are named setup",
    "retyped": "is in a markdown cell",
    "copied": f"Two cells are named {PART}",
    "many_points": "The marks of the cell",
    "no_locked_cells": "'setup' was missing; it was put back",
}


def at(notebook: Any, name: str) -> Any:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name)


def in_format_3(notebook: Any) -> str:
    """As IPython 3 wrote it: worksheets, `input`, `prompt_number`."""
    text: str = nbformat.writes(copy.deepcopy(notebook), version=3)  # type: ignore[no-untyped-call]
    return text


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The class, graded, and what the command said."""
    course = clone(tmp_path_factory.mktemp("odd"))
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    plain = json.loads(json.dumps(right))
    for edit in (*FULL, retyped, no_answer):
        notebook = copy.deepcopy(plain)
        edit(notebook)
        hand_in(course, edit.__name__, json.dumps(notebook).encode())
    for name in NAMES:
        hand_in(course, name, right)
    folder = hand_in(course, "two", right)
    (folder / f"{SLUG} (1).ipynb").write_bytes(b"{}")
    hand_in(course, "spoiled", right)
    hand_in(course, ".hidden", right)
    hand_in(course, "byte order mark", b"\xef\xbb\xbf" + json.dumps(plain).encode())
    hand_in(course, "format 3", in_format_3(right).encode())
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", "--feedback")
    return course, done.stdout + done.stderr


def points(course: Path) -> dict[str, float | None]:
    return {str(row[0]).partition("/")[0]: row[2] for row in course_copy.rows(course)["grade"]}


@pytest.mark.parametrize("edit", FULL, ids=lambda edit: edit.__name__)
def test_right_answer_earns_everything_whatever_was_done_to_its_file(odd: tuple[Path, str], edit: Callable[[Any], None]) -> None:
    assert points(odd[0])[edit.__name__] == 10


@pytest.mark.parametrize("student", ["byte order mark", "format 3"])
def test_right_answer_earns_everything_in_whatever_form_its_file_is(odd: tuple[Path, str], student: str) -> None:
    assert points(odd[0])[student] == 10


def test_nothing_waits_to_be_graded_by_hand_whatever_was_deleted(odd: tuple[Path, str]) -> None:
    book = course_copy.rows(odd[0])["grade"]
    assert [row[0] for row in book if row[5]] == []
    assert points(odd[0])["no_answer"] == 0


def test_answer_that_is_markdown_does_not_run_and_earns_nothing(odd: tuple[Path, str]) -> None:
    assert points(odd[0])["retyped"] == 0


@pytest.mark.parametrize("name", SAID)
def test_what_was_put_right_is_named(odd: tuple[Path, str], name: str) -> None:
    record = json.loads((odd[0] / "autograder/work/records" / SLUG / f"{name}.json").read_bytes())
    assert SAID[name] in " ".join(record["incidents"]), record["incidents"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_name_is_graded_and_gets_a_page(odd: tuple[Path, str], name: str) -> None:
    course, _ = odd
    assert points(course)[name] == 10
    assert (course / "autograder/work/feedback" / name / SLUG / f"{SLUG}.html").is_file()


def test_name_with_a_dot_in_front_is_said_to_be_passed_over(odd: tuple[Path, str]) -> None:
    assert ".hidden: was not graded." in odd[1]
    assert ".hidden" not in points(odd[0])


def test_file_beside_the_notebook_is_named(odd: tuple[Path, str]) -> None:
    assert f"{SLUG} (1).ipynb lay beside the notebook, and was not looked at" in " ".join(odd[1].split())


def test_nothing_of_python_or_of_a_library_is_shown(odd: tuple[Path, str]) -> None:
    assert not re.search(r"Traceback|Warning|DuplicateCellId|_validate|Error:", odd[1]), odd[1]


def test_table_ends_with_what_the_class_came_to(odd: tuple[Path, str]) -> None:
    count = len(FULL) + len(NAMES) + 6
    assert f"{count} submissions, {count} graded: mean {10 * (count - 2) / count:.1f} of 10" in " ".join(odd[1].split())


def test_submission_that_cannot_be_graded_again_shows_no_old_score(odd: tuple[Path, str]) -> None:
    course, _ = odd
    hand_in(course, "spoiled", b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n")
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", "--student", "spoiled", code=1)
    assert "marks of a merge conflict" in done.stdout + done.stderr
    command(course, "autograder", "report", SLUG)
    rows = json.loads((course / "autograder/work/reports" / f"{SLUG}.json").read_bytes())["rows"]
    (row,) = [one for one in rows if one["student"] == "spoiled"]
    assert row["score"] is None
    assert re.search(r"spoiled\W+-\W+10\W+not graded", done.stdout)


def test_student_without_a_page_is_named(odd: tuple[Path, str]) -> None:
    course, _ = odd
    graded = course / "autograder/work/autograded/two" / SLUG / f"{SLUG}.ipynb"
    graded.chmod(0o644)
    graded.write_bytes(b"{}")
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", "--feedback", code=1)
    assert re.search(r"page.*\btwo\b|\btwo\b.*page", " ".join((done.stdout + done.stderr).split()))


def test_zip_collect_works_as_nbgraders_manual_says(odd: tuple[Path, str]) -> None:
    course, _ = odd
    place = course / "autograder/work/downloaded" / SLUG / "archive"
    place.mkdir(parents=True)
    right = answered(course, SLUG, next(path for path in corpus() if path.parent.name == "right"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"ps1_jane_attempt_2026-11-01-15-30-10_{SLUG}.ipynb", json.dumps(right))
    (place / "notebooks.zip").write_bytes(made.getvalue())
    pattern = r".+_(?P<student_id>\w+)_attempt_(?P<timestamp>[0-9\-]+)_(?P<file_id>.+)"
    command(course, "nbgrader", "zip_collect", SLUG, f"--FileNameCollectorPlugin.named_regexp={pattern}")
    assert len(read(course / "autograder/work/submitted/jane" / SLUG / f"{SLUG}.ipynb").cells) == len(right.cells)
    assert not (course / "downloaded").exists()
