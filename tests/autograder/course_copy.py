"""Copies of the course in other folders, classes that hand in, and what a gradebook and a folder hold, in a form that can be compared."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder.notebooks import grade_id, is_solution, read, read_answers

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("autograder", "courseware", "threadlab", "solutions", "exercises", "pyproject.toml")
PASSING = re.compile(rb"0x[0-9a-f]+|\b\d{10}(\.\d+)?\b|\b(thread|run|msg|asst)_\w+")
"""Addresses in memory, times and ids: no two runs of a notebook show the same."""
SLUG = "first-turn"
"""An exercise that is quickly judged."""


def clone(to: Path) -> Path:
    """The course in another folder, without anything that grading leaves behind."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("work", "__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(source, to / name)
    work = to / "autograder" / "work"
    work.mkdir()
    (work / ".secret").write_bytes(b"the same for all copies, so that their gradings can be compared")
    return to


def answered(course: Path, slug: str, path: Path) -> nbformat.NotebookNode:
    """The released notebook with the answers of a corpus file."""
    cells, _ = read_answers(path)
    notebook = read(course / "exercises" / slug / f"{slug}.ipynb")
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = cells.get(grade_id(cell), cell.source)
    return notebook


def hand_in(course: Path, student: str, notebook: nbformat.NotebookNode | bytes, slug: str = SLUG, timestamp: str = "") -> Path:
    """Put a notebook where nbgrader looks for submissions; returns the folder."""
    folder = course / "autograder" / "work" / "submitted" / student / slug
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        (folder / f"{slug}.ipynb").write_bytes(notebook)
    else:
        (folder / f"{slug}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")  # not checked: it may be an attack
    if timestamp:
        (folder / "timestamp.txt").write_text(timestamp)
    return folder


def corpus(slug: str = SLUG) -> list[Path]:
    return sorted((ROOT / "autograder" / "known_answers" / slug).glob("*/*.py"))


def environment(course: Path, **more: str) -> dict[str, str]:
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    return {**os.environ, "PYTHONPATH": str(course), "PATH": path, "JUPYTER_CONFIG_PATH": str(course / "autograder"), **more}


def command(course: Path, *words: str, code: int | None = 0, seconds: float = 600, **more: str) -> subprocess.CompletedProcess[str]:
    """`python -m` …, in the copy, for at most so many seconds: one that hangs is a failure."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=course / "autograder",
        env=environment(course, **more),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert code is None or done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def rows(course: Path) -> dict[str, list[tuple[object, ...]]]:
    """The gradebook's tables, ids replaced by what they stand for."""
    with sqlite3.connect(course / "autograder" / "work" / "gradebook.db") as db:
        cell = "(select name || type from base_cell where id = cell_id)"
        of = (
            "(select student_id || '/' || a.name || '/' || n.name from submitted_notebook s join submitted_assignment t on t.id ="
            " s.assignment_id join assignment a on a.id = t.assignment_id join notebook n on n.id = s.notebook_id where s.id = {})"
        )
        wanted = {
            "student": "select id, first_name, last_name, email, lms_user_id from student order by 1",
            "submitted_assignment": "select student_id, (select name from assignment where id = assignment_id), timestamp, extension"
            " from submitted_assignment order by 1, 2",
            "submitted_notebook": f"select {of.format('submitted_notebook.id')}, flagged, late_submission_penalty"
            " from submitted_notebook order by 1",
            "grade": f"select {of.format('grade.notebook_id')}, {cell}, auto_score, manual_score, extra_credit, needs_manual_grade"
            " from grade order by 1, 2",
            "comment": f"select {of.format('comment.notebook_id')}, {cell}, auto_comment, manual_comment from comment order by 1, 2",
        }
        return {name: db.execute(query).fetchall() for name, query in wanted.items()}


def files(course: Path, folder: str = "autograded") -> dict[str, tuple[int, bytes]]:
    """Every file below a folder of the work: mode and content, PASSING left out."""
    top = course / "autograder" / "work" / folder
    return {
        path.relative_to(top).as_posix(): (path.stat().st_mode & 0o777, PASSING.sub(b"", path.read_bytes()))
        for path in sorted(top.rglob("*"))
        if path.is_file()
    }
