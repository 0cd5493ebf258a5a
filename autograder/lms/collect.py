"""`course.py collect FILE_OR_FOLDER`: what a learning management system hands over, put where grading looks for it.

An archive comes from outside, and so do the names in it: nothing is unpacked to where its name says. A file is read within limits, and
written below `autograder/work/submitted` under a name of ours. What one person handed in, whatever it is, costs nobody else anything.
"""

from __future__ import annotations

import io
import lzma
import os
import re
import stat
import struct
import subprocess
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path, PurePosixPath

import msgspec
from nbformat import NotebookNode

from autograder.course_folder import ROOT, replace_file
from autograder.learner.blanks import blank
from autograder.learner.recognised import of_file, parts_of_exercises
from autograder.lms import handed_in_at
from autograder.lms.shapes import (
    BLACKBOARD,
    CLONED,
    EXPECTED,
    GROUP,
    NUMBERING,
    Named,
    Person,
    agrees,
    moment,
    named,
    plain,
    receipt,
    roster,
    tasks,
)
from autograder.lms.tables import read_table
from autograder.notebooks import read_text
from autograder.one_student import apart
from courseware.catalogue import LESSONS as CATALOGUE
from courseware.catalogue import SLUGS
from threadlab.errors import ThreadlabError

MOST_FILES, MOST_BYTES, MOST_IN_ONE = 20_000, 2 * 1024**3, 64 * 1024**2
"""Of an archive or folder: files, bytes of all of them, bytes of one."""
MOST_OF_RECEIPT = 1024**2
FILES_OF_ONE, BYTES_OF_ONE = 2_000, 256 * 1024**2
"""The same of one person, what is in an archive of theirs included."""
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, MemoryError, NotImplementedError, OSError, RuntimeError, ValueError),
)
"""What a broken archive raises, or one that is encrypted or packed in a way that nobody knows."""
LESSONS = {lesson.name for lesson in CATALOGUE}
"""Files that are nobody's answer."""
BY_THE_WAY = {".git", ".ipynb_checkpoints", "__MACOSX"}
"""Folders of programs."""
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".xz", ".bz2")
PEOPLE = "autograder/work/people.json"
"""What is known of the people who handed in: for writing scores back."""


class Handed(msgspec.Struct, frozen=True):
    """One person's notebook of one exercise, as it was found."""

    student: str
    slug: str
    data: bytes
    where: str
    system: str
    name: str = ""
    number: str = ""
    late: bool = False
    at: datetime | None = None
    attempt: int = 0

    def newness(self) -> tuple[float, int]:
        return (self.at.timestamp() if self.at else 0.0, self.attempt)


UNSAID = (0.0, 0)
"""The newness of what the system says nothing of, as Moodle does."""


class Collected(msgspec.Struct):
    """What came of it."""

    taken: list[Handed] = []
    notes: list[str] = []
    """What was left out or is worth knowing, a sentence each."""
    problems: list[str] = []
    """The same where the teacher has to do something about it."""
    unknown: list[str] = []
    """Files whose names no system makes."""
    lessons: int = 0
    """Notebooks of lessons: nobody is graded for those."""


class _Entry(msgspec.Struct, frozen=True):
    path: str
    data: bytes | None
    """None of what is no notebook, or cannot be read: it says only that somebody handed something in."""
    by_hand: int = 0
    """How many of the first parts of the path the teacher has named."""
    archive: str = ""
    """The path of the zip that somebody handed in and that it is in."""
    at: datetime | None = None


class _TooMuch(Exception):
    """One person handed in more than anybody does. The text is a sentence."""


class Collector:
    """`zone`: of times without one. `student` and `slug`: whose all of it is, and what of."""

    def __init__(self, people: Mapping[str, Person], zone: tzinfo | None = None, student: str = "", slug: str = "") -> None:
        self._people, self._zone, self._student, self._slug = people, zone, student, slug
        self.found = Collected()
        self._receipts: dict[str, dict[str, str]] = defaultdict(dict)
        """Of each folder, logins that Blackboard's own texts say."""
        self._seen: dict[str, tuple[str, list[str]]] = {}
        """Everybody who handed anything in: what to call them, and the files."""
        self._files, self._bytes = Counter[str](), Counter[str]()
        """Of each person, by what the system calls them; under no name, what is nobody's."""

    def look(self, source: Path) -> list[Handed]:
        """The newest attempt of each person at each exercise. Raises ThreadlabError."""
        source = source.resolve()
        entries = self._folder(source) if source.is_dir() else self._archive(self._bytes_of(source), source.name)
        newest: dict[tuple[str, str], list[Handed]] = {}
        for entry, says in self._with_logins(self._told_apart(entries)):
            for handed in self._handed(entry, says):
                key = handed.student, handed.slug
                newest[key] = self._newest([*newest.get(key, []), handed])
        chosen = (self._chosen(several) for several in newest.values())
        for student in sorted(self._seen.keys() - {student for student, _ in newest}):
            who, files = self._seen[student]
            listed = ", ".join(dict.fromkeys(files[:3])) + (", …" if len(files) > 3 else "")
            self._problem(
                f"{who}: nothing was taken of what they handed in: {listed}. It has to be a notebook (.ipynb), or a zip with one."
            )
        self.found.taken = sorted((one for one in chosen if one), key=lambda one: (one.slug, one.student))
        return self.found.taken

    def _newest(self, attempts: list[Handed]) -> list[Handed]:
        """Those of one person's attempts at one exercise that may be the newest: more than one where nothing says which that is."""
        *before, last = attempts
        best = max(one.newness() for one in attempts)
        kept = [one for one in attempts if one.newness() in (best, UNSAID)]
        self.found.notes += [
            f"{one.where} is an older attempt of {one.student}'s; the newest counts." for one in attempts if one not in kept
        ]
        again = any(one.data == last.data and one.newness() == last.newness() for one in before)
        return kept[:-1] if again else kept

    def _chosen(self, several: list[Handed]) -> Handed | None:
        """The only one, or the only one with an answer in it. Which of several answers is meant is not guessed: by mistake, the draft would
        be graded."""
        if len(several) == 1:
            return several[0]
        first = several[0]
        answers = [one for one in several if not is_blank(one.data, first.slug)] or [first]
        if len(answers) == 1:
            self.found.notes += [
                f"{one.where} is blank, and was left out: {answers[0].where} counts." for one in several if one is not answers[0]
            ]
            return answers[0]
        self.found.problems.append(
            f"{first.student} handed in more than one notebook of {first.slug}, and nothing says which is the newest: "
            f"{', '.join(one.where for one in several)}. None was taken. Ask, and take the right one by itself: --student {first.student}."
        )
        return None

    def _told_apart(self, entries: Iterator[_Entry]) -> Iterator[tuple[_Entry, Named | None]]:
        """What each path says. One that two systems could have made is of the system that made the others."""
        certain, waiting = Counter[str](), list[tuple[_Entry, list[Named]]]()
        for entry in entries:
            says = self._says(entry.archive or entry.path, entry.by_hand)
            if len(says) > 1:
                waiting.append((entry, says))
                continue
            certain.update(one.system for one in says)
            yield entry, says[0] if says else None
        for entry, says in waiting:
            best = max(certain[one.system] for one in says)
            likely = [one for one in says if certain[one.system] == best]
            if len(likely) == 1:
                yield entry, likely[0]
            else:
                systems = " or ".join(one.system for one in says)
                self.found.notes.append(f"{entry.path} could be {systems}'s, and not the same person's: use --student. It was left out.")

    def _with_logins(self, entries: Iterator[tuple[_Entry, Named | None]]) -> Iterator[tuple[_Entry, Named | None]]:
        """The same, with the logins of people in Blackboard, which writes “ASSIGNMENT_login”: either may have underscores in it."""
        waiting = list[tuple[_Entry, Named, str]]()
        together: dict[str, set[str]] = defaultdict(set)
        for entry, says in entries:
            if says is None or says.system != BLACKBOARD:
                yield entry, says
                continue
            folder = (entry.archive or entry.path).partition(f"{says.student}_attempt_")[0]
            together[folder].add(says.student)
            waiting.append((entry, says, folder))
        logins = {folder: self._logins(texts, self._receipts[folder]) for folder, texts in together.items()}
        for entry, says, folder in waiting:
            if login := logins[folder].get(says.student):
                yield entry, msgspec.structs.replace(says, student=login)
            else:
                self._problem(
                    f"{folder}{says.student}: it cannot be told where the login in it begins. Left out; say who is who with --roster."
                )

    def _logins(self, texts: set[str], receipts: Mapping[str, str]) -> dict[str, str]:
        """Of what Blackboard ran together in one folder, as far as it is certain: by its own texts, by the roster, or by the assignment's
        name, with which all begin."""
        said = {text.removesuffix(login) for text, login in receipts.items()}
        common = [task for task in tasks(min(texts)) if all(text.startswith(task) and text != task for text in texts)]
        known = {task: sum(self._is_login(text.removeprefix(task)) for text in texts) for task in common}
        most = max(known.values(), default=0)
        if not most and len(texts) > 1:
            common = common[-1:]
        result = dict(receipts)
        for text in texts - receipts.keys():
            readings = tasks(text)
            of_all = [task for task in common if known[task] == most]
            fits = [task for task in readings if task in said] or of_all
            fits = fits or [task for task in readings if self._is_login(text.removeprefix(task))] or readings
            if len(fits) == 1:
                result[text] = text.removeprefix(fits[0])
        return result

    def _is_login(self, text: str) -> bool:
        person = self._people.get(plain(text))
        return person is not None and text.lower() in (person.id.lower(), person.number.lower(), person.email.lower())

    def _keep_receipt(self, path: str, data: bytes) -> None:
        """Beside each hand-in Blackboard puts a text, which begins with “Name: Jane Doe (jdoe)”."""
        text = receipt(path)
        first = data.decode("utf-8-sig", "replace").partition("\n")[0].strip()
        login = first[:-1].rpartition("(")[2] if first.endswith(")") else ""
        if login and text.endswith(f"_{login}"):
            self._receipts[path.partition(f"{text}_attempt_")[0]][text] = login

    def _says(self, path: str, by_hand: int) -> list[Named]:
        """Whose a file is, by its path."""
        return [Named("--student", self._student, "", PurePosixPath(path).name)] if self._student else named(path, by_hand)

    # ---- what there is

    def _bytes_of(self, source: Path) -> bytes:
        try:
            return source.read_bytes()
        except OSError as error:
            raise ThreadlabError(f"{source} cannot be read: {error.strerror}.") from None

    def _folder(self, source: Path) -> Iterator[_Entry]:
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source).as_posix()
            if path.is_dir() or is_hidden(inside):
                continue
            where = f"{source.name}/{inside}"
            if path.is_symlink():
                self.found.notes.append(f"{inside} is a link, and was left out.")
                continue
            if receipt(where) and path.stat().st_size < MOST_OF_RECEIPT:
                self._keep_receipt(where, path.read_bytes())
            if not (path.is_file() and is_wanted(inside) and self._has_room(path.stat().st_size, where, where, 1)):
                yield _Entry(where, None, 1)
            elif path.suffix.lower() == ".zip":
                yield from self._nested(path.read_bytes(), where, 1)
            else:
                yield _Entry(where, path.read_bytes(), 1, at=_committed(path, source))

    def _archive(self, data: bytes, name: str, around: str = "", by_hand: int = 0) -> Iterator[_Entry]:
        """What is in an archive. `around`: the path of one that was handed in, which is its owner's as a whole. Raises ThreadlabError."""
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except BROKEN:
            raise ThreadlabError(f"{name} is not a zip archive. Name the zip that the system made, or a folder.") from None
        with archive:
            for info in archive.infolist():
                if info.is_dir() or is_hidden(info.filename):
                    continue
                inside = info.filename.replace("\\", "/")  # as some programs on Windows pack; what an LMS named stays as it is
                where = f"{around}/{inside}" if around else info.filename
                if why := _refused(info):
                    self.found.notes.append(f"{info.filename[:120]!r} {why}, and was left out.")
                    continue
                content = self._read(archive, info, where, around, by_hand)
                if not around and (content is None or info.filename.lower().endswith(".zip")):
                    yield from [_Entry(where, None, by_hand)] if content is None else self._nested(content, where, by_hand)
                elif content is not None and not inside.lower().endswith(".zip"):
                    yield _Entry(where, content, by_hand, around)

    def _read(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, around: str, by_hand: int) -> bytes | None:
        """What is in a file that may have a notebook in it."""
        if receipt(where) and not around and info.file_size < MOST_OF_RECEIPT:
            self._keep_receipt(where, self._content(archive, info) or b"")
        if is_wanted(where) and self._has_room(info.file_size, where, around or where, by_hand):
            return self._content(archive, info)
        return None

    def _content(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
        try:
            with archive.open(info) as file:
                return file.read(MOST_IN_ONE + 1)
        except BROKEN:
            self.found.notes.append(f"{info.filename} cannot be unpacked: the archive is broken there, or has a password.")
            return None

    def _nested(self, data: bytes, path: str, by_hand: int) -> Iterator[_Entry]:
        """A zip that somebody handed in, such as the browser edition's download: its notebooks are theirs."""
        inside = list[_Entry]()
        try:
            inside = list(self._archive(data, path, path, by_hand))
        except _TooMuch as problem:
            self.found.notes.append(str(problem))
        except ThreadlabError:
            self.found.notes.append(f"{path} is not a zip archive and was left out.")
        yield from inside or [_Entry(path, None, by_hand)]

    def _has_room(self, size: int, path: str, handed_in: str, by_hand: int) -> bool:
        """Whether a file may be read, which was handed in as `handed_in` or is inside of it. Raises ThreadlabError when there is too much
        that is nobody's, _TooMuch inside of a person's zip."""
        says = self._says(handed_in, by_hand)
        owner = says[0].student if says else ""
        self._files[owner] += 1
        self._bytes[owner] += size
        files, size_of_all = self._files[owner], self._bytes[owner]
        if not owner and (files > MOST_FILES or size_of_all > MOST_BYTES):
            raise ThreadlabError(f"There is too much in it: more than {MOST_FILES:,} files or {MOST_BYTES:,} bytes. Nothing was taken.")
        if owner and (files > FILES_OF_ONE or size_of_all > BYTES_OF_ONE):
            first = files - 1 <= FILES_OF_ONE and size_of_all - size <= BYTES_OF_ONE
            problem = f"{path} and what comes after it of {owner}'s was left out: nobody hands in so much."
            if path != handed_in:
                raise _TooMuch(problem)
            self.found.notes += [problem] if first else []
            return False
        if size > MOST_IN_ONE:
            self.found.notes.append(f"{path} is too large ({size:,} bytes), and was left out.")
        return size <= MOST_IN_ONE

    # ---- whose it is, and of what

    def _handed(self, entry: _Entry, says: Named | None) -> Iterator[Handed]:
        if says is None:
            if entry.data is not None or is_work(entry.path):
                self.found.unknown.append(entry.path)
            return
        person = self._person(says)
        student = self._student_of(says, person)
        inner = entry.path.removeprefix(f"{entry.archive}/") if entry.archive else ""
        stem = PurePosixPath(inner or says.file).stem
        if entry.data is None or not student or is_by_the_way(says.file):
            return
        if stem in LESSONS:
            self.found.lessons += 1  # the browser edition's download has every notebook that was changed
            return
        slug = self._of(entry.data, stem)
        if slug is None:
            self.found.notes.append(f"{entry.path}: it cannot be told which exercise this is. Name it with --exercise.")
            return
        if self._slug not in ("", slug):
            self.found.notes.append(f"{entry.path} is of {slug}, and was left out: --exercise asks for {self._slug}.")
            return
        at = moment(says.at) if says.at else None
        when = at.replace(tzinfo=self._zone) if at is not None and self._zone is not None else at
        if says.at and at is None:
            self._problem(f"{entry.path}: there is no such time in the calendar. It counts as one without a time.")
        if at is not None and self._zone is None:
            raise ThreadlabError(
                f"{entry.path} says {at:%Y-%m-%d %H:%M:%S}, and not in which zone. Say it with --zone, such as --zone Europe/Berlin."
            )
        name = person.name if person and person.name else says.name
        number = person.number if person else says.student if says.student.isdigit() else ""
        yield Handed(student, slug, entry.data, entry.path, says.system, name, number, says.late, when if at else entry.at, says.attempt)

    def _student_of(self, says: Named, person: Person | None) -> str:
        """What the gradebook calls somebody who handed in a file; nothing if it cannot."""
        called = person.id if person else says.student
        student = _folder_name(called)
        who = f"{says.name} ({student or called[:60]})" if says.name else student or called[:60]
        if student:
            self._seen.setdefault(student, (who, []))[1].append(says.file)
        if not student:
            self._problem(f"{who}: “{called[:60]}” cannot be the name of a student. Nothing of theirs was taken.")
        elif person is None and self._people and not self._student:
            self._problem(f"{who} is nobody on the roster, or two people there have that name: no score finds its way back to them.")
        said = f"{who}: this names a group. What was handed in counts for {student} alone."
        if GROUP.match(says.name) and said not in self.found.notes:
            self.found.notes.append(said)
        return student

    def _problem(self, said: str) -> None:
        if said not in self.found.problems:
            self.found.problems.append(said)

    def _of(self, data: bytes, stem: str) -> str | None:
        stem = re.sub(r"(?: ?\(\d+\)|-\d{1,3})$", "", stem).lower()
        _warm()
        answer = apart(_answered, data, stem)
        says = (stem if stem in SLUGS else "") if answer is None else answer.decode()  # grading says what is wrong with it
        return says or self._slug or None

    def _person(self, says: Named) -> Person | None:
        """Who it is on the roster. A number that a system counts by may be another's there: it does not stand against the name beside it,
        and Moodle's, which is one of the assignment's, says nothing without a name."""
        names: tuple[str, ...] = (says.name, " ".join(reversed(says.name.split())))
        if GROUP.match(says.name):
            parts = says.name.split("-")
            names += tuple("-".join(parts[index:]) for index in range(1, len(parts)))
        by_name = next((self._people[plain(name)] for name in names if plain(name) in self._people), None)
        by_id = self._people.get(plain(says.student))
        if by_id is None or says.system not in NUMBERING:
            return by_id or by_name
        if by_name is None and (agrees(by_id.name, says.name) or (not by_id.name and says.system == "Canvas")):
            return by_id
        return by_name


@cache
def _warm() -> None:
    """What every copy of this process needs, and would prepare by itself otherwise."""
    read_text(b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    parts_of_exercises()


def _answered(data: bytes, stem: str) -> bytes:
    """The exercise that a notebook answers, or nothing. Raises BadNotebook."""
    return (of_file(read_text(data), stem) or "").encode()


def is_blank(data: bytes, slug: str) -> bool:
    """Whether there is nothing in a notebook that was not handed out with the exercise."""
    try:
        handed_out = _texts(blank(slug))
    except ThreadlabError:
        return False  # then nobody knows
    return apart(_more_than, data, handed_out) == b"nothing"


def _more_than(data: bytes, handed_out: frozenset[str]) -> bytes:
    return b"nothing" if _texts(read_text(data)) <= handed_out else b"something"


def _texts(notebook: NotebookNode) -> frozenset[str]:
    return frozenset(cell.source.strip() for cell in notebook.cells) | {""}


def is_hidden(path: str) -> bool:
    """Whether a file was made by a program, and says nothing: what macOS knows of a file, what git keeps."""
    *folders, name = path.replace("\\", "/").split("/")
    return not BY_THE_WAY.isdisjoint(folders) or name.startswith("._") or name == ".DS_Store"


def is_by_the_way(path: str) -> bool:
    """Whether a file was made by a program beside the one that a person means: a hidden one, a copy, a lock."""
    name = PurePosixPath(path.replace("\\", "/"))
    return is_hidden(path) or name.name.startswith((".", "~$")) or name.stem.endswith("-checkpoint")


def is_wanted(path: str) -> bool:
    """Whether there may be a notebook in a file."""
    return path.lower().endswith((".ipynb", ".zip")) and not is_by_the_way(path)


def is_work(path: str) -> bool:
    """Whether a file that is not read looks as if somebody had handed it in."""
    return path.lower().endswith(ARCHIVES) or (".ipynb" in path.lower() and not is_by_the_way(path))


def _refused(info: zipfile.ZipInfo) -> str:
    name = info.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        return "leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if not name.isprintable() or len(name) > 1000 or any(len(part.encode("utf-8", "replace")) > 255 for part in path.parts):
        return "has a name that no file can have"
    if info.file_size > 1024**2 and info.file_size > 200 * max(info.compress_size, 1):
        return f"would unpack to {info.file_size:,} bytes from {info.compress_size:,}"
    return ""


def _folder_name(student: str) -> str:
    folder = re.sub(r"[/\\\x00-\x1f\x7f]", "_", student).strip().lstrip(".")[:100]
    return folder if folder.isprintable() else ""


def _committed(path: Path, source: Path) -> datetime | None:
    """When a file of a clone was last committed. Only a clone that GitHub Classroom made is asked: a repository that somebody handed in
    brings settings of its own, and git runs the commands in them."""
    whole = f"{source.name}/{path.relative_to(source).as_posix()}"
    says = named(whole, 1)
    repository = next((one for one in path.parents if (one / ".git").is_dir()), None)
    if repository is None or [one.system for one in says] != [CLONED] or not repository.name.endswith(f"-{says[0].student}"):
        return None
    words = ["git", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"]
    words += ["log", "-1", "--format=%ct", "--", path.name]
    alone = {**os.environ, "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}  # it fetches nothing
    try:
        done = subprocess.run(words, cwd=path.parent, env=alone, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return datetime.fromtimestamp(int(done.stdout), UTC) if done.stdout.strip().isdigit() else None


def read_roster(path: Path) -> dict[str, Person]:
    """A CSV as systems export it, whatever separates its columns. Raises ThreadlabError."""
    table = read_table(path)
    result = roster([dict(zip(table.head, row, strict=False)) for row in table.rows])
    if not result:
        raise ThreadlabError(
            f"{path} has nobody in it. Its first line has to name columns, such as “username” and “name”; it is: "
            f"{table.separator.join(table.head)[:200]}"
        )
    return result


def put(taken: list[Handed], root: Path = ROOT) -> list[str]:
    """Write what was collected to where grading looks; returns what was not, and why. An older one never takes a newer one's place; where
    nothing says which is newer, the last one counts, and that is said. Raises OSError, and then no file is half written."""
    said, put_down = list[str](), list[Handed]()
    persons = people(root)
    for one in taken:
        folder = root / "autograder" / "work" / "submitted" / one.student / one.slug
        path, stamp = folder / f"{one.slug}.ipynb", folder / handed_in_at.NAME
        attempt = persons[one.student].attempts.get(one.slug, 0) if one.student in persons else 0
        order = _order(one, handed_in_at.of(folder)[0], attempt) if path.is_file() else 1
        if order < 0:
            said.append(f"{one.where} is older than what {one.student} has handed in of {one.slug} already, and was left out.")
            continue
        if order == 0 and path.read_bytes() != one.data:
            said.append(
                f"{one.where} takes the place of another notebook of {one.student}'s: nothing says which is newer, the last counts."
            )
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, one.data)
        if one.at:
            replace_file(stamp, f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode())
        else:
            stamp.unlink(missing_ok=True)
        put_down.append(one)
    _remember(put_down, persons, root)
    return said + _written_otherwise(taken, root)


def _order(one: Handed, before: datetime | None, attempt: int) -> int:
    """1 if it is newer than what is there, of that time and attempt; -1 if it is older; 0 if nobody knows, or if it is the same."""
    if one.at and before is not None:
        there = before.replace(tzinfo=UTC)
        return (one.at > there) - (one.at < there)
    if one.attempt and attempt:
        return (one.attempt > attempt) - (one.attempt < attempt)
    return 0


def _written_otherwise(taken: list[Handed], root: Path) -> list[str]:
    """Names that differ from a known student's in capitals only: most likely the same person, and two in the gradebook."""
    if not taken:
        return []
    known = sorted(path.name for path in (root / "autograder" / "work" / "submitted").iterdir() if path.is_dir())
    return [
        f"There is a student {other} as well as {new}. If they are one: python3 course.py forget {new}, and collect again as {other}."
        for new in sorted({one.student for one in taken})
        for other in known
        if other != new and other.casefold() == new.casefold()
    ]


class Known(msgspec.Struct):
    """What is remembered of a person."""

    name: str = ""
    number: str = ""
    late: list[str] = []
    """The exercises that the system calls late."""
    attempts: dict[str, int] = {}
    """Which attempt at each exercise was taken, where the system counts them."""


def people(root: Path = ROOT) -> dict[str, Known]:
    """Everybody who was collected from a system, by the gradebook's name of them. Raises ThreadlabError for a damaged file: by taking it
    for an empty one, everybody in it would be lost."""
    path = root / PEOPLE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Known])
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError:
        raise ThreadlabError(
            f"{path} is damaged: it says who is who in your system. Put it back from a copy; without one, remove it and collect again."
        ) from None


def keep(persons: Mapping[str, Known], root: Path = ROOT) -> None:
    """Write what is known of people. Raises OSError, and then what was known stays."""
    (root / PEOPLE).parent.mkdir(parents=True, exist_ok=True)
    replace_file(root / PEOPLE, msgspec.json.format(msgspec.json.encode(persons)))


def _remember(taken: list[Handed], persons: dict[str, Known], root: Path) -> None:
    for one in taken:
        person = persons.setdefault(one.student, Known())
        person.name, person.number = one.name or person.name, one.number or person.number
        person.late = sorted({*person.late, one.slug} if one.late else set(person.late) - {one.slug})
        person.attempts = {slug: attempt for slug, attempt in (person.attempts | {one.slug: one.attempt}).items() if attempt}
    keep(persons, root)


def summary(found: Collected) -> list[str]:
    """What to say about it."""
    count = len({one.student for one in found.taken})
    lines = [f"{len(found.taken)} notebook{'s' if len(found.taken) != 1 else ''} of {count} student{'s' if count != 1 else ''}."]
    lines += [f"{one.student}: {one.slug}{', late' if one.late else ''}, from {one.system}" for one in found.taken]
    lines += found.notes + found.problems
    if found.lessons:
        lines.append(f"Not taken: {found.lessons} notebook{'s' if found.lessons != 1 else ''} of lessons; only exercises are graded.")
    if found.unknown:
        listed = found.unknown[:20] + ([f"and {len(found.unknown) - 20} more"] if len(found.unknown) > 20 else [])
        lines += [
            f"Not recognised: {', '.join(listed)}.",
            f"Expected was one of these. {EXPECTED}. One person's own files: --student NAME.",
        ]
    return lines
