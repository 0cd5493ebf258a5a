"""nbgrader's steps for a class, in this process: release, grade, feedback, and the table of what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from autograder.behaviours import Verdict
from autograder.notebooks import ROOT, BadNotebook
from threadlab.errors import ThreadlabError

CONFIG = ROOT / "autograder"


class Graded(msgspec.Struct, frozen=True):
    """One student's result."""

    student: str
    score: float
    max: float
    lost: list[str]
    problem: str = ""


def nbgrader_api(trust: bool = False, **directories: str) -> Any:
    """nbgrader's own Python interface with the course's configuration. `directories` go to its CourseDirectory."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(CONFIG)).load_config()
    config.merge(Config({"ExecuteInSandbox": {"trust_submissions": trust}, "CourseDirectory": directories}))
    return NbGraderAPI(config=config)


def known(slug: str, api: Any) -> bool:
    """Whether the gradebook has the assignment."""
    from nbgrader.api import MissingEntry

    try:
        with api.gradebook as gradebook:
            return bool(gradebook.find_assignment(slug).notebooks)
    except MissingEntry:
        return False


def ready(slug: str) -> None:
    """See to it that the gradebook knows the assignment; a fresh clone has no gradebook at all.

    nbgrader learns an assignment by releasing it, so it is released once more, to a folder of its own: the notebooks in `exercises/` may
    hold somebody's answers. Raises ThreadlabError when nbgrader cannot do it.
    """
    api = nbgrader_api(release_directory="autograder/work/release")
    if known(slug, api):
        return
    outcome = api.generate_assignment(slug, force=True, create=True)
    if not outcome["success"]:
        raise ThreadlabError(f"nbgrader could not enter {slug} into the gradebook:\n{_end_of(outcome)}")


def grade(slug: str, api: Any, students: list[str] | None = None, force: bool = True) -> Iterator[Graded]:
    """Grade every submission of an exercise, one student after the other; each one's failure is that student's alone."""
    names = sorted(students or api.get_submitted_students(slug))
    if not names:
        folder = ROOT / "autograder" / "work" / "submitted"
        raise BadNotebook(f"Nobody has handed in {slug}: submissions belong in {folder}/<student>/{slug}/{slug}.ipynb.")
    for name in names:
        outcome = api.autograde(slug, name, force=force, create=True)
        yield _result(slug, name, api, "" if outcome["success"] else _end_of(outcome))


def _result(slug: str, student: str, api: Any, problem: str) -> Graded:
    from nbgrader.api import MissingEntry

    lost: list[str] = []
    for path in sorted((ROOT / "autograder" / "work" / "autograded" / student / slug).glob("*.verdicts.json")):
        lost += [name for verdict in msgspec.json.decode(path.read_bytes(), type=list[Verdict]) for name in verdict.lost]
    with api.gradebook as gradebook:
        try:
            submission = gradebook.find_submission(slug, student)
            score, most = submission.score, submission.max_score
        except MissingEntry:
            score, most = 0.0, gradebook.find_assignment(slug).max_score
    return Graded(student, score, most, lost, problem)


def feedback(slug: str, api: Any) -> None:
    """nbgrader's feedback pages for everybody who was graded."""
    for student in sorted(api.get_autograded_students(slug)):
        api.generate_feedback(slug, student, force=True)


def _end_of(outcome: Any) -> str:
    lines = [line for line in (outcome.get("log") or outcome.get("error") or "").strip().splitlines() if line.strip()]
    return "\n".join(lines[-6:])
