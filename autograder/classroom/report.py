"""What a class found hard: one page that needs nothing else, lists for Canvas and Moodle, and the same as JSON.

Everything that comes from a submission is text here and is escaped as such; meaning is never carried by colour alone.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from markupsafe import Markup
from nbformat import NotebookNode

from autograder import checks
from autograder.classroom import similar
from autograder.classroom.assignment import Attempt, Classroom, Record
from autograder.course_folder import ROOT
from autograder.judging.behaviours import NEVER_CAME_UP, NOT_WRITTEN, Finding
from autograder.lms.collect import people
from autograder.notebooks import BadNotebook, is_graded, read, read_answers
from autograder.one_student import apart
from autograder.printable import csv_text
from courseware import catalogue
from threadlab.html_page import template

REPORTS = "autograder/work/reports"
JOURNAL = 40
"""Lines of what happened that are shown of one submission."""
_ID = re.compile(r"\b([a-z]{2,7})_[A-Za-z0-9]{16,}\b")
TELLS_NOTHING = (NOT_WRITTEN, NEVER_CAME_UP)
"""Keys of sentences that say nothing about what is hard."""


class Hard(msgspec.Struct, frozen=True):
    """A behaviour, and how many do not show it."""

    part: str
    behaviour: str
    promise: str
    points: int
    lost: int
    of: int
    sentence: str
    """The reason that was given most often."""


class Misconception(msgspec.Struct, frozen=True):
    """A known wrong answer whose behaviours are lost by these students' answers too."""

    name: str
    students: list[str]


class Row(msgspec.Struct, frozen=True):
    """A student."""

    student: str
    score: float | None
    """None when it could not be graded."""
    lost: list[str]
    seconds: float
    incidents: list[str]
    problem: str
    penalty: float = 0.0
    """What was taken off for being late."""
    findings: list[Finding] = []
    """Every behaviour, with its sentence."""
    journal: list[str] = []
    """What happened in the first order that failed, a line for each thing."""
    attempts: list[Attempt] = []
    """What was handed in and graded, the newest last."""
    submission: str = ""
    """nbgrader's id of the notebook, by which the formgrader shows it."""
    late: bool = False
    """Whether the learning management system that it was collected from calls it late."""


class ClassReport(msgspec.Struct, frozen=True):
    """All that the page says."""

    slug: str
    title: str
    points: float
    rows: list[Row]
    hard: list[Hard]
    misconceptions: list[Misconception]
    similar: similar.Similar


def collect(slug: str, api: Any) -> tuple[ClassReport, dict[str, Markup]]:
    """The report, and the drawn timelines by student. Raises BadNotebook when nobody was graded yet."""
    room = Classroom(slug, api)
    scores = room.writer.scores()
    records = [record for student in sorted(scores) if (record := room.record(student)) is not None]
    if not records:
        raise BadNotebook(f"Nobody's {slug} was graded yet: python3 course.py grade {slug}")
    ids = room.writer.notebooks()
    late = {student for student, one in people().items() if slug in one.late}
    rows = [
        Row(
            one.student,
            None if one.problem else scores[one.student],
            _lost(one),
            one.seconds.get("all", 0.0),
            one.incidents,
            one.problem,
            one.penalty,
            [finding for verdicts in one.verdicts.values() for verdict in verdicts for finding in verdict.findings],
            [line for verdicts in one.verdicts.values() for verdict in verdicts for line in verdict.journal[:JOURNAL]],
            one.attempts,
            ids.get(one.student, ""),
            one.student in late,
        )
        for one in records
    ]
    title = catalogue.find(slug).title if slug in checks.SLUGS else slug
    blank = {cell.name: cell.source for one in room.release.notebooks for cell in one.source_cells}
    looked_at = {one.student: _looked_at(room.graded_notebooks(one.student), blank) for one in records if not one.problem}
    rows = [
        row if looked_at.get(row.student, _Seen()) is not None else msgspec.structs.replace(row, incidents=[*row.incidents, NOT_LOOKED_AT])
        for row in rows
    ]
    pages = {student: one for student, one in looked_at.items() if one is not None}
    alike = similar.compare({student: one.tokens for student, one in pages.items()})
    class_report = ClassReport(slug, title, room.release.max_score, rows, hard(slug, records), _misconceptions(slug, rows), alike)
    return class_report, {student: Markup(one.picture) for student, one in pages.items() if one.picture}  # noqa: S704 grading has drawn it


class _Seen(msgspec.Struct, frozen=True):
    """What was found in a student's graded notebooks."""

    tokens: list[str] = []
    picture: str = ""
    """The timeline of the first order that failed, as it was drawn when it was graded."""


NOT_LOOKED_AT = "The graded notebook could not be read for this report, so it is missing from the comparison of answers."


def _looked_at(paths: list[Path], blank: Mapping[str, str]) -> _Seen | None:
    """What is in a student's notebooks; None if they cannot be read, whatever the reason."""
    data = apart(_look, paths, blank)
    return None if data is None else msgspec.msgpack.decode(data, type=_Seen)


def _look(paths: list[Path], blank: Mapping[str, str]) -> bytes:
    pictures = (picture for path in paths if path.is_file() for picture in _drawn(read(path)))
    return msgspec.msgpack.encode(_Seen(similar.tokens(similar.answer(paths, blank)), next(pictures, "")))


def _lost(record: Record) -> list[str]:
    return [name for verdicts in record.verdicts.values() for verdict in verdicts for name in verdict.lost]


def hard(slug: str, records: list[Record]) -> list[Hard]:
    """Hardest first. A submission that could not be graded says nothing about what is hard."""
    if slug not in checks.SLUGS:
        return []
    graded = [record for record in records if not record.problem]
    findings = [
        (verdict.part, finding)
        for one in graded
        for verdicts in one.verdicts.values()
        for verdict in verdicts
        for finding in verdict.findings
    ]
    rows = []
    for part in checks.find(slug).parts:
        for behaviour in part.behaviours:
            losses = [one for name, one in findings if name == part.name and one.behaviour == behaviour.name and one.earned < one.points]
            with_sentence = [one for one in losses if one.sentence]
            telling = [one for one in with_sentence if one.key not in TELLS_NOTHING] or with_sentence
            sentence = _most_frequent(telling)
            rows.append(Hard(part.name, behaviour.name, behaviour.promise, behaviour.points, len(losses), len(graded), sentence))
    return sorted(rows, key=lambda one: -one.lost)


def _most_frequent(findings: list[Finding]) -> str:
    """The sentence of the reason that most have. Ids in it belong to one student's trial, and are left out."""
    if not findings:
        return ""
    reason, _ = Counter(one.key or one.sentence for one in findings).most_common(1)[0]
    sentence, _ = Counter(_ID.sub(r"\1_…", one.sentence) for one in findings if (one.key or one.sentence) == reason).most_common(1)[0]
    return sentence


def _misconceptions(slug: str, rows: list[Row]) -> list[Misconception]:
    """Students whose answers lose exactly what a known wrong answer loses. Several wrong answers can look the same from outside."""
    answers: dict[frozenset[str], list[str]] = {}
    for path in sorted((ROOT / "autograder" / "known_answers" / slug / "wrong").glob("*.py")):
        answers.setdefault(frozenset(read_answers(path)[1] or ()), []).append(path.stem.replace("_", " "))
    by_mistake: dict[str, list[str]] = {}
    for row in rows:
        names = answers.get(frozenset(row.lost), []) if row.lost and not row.problem else []
        if names:
            by_mistake.setdefault(" / ".join(names), []).append(row.student)
    return sorted((Misconception(name, students) for name, students in by_mistake.items()), key=lambda one: -len(one.students))


# ---- as files ----------------------------------------------------------------------------------------------------------------------------


def earlier(path: Path, slug: str) -> ClassReport:
    """A report that was written before, as JSON. Raises BadNotebook."""
    try:
        result = msgspec.json.decode(path.read_bytes(), type=ClassReport)
    except (OSError, msgspec.MsgspecError):
        raise BadNotebook(f"{path} is not the JSON of an earlier report.") from None
    if result.slug != slug:
        raise BadNotebook(f"{path} is a report of {result.slug}, and cannot be compared with {slug}.")
    return result


def _drawn(notebook: NotebookNode) -> Iterator[str]:
    """What grading itself has drawn below graded cells: nothing that a submission shows is there."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []) if is_graded(cell) else []:
            if output.output_type == "display_data" and "text/html" in output.data:
                yield str(output.data["text/html"])


def write(
    report: ClassReport, folder: Path, before: ClassReport | None = None, drawn: Mapping[str, Markup] | None = None, formgrader: str = ""
) -> list[Path]:
    """The page, the lists and the JSON; returns where they are. `drawn`: timelines by student; `formgrader`: JupyterLab's address."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        f"{report.slug}.html": page(report, before, drawn, formgrader),
        f"{report.slug}.csv": details(report),
        f"{report.slug}.canvas.csv": canvas(report),
        f"{report.slug}.moodle.csv": moodle(report),
        f"{report.slug}.json": msgspec.json.format(msgspec.json.encode(report)).decode(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def canvas(report: ClassReport) -> str:
    """A gradebook as Canvas imports it; students are found by their login."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", report.title]
    rows = [[row.student, "", "", row.student, "", "" if row.score is None else f"{row.score:g}"] for row in report.rows]
    return csv_text([head, ["    Points Possible", "", "", "", "", f"{report.points:g}"], *rows])


def moodle(report: ClassReport) -> str:
    """Grades as Moodle's CSV import takes them; map `username` to the user and the other column to the grade item."""
    rows = [[row.student, "-" if row.score is None else f"{row.score:g}"] for row in report.rows]
    return csv_text([["username", report.slug], *rows])


def details(report: ClassReport) -> str:
    """Everything about the scores, for a spreadsheet; no LMS takes it."""
    head = ["student", "score", "of", "taken off for being late", "lost", "attempts", "last handed in", "late in the LMS", "problem"]
    rows = [
        [
            row.student,
            "" if row.score is None else f"{row.score:g}",
            f"{report.points:g}",
            f"{row.penalty:g}",
            " ".join(row.lost),
            str(len(row.attempts)),
            row.attempts[-1].when if row.attempts else "",
            "yes" if row.late else "",
            row.problem,
        ]
        for row in report.rows
    ]
    return csv_text([head, *rows])


TEMPLATE = Path(__file__).with_name("report.html.j2")


class Table(NamedTuple):
    """A table of the page. A cell is a text, or Markup."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    empty: str
    """What is said where there are no rows."""


def _bar(count: int, of: int) -> Markup:
    bar = Markup('<span class="count">{} of {} <span class="bar" style="width:{:.2f}rem" aria-hidden="true"></span></span>')
    return bar.format(count, of, 8 * count / of if of else 0)


BINS = 10


def distribution(report: ClassReport) -> list[tuple[str, int]]:
    """How many have how many points, in at most ten steps of whole points."""
    step = max(1, -(-int(report.points) // BINS))
    graded = [row.score for row in report.rows if row.score is not None]
    starts = range(0, int(report.points) + 1, step)
    ends = [min(start + step, int(report.points) + 1) for start in starts]
    return [
        (f"{start}" if end == start + 1 else f"{start} to {end - 1}", sum(start <= score < end for score in graded))
        for start, end in zip(starts, ends, strict=True)
    ]


def _compared(report: ClassReport, before: ClassReport | None) -> list[list[str]]:
    """Who has other points than in an earlier report."""
    old = {row.student: "not graded" if row.score is None else f"{row.score:g}" for row in before.rows} if before else {}
    new = {row.student: "not graded" if row.score is None else f"{row.score:g}" for row in report.rows}
    return [
        [student, old.get(student, "not there"), new.get(student, "not there")]
        for student in sorted(old.keys() | new.keys())
        if before is not None and old.get(student) != new.get(student)
    ]


def by_day(report: ClassReport) -> list[tuple[str, list[float]]]:
    """The scores of everything that was handed in at a known time and graded, by day."""
    scores: dict[str, list[float]] = {}
    for row in report.rows:
        for attempt in row.attempts:
            if attempt.when:
                scores.setdefault(attempt.when[:10], []).append(attempt.score)
    return sorted(scores.items())


def _again(report: ClassReport) -> list[list[str]]:
    """Who handed in more than once, and what became of it."""
    return [
        [row.student, ", ".join(f"{one.score:g} ({'' if one.when else 'graded '}{one.at[:16].replace('T', ' ')})" for one in row.attempts)]
        for row in report.rows
        if len(row.attempts) > 1
    ]


def _how_alike(found: similar.Similar) -> str:
    return (
        "Answers are compared as streams of tokens, without comments, layout, texts, numbers and the names that they chose: "
        f"100 % is the same program. {found.compared} were long enough to tell; two of them are usually {100 * found.usual:.0f} % alike "
        f"(the median), and pairs from {100 * similar.ALIKE:.0f} % are listed, at most {similar.MOST}. It is information only: people who "
        "worked together, or had the same good idea, look like people who copied. No score depends on it."
    )


def page(report: ClassReport, before: ClassReport | None = None, drawn: Mapping[str, Markup] | None = None, formgrader: str = "") -> str:
    """One page of HTML without scripts or anything from elsewhere. `before`: an earlier report to compare with. `drawn`: timelines, by
    student. `formgrader`: where JupyterLab runs, for links to each submission."""
    graded = [row.score for row in report.rows if row.score is not None]
    middle = f"median {statistics.median(graded):g}, mean {statistics.fmean(graded):.1f} of {report.points:g}" if graded else "none"
    hard = [[one.behaviour, _bar(one.lost, one.of), str(one.points), one.promise, one.sentence[:400]] for one in report.hard]
    wrong = [[one.name, _bar(len(one.students), len(report.rows)), ", ".join(one.students)] for one in report.misconceptions]
    unruly = [
        [row.student, Markup("<br>").join(line for line in [row.problem, *row.incidents] if line)]
        for row in report.rows
        if row.problem or row.incidents
    ]
    rows = [
        [
            row.student,
            ("not graded" if row.score is None else f"{row.score:g}") + (", late" if row.late else ""),
            ", ".join([*row.lost, *([f"{row.penalty:g} for being late"] if row.penalty else [])]) or "nothing",
            f"{row.seconds:.2f} s",
        ]
        for row in report.rows
    ]
    alike = [[" and ".join(pair.students), f"{100 * pair.alike:.0f} %"] for pair in report.similar.pairs]
    tables = [
        Table("Hardest behaviours", ["Behaviour", "Not shown by", "Points", "What is checked", "Most frequent reason"], hard, "None."),
        Table("Misconceptions", ["Known wrong answer", "Have it", "Who"], wrong, "No answer looks like a known wrong one."),
        Table("Submissions that misbehaved", ["Student", "What happened"], unruly, "None."),
        Table("Answers that are alike", ["Students", "Alike"], alike, "None: no two answers are nearly the same."),
        Table("Scores", ["Student", f"Score of {report.points:g}", "Lost", "Time to grade"], rows, "Nobody."),
    ]
    steps = [[name, _bar(count, len(graded))] for name, count in distribution(report)]
    tables.insert(0, Table("Distribution of scores", [f"Points of {report.points:g}", "Submissions"], steps, "None."))
    if before is not None:
        tables.insert(
            1, Table("Changed since the earlier report", ["Student", "Then", "Now"], _compared(report, before), "Nobody's score.")
        )
    attempts = [one for row in report.rows for one in row.attempts if one.when]
    days = [[day, _bar(len(scores), len(attempts)), f"{statistics.fmean(scores):.1f}"] for day, scores in by_day(report)]
    tables.insert(-1, Table("Attempts over time", ["Day (UTC)", "Handed in", f"Mean of {report.points:g}"], days, "No times are known."))
    tables.insert(-1, Table("Handed in more than once", ["Student", "Scores, the newest last"], _again(report), "Nobody."))
    took = sum(row.seconds for row in report.rows)
    count = len(report.rows)
    about = f"{count} submission{'' if count == 1 else 's'}, {len(graded)} graded: {middle}. Grading took {took:.1f} s of work."
    title = f"{report.title} ({report.slug})"
    return template(TEMPLATE).render(
        title=title,
        about=about,
        tables=tables,
        rows=report.rows,
        points=f"{report.points:g}",
        how_alike=_how_alike(report.similar),
        slug=report.slug,
        drawn=drawn or {},
        formgrader=formgrader.rstrip("/"),
    )
