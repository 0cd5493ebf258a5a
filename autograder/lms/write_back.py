"""Scores as a learning management system imports them: one table for all exercises of a class.

With the system's own export at hand its columns are filled, so that no new one is made and every person is found by the system's own ids:

- Canvas takes an assignment's column by the number behind its name, "The sixth message (4711)" (Canvas guide, "How do I import grades");
- Blackboard by the number behind `|` in the column's name, and people by `Username` (Blackboard help, "Uploading or downloading Grade
  Center items": a column without a number becomes a new one);
- ILIAS by the columns `update`, `login` and `mark` of its status file (ilifau/ExerciseStatusFile), one file an exercise;
- Moodle asks which column is which while it imports (Moodle docs, "Grade import"), and needs no export. Its exported gradebook names
  columns "Assignment: The sixth message (Real)". The grading worksheet of an assignment is of one exercise, and is taken by `Identifier`,
  `Grade` and `Last modified (grade)` (`mod/assign/feedback/offline/importgradeslib.php` in moodle/moodle).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from autograder.lms.collect import Known
from autograder.lms.shapes import plain
from autograder.lms.tables import read_table
from autograder.lms.whose_row import columns_of, only_a_number, whose
from autograder.printable import csv_text
from threadlab.errors import ThreadlabError

SYSTEMS = ("canvas", "moodle", "blackboard", "ilias")
EXCUSED = {"canvas": "ex"}
"""What stands in a system's table, in small letters, where somebody need not do it: no score takes its place."""
WRITTEN_BY_TEACHERS = {"ilias": ("notice", "comment", "plag_comment")}
"""Columns with texts of the teacher's own, which an import writes back: they stay letter for letter."""
WORKSHEET = {"identifier", "grade", "last modified (grade)"}
"""Columns of the grading worksheet of one assignment in Moodle."""
SINGLE = {"ilias": "ILIAS's status file", "moodle": "Moodle's grading worksheet"}
"""Tables that are of one exercise."""
MOST_NAMES = 10
"""Of people that one sentence names."""


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
    if system == "moodle":
        return _for_moodle(columns, students, known)
    cells = [[_score(one, student) for one in columns] for student in students]
    if system == "canvas":
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(one.title for one in columns)]
        possible = ["    Points Possible", "", "", "", "", *(f"{one.points:g}" for one in columns)]
        rows = [
            [_name(known, student), *((student, "", "") if only_a_number(system, student, known) else ("", "", student)), "", *row]
            for student, row in zip(students, cells, strict=True)
        ]
        note = "Canvas makes a new assignment for each column: give its exported gradebook with --exported, and it fills the old ones."
        return Table(csv_text([head, possible, *rows]), [note])
    what = {"blackboard": "Grade Center, “Work offline: Download”", "ilias": "multi-feedback archive, status.csv"}[system]
    raise ThreadlabError(f"{system} finds columns and people by its own ids. Give its export ({what}) with --exported FILE.")


def _for_moodle(columns: Sequence[Column], students: Sequence[str], known: Mapping[str, Known]) -> Table:
    """Moodle finds people by one column, and stops at the first whom it does not find."""
    numbers = [one for one in students if only_a_number("moodle", one, known)]
    listed = [one for one in students if one not in numbers]
    if numbers and not listed:
        raise ThreadlabError(
            f"Everybody is known by a number of Moodle's ({_some(numbers)}), by which Moodle's import finds nobody. Collect again with "
            "--roster, and grade; or give the assignment's grading worksheet with --exported FILE."
        )
    addresses = [one for one in listed if "@" in one]
    head = "email" if addresses and addresses == listed else "username"
    possible = [f"“{one.title}” ({one.points:g})" for one in columns]
    notes = [f"Make sure that the grade items in Moodle are out of as many points as here: {_some(possible)}."]
    if numbers:
        notes.append(
            f"Known by a number of Moodle's, by which its import finds nobody, and without a row in the table: {_some(numbers)}. Collect "
            "again with --roster, and grade; or give the assignment's grading worksheet with --exported FILE."
        )
    if head == "email":
        notes.append("People are known by e-mail addresses here: map the column “email” to Moodle's e-mail address.")
    elif addresses:
        notes.append(f"Moodle stops at a username that it does not know. Are these usernames there? {_some(addresses)}.")
    rows = ([one, *(_score(column, one) for column in columns)] for one in listed)
    return Table(csv_text([[head, *(one.title for one in columns)], *rows]), notes)


def _filled(system: str, columns: Sequence[Column], known: Mapping[str, Known], exported: Path) -> Table:
    head, rows, separator = read_table(exported)
    if not rows:
        raise ThreadlabError(f"{exported} has no rows.")
    places = {name.strip().lower(): index for index, name in enumerate(head)}
    ours = _ours(system, columns, head, places, exported)
    if not columns_of(system, places):
        raise ThreadlabError(f"{exported} has no column that says who is who; it has: {', '.join(head)[:300]}.")
    kept_columns = [index for index in range(len(head)) if index in ours or _identity(system, head[index])]
    students = {student for one in columns for student in one.scores}
    rows = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    scales, notes = _scales(system, ours, {index: _possible(system, head, rows, index) for index in ours}, exported)
    table, missing, excused = [[head[index] for index in kept_columns]], set(students), list[str]()
    for row, student in zip(rows, whose(system, places, rows, students, known), strict=True):
        if _of_points(system, row):
            table.append([row[index] for index in kept_columns])
            continue
        if not student:
            continue
        missing.discard(student)
        for index, column in ours.items():
            if row[index].strip().lower() == EXCUSED.get(system) and student in column.scores:
                excused.append(f"{student} ({column.slug})")
            else:
                row[index] = _score(column, student, scales[index]) or row[index]
        if system == "ilias" and "update" in places:
            row[places["update"]] = "1"
        table.append([row[index] for index in kept_columns])
    if excused:
        notes.append(f"Excused in {exported.name}, and left so: {_some(excused)}.")
    if missing:
        is_not, has_no = ("are not", "have no") if len(missing) > 1 else ("is not", "has no")
        notes.append(f"{_some(sorted(missing))} {is_not} in {exported.name}, and {has_no} row in the table.")
    teachers = {at for at, index in enumerate(kept_columns) if head[index].strip().lower() in WRITTEN_BY_TEACHERS.get(system, ())}
    return Table(csv_text(table, separator, teachers), notes)


def _of_points(system: str, row: Sequence[str]) -> bool:
    """Whether a row is not a person's: Canvas has one that says how many points there are."""
    return system == "canvas" and row[0].strip().lower().startswith("points possible")


def _possible(system: str, head: Sequence[str], rows: Sequence[Sequence[str]], index: int) -> str:
    """How many points a column of an export is out of, as it is written there; nothing where it is not said."""
    if system == "blackboard":
        said = re.search(r"\[[^\]\d]*(\d[\d.,]*)[^\]]*\]\s*\|\d+\s*$", head[index])
        return said[1] if said else ""
    if system == "moodle":
        there = [at for at, name in enumerate(head) if name.strip().lower() == "maximum grade" and index != at]
        return rows[0][there[0]] if there else ""
    return next((row[index] for row in rows if _of_points(system, row)), "")


def _scales(system: str, ours: Mapping[int, Column], possible: Mapping[int, str], exported: Path) -> tuple[dict[int, float], list[str]]:
    """By what the scores of each column are multiplied, and what is to be said about it. Raises ThreadlabError for what can be out of
    nothing."""
    scales, notes = dict.fromkeys(ours, 1.0), []
    for index, column in ours.items():
        points = _amount(possible[index])
        if points == 0:
            raise ThreadlabError(
                f"“{column.title}” is out of 0 points in {exported.name}, and out of {column.points:g} here. Give it {column.points:g} "
                "there, export again, and try again."
            )
        if points is not None and points != column.points:
            scales[index] = points / column.points
            notes.append(
                f"“{column.title}” is out of {points:g} points in {exported.name}, and out of {column.points:g} here: its scores were "
                f"multiplied by {scales[index]:g}. If that is not meant, give it {column.points:g} there and export again."
            )
    unsaid = [f"“{column.title}” ({column.points:g} here)" for index, column in ours.items() if _amount(possible[index]) is None]
    if unsaid and system != "ilias":  # there a mark is any text
        notes.append(f"{exported.name} does not say out of how many points this is: {_some(unsaid)}. Make sure that it is as many there.")
    return scales, notes


def _amount(text: str) -> float | None:
    """A number of points; None where there is none that is certain: “1,000” may be one or a thousand."""
    written = re.fullmatch(r"\d+(?:\.\d+|,(?!\d{3}$)\d+)?", text.strip())
    return float(written[0].replace(",", ".")) if written else None


def _some(names: Sequence[str]) -> str:
    """The first few of them, and how many more."""
    shown = [*names[:MOST_NAMES], *([f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _single(system: str, places: Mapping[str, int]) -> str | None:
    """The column of scores in a table that is of one exercise; None if a table is of several."""
    if system == "ilias":
        return "mark"
    return "grade" if system == "moodle" and places.keys() >= WORKSHEET else None


def _ours(system: str, columns: Sequence[Column], head: Sequence[str], places: Mapping[str, int], exported: Path) -> dict[int, Column]:
    """Which columns are which exercise's."""
    if (one := _single(system, places)) is not None:
        if len(columns) != 1 or one not in places:
            raise ThreadlabError(f"{SINGLE[system]} is of one exercise at a time: name the exercise, and give the file of that one.")
        return {places[one]: columns[0]}
    result: dict[int, Column] = {}
    for column in columns:
        titles = {plain(column.title), plain(column.slug)}
        at = [index for index, name in enumerate(head) if plain(_bare(name)) in titles or (system == "moodle" and _item(name) in titles)]
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


def _item(name: str) -> str:
    """The grade item of Moodle's “Assignment: The sixth message (Real)”, plain. What is shown in percent or letters takes no points."""
    item = re.fullmatch(r"(?:[^:]+: *)?(.+?) *\((?:real|punkte)\)", name.strip(), re.IGNORECASE)
    return plain(item[1]) if item else ""


def _identity(system: str, name: str) -> bool:
    """Whether a column says who is who. Other assignments' columns are left out: what is not in a table is not changed."""
    identity_columns = {
        "canvas": ("student", "id", "sis user id", "sis login id", "integration id", "section"),
        "blackboard": ("last name", "first name", "username", "student id"),
        "moodle": (
            *("username", "id number", "email address", "first name", "last name", "surname"),
            *("identifier", "full name", "maximum grade", "last modified (grade)"),
        ),
    }
    return system == "ilias" or name.strip().lower() in identity_columns[system]


def _score(column: Column, student: str, scale: float = 1.0) -> str:
    if student not in column.scores:
        return ""
    score = column.scores[student]
    return f"{score if scale == 1 else round(score * scale, 2):g}"


def _name(known: Mapping[str, Known], student: str) -> str:
    return known[student].name if student in known and known[student].name else student
