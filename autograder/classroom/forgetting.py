"""`course.py forget STUDENT`: everything that the course keeps of one person, removed."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import escape

from autograder.classroom.assignment import RECORDS
from autograder.classroom.report import REPORTS
from autograder.course_folder import ROOT
from autograder.lms.collect import PEOPLE, keep, people
from autograder.printable import printable
from threadlab.errors import ThreadlabError

BEYOND = (
    "What this cannot reach: your LMS, archives that you downloaded, nbgrader's exchange, backups, reports that you have sent, and "
    "what a cluster's workers or a database server keep in their logs."
)


def forget(student: str, api: Any, root: Path = ROOT) -> list[str]:
    """Remove a student everywhere; returns what was removed, a line each. Raises ThreadlabError for a name that cannot be a folder's."""
    if not student or student in (".", "..") or "/" in student or "\\" in student or "\x00" in student:
        raise ThreadlabError(f"{student!r} is not the name of a student.")
    students = people(root)
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
    names = {student}
    if student in students:
        names.add(students.pop(student).name)
        keep(students, root)
        removed.append(f"an entry of {root / PEOPLE}")
    if removed or _is_reported(root, student):  # whoever is nobody takes no report away
        removed += _reports(root, names)
    return removed


def _from_gradebook(student: str, api: Any) -> list[str]:
    from nbgrader.api import MissingEntry
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import OperationalError

    url = make_url(api.coursedir.db_url)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").is_file():
        return []  # to ask it would make one
    try:
        with api.gradebook as gradebook:
            gradebook.remove_student(student)
    except MissingEntry:
        return []
    except OperationalError as error:
        raise ThreadlabError(
            f"The gradebook {url!r} cannot be written: {error.orig}. What is in it of {student} is kept: see that it can be, and try again."
        ) from None
    return [f"{student} in the gradebook, with all scores and comments"]


def _is_reported(root: Path, student: str) -> bool:
    """Whether somebody of whom nothing else is kept has a row in a report."""
    for path in (root / REPORTS).glob("*.json"):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if any(row.student == student for row in msgspec.json.decode(path.read_bytes(), type=_Reported).rows):
                return True
    return False


class _Row(msgspec.Struct):
    student: str


class _Reported(msgspec.Struct):
    rows: list[_Row]


def _reports(root: Path, names: set[str]) -> list[str]:
    """Reports of a class in which one of these stands as a whole name; the class is graded still, so they can be written again."""
    spellings = {spelling for name in names if name for spelling in _spellings(name)}
    whole = re.compile(rf"(?<![\w@-])(?<!\w\.)(?:{'|'.join(map(re.escape, sorted(spellings)))})(?![\w@-]|\.\w)")
    removed = []
    for path in sorted((root / REPORTS).glob("*")):
        if path.is_file() and whole.search(path.read_text("utf-8", "replace")):
            path.unlink()
            removed.append(f"{path}; write it again with course.py report or course.py gradebook")
    return removed


def _spellings(name: str) -> tuple[str, ...]:
    """A name as a page, JSON and a table have it."""
    shown = printable(name)
    return name, str(escape(name)), json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1], shown, shown.replace('"', '""')
