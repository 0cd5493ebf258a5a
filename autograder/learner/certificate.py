"""`course.py certificate`: a page that says what was passed, with the answers in it, so that a teacher can run them again.

The checksum shows that a page was not changed by accident, or by someone who did not know how. It cannot show more, because everyone
who has the course can compute one. What a certificate is worth rests on the answers: `--verify` runs them again, in the sandbox, on the
teacher's own machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from nbformat import NotebookNode

from autograder import checks
from autograder.execution.client import WorkerClient
from autograder.judging.behaviours import Exercise
from autograder.judging.notebook import grade_notebook, salted
from autograder.learner import progress
from autograder.notebooks import CHECK, grade_id, is_graded, is_solution, marks, read, released
from threadlab.errors import ThreadlabError
from threadlab.html_page import template
from threadlab.version import version

COURSE = "Threads: conversations kept by a server"
MOST = 8 * 1024**2
"""Bytes in a page. A larger one is not read."""
_TEMPLATE = Path(__file__).with_name("certificate.html.j2")
MOST_EXERCISES = 100
"""On one page. Each of them would be run again."""
_BEFORE, _BEHIND = '<script type="application/json" id="certificate">', "</script>"
_COMMAND = "certificate --verify "


class BadCertificate(ThreadlabError):
    """A file that is not a certificate, or cannot be read."""


class Cell(msgspec.Struct, frozen=True):
    """One code cell of a learner's notebook, without what it printed."""

    source: str
    answer: bool = False
    """Whether it is one of the cells for answers; `name` is its grade id then."""
    name: str = ""


class Line(msgspec.Struct, frozen=True):
    """One exercise on a certificate."""

    slug: str
    lesson: str
    title: str
    points: int
    earned: int = 0
    passed_on: str = ""
    """The day of its first full marks; empty as long as there were none."""
    cells: tuple[Cell, ...] = ()


class Certificate(msgspec.Struct, frozen=True):
    """What a page says."""

    name: str
    made: str
    version: str
    exercises: tuple[Line, ...]

    @property
    def checksum(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    @property
    def passed(self) -> int:
        return sum(1 for one in self.exercises if one.passed_on)


class Compared(msgspec.Struct, frozen=True):
    """What one exercise's answers earn when they are run again."""

    line: Line
    earned: int
    lost: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return self.earned == self.line.earned


# ---- making one -------------------------------------------------------------------------------------------------------------------------


def made(
    name: str, client: WorkerClient, slugs: Iterable[str], now: datetime | None = None, notice: Callable[[str], None] = print
) -> Certificate:
    """Check every exercise of `slugs` as it stands now. An exercise that is not among them is on the page, as not passed."""
    day = f"{now or datetime.now(UTC):%Y-%m-%d}"
    standings, selected, lines = progress.load(), set(slugs), []
    for slug in checks.SLUGS:
        exercise = checks.find(slug)
        line = Line(slug, exercise.about.lesson, exercise.about.title, exercise.points)
        if slug in selected:
            notice(slug)
            cells = tuple(_cells(read(released(slug))))
            earned, _ = judged(exercise, cells, client)
            passed_on = (standings.get(slug, progress.Standing()).passed_on or day) if earned == exercise.points else ""
            line = msgspec.structs.replace(line, earned=earned, passed_on=passed_on, cells=cells)
        lines.append(line)
    return Certificate(name, day, version(), tuple(lines))


def _cells(notebook: NotebookNode) -> Iterator[Cell]:
    for cell in notebook.cells:
        if cell.cell_type == "code" and not is_graded(cell):
            answer = is_solution(cell)
            yield Cell(cell.source, answer, grade_id(cell) if answer else "")


def judged(exercise: Exercise, cells: Iterable[Cell], client: WorkerClient) -> tuple[int, tuple[str, ...]]:
    """What a notebook of these cells earns, and the behaviours that it loses. Its graded cells are the exercise's own, and what its scenes
    draw by chance is drawn here: nobody can have written it into an answer."""
    notebook = _notebook(exercise, cells)
    with client.open() as session, salted(notebook):
        verdicts = grade_notebook(notebook, session, exercise)
    return sum(one.earned for one in verdicts), tuple(name for one in verdicts for name in one.lost)


def _notebook(exercise: Exercise, cells: Iterable[Cell]) -> NotebookNode:
    from nbformat.v4 import new_code_cell, new_notebook

    made_of = [new_code_cell(one.source, metadata=marks(one.name, solution=True, locked=False) if one.answer else {}) for one in cells]  # type: ignore[no-untyped-call]
    graded = [new_code_cell("", metadata=marks(CHECK + part.name, points=part.points)) for part in exercise.parts]  # type: ignore[no-untyped-call]
    notebook: NotebookNode = new_notebook(cells=[*made_of, *graded])  # type: ignore[no-untyped-call]
    return notebook


def page(certificate: Certificate, file: str) -> str:
    """The page, as it is written to a file of this name."""
    data = msgspec.json.encode(certificate, order="sorted").decode().replace("<", "\\u003c")
    text: str = template(_TEMPLATE).render(
        title="Certificate of completion" if certificate.passed == len(certificate.exercises) else "Statement of progress",
        course=COURSE,
        file=file,
        name=certificate.name,
        made=certificate.made,
        version=certificate.version,
        passed=certificate.passed,
        earned=sum(one.earned for one in certificate.exercises),
        points=sum(one.points for one in certificate.exercises),
        exercises=certificate.exercises,
        checksum=certificate.checksum,
        data=data,
    )
    return text


# ---- verifying one ----------------------------------------------------------------------------------------------------------------------


class Page(msgspec.Struct, frozen=True):
    """A page as it was read."""

    certificate: Certificate
    problems: tuple[str, ...]
    """What shows that it was changed since it was made, a sentence each."""


def opened(path: Path) -> Page:
    """The certificate in a page. Raises BadCertificate for a file that has none."""
    try:
        if path.stat().st_size > MOST:
            raise BadCertificate(f"{path} is too large to be a certificate.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadCertificate(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise BadCertificate(f"{path} is not a certificate: it is not text.") from None
    data, behind, _ = text.partition(_BEFORE)[2].partition(_BEHIND)
    if text.count(_BEFORE) != 1 or not behind:
        raise BadCertificate(f"{path} is not a certificate: `course.py certificate` makes one.")
    try:
        certificate = msgspec.json.decode(data, type=Certificate)
    except msgspec.MsgspecError as error:
        raise BadCertificate(f"{path} is not a certificate that can be read: {error}.") from None
    except RecursionError:
        raise BadCertificate(f"{path} is not a certificate that can be read: it is nested too deeply.") from None
    if len(certificate.exercises) > MOST_EXERCISES:
        raise BadCertificate(f"{path} is not a certificate of this course: it names {len(certificate.exercises):,} exercises.")
    return Page(certificate, tuple(_problems(certificate, text)))


def _problems(certificate: Certificate, text: str) -> Iterator[str]:
    if f"<code>{certificate.checksum}</code>" not in text:
        yield "the checksum is not that of the data"
    if certificate.version != version():
        yield f"it was made with version {certificate.version} of the course, and this is {version()}"
    command = text.partition(_COMMAND)[2].partition("</code>")[0]
    if certificate.version == version() and text != page(certificate, _unescaped(command)):
        yield "the page does not show what its data say"
    exercises = {slug: checks.find(slug) for slug in checks.SLUGS}
    for one in certificate.exercises:
        if one.slug not in exercises:
            yield f"there is no exercise {one.slug}"
        elif one.points != exercises[one.slug].points or one.earned > one.points or (one.passed_on and one.earned < one.points):
            yield f"{one.slug}: {one.earned} of {one.points} points is not a result of this course"
    if len({one.slug for one in certificate.exercises}) < len(certificate.exercises):
        yield "an exercise is on it twice"


def _unescaped(text: str) -> str:
    import html

    return html.unescape(text)


def compared(certificate: Certificate, client: WorkerClient) -> Iterator[Compared]:
    """Run all answers again that are said to earn something, those of an exercise once."""
    lines = {line.slug: line for line in reversed(certificate.exercises)}
    for line in reversed(lines.values()):
        if line.slug in checks.SLUGS and (line.earned or line.passed_on):
            earned, losses = judged(checks.find(line.slug), line.cells, client)
            yield Compared(line, earned, losses)
