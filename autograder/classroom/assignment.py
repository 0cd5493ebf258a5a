"""A whole class: which submissions have to be graded, and what is kept of each.

The processes that grade know nothing of the gradebook; this one does not run a line of a submission. What came of a submission is kept in
three steps, each of which happens as a whole: the rows in the gradebook, the folder of graded notebooks, the record that says it is done.
Ended between any two of them, the next run grades that one submission again, with the same result.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from autograder import checks
from autograder.classroom.gradebook import BrokenPlugin, Writer, where_it_failed
from autograder.classroom.grader import Job, Outcome, Plan
from autograder.classroom.processes import Pool
from autograder.classroom.released import read_release
from autograder.course_folder import ROOT, replace_file
from autograder.judging.behaviours import Verdict
from autograder.judging.hidden import check_hidden
from autograder.learner.recognised import recognised
from autograder.lms import handed_in_at
from autograder.notebooks import BadNotebook, read
from autograder.one_student import apart
from autograder.printable import printable
from threadlab.errors import ThreadlabError

RECORDS = "autograder/work/records"
RESERVED = ".verdicts.json"
"""How names end that grading gives to files of its own."""
MOST = 256 * 1024**2
"""Bytes in a submission. A larger one is not read at all."""


INTERRUPTED = "Its grading was interrupted: grade it again."
"""What a record says until everything of it is kept."""
MOST_ATTEMPTS = 100
"""The number of attempts of one student that are remembered."""


class Attempt(msgspec.Struct, frozen=True):
    """Something that was handed in and graded."""

    at: str
    """When it was handed in, if that is known, else when it was graded; in UTC."""
    score: float
    handed_in: str = ""
    """The digest of it."""

    @property
    def when(self) -> str:
        """When it was handed in; nothing if that is not known. The time of a grading has its zone with it, a hand-in's has none."""
        return "" if "+" in self.at else self.at


class Record(msgspec.Struct, frozen=True):
    """What is remembered of a submission besides nbgrader's own files, for resuming and for reports."""

    student: str
    fingerprint: str
    """Of what was handed in, the release and the checks: another one means that it has to be graded again."""
    score: float = 0.0
    seconds: dict[str, float] = {}
    incidents: list[str] = []
    problem: str = ""
    at: str = ""
    verdicts: dict[str, list[Verdict]] = {}
    penalty: float = 0.0
    """What was taken off for being late; `score` is what is left."""
    attempts: list[Attempt] = []
    """Everything of this student's that was graded, the newest last. The same thing graded again counts once."""


class Submission(msgspec.Struct, frozen=True):
    """What a student handed in, as it lies on the disk."""

    student: str
    folder: Path
    notebooks: dict[str, Path]
    files: dict[str, Path]
    left_out: list[str]
    """What was not taken, a sentence each."""
    problem: str = ""


class Classroom:
    """One exercise's class. `api` is nbgrader's, with the course's configuration: it says where everything is."""

    def __init__(self, slug: str, api: Any) -> None:
        self.slug, self.api, self.coursedir = slug, api, api.coursedir
        if slug in checks.SLUGS:
            check_hidden(checks.find(slug))
        self.root = Path(self.coursedir.root)
        self.release = read_release(self.coursedir.db_url, slug)
        self.plan = _plan(api, self.release)
        late = _late_plugin(api)
        self.writer = Writer(self.coursedir.db_url, self.release, late)
        self._extensions = self.writer.extensions()
        basis = self.release.digest() + _checks(slug) + repr(sorted(self.plan.config.items())) + _source(late)
        self._basis = hashlib.sha256(basis.encode()).hexdigest()

    def _place(self, directory: str, student: str) -> Path:
        path = self.coursedir.format_path(directory, student, self.slug)
        return Path(path if os.path.isabs(path) else self.root / path)

    # ---- what there is to do

    def students(self) -> list[str]:
        """Everybody who handed something in. Raises BadNotebook when nobody did."""
        names = sorted(self.api.get_submitted_students(self.slug))
        if not names:
            folder = self._place(self.coursedir.submitted_directory, "<student>")
            raise BadNotebook(f"Nobody has handed in {self.slug}: submissions belong in {folder}/{self.slug}.ipynb.")
        return names

    def passed_over(self) -> list[str]:
        """Folders that hold a submission and that nbgrader takes for nobody's: their names begin with a dot, or hold a line break."""
        pattern = self._place(self.coursedir.submitted_directory, "*")
        there = {path.parent.name for path in pattern.parent.parent.glob(f"*/{pattern.name}") if path.is_dir()}
        return sorted(there - set(self.api.get_submitted_students(self.slug)))

    def look(self, student: str) -> Submission:
        """What a student handed in; what cannot be read is its problem. Links are left out: they could lead to anybody's files."""
        try:
            return self._look(student)
        except Exception as error:  # whatever one student's files are like, it ends as that student's outcome
            folder = self._place(self.coursedir.submitted_directory, student)
            return Submission(student, folder, {}, {}, [], f"It cannot be read: {_reason(error)}.")

    def _look(self, student: str) -> Submission:
        folder = self._place(self.coursedir.submitted_directory, student)
        if (link := _link(folder, student)) is not None:
            problem = f"{printable(link.name)} is a link. Links are not followed: they could lead to another student's files."
            return Submission(student, folder, {}, {}, [], problem)
        notebooks, files, left_out, size = dict[str, Path](), dict[str, Path](), list[str](), 0
        for directory, subfolders, names in os.walk(folder):
            links = [name for name in subfolders if Path(directory, name).is_symlink()]
            subfolders[:] = sorted(name for name in subfolders if name not in links and name not in self.coursedir.ignore)
            for name in [*links, *sorted(names)]:
                path = Path(directory, name)
                about = path.lstat()
                inside = path.relative_to(folder).as_posix()
                if (why := _left_out(inside, about.st_mode)) is not None:
                    left_out.append(f"{printable(inside)} {why}, and was left out.")
                elif directory == str(folder) and path.suffix == ".ipynb" and self.release.notebook(path.stem):
                    notebooks[path.stem] = path
                    size += about.st_size
                elif path.suffix != ".ipynb" and not _ignored(path, self.coursedir.ignore):
                    files[inside] = path
                    size += about.st_size
        others = [
            path for path in sorted(folder.glob("*.ipynb")) if path.is_file() and not path.is_symlink() and path.stem not in notebooks
        ]
        if not notebooks and (renamed := self._renamed(others)):
            notebooks[self.release.notebooks[0].name] = renamed
            left_out.append(f"The notebook was handed in as {printable(renamed.name)}, the only one there that answers {self.slug}.")
        elif notebooks and others:
            left_out.append(f"{', '.join(printable(path.name) for path in others[:5])} lay beside the notebook, and was not looked at.")
        problem = ""
        if not notebooks:
            expected = ", ".join(f"{one.name}.ipynb" for one in self.release.notebooks)
            there = ", ".join(printable(path.name) for path in others[:5])
            problem = (
                f"There is no notebook to grade: {expected} was expected, {f'and {there} is there' if there else 'and none is there'}."
            )
        elif size > MOST:
            problem = f"It is too large: {size:,} bytes, where {MOST:,} are allowed."
        return Submission(student, folder, notebooks, files, left_out, problem)

    def _renamed(self, others: list[Path]) -> Path | None:
        """Of notebooks with other names the one that answers this exercise, if there is one and no more."""
        if len(self.release.notebooks) != 1 or self.slug not in checks.SLUGS:
            return None
        fitting = apart(_fitting, others[:20], self.slug)
        return others[int(fitting)] if fitting else None

    def fingerprint(self, submission: Submission) -> str:
        """Of all that the result depends on."""
        return self._mark(submission.student, digest_of(submission))

    def _mark(self, student: str, handed_in: str) -> str:
        return hashlib.sha256(f"{self._basis}{self._extensions.get(student)}{handed_in}".encode()).hexdigest()

    def _done_before(self, student: str, graded: dict[str, float], submission: Submission) -> Record | None:
        try:
            return self.record(student) if not submission.problem and self.done(student, graded, submission) else None
        except Exception:
            return None

    def done(self, student: str, graded: dict[str, float], submission: Submission) -> bool:
        """Whether this very submission has been graded, and everything of it is kept."""
        record = self.record(student)
        if record is None or record.problem or student not in graded:
            return False
        return self._place(self.coursedir.autograded_directory, student).is_dir() and record.fingerprint == self.fingerprint(submission)

    # ---- doing it

    def run(self, pool: Pool, students: list[str], force: bool = False) -> Iterator[Record]:
        """Grade these students' submissions; those that are done already come first, as they are."""
        graded = self.writer.scores()
        waiting: dict[str, tuple[Submission, str]] = {}
        finished: list[Record] = []
        todo: list[Submission] = []
        for student in students:
            with contextlib.suppress(Exception):
                handed_in_at.put_right(self._place(self.coursedir.submitted_directory, student))
            submission = self.look(student)
            earlier = None if force else self._done_before(student, graded, submission)
            if earlier is not None:
                yield msgspec.structs.replace(earlier, score=graded[student])
            else:
                todo.append(submission)

        def jobs() -> Iterator[Job]:
            for submission in todo:
                if submission.problem:
                    finished.extend(self._keep([(Outcome(submission.student, problem=submission.problem), submission, "")]))
                    continue
                try:
                    job, mark = self._job(submission), digest_of(submission)
                except Exception as error:
                    problem = f"It cannot be read: {_reason(error)}."
                    finished.extend(self._keep([(Outcome(submission.student, problem=problem), submission, "")]))
                    continue
                waiting[submission.student] = submission, mark
                yield job

        for outcomes in pool.run(self.plan, jobs()):
            yield from finished
            finished.clear()
            for outcome in outcomes:
                if outcome.refused:
                    raise BadNotebook(outcome.refused)
                outcome.incidents += waiting[outcome.student][0].left_out[:20]
            yield from self._keep([(outcome, *waiting.pop(outcome.student)) for outcome in outcomes])
        yield from finished

    def _job(self, submission: Submission) -> Job:
        notebooks = {name: path.read_bytes() for name, path in submission.notebooks.items()}
        files = {name: path.read_bytes() for name, path in self._files(submission).items()}
        return Job(submission.student, notebooks, files)

    def _files(self, submission: Submission) -> dict[str, Path]:
        """The submission's files, those of the source folder over them, as nbgrader has it."""
        from nbgrader.utils import find_all_files

        source = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", self.slug))
        source = source if source.is_absolute() else self.root / source
        ours = {
            Path(path).relative_to(source).as_posix(): Path(path)
            for path in find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"])
        }
        return {**submission.files, **ours}

    def _keep(self, outcomes: list[tuple[Outcome, Submission, str]]) -> list[Record]:
        """What came of some submissions, with the digests of what was handed in: kept of all of them, step by step."""
        times = []
        for outcome, submission, _ in outcomes:
            timestamp, unreadable = handed_in_at.of(submission.folder)
            outcome.incidents += unreadable
            times.append((outcome, timestamp))
        scores = self._write(times)
        return [self._finish_safely(*one, moment, score) for one, (_, moment), score in zip(outcomes, times, scores, strict=True)]

    def _write(self, times: list[tuple[Outcome, datetime | None]]) -> list[float]:
        """Into the gradebook: together, or one by one if one of them cannot be written."""
        try:
            return self.writer.write(times)
        except BrokenPlugin:  # the teacher's mistake, not a student's
            raise
        except Exception:
            if len(times) > 1:
                return [self._write([one])[0] for one in times]
        outcome, _ = times[0]
        outcome.problem = "What came of it could not be written into the gradebook."
        try:
            return self.writer.write([(outcome, None)])
        except Exception:
            return [0.0]

    def _finish_safely(self, outcome: Outcome, submission: Submission, handed_in: str, moment: datetime | None, score: float) -> Record:
        before = self.record(outcome.student)
        attempts = before.attempts if before is not None else []
        try:
            return self._finish(outcome, submission, handed_in, moment, score, attempts)
        except Exception as error:
            problem = f"What came of it could not be kept: {_reason(error)}."
            record = Record(outcome.student, "", problem=problem, at=_now(), attempts=attempts)
            with contextlib.suppress(Exception):
                self._write_record(record)
            return record

    def _finish(
        self, outcome: Outcome, submission: Submission, handed_in: str, moment: datetime | None, score: float, known: list[Attempt]
    ) -> Record:
        """`moment`: when it was handed in, if that is known; `known`: the attempts before."""
        now = _now()
        if not outcome.problem:
            this = Attempt(moment.isoformat(timespec="seconds") if moment else now, score, handed_in)
            known = [*(one for one in known if one.handed_in != handed_in), this][-MOST_ATTEMPTS:]
        record = Record(
            outcome.student,
            self._mark(outcome.student, handed_in) if handed_in else "",
            score,
            outcome.seconds,
            outcome.incidents,
            outcome.problem,
            now,
            outcome.verdicts,
            self.writer.penalties.get(outcome.student, 0.0),
            known,
        )
        self._write_record(Record(outcome.student, "", problem=INTERRUPTED, at=now, attempts=known))
        self._put_graded(outcome, submission)
        self._write_record(record)
        return record

    def _put_graded(self, outcome: Outcome, submission: Submission) -> None:
        """The folder of graded notebooks, made aside and then put in place."""
        place = self._place(self.coursedir.autograded_directory, outcome.student)
        if place.exists():
            shutil.rmtree(place)
        if outcome.problem:
            return
        aside = self.root / RECORDS / self.slug / f".{outcome.student}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name, path in self._files(submission).items():
            to = aside / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
        for name, text in outcome.notebooks.items():
            (aside / f"{name}.ipynb").write_text(text, encoding="utf-8")
            if outcome.verdicts.get(name):
                (aside / f"{name}.verdicts.json").write_bytes(msgspec.json.format(msgspec.json.encode(outcome.verdicts[name])))
        for directory, _, names in os.walk(aside):
            for one in names:
                os.chmod(Path(directory, one), 0o444)
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(place)

    def graded_students(self) -> list[str]:
        """Everybody whose submission has been graded."""
        pattern = self._place(self.coursedir.autograded_directory, "*")
        return sorted(path.parent.name for path in pattern.parent.parent.glob(f"*/{pattern.name}") if path.is_dir())

    def graded_notebooks(self, student: str) -> list[Path]:
        """Where a student's graded notebooks are."""
        folder = self._place(self.coursedir.autograded_directory, student)
        return [folder / f"{one.name}.ipynb" for one in self.release.notebooks]

    # ---- records

    def _record_path(self, student: str) -> Path:
        return self.root / RECORDS / self.slug / f"{student}.json"

    def record(self, student: str) -> Record | None:
        """What was kept of a student's last grading."""
        try:
            return msgspec.json.decode(self._record_path(student).read_bytes(), type=Record)
        except (OSError, msgspec.MsgspecError):
            return None

    def graded_notebook(self, student: str) -> Path:
        """The notebook as it was graded."""
        return self._place(self.coursedir.autograded_directory, student) / f"{self.slug}.ipynb"

    def _write_record(self, record: Record) -> None:
        path = self._record_path(record.student)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, msgspec.json.encode(record))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def digest_of(submission: Submission) -> str:
    """Of what was handed in."""
    digest = hashlib.sha256()
    for name, path in sorted({**submission.files, **{f"{one}.ipynb": at for one, at in submission.notebooks.items()}}.items()):
        digest.update(f"{name}\0{path.stat().st_size}\0".encode("utf-8", "surrogateescape"))
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def _link(folder: Path, student: str) -> Path | None:
    """The folder of an exercise, or of its student, if it is a link."""
    own = [folder, folder.parent] if folder.parent.name == student else [folder]
    return next((path for path in own if path.is_symlink()), None)


def _left_out(inside: str, mode: int) -> str | None:
    """Why a file is not taken from a submission; None if it is."""
    if not inside.isprintable() or inside.encode("utf-8", "replace").decode() != inside:
        return "has a name that is not plain text (UTF-8)"
    if any(part.endswith(RESERVED) for part in Path(inside).parts):
        return "has a name that grading itself uses"
    if stat.S_ISLNK(mode):
        return "is a link"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def _fitting(paths: list[Path], slug: str) -> bytes:
    """The place of the one among these notebooks that answers the exercise; nothing if there is none, or more than one."""
    fitting = []
    for place, path in enumerate(paths):
        with contextlib.suppress(OSError, BadNotebook):
            if path.stat().st_size <= MOST and recognised(read(path), slug) == slug:
                fitting.append(place)
    return str(fitting[0]).encode() if len(fitting) == 1 else b""


def _ignored(path: Path, patterns: list[str]) -> bool:
    from nbgrader.utils import is_ignored

    return bool(is_ignored(str(path), patterns))


def _plan(api: Any, release: Any) -> Plan:
    from nbgrader.converters import Autograde

    converter = Autograde(coursedir=api.coursedir, parent=api)
    names = [
        [f"{one.__module__}.{one.__qualname__}" for one in classes]
        for classes in (converter.sanitize_preprocessors, converter.autograde_preprocessors)
    ]
    sections = {name.rpartition(".")[2] for classes in names for name in classes} | {"NbGraderPreprocessor", "NotebookExporter"}
    config = {name: dict(api.config[name]) for name in sorted(sections) if name in api.config}
    return Plan(release, names[0], names[1], config)


def _late_plugin(api: Any) -> Any:
    from nbgrader.preprocessors import AssignLatePenalties

    penalties = AssignLatePenalties(parent=api)
    try:
        penalties.init_plugin()
    except Exception as error:
        raise ThreadlabError(
            f"The late-penalty plugin of nbgrader_config.py cannot be used: {where_it_failed(error)}{error}. "
            "Its file belongs beside nbgrader_config.py, in autograder/."
        ) from None
    return penalties.plugin_inst


def _source(plugin: Any) -> str:
    """A plugin's text, so that another plugin means another grading."""
    path = Path(getattr(sys.modules.get(type(plugin).__module__), "__file__", None) or "")
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}" + (path.read_text("utf-8", "replace") if path.is_file() else "")


def _checks(slug: str) -> str:
    """The text of the checks, so that other checks mean another grading."""
    hidden = ROOT / "autograder" / "hidden" / f"{slug}.py"
    return "".join(path.read_text(encoding="utf-8") for path in [*checks.modules(slug), hidden] if path.is_file())


def _reason(error: Exception) -> str:
    """Why something failed, for a person: no word of Python's."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeError):
        return "a name or a text in it is not UTF-8"
    return "something in it is of a kind that nobody expects"
