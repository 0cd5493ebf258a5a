"""Whose the rows of an exported table are.

A system has several ids of a person, and one person's login can be another's number: so each column is compared only with what it holds,
and somebody whom one column has found is not looked for in the next.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from autograder.lms.collect import Known

LOGIN, ADDRESS, OFFICE, NUMBER = "login", "address", "office", "number"
"""What a column holds: a login; an e-mail address; what an office calls people, which a roster may have used; a system's own number."""
COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "canvas": (("sis login id", LOGIN), ("id", NUMBER)),
    "blackboard": (("username", LOGIN),),
    "moodle": (("username", LOGIN), ("email address", ADDRESS), ("id number", OFFICE), ("identifier", NUMBER)),
    "ilias": (("login", LOGIN), ("usr_id", NUMBER)),
}
"""Of each system, the columns that say who is who, the surest first."""
NUMBERED = ("canvas", "moodle")
"""Systems whose archives call people by a number. The others' archives have logins, which may consist of digits, too."""
NAMES = ("student", "full name", "first name", "last name", "surname", "firstname", "lastname")


def columns_of(system: str, places: Mapping[str, int]) -> list[str]:
    """The columns of a table that say who is who."""
    return [name for name, _ in COLUMNS[system] if name in places]


def whose(
    system: str, places: Mapping[str, int], rows: Sequence[Sequence[str]], students: Iterable[str], known: Mapping[str, Known]
) -> list[str]:
    """The student of each row, as the gradebook calls them; nothing for somebody else's row. `places`: of the columns, by their names."""
    students, found = sorted(students), [""] * len(rows)
    named = [_letters(" ".join(row[places[one]] for one in NAMES if one in places)) for row in rows]
    for column, kind in COLUMNS[system]:
        if column not in places:
            continue
        spellings = _spellings(system, kind, [one for one in students if one not in found], known)
        for index, row in enumerate(rows):
            cell = row[places[column]].strip()
            cell = re.sub(r"^\D+", "", cell) if kind == NUMBER else cell  # Moodle's “Participant 11”
            student = "" if found[index] else spellings.get(cell) or spellings.get(cell.lower(), "")
            if student and _may_be(kind, _letters(known[student].name) if student in known else "", named[index]):
                found[index] = student
    return found


def only_a_number(system: str, student: str, known: Mapping[str, Known]) -> bool:
    """Whether the gradebook's name of somebody is a system's number of them, because there was no roster when it was collected."""
    person = known.get(student, Known())
    return system in NUMBERED and bool(person.name) and person.number == student


def _spellings(system: str, kind: str, students: Sequence[str], known: Mapping[str, Known]) -> dict[str, str]:
    """Students by what a column of this kind holds of them: as it is, and in small letters. What two have stands for neither there."""
    if kind == NUMBER:
        pairs = [(known[one].number, one) for one in students if one in known and known[one].number]
        pairs = [(number, one) for number, one in pairs if number != one or only_a_number(system, one, known)]
    elif kind == ADDRESS:
        pairs = [(one, one) for one in students if "@" in one]
    elif kind == LOGIN:
        pairs = [(one, one) for one in students if not only_a_number(system, one, known)]
    else:
        pairs = [(one, one) for one in students]
    return _unshared([(text.lower(), one) for text, one in pairs]) | _unshared(pairs)


def _unshared(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    by_text: dict[str, set[str]] = {}
    for text, student in pairs:
        by_text.setdefault(text, set()).add(student)
    return {text: next(iter(students)) for text, students in by_text.items() if len(students) == 1}


def _may_be(kind: str, name: str, in_the_row: str) -> bool:
    """Whether a person's name allows what an id says. Logins and addresses are one person's; a number may come from another system or
    another assignment, so there the names have to agree."""
    return kind in (LOGIN, ADDRESS) or name == in_the_row or (kind == OFFICE and not (name and in_the_row))


def _letters(name: str) -> str:
    """A name's letters without their order: “Doe, Jane”, “Jane Doe” and Canvas's “doejane” are one. Letters that not all systems write are
    left out, as Canvas does."""
    return "".join(sorted(re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFC", name).lower())))
