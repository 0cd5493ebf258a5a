"""`course.py forget STUDENT`: everything that the course keeps of one person, removed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from autograder.classroom.assignment import RECORDS
from autograder.classroom.report import REPORTS
from autograder.course_folder import ROOT
from autograder.lms.collect import PEOPLE, people
from threadlab.errors import ThreadlabError

BEYOND = (
    "What this cannot reach: your LMS, archives that you downloaded, nbgrader's exchange, backups, reports that you have sent, and "
    "what a cluster's workers or a database server keep in their logs."
)


def forget(student: str, api: Any, root: Path = ROOT) -> list[str]:
    """Remove a student everywhere; returns what was removed, a line each. Raises ThreadlabError for a name that cannot be a folder's."""
    if not student or student in (".", "..") or "/" in student or "\\" in student or "\x00" in student:
        raise ThreadlabError(f"{student!r} is not the name of a student.")
    removed = []
    for kind in ("submitted", "autograded", "feedback"):
        folder = root / getattr(api.coursedir, f"{kind}_directory") / student
        if folder.is_symlink():
            folder.unlink()
            removed.append(f"{folder}, which was a link")
        elif folder.is_dir():
            shutil.rmtree(folder)
            removed.append(str(folder))
    for folder in sorted((root / RECORDS).glob("*")):
        for path in (folder / f"{student}.json", folder / f".{student}.json.part"):
            if path.is_file():
                path.unlink()
                removed.append(str(path))
        shutil.rmtree(folder / f".{student}", ignore_errors=True)
    removed += _from_gradebook(student, api)
    students = people(root)
    if student in students:
        name = students.pop(student).name
        (root / PEOPLE).write_bytes(msgspec.json.format(msgspec.json.encode(students)))
        removed.append(f"an entry of {root / PEOPLE}")
        removed += _reports(root, {student, name})
    else:
        removed += _reports(root, {student})
    return removed


def _from_gradebook(student: str, api: Any) -> list[str]:
    from nbgrader.api import MissingEntry

    with api.gradebook as gradebook:
        try:
            gradebook.remove_student(student)
        except MissingEntry:
            return []
    return [f"{student} in the gradebook, with all scores and comments"]


def _reports(root: Path, names: set[str]) -> list[str]:
    """Reports of a class in which one of these stands; the class is graded still, so they can be written again."""
    import html
    import json

    spellings = {text for name in names if name for text in (name, html.escape(name), json.dumps(name)[1:-1])}
    removed = []
    for path in sorted((root / REPORTS).glob("*")):
        if path.is_file() and any(name in path.read_text("utf-8", "replace") for name in spellings):
            path.unlink()
            removed.append(f"{path}; write it again with course.py report or course.py gradebook")
    return removed
