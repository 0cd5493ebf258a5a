"""How learning management systems name what they hand over: a row for each shape, so that a teacher writes no regular expression.

A path begins with what the system wrote and ends with what a student chose: the name of a file, and folders around it. So the first part
that a system can have written says whose a file is, and nothing behind it does.

Sources: Canvas, mikewesthad/canvas-unzipper (the names as downloaded); Moodle, `mod/assign/classes/downloader.php` in moodle/moodle;
Blackboard, nbgrader's manual ("Exchanging assignment files manually"); ILIAS, multi-feedback archives as ilifau/ExerciseStatusFile
describes them; GitHub Classroom, the folders that `gh classroom clone student-repos` makes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec


class Shape(NamedTuple):
    """One system's way to name a file."""

    system: str
    pattern: re.Pattern[str]
    """Of the rest of a path, from the beginning of one of its parts. Its groups: `id` or `login`, and perhaps `name`, `late`, `attempt`,
    `at`, `file`."""
    by_hand: bool = False
    """Whether a teacher names a folder of it, and may name that folder itself."""


class Named(msgspec.Struct, frozen=True):
    """What a path says."""

    system: str
    student: str
    """What the system calls the person: a login where it has one, a number elsewhere."""
    name: str
    file: str
    late: bool = False
    at: str = ""
    """Digits of a local time: year to second."""
    attempt: int = 0
    """Larger is newer; 0 where the system does not count."""


CLONED = "GitHub Classroom"
BLACKBOARD = "Blackboard"
_ATTEMPT = r"(?P<login>[^/]*?_[^/_]+)_attempt_(?P<at>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)"
"""Blackboard's assignment and login are run together here: “First_turn_a_doe” can be read in three ways."""
SHAPES = (
    Shape("nbgrader", re.compile(r"submitted/(?P<login>[^/]+)/[^/]+/(?P<file>[^/]+)$"), by_hand=True),
    Shape(CLONED, re.compile(r"(?P<task>[^/]+)-submissions/(?P=task)-(?P<login>[^/]+)/(?:.*/)?(?P<file>[^/]+)$"), by_hand=True),
    Shape("Moodle", re.compile(r"(?P<name>[^/_]+)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_?/(?:.*/)?|_)(?P<file>[^/]+)$")),
    Shape(BLACKBOARD, re.compile(rf"{_ATTEMPT}_?(?P<file>[^/]+)$")),
    Shape("Canvas", re.compile(r"(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<attempt>\d+)_(?P<file>[^/]+)$")),
    Shape(
        "ILIAS",
        re.compile(
            r"(?!multi_feedback_)(?P<name>[^/_]+_[^/_]+)_(?P<login>[^/_]+)_(?P<number>\d+)/(?:.*/)?(?:(?P<at>\d{14})_)?(?P<file>[^/]+)$"
        ),
    ),
)
NUMBERING = {shape.system for shape in SHAPES if "id" in shape.pattern.groupindex}
"""Systems that say a number of their own, and no login."""
GROUP = re.compile(r"(group|gruppe|groupe|grupo|gruppo|team|équipe|equipo)\b", re.IGNORECASE)
"""How a name begins where Moodle writes a group before the person, or in the person's place: “Group A-Jane Doe”."""
EXPECTED = (
    "Canvas: lastfirst_12345_67890_EXERCISE.ipynb; Moodle: Name_12345_assignsubmission_file_/EXERCISE.ipynb; Blackboard: "
    "ASSIGNMENT_login_attempt_2026-11-02-10-00-00_EXERCISE.ipynb; ILIAS: Last_First_login_123/20261102100000_EXERCISE.ipynb; GitHub "
    "Classroom: ASSIGNMENT-login/EXERCISE.ipynb; nbgrader: submitted/login/EXERCISE/EXERCISE.ipynb"
)


def named(path: str, by_hand: int = 0) -> list[Named]:
    """What the name of a file inside an archive says; nothing if no system names files so, and more than one thing if two systems do.

    `by_hand`: how many of the first parts of the path the teacher has named, and no system.
    """
    parts = path.split("/")
    for index in range(len(parts)):
        rest = "/".join(parts[index:])
        matches = [(shape, shape.pattern.match(rest)) for shape in SHAPES if shape.by_hand or index >= by_hand]
        if result := [_named(shape.system, match) for shape, match in matches if match]:
            return result
    return []


def _named(system: str, match: re.Match[str]) -> Named:
    groups = match.groupdict()
    at = re.sub(r"\D", "", groups.get("at") or "")
    attempt = int((groups.get("attempt") or "0")[:18])  # Canvas counts attachments; the rest of a file's name is the student's
    student, name = groups.get("login") or groups["id"], (groups.get("name") or "").replace("_", " ")
    return Named(system, student, name, groups["file"], bool(groups.get("late")), at, attempt)


def receipt(path: str) -> str:
    """What a text of Blackboard's own is about, assignment and login; nothing for other files: what people hand in has more of a name."""
    file = path.rpartition("/")[2]
    match = re.match(_ATTEMPT, file)
    return match["login"] if match and file[match.end() :] == ".txt" else ""


def tasks(text: str) -> list[str]:
    """How “ASSIGNMENT_” may go in an assignment and a login that are run together, the shortest first."""
    return [text[: index + 1] for index, letter in enumerate(text) if letter == "_" and text[index + 1 :]]


class Person(msgspec.Struct, frozen=True):
    """Somebody on a roster."""

    id: str
    """What the gradebook calls them."""
    name: str = ""
    email: str = ""
    number: str = ""
    """The system's own number of them."""


LOGINS = ("sis login id", "username", "user name", "login", "anmeldename", "benutzername", "github_username")
ID = (*LOGINS, "student id", "student_id", "id")
"""What the gradebook calls people: logins before numbers, as names become logins."""
NAMES = ("student", "name", "full name", "fullname", "vollständiger name")
LAST, FIRST = ("last name", "surname", "nachname"), ("first name", "vorname")
EMAIL = ("email", "email address", "e-mail", "e-mail-adresse")
NUMBERS = ("id", "identifier", "user id", "sis user id", "usr_id", "participant", "id-nummer")


def roster(rows: list[Mapping[str, str]]) -> dict[str, Person]:
    """Everybody of a CSV, by each of the names under which a system may know them. A name that two people have stands for neither."""
    persons: dict[str, Person] = {}
    shared = set[str]()
    for row in rows:
        cells = {str(key).strip().lower().lstrip("\ufeff"): (value or "").strip() for key, value in row.items() if key}
        name = _first(cells, NAMES) or f"{_first(cells, FIRST)} {_first(cells, LAST)}".strip()
        number, email = _first(cells, NUMBERS), _first(cells, EMAIL)
        number = re.sub(r"^\D+", "", number) or number
        id_ = _first(cells, ID) or email
        if not id_ or "points possible" in name.lower():
            continue
        person = Person(id_, name, email, number)
        others = (cells.get(one, "") for one in ID)
        for spelling in {plain(one) for one in (id_, number, name, _turned(name), email, *others)} - {""}:
            if persons.setdefault(spelling, person).id != person.id:
                shared.add(spelling)
    return {spelling: person for spelling, person in persons.items() if spelling not in shared}


def _first(cells: Mapping[str, str], names: Sequence[str]) -> str:
    return next((cells[one] for one in names if cells.get(one)), "")


def _turned(name: str) -> str:
    """“Doe, Jane” as “Jane Doe”."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name


def plain(text: str) -> str:
    """A name without case, spaces and punctuation, as Canvas runs names together. Letters with marks are one letter, as macOS does not
    write them; where there is no such letter, the mark stays."""
    letters = unicodedata.normalize("NFKC", text).lower()
    return "".join(one for one in letters if one.isalnum() or unicodedata.category(one).startswith("M"))


def agrees(name: str, other: str) -> bool:
    """Whether two names may be one person's: all words of one are in the other, in any order, with spaces or without."""
    ways = ((plain(other), name), (plain(name), other))
    return any(all(plain(word) in whole for word in re.split(r"[\s,]+", words)) for whole, words in ways if whole and plain(words))


def moment(digits: str) -> datetime | None:
    """Local time from year to second."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S")
    except ValueError:
        return None
