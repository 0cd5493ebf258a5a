"""Scores as a learning management system imports them: one table for all exercises of a class.

With the system's own export at hand its columns are filled, so that no new one is made and every person is found by the system's own ids:

- Canvas takes an assignment's column by the number behind its name, "The sixth message (4711)" (Canvas guide, "How do I import grades");
- Blackboard by the number behind `|` in the column's name, and people by `Username` (Blackboard help, "Uploading or downloading Grade
  Center items": a column without a number becomes a new one);
- ILIAS by the columns `update`, `login` and `mark` of its status file (ilifau/ExerciseStatusFile), one file an exercise;
- Moodle asks which column is which while it imports (Moodle docs, "Grade import"): it needs no export.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from autograder.lms.collect import Known
from autograder.lms.shapes import plain
from autograder.lms.tables import read_table
from autograder.lms.whose_row import columns_of, whose
from autograder.printable import csv_text
from threadlab.errors import ThreadlabError

SYSTEMS = ("canvas", "moodle", "blackboard", "ilias")


class Column(msgspec.Struct, frozen=True):
    """One exercise's scores."""

    slug: str
    title: str
    points: float
    scores: Mapping[str, float]
    """Of those whose submission could be graded."""


class Table(msgspec.Struct, frozen=True):
    """What is to be imported."""

    text: str
    notes: list[str]


def written(system: str, columns: Sequence[Column], known: Mapping[str, Known], exported: Path | None = None) -> Table:
    """The table for a system. Raises ThreadlabError when the export does not fit."""
    if exported is not None:
        return _filled(system, columns, known, exported)
    students = sorted({student for one in columns for student in one.scores})
    cells = [[_score(one, student) for one in columns] for student in students]
    if system == "moodle":
        head = ["username", *(one.title for one in columns)]
        return Table(csv_text([head, *([student, *row] for student, row in zip(students, cells, strict=True))]), [])
    if system == "canvas":
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(one.title for one in columns)]
        possible = ["    Points Possible", "", "", "", "", *(f"{one.points:g}" for one in columns)]
        rows = [
            [_name(known, student), known[student].number if student in known else "", "", student, "", *row]
            for student, row in zip(students, cells, strict=True)
        ]
        note = "Canvas makes a new assignment for each column: give its exported gradebook with --exported, and it fills the old ones."
        return Table(csv_text([head, possible, *rows]), [note])
    what = {"blackboard": "Grade Center, “Work offline: Download”", "ilias": "multi-feedback archive, status.csv"}[system]
    raise ThreadlabError(f"{system} finds columns and people by its own ids. Give its export ({what}) with --exported FILE.")


def _filled(system: str, columns: Sequence[Column], known: Mapping[str, Known], exported: Path) -> Table:
    head, rows, separator = read_table(exported)
    if not rows:
        raise ThreadlabError(f"{exported} has no rows.")
    places = {name.strip().lower(): index for index, name in enumerate(head)}
    ours = _ours(system, columns, head, exported)
    if not columns_of(system, places):
        raise ThreadlabError(f"{exported} has no column that says who is who; it has: {', '.join(head)[:300]}.")
    kept_columns = [index for index in range(len(head)) if index in ours or _identity(system, head[index])]
    students = {student for one in columns for student in one.scores}
    rows = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    table, missing = [[head[index] for index in kept_columns]], set(students)
    for row, student in zip(rows, whose(system, places, rows, students, known), strict=True):
        if system == "canvas" and row[0].strip().lower().startswith("points possible"):
            table.append([row[index] for index in kept_columns])
            continue
        if not student:
            continue
        missing.discard(student)
        for index, column in ours.items():
            row[index] = _score(column, student) or row[index]
        if system == "ilias" and "update" in places:
            row[places["update"]] = "1"
        table.append([row[index] for index in kept_columns])
    notes = [f"{student} is not in {exported.name}, and has no row in the table." for student in sorted(missing)]
    return Table(csv_text(table, separator), notes)


def _ours(system: str, columns: Sequence[Column], head: Sequence[str], exported: Path) -> dict[int, Column]:
    """Which columns are which exercise's."""
    if system == "ilias":
        if len(columns) != 1 or "mark" not in [name.strip().lower() for name in head]:
            raise ThreadlabError("ILIAS takes one exercise at a time: name the exercise, and give the status file of that one.")
        return {next(index for index, name in enumerate(head) if name.strip().lower() == "mark"): columns[0]}
    result: dict[int, Column] = {}
    for column in columns:
        titles = {plain(column.title), plain(column.slug)}
        at = [index for index, name in enumerate(head) if plain(_bare(name)) in titles]
        if len(at) != 1:
            what = "no column" if not at else f"{len(at)} columns"
            raise ThreadlabError(
                f"{exported} has {what} named “{column.title}” or “{column.slug}”. Name the assignment so, export again, and try again. "
                f"It has: {', '.join(head)[:300]}."
            )
        result[at[0]] = column
    return result


def _bare(name: str) -> str:
    """A column's name without the system's number: Canvas's “ (4711)”, Blackboard's “ [Total Pts: 16 Score] |4711”."""
    return re.sub(r"\s*(\(\d+\)|\[[^\]]*\]\s*\|\d+|\|\d+)\s*$", "", name)


def _identity(system: str, name: str) -> bool:
    """Whether a column says who is who. Other assignments' columns are left out: what is not in a table is not changed."""
    identity_columns = {
        "canvas": ("student", "id", "sis user id", "sis login id", "integration id", "section"),
        "blackboard": ("last name", "first name", "username", "student id"),
        "moodle": ("username", "id number", "email address", "first name", "last name", "surname"),
    }
    return system == "ilias" or name.strip().lower() in identity_columns[system]


def _score(column: Column, student: str) -> str:
    return f"{column.scores[student]:g}" if student in column.scores else ""


def _name(known: Mapping[str, Known], student: str) -> str:
    return known[student].name if student in known and known[student].name else student
