"""The course's own verbs, for learners, for a class and for authors: `python -m autograder --help` lists them."""

from __future__ import annotations

import _thread
import argparse
import contextlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from rich.markup import escape
from rich.table import Column, Table

from autograder import checks
from autograder.classroom.one_grader import alone
from autograder.classroom.progress_bar import Display
from autograder.classroom.released import NotReleased
from autograder.course_folder import ROOT
from autograder.printable import SafeConsole, printable
from threadlab.errors import ThreadlabError

if TYPE_CHECKING:
    from autograder.classroom.assignment import Record
    from autograder.classroom.processes import Pool
    from autograder.execution.client import WorkerClient

SUBMISSIONS = ROOT / "autograder" / "known_answers"
out, say = SafeConsole(highlight=False, soft_wrap=True), SafeConsole(stderr=True, highlight=False, soft_wrap=True)


def check(options: argparse.Namespace) -> int:
    """Check your own notebook, a line a behaviour; without a name, every exercise that you have begun."""
    from autograder.execution.client import WorkerClient
    from autograder.learner import progress
    from autograder.notebooks import released

    if options.exercise is None and options.notebook:
        raise ThreadlabError("Say which exercise that notebook is of: course.py check EXERCISE --notebook FILE.")
    slugs = [options.exercise] if options.exercise else progress.begun()
    for slug in slugs:
        checks.find(slug)
    if not slugs:
        out.print("You have not begun an exercise yet. The first one is " + str(released(checks.SLUGS[0])), markup=False)
        return 0
    # The learner's own code on the learner's own machine: as trusted as in the notebook.
    with WorkerClient(trust=True) as client:
        passed = [_check_one(client, slug, Path(options.notebook) if options.notebook else None) for slug in slugs]
    if options.exercise is None:
        out.print(progress.overview(), markup=False)
    return 0 if all(passed) else 1


def _check_one(client: WorkerClient, slug: str, path: Path | None) -> bool:
    from autograder.judging.verdict_text import render
    from autograder.learner import progress
    from autograder.learner.watch import check_now

    exercise = checks.find(slug)
    say.print(f"Checking {slug} …")
    verdicts, notes = check_now(client, slug, path)
    for note in notes:
        out.print(note)
    for verdict in verdicts:
        out.print(render(verdict) + "\n", markup=False)
    earned = sum(verdict.earned for verdict in verdicts)
    passed = earned == exercise.points
    if path is None:
        progress.note(slug, earned, exercise.points)
    end = "Visible checks passed." if passed else "Not there yet."
    out.print(f"{slug}: {earned} of {exercise.points} points. {end}", markup=False)
    return passed


def watch(options: argparse.Namespace) -> int:
    """Check an exercise again whenever its notebook is saved."""
    from autograder.learner import watch as watching

    if options.exercise:
        checks.find(options.exercise)
    return watching.run(options.exercise, out)


def certificate(options: argparse.Namespace) -> int:
    """Make a page of what you have passed, with your answers in it; or run the answers of such a page again."""
    from autograder.execution.client import WorkerClient
    from autograder.learner import certificate as certificates
    from autograder.learner import progress

    if options.verify:
        return _verify(Path(options.verify), options.trust_submissions)
    slugs = progress.begun()
    if not slugs:
        say.print("You have not begun an exercise yet: there is nothing to certify.")
        return 1
    if not (options.name or "").strip():
        raise ThreadlabError('Say whose it is: course.py certificate --name "Ada Lovelace".')
    with WorkerClient(trust=True) as client:
        new_certificate = certificates.made(
            options.name.strip(), client, slugs, notice=lambda slug: say.print(f"Checking {slug} …", markup=False)
        )
    target = Path(options.to)
    target.write_text(certificates.page(new_certificate, target.name), encoding="utf-8")
    out.print(
        f"{new_certificate.passed} of {len(new_certificate.exercises)} exercises passed. The page is {target}; your answers are in it.",
        markup=False,
    )
    return 0


def _verify(path: Path, trust: bool) -> int:
    """Say what a page claims, what its answers earn here, and whether the two agree."""
    from autograder.execution.client import WorkerClient
    from autograder.learner import certificate as certificates

    page = certificates.opened(path)
    proof, doubts = page.certificate, list(page.problems)
    table = Table("exercise", "on the page", "run again", "passed on", "lost", title=escape(printable(proof.name)), title_justify="left")
    with WorkerClient(trust=trust) as client:
        for one in certificates.compared(proof, client):
            say.print(f"{one.line.slug} was run again.", markup=False)
            claimed, earned = f"{one.line.earned} of {one.line.points}", f"{one.earned} of {one.line.points}"
            table.add_row(one.line.slug, claimed, earned, escape(printable(one.line.passed_on or "-")), ", ".join(one.lost) or "-")
            if not one.agrees:
                doubts.append(f"{one.line.slug}: the page says {claimed} points, and its answers earn {earned} here")
    out.print(table)
    for doubt in doubts:
        out.print(f"Not confirmed: {printable(doubt)}.", markup=False)
    if doubts:
        return 1
    out.print(
        f"Confirmed: the answers in this page earn these points ({proof.passed} of {len(proof.exercises)} exercises passed), and the "
        f"page is as `course.py certificate` wrote it on {printable(proof.made)}. "
        "It does not show who wrote the answers; name and dates are as the learner's computer had them.",
        markup=False,
    )
    return 0


def release(options: argparse.Namespace) -> int:
    """Make the learners' copy of the course in a new folder: no solutions, no answers, no hidden checks."""
    from autograder.authoring import learners_copy as bundle

    count = bundle.make(Path(options.folder))
    out.print(f"{count} files and {len(checks.SLUGS)} blank exercises are in {options.folder}.", markup=False)
    return 0


def blank(options: argparse.Namespace) -> int:
    """Make the learners' notebook of an exercise from its solution, for those who write exercises."""
    from autograder.authoring import blank_notebook

    checks.find(options.exercise)
    out.print(str(blank_notebook.make(options.exercise)), markup=False)
    return 0


def new_exercise(options: argparse.Namespace) -> int:
    """Lay down statement, solution, check, known answers and a test of a new exercise: a small one that works, to be rewritten."""
    from autograder.authoring import new_exercise as template

    for path in template.make(options.slug, options.lesson, options.title or options.slug.replace("-", " ").capitalize(), options.minutes):
        out.print(str(path.relative_to(ROOT)), markup=False)
    say.print(
        f"Rewrite them in any order. Then: python3 course.py blank {options.slug}, python3 course.py corpus --exercise {options.slug}, "
        "and link it from its lesson. CONTRIBUTING.md, “Add an exercise”, says what makes a good one."
    )
    return 0


def grade(options: argparse.Namespace) -> int:
    """Grade a class with nbgrader's gradebook, side by side, and print a table."""
    for slug in options.exercise:
        if slug not in checks.SLUGS and not (ROOT / "solutions" / slug).is_dir():
            checks.find(slug)  # says which there are
    with contextlib.closing(_pool(options)) as pool, alone() as somebody_else:
        from autograder.classroom import nbgrader_steps as classes

        if somebody_else:
            say.print(somebody_else)

        api = classes.nbgrader_api(options.trust_submissions)
        try:
            slugs = options.exercise or [slug for slug in checks.SLUGS if api.get_submitted_students(slug)]
            if not slugs:
                say.print("Nobody has handed anything in: submissions belong in autograder/work/submitted/<student>/<exercise>/.")
                return 1
            return max(_grade_one(slug, api, pool, options) for slug in slugs)
        finally:
            for line in classes.not_looked_at(api):
                say.print(line)


def _pool(options: argparse.Namespace) -> Pool:
    from autograder.classroom.processes import Processes

    if options.cluster:
        from autograder.classroom.dask_cluster import Cluster

        return Cluster(options.cluster, options.trust_submissions)
    made = Processes(options.workers, options.trust_submissions, _imports(options.exercise))
    made.start()
    return made


def _imports(slugs: Sequence[str]) -> set[str] | None:
    """The packages that these assignments' notebooks import; None when one of them is an exercise of this course, or none is named."""
    if not slugs or set(slugs) & set(checks.SLUGS):
        return None
    found = set[str]()
    for slug in slugs:
        for path in (ROOT / "solutions" / slug).glob("*.ipynb"):
            text = path.read_text(encoding="utf-8", errors="replace")
            found |= set(re.findall(r'"\s*(?:import|from) (\w+)', text))  # a line of a cell, as JSON has it
    return found


def _grade_one(slug: str, api: Any, pool: Pool, options: argparse.Namespace) -> int:
    from autograder.classroom import nbgrader_steps as classes

    classes.ready(slug)
    rows: list[Record] = []
    missing: list[str] = []
    count = len(options.student or api.get_submitted_students(slug))
    with Display(f"Grading {slug}", count, say) as display:
        for row in classes.grade(slug, api, pool, options.student, options.force or bool(options.student)):
            rows.append(row)
            display.done(row.student)
    if options.feedback:
        say.print(f"Writing feedback for {slug} …")  # no spinner: its thread would not survive the copies that write the pages
        missing = classes.feedback(slug, api)
        for student in missing:
            say.print(f"{student}: no feedback page could be made. The graded notebook is in autograder/work/autograded.")
    out.print(_class_table(slug, sorted(rows, key=lambda row: row.student), classes.max_score(slug, api)))
    for row in rows:
        if row.problem:
            say.print(f"{row.student}: could not be graded. {row.problem}", markup=False)
        for incident in row.incidents:
            say.print(f"{row.student}: {incident}", markup=False)
    for name in classes.passed_over(slug, api):
        shown = name.replace("\n", "\\n")
        say.print(
            f"{shown}: was not graded. A folder whose name begins with a dot or holds a line break is nobody's for nbgrader: rename it."
        )
    return 1 if missing or any(row.problem for row in rows) else 0


def _class_table(slug: str, rows: Sequence[Record], most: float) -> Table:
    lost = Column("lost", ratio=1, no_wrap=True, overflow="ellipsis")  # a line a student; the report has all of them
    table = Table("student", "score", "of", lost, title=slug, title_justify="left", expand=True)
    for row in rows:
        losses = [f"{row.penalty:g} for being late"] if row.penalty else []
        losses += [name for verdicts in row.verdicts.values() for verdict in verdicts for name in verdict.lost]
        score = "-" if row.problem else f"{row.score:g}"
        table.add_row(escape(printable(row.student)), score, f"{most:g}", "not graded" if row.problem else ", ".join(losses) or "-")
    graded = [row.score for row in rows if not row.problem]
    if graded:
        table.caption = (
            f"{len(rows)} submission{'' if len(rows) == 1 else 's'}, {len(graded)} graded: mean {sum(graded) / len(graded):.1f} of {most:g}"
        )
        table.caption_justify = "left"
    return table


def collect(options: argparse.Namespace) -> int:
    """Take submissions from what Canvas, Moodle, Blackboard, ILIAS or GitHub Classroom hand over, or the browser edition."""
    from zoneinfo import ZoneInfo

    from autograder.lms import collect as collecting

    if options.exercise:
        checks.find(options.exercise)
    source = Path(options.source)
    if not source.exists():
        raise ThreadlabError(f"There is no {source}. Name the zip that the system made, or a folder.")
    try:
        zone = ZoneInfo(options.zone) if options.zone else None
    except (KeyError, ValueError, OSError):
        raise ThreadlabError(f"There is no time zone {options.zone!r}. Zones are named like Europe/Berlin or America/New_York.") from None
    persons = collecting.read_roster(Path(options.roster)) if options.roster else {}
    collector = collecting.Collector(persons, zone, options.student or "", options.exercise or "")
    submissions = collector.look(source)
    left = collecting.put(submissions)
    for line in [*collecting.summary(collector.found), *left]:
        out.print(line)
    if submissions:
        slugs = sorted({one.slug for one in submissions}, key=checks.SLUGS.index)
        out.print(f"Next: python3 course.py grade {' '.join(slugs)}")
    return 0 if submissions and not (collector.found.unknown or collector.found.problems) else 1


def gradebook(options: argparse.Namespace) -> int:
    """Write the class's scores as Canvas, Moodle, Blackboard or ILIAS imports them: one table for all exercises."""
    from autograder.classroom import nbgrader_steps as classes
    from autograder.classroom import report as reports
    from autograder.lms import write_back
    from autograder.lms.collect import people

    api = classes.nbgrader_api()
    columns = []
    for slug in options.exercise or checks.SLUGS:
        try:
            class_report, _ = reports.collect(slug, api)
        except (ThreadlabError, NotReleased):
            if options.exercise:
                raise
            continue
        for row in class_report.rows:
            if row.problem:
                say.print(f"{row.student}: {slug} could not be graded, and has no score here. {row.problem}")
        scores = {row.student: row.score for row in class_report.rows if row.score is not None}
        columns.append(write_back.Column(slug, class_report.title, class_report.points, scores))
    if not columns:
        say.print("Nobody was graded yet: python3 course.py grade")
        return 1
    exported = Path(options.exported) if options.exported else None
    table = write_back.written(options.system, columns, people(), exported)
    name = f"{options.system}{f'.{columns[0].slug}' if options.system == 'ilias' else ''}.csv"
    path = Path(options.to) if options.to else ROOT / reports.REPORTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table.text, encoding="utf-8", newline="")
    for note in table.notes:
        say.print(note)
    out.print(str(path))
    return 0


def forget(options: argparse.Namespace) -> int:
    """Remove everything that the course keeps of one student, and say what that was."""
    from autograder.classroom import forgetting
    from autograder.classroom import nbgrader_steps as classes

    removed = forgetting.forget(options.student, classes.nbgrader_api())
    for line in removed:
        out.print(f"removed: {line}")
    if not removed:
        say.print(f"Nothing is kept of {options.student}.")
        return 1
    out.print(forgetting.BEYOND)
    return 0


def replay(options: argparse.Namespace) -> int:
    """Run again the trials in which a graded submission lost its points, and show what happened there: for answering an appeal."""
    from autograder.classroom import nbgrader_steps as classes
    from autograder.classroom.assignment import Classroom
    from autograder.execution.client import WorkerClient
    from autograder.judging.notebook import salted
    from autograder.judging.replay import lost_findings, replayed
    from autograder.notebooks import BadNotebook, read

    exercise = checks.find(options.exercise)
    room = Classroom(options.exercise, classes.nbgrader_api())
    record = room.record(options.student)
    if record is None or record.problem:
        raise BadNotebook(f"{options.student}'s {options.exercise} was not graded: python3 course.py grade {options.exercise}")
    findings = lost_findings(record.verdicts, options.behaviour)
    if not findings:
        out.print(f"{options.student} lost nothing in {options.exercise}.", markup=False)
        return 0
    path = room.graded_notebook(options.student)
    with WorkerClient(trust=options.trust_submissions) as client, salted(read(path), path.parent):
        for one in replayed(exercise, path, findings, client):
            for line in (
                f"== {one.behaviour}: {one.promise}",
                f"as graded: {one.then}",
                f"replayed:  {one.now or 'nothing is wrong this time; if the check was mended since, grade this submission again.'}",
                f"order:     {one.steps}" if one.steps else "",
                one.table or one.journal,
            ):
                if line:
                    out.print(line + "\n", markup=False)
    return 0


def report(options: argparse.Namespace) -> int:
    """Say what a class found hard: a page, a table of scores, lists for Canvas and Moodle, JSON."""
    from autograder.classroom import nbgrader_steps as classes
    from autograder.classroom import report as reports
    from autograder.notebooks import BadNotebook

    api = classes.nbgrader_api()
    count = 0
    for slug in options.exercise or checks.SLUGS:
        try:
            class_report, pictures = reports.collect(slug, api)
        except (BadNotebook, NotReleased):
            if options.exercise:
                raise
            continue
        before = reports.earlier(Path(options.compare), slug) if options.compare else None
        folder = Path(options.to) if options.to else ROOT / reports.REPORTS
        for path in reports.write(class_report, folder, before, pictures, options.formgrader):
            out.print(str(path), markup=False)
            count += 1
    if not count:
        say.print("Nobody was graded yet: python3 course.py grade")
    return 0 if count else 1


def corpus(options: argparse.Namespace) -> int:
    """Grade a folder of right and wrong answers, a row each; exit code 1 if one is not judged as it should be."""
    from autograder.authoring import corpus as answers
    from autograder.execution.client import WorkerClient

    folder = Path(options.folder)
    found_answers = list(answers.find(folder, options.exercise))
    rows = []
    with WorkerClient(trust=options.trust_submissions) as client:
        for row in answers.grade(found_answers, client):
            rows.append(row)
            mark = "ok  " if not row.problem else "BAD "
            losses = ", ".join(row.lost) or "-"
            out.print(
                f"{mark} {row.exercise:<20} {row.kind:<6} {row.name:<36} {row.points:>4g} of {row.max:g}  loses {losses}", markup=False
            )
            if row.problem:
                out.print(f"     {row.problem}", markup=False)
                for sentence in row.sentences:
                    out.print(f"     {sentence}", markup=False)
    bad = [row for row in rows if row.problem]
    if options.json:
        listed = [{name: value for name, value in msgspec.to_builtins(row).items() if name not in ("stated", "says")} for row in rows]
        Path(options.json).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    out.print(f"{len(rows)} answers, {len(bad)} not judged as they should be.", markup=False)
    return 1 if bad else 0


def mutate(options: argparse.Namespace) -> int:
    """Put small mistakes into the right answers, and list those that the checks do not notice; exit code 1 if one is not reviewed."""
    from autograder.mutation import grading
    from autograder.mutation.mutants import mutants, reason_for, reviewed, sampled

    slugs = options.exercise or checks.SLUGS
    for slug in slugs:
        checks.find(slug)
    entries = reviewed()
    table = Table("exercise", "mutants", "killed", "reviewed", "survive")
    rows: list[dict[str, Any]] = []
    for slug in slugs:
        selection = sampled(mutants(slug), options.sample, options.seed)
        fates = []
        with Display(f"Mutants of {slug}", len(selection), say, "mutants") as display:
            for mutant, fate in grading.grade_all(selection, workers=options.workers, trust=options.trust_submissions, again=options.again):
                fates.append((mutant, fate))
                display.done(f"{mutant.answer}: {mutant.operator}")
        survivors = [mutant for mutant, fate in fates if fate.survives]
        passed_by = [mutant for mutant in survivors if reason_for(mutant, entries)]
        for mutant in sorted(survivors, key=lambda one: (one.answer, one.part, one.line)):
            if mutant not in passed_by:
                head = f"survives: {slug} {mutant.answer} {mutant.part} line {mutant.line}: {mutant.operator} [{mutant.fingerprint}]"
                out.print(f"{head}\n{mutant.diff}\n", markup=False)
        rows += [
            {name: getattr(mutant, name) for name in ("exercise", "answer", "part", "operator", "line", "diff", "fingerprint")}
            | {"killed_by": fate.behaviour, "sentence": fate.sentence, "reviewed": reason_for(mutant, entries)}
            for mutant, fate in fates
        ]
        counts = (len(fates), len(fates) - len(survivors), len(passed_by), len(survivors) - len(passed_by))
        table.add_row(slug, *(f"{count}" for count in counts))
    out.print(table)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if any(not row["killed_by"] and not row["reviewed"] for row in rows) else 0


Verb: TypeAlias = Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser]
"""Adds a verb to the command line."""


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Check, grade and try answers.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=run.__doc__, description=run.__doc__)
        added.set_defaults(run=run)
        return added

    for sandboxed in (*_learner_verbs(verb), *_class_verbs(verb), *_author_verbs(verb)):
        sandboxed.add_argument("--trust-submissions", action="store_true", help="run them even where the system offers no sandbox")
    return parser


def _learner_verbs(verb: Verb) -> Sequence[argparse.ArgumentParser]:
    """Add the verbs of a learner; returns those that run somebody's answers in the sandbox."""
    checking = verb("check", check)
    checking.add_argument("exercise", nargs="?", help="such as sixth-message; without it, all that you have begun")
    checking.add_argument("--notebook", metavar="FILE", help="another notebook than the one in exercises/")
    watching = verb("watch", watch)
    watching.add_argument("exercise", nargs="?", help="without it, the first that is not done")
    certifying = verb("certificate", certificate)
    certifying.add_argument("--name", help="whose it is, as it is to stand on the page")
    certifying.add_argument("--to", metavar="FILE", default="certificate.html", help="where to write; default: certificate.html")
    certifying.add_argument(
        "--verify", metavar="FILE", help="for teachers: run again the answers in this page, in the sandbox, and compare"
    )
    return [certifying]


def _class_verbs(verb: Verb) -> Sequence[argparse.ArgumentParser]:
    """Add the verbs of a teacher; returns those that run somebody's answers in the sandbox."""
    releasing = verb("release", release)
    releasing.add_argument("folder", metavar="DIR", help="a new folder")
    grading = verb("grade", grade)
    grading.add_argument("exercise", nargs="*", help="one or more exercises; without any, all of them")
    grading.add_argument(
        "--student",
        action="append",
        metavar="NAME",
        help="grade this one, whether or not it was graded before; may be given more than once",
    )
    grading.add_argument("--workers", type=int, metavar="N", help="how many are graded at once; default: as many as there are processors")
    grading.add_argument("--cluster", metavar="ADDRESS", help="grade on the Dask cluster whose scheduler is there")
    grading.add_argument("--force", action="store_true", help="grade again what is graded and has not changed")
    grading.add_argument("--feedback", action="store_true", help="also write nbgrader's feedback pages")
    collecting = verb("collect", collect)
    collecting.add_argument("source", metavar="FILE_OR_FOLDER", help="a zip as the system made it, or a folder")
    collecting.add_argument("--roster", metavar="CSV", help="who is who: as Canvas, Moodle or your office exports it")
    collecting.add_argument("--exercise", metavar="NAME", help="when the notebooks do not say by themselves which it is")
    collecting.add_argument("--student", metavar="NAME", help="whose files these all are, whatever their names say")
    collecting.add_argument("--zone", metavar="ZONE", help="of times that come without one, such as Europe/Berlin")
    reporting = verb("report", report)
    reporting.add_argument("exercise", nargs="*", help="one or more exercises; without any, all that were graded")
    reporting.add_argument("--to", metavar="DIR", help="where to write; default: autograder/work/reports")
    reporting.add_argument(
        "--formgrader", metavar="ADDRESS", default="", help="where JupyterLab runs, such as http://localhost:8888: link to each submission"
    )
    reporting.add_argument("--compare", metavar="FILE", help="the JSON of an earlier report: say whose score has changed since")
    giving = verb("gradebook", gradebook)
    giving.add_argument("system", choices=("canvas", "moodle", "blackboard", "ilias"))
    giving.add_argument("exercise", nargs="*", help="without any, all that were graded")
    giving.add_argument("--exported", metavar="FILE", help="the system's own export: its columns and people are used, and no new ones made")
    giving.add_argument("--to", metavar="FILE", help="where to write; default: autograder/work/reports/SYSTEM.csv")
    verb("forget", forget).add_argument("student", help="as in the gradebook")
    again = verb("replay", replay)
    again.add_argument("exercise")
    again.add_argument("student")
    again.add_argument("--behaviour", metavar="NAME", help="only this one of those that were lost")
    return [grading, again]


def _author_verbs(verb: Verb) -> Sequence[argparse.ArgumentParser]:
    """Add the verbs of an exercise's author; returns those that run somebody's answers in the sandbox."""
    verb("blank", blank).add_argument("exercise")
    making = verb("new-exercise", new_exercise)
    making.add_argument("slug", help="lower-case words with hyphens, such as second-turn")
    making.add_argument("--lesson", required=True, metavar="NN", help="the lesson that it belongs to, such as 04")
    making.add_argument("--title", default="", help="default: the slug, as words")
    making.add_argument("--minutes", type=int, default=20, metavar="N", help="about how long it takes; default: 20")
    trying = verb("corpus", corpus)
    trying.add_argument("folder", nargs="?", default=str(SUBMISSIONS), help="holds <exercise>/{right,wrong}/*.py")
    trying.add_argument("--exercise", metavar="NAME", help="only this one")
    trying.add_argument("--json", metavar="FILE", help="write the rows there, too")
    mutating = verb("mutate", mutate)
    mutating.add_argument("exercise", nargs="*", help="one or more exercises; without any, all of them")
    mutating.add_argument(
        "--sample", type=int, metavar="N", help="at most so many mutants of an exercise, drawn so that every operator has its turn"
    )
    mutating.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample")
    mutating.add_argument("--workers", type=int, default=2, metavar="N", help="how many are graded at once; default: 2")
    mutating.add_argument("--again", action="store_true", help="grade those again whose fate is known from an earlier run")
    mutating.add_argument("--json", metavar="FILE", help="write a row for each mutant there, too")
    return [trying, mutating]


@contextlib.contextmanager
def _ctrl_c_is_heeded() -> Iterator[None]:
    """A Ctrl-C that comes while Python clears away an object is lost there, with a traceback: then it is given once more."""
    before = sys.unraisablehook

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            threading.Timer(0.05, _thread.interrupt_main).start()
        else:
            before(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def main(arguments: Sequence[str] | None = None, prog: str = "python3 course.py") -> int:
    """Run a verb; mistakes of the user's end in a sentence and exit code 2."""
    from autograder.execution.orders import WorkerError
    from autograder.sandbox.report import SandboxUnavailable

    options = _parser(prog).parse_args(arguments)
    try:
        with _ctrl_c_is_heeded():
            code: int = options.run(options)
        return code
    except (ThreadlabError, WorkerError, SandboxUnavailable) as error:
        print(printable(error), file=sys.stderr)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"{where}{error.strerror or error}. Check that the course's folder can be written and that there is room on the disk.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("Stopped. What was graded so far is kept; the same command goes on from there.", file=sys.stderr)
        return 130
    return 2
